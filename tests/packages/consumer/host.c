// Loads modules into one process, lets all ask at once, and unloads them: host local|global PLAYER MODULE...
//
// global is the harsher way: what a module exports then stands in for the same name in those that are loaded later.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST = 8 };

typedef struct {
  void *module;
  int (*begin)(const char *);
  const char *(*tick)(void);
  int (*end)(void);
} plugin;

static int fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why ? why : "failed");
  return 1;
}

int main(int count, char **arguments) {
  plugin plugins[MOST];
  int loaded = count - 3, answered = 0;
  if (loaded < 1 || loaded > MOST) return fail("usage", "host local|global PLAYER MODULE...");
  int flags = RTLD_NOW | (strcmp(arguments[1], "global") ? RTLD_LOCAL : RTLD_GLOBAL);
  for (int i = 0; i < loaded; i++) {
    plugin *p = &plugins[i];
    p->module = dlopen(arguments[3 + i], flags);
    if (!p->module) return fail("dlopen", dlerror());
    *(void **)&p->begin = dlsym(p->module, "plugin_begin");
    *(void **)&p->tick = dlsym(p->module, "plugin_tick");
    *(void **)&p->end = dlsym(p->module, "plugin_end");
    if (!p->begin || !p->tick || !p->end) return fail("dlsym", dlerror());
  }
  for (int i = 0; i < loaded; i++)
    if (plugins[i].begin(arguments[2])) return fail(arguments[3 + i], "was refused");
  // The library's own deadline ends the wait if nothing else does.
  for (int seen[MOST] = {0}; answered < loaded;) {
    for (int i = 0; i < loaded; i++) {
      const char *id = seen[i] ? NULL : plugins[i].tick();
      if (!id) continue;
      if (!*id) return fail(arguments[3 + i], "found no customer");
      printf("%s\n", id);
      seen[i] = 1;
      answered++;
    }
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  for (int i = 0; i < loaded; i++)
    if (plugins[i].end()) return fail(arguments[3 + i], "did not end");
  for (int i = 0; i < loaded; i++)
    if (dlclose(plugins[i].module)) return fail("dlclose", dlerror());
  return 0;
}
