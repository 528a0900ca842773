# SPDX-License-Identifier: MIT
"""Runs that succeed: what they write, what they say, and that they do it again the same."""

import array
import ctypes
import errno
import os
import platform
import re
import struct
import sys
import time
import unittest

from support import CHEAP, MEMORY, Case, first_layer, png, read_png

ITERATION = {"type", "iteration", "width", "height", "total", "content", "style", "tv", "seconds"}


def no_filters():
    """From here on the kernel gives no process a filter: prctl(PR_SET_SECCOMP, …) fails."""
    load, equal, answer = 0x20, 0x15, 0x06
    prctl, set_seccomp, set_no_new_privileges, by_filter = 157, 22, 38, 2
    instructions = b"".join(struct.pack("HBBI", *words) for words in [
        (load, 0, 0, 0), (equal, 0, 3, prctl),
        (load, 0, 0, 16), (equal, 0, 1, set_seccomp), (answer, 0, 0, 0x00050000 | errno.EINVAL),
        (answer, 0, 0, 0x7fff0000)])
    memory = ctypes.create_string_buffer(instructions)
    program = struct.pack("HP", len(instructions) // 8, ctypes.addressof(memory))
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(set_no_new_privileges, 1, 0, 0, 0) or library.prctl(set_seccomp, by_filter, program):
        raise OSError(ctypes.get_errno(), "prctl")


class Picture(Case):
    def result(self, name="out.png"):
        return (self.folder / name).read_bytes()

    def test_default_name_beside_the_content_picture(self):
        (self.folder / "photos").mkdir()
        (self.folder / "content.png").rename(self.folder / "photos" / "my.bridge.png")
        run = self.succeed("photos/my.bridge.png", "style.png", *CHEAP)
        self.assertEqual(run.stdout, "")
        self.assertIn("photos/my.bridge-style.png", run.stderr)
        self.assertEqual(read_png(self.folder / "photos/my.bridge-style.png")[:4], (32, 24, 8, 2))
        self.assertEqual(sorted(os.listdir(self.folder / "photos")),
                         ["my.bridge-style.png", "my.bridge.png"])

    def test_something_happens(self):
        self.stylise("-o", "out.png", "--iterations", "0")
        start = read_png(self.folder / "out.png")
        self.stylise("-o", "out.png", "--iterations", "2")
        self.assertNotEqual(read_png(self.folder / "out.png"), start)

    def test_an_old_result_is_replaced_and_its_link_kept(self):
        self.write("old.png", "an older result")
        (self.folder / "link.png").symlink_to("old.png")
        self.stylise("-o", "link.png")
        self.assertTrue((self.folder / "link.png").is_symlink())
        self.assertEqual(read_png(self.folder / "old.png")[:2], (32, 24))

    def test_formats(self):
        self.stylise("-o", "deep.png", "--bits", "16")
        self.assertEqual(read_png(self.folder / "deep.png")[:4], (32, 24, 16, 2))
        self.stylise("-o", "out.JPG")
        self.assertEqual(self.result("out.JPG")[:3], b"\xff\xd8\xff")
        self.succeed("out.JPG", "style.png", *CHEAP, "-o", "again.png")
        self.assertEqual(read_png(self.folder / "again.png")[:2], (32, 24))

    def test_sizes(self):
        self.write("content.png", png(40, 20))
        for size, expected in [("source", (40, 20)), ("64", (64, 32)), ("32", (32, 16))]:
            with self.subTest(size):
                self.stylise("-o", "out.png", "--size", size)
                self.assertEqual(read_png(self.folder / "out.png")[:2], expected)

    def test_equal_bytes(self):
        """Twice the same, from noise too; another seed is another picture."""
        for extra in [[], ["--init", "noise", "--seed", "7"]]:
            with self.subTest(extra):
                self.stylise("-o", "a.png", *extra)
                self.stylise("-o", "b.png", *extra)
                self.assertEqual(self.result("a.png"), self.result("b.png"))
        self.stylise("-o", "b.png", "--init", "noise", "--seed", "8")
        self.assertNotEqual(read_png(self.folder / "a.png"), read_png(self.folder / "b.png"))

    def test_start_images(self):
        self.write("start.png", png(64, 48, lambda x, y: (255, 0, 128)))
        pictures = {}
        for init in ["content", "gray", "noise", "start.png"]:
            self.stylise("-o", "out.png", "--init", init, "--iterations", "0")
            pictures[init] = read_png(self.folder / "out.png")[4]
        self.assertEqual(len(set(pictures.values())), 4)
        self.assertLessEqual({*pictures["gray"]}, {0, 1, 2, 3, 4, 127, 128})
        # The first pixel after the row's filter byte.
        self.assertEqual(tuple(pictures["start.png"][1:4]), (255, 0, 128))

    def test_intermediate_pictures(self):
        """--save-every writes what a run of so many iterations would have given."""
        self.stylise("-o", "two.png", "--iterations", "2")
        run = self.start("content.png", "style.png", *CHEAP, "-o", "out.png", "-v", "--save-every",
                         "2", "--iterations", "1000000", "--trace", "trace.jsonl", "--optimizer", "adam")
        while run.poll() is None and not (self.folder / "out.png").exists():
            time.sleep(0.005)
        run.kill()
        run.communicate()
        self.assertTrue((self.folder / "out.png").exists())
        # It may have gone on to later ones before it was killed.
        last = self.trace()[-1]["iteration"]
        for iterations in range(2, last + 3, 2):
            self.stylise("-o", "expected.png", "--iterations", str(iterations), "--optimizer", "adam")
            if self.result("expected.png") == self.result():
                return
        self.fail(f"out.png is the picture of no even iteration up to {last + 2}")

    def test_save_every_says_so(self):
        run = self.stylise("-o", "out.png", "-v", "--save-every", "2", "--iterations", "5")
        self.assertEqual(re.findall(r"picture of iteration (\d+)", run.stderr), ["2", "4"])

    def test_exported_weights_are_the_weights(self):
        run = self.succeed("--export-weights", "own.safetensors", "--weights", "builtin")
        self.assertEqual(run.stdout, "")
        self.assertIn("own.safetensors", run.stderr)
        self.stylise("-o", "a.png")
        self.stylise("-o", "b.png", "--weights", "own.safetensors")
        self.assertEqual(read_png(self.folder / "a.png"), read_png(self.folder / "b.png"))

    def test_weights_from_the_environment(self):
        self.write("w.safetensors", first_layer())
        cheap = CHEAP[CHEAP.index("--size"):CHEAP.index("--style-layers")]
        run = self.succeed("content.png", "style.png", *cheap, "-o", "out.png",
                           env={"IMPASTO_WEIGHTS": "w.safetensors"})
        self.assertIn("w.safetensors", run.stderr)

    def test_layers_shrink_to_the_weights(self):
        self.write("w.safetensors", first_layer())
        run = self.succeed("content.png", "style.png", "--weights", "w.safetensors", "--size", "32",
                           "--iterations", "1", "-o", "out.png")
        self.assertRegex(run.stderr, r"content conv1_1; style conv1_1\b(?!,)")


class Words(Case):
    """stderr is for people, stdout for nothing."""

    def test_start_lines(self):
        run = self.stylise("-o", "out.png")
        for words in ["device", "built-in", "drawn pictures", "32x24", "MiB", "wrote out.png"]:
            self.assertIn(words, run.stderr)
        self.assertIn("2/2", run.stderr)
        self.assertNotRegex(run.stderr, r"[\r\033]")
        for line in run.stderr.splitlines():
            self.assertTrue(line.startswith("impasto: "), line)

    def test_quiet_and_verbose(self):
        usual = self.stylise("-o", "out.png").stderr
        self.assertEqual(self.stylise("-o", "out.png", "-q").stderr, "")
        self.assertEqual(self.stylise("-q", "-o", "out.png", "--quiet").stderr, "")
        self.assertGreater(len(self.stylise("-o", "out.png", "-v").stderr.splitlines()),
                           len(usual.splitlines()))

    @unittest.skipUnless(sys.platform == "linux" and platform.machine() == "x86_64", "knows numbers of Linux")
    def test_a_sandbox_without_a_filter_is_said(self):
        words = "without a filter of system calls"
        self.assertIn(words, self.stylise("-o", "out.png", "-v", preexec_fn=no_filters).stderr)
        self.assertNotIn(words, self.stylise("-o", "out.png", preexec_fn=no_filters).stderr)

    def test_profile(self):
        run = self.stylise("-o", "out.png", "--profile")
        self.assertRegex(run.stderr, r"(?m)^KERNEL +LAUNCHES")
        shares = [float(share) for share in re.findall(r" (\d+\.\d)%", run.stderr)]
        self.assertGreater(len(shares), 3)
        self.assertEqual(shares, sorted(shares, reverse=True))
        self.assertAlmostEqual(sum(shares), 100, delta=len(shares) * 0.05 + 0.1)
        self.assertRegex(run.stderr, r"conv2_1")

    def test_names_of_any_bytes(self):
        """A name that is no UTF-8, with a line break: shown as one line, taken as it is."""
        odd = os.fsdecode(b"odd \xff\n.png")
        (self.folder / "content.png").rename(self.folder / odd)
        run = self.succeed(odd, "style.png", *CHEAP, "-o", "out.png", "--trace", "trace.jsonl")
        self.assertEqual(self.trace()[0]["style"], ["style.png"])
        run = self.impasto(odd + "x", "style.png", *CHEAP, "-o", "out.png")
        self.assertEqual(len(run.stderr.splitlines()), 1)


class Trace(Case):
    def test_lines(self):
        self.stylise("-o", "out.png", "--trace", "trace.jsonl", "--iterations", "3")
        first, *steps, last = self.trace()
        self.assertEqual(first["type"], "run")
        self.assertRegex(first["version"], r"^\d+\.\d+\.\d+$")
        for key in ["name", "platform", "driver", "index"]:
            self.assertIn(key, first["device"])
        self.assertEqual(first["weights"], "built-in")
        self.assertEqual((first["width"], first["height"]), (32, 24))
        self.assertEqual([step["iteration"] for step in steps], [0, 1, 2, 3])
        for step in steps:
            self.assertEqual(set(step), ITERATION)
            self.assertEqual(step["type"], "iteration")
            self.assertEqual(list(step["content"]), ["conv2_1"])
            self.assertEqual(list(step["style"]), ["conv1_1", "conv2_1"])
        self.assertEqual(steps[0]["content"]["conv2_1"], 0)
        self.assertGreater(steps[0]["total"], steps[-1]["total"])
        seconds = [step["seconds"] for step in steps]
        self.assertEqual(seconds, sorted(seconds))
        self.assertEqual((last["type"], last["status"], last["iterations"], last["output"]),
                         ("done", "ok", 3, "out.png"))

    def test_every_preset_paints(self):
        """Its weights let the style in; in too small a share, the photograph would stay as it is."""
        for preset in ["default", "quick", "fine", "classic"]:
            with self.subTest(preset):
                self.succeed("content.png", "style.png", "-o", "out.png", "--size=32", "--scales", "1",
                             "--iterations", "60", "--first-iterations", "60", "--weights", "builtin",
                             "--preset", preset, "--trace", "trace.jsonl")
                first, *_, last = [sum(step["style"].values()) for step in self.trace()[1:-1]]
                self.assertLess(last, first / 2)

    def test_the_total_is_the_weighted_sum(self):
        self.stylise("-o", "out.png", "--trace", "trace.jsonl", "--content-weight", "3",
                     "--style-weight", "5", "--tv-weight", "7", "--style-layers", "1_1:2,2_1:.5")
        for step in self.trace()[1:-1]:
            expected = (3 * step["content"]["conv2_1"] + 7 * step["tv"]
                        + 5 * (2 * step["style"]["conv1_1"] + .5 * step["style"]["conv2_1"]))
            self.assertAlmostEqual(step["total"] / expected, 1, delta=1e-6)

    def test_settings(self):
        """Each under its option's name; options win over the preset wherever they stand."""
        self.succeed("content.png", "style.png", "-o", "out.png", "--size=32", "--iterations", "1",
                     "--weights", "builtin", "--preset", "classic", "--trace", "trace.jsonl",
                     "--beta2", "0.75", "--style-layers", "1_1:0.5", "--content-layers", "2_2")
        settings = self.trace()[0]["settings"]
        for name, value in {
            "size": 32, "style-size": "auto", "style-scale": 1, "iterations": 1, "beta2": 0.75,
            "optimizer": "adam", "losses": "gatys", "padding": "zero", "pooling": "max",
            "init": "content", "seed": 0, "preset": "classic", "weights": "builtin", "bits": "8",
            "convention": "auto", "device": "auto", "conv": "auto", "gemm": "auto",
            "style-layers": {"conv1_1": 0.5}, "content-layers": {"conv2_2": 1}, "beta1": 0.99,
            "epsilon": 0.1, "learning-rate": 0.02, "margin": 16,
        }.items():
            with self.subTest(name):
                self.assertEqual(settings[name], value)
        for name in ["content-weight", "style-weight", "tv-weight"]:
            self.assertIn(name, settings)

    def test_the_device_from_the_environment_is_recorded(self):
        self.stylise("-o", "out.png", "--trace", "trace.jsonl", env={"IMPASTO_DEVICE": "0"})
        self.assertEqual(self.trace()[0]["settings"]["device"], "0")


class Memory(Case):
    """The dial changes what is kept and computed twice, not the result."""

    LAYERS = ["--size", "160", "--content-layers", "3_2", "--style-layers", "1_1,2_1,3_1"]

    def plan(self, *extra):
        run = self.succeed("content.png", "style.png", *CHEAP, *self.LAYERS, "--plan", "-q", *extra)
        (total,) = re.findall(r"in all +([0-9.]+) MiB", run.stdout)
        return float(total), run.stdout

    def test_plan(self):
        everything, text = self.plan("--memory", "8G")
        self.assertNotIn("out.png", os.listdir(self.folder))
        self.assertIn("conv1_1 to conv1_2: kept", text)
        self.assertIn("expected time: 1.00 times", text)
        self.assertIn("transformed weights", text)
        little, text = self.plan("--memory", f"{everything * 0.5:.0f}M")
        self.assertLessEqual(little, everything * 0.5)
        self.assertNotIn("transformed weights", text)
        self.assertIn("computed twice", text)

    def test_the_same_result(self):
        """With Adam: L-BFGS's second step has the curvature of the first, of which rounding is a larger share."""
        everything = self.plan("--memory", "8G")[0]
        losses = []
        for share in [1, 0.75, 0.6]:
            self.stylise("-o", "out.png", *self.LAYERS, "--optimizer", "adam", "--iterations", "2", "--memory",
                         f"{everything * share + 1:.0f}MiB", "--trace", "trace.jsonl")
            lines = self.trace()
            self.assertLessEqual(sum(lines[0]["memory"].values()), everything * share * 2**20 + 2**20)
            losses.append([line["total"] for line in lines if line["type"] == "iteration"])
        for others in losses[1:]:
            for one, other in zip(losses[0], others):
                self.assertAlmostEqual(one, other, delta=1e-5 * one)

    def test_too_little(self):
        self.refuse(MEMORY, ["160", "--memory allows", "--size"], *self.LAYERS, "--memory", "18M",
                    early=False)


class Gradient(Case):
    def read(self, name):
        values = array.array("f", (self.folder / name).read_bytes())
        if sys.byteorder == "big":
            values.byteswap()
        return values

    def test_size_and_sense(self):
        self.stylise("-o", "out.png", "--gradient", "g.f32")
        gradient = self.read("g.f32")
        self.assertEqual(len(gradient), 3 * 24 * 32)
        self.assertTrue(all(abs(value) < float("inf") for value in gradient))
        self.assertGreater(max(map(abs, gradient)), 0)

    def test_it_does_not_change_the_run(self):
        self.stylise("-o", "a.png")
        self.stylise("-o", "b.png", "--gradient", "g.f32")
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())

    def test_it_points_uphill(self):
        """Total variation alone, whose gradient is known: d/dx of the mean of squared differences,
        at one white pixel on black."""
        self.write("content.png", png(32, 24, lambda x, y: (255,) * 3 if (x, y) == (9, 7)
                                      else (0, 0, 0)))
        self.stylise("-o", "out.png", "--gradient", "g.f32", "--style-weight", "0", "--tv-weight",
                     "1", "--size", "source", "--margin", "0")
        gradient = self.read("g.f32")
        dx, dy = 3 * 24 * 31, 3 * 23 * 32  # differences that the means are over
        for channel in range(3):
            at = channel * 24 * 32 + 7 * 32 + 9
            self.assertAlmostEqual(gradient[at], 4 / dx + 4 / dy, delta=1e-6)
            self.assertAlmostEqual(gradient[at + 1], -2 / dx, delta=1e-6)
            self.assertAlmostEqual(gradient[at - 32], -2 / dy, delta=1e-6)
            self.assertAlmostEqual(gradient[at + 5], 0, delta=1e-6)
