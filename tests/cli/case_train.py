# SPDX-License-Identifier: MIT
"""impasto train: tiny networks, from nothing and from others; stopped, killed, and gone on with."""

import array
import base64
import hashlib
import json
import os
import random
import re
import resource
import shlex
import signal
import struct
import time

from case_checkpoint import forge
from case_seeing import Page
from support import (INPUT, MEMORY, OUTPUT, PATIENCE, SHORT_PATIENCE, SIGINT_CODE, USAGE, WEIGHTS,
                     Case, png, read_png, safetensors, write_photographs)

# Twelve steps, the last four of them late, of the smallest crops; judged three times.
DRAWN = ["--weights", "builtin", "--base", "none", "--width", "8", "--steps", "12", "--crop", "32",
         "--late-crop", "48", "--judge-size", "32", "--judge-every", "5", "-q"]
# The same in half the time, as no scenes are drawn to learn from.
TINY = [*DRAWN[:-1], "--photos", "photographs", "-q"]

# The same from another network, which has its width.
FROM = [word for word in TINY if word not in ("--base", "none", "--width", "8")]


def header(data):
    return json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])


def tensors(data):
    """{name: bytes}"""
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    return {name: data[begin + at["data_offsets"][0]:begin + at["data_offsets"][1]]
            for name, at in header(data).items() if name != "__metadata__"}


def weights():
    """Random ones of VGG19, up to conv3_3."""
    rng, layers = random.Random(1), {}
    for name, into, out in (("1_1", 3, 64), ("1_2", 64, 64), ("2_1", 64, 128), ("2_2", 128, 128),
                            ("3_1", 128, 256), ("3_2", 256, 256), ("3_3", 256, 256)):
        reach = (6 / (9 * into)) ** 0.5
        numbers = array.array("f", (rng.uniform(-reach, reach) for _ in range(9 * into * out)))
        layers[f"conv{name}.weight"] = ("F32", [out, into, 3, 3], numbers.tobytes())
        layers[f"conv{name}.bias"] = ("F32", [out], bytes(4 * out))
    return safetensors(layers)


class Training(Case):
    def setUp(self):
        super().setUp()
        self.write("other.png", png(40, 30, lambda x, y: (x * 6, 255 - y * 8, 128)))
        write_photographs(self.folder / "photographs")

    def bytes(self, name):
        return (self.folder / name).read_bytes()

    def train(self, *words, **options):
        run = self.succeed("train", *words, **options)
        self.assertEqual(run.stdout, "")
        return run

    def refused(self, code, words, *arguments, **options):
        """One line that says so, and no file that was not there."""
        before = self.snapshot()
        run = self.impasto("train", *arguments, timeout=SHORT_PATIENCE, **options)
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertIn(words, run.stderr.splitlines()[-1])
        self.assertEqual(self.snapshot(), before)
        return run.stderr

    def stopped(self, number, *words, step=4):
        """A training that a signal ends once it has taken so many steps."""
        process = self.start("train", *words, "--checkpoint", "run.ckpt", "--every", "1",
                             "--trace", "trace")
        end = time.monotonic() + PATIENCE
        trace = self.folder / "trace"
        while not trace.exists() or f'"step":{step},' not in trace.read_text():
            self.assertLess(time.monotonic(), end)
            self.assertIsNone(process.poll(), process.stderr)
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
        return process.returncode, err.decode()


class Told(Training):
    def test_other_programs_are_told(self):
        """--progress json, with previews of the picture that is shown."""
        run = self.succeed("train", "style.png", *TINY, "--show", "content.png", "--progress", "json",
                           "--progress-preview", "16", "-o", "a.model")
        events = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual([event["step"] for event in events if event["event"] == "step"], list(range(1, 13)))
        judged = [event["step"] for event in events if "judged" in event]
        self.assertEqual(judged, [5, 10, 12])
        self.assertTrue(all(len(event["png"]) > 20 for event in events if event["event"] == "preview"))
        self.assertGreaterEqual(len([event for event in events if event["event"] == "preview"]), 2)
        self.assertEqual((events[0]["event"], events[-1]["event"], events[-1]["output"]), ("phase", "done", "a.model"))
        run = self.impasto("train", "style.png", *TINY, "--trace", "-", "--progress", "json", "-o", "b.model")
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("standard output is for --trace -", run.stderr)


