"""Checks that the guides show what the tests run.

  guides.py DOCS ROOT OUT    names what is wrong with each guide in DOCS; writes the commands to be run to OUT/GUIDE.sh

Each block of code between fences is marked by the line above it:

  <!-- quoted from FILE -->    it stands in that file, letter by letter
  <!-- run -->                 shell commands, which are run
  <!-- to type -->             shell commands that are not run here: they install, or need what the tests have not
  (or it is a drawing, or what a program prints: its language is "text")

Functions of the library that a guide names are in the header, and links lead somewhere. In every page a block that begins ends.
In the guides and beside the examples code is never only indented: in a list that would be shown as text.
"""

import pathlib
import re
import sys

docs, root, out = map(pathlib.Path, sys.argv[1:])
header = (root / "include/paynow_bridge.h").read_text(encoding="utf-8")
own = ("src/runtime/stats.rs", "src/client/metrics.rs", "src/client/dump.rs")
exported = "".join((root / file).read_text(encoding="utf-8") for file in own).replace("\\", "")
problems = []
quotes = 0


def fences(text):
    """What is wrong with the fences of a page, line by line."""
    fence = None
    list_indent = 0
    for number, line in enumerate(text.splitlines(), 1):
        indent = len(line) - len(line.lstrip(" "))
        if mark := re.match(r" *(`{3,}|~{3,})", line):
            if fence is None:
                fence = (number, indent)
                if indent and indent != list_indent:
                    yield f"line {number}: the fence is indented, and not as the list above it"
            elif line.strip().strip("`~"):
                yield f"line {number}: a block begins inside the one of line {fence[0]}"
            else:
                fence = None
        elif fence is None and line.strip():
            if item := re.match(r"( *)(?:[-*+]|\d+[.)]) +", line):
                list_indent = len(item[0])
            elif indent == 0:
                list_indent = 0
            elif indent >= list_indent + 4:
                yield f"line {number}: code that is only indented: {line.strip()}"
    if fence is not None:
        yield f"the block of line {fence[0]} is not closed"


for page in sorted([*root.glob("*.md"), *root.glob("*/*.md"), *root.glob("examples/*/*.md")]):
    for fault in fences(page.read_text(encoding="utf-8")):
        if "only indented" not in fault or page.is_relative_to(docs) or page.is_relative_to(root / "examples"):
            problems.append(f"{page.name} in {page.parent.name}: {fault}")

# What this check must see: lists that turn code into text, and blocks without an end.
assert not list(fences("1. a:\n\n   ```lua\n   x()\n   ```\n"))
assert list(fences("1. a\n2. b:\n\n    x()\n    y()\n\n       z()\n"))
assert list(fences("a:\n\n    x()\n")) and list(fences("```\nx\n")) and list(fences("```\nx\n```sh\ny\n```\n"))

for guide in sorted(docs.glob("*.md")):
    text = guide.read_text(encoding="utf-8")
    commands = ""

    def report(what):
        problems.append(f"{guide.name}: {what}")

    for mark, indent, language, block in re.findall(r"(?:^ *<!-- ([^\n]*) -->\n)?^( *)```(\w*)\n(.*?)^\2```$", text, re.M | re.S):
        # Inside a list the block is indented with it.
        block = re.sub(rf"^{indent}", "", block, flags=re.M)
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
        elif language != "text" and (mark, language) != ("to type", "sh"):
            report(f"shown and not tested: {first}")
    for name in set(re.findall(r"`(paynow_[a-z0-9_]+|PAYNOW_E_[A-Z0-9_]+)(?:\(\))?`", text)):
        metric = re.sub("_(total|info)$", "", name)
        if not re.search(rf"\b{name}\b", header) and f'"{metric}"' not in exported:
            report(f"neither the header nor what is exported has {name}")
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        if not (guide.parent / link).exists():
            report(f"leads nowhere: {link}")
    if commands:
        (out / f"{guide.stem}.sh").write_text(commands, encoding="utf-8")

print(f"{quotes} quotations")
for problem in problems:
    print(problem)
sys.exit(1 if problems or quotes == 0 else 0)
