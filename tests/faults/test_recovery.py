#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How runs go on without memory, and with lost and hung devices: test_recovery.py PROGRAM LAYER"""

import json
import os
import pathlib
import re
import struct
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from case_apply import style_network  # noqa: E402
from support import DEVICE, MEMORY, PATIENCE, USAGE, WEIGHTS, Case, first_layer, png  # noqa: E402

JOB = ["content.png", "style.png", "--weights", "builtin", "--size", "32", "--scales", "1",
       "--iterations", "12", "--style-layers", "1_1,2_1", "--content-layers", "2_1", "-q"]


class Faults(Case):
    def setUp(self):
        super().setUp()
        self.write("content.png", png(32, 32))

    def job(self, *arguments, fault="", **changes):
        """(finished process, the layer's report); nothing may be left on the device."""
        report = self.home / "report"
        report.unlink(missing_ok=True)
        env = {"OPENCL_LAYERS": LAYER, "IMPASTO_FAULT": fault, "IMPASTO_FAULT_REPORT": str(report),
               "IMPASTO_FAULT_TRACE": str(self.home / "trace")}
        done = self.impasto(*JOB, *arguments, env=env | changes)
        return done, json.loads(report.read_text()) if report.exists() else None

    def picture(self, name="out.png"):
        return (self.folder / name).read_bytes()

    def undisturbed(self, call="clEnqueueReadBuffer"):
        """Its picture, and how often it made a call."""
        done, _ = self.job("-o", "whole.png")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return self.picture("whole.png"), (self.home / "trace").read_text().split().count(call)

    def reads_with_checkpoint(self, whole):
        """How often a run reads that saves one after each iteration; its picture is the same."""
        done, _ = self.job("-o", "out.png", "--checkpoint", "run.ckpt", "--every", "1",
                           IMPASTO_TIMEOUT="off")
        self.assertEqual((done.returncode, self.picture()), (0, whole), done.stderr)
        (self.folder / "run.ckpt").unlink()
        return (self.home / "trace").read_text().split().count("clEnqueueReadBuffer")

    def clean(self, report):
        self.assertIsNotNone(report, "it ended without its destructors")
        self.assertEqual(set(report["left"].values()), {0}, report)


class Network(Faults):
    def begins(self, *arguments):
        """How often applying a network begins to take memory when it has none."""
        done = self.impasto("apply", "night.model", "content.png", "-o", "out.png", *arguments,
                            env={"OPENCL_LAYERS": LAYER, "IMPASTO_FAULT_TRACE": str(self.home / "trace")})
        self.assertEqual(done.returncode, 0, done.stderr)
        held = count = 0
        for call in (self.home / "trace").read_text().split():
            if call in ("clCreateBuffer", "clCreateSubBuffer"):
                count += held == 0
                held += 1
            held -= call == "clReleaseMemObject"
        self.assertEqual(held, 0)
        return count

    def test_a_refinement_has_the_device_to_itself(self):
        """What the network took there is given back before the optimiser takes its own."""
        self.write("night.model", style_network())
        plain = self.begins()
        self.assertGreater(plain, 0)
        self.assertGreater(self.begins("--refine", "1", "--style", "style.png", "--weights", "builtin"), plain)


