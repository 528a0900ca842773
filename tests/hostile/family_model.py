# SPDX-License-Identifier: MIT
"""Bad files of style networks: of the smallest one that there is."""

import json
import math
import struct

from common import ANY, BAD, OK, cut, damaged

CHANNELS = [4, 4, 4, 4, 4]
NORMS = ["in1", "in2", "in3", "in4", "in5"]
# Shapes of the convolutions, in the order of the network.
CONVOLUTIONS = {"conv1": [4, 3, 3, 3], "conv2": [4, 4, 3, 3], "conv3": [4, 4, 3, 3],
                "deconv1": [4, 4, 3, 3], "deconv2": [4, 4, 3, 3], "deconv3": [3, 4, 3, 3]}


def described(shape=None, **texts):
    """The metadata. shape: what of it is otherwise."""
    form = {"channels": CHANNELS, "blocks": 0, "end_size": 3, "end_norm": False, "styles": 2,
            "epsilon": 1e-5, "in_scale": 255, "output": "linear", "out_scale": 1 / 255,
            "out_offset": 0} | (shape or {})
    return {"impasto.model": "1", "format": "pt", "impasto.shape": json.dumps(form),
            "impasto.styles": json.dumps(["ink", "dots"]), "impasto.training": "{}",
            "impasto.licence": "CC0"} | texts


def shapes(styles=2):
    result = {}
    for i, (name, shape) in enumerate(CONVOLUTIONS.items()):
        result[name + ".conv2d.weight"] = shape
        result[name + ".conv2d.bias"] = shape[:1]
        if i < len(NORMS):
            for kind in ("weight", "bias"):
                result[f"{NORMS[i]}.{kind}"] = [styles, 4] if styles > 1 else [4]
    return result


def values(count, dtype="F32"):
    return struct.pack(f"<{count}{'f' if dtype == 'F32' else 'e'}",
                       *[(i * 37 % 19 - 9) / 40 for i in range(count)])


def entries(dtype="F32", wanted=None):
    header, position = {}, 0
    for name, shape in (wanted or shapes()).items():
        end = position + math.prod(shape) * (4 if dtype == "F32" else 2)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [position, end]}
        position = end
    return header, position


