#!/bin/sh
# What goes to a Maven repository, laid out as one: packaging/maven.sh FOLDER [MAVEN-OPTION...]
#
# Builds parent, api, common and the plugins, with sources and documentation, and checks them by Maven Central's rules. All is the
# same to the byte when built again. -Dpaynow.native=FILE or -Dpaynow.natives=FOLDER puts libraries into the API's jar.
#   MVN                  Maven                                             (mvn)
#   PAYNOW_SIGNING_KEY   the key gpg signs each file with; without, nothing is signed
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
if [ $# -lt 1 ]; then
  echo 'usage: maven.sh FOLDER [MAVEN-OPTION...]' >&2
  exit 2
fi
folder=$1
shift
modules='api common bukkit bungeecord velocity'
version=$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"/\1/p' "$root/Cargo.toml")

# What an earlier build put beside the classes would come along.
rm -rf "$root/java-shim/api/target/classes/dev/paynowbridge/natives"
"${MVN:-mvn}" -B -ntp -q -f "$root/java-shim/pom.xml" -P publish -pl "$(echo "$modules" | sed 's/ /,/g')" -am package -DskipTests "$@"

rm -rf "$folder"
put() { # ARTIFACT FROM NAME
  to=$folder/dev/paynowbridge/$1/$version
  mkdir -p "$to"
  case $3 in *.jar) with_the_same_modes "$2" "$to/$3" ;; *) cp "$2" "$to/$3" ;; esac
}
# Maven's archives hold who may read each file here, which depends on the umask; those that were shaded do not.
with_the_same_modes() { # FROM TO
  python3 - "$1" "$2" <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as old, zipfile.ZipFile(sys.argv[2], "w") as new:
    for entry in old.infolist():
        content = old.read(entry)
        if entry.create_system == 3:
            entry.external_attr = (0o40755 << 16 | 0x10) if entry.is_dir() else 0o100644 << 16
        new.writestr(entry, content)
END
}
put paynow-bridge-parent "$root/java-shim/pom.xml" "paynow-bridge-parent-$version.pom"
for module in $modules; do
  name=paynow-bridge-$module
  put "$name" "$root/java-shim/$module/pom.xml" "$name-$version.pom"
  for kind in '' -sources -javadoc; do
    put "$name" "$root/java-shim/$module/target/$name-$version$kind.jar" "$name-$version$kind.jar"
  done
done
signed=
if [ -n "${PAYNOW_SIGNING_KEY:-}" ]; then
  signed=--signed
  find "$folder" -type f | LC_ALL=C sort | while IFS= read -r file; do
    gpg --batch --yes --armor --local-user "$PAYNOW_SIGNING_KEY" --detach-sign "$file"
  done
fi
find "$folder" \( -name '*.jar' -o -name '*.pom' \) | while IFS= read -r file; do
  md5sum "$file" | cut -d ' ' -f 1 | tr -d '\n' >"$file.md5"
  sha1sum "$file" | cut -d ' ' -f 1 | tr -d '\n' >"$file.sha1"
done
# shellcheck disable=SC2086 # an option or nothing
python3 "$here/check-maven.py" $signed "$folder"
