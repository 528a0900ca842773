# SPDX-License-Identifier: MIT
"""Bad PNG pictures."""

import struct
import zlib

import blocks
from common import ANY, BAD, OK, cut, damaged, exif_blocks, profiles

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8),
         (4, 8), (4, 16), (6, 8), (6, 16)]
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
# Adam7: first column and row, steps.
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
          (0, 1, 1, 2)]


def chunk(kind, data, length=None, crc=None):
    crc = zlib.crc32(kind + data) if crc is None else crc
    return (struct.pack(">I", len(data) if length is None else length) + kind + data
            + struct.pack(">I", crc))


def header(width, height, depth=8, colour=2, compression=0, filtering=0, interlace=0):
    return struct.pack(">IIBBBBB", width, height, depth, colour, compression, filtering, interlace)


def rows(width, height, depth, colour, interlace, filtering=0):
    """Unfiltered rows as they are before compression."""
    def one(columns, lines):
        size = (columns * CHANNELS[colour] * depth + 7) // 8
        # Of a palette of two colours, so that all indices are in it at every depth.
        pattern = bytes(0 if colour == 3 else (x * 37 + 11) % 256 for x in range(size))
        return (bytes([filtering]) + pattern) * lines
    if not interlace:
        return one(width, height)
    parts = [((width - x + dx - 1) // dx, (height - y + dy - 1) // dy) for x, y, dx, dy in PASSES]
    return b"".join(one(columns, lines) for columns, lines in parts if columns > 0 and lines > 0)


def chunks(width=9, height=7, depth=8, colour=2, interlace=0, pixels=None, extra=(), late=()):
    """The chunks of a sound picture as (kind, data)."""
    result = [(b"IHDR", header(width, height, depth, colour, interlace=interlace)), *extra]
    if colour == 3:
        result.append((b"PLTE", bytes([0, 0, 0, 255, 255, 255])))
    if pixels is None:
        pixels = zlib.compress(rows(width, height, depth, colour, interlace))
    return result + [(b"IDAT", pixels), *late, (b"IEND", b"")]


def assemble(parts):
    return SIGNATURE + b"".join(chunk(kind, data) for kind, data in parts)


def picture(**how):
    return assemble(chunks(**how))


def structure(parts):
    """Where something begins or ends in the file, up to the last chunk, which is not missed."""
    at, places = len(SIGNATURE), [1, 4]
    for _, data in parts:
        places += [at, at + 4, at + 8, at + 8 + len(data) // 2, at + 8 + len(data),
                   at + 11 + len(data)]
        at += 12 + len(data)
    return [place for place in places if place < at - 12]


def bombs():
    """Few bytes that claim or become many pixels or much text."""
    tiny = zlib.compress(bytes(1000))
    for width, height in [(0, 1), (1, 0), (65501, 1), (1, 65501), (30000, 30000), (65500, 65500),
                          (2**31 - 1, 2**31 - 1), (2**31, 1), (1, 2**31), (2**32 - 1, 1),
                          (100000, 100000), (10001, 10000), (65500, 1527)]:
        for depth, colour in ((1, 0), (8, 2), (16, 6), (8, 3)):
            for interlace in (0, 1):
                parts = chunks(1, 1, depth, colour, interlace, tiny)
                parts[0] = (b"IHDR", header(width, height, depth, colour, interlace=interlace))
                yield f"claims-{width}x{height}-{colour}-{depth}-{interlace}", BAD, assemble(parts)
    # Within the limit on pixels: the memory that is taken is that of the rows that are there.
    for interlace in (0, 1):
        parts = chunks(1, 1, 8, 2, interlace, zlib.compress(bytes(3 * 4000 * 200)))
        parts[0] = (b"IHDR", header(4000, 4000, 8, 2, interlace=interlace))
        yield f"ends-early-{interlace}", BAD, assemble(parts)
    text = zlib.compress(bytes([65]) * (7 << 20), 9)
    bomb = (b"zTXt", b"Comment\0\0" + text)
    yield "texts-that-grow", ANY, picture(extra=[bomb] * 300)
    yield "own-texts-that-grow", ANY, picture(extra=[(b"zTXt", b"Impasto\0\0" + text)] * 150)
    yield "texts-that-grow-late", ANY, picture(late=[bomb] * 300)
    itxt = (b"iTXt", b"Impasto\0\1\0\0\0" + text)
    yield "international-texts-that-grow", ANY, picture(extra=[itxt] * 150)
    yield "text-larger-than-allowed", ANY, picture(
        extra=[(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 << 20), 9))])
    yield "profile-that-grows", ANY, picture(
        extra=[(b"iCCP", b"x\0\0" + zlib.compress(bytes(64 << 20), 9))])
    yield "many-chunks", ANY, picture(extra=[(b"tEXt", b"a\0b")] * 20000)


