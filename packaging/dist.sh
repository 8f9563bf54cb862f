#!/bin/sh
# Makes what a release is made of: packaging/dist.sh [TARGET...]
#
# For each target: built, checked (check.sh), run (run-target.sh; macOS cannot be), and only then packed. Leaves in target/dist:
#   paynow_bridge-VERSION-TARGET.tar.gz or .zip   library, headers, CMake package, pkg-config files, licences; pnb, its
#                                                 manual pages and completions
#   natives/dev/paynowbridge/natives/…            the libraries as the Java jar carries them, with their checksums
#   paynow-bridge-api-, -bukkit-, -bungeecord- and -velocity-VERSION.jar
#                                                 the Java API and the plugins, with all of those inside
#   paynow-bridge-VERSION-ENGINE.zip              for SourceMod, Garry's Mod, Source games and Luanti (engines.sh)
#   paynow-bridge-VERSION-maven.zip               what Maven Central takes: jars, sources, documentation, sums
#   paynow-bridge-VERSION.crate                   what crates.io takes
#   paynow-bridge-VERSION.cdx.json                what all of it is made of, as CycloneDX
#   THIRD-PARTY-NOTICES.txt                       the licences of that
#   SHA256SUMS                                    of all of these
# A target that cannot be had here is named with its reason: `skip TARGET: REASON`. Any failure fails the whole.
#   PAYNOW_SANDBOX_BIN   the sandbox program                                (target/release/paynow-sandbox)
#   PAYNOW_DIST_OFFLINE  set: nothing is fetched, what is there has to do
#   SOURCE_DATE_EPOCH    the time of all files in the archives              (that of the last commit)
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
dist=$root/target/dist
tools=${PAYNOW_DIST_TOOLS:-$root/target/dist-tools}
export PAYNOW_SANDBOX_BIN="${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}"
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
[ $# -gt 0 ] || set -- linux-x86_64 linux-i686 linux-aarch64 linux-x86_64-musl linux-aarch64-musl windows-x86_64 macos-aarch64 macos-x86_64

if [ ! -x "$PAYNOW_SANDBOX_BIN" ]; then
  echo "dist: there is no sandbox at $PAYNOW_SANDBOX_BIN: build it first" >&2
  exit 1
fi
mkdir -p "$dist"
if [ -z "${PAYNOW_DIST_OFFLINE:-}" ]; then sh "$here/toolchain.sh"; fi

packed=0
failed=0
skipped=0
triples=
fail() {
  printf 'FAIL %s: %s\n' "$1" "$2"
  failed=$((failed + 1))
}

triple_of() {
  case $1 in
    linux-x86_64-musl) echo x86_64-unknown-linux-musl ;;
    linux-aarch64-musl) echo aarch64-unknown-linux-musl ;;
    linux-*) echo "${1#linux-}-unknown-linux-gnu" ;;
    windows-x86_64) echo x86_64-pc-windows-gnu ;;
    macos-*) echo "${1#macos-}-apple-darwin" ;;
  esac
}

pack() { # TARGET
  name=paynow_bridge-$version-$1
  folder=$dist/$1/$name
  notices=$dist/$1/THIRD-PARTY-NOTICES.txt
  rm -rf "$folder"
  PAYNOW_CLI_DIR=$dist/$1/cli
  [ -d "$PAYNOW_CLI_DIR" ] || PAYNOW_CLI_DIR=
  export PAYNOW_CLI_DIR
  sh "$here/notices.sh" "$(triple_of "$1")" >"$notices" || return 1
  case $1 in
    windows-*)
      printf '\n\nThe runtime of MinGW-w64\n\n' >>"$notices"
      cat "$tools/debian/usr/share/doc/mingw-w64-common/copyright" >>"$notices" || return 1
      ;;
  esac
  PAYNOW_TARGET=$1 PAYNOW_LIB_DIR=$dist/$1/lib PAYNOW_NOTICES=$notices sh "$here/install.sh" "$folder" || return 1
  # Nor do archives hold the umask.
  chmod -R u=rwX,go=rX "$folder"
  find "$folder" -exec touch -h -d "@$epoch" {} +
  case $1 in
    windows-*) (cd "$dist/$1" && find "$name" | LC_ALL=C sort | TZ=UTC zip -q -X -@ "$dist/$name.zip") ;;
    *)
      # Without a time of its own in gzip's header: the same files make the same archive.
      tar -C "$dist/$1" --sort=name --owner=0 --group=0 --numeric-owner -cf - "$name" | gzip -9n >"$dist/$name.tar.gz"
      ;;
  esac
}

