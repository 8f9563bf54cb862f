#!/bin/sh
# Says what a release still lacks, and changes nothing: packaging/release-check.sh
#
# Looks at the tree, at the last commit, and at what `make dist` left in target/dist. Exits with 1 when something is missing.
#   PAYNOW_SIGNING_KEY   the key releases are signed with
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
dist=${PAYNOW_DIST:-$root/target/dist}
cd "$root" || exit 2
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
there=0
missing=0

has() { # WHAT COMMAND...
  what=$1
  shift
  if "$@" >/dev/null 2>&1; then
    printf 'ok      %s\n' "$what"
    there=$((there + 1))
  else
    lacks "$what" "${hint:-}"
  fi
}
lacks() { # WHAT HINT
  printf 'missing %s%s\n' "$1" "${2:+: $2}"
  missing=$((missing + 1))
}

# --- the version, in every file ---

# packaging/versions.txt says how often a text with it stands in which file.
while read -r count file text; do
  case $count in '#'*) continue ;; esac
  wanted=$(printf '%s\n' "$text" | sed "s/VERSION/$version/g; s/MINOR/${version%.*}/g")
  found=$(grep -oF -e "$wanted" "$file" | grep -c .)
  if [ "$found" -eq "$count" ]; then
    printf 'ok      %s in %s\n' "$wanted" "$file"
    there=$((there + 1))
  else
    lacks "$wanted in $file" "it stands there $found times, not $count: packaging/set-version.sh writes it"
  fi
done <packaging/versions.txt
for file in Cargo.lock fuzz/Cargo.lock; do
  hint='cargo metadata writes it'
  has "version $version in $file" sh -c 'grep -A 1 "^name = \"paynow-bridge\"" "$1" | grep -qF "\"$2\""' - "$file" "$version"
done

# --- what is written about it ---

hint="move what is under Unreleased below ## $version"
has "a section $version in CHANGELOG.md" grep -q "^## \[\{0,1\}$version" CHANGELOG.md
for file in Cargo.toml java-shim/pom.xml packaging/sites/modrinth.md packaging/sites/hangar.md packaging/sites/spigotmc.bbcode; do
  if grep -q 'paynowbridge\.dev[]/<">]' "$file"; then
    lacks "an address of the project in $file" 'https://paynowbridge.dev is a placeholder'
  else
    printf 'ok      an address of the project in %s\n' "$file"
    there=$((there + 1))
  fi
done

# --- the commit ---

clean() { [ -z "$(git status --porcelain)" ]; }
tagged() { [ "$(git rev-parse -q --verify "refs/tags/v$version^{commit}")" = "$(git rev-parse HEAD)" ]; }
signed_tag() { git verify-tag "v$version"; }
hint='commit or remove what is changed'
has 'a clean tree' clean
hint="git tag --sign v$version"
has "the tag v$version at this commit" tagged
has 'a signature of the tag' signed_tag

# --- what is handed out ---

hint='run make dist'
has "$dist/SHA256SUMS" test -s "$dist/SHA256SUMS"
sums() { (cd "$dist" && sha256sum --check --quiet --strict SHA256SUMS); }
has 'files that are what SHA256SUMS says' sums
for target in linux-x86_64 linux-i686 linux-aarch64 linux-x86_64-musl linux-aarch64-musl macos-aarch64 macos-x86_64; do
  has "the archive of $target" grep -q " paynow_bridge-$version-$target.tar.gz$" "$dist/SHA256SUMS"
done
has 'the archive of windows-x86_64' grep -q " paynow_bridge-$version-windows-x86_64.zip$" "$dist/SHA256SUMS"
for file in "paynow-bridge-api-$version.jar" "paynow-bridge-bukkit-$version.jar" "paynow-bridge-bungeecord-$version.jar" \
  "paynow-bridge-velocity-$version.jar" "paynow-bridge-$version-maven.zip" "paynow-bridge-$version.crate" \
  "paynow-bridge-$version.cdx.json" THIRD-PARTY-NOTICES.txt; do
  has "$file" grep -qF " $file" "$dist/SHA256SUMS"
done
has 'jars that keep the rules of Maven Central' python3 "$here/check-maven.py" "$dist/maven"

# --- signatures ---

hint='name it in PAYNOW_SIGNING_KEY'
key_is_there() { [ -n "${PAYNOW_SIGNING_KEY:-}" ] && gpg --batch --list-secret-keys "$PAYNOW_SIGNING_KEY"; }
has 'a key to sign with' key_is_there
hint='run make dist with PAYNOW_SIGNING_KEY'
has 'a signature of each file for Maven Central' python3 "$here/check-maven.py" --signed "$dist/maven"
hint="gpg --armor --detach-sign $dist/SHA256SUMS"
has 'a signature of SHA256SUMS' gpg --batch --verify "$dist/SHA256SUMS.asc" "$dist/SHA256SUMS"

printf 'release-check: %s there, %s missing\n' "$there" "$missing"
[ "$missing" -eq 0 ]
