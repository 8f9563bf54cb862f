#!/bin/sh
# Writes another version wherever the version stands: packaging/set-version.sh VERSION
#
# packaging/versions.txt says where that is; the lock files are known. What else belongs to a new version is for a person to
# write: the section in CHANGELOG.md, and what users must change. Fails when a place is not as the list says, and then changes nothing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
cd "$root"
if [ $# -ne 1 ] || ! printf '%s\n' "$1" | grep -Eqx '[0-9]+\.[0-9]+\.[0-9]+'; then
  echo 'usage: set-version.sh MAJOR.MINOR.PATCH' >&2
  exit 2
fi
python3 - "$1" <<'PYTHON'
import pathlib, re, sys

new = sys.argv[1]
manifest = pathlib.Path("Cargo.toml").read_text()
old = re.search(r'^version = "([^"]*)"', manifest, re.MULTILINE)[1]
texts = {}


def filled(template, version):
    return template.replace("VERSION", version).replace("MINOR", version.rpartition(".")[0])


for line in pathlib.Path("packaging/versions.txt").read_text().splitlines():
    if line.startswith("#"):
        continue
    count, name, template = line.split(" ", 2)
    text = texts.get(name) or pathlib.Path(name).read_text()
    found = text.count(filled(template, old))
    if found != int(count):
        sys.exit(f"set-version: {name} says {filled(template, old)} {found} times, not {count}")
    texts[name] = text.replace(filled(template, old), filled(template, new))
for name in ("Cargo.lock", "fuzz/Cargo.lock"):
    text = pathlib.Path(name).read_text()
    texts[name] = re.sub(rf'^(name = "paynow-[a-z-]+"\nversion = "){re.escape(old)}"', rf'\g<1>{new}"', text, flags=re.MULTILINE)
for name, text in texts.items():
    pathlib.Path(name).write_text(text)
print(f"set-version: {old} is now {new} in {len(texts)} files")
PYTHON