# As NativeLibrary.java looks for it.
lay_out_for_java() { # TARGET
  case $1 in
    windows-*) file=paynow_bridge.dll ;;
    macos-*) file=libpaynow_bridge.dylib ;;
    *) file=libpaynow_bridge.so ;;
  esac
  natives=$dist/natives/dev/paynowbridge/natives/$1
  mkdir -p "$natives"
  cp "$dist/$1/lib/$file" "$natives/$file"
  sha256sum "$natives/$file" | cut -d ' ' -f 1 >"$natives/$file.sha256"
}

for target in "$@"; do
  # What an earlier run left is not what this one makes.
  rm -f "$dist/paynow_bridge-$version-$target.tar.gz" "$dist/paynow_bridge-$version-$target.zip"
  rm -rf "$dist/natives/dev/paynowbridge/natives/$target" "$dist/$target/cli"
  status=0
  sh "$here/build-target.sh" "$target" || status=$?
  if [ "$status" -eq 77 ]; then
    skipped=$((skipped + 1))
    continue
  elif [ "$status" -ne 0 ]; then
    fail "$target" 'cannot be built'
    continue
  fi
  sh "$here/check.sh" "$target" "$dist/$target/lib" || { fail "$target" 'is not fit to be handed out'; continue; }
  status=0
  sh "$here/run-target.sh" "$target" "$dist/$target/lib" || status=$?
  if [ "$status" -eq 77 ]; then
    # What can be run is not packed before it was. For macOS a program is linked instead.
    skipped=$((skipped + 1))
    continue
  elif [ "$status" -ne 0 ]; then
    fail "$target" 'does not run'
    continue
  fi
  status=0
  sh "$here/build-cli.sh" "$target" || status=$?
  case $status in
    0) sh "$here/check-cli.sh" "$target" "$dist/$target/cli" || { fail "$target" 'has a pnb that is not fit to be handed out'; continue; } ;;
    # The libraries are handed out without it.
    77) skipped=$((skipped + 1)) && rm -rf "$dist/$target/cli" ;;
    *) fail "$target" 'has a pnb that cannot be built' && continue ;;
  esac
  pack "$target" && lay_out_for_java "$target" || { fail "$target" 'cannot be packed'; continue; }
  packed=$((packed + 1))
  triples="$triples $(triple_of "$target")"
done

if [ ! -d "$dist/natives" ]; then
  : # Nothing for a jar to carry.
elif ! command -v "${MVN:-mvn}" >/dev/null || ! command -v java >/dev/null; then
  printf 'skip jars: there is no Maven or no Java\n'
  skipped=$((skipped + 1))
else
  if sh "$here/jars.sh" >"$dist/jars.log" 2>&1; then packed=$((packed + 1)); else fail jars 'cannot be built or do not work'; fi
  cat "$dist/jars.log"
  skipped=$((skipped + $(grep -c '^skip ' "$dist/jars.log")))
fi

if sh "$here/engines.sh" >"$dist/engines.log" 2>&1; then packed=$((packed + 1)); else fail engines 'cannot be packed or do not work'; fi
cat "$dist/engines.log"
skipped=$((skipped + $(grep -c '^skip ' "$dist/engines.log")))

# shellcheck disable=SC2086 # one target per word
sh "$here/lists.sh" "$dist" "$epoch" $triples || fail lists 'cannot be made'
(cd "$dist" && find . -maxdepth 1 \( -name '*.tar.gz' -o -name '*.zip' -o -name '*.jar' -o -name '*.crate' -o -name '*.cdx.json' \
  -o -name THIRD-PARTY-NOTICES.txt \) | sed 's|^\./||' | LC_ALL=C sort | xargs -r sha256sum >SHA256SUMS && cat SHA256SUMS)
printf 'dist: %s packed, %s failed, %s skipped\n' "$packed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
