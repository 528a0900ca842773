# SPDX-License-Identifier: MIT
"""Bad lists of pictures: what --batch reads, and what such a list may lead to."""

import os
import socket
import urllib.parse

import support
from common import ANY, BAD, OK, damaged

# All relative to the list's folder. The strangers are no pictures.
GOOD = "../named/good.png"
STRANGERS = ["hostile", "./hostile", "../painted/hostile", "missing.png", "../named/missing/x.png", "/dev/zero",
             "/dev/full", "/dev/null", "/dev/random", "/proc/self/mem", "/proc/self/maps", "/proc/kcore",
             "/proc/self/environ", "../named/loop", "../named/loop.png", "../named/dangling.png",
             "../named/pipe", "../named/socket", "../named/empty.png", "../named/cut.png",
             "../named/text.png", "../named/empty", "../named/good.png/x", "../named/good.png/",
             "../named/zero", "-", "--", "-o", "~/none.png", "~", "~root/x", "*.png", "../named/*.png",
             "$(touch owned)", "`touch owned`", "; touch owned", "| touch owned", "good.png\t../x",
             "http://localhost/x.png", "ftp://x/y.png", "data:image/png;base64,AAAA", "x" * 255 + ".png",
             "x" * 70000, "/" * 5000 + "x", "../" * 3000 + "x", "a/" * 3000 + "x", "%s%s%n", "{content}",
             "C:\\x.png", "\\\\server\\share\\x.png", "file://server/share/x.png", "\u202egnp.x",
             "\ufeff", "\u00e4.png"]
# Instead of the path in an address, or behind it.
ESCAPES = ["%", "%%", "%2", "%zz", "%00", "%00.png", "%2", "%2500", "%ff%fe", "%c3%28", "%0a", "%0d%0a", "%1b[2J",
           "%u0041", "%-1", "%+1", "% 1", "%2f%2e%2e", "%F0%9F", "%" * 3000, "%41" * 3000]
QUOTES = ['"{}', '{}"', '""{}""', "'{}\"", "\"{}'", '"', '""', "'", "''", '"""', '" "', '"{}" "{}"', '"{}"x',
          "\\\"{}\\\"", "\u201c{}\u201d", '" {} "', "'{}", "{}'", '"{}\\"', "\u00ab{}\u00bb"]


def make_named(folder):
    """What lists lead to."""
    folder.mkdir()
    good = support.png(32, 24)
    (folder / "good.png").write_bytes(good)
    (folder / "cut.png").write_bytes(good[:60])
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_bytes(b"good.png\n")
    (folder / "empty").mkdir()
    (folder / "loop").symlink_to("loop")
    (folder / "loop.png").symlink_to("other.png")
    (folder / "other.png").symlink_to("loop.png")
    (folder / "dangling.png").symlink_to("nowhere.png")
    (folder / "zero").symlink_to("/dev/zero")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as end:
        here = os.getcwd()
        os.chdir(folder)
        end.bind("socket")
        os.chdir(here)
    (folder / "rings").mkdir()
    (folder / "rings" / "ring").symlink_to(".")


def address(path):
    return "file://" + urllib.parse.quote(str(path))


def sound(named):
    """Lists that must be read, by all the ways that they may be written."""
    absolute = str(named / "good.png")
    yield "sound", OK, GOOD.encode()
    for i, text in enumerate([f"{GOOD}\n", f"{GOOD}\r\n", f"\n\n# none\n{GOOD}", f'"{absolute}"\n',
                              f"'{absolute}'", address(absolute), address(absolute).upper()[:7] + absolute,
                              f"{GOOD}\r{GOOD}\r", f"{GOOD}\v", f"\t{GOOD} ", f"{GOOD}\n" * 20]):
        yield f"sound-{i}", OK, text.encode()
        for coding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"):
            yield f"sound-{i}-{coding}", OK, text.encode(coding)
    for i, data in enumerate([f"{GOOD}\0", f"{GOOD}\0{GOOD}", f"\0\0{GOOD}\0\0"]):
        yield f"sound-zeros-{i}", OK, data.encode()


def codings():
    text = f"{GOOD}\n# \u00e4\U0001f5bc\n"
    for coding, mark in (("utf-16-le", b"\xff\xfe"), ("utf-16-be", b"\xfe\xff")):
        data = mark + text.encode(coding)
        for length in range(3, len(data)):
            # A name that was cut, or a whole one and a remark that was.
            yield (f"{coding}-cut-{length}", BAD if length % 2 or length < 2 * len(GOOD) + 2 else ANY,
                   data[:length])
        for name, unit in (("high", "\ud83d"), ("low", "\uddbc"), ("swapped", "\uddbc\ud83d"),
                           ("twice", "\ud83d\ud83d"), ("zero", "\0")):
            for place, whole in (("first", unit + text), ("last", text + unit)):
                yield f"{coding}-{name}-{place}", BAD, mark + whole.encode(coding, "surrogatepass")
        yield from damaged(coding, data, 60, 21)
        yield f"{coding}-mark", BAD, mark
        yield f"{coding}-marks", BAD, mark * 1000
    for coding in ("utf-32", "utf-32-be", "utf-32-le", "utf-7", "cp037"):
        mark = b"\0\0\xfe\xff" if coding == "utf-32-be" else b""
        yield coding, ANY if coding == "utf-7" else BAD, mark + text.encode(coding, "replace")
    yield "mark-only", BAD, b"\xef\xbb\xbf"
    yield "marks", BAD, b"\xef\xbb\xbf" * 2 + text.encode()
    yield "not-utf8", BAD, b"\xff\xff\xc0\x80\xed\xa0\x80.png"
    yield from damaged("utf-8", f"# a list\n{GOOD}\n".encode(), 60, 22)


