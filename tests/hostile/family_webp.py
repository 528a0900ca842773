# SPDX-License-Identifier: MIT
"""Bad WebP pictures. Lossless ones of one colour are written here; others are in tests/pictures."""

import pathlib
import struct

from common import ANY, BAD, OK, cut, damaged, exif_blocks, profiles

PICTURES = pathlib.Path(__file__).resolve().parents[1] / "pictures"


def chunk(name, data, size=None):
    return name + struct.pack("<I", len(data) if size is None else size) + data + b"\0" * (len(data) % 2)


def riff(*chunks, size=None):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) if size is None else size) + body


def bits(*fields):
    """(value, bits) fields, the lowest bit first."""
    number = place = 0
    for value, count in fields:
        number |= value << place
        place += count
    return number.to_bytes((place + 7) // 8, "little")


def vp8l(width=16, height=16, alpha=0, version=0, transform=0, cache=0, codes=5, colour=(30, 200, 60)):
    """Each of the five codes has one symbol, which takes no bits: all pixels have one colour."""
    symbols = [colour[1], colour[0], colour[2], 255, 0]
    fields = [(0x2F, 8), (width - 1 & 0x3FFF, 14), (height - 1 & 0x3FFF, 14), (alpha, 1),
              (version, 3), (transform, 1), (cache, 1), (0, 1)]
    for symbol in symbols[:codes]:
        fields += [(1, 1), (0, 1), (1, 1), (symbol, 8)]
    return bits(*fields, (0, 16))


def vp8x(width=16, height=16, flags=0):
    return chunk(b"VP8X", struct.pack("<I", flags) + (width - 1 & 0xFFFFFF).to_bytes(3, "little")
                 + (height - 1 & 0xFFFFFF).to_bytes(3, "little"))


def frame(image, x=0, y=0, width=16, height=16):
    three = [(value & 0xFFFFFF).to_bytes(3, "little")
             for value in (x // 2, y // 2, width - 1, height - 1, 100)]
    return chunk(b"ANMF", b"".join(three) + b"\0" + image)


ICCP, ALPHA, EXIF, XMP, MOVING = 0x20, 0x10, 0x08, 0x04, 0x02
LOSSLESS = chunk(b"VP8L", vp8l())
ANIM = chunk(b"ANIM", bytes(6))


def sound():
    yield "plain", riff(LOSSLESS)
    yield "large", riff(chunk(b"VP8L", vp8l(2000, 1000)))
    yield "extended", riff(vp8x(flags=XMP), LOSSLESS, chunk(b"XMP ", b"<x/>"))
    yield "moving", riff(vp8x(flags=MOVING | ALPHA), ANIM, frame(LOSSLESS),
                         frame(LOSSLESS))
    yield "small-frame", riff(vp8x(64, 64, MOVING | ALPHA), ANIM, frame(LOSSLESS, 8, 8))
    yield "unknown-chunk", riff(vp8x(), LOSSLESS, chunk(b"ABCD", b"12345"))
    for name in ("lossy", "lossless", "alpha", "moving"):
        yield f"made-{name}", (PICTURES / f"{name}.webp").read_bytes()


def structures():
    yield "no-chunk", BAD, riff()
    yield "not-webp", BAD, b"RIFF\x20\0\0\0WAVE" + bytes(24)
    yield "no-image", BAD, riff(vp8x())
    yield "moving-without-frames", BAD, riff(vp8x(flags=MOVING), ANIM)
    yield "frame-outside", BAD, riff(vp8x(flags=MOVING), ANIM, frame(LOSSLESS, 8, 8))
    yield "frame-far-outside", BAD, riff(vp8x(flags=MOVING), ANIM, frame(LOSSLESS, 0x1FFFFFE, 0))
    yield "frame-of-another-size", ANY, riff(vp8x(64, 64, MOVING), ANIM,
                                             frame(LOSSLESS, 0, 0, 32, 32))
    yield "frame-empty", BAD, riff(vp8x(flags=MOVING), ANIM, frame(b""))
    yield "canvas-differs", BAD, riff(vp8x(32, 32), LOSSLESS)
    yield "two-images", ANY, riff(vp8x(), LOSSLESS, LOSSLESS)
    yield "no-anim", ANY, riff(vp8x(flags=MOVING), frame(LOSSLESS))
    yield "alpha-alone", BAD, riff(vp8x(flags=ALPHA), chunk(b"ALPH", bytes(300)))
    yield "alpha-short", ANY, riff(vp8x(24, 16, ALPHA), chunk(b"ALPH", b"\0"),
                                   (PICTURES / "lossy.webp").read_bytes()[12:])
    for method in range(4):
        for filling in (0, 0xFF):
            yield (f"alpha-{method}-{filling}", ANY,
                   riff(vp8x(24, 16, ALPHA), chunk(b"ALPH", bytes([method]) + bytes([filling]) * 50),
                        (PICTURES / "lossy.webp").read_bytes()[12:]))
    for size in (0, 1, 3, 4, 11, 12, 0x7FFFFFFF, 0xFFFFFFF5, 0xFFFFFFF6, 0xFFFFFFFE, 0xFFFFFFFF):
        yield f"riff-size-{size}", ANY, riff(LOSSLESS, size=size)
        yield f"chunk-size-{size}", ANY, riff(chunk(b"VP8L", vp8l(), size))
        yield f"frame-size-{size}", ANY, riff(vp8x(flags=MOVING), ANIM,
                                              frame(chunk(b"VP8L", vp8l(), size)))
    for version in range(1, 8):
        yield f"version-{version}", BAD, riff(chunk(b"VP8L", vp8l(version=version)))
    for codes in range(5):
        yield f"codes-{codes}", ANY, riff(chunk(b"VP8L", vp8l(codes=codes)))
    for width, height in ((16384, 16384), (16384, 8192), (12000, 9000)):
        yield f"bomb-{width}-{height}", BAD, riff(chunk(b"VP8L", vp8l(width, height)))
    for side in (0x10000, 0x1000000):
        yield f"bomb-canvas-{side}", BAD, riff(vp8x(side, side, MOVING), ANIM, frame(LOSSLESS))
        yield f"bomb-long-{side}", BAD, riff(vp8x(side, 1, MOVING), ANIM, frame(LOSSLESS))
    yield "many-frames", OK, riff(vp8x(flags=MOVING), ANIM, *[frame(LOSSLESS)] * 3000)
    yield "many-chunks", OK, riff(vp8x(), LOSSLESS, *[chunk(b"ABCD", b"")] * 20000)


def riders():
    """EXIF blocks and profiles that lie; the picture itself is sound."""
    for name, block in exif_blocks():
        yield f"{name}", OK, riff(vp8x(flags=EXIF), LOSSLESS, chunk(b"EXIF", block))
    for name, profile in profiles():
        yield f"{name}", ANY, riff(vp8x(flags=ICCP), chunk(b"ICCP", profile), LOSSLESS)


def files():
    for name, data in sound():
        yield name, OK, data
    for seed, (name, data) in enumerate(sound()):
        if len(data) < 400:
            yield from cut(name, data, range(12, len(data) - 1))
            yield from damaged(name, data, 60, 700 + seed, 4)
    yield from structures()
    yield from riders()
