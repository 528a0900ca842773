# SPDX-License-Identifier: MIT
"""Lists of pictures and settings files as shells, Windows' editors and file managers write them."""

import json
import os
import pathlib
import subprocess
import unittest
import urllib.parse

from support import CHEAP, INPUT, Case, png

NAMES = ["a.png", "two words.png", " blanks .png", "#1.png", "100%.png", "it's.png", "\u00e4\u00df.png",
         "tab\there.png", '"quoted".png']


class Listed(Case):
    """Every picture has its result already, so that nothing is painted; what is not found fails."""

    def setUp(self):
        super().setUp()
        for folder in ["in", "out"]:
            (self.folder / folder).mkdir()
        for name in NAMES:
            self.add(name)

    def add(self, name):
        name = os.fsencode(name)
        stem = name.rsplit(b".", 1)[0] if b"." in name else name
        for folder, data, stem in [(b"in/", png(32, 24), name), (b"out/", b"there", stem + b".png")]:
            pathlib.Path(os.fsdecode(os.fsencode(self.folder) + b"/" + folder + stem)).write_bytes(data)

    def listed(self, data, count, words=("-",), **options):
        """The list must name so many pictures, all of which are there."""
        options |= {"stdin": subprocess.PIPE} if words == ("-",) else {}
        run = self.start(*(word for name in words for word in ("--batch", name)), "style.png", *CHEAP,
                         "-o", "out/{content}.png", **options)
        data = data.encode() if isinstance(data, str) else data
        _, err = run.communicate(data if words == ("-",) else None, timeout=120)
        err = err.decode(errors="replace")
        self.assertEqual(run.returncode, 0, err)
        self.assertIn(f"{count} pictures: {count} there already", err)
        return err


class Lists(Listed):
    def test_zeros_part_paths(self):
        """As from find -print0: line breaks, quotes and '#' are parts of names then."""
        self.add("line\nbreak.png")
        self.add("-o.png")
        names = NAMES + ["line\nbreak.png", "-o.png"]
        self.listed("".join(f"in/{name}\0" for name in names), len(names))
        self.listed("\0".join(f"in/{name}" for name in names), len(names))
        os.chdir(self.folder)
        self.addCleanup(os.chdir, "/")
        found = subprocess.run(["find", "in", "-type", "f", "-print0"], stdout=subprocess.PIPE, check=True)
        self.listed(found.stdout, len(names))

    def test_names_of_any_bytes(self):
        self.add(os.fsdecode(b"caf\xe9.png"))
        self.listed(b"in/caf\xe9.png\nin/a.png\n", 2)
        self.listed(b"in/caf\xe9.png\0in/a.png\0", 2)

    def test_lines_of_all_systems(self):
        names = [f"in/{name}" for name in NAMES]
        for end in ["\n", "\r\n", "\r", "\n\n", "\r\n\r\n", " \n", "\t\r\n"]:
            for last in [end, ""]:
                with self.subTest(end=end, last=last):
                    self.listed(end.join(names) + last, len(names))
        self.listed("# a remark\n\n  \n in/a.png\n\t# another\nin/two words.png  ", 2)

    def test_encodings_of_windows(self):
        text = "\r\n".join(f"in/{name}" for name in NAMES) + "\r\n"
        for data in [text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("utf-16-le"),
                     text.encode("utf-16-be"), b"\xfe\xff" + text.encode("utf-16-be")]:
            with self.subTest(data[:8]):
                self.listed(data, len(NAMES))
                self.write("list.txt", data)
                self.listed(b"", len(NAMES), words=("list.txt",))
        self.add("\U0001f5bc.png")
        self.listed("in/\U0001f5bc.png".encode("utf-16"), 1)

    def test_one_letter_names_between_zeros(self):
        for name in "abc":
            self.add(name)
        os.chdir(self.folder)
        self.addCleanup(os.chdir, "/")
        for name in "abc":
            os.link(f"in/{name}", name)
        self.listed(b"a\0b\0c\0", 3)

    def test_quotes_and_addresses(self):
        path = str(self.folder / "in" / "two words.png")
        for line in [f'"{path}"', f"'{path}'", f' "{path}" ', "file://" + urllib.parse.quote(path),
                     "file://localhost" + urllib.parse.quote(path), "file:" + urllib.parse.quote(path),
                     "FILE://" + urllib.parse.quote(path), '"in/two words.png"',
                     f'"file://{urllib.parse.quote(path)}"']:
            with self.subTest(line):
                self.listed(line + "\r\n", 1)
        self.listed("file://" + urllib.parse.quote(str(self.folder / "in" / "100%.png")), 1)
        (self.home / "p.png").write_bytes(png(32, 24))
        self.write("out/p.png", "there")
        self.listed("~/p.png\n", 1)

    def test_folders_in_lists(self):
        self.listed("in\n", len(NAMES))
        self.listed("in/\0", len(NAMES))

    def test_named_twice(self):
        self.listed("in/a.png\nin\n./in/a.png\nin/two words.png\n", len(NAMES))

    def refuse_list(self, words, data, name="list.txt"):
        self.write(name, data)
        run = self.impasto("--batch", name, "style.png", *CHEAP, "-o", "out/{content}.png")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word, run.stderr)
        self.assertTrue(run.stderr.splitlines()[-1].isprintable())

    def test_refusals(self):
        self.refuse_list(["list.txt", "UTF-32", "UTF-8"], "in/a.png".encode("utf-32"))
        self.refuse_list(["list.txt", "UTF-16", "UTF-8"], b"\xff\xfea\0b")
        self.refuse_list(["list.txt", "UTF-16", "UTF-8"], b"\xff\xfe\x00\xd8a\0")
        self.refuse_list("in list.txt", "\n# nothing\n\n")
        self.refuse_list("in list.txt", "")
        self.refuse_list("in list.txt", b"\0\0\0")
        self.refuse_list("in/none.png", "in/a.png\nin/none.png\n")
        # Something else than a list fails once, not with a message for each of its lines.
        self.refuse_list("1 of 1 pictures failed", bytes(range(256)) * 20, name="movie.bin")
        run = self.start("--batch", "-", "style.png", *CHEAP, stdin=subprocess.PIPE)
        _, err = run.communicate(png(32, 24), timeout=60)
        self.assertEqual(run.returncode, INPUT)
        self.assertIn(b"standard input: is no list of pictures", err)

    def test_an_endless_list(self):
        run = self.impasto("--batch", "/dev/zero", "style.png", *CHEAP)
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertIn("larger than a list can be", run.stderr)


