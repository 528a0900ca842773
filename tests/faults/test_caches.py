#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiled kernels on disk: test_caches.py PROGRAM [--long ROUNDS]

What is kept of compiled kernels, by us and by the driver, is damaged in many ways, lies on a disk that
is full or must not be written to, or is made by many processes at once. A run ends with the same
picture as ever, or with one line that says what to do and a documented exit code, the old result being
in place; and without what was damaged it succeeds again.
"""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))

import support  # noqa: E402
from support import DEVICE, PATIENCE, Case  # noqa: E402

# One device that is named, so that no other is taken, and as few kernels as can be.
JOB = ["content.png", "style.png", "--weights", "builtin", "--size", "32", "--scales", "1",
       "--iterations", "1", "--style-layers", "1_1", "--content-layers", "1_1", "--device", "0", "-q",
       "-o", "out.png"]
OLD = b"an older result"
TOGETHER = 8

ROUNDS = 0  # of many processes at once; 0: one of fewer


def cut(data, chance):
    return data[:chance.randrange(len(data))] if data else data


def emptied(data, chance):
    return b""


def zeroed(data, chance):
    return bytes(len(data))


def zeroed_behind(data, chance):
    """As a file system leaves a file after a power cut."""
    at = chance.randrange(len(data)) if data else 0
    return data[:at] + bytes(len(data) - at)


def other(data, chance):
    return b"no such thing\n"


DAMAGES = [emptied, zeroed, cut, zeroed_behind, other]


class Caches(Case):
    def job(self, *arguments, **changes):
        (self.folder / "out.png").write_bytes(OLD)
        return self.impasto(*JOB, *arguments, env=changes, timeout=4 * PATIENCE)

    def picture(self):
        return (self.folder / "out.png").read_bytes()

    def check_end(self, run, code=DEVICE, words=()):
        """It has done its work, or says why not in a line of ours; the driver may add its own."""
        if run.returncode == 0:
            self.assertEqual(self.picture(), self.whole)
            return
        self.assertEqual(run.returncode, code, run.stderr)
        lines = [line for line in run.stderr.splitlines() if line.startswith("impasto: ")
                 and "Assertion" not in line]
        self.assertEqual(len(lines), 1, run.stderr)
        for word in ["compiled kernels", *words]:
            self.assertIn(word, lines[0])
        self.assertEqual(self.picture(), OLD)

    def damage(self, folder, how, ending, chance):
        files = sorted(path for path in folder.rglob("*" + ending) if path.is_file())
        self.assertTrue(files, f"nothing is kept in {folder}")
        for path in files:
            path.write_bytes(how(path.read_bytes(), chance))


class Drivers(Caches):
    """What the driver keeps; only that of PoCL is known well enough to be damaged."""

    @classmethod
    def setUpClass(cls):
        if not support.on_pocl():
            raise unittest.SkipTest("only PoCL's files are known")
        cls.top = pathlib.Path(tempfile.mkdtemp(prefix="impasto-caches-"))
        cls.addClassCleanup(shutil.rmtree, cls.top, ignore_errors=True)
        cls.good = cls.top / "good"
        cls.good.mkdir()

    def setUp(self):
        super().setUp()
        self.kept = self.folder / "kept"
        if not any(self.good.iterdir()):
            run = self.job(POCL_CACHE_DIR=str(self.good))
            self.assertEqual(run.returncode, 0, run.stderr)
            type(self).whole = self.picture()
        shutil.copytree(self.good, self.kept)

    def driver_job(self, *arguments):
        return self.job(*arguments, POCL_CACHE_DIR=str(self.kept))

    def test_damaged(self):
        chance = random.Random(20)
        for ending in [".so", ".bc"]:
            for how in DAMAGES:
                with self.subTest(f"{ending} {how.__name__}"):
                    self.damage(self.kept, how, ending, chance)
                    self.check_end(self.driver_job())
                    shutil.rmtree(self.kept)
                    shutil.copytree(self.good, self.kept)
        self.assertEqual(self.driver_job().returncode, 0)

    def test_one_damaged_file(self):
        """Whichever it is; most are found in the middle of the work."""
        chance = random.Random(21)
        for path in sorted(self.good.rglob("*.so"))[::1 if ROUNDS else 9]:
            with self.subTest(path.name):
                hit = self.kept / path.relative_to(self.good)
                hit.write_bytes(chance.choice(DAMAGES)(path.read_bytes(), chance))
                self.check_end(self.driver_job("--checkpoint", "run.ckpt"))
                shutil.copy(path, hit)
                (self.folder / "run.ckpt").unlink(missing_ok=True)

    def test_killed_while_compiling(self):
        """What a killed process has left of its compiling does not stop the next one."""
        shutil.rmtree(self.kept)
        self.kept.mkdir()
        chance = random.Random(23)
        for _ in range(40 if ROUNDS else 6):
            process = self.start(*JOB, env={"POCL_CACHE_DIR": str(self.kept)})
            try:
                process.wait(chance.uniform(0.1, 1.5))
            except subprocess.TimeoutExpired:
                process.kill()
            process.communicate()
            self.assertIn(process.returncode, [0, -signal.SIGKILL])
        run = self.driver_job()
        self.assertEqual((run.returncode, run.stderr, self.picture()), (0, "", self.whole))

    def small_disk(self, options):
        shutil.rmtree(self.kept)
        self.kept.mkdir()
        try:
            done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", self.kept],
                                  stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            self.skipTest("there is no mount")
        if done.returncode != 0:
            self.skipTest("a small disk can be mounted by root only")
        self.addCleanup(subprocess.run, ["umount", "-l", self.kept], stderr=subprocess.DEVNULL,
                        check=False)

    def test_full_disk(self):
        for size in ["16k", "200k", "600k"]:
            with self.subTest(size):
                self.small_disk(f"size={size}")
                self.check_end(self.driver_job())
                subprocess.run(["umount", "-l", self.kept], check=False)

    def test_disk_that_must_not_be_written_to(self):
        self.small_disk("size=64k,ro")
        self.check_end(self.driver_job(), words=[str(self.kept), "Read-only", "POCL_CACHE_DIR"])


class Ours(Caches):
    """What we keep ourselves; here, for the test, on a driver that keeps its own as well."""

    def setUp(self):
        super().setUp()
        self.ours = {"IMPASTO_CACHE": "on", "XDG_CACHE_HOME": str(self.home / "cache")}
        self.kernels = self.home / "cache" / "impasto" / "kernels"

    def test_damaged(self):
        """The unit tests damage it anywhere; here the runs are looked at."""
        self.assertEqual(self.job(**self.ours).returncode, 0)
        self.whole = self.picture()
        chance = random.Random(22)
        for how in DAMAGES if ROUNDS else [zeroed_behind]:
            with self.subTest(how.__name__):
                self.damage(self.kernels, how, ".bin", chance)
                run = self.job(**self.ours)
                self.assertEqual((run.returncode, run.stderr, self.picture()), (0, "", self.whole))

    def test_folder_that_cannot_be(self):
        self.assertEqual(self.job().returncode, 0)
        whole = self.picture()
        (self.home / "cache").write_text("a file")
        run = self.job(**self.ours)
        self.assertEqual((run.returncode, run.stderr, self.picture()), (0, "", whole))


class Together(Caches):
    """Processes that share a cold cache, the driver's or ours."""

    def round(self, count, **changes):
        for i in range(count):
            (self.folder / f"{i}.png").unlink(missing_ok=True)
        # The last -o counts.
        runs = [self.start(*JOB, "-o", f"{i}.png", env=changes) for i in range(count)]
        said = [run.communicate(timeout=4 * PATIENCE * count)[1].decode() for run in runs]
        for run, text in zip(runs, said):
            self.assertEqual((run.returncode, text), (0, ""))
        return {(self.folder / f"{i}.png").read_bytes() for i in range(count)}

    def test_cold(self):
        pictures = set()
        for i in range(ROUNDS or 1):
            kept = self.folder / f"kept-{i}"
            kept.mkdir()
            pictures |= self.round(TOGETHER if ROUNDS else TOGETHER // 2, POCL_CACHE_DIR=str(kept),
                                   XDG_CACHE_HOME=str(kept), IMPASTO_CACHE="on" if i % 4 == 3 else None)
            shutil.rmtree(kept)
            if ROUNDS:
                print(f"round {i + 1}: {TOGETHER} processes", flush=True)
        self.assertEqual(len(pictures), 1)


if __name__ == "__main__":
    os.environ["IMPASTO_BIN"] = str(pathlib.Path(sys.argv.pop(1)).resolve())
    if "--long" in sys.argv:
        at = sys.argv.index("--long")
        ROUNDS = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    with tempfile.TemporaryDirectory(prefix="impasto-caches-") as shared:
        os.environ.setdefault("IMPASTO_CLI_CACHE", shared)
        unittest.main(verbosity=2)
