# SPDX-License-Identifier: MIT
"""Bad TIFF pictures, all written here: tags that lie about where samples are, and how many."""

import struct
import zlib

from common import ANY, BAD, OK, Numbers, cut, damaged, profiles

BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, FLOAT = 1, 2, 3, 4, 5, 7, 11
SIZES = {BYTE: 1, ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1, FLOAT: 4}
LETTERS = {BYTE: "B", SHORT: "H", LONG: "I", FLOAT: "f"}
(WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, OFFSETS, ORIENTATION, SAMPLES, ROWS, COUNTS, PLANAR,
 PREDICTOR, COLORMAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, EXTRA, FORMAT, XMP, IPTC,
 PROFILE) = (
     256, 257, 258, 259, 262, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339, 700,
     33723, 34675)


def pack(kind, values, order):
    if isinstance(values, bytes):
        return values
    return struct.pack(f"{order}{len(values)}{LETTERS[kind]}", *values)


def tiff(tags, data, order="<", first=None, loop=False):
    """tags: {tag: (kind, values) or (kind, values, count)}. The samples come first, then what does
    not fit into the directory, which is the end."""
    out = bytearray((b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 0)) + data
    entries = b""
    for tag in sorted(tags):
        kind, values, *count = tags[tag]
        packed = pack(kind, values, order)
        if len(packed) <= 4:
            place = packed.ljust(4, b"\0")
        else:
            out += b"\0" * (len(out) % 2)
            place = struct.pack(order + "I", len(out))
            out += packed
        number = count[0] if count else len(packed) // SIZES.get(kind, 1)
        entries += struct.pack(order + "HHI", tag, kind, number & 0xFFFFFFFF) + place
    out += b"\0" * (len(out) % 2)
    directory = len(out)
    out += struct.pack(order + "H", len(tags)) + entries
    out += struct.pack(order + "I", directory if loop else 0)
    out[4:8] = struct.pack(order + "I", directory if first is None else first)
    return bytes(out)


def noise(size, seed=5):
    numbers = Numbers(seed)
    return bytes(numbers.below(256) for _ in range(size))


