# SPDX-License-Identifier: MIT
"""What results say of themselves: true, no more than was asked for, and valid for other programs."""

import base64
import json
import pathlib
import re
import struct
import subprocess
import sys
import zlib

import validity
from support import CHEAP, Case, png, png_chunk

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "hostile"))
from family_jpeg import SOI, baseline, segment  # noqa: E402

MODES = ["private", "keep", "none"]
# The unpainted photograph, wherever a file may keep one.
THUMBNAIL = baseline(16, 8)
GPS, OWNER, TITLE, NOTICE = b"5-Mile-Road-GPS", b"Olga Owner", b"My children", b"(c) Ann"


def directory(order, at, entries, following=0):
    """A directory of (tag, type, value) at a place; a value is a number, or bytes of any length."""
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1}
    rows, data = b"", b""
    room = at + 2 + 12 * len(entries) + 4
    for tag, kind, value in sorted(entries):
        if isinstance(value, int):
            value = struct.pack(order + {3: "H", 4: "I"}[kind], value)
        row = struct.pack(order + "HHI", tag, kind, len(value) // sizes[kind])
        if len(value) <= 4:
            rows += row + value.ljust(4, b"\0")
        else:
            rows += row + struct.pack(order + "I", room + len(data))
            data += value + bytes(len(value) % 2)
    return struct.pack(order + "H", len(entries)) + rows + struct.pack(order + "I", following) + data


def exif(order="<", orientation=6):
    """As a camera's, with a thumbnail, a maker's preview, position, owner and Adobe RGB."""
    third = struct.pack(order + "6I", 47, 1, 30, 1, 0, 1)
    interop = [(1, 2, b"R03\0"), (2, 7, b"0100")]
    gps = [(1, 2, b"N\0"), (2, 5, third), (3, 2, b"E\0"), (4, 5, third), (18, 2, GPS + b"\0")]
    camera = [(0x829A, 5, struct.pack(order + "2I", 1, 250)), (0x9003, 2, b"2020:01:02 03:04:05\0"),
              (0x927C, 7, b"Maker\0" + THUMBNAIL), (0xA001, 3, 0xFFFF), (0xA002, 4, 9999),
              (0xA003, 4, 9999), (0xA430, 2, OWNER + b"\0"), (0xA434, 2, b"Lens 50mm\0")]
    image = [(0x010E, 2, TITLE + b"\0"), (0x010F, 2, b"Maker\0"), (0x0110, 2, b"Model 3\0"),
             (0x0112, 3, orientation), (0x0131, 2, b"Firmware 1.0\0"), (0x8298, 2, NOTICE + b"\0")]
    small = [(0x0103, 3, 6), (0x0112, 3, orientation), (0x0202, 4, len(THUMBNAIL))]
    places = {}
    for _ in range(2):  # the second time, places are known
        blocks, at = [], 8
        for name, entries in (
                ("image", image + [(0x8769, 4, places.get("camera", 0)),
                                   (0x8825, 4, places.get("gps", 0))]),
                ("camera", camera + [(0xA005, 4, places.get("interop", 0))]), ("gps", gps),
                ("interop", interop), ("small", small + [(0x0201, 4, places.get("end", 0))])):
            places[name] = at
            blocks.append(directory(order, at, entries,
                                    places.get("small", 0) if name == "image" else 0))
            at += len(blocks[-1])
        places["end"] = at
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + b"".join(blocks) + THUMBNAIL


def xmp():
    image = base64.b64encode(THUMBNAIL).decode().replace("\n", "&#xA;")
    return f"""<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>
<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'
  xmlns:tiff='http://ns.adobe.com/tiff/1.0/' tiff:Orientation='6'
  xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:xmpGImg='http://ns.adobe.com/xap/1.0/g/img/'>
 <xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'><xmpGImg:format>JPEG</xmpGImg:format>
  <xmpGImg:image>{image}</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>
 <dc:title><rdf:Alt><rdf:li xml:lang='x-default'>{TITLE.decode()}</rdf:li></rdf:Alt></dc:title>
 <dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>XMP's {NOTICE.decode()}</rdf:li></rdf:Alt></dc:rights>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>""".encode()


def dataset(number, text):
    return struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text


IPTC = dataset(0, b"\0\4") + dataset(90, b"Zurich") + dataset(116, b"IPTC's " + NOTICE)


def resource(number, data):
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)


def photograph(order="<"):
    """A JPEG with all of it, at 300 dots per inch."""
    thumbnail = struct.pack(">6IHH", 1, 16, 8, 48, 384, len(THUMBNAIL), 24, 1) + THUMBNAIL
    extra = segment(0xE0, b"JFIF\0\1\1\1" + struct.pack(">HH", 300, 300) + b"\0\0")
    extra += segment(0xE1, b"Exif\0\0" + exif(order))
    extra += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp())
    extra += segment(0xED, b"Photoshop 3.0\0" + resource(1036, thumbnail) + resource(0x0404, IPTC))
    return baseline(32, 24, 3, extra=extra)


