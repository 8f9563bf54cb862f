#!/bin/sh
# Packs the libraries that were built into an archive, makes Conan packages of it, shared and static, and links a program with
# each: packaging/conan/test.sh. Conan comes from PyPI, and keeps what it has below target.
#
# For macOS it makes packages of archives laid out like those of a release, looks at what is in them and what they tell a program
# to link with, and links none.
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

# Nothing here reads what is in a library for macOS.
mkdir "$work/stand-ins"
for file in libpaynow_bridge.dylib libpaynow_bridge.a; do echo "$file" >"$work/stand-ins/$file"; done
macos() { # ARCH SHARED VERSION: the files of the package's lib, and what a program links with
  set -- -s os=Macos -s "arch=$1" -o "paynow_bridge/*:shared=$2" -s "os.version=$3"
  conan create "$work/packaging/conan" -tf '' "$@" >"$work/log" 2>&1 &&
    conan install --requires "paynow_bridge/$version" "$@" --output-folder "$work/found" --format json >"$work/made.json" 2>>"$work/log" &&
    python3 -c 'import json, pathlib, sys
for node in json.load(sys.stdin)["graph"]["nodes"].values():
    if node["name"] == "paynow_bridge":
        lib, of = pathlib.Path(node["package_folder"], "lib"), node["cpp_info"]["root"]
        links = of["libs"] + (of["system_libs"] or []) + (of["frameworks"] or []) + (of["sharedlinkflags"] or [])
        print(*sorted(file.name for file in lib.iterdir() if file.is_file()), "|", *links)' <"$work/made.json"
}
for arch in armv8 x86_64; do
  of_macos=paynow_bridge-$version-macos-$(printf '%s' "$arch" | sed 's/armv8/aarch64/')
  PAYNOW_TARGET=${of_macos#*-*-} PAYNOW_LIB_DIR=$work/stand-ins PAYNOW_NOTICES=$root/LICENSE sh "$root/packaging/install.sh" "$work/$of_macos" >"$work/log"
  tar -C "$work" -czf "$work/archives/$of_macos.tar.gz" "$of_macos"
  (cd "$work/archives" && sha256sum "$of_macos.tar.gz" >>SHA256SUMS)
done
for arch in armv8 x86_64; do
  [ "$arch" = armv8 ] && oldest=11.0 older=10.15 || oldest=10.12 older=10.11
  for shared in True False; do
    wanted='libpaynow_bridge.a | paynow_bridge Security CoreFoundation'
    [ "$shared" = False ] || wanted='libpaynow_bridge.dylib | paynow_bridge'
    made=$(macos "$arch" "$shared" "$oldest") || made='it cannot be made'
    [ "$made" = "$wanted" ] || { cat "$work/log"; echo "FAIL conan macos $arch shared=$shared: $made"; exit 1; }
    printf 'ok conan macos %s shared=%s: %s\n' "$arch" "$shared" "$made"
    passed=$((passed + 1))
  done
  if macos "$arch" True "$older" || ! grep -q "is for macOS $oldest or newer, not for $older" "$work/log"; then
    cat "$work/log"
    echo "FAIL conan makes a package for macOS $older on $arch"
    exit 1
  fi
  passed=$((passed + 1))
done

printf x >>"$work/archives/$name.tar.gz"
if conan create "$work/packaging/conan" -tf '' >"$work/log" 2>&1 || ! grep -q 'is not what SHA256SUMS says' "$work/log"; then
  cat "$work/log"
  echo 'FAIL conan takes an archive that was changed'
  exit 1
fi
printf 'conan: %s passed, 0 failed\n' "$((passed + 1))"
