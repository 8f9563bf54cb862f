#!/bin/sh
# Loads the built library into real hosts, each against the sandbox. Every host looks a customer up, asks for eight more
# that the sandbox never answers, and is stopped the way its administrator would stop it while those eight are under way.
#   [T=NAME] run.sh [HOST...]    all hosts, or those that are named: python go cpp-loop luanti ioquake3 guides
# The variables are those of tests/suite.sh, and
# TEST_LUANTI_MOD  the mod as it is in the zip of packaging/engines.sh, with its libraries   (examples/luanti-mod and the library)
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=hosts
. "$root/tests/suite.sh"
hosts=${*:-python go cpp-loop luanti ioquake3 guides}

needs "$library" "$sandbox"
link_soname
export LD_LIBRARY_PATH="$out${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export PAYNOW_LIBRARY="$out/libpaynow_bridge.so.0"
export PYTHONDONTWRITEBYTECODE=1

"$cc" -std=c11 -O1 -Wall -Wextra -Werror -I"$include" "$here/steer.c" -o "$out/steer" -L"$lib" -lpaynow_bridge ||
  die steer "does not compile"
steer() { "$out/steer" "$@"; }

# --- the sandbox ---

sandbox_or_die
steer PUT /_sandbox/faults '{"rules":[{"operation":"lookup_customer","target_contains":"hang_","hang":true}]}' ||
  die sandbox "cannot be steered"

# --- a host ---

