#!/bin/sh
# Does all eleven operations on a target, against the sandbox: packaging/run-target.sh TARGET FOLDER
#
# One C program, compiled for the target, linked once with the shared and once with the static library in FOLDER; run
# natively, by the 32-bit loader, under qemu or under wine. For macOS it is linked both ways and run nowhere. Prints
# `skip TARGET run: REASON` and ends with 77 when the target cannot be run here.
#   PAYNOW_SANDBOX_BIN  the sandbox program   (target/release/paynow-sandbox)
set -eu

target=$1
lib=$(CDPATH='' cd -- "$2" && pwd)
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
debian=$tools/debian
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
. "$here/run/elsewhere.sh"
. "$root/sandbox/start.sh"

skip() {
  printf 'skip %s run: %s\n' "$target" "$1"
  exit 77
}
zig=$tools/venv/bin/python-zig
[ -x "$zig" ] || skip 'no zig to compile the test program: run packaging/toolchain.sh'
export ZIG_GLOBAL_CACHE_DIR="$tools/zig-cache"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
export ZIG_LOCAL_CACHE_DIR="$work/zig-cache"

# How it is compiled, and what runs it.
system_libs='-lpthread -ldl -lm'
shared=$lib/libpaynow_bridge.so
flags=
case $target in
  linux-x86_64)
    zig_target=x86_64-linux-gnu.2.17
    run() { LD_LIBRARY_PATH=$work timeout 120 "$@"; }
    ;;
  linux-i686)
    [ -e "$tools/i386.done" ] || skip 'no 32-bit C library: run packaging/toolchain.sh'
    zig_target=x86-linux-gnu.2.17
    run() { timeout 120 "$debian/lib32/ld-linux.so.2" --library-path "$debian/lib32:$work" "$@"; }
    ;;
  linux-aarch64)
    [ -e "$tools/qemu.done" ] || skip 'no qemu: run packaging/toolchain.sh'
    zig_target=aarch64-linux-gnu.2.17
    run() { under_qemu -E "LD_LIBRARY_PATH=$work" "$@"; }
    ;;
  linux-x86_64-musl)
    [ -e "$tools/musl.done" ] || skip 'no musl: run packaging/toolchain.sh'
    zig_target=x86_64-linux-musl
    flags=-dynamic
    run() { LD_LIBRARY_PATH=$work timeout 120 "$debian/lib/ld-musl-x86_64.so.1" "$@"; }
    ;;
  linux-aarch64-musl)
    [ -e "$tools/musl-aarch64.done" ] && [ -e "$tools/qemu.done" ] || skip 'no musl for aarch64 or no qemu: run packaging/toolchain.sh'
    zig_target=aarch64-linux-musl
    flags=-dynamic
    run() { under_qemu -E "LD_LIBRARY_PATH=$work" "$debian/lib/ld-musl-aarch64.so.1" "$@"; }
    ;;
  windows-x86_64)
    [ -e "$tools/wine.done" ] && [ -e "$tools/mingw.done" ] || skip 'no wine or no MinGW: run packaging/toolchain.sh'
    zig_target=x86_64-windows-gnu
    shared=$lib/libpaynow_bridge.dll.a
    system_libs='-lws2_32 -lntdll -luserenv -lbcrypt -lcrypt32 -ladvapi32 -ldbghelp -lkernel32'
    run() { under_wine "$@"; }
    ;;
  macos-*)
    [ -d "$tools/macos" ] || skip 'no names of the system: run packaging/build-target.sh'
    zig_target=${target#macos-}-macos
    shared=$lib/libpaynow_bridge.dylib
    system_libs="-F$tools/macos/System/Library/Frameworks -framework Security -framework CoreFoundation"
    ;;
  *)
    echo "unknown target $target" >&2
    exit 2
    ;;
esac

# A sandbox of its own for each run: what one creates is there already for the next.
with_sandbox() {
  start_sandbox "$sandbox" "$work" || return 1
  status=0
  "$@" || status=$?
  stop_sandbox
  return "$status"
}

compile() { # OUTPUT LIBRARIES...
  output=$1
  shift
  # shellcheck disable=SC2086 # one flag or none
  "$zig" cc -target "$zig_target" $flags -std=c99 -O2 -I"$root/include" "$here/run/operations.c" -o "$output" "$@" >"$work/compile.log" 2>&1 ||
    { cat "$work/compile.log"; return 1; }
}

show() { # WAY PROGRAM...
  way=$1
  shift
  if ! with_sandbox run "$@" >"$work/output" 2>&1; then
    sed 's/^/  /' "$work/output"
    printf 'FAIL %s %s\n' "$target" "$way"
    return 1
  fi
  # wine ends its lines as Windows does.
  printf '%s %s: %s\n' "$target" "$way" "$(tr -d '\r' <"$work/output" | tail -n 1)"
}

case $target in
  windows-*)
    gcc=$debian/usr/bin/x86_64-w64-mingw32-gcc-win32
    cp "$lib/paynow_bridge.dll" "$work"
    windows_shim "$work"
    compile "$work/shared.exe" "$shared"
    show shared "$work/shared.exe"
    compile "$work/msvc.exe" "$lib/paynow_bridge.lib"
    show 'shared by paynow_bridge.lib' "$work/msvc.exe"
    # shellcheck disable=SC2086 # one library per word
    "$gcc" -std=c99 -O2 -I"$root/include" "$here/run/operations.c" -o "$work/static.exe" "$lib/libpaynow_bridge.a" $system_libs
    show static "$work/static.exe"
    ;;
  macos-*)
    compile "$work/shared" "$shared"
    # shellcheck disable=SC2086 # one library per word
    compile "$work/static" "$lib/libpaynow_bridge.a" $system_libs
    printf '%s: a program links with it both ways; never run: there is no macOS here\n' "$target"
    ;;
  *)
    ln -s "$lib/libpaynow_bridge.so" "$work/libpaynow_bridge.so.0"
    compile "$work/shared" "$shared"
    show shared "$work/shared"
    # The unwinder is zig's; gcc brings its own.
    # shellcheck disable=SC2086 # one library per word
    compile "$work/static" "$lib/libpaynow_bridge.a" $system_libs -lunwind
    show static "$work/static"
    ;;
esac