def photograph_png():
    """The same as PNG, in the ways that PNG has."""

    def raw(name, data):
        text = f"\n{name}\n{len(data):8}\n{data.hex()}\n".encode()
        return png_chunk(b"tEXt", b"Raw profile type " + name.encode() + b"\0" + text)

    extra = png_chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))
    extra += raw("exif", b"Exif\0\0" + exif(">")) + raw("iptc", resource(0x0404, IPTC))
    extra += png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp())
    return png(32, 24, extra=extra)


class Metadata(Case):
    def setUp(self):
        super().setUp()
        self.sources = {"photo.jpg": photograph(), "photo.png": photograph_png()}
        for name, data in self.sources.items():
            self.write(name, data)

    def paint(self, content, output, *arguments):
        self.succeed(content, "style.png", *CHEAP, "--iterations", "0", "-o", output, *arguments)
        return (self.folder / output).read_bytes()

    def no_photograph_in(self, painted):
        encoded = base64.b64encode(THUMBNAIL)
        for trace in (THUMBNAIL[20:60], encoded[20:60], THUMBNAIL.hex().encode()[40:100]):
            self.assertNotIn(trace, painted)

    def only_what_is_left_by(self, mode, painted, jpeg):
        for words in (b"Maker\0", b"Model 3", b"Lens 50mm", b"2020:01:02 03:04:05", NOTICE + b"\0",
                      b"XMP's " + NOTICE):
            self.assertEqual(words in painted, mode != "none", words)
        for words in (GPS, OWNER, TITLE):
            self.assertEqual(words in painted, mode == "keep", words)
        for words in (b"Firmware", b"R03", b"tiff:Orientation", b"Thumbnails"):
            self.assertNotIn(words, painted)
        if jpeg:  # in a PNG it is in hexadecimal
            self.assertEqual(b"IPTC's " + NOTICE in painted, mode != "none")
            self.assertEqual(b"Zurich" in painted, mode == "keep")
            self.assertIn(b"ICC_PROFILE\0\1\1", painted)

    def tags(self, name):
        out = subprocess.run(["exiftool", "-json", "-a", "-G1", "-n", str(self.folder / name)],
                             stdout=subprocess.PIPE, check=True).stdout
        return json.loads(out)[0]

    def all_true(self, tags, mode):
        """As a program sees it that knows everything: the result is upright and 48x64."""
        self.assertRegex(json.dumps(tags), r"Impasto \d")
        for name in tags:
            self.assertNotRegex(name, "Thumbnail|Preview|MakerNote|IFD1|SubIFD")
        for name, value in {
            "IFD0:Orientation": 1, "IFD0:XResolution": 300, "IFD0:ResolutionUnit": 2,
            "ExifIFD:ColorSpace": 1, "ExifIFD:ExifImageWidth": 48, "ExifIFD:ExifImageHeight": 64,
            "InteropIFD:InteropIndex": "R98", "ExifIFD:ExposureTime": 0.004,
            "IPTC:CopyrightNotice": "IPTC's (c) Ann", "XMP-dc:Rights": "XMP's (c) Ann",
        }.items():
            self.assertEqual(tags.get(name), None if mode == "none" else value, name)
        for name, value in {"GPS:GPSLatitude": 47.5, "IPTC:City": "Zurich"}.items():
            self.assertEqual(tags.get(name), value if mode == "keep" else None, name)

    def test_what_each_mode_leaves(self):
        for content, data in self.sources.items():
            self.assertTrue(THUMBNAIL in data or THUMBNAIL.hex().encode() in data)
            for output in ("out.png", "out.jpg"):
                for mode in MODES:
                    with self.subTest(content=content, output=output, mode=mode):
                        options = [] if mode == "private" else ["--metadata", mode]
                        painted = self.paint(content, output, "--size", "64", *options)
                        self.no_photograph_in(painted)
                        self.only_what_is_left_by(mode, painted, output == "out.jpg")
                        if validity.installed("exiftool"):
                            self.all_true(self.tags(output), mode)

    def test_a_png_has_one_chunk_of_exif_before_its_pixels(self):
        painted = self.paint("photo.jpg", "out.png")
        self.assertEqual(painted.count(b"eXIf"), 1)
        self.assertLess(painted.index(b"eXIf"), painted.index(b"IDAT"))

    def test_density_comes_along(self):
        for content in self.sources:
            painted = self.paint(content, "out.jpg")
            self.assertEqual(painted[2:4], b"\xff\xe0")
            self.assertEqual(struct.unpack(">BHH", painted[13:18]), (1, 300, 300))
            painted = self.paint(content, "out.png")
            at = painted.index(b"pHYs") + 4
            self.assertEqual(struct.unpack(">IIB", painted[at:at + 9]), (11811, 11811, 1))

    def test_a_raw_profile_turns_the_picture(self):
        self.paint("photo.png", "out.png", "--size", "source")
        head = (self.folder / "out.png").read_bytes()[16:24]
        self.assertEqual(struct.unpack(">II", head), (24, 32))

    def test_equal_pictures_are_equal_bytes(self):
        for output in ("a.png", "a.jpg"):
            again = "b" + output[1:]
            self.assertEqual(self.paint("photo.jpg", output), self.paint("photo.jpg", again))

    def test_the_mode_is_recorded(self):
        self.paint("photo.jpg", "out.png", "--metadata", "none")
        self.succeed("--settings", "out.png", "photo.jpg", "-o", "again.png")
        self.assertEqual((self.folder / "out.png").read_bytes(),
                         (self.folder / "again.png").read_bytes())
        self.assertNotIn(b"Lens 50mm", (self.folder / "again.png").read_bytes())

    def test_results_of_results_are_as_true(self):
        self.paint("photo.jpg", "one.jpg", "--metadata", "keep")
        painted = self.paint("one.jpg", "two.png", "--metadata", "keep", "--size", "24")
        self.assertEqual(painted.count(b"eXIf"), 1)
        for words in (GPS, OWNER, TITLE, NOTICE, b"Lens 50mm"):
            self.assertIn(words, painted)


