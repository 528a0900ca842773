# SPDX-License-Identifier: MIT
"""Several styles, regions, what to keep, colours, transparency, scales: what an artist asks for."""

import struct
import unittest
import zlib

from support import CHEAP, INPUT, USAGE, Case, pixels, png, png_chunk, read_png

# One size, no average: what the losses say is about the picture that is written.
PLAIN = ["--scales", "1", "--average", "0"]


def rgba_png(width, height, pixel):
    """pixel(x, y) gives four numbers."""
    rows = b"".join(b"\0" + bytes(value for x in range(width) for value in pixel(x, y))
                    for y in range(height))
    size = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", size)
            + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


class Styles(Case):
    def setUp(self):
        super().setUp()
        self.write("other.png", png(24, 32, lambda x, y: (x * 9 % 256, 30, 255 * (y // 3 % 2))))
        self.write("white.png", png(32, 24, lambda x, y: (255, 255, 255)))
        self.write("left.png", png(32, 24, lambda x, y: 3 * (255 * (x < 16),)))
        self.write("right.png", png(32, 24, lambda x, y: 3 * (255 * (x >= 16),)))
        self.write("map.png", png(32, 24, lambda x, y: (255, 0, 0) if x < 16 else (0, 0, 255)))
        self.write("style-left.png", png(24, 32, lambda x, y: 3 * (255 * (x < 12),)))

    def losses(self, *arguments, pictures=("content.png", "style.png")):
        """Totals of a plain run's iterations."""
        self.succeed(*pictures, *CHEAP, *PLAIN, "-o", "out.png", "--trace", "trace.jsonl",
                     *arguments)
        return [line["total"] for line in self.trace() if line["type"] == "iteration"]

    def assertClose(self, found, expected, tolerance=1e-6):
        for a, b in zip(found, expected, strict=True):
            self.assertLessEqual(abs(a - b), tolerance * abs(b), (found, expected))

    def assertFar(self, found, expected):
        self.assertGreater(abs(found[0] / expected[0] - 1), 1e-3)

    def test_a_blend_of_one_style_is_that_style(self):
        single = self.losses()
        self.assertClose(self.losses(pictures=["content.png", "style.png:0.3", "style.png:0.7"]),
                         single)
        self.assertClose(self.losses(pictures=["content.png", "style.png:5"]), single)
        self.assertFar(self.losses(pictures=["content.png", "style.png", "other.png"]), single)

    def test_shares_are_relative(self):
        self.assertClose(self.losses(pictures=["content.png", "style.png:1", "other.png:3"]),
                         self.losses(pictures=["content.png", "style.png:0.25", "other.png:.75"]))

    def test_a_file_may_be_named_as_if_it_had_a_weight(self):
        (self.folder / "other.png").rename(self.folder / "other.png:3")
        self.losses(pictures=["content.png", "other.png:3"])
        self.refuse(INPUT, "nosuch.png", pictures=["content.png", "nosuch.png:3"])

    def test_a_mask_of_ones_is_no_mask(self):
        plain = self.losses()
        self.assertClose(self.losses("--content-mask", "white.png"), plain)
        self.assertClose(self.losses("--content-mask", "white.png", "--style-loss", "covariance"),
                         self.losses("--style-loss", "covariance"))
        self.write("style-white.png", png(24, 32, lambda x, y: (255, 255, 255)))
        self.assertClose(self.losses("--style-mask", "style-white.png"), plain)

    def test_masks_matter(self):
        plain = self.losses()
        self.assertFar(self.losses("--content-mask", "left.png"), plain)
        self.assertFar(self.losses("--style-mask", "style-left.png"), plain)

    def test_colours_of_a_map_are_masks(self):
        two = ["--style-mask", "style-left.png", "--style-mask", "none"]
        by_masks = self.losses("--content-mask", "left.png", "--content-mask", "right.png:2", *two)
        by_map = self.losses("--content-mask", "map.png#ff0000", "--content-mask",
                             "map.png#0000FF:2", *two)
        self.assertClose(by_map, by_masks)
        self.refuse(INPUT, ["map.png", "#00ff00"], "--content-mask", "map.png#00ff00")

    def test_each_region_has_its_style(self):
        both = ["content.png", "style.png", "other.png"]
        masks = ["--content-mask", "left.png", "--content-mask", "right.png"]
        regions = self.losses(*masks, pictures=both)
        left = self.losses("--content-mask", "left.png")
        right = self.losses("--content-mask", "right.png", pictures=["content.png", "other.png"])
        self.assertClose(regions[:1], [(left[0] + right[0]) / 2])

    def test_masks_that_do_not_fit(self):
        both = ["content.png", "style.png", "other.png"]
        mask = ["--content-mask", "left.png"]
        self.refuse(USAGE, ["--content-mask", "3 masks", "2 style"], *3 * mask, pictures=both)
        self.refuse(USAGE, ["--style-mask", "1", "2"], "--style-mask", "style-left.png",
                    pictures=both)
        self.refuse(INPUT, ["mask", "24x32", "aspect"], "--content-mask", "style-left.png",
                    early=False)
        self.write("black.png", png(32, 24, lambda x, y: (0, 0, 0)))
        self.refuse(INPUT, "empty", "--content-mask", "black.png", early=False)
        self.refuse(INPUT, "nosuch.png", "--content-mask", "nosuch.png")

    def test_what_is_kept_stays(self):
        self.succeed("content.png", "style.png", *CHEAP, "--size", "source", "--iterations", "5",
                     "--keep", "left.png", "-o", "out.png")
        before, after = (pixels(self.folder / name) for name in ("content.png", "out.png"))
        for y in range(24):
            self.assertEqual(after[y][:16], before[y][:16])
        self.assertNotEqual([row[16:] for row in after], [row[16:] for row in before])

    def test_lightness_alone_is_painted(self):
        self.succeed("content.png", "style.png", *CHEAP, "--size", "source", "--iterations", "5",
                     "--colour", "luma", "-o", "out.png")
        before, after = (pixels(self.folder / name) for name in ("content.png", "out.png"))
        moved = 0
        for old, new in zip(sum(before, []), sum(after, [])):
            if all(0 < value < 255 for value in new):  # else the colour was cut to what can be shown
                steps = [b - a for a, b in zip(old, new)]
                self.assertLessEqual(max(steps) - min(steps), 2, (old, new))
                moved += abs(steps[1]) > 3
        self.assertGreater(moved, 20)

    def test_matching_colours_changes_the_style(self):
        self.assertFar(self.losses("--colour", "match"), self.losses())

    def test_strength(self):
        def parts(strength):
            self.losses("--strength", strength, "--iterations", "0", "--init", "gray")
            line = self.trace()[1]
            return line["content"]["conv2_1"], sum(line["style"].values()), line["total"], line["tv"]

        content, style, neutral, tv = parts("0.5")
        rest = neutral - content  # the content's weight is 1
        for strength, factor in [("0.25", 10 ** -0.5), ("1", 10), ("0.75", 10 ** 0.5)]:
            total = parts(strength)[2]
            smooth = 8 * tv  # of the built-in weights' preset
            self.assertAlmostEqual(total, content / factor + (rest - smooth) * factor + smooth,
                                   delta=1e-4 * total)
        self.refuse(USAGE, "--strength", "--strength", "1.5")

    def test_no_strength_is_the_photograph(self):
        """Whatever else is asked for; at another size, as it is when nothing is done to it."""
        for i, options in enumerate([["--scales", "24"], ["--optimizer", "adam"], ["--init", "noise"],
                                     ["--colour", "match"], ["--init", "style.png", "--size", "24"]]):
            with self.subTest(options):
                if options[-1] == "24":
                    self.write("style.png", png(64, 48))
                self.stylise("-o", "a.png", "--strength", "0", *options)
                if "--size" in options:
                    self.stylise("-o", "b.png", "--iterations", "0", "--scales", "1", "--size", "24")
                    self.assertEqual(pixels(self.folder / "a.png"), pixels(self.folder / "b.png"))
                else:
                    self.assertEqual(pixels(self.folder / "a.png"), pixels(self.folder / "content.png"), i)
        self.succeed("content.png", "style.png", "--strength", "0", "--size", "source", "-o", "c.png")
        self.assertEqual(pixels(self.folder / "c.png"), pixels(self.folder / "content.png"))

    def test_aspects(self):
        """What would have to be squashed is refused by its name, and the picture's is told."""
        self.write("tall.png", png(24, 32))
        self.write("near.png", png(100, 76))
        for option, of in [("--init", "content.png 32x24"), ("--content-mask", "content.png 32x24"),
                           ("--keep", "content.png 32x24")]:
            line = self.refuse(INPUT, ["tall.png: ", "24x32", of, "aspect"], option, "tall.png",
                               early=False)
            self.assertTrue(line.startswith("impasto: tall.png: "), line)
        self.refuse(INPUT, ["near.png: ", "100x76", "style.png 24x32"], "--style-mask", "near.png",
                    early=False)
        self.stylise("-o", "out.png", "--init", "near.png")


class Transparency(Case):
    def test_what_is_hidden_does_not_matter(self):
        def hole(x, y):
            return 8 <= x < 20 and 6 <= y < 14

        for name, hidden in [("a.png", (255, 0, 255)), ("b.png", (0, 255, 0))]:
            self.write(name, rgba_png(32, 24, lambda x, y: (*hidden, 0) if hole(x, y)
                                      else (7 * x, 9 * y, 100, 255)))
            self.write("s" + name, rgba_png(24, 32, lambda x, y: (*hidden, 0) if y < 10
                                            else (255 * (x // 4 % 2), 200, 8 * y % 256, 255)))
            self.succeed(name, "s" + name, *CHEAP, "--size", "source", "-o", "out-" + name)
        self.assertEqual(read_png(self.folder / "out-a.png"), read_png(self.folder / "out-b.png"))
        for y, row in enumerate(pixels(self.folder / "out-a.png")):
            for x, pixel in enumerate(row):
                self.assertEqual(pixel[3], 0 if hole(x, y) else 255)

    def test_an_invisible_style(self):
        self.write("style.png", rgba_png(24, 32, lambda x, y: (x, y, 0, 0)))
        self.refuse(INPUT, ["style.png", "transparent everywhere"], early=False)


class Scales(Case):
    def sizes(self, *arguments):
        """(width, height, iterations) of each scale, as announced and as reported."""
        self.succeed("content.png", "style.png", *CHEAP, "-o", "out.png", "--trace", "trace.jsonl",
                     *arguments)
        lines = self.trace()
        told = [(s["width"], s["height"], s["iterations"]) for s in lines[0]["scales"]]
        found = [(line["width"], line["height"]) for line in lines if line["type"] == "iteration"]
        expected = sum(([(w, h)] * n for w, h, n in told), []) + [told[-1][:2]]
        self.assertEqual(found, expected)
        return told

    def test_ladder(self):
        two = ["--iterations", "1", "--first-iterations", "2"]
        self.assertEqual(self.sizes("--size", "64", "--scales", "3", *two),
                         [(32, 24, 2), (45, 34, 1), (64, 48, 1)])
        self.assertEqual(self.sizes("--size", "64", *two), [(64, 48, 1)])
        self.assertEqual(self.sizes("--size", "182", *two), [(129, 97, 2), (182, 137, 1)])
        self.assertEqual(read_png(self.folder / "out.png")[:2], (182, 137))

    def test_list(self):
        same = ["--iterations", "1", "--first-iterations", "same"]
        self.assertEqual(self.sizes("--size", "64", "--scales", "24,48", *same),
                         [(24, 18, 1), (48, 36, 1), (64, 48, 1)])
        self.assertEqual(self.sizes("--size", "48", "--scales", "24,48", *same),
                         [(24, 18, 1), (48, 36, 1)])
        for scales in ["0", "30,24", "-2", "a", "24,", ",24", "12,", "99999", "15,40"]:
            self.refuse(USAGE, "scales", "--scales", scales, early=False)
        self.refuse(USAGE, ["scales", "80", "64"], "--scales", "80", "--size", "64", early=False)

    def test_intermediate_pictures_have_the_final_size(self):
        self.succeed("content.png", "style.png", *CHEAP, "-o", "out.png", "--size", "64",
                     "--scales", "2", "--iterations", "2", "--first-iterations", "3",
                     "--save-every", "2", "-v")
        self.assertEqual(read_png(self.folder / "out.png")[:2], (64, 48))

    def test_average(self):
        run = ["--scales", "1", "--iterations", "3", "--optimizer", "adam", "-o", "out.png"]
        results = set()
        for average in ["0", "0.5", "0.99"]:
            self.stylise(*run, "--average", average)
            results.add(read_png(self.folder / "out.png"))
        self.assertEqual(len(results), 3)
        # One step's average is that step.
        for average in ["0", "0.99"]:
            self.stylise(*run, "--iterations", "1", "--average", average)
            results.add(read_png(self.folder / "out.png"))
        self.assertEqual(len(results), 4)


class Interpolation(Case):
    def test_ends_are_the_single_styles(self):
        self.write("other.png", png(24, 32, lambda x, y: (x * 9 % 256, 30, 255 * (y // 3 % 2))))
        for style in ["style.png", "other.png"]:
            self.succeed("content.png", style, *CHEAP, "-o", "only-" + style)
        self.succeed("content.png", "style.png", "other.png", *CHEAP, "--interpolate", "3", "-o",
                     "way.png", "--trace", "trace.jsonl")
        frames = [read_png(self.folder / f"way-000{i}.png") for i in (1, 2, 3)]
        self.assertEqual(frames[0], read_png(self.folder / "only-style.png"))
        self.assertEqual(frames[2], read_png(self.folder / "only-other.png"))
        self.assertEqual(len(set(frames)), 3)
        self.assertEqual([line["type"] for line in self.trace()].count("done"), 3)

    def test_refusals(self):
        self.refuse(USAGE, ["--interpolate", "two"], "--interpolate", "3")
        self.refuse(USAGE, ["--interpolate", "2", "3 styles"], "--interpolate", "2",
                    pictures=["content.png", "style.png", "style.png", "style.png"])


if __name__ == "__main__":
    unittest.main()
