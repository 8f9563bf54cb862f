#!/bin/sh
# Installs the built libraries: packaging/install.sh PREFIX [DESTDIR]
#
# Everything it puts under PREFIX finds its neighbours from its own place: the folder can be moved, or be an archive.
#   PAYNOW_LIB_DIR      where the built libraries are; either kind may be missing   (target/release)
#   PAYNOW_INCLUDE_DIR  where the headers are                                       (include)
#   PAYNOW_TARGET       linux-x86_64, linux-i686, …, macos-aarch64                  (linux, as wide as this machine)
#   PAYNOW_NOTICES      notices of third parties made beforehand                    (beside the libraries, or by notices.sh)
#   PAYNOW_CLI_DIR      pnb with its pages and completions, as build-cli.sh leaves them   (left out)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
if [ $# -lt 1 ] || [ $# -gt 2 ] || [ -z "$1" ]; then
  echo 'usage: install.sh PREFIX [DESTDIR]' >&2
  exit 2
fi
case $1 in
  /*) ;;
  *)
    echo "install: PREFIX must begin with /: $1" >&2
    exit 2
    ;;
esac
prefix=${2:-}$1
lib=${PAYNOW_LIB_DIR:-$root/target/release}
include=${PAYNOW_INCLUDE_DIR:-$root/include}
target=${PAYNOW_TARGET:-linux-$(uname -m)}

version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
major=${version%%.*}
rest=${version#*.}
minor=${rest%%.*}

pointer=8
static_flags='-Wl,-z,nodelete -Wl,--exclude-libs,libpaynow_bridge.a'
static_libs='-lpthread -ldl -lm'
static_archive='-L${libdir} -l:libpaynow_bridge.a'
shared_file=lib/libpaynow_bridge.so.$version
soname=libpaynow_bridge.so.$major
built=$lib/libpaynow_bridge.so
case $target in
  *i686 | *i386) pointer=4 ;;
  windows-*)
    static_flags=
    static_libs='-lws2_32 -lntdll -luserenv -lbcrypt -lcrypt32 -ladvapi32 -ldbghelp -lkernel32'
    shared_file=bin/paynow_bridge.dll
    built=$lib/paynow_bridge.dll
    ;;
  macos-*)
    static_flags=
    static_libs='-framework Security -framework CoreFoundation'
    static_archive='${libdir}/libpaynow_bridge.a'
    shared_file=lib/libpaynow_bridge.dylib
    soname=@rpath/libpaynow_bridge.dylib
    built=$lib/libpaynow_bridge.dylib
    ;;
esac
if [ ! -e "$built" ] && [ ! -e "$lib/libpaynow_bridge.a" ]; then
  echo "install: there is no library in $lib: build it first, with make lib static" >&2
  exit 1
fi

put() { # MODE FROM TO
  mkdir -p "$(dirname -- "$prefix/$3")"
  # A running server keeps the file it mapped: never written over in place.
  rm -f "$prefix/$3"
  cp -- "$2" "$prefix/$3"
  chmod "$1" "$prefix/$3"
}

fill() { # TEMPLATE TO
  mkdir -p "$(dirname -- "$prefix/$2")"
  cmake_libs=$(printf '%s' "$static_libs" | sed 's/ -l/;/g; s/^-l//; s/ -framework/;-framework/g')
  sed -e "s|@VERSION@|$version|g" -e "s|@VERSION_MAJOR@|$major|g" -e "s|@VERSION_MINOR@|$major.$minor|g" \
    -e "s|@SONAME@|$soname|g" -e "s|@STATIC_ARCHIVE@|$static_archive|g" -e "s|@SHARED_FILE@|$shared_file|g" -e "s|@POINTER_BYTES@|$pointer|g" \
    -e "s|@STATIC_FLAGS@|$static_flags|g" -e "s|@STATIC_LIBS@|$static_libs|g" -e "s|@STATIC_LIBS_CMAKE@|$cmake_libs|g" \
    "$here/templates/$1" >"$prefix/$2"
  chmod 644 "$prefix/$2"
}

if [ -e "$built" ]; then
  put 755 "$built" "$shared_file"
  case $target in
    windows-*)
      for import in libpaynow_bridge.dll.a paynow_bridge.lib; do
        put 644 "$lib/$import" "lib/$import"
      done
      ;;
    macos-*) ;;
    *)
      ln -sf "libpaynow_bridge.so.$version" "$prefix/lib/libpaynow_bridge.so.$major"
      ln -sf "libpaynow_bridge.so.$major" "$prefix/lib/libpaynow_bridge.so"
      ;;
  esac
fi
if [ -e "$lib/libpaynow_bridge.a" ]; then
  put 644 "$lib/libpaynow_bridge.a" lib/libpaynow_bridge.a
  fill paynow_bridge-static.pc.in lib/pkgconfig/paynow_bridge-static.pc
fi
for header in paynow_bridge.h paynow_bridge.hpp; do
  put 644 "$include/$header" "include/$header"
done
fill paynow_bridge.pc.in lib/pkgconfig/paynow_bridge.pc
fill paynow_bridge-config.cmake.in lib/cmake/paynow_bridge/paynow_bridge-config.cmake
fill paynow_bridge-config-version.cmake.in lib/cmake/paynow_bridge/paynow_bridge-config-version.cmake

if [ -n "${PAYNOW_CLI_DIR:-}" ]; then
  (cd "$PAYNOW_CLI_DIR" && find bin share -type f) | while IFS= read -r file; do
    case $file in bin/*) mode=755 ;; *) mode=644 ;; esac
    put "$mode" "$PAYNOW_CLI_DIR/$file" "$file"
  done
fi

doc=share/doc/paynow_bridge
for text in LICENSE LICENSE-MIT LICENSE-APACHE README.md CHANGELOG.md; do
  put 644 "$root/$text" "$doc/$text"
done
if [ -z "${PAYNOW_NOTICES:-}" ] && [ -z "${PAYNOW_CLI_DIR:-}" ] && [ -e "$lib/THIRD-PARTY-NOTICES.txt" ]; then
  PAYNOW_NOTICES=$lib/THIRD-PARTY-NOTICES.txt
fi
if [ -n "${PAYNOW_NOTICES:-}" ]; then
  put 644 "$PAYNOW_NOTICES" "$doc/THIRD-PARTY-NOTICES.txt"
else
  sh "$here/notices.sh" >"$prefix/$doc/THIRD-PARTY-NOTICES.txt"
  chmod 644 "$prefix/$doc/THIRD-PARTY-NOTICES.txt"
fi
printf 'paynow_bridge %s (%s) is in %s\n' "$version" "$target" "$prefix"