class Words(Listed):
    def test_bytes_decide(self):
        """As in single runs, whatever the files' names."""
        for name in ["photo.jfif", "scan", "picture.txt", "x.PNG", "wrong.gif"]:
            self.add(name)
        err = self.listed("", len(NAMES) + 5, words=("in",))
        self.assertNotIn("passed over", err)
        for name in ["photo.jfif", "scan", "picture.txt"]:
            self.listed("", 1, words=(f"in/{name}",))
        self.listed("in/scan\nin/picture.txt\n", 2)

    def test_what_is_passed_over_is_told(self):
        for name in ["notes.txt", "film.mov", "b.xmp", "zz.raw", ".hidden.png", ".DS_Store"]:
            self.write(f"in/{name}", "none")
        (self.folder / "in" / "sub.png").mkdir()
        os.mkfifo(self.folder / "in" / "fifo")
        err = self.listed("", len(NAMES), words=("in",))
        self.assertIn("in: 4 files are passed over, not being pictures that can be read: ", err)
        self.assertIn(", ...\n", err)
        self.assertNotIn(".DS_Store", err)


class SettingsFiles(Listed):
    def test_encodings_of_windows(self):
        text = json.dumps({"content": "in/\u00e4\u00df.png", "style": "style.png", "size": 48},
                          ensure_ascii=False, indent=2).replace("\n", "\r\n") + "\r\n"
        for data in [text.encode("utf-8-sig"), text.encode("utf-16"), text.encode("utf-16-le"),
                     text.encode("utf-16-be"), text.encode()]:
            with self.subTest(data[:8]):
                self.write("s.json", data)
                self.succeed("--settings", "s.json", "--save-settings", "now.json")
                now = json.loads((self.folder / "now.json").read_text(encoding="utf-8"))
                self.assertEqual((now["content"], now["size"]), ("in/\u00e4\u00df.png", 48))

    def test_refusals(self):
        for data, words in [(b"\xef\xbb\xbf", "is empty"), (b"\xff\xfe", "is empty"),
                            ('{"size": 48}'.encode("utf-32"), "UTF-32"), (b"\xff\xfe{", "UTF-16"),
                            ('{"content": "\u00e4.png"}'.encode("latin-1"), "UTF-8")]:
            self.write("s.json", data)
            self.refuse(INPUT, ["s.json", words], "--settings", "s.json", cheap=False)


if __name__ == "__main__":
    unittest.main()