class Models(Training):
    def test_same_seed_same_bytes(self):
        self.train("style.png", *DRAWN)
        self.train("style.png", *DRAWN, "-o", "again.model", "--seed", "0")
        self.train("style.png", *DRAWN, "-o", "other.model", "--seed", "1")
        self.assertEqual(self.bytes("style.model"), self.bytes("again.model"))
        self.assertNotEqual(self.bytes("style.model"), self.bytes("other.model"))
        self.assertIn("conv1.conv2d.weight", tensors(self.bytes("style.model")))
        self.train("style.png", *DRAWN, "--half", "-o", "half.model")
        self.assertLess(len(self.bytes("half.model")), 0.6 * len(self.bytes("style.model")))

    def test_several_styles_and_the_identity(self):
        self.train("style.png", "other.png", "--identity", *TINY, "-o", "two.model", "--trace", "t")
        lines = [json.loads(line) for line in (self.folder / "t").read_text().splitlines()]
        self.assertEqual(lines[0]["styles"], ["style", "other", "identity"])
        self.assertEqual([line["step"] for line in lines[1:-1]], list(range(1, 13)))
        self.assertEqual([line["crop"] for line in lines[1:-1]], [32] * 8 + [48] * 4)
        self.assertEqual([line["step"] for line in lines if "judgement" in line], [5, 10, 12])
        self.assertEqual(lines[-1]["status"], "ok")
        self.assertLess(lines[-1]["best"], 1e3)

    def test_drawn_styles(self):
        self.train("ink", "style.png", *TINY, "--style-size", "64", "--trace", "t")
        self.assertEqual(json.loads((self.folder / "t").read_text().splitlines()[0])["styles"],
                         ["ink", "style"])
        self.assertIn("conv1.conv2d.weight", tensors(self.bytes("ink.model")))
        (self.folder / "ink").write_bytes(png(40, 40))  # a picture comes first
        self.train("ink", *TINY, "-o", "picture.model")

    def test_from_a_base_by_its_name(self):
        data = self.home / ".local/share/impasto"
        data.mkdir(parents=True)
        self.train("style.png", *TINY, "-o", data / "mine.model")
        self.train("other.png", *FROM, "--base", "mine", "-o", "by-name.model")
        self.train("other.png", *FROM, "--base", data / "mine.model", "-o", "by-path.model")
        by_name, by_path = (tensors(self.bytes(name)) for name in ("by-name.model", "by-path.model"))
        self.assertEqual(by_name, by_path)

    def test_from_a_base(self):
        run = self.train("style.png", *TINY[:-1], "-o", "base.model")
        self.assertIn("begins from nothing takes some thousand steps", run.stderr)
        run = self.train("other.png", *FROM[:-1], "--base", "base.model", "-o", "new.model")
        self.assertIn("begun from base.model", run.stderr)
        self.assertNotIn("thousand steps", run.stderr)
        new, base = (tensors(self.bytes(name)) for name in ("new.model", "base.model"))
        self.assertEqual(set(new), set(base))
        # Before a normalisation, biases have no effect, and stay 0.
        learnt = [name for name in base if any(base[name])]
        self.assertGreater(len(learnt), 40)
        self.assertFalse(any(new[name] == base[name] for name in learnt))

    def test_added_styles_leave_the_others_as_they_are(self):
        self.train("style.png", *TINY, "-o", "one.model")
        self.train("other.png", *FROM, "--add", "one.model", "-o", "two.model")
        one, two = (tensors(self.bytes(name)) for name in ("one.model", "two.model"))
        for name, data in one.items():
            if len(two[name]) == len(data):
                self.assertEqual(two[name], data, name)
            else:  # scale and shift, a row for each style
                self.assertEqual(two[name][:len(data)], data, name)
                self.assertNotEqual(two[name][len(data):], data, name)
        self.refused(USAGE, "a style of the model already", "style.png", *FROM, "--add",
                     "one.model", "-o", "three.model")

    def test_an_identity_stays(self):
        self.train("style.png", *TINY, "--identity", "-o", "one.model")
        run = self.train("other.png", *FROM[:-1], "--add", "one.model", "--identity", "-o",
                         "two.model", "--trace", "t")
        self.assertIn("one.model has that style, and keeps it", run.stderr)
        self.assertEqual(json.loads((self.folder / "t").read_text().splitlines()[0])["styles"],
                         ["style", "identity", "other"])
        self.write("identity.png", png(40, 40))
        self.refused(USAGE, "no style picture can be called 'identity'", "identity.png", *TINY)

    def test_photographs(self):
        photos = self.folder / "photos"
        photos.mkdir()
        for i in range(3):
            (photos / f"{i}.png").write_bytes(png(80 + 10 * i, 70))
        (photos / "torn.png").write_bytes(png(80, 70)[:300])
        (photos / "tiny.png").write_bytes(png(20, 70))
        (photos / "readme.txt").write_text("no picture")
        run = self.train("style.png", *TINY, "--photos", "photos")
        self.assertEqual(run.stderr.count("left out of the training pictures"), 2, run.stderr)
        for name in ("torn.png", "tiny.png"):
            self.assertIn(name, run.stderr)
        self.assertNotIn("readme", run.stderr)


