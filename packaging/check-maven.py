#!/usr/bin/env python3
"""Plays Maven Central's rules on a folder laid out as a repository: check-maven.py FOLDER

Prints each fault with its file and exits with 1 if there is one. With --signed a signature beside each file is a rule too.
The rules are those of https://central.sonatype.org/publish/requirements/, and some more: a module name, one time for all
that is in a jar, no machine's paths, and text that is UTF-8 and was never read as anything else.
"""

import hashlib
import pathlib
import re
import sys
import xml.etree.ElementTree as xml
import zipfile

POM = "{http://maven.apache.org/POM/4.0.0}"
SUMS = {"md5": hashlib.md5, "sha1": hashlib.sha1}
faults = []


def fault(where, what):
    faults.append(f"{where}: {what}")


def text(pom, path):
    element = pom.find("/".join(POM + step for step in path.split("/")))
    return (element.text or "").strip() if element is not None else ""


def inherited(pom, parent, path):
    return text(pom, path) or (text(parent, path) if parent is not None else "")


def each(pom, parent, path):
    steps = "/".join(POM + step for step in path.split("/"))
    return pom.findall(steps) or (parent.findall(steps) if parent is not None else [])


def read(file):
    try:
        return xml.parse(file).getroot()
    except xml.ParseError as error:
        fault(file.name, f"is not XML: {error}")
        return None


def check_fields(where, pom, parent):
    # A module's own name says more than its parent's.
    for field in ("name", "description"):
        if not text(pom, field):
            fault(where, f"has no <{field}>")
    for field in ("url", "scm/connection", "scm/developerConnection", "scm/url"):
        if not inherited(pom, parent, field):
            fault(where, f"has no <{field}>")
    licences = each(pom, parent, "licenses/license")
    if not licences or not all(text(licence, "name") and text(licence, "url") for licence in licences):
        fault(where, "has no <licenses> with name and url")
    developers = each(pom, parent, "developers/developer")
    if not developers or not all(text(one, "name") and text(one, "email") for one in developers):
        fault(where, "has no <developers> with name and email")
    for dependency in pom.findall(f".//{POM}dependency"):
        if text(dependency, "version").endswith("-SNAPSHOT"):
            fault(where, f"depends on a snapshot of {text(dependency, 'artifactId')}")


def check_coordinates(where, pom, parent, folder, root):
    group = inherited(pom, None, "groupId") or text(pom, "parent/groupId")
    artifact = text(pom, "artifactId")
    version = text(pom, "version") or text(pom, "parent/version")
    expected = pathlib.Path(*group.split("."), artifact, version)
    if folder.relative_to(root) != expected:
        fault(where, f"lies in {folder.relative_to(root)}, and belongs into {expected}")
    if "${" in group + artifact + version or not version:
        fault(where, "has coordinates that are not plain")
    if version.endswith("-SNAPSHOT"):
        fault(where, "is a snapshot")


def check_jar(file, needed, what, built):
    if not file.exists():
        fault(file.name, "is missing")
        return []
    with zipfile.ZipFile(file) as jar:
        names = jar.namelist()
        if not any(needed(name) for name in names):
            fault(file.name, f"holds no {what}")
        late = [entry.filename for entry in jar.infolist() if built and entry.date_time > built]
        if late:
            fault(file.name, f"holds {late[0]}, younger than the build's time: it cannot be built again to the same bytes")
        if len(set(names)) != len(names):
            fault(file.name, "holds a file twice")
        # What a program puts in place of a letter that it cannot read.
        unread = [name for name in names if name.endswith((".html", ".java")) and "\ufffd" in jar.read(name).decode(errors="replace")]
        if unread:
            fault(file.name, f"holds {unread[0]}, whose letters were lost")
    return names


def build_time(pom, parent):
    """As a jar writes it down: seconds in steps of two."""
    stamp = inherited(pom, parent, "properties/project.build.outputTimestamp")
    numbers = re.fullmatch(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)Z", stamp)
    return tuple(int(number) for number in numbers.groups()) if numbers else None


def check_module(file):
    with zipfile.ZipFile(file) as jar:
        manifest = jar.read("META-INF/MANIFEST.MF").decode() if "META-INF/MANIFEST.MF" in jar.namelist() else ""
        if "module-info.class" not in jar.namelist() and "Automatic-Module-Name: " not in manifest:
            fault(file.name, "has no module name")


def check_sources(file, names, sources):
    """Each of our classes has its source; what is shaded in has it elsewhere."""
    own = {name for name in sources if name.endswith(".java")}
    packages = {name.rpartition("/")[0] for name in own}
    for name in names:
        folder, _, leaf = name.rpartition("/")
        if name.endswith(".class") and "$" not in leaf and folder and folder in packages:
            if f"{folder}/{leaf[: -len('.class')]}.java" not in own:
                fault(file.name, f"has {name}, and no source of it")


def check_sums(file):
    for kind, digest in SUMS.items():
        sum_file = file.with_name(f"{file.name}.{kind}")
        if not sum_file.exists():
            fault(file.name, f"has no .{kind}")
        elif sum_file.read_text().split()[0] != digest(file.read_bytes()).hexdigest():
            fault(file.name, f"is not what its .{kind} says")


def check(root, signed):
    poms = sorted(root.rglob("*.pom"))
    if not poms:
        fault(root.name, "holds no .pom")
    by_name = {pom.name: read(pom) for pom in poms}
    for file in poms:
        pom = by_name[file.name]
        if pom is None:
            continue
        parent = None
        if text(pom, "parent/artifactId"):
            parent_name = f"{text(pom, 'parent/artifactId')}-{text(pom, 'parent/version')}.pom"
            parent = by_name.get(parent_name)
            if parent is None:
                fault(file.name, f"has a parent that is not there: {parent_name}")
        check_fields(file.name, pom, parent)
        check_coordinates(file.name, pom, parent, file.parent, root)
        if text(pom, "packaging") != "pom":
            stem = file.name[: -len(".pom")]
            built = build_time(pom, parent)
            if built is None:
                fault(file.name, "has no project.build.outputTimestamp")
            jar = file.with_name(f"{stem}.jar")
            names = check_jar(jar, lambda name: name.endswith(".class"), "class", built)
            sources = check_jar(file.with_name(f"{stem}-sources.jar"), lambda name: name.endswith(".java"), "source", built)
            check_jar(file.with_name(f"{stem}-javadoc.jar"), lambda name: name == "index.html", "index.html", built)
            if names:
                check_module(jar)
            if names and sources:
                check_sources(jar, names, sources)
    for file in sorted(root.rglob("*")):
        if file.suffix in (".pom", ".jar"):
            check_sums(file)
            if signed and not file.with_name(f"{file.name}.asc").exists():
                fault(file.name, "has no signature (.asc)")
    return len(poms)


def main():
    signed = "--signed" in sys.argv
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    if len(folders) != 1:
        sys.exit("usage: check-maven.py [--signed] FOLDER")
    count = check(pathlib.Path(folders[0]), signed)
    for line in faults:
        print(f"FAIL {line}")
    print(f"maven: {count} modules checked, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
