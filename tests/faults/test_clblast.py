#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""CLBlast that gives wrong products, error codes, or crashes: test_clblast.py PROGRAM CHOICE LAYER"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from support import DEVICE, NUMERIC, Case, environment, pixels, png  # noqa: E402

JOB = ["content.png", "style.png", "--weights", "builtin", "--size", "16", "--scales", "1",
       "--iterations", "2", "--style-layers", "1_1,2_1", "--content-layers", "2_1", "-o", "out.png",
       "-q"]
ASKED = ["--conv", "im2col", "--gemm", "clblast"]
# What CLBlast's header has (-2039: a Hermitian matrix that is none), OpenCL's own, and one of nobody.
CODES = [-2039, -1024, -2048, -11, -54, -5, -9999]
# One of each, where a code is only told from success.
FEW_CODES = [-2039, -5, -9999]


class Sabotage(Case):
    def setUp(self):
        super().setUp()
        self.write("content.png", png(16, 16))
        self.write("style.png", png(16, 16, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y)))

    def run_with(self, fault, *arguments):
        (self.folder / "out.png").unlink(missing_ok=True)
        return self.impasto(*JOB, *arguments, env={"LD_PRELOAD": LAYER, "IMPASTO_CLBLAST": fault})

    def result(self):
        return pixels(self.folder / "out.png")

    def expect_error(self, run, pattern, code=DEVICE):
        self.assertEqual(run.returncode, code, run.stderr)
        errors = [line for line in run.stderr.splitlines() if "warning" not in line]
        self.assertEqual(len(errors), 1, run.stderr)
        self.assertRegex(errors[0], pattern)

    def test_asked_for(self):
        """Right products are taken; everything else is one line, and no picture."""
        self.assertEqual(self.run_with("", *ASKED).returncode, 0)
        self.assertEqual(self.run_with("answer=wrong", "--gemm", "builtin").returncode, 0)
        faults = {"answer=wrong": "wrong .* product .*--gemm builtin",
                  "answer=nan": "wrong .* product .*--gemm builtin"}
        faults |= {f"code={code}": rf"SGEMM failed \({code}\); use --gemm builtin" for code in CODES}
        # The second product of the self-check.
        faults |= {"answer=wrong,at=2": "wrong .* product", "code=-2039,at=2": r"\(-2039\)"}
        for fault, pattern in faults.items():
            self.expect_error(self.run_with(fault, *ASKED), pattern)
            self.assertFalse((self.folder / "out.png").exists())

    def test_later(self):
        """What goes wrong after the self-check ends the run as any device's fault does."""
        self.expect_error(self.run_with("code=-2039,at=12", *ASKED), r"\(-2039\)")
        self.expect_error(self.run_with("answer=nan,at=10", *ASKED), "not finite", NUMERIC)

    def test_crashes(self):
        for how in ["abort", "segfault"]:
            self.expect_error(self.run_with(f"crash={how}", *ASKED), "CLBlast crashed .*--gemm builtin")
            self.assertFalse((self.folder / "out.png").exists())

    def test_automatic(self):
        """By itself, and untuned, the program does not even try it, so that nothing can happen."""
        self.assertEqual(self.run_with("", "--gemm", "builtin").returncode, 0)
        plain = self.result()
        for fault in ["crash=abort", "code=-2039", "answer=nan"]:
            run = self.run_with(fault)
            self.assertEqual((run.returncode, run.stderr), (0, ""))
            self.assertEqual(self.result(), plain)

    def choice(self, fault, what):
        run = subprocess.run([CHOICE, what],
                             env=environment(self.home, LD_PRELOAD=LAYER, IMPASTO_CLBLAST=fault),
                             stdout=subprocess.PIPE, text=True)
        self.assertEqual(run.returncode, 0, run.stdout)
        return run.stdout.splitlines()

    def test_where_it_is_welcome(self):
        """As on a GPU with --conv winograd4: replaced by the built-in GEMM, which is said once."""
        for what in ["single", "batched"]:
            self.assertEqual(self.choice("", what), ["clblast"])
            for fault in ["answer=wrong", "answer=nan", "answer=wrong,at=2"] + [f"code={code}" for code in FEW_CODES]:
                lines = self.choice(fault, what)
                self.assertEqual((len(lines), lines[-1]), (2, "builtin"), lines)
                self.assertTrue(re.match("warning: CLBlast failed its self-check, so the built-in", lines[0]), lines)

    def test_tuning(self):
        """What is right and fast wins; what is wrong, or fails, is left out with a word."""
        # On a CPU the transforms around a batch may cost more than the batch that took no time.
        single, batched = self.choice("skip=100", "tune")
        self.assertEqual(single, "single clblast")
        self.assertRegex(batched, "^batched (clblast|builtin)$")
        for fault in ["answer=wrong", "code=-5", "answer=nan,at=30"]:
            lines = self.choice(fault, "tune")
            self.assertEqual(lines[1:], ["single builtin", "batched builtin"], lines)
            self.assertRegex(lines[0], "warning: CLBlast failed the self-test of winograd4, so the built-in")

    def test_tuned(self):
        """Where tuning names it, it is used without being asked for, and harms nothing."""
        self.choice("", "store")
        self.assertEqual(self.run_with("crash=abort", "--gemm", "builtin").stderr, "")
        plain = self.result()
        run = self.run_with("")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        for fault, words in [("crash=abort", "CLBlast crashed"), ("crash=segfault", "CLBlast crashed"),
                             ("answer=wrong", "CLBlast failed its self-check"),
                             ("code=-2039", "CLBlast failed its self-check")]:
            run = self.run_with(fault)
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertRegex(run.stderr, f"warning: {words}.* so the built-in GEMM is used")
            self.assertEqual(self.result(), plain)

    def test_tuning_outlives_a_crash(self):
        """It is said, and the measuring goes on without CLBlast."""
        env = environment(self.home, LD_PRELOAD=LAYER, IMPASTO_CLBLAST="crash=abort")
        with subprocess.Popen([os.environ["IMPASTO_BIN"], "--tune", "--device", "cpu", "--gemm", "clblast"],
                              env=env, stderr=subprocess.PIPE, text=True) as run:
            lines = []
            for line in run.stderr:
                lines.append(line)
                if line.startswith("tuning: vectors"):
                    break
            run.kill()
        self.assertRegex(lines[0], "warning: CLBlast crashed .*, so the built-in GEMM is used")
        self.assertRegex(lines[-1], "tuning: vectors")


if __name__ == "__main__":
    os.environ["IMPASTO_BIN"], CHOICE, LAYER = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:4])
    del sys.argv[1:4]
    with tempfile.TemporaryDirectory(prefix="impasto-clblast-") as folder:
        os.environ.setdefault("IMPASTO_CLI_CACHE", folder)
        unittest.main()
