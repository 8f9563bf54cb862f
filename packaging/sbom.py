#!/usr/bin/env python3
"""Prints what the library and pnb are made of, as CycloneDX 1.5 in JSON: sbom.py --target RUST-TARGET...

What is linked comes from cargo, as in notices.sh: neither build scripts nor macros are. With --java-dependencies POM, what the
Java modules bring along is listed too. The same sources give the same bytes: the serial number is made of what is listed, and
the time is SOURCE_DATE_EPOCH, or that of the last commit.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import tomllib
import uuid
import xml.etree.ElementTree as xml

ROOT = pathlib.Path(__file__).resolve().parent.parent
OWN = ("paynow-bridge", "paynow-cli")
POM = "{http://maven.apache.org/POM/4.0.0}"
# Of what is in the jars of others; the licence is in their POM, which need not be on this machine.
JAVA_LICENCES = {"org.snakeyaml:snakeyaml-engine": "Apache-2.0", "org.jspecify:jspecify": "Apache-2.0"}
# For compilers only.
NOT_HANDED_OUT = "org.jspecify:jspecify"


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def cargo():
    return os.environ.get("CARGO", "cargo")


def linked(targets):
    """Names and versions of the crates that end up in what is handed out."""
    found = set()
    for target in targets:
        for package in OWN:
            tree = run(cargo(), "tree", "--locked", "--package", package, "--edges", "normal,no-proc-macro",
                       "--prefix", "none", "--format", "{p}", "--target", target)
            found |= {(match[1], match[2]) for match in re.finditer(r"^(\S+) v(\S+)", tree, re.MULTILINE)}
    return {crate for crate in found if not crate[0].startswith("paynow-")}


def sums():
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    return {(package["name"], package["version"]): package.get("checksum") for package in lock["package"]}


def crate_component(package, checksum):
    component = {
        "type": "library",
        "bom-ref": f"pkg:cargo/{package['name']}@{package['version']}",
        "name": package["name"],
        "version": package["version"],
        "scope": "required",
        "licenses": [{"expression": package["license"].replace("/", " OR ")}],
        "purl": f"pkg:cargo/{package['name']}@{package['version']}",
    }
    if package.get("description"):
        component["description"] = " ".join(package["description"].split())
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package.get("repository"):
        component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return component


def java_components(poms):
    """What the POM of a published module names for compiling and running, without what is ours."""
    versions = {}
    for file in poms:
        pom = xml.parse(file).getroot()
        if pom.findtext(f"{POM}properties/{POM}maven.deploy.skip") == "true":
            continue
        for dependency in pom.iter(f"{POM}dependency"):
            group, artifact, version, scope = (
                (dependency.findtext(f"{POM}{field}") or "") for field in ("groupId", "artifactId", "version", "scope"))
            if f"{group}:{artifact}" in JAVA_LICENCES and version:
                versions[group, artifact] = version
            elif group not in ("dev.paynowbridge", "org.junit", "org.junit.jupiter", "${bukkit.groupId}", "${velocity.groupId}") and version:
                if scope not in ("test", "provided"):
                    sys.exit(f"sbom: the licence of {group}:{artifact} is not known, see JAVA_LICENCES")
    return [
        {
            "type": "library",
            "bom-ref": f"pkg:maven/{group}/{artifact}@{version}",
            "group": group,
            "name": artifact,
            "version": version,
            "scope": "optional" if f"{group}:{artifact}" == NOT_HANDED_OUT else "required",
            "licenses": [{"expression": JAVA_LICENCES[f"{group}:{artifact}"]}],
            "purl": f"pkg:maven/{group}/{artifact}@{version}",
        }
        for (group, artifact), version in sorted(versions.items())
    ]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--java-dependencies", nargs="*", default=[], metavar="POM")
    parser.add_argument("--target", nargs="+", required=True, metavar="RUST-TARGET")
    arguments = parser.parse_args()

    metadata = json.loads(run(cargo(), "metadata", "--locked", "--format-version", "1"))
    packages = {package["id"]: package for package in metadata["packages"]}
    wanted = linked(arguments.target)
    checksums = sums()
    named = {(package["name"], package["version"]): package for package in packages.values()}
    for name, version in sorted(wanted):
        if not named[name, version].get("license"):
            sys.exit(f"sbom: {name} {version} names no licence")
    components = [crate_component(named[crate], checksums.get(crate)) for crate in sorted(wanted)]

    version = next(package["version"] for package in packages.values() if package["name"] == OWN[0])
    root = f"pkg:cargo/{OWN[0]}@{version}"

    def reference(identity):
        package = packages[identity]
        crate = (package["name"], package["version"])
        return f"pkg:cargo/{crate[0]}@{crate[1]}" if crate in wanted else None

    dependencies = []
    for node in metadata["resolve"]["nodes"]:
        package = packages[node["id"]]
        of = root if package["name"] == OWN[0] else reference(node["id"])
        if of:
            normal = {reference(each["pkg"]) for each in node["deps"] if any(kind["kind"] is None for kind in each["dep_kinds"])}
            dependencies.append({"ref": of, "dependsOn": sorted(normal - {None})})
    java = java_components(arguments.java_dependencies)
    dependencies += [{"ref": component["bom-ref"], "dependsOn": []} for component in java]
    components += java

    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or run("git", "log", "-1", "--format=%ct"))
    bom = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch)),
            "component": {
                "type": "library",
                "bom-ref": root,
                "name": OWN[0],
                "version": version,
                "licenses": [{"expression": "MIT OR Apache-2.0"}],
                "purl": root,
            },
            "properties": [{"name": "paynow-bridge:target", "value": target} for target in sorted(arguments.target)],
        },
        "components": components,
        "dependencies": sorted(dependencies, key=lambda each: each["ref"]),
    }
    content = hashlib.sha256(json.dumps(bom, sort_keys=True).encode()).hexdigest()
    bom["serialNumber"] = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}"
    json.dump(bom, sys.stdout, indent=2)
    print()


main()
