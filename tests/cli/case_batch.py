# SPDX-License-Identifier: MIT
"""Many pictures: lists, patterns, what is done already, bad files, kills, processes side by side."""

import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import time
import unittest

from support import (CHEAP, INPUT, MEMORY, OUTPUT, PATIENCE, SIGINT_CODE, SIGTERM_CODE, USAGE, Case, png,
                     read_png)


def picture(number):
    return png(32, 24, lambda x, y: (x * (number + 3) % 256, y * 11 % 256, (x * y + number) % 256))


class Pictures(Case):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()

    def fill(self, count):
        for i in range(count):
            self.write(f"in/p{i:02}.png", picture(i))

    def batch(self, *arguments, **options):
        return self.impasto("--batch", "in", "style.png", *CHEAP, "-o", "out/{content}.png",
                            *arguments, **options)

    def outputs(self):
        return sorted(os.listdir(self.folder / "out"))


class Batch(Pictures):
    def test_twenty_with_three_bad(self):
        self.fill(17)
        self.write("in/a-text.png", "no picture")
        self.write("in/k-empty.png", "")
        self.write("in/z-cut.png", picture(1)[:200])
        (self.folder / "out").mkdir()
        run = self.batch()
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertEqual(self.outputs(), [f"p{i:02}.png" for i in range(17)])
        self.assertIn("20 pictures: 17 painted, 3 failed", run.stderr)
        for name, after in [("a-text.png", True), ("k-empty.png", True), ("z-cut.png", False)]:
            (line,) = re.findall(f"warning: .*in/{name}.*", run.stderr)
            self.assertEqual(line.endswith("; going on with the next"), after, line)
        # Each is what it would be by itself, with what the job remembers or without.
        for i in [0, 9, 16]:
            self.succeed(f"in/p{i:02}.png", "style.png", *CHEAP, "-o", "one.png")
            self.assertEqual((self.folder / f"out/p{i:02}.png").read_bytes(),
                             (self.folder / "one.png").read_bytes())
        before = {name: (self.folder / "out" / name).stat().st_mtime_ns for name in self.outputs()}
        run = self.batch()
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("20 pictures: 17 there already, 3 failed", run.stderr)
        after = {name: (self.folder / "out" / name).stat().st_mtime_ns for name in self.outputs()}
        self.assertEqual(before, after)

    def test_overwrite(self):
        self.fill(1)
        (self.folder / "out").mkdir()
        self.write("out/p00.png", "an older result")
        self.assertIn("1 there already", self.batch().stderr)
        self.assertIn("1 painted", self.batch("--overwrite").stderr)
        self.assertEqual(read_png(self.folder / "out/p00.png")[:2], (32, 24))
        self.refuse(USAGE, "--batch", "--overwrite")

    def test_lists_and_patterns(self):
        self.fill(3)
        self.write("list.txt", "in/p02.png\n\n# a remark\nin/p00.png\n")
        for pattern, expected in [
            ("{number}-{content}.png", {"0001-p02.png", "0002-p00.png", "0003-content.png"}),
            ("{style}-{content}.png", {"style-p02.png", "style-p00.png", "style-content.png"}),
        ]:
            run = self.impasto("--batch", "list.txt", "--batch", "content.png", "style.png", *CHEAP,
                               "-o", pattern)
            self.assertEqual(run.returncode, 0, run.stderr)
            for name in expected:
                self.assertEqual(read_png(self.folder / name)[:2], (32, 24))
        self.impasto("--batch", "in/p01.png", "style.png", *CHEAP)
        self.assertTrue((self.folder / "in/p01-style.png").exists())
        # Results in the folder are no contents of the next run.
        run = self.impasto("--batch", "in", "style.png", *CHEAP)
        self.assertIn("3 pictures: 2 painted, 1 there already", run.stderr)
        self.assertEqual(len(os.listdir(self.folder / "in")), 6)
        run = self.impasto("--batch", "in", "style.png", *CHEAP)
        self.assertIn("3 there already", run.stderr)

    def test_results_are_no_photographs(self):
        """Of another batch, in another style; whatever their names, and in both formats."""
        self.fill(2)
        self.write("other.png", picture(9))
        (self.folder / "out").mkdir()
        self.succeed("--batch", "in", "style.png", *CHEAP)
        self.succeed("--batch", "in", "style.png", *CHEAP, "-o", "in/{content} in the style.jpg")
        run = self.succeed("--batch", "in", "other.png", *CHEAP, "-o", "out/{content}.png")
        self.assertIn("in: 4 pictures are left out, being results of Impasto: p00 in the style.jpg, ",
                      run.stderr)
        self.assertIn("; name one itself to paint it", run.stderr)
        self.assertIn("painting 2 pictures in 1 style", run.stderr)
        self.assertEqual(self.outputs(), ["p00.png", "p01.png"])
        # A file that is named itself is meant, in a list as well, and that is worth a word.
        self.write("list.txt", "in/p00-style.png\n")
        for word in ["list.txt", "in/p00-style.png"]:
            run = self.succeed("--batch", word, "other.png", *CHEAP, "-o", "out/{content}.png")
            self.assertIn("1 of the pictures named is a result of Impasto itself: p00-style.png",
                          run.stderr)
            self.assertEqual(read_png(self.folder / "out/p00-style.png")[:2], (32, 24))
        for path in (self.folder / "in").iterdir():
            if "style" not in path.name:
                path.unlink()
        run = self.impasto("--batch", "in", "other.png", *CHEAP, "-o", "out/{content}.png")
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("no pictures in in but results of Impasto; name one itself to paint it",
                      run.stderr)

    def test_the_only_picture_beside_its_result(self):
        """Both would have the one output, which is no content."""
        for order in ["in/p00.png\nin/a.png\n", "in/a.png\nin/p00.png\n"]:
            self.fill(1)
            self.write("in/a.png", picture(1))
            self.write("list.txt", order)
            run = self.impasto("--batch", "list.txt", "style.png", *CHEAP, "-o", "in/a.png")
            self.assertEqual(run.returncode, 0, run.stderr)
            self.assertIn("1 there already", run.stderr)

    def test_refusals(self):
        self.fill(2)
        for words, arguments in [
            (["p00.png", "p01.png", "{content}"], ["-o", "same.png"]),
            ("--trace", ["-o", "{content}.png", "--trace", "t.jsonl"]),
            ("--interpolate", ["-o", "{content}.png", "--interpolate", "3"]),
            ("--report", ["-o", "{content}.png", "--report", "r.html"]),
        ]:
            run = self.impasto("--batch", "in", "style.png", *CHEAP, *arguments)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            for word in [words] if isinstance(words, str) else words:
                self.assertIn(word, run.stderr)
        run = self.impasto("--batch", "in", *CHEAP)
        self.assertEqual(run.returncode, USAGE)
        self.assertIn("style picture", run.stderr)
        for i in (1, 2):
            self.write(f"{i:04}.png", picture(i))
        self.write("swapped.txt", "0002.png\n0001.png\n")
        run = self.impasto("--batch", "swapped.txt", "style.png", *CHEAP, "-o", "{number}.png")
        self.assertEqual(run.returncode, USAGE, run.stderr)
        self.assertIn("another picture", run.stderr)
        (self.folder / "nothing").mkdir()
        run = self.impasto("--batch", "nothing", "style.png", *CHEAP)
        self.assertEqual(run.returncode, INPUT)
        self.assertRegex(run.stderr, "no pictures in nothing; name pictures")

    def test_numbers_beside_the_pictures(self):
        """The next run would number the results as well, and so on for ever."""
        self.fill(1)
        for folder, pattern in [("in", "in/night-{number}.png"), ("in/", "in/{content}-{number}.png"),
                                ("in", "in/../in/{number}.png"), (".", "{number}.png"),
                                ("in", "{folder}/{number}.png")]:
            before = self.snapshot()
            run = self.impasto("--batch", folder, "style.png", *CHEAP, "-o", pattern)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            self.assertRegex(run.stderr, f"{{number}}.*{folder}.*another folder")
            self.assertEqual(self.snapshot(), before)
        (self.folder / "out").mkdir()
        for words in ["1 painted", "1 there already"]:
            run = self.impasto("--batch", "in", "style.png", *CHEAP, "-o", "out/{number}.png")
            self.assertIn(f"1 pictures: {words}", run.stderr)

    def test_lists_that_cannot_be_read(self):
        """The kernel's file of the program's own memory, of which nothing is at the beginning."""
        if not os.path.exists("/proc/self/mem"):
            self.skipTest("no /proc")
        run = self.impasto("--batch", "/proc/self/mem", "style.png", *CHEAP)
        self.assertEqual(run.returncode, INPUT)
        self.assertRegex(run.stderr, "^impasto: /proc/self/mem: cannot be read: .*error")

    def test_a_signal_while_standard_input_is_awaited(self):
        run = self.start("--batch", "-", "style.png", *CHEAP, stdin=subprocess.PIPE)
        status = pathlib.Path(f"/proc/{run.pid}/status")
        if not status.exists():
            self.skipTest("no /proc")
        deadline = time.monotonic() + PATIENCE
        while not int(re.search(r"SigCgt:\s*(\w+)", status.read_text())[1], 16) & (
                1 << (signal.SIGTERM - 1)):
            self.assertIsNone(run.poll())
            self.assertLess(time.monotonic(), deadline, "signals are not caught")
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        # Which also ends the input, in case that it was not awaited yet.
        _, err = run.communicate(timeout=PATIENCE)
        self.assertEqual((run.returncode, err), (SIGTERM_CODE, b""))

    def test_missing_files_fail_alone(self):
        self.fill(1)
        self.write("list.txt", "in/nosuch.png\nin/p00.png\n")
        run = self.impasto("--batch", "list.txt", "style.png", *CHEAP, "-o", "{content}.jpg")
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("nosuch.png", run.stderr)
        self.assertTrue((self.folder / "p00.jpg").exists())

    def test_masks_and_scales_go_along(self):
        self.fill(2)
        (self.folder / "out").mkdir()
        self.write("mask.png", png(32, 24, lambda x, y: 3 * (255 * (x < 16),)))
        extra = ["--content-mask", "mask.png", "--scales", "24", "--keep", "mask.png"]
        extra[-1] = "mask.png#000000"
        self.assertEqual(self.batch(*extra).returncode, 0)
        self.succeed("in/p01.png", "style.png", *CHEAP, "-o", "one.png", *extra)
        self.assertEqual((self.folder / "out/p01.png").read_bytes(),
                         (self.folder / "one.png").read_bytes())