class Records(Training):
    """What a model says of its making."""

    def sha256(self, name):
        return hashlib.sha256(self.bytes(name)).hexdigest()

    def training(self, name):
        return json.loads(header(self.bytes(name))["__metadata__"]["impasto.training"])

    def hashed(self, inputs):
        """Whether this program was built with SHA-256."""
        if "sha256" not in json.dumps(inputs):
            self.skipTest("built without nettle")
        return inputs

    def test_what_was_decided(self):
        self.train("style.png", *TINY, "--steps", "auto", "--minutes", "0.001", "-o", "a.model")
        settings = self.training("a.model")["settings"]
        self.assertEqual((settings["style_weight"], settings["norm_rate"]), (17, 1))
        self.assertAlmostEqual(settings["learning_rate"], 0.0015)
        self.assertEqual(settings["steps"], self.training("a.model")["steps"])
        self.train("other.png", *FROM, "--steps", "2", "--base", "a.model", "-o", "b.model")
        settings = self.training("b.model")["settings"]
        self.assertEqual((settings["width"], settings["norm_rate"], settings["steps"]), (8, 10, 2))
        self.assertAlmostEqual(settings["learning_rate"], 0.003)
        text = self.succeed("model", "info", "b.model").stdout
        self.assertIn("style_weight 17.0, learning_rate 0.003, norm_rate 10.0, noise 0.0, seed 0", text)

    def noise(self, name):
        """What the model itself says, and its record."""
        shape = json.loads(header(self.bytes(name))["__metadata__"]["impasto.shape"])
        settings = self.training(name)["settings"]
        self.assertAlmostEqual(shape.get("noise", 0), settings["noise"])
        return round(settings["noise"], 6)

    def test_its_noise(self):
        self.train("style.png", *TINY, "-o", "short.model")
        self.train("style.png", *TINY, "--noise", "0.1", "-o", "own.model")
        self.train("other.png", *FROM, "--base", "own.model", "-o", "from.model")
        self.train("other.png", *FROM, "--add", "own.model", "-o", "more.model")
        self.assertEqual([self.noise(f"{name}.model") for name in ("short", "own", "from", "more")], [0, 0.1, 0.1, 0.1])
        self.refused(USAGE, "the model whose styles are kept has a noise of 0.1, and 0.2 would change them; leave out "
                     "--noise", "other.png", *FROM, "--add", "own.model", "--noise", "0.2", "-o", "other.model")

    def test_the_pictures_of_its_styles(self):
        """They are kept at the size of strokes, with those of a base whose styles are, and are refined towards."""
        def pictures(name):
            return {key[-1]: text for key, text in header(self.bytes(name))["__metadata__"].items() if ".picture." in key}
        self.train("style=other.png", "ink", *TINY, "--style-size", "36", "--identity", "-o", "base.model")
        kept = pictures("base.model")
        self.assertEqual((list(kept), kept["1"]), (["0", "1"], "drawn:36:ink"))
        start = "data:image/jpeg;base64,"
        self.assertTrue(kept["0"].startswith(start), kept)
        (self.folder / "kept.jpg").write_bytes(base64.b64decode(kept["0"][len(start):], validate=True))
        self.succeed("kept.jpg", "--strength", "0", "style.png", "--size", "source", "-o", "kept.png", "--weights", "builtin")
        self.assertEqual(max(read_png(self.folder / "kept.png")[:2]), 36)
        self.train("other.png", *FROM, "--add", "base.model", "-o", "more.model")
        self.assertEqual(list(pictures("more.model")), ["0", "1", "3"])
        self.assertEqual(pictures("more.model") | kept, pictures("more.model"))
        self.train("other.png", *FROM, "--base", "base.model", "-o", "new.model")
        self.assertEqual(list(pictures("new.model")), ["0"])
        self.succeed("apply", "more.model", "content.png", "-o", "out.png", "--mix", "style:1,other:2,ink:3", "--strength",
                     "0.8", "--refine", "2", "--weights", "builtin")

    def test_what_it_was_made_of(self):
        self.write("vgg.safetensors", weights())
        self.write("sub=.png", self.bytes("other.png"))
        self.train("style.png", *TINY, "-o", "base.model")
        words = [*FROM[2:], "--weights", "vgg.safetensors", "--add", "base.model", "-o", "out.model"]
        self.train("day=style.png", "./sub=.png", "ink", *words, "--style-size", "32")
        inputs = self.hashed(self.training("out.model")["inputs"])
        self.assertEqual(inputs, {
            "styles": [{"style": "day", "name": "style.png", "sha256": self.sha256("style.png")},
                       {"style": "sub=", "name": "sub=.png", "sha256": self.sha256("other.png")},
                       {"style": "ink", "drawn": True}],
            "base": {"name": "base.model", "sha256": self.sha256("base.model")},
            "weights": {"name": "vgg.safetensors", "sha256": self.sha256("vgg.safetensors")}})
        text = self.succeed("model", "info", "out.model").stdout
        for line in (f"style day: style.png, SHA-256 {self.sha256('style.png')}",
                     f"base: base.model, SHA-256 {self.sha256('base.model')}",
                     f"weights: vgg.safetensors, SHA-256 {self.sha256('vgg.safetensors')}"):
            self.assertIn(f"  {line}\n", text)
        self.assertEqual(self.training("base.model")["inputs"]["weights"], {"name": "builtin", "version": 3})
        self.assertNotIn(str(self.folder), json.dumps(self.training("out.model")))


