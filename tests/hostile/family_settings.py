# SPDX-License-Identifier: MIT
"""Bad settings: JSON files, and JSON in the text chunks of PNG pictures."""

import json
import zlib

from common import ANY, BAD, OK, cut, damaged
from family_png import picture

GOOD = {"size": 64, "iterations": 3, "style-weight": 2.5, "content": "content.png",
        "style": ["style.png"], "style-layers": {"conv1_1": 1, "conv2_1": 0.5}, "memory": "1.5G",
        "scales": "auto", "optimizer": "adam", "seed": 3}
# What is of the wrong kind for nearly everything.
WRONG = [[], {}, [[]], {"a": 1}, True, "", " ", "x", "-", "1e", "0x10", "1e999", "-1e999", "nan",
         "inf", -1, -0.5, 10**18, -10**18, 1e308, 1e-320, "1\n2", "\x1b[2J", "9" * 5000,
         "\u202e", "a" * 70000, [1, "a"], [None], "1,2,,3", ",", ":", "1:", "conv9_9:1",
         {"conv1_1": "x"}, {"conv1_1": -1}, {"nothing": 1}, {"conv1_1": 1e400}]
NUMBERS = ["size", "iterations", "first-iterations", "style-weight", "content-weight", "tv-weight",
           "strength", "style-scale", "style-size", "average", "learning-rate", "seed", "bits",
           "history", "memory", "margin"]
WORDS = ["style-layers", "content-layers", "optimizer", "losses", "colour", "pooling", "scales"]


def in_picture(text, kind="iTXt"):
    if kind == "iTXt":
        body = b"Impasto\0\0\0\0\0" + text
    elif kind == "zTXt":
        body = b"Impasto\0\0" + zlib.compress(text)
    else:
        body = b"Impasto\0" + text
    return picture(extra=[(kind.encode(), body)])


def documents():
    text = json.dumps(GOOD).encode()
    yield "sound", OK, text
    for coding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
        yield coding, OK, text.decode().encode(coding)
        yield from damaged(coding, text.decode().encode(coding), 40, 11)
    for i, byte in enumerate(text):
        if byte != 0x20:
            yield f"without-{i}", ANY, text[:i] + text[i + 1:]
    for length in range(len(text)):
        yield f"cut-{length}", BAD, text[:length]
    for name, data in [
            ("null", b"null"), ("number", b"7"), ("text", b'"x"'), ("list", b"[]"), ("true", b"true"),
            ("spaces", b" " * 1000), ("zeros", bytes(1000)), ("open", b"{" * 3000),
            ("deep", b'{"size":' + b"[" * 3000 + b"]" * 3000 + b"}"),
            ("deep-objects", b'{"settings":' * 3000 + b"1" + b"}" * 3000),
            ("twice", b'{"size": 64, "size": 65}'), ("bom-only", b"\xef\xbb\xbf"),
            ("utf32", text.decode().encode("utf-32")), ("utf16-odd", b"\xff\xfe" + text[:-1]),
            ("utf16-half", b"\xff\xfe{\0\x00\xd8}\0"), ("not-utf8", b'{"size": "\xff"}'),
            ("surrogate", b'{"content": "\\ud800"}'), ("zero", b'{"content": "a\\u0000b"}'),
            ("huge-number", b'{"size": ' + b"9" * 100000 + b"}"),
            ("huge-real", b'{"strength": 1e' + b"9" * 1000 + b"}"),
            ("comma", b'{"size": 64,}'), ("single", b"{'size': 64}"), ("nan", b'{"strength": NaN}'),
            ("infinity", b'{"strength": -Infinity}'), ("two", text + text),
            ("comment", b"// x\n" + text), ("too-large", b'{"size": 64' + b" " * (1 << 20) + b"}"),
            ("many-lists", b'{"size": [' + b"[]," * 300000 + b"[]]}"),
            ("many-keys", b"{" + b",".join(b'"%d":1' % i for i in range(60000)) + b"}"),
            ("pickle", b"\x80\x02}q\x00."), ("zip", b"PK\x03\x04" + bytes(60)), ("elf", b"\x7fELF" + bytes(60)),
            ("html", b"<!DOCTYPE html><html></html>"), ("jpeg", b"\xff\xd8\xff\xe0" + bytes(60)),
            ("inner-list", b'{"settings": [], "size": 3000000}'),
            ("beside", b'{"settings": {}, "other": 1}')]:
        yield name, BAD, data


def values():
    for key in NUMBERS + WORDS:
        for i, value in enumerate(WRONG):
            yield f"{key}-wrong-{i}", ANY, json.dumps({key: value}).encode()
    for key in NUMBERS:
        for name, value in (("list", []), ("object", {}), ("true", True), ("text", "x"),
                            ("nan", "nan"), ("nested", [[1]]), ("negative", -10**18)):
            yield f"{key}-{name}", BAD, json.dumps({key: value}).encode()
    for key in ("content", "style"):
        for name, value in (("number", 3), ("object", {}), ("empty", ""), ("null", None),
                            ("list", []), ("lists", [[]]), ("many", ["a"] * 65)):
            verdict = ANY if (key, name) == ("style", "null") else BAD
            yield f"{key}-{name}", verdict, json.dumps({key: value}).encode()
    # A file from somebody else must not decide what is written where, or what is run.
    for key in ("output", "o", "trace", "report", "timelapse", "checkpoint", "resume", "settings",
                "save-settings", "export-weights", "batch", "overwrite", "quiet", "help", "plan",
                "", "-", "--size", "size ", "Size", "s\u0131ze", "\x1b[2J", "x" * 100000, "__proto__",
                "gradient", "list-devices", "self-test", "tune", "show", "every", "json"):
        for value in ("/tmp/x", True, 1):
            yield (f"key-{key[:12].encode().hex()}-{value!r:.4}".replace("/", "_"), BAD,
                   json.dumps({key: value}).encode())


def pictures():
    yield "picture-sound", OK, in_picture(json.dumps(GOOD).encode())
    yield "picture-without", BAD, picture()
    for kind in ("iTXt", "zTXt", "tEXt"):
        for name, text in (("empty", b""), ("null", b"null"), ("cut", b'{"size": 6'),
                           ("unknown", b'{"nothing": 1}'), ("not-utf8", b'{"size": "\xff"}'),
                           ("long", b'{"size": 64' + b" " * (1 << 20) + b"}"),
                           ("deep", b"[" * 100000), ("output", b'{"output": "x"}')):
            yield f"picture-{kind}-{name}", BAD, in_picture(text, kind)
    good = in_picture(json.dumps(GOOD).encode())
    yield from cut("picture", good, range(0, 60))
    yield from damaged("picture", good, 60, 8)


def files():
    yield from documents()
    yield from values()
    yield from pictures()
    yield from damaged("settings", json.dumps(GOOD).encode(), 200, 9)