class Names(Pictures):
    """What results are called, and what a pattern may have."""

    def names(self, expected, *arguments, words=(), **options):
        """The results, which are kept empty to be there already the next time."""
        run = self.succeed("--batch", "in", *CHEAP, *arguments, "style.png", **options)
        for word in words:
            self.assertIn(word, run.stderr)
        found = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                       if path.name not in ["content.png", "style.png"] and path.is_file()
                       and "home" not in path.parts and not path.is_relative_to(self.folder / "in")
                       or "-style" in path.name)
        self.assertEqual(found, sorted(expected))
        return run

    def test_names_that_differ_in_their_extension(self):
        for i, name in enumerate(["x.png", "x.jpg", "x", "y.png"]):
            self.write(f"in/{name}", picture(i))
        (self.folder / "out").mkdir()
        for words in ["4 painted", "4 there already"]:
            run = self.names(["out/x.png.png", "out/x.jpg.png", "out/x.png", "out/y.png"],
                             "-o", "out/{content}.png", words=[words, "3 pictures have the names of "])
        self.assertEqual(read_png(self.folder / "out/x.jpg.png")[:2], (32, 24))
        shutil.rmtree(self.folder / "out")
        (self.folder / "out").mkdir()
        self.names(["out/xpng.png", "out/xjpg.png", "out/x.png", "out/ypng.png"],
                   "-o", "out/{content}{ext}.png")

    def test_such_names_beside_their_results(self):
        for i, name in enumerate(["x.png", "x.jpg", "x.jpg.png"]):
            self.write(f"in/{name}", picture(i))
        expected = [f"in/{name}-style.png" for name in ["x.png", "x.jpg", "x.jpg.png"]]
        expected[2] = "in/x.jpg.png-style.png"
        for words in ["3 painted", "3 there already"]:
            self.names(expected, words=[words])
        # Also where nothing in the results says what they are.
        for name in expected:
            self.write(name, picture(1))
        self.names(expected, words=["3 pictures: 3 there already"])

    def test_misspelt_placeholders(self):
        self.fill(1)
        for pattern, words in [("{contnet}.png", "{contnet} is no placeholder; did you mean {content}?"),
                               ("{Content}.png", "did you mean {content}?"),
                               ("{STYLE}.png", "did you mean {style}?"), ("{nmber}.png", "{number}"),
                               ("{content }.png", "{content}"), ("{filename}.png", "{content}, {style}"),
                               ("{}.png", "{content}, {style}"), ("{name}-{style}.png", "{name}")]:
            with self.subTest(pattern):
                before = self.snapshot()
                run = self.impasto("--batch", "in", "style.png", *CHEAP, "-o", pattern)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(self.snapshot(), before)
        for pattern in ["{contnet}.png", "{Style}.png", "{number}.png", "{path}/x.png"]:
            self.refuse(USAGE, pattern.split("}")[0], "-o", pattern)

    def test_placeholders_in_a_single_run(self):
        self.write("a.jfif.png", png(32, 24))
        self.succeed("a.jfif.png", "style.png", *CHEAP, "-o", "{folder}/{content}_{style}.{ext}")
        self.assertTrue((self.folder / "a.jfif_style.png").exists())
        for name, written in [("a{1}.png", "a{1}.png"), ("{{content}.png", "{content}.png"),
                              ("{x.png", "{x.png"), ("a{b}c.png", "a{b}c.png")]:
            self.stylise("-o", name)
            self.assertTrue((self.folder / written).exists(), name)

    def test_patterns_in_quotes(self):
        self.fill(3)
        self.write("in/a.txt", "none")
        (self.folder / "out").mkdir()
        for pattern, count in [("in/p0[01].png", 2), ("in/*.png", 3), ("in/{p00,p02}.png", 2),
                               ("in/*", 3)]:
            run = self.succeed("--batch", pattern, "style.png", *CHEAP, "-o", "out/{content}.png")
            self.assertIn(f"painting {count} pictures in 1 style", run.stderr)
        run = self.impasto("--batch", "in/*.jpg", "style.png", *CHEAP, "-o", "out/{content}.png")
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("in/*.jpg: ", run.stderr)


