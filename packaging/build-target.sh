#!/bin/sh
# Builds the shared and the static library for one target into target/dist/TARGET/lib: packaging/build-target.sh TARGET
#
# Prints `skip TARGET: REASON` and ends with 77 when its toolchain is missing (packaging/toolchain.sh gets it).
set -eu

target=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
out=$root/target/dist/$target/lib

skip() {
  printf 'skip %s: %s\n' "$target" "$1"
  exit 77
}

# The oldest glibc that game hosts still run (CentOS 7, the Steam runtime).
floor=2.17
case $target in
  linux-x86_64) triple=x86_64-unknown-linux-gnu rust=rustup link=zig triple_link=$triple.$floor ;;
  linux-i686) triple=i686-unknown-linux-gnu rust=debian link=zig triple_link=$triple.$floor ;;
  linux-aarch64) triple=aarch64-unknown-linux-gnu rust=debian link=zig triple_link=$triple.$floor ;;
  linux-x86_64-musl) triple=x86_64-unknown-linux-musl rust=debian link=zig triple_link=$triple ;;
  linux-aarch64-musl) triple=aarch64-unknown-linux-musl rust=debian link=zig triple_link=$triple ;;
  windows-x86_64) triple=x86_64-pc-windows-gnu rust=debian link=mingw triple_link=$triple ;;
  macos-aarch64 | macos-x86_64) triple=${target#macos-}-apple-darwin rust=debian link=apple ;;
  *)
    echo "unknown target $target" >&2
    exit 2
    ;;
esac

. "$here/compilers.sh"
with_zig
# A folder for each: two compilers would throw away what the other one built.
export CARGO_TARGET_DIR="$root/target/dist-build/$target"
case $rust in
  rustup) with_rustup_rust "$triple" ;;
  debian) with_debian_rust ;;
esac
case $target in
  linux-aarch64)
    # Its standard library came built.
    [ -e "$tools/rust-aarch64.done" ] || skip 'no standard library for aarch64: run packaging/toolchain.sh'
    build_std=
    ;;
esac
command=zigbuild
case $link in
  mingw)
    with_mingw
    command=rustc
    ;;
  apple)
    with_apple "$triple"
    command=rustc
    ;;
esac
case $target in
  # A shared library for musl must take musl itself from the host.
  *-musl) RUSTFLAGS="$RUSTFLAGS -C target-feature=-crt-static" ;;
esac
export RUSTFLAGS

cd "$root"
printf '%s: building\n' "$target"
# One invocation without an rlib: cargo turns LTO off when an rlib is among the crate types.
if [ "$command" = rustc ]; then
  # shellcheck disable=SC2086 # two words or none
  cargo rustc --locked --release --lib --features wiping-allocator --crate-type cdylib,staticlib --target "$triple" $build_std
else
  # shellcheck disable=SC2086 # two words or none
  cargo-zigbuild rustc --locked --release --lib --features wiping-allocator --crate-type cdylib,staticlib --target "$triple_link" $build_std
fi

built=$CARGO_TARGET_DIR/$triple/release
rm -rf "$out"
mkdir -p "$out"
case $target in
  windows-*)
    bin=$debian/usr/bin/x86_64-w64-mingw32
    cp "$built/paynow_bridge.dll" "$built/libpaynow_bridge.dll.a" "$built/libpaynow_bridge.a" "$out"
    "$bin-strip" --strip-debug "$out/libpaynow_bridge.a"
    # Microsoft's linker wants an import library of its own kind, made from the names the library exports.
    {
      printf 'LIBRARY paynow_bridge.dll\nEXPORTS\n'
      "$bin-objdump" -p "$out/paynow_bridge.dll" |
        awk '/^\[Ordinal\/Name Pointer\] Table/ { on = 1; next } on && !NF { exit } on { print "  " $NF }'
    } >"$out/paynow_bridge.def"
    python-zig dlltool -m i386:x86-64 -d "$out/paynow_bridge.def" -D paynow_bridge.dll -l "$out/paynow_bridge.lib"
    rm "$out/paynow_bridge.def"
    ;;
  macos-*) cp "$built/libpaynow_bridge.dylib" "$built/libpaynow_bridge.a" "$out" ;;
  *)
    cp "$built/libpaynow_bridge.so" "$built/libpaynow_bridge.a" "$out"
    # A standard library that came built brings debug information along.
        # Rust's own tool knows all processors.
    if [ -z "$build_std" ]; then LD_LIBRARY_PATH=$sysroot/lib "$objcopy" --strip-debug "$out/libpaynow_bridge.a"; fi
    ;;
esac
