#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto video: films through a style network or in the style of pictures, frame by frame."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from case_apply import style_network
from case_refusals import small_disk
from support import INPUT, OUTPUT, PATIENCE, SHORT_PATIENCE, SIGINT_CODE, USAGE, Case, pan, pixels, png, scenes

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("IMPASTO_TEST_DATA", ROOT.parent / "shared"))
WIDTH, HEIGHT = 32, 24


def y4m(frames, width=WIDTH, height=HEIGHT, words="F25:1 Ip A1:1 C444"):
    """A film whose luma moves to the right, a pixel a frame."""
    film = f"YUV4MPEG2 W{width} H{height} {words}\n".encode()
    for i in range(frames):
        luma = bytes(16 + (x - i + 2 * y) * 7 % 220 for y in range(height) for x in range(width))
        film += b"FRAME\n" + luma + bytes([110]) * (width * height) + bytes([140]) * (width * height)
    return film


def frames_of(film):
    """(the header's words, [frame]) of Y4M with 444 samples."""
    header, rest = film.split(b"\n", 1)
    words = header.decode().split()
    size = {word[0]: int(word[1:]) for word in words[1:] if word[0] in "WH"}
    each = 3 * size["W"] * size["H"]
    frames = []
    while rest:
        assert rest.startswith(b"FRAME\n") and len(rest) >= 6 + each
        frames.append(rest[6:6 + each])
        rest = rest[6 + each:]
    return words, frames


class Filming(Case):
    def setUp(self):
        super().setUp()
        self.write("night.model", style_network())
        self.write("film.y4m", y4m(4))

    def film(self, *arguments, source="film.y4m", **options):
        return self.succeed("video", source, "--model", "night.model", *arguments, **options)

    def kill_after(self, frames, film, *arguments):
        """The film comes by standard input, but for its last frame, and the program is killed when it has painted so
        many."""
        process = self.start("video", "-", "--model", "night.model", "-o", "out/%d.png", *arguments,
                             stdin=subprocess.PIPE)
        process.stdin.write(film[:-6 - 3 * WIDTH * HEIGHT])
        process.stdin.flush()
        end = time.monotonic() + PATIENCE
        while not (self.folder / f"out/{frames}.png").exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.kill()
        process.communicate()

    def spoil(self, code, words, *arguments, **options):
        return self.refuse(code, words, *arguments, pictures=("video",), cheap=False, **options)


