// What the module needs to know of Garry's Mod: where a Lua state keeps its interface, and the interface's functions in
// their order, which is all that a virtual table is. The game's own Lua functions are not linked against, so nothing of
// this module depends on which LuaJIT the game carries.

#pragma once

#include <cstddef>

namespace gmod {

class Lua;

/// A Lua state of the game. Only the place of one member matters.
struct State {
#if defined(__x86_64__)
  unsigned char others[92 + 22];
#else
  unsigned char others[48 + 22];
#endif
  Lua* interface;
};
static_assert(offsetof(State, interface) == (sizeof(void*) == 8 ? 120 : 72), "the game keeps it elsewhere");

using Function = int (*)(State*);

namespace type {
constexpr int nil = 0, string = 4, table = 5, function = 6;
}
/// For PushSpecial.
constexpr int globals = 0;

/// Functions this module does not call have no parameters here: only their places count. Whatever can raise a Lua error
/// leaves through this module's frames without running a destructor.
class Lua {
 public:
  virtual int Top() = 0;
  virtual void Push(int position) = 0;
  virtual void Pop(int count) = 0;
  virtual void GetTable(int position) = 0;
  virtual void GetField(int position, const char* name) = 0;
  virtual void SetField(int position, const char* name) = 0;
  virtual void CreateTable() = 0;
  virtual void SetTable(int position) = 0;
  virtual void SetMetaTable(int position) = 0;
  virtual bool GetMetaTable(int position) = 0;
  virtual void Call(int arguments, int results) = 0;
  virtual int PCall(int arguments, int results, int error_function) = 0;
  virtual int Equal(int one, int other) = 0;
  virtual int RawEqual(int one, int other) = 0;
  virtual void Insert(int position) = 0;
  virtual void Remove(int position) = 0;
  virtual int Next(int position) = 0;
  virtual void unused_new_userdata() = 0;
  virtual void ThrowError(const char* message) = 0;
  virtual void unused_check_type() = 0;
  virtual void unused_arg_error() = 0;
  virtual void RawGet(int position) = 0;
  virtual void RawSet(int position) = 0;
  virtual const char* GetString(int position, unsigned int* length) = 0;
  virtual double GetNumber(int position) = 0;
  virtual bool GetBool(int position) = 0;
  virtual void unused_get_c_function() = 0;
  virtual void unused_get_userdata() = 0;
  virtual void PushNil() = 0;
  /// A length of 0 means: up to the NUL.
  virtual void PushString(const char* text, unsigned int length) = 0;
  virtual void PushNumber(double value) = 0;
  virtual void PushBool(bool value) = 0;
  virtual void PushCFunction(Function function) = 0;
  virtual void unused_push_c_closure() = 0;
  virtual void unused_push_userdata() = 0;
  /// Takes the value at the top of the stack into keeping.
  virtual int ReferenceCreate() = 0;
  virtual void ReferenceFree(int reference) = 0;
  virtual void ReferencePush(int reference) = 0;
  virtual void PushSpecial(int which) = 0;
  virtual bool IsType(int position, int type) = 0;
  virtual int GetType(int position) = 0;
  virtual const char* GetTypeName(int type) = 0;
  virtual void unused_create_meta_table_type() = 0;
  virtual void unused_check_string() = 0;
  virtual void unused_check_number() = 0;
  virtual int ObjLen(int position) = 0;
  virtual void unused_get_angle() = 0;
  virtual void unused_get_vector() = 0;
  virtual void unused_push_angle() = 0;
  virtual void unused_push_vector() = 0;
  /// Which of the game's states (coroutines have their own) the functions above work on.
  virtual void SetState(State* state) = 0;

 protected:
  ~Lua() = default;
};

}  // namespace gmod