def plain(width=12, height=10, samples=3, bits=8, photometric=2, rows=None, order="<", planar=1,
          change=None, data=None, wrap=None, **more):
    """A picture in strips. change: {tag: entry, or None to leave it out}."""
    rows = rows or height
    strips = (height + rows - 1) // rows * (samples if planar == 2 else 1)
    row = (width * bits * (1 if planar == 2 else samples) + 7) // 8
    pieces = []
    for strip in range(strips):
        first = strip % ((height + rows - 1) // rows) * rows
        piece = noise(row * min(rows, height - first), strip + 1)
        pieces.append(wrap(piece) if wrap else piece)
    offsets, at = [], 8
    for piece in pieces:
        offsets.append(at)
        at += len(piece)
    tags = {WIDTH: (LONG, [width]), HEIGHT: (LONG, [height]), BITS: (SHORT, [bits] * samples),
            COMPRESSION: (SHORT, [1]), PHOTOMETRIC: (SHORT, [photometric]),
            OFFSETS: (LONG, offsets), SAMPLES: (SHORT, [samples]), ROWS: (LONG, [rows]),
            COUNTS: (LONG, [len(piece) for piece in pieces]), PLANAR: (SHORT, [planar])}
    tags.update(change or {})
    tags = {tag: entry for tag, entry in tags.items() if entry is not None}
    return tiff(tags, b"".join(pieces) if data is None else data, order, **more)


def tiled(width=20, height=20, side=(16, 16), order="<", change=None):
    tile = side[0] * side[1]
    count = -(-width // 16) * -(-height // 16)
    tags = {WIDTH: (LONG, [width]), HEIGHT: (LONG, [height]), BITS: (SHORT, [8]),
            COMPRESSION: (SHORT, [1]), PHOTOMETRIC: (SHORT, [1]), SAMPLES: (SHORT, [1]),
            TILE_WIDTH: (LONG, [side[0]]), TILE_HEIGHT: (LONG, [side[1]]),
            TILE_OFFSETS: (LONG, [8 + 256 * i for i in range(count)]),
            TILE_COUNTS: (LONG, [tile] * count)}
    tags.update(change or {})
    return tiff(tags, noise(256 * count), order)


def sound():
    for order in "<>":
        mark = "little" if order == "<" else "big"
        yield f"rgb-{mark}", plain(order=order)
        yield f"rgb16-{mark}", plain(bits=16, order=order)
        yield f"gray16-{mark}", plain(samples=1, bits=16, photometric=1, order=order)
    for bits in (1, 2, 4, 8):
        yield f"gray-{bits}", plain(samples=1, bits=bits, photometric=1, rows=3)
        yield f"white-{bits}", plain(samples=1, bits=bits, photometric=0)
        yield f"palette-{bits}", plain(samples=1, bits=bits, photometric=3, change={
            COLORMAP: (SHORT, [i * 257 % 65536 for i in range(3 << bits)])})
    yield "cmyk", plain(samples=4, photometric=5)
    yield "planes", plain(planar=2, rows=4)
    yield "alpha", plain(samples=4, change={EXTRA: (SHORT, [2])})
    yield "premultiplied", plain(samples=4, bits=16, change={EXTRA: (SHORT, [1])})
    yield "tiles", tiled()
    yield "deflate", plain(rows=4, wrap=zlib.compress, change={COMPRESSION: (SHORT, [8])})
    yield "predictor", plain(rows=4, wrap=zlib.compress, change={
        COMPRESSION: (SHORT, [8]), PREDICTOR: (SHORT, [2])})
    for turn in range(1, 9):
        yield f"orientation-{turn}", plain(change={ORIENTATION: (SHORT, [turn])})
    yield "second-page-loops", plain(loop=True)


def values():
    """Each number of a sound picture made another."""
    shorts = [0, 1, 2, 3, 5, 7, 9, 17, 31, 33, 64, 255, 256, 257, 32768, 65535]
    longs = [0, 1, 2, 7, 255, 65499, 65501, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF]
    for tag in (BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, PREDICTOR, EXTRA, FORMAT, ORIENTATION):
        for value in shorts:
            yield f"tag-{tag}-{value}", ANY, plain(change={tag: (SHORT, [value])})
    for tag in (WIDTH, HEIGHT, ROWS, OFFSETS, COUNTS):
        for value in longs:
            yield f"tag-{tag}-{value}", ANY, plain(change={tag: (LONG, [value])})
            yield f"strips-{tag}-{value}", ANY, plain(rows=2, change={tag: (LONG, [value] * 5)})
    for tag in (TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS):
        for value in longs:
            yield f"tag-{tag}-{value}", ANY, tiled(change={tag: (LONG, [value] * 4)})
    for side in ((17, 16), (65536, 65536), (0x7FFFFFF0, 0x7FFFFFF0), (0xFFFFFFF0, 16)):
        yield f"tile-{side[0]}-{side[1]}", ANY, tiled(side=(16, 16), change={
            TILE_WIDTH: (LONG, [side[0]]), TILE_HEIGHT: (LONG, [side[1]])})
    for tag in (WIDTH, HEIGHT, BITS, PHOTOMETRIC, OFFSETS, SAMPLES, COUNTS):
        yield f"without-{tag}", ANY, plain(change={tag: None})
        for count in (0, 2, 1000, 0x40000000, 0xFFFFFFFF):
            yield f"count-{tag}-{count}", ANY, plain(change={tag: (LONG, [16], count)})
        for kind in (0, ASCII, RATIONAL, FLOAT, UNDEFINED, 13, 200):
            yield f"kind-{tag}-{kind}", ANY, plain(change={tag: (kind, b"\x10\0\0\0", 1)})


def structures():
    yield "float", BAD, plain(bits=32, change={FORMAT: (SHORT, [3] * 3)})
    yield "signed", BAD, plain(change={FORMAT: (SHORT, [2] * 3)})
    for bits in (24, 32, 48, 64):
        yield f"bits-{bits}", BAD, plain(bits=bits)
    yield "bits-differ", ANY, plain(change={BITS: (SHORT, [8, 8, 16])})
    yield "many-samples", BAD, plain(samples=200)
    yield "no-colormap", ANY, plain(samples=1, photometric=3)
    yield "short-colormap", ANY, plain(samples=1, photometric=3, change={COLORMAP: (SHORT, [1, 2, 3])})
    yield "inks", BAD, plain(samples=4, photometric=5, change={332: (SHORT, [2])})
    for compression in (2, 3, 4, 5, 6, 7, 8, 32773, 32766, 32809, 34661, 34676, 34712, 34887, 34925,
                        50000, 50001, 60000):
        for photometric in (1, 2, 6, 8, 9, 10, 32803, 32844, 32845):
            samples = 1 if photometric in (1, 32844) else 3
            yield (f"codec-{compression}-{photometric}", ANY,
                   plain(samples=samples, photometric=photometric,
                         change={COMPRESSION: (SHORT, [compression])}))
    for width, height in ((60000, 60000), (65500, 65500), (65501, 1), (1, 65501), (0xFFFFFFFF,) * 2):
        yield f"bomb-{width}-{height}", BAD, plain(change={WIDTH: (LONG, [width]),
                                                          HEIGHT: (LONG, [height]),
                                                          ROWS: (LONG, [height])})
    pressed = zlib.compress(bytes(1 << 22), 9)
    yield "deflate-bomb", ANY, plain(wrap=lambda _: pressed, change={COMPRESSION: (SHORT, [8])})
    yield "short-deflate", BAD, plain(wrap=lambda piece: zlib.compress(piece[:40]),
                                      change={COMPRESSION: (SHORT, [8])})
    for first in (0, 1, 4, 7, 8, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"directory-{first}", ANY, plain(first=first)
    yield "no-directory", BAD, b"II*\0\x08\0\0\0"
    yield "empty-directory", BAD, b"II*\0\x08\0\0\0\0\0\0\0\0\0"
    yield "big-tiff", BAD, b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + bytes(24)
    yield "big-tiff-far", BAD, b"II+\0\x08\0\0\0" + b"\xff" * 8 + bytes(24)


def riders():
    for name, profile in profiles():
        yield f"{name}", ANY, plain(change={PROFILE: (UNDEFINED, profile)})
    for count in (0, 1, 1000, 0x7FFFFFFF, 0xFFFFFFFF):
        for tag in (XMP, IPTC, PROFILE):
            for kind in (BYTE, LONG, UNDEFINED):
                yield f"rider-{tag}-{kind}-{count}", ANY, plain(change={tag: (kind, b"abcd", count)})


def files():
    for name, data in sound():
        yield name, OK, data
    for seed, (name, data) in enumerate(sound()):
        if name in ("rgb-little", "rgb16-big", "tiles", "deflate", "palette-4", "planes"):
            yield from cut(name, data, range(8, len(data) - 4, 1 if len(data) < 500 else 5))
        yield from damaged(name, data, 40, 800 + seed, 4)
    yield from values()
    yield from structures()
    yield from riders()