class Memory(Faults):
    def test_refused_once(self):
        """A smaller plan gives the same picture, to rounding; that it was taken is said."""
        _, buffers = self.undisturbed("clCreateBuffer")
        for code in [-4, -5, -6]:
            with self.subTest(code):
                done, report = self.job("-o", "out.png",
                                        fault=f"call=clCreateBuffer,at={buffers - 3},code={code}")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, rf"warning: .*\({code}\).*: trying with [0-9.]+ MiB")
                self.clean(report)

    def test_refused_for_good(self):
        _, buffers = self.undisturbed("clCreateBuffer")
        self.write("out.png", "an older result")
        done, report = self.job("-o", "out.png",
                                fault=f"call=clCreateBuffer,at={buffers - 3},code=-4,on=1")
        self.assertEqual(done.returncode, MEMORY, done.stderr)
        self.assertRegex(done.stderr.splitlines()[-1], r"^impasto: 32x32 needs at least \d+ MiB")
        self.assertLess(len(done.stderr.splitlines()), 30)
        self.assertEqual(self.picture(), b"an older result")
        self.clean(report)

    def test_refused_at_a_larger_size(self):
        """What has been painted so far is not lost."""
        done, _ = self.job("--scales", "16,32", "--iterations", "3", "-o", "whole.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        trace = (self.home / "trace").read_text().split()
        buffers = trace.count("clCreateBuffer")
        for checkpoint in [[], ["--checkpoint", "run.ckpt"]]:
            with self.subTest(checkpoint):
                done, report = self.job("--scales", "16,32", "--iterations", "3", "-o", "out.png",
                                        *checkpoint,
                                        fault=f"call=clCreateBuffer,at={buffers - 3},code=-4,on=1")
                self.assertEqual(done.returncode, MEMORY, done.stderr)
                self.assertIn("the picture so far was written to out.png", done.stderr)
                self.assertRegex(done.stderr, r"impasto: 32x32 needs at least \d+ MiB")
                self.assertEqual(struct.unpack(">II", self.picture()[16:24]), (32, 32))
                self.clean(report)
        done = self.impasto("--resume", "run.ckpt", "-o", "again.png", "-q")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.picture("again.png"), self.picture("whole.png"))

    def test_refused_to_one_of_a_team(self):
        """All devices plan again, and the picture is the same; which of them asks is by chance."""
        self.write("content.png", png(16, 200))
        team = ["--size", "200", "--scales", "2", "--iterations", "2", "--device", "0,0", "--memory", "1G", "-o"]
        done, _ = self.job(*team, "whole.png")
        self.assertEqual(done.returncode, 0, done.stderr)
        buffers = (self.home / "trace").read_text().split().count("clCreateBuffer")
        again = 0
        for nth in range(1, buffers + 1, 11):
            with self.subTest(nth):
                done, report = self.job(*team, "out.png", fault=f"call=clCreateBuffer,at={nth},code=-4")
                self.clean(report)
                if "no memory for self-test" in done.stderr or "no memory for weights" in done.stderr:
                    self.assertEqual(done.returncode, MEMORY, done.stderr)
                    continue
                self.assertEqual((done.returncode, self.picture()), (0, self.picture("whole.png")), done.stderr)
                again += "trying with" in done.stderr
        self.assertGreater(again, 3)


class Torn(Faults):
    """Memory that is refused while the image moves leaves one that is of no step: it is not written, and
    what is kept is from before."""

    def launches(self, *arguments):
        """Of an undisturbed run, the numbers of those that move the image, and of some others."""
        names = self.home / "launches"
        done, _ = self.job(*arguments, "-o", "whole.png", IMPASTO_FAULT_LAUNCHES=str(names))
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.folder / "run.ckpt").unlink()
        all_of_them = list(enumerate(names.read_text().split(), 1))
        moving = [n for n, name in all_of_them if re.match("lbfgs|adam|approach", name)]
        return moving, [n for n, _ in all_of_them[::74] if n not in moving]

    def test_at_any_launch(self):
        for optimizer in ["adam", "lbfgs"]:
            arguments = ["--optimizer", optimizer, "--scales", "16,32", "--iterations", "3",
                         "--first-iterations", "3", "--checkpoint", "run.ckpt"]
            moving, others = self.launches(*arguments)
            for n in moving + others:
                with self.subTest(optimizer=optimizer, launch=n):
                    self.write("out.png", "an older result")
                    done, report = self.job(*arguments, "-o", "out.png",
                                            fault=f"call=clEnqueueNDRangeKernel,at={n},code=-6")
                    self.clean(report)
                    self.check(done, n in moving)

    def check(self, done, moving):
        written = self.picture() != b"an older result"
        self.assertFalse(written and moving and done.returncode != 0, done.stderr)
        if done.returncode == 0:
            self.assertEqual(self.picture(), self.picture("whole.png"))
        else:
            self.assertEqual(done.returncode, MEMORY, done.stderr)
            self.assertEqual(written, "the picture so far was written" in done.stderr, done.stderr)
        if (self.folder / "run.ckpt").exists():
            done = self.impasto("--resume", "run.ckpt", "-o", "again.png", "-q")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.picture("again.png"), self.picture("whole.png"))
            (self.folder / "run.ckpt").unlink()


