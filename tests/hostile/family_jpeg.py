# SPDX-License-Identifier: MIT
"""Bad JPEG pictures. The sound ones are written here: gray blocks with tables of two codes."""

import struct

import blocks
from common import ANY, BAD, OK, cut, damaged, exif_blocks, profiles

SOI, EOI = b"\xff\xd8", b"\xff\xd9"


def segment(marker, body, length=None):
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2 if length is None else length) + body


def quantization(table=0, precision=0):
    return segment(0xDB, bytes([precision << 4 | table]) + b"\x01" * (128 if precision else 64))


def huffman(kind, table=0, counts=None, symbols=b"\x00"):
    """By default one code, 0, for the symbol 0: no difference, or the end of a block."""
    counts = bytes([1] + [0] * 15) if counts is None else counts
    return segment(0xC4, bytes([kind << 4 | table]) + counts + symbols)


def frame(marker, width, height, components, precision=8):
    """components: (id, sampling, quantization table)."""
    body = struct.pack(">BHHB", precision, height, width, len(components))
    return segment(marker, body + b"".join(bytes(component) for component in components))


def scan(components, first=0, last=63, approximation=0, count=None):
    body = bytes([len(components) if count is None else count])
    body += b"".join(bytes([name, tables]) for name, tables in components)
    return segment(0xDA, body + bytes([first, last, approximation]))


def listed(count, sampling=0x11):
    return [(i + 1, sampling if i == 0 else 0x11, 0) for i in range(count)]


def baseline(width=16, height=16, count=1, marker=0xC0, extra=b"", sampling=0x11, data=None):
    """Every block is two codes of one bit: the same gray, and the block's end."""
    blocks = (width + 7) // 8 * ((height + 7) // 8) * count
    if data is None:
        bits = 2 * blocks
        data = bytes((bits + 7) // 8)
        if bits % 8:
            data = data[:-1] + bytes([(1 << 8 - bits % 8) - 1])
    return (SOI + extra + quantization() + frame(marker, width, height, listed(count, sampling))
            + huffman(0) + huffman(1) + scan([(i + 1, 0) for i in range(count)]) + data + EOI)


def progressive(width=16, height=16, scans=2, refinements=0):
    """A scan of DC, then scans of AC that end all blocks at once."""
    blocks = (width + 7) // 8 * ((height + 7) // 8)
    bits = blocks
    first = bytes((bits + 7) // 8)
    if bits % 8:
        first = first[:-1] + bytes([(1 << 8 - bits % 8) - 1])
    result = SOI + quantization() + frame(0xC2, width, height, listed(1)) + huffman(0)
    result += scan([(1, 0)], 0, 0) + first
    # One code, EOBn with n = 14: 2^14 blocks and more end here.
    result += huffman(1, symbols=b"\xe0")
    for _ in range(scans - 1):
        result += scan([(1, 0)], 1, 63) + b"\x00\x00\x7f"
    for _ in range(refinements):
        result += scan([(1, 0)], 0, 0, 0x10) + bytes(len(first))
    return result + EOI


def segments(data):
    """Where the segments begin, up to the first scan's data."""
    at, places = 2, []
    while data[at + 1] != 0xDA:
        places.append(at)
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return places + [at]


def app2(icc, number=1, of=1):
    return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, of]) + icc)


