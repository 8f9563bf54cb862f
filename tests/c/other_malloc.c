// An allocator that is none of the usual ones, to be preloaded: memory comes from mappings, a block that is freed is filled
// with rubbish and never used again, so what is used after it was freed shows.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

// In front of each block.
struct head {
  size_t size;
  size_t guard;
};

enum { GUARD = 0x600dc0de, REGION = 64 << 20 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uintptr_t next, end;

static void *take(size_t alignment, size_t size) {
  size_t room = sizeof(struct head) + alignment + size;
  if (room < size) return errno = ENOMEM, NULL;
  if (alignment < 16) alignment = 16;
  pthread_mutex_lock(&mutex);
  if (end - next < room + 16) {
    size_t length = room + 16 > REGION ? room + 4096 : REGION;
    void *region = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (region == MAP_FAILED) {
      pthread_mutex_unlock(&mutex);
      return errno = ENOMEM, NULL;
    }
    next = (uintptr_t)region, end = next + length;
  }
  uintptr_t block = (next + sizeof(struct head) + alignment - 1) & ~(uintptr_t)(alignment - 1);
  next = block + size;
  pthread_mutex_unlock(&mutex);
  struct head *head = (struct head *)block - 1;
  *head = (struct head){size, GUARD};
  return (void *)block;
}

static struct head *head_of(void *block) {
  struct head *head = (struct head *)block - 1;
  // Freed twice, or never taken here.
  if (head->guard != GUARD) __builtin_trap();
  return head;
}

void *malloc(size_t size) {
  void *block = take(16, size);
  if (block) memset(block, 0xa5, size);
  return block;
}

void *calloc(size_t count, size_t size) {
  size_t all;
  if (__builtin_mul_overflow(count, size, &all)) return errno = ENOMEM, NULL;
  return take(16, all);
}

void free(void *block) {
  if (!block) return;
  struct head *head = head_of(block);
  memset(block, 0xdd, head->size);
  head->guard = 0;
}

void *realloc(void *block, size_t size) {
  void *moved = take(16, size);
  if (!moved || !block) return moved;
  size_t before = head_of(block)->size;
  memcpy(moved, block, before < size ? before : size);
  free(block);
  return moved;
}

void *memalign(size_t alignment, size_t size) { return take(alignment, size); }
void *aligned_alloc(size_t alignment, size_t size) { return take(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
  *out = take(alignment, size);
  return *out ? 0 : ENOMEM;
}
size_t malloc_usable_size(void *block) { return block ? head_of(block)->size : 0; }
