#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One network trained by several processes: test_mpi_train.py PROGRAM MODULE [--kills N]

Rank 0 alone writes. The same number of ranks ends in the same bytes and, with --reproducible, any number. Of a
rank that is lost there is one line of ours, and any number of ranks goes on from the checkpoint. --kills: that many
ranks are killed at random moments, in place of the tests. Exit 77: there is no mpirun here.
"""

import json
import os
import random
import re
import shutil
import signal
import sys
import time
import unittest

sys.dont_write_bytecode = True
import test_mpi

TINY = ["train", "style.png", "--weights", "builtin", "--base", "none", "--width", "8", "--crop", "32", "--batch", "3",
        "--late-crop", "48", "--late-batch", "3", "--judge-size", "32", "--style-size", "32", "--judge-every", "2",
        "--memory", "500M"]
SHORT = [*TINY, "--steps", "4"]
KILLS = 3
STEPS = 12


class Training(test_mpi.Ranks):
    def train(self, ranks, name, *words, base=SHORT, **variables):
        code, _, said = self.run_ranks(ranks, *base, "-o", name, *words, **variables)
        self.assertEqual(code, 0, said)
        return (self.folder / name).read_bytes()

    def test_same_bytes(self):
        before = set(os.listdir(self.folder))
        two = self.train(2, "two.model", "--trace", "trace.jsonl", "--report", "report.html")
        self.assertEqual(set(os.listdir(self.folder)) - before, {"two.model", "trace.jsonl", "report.html"})
        lines = [json.loads(line) for line in (self.folder / "trace.jsonl").read_text().splitlines()]
        self.assertEqual([line["step"] for line in lines if "total" in line], [1, 2, 3, 4])
        self.assertEqual(self.train(2, "again.model"), two)
        self.assertEqual(self.train(1, "one.model"), self.train(0, "alone.model"))

    def test_reproducible(self):
        one = self.train(0, "one.model", "--reproducible")
        for ranks in [2, 3]:
            with self.subTest(ranks):
                self.assertEqual(self.train(ranks, f"by-{ranks}.model", "--reproducible"), one)

    def test_what_all_or_one_find(self):
        one = [word if word != "--late-batch" else "--tv-weight" for word in SHORT]
        self.refuse(2, ["late-batch is 1", "2 ranks"], 2, *one, "-o", "out.model")
        self.refuse(3, ["nope.png"], 2, "train", "nope.png", *SHORT[2:], "-o", "out.model")
        self.refuse(7, ["no/folder"], 2, *SHORT, "-o", "no/folder/out.model")
        self.refuse(4, ["rank 1: ", "nosuch"], 2, *SHORT, "--device", "auto,nosuch", "-o", "out.model")
        code, out, said = self.run_ranks(2, *SHORT, "--plan", "-o", "out.model")
        self.assertEqual((code, out.count("its styles: style")), (0, 1), [out, said])

    def check_unlike(self, code, words, first, second):
        """Two ranks with other words each."""
        ended, _, said = self.end(self.start(1, *first, ":", "-n", "1", self.program, *second))
        self.assertEqual(ended, code, said)
        errors = [line for line in said if "rank 1: " in line]
        self.assertEqual(len(errors), 1, said)
        self.assertIn(words, errors[0])

    def test_ranks_that_were_given_other_work(self):
        paint = ["content.png", *test_mpi.SHORT[1:], "-o", "out.png"]
        train = [*SHORT, "-o", "out.model"]
        before = sorted(os.listdir(self.folder))
        self.check_unlike(2, "was started to paint, and rank 0 to train", train, paint)
        self.check_unlike(2, "was started to train, and rank 0 to paint", paint, train)
        self.check_unlike(2, "was given another --identity than rank 0", train, [*train, "--identity"])
        self.check_unlike(2, "was given another --crop than rank 0", train, [*train, "--crop", "48"])
        (self.folder / "other.png").write_bytes(test_mpi.support.png(40, 36))
        self.check_unlike(3, "has other style pictures or names of them than rank 0", train,
                          ["train", "other.png", *train[2:]])
        self.assertEqual(sorted(os.listdir(self.folder)), sorted([*before, "other.png"]))
        self.train(0, "base.model")
        begun = [word for word in SHORT if word not in ["--base", "none", "--width", "8"]]
        begun[1:2] = ["new=style.png", "-o", "out.model"]
        self.check_unlike(3, "has another choice whether the base's own styles are kept than rank 0",
                          [*begun, "--add", "base.model"], [*begun, "--base", "base.model"])
        self.assertNotIn("out.model", os.listdir(self.folder))

    def test_losses(self):
        """A rank is killed; another number of them goes on to the same bytes."""
        words = ["--reproducible", "--steps", "40"]
        straight = self.train(0, "straight.model", *words, base=TINY)
        kept = ["--checkpoint", "run.ckpt", "--every", "1", "--trace", "trace.jsonl"]
        process = self.start(2, *TINY, *words, "-o", "out.model", *kept)
        self.addCleanup(process.kill)
        test_mpi.Painting.wait_for(self, process, self.folder / "trace.jsonl", 3)
        os.kill(self.processes()[1], signal.SIGKILL)
        code, _, said = self.end(process)
        self.assertNotEqual(code, 0, said)
        self.assertNotIn("out.model", os.listdir(self.folder))
        (self.folder / "trace.jsonl").unlink()
        process = self.start(3, "train", "--resume", "run.ckpt", "-o", "out.model", *kept[2:])
        self.addCleanup(process.kill)
        test_mpi.Painting.wait_for(self, process, self.folder / "trace.jsonl", 3)
        os.kill(self.processes()[0], signal.SIGUSR2)
        _, _, said = self.end(process)
        self.assertTrue(any("out.model" in line for line in said), said)
        self.assertEqual(self.train(2, "out.model", base=["train", "--resume", "run.ckpt"]), straight)

    def test_random_moments(self):
        spoil(self, KILLS, 2)


class Victim:
    """A training by ranks of which one is killed now and then, until it has come to its end. Two of them have the bytes
    of two; any number of them has the bytes of one, where that was asked for."""

    def __init__(self, test, chance, straight):
        self.test, self.chance = test, chance
        self.reproducible = chance.random() < 0.5
        self.expected = straight[self.reproducible]
        self.folder = test.folder
        self.model, self.trace = self.folder / "out.model", self.folder / "trace.jsonl"
        for name in ["run.ckpt", "out.model"]:
            (self.folder / name).unlink(missing_ok=True)

    def start(self):
        self.trace.unlink(missing_ok=True)
        self.ranks = self.chance.randint(2, 3) if self.reproducible else 2
        words = words_of(self.reproducible)
        if (self.folder / "run.ckpt").exists():
            words = ["train", "--resume", "run.ckpt"]
        return self.test.start(self.ranks, *words, "-o", "out.model", "--checkpoint", "run.ckpt", "--every", "1",
                               "--trace", "trace.jsonl")

    def steps(self):
        return self.trace.read_bytes().count(b'"type":"step"') if self.trace.exists() else 0

    def wait(self, process, length):
        """Until a random moment: of all its time, or shortly behind a random step."""
        begun, wanted = time.monotonic(), self.chance.randint(1, STEPS)
        if self.chance.random() < 0.4:
            wanted = 0
            time.sleep(self.chance.uniform(0, length))
        while process.poll() is None and self.steps() < wanted and time.monotonic() - begun < test_mpi.SECONDS:
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0, 0.3 * length / STEPS))

    def kill(self, process):
        """The rank that was killed; None: there was none left."""
        found = self.test.processes()
        if process.poll() is not None or not found:
            return None
        rank = self.chance.choice(sorted(found))
        try:
            os.kill(found[rank], signal.SIGKILL)
        except ProcessLookupError:
            return None
        return rank

    def check(self, said, rank):
        """After a kill that was in time: the rank is told, in one line of ours at the most, and files are whole or
        absent. What the next run removes, one may have left."""
        test, lost = self.test, self.test.err
        test.assertRegex(lost, rf"(?i)rank {rank}\b|signal 9|KILLED BY|another rank")
        test.assertLessEqual(len([line for line in said if re.search(r"another rank|rank \d", line)]), 1, said)
        if self.model.exists():
            test.assertEqual(self.model.read_bytes(), self.expected)
        left = set(os.listdir(self.folder)) - {"content.png", "style.png", "run.ckpt", "out.model", "trace.jsonl"}
        test.assertTrue(all(name.startswith(".impasto-") and name.endswith(".tmp") for name in left), left)
        test.assertLessEqual(len(left), 1, left)


def words_of(reproducible):
    return [*TINY, "--steps", str(STEPS), *(["--reproducible"] if reproducible else [])]


def spoil(test, kills, seed):
    """Kills ranks at random moments; each time some number of ranks goes on. The model has the bytes of one that was
    never disturbed."""
    chance = random.Random(seed)
    straight = {True: test.train(2, "straight.model", base=words_of(True))}
    begun = time.monotonic()
    straight[False] = test.train(2, "straight.model", base=words_of(False))
    length, longest, done, models = time.monotonic() - begun, 0, 0, 0
    (test.folder / "straight.model").unlink()
    while done < kills:
        victim, code = Victim(test, chance, straight), 1
        while code != 0 and done < kills:
            process = victim.start()
            test.addCleanup(process.kill)
            victim.wait(process, length)
            rank, begun = victim.kill(process), time.monotonic()
            code, _, said = test.end(process)
            if rank is not None and code != 0:
                done += 1
                longest = max(longest, time.monotonic() - begun)
                victim.check(said, rank)
            else:
                test.assertEqual(code, 0, said)
                test.assertTrue(rank is None or victim.steps() == STEPS, f"rank {rank} was killed, and nobody ended")
        if code != 0:
            code, _, said = test.end(victim.start())
            test.assertEqual(code, 0, said)
        test.assertEqual(victim.model.read_bytes(), victim.expected, f"after {done} kills")
        models += 1
        print(f"{done} ranks were killed, and all others ended within {longest:.1f} s; {models} models have the same "
              "bytes", flush=True)


class Long(Training):
    """By hand: --kills N."""

    def test_many(self):
        seed = int(time.time())
        print("seed", seed, flush=True)
        spoil(self, int(sys.argv[-1]), seed)


if __name__ == "__main__":
    if not shutil.which("mpirun"):
        print("skipped: mpirun is not installed (openmpi-bin or mpich)")
        sys.exit(77)
    if "--kills" in sys.argv:
        sys.exit(not unittest.TextTestRunner(verbosity=2).run(Long("test_many")).wasSuccessful())
    del Long
    sys.exit(unittest.main())
