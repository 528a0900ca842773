# SPDX-License-Identifier: MIT
"""Commands: the first word, where it is exactly one; and the options that are their other names."""

import json

from support import CHEAP, INPUT, SHORT_PATIENCE, USAGE, Case, devices


class FirstWord(Case):
    def refused(self, words, *arguments):
        run = self.impasto(*arguments, timeout=SHORT_PATIENCE)
        self.assertEqual(run.returncode, USAGE, run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        self.assertIn(words, run.stderr)

    def test_help_names_them(self):
        for word in ("--help", "-h"):
            page = self.succeed(word).stdout
            for name in ("paint", "devices", "weights"):
                self.assertRegex(page, rf"(?m)^  {name} +[a-z]")
        self.assertTrue(self.succeed("devices", "--help").stdout.startswith("Usage: impasto devices"))
        self.assertEqual(self.succeed("paint", "--help").stdout, self.succeed("--help").stdout)

    def test_help_about_them(self):
        for name in ("paint", "devices"):
            self.assertEqual(self.succeed("--help", name).stdout, self.succeed(name, "--help").stdout)
        page = self.succeed("--help", "weights").stdout
        self.assertIn("--weights FILE", page)
        self.assertIn("see impasto weights --help", page)

    def test_near_ones(self):
        for word, meant in (("device", "devices"), ("pant", "paint"), ("weigth", "weights")):
            self.refused(f"{word}: neither a picture nor a command; did you mean impasto {meant}?", word,
                         "style.png")
        # A file, or what looks like one, is a picture.
        for word in ("device.png", "./device", "elephant"):
            run = self.impasto(word, "style.png", timeout=SHORT_PATIENCE)
            self.assertEqual(run.returncode, INPUT, run.stderr)

    def test_pictures_of_such_names(self):
        self.write("devices", (self.folder / "content.png").read_bytes())
        for name in ("paint", "weights"):
            self.write(name, (self.folder / "content.png").read_bytes())
        for name in ("devices", "paint", "weights"):
            self.refused(f"to paint the picture '{name}', write ./{name}", name, "style.png")
        self.succeed("./devices", "style.png", *CHEAP, "-o", "b.png")
        self.succeed("-q", "devices", "style.png", *CHEAP, "-o", "a.png")
        self.succeed("paint", "devices", "style.png", *CHEAP, "-o", "c.png")
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "c.png").read_bytes())

    def test_paint(self):
        self.stylise("-o", "a.png")
        self.succeed("paint", "content.png", "style.png", *CHEAP, "-o", "b.png")
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())
        self.refused("must follow the content", "paint", "content.png")


class Devices(Case):
    def test_list(self):
        self.assertEqual(self.succeed("devices").stdout, self.succeed("--list-devices").stdout)
        self.assertEqual(json.loads(self.succeed("devices", "--json").stdout), devices())

    def test_self_test(self):
        for words in (["devices", "--self-test"], ["--self-test"]):
            run = self.impasto(*words, "--device", "no such one")
            self.assertIn("no such one", run.stderr)
            self.assertEqual(run.returncode, 4)
        lines = self.impasto("devices", "--tune", "--device", "no such one", "--progress",
                             "json").stdout.splitlines()
        self.assertEqual(json.loads(lines[-1])["event"], "error")

    def test_words_that_do_not_fit_as_json(self):
        for words in (["--progress", "json", "--bogus"], ["--bogus", "--progress=json"],
                      ["--tune", "--progress", "json", "extra"], ["--self-test", "--progress=json", "-x"]):
            with self.subTest(words):
                run = self.impasto("devices", *words, timeout=SHORT_PATIENCE)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                line, = map(json.loads, run.stdout.splitlines())
                self.assertEqual((line["event"], line["code"]), ("error", USAGE))
                self.assertEqual(run.stderr, f"impasto: {line['text']}\n")
        for words in (["--bogus", "--progress", "jso"], ["--bogus", "--", "--progress", "json"],
                      ["--progress", "json", "--progress-fd", "x"]):
            with self.subTest(words):
                run = self.impasto("devices", *words, timeout=SHORT_PATIENCE)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))

    def test_words_that_do_not_fit(self):
        for words, complaint in ((["--json", "--self-test"], "leave out --self-test"),
                                 (["--json", "--tune"], "leave out --tune"),
                                 (["--device", "0"], "--device goes with"),
                                 (["--progress", "json"], "standard output is for the list"),
                                 (["--self-test", "--progress", "json"], "is for --self-test"),
                                 (["--progress-fd", "3"], "goes with --progress json"),
                                 (["--size", "3"], "not an option of impasto devices"),
                                 (["0"], "takes no such word"),
                                 (["--list-devices"], "not an option of impasto devices")):
            with self.subTest(words):
                run = self.impasto("devices", *words, timeout=SHORT_PATIENCE)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn(complaint, run.stderr)
                self.assertEqual(run.stdout, "")