class Y4m(Filming):
    def test_a_film_keeps_its_form_and_its_frames(self):
        run = self.film("-o", "out.y4m")
        self.assertIn("wrote out.y4m (4 frames of 32x24)", run.stderr)
        words, frames = frames_of((self.folder / "out.y4m").read_bytes())
        self.assertEqual(words[1:6], ["W32", "H24", "F25:1", "Ip", "A1:1"])
        self.assertEqual(len(frames), 4)
        self.assertEqual(len(set(frames)), 4)

    def test_the_same_bytes_again_and_through_pipes(self):
        self.film("-o", "a.y4m")
        whole = (self.folder / "a.y4m").read_bytes()
        with open(self.folder / "film.y4m", "rb") as film, open(self.folder / "b.y4m", "wb") as out:
            self.film("-o", "-", source="-", stdin=film, stdout=out)
        self.assertEqual((self.folder / "b.y4m").read_bytes(), whole)
        os.mkfifo(self.folder / "in.fifo")
        os.mkfifo(self.folder / "out.fifo")
        process = self.start("video", "in.fifo", "--model", "night.model", "-o", "out.fifo")
        feeder = subprocess.Popen(["cp", "film.y4m", "in.fifo"], cwd=self.folder)
        with open(self.folder / "out.fifo", "rb") as reader:
            self.assertEqual(reader.read(), whole)
        process.communicate(timeout=PATIENCE)
        self.assertEqual((process.returncode, feeder.wait()), (0, 0))

    def test_a_frame_comes_out_before_the_next_goes_in(self):
        """As a camera needs it."""
        whole = y4m(2)
        half = len(whole) - 6 - 3 * WIDTH * HEIGHT
        process = self.start("video", "-", "--model", "night.model", "-o", "-",
                             stdin=subprocess.PIPE)
        process.stdin.write(whole[:half])
        process.stdin.flush()
        header = process.stdout.readline()
        self.assertTrue(header.startswith(b"YUV4MPEG2 W32 H24"), header)
        self.assertEqual(len(process.stdout.read(6 + 3 * WIDTH * HEIGHT)), 6 + 3 * WIDTH * HEIGHT)
        rest, _ = process.communicate(whole[half:], timeout=PATIENCE)
        self.assertEqual(len(rest), 6 + 3 * WIDTH * HEIGHT)
        self.assertEqual(process.returncode, 0)

    def test_styles_and_colours(self):
        films = []
        for options in ([], ["--mix", "dots"], ["--mix", "ink:0.5,dots:0.5"],
                        ["--strength", "0.5"], ["--colour", "luma"]):
            self.film("-o", "out.y4m", *options)
            films.append((self.folder / "out.y4m").read_bytes())
        self.assertEqual(len(set(films)), len(films))

    def test_a_network_by_its_name(self):
        run = self.succeed("video", "film.y4m", "--model", "ink", "-o", "out.y4m", "-q")
        self.assertEqual(run.stderr, "")
        self.assertEqual(len(frames_of((self.folder / "out.y4m").read_bytes())[1]), 4)

    def test_a_film_that_is_cut_short(self):
        self.write("film.y4m", y4m(4)[:-100])
        run = self.film("-o", "out.y4m", "-q")
        self.assertIn("ends within frame 4", run.stderr)
        self.assertEqual(len(frames_of((self.folder / "out.y4m").read_bytes())[1]), 3)

    def test_rates_that_no_number_holds(self):
        """A rate is halved as long as it can be, and then the slowest there is."""
        for rate, words in (("F4:1000000000", "F2:1500000000"), ("F1:1000000000", "F1:2147483647")):
            with self.subTest(rate):
                self.write("slow.y4m", y4m(4, words=f"{rate} Ip A1:1 C444"))
                self.film("-o", "out.y4m", "--every", "3", source="slow.y4m")
                found, frames = frames_of((self.folder / "out.y4m").read_bytes())
                self.assertEqual((found[3], len(frames)), (words, 2))

    def test_damage_keeps_what_is_before_it(self):
        film = bytearray(y4m(4))
        film[-6 - 3 * WIDTH * HEIGHT] = ord("f")
        self.write("film.y4m", bytes(film))
        run = self.impasto("video", "film.y4m", "--model", "night.model", "-o", "out.y4m", "-q")
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("frame 4 does not begin", run.stderr)
        self.assertEqual(len(frames_of((self.folder / "out.y4m").read_bytes())[1]), 3)


class Painted(Filming):
    """In the style of a picture."""

    SMALL = ["--weights", "builtin", "--preset", "quick", "--size", "source", "--iterations", "6"]

    def setUp(self):
        super().setUp()
        self.write("wide.y4m", pan(6))

    def paint(self, *arguments, output="out.y4m"):
        run = self.succeed("video", "wide.y4m", "style.png", "-o", output, *self.SMALL, *arguments)
        return run, (self.folder / output).read_bytes()

    def frames_traced(self, *arguments):
        self.paint("--trace", "trace", *arguments)
        return [json.loads(line) for line in (self.folder / "trace").read_text().splitlines()]

    def check_report(self):
        """Six frames and two charts, and nothing of the folders that files are in."""
        page = (self.folder / "page.html").read_text()
        self.assertEqual((page.count('class="frame"'), page.count('class="chart"')), (6, 2))
        self.assertIn("frame: <bdi>3 at 0.08 s</bdi>", page)
        self.assertRegex(page, "film itself from [0-9.e-]+ to [0-9.e-]+")
        self.assertNotIn(str(self.folder), page)

    def test_frames_hold_to_those_before(self):
        lines = self.frames_traced("--report", "page.html")
        self.check_report()
        self.assertEqual([line["frame"] for line in lines], [1, 2, 3, 4, 5, 6])
        self.assertEqual([line["begins_scene"] for line in lines], [True] + [False] * 5)
        self.assertEqual({line["iterations"] for line in lines[1:]}, {2})
        alone = self.frames_traced("--consistency", "none")
        held, free = (sum(line["warp"] for line in film[1:]) for film in (lines, alone))
        self.assertLess(held, free)

    def test_the_same_bytes_and_the_last_line(self):
        run, film = self.paint()
        words, frames = frames_of(film)
        self.assertEqual((words[1:3], len(set(frames))), (["W64", "H48"], 6))
        self.assertIn("by E_warp", run.stderr.splitlines()[-1])
        self.assertEqual(self.paint(output="again.y4m")[1], film)
        others = [self.paint(*options)[1]
                  for options in (["--consistency", "fine", "--temporal-weight", "500"],
                                  ["--optimizer", "adam", "--colour", "luma"])]
        self.assertEqual(len({film, *others}), 3)

    def test_another_size(self):
        run, film = self.paint("--size", "48")
        self.assertIn("6 frames of 48x36", run.stderr)
        self.assertEqual(frames_of(film)[0][1:3], ["W48", "H36"])

    def test_interrupted_within_a_frame(self):
        """The frames before it are a film."""
        process = self.start("video", "wide.y4m", "style.png", "-o", "out.y4m", *self.SMALL,
                             "--frame-iterations", "100000", "--consistency", "none",
                             "--first-iterations", "6", "--scales", "1", "--iterations", "3000")
        for line in process.stderr:
            if b"frame 1" in line:
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, SIGINT_CODE, err)
        self.assertEqual(len(frames_of((self.folder / "out.y4m").read_bytes())[1]), 1)


