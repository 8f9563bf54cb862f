#!/bin/sh
# Builds a release for one target twice, in two clones, and fails when a byte differs: packaging/twice.sh [TARGET]
#
# The clones hold what is committed, in folders whose names have not the same length. The second one is built with another
# home, another umask, time zone and language, and cargo's home under another name, so that none of these gets into a file. Compared
# is all that SHA256SUMS names: the archive with both libraries and pnb, the jars, the bundle for Maven Central, the crate,
# the parts and the notices. What differs is named, with the file inside the archive.
#   TARGET               as for dist.sh                       (linux-x86_64, or what this machine is)
#   PAYNOW_SANDBOX_BIN   the sandbox program                  (target/release/paynow-sandbox)
#   PAYNOW_DIST_TOOLS    what toolchain.sh gets                (target/dist-tools)
# Compilers, Maven, JDK and cargo's sources are those of this machine both times.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
target=${1:-linux-$(uname -m)}
work=$root/target/twice
export PAYNOW_DIST_TOOLS="${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}"
export PAYNOW_SANDBOX_BIN="${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}"
export PAYNOW_DIST_OFFLINE=yes
unset PAYNOW_SIGNING_KEY SOURCE_DATE_EPOCH CARGO_TARGET_DIR RUSTFLAGS

sh "$here/toolchain.sh" zig
if [ -n "$(git -C "$root" status --porcelain --untracked-files=no)" ]; then
  echo 'twice: what is not committed is left out'
fi
# What is committed meanwhile is in neither.
commit=$(git -C "$root" rev-parse HEAD)
cargo_home=${CARGO_HOME:-$HOME/.cargo}
rm -rf "$work"
mkdir -p "$work/another/cargo" "$work/another/home"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
# The same programs and sources under other names.
ln -s "$cargo_home"/* "$work/another/cargo/"
for each in "$HOME/.m2" "${RUSTUP_HOME:-$HOME/.rustup}"; do
  if [ -e "$each" ]; then ln -s "$each" "$work/another/home/"; fi
done

build() { # CLONE NAME=VALUE...
  clone=$1
  shift
  git clone -q "$root" "$clone"
  git -C "$clone" checkout -q --detach "$commit"
  if ! env "$@" sh "$clone/packaging/dist.sh" "$target" >"$work/log" 2>&1 || ! grep -q '^dist: .* 0 failed' "$work/log"; then
    cat "$work/log"
    echo 'FAIL twice: it cannot be built'
    exit 1
  fi
  grep '^skip ' "$work/log" || :
}
first=$work/one
second=$work/another/folder/two
build "$first" LC_ALL=C TZ=UTC
(umask 077 && build "$second" LC_ALL=C.UTF-8 TZ=Asia/Kathmandu "HOME=$work/another/home" "CARGO_HOME=$work/another/cargo")

# --- comparing ---

# Unpacks an archive of an archive as well.
unpack() { # FILE FOLDER
  mkdir -p "$2"
  case $1 in
    *.tar.gz | *.crate) tar -C "$2" -xzf "$1" ;;
    *.zip | *.jar) unzip -q "$1" -d "$2" ;;
    *) return 1 ;;
  esac
}
explain() { # FILE
  if ! unpack "$first/target/dist/$1" "$work/a" || ! unpack "$second/target/dist/$1" "$work/b"; then
    diff "$first/target/dist/$1" "$second/target/dist/$1" | head -n 5
  elif diff -rq "$work/a" "$work/b" >"$work/differences"; then
    echo '  the files in it are the same: order, times or modes differ'
  else
    sed "s|$work/||g; s/^/  /" "$work/differences"
  fi
  rm -rf "$work/a" "$work/b"
}

sums=target/dist/SHA256SUMS
same=0
faults=0
for file in $(cat "$first/$sums" "$second/$sums" | sed 's/^[^ ]* *//' | LC_ALL=C sort -u); do
  if [ "$(grep " $file\$" "$first/$sums")" = "$(grep " $file\$" "$second/$sums")" ]; then
    printf 'same    %s\n' "$file"
    same=$((same + 1))
  else
    printf 'differs %s\n' "$file"
    explain "$file"
    faults=$((faults + 1))
  fi
done
# What was not made was not compared.
for kind in "paynow_bridge-.*-$target\.\(tar\.gz\|zip\)" 'paynow-bridge-api-.*\.jar' 'paynow-bridge-bukkit-.*\.jar' \
  'paynow-bridge-bungeecord-.*\.jar' 'paynow-bridge-velocity-.*\.jar' '.*-maven\.zip' '.*\.crate' '.*\.cdx\.json' 'THIRD-PARTY-NOTICES\.txt'; do
  if ! grep -q "  $kind\$" "$first/$sums"; then
    printf 'missing %s\n' "$kind"
    faults=$((faults + 1))
  fi
done
printf 'twice: %s files are the same, %s differ or are missing\n' "$same" "$faults"
[ "$faults" -eq 0 ]
