// Garry's Mod as a module sees it, over the real LuaJIT, without ffi as in the game: loads the module, runs
// gmod_script.lua, ticks its Think hook, unloads with requests in flight. Twice.
//   gmod_host MODULE SCRIPT GAME EXAMPLE

#include "host.hpp"
#include "lua_interface.hpp"

#include <lua.hpp>

namespace {

using host::check;

/// A Lua state as the game hands it to modules. Which real one it stands for is behind the end of what they know.
struct HostState {
  gmod::State known;
  lua_State* real;
};

class Interface final : public gmod::Lua {
 public:
  lua_State* L = nullptr;
  /// Counts down with every text that is pushed while it is not 0; at 1 the push raises an error, as memory would.
  int fail_at_push = 0;

  int Top() override { return lua_gettop(L); }
  void Push(int position) override { lua_pushvalue(L, position); }
  void Pop(int count) override { lua_pop(L, count); }
  void GetTable(int position) override { lua_gettable(L, position); }
  void GetField(int position, const char* name) override { lua_getfield(L, position, name); }
  void SetField(int position, const char* name) override { lua_setfield(L, position, name); }
  void CreateTable() override { lua_newtable(L); }
  void SetTable(int position) override { lua_settable(L, position); }
  void SetMetaTable(int position) override { lua_setmetatable(L, position); }
  bool GetMetaTable(int position) override { return lua_getmetatable(L, position) != 0; }
  void Call(int arguments, int results) override { lua_call(L, arguments, results); }
  int PCall(int arguments, int results, int error_function) override {
    return lua_pcall(L, arguments, results, error_function);
  }
  int Equal(int one, int other) override { return lua_equal(L, one, other); }
  int RawEqual(int one, int other) override { return lua_rawequal(L, one, other); }
  void Insert(int position) override { lua_insert(L, position); }
  void Remove(int position) override { lua_remove(L, position); }
  int Next(int position) override { return lua_next(L, position); }
  void ThrowError(const char* message) override { luaL_error(L, "%s", message); }
  void RawGet(int position) override { lua_rawget(L, position); }
  void RawSet(int position) override { lua_rawset(L, position); }
  const char* GetString(int position, unsigned int* length) override {
    std::size_t size = 0;
    const char* text = lua_tolstring(L, position, &size);
    if (length != nullptr) *length = static_cast<unsigned int>(size);
    return text;
  }
  double GetNumber(int position) override { return lua_tonumber(L, position); }
  bool GetBool(int position) override { return lua_toboolean(L, position) != 0; }
  void PushNil() override { lua_pushnil(L); }
  void PushString(const char* text, unsigned int length) override {
    if (fail_at_push > 0 && --fail_at_push == 0) luaL_error(L, "not enough memory");
    lua_pushlstring(L, text, length != 0 ? length : std::strlen(text));
  }
  void PushNumber(double value) override { lua_pushnumber(L, value); }
  void PushBool(bool value) override { lua_pushboolean(L, value ? 1 : 0); }
  void PushCFunction(gmod::Function function) override {
    lua_pushlightuserdata(L, reinterpret_cast<void*>(function));
    lua_pushcclosure(L, &Interface::call_module, 1);
  }
  int ReferenceCreate() override { return luaL_ref(L, LUA_REGISTRYINDEX); }
  void ReferenceFree(int reference) override { luaL_unref(L, LUA_REGISTRYINDEX, reference); }
  void ReferencePush(int reference) override { lua_rawgeti(L, LUA_REGISTRYINDEX, reference); }
  void PushSpecial(int which) override {
    if (which == gmod::globals) lua_pushvalue(L, LUA_GLOBALSINDEX);
  }
  bool IsType(int position, int type) override { return lua_type(L, position) == type; }
  int GetType(int position) override { return lua_type(L, position); }
  const char* GetTypeName(int type) override { return lua_typename(L, type); }
  int ObjLen(int position) override { return static_cast<int>(lua_objlen(L, position)); }
  void SetState(gmod::State* state) override { L = reinterpret_cast<HostState*>(state)->real; }

  void unused_new_userdata() override { unused(); }
  void unused_check_type() override { unused(); }
  void unused_arg_error() override { unused(); }
  void unused_get_c_function() override { unused(); }
  void unused_get_userdata() override { unused(); }
  void unused_push_c_closure() override { unused(); }
  void unused_push_userdata() override { unused(); }
  void unused_create_meta_table_type() override { unused(); }
  void unused_check_string() override { unused(); }
  void unused_check_number() override { unused(); }
  void unused_get_angle() override { unused(); }
  void unused_get_vector() override { unused(); }
  void unused_push_angle() override { unused(); }
  void unused_push_vector() override { unused(); }