def headers():
    for depth in (0, 3, 5, 6, 7, 9, 12, 17, 32, 255):
        for colour in (0, 2, 3, 4, 6):
            parts = chunks()
            parts[0] = (b"IHDR", header(9, 7, depth, colour))
            yield f"depth-{colour}-{depth}", BAD, assemble(parts)
    for colour, depth in [(1, 8), (5, 8), (7, 8), (255, 8), (2, 1), (2, 4), (3, 16), (4, 4), (6, 2)]:
        parts = chunks()
        parts[0] = (b"IHDR", header(9, 7, depth, colour))
        yield f"colour-{colour}-{depth}", BAD, assemble(parts)
    for field in ("compression", "filtering", "interlace"):
        for value in (2, 64, 255):
            parts = chunks()
            parts[0] = (b"IHDR", header(9, 7, **{field: value}))
            yield f"{field}-{value}", BAD, assemble(parts)
    good = chunks()
    for length in range(13):
        yield (f"header-of-{length}", BAD,
               assemble([(b"IHDR", good[0][1][:length])] + good[1:]))
    yield "header-of-14", BAD, assemble([(b"IHDR", good[0][1] + b"\0")] + good[1:])
    yield "header-twice", BAD, assemble([good[0], good[0]] + good[1:])
    yield "header-missing", BAD, assemble(good[1:])
    yield "header-late", BAD, assemble([good[1], good[0], good[2]])


def data():
    good = chunks()
    raw = rows(9, 7, 8, 2, 0)
    for size in range(0, len(raw), 14):
        yield f"pixels-of-{size}", BAD, picture(pixels=zlib.compress(raw[:size]))
    for size in range(0, len(good[1][1]), 3):
        yield f"stream-of-{size}", BAD, picture(pixels=good[1][1][:size])
    yield "pixels-too-many", OK, picture(pixels=zlib.compress(raw + bytes(5000)))
    yield "stream-wrong-sum", BAD, picture(pixels=good[1][1][:-4] + b"\0\0\0\0")
    for first in (0, 0x38, 0x79, 0x88, 0xFF):
        yield f"stream-head-{first}", BAD, picture(pixels=bytes([first]) + good[1][1][1:])
    for filtering in (5, 6, 99, 255):
        for depth, colour in ((8, 2), (16, 6), (1, 0)):
            for interlace in (0, 1):
                pixels = zlib.compress(rows(9, 7, depth, colour, interlace, filtering))
                yield (f"filter-{filtering}-{colour}-{depth}-{interlace}", BAD,
                       picture(depth=depth, colour=colour, interlace=interlace, pixels=pixels))
    yield "no-data", BAD, assemble([good[0], good[2]])
    yield "empty-data", BAD, assemble([good[0], (b"IDAT", b""), good[2]])
    half = len(good[1][1]) // 2
    yield "data-apart", ANY, assemble([good[0], (b"IDAT", good[1][1][:half]), (b"tEXt", b"a\0b"),
                                       (b"IDAT", good[1][1][half:]), good[2]])
    yield "no-end", OK, assemble(good[:2])
    yield "unknown-critical", BAD, assemble([good[0], (b"ABCD", b"x"), good[1], good[2]])
    yield "bad-name", BAD, assemble([good[0], (b"a\0cd", b"x"), good[1], good[2]])


