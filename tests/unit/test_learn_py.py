#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_learn_py.py LESSONS: weights/learn.py learns a small part of weights/learned.i8 again, from pictures
that the program LESSONS draws, and finds what is kept. Needs numpy."""

import argparse
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

try:
    import numpy
except ImportError:
    print("SKIP: no numpy for this Python")
    sys.exit(77)

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("learn", ROOT / "weights" / "learn.py")
learn = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(learn)

LESSONS = sys.argv[1]
FEWER_PICTURES = "9"  # one of that many; styles come in fourteens
FEWER = argparse.Namespace(crops=40, side=48, patches=100, rounds=20, seed=5, last="conv2_1")


def kept():
    """The filters in the file, {layer: (out / 4, in, 3, 3)}."""
    data, at, filters = (ROOT / "weights" / "learned.i8").read_bytes(), 0, {}
    for name, channels, out in learn.LAYERS:
        size = out // 4 * channels * 9
        filters[name] = numpy.frombuffer(data, numpy.int8, size, at).reshape(-1, channels, 3, 3).astype(numpy.float32)
        at += size
    assert at == len(data)
    return filters


def shared(a, b):
    """The part of the space of a's filters that lies in that of b's, 0 to 1."""
    bases = [numpy.linalg.qr(filters.reshape(len(filters), -1).T)[0] for filters in (a, b)]
    return float(((bases[0].T @ bases[1]) ** 2).sum() / len(a))


def kurtosis(activations, filters):
    answers = learn.standardise(learn.convolve(activations, filters))[:, 1:-1, 1:-1]
    return (answers ** 4).mean((0, 1, 2))


class Learned(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        subprocess.run([LESSONS, cls.folder.name, FEWER_PICTURES], check=True)
        cls.kept = kept()
        chance = numpy.random.default_rng(FEWER.seed)
        cls.activations = learn.first_activations(pathlib.Path(cls.folder.name), FEWER, chance)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_bytes_are_used_to_the_full(self):
        for name, filters in self.kept.items():
            most = numpy.abs(filters).max((1, 2, 3))
            self.assertTrue((most == 127).all(), name)

    def test_filters_are_different(self):
        for name, filters in self.kept.items():
            rows = filters.reshape(len(filters), -1)
            rows = rows / numpy.linalg.norm(rows, axis=1, keepdims=True)
            alike = numpy.abs(rows @ rows.T) - numpy.eye(len(rows))
            self.assertLess(alike.max(), 0.9, name)

    def test_learning_again_finds_the_same_spaces(self):
        """Which directions are the strongest is the same for other crops; their rotation need not be."""
        chance, activations = numpy.random.default_rng(FEWER.seed), self.activations
        for name, channels, out in learn.LAYERS[:2]:
            activations = learn.halve(activations) if name.endswith("_1") else activations
            again = learn.learn_layer(activations, channels, out, FEWER, chance)
            self.assertGreater(shared(self.kept[name], again), 0.8, name)
            activations = learn.answer(activations, self.kept[name])

    def test_filters_answer_seldom_and_strongly(self):
        """Unlike those of the same space that are turned at random."""
        filters = self.kept["conv1_2"]
        turn = learn.nearest_rotation(numpy.random.default_rng(1).normal(size=(len(filters), len(filters))))
        mixed = (turn @ (filters / numpy.linalg.norm(filters.reshape(len(filters), -1), axis=1)[:, None, None, None])
                 .reshape(len(filters), -1)).reshape(filters.shape).astype(numpy.float32)
        self.assertGreater(numpy.median(kurtosis(self.activations, filters)), 6)
        self.assertLess(numpy.median(kurtosis(self.activations, mixed)),
                        numpy.median(kurtosis(self.activations, filters)) - 1)


class Embedded(unittest.TestCase):
    def embed(self, length, count):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "in.i8").write_bytes(bytes(range(250, 250 + length)))
            run = subprocess.run([sys.executable, ROOT / "src" / "vgg" / "embed.py", "numbers", str(count), folder / "in.i8",
                                  folder / "out.c"], capture_output=True, text=True)
            return run, (folder / "out.c").read_text() if (folder / "out.c").exists() else ""

    def test_bytes_become_signed_numbers(self):
        run, source = self.embed(3, 3)
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("const signed char numbers[3] = {\n-6,-5,-4\n};", source)

    def test_another_length_is_refused(self):
        run, source = self.embed(3, 4)
        self.assertEqual((run.returncode, source), (1, ""))
        self.assertIn("in.i8: 3 bytes, not 4; take the file of the repository again", run.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
