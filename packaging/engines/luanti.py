"""Checks what ContentDB and Luanti read of a mod beside its code: luanti.py MOD. Prints each fault."""

import json
import pathlib
import struct
import sys

mod = pathlib.Path(sys.argv[1])
faults = []

# https://content.luanti.org/help/package_config/
texts = ["type", "title", "name", "short_description", "dev_state", "license", "media_license", "long_description", "repo"]
texts += ["website", "issue_tracker", "video_url", "donate_url", "translation_url"]
known = dict.fromkeys(texts, str) | {"tags": list, "content_warnings": list, "forums": int}
about = json.loads((mod / ".cdb.json").read_text(encoding="utf-8"))
for key, value in about.items():
    if not isinstance(value, known.get(key, ())):
        faults.append(f".cdb.json: {key} is not known, or not of its kind")
for key in ["type", "title", "name", "short_description", "dev_state", "license", "media_license", "long_description"]:
    if not about.get(key):
        faults.append(f".cdb.json has no {key}")

settings = {}
for line in (mod / "mod.conf").read_text(encoding="utf-8").splitlines():
    name, equals, value = line.partition(" = ")
    if not equals or not value:
        faults.append(f"mod.conf: {line}")
    settings[name] = value
for key in ["name", "title", "description", "min_minetest_version", "license", "author"]:
    if key not in settings:
        faults.append(f"mod.conf has no {key}")
for key, other in {"name": "name", "title": "title", "description": "short_description"}.items():
    if settings.get(key) != about.get(other):
        faults.append(f"mod.conf and .cdb.json differ in {key}")

picture = mod / "screenshot.png"
if picture.exists():
    start = picture.read_bytes()[:24]
    width, height = struct.unpack(">II", start[16:24])
    # Luanti shows it at 3 to 2; ContentDB wants no less than this.
    if start[:8] != b"\x89PNG\r\n\x1a\n" or width < 300 or height < 200:
        faults.append(f"screenshot.png is {width} by {height}, or no PNG")
else:
    faults.append("there is no screenshot.png")

print("\n".join(faults))
sys.exit(1 if faults else 0)
