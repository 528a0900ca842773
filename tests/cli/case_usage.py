# SPDX-License-Identifier: MIT
"""What is said about the options, and values that are wrong by themselves."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from support import CHEAP, DEVICE, INPUT, OUTPUT, SHORT_PATIENCE, USAGE, Case, environment, png, program

# The rows of the table that the help is made of.
TABLE = pathlib.Path(__file__).resolve().parents[2] / "src/cli/options/options.c"
OPTIONS = re.findall(r'^    \{"([a-z0-9-]+)", (?:0|\'\w\'), "', TABLE.read_text(encoding="utf-8"), re.M)


class Help(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory() as home:
            cls.run_ = subprocess.run([program(), "--help"], capture_output=True, text=True,
                                      env=environment(home), timeout=SHORT_PATIENCE)
        cls.text = cls.run_.stdout

    def test_is_on_stdout(self):
        self.assertEqual((self.run_.returncode, self.run_.stderr), (0, ""))
        self.assertTrue(self.text.startswith("Usage: impasto CONTENT STYLE"))

    def test_fits_100_columns(self):
        self.assertEqual([line for line in self.text.splitlines() if len(line) > 100], [])
        self.assertNotIn("\t", self.text)

    def test_has_every_option(self):
        listed = re.findall(r"^  (?:-\w,|   ) --([a-z0-9-]+)", self.text, re.M)
        self.assertGreater(len(OPTIONS), 70)
        self.assertEqual(sorted(listed), sorted(OPTIONS))

    def test_explains_every_option(self):
        options = self.text[self.text.index("\nPictures:"):]
        for name in OPTIONS:
            text = re.search(rf" --{name}(?: [^ \n]+)?\n?( .*(?:\n {{30}}.*)*)", options).group(1)
            self.assertGreater(len(re.sub(r"\(.*?\)", "", text, flags=re.S).strip()), 8, name)

    def test_has_groups_defaults_and_exit_codes(self):
        self.assertGreaterEqual(len(re.findall(r"^[A-Z][a-z ]+:$", self.text, re.M)), 3)
        for default in ["(512)", "(60, with adam 100)", "(0.02)", "(relative)"]:
            self.assertIn(default, self.text)
        codes = self.text[self.text.index("Exit codes"):]
        for code in [*range(9), 130, 143]:
            self.assertRegex(codes, rf"\b{code}\b")


class HelpParts(Case):
    def test_one_page(self):
        run = self.succeed("-h")
        lines = run.stdout.splitlines()
        self.assertLessEqual(len(lines), 48)
        self.assertEqual([line for line in lines if len(line) > 100], [])
        for option in ["--output", "--size", "--preset", "--strength", "--batch", "--device", "--resume"]:
            self.assertRegex(run.stdout, rf"(?m)^  .*{option}\b")
        for words in ["--help lists all options", "--help GROUP", "pictures", "checkpoints", "exit codes"]:
            self.assertIn(words, run.stdout)

    def test_groups_and_options(self):
        everything = self.succeed("--help").stdout
        for word, title, option in [("look", "Look", "strength"), ("PICTURES", "Pictures", "batch"),
                                    ("network", "Network", "weights")]:
            out = self.succeed("--help", word).stdout
            self.assertTrue(out.startswith(f"\n{title}:\n"))
            self.assertRegex(out, rf"(?m)^      --{option}\b")
            self.assertIn(out, everything)
            self.assertEqual(out, self.succeed(f"--help={word}").stdout)
        self.assertIn("wrong usage", self.succeed("--help", "exit codes").stdout)
        self.assertIn("IMPASTO_DEVICE", self.succeed("--help", "environment").stdout)
        for word in ["size", "--size"]:
            out = self.succeed("--help=" + word).stdout
            self.assertEqual(re.findall(r"--([a-z-]+) ", out), ["size"])
            self.assertIn(out, everything)
        self.assertEqual(self.succeed("--help", "-q").stdout, everything)

    def test_unknown_groups(self):
        for word, words in [("lok", "did you mean look?"), ("deviec", "did you mean device?"),
                            ("xyzzy", "pictures, look, network, device")]:
            run = self.impasto("--help", word)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
            self.assertIn(words, run.stderr)


class Usage(Case):
    def test_version(self):
        self.assertRegex(self.succeed("--version").stdout, r"^impasto \d+\.\d+\.\d+\n$")

    def test_a_full_stdout_is_noticed(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        for option in ["--help", "--version", "--list-devices"]:
            with self.subTest(option), open("/dev/full", "wb") as full:
                run = self.impasto(option, stdout=full)
                self.assertEqual(run.returncode, OUTPUT, run.stderr)
                self.assertIn("standard output", run.stderr)

    def test_closed_streams(self):
        """No file that is opened instead gets what would be said, and nothing passes for said or read."""

        def close(*numbers):
            return {"preexec_fn": lambda: [os.close(number) for number in numbers]}

        for numbers in [(2,), (0, 1, 2)]:
            with self.subTest(numbers):
                (self.folder / "trace.jsonl").unlink(missing_ok=True)
                self.stylise("-o", "out.png", "--trace", "trace.jsonl", **close(*numbers))
                self.assertEqual([line["type"] for line in self.trace()],
                                 ["run", *3 * ["iteration"], "done"])
        run = self.impasto("--version", **close(1))
        self.assertEqual((run.returncode, run.stdout), (OUTPUT, ""))
        run = self.impasto("--batch", "-", "style.png", *CHEAP, **close(0))
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("standard input: cannot be read", run.stderr)

    def test_pictures_are_missing_or_too_many(self):
        self.refuse(USAGE, "--help", pictures=())
        self.refuse(USAGE, ["content.png", "style picture"], pictures=["content.png"])
        self.refuse(INPUT, "third.png", pictures=["content.png", "style.png", "third.png"])
        self.refuse(USAGE, "64 style pictures", pictures=["content.png"] + 65 * ["style.png"])
        self.refuse(USAGE, "empty", pictures=["content.png", ""])

    def test_unknown_options(self):
        self.refuse(USAGE, ["--iteration", "did you mean --iterations?"], "--iteration", "3")
        self.refuse(USAGE, ["--learnin-rate", "--learning-rate"], "--learnin-rate=1")
        self.refuse(USAGE, ["--iter", "did you mean --iterations?"], "--iter", "3")
        self.refuse(USAGE, ["--xyzzy", "--help"], "--xyzzy")
        self.refuse(USAGE, "-z", "-z")
        self.refuse(USAGE, "-qx", "-qx")

    def test_values_are_missing_or_superfluous(self):
        self.refuse(USAGE, ["--size", "value"], "--size")
        self.refuse(USAGE, ["--trace", "value"], "--trace", "--quiet")
        self.refuse(USAGE, ["--trace", "empty"], "--trace=")
        self.refuse(USAGE, ["--quiet", "no value"], "--quiet=yes")
        self.refuse(USAGE, ["--json", "--list-devices"], "--json")

    def test_both_spellings_of_a_value(self):
        self.refuse(USAGE, "'12x'", "--size", "12x")
        self.refuse(USAGE, "'12x'", "--size=12x")

    def test_unknown_words_list_the_known_ones(self):
        for option, known in {
            "losses": ["relative", "gatys"],
            "pooling": ["max", "avg"],
            "padding": ["zero", "replicate"],
            "optimizer": ["adam", "lbfgs"],
            "convention": ["auto", "caffe", "torchvision"],
            "bits": ["8", "16"],
            "progress": ["json"],
            "metadata": ["private", "keep", "none"],
            "size": ["source", "16", "16384"],
            "style-size": ["source", "auto"],
        }.items():
            with self.subTest(option):
                self.refuse(USAGE, [f"--{option}", "'nosuch'", *known], f"--{option}", "nosuch")

    def test_unknown_presets_and_algorithms_list_the_known_ones(self):
        for option, known in {"preset": ["default", "quick", "classic"],
                              "conv": ["auto", "winograd4", "winograd4x8", "winograd2", "direct", "im2col"],
                              "gemm": ["auto", "clblast", "builtin"]}.items():
            with self.subTest(option):
                self.refuse(USAGE, ["nosuch", *known], f"--{option}", "nosuch", early=False)

    def test_says_nothing_that_a_terminal_obeys(self):
        # Controls of one byte and of two, and bytes that are no UTF-8; found by fuzzing.
        for name in (b"\xc2\x9b2J", b"\x9b2J", b"\x1b[2J", b"o\xce\xceptimizer", b"\xed\xa0\x80"):
            with self.subTest(name):
                line = self.refuse(USAGE, "unknown option --", os.fsdecode(b"--" + name))
                self.assertTrue(line.isprintable(), line)
        self.write("key.json", '{"\\u009b2J": 1}')
        line = self.refuse(INPUT, "is no setting", "--settings", "key.json")
        self.assertTrue(line.isprintable(), line)


class Numbers(Case):
    FLOATS = ["style-scale", "learning-rate", "beta1", "beta2", "epsilon", "content-weight",
              "style-weight", "tv-weight"]
    WHOLE = ["size", "style-size", "iterations", "seed", "margin", "save-every", "max-pixels",
             "history", "timelapse-every",
             "progress-fd", "progress-preview"]

    def test_sizes_of_memory(self):
        for value in ["nan", "inf", "x", "1X", "15M", "0", "-1G", "1e3000", "65T", "1 G", "0x10000000"]:
            with self.subTest(value):
                self.refuse(USAGE, ["--memory", f"'{value}'", "1.5GiB"], "--memory", value)

    def refuse_number(self, option, value):
        with self.subTest(option=option, value=value):
            self.refuse(USAGE, [f"--{option}", f"'{value}'", "number"], f"--{option}", value)

    def test_no_number_at_all(self):
        for option in self.FLOATS + self.WHOLE:
            for value in ["nan", "inf", "1x", "x", " 1", "1 ", "1,5"]:
                self.refuse_number(option, value)

    def test_negative(self):
        for option in self.FLOATS + self.WHOLE:
            self.refuse_number(option, "-1")

    def test_whole_numbers_only(self):
        for option in self.WHOLE:
            self.refuse_number(option, "1.5")
            self.refuse_number(option, "99999999999999999999")

    def test_limits_are_shown(self):
        for option, value, limits in [
            ("size", "15", ["16", "16384"]),
            ("size", "16385", ["16", "16384"]),
            ("style-scale", "0.04", ["0.05", "20"]),
            ("iterations", "1000001", ["0", "1000000"]),
            ("learning-rate", "0", ["above 0", "10"]),
            ("learning-rate", "10.5", ["above 0", "10"]),
            ("beta1", "1", ["below 1"]),
            ("beta2", "0.99999999999", ["below 1"]),
            ("epsilon", "0", ["above 0"]),
            ("epsilon", "1e-60", ["above 0"]),
            ("content-weight", "1e39", []),
            ("margin", "129", ["0", "128"]),
            ("history", "0", ["1", "100"]),
            ("history", "101", ["1", "100"]),
            ("save-every", "0", ["1"]),
        ]:
            with self.subTest(option=option, value=value):
                self.refuse(USAGE, [f"--{option}", f"'{value}'", *limits], f"--{option}", value)

    def test_the_locale_does_not_matter(self):
        self.refuse(USAGE, "'0,5'", "--style-scale", "0,5", env={"LC_ALL": "de_DE.UTF-8"})


class Layers(Case):
    def test_hints(self):
        for text, words in {
            "conv4_9": ["conv4_9", "conv4_1", "conv4_4"],
            "conv6_1": ["conv6_1", "conv5_4"],
            "conv42": ["conv42", "did you mean conv4_2?"],
            "blok4_conv2": ["did you mean conv4_2?"],
            "pool5": ["pool5", "conv1_1"],
            "conv4_2:": ["conv4_2"],
            "conv4_2:-1": ["conv4_2:-1", "above 0"],
            "conv4_2:nan": ["above 0", "finite"],
            "conv4_2:0": ["above 0"],
            "conv4_2,4_2": ["twice"],
            "conv4_2,": ["empty"],
        }.items():
            for option in ["--content-layers", "--style-layers"]:
                with self.subTest(option=option, text=text):
                    self.refuse(USAGE, [option, *words], option, text)


class Outputs(Case):
    """What could not be written at the end is refused at the start."""

    FILES = {"-o": "x.png", "--trace": "x.jsonl", "--gradient": "x.f32",
             "--export-weights": "x.safetensors", "--save-settings": "x.json"}

    def refuse_target(self, words, name):
        for option, usual in self.FILES.items():
            path = name + (".png" if option == "-o" and not name.endswith("/") else "")
            with self.subTest(option=option, name=path):
                self.refuse(OUTPUT, words, option, path)

    def test_folders(self):
        (self.folder / "sub").mkdir()
        (self.folder / "sub.png").mkdir()
        for option in ("--trace", "--gradient"):  # -o takes the usual name in it: case_formats
            self.refuse(OUTPUT, "folder", option, "sub")
            self.refuse(OUTPUT, "folder", option, "sub/")
        self.refuse_target(["missing", "no such file"], "missing/x")
        self.refuse_target("not a", "content.png/x")

    def test_pipes_and_devices(self):
        for name in ["fifo", "fifo.png"]:
            os.mkfifo(self.folder / name)
        for name in ["null", "null.png"]:
            (self.folder / name).symlink_to("/dev/null")
        self.refuse_target(["fifo", "not a regular file"], "fifo")
        self.refuse_target(["null", "not a regular file"], "null")

    def test_links_to_nothing(self):
        for name in ["link", "link.png"]:
            (self.folder / name).symlink_to("nothing")
        self.refuse_target("link", "link")

    def test_formats(self):
        self.refuse(USAGE, ["x.gif", ".png", ".jpg"], "-o", "x.gif")
        self.refuse(USAGE, ["16", "x.jpg"], "-o", "x.jpg", "--bits", "16")
        self.refuse(USAGE, "--format", "-o", "-")

    def test_an_input_is_never_written_to(self):
        os.link(self.folder / "content.png", self.folder / "hard.png")
        (self.folder / "soft.png").symlink_to("style.png")
        for name in ["content.png", "./style.png", "hard.png", "soft.png", "home/../content.png"]:
            for option in ["-o", "--trace", "--gradient"]:
                with self.subTest(name=name, option=option):
                    self.refuse(OUTPUT, [name, "input"], option, name)

    def test_the_pictures_of_a_sequence(self):
        """Their names, of which the first may be an input's and a later one a folder's."""
        self.write("seq-0001.png", png(24, 32))
        (self.folder / "row-0003.png").mkdir()
        way = ["--interpolate", "3", "--trace", "all-0002.png", "-o"]
        for name, words, pictures in [
            ("seq.png", ["seq-0001.png", "input"], ["content.png", "seq-0001.png", "style.png"]),
            ("row.png", ["row-0003.png", "folder"], ["content.png", "style.png", "style.png"]),
            ("all.png", ["all-0002.png", "two outputs"], ["content.png", "style.png", "style.png"]),
        ]:
            with self.subTest(name):
                self.refuse(OUTPUT, words, *way, name, pictures=pictures)

    def test_two_outputs_are_two_files(self):
        self.refuse(OUTPUT, "two outputs", "--trace", "new.txt", "--gradient", "new.txt")
        self.refuse(OUTPUT, "two outputs", "--trace", "new.txt", "--gradient", "./new.txt")
        self.refuse(OUTPUT, "two outputs", "--trace", "out.png")
        self.refuse(OUTPUT, "two outputs", "-o", "new.png", "--trace", str(self.folder / "new.png"))

    def test_unwritable_folder(self):
        (self.folder / "locked").mkdir()
        if os.geteuid() != 0:
            (self.folder / "locked").chmod(0o555)
            self.addCleanup((self.folder / "locked").chmod, 0o755)
            self.refuse(OUTPUT, "locked", "-o", "locked/x.png")
            return
        # Root may write anywhere.
        self.refuse(OUTPUT, "locked", "-o", "locked/x.png", **self.somebody())


class Meant(Case):
    """Words that a person meant for something else than they would become: told before any work."""

    def test_what_follows_a_name(self):
        for style, words in {"style.png:0,5": ["'0,5' is no weight", "style.png:0.5"],
                             "style.png:0": ["'0' is no weight"], "style.png:50%": ["no weight"],
                             "style.png:": ["no weight"], "style.png:x": ["no weight"],
                             "style.png#ff0000": ["takes no colour", "#ff0000"]}.items():
            self.refuse(USAGE, [style, *words], pictures=("content.png", style))
        for option, value, words in [
            ("--content-mask", "style.png#ff00", ["'ff00' is no colour", "style.png#ff0000"]),
            ("--content-mask", "style.png#red", ["'red' is no colour"]),
            ("--content-mask", "style.png#ff0000:0,5", ["style.png#ff0000"]),
            ("--style-mask", "style.png:0.5", ["--style-mask takes no weight", ":0.5"]),
            ("--keep", "style.png#", ["no colour"]),
        ]:
            self.refuse(USAGE, [value, *words], option, value)
        # Names that are so are names.
        for name in ["a:0,5.png", "b#red.png", "c.png:0,5"]:
            self.write(name, png(24, 32))
            self.succeed("content.png", name, *CHEAP, "-o", "out.png", "-q")

    def test_words_that_are_no_files(self):
        for option, value, words in [
            ("--init", "nois", "did you mean noise?"), ("--init", "Content", "did you mean content?"),
            ("--init", "random", "content, noise, gray, or a file"),
            ("--weights", "buildin", "did you mean builtin?"),
            ("--style-mask", "non", "did you mean none?"), ("--content-mask", "none", "leave the option out"),
            ("--keep", "none", "leave the option out"),
        ]:
            self.refuse(USAGE, [option, f"'{value}'", words], option, value)
        self.refuse(INPUT, "start.png: cannot be opened", "--init", "start.png")
        self.write("nois", png(32, 24))
        self.stylise("-o", "x.png", "--init", "nois")

    def test_folders_for_pictures(self):
        self.refuse(INPUT, ["home: is a folder", "--batch"], pictures=("home", "style.png"))
        self.refuse(INPUT, "home: is a folder", pictures=("content.png", "home"))

    def test_dashes_and_commas(self):
        self.refuse(USAGE, ["-size", "did you mean --size?"], "-size", "32")
        self.refuse(USAGE, ["-output", "did you mean --output?"], "-output", "x.png")
        self.refuse(USAGE, ["-iterations=3", "did you mean --iterations?"], "-iterations=3")
        self.refuse(USAGE, ["--strength", "'0,5'", "a point for the comma"], "--strength", "0,5")
        self.refuse(DEVICE, "did you mean gpu?", "--device", "gup", early=False)

    def test_other_spellings(self):
        self.refuse(USAGE, ["--colour", "'x'"], "--color", "x")
        self.stylise("-o", "a.png", "--color", "luma", "--optimiser", "adam", "--init", "grey")
        self.stylise("-o", "b.png", "--colour", "luma", "--optimizer", "adam", "--init", "gray")
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())


class Streams(Case):
    def test_a_trace_on_standard_output(self):
        run = self.succeed("content.png", "style.png", *CHEAP, "-o", "out.png", "--trace", "-")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        self.assertEqual([line["type"] for line in lines], ["run", *3 * ["iteration"], "done"])
        self.assertFalse((self.folder / "-").exists())
        self.refuse(USAGE, ["--trace", "plan"], "--trace", "-", "--plan")

    def test_what_does_not_go_there(self):
        for option in ["gradient", "export-weights", "report", "checkpoint", "timelapse"]:
            self.refuse(USAGE, [f"--{option}", "./-"], f"--{option}", "-")


class Dashes(Case):
    """A dash by itself, wherever words stand: a picture, a value, or a word for what is wrong."""

    def test_everywhere(self):
        for words, code, said in [
                ("-", USAGE, "style picture"), ("- -", USAGE, "once"), ("- style.png", USAGE, "-o"),
                ("content.png -", USAGE, "-o"), ("-o x.png -- -", USAGE, "style picture"),
                ("-o x.png -- - -", USAGE, "once"), ("-o x.png content.png -- -", INPUT, "standard input"),
                ("-o x.png -- - style.png", INPUT, "standard input: is empty"),
                ("-o x.png -- content.png -", INPUT, "standard input: is empty"),
                ("-o x.png content.png --style -", INPUT, "standard input: is empty"),
                ("-o x.png content.png -:0.5", INPUT, "standard input: is empty"),
                ("-o x.png content.png -- -:0.5", INPUT, "standard input: is empty"),
                ("content.png style.png -o -", USAGE, "--format"),
                ("content.png style.png --size -", USAGE, "--size"), ("--size=- a b", USAGE, "--size"),
                ("content.png style.png --keep -", INPUT, "standard input"),
                ("-q --batch - style.png", INPUT, "standard input"), ("-q --batch - -- style.png", INPUT, "standard input"),
                ("-q --batch - --style style.png", INPUT, "standard input"),
                ("--batch - --batch - style.png", USAGE, "once"),
                ("--settings -", INPUT, "standard input: is empty"),
                ("--settings - content.png style.png", INPUT, "standard input: is empty"),
                ("--resume -", USAGE, "--resume"), ("-- content.png style.png -o", USAGE, "-o"),
                ("-- content.png style.png -q", USAGE, "-q"), ("-x", USAGE, "-x"), ("-:", USAGE, "style picture"),
                ("content.png -q-", USAGE, "-q-"), ("-=", USAGE, "-="), ("--=", USAGE, "--"),
        ]:
            with self.subTest(words):
                run = self.impasto(*words.split())
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(said, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


class Order(Case):
    """The cheap checks come first: a wrong option is told before a missing picture."""

    def test_options_before_pictures(self):
        self.refuse(USAGE, "--size", "--size", "x", pictures=["none.png", "style.png"])
        self.refuse(INPUT, "none.png", pictures=["none.png", "style.png"])

    def test_pictures_before_devices(self):
        self.refuse(INPUT, "none.png", "--device", "nosuch", pictures=["none.png", "style.png"])