class Valid(Case):
    """Every kind of result goes through every program that is there."""

    def setUp(self):
        super().setUp()
        self.write("photo.jpg", photograph())
        self.write("photo.png", photograph_png())
        self.write("clear.png", self.transparent())

    @staticmethod
    def transparent():
        rows = b"".join(b"\0" + bytes(v for x in range(32) for v in (x * 7, y * 9, 99, x * 8))
                        for y in range(24))
        return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 24, 8, 6, 0, 0, 0))
                + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))

    def valid(self, path):
        validity.check_valid(self.folder / path)

    def writes(self, name):
        run = self.impasto("content.png", "style.png", *CHEAP, "--iterations", "0", "-o", name)
        return run.returncode == 0

    def test_results(self):
        for name, options in [("out.png", []), ("deep.png", ["--bits", "16"]), ("out.jpg", []),
                              ("out.tif", []), ("deep.tif", ["--bits", "16"]), ("out.webp", [])]:
            if not self.writes(name):
                continue  # a build without the format
            for content, mode in [("photo.jpg", "keep"), ("photo.png", "private"),
                                  ("photo.jpg", "none"), ("clear.png", "keep")]:
                with self.subTest(name, content=content, mode=mode):
                    self.succeed(content, "style.png", *CHEAP, "--iterations", "0", "-o", name,
                                 "--metadata", mode, *options)
                    self.valid(name)

    def test_frames(self):
        for content in ("photo.jpg", "clear.png"):
            self.succeed(content, "style.png", *CHEAP, "-o", "out.png", "--timelapse", content + "-film",
                         "--metadata", "keep")
            frames = sorted((self.folder / (content + "-film")).iterdir())
            self.assertGreater(len(frames), 1)
            for frame in frames:
                self.valid(frame)
                self.assertIn(b"Software\0Impasto ", frame.read_bytes())
                self.assertNotIn(THUMBNAIL, frame.read_bytes())

    def test_pictures_of_a_report(self):
        self.succeed("photo.jpg", "style.png", *CHEAP, "-o", "out.png", "--report", "report.html",
                     "--metadata", "keep")
        page = (self.folder / "report.html").read_text()
        pictures = re.findall(r"data:image/(\w+);base64,([\w+/=]+)", page)
        self.assertGreater(len(pictures), 2)
        for i, (kind, data) in enumerate(pictures):
            picture = self.write(f"{i}.{'jpg' if kind == 'jpeg' else kind}", base64.b64decode(data))
            self.valid(picture)
            for words in (b"Exif", GPS, NOTICE, b"Lens 50mm"):
                self.assertNotIn(words, picture.read_bytes())

    def test_what_is_not_installed(self):
        missing = validity.missing()
        if missing:
            self.skipTest(f"results are not tried with {', '.join(missing)}: not installed")

    def test_programs_do_complain(self):
        """A check that finds nothing where there is something is none."""
        self.succeed("photo.jpg", "style.png", *CHEAP, "--iterations", "0", "-o", "out.png")
        data = (self.folder / "out.png").read_bytes()
        chunk = data[data.index(b"eXIf") - 4:]
        chunk = chunk[:12 + struct.unpack(">I", chunk[:4])[0]]
        self.write("twice.png", data[:-12] + chunk + data[-12:])
        self.write("bad.jpg", SOI + b"\xff\xd9")
        for name, file in [("pngcheck", "twice.png"), ("exiftool", "photo.jpg"), ("Pillow", "bad.jpg"),
                           ("ImageMagick", "bad.jpg"), ("jpeginfo", "bad.jpg")]:
            if validity.installed(name):
                with self.subTest(name), self.assertRaises(AssertionError):
                    validity.check_valid(self.folder / file, [name])