def frames():
    good = baseline()
    start = good.index(b"\xff\xc0")
    for width, height in [(0, 16), (16, 0), (0, 0), (65535, 65535), (65501, 16), (16, 65501),
                          (65500, 65500), (30000, 30000), (10001, 10000)]:
        for marker in (0xC0, 0xC1, 0xC2):
            data = good[:start] + frame(marker, width, height, listed(1)) + good[start + 13:]
            yield f"claims-{width}x{height}-{marker:x}", BAD, data
    for width, height in [(4000, 4000), (65500, 100)]:
        data = good[:start] + frame(0xC0, width, height, listed(1)) + good[start + 13:]
        yield f"ends-early-{width}x{height}", BAD, data
    for marker in range(0xC3, 0xD0):
        if marker not in (0xC4, 0xC8, 0xC9, 0xCA, 0xCC):
            data = good[:start] + frame(marker, 16, 16, listed(1)) + good[start + 13:]
            yield f"process-{marker:x}", BAD, data
    for precision in (0, 1, 7, 9, 10, 12, 16, 255):
        data = good[:start] + frame(0xC0, 16, 16, listed(1), precision) + good[start + 13:]
        yield f"precision-{precision}", BAD, data
    for count in (0, 2, 5, 10, 11, 64, 255):
        data = good[:start] + frame(0xC0, 16, 16, [(i % 256, 0x11, 0) for i in range(count)])
        yield f"components-{count}", BAD, data + good[start + 13:]
    for sampling in (0x00, 0x01, 0x10, 0x15, 0x51, 0xFF, 0xF1):
        for count in (1, 3, 4):
            yield f"sampling-{sampling:x}-{count}", BAD, baseline(count=count, sampling=sampling)
    for sampling in (0x12, 0x21, 0x22, 0x44, 0x41, 0x14, 0x31, 0x33):
        for count in (3, 4):
            yield (f"odd-sampling-{sampling:x}-{count}", ANY,
                   baseline(count=count, sampling=sampling, data=bytes(64)))
    for table in (1, 3, 4, 255):
        data = good[:start] + frame(0xC0, 16, 16, [(1, 0x11, table)]) + good[start + 13:]
        yield f"missing-quantization-{table}", BAD, data
    yield "two-frames", BAD, good[:start] + frame(0xC0, 16, 16, listed(1)) + good[start:]
    yield "no-frame", BAD, good[:start] + good[start + 13:]


def tables():
    good = baseline()
    start = good.index(b"\xff\xc4")
    rest = good[start + 21:]
    for kind in (2, 3, 9, 15):
        yield f"huffman-kind-{kind}", BAD, good[:start] + huffman(kind) + rest
    for table in (1, 4, 15):
        yield f"huffman-table-{table}", BAD, good[:start] + huffman(0, table) + rest
    for name, counts in [("too-many", b"\xff" * 16), ("overfull", b"\x03" + bytes(15)),
                         ("none", bytes(16)), ("long", bytes(15) + b"\xff"),
                         ("all-ones", b"\x02" + bytes(15)), ("256", bytes(14) + b"\xff\xff")]:
        for symbols in (b"", b"\0", bytes(range(256)), b"\xff" * 300):
            verdict = ANY if counts in (b"\x02" + bytes(15), bytes(15) + b"\xff") else BAD
            yield (f"huffman-{name}-{len(symbols)}", verdict,
                   good[:start] + huffman(0, 0, counts, symbols) + rest)
    for symbol in (12, 16, 17, 255):
        data = good[:start] + huffman(0, 0, None, bytes([symbol])) + rest
        yield f"huffman-symbol-{symbol}", BAD if symbol > 15 else ANY, data
    start = good.index(b"\xff\xdb")
    rest = good[start + 69:]
    yield "no-quantization", BAD, good[:start] + rest
    for precision in (2, 15):
        yield f"quantization-precision-{precision}", ANY, good[:start] + quantization(0, precision) + rest
    for table in (4, 15):
        yield f"quantization-table-{table}", BAD, good[:start] + quantization(table) + rest
    for size in range(0, 64, 7):
        yield f"quantization-of-{size}", BAD, good[:start] + segment(0xDB, bytes(1 + size)) + rest