class Folders(Pictures):
    def test_a_missing_folder_is_made(self):
        self.fill(2)
        run = self.succeed("--batch", "in", "style.png", *CHEAP, "-o", "painted/{content}.png")
        self.assertIn("impasto: made the folder painted\n", run.stderr)
        self.assertEqual(sorted(os.listdir(self.folder / "painted")), ["p00.png", "p01.png"])
        run = self.succeed("--batch", "in", "style.png", *CHEAP, "-o", "a/{style}/{path}/{folder}/x{content}.png",
                           "--recursive")
        self.assertIn("impasto: made 3 folders for the results, first a\n", run.stderr)
        self.assertTrue((self.folder / "a/style/in/xp00.png").exists())

    def refuse_folder(self, words, pattern, **options):
        before = self.snapshot()
        run = self.impasto("--batch", "in", "style.png", *CHEAP, "-o", pattern, **options)
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)
        self.assertEqual(len([line for line in run.stderr.splitlines() if words[0] in line]), 1, run.stderr)
        self.assertNotIn(".lock", run.stderr)
        self.assertEqual(self.snapshot(), before)

    def test_what_cannot_be_made_is_told_once(self):
        self.fill(3)
        self.refuse_folder(["nosuch/painted", "cannot be made"], "nosuch/painted/{content}.png")
        self.refuse_folder(["content.png", "Not a directory"], "content.png/{content}.png")
        (self.folder / "locked").mkdir(mode=0o555)
        somebody = self.somebody() if os.geteuid() == 0 else {}
        self.refuse_folder(["locked"], "locked/{content}.png", **somebody)
        self.refuse_folder(["locked/new"], "locked/new/{content}.png", **somebody)
        # Where all is there already, there is nothing to write.
        for i in range(3):
            self.write(f"locked/p{i:02}.png", "there")
        run = self.succeed("--batch", "in", "style.png", *CHEAP, "-o", "locked/{content}.png")
        self.assertIn("3 there already", run.stderr)