def palettes():
    for size in (0, 1, 2, 4, 5, 769, 771):
        for depth in (1, 2, 4, 8):
            parts = [part if part[0] != b"PLTE" else (b"PLTE", bytes(size))
                     for part in chunks(depth=depth, colour=3)]
            yield f"palette-of-{size}-{depth}", ANY if size >= 3 else BAD, assemble(parts)
    for depth in (1, 2, 4, 8):
        parts = chunks(depth=depth, colour=3)
        yield f"palette-missing-{depth}", BAD, assemble([p for p in parts if p[0] != b"PLTE"])
        pixels = zlib.compress((b"\0" + b"\xff" * ((9 * depth + 7) // 8)) * 7)
        yield f"index-out-of-range-{depth}", ANY, picture(depth=depth, colour=3, pixels=pixels)
        for entries in (3, 255, 257, 60000):
            parts.insert(2, (b"tRNS", bytes(entries)))
            yield f"transparency-of-{entries}-{depth}", ANY, assemble(parts)


def companions():
    """Chunks beside the picture, which are nobody's reason to fail."""
    for name, block in exif_blocks():
        yield name, ANY, picture(extra=[(b"eXIf", block)])
        yield name + "-late", ANY, picture(late=[(b"eXIf", block)])
    for name, icc in profiles():
        for colour in (0, 2):
            yield (f"{name}-{colour}", ANY,
                   picture(colour=colour, extra=[(b"iCCP", b"x\0\0" + zlib.compress(icc))]))
    for kind in (b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"hIST", b"pHYs", b"sPLT",
                 b"tIME", b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tRNS", b"oFFs", b"pCAL", b"sCAL"):
        for body in (b"", b"\0", b"\xff" * 4, bytes(9), b"x\0\0" + b"\xff" * 40, b"\xff" * 32):
            yield f"{kind.decode()}-{body[:4].hex()}{len(body)}", ANY, picture(extra=[(kind, body)])
    for name, packet in blocks.packets():
        yield name, ANY, picture(extra=[(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)])
    for name, text in [*blocks.profiles_in_text(),
                       *((name, blocks.raw_profile("iptc", data)) for name, data in blocks.resources())]:
        yield name, ANY, picture(extra=[(b"tEXt", b"Raw profile type exif\0" + text)])
    for gamma in (0, 1, 2**31 - 1, 2**32 - 1):
        yield f"gamma-{gamma}", ANY, picture(extra=[(b"gAMA", struct.pack(">I", gamma))])


def telling():
    """With all that a photograph may say of itself."""
    raw = [(b"tEXt", b"Raw profile type " + name.encode() + b"\0" + blocks.raw_profile(name, data))
           for name, data in [("exif", b"Exif\0\0" + blocks.exif()),
                              ("iptc", blocks.resource(0x0404, blocks.IPTC))]]
    return picture(extra=[(b"pHYs", struct.pack(">IIB", 11811, 11811, 1)), *raw,
                          (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + blocks.xmp())])


def lies():
    """Lengths and checksums that are wrong, of every chunk."""
    for how in ({}, {"colour": 3, "depth": 4}, {"colour": 6, "depth": 16, "interlace": 1}):
        parts = chunks(**how)
        tag = "-".join(str(value) for value in how.values()) or "plain"
        for i, (kind, body) in enumerate(parts):
            for length in {0, len(body) - 1, len(body) + 1, len(body) + 12, 2**31 - 1, 2**31,
                           2**32 - 1} - {len(body), -1}:
                bytes_ = SIGNATURE + b"".join(
                    chunk(k, d, length if k is kind and d is body else None) for k, d in parts)
                yield f"length-{tag}-{i}-{length}", BAD if i < len(parts) - 1 else OK, bytes_
            for crc in (0, 0xFFFFFFFF):
                bytes_ = SIGNATURE + b"".join(
                    chunk(k, d, None, crc if k is kind and d is body else None) for k, d in parts)
                yield f"sum-{tag}-{i}-{crc}", BAD if i < len(parts) - 1 else OK, bytes_


def odd():
    """Files that other programs write, or that lost something behind their pixels."""
    good = chunks()
    whole = assemble(good)
    for size in range(1, 13):
        yield f"end-of-{12 - size}", OK, whole[:-size]
    # The last chunk of pixels has no checksum, or not all of it.
    for size in range(13, 17):
        yield f"sum-of-{16 - size}", BAD, whole[:-size]
    yield "behind", OK, whole + bytes(1000) + b"PK\3\4" * 100
    yield "end-twice", OK, assemble(good + good[-1:])
    for late in [(b"ABCD", b"x"), (b"tEXt", b"x" * 100), (b"IHDR", good[0][1]), (b"PLTE", bytes(3)),
                 (b"IDAT", b"x" * 100)]:
        yield f"late-{late[0].decode()}", OK, assemble(good[:-1] + [late] + good[-1:])
        bad_sum = SIGNATURE + b"".join(chunk(*part) for part in good[:-1])
        if late[0] != b"IDAT":
            yield f"late-{late[0].decode()}-bad-sum", OK, bad_sum + chunk(*late, crc=0)
            yield f"late-{late[0].decode()}-cut", OK, bad_sum + chunk(*late)[:-5]
    empty = (b"IDAT", b"")
    pixels = [(b"IDAT", bytes([byte])) for byte in good[1][1]]
    yield "empty-data-before", OK, assemble([good[0], empty, empty, good[1], good[2]])
    yield "empty-data-after", OK, assemble([good[0], good[1], empty, good[2]])
    yield "data-by-byte", OK, assemble([good[0], *pixels, good[2]])
    yield "empty-data-between", OK, assemble(
        [good[0], *(part for pair in zip(pixels, [empty] * len(pixels)) for part in pair), good[2]])
    yield "data-without-sum", BAD, picture(pixels=good[1][1][:-4])
    # Rows that repeat what was up to 32 KiB before, in a stream that states windows of 256 bytes and more.
    noise = bytes((i * i * 31 + i * 7 + i // 251) % 256 for i in range(7200))
    raw = b"".join(b"\0" + noise[row % 24 * 300:row % 24 * 300 + 300] for row in range(100))
    stream = zlib.compress(raw, 9)
    for window in range(8):
        head = window << 12 | 8 << 8 | 0xC0
        head += -head % 31
        yield (f"window-{window}", OK,
               picture(width=100, height=100, pixels=struct.pack(">H", head) + stream[2:]))
    # Chunks beside the pixels: with bad checksums, twice, or where they may not be.
    for kind, body in [(b"gAMA", struct.pack(">I", 45455)), (b"sRGB", b"\0"), (b"pHYs", bytes(9)),
                       (b"tEXt", b"a\0b"), (b"bKGD", bytes(6)), (b"cHRM", bytes(32)), (b"tIME", bytes(7)),
                       (b"iCCP", b"x\0\0junk"), (b"eXIf", b"II*\0"), (b"acTL", bytes(8)),
                       (b"cICP", bytes(4)), (b"sBIT", b"\x08" * 3)]:
        name = kind.decode()
        yield (f"{name}-bad-sum", OK, SIGNATURE + chunk(*good[0]) + chunk(kind, body, crc=1)
               + chunk(*good[1]) + chunk(*good[2]))
        yield f"{name}-twice", OK, picture(extra=[(kind, body)] * 2)
        yield f"{name}-late", OK, picture(late=[(kind, body)])
        yield f"{name}-not-whole", OK, picture(extra=[(kind, body[:-1])])
    # As Xcode packs them: raw deflate, and a chunk before the header.
    yield "crushed", BAD, assemble([(b"CgBI", b"P\0 \2"), good[0], (b"IDAT", good[1][1][2:-4]), good[2]])


def files():
    for colour, depth in KINDS:
        for interlace in (0, 1):
            parts = chunks(depth=depth, colour=colour, interlace=interlace)
            name = f"sound-{colour}-{depth}-{interlace}"
            yield name, OK, assemble(parts)
            yield from cut(name, assemble(parts), structure(parts))
    yield "sound-telling", OK, telling()
    yield from damaged("telling", telling(), 100, 3)
    yield from bombs()
    yield from headers()
    yield from data()
    yield from palettes()
    yield from companions()
    yield from lies()
    yield from odd()
    yield "signature-broken", BAD, b"\x89PNG\n\x1a\n" + picture()[8:]
    yield from damaged("plain", picture(), 100, 1)
    yield from damaged("interlaced", picture(colour=6, depth=16, interlace=1), 100, 2)