class Report(Training):
    def page(self, name="report.html"):
        text = (self.folder / name).read_text(encoding="utf-8")
        page = Page(text)
        self.assertEqual(page.faults, [])
        self.assertNotIn(str(self.folder), text)
        return page, re.sub(r"(?<=;base64,)[A-Za-z0-9+/=]*|</?bdi>", "", text)

    def test_what_it_has(self):
        self.train("day=./style.png", "ink", "--identity", *TINY, "--style-size", "32", "--show", "content.png",
                   "--report", "report.html", "--trace", "trace")
        page, source = self.page()
        self.assertEqual(page.text("h1"), ["day.model: day, ink, identity"])
        self.assertIn("12 of 12 steps in", source)
        self.assertEqual(page.all("p", **{"class": "notice"}), [])
        self.assertEqual([image[1]["alt"] for image in page.all("img")],
                         ["content picture: content.png", "result picture: day.model", "style picture: style.png"])
        rows = dict(re.findall(r'<tr><th scope="row">(?:<code>)?(.*?)(?:</code>)?</th><td>(.*?)</td>', source))
        for name, value in {"--width": "8", "--steps": "12", "--style-weight": "17", "--learning-rate": "0.0015",
                            "--norm-rate": "10", "--identity": "yes", "--crop": "32",
                            "weights in use": "built-in"}.items():
            self.assertEqual(rows[name], value, name)
        self.assertRegex(rows["in all"], r"^\d+\.\d MiB$")
        self.assertRegex(source, r"The judge liked step \d+ the best: a loss of [\d.]+")
        # The style's part of the total is that of the step, whose weight rises at first.
        total, style = re.search(r"total from ([\d.]+) to .* style from ([\d.]+) to", source).groups()
        self.assertGreater(float(total), float(style))
        lines = [json.loads(line) for line in (self.folder / "trace").read_text().splitlines()]
        self.assertIn(f"a loss of {lines[-1]['best']:.4g}.", source)
        for word in ("step", "weighted loss, log scale", "total", "style", "content", "judged"):
            self.assertIn(word, page.text("text"))
        curves = {kind: [curve[1]["d"] for curve in page.all("path")
                         if curve[1].get("class") == f"curve {kind}" and "L" in curve[1]["d"]]
                  for kind in ("total", "judged")}
        self.assertEqual(len(re.findall("[ML]", curves["total"][0])), 12)
        self.assertEqual(len(re.findall("[ML]", curves["judged"][0])), 8)  # from the fifth step on

    def test_drawn_styles_have_no_pictures(self):
        self.train("ink", *TINY, "--style-size", "32", "--steps", "2", "--report", "report.html")
        page, _ = self.page()
        self.assertEqual((page.all("img"), page.text("h2")),
                         ([], ["Losses", "Settings", "Device", "Memory"]))

    def test_of_a_training_that_is_stopped(self):
        self.stopped(signal.SIGINT, "style.png", *TINY, "--report", "report.html")
        page, source = self.page()
        self.assertIn("Interrupted: this is the model so far.", source)
        self.assertEqual(len(page.all("img")), 1)

    def test_it_is_checked_before_the_work(self):
        self.refused(OUTPUT, "nowhere", "style.png", *TINY, "--report", "nowhere/x.html")
        self.refused(USAGE, "named for two outputs", "style.png", *TINY, "-o", "x", "--report", "x")
        self.refused(USAGE, "does not go to standard output", "style.png", *TINY, "--report", "-")


