#!/usr/bin/env python3
"""Prints what a 64-bit library or program for macOS says of itself, one fact a line: packaging/macho.py FILE

  cpu NAME        type dylib|execute     name INSTALL-NAME     minimum VERSION     rpath PATH     needs LIBRARY     export SYMBOL
  signature ad-hoc|signed|none|broken: WHY    every page's hash is compared with the page

What is cut short or makes no sense ends it with a message and status 1.
"""
import hashlib
import struct
import sys

CPUS = {0x01000007: "x86_64", 0x0100000C: "arm64"}
TYPES = {2: "execute", 6: "dylib"}
# Load commands, by their names in Apple's <mach-o/loader.h>.
ID_DYLIB, CODE_SIGNATURE, VERSION_MIN_MACOSX, BUILD_VERSION = 0xD, 0x1D, 0x24, 0x32
LOADS = {0xC, 0x20, 0x80000018, 0x8000001F, 0x80000023}
RPATH, DYLD_INFO, DYLD_INFO_ONLY, EXPORTS_TRIE = 0x8000001C, 0x22, 0x80000022, 0x80000033
PLATFORM_MACOS = 1
EMBEDDED_SIGNATURE, CODE_DIRECTORY, ADHOC, SHA256 = 0xFADE0CC0, 0xFADE0C02, 0x2, 2


def words(data, order, count, at):
    return struct.unpack_from(f"{order}{count}I", data, at)


def text(data, at):
    return data[at : data.index(b"\0", at)].decode()


def uleb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def exports(trie):
    """The names that the dynamic linker finds: a tree whose edges carry their letters."""
    found, nodes, seen = [], [(0, b"")], set()
    while nodes and trie:
        at, name = nodes.pop()
        if at in seen:
            raise ValueError("its exports go round in circles")
        seen.add(at)
        size, at = uleb(trie, at)
        if size:
            found.append(name.decode().removeprefix("_"))
        at += size
        children = trie[at]
        at += 1
        for _ in range(children):
            end = trie.index(b"\0", at)
            edge = trie[at:end]
            child, at = uleb(trie, end + 1)
            nodes.append((child, name + edge))
    return sorted(found)


def signature(data, start):
    magic, _, count = words(data, ">", 3, start)
    if magic != EMBEDDED_SIGNATURE:
        return "broken: it is none"
    verdict = "broken: it covers no code"
    for index in range(count):
        at = start + words(data, ">", 2, start + 12 + 8 * index)[1]
        if words(data, ">", 1, at)[0] != CODE_DIRECTORY:
            continue
        _, _, _, flags, hashes, _, _, pages, limit = words(data, ">", 9, at)
        width, kind, _, shift = data[at + 36 : at + 40]
        if kind != SHA256 or limit != start:
            return "broken: it does not cover the file with SHA-256"
        page = 1 << shift
        if pages != -(-limit // page):
            return "broken: it leaves pages out"
        for number in range(pages):
            of_page = hashlib.sha256(data[number * page : min((number + 1) * page, limit)]).digest()
            if of_page[:width] != data[at + hashes + number * width : at + hashes + (number + 1) * width]:
                return f"broken: page {number} was changed after it was signed"
        verdict = "ad-hoc" if flags & ADHOC else "signed"
    return verdict


def facts(data):
    magic, cpu, _, kind, commands = words(data, "<", 5, 0)
    if magic != 0xFEEDFACF:
        raise ValueError("it is not a 64-bit Mach-O file")
    yield "cpu", CPUS.get(cpu, hex(cpu))
    yield "type", TYPES.get(kind, str(kind))
    signed, trie, at = "none", b"", 32
    for _ in range(commands):
        command, size = words(data, "<", 2, at)
        if command in LOADS | {ID_DYLIB, RPATH}:
            key = "name" if command == ID_DYLIB else "rpath" if command == RPATH else "needs"
            yield key, text(data, at + words(data, "<", 1, at + 8)[0])
        elif command in (BUILD_VERSION, VERSION_MIN_MACOSX):
            of = words(data, "<", 2, at + 8)
            version = of[1] if command == BUILD_VERSION else of[0]
            if command == BUILD_VERSION and of[0] != PLATFORM_MACOS:
                yield "minimum", f"platform {of[0]}"
            else:
                yield "minimum", f"{version >> 16}.{version >> 8 & 0xFF}"
        elif command in (DYLD_INFO, DYLD_INFO_ONLY, EXPORTS_TRIE):
            start, length = words(data, "<", 2, at + (8 if command == EXPORTS_TRIE else 40))
            trie = trie or data[start : start + length]
        elif command == CODE_SIGNATURE:
            signed = signature(data, words(data, "<", 1, at + 8)[0])
        if size == 0:
            raise ValueError("a load command has no length")
        at += size
    for name in exports(trie):
        yield "export", name
    yield "signature", signed


def main():
    try:
        with open(sys.argv[1], "rb") as file:
            lines = [f"{key} {value}" for key, value in facts(file.read())]
    except (OSError, ValueError, IndexError, struct.error) as error:
        sys.exit(f"macho: {sys.argv[1]}: {error}")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
