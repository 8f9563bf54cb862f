// As much of a JVM as the exports for Java ask of it when they make a client, submit and collect: strings, arrays, and the
// places of six functions in JNI's table, which no version of Java changes.
#ifndef JAVA_H
#define JAVA_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// An object: a string of UTF-16 units, or an array of objects, longs or bytes.
struct java_object {
  int32_t length;
  const uint16_t *units;
  struct java_object *const *objects;
  const int64_t *longs;
  int8_t *bytes;
};

typedef const void *const *java_env;

static int32_t java_length(java_env *env, struct java_object *object) {
  (void)env;
  return object->length;
}
static void java_string_region(java_env *env, struct java_object *string, int32_t start, int32_t count, uint16_t *out) {
  (void)env;
  memcpy(out, string->units + start, (size_t)count * sizeof *out);
}
static struct java_object *java_element(java_env *env, struct java_object *array, int32_t index) {
  (void)env;
  return array->objects[index];
}
static void java_delete_reference(java_env *env, struct java_object *object) { (void)env, (void)object; }
static void java_long_region(java_env *env, struct java_object *array, int32_t start, int32_t count, int64_t *out) {
  (void)env;
  memcpy(out, array->longs + start, (size_t)count * sizeof *out);
}
static void java_set_byte_region(java_env *env, struct java_object *array, int32_t start, int32_t count, const int8_t *in) {
  (void)env;
  memcpy(array->bytes + start, in, (size_t)count);
}
// What would throw, or is not here.
static void java_ends(void) { abort(); }

enum { JAVA_FUNCTIONS = 235 };

static java_env *java_begin(void) {
  static const void *functions[JAVA_FUNCTIONS];
  static java_env env = functions;
  for (int place = 0; place < JAVA_FUNCTIONS; place++) functions[place] = (const void *)(uintptr_t)java_ends;
  functions[23] = (const void *)(uintptr_t)java_delete_reference;
  functions[164] = (const void *)(uintptr_t)java_length;
  functions[171] = (const void *)(uintptr_t)java_length;
  functions[173] = (const void *)(uintptr_t)java_element;
  functions[204] = (const void *)(uintptr_t)java_long_region;
  functions[208] = (const void *)(uintptr_t)java_set_byte_region;
  functions[220] = (const void *)(uintptr_t)java_string_region;
  return &env;
}

// A string of ASCII, never freed.
static struct java_object *java_string(const char *text) {
  size_t length = strlen(text);
  struct java_object *string = calloc(1, sizeof *string);
  uint16_t *units = calloc(length + 1, sizeof *units);
  if (!string || !units) abort();
  for (size_t at = 0; at < length; at++) units[at] = (uint16_t)text[at];
  string->length = (int32_t)length;
  string->units = units;
  return string;
}

#endif
