# Sourced by what builds for a target, with the tools of toolchain.sh. Wants `root`, `tools` (their folder) and `skip`, which says why
# the target is left out and ends. Sets RUSTFLAGS, which the caller exports.
#
# with_zig                    cargo-zigbuild, which compiles C and links with zig
# with_debian_rust            Debian's Rust, which can build its standard library: then `build_std` says so to cargo
# with_rustup_rust TRIPLE     rustup's, which needs the target's standard library
# with_mingw                  the compiler and linker for Windows
# with_apple TRIPLE           the linker and the system's names for macOS; zig compiles C

debian=$tools/debian
build_std=
export CARGO_PROFILE_RELEASE_DEBUG=false
export CARGO_PROFILE_RELEASE_STRIP=symbols
# No path of the machine it was built on gets into what is handed out.
RUSTFLAGS="--remap-path-prefix=$root=paynow-bridge --remap-path-prefix=${CARGO_HOME:-$HOME/.cargo}=cargo"
sysroot=$(rustc --print sysroot)
objcopy=$sysroot/lib/rustlib/$(rustc -vV | sed -n 's/^host: //p')/bin/rust-objcopy
unset RUSTUP_TOOLCHAIN

with_zig() {
  [ -x "$tools/venv/bin/cargo-zigbuild" ] || skip 'no zig: run packaging/toolchain.sh'
  export PATH="$tools/venv/bin:$PATH"
  export CARGO_ZIGBUILD_ZIG_PATH="$tools/venv/bin/python-zig"
  export CARGO_ZIGBUILD_CACHE_DIR="$tools/zigbuild-cache"
  export ZIG_GLOBAL_CACHE_DIR="$tools/zig-cache"
}

has_rustup_std() { rustc --print target-libdir --target "$1" 2>/dev/null | xargs test -d; }

with_rustup_rust() {
  has_rustup_std "$1" || skip "no standard library for $1: rustup target add $1"
}

with_debian_rust() {
  [ -e "$tools/rust.done" ] || skip 'no Rust with the sources of its standard library: run packaging/toolchain.sh'
  export PATH="$debian/usr/bin:$PATH"
  export LD_LIBRARY_PATH="$debian/usr/lib/x86_64-linux-gnu"
  export RUSTC_BOOTSTRAP=1
  export RUSTC="$debian/usr/bin/rustc"
  RUSTFLAGS="$RUSTFLAGS --remap-path-prefix=$debian=debian"
  build_std='-Z build-std=std,panic_unwind'
}

with_mingw() {
  [ -e "$tools/mingw.done" ] || skip 'no MinGW: run packaging/toolchain.sh'
  export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER="$debian/usr/bin/x86_64-w64-mingw32-gcc-win32"
  export CC_x86_64_pc_windows_gnu="$debian/usr/bin/x86_64-w64-mingw32-gcc-win32"
  export AR_x86_64_pc_windows_gnu="$debian/usr/bin/x86_64-w64-mingw32-ar"
}

# LLVM's linker for Mach-O comes with Rust. zig brings the names of the system's libraries, macos/ those of the frameworks.
with_apple() {
  # The oldest that Rust makes libraries for.
  case $1 in aarch64-*) floor=11.0 ;; *) floor=10.12 ;; esac
  lld=${objcopy%/*}/rust-lld
  [ -x "$lld" ] || skip "no linker for macOS: there is no $lld"
  system=$("$tools/venv/bin/python" -c 'import os, ziglang; print(os.path.dirname(ziglang.__file__))')/lib/libc/darwin/libSystem.tbd
  [ -f "$system" ] || skip "zig has no names of the system of macOS: there is no $system"
  # With a folder of the system named, nothing looks for Apple's tools.
  export SDKROOT="$tools/macos" MACOSX_DEPLOYMENT_TARGET="$floor"
  frameworks=$SDKROOT/System/Library/Frameworks
  mkdir -p "$SDKROOT/usr/lib" "$SDKROOT/bin" "$frameworks/Security.framework" "$frameworks/CoreFoundation.framework"
  # The linker knows arm64. Apple's list has two newer ones beside it, always together, and leaves it out in places.
  for name in libSystem libc libm; do sed 's/arm64e\.x1-/arm64-/g' "$system" >"$SDKROOT/usr/lib/$name.tbd"; done
  cp "$here/macos/libiconv.tbd" "$SDKROOT/usr/lib"
  for name in Security CoreFoundation; do cp "$here/macos/$name.tbd" "$frameworks/$name.framework"; done

  zigbuild=$tools/venv/bin/cargo-zigbuild
  script "cc-$1" "exec '$zigbuild' zig cc -- -target ${1%%-*}-macos.$floor \"\$@\""
  script ar "exec '$tools/venv/bin/python-zig' ar \"\$@\""
  # It strips while it links: what is changed after it was signed is signed no more.
  script ld "exec '$lld' \"\$@\" -x -S -dead_strip_dylibs -adhoc_codesign --error-limit=0"
  export CARGO_PROFILE_RELEASE_STRIP=none
  under=$(printf '%s' "$1" | tr - _)
  export "CC_$under=$SDKROOT/bin/cc-$1" "AR_$under=$SDKROOT/bin/ar"
  RUSTFLAGS="$RUSTFLAGS -C linker=$SDKROOT/bin/ld -C linker-flavor=ld64.lld"
}

script() { # NAME COMMAND
  printf '#!/bin/sh\n%s\n' "$2" >"$SDKROOT/bin/$1"
  chmod +x "$SDKROOT/bin/$1"
}
