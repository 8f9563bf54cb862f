"""Writes the smallest map (IBSP 46) that an ioquake3 server loads: one empty leaf, nothing to see and nothing to hit."""

import struct
import sys

LUMPS = 17
entities = b'{\n"classname" "worldspawn"\n}\n\0'
shader = struct.pack("<64sii", b"noshader", 0, 0)
planes = struct.pack("<4f", 1, 0, 0, 0) + struct.pack("<4f", -1, 0, 0, 0)
bounds = (-1024, -1024, -1024, 1024, 1024, 1024)
node = struct.pack("<i2i6i", 0, -1, -1, *bounds)  # both sides of plane 0 are leaf 0
leaf = struct.pack("<2i6i4i", 0, 0, *bounds, 0, 0, 0, 0)
model = struct.pack("<6f4i", *bounds, 0, 0, 0, 0)
contents = {0: entities, 1: shader, 2: planes, 3: node, 4: leaf, 7: model}

offset = 8 + 8 * LUMPS
directory, body = b"", b""
for lump in range(LUMPS):
    data = contents.get(lump, b"")
    directory += struct.pack("<2i", offset + len(body), len(data))
    body += data + bytes(-len(data) % 4)
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<4si", b"IBSP", 46) + directory + body)