 private:
  [[noreturn]] static void unused() {
    check(false, "gmod/only-known-functions", "the module called one it declares unused");
    std::exit(1);
  }
  static int call_module(lua_State* real);
};

Interface interface;

int Interface::call_module(lua_State* real) {
  const auto function = reinterpret_cast<gmod::Function>(lua_touserdata(real, lua_upvalueindex(1)));
  HostState state{};
  state.known.interface = &interface;
  state.real = real;
  return function(&state.known);
}

// --- what the script is given ---

std::string round_name;
void* library = nullptr;
std::string module_path;
HostState main_state{};

/// require(name): the game's own loads modules from lua/bin.
int require(lua_State*) {
  library = host::open_plugin(module_path);
  interface.L = main_state.real;
  const int results = host::symbol<gmod::Function>(library, "gmod13_open")(&main_state.known);
  check(results == 0 && lua_gettop(main_state.real) == 1, round_name + "/require-leaves-nothing-behind",
        std::to_string(lua_gettop(main_state.real)));
  return 0;
}

/// check(good, name, seen)
int script_check(lua_State* L) {
  check(lua_toboolean(L, 1) != 0, round_name + "/" + luaL_checkstring(L, 2), luaL_optstring(L, 3, ""));
  return 0;
}

int script_fail_at_push(lua_State* L) {
  interface.fail_at_push = static_cast<int>(luaL_checkinteger(L, 1));
  return 0;
}

/// Calls a function of the script; answers its boolean.
bool call(const char* name) {
  lua_State* L = main_state.real;
  lua_getglobal(L, name);
  bool result = false;
  if (lua_pcall(L, 0, 1, 0) != 0) {
    check(false, round_name + "/" + name, lua_tostring(L, -1));
  } else {
    result = lua_toboolean(L, -1) != 0;
  }
  lua_pop(L, 1);
  return result;
}

void tick() { call("tick"); }

/// Ticks until the script says so. What follows would only wait as long again.
void reach(const char* state, const std::string& name, int least = 1) {
  const bool reached = host::tick_until(tick, [state] { return call(state); }, least);
  check(reached, round_name + "/" + name);
  if (!reached) std::exit(1);
}

/// A new Lua as the game's server has it, which has run the script.
lua_State* state_with(const std::string& script) {
  lua_State* L = luaL_newstate();
  luaL_openlibs(L);
  // As in the game.
  for (const char* name : {"ffi", "package", "io", "jit", "debug"}) {
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "loaded");
    lua_pushnil(L);
    lua_setfield(L, -2, name);
    lua_getfield(L, -2, "preload");
    lua_pushnil(L);
    lua_setfield(L, -2, name);
    lua_pop(L, 3);
  }
  for (const char* name : {"package", "io", "module", "ffi"}) {
    lua_pushnil(L);
    lua_setglobal(L, name);
  }
  lua_register(L, "require", require);
  lua_register(L, "check", script_check);
  lua_register(L, "fail_at_push", script_fail_at_push);
  main_state.known.interface = &interface;
  main_state.real = L;

  if (luaL_dofile(L, script.c_str()) != 0) {
    check(false, round_name + "/script", lua_tostring(L, -1));
    std::exit(1);
  }
  lua_settop(L, 0);
  return L;
}

/// The example of the guide, with one player who joins.
void example(const std::string& game, const std::string& script) {
  round_name = "gmod/example";
  lua_State* L = state_with(game);
  if (luaL_dofile(L, script.c_str()) != 0) check(false, round_name + "/script", lua_tostring(L, -1));
  lua_settop(L, 0);
  call("join");
  reach("is_printed", "the-player-is-answered");
  call("judge");
  interface.L = L;
  check(host::symbol<gmod::Function>(library, "gmod13_close")(&main_state.known) == 0, round_name + "/close");
  lua_close(L);
  dlclose(library);
}

void once(const std::string& script) {
  lua_State* L = state_with(script);
  call("load");
  call("ask");
  reach("all_answered", "all-are-answered", 1000);
  call("judge");
  call("break_a_callback");
  reach("broken_is_over", "an-error-in-a-callback-is-survived");
  call("break_a_tick");
  reach("tick_is_fixed", "an-error-in-a-tick-is-survived");
  call("stop_inside");
  reach("is_stopped", "stops-inside-a-callback");
  check(host::only_this_thread_is_left(), round_name + "/stop-leaves-no-thread");

  host::sandbox("POST", "reset");
  host::hang();
  call("fly");
  check(host::tick_until(tick, [] { return host::requests_wait(40); }), round_name + "/requests-are-in-flight");
  interface.L = L;
  check(host::symbol<gmod::Function>(library, "gmod13_close")(&main_state.known) == 0, round_name + "/close");
  check(host::only_this_thread_is_left(), round_name + "/no-thread-is-left", std::to_string(host::threads()));
  // The hook is there until the state goes.
  tick();
  check(call("nothing_landed"), round_name + "/no-callback-after-close");
  lua_close(L);
  dlclose(library);
  host::heal();
  host::sandbox("POST", "reset");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  module_path = argv[1];
  for (const char* round : {"gmod/first", "gmod/second"}) {
    round_name = round;
    once(argv[2]);
  }
  example(argv[3], argv[4]);
  return host::finish();
}
