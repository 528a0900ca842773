# SPDX-License-Identifier: MIT
"""Pictures in and out: other formats, standard input and output, folders, what is there already."""

import os
import pathlib
import subprocess

import validity
from support import CHEAP, INPUT, OUTPUT, USAGE, Case, environment, png, program, read_png

PICTURES = pathlib.Path(__file__).resolve().parents[1] / "pictures"
HEADS = {"png": b"\x89PNG", "jpeg": b"\xff\xd8\xff", "tiff": b"II*\0", "webp": b"RIFF"}
BIG = b"II+\0"  # a BigTIFF
BEGINS = {".tif": HEADS["tiff"], ".tiff": HEADS["tiff"], ".btf": BIG, ".tf8": BIG, ".jpg": HEADS["jpeg"],
          ".webp": HEADS["webp"]}
SAME = """
import sys
from PIL import Image
pictures = [Image.open(name) for name in sys.argv[1:]]
sys.exit(len({(picture.mode, picture.size, picture.tobytes()) for picture in pictures}) > 1)
"""


class Formats(Case):
    """Builds without a library refuse its pictures by name, and so would these."""

    def without(self, run):
        return "was built without" in run.stderr or "does not write" in run.stderr

    def test_each_result_is_valid_to_others(self):
        for name, words in (("out.tif", []), ("deep.tiff", ["--bits", "16"]), ("big.btf", []),
                            ("deep.tf8", ["--bits", "16"]), ("out.webp", []),
                            ("small.webp", ["--quality", "30"]), ("out.jpg", ["--quality", "80"]),
                            ("noending", ["--format", "webp"]), ("other.png", ["--format", "tiff"])):
            with self.subTest(name):
                run = self.impasto("content.png", "style.png", *CHEAP, *words, "-o", name)
                if self.without(run):
                    continue
                self.assertEqual(run.returncode, 0, run.stderr)
                data = (self.folder / name).read_bytes()
                head = HEADS[words[1]] if "--format" in words else BEGINS[pathlib.Path(name).suffix]
                self.assertTrue(data.startswith(head), data[:8])
                if "--format" not in words:
                    validity.check_valid(self.folder / name)

    def test_pictures_of_every_format_are_content_and_style(self):
        for name in ("turn.heic", "alpha.avif", "alpha.webp", "moving.webp", "p3.avif"):
            with self.subTest(name):
                data = (PICTURES / name).read_bytes()
                (self.folder / "photo.jpg").write_bytes(data)  # names do not count
                run = self.impasto("photo.jpg", "photo.jpg", *CHEAP, "-o", "out.png")
                if not self.without(run):
                    self.assertEqual(run.returncode, 0, run.stderr)

    def test_a_tiff_result_is_the_png_one(self):
        self.stylise("-o", "out.png", "--bits", "16")
        run = self.impasto("content.png", "style.png", *CHEAP, "--bits", "16", "-o", "out.tif")
        if self.without(run):
            self.skipTest("built without TIFF")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.succeed("out.png", "style.png", *CHEAP, "-o", "from-png.png")
        self.succeed("out.tif", "style.png", *CHEAP, "-o", "from-tiff.png")
        self.assertEqual(read_png(self.folder / "from-png.png"),
                         read_png(self.folder / "from-tiff.png"))

    def test_a_bigtiff_is_the_png_one_to_others(self):
        python = validity.pillow_python()
        if not python:
            self.skipTest("there is no Pillow")
        names = ["out.png", "out.tif", "out.btf"]
        for name in names:
            if self.without(self.impasto("content.png", "style.png", *CHEAP, "-o", name)):
                self.skipTest("built without TIFF")
        same = subprocess.run([python, "-c", SAME, *names], cwd=self.folder, check=False)
        self.assertEqual(same.returncode, 0)

    def test_refusals(self):
        for words, code, said in (
                (["-o", "x.heic"], USAGE, "does not write HEIC"),
                (["-o", "x.gif"], USAGE, "end the name in .png, .jpg"),
                (["-o", "x.webp", "--bits", "16"], USAGE, "WebP"),
                (["-o", "x.jpg", "--quality", "0"], USAGE, "quality"),
                (["-o", "x.png", "--format", "heic"], USAGE, "format")):
            with self.subTest(words):
                run = self.impasto("content.png", "style.png", *CHEAP, *words)
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(said, run.stderr)


