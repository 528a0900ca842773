# SPDX-License-Identifier: MIT
"""Bad safetensors files: weights that end with conv1_1, the smallest that are any."""

import json
import math
import struct

from common import ANY, BAD, OK, cut, damaged

WEIGHT, BIAS = 64 * 3 * 3 * 3, 64
WEIGHT_END, END = 4 * WEIGHT, 4 * (WEIGHT + BIAS)


def entries():
    return {"conv1_1.weight": {"dtype": "F32", "shape": [64, 3, 3, 3],
                               "data_offsets": [0, WEIGHT_END]},
            "conv1_1.bias": {"dtype": "F32", "shape": [64], "data_offsets": [WEIGHT_END, END]}}


def values():
    return struct.pack(f"<{WEIGHT + BIAS}f", *[(i * 37 % 19 - 9) / 40 for i in range(WEIGHT)],
                       *[0.0] * BIAS)


def assemble(header, data=None, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (struct.pack("<Q", len(text) if length is None else length) + text
            + (values() if data is None else data))


def headers():
    text = json.dumps(entries()).encode()
    for length in [0, 1, 7, len(text) - 1, len(text) + 1, len(text) + END + 1, 8 << 20,
                   (8 << 20) + 1, 10**8, 2**31, 2**32, 2**63, 2**64 - 1, 2**64 - 8]:
        yield f"header-of-{length}", BAD, assemble(text, length=length)
    # Every character in its turn is left out; the format has no use for any of these.
    for i, byte in enumerate(text):
        if byte != 0x20:
            yield f"without-{i}", ANY if 0x30 <= byte <= 0x39 or byte > 0x60 else BAD, assemble(
                text[:i] + text[i + 1:])
    for name, header in [
            ("empty", b""), ("null", b"null"), ("list", b"[]"), ("number", b"7"), ("no-tensors", b"{}"),
            ("spaces", b" " * 100), ("zeros", bytes(100)), ("not-utf8", b'{"\xff\xfe": {}}'),
            ("surrogate", b'{"\\ud800": {}}'), ("zero-in-name", b'{"a\\u0000b": {}}'),
            ("open", b"{" * 5000), ("deep", b'{"a":' * 3000 + b"1" + b"}" * 3000),
            ("deep-list", b'{"a":' + b"[" * 100000 + b"]" * 100000 + b"}"),
            ("comment", b"/* */" + text), ("two", text + text), ("bom", b"\xef\xbb\xbf" + text)]:
        yield f"header-{name}", BAD, assemble(header)
    yield "header-of-lists", BAD, assemble(b'{"a":[' + b"[]," * 2000000 + b"[]]}")
    yield "header-of-names", BAD, assemble(
        b"{" + b",".join(b'"%d":{}' % i for i in range(300000)) + b"}")
    yield "header-long-name", BAD, assemble(b'{"' + b"n" * 4000000 + b'": {}}')
    yield "header-control", BAD, assemble({"\x1b[2J\n\r\x07": {"dtype": "F32"}})
    double = text[:-1] + b", " + text[1:]
    yield "keys-twice", BAD, assemble(double)
    for metadata in ([], "text", 7, None, {"a": 1}, {"a": {}}, {"a": None},
                     {"impasto.input": "nobody"}, {"impasto.convention": "nobody"}):
        verdict = ANY if isinstance(metadata, dict) and "impasto.input" in metadata else BAD
        if isinstance(metadata, dict) and "impasto.convention" in metadata:
            verdict = ANY
        yield (f"metadata-{json.dumps(metadata)[:12].encode().hex()}", verdict,
               assemble({"__metadata__": metadata, **entries()}))


def tensors():
    for name in ("conv1_1.weight", "conv1_1.bias"):
        whole = entries()[name]
        for key in ("dtype", "shape", "data_offsets"):
            changed = entries()
            del changed[name][key]
            yield f"{name}-no-{key}", BAD, assemble(changed)
            for wrong in (None, True, 7, -1, 1.5, "", "x", {}, [], [[]], [None], [-1], [1.5], ["3"],
                          [True], [2**63 - 1] * 3, [10**18], [0], list(range(3000))):
                changed = entries()
                changed[name][key] = wrong
                yield (f"{name}-{key}-{json.dumps(wrong)[:12].encode().hex()}", BAD,
                       assemble(changed))
        for dtype in ("F64", "BF16", "I32", "U8", "BOOL", "F8_E4M3", "F4", "C64", "f32", "F32 ",
                      "F16", "\x1b[31m", "x" * 5000):
            changed = entries()
            changed[name]["dtype"] = dtype
            yield f"{name}-dtype-{dtype[:8].encode().hex()}", BAD, assemble(changed)
        for shape in ([64, 3, 3], [3, 64, 3, 3], [64, 3, 9], [WEIGHT], [64, 27], [], [1] * 65,
                      [2**32, 2**32], [2**62, 4, 4], [0, 2**63 - 1], [64, 3, 3, 3, 1], [-64, -3, 3, 3],
                      [2**63 - 1, 2**63 - 1, 0], [0] * 5, [64.0], [65], [63]):
            if shape != whole["shape"]:
                changed = entries()
                changed[name]["shape"] = shape
                yield f"{name}-shape-{str(shape)[:20].encode().hex()}", BAD, assemble(changed)
        begin, end = whole["data_offsets"]
        for offsets in ([end, begin], [begin, end + 1], [begin, end - 1], [begin + 1, end],
                        [begin + 4, end + 4], [-1, end], [begin, 2**63 - 1], [2**63 - 1, 2**63 - 1],
                        [begin, 2**64], [10**30, 10**31], [begin], [begin, end, end],
                        [0.0, float(end)], [str(begin), str(end)]):
            changed = entries()
            changed[name]["data_offsets"] = offsets
            yield f"{name}-offsets-{str(offsets)[:20].encode().hex()}", BAD, assemble(changed)
    whole = entries()
    whole["conv1_1.bias"]["data_offsets"] = [0, 256]
    yield "overlap", BAD, assemble(whole)
    whole = entries()
    whole["x"] = {"dtype": "U8", "shape": [0], "data_offsets": [100, 100]}
    yield "empty-inside", BAD, assemble(whole)
    for names in (("conv1_1.weight",), ("conv1_1.bias",)):
        part = {key: value for key, value in entries().items() if key in names}
        yield f"only-{names[0]}", BAD, assemble(part)
        part[names[0]]["data_offsets"] = [0, part[names[0]]["data_offsets"][1]
                                          - part[names[0]]["data_offsets"][0]]
        yield (f"only-{names[0]}-sound", BAD, assemble(
            part, values()[:part[names[0]]["data_offsets"][1]]))
    for old, new in (("conv1_1", "conv1_2"), ("conv1_1", "features.2"), ("conv1_1", "x.y"),
                     ("conv1_1", ""), ("conv1_1", "a" * 300 + ".conv1_1")):
        renamed = {key.replace(old, new): value for key, value in entries().items()}
        yield f"renamed-{new[:20]}", BAD, assemble(renamed)


def data():
    good = values()
    for at in (0, 1, WEIGHT // 2, WEIGHT - 1, WEIGHT, WEIGHT + BIAS - 1):
        for value in (math.nan, -math.nan, math.inf, -math.inf):
            changed = good[:4 * at] + struct.pack("<f", value) + good[4 * at + 4:]
            yield f"value-{at}-{value}-{math.copysign(1, value):.0f}", BAD, assemble(entries(), changed)
    for size in (0, 1, 4, WEIGHT_END - 1, WEIGHT_END, END - 1):
        yield f"data-of-{size}", BAD, assemble(entries(), good[:size])
    for size in (1, 4, 100000):
        yield f"data-more-{size}", BAD, assemble(entries(), good + bytes(size))


def files():
    good = assemble(entries())
    head = len(good) - END
    yield "sound", OK, good
    yield from cut("sound", good, [*range(head), *range(head, len(good), 997)])
    yield from headers()
    yield from tensors()
    yield from data()
    yield from damaged("sound", good, 200, 6, 0, head)
