# SPDX-License-Identifier: MIT
"""What the families of hostile files share.

A family is a module with files(), which yields (name, verdict, bytes), always the same ones in the
same order. The verdict says what must become of the file:

  OK   it is sound and must be accepted: what the bad ones were made from is worth nothing otherwise
  BAD  it must be refused
  ANY  either, as with a colour profile that lies, which is ignored
"""

OK, BAD, ANY = "ok", "bad", "any"


class Numbers:
    """Pseudo-random numbers that are the same for every version of Python (xorshift64*)."""

    def __init__(self, seed):
        self.state = seed * 0x9E3779B97F4A7C15 % 2**64 or 1

    def below(self, count):
        state = self.state
        state ^= state >> 12
        state ^= state << 25 & 2**64 - 1
        state ^= state >> 27
        self.state = state
        return (state * 0x2545F4914F6CDD1D % 2**64 >> 33) % count


def cut(name, data, lengths):
    """The file cut short to each of the lengths."""
    for length in sorted(set(lengths)):
        if 0 <= length < len(data):
            yield f"{name}-cut-{length}", BAD, data[:length]


def damaged(name, data, count, seed, first=0, last=None):
    """Copies in which a few bytes between two places were changed: nobody knows what they are."""
    numbers = Numbers(seed)
    last = len(data) if last is None else last
    for i in range(count):
        changed = bytearray(data)
        for _ in range(1 + numbers.below(4)):
            at = first + numbers.below(last - first)
            kind = numbers.below(4)
            if kind == 0:
                changed[at] ^= 1 << numbers.below(8)
            elif kind == 1:
                changed[at] = numbers.below(256)
            elif kind == 2:
                changed[at] = (0, 0x7F, 0x80, 0xFF)[numbers.below(4)]
            elif at + 4 <= last:
                changed[at:at + 4] = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff",
                                      b"\0\0\0\x01")[numbers.below(4)]
        yield f"{name}-damaged-{i}", ANY, bytes(changed)


def tiff(entries, order="<", directory=8, count=None):
    """An EXIF block: (tag, type, count, value) entries."""
    import struct
    mark = b"II" if order == "<" else b"MM"
    block = mark + struct.pack(order + "HI", 42, directory)
    block += struct.pack(order + "H", len(entries) if count is None else count)
    for tag, kind, number, value in entries:
        block += struct.pack(order + "HHII", tag, kind, number, value)
    return block + struct.pack(order + "I", directory)  # the next directory is this one again


def exif_blocks():
    """EXIF blocks that lie or go in circles, all of which may be taken for "upright"."""
    for order in "<>":
        name = "little" if order == "<" else "big"
        shift = 0 if order == "<" else 16
        yield f"exif-{name}-loop", tiff([(0x0112, 3, 1, 6 << shift)], order)
        for value in (0, 9, 255, 65535):
            yield f"exif-{name}-orientation-{value}", tiff([(0x0112, 3, 1, value << shift)], order)
        yield f"exif-{name}-type", tiff([(0x0112, 4, 0xFFFFFFFF, 6)], order)
        for directory in (0, 1, 4, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF):
            yield (f"exif-{name}-directory-{directory}",
                   tiff([(0x0112, 3, 1, 6 << shift)], order, directory))
        yield f"exif-{name}-entries", tiff([(0x0100, 3, 1, 1)], order, count=65535)
    for length in range(1, 12):
        yield f"exif-short-{length}", tiff([])[:length]


def profile(size=128, claimed=None, space=b"RGB ", tags=0, signature=b"acsp", extra=b""):
    """The header of an ICC profile, and a count of tags."""
    import struct
    head = bytearray(128)
    body = struct.pack(">I", tags) + extra
    total = len(head) + len(body) if claimed is None else claimed
    head[0:4] = struct.pack(">I", total)
    head[8:12] = b"\x02\x40\0\0"
    head[12:16] = b"mntr"
    head[16:20] = space
    head[20:24] = b"XYZ "
    head[36:40] = signature
    head[68:80] = struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    return bytes(head + body)[:max(size, 132 + len(extra))]


def profiles():
    """ICC profiles that lie about their size, their channels or where their tags are."""
    import struct
    yield "icc-empty", profile()
    for claimed in (0, 1, 127, 131, 133, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"icc-claims-{claimed}", profile(claimed=claimed)
    for space in (b"CMYK", b"GRAY", b"Lab ", b"\0\0\0\0", b"FCLR"):
        yield f"icc-space-{space.hex()}", profile(space=space)
    for tags in (1, 100, 0x0AAAAAAA, 0x7FFFFFFF, 0xFFFFFFFF):
        yield f"icc-tags-{tags}", profile(tags=tags)
    yield "icc-signature", profile(signature=b"xxxx")
    for offset in (0, 128, 144, 0x7FFFFFFF, 0xFFFFFFF0):
        for length in (0, 4, 0x7FFFFFFF, 0xFFFFFFFF):
            row = b"".join(struct.pack(">4sII", tag, offset, length)
                           for tag in (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC", b"wtpt"))
            yield f"icc-tag-{offset}-{length}", profile(tags=7, extra=row + bytes(64))
    curve = struct.pack(">4sIIII", b"A2B0", 144, 64, 0, 0)[:12]
    for kind in (b"mft1", b"mft2", b"mAB ", b"curv", b"para"):
        yield (f"icc-table-{kind.hex()}",
               profile(tags=1, extra=curve + kind + b"\xff" * 60))