class Streams(Case):
    def pipe(self, data, *words):
        return subprocess.run([program(), *words, *CHEAP], cwd=self.folder, input=data, timeout=300,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              env=environment(self.home))

    def test_content_style_and_mask_from_standard_input(self):
        content, style = ((self.folder / name).read_bytes() for name in ("content.png", "style.png"))
        self.stylise("-o", "out.png")
        wanted = read_png(self.folder / "out.png")[4]
        for data, words in ((content, ["-", "style.png"]), (style, ["content.png", "-"]),
                            (style, ["content.png", "-:0.5"])):
            run = self.pipe(data, *words, "-o", "piped.png")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertEqual(read_png(self.folder / "piped.png")[4], wanted)
        white = png(32, 24, lambda x, y: (255, 255, 255))
        run = self.pipe(white, "content.png", "style.png", "--content-mask", "-", "-o", "masked.png")
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_standard_output_has_the_picture_and_nothing_else(self):
        self.stylise("-o", "out.png")
        for kind, head in HEADS.items():
            run = self.pipe(b"", "content.png", "style.png", "-o", "-", "--format", kind)
            if b"does not write" in run.stderr:
                continue
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertTrue(run.stdout.startswith(head))
            self.assertIn(b"wrote standard output", run.stderr)
            (self.folder / "piped").write_bytes(run.stdout)
            if kind == "png":
                self.assertEqual(read_png(self.folder / "piped")[4],
                                 read_png(self.folder / "out.png")[4])
        self.assertFalse((self.folder / "-").exists())

    def test_from_one_to_the_other(self):
        run = self.pipe((self.folder / "content.png").read_bytes(), "-", "style.png", "-o", "-",
                        "--format", "jpeg")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertTrue(run.stdout.endswith(b"\xff\xd9"))

    def test_refusals(self):
        sound = (self.folder / "content.png").read_bytes()
        for data, words, code, said in (
                (b"", ["-", "style.png", "-o", "x.png"], INPUT, "standard input: is empty"),
                (b"text", ["-", "style.png", "-o", "x.png"], INPUT, "standard input: is "),
                (sound[:60], ["-", "style.png", "-o", "x.png"], INPUT, "standard input: is "),
                (sound, ["-", "style.png"], USAGE, "-o"),
                (sound, ["-", "-", "-o", "x.png"], USAGE, "once"),
                (sound, ["-", "style.png", "-o", "x.png", "--checkpoint", "c"], USAGE, "standard input"),
                (sound, ["content.png", "style.png", "-o", "-"], USAGE, "--format"),
                (sound, ["content.png", "style.png", "-o", "-", "--format", "png", "--save-every", "1"],
                 USAGE, "--save-every")):
            with self.subTest(words):
                run = self.pipe(data, *words)
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(said, run.stderr.decode())
                self.assertEqual(run.stdout, b"")
                self.assertFalse((self.folder / "x.png").exists())

    def test_a_terminal_gets_no_picture(self):
        _, other = self.terminal()
        self.addCleanup(os.close, other)
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "-", "--format", "png",
                           stdin=other, stdout=other)
        self.assertEqual(run.returncode, USAGE, run.stderr)
        self.assertIn("is a terminal", run.stderr)


class Places(Case):
    def test_a_folder_gets_the_usual_name(self):
        (self.folder / "there").mkdir()
        for given in ("there", "there/"):
            self.succeed("content.png", "style.png", *CHEAP, "-o", given)
            self.assertEqual(os.listdir(self.folder / "there"), ["content-style.png"])
            os.unlink(self.folder / "there" / "content-style.png")
        self.succeed("content.png", "style.png", *CHEAP, "-o", "there", "--format", "jpeg")
        self.assertEqual(os.listdir(self.folder / "there"), ["content-style.jpg"])

    def test_a_folder_that_is_not_there(self):
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "nowhere/")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertIn("nowhere", run.stderr)

    def test_a_batch_into_a_folder(self):
        (self.folder / "there").mkdir()
        self.succeed("--batch", "content.png", "style.png", *CHEAP, "-o", "there/")
        self.assertEqual(os.listdir(self.folder / "there"), ["content-style.png"])

    def test_no_clobber(self):
        (self.folder / "old.png").write_bytes(b"old")
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "old.png", "--no-clobber")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertIn("old.png: is there already", run.stderr)
        self.assertEqual((self.folder / "old.png").read_bytes(), b"old")
        self.succeed("content.png", "style.png", *CHEAP, "-o", "new.png", "--no-clobber")
        run = self.impasto("--batch", "content.png", "style.png", "--overwrite", "--no-clobber")
        self.assertEqual(run.returncode, USAGE, run.stderr)