class Names(Training):
    def names(self, *words):
        self.train(*words, *TINY, "--steps", "1", "--trace", "t", "-o", "out.model")
        return json.loads((self.folder / "t").read_text().splitlines()[0])["styles"]

    def test_a_name_before_the_file(self):
        os.makedirs(self.folder / "a=b")
        self.write("a=b/style.png", png(40, 40))
        self.write("x=style.png", png(40, 40))
        self.assertEqual(self.names("style.png", "day=style.png", "night=a=b/style.png"),
                         ["style", "day", "night"])
        # A file of the whole word comes first, and folders may have an equals sign.
        self.assertEqual(self.names("x=style.png", "a=b/style.png"), ["x=style", "style"])

    def test_it_names_the_model_and_goes_on(self):
        self.train("day=style.png", "other.png", *TINY, "-o", "whole.model")
        self.stopped(signal.SIGKILL, "day=style.png", "other.png", *TINY)
        self.train("--resume", "run.ckpt", "-q")
        self.assertEqual(self.bytes("day.model"), self.bytes("whole.model"))

    def test_refusals(self):
        self.refused(USAGE, "'a:b' cannot be the name of a style", "a:b=style.png", *TINY)
        self.refused(USAGE, "two styles are called 'day'", "day=style.png", "day=other.png", *TINY)
        self.refused(INPUT, "lost.png", "day=lost.png", *TINY)
        self.refused(USAGE, "style.png: is to be read", "day=style.png", *TINY, "-o", "style.png")

    def test_pictures_have_a_most_of_pixels(self):
        photos = self.folder / "photos"
        photos.mkdir()
        (photos / "small.png").write_bytes(png(80, 70))
        (photos / "large.png").write_bytes(png(100, 100))
        self.refused(INPUT, "style.png", "style.png", *TINY, "--max-pixels", "767")
        words = ["style.png", *TINY, "--photos", "photos", "--max-pixels", "5600", "-o", "out.model"]
        run = self.train(*words)
        self.assertEqual(run.stderr.count("left out of the training pictures"), 1, run.stderr)
        self.assertIn("large.png", run.stderr)
        whole = self.bytes("out.model")
        # The checkpoint knows it, too.
        self.stopped(signal.SIGKILL, *words)
        self.train("--resume", "run.ckpt", "-q")
        self.assertEqual(self.bytes("out.model"), whole)
        self.refused(INPUT, "begun with other photographs", "--resume", "run.ckpt", "-q",
                     "--max-pixels", "100000")