class SeveralDevices(Filming):
    """Each paints scenes or frames of its own; here they are one device, opened several times."""

    # PoCL 3.1 now and then loses count of a kernel's users where more threads work for such devices.
    ENV = {"POCL_MAX_PTHREAD_COUNT": "1"}

    def setUp(self):
        super().setUp()
        self.write("scenes.y4m", scenes((3, 4, 2)))

    def paint(self, devices, folder):
        run = self.succeed("video", "scenes.y4m", "style.png", "-o", f"{folder}/%d.png", *Painted.SMALL, "--trace",
                           f"{folder}.trace", "--device", devices, env=self.ENV)
        files = [(self.folder / folder / f"{i + 1}.png").read_bytes() for i in range(9)]
        self.assertEqual(len(list((self.folder / folder).iterdir())), 9)
        return files, (self.folder / f"{folder}.trace").read_text(), run.stderr.splitlines()[-1]

    def kill_when(self, there, *words):
        """Once that file is there."""
        process = self.start(*words, env=self.ENV)
        end = time.monotonic() + PATIENCE
        while not (self.folder / there).exists() and time.monotonic() < end:
            time.sleep(0.01)
        process.kill()
        self.assertTrue((self.folder / there).exists(), process.communicate())

    def assert_same_frames(self, folder, other, frames):
        for i in range(1, frames + 1):
            self.assertEqual((self.folder / folder / f"{i}.png").read_bytes(),
                             (self.folder / other / f"{i}.png").read_bytes(), i)

    def test_the_film_of_one(self):
        """To the byte, with the same figures."""
        alone = self.paint("0", "alone")
        self.assertEqual([json.loads(line)["scene"] for line in alone[1].splitlines()], [1] * 3 + [2] * 4 + [3] * 2)
        self.assertEqual(self.paint("0,0", "two"), alone)

    def test_a_film_that_reaches_round_the_ring(self):
        """Beyond the 250 frames that are read ahead of what is written, with a scene that is longer than that."""
        lengths = (251, 3)
        self.write("scenes.y4m", scenes(lengths, 32, 24))
        words = [*Painted.SMALL[:-1], "1", "--first-iterations", "1", "--frame-iterations", "0", "--scales", "1"]
        for name, devices in (("alone", "0"), ("two", "0,0")):
            run = self.succeed("video", "scenes.y4m", "style.png", "-o", f"{name}/%d.png", *words, "--device", devices,
                               env=self.ENV)
            self.assertIn("; 2 scenes", run.stderr.splitlines()[-1])
        self.assert_same_frames("two", "alone", sum(lengths))

    def test_frames_that_an_earlier_run_has_painted_ahead(self):
        """They are not painted again, nor counted among those that this run has painted."""
        self.write("scenes.y4m", scenes((4, 1, 1)))
        words = ["video", "scenes.y4m", "style.png", "-o", "out/%d.png", *Painted.SMALL, "--frame-iterations", "20",
                 "--device", "0,0"]
        self.kill_when(f"out/%d.png.impasto/state-{5:020}", *words)
        self.assertFalse((self.folder / "out/4.png").exists(), "one device paints after the other")
        self.succeed(*words, "--trace", "trace", "--report", "page.html", env=self.ENV)
        painted = [json.loads(line)["frame"] for line in (self.folder / "trace").read_text().splitlines()]
        self.assertNotIn(5, painted)
        told = re.search("6 frames of 64x48 pixels, ([0-9]+) of them by this run", (self.folder / "page.html").read_text())
        self.assertEqual(told and int(told.group(1)), len(painted))

    def test_a_network(self):
        """It paints frames by turns or, where they depend on those before, scenes."""
        for name, words in (("plain", []), ("held", ["--steady", "0.02", "--smooth", "0.9"])):
            with self.subTest(name):
                for folder, devices in ((f"{name}-alone", "0"), (f"{name}-three", "0,0,0")):
                    self.succeed("video", "scenes.y4m", "--model", "night.model", "-o", f"{folder}/%d.png", *words,
                                 "--device", devices, env=self.ENV)
                self.assert_same_frames(f"{name}-three", f"{name}-alone", 9)

    def test_a_network_that_is_stopped(self):
        """The frames that were painted are there in the end as if nothing had happened."""
        self.write("scenes.y4m", scenes((100, 60, 140)))
        for name, words in (("plain", []), ("held", ["--smooth", "0.9"])):
            with self.subTest(name):
                words = ["--model", "night.model", *words, "--device"]
                self.succeed("video", "scenes.y4m", "-o", f"{name}-whole/%d.png", *words, "0", env=self.ENV)
                shared = ["video", "scenes.y4m", "-o", f"{name}/%d.png", *words, "0,0"]
                self.kill_when(f"{name}/20.png", *shared)
                self.assertIn("going on after frame ", self.succeed(*shared, env=self.ENV).stderr)
                self.assert_same_frames(name, f"{name}-whole", 300)

    def test_what_takes_one(self):
        for painter in (["style.png"], ["--model", "night.model"]):
            self.spoil(USAGE, ["out.y4m", "2 devices"], "scenes.y4m", "-q", "--device", "0,0", *painter, "-o", "out.y4m")

    def test_plan(self):
        for painter in (["style.png", *Painted.SMALL], ["--model", "night.model"]):
            run = self.succeed("video", "scenes.y4m", *painter, "--device", "0,0", "--plan", "-q", env=self.ENV)
            self.assertRegex(run.stdout, "(?m)^  on  2 devices, at best +[0-9]")


