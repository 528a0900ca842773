#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto apply --refine: iterations of painting's optimiser from what a style network has painted."""

import fcntl
import json
import subprocess

from case_apply import Applying, stored, style_network
from support import INPUT, PATIENCE, USAGE, WEIGHTS, pixels, png


class Refining(Applying):
    def setUp(self):
        super().setUp()
        self.write("content.png", png(48, 40))
        self.write("dots.png", png(40, 40, lambda x, y: (255 * (x % 4 < 2), 255 * (y % 4 < 2), 99)))

    def refined(self, *arguments, name="out.png"):
        self.apply("content.png", "-o", name, "--refine", "3", "--weights", "builtin", *arguments)
        return pixels(self.folder / name)

    def far(self, a, b):
        """How far two pictures are apart on average, of 255."""
        values = [abs(p - q) for x, y in zip(a, b) for m, n in zip(x, y) for p, q in zip(m, n)]
        return sum(values) / len(values)

    def test_iterations_from_the_networks_picture(self):
        self.apply("content.png", "-o", "network.png")
        network, refined = pixels(self.folder / "network.png"), self.refined("--style", "style.png")
        self.assertNotEqual(network, refined)
        self.assertLess(self.far(network, refined), 64)

    def test_styles_weigh_as_in_the_mix(self):
        """As painting does with these weights, from the same picture; whatever the order, which --mix has."""
        pictures = ["--style", "style.png", "--style", "dots.png"]
        self.apply("content.png", "-o", "network.png", "--mix", "ink:9,dots:1", "--bits", "16")
        mixed = self.refined("--mix", "ink:9,dots:1", *pictures)
        turned = self.refined("--mix", "dots:1,ink:9", *pictures[2:], *pictures[:2])
        self.assertLess(self.far(mixed, turned), 0.5)

        def painted(first, second):
            self.succeed("content.png", f"style.png:{first}", f"dots.png:{second}", "--init", "network.png", "--size",
                         "48", "--scales", "1", "--iterations", "3", "--weights", "builtin", "-o", "painted.png")
            return pixels(self.folder / "painted.png")

        self.assertLess(self.far(mixed, painted(9, 1)), 0.5)
        self.assertGreater(self.far(mixed, painted(1, 1)), 0.5)

    def test_styles_that_no_picture_shows(self):
        """An identity has none, and neither has a style that weighs nothing."""
        self.refined("--mix", "ink:1,identity:1", "--style", "style.png")
        self.refined("--mix", "ink:1,dots:0", "--style", "style.png", "--style", "dots.png:0.5")

    def painted(self, weight, *words):
        """By painting's own command from network.png, with that weight of the style; 20 is these weights' preset."""
        self.succeed("content.png", "style.png", *words, "--init", "network.png", "--size", "48", "--scales", "1",
                     "--iterations", "3", "--weights", "builtin", "--style-weight", str(weight), "-o", "painted.png")
        return pixels(self.folder / "painted.png")

    def test_the_identitys_share_of_a_mix(self):
        """It weakens the style as a lower --strength does, by which the network paints the same."""
        mix, style = "ink:0.2,identity:0.8", ["--style", "style.png"]
        self.apply("content.png", "-o", "network.png", "--mix", mix, "--bits", "16")
        mixed = self.refined("--mix", mix, *style)
        self.assertLess(self.far(mixed, self.refined("--strength", "0.2", *style)), 0.1)
        self.assertEqual(mixed, self.refined("--mix", "identity:8,ink:2", *style))
        self.assertLess(self.far(mixed, self.painted(4)), 0.5)
        self.assertGreater(self.far(mixed, self.painted(20)), 0.5)
        both = self.refined("--mix", "ink:0.4,identity:0.6", "--strength", "0.5", *style)
        self.assertLess(self.far(mixed, both), 0.1)

    def test_the_identitys_share_of_a_region(self):
        self.write("left.png", png(48, 40, lambda x, y: (255 * (x < 24),) * 3))
        self.write("right.png", png(48, 40, lambda x, y: (255 * (x >= 24),) * 3))
        region = ["--region", "right.png=identity:0.8,dots:0.2"]
        self.apply("content.png", "-o", "network.png", *region, "--bits", "16")
        refined = self.refined(*region, "--style", "style.png", "--style", "dots.png")
        words = ["dots.png", "--content-mask", "left.png", "--content-mask"]
        self.assertLess(self.far(refined, self.painted(12, *words, "right.png:0.2")), 0.5)
        self.assertGreater(self.far(refined, self.painted(20, *words, "right.png")), 0.5)

    def test_a_model_whose_first_style_is_the_identity(self):
        self.write("first.model", style_network(["identity", "ink", "dots"], **{
            "impasto.picture.1": stored(self.folder / "style.png"), "impasto.picture.2": stored(self.folder / "dots.png")}))
        self.spoil(USAGE, ["--refine", "shows no style", "--mix"], "first.model", "content.png", "--refine", "2")
        self.spoil(USAGE, ["--refine", "shows no style", "--mix"], "first.model", "content.png", "--refine", "2",
                   "--style", "style.png")
        found = []
        for words in ([], ["--style", "dots.png"], ["--style", "style.png"]):
            self.apply("content.png", "-o", "out.png", "--mix", "identity:1,dots:3", "--refine", "2", "--weights",
                       "builtin", *words, model="first.model")
            found.append(pixels(self.folder / "out.png"))
        self.assertLess(self.far(found[0], found[1]), 0.5)
        self.assertGreater(self.far(found[0], found[2]), 0.5)

    def test_it_is_shown_on_the_way(self):
        run = self.succeed("apply", "night.model", "content.png", "-o", "out.png", "--refine", "2", "--style",
                           "style.png", "--weights", "builtin", "--progress", "json", "--progress-preview", "24")
        events = [json.loads(line) for line in run.stdout.splitlines()]
        saving = next(i for i, event in enumerate(events) if event.get("phase") == "saving")
        self.assertTrue([event for event in events[:saving] if event["event"] == "preview"], run.stdout)

    def test_regions(self):
        """Each goes towards its own styles, as painting does with masks that leave out what lies over them."""
        self.write("left.png", png(48, 40, lambda x, y: (255 * (x < 24),) * 3))
        self.write("right.png", png(24, 20, lambda x, y: (255 * (x >= 12),) * 3))
        self.apply("content.png", "-o", "network.png", "--region", "right.png=dots", "--bits", "16")
        pictures = ["--style", "style.png", "--style", "dots.png"]
        refined = self.refined("--region", "right.png=dots", *pictures)

        def painted(*masks):
            words = [word for mask in masks for word in ("--content-mask", mask)]
            self.succeed("content.png", "style.png", "dots.png", *words, "--init", "network.png", "--size", "48",
                         "--scales", "1", "--iterations", "3", "--weights", "builtin", "-o", "painted.png")
            return pixels(self.folder / "painted.png")

        self.assertLess(self.far(refined, painted("left.png", "right.png")), 0.5)
        self.assertGreater(self.far(refined, painted("right.png", "left.png")), 0.5)

    def test_regions_that_show_no_style_or_leave_nothing(self):
        self.write("white.png", png(12, 10, lambda x, y: (255,) * 3))
        over = self.refined("--region", "white.png=dots", "--style", "style.png", "--style", "dots.png")
        alone = self.refined("--mix", "dots", "--style", "dots.png")
        self.assertLess(self.far(over, alone), 0.5)
        self.refined("--region", "white.png=identity", "--mix", "ink", "--style", "style.png", "--region",
                     "content.png=dots", "--style", "dots.png")
        run = self.impasto("apply", "night.model", "content.png", "-o", "left.png", "--refine", "1", "--style",
                           "style.png", "--region", "white.png=identity", "--weights", "builtin", "-q")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertIn("nothing is left", run.stderr)
        pixels(self.folder / "left.png")  # the network's

    def test_pictures_that_the_model_keeps(self):
        """They are taken where none is named, weigh as their styles do, and are looked at at their own size."""
        self.write("ink.png", png(32, 24, lambda x, y: (8 * x, 8 * y, 255 * ((x + y) % 6 < 2))))
        kept = {f"impasto.picture.{i}": stored(self.folder / name) for i, name in enumerate(("ink.png", "dots.png"))}
        self.write("kept.model", style_network(**kept))
        mix = ["--mix", "ink:0.3,dots:0.7", "--strength", "0.8", "--colour", "luma", "--refine", "2", "--weights",
               "builtin"]
        pictures = ["--style", "ink.png", "--style", "dots.png"]
        self.apply("content.png", "-o", "kept.png", *mix, model="kept.model")
        self.apply("content.png", "-o", "named.png", *mix, *pictures)
        self.apply("content.png", "-o", "turned.png", *mix, *pictures[2:], *pictures[:2])
        kept, named, turned = (pixels(self.folder / f"{name}.png") for name in ("kept", "named", "turned"))
        self.assertLess(self.far(kept, named), 0.5)
        self.assertGreater(self.far(kept, turned), 0.5)
        self.succeed("apply", "--settings", "kept.png", "-o", "again.png")
        self.assertEqual(kept, pixels(self.folder / "again.png"))

    def test_the_size_of_strokes(self):
        """A picture that the model keeps has their size, and --stroke enlarges them."""
        self.write("small.png", png(20, 20, lambda x, y: (255 * (x % 4 < 2), 255 * (y % 4 < 2), 99)))
        self.write("kept.model", style_network(**{"impasto.picture.1": stored(self.folder / "small.png")}))
        self.apply("content.png", "-o", "network.png", "--mix", "dots", "--bits", "16")
        self.apply("content.png", "-o", "kept.png", "--mix", "dots", "--refine", "3", "--weights", "builtin",
                   model="kept.model")
        self.succeed("content.png", "small.png", "--init", "network.png", "--size", "48", "--style-size", "20",
                     "--scales", "1", "--iterations", "3", "--weights", "builtin", "-o", "painted.png")
        kept, painted = (pixels(self.folder / f"{name}.png") for name in ("kept", "painted"))
        self.assertLess(self.far(kept, painted), 0.5)
        self.apply("content.png", "-o", "large.png", "--mix", "dots", "--refine", "3", "--stroke", "1.6", "--weights",
                   "builtin", model="kept.model")
        self.assertNotEqual(kept, pixels(self.folder / "large.png"))

    def test_kept_pictures_that_are_too_small(self):
        """Nothing is painted by a network whose painting could not be refined."""
        self.write("small.png", png(40, 20))
        self.write("kept.model", style_network(**{"impasto.picture.0": stored(self.folder / "small.png"),
                                                  "impasto.picture.1": "drawn:15:ink"}))
        refine = ["kept.model", "content.png", "--refine", "1", "--weights", "builtin"]
        self.spoil(USAGE, ["--stroke 0.7", "kept.model", "ink", "28x14 pixels", "at least 16"], *refine, "--stroke", "0.7")
        self.spoil(USAGE, ["dots", "15x15 pixels", "at least 16"], *refine, "--mix", "dots")
        self.apply(*refine[1:], "-o", "out.png", "--stroke", "0.8", model="kept.model")

    def test_styles_that_impasto_draws_are_drawn_again(self):
        self.write("kept.model", style_network(**{"impasto.picture.0": "drawn:48:ink",
                                                  "impasto.picture.1": "drawn:48:no such style"}))
        self.apply("content.png", "-o", "out.png", "--refine", "1", "--weights", "builtin", model="kept.model")
        self.spoil(WEIGHTS, ["kept.model", "dots", "no such style"], "kept.model", "content.png", "--mix", "dots",
                   "--refine", "1")

    def test_a_kept_picture_that_is_damaged(self):
        """The model paints, and refines only by another picture."""
        start, text = stored(self.folder / "style.png").split(",")
        self.write("kept.model", style_network(**{"impasto.picture.0": f"{start},{text[:len(text) // 8 * 4]}"}))
        self.spoil(WEIGHTS, ["kept.model: its picture of \"ink\""], "kept.model", "content.png", "--refine", "1")
        self.apply("content.png", "-o", "out.png", model="kept.model")
        self.refined("--style", "style.png")

    def test_a_style_picture_is_needed(self):
        self.spoil(USAGE, ["--refine", "night.model keeps no picture of its style ink", "--style"], "night.model",
                   "content.png", "--refine", "2")
        self.spoil(USAGE, ["--refine", "shows no style", "--mix"], "night.model", "content.png", "--refine", "2",
                   "--mix", "identity")
        self.spoil(USAGE, "--mix", "night.model", "content.png", "--style", "style.png")

    def test_refusals(self):
        both = ["night.model", "content.png", "--refine", "2", "--style", "style.png"]
        self.spoil(USAGE, ["--refine", "2 styles", "--style names 1", "in this order: dots, ink"], *both, "--mix",
                   "dots:1,ink:3")
        self.spoil(USAGE, ["--refine", "the mix and the regions have 2 styles", "--style names 1",
                           "in this order: ink, dots"], *both, "--region", "content.png=dots")
        self.spoil(INPUT, "none.png", *both[:-1], "none.png")
        self.spoil(WEIGHTS, "none.safetensors", *both, "--weights", "none.safetensors")

    def test_the_weights_are_read_once(self):
        """They may be gone when the second picture is painted. The program cannot go on to that before the preview
        of the first, which is longer than the pipe, has been read."""
        if not hasattr(fcntl, "F_SETPIPE_SZ"):
            self.skipTest("pipes have one size here")
        self.write("other.png", png(48, 40, lambda x, y: (x * y % 256, 5 * x, 6 * y)))
        self.succeed("--weights", "builtin", "--export-weights", "w.safetensors")
        run = self.start("apply", "night.model", "content.png", "other.png", "-o", "out/{content}.png", "--refine",
                         "1", "--style", "style.png", "--weights", "w.safetensors", "--progress", "json",
                         "--progress-preview", "48", stdout=subprocess.PIPE, bufsize=0)
        size = fcntl.fcntl(run.stdout, fcntl.F_SETPIPE_SZ, 4096)
        lines = [b"{}"]
        while json.loads(lines[-1]).get("phase") != "saving":
            lines.append(run.stdout.readline())
            self.assertTrue(lines[-1], lines)
        (self.folder / "w.safetensors").unlink()
        rest, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, 0, errors)
        self.assertGreater(max(map(len, rest.splitlines())), size)
        self.assertEqual(rest.count(b'"state":"painted"'), 2)