def assemble(header, data, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def made(metadata=None, dtype="F32", wanted=None, change=None):
    header, size = entries(dtype, wanted)
    header = {"__metadata__": described() if metadata is None else metadata, **header}
    if change:
        change(header)
    return assemble(header, values(size // (4 if dtype == "F32" else 2), dtype))


def metadata():
    for key in ("impasto.shape", "impasto.styles"):
        less = described()
        del less[key]
        yield f"without-{key}", BAD, made(less)
    for text in ("", "0", "2", "99999999999999999999", "-1", "1.5", "x", "1 ", "\x1b[31m", "1" * 5000):
        yield f"format-{text[:8].encode().hex()}", BAD, made(described(**{"impasto.model": text}))
    for text in ("", "[]", "7", "null", "{", "{}" * 2, "[" * 5000, '{"a":' * 3000 + "1" + "}" * 3000,
                 " " * 70000, "\x1b[2J", '{"channels":' + "[4]" * 1 + "}", "{}"):
        yield (f"shape-text-{len(text)}-{text[:6].encode().hex()}", BAD,
               made(described(**{"impasto.shape": text})))
    numbers = [None, True, -1, -4, 1.5, "4", [], {}, 10**9, 2**31, 2**32 + 4, 2**53, 10**18]
    for key in ("blocks", "end_size", "styles"):
        for number in [*numbers, 5, 17, 65, 1000]:
            yield f"{key}-{json.dumps(number)[:20]}", BAD, made(described({key: number}))
    for i in range(len(CHANNELS)):
        for number in [*numbers, 0, 1, 3, 5, 8, 256, 260, 4096]:
            channels = CHANNELS[:i] + [number] + CHANNELS[i + 1:]
            yield f"channels-{i}-{json.dumps(number)[:20]}", BAD, made(described({"channels": channels}))
    for channels in ([], [4], CHANNELS * 2, CHANNELS * 1000, "44444", {"0": 4}, None):
        yield (f"channels-{json.dumps(channels)[:20].encode().hex()}", BAD,
               made(described({"channels": channels})))
    for key in ("epsilon", "in_scale", "out_scale", "out_offset"):
        for number in (None, True, "1", [], {}, 1e30, -1e30, 1e300, 1e7, 10**300):
            yield f"{key}-{json.dumps(number)[:20]}", BAD, made(described({key: number}))
        if key != "out_offset":
            yield f"{key}-0", BAD, made(described({key: 0}))
    for number in (None, True, "0", [], {}, -1e-9, 0.26, 1e30, 1e300, 10**300):
        yield f"noise-{json.dumps(number)[:20]}", BAD, made(described({"noise": number}))
    for word in (None, 0, "", "Linear", "relu", "tanh ", [], {}, "x" * 9000):
        yield f"output-{json.dumps(word)[:12].encode().hex()}", BAD, made(described({"output": word}))
    for key in ("channels", "blocks", "end_size", "styles", "epsilon", "in_scale", "output", "out_scale",
                "out_offset"):
        form = json.loads(described()["impasto.shape"])
        del form[key]
        yield f"no-{key}", BAD, made(described(**{"impasto.shape": json.dumps(form)}))
        twice = described()["impasto.shape"].replace("{", '{"%s": 4, ' % key, 1)
        yield f"twice-{key}", BAD, made(described(**{"impasto.shape": twice}))
    for names in ([], ["a"], ["a", "b", "c"], ["a", "a"], ["a", ""], ["", "a"], ["a", 1], [None, "a"],
                  ["a:b", "c"], ["a,b", "c"], ["\x07", "c"], ["a\n", "c"], ["x" * 65, "c"], ["x" * 60000, "c"],
                  [["a"], "b"], {"a": "b"}, "ab", 2, ["\x1b[31mred", "b"], ["é" * 33, "b"], ["\x7f", "b"]):
        yield (f"styles-{json.dumps(names)[:16].encode().hex()}", BAD,
               made(described(**{"impasto.styles": json.dumps(names)})))
    for text in ('["\\ud800","b"]', '["\\u0000","b"]', '["a","b"', "", '["a","b"]x', '["a","b",]'):
        yield f"styles-text-{text.encode().hex()}", BAD, made(described(**{"impasto.styles": text}))
    for text in ("[]", "7", "", "{", '"a"', '{"a":1,"a":2}', "x" * 70000, '{"a":"%s"}' % ("x" * 70000)):
        yield (f"training-{len(text)}-{text[:8].encode().hex()}", BAD,
               made(described(**{"impasto.training": text})))
    yield "licence-long", BAD, made(described(**{"impasto.licence": "x" * 70000}))
    jpeg, png = "data:image/jpeg;base64,", "data:image/png;base64,"
    for text in ("", "x", "drawn:", "drawn:384", "drawn:384:", "drawn::ink", "drawn:0:ink", "drawn:-1:ink",
                 "drawn:5000:ink", "drawn:99999999999999999999:ink", "drawn:38x:ink", "drawn:384:\x1b[31m",
                 "drawn:384:" + "x" * 65, jpeg, jpeg + "A", jpeg + "AAA", jpeg + "====", jpeg + "A===", jpeg + "AA=A",
                 jpeg + "AAAA\n", jpeg + "AAA\u00e9", jpeg + "AA-_", jpeg + "A" * 120004, png + "A" * 4000000,
                 "data:image/webp;base64,AAAA", "data:image/jpeg,AAAA", "DATA:IMAGE/JPEG;BASE64,AAAA", "ink.jpg", "/dev/zero",
                 "file:///dev/zero", "http://example.org/ink.jpg"):
        yield (f"picture-{len(text)}-{text[:28].encode().hex()}", BAD, made(described(**{"impasto.picture.1": text})))
    yield "picture-number", BAD, made(described(**{"impasto.picture.0": 7}))
    for text in ("drawn:384:ink", "drawn:1:no such style", jpeg + "AAAA", png + "AA==", jpeg + "A" * 120000):
        yield f"picture-sound-{len(text)}", OK, made(described(**{"impasto.picture.0": text}))
    yield "picture-of-none", OK, made(described(**{"impasto.picture.2": "x", "impasto.picture.00": "x"}))


def tensors():
    for name, shape in shapes().items():
        def without(header, name=name):
            header["x"] = header.pop(name)

        undone = name.endswith("conv2d.bias") and not name.startswith("deconv3")
        yield f"without-{name}", OK if undone else BAD, made(change=without)
        for dtype in ("I32", "U32", "F8_E4M3", "BF16", "F64", "f32", "x" * 2000):
            yield (f"{name}-{dtype[:8]}", BAD,
                   made(change=lambda header, name=name, dtype=dtype: header[name].update(dtype=dtype)))
        for other in (shape + [1], [1] + shape, [math.prod(shape)], list(reversed(shape)), [], [0],
                      [2**31, 2**31, 4], [2**63 - 1], [-4, -4], [1] * 3000):
            if other != shape:
                yield (f"{name}-{str(other)[:24]}", BAD,
                       made(change=lambda header, name=name, other=other: header[name].update(shape=other)))


def numbers():
    header, size = entries()
    for name in header:
        begin, end = header[name]["data_offsets"]
        for at in (begin, end - 4):
            for value in (math.nan, math.inf, -math.inf):
                data = bytearray(values(size // 4))
                data[at:at + 4] = struct.pack("<f", value)
                yield (f"{name}-{at - begin}-{value}", BAD,
                       assemble({"__metadata__": described(), **header}, bytes(data)))


def others():
    """Without metadata, and of other kinds."""
    one = {name: shape for name, shape in shapes(1).items()}
    yield "plain", OK, made({}, wanted=one)
    yield "plain-styles", OK, made({})
    for name in ("conv1", "conv2", "conv3", "deconv1", "deconv2"):
        fewer = {key: shape for key, shape in one.items() if not key.startswith(name + ".")}
        yield f"plain-without-{name}", BAD, made({}, wanted=fewer)
    for size in (1, 2, 4, 5, 11, 4096):
        wanted = one | {"conv1.conv2d.weight": [4, 3, 1, size]}
        yield f"plain-end-{size}", BAD, made({}, wanted=wanted)
    for styles in (0, 65, 3):
        yield f"plain-styles-{styles}", BAD, made({}, wanted=one | {"in1.weight": [styles, 4]})
    for count in (1, 3, 40):
        wanted = one | {f"res{i + 1}.conv1.conv2d.weight": [4, 4, 3, 3] for i in range(count)}
        yield f"plain-blocks-{count}", BAD, made({}, wanted=wanted)
    for name, data in [("empty", b""), ("zip", b"PK\3\4" + bytes(100)), ("pickle", b"\x80\2" + bytes(100)),
                       ("onnx", b"\x08\x03\x12\x07pytorch"), ("page", b"<html>" * 9), ("zeros", bytes(4096)),
                       ("json", b"{}"), ("huge", struct.pack("<Q", 2**63) + b"{}"),
                       ("vgg", made(wanted={"conv1_1.weight": [64, 3, 3, 3], "conv1_1.bias": [64]}))]:
        yield f"kind-{name}", BAD, data


def files():
    good = made()
    head = struct.unpack("<Q", good[:8])[0] + 8
    yield "sound", OK, good
    yield "sound-half", OK, made(dtype="F16")
    yield "sound-offset", OK, made(described({"out_offset": 0.5, "output": "tanh"}))
    yield from cut("sound", good, [*range(0, head, 7), *range(head, len(good), 997)])
    yield from metadata()
    yield from tensors()
    yield from numbers()
    yield from others()
    half = made(dtype="F16")
    yield from damaged("sound", half, 300, 8, 0, head)
    yield from damaged("data", half, 50, 9, head)
