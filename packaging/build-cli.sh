#!/bin/sh
# Builds pnb for one target, with manual pages and completions, into target/dist/TARGET/cli: packaging/build-cli.sh TARGET
#
# For Linux it is linked with musl, statically: one file for every distribution. For macOS it needs what the library needs.
# Prints `skip TARGET cli: REASON` and ends with 77 when its toolchain is missing (packaging/toolchain.sh gets it).
set -eu

target=$1
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
out=$root/target/dist/$target/cli

skip() {
  printf 'skip %s cli: %s\n' "$target" "$1"
  exit 77
}

case $target in
  linux-x86_64 | linux-x86_64-musl) triple=x86_64-unknown-linux-musl ;;
  linux-i686) triple=i686-unknown-linux-musl ;;
  linux-aarch64 | linux-aarch64-musl) triple=aarch64-unknown-linux-musl ;;
  windows-x86_64) triple=x86_64-pc-windows-gnu ;;
  macos-aarch64 | macos-x86_64) triple=${target#macos-}-apple-darwin ;;
  *)
    echo "unknown target $target" >&2
    exit 2
    ;;
esac
. "$here/compilers.sh"
# What is needed of C is in ring, which asks nothing of a C library: the compiler of this machine will do for its own processor.
if has_rustup_std "$triple" && [ "$triple" = x86_64-unknown-linux-musl ]; then
  command='cargo build'
  export CC_x86_64_unknown_linux_musl="${CC:-cc}"
elif [ "$triple" = x86_64-pc-windows-gnu ]; then
  with_mingw
  if ! has_rustup_std "$triple"; then with_debian_rust; fi
  command='cargo build'
elif [ "${target%%-*}" = macos ]; then
  with_zig
  with_debian_rust
  with_apple "$triple"
  command='cargo build'
else
  with_zig
  if ! has_rustup_std "$triple"; then
    with_debian_rust
    # The files that start a program of musl come from zig. Rust would look for its own, which only rustup brings.
    RUSTFLAGS="$RUSTFLAGS -C link-self-contained=no"
  fi
  command='cargo-zigbuild build'
fi
case $target in
  # macOS has no C library to link statically.
  macos-*) ;;
  # The C runtime of MinGW's compiler, too, is in the file.
  *) RUSTFLAGS="$RUSTFLAGS -C target-feature=+crt-static" ;;
esac
export RUSTFLAGS
export CARGO_TARGET_DIR="$root/target/dist-build/cli-$triple"

cd "$root"
printf '%s: building pnb\n' "$target"
# shellcheck disable=SC2086 # words or none
$command --locked --release -p paynow-cli --target "$triple" $build_std

case $target in windows-*) program=pnb.exe ;; *) program=pnb ;; esac
rm -rf "$out"
mkdir -p "$out/bin"
cp "$CARGO_TARGET_DIR/$triple/release/$program" "$out/bin/$program"
# Pages and completions are the same for every target, and written by a pnb that runs here.
for pnb in "$out/bin/$program" "$root/target/dist/linux-x86_64/cli/bin/pnb" "$root/target/release/pnb"; do
  if "$pnb" --version >/dev/null 2>&1; then break; fi
done
"$pnb" --version >/dev/null 2>&1 || skip 'no pnb runs here to write its pages: make cli'
"$pnb" man --output "$out/share/man/man1" 2>/dev/null
complete() { # SHELL FILE
  mkdir -p "$out/$(dirname -- "$2")"
  "$pnb" completions "$1" >"$out/$2"
}
complete bash share/bash-completion/completions/pnb
complete zsh share/zsh/site-functions/_pnb
complete fish share/fish/vendor_completions.d/pnb.fish
complete powershell share/powershell/pnb.ps1
