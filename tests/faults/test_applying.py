#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How style networks are applied with failing devices, spoilt numbers and kills: test_applying.py PROGRAM LAYER

test_device_faults.py apply fails every call.
"""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import unittest
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from case_apply import style_network  # noqa: E402
from support import DEVICE, MEMORY, NUMERIC, Case, png, read_png  # noqa: E402

PICTURES = 12
KILLS = 5
BATCH = ["apply", "night.model", "pictures", "-o", "painted/{content}.png"]


class Applying(Case):
    def setUp(self):
        super().setUp()
        self.write("night.model", style_network(["night"]))
        (self.folder / "pictures").mkdir()
        (self.folder / "painted").mkdir()

    def put_pictures(self, count):
        for i in range(count):
            self.write(f"pictures/{i:02}.png", png(40 + i, 40))

    def faulty(self, *arguments, fault=""):
        """(finished process, the layer's report)"""
        report = self.home / "report"
        report.unlink(missing_ok=True)
        done = self.impasto(*arguments, env={
            "OPENCL_LAYERS": LAYER, "IMPASTO_FAULT": fault, "IMPASTO_FAULT_REPORT": str(report),
            "IMPASTO_FAULT_TRACE": str(self.home / "calls"),
            "IMPASTO_FAULT_LAUNCHES": str(self.home / "launches")})
        return done, json.loads(report.read_text())

    def painted(self):
        """{name: width} of the results, each of which is whole."""
        return {path.name: read_png(path)[0] for path in (self.folder / "painted").glob("[!.]*")}

    def test_a_picture_without_memory_does_not_stop_the_others(self):
        self.put_pictures(4)
        done, _ = self.faulty(*BATCH)
        self.assertEqual((done.returncode, len(self.painted())), (0, 4), done.stderr)
        calls = (self.home / "calls").read_text().split()
        writes = calls.count("clEnqueueWriteBuffer")
        for path in (self.folder / "painted").iterdir():
            path.unlink()
        done, report = self.faulty(*BATCH, fault=f"call=clEnqueueWriteBuffer,at={writes - 1},code=-4")
        self.assertEqual(done.returncode, MEMORY, done.stderr)
        self.assertIn("1 of 4 pictures failed", done.stderr)
        self.assertEqual(len(self.painted()), 3)
        self.assertEqual(set(report["left"].values()), {0}, report)
        self.succeed(*BATCH)
        self.assertEqual(len(self.painted()), 4)

    def test_less_memory_than_promised(self):
        """The picture goes through in lower strips, to the same bytes, and one line says so."""
        words = ["apply", "night.model", "content.png", "--size", "160", "-q", "-o"]
        done, _ = self.faulty(*words, "whole.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        buffers = (self.home / "calls").read_text().split().count("clCreateBuffer")
        # The largest maps are the last.
        done, report = self.faulty(*words, "strips.png", fault=f"call=clCreateBuffer,at={buffers},code=-4")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertRegex(done.stderr, r"no memory for .*: trying with [\d.]+ MiB in all instead of ")
        self.assertEqual(*(read_png(self.folder / name)[4] for name in ("whole.png", "strips.png")))
        self.assertEqual(set(report["left"].values()), {0}, report)
        # Where there never is any, the driver's words are the last.
        done, _ = self.faulty(*words, "none.png", fault=f"call=clCreateBuffer,at={buffers},code=-4,on=1")
        self.assertEqual(done.returncode, MEMORY, done.stderr)
        self.assertIn("CL_MEM_OBJECT_ALLOCATION_FAILURE", done.stderr.splitlines()[-1])
        self.assertFalse((self.folder / "none.png").exists())

    def test_lost_device(self):
        """It ends the batch, and what was painted stays."""
        self.put_pictures(4)
        self.faulty(*BATCH)
        reads = (self.home / "calls").read_text().split().count("clEnqueueReadBuffer")
        for path in (self.folder / "painted").iterdir():
            path.unlink()
        done, _ = self.faulty(*BATCH, fault=f"call=clEnqueueReadBuffer,at={reads - 1},code=-36,lost=1")
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertLess(len(self.painted()), 4)
        self.succeed(*BATCH)
        self.assertEqual(len(self.painted()), 4)

    def test_numbers_that_are_not_finite(self):
        """Whatever has left them, no picture is written of them."""
        words = ["apply", "night.model", "content.png", "-q", "-o", "out.png"]
        self.write("out.png", b"older")
        # What the last layer and normalisations leave.
        for kernel, argument in (("map_give", 1), ("norm_apply", 3)):
            with self.subTest(kernel):
                done, report = self.faulty(*words, fault=f"poison={argument},kernel={kernel},at=1,on=1")
                self.assertGreater(report["poisoned"], 0)
                self.assertEqual(done.returncode, NUMERIC, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn("not finite", done.stderr)
                self.assertEqual((self.folder / "out.png").read_bytes(), b"older")

    def whole(self, path):
        try:
            return read_png(path)[1] == 40
        except (AssertionError, ValueError, KeyError, zlib.error):
            return False

    def test_kills(self):
        """A batch that is killed leaves whole pictures alone, and goes on with the others."""
        self.put_pictures(PICTURES)
        chance, kills, results = random.Random(11), 0, set()
        while kills < KILLS:
            process = self.start(*BATCH, "-q", stderr=subprocess.DEVNULL)
            wanted = len(results) + chance.randint(1, 2)
            while process.poll() is None and len(self.names()) < min(wanted, PICTURES):
                try:
                    process.wait(chance.uniform(0.002, 0.02))
                except subprocess.TimeoutExpired:
                    pass
            process.kill()
            process.communicate()
            kills += process.returncode == -signal.SIGKILL
            now = self.names()
            self.assertTrue(results <= now, "a result is gone")
            for name in now:
                self.assertTrue(self.whole(self.folder / "painted" / name), name)
            results = now
            if process.returncode == 0:
                break
        self.succeed(*BATCH, "-q")
        self.assertEqual(len(self.names()), PICTURES)
        left = [path.name for path in (self.folder / "painted").iterdir() if path.name.startswith(".")]
        self.assertEqual(left, [])
        self.assertGreater(kills, 0)

    def names(self):
        return {path.name for path in (self.folder / "painted").glob("*.png") if not path.name.startswith(".")}


if __name__ == "__main__":
    program, LAYER = (str(pathlib.Path(word).resolve()) for word in (sys.argv.pop(1), sys.argv.pop(1)))
    os.environ["IMPASTO_BIN"] = program
    with tempfile.TemporaryDirectory(prefix="impasto-applying-cache-") as cache:
        os.environ["IMPASTO_CLI_CACHE"] = cache
        unittest.main()
