#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Drivers that die when they are asked for their devices: test_drivers.py PROGRAM DRIVER

A driver of our own (driver.c) is registered beside the one under test. Whatever it does, the good one is
found, and one line names the bad one.
"""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))

import support  # noqa: E402
from support import CHEAP, DEVICE, Case  # noqa: E402

VENDORS = pathlib.Path(os.environ.get("OCL_ICD_VENDORS_DIR", "/etc/OpenCL/vendors"))
WORDS = {"abort": "crashed (Aborted)", "segv": "crashed (Segmentation fault)",
         "exit": "ended the process", "hang": "did not answer in 3 s"}


class Drivers(Case):
    def setUp(self):
        super().setUp()
        self.vendors = self.folder / "vendors"
        self.vendors.mkdir()
        shutil.copy(VENDORS / os.environ["OCL_ICD_VENDORS"], self.vendors / "good.icd")
        (self.vendors / "bad.icd").write_text(f"{DRIVER}\n")
        self.cache = self.folder / "cache"
        self.env = {"OCL_ICD_VENDORS": str(self.vendors), "XDG_CACHE_HOME": str(self.cache),
                    "IMPASTO_TIMEOUT": "3", "TMPDIR": str(self.folder)}

    def list(self, how, code=0):
        run = self.impasto("--list-devices", env={**self.env, "IMPASTO_TEST_DRIVER": how})
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertEqual(list(self.folder.glob("impasto-run-*")), [])
        return run

    def check_words(self, text, how):
        (line,) = text.splitlines()
        for words in [str(DRIVER), str(self.vendors / "bad.icd"), WORDS[how], "left out"]:
            self.assertIn(words, line)

    def test_left_out(self):
        good = self.list("no harm").stdout
        self.assertIn("0:0", good)
        for how in WORDS:
            with self.subTest(how):
                shutil.rmtree(self.cache, ignore_errors=True)
                for _ in range(2):  # tried, then known
                    run = self.list(how)
                    self.assertEqual(run.stdout, good)
                    self.check_words(run.stderr, how)

    def test_a_picture(self):
        env = {**self.env, "IMPASTO_TEST_DRIVER": "abort", "IMPASTO_TIMEOUT": None}
        run = self.impasto("content.png", "style.png", *CHEAP, "-q", "-o", "out.png", env=env,
                           timeout=support.PATIENCE)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.check_words(run.stderr, "abort")

    def test_alone(self):
        (self.vendors / "good.icd").unlink()
        run = self.list("segv")
        self.assertIn("no OpenCL device", run.stdout)
        self.check_words(run.stderr, "segv")

    def test_two(self):
        (self.vendors / "worse.icd").write_text(f"{DRIVER}\n")
        self.assertEqual(len(self.list("exit").stderr.splitlines()), 2)

    def test_not_always(self):
        """One that was well the last time is not tried first, but is when that was wrong."""
        self.assertEqual(self.list("no harm").stderr, "")
        self.assertIn("OpenCL driver", self.list("abort", DEVICE).stderr)
        self.check_words(self.list("abort").stderr, "abort")

    def test_mended(self):
        """A crash may have had a reason that is gone: it is tried again each time."""
        reason = self.folder / "reason"
        reason.write_text("")
        self.assertIn("left out", self.list(str(reason)).stderr)
        reason.unlink()
        for _ in range(2):
            self.assertEqual(self.list(str(reason)).stderr, "")

    def test_without_a_cache(self):
        self.cache.write_text("a file")
        run = self.list("abort")
        self.assertIn("0:0", run.stdout)
        self.assertIn(str(DRIVER), run.stderr)


if __name__ == "__main__":
    os.environ["IMPASTO_BIN"] = str(pathlib.Path(sys.argv.pop(1)).resolve())
    DRIVER = pathlib.Path(sys.argv.pop(1)).resolve()
    with tempfile.TemporaryDirectory(prefix="impasto-drivers-") as shared:
        os.environ.setdefault("IMPASTO_CLI_CACHE", shared)
        unittest.main(verbosity=2)