class Numbered(Filming):
    """A picture for each frame."""

    def test_from_pictures_to_pictures(self):
        self.film("-o", "frames/%04d.png")
        self.assertEqual(sorted(path.name for path in (self.folder / "frames").iterdir()),
                         [f"{i:04d}.png" for i in range(1, 5)])
        painted = [pixels(path) for path in sorted((self.folder / "frames").iterdir())]
        self.film("-o", "direct.y4m", "--lossless")
        for i, rows in enumerate(painted):  # 0 or 1 is the first number
            self.write(f"in/{i}.png", png(WIDTH, HEIGHT, lambda x, y: rows[y][x]))
        self.film("-o", "again.y4m", "--lossless", "--fps", "12.5", source="in/%d.png")
        self.film("-o", "frames.y4m", "--lossless", source="direct.y4m")
        words, frames = frames_of((self.folder / "again.y4m").read_bytes())
        self.assertEqual((words[3], len(frames)), ("F25:2", 4))
        # But for how luma and colours of the Y4M between are rounded, these are the same frames.
        near = [max(abs(a - b) for a, b in zip(*pair))
                for pair in zip(frames, frames_of((self.folder / "frames.y4m").read_bytes())[1])]
        self.assertLess(max(near), 40)

    def test_killed(self):
        """Pictures that are there are not painted again, and those of a whole film are the same."""
        self.film("-o", "whole/%d.png")
        self.kill_after(3, y4m(4))
        with open(self.folder / "film.y4m", "rb") as stream:
            run = self.film("-o", "out/%d.png", source="-", stdin=stream)
        self.assertRegex(run.stderr, "going on after frame [23] ")
        for i in range(1, 5):
            self.assertEqual((self.folder / f"out/{i}.png").read_bytes(), (self.folder / f"whole/{i}.png").read_bytes())
        self.assertEqual(len(list((self.folder / "out").iterdir())), 4)

    def test_refusals(self):
        self.write("in/1.png", png(32, 24))
        self.write("in/2.png", png(32, 20))
        self.write("out/1.png", "older")
        for words, code, *arguments in (("%06d.png", USAGE, "film.y4m", "-o", "out.png"),
                                        ("out/%d.xyz", USAGE, "film.y4m", "-o", "out/%d.xyz"),
                                        ("no picture of number", INPUT, "no/%d.png", "-o", "out.y4m"),
                                        ("no-clobber", OUTPUT, "film.y4m", "-o", "out/%d.png", "--no-clobber")):
            with self.subTest(arguments):
                before = self.snapshot()
                run = self.impasto("video", *arguments, "--model", "night.model", "-q")
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(self.snapshot(), before)
        run = self.impasto("video", "in/%d.png", "--model", "night.model", "-o", "out.y4m", "-q")
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("in/2.png: has 32x20", run.stderr)


    def test_a_picture_that_is_mended(self):
        for i, height in ((1, 24), (2, 20), (3, 24)):
            self.write(f"in/{i}.png", png(32, height))
        run = self.impasto("video", "in/%d.png", "--model", "night.model", "-o", "out/%d.png")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.write("in/2.png", png(32, 24))
        self.assertIn("going on after frame 1 ", self.film("-o", "out/%d.png", source="in/%d.png").stderr)
        self.assertEqual(len(list((self.folder / "out").iterdir())), 3)

    def test_a_picture_that_was_painted_and_has_changed(self):
        """Neither of numbered pictures nor of standard input a run goes on with another one's frames."""
        for i, height in ((1, 24), (2, 24), (3, 20)):
            self.write(f"in/{i}.png", png(32, height))
        words = ("--model", "night.model", "-o", "out/%d.png")
        self.assertEqual(self.impasto("video", "in/%d.png", *words).returncode, INPUT)
        self.write("in/3.png", png(32, 24))
        picture = (self.folder / "in/2.png").read_bytes()
        self.write("in/2.png", png(32, 24, lambda x, y: (x, 3, y)))
        before = self.snapshot()
        run = self.impasto("video", "in/%d.png", *words, "-q")
        self.assertEqual((run.returncode, self.snapshot()), (INPUT, before), run.stderr)
        self.assertIn("in/%d.png: frame 2 is another one than when the film was begun", run.stderr)
        self.write("in/2.png", picture)
        self.assertIn("going on after frame 2 ", self.film("-o", "out/%d.png", source="in/%d.png").stderr)
        self.assertFalse((self.folder / "out/%d.png.impasto").exists())

    def test_another_film_from_standard_input(self):
        other = bytearray(y4m(4))
        other[len(other) - 3 * (6 + 3 * WIDTH * HEIGHT) + 100] ^= 0x40  # in the second frame
        self.kill_after(3, y4m(4))
        self.write("other.y4m", bytes(other))
        with open(self.folder / "other.y4m", "rb") as stream:
            run = self.impasto("video", "-", "--model", "night.model", "-o", "out/%d.png", "-q", stdin=stream)
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertIn("frame 2 is another one", run.stderr)

    def test_a_picture_that_is_missing(self):
        for i in (1, 2, 9):
            self.write(f"in/{i}.png", png(32, 24))
        self.assertIn("in/3.png: is missing", self.film("-o", "out.y4m", source="in/%d.png").stderr)

    def test_every_picture_is_shown(self):
        for i in range(1, 47):
            self.write(f"in/{i}.png", png(32, 24))
        self.film("-o", "out/%d.png", "--fps", "29.97", source="in/%d.png")
        self.assertEqual(len(list((self.folder / "out").iterdir())), 46)