class Errors(Pictures):
    def test_they_name_the_picture(self):
        self.write("in/wide.png", png(200, 4))
        self.write("in/tall.png", png(24, 32))
        self.write("mask.png", png(32, 24))
        run = self.impasto("--batch", "in", "style.png", *CHEAP, "--content-mask", "mask.png", "-o",
                           "out/{content}.png")
        self.assertEqual(run.returncode, INPUT)
        for line in [line for line in run.stderr.splitlines() if "warning" in line][:2]:
            self.assertRegex(line, "in/(wide|tall).png")
        self.assertRegex(run.stderr, "in/wide.png: the content picture would be .* at least")
        self.assertRegex(run.stderr, "mask.png: .* its picture in/tall.png 24x32")


class Recursive(Pictures):
    def setUp(self):
        super().setUp()
        for folder in ["a", "a/b", "c", ".hidden"]:
            (self.folder / "in" / folder).mkdir()
        for i, name in enumerate(["x", "a/x", "a/y", "a/b/x", "c/x", ".hidden/x"]):
            self.write(f"in/{name}.png", picture(i))
        (self.folder / "in" / "a" / "loop").symlink_to("..")
        (self.folder / "in" / "again").symlink_to("c")
        self.all = ["a/b/x.png", "a/x.png", "a/y.png", "c/x.png", "x.png"]

    def below(self, folder):
        return sorted(str(p.relative_to(self.folder / folder))
                      for p in (self.folder / folder).rglob("*.png"))

    def test_the_tree_is_kept(self):
        self.all[3] = "again/x.png"  # of two ways to a folder, the first by name
        (self.folder / "out").mkdir()
        for words in ["5 pictures: 5 painted", "5 pictures: 5 there already"]:
            run = self.succeed("--batch", "in", "--recursive", "style.png", *CHEAP, "-o",
                               "out/{content}.png")
            self.assertIn(words, run.stderr)
            self.assertEqual(self.below("out"), self.all)
        run = self.succeed("--batch", "in/", "--recursive", "style.png", *CHEAP, "-o",
                           "out/{path}/{content}.png")
        self.assertIn("5 there already", run.stderr)
        run = self.succeed("--batch", "in", "style.png", *CHEAP, "-o", "out/{content}.png")
        self.assertIn("in: 3 folders are passed over: ", run.stderr)
        self.assertIn("--recursive goes into them", run.stderr)
        self.assertIn("1 there already", run.stderr)

    def test_results_beside_and_in_one_folder(self):
        self.succeed("--batch", "in", "--recursive", "style.png", *CHEAP)
        run = self.succeed("--batch", "in", "--recursive", "style.png", *CHEAP)
        self.assertIn("5 there already", run.stderr)
        self.assertEqual(len(self.below("in")), 6 + 5)
        (self.folder / "out").mkdir()
        self.succeed("--batch", "in", "--recursive", "style.png", *CHEAP, "-o", "out/{number}.png")
        self.assertEqual(self.below("out"), [f"{i:04}.png" for i in range(1, 6)])
        self.refuse(USAGE, "--recursive goes with --batch", "--recursive")


