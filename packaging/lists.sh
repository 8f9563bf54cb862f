#!/bin/sh
# What a release holds besides what is built for each target: packaging/lists.sh FOLDER EPOCH [RUST-TARGET...]
#
# The crate, the bundle for Maven Central where maven.sh has filled FOLDER/maven, the parts (CycloneDX) and their licences. The
# same sources and the same time give the same bytes.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
if [ $# -lt 2 ]; then
  echo 'usage: lists.sh FOLDER EPOCH [RUST-TARGET...]' >&2
  exit 2
fi
folder=$1
epoch=$2
shift 2
[ $# -gt 0 ] || set -- "$(rustc -vV | sed -n 's/^host: //p')"
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
mkdir -p "$folder"
folder=$(CDPATH='' cd -- "$folder" && pwd)

# Of pnb too, which is in the archives.
PAYNOW_CLI_DIR=with sh "$here/notices.sh" "$@" >"$folder/THIRD-PARTY-NOTICES.txt"
SOURCE_DATE_EPOCH=$epoch python3 "$here/sbom.py" --target "$@" --java-dependencies "$root"/java-shim/pom.xml "$root"/java-shim/*/pom.xml \
  >"$folder/paynow-bridge-$version.cdx.json"
(cd "$root" && "${CARGO:-cargo}" package --quiet --locked --allow-dirty --no-verify --package paynow-bridge \
  --target-dir "$folder/crate-build")
mv "$folder/crate-build/package/paynow-bridge-$version.crate" "$folder/"
rm -rf "$folder/crate-build"
if [ -d "$folder/maven" ]; then
  rm -f "$folder/paynow-bridge-$version-maven.zip"
  chmod -R u=rwX,go=rX "$folder/maven"
  find "$folder/maven" -exec touch -h -d "@$epoch" {} +
  (cd "$folder/maven" && find dev | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$folder/paynow-bridge-$version-maven.zip")
fi