class Preview(Filming):
    def test_frames_from_all_over_the_film(self):
        self.write("film.y4m", y4m(44))
        self.film("-o", "whole.y4m")
        self.film("-o", "out.y4m", "--preview")
        words, frames = frames_of((self.folder / "out.y4m").read_bytes())
        self.assertEqual(words[3], "F1:1")
        self.assertEqual(frames, frames_of((self.folder / "whole.y4m").read_bytes())[1][2::5][:8])
        self.film("-o", "every.y4m", "--preview", "--every", "4")
        self.assertEqual((self.folder / "every.y4m").read_bytes(), (self.folder / "out.y4m").read_bytes())

    def test_a_film_that_is_sought_in(self):
        """The frames are those that counting finds, though most are never decoded."""
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not installed")
        self.write("long.y4m", y4m(1440))  # 57.6 s
        for name in ("long.mkv", "long.mp4"):
            subprocess.run(["ffmpeg", "-v", "error", "-i", "long.y4m", "-c:v", "mpeg4", "-qscale:v", "2", "-g", "25",
                            "-bf", "2", name], cwd=self.folder, check=True, stdin=subprocess.DEVNULL,
                           timeout=SHORT_PATIENCE)
            self.film("-o", "preview.y4m", "--lossless", "--preview", source=name)
            found = frames_of((self.folder / "preview.y4m").read_bytes())[1]
            self.assertEqual(len(found), 8)
            for i, frame in enumerate(found):
                at = (180 * i + 90 - 0.5) / 25
                self.film("-o", "one.y4m", "--lossless", "--start", f"{at:.3f}", "--length", "0.04", source=name)
                self.assertEqual([frame], frames_of((self.folder / "one.y4m").read_bytes())[1])
        # One that cannot be sought in is read once, and its frames are counted.
        subprocess.run(["ffmpeg", "-v", "error", "-i", "long.y4m", "-c:v", "mpeg4", "long.avi"], cwd=self.folder,
                       check=True, stdin=subprocess.DEVNULL, timeout=SHORT_PATIENCE)
        self.film("-o", "preview.y4m", "--lossless", "--preview", source="long.avi")
        self.film("-o", "every.y4m", "--lossless", "--every", "90", source="long.avi")
        preview, every = (frames_of((self.folder / film).read_bytes())[1] for film in ("preview.y4m", "every.y4m"))
        self.assertEqual(preview, every[1::2][:8])
        # Damage that no frame of it needs is not looked at.
        film = bytearray((self.folder / "long.mkv").read_bytes())
        film[len(film) // 8:len(film) // 8 + 2000] = b"\x55" * 2000  # between the first frame's and the second's
        self.write("damaged.mkv", bytes(film))
        self.assertIn("is damaged", self.film("-o", "every.y4m", "--every", "1000", source="damaged.mkv").stderr)
        run = self.film("-o", "again.y4m", "--lossless", "--preview", source="damaged.mkv")
        self.assertNotIn("is damaged", run.stderr)

    def test_paintings_are_half_as_wide(self):
        self.write("film.y4m", pan(3, 160, 64))
        self.succeed("video", "film.y4m", "style.png", "-o", "out.y4m", "--preview", *Painted.SMALL)
        words, frames = frames_of((self.folder / "out.y4m").read_bytes())
        self.assertEqual((words[1:3], len(frames)), (["W80", "H32"], 3))

    def test_a_pipe_has_no_end_that_is_known(self):
        process = self.start("video", "-", "--model", "night.model", "-o", "out.y4m", "--preview", "-q",
                             stdin=subprocess.PIPE)
        _, err = process.communicate(y4m(4), timeout=PATIENCE)
        self.assertEqual(process.returncode, USAGE)
        self.assertIn(b"--preview", err)


class Plan(Filming):
    """What a film takes, before it is painted."""

    def rows(self, *arguments):
        """{heading: [first words of its rows]}, and the lines; nothing else may happen."""
        before = self.snapshot()
        run = self.succeed("video", "film.y4m", *arguments, "--plan", "-q")
        self.assertEqual((run.stderr, self.snapshot()), ("", before))
        parts = [part.splitlines() for part in run.stdout.split("\n\n")]
        return {part[0]: [line[2:26].strip() for line in part[1:]] for part in parts}, run.stdout

    def test_networks(self):
        rows, text = self.rows("--model", "night.model", "-o", "out.y4m")
        self.assertEqual(rows["memory on the device"], ["network", "in all"])
        self.assertEqual(list(rows), ["4 frames of 32x24", "time", "memory on the device", "disk"])
        self.assertEqual(rows["time"], ["each frame", "in all"])
        frame = 6 + 3 * WIDTH * HEIGHT
        self.assertIn(f" {4 * frame / (1 << 20):.1f} MiB", text)
        self.assertNotIn("disk", self.rows("--model", "night.model")[0])

    def test_paintings(self):
        rows, _ = self.rows("style.png", *Painted.SMALL)
        self.assertEqual(rows["time"], ["a scene's first frame", "each other frame", "in all"])
        self.assertLessEqual({"targets", "optimiser", "motion", "in all"}, set(rows["memory on the device"]))

    def test_by_lines(self):
        """The same to a program: seconds, and bytes."""
        run = self.succeed("video", "film.y4m", "--model", "night.model", "-o", "out.y4m", "--plan", "--progress", "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        plan, = [line for line in lines if line["event"] == "plan"]
        self.assertEqual((plan["frames"], plan["width"], plan["height"], plan["first"]), (4, WIDTH, HEIGHT, None))
        self.assertAlmostEqual(plan["seconds"], 4 * plan["each"])
        self.assertEqual((plan["disk"], plan["exact"]), (4 * (6 + 3 * WIDTH * HEIGHT), True))
        self.assertEqual(plan["memory"], {"network": plan["bytes"]})
        self.assertGreater(plan["bytes"], 0)
        self.assertEqual(lines[-1]["event"], "done")

    def test_memory_for_a_network(self):
        self.write("film.y4m", pan(2, 640, 360))
        sizes = []
        for memory in ([], ["--memory", "16M"]):
            run = self.succeed("video", "film.y4m", "--model", "night.model", *memory, "--plan", "--progress", "json")
            sizes += [line["bytes"] for line in map(json.loads, run.stdout.splitlines()) if line["event"] == "plan"]
        self.assertLessEqual(sizes[1], 16 << 20)
        self.assertLess(16 << 20, sizes[0])

    def test_by_the_first_frames(self):
        """Whatever frames are painted: none of those to come is waited for."""
        network = ["--model", "night.model"]
        for words in ([*network, "--every", "1000000"], [*network, "--start", "1000"],
                      ["style.png", *Painted.SMALL, "--fps", "0.001"]):
            with self.subTest(words=words):
                process = self.start("video", "-", *words, "--plan", "-q", stdin=subprocess.PIPE)
                process.stdin.write(y4m(3))
                process.stdin.flush()
                self.assertEqual(process.wait(timeout=PATIENCE), 0)
                self.assertIn(b"in all", process.stdout.read())
                for stream in (process.stdin, process.stdout, process.stderr):
                    stream.close()

    def test_a_film_that_opens_on_a_still(self):
        """The second frame that is painted is the first one that differs, here the fourth. What is behind it is not
        read, and what is before it is no frame to measure."""
        header, each = len(y4m(0)), 6 + 3 * WIDTH * HEIGHT
        moving = y4m(2)
        still = moving[:header + each] + 2 * moving[header:header + each]
        words = ["style.png", *Painted.SMALL, "--plan", "-q"]
        self.write("film.y4m", still + moving[header + each:] + 1000 * b"no frame")
        self.assertIn("each other frame", self.succeed("video", "film.y4m", *words).stdout)
        self.write("film.y4m", still + 1000 * b"no frame")
        self.assertEqual(self.impasto("video", "film.y4m", *words).returncode, INPUT)

    def test_behind_the_end(self):
        run = self.impasto("video", "film.y4m", "--model", "night.model", "--start", "1", "--plan")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertRegex(run.stderr, "--start 1 is behind its end, at 0[.][0-9]+ s")

    def test_a_full_disk(self):
        """It has no room, which is not the same as that nobody knows."""
        disk = self.folder / "disk"
        if not shutil.which("mount") or not small_disk(disk):
            self.skipTest("a small disk can be mounted by root only")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=False)
        with contextlib.suppress(OSError), open(disk / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(4096))
        words = ["video", "film.y4m", "--model", "night.model", "-o", disk / "out.y4m"]
        for place, known in ((disk, True), (pathlib.Path("/proc"), False)):
            run = self.impasto(*words[:-1], place / "out.y4m", "--plan", "--progress", "json")
            plan, = [line for line in map(json.loads, run.stdout.splitlines()) if line["event"] == "plan"] or [None]
            self.assertEqual(plan and plan["free"], 0 if known else None, run.stderr)
        run = self.impasto(*words, "-q")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertIn("make room", run.stderr)

    def test_a_film_too_large_for_its_disk(self):
        header = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 C444\n".encode()
        path = self.write("film.y4m", header)
        each, free = 6 + 3 * WIDTH * HEIGHT, shutil.disk_usage(self.folder).free
        try:  # holes take no room here, and do in the film
            # Twice as much as is free: other programs make room meanwhile.
            os.truncate(path, len(header) + (2 * free // each + 1000) * each)
        except OSError as error:
            self.skipTest(f"no file with holes can be had: {error}")
        run = self.impasto("video", "film.y4m", "--model", "night.model", "-o", "out.y4m", "-q")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertIn("make room", run.stderr)
        self.assertFalse((self.folder / "out.y4m").exists())


class Bunny(Filming):
    """A real film, in front of a camera that stands still."""

    def setUp(self):
        super().setUp()
        film = SHARED / "data/video/bunny.mp4"
        if not film.is_file() or not shutil.which("ffmpeg"):
            self.skipTest("needs ../shared and the program ffmpeg")
        subprocess.run(["ffmpeg", "-v", "error", "-i", film, "-vf", "fps=12.5,scale=112:64", "-frames:v", "6",
                        "-pix_fmt", "yuv444p", "bunny.y4m"], cwd=self.folder, check=True)

    def warp(self, *arguments):
        """E_warp of the painted film, and of the film itself."""
        self.succeed("video", "bunny.y4m", ROOT / "examples/night.jpg", "-o", "out.y4m", "--weights", "builtin",
                     "--preset", "quick", "--size", "source", "--iterations", "24", "--trace", "trace", *arguments)
        lines = [json.loads(line) for line in (self.folder / "trace").read_text().splitlines()]
        self.assertEqual([line["begins_scene"] for line in lines], [True] + [False] * 5)
        return [sum(line[name] for line in lines[1:]) / 5 for name in ("warp", "source_warp")]

    def test_it_holds_as_still_as_the_film(self):
        alone, _ = self.warp("--consistency", "none")
        held, source = self.warp("--temporal-weight", "40")
        self.assertLessEqual(held, 0.25 * alone)
        self.assertTrue(0.5 * source <= held <= 1.5 * source, (held, source))


class Stopping(Filming):
    def test_interrupted_between_frames(self):
        """What is done is a film."""
        process = self.start("video", "-", "--model", "night.model", "-o", "out.y4m",
                             "--progress", "json", stdin=subprocess.PIPE)
        process.stdin.write(y4m(2))
        process.stdin.flush()
        while b'"painting"' not in process.stdout.readline():
            pass
        for line in process.stderr:
            if b"frame 1" in line:
                break
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, SIGINT_CODE, err)
        self.assertIn(len(frames_of((self.folder / "out.y4m").read_bytes())[1]), (1, 2))

    def test_a_reader_that_goes_away(self):
        process = self.start("video", "film.y4m", "--model", "night.model", "-o", "-")
        process.stdout.close()
        with process.stderr:
            err = process.stderr.read().decode()
        self.assertEqual(process.wait(timeout=PATIENCE), OUTPUT)
        self.assertIn("standard output: cannot be written", err)


class Progress(Filming):
    def test_the_last_line_names_the_film(self):
        run = self.film("-o", "out.y4m", "--progress", "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        frames = [line for line in lines if line["event"] == "frame"]
        self.assertEqual([(line["frame"], line["frames"]) for line in frames], [(i, 4) for i in range(1, 5)])
        self.assertTrue(all(line["seconds"] > 0 for line in frames))
        self.assertEqual(lines[-1]["event"], "done")
        self.assertEqual(lines[-1]["output"], "out.y4m")


class Refusals(Filming):
    def test_words(self):
        for words, code, *arguments in (
                ("--model", USAGE, "film.y4m", "-o", "out.y4m"),
                ("-o", USAGE, "film.y4m", "--model", "night.model"),
                ("either pictures or a network", USAGE, "film.y4m", "b.png", "--model", "night.model",
                 "-o", "out.y4m"),
                ("beyond 1", USAGE, "film.y4m", "style.png", "-o", "out.y4m", "--strength", "1.5"),
                ("consistency", USAGE, "film.y4m", "style.png", "-o", "out.y4m", "--consistency", "x"),
                ("--steady: is for networks", USAGE, "film.y4m", "style.png", "-o", "out.y4m", "--steady", "0.1"),
                ("--smooth: is for networks", USAGE, "film.y4m", "style.png", "-o", "out.y4m", "--smooth", "0.1"),
                ("also the input", OUTPUT, "film.y4m", "--model", "night.model", "-o", "film.y4m"),
                ("also an input", OUTPUT, "film.y4m", "style.png", "-o", "out.y4m", "--report", "style.png"),
                ("two outputs", OUTPUT, "film.y4m", "style.png", "-o", "out.y4m", "--trace", "out.y4m"),
                ("standard output", USAGE, "film.y4m", "style.png", "-o", "out.y4m", "--report", "-"),
                (".y4m", USAGE, "film.y4m", "--model", "night.model", "-o", "out.xyz"),
                ("no style", USAGE, "film.y4m", "--model", "night.model", "-o", "out.y4m", "--mix", "x")):
            with self.subTest(arguments):
                before = self.snapshot()
                run = self.impasto("video", *arguments)
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(words, run.stderr.lower())
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
                self.assertEqual(self.snapshot(), before)

    def test_no_clobber(self):
        self.write("out.y4m", "older")
        self.spoil(OUTPUT, "no-clobber", "film.y4m", "--model", "night.model", "-o", "out.y4m",
                   "--no-clobber")

    def test_films_that_are_none(self):
        for name, data, words in (("empty", b"", "is empty"), ("text", b"a text of some length", "film"),
                                  ("large", y4m(0, 65000, 65000), "65000x65000"),
                                  ("negative", y4m(0, -3, 4), "no size"),
                                  ("none", y4m(0), "no frames")):
            with self.subTest(name):
                self.write(name, data)
                self.spoil(INPUT, words, name, "--model", "night.model", "-o", "out.y4m",
                           early=name != "none")
        self.spoil(INPUT, "lost.y4m", "lost.y4m", "--model", "night.model", "-o", "out.y4m")
