#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A film by several processes, each of which paints scenes or frames: test_mpi_video.py PROGRAM MODULE [LAYER]

The bytes are those of one process, for any number of them. Rank 0 alone reads the film and writes. Whatever befalls a
rank, there is one line of ours, no process stays, and any number of ranks goes on with what was kept. LAYER:
opencl_layer.so, for devices that fail. Exit 77: there is no mpirun here.
"""

import json
import os
import pathlib
import shutil
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True
import test_mpi  # noqa: E402
from case_apply import style_network  # noqa: E402

support = test_mpi.support
SECONDS = test_mpi.SECONDS
SMALL = ["--weights", "builtin", "--preset", "quick", "--size", "source", "--iterations", "6"]
# Frames of each scene, and words, so that the second scene is painted long before the first is done.
AHEAD = (4, 1, 1)
LONG = [*SMALL, "--frame-iterations", "40"]


class Films(test_mpi.Ranks):
    def setUp(self):
        super().setUp()
        (self.folder / "night.model").write_bytes(style_network())
        (self.folder / "film.y4m").write_bytes(support.scenes((3, 4, 2)))
        # Other films than pictures are a module's, beside the program.
        self.has_films = pathlib.Path(self.program).with_name("impasto_video.so").exists()

    @staticmethod
    def words(folder, *painter):
        return ["video", "film.y4m", *painter, "-o", f"{folder}/%d.png"]

    def frames(self, folder):
        return {path.name: path.read_bytes() for path in (self.folder / folder).iterdir() if path.is_file()}

    def film(self, ranks, folder, *painter, **variables):
        """(frames by name, what was said)"""
        code, _, said = self.run_ranks(ranks, *self.words(folder, *painter), **variables)
        self.assertEqual(code, 0, said)
        self.assertFalse((self.folder / folder / "%d.png.impasto").exists())
        return self.frames(folder), said

    def state(self, folder, frames):
        return self.folder / folder / f"%d.png.impasto/state-{frames:020}"

    def start_ahead(self, ranks, folder, *painter, **variables):
        """A run whose second scene is painted while the first is: so another rank than the first paints."""
        process = self.start(ranks, *self.words(folder, *painter), **variables)
        self.addCleanup(process.kill)
        self.wait_for(process, self.state(folder, AHEAD[0] + 1))
        self.assertFalse((self.folder / folder / f"{AHEAD[0]}.png").exists(), "one rank paints after the other")
        return process

    def wait_for(self, process, path):
        end = time.monotonic() + SECONDS
        while process.poll() is None and not path.exists() and time.monotonic() < end:
            time.sleep(0.01)
        self.assertTrue(path.exists(), process.poll() is not None and process.communicate())


class Painting(Films):
    def test_same_bytes(self):
        """With the same figures."""
        words = ["style.png", *SMALL, "--trace", "trace.jsonl"]
        found = []
        for ranks in range(4):
            frames, said = self.film(ranks, f"by-{ranks}", *words)
            found.append((frames, (self.folder / "trace.jsonl").read_text(), said[-1]))
        self.assertEqual(len(found[0][0]), 9)
        self.assertEqual([json.loads(line)["scene"] for line in found[0][1].splitlines()], [1] * 3 + [2] * 4 + [3] * 2)
        for ranks in range(1, 4):
            self.assertEqual(found[ranks], found[0], f"{ranks} ranks")

    def test_a_network(self):
        for name, words in (("plain", []), ("held", ["--steady", "0.02", "--smooth", "0.9"])):
            with self.subTest(name):
                words = ["--model", "night.model", *words]
                one, _ = self.film(0, f"{name}-one", *words)
                self.assertEqual(self.film(3, f"{name}-three", *words)[0], one)

    def test_a_film_in_a_file(self):
        """In 10 bits, whose frames come and go with two bytes a value."""
        if not self.has_films:
            self.skipTest("films other than Y4M are not compiled in")
        words = ["video", "film.y4m", "style.png", *SMALL, "--lossless", "--bits", "10", "-o"]
        for ranks, name in ((0, "one.mkv"), (2, "two.mkv")):
            code, _, said = self.run_ranks(ranks, *words, name)
            self.assertEqual(code, 0, said)
        self.assertEqual(*((self.folder / name).read_bytes() for name in ("one.mkv", "two.mkv")))

    def test_the_film_is_the_first_ranks(self):
        """Standard input is, too."""
        one, _ = self.film(0, "one", "--model", "night.model")
        words = ["video", "-", "--model", "night.model", "-o", "two/%d.png"]
        with open(self.folder / "film.y4m", "rb") as film:
            process = self.start(2, *words, stdin=film)
        code, _, said = self.end(process)
        self.assertEqual(code, 0, said)
        self.assertEqual(self.frames("two"), one)

    def test_plan(self):
        before = set(os.listdir(self.folder))
        for painter in (["style.png", *SMALL], ["--model", "night.model"]):
            code, out, said = self.run_ranks(2, *self.words("out", *painter), "--plan")
            self.assertEqual(code, 0, said)
            self.assertRegex(out, r"(?m)^  on  2 devices, at best +[0-9]")
            self.assertRegex(out, r"(?m)^  rank 0 +\w.*\n  rank 1 +\w")
        self.assertEqual(set(os.listdir(self.folder)), before)


class Refusals(Films):
    def unlike(self, code, text, first, second):
        """Two ranks with other words each: one line says so, and nothing is written."""
        before = set(os.listdir(self.folder))
        ended, _, said = self.end(self.start(1, *first, ":", "-n", "1", self.program, *second))
        self.assertEqual(ended, code, said)
        errors = [line for line in said if "rank 1: " in line]
        self.assertEqual(len(errors), 1, said)
        self.assertIn(text, errors[0])
        self.assertEqual(set(os.listdir(self.folder)), before)

    def test_ranks_that_were_given_other_words(self):
        paint = self.words("out", "style.png", *SMALL)
        (self.folder / "other.png").write_bytes(support.png(40, 36))
        (self.folder / "other.model").write_bytes(style_network(size=5))
        self.unlike(2, "was started to paint, and rank 0 to film", paint,
                    ["content.png", *test_mpi.SHORT[1:], "-o", "out.png"])
        self.unlike(2, "'film other.y4m', and rank 0 with 'film film.y4m'", paint,
                    ["video", "other.y4m", *paint[2:]])
        self.unlike(2, "'output to/%d.png', and rank 0 with 'output out/%d.png'", paint,
                    self.words("to", "style.png", *SMALL))
        self.unlike(2, "'word other.png', and rank 0 with 'word style.png'", paint,
                    self.words("out", "other.png", *SMALL))
        self.unlike(2, "'iterations 7', and rank 0 with 'iterations 6'", paint,
                    ["7" if word == "6" else word for word in paint])
        network = self.words("out", "--model", "night.model")
        self.unlike(2, "'model ", network, self.words("out", "--model", "other.model"))
        self.unlike(2, "'smooth 0.5', and rank 0 with 'nothing'", network, [*network, "--smooth", "0.5"])
        self.unlike(2, "refuses the words that it was started with", network, [*network, "--nope"])

    def test_what_one_finds(self):
        network = ["--model", "night.model"]
        self.refuse(3, ["nope.y4m"], 2, "video", "nope.y4m", *network, "-o", "out/%d.png")
        self.refuse(2, ["out.y4m", "2 devices that as many ranks have"], 2, "video", "film.y4m", *network, "-o",
                    "out.y4m")
        self.refuse(4, ["rank 1: ", "nosuch"], 2, *self.words("out", *network), "--device", "auto,nosuch")
        self.refuse(2, ["rank 2: ", "--device names 2 devices"], 3, *self.words("out", *network), "--device", "0,0")

    def test_a_file_that_another_rank_lacks(self):
        """Each reads what paints, on its machine."""
        script = self.folder / "start.sh"
        script.write_text(f'#!/bin/sh\n[ "${{{test_mpi.RANK}:-$PMI_RANK}}" = 1 ] && cd /\nexec {self.program} "$@"\n')
        script.chmod(0o755)
        self.program, program = str(script), self.program
        process = self.start(2, *self.words("out", "--model", "./night.model"))
        self.program = program
        code, _, said = self.end(process)
        self.assertNotEqual(code, 0, said)
        self.assertRegex("\n".join(said), "rank 1: ./night.model: ")
        self.assertNotIn("out", os.listdir(self.folder))


class Losses(Films):
    def setUp(self):
        super().setUp()
        (self.folder / "film.y4m").write_bytes(support.scenes(AHEAD))

    def test_kills(self):
        """Each time another rank, and another number of them; several find again what was painted ahead."""
        words = ["style.png", *LONG]
        straight, _ = self.film(0, "straight", *words)
        for ranks, victim, again in ((3, 1, 2), (2, 0, 0)):
            with self.subTest(ranks):
                process = self.start_ahead(ranks, "out", *words)
                os.kill(self.processes()[victim], signal.SIGKILL)
                code, _, said = self.end(process)
                self.assertNotEqual(code, 0, said)
                self.assertEqual(self.film(again, "out", *words, "--trace", "trace.jsonl")[0], straight)
                painted = [json.loads(line)["frame"] for line in (self.folder / "trace.jsonl").read_text().splitlines()]
                self.assertEqual(AHEAD[0] + 1 in painted, again == 0)
                shutil.rmtree(self.folder / "out")

    def test_interrupted(self):
        """The frames so far are there, and any number of ranks goes on."""
        words = ["style.png", *LONG]
        straight, _ = self.film(0, "straight", *words)
        process = self.start(2, *self.words("out", *words))
        self.addCleanup(process.kill)
        self.wait_for(process, self.folder / "out/1.png")
        os.kill(self.processes()[0], signal.SIGUSR2)
        code, _, said = self.end(process)
        self.assertEqual(code, 128 + signal.SIGUSR2, said)
        so_far = self.frames("out")
        self.assertTrue(any(f"wrote out/%d.png ({len(so_far)} frames of 64x48)" in line for line in said), said)
        self.assertEqual({name: straight[name] for name in so_far}, so_far)
        self.assertEqual(self.film(3, "out", *words)[0], straight)

    def test_a_network_that_is_killed(self):
        (self.folder / "film.y4m").write_bytes(support.scenes((40, 30, 50)))
        for name, more in (("plain", []), ("held", ["--smooth", "0.9"])):
            with self.subTest(name):
                words = ["--model", "night.model", *more]
                straight, _ = self.film(0, f"{name}-one", *words)
                process = self.start(2, *self.words(name, *words))
                self.addCleanup(process.kill)
                self.wait_for(process, self.folder / name / "10.png")
                os.kill(self.processes()[1], signal.SIGKILL)
                code, _, said = self.end(process)
                self.assertNotEqual(code, 0, said)
                frames, said = self.film(3, name, *words)
                self.assertEqual(frames, straight)
                self.assertIn("going on after frame ", "\n".join(said))

    @unittest.skipUnless(test_mpi.LAYER, "there is no layer between us and OpenCL")
    def test_lost_device(self):
        words = ["style.png", *LONG]
        straight, _ = self.film(0, "straight", *words)
        for rank in [0, 1]:
            with self.subTest(rank):
                fault = "call=clEnqueueReadBuffer,at=60,code=-36,lost=9"
                code, _, said = self.with_one(rank, f"OPENCL_LAYERS={test_mpi.LAYER} IMPASTO_FAULT={fault}",
                                              *self.words("out", *words))
                self.assertEqual(code, support.DEVICE, said)
                lost = [line for line in said if "(-36)" in line]
                self.assertEqual(len(lost), 1, said)
                self.assertRegex(lost[0], f"^impasto: {'rank 1: ' if rank else ''}.*CL_INVALID_COMMAND_QUEUE")
                self.assertEqual(self.film(1 + rank, "out", *words)[0], straight)
                shutil.rmtree(self.folder / "out")

    def test_hang(self):
        process = self.start_ahead(2, "out", "style.png", *LONG, IMPASTO_TIMEOUT="15")
        os.kill(self.processes()[1], signal.SIGSTOP)
        code, _, said = self.end(process)
        self.assertEqual(code, 9, said)
        self.assertEqual(len([line for line in said if "another rank has not answered for" in line]), 1, said)


if __name__ == "__main__":
    if not shutil.which("mpirun"):
        print("skipped: mpirun is not installed (openmpi-bin or mpich)")
        sys.exit(77)
    sys.exit(unittest.main())