class Stopping(Training):
    def whole(self):
        self.train("style.png", *TINY, "-o", "whole.model")
        return self.bytes("whole.model")

    def test_interrupted_and_gone_on_with(self):
        whole = self.whole()
        code, err = self.stopped(signal.SIGINT, "style.png", *TINY, "-o", "out.model")
        self.assertEqual(code, SIGINT_CODE, err)
        self.assertIn("interrupted: the model so far was written to out.model", err)
        self.assertIn("conv1.conv2d.weight", tensors(self.bytes("out.model")))
        command = err.split("to go on: impasto ")[1].splitlines()[0]
        self.succeed(*shlex.split(command))
        self.assertEqual(self.bytes("out.model"), whole)

    def test_all_that_was_told_stays(self):
        """The checkpoint has the weights, what they expect, and how the model is stored."""
        self.write("my vgg.safetensors", weights())
        words = ["style.png", *TINY[2:], "--weights", "my vgg.safetensors", "--convention",
                 "torchvision", "--half", "-o", "out.model"]
        self.train(*words)
        whole = self.bytes("out.model")
        os.remove(self.folder / "out.model")
        _, err = self.stopped(signal.SIGTERM, *words)
        self.succeed(*shlex.split(err.split("to go on: impasto ")[1].splitlines()[0]))
        self.assertEqual(self.bytes("out.model"), whole)

    def test_stopped_while_a_model_grows_in_place(self):
        """The model stays as it was, so that the training can be gone on with, and then has both."""
        self.train("other.png", *TINY, "-o", "base.model")
        base = self.bytes("base.model")
        words = ["style.png", *FROM, "--add", "base.model", "-o"]
        self.train(*words, "whole.model")
        _, err = self.stopped(signal.SIGINT, *words, "base.model")
        self.assertIn("base.model stays as it was, as the training began with it", err)
        self.assertEqual(self.bytes("base.model"), base)
        self.succeed(*shlex.split(err.split("to go on: impasto ")[1].splitlines()[0]))
        self.assertEqual(self.bytes("base.model"), self.bytes("whole.model"))

    def test_stopped_before_anything_was_judged(self):
        """That replaces no other model; later, it does."""
        words = ["style.png", *TINY, "-o", "out.model", "--judge-every"]
        self.write("out.model", "another")
        code, err = self.stopped(signal.SIGINT, *words, "1000", step=2)
        self.assertEqual(code, SIGINT_CODE, err)
        self.assertIn("out.model stays as it was, as the model so far has not been judged", err)
        self.assertEqual(self.bytes("out.model"), b"another")
        for name in ("run.ckpt", "trace"):
            os.remove(self.folder / name)
        self.stopped(signal.SIGINT, *words, "1", step=2)
        self.assertIn("conv1.conv2d.weight", tensors(self.bytes("out.model")))

    def test_killed_and_gone_on_with(self):
        self.train("style.png", *DRAWN, "-o", "whole.model")
        whole = self.bytes("whole.model")
        for step in (2, 9):
            self.stopped(signal.SIGKILL, "style.png", *DRAWN, "-o", "out.model", step=step)
            self.assertFalse((self.folder / "out.model").exists())
            self.train("--resume", "run.ckpt", "-q")
            self.assertEqual(self.bytes("out.model"), whole)
            os.remove(self.folder / "out.model")

    def test_of_an_older_program(self):
        """Whose losses were others."""
        self.stopped(signal.SIGKILL, "style.png", *TINY, step=2)
        old = forge(self.bytes("run.ckpt"), b'"impasto.training":"3"', b'"impasto.training":"2"')
        self.write("run.ckpt", old)
        self.refused(INPUT, "of format 2, which an older Impasto wrote", "--resume", "run.ckpt", "-q")
        self.assertEqual(self.bytes("run.ckpt"), old)

    def test_of_other_ranks(self):
        """That is told where it is known: older programs did not note their number."""
        self.stopped(signal.SIGKILL, "style.png", *TINY, step=2)
        data, number = self.bytes("run.ckpt"), rb'\"ranks\":1'
        for other, told in [(rb'\"ranks\":3', ["of 3 ranks, and goes on with 1"]), (rb'\"rankz\":1', [])]:
            self.write("run.ckpt", forge(data, number, other))
            run = self.train("--resume", "run.ckpt", "-q", "-o", "b.model")
            self.assertEqual(re.findall(r"of \d ranks?, and goes on with \d", run.stderr), told)

    def test_finished(self):
        """Its model can be written again; and another training may take its place."""
        self.train("style.png", *TINY, "--checkpoint", "run.ckpt", "-o", "a.model")
        self.train("--resume", "run.ckpt", "-q", "-o", "b.model")
        self.assertEqual(self.bytes("a.model"), self.bytes("b.model"))
        self.train("other.png", *TINY, "--checkpoint", "run.ckpt")

    def test_refusals(self):
        self.stopped(signal.SIGKILL, "style.png", *TINY)
        self.refused(OUTPUT, "has a training that is not finished", "style.png", *TINY,
                     "--checkpoint", "run.ckpt", "-o", "b.model")
        resume = ["--resume", "run.ckpt", "-q"]
        self.refused(USAGE, "another --crop", *resume, "--crop", "64")
        self.refused(INPUT, "begun with other style pictures", "other.png", *resume)
        self.write("style.png", png(24, 32))
        self.refused(INPUT, "begun with other style pictures", *resume)
        self.write("run.ckpt", self.bytes("run.ckpt")[:-9])
        self.refused(INPUT, "run.ckpt", *resume)


    def test_a_trace_that_cannot_be_written(self):
        """That ends the training, which says so; the model so far is there."""
        self.whole()
        self.stopped(signal.SIGKILL, "style.png", *TINY, "-o", "out.model")
        most = 1 << 28  # more than a driver writes

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        os.truncate(self.folder / "trace", most - 1500)
        run = self.impasto("train", "--resume", "run.ckpt", "-q", "--trace", "trace",
                           "--checkpoint", "other.ckpt", "--every", "1000", preexec_fn=limit)
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertIn("impasto: trace: cannot be written: ", run.stderr.splitlines()[-1])
        self.assertIn("the model so far was written to out.model", run.stderr)


