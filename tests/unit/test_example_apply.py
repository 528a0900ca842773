#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""examples/apply.c paints as the program does: test_example_apply.py EXAMPLE PROGRAM"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from case_apply import style_network  # noqa: E402
from support import Case, INPUT, USAGE, png, read_png  # noqa: E402

PICTURES = {"a": (32, 24), "b": (41, 18), "c": (32, 24)}


class Example(Case):
    def setUp(self):
        super().setUp()
        self.write("night.model", style_network())
        for name, (width, height) in PICTURES.items():
            self.write(f"{name}.png", png(width, height))

    def example(self, *words):
        return subprocess.run([EXAMPLE, *words], cwd=self.folder, capture_output=True, text=True, check=False)

    def test_picture_after_picture(self):
        words = [word for name in PICTURES for word in (f"{name}.png", f"{name}-painted.png")]
        done = self.example("night.model", *words)
        self.assertEqual((done.returncode, done.stdout), (0, ""), done.stderr)
        for name, size in PICTURES.items():
            self.succeed("apply", "night.model", f"{name}.png", "-o", "program.png", "-q")
            ours, theirs = (read_png(self.folder / path) for path in (f"{name}-painted.png", "program.png"))
            self.assertEqual(ours[:2], size)
            self.assertEqual(ours, theirs, name)

    def test_failures(self):
        self.assertEqual(self.example("night.model", "a.png").returncode, USAGE)
        done = self.example("night.model", "a.png", "first.png", "none.png", "second.png")
        self.assertEqual(done.returncode, INPUT, done.stderr)
        self.assertIn("none.png", done.stderr)
        self.assertTrue((self.folder / "first.png").exists())
        self.assertFalse((self.folder / "second.png").exists())


if __name__ == "__main__":
    EXAMPLE, program = (str(pathlib.Path(word).resolve()) for word in (sys.argv.pop(1), sys.argv.pop(1)))
    os.environ["IMPASTO_BIN"] = program
    with tempfile.TemporaryDirectory(prefix="impasto-example-cache-") as cache:
        os.environ["IMPASTO_CLI_CACHE"] = cache
        unittest.main()
