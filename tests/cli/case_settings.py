# SPDX-License-Identifier: MIT
"""Settings that travel: in pictures, in files, and back."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import time

from support import CHEAP, DEVICE, INPUT, OUTPUT, USAGE, Case, first_layer, png, png_chunk


def chunks(path):
    data, at = path.read_bytes(), 8
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        yield kind, data[at + 8:at + 8 + length]
        at += 12 + length


def texts(path):
    """{keyword: text} of tEXt and uncompressed iTXt chunks."""
    found = {}
    for kind, body in chunks(path):
        if kind == b"tEXt":
            keyword, text = body.split(b"\0", 1)
            found[keyword.decode()] = text.decode("latin-1")
        if kind == b"iTXt":
            keyword, rest = body.split(b"\0", 1)
            assert rest[:4] == bytes(4)  # not compressed, no language, no other keyword
            found[keyword.decode()] = rest[4:].decode()
    return found


class Settings(Case):
    def path(self, name):
        return self.folder / name

    def record(self, name="out.png"):
        return json.loads(texts(self.path(name))["Impasto"])

    def bytes(self, name):
        return self.path(name).read_bytes()

    def sha256(self, name):
        return hashlib.sha256(self.bytes(name)).hexdigest()

    def assert_same(self, a, b):
        self.assertEqual(texts(self.path(a)), texts(self.path(b)))
        self.assertEqual(self.bytes(a), self.bytes(b))

    def has_hashes(self):
        self.stylise("-o", "probe.png", "--iterations", "0")
        return "sha256" in self.record("probe.png")["inputs"]["content"]


class Record(Settings):
    def test_what_is_in_it(self):
        self.stylise("-o", "out.png", "--style-scale", "0.7", "--trace", "trace.jsonl")
        self.assertRegex(texts(self.path("out.png"))["Software"], r"^Impasto \d+\.\d+\.\d+$")
        record, run = self.record(), self.trace()[0]
        self.assertEqual(list(record), ["impasto", "device", "inputs", "settings"])
        self.assertEqual(record["impasto"], run["version"])
        self.assertEqual(record["device"], {key: run["device"][key]
                                            for key in ["name", "platform", "driver"]})
        self.assertEqual(record["inputs"], run["inputs"])
        self.assertEqual(record["inputs"]["weights"],
                         {"name": "builtin", "version": 3})
        settings = record["settings"]
        for name, value in {
            "content": "content.png", "style": ["style.png"], "size": 32, "style-size": "auto",
            "style-scale": 0.7, "iterations": 2, "style-layers": {"conv1_1": 1, "conv2_1": 1},
            "weights": "builtin", "bits": "8", "seed": 0, "beta1": 0.9, "conv": "auto",
        }.items():
            with self.subTest(name):
                self.assertEqual(settings[name], value)
        # All that decides the result, as in the trace, but for what stays at home.
        expected = {name for name, value in run["settings"].items() if value not in (None, [])}
        self.assertEqual(set(settings), expected - {"device", "preset"} | {"content", "style"})
        # The shortest numbers, not 0.699999988.
        self.assertIn('"style-scale":0.7,', texts(self.path("out.png"))["Impasto"])

    def test_hashes(self):
        if not self.has_hashes():
            self.skipTest("SHA-256 is not compiled in")
        self.write("start.png", png(40, 30))
        self.write("w.safetensors", first_layer())
        self.succeed("content.png", "style.png", "-o", "out.png", "--size", "32", "--iterations",
                     "1", "--weights", "w.safetensors", "--init", "start.png")
        expected = {name: {"name": file, "sha256": self.sha256(file)} for name, file in {
            "content": "content.png", "style": "style.png", "weights": "w.safetensors",
            "init": "start.png"}.items()}
        expected["style"] = [expected["style"]]
        self.assertEqual(self.record()["inputs"], expected)

    def test_hashes_on_two_devices(self):
        """Of files that take longer to hash than to paint, so that both hash at the same time."""
        if not self.has_hashes():
            self.skipTest("built without nettle")
        for name in ["in", "out"]:
            self.path(name).mkdir()
        for i in range(6):
            self.write(f"in/p{i}.png", png(32, 24) + bytes([i]) * (8 << 20))
        run = self.impasto("--batch", "in", "style.png", *CHEAP, "-o", "out/{content}.png",
                           "--device", "0,1", env={"POCL_DEVICES": "pthread pthread"})
        if "device" in run.stderr and run.returncode == DEVICE:
            self.skipTest("the platform has one device: " + run.stderr)
        self.assertEqual(run.returncode, 0, run.stderr)
        for i in range(6):
            inputs = self.record(f"out/p{i}.png")["inputs"]
            self.assertEqual(inputs["content"], {"name": f"in/p{i}.png",
                                                 "sha256": self.sha256(f"in/p{i}.png")})
            self.assertEqual(inputs["style"][0]["sha256"], self.sha256("style.png"))

    def test_folders_stay_private(self):
        """Of absolute paths, only the names; relative ones lead to the files from here."""
        (self.folder / "sub").mkdir()
        shutil.copy(self.path("style.png"), self.path("sub/style.png"))
        self.write("start.png", png(16, 12))
        self.write("w.safetensors", first_layer())
        self.succeed(self.path("content.png"), "sub/style.png", "-o", self.path("out.png"),
                     "--size", "32", "--iterations", "1", "--init", self.path("start.png"),
                     "--weights", self.path("w.safetensors"))
        text, settings = texts(self.path("out.png"))["Impasto"], self.record()["settings"]
        self.assertNotIn(str(self.folder), text)
        self.assertEqual((settings["content"], settings["style"], settings["init"],
                          settings["weights"]),
                         ("content.png", ["sub/style.png"], "start.png", "w.safetensors"))

    def test_folders_of_any_system_stay_private(self):
        """What begins with a drive, a server, a home or a scheme, or leads up from here."""
        deep = self.folder / "secret" / "below"
        deep.mkdir(parents=True)
        style = self.bytes("style.png")
        for name, shown in [
            ("../../style.png", "style.png"), ("./../../secret/s.png", "s.png"),
            ("sub/../s.png", "s.png"), ("C:\\Users\\secret\\s.png", "s.png"),
            ("\\\\server\\secret\\s.png", "s.png"), ("..\\..\\secret\\s.png", "s.png"),
            ("D:/secret/s.png", "s.png"), ("~/secret/s.png", "s.png"), ("file:/secret//s.png", None),
            ("~secret.png", "~secret.png"), ("sub/s.png", "sub/s.png"), ("..s/s.png", "..s/s.png"),
            ("a\\b.png", "a\\b.png"), ("./s.png", "./s.png"),
        ]:
            path = deep / name
            (deep / "sub").mkdir(exist_ok=True)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(style)
            with self.subTest(name):
                self.succeed(self.path("content.png"), name, *CHEAP, "--iterations", "0", "-o",
                             self.path("out.png"), cwd=deep)
                record = self.record()
                self.assertEqual(record["settings"]["style"], [shown or name])
                self.assertEqual(record["inputs"]["style"][0]["name"], shown or name)

    def test_weights_that_were_found(self):
        """They have a name and a hash, but are to be found again, not asked for."""
        self.write("w.safetensors", first_layer())
        env = {"IMPASTO_WEIGHTS": str(self.path("w.safetensors"))}
        self.succeed("content.png", "style.png", "-o", "out.png", "--size", "32", "--iterations",
                     "1", env=env)
        self.assertNotIn("weights", self.record()["settings"])
        self.assertEqual(self.record()["inputs"]["weights"]["name"], "w.safetensors")
        run = self.succeed("--settings", "out.png", "-o", "again.png", "-q", env=env)
        self.assertEqual(run.stderr, "")
        self.assert_same("out.png", "again.png")
        # Without them there are others, which is said.
        run = self.impasto("--settings", "out.png", "-o", "again.png", "-q")
        self.assertRegex(run.stderr, r"warning: the weights are builtin; out\.png was made with "
                                     r"w\.safetensors")

    def test_jpeg_has_none(self):
        self.stylise("-o", "out.jpg")
        self.assertNotIn(b"inputs", self.bytes("out.jpg"))
        self.refuse(INPUT, ["out.jpg", "JPEG", "PNG"], "--settings", "out.jpg")

    def test_names_of_any_bytes(self):
        names = ["Gr\u00fc\u00dfe \u2026.png", "odd\x7f\u009b\n.png", "quote\"back\\.png"]
        for name in names + [os.fsdecode(b"latin\xff.png")]:
            with self.subTest(name):
                shutil.copy(self.path("content.png"), self.path(name))
                self.succeed(name, "style.png", *CHEAP, "-o", "out.png")
                # A byte that is not UTF-8 stands as a character of its own, and comes back as it was.
                recorded = name if name in names else "latin\uefff.png"
                self.assertEqual(self.record()["settings"]["content"], recorded)
                self.succeed("--settings", "out.png", "-o", "again.png")
                self.assert_same("out.png", "again.png")


class RoundTrip(Settings):
    def test_the_same_bytes(self):
        self.write("start.png", png(40, 30))
        for extra in [
            [],
            ["--init", "noise", "--seed", "9007199254740991", "--bits", "16"],
            ["--init", "start.png", "--tv-weight", "0.123456789", "--learning-rate", "0.07"],
            ["--preset", "classic", "--style-size", "24", "--epsilon", "3.4e-8"],
            ["--style-layers", "1_1:0.3333333,1_2:1e-7", "--losses", "gatys", "--pooling", "max"],
            ["--memory", "100M", "--conv", "direct", "--margin", "3"],
            ["--optimizer", "lbfgs", "--history", "4", "--iterations", "6"],
        ]:
            with self.subTest(extra):
                self.stylise("-o", "a.png", *extra)
                run = self.succeed("--settings", "a.png", "-o", "b.png", "-q")
                self.assertEqual((run.stdout, run.stderr), ("", ""))
                self.assert_same("a.png", "b.png")

    def test_as_json(self):
        self.stylise("-o", "a.png", "--style-scale", "0.7", "--preset", "quick")
        self.write("record.json", texts(self.path("a.png"))["Impasto"])
        self.write("alone.json", json.dumps(self.record("a.png")["settings"], indent=1))
        self.succeed("--settings", "a.png", "--save-settings", "saved.json")
        for name in ["record.json", "alone.json", "saved.json"]:
            with self.subTest(name):
                self.succeed("--settings", name, "-o", "b.png")
                self.assert_same("a.png", "b.png")

    def test_an_interrupted_run(self):
        """A picture saved on the way is that of a run with so many iterations."""
        run = self.start("content.png", "style.png", *CHEAP, "-o", "a.png", "--save-every", "1",
                         "--iterations", "1000000", "--optimizer", "adam")
        while run.poll() is None and not self.path("a.png").exists():
            time.sleep(0.005)
        run.kill()
        run.communicate()
        self.assertLess(self.record("a.png")["settings"]["iterations"], 1000000)
        self.succeed("--settings", "a.png", "-o", "b.png")
        self.assert_same("a.png", "b.png")

    def test_many_pictures(self):
        """Styles with weights, regions, what is kept, and the way from one style to the next."""
        self.write("other.png", png(24, 32, lambda x, y: (x * 9 % 256, 30, 255 * (y // 3 % 2))))
        self.write("left.png", png(32, 24, lambda x, y: (255,) * 3 if x < 16 else (0,) * 3))
        self.write("map.png", png(32, 24, lambda x, y: (255, 0, 0) if x < 16 else (0, 0, 255)))
        self.write("style-left.png", png(24, 32, lambda x, y: (255 * (x < 12),) * 3))
        for extra in [
            ["--content-mask", "map.png#ff0000", "--content-mask", "map.png#0000FF:2",
             "--style-mask", "none", "--style-mask", self.path("style-left.png")],
            ["--keep", "left.png", "--colour", "luma", "--strength", "0.7", "--average", "0.9"],
            ["--scales", "24,32", "--first-iterations", "3", "--size", "40"],
        ]:
            with self.subTest(extra):
                self.succeed("content.png", "style.png:0.3", "other.png:2", *CHEAP, "-o", "a.png",
                             *extra)
                run = self.succeed("--settings", "a.png", "-o", "b.png", "-q")
                self.assertEqual(run.stderr, "")
                self.assert_same("a.png", "b.png")
        if self.has_hashes():
            self.assertEqual([style["sha256"] for style in self.record("a.png")["inputs"]["style"]],
                             [self.sha256("style.png"), self.sha256("other.png")])

    def test_masks_are_inputs(self):
        self.write("m ap.png", png(32, 24, lambda x, y: (255, 0, 0) if x < 16 else (0, 0, 255)))
        self.write("style-left.png", png(24, 32, lambda x, y: (255 * (x < 12),) * 3))
        mask = str(self.path("m ap.png")) + "#ff0000:3"
        self.stylise("--content-mask", mask, "--content-mask", "m ap.png#0000ff", "--style-mask",
                     "none", "--style-mask", "style-left.png", "-o", "a.png")
        record = self.record("a.png")
        self.assertEqual(record["settings"]["content-mask"],
                         ["m ap.png#ff0000:3", "m ap.png#0000ff"])
        self.assertEqual([mask["name"] for mask in record["inputs"]["content-mask"]],
                         ["m ap.png"] * 2)
        self.assertIsNone(record["inputs"]["style-mask"][0])
        if self.has_hashes():
            self.assertEqual(record["inputs"]["style-mask"][1]["sha256"],
                             self.sha256("style-left.png"))
            self.write("m ap.png", png(32, 24, lambda x, y: (255, 0, 0) if x < 8 else (0, 0, 255)))
            run = self.succeed("--settings", "a.png", "-o", "b.png", "-q")
            self.assertIn("m ap.png (content-mask) is not the file", run.stderr)
        self.path("m ap.png").unlink()
        self.refuse(INPUT, ["a.png", '"content-mask"', "m ap.png", "--content-mask"], "--settings",
                    "a.png", pictures=(), cheap=False)

    def test_a_sequence(self):
        self.write("other.png", png(24, 32, lambda x, y: (x * 9 % 256, 30, 255 * (y // 3 % 2))))
        self.succeed("content.png", "style.png", "other.png", *CHEAP, "--interpolate", "3", "-o",
                     "a.png")
        self.succeed("--settings", "a-0002.png", "-o", "b.png")
        for i in (1, 2, 3):
            self.assertEqual(self.record(f"a-000{i}.png")["picture"], i)
            self.assert_same(f"a-000{i}.png", f"b-000{i}.png")

    def test_saved_on_the_way(self):
        """Where no run ends there, the record says where it was: between scales, and between the
        trials of L-BFGS, which takes the best of them in the end."""
        for extra in [["--scales", "2"], ["--scales", "1", "--optimizer", "lbfgs"]]:
            with self.subTest(extra):
                self.path("a.png").unlink(missing_ok=True)
                run = self.start("content.png", "style.png", *CHEAP, "-o", "a.png", "--save-every",
                                 "1", "--iterations", "1000000", *extra)
                while run.poll() is None and not self.path("a.png").exists():
                    time.sleep(0.005)
                run.kill()
                run.communicate()
                record = self.record("a.png")
                self.assertGreater(record["iterations"], 0)
                self.assertEqual(record["settings"]["iterations"], 1000000)
                run = self.succeed("--settings", "a.png", "-o", "b.png", "-q", "--iterations", "1",
                                   "--first-iterations", "1")
                self.assertRegex(run.stderr, r"warning: a\.png shows the run after \d+ iterations")
                self.assertNotIn("iterations", self.record("b.png"))

    def test_not_the_device(self):
        self.stylise("-o", "a.png", "--device", "0")
        self.assertNotIn("device", self.record("a.png")["settings"])
        self.write("device.json", '{"device": "nosuch"}')
        run = self.impasto("content.png", "style.png", "--settings", "device.json")
        self.assertIn("nosuch", run.stderr)
        self.succeed("--settings", "a.png", "--settings", "device.json", "--device", "0", "-o",
                     "b.png")
        self.assert_same("a.png", "b.png")


class Overriding(Settings):
    def settings(self, *arguments, **options):
        """What is in force."""
        self.path("now.json").unlink(missing_ok=True)
        run = self.succeed(*arguments, "--save-settings", "now.json", **options)
        return json.loads(self.bytes("now.json")), run

    def test_options_win_wherever_they_stand(self):
        self.write("s.json", '{"size": 64, "iterations": 7, "init": "noise"}')
        for arguments in [["--settings", "s.json", "--size", "48"],
                          ["--size=48", "--settings=s.json"]]:
            with self.subTest(arguments):
                settings, _ = self.settings(*arguments)
                self.assertEqual((settings["size"], settings["iterations"], settings["init"]),
                                 (48, 7, "noise"))

    def test_iterations_and_average_suit_the_optimizer(self):
        for arguments, expected in [
                ([], ("lbfgs", 60, 120, 0)),
                (["--optimizer", "lbfgs"], ("lbfgs", 60, 120, 0)),
                (["--optimizer", "adam"], ("adam", 100, 200, 0.99)),
                (["--iterations", "7", "--average", "0.5", "--optimizer", "adam"], ("adam", 7, 200, 0.5)),
                (["--preset", "quick"], ("lbfgs", 30, 60, 0)),
                (["--preset", "quick", "--optimizer", "adam"], ("adam", 50, 100, 0.99)),
                (["--preset", "classic"], ("adam", 1000, "same", 0)),
                (["--preset", "classic", "--optimizer", "lbfgs"], ("lbfgs", 600, "same", 0))]:
            with self.subTest(arguments):
                settings, _ = self.settings(*arguments)
                self.assertEqual(tuple(settings[name] for name in [
                    "optimizer", "iterations", "first-iterations", "average"]), expected)

    def test_later_files_win(self):
        self.write("a.json", '{"size": 64, "iterations": 7, "style": ["a.png"], "content": "c"}')
        self.write("b.json", '{"size": 65, "style": "b.png", "seed": null}')
        settings, _ = self.settings("--settings", "a.json", "--settings", "b.json")
        self.assertEqual((settings["size"], settings["iterations"]), (65, 7))
        self.assertEqual((settings["content"], settings["style"]), ("c", ["b.png"]))
        settings, _ = self.settings("--settings", "b.json", "--settings", "a.json")
        self.assertEqual((settings["size"], settings["style"]), (64, ["a.png"]))

    def test_pictures_win(self):
        """The content, or all styles."""
        self.write("s.json", '{"content": "a.png", "style": ["b.png:2", "c.png"]}')
        for pictures, expected in [
            ([], ("a.png", ["b.png:2", "c.png"])),
            (["x.png"], ("x.png", ["b.png:2", "c.png"])),
            (["x.png", "y.png"], ("x.png", ["y.png"])),
            (["x.png", "y.png", "z.png:3"], ("x.png", ["y.png", "z.png:3"])),
        ]:
            with self.subTest(pictures):
                settings, _ = self.settings("--settings", "s.json", *pictures)
                self.assertEqual((settings["content"], settings["style"]), expected)
        many = json.dumps({"style": ["a.png"] * 65})
        self.write("many.json", many)
        self.refuse(INPUT, ["many.json", "64 style"], "--settings", "many.json", pictures=())

    def test_lists_win_as_a_whole(self):
        self.write("s.json", '{"content-mask": ["a.png", "b.png:2"], "style-mask": "c.png"}')
        settings, _ = self.settings("--settings", "s.json")
        self.assertEqual((settings["content-mask"], settings["style-mask"]),
                         (["a.png", "b.png:2"], ["c.png"]))
        settings, _ = self.settings("--content-mask", "x.png", "--settings", "s.json",
                                    "--content-mask", "y.png")
        self.assertEqual((settings["content-mask"], settings["style-mask"]),
                         (["x.png", "y.png"], ["c.png"]))
        self.write("none.json", '{"content-mask": []}')
        settings, _ = self.settings("--settings", "s.json", "--settings", "none.json")
        self.assertNotIn("content-mask", settings)
        self.assertEqual(settings["style-mask"], ["c.png"])

    def test_a_look_for_another_photograph(self):
        self.stylise("-o", "a.png")
        self.write("other.png", png(32, 32))
        self.succeed("--settings", "a.png", "other.png", "-o", "b.png")
        self.succeed("other.png", "style.png", *CHEAP, "-o", "c.png")
        self.assert_same("b.png", "c.png")

    def test_ways_to_write_values(self):
        for name, value, expected in [
            ("style-layers", "1_1,block2_conv1:0.5", {"conv1_1": 1, "conv2_1": 0.5}),
            ("style-layers", {"relu1_1": 1, "2_1": 0.5}, {"conv1_1": 1, "conv2_1": 0.5}),
            ("bits", 16, "16"), ("bits", "16", "16"), ("size", "source", "source"),
            ("size", 512.0, 512), ("memory", "1.5G", 1610612736), ("memory", 20000000, 20000000),
            ("style-weight", 1e3, 1000), ("weights", None, "builtin"), ("scales", "auto", "auto"),
            ("scales", 3, 3), ("scales", [128, 256], [128, 256]), ("scales", "128,256", [128, 256]),
            ("scales", [300], [300]), ("first-iterations", "same", "same"),
            ("style-mask", ["none", "a.png#ff0000"], ["none", "a.png#ff0000"]),
        ]:
            with self.subTest(name=name, value=value):
                self.write("s.json", json.dumps({name: value}))
                self.assertEqual(self.settings("--settings", "s.json")[0][name], expected)

    def test_presets(self):
        """A preset fills what nobody says; where all is said, that is worth a word."""
        self.write("s.json", '{"preset": "quick", "iterations": 5}')
        settings, run = self.settings("--settings", "s.json")
        self.assertEqual((settings["size"], settings["iterations"]), (384, 5))
        self.assertNotIn("preset", settings)
        settings, run = self.settings("--settings", "s.json", "--preset", "classic")
        self.assertEqual((settings["losses"], settings["iterations"]), ("gatys", 5))
        self.assertNotIn("warning", run.stderr)
        shutil.copy(self.path("now.json"), self.path("all.json"))
        settings, run = self.settings("--settings", "all.json", "--preset", "quick")
        self.assertEqual(settings["losses"], "gatys")
        self.assertIn("warning: --preset quick changes nothing: all.json", run.stderr)

    def test_what_is_never_overwritten(self):
        self.stylise("-o", "content-style.png")
        self.write("s.json", "{}")
        for arguments in [["--settings", "content-style.png"],
                          ["content.png", "style.png", "--settings", "content-style.png"],
                          ["--settings", "content-style.png", "--settings", "s.json"]]:
            with self.subTest(arguments):
                before = self.snapshot()
                run = self.impasto(*arguments)
                self.assertEqual(run.returncode, OUTPUT)
                self.assertIn("content-style.png: is also an input", run.stderr)
                self.assertEqual(self.snapshot(), before)


class Inputs(Settings):
    def test_changed_files(self):
        if not self.has_hashes():
            self.skipTest("SHA-256 is not compiled in")
        self.write("w.safetensors", first_layer())
        cheap = ["--size", "32", "--iterations", "1", "--weights", "w.safetensors"]
        self.succeed("content.png", "style.png", *cheap, "-o", "a.png")
        old = {name: self.sha256(name) for name in ["content.png", "style.png", "w.safetensors"]}
        for name, changed in [("content.png", png(33, 24)), ("style.png", png(25, 32)),
                              ("w.safetensors", first_layer(scale=1.5))]:
            with self.subTest(name):
                kept = self.bytes(name)
                self.write(name, changed)
                run = self.succeed("--settings", "a.png", "-o", "b.png", "-q")
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
                for words in ["warning", name, "a.png", old[name][:8], self.sha256(name)[:8]]:
                    self.assertIn(words, run.stderr)
                self.write(name, kept)

    def test_moved_and_replaced_files(self):
        if not self.has_hashes():
            self.skipTest("SHA-256 is not compiled in")
        self.stylise("-o", "a.png")
        (self.folder / "sub").mkdir()
        self.path("content.png").rename(self.path("sub/content.png"))
        run = self.succeed("--settings", "a.png", "sub/content.png", "-o", "b.png", "-q")
        self.assertEqual(run.stderr, "")
        self.write("sub/content.png", png(33, 24))
        run = self.succeed("--settings", "a.png", "sub/content.png", "-o", "b.png", "-q")
        self.assertIn("sub/content.png (content) is not the file", run.stderr)
        # Another name is another wish.
        self.write("other.png", png(33, 24))
        run = self.succeed("--settings", "a.png", "other.png", "-o", "b.png", "-q")
        self.assertEqual(run.stderr, "")

    def test_missing_files(self):
        self.stylise("-o", "a.png")
        self.path("style.png").unlink()
        self.refuse(INPUT, ["a.png", '"style"', "style.png", "after the first"], "--settings",
                    "a.png", pictures=(), cheap=False)
        self.write("s.json", '{"init": "none.png"}')
        self.refuse(INPUT, ["s.json", '"init"', "none.png", "--init"], "--settings", "s.json",
                    pictures=("content.png", "content.png"))

    def test_another_version(self):
        self.stylise("-o", "a.png")
        record = self.record("a.png") | {"impasto": "99.0.0"}
        self.write("s.json", json.dumps(record))
        run = self.succeed("--settings", "s.json", "-o", "b.png", "-q")
        self.assertRegex(run.stderr, r"warning: s\.json was made by Impasto 99\.0\.0")

    def test_other_built_in_weights(self):
        self.stylise("-o", "a.png")
        record = self.record("a.png")
        for version, stderr in [(record["inputs"]["weights"]["version"], ""),
                                ("0.1.0", "impasto: warning: s.json was made with other built-in weights; the result will "
                                          "differ\n")]:
            record["inputs"]["weights"]["version"] = version
            self.write("s.json", json.dumps(record))
            self.assertEqual(self.succeed("--settings", "s.json", "-o", "b.png", "-q").stderr, stderr)

    def test_strange_records(self):
        """What is only for comparison may be anything."""
        for inputs in [7, [], {"content": 3, "style": {}, "weights": [1]},
                       {"content": {"name": 3}, "style": [], "weights": {"sha256": "x"}},
                       {"style": [{"name": "style.png", "sha256": []}] * 3}]:
            with self.subTest(inputs):
                self.write("s.json", json.dumps({"settings": {}, "inputs": inputs, "device": 0,
                                                 "impasto": None}))
                self.stylise("--settings", "s.json", "-o", "out.png")


class Refusals(Settings):
    def refuse_settings(self, words, text, name="s.json", code=INPUT):
        with self.subTest(text[:60]):
            self.write(name, text)
            self.refuse(code, [name, *([words] if isinstance(words, str) else words)],
                        "--settings", name, cheap=False)

    def test_unknown_keys(self):
        self.refuse_settings(['"sise"', 'did you mean "size"?'], '{"sise": 512}')
        self.refuse_settings(['"contnet"', 'did you mean "content"?'], '{"contnet": "a"}')
        self.refuse_settings(['"xyzzy"', "--help"], '{"xyzzy": 1}')
        self.refuse_settings("is no setting", '{"%s": 1}' % ("x" * 100000))
        self.refuse_settings(['"siez"', "size"], '{"settings": {"siez": 64}}')
        self.refuse_settings(['"size"', '"settings"'], '{"settings": {"seed": 1}, "size": 64}')

    def test_what_does_not_travel(self):
        for name in ["output", "trace", "gradient", "export-weights", "save-settings", "settings",
                     "max-pixels", "save-every", "quiet", "help", "plan", "tune"]:
            self.refuse_settings([f'"{name}"', f"--{name}", "command line"], '{"%s": "x"}' % name)

    def test_wrong_types(self):
        for name, values in {
            "size": ['"512"', "true", "[512]", "{}"],
            "iterations": ['"300"', "false"],
            "seed": ['"1"'],
            "style-weight": ['"3"', "[3]"],
            "memory": ["true", "[]"],
            "losses": ["true", "1.5", "[]"],
            "bits": ["8.5"],
            "init": ["1", "true", '["content"]'],
            "weights": ["{}"],
            "style-layers": ["1", '["1_1"]', '{"1_1": "1"}', '{"1_1": null}', '{"1_1,2_1": 1}',
                             '{"1_1:3": 1}'],
            "content": ["1", "null", '["a"]', '""'],
            "style": ["1", "null", "[]", "[1]", '[""]', '""', '{"a": 1}'],
            "content-mask": ["1", "[1]", '["a", null]', "{}", '""', '[""]'],
            "scales": ["true", "[1.5]", '["128"]', '{"a": 1}'],
            "keep": ['["a"]'],
        }.items():
            for value in values:
                self.refuse_settings(name, '{"%s": %s}' % (name, value))

    def test_values_out_of_range(self):
        for name, value, words in [
            ("size", "15", ["16", "16384"]), ("size", "64.5", "whole number"),
            ("size", "1e300", "16384"), ("style-size", '"nosuch"', "one of its words"),
            ("iterations", "-1", "1000000"), ("beta1", "1", "below 1"),
            ("learning-rate", "0", "above 0"), ("style-weight", "1e39", "number"),
            ("memory", "5", "1.5GiB"), ("memory", '"5X"', "1.5GiB"), ("bits", "12", "8, 16"),
            ("losses", '"nosuch"', ["relative", "gatys"]), ("seed", "1e16", "whole number"),
            ("style-layers", '{"conv9_1": 1}', "conv9_1"), ("style-layers", "{}", "empty"),
            ("style-layers", '{"1_1": 0}', "above 0"),
            ("style-layers", '{"1_1": 1, "conv1_1": 1}', "twice"), ("init", '""', "empty"),
            ("scales", "0", "128,256"), ("scales", "[]", "128,256"),
            ("scales", "[128, -1]", "sizes"), ("scales", str(list(range(16, 33))), "16 sizes"),
            ("interpolate", "1", "2 to 10000"),
        ]:
            self.refuse_settings([name, *([words] if isinstance(words, str) else words)],
                                 '{"%s": %s}' % (name, value))

    def test_not_json(self):
        self.refuse_settings("empty", "")
        self.refuse_settings("line 2, column", '{"size":\n}')
        self.refuse_settings("line 1", "size = 512")
        self.refuse_settings(["duplicate", "size"], '{"size": 64, "size": 65}')
        self.refuse_settings(["duplicate", "size"], '{"settings": {"size": 64, "size": 65}}')
        self.refuse_settings("depth", "[" * 100000)
        self.refuse_settings("depth", '{"size":' * 5000 + "1" + "}" * 5000)
        self.refuse_settings("1 MiB", " " * (1 << 20) + "{}")
        self.refuse_settings("line 1", '{"size": 64} {}')
        self.refuse_settings("line 1", '{"seed": 99999999999999999999}')
        self.refuse_settings("line 1", '{"seed": 1e999}')
        self.refuse_settings("line 1", '{"seed": NaN}')
        self.refuse_settings("line 1", b'{"\xff": 1}'.decode("latin-1").encode("latin-1"))
        self.refuse_settings("NUL", '{"a\\u0000b": 1}')
        for text in ["[]", "512", "null", '"size"', "true"]:
            self.refuse_settings("an object", text)

    def test_files_that_are_none(self):
        (self.folder / "sub").mkdir()
        os.mkfifo(self.folder / "fifo")
        self.refuse(INPUT, ["none.json", "no such file"], "--settings", "none.json")
        self.refuse(INPUT, ["sub", "folder"], "--settings", "sub")
        self.refuse(INPUT, ["fifo", "pipe"], "--settings", "fifo")
        self.refuse(INPUT, ["/dev/zero", "device"], "--settings", "/dev/zero")
        self.refuse(USAGE, "empty", "--settings", "")

    def test_pictures_without_settings(self):
        self.refuse(INPUT, ["content.png", "carries no settings"], "--settings", "content.png")
        cut = png(32, 24)[:60]
        self.refuse_settings("damaged", cut, name="cut.png")
        for text, words in [(b"size=512", "line 1"), (b'{"size": 15}', "16384"),
                            (b"\xff\xfe", "carries no settings")]:
            extra = png_chunk(b"iTXt", b"Impasto\0\0\0\0\0" + text)
            self.refuse_settings(words, png(32, 24, extra=extra), name="odd.png")

    def test_the_last_file_is_at_fault(self):
        self.write("good.json", '{"size": 32}')
        self.write("bad.json", '{"size": 3}')
        self.refuse(INPUT, "bad.json", "--settings", "good.json", "--settings", "bad.json")


class Streams(Settings):
    def test_standard_streams(self):
        saved = self.succeed("--style-weight", "3", "--size", "64", "--save-settings", "-")
        self.assertEqual(saved.stderr, "")
        self.assertEqual(json.loads(saved.stdout)["size"], 64)
        run = self.start("--settings", "-", "--save-settings", "-", stdin=subprocess.PIPE)
        out, _ = run.communicate(saved.stdout.encode(), timeout=60)
        self.assertEqual((run.returncode, out.decode()), (0, saved.stdout))
        self.assertFalse((self.folder / "-").exists())

    def test_standard_input_is_read_once(self):
        for words in [["--settings", "-", "--settings", "-"], ["--settings", "-", "--batch", "-"],
                      ["--batch", "-", "--batch", "-"]]:
            run = self.start(*words, "style.png", stdin=subprocess.PIPE)
            _, err = run.communicate(b"{}", timeout=60)
            self.assertEqual(run.returncode, USAGE, err)
            self.assertIn(b"only once", err)
        self.refuse(USAGE, "--resume", "--resume", "-")
        run = self.start("--settings", "-", stdin=subprocess.PIPE)
        _, err = run.communicate(png(32, 24), timeout=60)
        self.assertEqual(run.returncode, INPUT)
        self.assertIn(b"standard input: is a picture", err)


class Iterations(Settings):
    settings = Overriding.settings

    def test_nothing_is_said_of_a_whole_run(self):
        """Settings have iterations of each size; a record, those of a picture saved on the way."""
        self.stylise("-o", "a.png")
        self.succeed("content.png", "style.png", *CHEAP, "--save-settings", "mine.json")
        for name in ["a.png", "mine.json"]:
            run = self.succeed("content.png", "style.png", *CHEAP, "--settings", name, "-q", "-o", "b.png")
            self.assertEqual(run.stderr, "")
        self.write("part.json", json.dumps(self.record("a.png") | {"iterations": 1}))
        self.assertIn("shows the run after 1 iterations",
                      self.succeed("--settings", "part.json", "-q", "-o", "b.png").stderr)

    def test_other_spellings(self):
        self.write("s.json", '{"color": "luma", "optimiser": "adam", "init": "grey"}')
        settings, _ = self.settings("--settings", "s.json")
        self.assertEqual((settings["colour"], settings["optimizer"], settings["init"]),
                         ("luma", "adam", "gray"))
        settings, _ = self.settings("--color=match", "--optimiser", "adam", "--init=grey")
        self.assertEqual((settings["colour"], settings["optimizer"], settings["init"]),
                         ("match", "adam", "gray"))


class Names(Settings):
    """Names that are not UTF-8, or have the characters that stand for such bytes, come back."""

    def test_they_are_found_again(self):
        if sys.platform != "linux":
            self.skipTest("names must be sound here")
        for i, raw in enumerate([b"caf\xe9", b"\x80\xff\xc3", "\uefe9\uef80".encode(), b"\xee\xbe",
                                 "\u00e9\U0001f5bc".encode(), b"\xed\xa0\x80", b"\xc0\xaf"]):
            with self.subTest(raw):
                photo, style, mask = (os.fsdecode(raw + end) for end in (b"-c.png", b"-s.png", b"-m.png"))
                for name, size in [(photo, (32, 24)), (style, (24, 32)), (mask, (32, 24))]:
                    self.write(name, png(*size))
                words = [photo, style, "--content-mask", mask, "--keep", mask + "#000000", *CHEAP]
                self.succeed(*words, "-o", f"a{i}.png", "--checkpoint", f"{i}.ckpt")
                self.succeed("--settings", f"a{i}.png", "-o", f"b{i}.png")
                self.assert_same(f"a{i}.png", f"b{i}.png")
                self.succeed(*words, "--save-settings", f"{i}.json")
                self.succeed("--settings", f"{i}.json", "-o", f"b{i}.png")
                self.assert_same(f"a{i}.png", f"b{i}.png")
                run = self.succeed("--resume", f"{i}.ckpt", "-o", f"b{i}.png", "-q")
                self.assertEqual(run.stderr, "")
                self.assert_same(f"a{i}.png", f"b{i}.png")
                name = self.record(f"a{i}.png")["settings"]["content"]
                self.assertEqual(json.loads(self.bytes(f"{i}.json"))["content"], name)
                if i == 0:
                    self.assertEqual(name, "caf\uefe9-c.png")


class Saving(Settings):
    def test_nothing_is_run(self):
        nowhere = {"OCL_ICD_VENDORS": str(self.home), "OCL_ICD_FILENAMES": ""}
        before = set(self.snapshot())
        run = self.succeed("--style-weight", "3", "--save-settings", "s.json", env=nowhere)
        self.assertEqual((run.stdout, run.stderr),
                         ("", "impasto: wrote the settings to s.json\n"))
        self.assertEqual(set(self.snapshot()), before | {"s.json"})
        settings = json.loads(self.bytes("s.json"))
        self.assertEqual((settings["style-weight"], settings["size"]), (3, 512))
        for name in ["content", "style", "device", "preset", "memory"]:
            self.assertNotIn(name, settings)
        self.assertTrue(self.bytes("s.json").endswith(b"}\n"))

    def test_a_batch_has_no_content(self):
        """The first picture beside --batch is a style, and a file's content is none of the batch."""
        self.succeed("--batch", "folder", "style.png", "--save-settings", "mine.json")
        saved = json.loads(self.bytes("mine.json"))
        self.assertEqual((saved["style"], saved.get("content")), (["style.png"], None))
        self.write("photo.json", '{"content": "content.png", "style": "style.png"}')
        self.succeed("--settings", "photo.json", "--batch", "folder", "--save-settings", "mine.json")
        saved = json.loads(self.bytes("mine.json"))
        self.assertEqual((saved["style"], saved.get("content")), (["style.png"], None))

    def test_names_in_full(self):
        """The file is its owner's, so paths lead to where things are."""
        content = str(self.path("content.png"))
        self.succeed(content, "sub/none.png", "--save-settings", "s.json", "-q")
        settings = json.loads(self.bytes("s.json"))
        self.assertEqual((settings["content"], settings["style"]), (content, ["sub/none.png"]))

    def test_an_old_file_is_replaced(self):
        self.write("s.json", "older")
        self.succeed("--size", "64", "--save-settings", "s.json")
        self.assertEqual(json.loads(self.bytes("s.json"))["size"], 64)

    def test_refusals(self):
        self.write("old.json", "{}")
        self.refuse(OUTPUT, ["old.json", "input"], "--settings", "old.json", "--save-settings",
                    "old.json")
        self.refuse(OUTPUT, ["content.png", "input"], "--save-settings", "content.png")
        for option in [["--plan"], ["--export-weights", "w.safetensors"]]:
            self.refuse(USAGE, ["--save-settings", option[0]], *option, "--save-settings",
                        "new.json")
        self.refuse(USAGE, "nosuch", "--save-settings", "new.json", "--preset", "nosuch")
