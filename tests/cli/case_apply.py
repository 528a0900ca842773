#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto apply and impasto model: pictures through a style network."""

import array
import base64
import json
import math
import os
import pathlib
import re
import shutil
import socket
import struct
import sys

from support import (DEVICE, Case, INPUT, MEMORY, OUTPUT, PATIENCE, SHORT_PATIENCE, USAGE, WEIGHTS, pixels, png,
                     program, read_png, safetensors)

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
import test_vgg19_py as makers  # noqa: E402

CHANNELS = [8, 8, 8, 8, 8]
STYLES = ["ink", "dots", "identity"]


# Codes that an identity may be from a photograph, on average.
NEAR = 30


def distance(rows, others):
    """Of two pictures' numbers, on average."""
    apart = [abs(a - b) for x, y in zip(rows, others) for p, q in zip(x, y) for a, b in zip(p, q)]
    return sum(apart) / len(apart)


def stored(path):
    """A picture, as a model keeps that of a style."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()


def values(count, stream):
    """Numbers without chance, in [-1, 1)."""
    numbers = ((i * 2654435761 + stream * 40503) % 2**32 / 2**31 - 1 for i in range(1, count + 1))
    return list(numbers)


def style_network(styles=STYLES, blocks=1, size=3, **texts):
    """A network of few channels, whose styles' rows differ."""
    layers = {"conv1": (8, 3, size), "conv2": (8, 8, 3), "conv3": (8, 8, 3)}
    for block in range(1, blocks + 1):
        layers |= {f"res{block}.conv1": (8, 8, 3), f"res{block}.conv2": (8, 8, 3)}
    layers |= {"deconv1": (8, 8, 3), "deconv2": (8, 8, 3), "deconv3": (3, 8, size)}
    norms = ["in1", "in2", "in3", *(f"res{b}.in{i}" for b in range(1, blocks + 1) for i in (1, 2)),
             "in4", "in5"]
    tensors = {}

    def add(name, shape, numbers):
        tensors[name] = ("F32", list(shape), struct.pack(f"<{len(numbers)}f", *numbers))

    for i, (name, (out, into, side)) in enumerate(layers.items()):
        shape = (out, into, side, side)
        scale = 1 / math.sqrt(into * side * side) * (60 if name == "deconv3" else 1)
        add(f"{name}.conv2d.weight", shape, [scale * v for v in values(math.prod(shape), i)])
        add(f"{name}.conv2d.bias", (out,), [127.5 if name == "deconv3" else 0] * out)
    for i, name in enumerate(norms):
        shape = (len(styles), 8) if len(styles) > 1 else (8,)
        add(f"{name}.weight", shape, [1 + v / 2 for v in values(math.prod(shape), 100 + i)])
        add(f"{name}.bias", shape, [v / 2 for v in values(math.prod(shape), 200 + i)])
    form = {"channels": CHANNELS, "blocks": blocks, "end_size": size, "end_norm": False,
            "styles": len(styles), "epsilon": 1e-5, "in_scale": 255, "output": "linear",
            "out_scale": 1 / 255, "out_offset": 0}
    return safetensors(tensors, {"impasto.model": "1", "impasto.shape": json.dumps(form),
                                 "impasto.styles": json.dumps(styles)} | texts)


def parts(data):
    """The metadata of safetensors, and {name: (type, shape, bytes)}."""
    end = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:end])
    texts = header.pop("__metadata__", {})
    return texts, {name: (entry["dtype"], entry["shape"], data[end:][slice(*entry["data_offsets"])])
                   for name, entry in header.items()}


def pickled(network):
    """As torch.save writes it."""
    return makers.pth_zip({name: (tuple(shape), array.array("f", raw))
                           for name, (_, shape, raw) in parts(network)[1].items()})


class Applying(Case):
    def setUp(self):
        super().setUp()
        self.write("night.model", style_network())

    def apply(self, *arguments, model="night.model", **options):
        run = self.succeed("apply", model, *arguments, **options)
        self.assertEqual(run.stdout, "")
        return run

    def spoil(self, code, words, *arguments, **options):
        return self.refuse(code, words, *arguments, pictures=("apply",), cheap=False, **options)


