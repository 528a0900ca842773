#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto apply and impasto model: pictures through a style network."""

import json
import math
import struct

from support import Case, INPUT, MEMORY, SHORT_PATIENCE, USAGE, WEIGHTS, pixels, png, read_png, safetensors

CHANNELS = [8, 8, 8, 8, 8]
STYLES = ["ink", "dots", "identity"]


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

    def test_what_the_picture_says_of_itself(self):
        self.apply("content.png", "-o", "out.png", "--mix", "ink:1,dots:3", "--strength", "0.5")
        data = (self.folder / "out.png").read_bytes()
        at = data.index(b"{\"impasto\"")
        record, _ = json.JSONDecoder().raw_decode(data[at:].decode("latin1"))
        self.assertEqual(record["apply"]["model"], "night.model")
        self.assertEqual(record["apply"]["mix"], {"ink": 1, "dots": 3})
        self.assertEqual(record["apply"]["strength"], 0.5)

    def test_progress_for_programs(self):
        run = self.succeed("apply", "night.model", "content.png", "-o", "out.png", "--progress",
                           "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        kinds = [line.get("event") or line.get("type") for line in lines]
        self.assertIn("start", kinds)
        self.assertEqual(kinds[-1], "done")


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

    def test_strokes(self):
        self.assertNotEqual(self.painted("--stroke", "1.5"), self.painted())


class Many(Applying):
    def test_several_pictures(self):
        for name in "abc":
            self.write(f"{name}.png", png(20, 24, lambda x, y: (10 * ord(name) % 256, x, y)))
        self.apply("a.png", "b.png", "c.png", "-o", "out/{content}.png")
        for name in "abc":
            self.apply(f"{name}.png", "-o", "single.png")
            self.assertEqual(pixels(self.folder / f"out/{name}.png"),
                             pixels(self.folder / "single.png"))

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


class Refusals(Applying):
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

    def test_refining_needs_a_style_picture(self):
        self.spoil(USAGE, ["--refine", "--style"], "night.model", "content.png", "--refine", "2")
        self.spoil(USAGE, "--mix", "night.model", "content.png", "--style", "style.png")


class Refining(Applying):
    def test_iterations_from_the_networks_picture(self):
        self.write("content.png", png(48, 40))
        self.apply("content.png", "-o", "network.png")
        self.apply("content.png", "-o", "refined.png", "--refine", "3", "--style", "style.png",
                   "--weights", "builtin")
        network, refined = pixels(self.folder / "network.png"), pixels(self.folder / "refined.png")
        self.assertNotEqual(network, refined)
        mean = sum(abs(a - b) for x, y in zip(network, refined) for p, q in zip(x, y)
                   for a, b in zip(p, q)) / (3 * 48 * 40)
        self.assertLess(mean, 64)


class Models(Applying):
    def test_info(self):
        run = self.succeed("model", "info", "night.model")
        for words in ("night.model", "width 8, 1 residual blocks", "ink", "dots", "identity (the"):
            self.assertIn(words, run.stdout)

    def test_what_is_no_model(self):
        run = self.impasto("model", "info", "content.png")
        self.assertEqual(run.returncode, WEIGHTS)
        self.assertIn("content.png", run.stderr)