class Showing(Training):
    """On a terminal, each picture begins with the same bytes."""

    def watched(self, *words):
        code, shown = super().watched("train", *words)
        if b"libchafa-dev" in shown:
            self.skipTest("built without chafa")
        return code, shown.decode()

    def test_the_painting_so_far(self):
        self.train("style.png", *TINY, "-o", "plain.model", "--show", "content.png")
        code, shown = self.watched("style.png", *TINY, "--show", "content.png")
        self.assertEqual(code, 0, shown)
        self.assertIn("\033_Ga=T,", shown)
        self.assertEqual(self.bytes("style.model"), self.bytes("plain.model"))

    def test_what_no_network_paints_is_refused_before_the_work(self):
        self.write("strip.png", png(256, 6))
        code, shown = self.watched("style.png", *TINY, "--show", "strip.png", "--trace", "trace")
        self.assertEqual(code, USAGE, shown)
        self.assertRegex(shown, r"strip\.png: has 256x6 pixels, and at --judge-size 32 too few")
        self.assertFalse((self.folder / "trace").exists())
        self.assertFalse((self.folder / "style.model").exists())


class Plan(Training):
    def plan(self, *words):
        """What it prints; nothing is written."""
        before = self.snapshot()
        run = self.succeed("train", *words, "--plan", timeout=SHORT_PATIENCE)
        self.assertEqual(run.stderr, "")
        self.assertEqual(self.snapshot(), before)
        return run.stdout

    def total(self, text):
        return float(re.search(r"in all +([\d.]+) MiB", text)[1])

    def test_a_plan(self):
        text = self.plan("style.png", "ink", *TINY, "--checkpoint", "run.ckpt", "--trace", "trace")
        for line in ("a network of width 8 with ", "its styles: style, ink", "8 steps of 2 crops of 32 pixels",
                     "4 steps of 1 crop of 48 pixels", "judged every 5 steps, with pictures of 32 pixels",
                     "memory on the device, at the most: ", "training pictures: at most 256.0 MiB"):
            self.assertIn(line, text)
        rows = [float(mib) for mib in re.findall(r"([\d.]+) MiB\n", text.split("\n\n")[1])]
        self.assertAlmostEqual(sum(rows), self.total(text), delta=0.05 * len(rows))
        self.assertIn("as many steps as 2.5 minutes have", self.plan(
            "style.png", *TINY, "--steps", "auto", "--minutes", "2.5"))

    def test_it_has_the_styles_and_what_is_shown(self):
        self.write("large.png", png(256, 256))
        small = self.total(self.plan("style.png", *TINY))
        text = self.plan("large.png", *TINY, "--style-size", "256")
        self.assertIn("at the most: looking at the styles", text)
        self.assertGreater(self.total(text), small)
        shown = self.plan("style.png", *TINY, "--show", "content.png")
        self.assertGreater(self.total(shown), small)
        self.refused(MEMORY, "looking at the styles with --style-size 256 takes", "large.png", *TINY,
                     "--style-size", "256", "--memory", f"{int(small) + 2}M")

    def test_photographs_are_not_read(self):
        self.plan("style.png", *TINY, "--photos", "photos-that-are-not-there")

    def test_of_a_training_that_is_not_finished(self):
        self.stopped(signal.SIGKILL, "style.png", *TINY)
        whole = self.plan("style.png", *TINY)
        self.assertEqual(self.plan("--resume", "run.ckpt", "-q"), whole)
        self.assertEqual(self.plan("style.png", *TINY, "--checkpoint", "run.ckpt"), whole)


