#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How trainings end and go on with failing devices and spoilt numbers: test_training.py PROGRAM LAYER"""

import json
import os
import pathlib
import re
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from support import DEVICE, NUMERIC, Case, write_photographs  # noqa: E402

PLAIN = ["train", "style.png", "--photos", "photos", "--weights", "builtin", "--base", "none", "--width", "8", "--steps", "6",
         "--crop", "32", "--late-crop", "48", "--judge-size", "32", "--judge-every", "2", "--style-size", "32",
         "-q", "-o", "out.model", "--trace", "trace"]
TRAIN = [*PLAIN, "--checkpoint", "run.ckpt", "--every", "1"]
RESUME = ["train", "--resume", "run.ckpt", "-q"]


class Training(Case):
    def setUp(self):
        super().setUp()
        write_photographs(self.folder / "photos")

    def train(self, *arguments, fault="", words=TRAIN):
        """(finished process, the layer's report)"""
        report = self.home / "report"
        report.unlink(missing_ok=True)
        done = self.impasto(*words, *arguments, env={
            "OPENCL_LAYERS": LAYER, "IMPASTO_FAULT": fault, "IMPASTO_FAULT_REPORT": str(report),
            "IMPASTO_FAULT_TRACE": str(self.home / "calls"),
            "IMPASTO_FAULT_LAUNCHES": str(self.home / "launches")})
        return done, json.loads(report.read_text())

    def went(self, done, whole):
        """It came to its end, with this model."""
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.model(), whole, done.stderr)

    def model(self):
        return (self.folder / "out.model").read_bytes()

    def forget(self):
        for name in ("out.model", "run.ckpt", "trace"):
            (self.folder / name).unlink(missing_ok=True)

    def steps(self):
        lines = [json.loads(line) for line in (self.folder / "trace").read_text().splitlines()]
        return [line for line in lines if line["type"] == "step"]

    def undisturbed(self):
        done, _ = self.train()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        whole = self.model()
        self.forget()
        return whole, (self.home / "calls").read_text().split()

    def test_failing_calls(self):
        """Whatever fails, the run ends with one line, and what was saved goes on to the same model."""
        whole, calls = self.undisturbed()
        for call in ("clEnqueueReadBuffer", "clEnqueueNDRangeKernel", "clEnqueueWriteBuffer",
                     "clEnqueueCopyBuffer", "clCreateBuffer"):
            made = calls.count(call)
            for share in (0.3, 0.6, 0.9):
                with self.subTest(call, share=share):
                    self.forget()
                    at = max(int(made * share), 1)
                    done, report = self.train(fault=f"call={call},at={at},code=-5,on=1")
                    self.assertGreater(done.returncode, 1, done.stderr)
                    errors = [line for line in done.stderr.splitlines() if "warning:" not in line]
                    self.assertEqual(len(errors), 1, done.stderr)
                    self.assertEqual(set(report["left"].values()), {0}, report)
                    self.assertFalse((self.folder / "out.model").exists())
                    if not (self.folder / "run.ckpt").exists():
                        continue
                    self.assertIn("to go on: impasto train --resume run.ckpt", done.stderr)
                    done, _ = self.train(words=RESUME)
                    self.went(done, whole)

    def test_a_preview_that_fails(self):
        """The training goes on without, says so once, and its model is the same."""
        words = [*TRAIN, "--steps", "1", "--late-share", "0", "--judge-every", "1"]
        done, _ = self.train(words=words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        plain = self.model()
        made = (self.home / "calls").read_text().split().count("clCreateBuffer")
        self.forget()
        code, shown = self.watched(*words, "--show", "content.png", env={
            "OPENCL_LAYERS": LAYER, "IMPASTO_FAULT": f"call=clCreateBuffer,at={made + 1},code=-4",
            "IMPASTO_FAULT_REPORT": str(self.home / "report")})
        if b"libchafa-dev" in shown:
            self.skipTest("built without chafa")
        self.assertEqual(code, 0, shown)
        self.assertEqual(shown.count(b"--show: the training goes on without: "), 1, shown)
        self.assertNotIn(b"\033_Ga=T,", shown)
        self.assertEqual(self.model(), plain)

    def test_a_lost_device(self):
        """It is opened again, and the training goes on, to the same bytes."""
        whole, calls = self.undisturbed()
        reads = calls.count("clEnqueueReadBuffer")
        for code in (-36, -5):
            with self.subTest(code):
                self.forget()
                done, report = self.train(
                    fault=f"call=clEnqueueReadBuffer,at={reads * 2 // 3},code={code},lost=1")
                self.went(done, whole)
                self.assertRegex(done.stderr, rf"\({code}\).*going on from step [1-6] \(try 1 of 3\)")
                self.assertEqual(set(report["left"].values()), {0}, report)

    def test_a_device_that_is_lost_without_a_checkpoint(self):
        """The training goes on from where it began: from nothing, or from what it was resumed from."""
        whole, _ = self.undisturbed()
        self.train(words=PLAIN)
        reads = (self.home / "calls").read_text().split().count("clEnqueueReadBuffer")
        fault = f"call=clEnqueueReadBuffer,at={reads * 2 // 3},code=-36,lost=1"
        self.forget()
        done, _ = self.train(words=PLAIN, fault=fault)
        self.went(done, whole)
        self.assertIn("going on from step 0 (try 1 of 3)", done.stderr)
        # Stopped after some steps, and gone on with; other.ckpt is not saved before the end.
        self.forget()
        done, _ = self.train(fault=f"call=clEnqueueReadBuffer,at={reads * 2 // 3},code=-5,on=1")
        step = re.search(r"step (\d) is kept", done.stderr)[1]
        words = [*RESUME, "--checkpoint", "other.ckpt", "--every", "1000"]
        done, _ = self.train(words=words)
        self.went(done, whole)
        reads = (self.home / "calls").read_text().split().count("clEnqueueReadBuffer")
        for name in ("out.model", "other.ckpt"):
            (self.folder / name).unlink()
        done, _ = self.train(words=words, fault=f"call=clEnqueueReadBuffer,at={reads - 1},code=-36,lost=1")
        self.went(done, whole)
        self.assertIn(f"going on from step {step} (try 1 of 3)", done.stderr)

    def test_a_device_that_is_lost_again_and_again(self):
        """It ends with one line, and leaves what was there."""
        self.train(words=PLAIN)
        reads = (self.home / "calls").read_text().split().count("clEnqueueReadBuffer")
        self.write("out.model", "an older model")
        done, report = self.train(
            words=PLAIN, fault=f"call=clEnqueueReadBuffer,at={reads * 2 // 3},code=-36,lost=99")
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertEqual(done.stderr.count("opening it again"), 3)
        self.assertIn("CL_INVALID_COMMAND_QUEUE (-36)", done.stderr.splitlines()[-1])
        self.assertEqual(self.model(), b"an older model")
        self.assertEqual(set(report["left"].values()), {0}, report)

    def test_before_the_first_step(self):
        """What never worked is not tried again."""
        done, _ = self.train(fault="call=clEnqueueNDRangeKernel,at=1,code=-36,lost=9")
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_a_step_that_is_not_finite_is_taken_back(self):
        self.undisturbed()
        launches = (self.home / "launches").read_text().split()
        # Losses, gradients, what Adam leaves, and the average.
        for kernel, argument in (("tv_bwd", 1), ("adam", 0), ("adam", 2), ("adam", 3),
                                 ("approach", 0), ("range_bwd", 1)):
            with self.subTest(kernel, argument=argument):
                self.forget()
                self.assertIn(kernel, launches)
                done, _ = self.train(fault=f"poison={argument},kernel={kernel},at=3")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn("the step is taken back", done.stderr)
                skipped = [step["step"] for step in self.steps() if step.get("skipped")]
                self.assertEqual(len(skipped), 1)
                self.assertEqual(len(self.steps()), 6)

    def test_features_that_are_not_finite(self):
        """They are computed again. If they stay so, the training ends, and is whole."""
        self.undisturbed()
        made = (self.home / "launches").read_text().split().count("pool_fwd")
        for share in (0.1, 0.4, 0.6, 0.9):
            with self.subTest(share=share):
                self.forget()
                done, report = self.train(fault=f"poison=1,kernel=pool_fwd,at={int(made * share)}")
                self.assertEqual((done.returncode, report["poisoned"]), (0, 1), done.stderr)
                self.assertTrue((self.folder / "out.model").exists())
        # On the way; and where the crops get another size.
        for share in (0.5, 0.8):
            with self.subTest(share=share, on=1):
                self.forget()
                done, _ = self.train(fault=f"poison=1,kernel=pool_fwd,at={int(made * share)},on=1")
                self.assertEqual(done.returncode, NUMERIC, done.stderr)
                self.assertIn("features of training pictures are not finite", done.stderr)
                self.assertTrue((self.folder / "out.model").exists())
                done, _ = self.train(words=["train", "--resume", "run.ckpt", "-q", "--weights", "builtin"])
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_what_stays_not_finite_ends_it(self):
        done, _ = self.train(fault="poison=1,kernel=tv_bwd,at=3,on=1")
        self.assertEqual(done.returncode, NUMERIC, done.stderr)
        self.assertIn("5 steps running were taken back", done.stderr)
        self.assertTrue((self.folder / "out.model").exists())
        done, _ = self.train(words=RESUME)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    program, LAYER = (str(pathlib.Path(word).resolve()) for word in (sys.argv.pop(1), sys.argv.pop(1)))
    os.environ["IMPASTO_BIN"] = program
    with tempfile.TemporaryDirectory(prefix="impasto-training-cache-") as cache:
        os.environ["IMPASTO_CLI_CACHE"] = cache
        unittest.main()