class Words(Pictures):
    """Which of the pictures beside --batch are painted: a shell makes many words of in/*.png."""

    def setUp(self):
        super().setUp()
        self.fill(4)
        (self.folder / "out").mkdir()
        for i in range(4):
            self.write(f"out/p{i:02}.png", "there")
        self.words = [f"in/p{i:02}.png" for i in range(4)]
        self.write("other.png", picture(9))

    def paints(self, pictures, styles, *arguments):
        """Everything is there already, so that only what is said at the start is looked at."""
        for name in ["style", "other", "content"]:
            self.write(f"out/{name}.png", "there")
        run = self.succeed(*CHEAP, "-o", "out/{content}.png", *arguments)
        many = "" if len(styles) == 1 else "s"
        self.assertIn(f"painting {pictures} picture{'' if pictures == 1 else 's'} in {len(styles)} "
                      f"style{many}: {', '.join(styles)}\n", run.stderr)

    def refuse_words(self, *arguments, words=()):
        before = self.snapshot()
        run = self.impasto(*arguments, *CHEAP, "-o", "out/{content}.png")
        self.assertEqual(run.returncode, USAGE, run.stderr)
        for word in ["in/p00.png", "in/p01.png", " -- ", "--batch in/", "--style", *words]:
            self.assertIn(word, run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1)
        self.assertEqual(self.snapshot(), before)

    def test_a_pattern_that_the_shell_has_expanded(self):
        self.refuse_words("--batch", *self.words, "style.png", words=["and 2 more"])
        self.refuse_words("style.png", "--batch", *self.words)
        self.refuse_words("--batch", *self.words)
        self.refuse_words("--batch", *self.words[:2], "style.png")
        self.refuse_words("--batch", *self.words, "style.png", "--style", "other.png")
        self.write("s.json", '{"style": "style.png"}')
        self.refuse_words("--settings", "s.json", "--batch", *self.words[:2])
        # More of them than there can be styles.
        self.refuse_words("--batch", *self.words, *40 * self.words, "style.png", words=["and 162 more"])

    def test_the_ways_to_say_it(self):
        self.paints(4, ["style.png"], "--batch", *self.words, "--", "style.png")
        self.paints(4, ["style.png", "other.png:0.5"], "--batch", *self.words, "--", "style.png",
                    "other.png:0.5")
        self.paints(4, ["style.png"], "style.png", "--batch", *self.words, "--")
        self.paints(4, ["style.png"], "--batch", *self.words, "--style", "style.png")
        self.paints(4, ["style.png"], "--style", "style.png", "--batch", *self.words)
        self.paints(4, ["style.png"], "--batch", "in", "style.png")
        self.write("s.json", '{"style": "style.png"}')
        self.paints(4, ["style.png"], "--settings", "s.json", "--batch", *self.words, "--")
        self.paints(4, ["style.png"], "--batch", *self.words, *40 * self.words, "--", "style.png")

    def test_several_styles(self):
        self.paints(4, ["style.png", "other.png"], "--batch", "in", "style.png", "other.png")
        self.paints(4, ["style.png", "other.png"], "--batch", "in", "style.png", "--style", "other.png")
        self.paints(1, ["in/p01.png", "in/p02.png"], "--batch", "in/p00.png", "--style", "in/p01.png",
                    "--style", "in/p02.png")
        self.paints(1, ["in/p01.png:1", "in/p02.png:0.3"], "--batch", "in/p00.png", "in/p01.png:1",
                    "in/p02.png:0.3")
        self.paints(1, ["style.png"], "--batch", "content.png", "style.png")
        self.write("list.txt", "in/p00.png\n")
        self.paints(1, ["style.png", "other.png"], "--batch", "list.txt", "style.png", "other.png")
        self.write("out/style-other.png", "there")

    def test_options_behind_the_border(self):
        for option in [["-o", "out/{content}.png"], ["--size=32"], ["-q"]]:
            run = self.impasto("--batch", *self.words, "--", "style.png", *option)
            self.assertEqual(run.returncode, USAGE, run.stderr)
            self.assertIn(f"{option[0]}: stands behind --", run.stderr)

    def test_without_a_batch(self):
        run = self.stylise("-o", "a.png", "--style", "other.png")
        self.assertIn("painting content.png in 2 styles: style.png, other.png\n", run.stderr)
        self.succeed("--style", "style.png", "content.png", *CHEAP, "-o", "b.png", "--style=other.png")
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())
        self.refuse(USAGE, "empty", "--style=")
        self.refuse(INPUT, "none.png", "--style", "none.png")