def scans():
    good = baseline()
    start = good.index(b"\xff\xda")
    for name, changed in [
            ("none", scan([])), ("unknown", scan([(9, 0)])), ("count-5", scan([(1, 0)], count=5)),
            ("count-255", scan([(1, 0)], count=255)), ("twice", scan([(1, 0), (1, 0)])),
            ("table-1", scan([(1, 0x11)])), ("table-4", scan([(1, 0x44)])),
            ("table-15", scan([(1, 0xFF)]))]:
        yield f"scan-{name}", BAD, good[:start] + changed + good[start + 10:]
    soft = progressive()
    start = soft.index(b"\xff\xda")
    for first, last, approximation in [(1, 0, 0), (0, 63, 0), (64, 64, 0), (1, 64, 0), (5, 3, 0),
                                       (0, 0, 0xFF), (0, 0, 0x31), (0, 0, 0x0E), (255, 255, 0)]:
        changed = scan([(1, 0)], first, last, approximation)
        yield (f"progression-{first}-{last}-{approximation}", BAD,
               soft[:start] + changed + soft[start + 10:])
    for count in (101, 102, 150, 500, 5000):
        yield f"scan-bomb-{count}", BAD, progressive(scans=count)
        yield f"refinement-bomb-{count}", BAD, progressive(refinements=count)
    yield "scan-bomb-large", BAD, progressive(8000, 8000, 2000)
    # Arithmetic coding may be built in or not.
    for marker in (0xC9, 0xCA):
        yield f"arithmetic-{marker:x}", ANY, baseline(marker=marker)
    for interval in (1, 2, 3, 65535):
        data = baseline(32, 32, extra=segment(0xDD, struct.pack(">H", interval)))
        yield f"restart-{interval}", BAD if interval < 4 else ANY, data
    yield "restart-length", BAD, baseline(extra=segment(0xDD, b"\0"))
    for number in range(8):
        yield (f"restart-marker-{number}", BAD,
               baseline(32, 32, data=b"\0" + bytes([0xFF, 0xD0 + number]) + b"\0\0"))
    for byte in (0x55, 0xAA, 0xFE):
        yield f"codes-{byte}", BAD, baseline(32, 32, data=bytes([byte]) * 4)
    for size in range(0, 128, 5):
        yield f"data-of-{size}", BAD, baseline(256, 128, data=bytes(size))


def warnings():
    """What libjpeg warns of: the pixels are all there, or they are not."""
    good = baseline(32, 32)
    data = good[good.index(b"\xff\xda") + 10:-2]
    for name, stray in [("few", b"\x12\x34\x56"), ("zeros", bytes(5000)), ("one-value", b"\x11" * 300),
                        ("marks", b"\xff" * 5000)]:
        yield f"stray-{name}", OK, baseline(32, 32, data=data + stray)
        yield f"stray-{name}-endless", BAD if len(stray) > 3 and name != "marks" else ANY, (
            baseline(32, 32, data=data + stray)[:-2])
        yield f"stray-{name}-in-head", OK, (
            baseline(32, 32, extra=segment(0xFE, b"x") + stray))
    noise = bytes((i * 73 + i * i // 7) % 255 for i in range(3000))
    yield "stray-noise", BAD, baseline(32, 32, data=data + noise)
    yield "behind", OK, good + noise
    yield "jfif-3", OK, baseline(extra=segment(0xE0, b"JFIF\0\3\1\0\0\1\0\1\0\0"))
    yield "adobe-transform-7", OK, baseline(
        count=3, extra=segment(0xEE, b"Adobe\0\x64\0\0\0\0\x07"))
    start = good.index(b"\xff\xda")
    for first, last, approximation in [(0, 0, 0), (1, 63, 0), (0, 63, 0x31), (255, 255, 255)]:
        yield (f"sequential-{first}-{last}-{approximation}", OK,
               good[:start] + scan([(1, 0)], first, last, approximation) + good[start + 10:])
    # 16 blocks; a restart marker after 4 of them, which fill a byte.
    interval = segment(0xDD, b"\0\4")
    for numbers, verdict in [((0, 1, 2), OK), ((0, 0, 0), OK), ((5, 6, 7), OK), ((1, 2, 3), OK),
                             ((2, 1, 0), OK), ((0, 1), BAD), ((1, 2), BAD), ((0,), BAD)]:
        pixels = b"\0" + b"".join(bytes([0xFF, 0xD0 + n, 0]) for n in numbers)
        name = "".join(map(str, numbers))
        yield f"restarts-{name}", verdict, baseline(32, 32, extra=interval, data=pixels)
        yield (f"restarts-{name}-with-stray", verdict,
               baseline(32, 32, extra=interval, data=pixels.replace(b"\xff", b"\x11\xff")))
    yield "restarts-none", BAD, baseline(32, 32, extra=interval)
    # Scans that leave out a component, or come in an odd order.
    colour = baseline(16, 16, 3)
    start = colour.index(b"\xff\xda")
    for names in ([1], [1, 2], [2, 3], [1, 2, 3], [3, 1, 2]):
        scans_ = b"".join(scan([(name, 0)]) + b"\0" for name in names)
        yield (f"components-{names}", OK if len(names) == 3 else BAD,
               colour[:start] + scans_ + EOI)
        yield (f"components-{names}-endless", OK if len(names) == 3 else BAD,
               colour[:start] + scans_)
    soft = progressive()
    start, tables_ = soft.index(b"\xff\xda"), soft.rindex(b"\xff\xc4")
    dc, ac = soft[start:tables_], soft[tables_:-2]
    yield "progressive-reversed", OK, soft[:start] + ac + dc + EOI
    yield "progressive-without-dc", BAD, soft[:start] + ac + EOI
    yield "progressive-one-scan-endless", BAD, soft[:start] + dc
    coarse = ac.replace(scan([(1, 0)], 1, 63), scan([(1, 0)], 1, 63, 1))
    yield "progressive-coarse-endless", BAD, soft[:start] + dc + coarse


def companions():
    for name, block in exif_blocks():
        yield name, ANY, baseline(extra=segment(0xE1, b"Exif\0\0" + block))
    for name, icc in profiles():
        for count in (1, 3, 4):
            yield f"{name}-{count}", ANY, baseline(count=count, extra=app2(icc))
    for name, extra in [
            ("piece-0", app2(b"x", 0, 1)), ("piece-2-of-1", app2(b"x", 2, 1)),
            ("pieces-255", app2(b"x", 1, 255)), ("piece-twice", app2(b"x", 1, 2) * 2),
            ("piece-counts", app2(b"x", 1, 2) + app2(b"x", 2, 3)), ("piece-empty", app2(b"")),
            ("pieces-many", app2(b"x" * 60000, 1, 255) * 200)]:
        yield f"icc-{name}", ANY, baseline(extra=extra)
    for name, packet in blocks.packets():
        yield name, ANY, baseline(extra=segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + packet))
    for name, pieces in blocks.resources():
        yield name, ANY, baseline(extra=segment(0xED, b"Photoshop 3.0\0" + pieces[:65000]))
    for count in (1, 2, 3, 4):
        for transform in (0, 1, 2, 3, 255):
            adobe = segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))
            yield (f"adobe-{count}-{transform}", BAD if count == 2 else ANY,
                   baseline(count=count, extra=adobe))
    for size in range(12):
        yield f"adobe-of-{size}", ANY, baseline(count=4, extra=segment(0xEE, b"Adobe\0\x64\0\0\0\0"[:size]))
    for name, extra in [("jfif-short", segment(0xE0, b"JFIF\0")), ("thumbnail", segment(
            0xE0, b"JFIF\0\1\1\0\0\1\0\1\xff\xff")), ("comment", segment(0xFE, bytes(65533)))]:
        yield name, ANY, baseline(extra=extra)