def binaries():
    """What is no text is the picture that it may be."""
    good = support.png(32, 24)
    for byte in [*range(1, 9), *range(14, 32), 127]:
        yield f"control-{byte}", BAD, GOOD.encode() + bytes([byte]) + b"\n"
        yield f"control-{byte}-first", BAD, bytes([byte]) + GOOD.encode()
        yield f"control-{byte}-zeros", BAD, GOOD.encode() + b"\0" + bytes([byte]) + b"\0"
    for name, data in [
            ("elf", b"\x7fELF" + bytes(60)), ("zip", b"PK\x03\x04" + bytes(60)), ("gzip", b"\x1f\x8b\x08" + bytes(60)),
            ("all-bytes", bytes(range(256)) * 20), ("pickle", b"\x80\x02}q\x00."), ("cut-png", good[:40]),
            ("jpeg", b"\xff\xd8\xff\xe0" + bytes(60)), ("webp", b"RIFF\x10\0\0\0WEBPVP8 " + bytes(8)),
            ("html", b"<!DOCTYPE html><html></html>"), ("json", b'{"size": 64}'), ("svg", b"<svg/>"),
            ("script", b"#!/bin/sh\ntouch owned\n"), ("lfs", b"version https://git-lfs.github.com/spec/v1\n")]:
        yield name, BAD, data
    for length in (1, 2, 3, 4, 63, 64, 65, 4096, 1 << 20):
        for name, byte in (("zeros", b"\0"), ("spaces", b" "), ("lines", b"\n"), ("returns", b"\r"),
                           ("tabs", b"\t"), ("quotes", b'"'), ("remarks", b"#"), ("percents", b"%"),
                           ("bytes-ff", b"\xff"), ("tildes", b"~"), ("dashes", b"-")):
            yield f"{name}-{length}", BAD, byte * length
    yield "a-picture", OK, good


def strangers():
    for i, word in enumerate(STRANGERS):
        data = word.encode()
        yield f"stranger-{i}", BAD, data
        yield f"stranger-{i}-zeros", BAD, data + b"\0"
        after = ANY if word == "../named/empty" else BAD  # a folder without pictures beside others is none
        yield f"stranger-{i}-after", after, f"{GOOD}\n".encode() + data + b"\n"
        yield f"stranger-{i}-quoted", BAD, b'"' + data + b'"\r\n'
        yield f"stranger-{i}-wide", BAD, word.encode("utf-16")


def addresses(named):
    absolute = str(named / "good.png")
    for i, escape in enumerate(ESCAPES):
        yield f"address-{i}", BAD, f"file:///{escape}".encode()
        yield f"address-{i}-after", BAD, f"file://{absolute}{escape}\n".encode()
        yield f"address-{i}-in", BAD, f"file://{absolute.replace('good', escape)}\n".encode()
    for name, text in (("bare", "file:"), ("slashes", "file:" + "/" * 4000), ("host", f"file://x{absolute}"),
                       ("none", "file://"), ("relative", "file:good.png"), ("query", f"file://{absolute}?a"),
                       ("anchor", f"file://{absolute}#a"), ("twice", "file://file://" + absolute)):
        yield f"address-{name}", BAD, text.encode()


def quotes():
    for i, quote in enumerate(QUOTES):
        bare = GOOD not in quote.replace("{}", GOOD).strip("\"' ")
        for name, path in (("good", GOOD), ("missing", "missing.png")):
            verdict = BAD if name == "missing" or bare else ANY
            yield f"quotes-{i}-{name}", verdict, quote.replace("{}", path).encode()


def large():
    yield "one-line", BAD, b"x" * (16 << 20)
    yield "long-lines", BAD, (b"x" * 70000 + b"\n") * 50
    yield "many-lines", BAD, b"missing.png\n" * 20000
    yield "many-zeros", BAD, b"m\0" * 20000
    yield "many-times-itself", BAD, b"hostile\n" * 20000
    yield "too-large", BAD, b"#" * ((64 << 20) + 1)
    yield "remarks", BAD, b"# none\n" * 500000
    yield "wide-and-large", BAD, b"\xff\xfe" + b"x\0" * (8 << 20)


def in_folder(*names):
    """A folder with links of these names, each to itself or what is said."""
    def make(path):
        path.mkdir()
        for name, target in names:
            (path / name).symlink_to(target)
    return make


def others():
    """What stands in the place of a list."""
    yield "loop", BAD, lambda path: path.symlink_to("hostile")
    yield "dangling", BAD, lambda path: path.symlink_to("nowhere")
    yield "endless", BAD, lambda path: path.symlink_to("/dev/zero")
    yield "endless-noise", BAD, lambda path: path.symlink_to("/dev/urandom")
    yield "nothing", BAD, lambda path: path.symlink_to("/dev/null")
    yield "memory", BAD, lambda path: path.symlink_to("/proc/self/mem")
    yield "folder", BAD, in_folder()
    yield "folder-of-loops", BAD, in_folder(("a.png", "a.png"), ("b.png", "a.png"))
    yield "folder-in-itself", BAD, in_folder(("ring", "."), ("up", ".."))
    yield "folder-of-devices", BAD, in_folder(("a.png", "/dev/zero"), ("b", "/dev/zero"), ("c.jpg", "/dev/null"))
    yield "folder-of-one", OK, in_folder(("a.png", "../" + GOOD))


def files(named):
    make_named(named)
    yield from sound(named)
    yield from codings()
    yield from binaries()
    yield from strangers()
    yield from addresses(named)
    yield from quotes()
    yield from large()
    yield from others()