class One(Applying):
    def test_the_usual_name(self):
        run = self.apply("content.png")
        self.assertIn("wrote content-night.png (32x24", run.stderr)
        width, height, depth, _, _ = read_png(self.folder / "content-night.png")
        self.assertEqual((width, height, depth), (32, 24, 8))

    def test_the_same_bytes_again(self):
        self.apply("content.png", "-o", "a.png")
        self.apply("content.png", "-o", "b.png")
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())

    def test_sizes_that_are_no_multiples(self):
        for width, height in ((16, 16), (17, 23), (41, 18)):
            self.write("odd.png", png(width, height))
            self.apply("odd.png", "-o", "out.png")
            self.assertEqual(read_png(self.folder / "out.png")[:2], (width, height))

    def test_a_network_without_blocks(self):
        self.write("thin.model", style_network(blocks=0))
        self.apply("content.png", "-o", "out.png", model="thin.model")
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))

    def test_size_and_format(self):
        self.apply("content.png", "-o", "out.jpg", "--size", "64", "--quality", "80")
        self.assertTrue((self.folder / "out.jpg").read_bytes().startswith(b"\xff\xd8"))
        self.apply("content.png", "-o", "out.png", "--size", "64", "--bits", "16")
        self.assertEqual(read_png(self.folder / "out.png")[:3], (64, 48, 16))

    def test_pipes(self):
        self.apply("content.png", "-o", "file.png")
        with open(self.folder / "content.png", "rb") as picture:
            process = self.start("apply", "night.model", "-", "-o", "-", "--format", "png", "-q",
                                 stdin=picture)
            out, err = process.communicate(timeout=SHORT_PATIENCE)
        self.assertEqual((process.returncode, err), (0, b""))
        (self.folder / "piped.png").write_bytes(out)
        self.assertEqual(pixels(self.folder / "piped.png"), pixels(self.folder / "file.png"))

    def test_progress_for_programs(self):
        run = self.succeed("apply", "night.model", "content.png", "-o", "out.png", "--progress",
                           "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        kinds = [line.get("event") or line.get("type") for line in lines]
        self.assertIn("start", kinds)
        self.assertEqual(kinds[-1], "done")


class Records(Applying):
    """What pictures say of themselves, and what is made of that."""

    def setUp(self):
        super().setUp()
        self.write("left.png", png(32, 24, lambda x, y: (255 * (x < 16),) * 3))

    def record(self, name="out.png"):
        data = (self.folder / name).read_bytes()
        return json.JSONDecoder().raw_decode(data[data.index(b"{\"impasto\""):].decode("latin1"))[0]

    def again(self, *arguments):
        """The picture again from itself, as another file: the same bytes."""
        self.succeed("apply", "--settings", "out.png", "-o", "again.png", *arguments)
        self.assertEqual((self.folder / "again.png").read_bytes(), (self.folder / "out.png").read_bytes())

    def test_what_a_picture_says_of_itself(self):
        self.apply("content.png", "-o", "out.png", "--mix", "ink:1,dots:3", "--strength", "0.5", "--region",
                   "left.png#ffffff=dots", "--keep", "left.png#000000", "--stroke", "1.5", "--colour", "luma",
                   "--size", "48", "--bits", "16", "--memory", "1G")
        record = self.record()
        self.assertEqual(record["command"], "apply")
        self.assertEqual(record["settings"], {
            "model": "night.model", "content": "content.png", "mix": "ink:1,dots:3", "strength": 0.5, "size": 48,
            "stroke": 1.5, "colour": "luma", "region": ["left.png#ffffff=dots"], "memory": 2**30, "bits": "16",
            "metadata": "private", "keep": "left.png#000000"})
        names = {key: value["name"] for key, value in record["inputs"].items() if key != "region"}
        self.assertEqual(names, {"content": "content.png", "model": "night.model", "keep": "left.png"})
        self.assertEqual([mask["name"] for mask in record["inputs"]["region"]], ["left.png"])

    def test_the_same_bytes_again(self):
        for words in ([], ["--mix", "ink:0.1,dots:0.7", "--strength", "0.3", "--stroke", "1.3", "--size", "40"],
                      ["--region", "left.png=dots", "--region", "left.png#000000=ink:2,dots", "--keep", "left.png"],
                      ["--refine", "2", "--style", "style.png", "--bits", "16"]):
            with self.subTest(words):
                self.apply("content.png", "-o", "out.png", *words)
                self.again()

    def test_masks_elsewhere(self):
        """Where they are is not told; a mix is no part of a name."""
        (self.folder / "masks").mkdir()
        self.write("model=a.model", style_network())
        shutil.move(self.folder / "left.png", self.folder / "masks/left.png")
        self.apply("content.png", "-o", "out.png", "--region", f"{self.folder}/masks/left.png=dots:1",
                   model="model=a.model")
        self.assertEqual(self.record()["settings"]["region"], ["left.png=dots:1"])
        self.assertNotIn(str(self.folder).encode(), (self.folder / "out.png").read_bytes())
        run = self.impasto("apply", "--settings", "out.png", "-o", "again.png")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertIn("its \"region\" is left.png, which is not here; name the file by --region", run.stderr)

    def test_another_picture_and_model(self):
        """One word is the picture; the command line wins, and its lists replace those of the file."""
        self.apply("content.png", "-o", "out.png", "--mix", "dots", "--region", "left.png=ink", "--strength", "0.5")
        self.write("other.png", png(32, 24, lambda x, y: (x, y, 99)))
        self.write("day.model", style_network())
        self.apply("other.png", "-o", "expected.png", "--mix", "dots", "--region", "left.png#000000=ink")
        for words in (["other.png"], ["day.model", "other.png"]):
            self.succeed("apply", *words, "--settings", "out.png", "-o", "got.png", "--region",
                         "left.png#000000=ink", "--strength", "1")
            self.assertEqual(pixels(self.folder / "got.png"), pixels(self.folder / "expected.png"))
        (self.folder / "in").mkdir()
        self.write("in/a.png", png(20, 24))
        run = self.succeed("apply", "in", "--settings", "out.png", "--region", "in/a.png=ink", "-o",
                           "out/{content}.png")
        self.assertIn("1 pictures: 1 painted", run.stderr)

    def test_settings_by_hand(self):
        self.write("mine.json", json.dumps({"model": "night.model", "content": "content.png", "mix": "dots",
                                            "size": "source", "strength": 0.5, "color": "luma"}))
        self.succeed("apply", "--settings", "mine.json", "-o", "got.png")
        self.apply("content.png", "-o", "expected.png", "--mix", "dots", "--strength", "0.5", "--color", "luma")
        self.assertEqual(pixels(self.folder / "got.png"), pixels(self.folder / "expected.png"))

    def test_changed_files(self):
        self.apply("content.png", "-o", "out.png")
        if "sha256" not in self.record()["inputs"]["model"]:
            self.skipTest("built without SHA-256")
        self.write("night.model", style_network(blocks=0))
        run = self.succeed("apply", "--settings", "out.png", "-o", "again.png")
        self.assertIn("warning: night.model (model) is not the file that out.png was made with", run.stderr)

    def test_the_other_commands(self):
        self.apply("content.png", "-o", "applied.png")
        self.succeed("content.png", "style.png", "-o", "painted.png", "--weights", "builtin", "--size", "32",
                     "--iterations", "0")
        self.spoil(INPUT, ["painted.png", "was made by impasto paint", "impasto paint --settings painted.png"],
                   "--settings", "painted.png", "night.model", "content.png")
        self.refuse(INPUT, ["applied.png", "was made by impasto apply", "impasto apply --settings applied.png"],
                    "--settings", "applied.png")

    def test_settings_that_are_none(self):
        for text, words in (('{"style-weight": 3}', ["style-weight", "impasto paint takes it"]),
                            ('{"mixx": "ink"}', ["mixx", "did you mean \"mix\""]),
                            ('{"strength": 9}', "--strength"), ('{"model": 3}', "model"),
                            ('{"output": "x.png"}', "--output on the command line"), ("[]", "an object")):
            self.write("bad.json", text)
            self.spoil(INPUT, ["bad.json", *([words] if isinstance(words, str) else words)], "--settings",
                       "bad.json", "night.model", "content.png")
        self.write("mine.json", '{"model": "night.model", "mix": "dots"}')
        self.refuse(INPUT, ["mine.json", "model", "impasto apply takes it"], "--settings", "mine.json")
        self.write("none.json", "{}")
        self.spoil(USAGE, "MODEL PICTURE", "--settings", "none.json", "content.png")
        self.write("none.png", "{}")
        self.spoil(OUTPUT, "also an input", "--settings", "none.png", "night.model", "content.png", "-o", "none.png")


class Styles(Applying):
    def painted(self, *arguments):
        self.apply("content.png", "-o", "out.png", *arguments)
        return pixels(self.folder / "out.png")

    def test_mixtures(self):
        first = self.painted()
        self.assertEqual(self.painted("--mix", "ink"), first)
        self.assertEqual(self.painted("--mix", "ink:7"), first)
        dots = self.painted("--mix", "dots")
        self.assertNotEqual(dots, first)
        both = self.painted("--mix", "ink:0.5,dots:0.5")
        self.assertNotIn(both, (first, dots))

    def test_strength_goes_to_the_identity(self):
        self.assertEqual(self.painted("--strength", "0"), self.painted("--mix", "identity"))
        self.assertEqual(self.painted("--strength", "1"), self.painted())

    def test_regions(self):
        self.write("left.png", png(32, 24, lambda x, y: (255 * (x < 16),) * 3))
        ink, dots = self.painted("--mix", "ink"), self.painted("--mix", "dots")
        both = self.painted("--mix", "ink", "--region", "left.png=dots")
        for y in range(24):
            self.assertEqual(both[y], dots[y][:16] + ink[y][16:])
        black = self.painted("--mix", "ink", "--region", "left.png#000000=dots")
        for y in range(24):
            self.assertEqual(black[y], ink[y][:16] + dots[y][16:])

    def test_kept_parts(self):
        self.write("left.png", png(32, 24, lambda x, y: (255 * (x < 16),) * 3))
        kept, content = self.painted("--keep", "left.png"), pixels(self.folder / "content.png")
        for y in range(24):
            self.assertEqual(kept[y][:16], content[y][:16])

    def test_colours_of_the_photograph(self):
        grey = lambda x, y: (8 * x % 256,) * 3
        self.write("content.png", png(32, 24, grey))
        for row in self.painted("--colour", "luma"):
            for r, g, b in row:
                self.assertLessEqual(max(r, g, b) - min(r, g, b), 1)
        spread = lambda rows: sum(max(pixel) - min(pixel) for row in rows for pixel in row) / (32 * 24)
        self.assertLess(spread(self.painted("--colour", "match")), spread(self.painted()) / 8)

    def test_strokes(self):
        self.assertNotEqual(self.painted("--stroke", "1.5"), self.painted())


class Installed(Applying):
    """Models by their names, and styles of the one that comes with Impasto by theirs."""

    def setUp(self):
        super().setUp()
        self.data = self.home / ".local/share/impasto"
        self.data.mkdir(parents=True)
        (self.data / "base-16.model").write_bytes(style_network(["oil", "dots", "identity"]))
        (self.data / "mine.model").write_bytes(style_network(["chalk"]))

    def painted(self, model, *arguments):
        self.apply("content.png", "-o", "out.png", *arguments, model=model)
        return pixels(self.folder / "out.png")

    def test_a_style_by_its_name(self):
        base = self.data / "base-16.model"
        for style in ("oil", "dots"):
            self.assertEqual(self.painted(style), self.painted(base, "--mix", style))
        self.assertNotEqual(self.painted("oil"), self.painted("dots"))
        self.assertEqual(self.painted("dots", "--mix", "oil"), self.painted("oil"))
        self.apply("content.png", model="dots")
        self.assertTrue((self.folder / "content-dots.png").exists())

    def test_a_model_by_its_name(self):
        self.assertEqual(self.painted("mine"), self.painted(self.data / "mine.model"))
        self.assertEqual(self.painted("base-16"), self.painted("oil"))

    def test_files_come_first(self):
        self.write("dots", style_network(["chalk"]))
        self.assertEqual(self.painted("dots"), self.painted("mine"))

    def test_names_that_nothing_has(self):
        self.spoil(WEIGHTS, ["dosts", "did you mean dots?"], "dosts", "content.png")
        self.spoil(WEIGHTS, ["base-16", "it has oil, dots, identity"], "starry", "content.png")
        self.spoil(WEIGHTS, "./oil", "./oil", "content.png")

    def test_what_is_installed(self):
        told = self.succeed("model", "info").stdout
        for words in ("base-16.model", "oil", "mine.model", "chalk"):
            self.assertIn(words, told)
        self.assertIn("chalk", self.succeed("model", "info", "mine").stdout)
        self.succeed("model", "export", "mine", "mine.onnx", timeout=SHORT_PATIENCE)
        self.assertTrue((self.folder / "mine.onnx").exists())

    def test_what_is_converted_and_exported_by_its_name(self):
        """A style's name alone stands for that style, as in apply."""
        for word, words, styles in (("base-16", [], ["oil", "dots", "identity"]), ("dots", [], ["dots"]),
                                    ("dots", ["--style", "oil"], ["oil"])):
            with self.subTest(word, words=words):
                self.succeed("model", "convert", word, "out.model", "--force", *words, timeout=SHORT_PATIENCE)
                self.assertEqual(json.loads(parts((self.folder / "out.model").read_bytes())[0]["impasto.styles"]),
                                 styles)
        self.assertEqual(self.painted("out.model"), self.painted("oil"))
        told = self.succeed("model", "export", "dots", "new/dots.onnx", timeout=SHORT_PATIENCE).stdout
        self.assertEqual(told, "new/dots.onnx: dots\n")
        self.succeed("model", "convert", "new/dots.onnx", "back.model", timeout=SHORT_PATIENCE)
        self.assertEqual(self.painted("back.model"), self.painted("dots"))
        for command in ("convert", "export"):
            run = self.impasto("model", command, "dosts", "none.model", timeout=SHORT_PATIENCE)
            self.assertEqual(run.returncode, WEIGHTS, run.stderr)
            self.assertIn("did you mean dots?", run.stderr)
            run = self.impasto("model", command, "mine", self.data / "mine.model", "--force", timeout=SHORT_PATIENCE)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            self.assertIn("over itself", run.stderr)
        self.assertFalse((self.folder / "none.model").exists())


class Shipped(Applying):
    """The networks that come with Impasto, as somebody finds them who has nothing else."""

    def styles(self, model):
        told = self.succeed("model", "info", model).stdout
        return [re.split("[, ]", line.strip())[0] for line in told.splitlines() if line.startswith("    ")]

    def test_both_have_the_same_styles(self):
        styles = self.styles("base-16")
        self.assertGreaterEqual(len(styles), 13)
        self.assertEqual(styles[-1], "identity")
        self.assertEqual(self.styles("base-8"), styles)
        page = (pathlib.Path(__file__).resolve().parents[2] / "weights/README.md").read_text()
        for style in styles:
            self.assertIn(style, page)

    def test_every_style_at_once(self):
        """Each is a picture of its own, and the identity is nearest to the photograph."""
        self.write("photo.png", png(64, 48, lambda x, y: (60 + 2 * x, 40 + 3 * y, 90 + 60 * (x // 16 % 2))))
        photo, painted = pixels(self.folder / "photo.png"), {}
        for style in self.styles("base-16"):
            self.apply("photo.png", "-o", "out.png", model=style)
            painted[style] = pixels(self.folder / "out.png")
        self.assertEqual(len({repr(picture) for picture in painted.values()}), len(painted))

        self.assertEqual(min(painted, key=lambda style: distance(photo, painted[style])), "identity")

    def test_little_strength_is_the_photograph_in_its_own_light(self):
        """Also where it is much lighter than what the network was trained with."""
        light = lambda x, y: (250 - 2 * x, 245 - 2 * y - 40 * (x // 16 % 2), 230 - x - 40 * (x // 16 % 2))
        self.write("light.png", png(64, 48, light))
        for strength, most in ((0, NEAR), (0.25, NEAR + 10)):
            for model in ("base-16", "base-8"):
                self.apply("light.png", "-o", "out.png", "--strength", str(strength), model=model)
                near = distance(pixels(self.folder / "light.png"), pixels(self.folder / "out.png"))
                self.assertLess(near, most, model)

    def test_told_once(self):
        """Also where the program's folder is one for weights, as it is where it is installed."""
        (self.home / "impasto").symlink_to(pathlib.Path(program()).parent)
        told = self.succeed("model", "info").stdout
        self.assertEqual(told.count("/base-16.model\n"), 1, told)
        self.assertEqual(told.count("/base-8.model\n"), 1, told)

    def test_the_small_one(self):
        self.apply("content.png", "-o", "ink.png", "--mix", "ink", model="base-8")
        self.apply("content.png", "-o", "oil.png", "--mix", "oil", model="base-8")
        self.assertNotEqual(pixels(self.folder / "ink.png"), pixels(self.folder / "oil.png"))


class Many(Applying):
    def fill(self, names):
        (self.folder / "in").mkdir(exist_ok=True)
        for name in names:
            self.write(f"in/{name}.png", png(20, 24, lambda x, y: (10 * ord(name) % 256, x, y)))

    def batch(self, code, *arguments):
        run = self.impasto("apply", "night.model", "in", "-o", "out/{content}.png", *arguments)
        self.assertEqual(run.returncode, code, run.stderr)
        return run

    def test_several_pictures(self):
        for name in "abc":
            self.write(f"{name}.png", png(20, 24, lambda x, y: (10 * ord(name) % 256, x, y)))
        self.apply("a.png", "b.png", "c.png", "-o", "out/{content}.png")
        for name in "abc":
            self.apply(f"{name}.png", "-o", "single.png")
            self.assertEqual(pixels(self.folder / f"out/{name}.png"),
                             pixels(self.folder / "single.png"))

    def test_batch(self):
        """Its pictures are those behind MODEL, and always a batch."""
        self.fill("ab")
        self.write("list.txt", "in/a.png\n")
        run = self.apply("--batch", "content.png", "-o", "one/{number}.png")
        self.assertIn("1 pictures: 1 painted", run.stderr)
        run = self.apply("content.png", "--batch", "list.txt", "--batch", "in/b.png", "-o", "out/{content}.png")
        self.assertIn("3 pictures: 3 painted", run.stderr)
        for name in "ab":
            self.apply(f"in/{name}.png", "-o", "single.png")
            self.assertEqual(pixels(self.folder / f"out/{name}.png"), pixels(self.folder / "single.png"))
        self.apply("content.png", "-o", "dots.png", "--mix", "dots")
        run = self.succeed("apply", "--settings", "dots.png", "--batch", "in", "-o", "again/{content}.png")
        self.assertIn("2 pictures: 2 painted", run.stderr)
        self.write("day.model", style_network(["chalk"]))
        run = self.succeed("apply", "day.model", "--settings", "single.png", "--batch", "in", "-o", "day/{content}.png")
        self.assertIn("painting 2 pictures with day.model", run.stderr)
        for words, arguments in [("MODEL PICTURE", ["--batch", "in"]),
                                 ("only once", ["night.model", "-", "--batch", "-", "-o", "x/{content}.png"]),
                                 ("takes one picture", ["night.model", "--batch", "in", "-o", "-", "--format", "png"])]:
            run = self.impasto("apply", *arguments)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            self.assertIn(words, run.stderr)

    def test_a_folder_again(self):
        (self.folder / "in").mkdir()
        for name in "ab":
            self.write(f"in/{name}.png", png(20, 24))
        self.apply("in", "-o", "out/{content}.png")
        first = (self.folder / "out/a.png").stat().st_mtime_ns
        self.write("in/c.png", png(24, 20))
        self.apply("in", "-o", "out/{content}.png")
        self.assertEqual((self.folder / "out/a.png").stat().st_mtime_ns, first)
        self.assertTrue((self.folder / "out/c.png").exists())

    def test_a_bad_picture_among_good_ones(self):
        self.write("bad.png", b"\x89PNG\r\n\x1a\nnothing")
        run = self.impasto("apply", "night.model", "bad.png", "content.png", "-o",
                           "out/{content}.png")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertIn("1 of 2 pictures failed", run.stderr.splitlines()[-1])
        self.assertTrue((self.folder / "out/content.png").exists())
        self.assertFalse((self.folder / "out/bad.png").exists())

    def test_how_it_ended(self):
        """The summary, what is passed over, what failed, as of painting's batches."""
        self.fill("ab")
        run = self.batch(0)
        self.assertIn("painting 2 pictures with night.model", run.stderr)
        self.assertEqual(run.stderr.splitlines()[-1], "impasto: 2 pictures: 2 painted")
        self.write("in/0.png", b"\x89PNG\r\n\x1a\nnothing")
        self.fill("c")
        run = self.batch(INPUT)
        self.assertIn("4 pictures: 1 painted, 2 there already, 1 failed", run.stderr)
        self.assertRegex(run.stderr, "warning: in/0.png: .*; going on with the next\n")
        self.assertRegex(run.stderr.splitlines()[-1], "^impasto: 1 of 4 pictures failed, the first: in/0.png: ")

    def test_a_failure_that_names_no_picture(self):
        self.fill("a")
        self.write("in/large.png", png(400, 300))
        run = self.batch(MEMORY, "--memory", "2M")
        self.assertIn("2 pictures: 1 painted, 1 failed", run.stderr)
        self.assertIn("the first: in/large.png: ", run.stderr.splitlines()[-1])

    def test_progress_for_programs(self):
        self.fill("ab")
        self.batch(0)
        self.write("in/0.png", b"\x89PNG\r\n\x1a\nnothing")
        self.fill("c")
        run = self.batch(INPUT, "--progress", "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        told = [(line["picture"], line["content"], line["output"], line["state"]) for line in lines
                if line["event"] == "picture"]
        self.assertEqual(told, [(1, "in/0.png", "out/0.png", "failed"), (2, "in/a.png", "out/a.png", "there"),
                                (3, "in/b.png", "out/b.png", "there"), (4, "in/c.png", "out/c.png", "painted")])
        start = next(line for line in lines if line["event"] == "start")
        self.assertEqual((start["pictures"], start["output"]), (4, "out/{content}.png"))
        self.assertEqual((lines[-1]["event"], lines[-1]["output"]), ("error", None))

    def test_results_are_no_photographs(self):
        self.fill("ab")
        self.apply("in")
        self.apply("in", "-o", "in/{content} of the night.jpg")
        run = self.batch(0)
        self.assertIn("in: 4 pictures are left out, being results of Impasto: ", run.stderr)
        self.assertIn("2 pictures: 2 painted", run.stderr)
        run = self.apply("in/a-night.png", "in/b.png", "-o", "again/{content}.png")
        self.assertIn("1 of the pictures named is a result of Impasto itself: a-night.png", run.stderr)

    def test_numbers_beside_the_pictures(self):
        """The next run would number the results as well, and so on for ever."""
        self.fill("a")
        for words, pattern in [(["in"], "in/night-{number}.png"), (["in/"], "in/../in/{number}.png"),
                               (["content.png", "in"], "{folder}/{number}.png")]:
            before = self.snapshot()
            run = self.impasto("apply", "night.model", *words, "-o", pattern)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            self.assertRegex(run.stderr, "{number}.*in.*another folder")
            self.assertEqual(self.snapshot(), before)
        self.apply("in", "-o", "out/{number}.png")
        self.assertTrue((self.folder / "out/0001.png").exists())

    def test_locks(self):
        """Of a process on another machine, and of one that is gone."""
        self.fill("ab")
        (self.folder / "out").mkdir()
        lock = self.write("out/a.png.lock", "elsewhere 1\n")
        run = self.batch(0)
        self.assertIn("2 pictures: 1 painted, 1 with another process", run.stderr)
        self.assertIn("out/a.png: another process is at work on it (out/a.png.lock)", run.stderr)
        os.utime(lock, (1, 1))
        self.assertIn("2 pictures: 1 painted, 1 there already", self.batch(0).stderr)
        self.write("out/a.png.lock", f"{socket.gethostname()} 999999\n")
        self.assertIn("2 there already", self.batch(0).stderr)
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["a.png", "b.png"])

    def test_two_devices(self):
        self.fill("abcdef")
        run = self.impasto("apply", "night.model", "in", "-o", "out/{content}.png", "--device", "0,1",
                           env={"POCL_DEVICES": "pthread pthread"})
        if run.returncode == DEVICE:
            self.skipTest("the platform has one device: " + run.stderr)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("device 0: ", run.stderr)
        self.assertIn("device 1: ", run.stderr)
        self.assertIn("6 pictures: 6 painted", run.stderr)
        for name in "abcdef":
            self.apply(f"in/{name}.png", "-o", "single.png")
            self.assertEqual(pixels(self.folder / f"out/{name}.png"), pixels(self.folder / "single.png"))

    def test_what_goes_with_many(self):
        self.fill("ab")
        for words, arguments in [("--no-clobber", ["--overwrite", "--no-clobber"]),
                                 ("standard output takes one picture", ["-o", "-", "--format", "png"])]:
            run = self.impasto("apply", "night.model", "in", *arguments)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            self.assertIn(words, run.stderr)
        run = self.impasto("apply", "night.model", "-", "-", "-o", "out/{content}.png")
        self.assertEqual(run.returncode, USAGE, run.stderr)
        self.assertIn("only once", run.stderr)

    def test_ranks(self):
        """Processes that a launcher has started share the pictures by locks; one picture is for one of them."""
        ranks = {"PMI_SIZE": "3", "PMI_RANK": "1"}
        self.fill("ab")
        self.spoil(USAGE, ["one picture", "3 processes", "IMPASTO_MPI=off"], "night.model", "content.png", env=ranks)
        self.apply("content.png", "-o", "alone.png", env=ranks | {"IMPASTO_MPI": "off"})
        runs = [self.start("apply", "night.model", "in", "-o", "out/{content}.png", env=ranks) for _ in range(2)]
        self.assertEqual([run.wait(PATIENCE) for run in runs], [0, 0])
        self.assertEqual(sorted(os.listdir(self.folder / "out")), ["a.png", "b.png"])
        self.spoil(USAGE, ["--overwrite", "3 processes"], "night.model", "in", "-o", "out/{content}.png", "--overwrite",
                   env=ranks)

    def test_overwrite(self):
        self.fill("a")
        (self.folder / "out").mkdir()
        self.write("out/a.png", "an older result")
        self.assertIn("1 pictures: 1 there already", self.batch(0).stderr)
        self.assertIn("1 pictures: 1 painted", self.batch(0, "--overwrite").stderr)
        self.assertEqual(read_png(self.folder / "out/a.png")[:2], (20, 24))

    def test_nothing_to_paint(self):
        (self.folder / "empty").mkdir()
        (self.folder / "results").mkdir()
        self.apply("content.png", "-o", "results/out.png")
        self.write("list.txt", "# nothing\n")
        for name in ("empty", "results", "list.txt"):
            run = self.impasto("apply", "night.model", name, "-o", "out/{content}.png")
            self.assertEqual(run.returncode, INPUT, run.stderr)
            self.assertIn("no pictures in", run.stderr.splitlines()[-1])
            self.assertNotIn("--batch", run.stderr)


class Refusals(Applying):
    def test_inputs_are_no_outputs(self):
        self.write("mask.png", png(32, 24, lambda x, y: (255, 255, 255)))
        before = (self.folder / "mask.png").read_bytes()
        for words in (("--region", "mask.png#ffffff=dots"), ("--keep", "mask.png"),
                      ("--refine", "1", "--style", "mask.png")):
            run = self.impasto("apply", "night.model", "content.png", "-o", "mask.png", *words)
            self.assertEqual(run.returncode, OUTPUT, run.stderr)
            self.assertIn("also an input", run.stderr)
            self.assertEqual((self.folder / "mask.png").read_bytes(), before)

    def test_models(self):
        self.write("weights.safetensors", safetensors({"x": ("F32", [1], struct.pack("<f", 1))}))
        self.spoil(WEIGHTS, "weights.safetensors", "weights.safetensors", "content.png")
        self.spoil(WEIGHTS, "no.model", "no.model", "content.png")
        self.spoil(WEIGHTS, "content.png", "content.png", "content.png")

    def test_words(self):
        self.spoil(USAGE, "MODEL PICTURE", "night.model")
        self.spoil(USAGE, ["--mix", "did you mean dots"], "night.model", "content.png", "--mix", "dot")
        self.spoil(USAGE, ["--mix", "ink, dots, identity"], "night.model", "content.png", "--mix",
                   "starry")
        self.spoil(USAGE, "--mix", "night.model", "content.png", "--mix", "ink:x")
        self.spoil(USAGE, "--strength", "night.model", "content.png", "--strength", "3")
        self.spoil(USAGE, "--region", "night.model", "content.png", "--region", "style.png")
        self.spoil(USAGE, "--size", "night.model", "content.png", "--size", "8")

    def test_a_model_without_identity(self):
        self.write("plain.model", style_network(["ink"]))
        self.spoil(USAGE, ["--strength", "identity"], "plain.model", "content.png", "--strength",
                   "0.5", early=False)

    def test_pictures(self):
        self.spoil(INPUT, "--size or --stroke", "night.model", "content.png", "--stroke", "4",
                   early=False)
        self.write("small.png", png(15, 40))
        self.spoil(INPUT, ["small.png", "15x40"], "night.model", "small.png", early=False)
        self.write("wide.png", png(64, 8, lambda x, y: (255, 255, 255)))
        self.spoil(INPUT, ["wide.png", "aspect"], "night.model", "content.png", "--region",
                   "wide.png=dots", early=False)

    def test_too_little_memory(self):
        self.spoil(MEMORY, ["--size", "would fit"], "night.model", "content.png", "--size", "2000",
                   "--memory", "3M", early=False)

    def test_no_clobber(self):
        self.apply("content.png", "-o", "there.png")
        run = self.impasto("apply", "night.model", "content.png", "-o", "there.png", "--no-clobber")
        self.assertNotEqual(run.returncode, 0)
        self.assertIn("--no-clobber", run.stderr)


class Models(Applying):
    def model(self, *arguments, **options):
        return self.succeed("model", *arguments, timeout=SHORT_PATIENCE, **options).stdout

    def kept(self, code, words, *arguments, **options):
        """Refused in one line, and no file is another."""
        before = self.snapshot()
        run = self.impasto("model", *arguments, timeout=SHORT_PATIENCE, **options)
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertEqual((run.stdout, run.stderr.count("\n")), ("", 1), run.stderr)
        self.assertTrue(run.stderr.startswith("impasto: "), run.stderr)
        self.assertIn(words, run.stderr)
        self.assertEqual(self.snapshot(), before)

    def paint(self, model):
        self.apply("content.png", "-o", "out.png", "--mix", "dots", model=model)
        return pixels(self.folder / "out.png")

    def read(self, name):
        return (self.folder / name).read_bytes()

    def test_info(self):
        text = self.model("info", "night.model")
        for words in ("night.model", "width 8, 1 residual blocks", "ink", "dots", "identity (the"):
            self.assertIn(words, text)
        self.assertNotIn("training", text)

    def test_info_of_all_that_are_installed(self):
        """One that is broken does not hide the others, and is told."""
        folder = self.folder / "home" / "impasto"
        folder.mkdir(parents=True)
        (folder / "a.model").write_bytes(style_network(["first"]))
        (folder / "b.model").write_bytes(b"no model")
        (folder / "c.model").write_bytes(style_network(["third"]))
        run = self.impasto("model", "info", env={"XDG_DATA_HOME": str(self.folder / "home")}, timeout=SHORT_PATIENCE)
        self.assertEqual((run.returncode, run.stderr.count("\n")), (WEIGHTS, 1), run.stderr)
        for words in ("first", "third", "b.model\n  cannot be used: "):
            self.assertIn(words, run.stdout)
        self.assertIn("b.model", run.stderr)
        (folder / "b.model").unlink()
        run = self.impasto("model", "info", env={"XDG_DATA_HOME": str(self.folder / "home")}, timeout=SHORT_PATIENCE)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_pictures_of_styles(self):
        """They stay with their styles, and can be left out."""
        self.write("kept.model", style_network(**{"impasto.picture.0": "drawn:64:oil", "impasto.picture.1":
                                                  "drawn:64:ink"}))
        for name, words in (("all", []), ("named", ["--licence", "CC0"]), ("some", ["--style", "dots"])):
            self.model("convert", "kept.model", f"{name}.model", *words)
            self.assertEqual(b"drawn:64:oil" in self.read(f"{name}.model"), name != "some")
            self.assertIn(b"drawn:64:ink", self.read(f"{name}.model"))
            self.assertIn("    dots, with its picture\n", self.model("info", f"{name}.model"))
        self.model("convert", "kept.model", "none.model", "--no-pictures")
        self.assertNotIn(b"drawn", self.read("none.model"))
        self.assertIn("    dots\n", self.model("info", "none.model"))

    def test_some_of_the_styles(self):
        self.model("convert", "night.model", "some.model", "--style", "identity", "--style", "dots")
        text = self.model("info", "some.model")
        self.assertLess(text.index("identity"), text.index("dots"))
        self.assertNotIn("ink", text)
        self.assertEqual(self.paint("some.model"), self.paint("night.model"))
        self.kept(USAGE, "no style \"oil\"", "convert", "night.model", "x.model", "--style", "oil")
        self.kept(USAGE, "both be called", "convert", "night.model", "x.model", "--style", "ink",
                  "--style", "ink")

    def test_how_it_was_trained(self):
        said = {"impasto": "0.1.0", "steps": 450, "pictures": "drawn scenes", "weights": "built-in",
                "judgement": 2.25, "judged_step": 400, "settings": {"style_size": 384, "seed": 7}}
        for texts, wanted in [
                (said, ["450 steps with drawn scenes and built-in weights, by Impasto 0.1.0",
                        "a loss of 2.25 after step 400", "style_size 384, seed 7"]),
                ({"steps": 1, "judgement": None}, ["training: 1 steps\n", "judgement: none"]),
                ({"converted from": "mosaic.pth"}, ["converted from: mosaic.pth"]),
                ({"by": "somebody"}, ['training: {"by":"somebody"}']),
                ({"steps": "many", "settings": 3}, ['"steps":"many"']),
                ({"steps": 2, "settings": [], "pictures": {}, "judgement": "x"}, ["training: 2 steps\n"])]:
            self.write("night.model", style_network(**{"impasto.training": json.dumps(texts)}))
            text = self.model("info", "night.model")
            for words in wanted:
                self.assertIn(words, text)

    def test_terminals_are_not_told_what_to_do(self):
        evil = "a\x1b[2J\x9b\x7fb"
        for text in ({"steps": 3, "pictures": evil, "weights": evil, "impasto": evil, "settings": {"seed": evil},
                      "inputs": {"styles": [{"style": evil, "name": evil, "sha256": evil}, 3], "base": {"name": evil}}},
                     {"converted from": evil}, {evil: evil}):
            self.write("night.model", style_network(**{"impasto.training": json.dumps(text),
                                                       "impasto.licence": evil}))
            for c in "\x1b\x9b\x7f":
                self.assertNotIn(c, self.model("info", "night.model"))

    def test_what_is_no_model(self):
        run = self.impasto("model", "info", "content.png")
        self.assertEqual(run.returncode, WEIGHTS)
        self.assertIn("content.png", run.stderr)

    def test_to_half_and_back(self):
        self.write("night.model", style_network(**{"impasto.licence": "CC0"}))
        self.assertIn("ink", self.model("convert", "night.model", "half.model", "--half", env={"PATH": ""}))
        self.model("convert", "half.model", "new/back.model")
        self.assertLess(len(self.read("half.model")), 0.7 * len(self.read("night.model")))
        texts, tensors = parts(self.read("night.model"))
        half_texts, halves = parts(self.read("half.model"))
        back_texts, back = parts(self.read("new/back.model"))
        self.assertEqual({kind for kind, _, _ in halves.values()}, {"F16"})
        self.assertEqual(half_texts, back_texts)
        self.assertEqual(back_texts["impasto.licence"], "CC0")
        self.assertEqual(json.loads(back_texts["impasto.styles"]), json.loads(texts["impasto.styles"]))
        for name, (_, shape, raw) in tensors.items():
            wanted = [struct.unpack("<e", struct.pack("<e", value))[0] for value in array.array("f", raw)]
            self.assertEqual(back[name], ("F32", shape, struct.pack(f"<{len(wanted)}f", *wanted)), name)
        for a, b in zip(self.paint("night.model"), self.paint("half.model")):
            self.assertLessEqual(max(abs(p - q) for x, y in zip(a, b) for p, q in zip(x, y)), 1)

    def test_from_pytorch(self):
        self.write("mosaic.pth", pickled(style_network(["ink"])))
        text = self.model("convert", "mosaic.pth", "mosaic.model")
        self.assertIn("mosaic.model\n", text)
        self.assertIn("    mosaic\n", text)
        self.assertIn("converted from: mosaic.pth", text)
        tensors = parts(self.read("mosaic.model"))[1]
        for name, tensor in parts(style_network(["ink"]))[1].items():
            if "conv2d.bias" not in name or name.startswith("deconv3"):
                self.assertEqual(tensors[name], tensor, name)
        self.apply("content.png", "-o", "out.png", model="mosaic.model")
        self.write("many.pth", pickled(style_network()))
        named = [word for name in ("a", "b c", "d") for word in ("--name", name)]
        text = self.model("convert", "many.pth", "many.model", *named, "--licence", "CC BY 4.0", "--half",
                          "--range", "1")
        self.assertIn("    a\n    b c\n    d\n  licence: CC BY 4.0\n", text)
        texts, tensors = parts(self.read("many.model"))
        self.assertEqual(tensors["in1.weight"][0], "F16")
        self.assertEqual(json.loads(texts["impasto.shape"])["in_scale"], 1)

    def test_to_onnx_and_back(self):
        text = self.model("export", "night.model", "new/night.onnx")
        self.assertIn("new/night.onnx", text)
        self.assertTrue(self.read("new/night.onnx").startswith(b"\x08\x08\x12\x07impasto"))
        self.model("convert", "new/night.onnx", "back.model", *[w for s in STYLES for w in ("--name", s)])
        back = parts(self.read("back.model"))[1]
        for name, tensor in parts(self.read("night.model"))[1].items():
            if "conv2d.bias" not in name or name.startswith("deconv3"):
                self.assertEqual(back[name], tensor, name)

    def test_some_of_the_styles_as_onnx(self):
        text = self.model("export", "night.model", "some.onnx", "--style", "dots")
        self.assertEqual(text, "some.onnx: dots\n")
        self.kept(OUTPUT, "--force", "export", "night.model", "some.onnx", "--style", "ink")
        self.model("convert", "some.onnx", "dots.model")
        self.assertEqual(self.model("info", "dots.model").count("    "), 1)
        self.apply("content.png", "-o", "one.png", model="dots.model")
        self.assertEqual(pixels(self.folder / "one.png"), self.paint("night.model"))
        self.kept(USAGE, "no style \"oil\"", "export", "night.model", "x.onnx", "--style", "oil")

    def test_files_that_are_there(self):
        for command in ("convert", "export"):
            self.write("there", "older")
            self.kept(OUTPUT, "--force", command, "night.model", "there")
            self.model(command, "night.model", "there", "--force")
            self.assertNotEqual(self.read("there"), b"older")
            self.kept(USAGE, "over itself", command, "night.model", "night.model", "--force")
            (self.folder / "folder").mkdir(exist_ok=True)
            self.kept(OUTPUT, "not a regular file", command, "night.model", "folder", "--force")
            self.kept(USAGE, "name a file", command, "night.model", "-")

    def test_nothing_is_written(self):
        self.write("bad.pth", b"\x80\x02cos\nsystem\n(S'touch ran'\ntR.")
        self.write("page.html", "<html>not a network</html>")
        self.write("other.safetensors", safetensors({"x": ("F32", [1], struct.pack("<f", 1))}))
        self.write("there", "older")
        for command in ("convert", "export"):
            for name, words in [("bad.pth", "do not trust it"), ("lost", "lost: neither a file nor"),
                                ("./lost", "./lost: cannot be read"),
                                ("page.html", "page.html"), ("other.safetensors", "not a style network")]:
                self.kept(WEIGHTS, words, command, name, "there", "--force")
            self.kept(USAGE, " OUT;", command, "night.model")
            self.kept(WEIGHTS, f"model {command} takes Python", command, "bad.pth", "new", env={"PATH": ""})
        self.kept(WEIGHTS, "3 styles", "convert", "night.model", "new", "--name", "one")

    def test_a_script_that_fails(self):
        library = pathlib.Path(program()).parent
        for folder in ("bin", "share/impasto"):
            (self.folder / "there" / folder).mkdir(parents=True)
        shutil.copy(program(), self.folder / "there/bin/impasto")
        old, os.environ["IMPASTO_BIN"] = os.environ["IMPASTO_BIN"], str(self.folder / "there/bin/impasto")
        self.addCleanup(os.environ.__setitem__, "IMPASTO_BIN", old)
        env = {"LD_LIBRARY_PATH": str(library)}
        self.write("mosaic.pth", b"\x80\x02")
        for text, words in [("", "converted.safetensors: cannot be read"), ("1 / 0", "ZeroDivisionError"),
                            ("import os\nos.kill(os.getpid(), 9)", "ended with 137: it said nothing"),
                            ("print('x' * 100000 + '\\nimpasto: odd')\nexit(6)", "impasto: odd\n"),
                            ("print('impasto: odd')\nexit(99)", "ended with 99")]:
            self.write("there/share/impasto/stylenet.py", text)
            self.kept(WEIGHTS, words, "convert", "mosaic.pth", "new", env=env)