class Sharing(Pictures):
    SLOW = ["--iterations", "60", "--size", "64"]

    def begin(self, *arguments):
        return self.start("--batch", "in", "style.png", *CHEAP, *self.SLOW, "-o",
                          "out/{content}.png", *arguments)

    def wait_for(self, run, condition):
        """False: it has ended before that, as it may where the test itself gets no time."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            if run.poll() is not None:
                return False
            self.assertLess(time.monotonic(), deadline, "nothing happens")
            time.sleep(0.02)
        return True

    def test_killed_and_begun_again(self):
        self.fill(6)
        (self.folder / "out").mkdir()
        for _ in range(3):
            before = len([name for name in self.outputs() if name.endswith(".png")])
            run = self.begin()
            if self.wait_for(run, lambda: len([n for n in self.outputs() if n.endswith(".png")]) > before
                             and any(n.endswith(".lock") for n in self.outputs())):
                run.send_signal(signal.SIGKILL)
            run.communicate()
            for name in self.outputs():
                if name.endswith(".png"):
                    self.assertEqual(read_png(self.folder / "out" / name)[:2], (64, 48))
        run = self.begin()
        _, err = run.communicate(timeout=300)
        self.assertEqual(run.returncode, 0, err)
        left = [name for name in self.outputs() if not name.endswith(".png")]
        self.assertEqual([n for n in left if n.endswith(".lock")], [])
        self.assertEqual([n for n in self.outputs() if n.endswith(".png")],
                         [f"p{i:02}.png" for i in range(6)])
        self.succeed("in/p03.png", "style.png", *CHEAP, *self.SLOW, "-o", "one.png")
        self.assertEqual((self.folder / "out/p03.png").read_bytes(),
                         (self.folder / "one.png").read_bytes())

    def test_a_signal_leaves_only_whole_pictures(self):
        self.fill(40)  # more than can be painted before the signal
        (self.folder / "out").mkdir()
        run = self.begin()
        self.assertTrue(self.wait_for(run, lambda: any(n.endswith(".png") for n in self.outputs())))
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, SIGINT_CODE, err)
        self.assertIn(b"not begun", err)
        self.assertEqual([n for n in self.outputs() if n.endswith(".lock")], [])

    def test_three_processes_share_a_folder(self):
        self.fill(9)
        (self.folder / "out").mkdir()
        runs = [self.begin() for _ in range(3)]
        errors = [run.communicate(timeout=300)[1].decode() for run in runs]
        self.assertEqual([run.returncode for run in runs], [0, 0, 0], errors)
        self.assertEqual(self.outputs(), [f"p{i:02}.png" for i in range(9)])
        wrote = sum((err.count("impasto: wrote out/") for err in errors))
        self.assertEqual(wrote, 9, errors)

    def test_a_lock_left_beside_a_finished_picture(self):
        self.fill(1)
        (self.folder / "out").mkdir()
        self.assertIn("1 painted", self.batch().stderr)
        self.write("out/p00.png.lock", f"{socket.gethostname()} 999999\n")
        self.assertIn("1 there already", self.batch().stderr)
        self.assertEqual(self.outputs(), ["p00.png"])

    def test_a_lock_of_another_machine(self):
        self.fill(1)
        (self.folder / "out").mkdir()
        lock = self.write("out/p00.png.lock", "elsewhere 1\n")
        run = self.batch()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("1 with another process", run.stderr)
        self.assertIn("p00.png.lock", run.stderr)
        os.utime(lock, (1, 1))  # nobody has touched it for long
        self.assertIn("1 painted", self.batch().stderr)
        self.assertEqual(self.outputs(), ["p00.png"])

    def test_two_devices(self):
        self.fill(6)
        (self.folder / "out").mkdir()
        env = {"POCL_DEVICES": "pthread pthread"}
        run = self.batch("--device", "0,1", env=env)
        if "device" in run.stderr and run.returncode == 4:
            self.skipTest("the platform has one device: " + run.stderr)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("device 1", run.stderr)
        self.assertIn("6 pictures: 6 painted", run.stderr)
        self.succeed("in/p05.png", "style.png", *CHEAP, "-o", "one.png", "--device", "1", env=env)
        self.assertEqual((self.folder / "out/p05.png").read_bytes(),
                         (self.folder / "one.png").read_bytes())

    def test_no_threads(self):
        """With stacks that no address space has room for, which glibc sizes by this limit."""
        self.fill(2)
        (self.folder / "out").mkdir()

        def limit():
            resource.setrlimit(resource.RLIMIT_STACK, (1 << 47, resource.RLIM_INFINITY))

        if resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY:
            self.skipTest("stacks are limited")
        run = self.batch("--device", "0,1", preexec_fn=limit)
        self.assertEqual(run.returncode, MEMORY, run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], "no thread .*device 0: .*; name fewer devices")
        self.assertIn("2 pictures: 2 not begun", run.stderr)
        self.assertEqual(self.outputs(), [])


if __name__ == "__main__":
    unittest.main()
