#!/bin/sh
# Packs the libraries that were built into an archive, makes Conan packages of it, shared and static, and links a program with
# each: packaging/conan/test.sh. Conan comes from PyPI, and keeps what it has below target.
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
printf x >>"$work/archives/$name.tar.gz"
if conan create "$work/packaging/conan" -tf '' >"$work/log" 2>&1 || ! grep -q 'is not what SHA256SUMS says' "$work/log"; then
  cat "$work/log"
  echo 'FAIL conan takes an archive that was changed'
  exit 1
fi
printf 'conan: %s passed, 0 failed\n' "$((passed + 1))"
