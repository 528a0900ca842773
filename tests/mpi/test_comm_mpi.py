#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ranks that are processes, by way of MPI: what they do together, and that nobody stays when one fails.

Usage: test_comm_mpi.py COMM_RANKS MODULE. Exit 77: there is no mpirun here.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SECONDS = 60
# A launcher that ends ranks may lose what they said last: of 90 failing runs, 4 said nothing.
TRIES = 3
# Any number of ranks on any number of cores, as any user. Each MPI takes what it knows of it.
SURROUNDINGS = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
                "OMPI_MCA_mpi_yield_when_idle": "1", "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}


# Others mix the exit codes of those that fail with those of the ones that they then end.
EXACT = shutil.which("mpirun") and "Open MPI" in subprocess.run(["mpirun", "--version"], capture_output=True, text=True,
                                                                check=False).stdout


class Ranks(unittest.TestCase):
    def check_code(self, code, expected):
        self.assertEqual(code, expected) if EXACT else self.assertNotEqual(code, 0)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        # A module is looked for beside what asks for it.
        self.ranks = shutil.copy(RANKS, folder.name)
        self.module = shutil.copy(MODULE, folder.name)

    def start(self, count, *words):
        """(exit code, what standard output says, what standard error says of our ranks, by rank)"""
        for _ in range(TRIES):
            done = subprocess.run(["mpirun", "-n", str(count), self.ranks, *map(str, words)], env=SURROUNDINGS,
                                  capture_output=True, text=True, timeout=SECONDS, check=False)
            said = dict(re.findall(r"comm_ranks: (\d+): (.*)", done.stderr))
            self.await_end()
            if done.returncode == 0 or said:
                break
        return done.returncode, done.stdout, said

    def await_end(self):
        end = time.monotonic() + SECONDS
        while subprocess.run(["pgrep", "-f", self.ranks], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            self.assertLess(time.monotonic(), end, "a rank is still there")
            time.sleep(0.1)

    def test_together(self):
        for count in range(1, 6):
            with self.subTest(count):
                code, out, said = self.start(count, "cases")
                self.assertEqual((code, said), (0, {}))
                found = re.findall(rf"rank (\d) of {count}: \d+ calls", out)
                self.assertEqual(sorted(found), [str(rank) for rank in range(count)])

    def test_calls_that_fail(self):
        # test_comm has every call. Here each kind is enough: an exchange's begin, a sum in it, their
        # ends, the end of many sums, a gather, a broadcast; begin and end of rows; begin and end of a letter that
        # is received, and of one that is sent.
        for nth in [1, 2, 3, 4, 71, 72, 73, 84, 85, 117, 118, 119, 120]:
            with self.subTest(nth):
                code, _, said = self.start(3, "fault", nth)
                self.check_code(code, 4)
                self.assertEqual(said["2"], "a fault of the test")
                self.assertLessEqual(set(said.values()), {"a fault of the test", "rank 2: a fault of the test"})

    def test_one_fails(self):
        code, _, said = self.start(3, "fail")
        self.check_code(code, 5)
        self.assertEqual(said["2"], "no room")

    def test_one_leaves(self):
        code, _, said = self.start(3, "leave")
        self.check_code(code, 4)
        self.assertIn("rank 2 has left while others still work with it", said.values())

    def test_one_vanishes(self):
        for how in ["vanish", "kill"]:
            with self.subTest(how):
                self.assertNotEqual(self.start(3, how)[0], 0)

    def test_without_launcher(self):
        done = subprocess.run([self.ranks, "cases"], env=SURROUNDINGS, capture_output=True, text=True,
                              timeout=SECONDS, check=False)
        self.assertRegex(done.stdout, r"^rank 0 of 1: \d+ calls$")

    def test_without_module(self):
        os.remove(self.module)
        done = subprocess.run([self.ranks, "cases"], capture_output=True, text=True, timeout=SECONDS, check=False)
        self.assertEqual(done.returncode, 2)
        folder = pathlib.Path(self.ranks).resolve().parent
        self.assertRegex(done.stderr, rf"^comm_ranks: several ranks cannot work together: impasto_mpi\.so is not in "
                                      rf"{re.escape(str(folder))}/; install all of Impasto \S+, and MPI, or set "
                                      r"IMPASTO_MPI=off to do without\n$")


if __name__ == "__main__":
    RANKS, MODULE = sys.argv.pop(1), sys.argv.pop(1)
    if not shutil.which("mpirun"):
        print("skipped: mpirun is not installed (openmpi-bin or mpich)")
        sys.exit(77)
    sys.exit(unittest.main())