class Refusals(Training):
    def test_words(self):
        self.refused(USAGE, "needs STYLE...")
        self.refused(USAGE, "not a whole number from 1", "style.png", "--steps", "0")
        self.refused(USAGE, "did you mean --photos?", "style.png", "--photo", "x")
        self.refused(USAGE, "--every goes with --checkpoint", "style.png", *TINY, "--every", "3")
        self.refused(USAGE, "leave out one", "style.png", *TINY, "--add", "x.model")
        self.refused(USAGE, "both say how long it takes", "style.png", *TINY, "--minutes", "1")
        for none in ("0", "0.0"):
            self.refused(USAGE, f"--minutes: '{none}' is no time to train in", "style.png", *FROM, "--minutes", none)
        for none in ("-1", "nan", "inf", "1e-60", "1e99", "100001", ""):
            self.refused(USAGE, "--minutes: ", "style.png", *FROM, "--minutes", none)
        self.refused(USAGE, "--width: is for a network that begins from nothing", "style.png",
                     *FROM, "--width", "8", "--base", "x.model")
        self.refused(USAGE, "--ramp: is for a network that begins from nothing", "style.png",
                     *FROM, "--ramp", "5", "--add", "x.model")
        self.refused(USAGE, "--steady-features: does nothing without --steady-weight", "style.png",
                     *TINY, "--steady-features", "1")
        self.refused(USAGE, "two styles are called 'style'", "style.png", "style.png", *TINY)
        self.refused(USAGE, "neither a picture nor a style that is drawn, which are oil",
                     "elephant", *TINY)
        self.refused(USAGE, "named for two outputs", "style.png", *TINY, "-o", "x", "--trace", "x")

    def test_outputs(self):
        """None of them takes the place of what is read, whatever that is called."""
        (self.folder / "photos").mkdir()
        self.write("photos/one.png", png(80, 70))
        os.symlink("photos", self.folder / "same")
        self.train("style.png", *TINY, "-o", "base.model", "--checkpoint", "old.ckpt")
        self.write("vgg.safetensors", weights())
        tiny = ["style.png", *TINY]
        for output, words in (("style.png", tiny), ("other.png", [*tiny, "--show", "other.png"]),
                              ("base.model", ["other.png", *FROM, "--base", "base.model"]),
                              ("vgg.safetensors", [*tiny, "--weights", "./vgg.safetensors"]),
                              ("photos/one.png", [*tiny, "--photos", "same"]),
                              ("old.ckpt", ["--resume", "old.ckpt", "--checkpoint", "new.ckpt"])):
            with self.subTest(output):
                self.refused(USAGE, f"{output}: is to be read, and would be written over", *words,
                             "-o", output)
        self.refused(USAGE, "would be written over", "other.png", *FROM, "--add", "base.model",
                     "-o", "new.model", "--checkpoint", "base.model")
        self.refused(USAGE, "does not go to standard output", *tiny, "-o", "-")
        self.refused(USAGE, "does not go to standard output", *tiny, "--checkpoint", "-")

    def test_files(self):
        self.refused(INPUT, "lost.png", "lost.png", *TINY)
        self.refused(OUTPUT, "nowhere", "style.png", *TINY, "-o", "nowhere/x.model")
        self.refused(INPUT, "has no photograph", "style.png", *TINY, "--photos", "home")
        self.write("bad.model", safetensors({"x": ("F32", [1], b"\0\0\0\0")}))
        self.refused(WEIGHTS, "bad.model", "style.png", *FROM, "--base", "bad.model")

    def test_memory(self):
        err = self.refused(MEMORY, "takes", "style.png", "--weights", "builtin", "--base", "none",
                           "--memory", "64M", "--judge-size", "32", "-q")
        self.assertRegex(err, r"--(late-)?crop \d+ takes \d+ MiB .* --(late-)?crop \d+ would fit")