log=
pid=
# Whatever ends this script, no host is left behind.
trap '[ -z "$pid" ] || kill -9 "$pid" 2>/dev/null' EXIT
trap 'exit 1' INT TERM
# Waits until a command succeeds, a minute at most.
within_a_minute() {
  waited=0
  until "$@"; do
    [ $((waited += 1)) -le 600 ] || return 1
    sleep 0.1
  done
}
# The same, but not longer than the host lives.
is_gone() { ! kill -0 "$pid" 2>/dev/null; }
happened_or_gone() { "$@" || is_gone; }
until_it() { within_a_minute happened_or_gone "$@" && "$@"; }
# Whether the host has printed a line so often.
printed() { [ "$(grep -c -- "$2" "$log")" -ge "$1" ]; }
# How many requests for customers that do not come are under way, as the sandbox sees it.
under_way() { [ "$(steer GET '/_sandbox/log?limit=1000' | grep -o '"target":"[^"]*hang_[^}]*"outcome":"pending"' | wc -l)" -eq "$1" ]; }

# Starts a host that reads from $input; what it prints goes to its log.
input=/dev/null
start() {
  log=$out/$1.log
  : >"$log"
  shift
  "$@" <"$input" >"$log" 2>&1 9>&- &
  pid=$!
}

# The host has looked Notch up for the so-manieth time, and eight requests are under way.
is_busy() {
  until_it printed "$2" 'paynow: Notch is customer 421621336637440000' || { fail "$1" 'does not look Notch up'; return 1; }
  until_it under_way 8 || { fail "$1" 'the eight requests do not reach the sandbox'; return 1; }
}

# The host ends by itself, without a crash, and its requests ended with the shutdown so many times.
has_ended() {
  if ! within_a_minute is_gone; then
    fail "$1" 'does not end'
    return 1
  fi
  wait "$pid"
  status=$?
  pid=
  [ "$status" -eq 0 ] || { fail "$1" "ended with status $status"; return 1; }
  printed "$2" 'paynow: 8 of 8 ended with the shutdown' || { fail "$1" 'its requests did not all end with the shutdown'; return 1; }
  within_a_minute under_way 0 || { fail "$1" 'requests outlived the host'; return 1; }
  if grep -q -F -- "$PAYNOW_API_KEY" "$log"; then fail "$1" 'the API key is in its log'; return 1; fi
}

# What is behind a failure; the host has no business any more.
explain() {
  [ -z "$pid" ] || kill -9 "$pid" 2>/dev/null
  pid=
  sed 's/^/  | /' "$log" | tail -40
}

# Structs that were declared again are as large as the header's.
sizes_agree() {
  steer sizes | sort >"$out/sizes.txt"
  sort "$2" >"$out/$1.sizes.txt"
  [ -s "$out/$1.sizes.txt" ] && [ -z "$(comm -13 "$out/sizes.txt" "$out/$1.sizes.txt")" ]
}

# Each of the lines is in the log.
expects() {
  name=$1
  shift
  for line; do
    grep -q -- "paynow: $line" "$log" || { fail "$name" "did not say: $line"; return 1; }
  done
}

stopped_by_a_signal() {
  is_busy "$1" 1 && kill -TERM "$pid" && has_ended "$1" 1
}

# --- the hosts ---

host_python() {
  python=$(command -v python3) || { skip python 'there is no python3'; return; }
  "$python" "$here/python/host.py" sizes >"$out/python.txt"
  sizes_agree python "$out/python.txt" || { fail python.structs 'not those of the header'; return; }
  start python "$python" "$here/python/host.py"
  if stopped_by_a_signal python; then ok python; else explain; fi
}

host_go() {
  command -v go >/dev/null || { skip go 'there is no go'; return; }
  if ! (cd "$here/go" && CGO_ENABLED=1 CGO_CFLAGS="-I$include" CGO_LDFLAGS="-L$lib" GOTOOLCHAIN=local GOFLAGS=-buildvcs=false \
    go build -o "$out/go-host" .); then
    fail go 'does not compile'
    return
  fi
  start go "$out/go-host"
  if stopped_by_a_signal go; then ok go; else explain; fi
}

host_cpp_loop() {
  command -v cmake >/dev/null || { skip cpp-loop 'there is no cmake'; return; }
  rm -rf "$out/cpp-loop"
  if ! { cmake -S "$here/cpp-loop" -B "$out/cpp-loop" -DPAYNOW_LIB_DIR="$lib" -DPAYNOW_INCLUDE_DIR="$include" &&
    cmake --build "$out/cpp-loop"; } >"$out/cpp-loop.build.log" 2>&1; then
    fail cpp-loop "does not compile: $(tail -5 "$out/cpp-loop.build.log" | tr '\n' ' ')"
    return
  fi
  start cpp-loop "$out/cpp-loop/loop"
  if stopped_by_a_signal cpp-loop; then ok cpp-loop; else explain; fi
}

host_luanti() {
  mod=${TEST_LUANTI_MOD:-$root/examples/luanti-mod}
  if command -v python3 >/dev/null; then
    check luanti.is_described python3 "$root/packaging/engines/luanti.py" "$mod"
  else
    skip luanti.is_described 'there is no python3'
  fi
  server=${MINETESTSERVER:-/usr/lib/minetest/minetestserver}
  [ -x "$server" ] || { skip luanti "there is no $server"; return; }
  "$server" --version | grep -q LuaJIT || { skip luanti "$server was built without LuaJIT"; return; }
  home=$out/luanti
  rm -rf "$home"
  mkdir -p "$home/.minetest/games/paynow_game/mods" "$home/world/worldmods"
  cp "$here/luanti/game/game.conf" "$home/.minetest/games/paynow_game"
  cp -R "$mod" "$home/world/worldmods/paynow"
  [ -n "${TEST_LUANTI_MOD:-}" ] || cp "$lib/libpaynow_bridge.so" "$home/world/worldmods/paynow"
  cp -R "$here/luanti/paynow_host" "$home/world/worldmods/paynow_host"
  (umask 077 && printf '%s\n' "$PAYNOW_API_KEY" >"$home/paynow.key")
  for backend in backend player_backend auth_backend mod_storage_backend; do echo "$backend = sqlite3"; done >"$home/world/world.mt"
  echo 'gameid = paynow_game' >>"$home/world/world.mt"
  cat >"$home/minetest.conf" <<CONF
secure.trusted_mods = paynow,paynow_host
paynow.store_id = $PAYNOW_STORE_ID
paynow.api_base = $PAYNOW_API_BASE
paynow.api_key_file = $home/paynow.key
bind_address = 127.0.0.1
server_announce = false
mg_name = singlenode
CONF
  start luanti env -u PAYNOW_API_KEY HOME="$home" "$server" --world "$home/world" --config "$home/minetest.conf" --logfile "$home/debug.txt" \
    --port $((20000 + $$ % 10000))
  is_busy luanti 1 || { explain; return; }
  until_it printed 1 'paynow: who left is not a customer' || { fail luanti 'does not know who joined'; explain; return; }
  until_it printed 1 'the answer was not taken: .*a mistake of a mod' || { fail luanti 'loses a mistake'; explain; return; }
  sed -n 's/.*: size //p' "$log" >"$out/luanti.txt"
  sizes_agree luanti "$out/luanti.txt" || { fail luanti.structs 'not those of the header'; explain; return; }
  if stopped_by_a_signal luanti && expects luanti 'loaded and ticked on different threads' \
    'Mira joined and is customer 440116992540673366' '[0-9]* requests under way; last step: ok' \
    'ticked and shut down on different threads' 'a step after the shutdown: the handle or id names nothing' \
    'a request after the shutdown: client names nothing' \
    'on Linux, x64: .*wanted MOD/lib/linux-x86_64/libpaynow_bridge\.so$' \
    'on Linux, arm64: .*wanted MOD/lib/linux-aarch64/libpaynow_bridge\.so$' \
    'on Linux, x86: .*wanted MOD/lib/linux-i686/libpaynow_bridge\.so$' \
    'on OSX, x64: .*wanted MOD/lib/macos-x86_64/libpaynow_bridge\.dylib$' \
    'on OSX, arm64: .*wanted MOD/lib/macos-aarch64/libpaynow_bridge\.dylib$' \
    'on Windows, x64: .*wanted MOD/lib/windows-x86_64/paynow_bridge\.dll$'; then
    ok luanti
  else
    explain
  fi
}

survives_a_change_of_map() {
  until_it printed 1 'paynow: 8 of 8 ended with the shutdown' || { fail ioquake3 'a change of map does not end its requests'; return 1; }
}

host_ioquake3() {
  server=${IOQ3DED:-/usr/lib/ioquake3/ioq3ded}
  [ -x "$server" ] || { skip ioquake3 "there is no $server"; return; }
  python=$(command -v python3) || { skip ioquake3 'there is no python3 to make its map'; return; }
  base=$out/ioquake3
  rm -rf "$base"
  mkdir -p "$base/pn/maps" "$base/home"
  cp "$here/ioquake3/default.cfg" "$base/pn"
  "$python" "$here/ioquake3/make_map.py" "$base/pn/maps/pn.bsp" || { fail ioquake3 'its map cannot be made'; return; }
  if ! "$cc" -std=c11 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -I"$include" "$here/ioquake3/qagame.c" \
    -o "$base/pn/qagame$(uname -m).so" -L"$lib" -lpaynow_bridge -Wl,-z,defs; then
    fail ioquake3 'its game module does not compile'
    return
  fi
  input=$base/console
  mkfifo "$input"
  start ioquake3 "$server" +set com_basegame pn +set com_standalone 1 +set vm_game 0 +set dedicated 1 +set sv_pure 0 \
    +set net_enabled 1 +set net_ip 127.0.0.1 +set net_port $((20000 + $$ % 10000)) +set fs_basepath "$base" \
    +set fs_homepath "$base/home" +set ttycon 0 +map pn
  # The administrator's console.
  exec 8>"$input"
  input=/dev/null
  # A change of map unloads the module and loads it again, in the same process.
  if is_busy ioquake3 1 && echo 'map pn' >&8 && survives_a_change_of_map && is_busy ioquake3 2 && echo quit >&8 && has_ended ioquake3 2; then
    ok ioquake3
  else
    explain
  fi
  exec 8>&-
}

# The guides show what is tested, and their commands lead where they say. They find the library where a build puts it.
host_guides() {
  python=$(command -v python3) || { skip guides 'there is no python3'; return; }
  command -v cmake >/dev/null || { skip guides 'there is no cmake'; return; }
  rm -rf "$out/guides"
  mkdir -p "$out/guides/tree/target/release" "$out/guides/work"
  if ! "$python" "$here/guides.py" "$root/docs" "$root" "$out/guides" >"$out/guides.txt"; then
    fail guides "$(cat "$out/guides.txt")"
    return
  fi
  ok guides.show_what_is_tested
  for part in include examples tests; do ln -s "$root/$part" "$out/guides/tree/$part"; done
  ln -s "$lib/libpaynow_bridge.so" "$out/guides/tree/target/release/libpaynow_bridge.so"
  log=$out/guides.log
  if (cd "$out/guides/work" && PAYNOW="$out/guides/tree" sh -eux ../c-and-cpp.sh) >"$log" 2>&1 9>&- &&
    grep -q 'Notch is 421621336637440000' "$log"; then
    ok guides.commands_work
  else
    fail guides.commands_work "$(tail -20 "$log")"
  fi
}

for host in $hosts; do
  wants "$host" || continue
  counted=$((passed + failed + skipped))
  "host_$(printf %s "$host" | tr - _)"
  [ $((passed + failed + skipped)) -gt "$counted" ] || [ -n "$T" ] || fail "$host" 'neither passed nor failed'
done

stop_sandbox
finish
