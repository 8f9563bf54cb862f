"""Checks that paynow.inc says all a plugin developer needs, and what the extension does.

  inc.py FOLDER    the folder of paynow.inc, extension.cpp and the example; reports each fault

Each native has a comment with @param for each of its parameters, in their order, @return, and @error. The natives are those
of the extension, and those that are optional without the extension. The example defines nothing that SourceMod's own
include files define: its compiler warns of that from version 1.12 on.
"""

import pathlib
import re
import sys

folder = pathlib.Path(sys.argv[1])
text = (folder / "paynow.inc").read_text(encoding="utf-8")
extension = (folder / "extension.cpp").read_text(encoding="utf-8")
example = (folder / "paynow_example.sp").read_text(encoding="utf-8")
faults = []

declared = {}
for comment, kind, name, parameters in re.findall(
    r"(/\*\*(?:(?!\*/).)*\*/\n)?^native (\w+) (\w+)\(([^)]*)\);", text, re.M | re.S
):
    names = [re.search(r"(\w+)(?:\[\])?(?: = \S+)?$", each.strip())[1] for each in parameters.split(",") if each.strip()]
    declared[name] = names
    said = re.findall(r"^ \* @param (\w+) +\S", comment, re.M)
    if said != names:
        faults.append(f"{name}: the comment has @param for {said}, the native takes {names}")
    for tag in ["return"] * (kind != "void") + ["error"]:
        if not re.search(rf"^ \* @{tag} +\S", comment, re.M):
            faults.append(f"{name}: the comment has no @{tag}")

table = re.search(r"natives\[\] = \{(.*?)nullptr", extension, re.S)[1]
for what, others in {
    "the extension's table": re.findall(r'"(\w+)"', table),
    "the optional natives": re.findall(r'MarkNativeAsOptional\("(\w+)"\)', text),
}.items():
    if others != list(declared):
        faults.append(f"{what}: {sorted(set(others) ^ set(declared)) or 'another order'}")

for name in re.findall(r"^#define (REQUIRE_EXTENSIONS|AUTOLOAD_EXTENSIONS)", example, re.M):
    faults.append(f"the example defines {name}, which SourceMod's core.inc defines")

print(f"{len(declared)} natives")
for fault in faults:
    print(fault)
sys.exit(1 if faults or not declared else 0)
