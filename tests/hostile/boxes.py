# SPDX-License-Identifier: MIT
"""Bad pictures in the boxes of ISO base media files, for family_heic and family_avif. The sound ones are
in tests/pictures: no encoder is needed."""

import pathlib
import struct

from common import ANY, BAD, OK, cut, damaged

PICTURES = pathlib.Path(__file__).resolve().parents[1] / "pictures"
# Boxes of boxes, and the bytes before the first of them.
NESTED = {b"meta": 4, b"iprp": 0, b"ipco": 0, b"iinf": 6, b"iref": 4, b"moov": 0}


def walk(data, start=0, end=None):
    """(place, size, kind) of all boxes, outer ones first."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack(">I4s", data[start:start + 8])
        if size < 8 or start + size > end:
            return
        yield start, size, kind
        if kind in NESTED:
            yield from walk(data, start + 8 + NESTED[kind], start + size)
        start += size


def patched(data, at, replacement):
    return data[:at] + replacement + data[at + len(replacement):]


def boxes(name, data):
    """Each box with another size or name, with another in its place, and each of its bytes with
    another value."""
    for place, size, kind in list(walk(data)):
        what = f"{name}-{kind.decode(errors='replace').strip()}-{place}"
        for other in (0, 1, 7, 8, size - 1, size + 1, size + 8, 0x7FFFFFFF, 0xFFFFFFFF):
            yield f"{what}-size-{other}", ANY, patched(data, place, struct.pack(">I", other))
        for other in (b"free", b"mdat", b"meta", b"ipco", b"grid", b"\0\0\0\0"):
            yield f"{what}-as-{other.hex()}", ANY, patched(data, place + 4, other)
        if kind in NESTED or kind == b"mdat":
            continue
        for at in range(place + 8, place + min(size, 60)):
            for other in (0, 0xFF, data[at] ^ 0x80, data[at] + 1 & 0xFF):
                if other != data[at]:
                    yield f"{what}-{at - place}-{other}", ANY, patched(data, at, bytes([other]))


def sizes(name, data):
    """Pictures that say that they are huge."""
    for place, _, kind in list(walk(data)):
        if kind != b"ispe":
            continue
        for width, height in ((0, 0), (65500, 65500), (60000, 60000), (65501, 1), (0xFFFFFFFF,) * 2):
            yield (f"{name}-ispe-{place}-{width}-{height}", ANY,
                   patched(data, place + 12, struct.pack(">II", width, height)))


def family(ending, names, refused, seed):
    """names: of sound pictures; refused: of those that are whole, but not read."""
    for name in names:
        yield name, OK, (PICTURES / f"{name}.{ending}").read_bytes()
    for name in refused:
        yield name, BAD, (PICTURES / f"{name}.{ending}").read_bytes()
    for i, name in enumerate(names):
        data = (PICTURES / f"{name}.{ending}").read_bytes()
        yield from cut(name, data, range(12, len(data)))
        yield from damaged(name, data, 150, seed + i, 8)
        yield from sizes(name, data)
    yield from boxes(names[0], (PICTURES / f"{names[0]}.{ending}").read_bytes())
