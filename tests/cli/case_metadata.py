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
from blocks import GPS, IPTC, NOTICE, OWNER, TITLE, exif, raw_profile, resource, xmp  # noqa: E402
from family_jpeg import SOI, baseline, segment  # noqa: E402

MODES = ["private", "keep", "none"]
# The unpainted photograph, wherever a file may keep one.
THUMBNAIL = baseline(16, 8)


def photograph(order="<"):
    """A JPEG with all of it, at 300 dots per inch."""
    thumbnail = struct.pack(">6IHH", 1, 16, 8, 48, 384, len(THUMBNAIL), 24, 1) + THUMBNAIL
    extra = segment(0xE0, b"JFIF\0\1\1\1" + struct.pack(">HH", 300, 300) + b"\0\0")
    extra += segment(0xE1, b"Exif\0\0" + exif(order, thumbnail=THUMBNAIL))
    extra += segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp(THUMBNAIL))
    extra += segment(0xED, b"Photoshop 3.0\0" + resource(1036, thumbnail) + resource(0x0404, IPTC))
    return baseline(32, 24, 3, extra=extra)


def photograph_png():
    """The same as PNG, in the ways that PNG has."""

    def raw(name, data):
        return png_chunk(b"tEXt", b"Raw profile type " + name.encode() + b"\0" + raw_profile(name, data))

    extra = png_chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))
    extra += raw("exif", b"Exif\0\0" + exif(">", thumbnail=THUMBNAIL)) + raw("iptc", resource(0x0404, IPTC))
    extra += png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp(THUMBNAIL))
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