class Lost(Faults):
    """On one device, a run that went on has the bytes of one that was never disturbed."""

    def test_from_the_checkpoint(self):
        whole, _ = self.undisturbed()
        reads = self.reads_with_checkpoint(whole)
        for code in [-36, -9999, -5]:
            with self.subTest(code):
                (self.folder / "run.ckpt").unlink(missing_ok=True)
                done, report = self.job(
                    "-o", "out.png", "--checkpoint", "run.ckpt", "--every", "1",
                    fault=f"call=clEnqueueReadBuffer,at={reads * 3 // 4},code={code},lost=1")
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertRegex(done.stderr, rf"\({code}\).*going on from iteration [1-9]")
                self.assertEqual(self.picture(), whole)
                self.clean(report)

    def test_from_the_beginning(self):
        whole, reads = self.undisturbed()
        fault = f"call=clEnqueueReadBuffer,at={reads * 3 // 4},code=-36,lost=1"
        done, report = self.job("-o", "out.png", "--timelapse", "film", fault=fault)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stderr, r"\(-36\).*going on from iteration 0 \(try 1 of 3\)")
        self.assertEqual(self.picture(), whole)
        self.assertEqual(len(os.listdir(self.folder / "film")), 13)
        self.clean(report)

    def test_again_and_again(self):
        _, reads = self.undisturbed()
        self.write("out.png", "an older result")
        fault = f"call=clEnqueueReadBuffer,at={reads * 3 // 4},code=-36,lost=99"
        done, report = self.job("-o", "out.png", fault=fault)
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertEqual(done.stderr.count("opening it again"), 3)
        self.assertIn("CL_INVALID_COMMAND_QUEUE (-36)", done.stderr.splitlines()[-1])
        self.assertEqual(self.picture(), b"an older result")
        self.clean(report)

    def test_by_the_time_it_is_back_the_weights_are_others(self):
        """So the run cannot go on; it ends as one that could not begin."""
        self.write("w.safetensors", first_layer())
        self.write("out.png", "an older result")
        layers = ["--weights", "w.safetensors", "--style-layers", "1_1", "--content-layers", "1_1",
                  "--checkpoint", "run.ckpt", "--every", "1000", "--trace", "trace.jsonl"]
        done, _ = self.job("-o", "whole.png", *layers)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        reads = (self.home / "trace").read_text().split().count("clEnqueueReadBuffer")
        for name in ["run.ckpt", "trace.jsonl"]:
            (self.folder / name).unlink()
        # The call takes its time to fail, for as long as the weights are replaced.
        fault = f"call=clEnqueueReadBuffer,at={reads * 3 // 4},code=-36,lost=1,sleep=3"
        run = self.start(*JOB, *layers, "-o", "out.png",
                         env={"OPENCL_LAYERS": LAYER, "IMPASTO_FAULT": fault})
        while not self.trace():
            self.assertIsNone(run.poll(), "it ended by itself")
            time.sleep(0.01)
        (self.folder / "w.new").write_bytes(first_layer(scale=1e30))
        (self.folder / "w.new").rename(self.folder / "w.safetensors")
        _, said = run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, WEIGHTS, said)
        self.assertRegex(said.decode().splitlines()[-1], "^impasto: .*not finite: these weights cannot")
        self.assertEqual(self.picture(), b"an older result")
        self.assertFalse((self.folder / "run.ckpt").exists())

    def test_while_rows_travel(self):
        """Of two devices, wherever one waits for what it copies while it computes. Nothing is left of either."""
        self.write("content.png", png(16, 200))
        team = ["--size", "200", "--iterations", "3", "--device", "0,0", "--memory", "1G"]
        words = {"IMPASTO_OVERLAP": "on", "POCL_MAX_PTHREAD_COUNT": "1"}
        done, _ = self.job(*team, "-o", "whole.png", **words)
        self.assertEqual(done.returncode, 0, done.stderr)
        waits = (self.home / "trace").read_text().split().count("clWaitForEvents")
        self.assertGreater(waits, 40)
        for nth in range(1, waits, waits // 4):
            for lost in "", ",lost=1":
                with self.subTest(nth=nth, lost=lost):
                    (self.folder / "out.png").unlink(missing_ok=True)
                    fault = f"call=clWaitForEvents,at={nth},code=-36{lost}"
                    done, report = self.job(*team, "-o", "out.png", fault=fault, **words)
                    self.clean(report)
                    self.assertIn("(-36)", done.stderr)
                    if done.returncode == 0:
                        self.assertEqual(self.picture(), self.picture("whole.png"))
                    else:
                        self.assertEqual(done.returncode, DEVICE, done.stderr)

    def test_before_the_first_iteration(self):
        """What never worked is not tried again."""
        fault = "call=clEnqueueNDRangeKernel,at=1,code=-36,lost=9"
        done, report = self.job("-o", "out.png", fault=fault)
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        self.clean(report)


class Hung(Faults):
    def test_it_leaves(self):
        whole, _ = self.undisturbed()
        reads = self.reads_with_checkpoint(whole)
        self.write("out.png", "an older result")
        # The time is above what an iteration takes on a busy machine.
        done, report = self.job("-o", "out.png", "--checkpoint", "run.ckpt", "--every", "1",
                                fault=f"call=clEnqueueReadBuffer,at={reads * 3 // 4},sleep=-1",
                                IMPASTO_TIMEOUT="8")
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertIsNone(report)
        self.assertRegex(done.stderr, r"iteration \d+ is kept; to go on: impasto --resume run\.c")
        last = done.stderr.splitlines()[-1]
        self.assertRegex(last, r"^impasto: the device.* has not answered for \d+ s")
        self.assertEqual(self.picture(), b"an older result")
        self.succeed("--resume", "run.ckpt", "-o", "out.png", "-q")
        self.assertEqual(self.picture(), whole)

    def test_without_a_checkpoint(self):
        done, _ = self.job("-o", "out.png", fault="call=clFinish,at=2,sleep=-1",
                           IMPASTO_TIMEOUT="2")
        self.assertEqual(done.returncode, DEVICE, done.stderr)
        self.assertIn("--checkpoint would have kept", done.stderr)
        self.assertFalse((self.folder / "out.png").exists())

    def test_wherever_it_waits(self):
        """Before there is a device, while it compiles, when memory is asked for or work handed over."""
        for call in ["clCreateContext", "clBuildProgram", "clCreateBuffer", "clEnqueueNDRangeKernel"]:
            with self.subTest(call):
                done, _ = self.job("-o", "out.png", fault=f"call={call},at=1,sleep=-1",
                                   IMPASTO_TIMEOUT="2")
                self.assertEqual(done.returncode, DEVICE, done.stderr)
                self.assertRegex(done.stderr, "the device has not answered for 3 s")

    def test_what_is_no_time(self):
        for text in ["soon", "-1", "0", "1e9"]:
            done, _ = self.job("-o", "out.png", IMPASTO_TIMEOUT=text)
            self.assertEqual(done.returncode, USAGE, done.stderr)
            self.assertIn("IMPASTO_TIMEOUT", done.stderr)


if __name__ == "__main__":
    os.environ["IMPASTO_BIN"], LAYER = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:3])
    del sys.argv[1:3]
    with tempfile.TemporaryDirectory(prefix="impasto-faults-") as folder:
        os.environ.setdefault("IMPASTO_CLI_CACHE", folder)
        unittest.main()