def telling():
    """With all that a photograph may say of itself."""
    return baseline(extra=segment(0xE1, b"Exif\0\0" + blocks.exif())
                    + segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + blocks.xmp())
                    + segment(0xED, b"Photoshop 3.0\0" + blocks.resource(0x0404, blocks.IPTC)))


def files():
    bases = [("gray", baseline()), ("colour", baseline(24, 17, 3)), ("cmyk", baseline(17, 9, 4)),
             ("progressive", progressive())]
    yield "sound-telling", OK, telling()
    yield from damaged("telling", telling(), 200, 13)
    for name, data in bases:
        yield f"sound-{name}", OK, data
        # Without the end marker, or with half of it, all pixels are there.
        yield from cut(f"sound-{name}", data, range(len(data) - 2) if name == "gray" else
                       range(0, len(data) - 2, 3))
        yield f"endless-{name}", OK, data[:-2]
        yield f"half-ended-{name}", OK, data[:-1]
        for place in segments(data):
            length = struct.unpack(">H", data[place + 2:place + 4])[0]
            for lie in {0, 1, 2, length - 1, length + 1, 65535} - {length}:
                yield (f"length-{name}-{place}-{lie}", BAD,
                       data[:place + 2] + struct.pack(">H", lie) + data[place + 4:])
            for marker in (0x00, 0x01, 0x02, 0xBF, 0xD8, 0xD9, 0xF0):
                yield (f"marker-{name}-{place}-{marker:x}", ANY,
                       data[:place + 1] + bytes([marker]) + data[place + 2:])
    yield from frames()
    yield from tables()
    yield from scans()
    yield from warnings()
    yield from companions()
    yield from damaged("gray", baseline(), 100, 3)
    yield from damaged("cmyk", baseline(17, 9, 4), 100, 4)
    yield from damaged("progressive", progressive(), 100, 5)
