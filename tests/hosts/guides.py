"""Checks that the guides show what the tests run.

  guides.py DOCS ROOT OUT    reports each guide in DOCS; writes the commands to be run to OUT/GUIDE.sh

Each block of code between fences is marked by the line above it:

  <!-- quoted from FILE -->    it stands in that file, letter by letter
  <!-- run -->                 shell commands, which are run
  (or it is a drawing: its language is "text")

Functions of the library that a guide names are in the header, and links lead somewhere.
"""

import pathlib
import re
import sys

docs, root, out = map(pathlib.Path, sys.argv[1:])
header = (root / "include/paynow_bridge.h").read_text(encoding="utf-8")
problems = []
quotes = 0

for guide in sorted(docs.glob("*.md")):
    text = guide.read_text(encoding="utf-8")
    commands = ""

    def report(what):
        problems.append(f"{guide.name}: {what}")

    for mark, language, block in re.findall(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w*)\n(.*?)^```$", text, re.M | re.S):
        first = block.splitlines()[0]
        if quoted := re.fullmatch("quoted from (.*)", mark):
            quotes += 1
            source = root / quoted[1]
            if not source.is_file():
                report(f"there is no {quoted[1]} to quote")
            elif block not in source.read_text(encoding="utf-8"):
                report(f"not what {quoted[1]} says: {first}")
        elif mark == "run":
            commands += block
        elif language != "text":
            report(f"shown and not tested: {first}")
    for name in set(re.findall(r"`(paynow_[a-z0-9_]+|PAYNOW_E_[A-Z0-9_]+)(?:\(\))?`", text)):
        if not re.search(rf"\b{name}\b", header):
            report(f"the header has no {name}")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not (guide.parent / link).exists():
            report(f"leads nowhere: {link}")
    if commands:
        (out / f"{guide.stem}.sh").write_text(commands, encoding="utf-8")

print(f"{quotes} quotations")
for problem in problems:
    print(problem)
sys.exit(1 if problems or quotes == 0 else 0)
