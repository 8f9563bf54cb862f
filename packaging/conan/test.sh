#!/bin/sh
# Packs the libraries that were built into an archive, makes Conan packages of it, shared and static, and links a program with
# each: packaging/conan/test.sh. Conan comes from PyPI, and keeps what it has below target.
#
# For the other targets it makes packages of archives laid out like those of a release, looks at what is in them and what they
# tell a program to link with, and links none.
#   PAYNOW_LIB_DIR   where both libraries are   (target/release)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")

if [ ! -x "$tools/conan/bin/conan" ]; then
  mkdir -p "$tools"
  python3 -m venv "$tools/conan"
  "$tools/conan/bin/pip" install --quiet 'conan>=2.20,<3'
fi
conan() { CONAN_HOME="$work/home" PAYNOW_ARCHIVES="$work/archives" "$tools/conan/bin/conan" "$@"; }

name=paynow_bridge-$version-linux-$(uname -m)
mkdir "$work/archives"
sh "$root/packaging/install.sh" "$work/$name"
tar -C "$work" -czf "$work/archives/$name.tar.gz" "$name"
(cd "$work/archives" && sha256sum "$name.tar.gz" >SHA256SUMS)

# A copy, so that what Conan builds beside the recipe stays out of the tree.
mkdir "$work/packaging" && cp -R "$here" "$work/packaging/conan" && cp "$root/Cargo.toml" "$work/"
conan profile detect >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
passed=0
for shared in True False; do
  conan create "$work/packaging/conan" -o "paynow_bridge/*:shared=$shared" >"$work/log" 2>&1 ||
    { cat "$work/log"; echo "FAIL conan shared=$shared"; exit 1; }
  grep -q "^linked with paynow_bridge $version" "$work/log" ||
    { cat "$work/log"; echo "FAIL conan shared=$shared: the program did not run"; exit 1; }
  printf 'ok conan shared=%s\n' "$shared"
  passed=$((passed + 1))
done

# Nothing here reads what is in a library.
mkdir "$work/stand-ins"
for file in libpaynow_bridge.so libpaynow_bridge.dylib paynow_bridge.dll libpaynow_bridge.dll.a paynow_bridge.lib libpaynow_bridge.a; do
  echo "$file" >"$work/stand-ins/$file"
done
archive() { # TARGET
  folder=paynow_bridge-$version-$1
  PAYNOW_TARGET=$1 PAYNOW_LIB_DIR=$work/stand-ins PAYNOW_NOTICES=$root/LICENSE sh "$root/packaging/install.sh" "$work/$folder" >"$work/log"
  case $1 in
    windows-*) packed=$folder.zip && (cd "$work" && zip -q -r "archives/$packed" "$folder") ;;
    *) packed=$folder.tar.gz && tar -C "$work" -czf "$work/archives/$packed" "$folder" ;;
  esac
  (cd "$work/archives" && sha256sum "$packed" >>SHA256SUMS)
}
of() { # OS ARCH MUSL SHARED [VERSION]: the files of the package's bin and lib, and what a program links with
  set -- -s "os=$1" -s "arch=$2" -o "paynow_bridge/*:musl=$3" -o "paynow_bridge/*:shared=$4" ${5:+-s "os.version=$5"}
  conan create "$work/packaging/conan" -tf '' "$@" >"$work/log" 2>&1 &&
    conan install --requires "paynow_bridge/$version" "$@" --output-folder "$work/found" --format json >"$work/made.json" 2>>"$work/log" &&
    python3 -c 'import json, pathlib, sys
for node in json.load(sys.stdin)["graph"]["nodes"].values():
    if node["name"] == "paynow_bridge":
        package, of = pathlib.Path(node["package_folder"]), node["cpp_info"]["root"]
        files = sorted(file.name for folder in ("bin", "lib") for file in (package / folder).glob("*") if file.is_file())
        links = of["libs"] + (of["system_libs"] or []) + (of["frameworks"] or [])
        print(*files, "|", *links)' <"$work/made.json"
}
elf="libpaynow_bridge.so libpaynow_bridge.so.${version%%.*} libpaynow_bridge.so.$version"
while IFS=, read -r target os arch musl oldest shared_files static_links; do
  # That of this machine is there already, with real libraries.
  [ "paynow_bridge-$version-$target" = "$name" ] || archive "$target"
  for shared in True False; do
    wanted="libpaynow_bridge.a | paynow_bridge $static_links"
    [ "$shared" = False ] || wanted="$shared_files | paynow_bridge"
    made=$(of "$os" "$arch" "$musl" "$shared" "$oldest") || made='it cannot be made'
    [ "$made" = "$wanted" ] || { cat "$work/log"; echo "FAIL conan $target shared=$shared: $made"; exit 1; }
    printf 'ok conan %s shared=%s: %s\n' "$target" "$shared" "$made"
    passed=$((passed + 1))
  done
done <<TARGETS
linux-x86_64,Linux,x86_64,False,,$elf,pthread dl m
linux-i686,Linux,x86,False,,$elf,pthread dl m
linux-aarch64,Linux,armv8,False,,$elf,pthread dl m
linux-x86_64-musl,Linux,x86_64,True,,$elf,pthread dl m
linux-aarch64-musl,Linux,armv8,True,,$elf,pthread dl m
windows-x86_64,Windows,x86_64,False,,libpaynow_bridge.dll.a paynow_bridge.dll paynow_bridge.lib,ws2_32 ntdll userenv bcrypt crypt32 advapi32 dbghelp kernel32
macos-aarch64,Macos,armv8,False,11.0,libpaynow_bridge.dylib,Security CoreFoundation
macos-x86_64,Macos,x86_64,False,10.12,libpaynow_bridge.dylib,Security CoreFoundation
TARGETS
refuses() { # WORDS OS ARCH MUSL SHARED [VERSION]
  words=$1
  shift
  if of "$@" || ! grep -q "$words" "$work/log"; then
    cat "$work/log"
    echo "FAIL conan makes a package for $*"
    exit 1
  fi
  passed=$((passed + 1))
}
refuses 'is for macOS 11.0 or newer, not for 10.15' Macos armv8 False True 10.15
refuses 'is for macOS 10.12 or newer, not for 10.11' Macos x86_64 False True 10.11
refuses 'musl is for Linux' Windows x86_64 True True
refuses 'there is no archive for FreeBSD' FreeBSD x86_64 False True

printf x >>"$work/archives/$name.tar.gz"
if conan create "$work/packaging/conan" -tf '' >"$work/log" 2>&1 || ! grep -q 'is not what SHA256SUMS says' "$work/log"; then
  cat "$work/log"
  echo 'FAIL conan takes an archive that was changed'
  exit 1
fi
printf 'conan: %s passed, 0 failed\n' "$((passed + 1))"
