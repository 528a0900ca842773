#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto live: frames as they come, with what changes meanwhile."""

import contextlib
import ctypes
import ctypes.util
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest

from case_apply import style_network
from support import INPUT, OUTPUT, PATIENCE, SIGINT_CODE, USAGE, Case, program

WIDTH, HEIGHT, RATE = 32, 24, 30
LUMA, CHROMA = WIDTH * HEIGHT, WIDTH * HEIGHT // 2
EACH = len(b"FRAME\n") + LUMA + CHROMA
HEADER = f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode()


def frame(i, width=WIDTH, height=HEIGHT):
    """A pattern that moves to the right, a pixel a frame."""
    luma = bytes(16 + (x - i + 2 * y) * 7 % 220 for y in range(height) for x in range(width))
    return b"FRAME\n" + luma + bytes([110]) * (width * height // 4) + bytes([140]) * (width * height // 4)


def film(frames, **size):
    width, height = size.get("width", WIDTH), size.get("height", HEIGHT)
    header = f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420jpeg\n".encode()
    return header + b"".join(frame(i, width, height) for i in range(frames))


def frames_of(data, each=EACH):
    header, rest = data.split(b"\n", 1)
    assert header.startswith(b"YUV4MPEG2"), header
    assert len(rest) % each == 0, len(rest)
    return [rest[at:at + each] for at in range(0, len(rest), each)]


class Living(Case):
    def setUp(self):
        super().setUp()
        self.write("night.model", style_network())
        self.write("film.y4m", film(8))

    def live(self, *arguments, **options):
        return self.succeed("live", "night.model", *arguments, **options)

    def begin(self, *arguments, rate=RATE, **options):
        """Runs on a film that the test writes as it goes; returns when the first frame is through."""
        process = self.start("live", "night.model", "--camera", "-", "-o", "-", *arguments,
                             stdin=subprocess.PIPE, **options)
        process.stdin.write(HEADER.replace(b"F30:", f"F{rate}:".encode()))
        self.send(process, 0)
        header = process.stdout.readline()
        self.assertTrue(header.startswith(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{rate}:1".encode()), header)
        self.assertEqual(len(process.stdout.read(EACH)), EACH)
        return process

    def send(self, process, i):
        process.stdin.write(frame(i))
        process.stdin.flush()

    def through(self, process, i):
        """A frame, there and back."""
        self.send(process, i)
        painted = process.stdout.read(EACH)
        self.assertEqual(len(painted), EACH)
        return painted

    def leave(self, process, code=0):
        out, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, code, err)
        return out, err.decode()


class Frames(Living):
    def test_a_file_keeps_its_time(self):
        """Frames that are dropped are made up for by the one before."""
        run = self.live("--camera", "film.y4m", "-o", "out.y4m", "--progress", "json")
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        frames = frames_of((self.folder / "out.y4m").read_bytes())
        shown, taken, dropped = map(int, re.search(
            r"showed (\d+) of (\d+) frames, .* (\d+) dropped", run.stderr).groups())
        self.assertEqual((taken, shown + dropped), (8, 8))
        last = [line for line in lines if line["event"] == "frame"][-1]
        self.assertEqual((last["frame"], last["taken"], last["dropped"]), (shown, taken, dropped))
        self.assertEqual(lines[-1]["event"], "done")
        self.assertEqual(len(frames), 8)
        self.assertEqual(len(set(frames)), shown)

    def test_a_film_takes_its_time(self):
        self.write("film.y4m", film(31))
        self.live("--camera", "film.y4m", "-o", "out.y4m")
        begun = time.monotonic()
        self.live("--camera", "film.y4m", "-o", "out.y4m")
        self.assertGreater(time.monotonic() - begun, 1)

    def test_frames_are_painted_as_pictures_are(self):
        """The same network by the other command, whose conversion is another: within rounding."""
        self.write("one.y4m", film(1))
        self.live("--camera", "one.y4m", "-o", "live.y4m")
        self.succeed("video", "one.y4m", "--model", "night.model", "-o", "video.y4m")
        live, video = ((self.folder / name).read_bytes()[-EACH:] for name in ("live.y4m", "video.y4m"))
        apart = [abs(a - b) for a, b in zip(live, video)]
        self.assertLess(sum(apart) / len(apart), 1)

    def test_a_frame_comes_out_before_the_next_goes_in(self):
        process = self.begin()
        painted = [self.through(process, i) for i in range(1, 4)]
        self.assertEqual(len(set(painted)), 3)
        self.leave(process)

    def test_pipes_by_their_names(self):
        for name in ("in.fifo", "out.fifo"):
            os.mkfifo(self.folder / name)
        process = self.start("live", "night.model", "--camera", "in.fifo", "-o", "out.fifo", "-q")
        feeder = subprocess.Popen(["cp", "film.y4m", "in.fifo"], cwd=self.folder)
        with open(self.folder / "out.fifo", "rb") as reader:
            frames = frames_of(reader.read())
        self.assertEqual(feeder.wait(), 0)
        self.leave(process)
        self.assertIn(len(frames), range(1, 9))

    def test_options_matter(self):
        self.write("one.y4m", film(1))
        films = set()
        for options in ([], ["--mix", "dots"], ["--strength", "0.5"], ["--colour", "luma"], ["--colour", "match"]):
            self.live("--camera", "one.y4m", "-o", "out.y4m", *options)
            films.add((self.folder / "out.y4m").read_bytes())
        self.assertEqual(len(films), 5)

    def test_statistics_that_stay(self):
        """With --smooth, or a line that says so, a frame that lights up is painted otherwise."""
        painted = []
        for options, line in (([], None), (["--smooth", "0.9"], None), ([], "smooth 0.9")):
            os.mkfifo(self.folder / "control")
            process = self.begin(*options, "--control", "control")
            if line:
                (self.folder / "control").write_text(line + "\n")
                time.sleep(1)
            first = self.through(process, 1)
            lit = bytearray(frame(1))
            lit[6:6 + LUMA // 8] = bytes(min(v + 60, 235) for v in lit[6:6 + LUMA // 8])
            process.stdin.write(lit)
            process.stdin.flush()
            painted.append((first, process.stdout.read(EACH)))
            self.leave(process)
            os.unlink(self.folder / "control")
        self.assertEqual(painted[0][0], painted[2][0])  # nothing was remembered yet
        self.assertNotEqual(painted[0][1], painted[1][1])
        self.assertNotEqual(painted[0][1], painted[2][1])

    def test_noise_is_averaged(self):
        """Two frames that differ by a few codes: the second is nearer to the first."""
        apart = []
        for options in ([], ["--steady", "0.05"]):
            process = self.begin(*options)
            first = self.through(process, 1)
            noisy = bytearray(frame(1))
            noisy[6:6 + LUMA] = bytes(v + i * i % 5 for i, v in enumerate(noisy[6:6 + LUMA]))
            process.stdin.write(noisy)
            process.stdin.flush()
            second = process.stdout.read(EACH)
            apart.append(sum(abs(a - b) for a, b in zip(first, second)))
            self.leave(process)
        self.assertLess(apart[1], 0.6 * apart[0])


class Late(Living):
    def test_a_reader_that_stalls_gets_the_newest(self):
        """The pipe is full; what comes meanwhile is dropped and counted."""
        width, height = 192, 96
        each = len(frame(0, width, height))
        process = self.start("live", "night.model", "--camera", "-", "-o", "-", stdin=subprocess.PIPE)
        process.stdin.write(film(60, width=width, height=height))
        process.stdin.flush()
        time.sleep(3)
        process.stdin.close()
        process.stdin = None
        out, err = self.leave(process)
        frames = frames_of(out, each)
        shown, taken, dropped = map(int, re.search(
            r"showed (\d+) of (\d+) frames, .* (\d+) dropped", err).groups())
        self.assertEqual((taken, shown + dropped, shown), (60, 60, len(frames)))
        self.assertGreater(dropped, 10)

    def test_a_reader_that_goes_away(self):
        process = self.begin()
        process.stdout.close()
        for i in range(1, 4):
            try:
                self.send(process, i)
            except BrokenPipeError:
                break
            time.sleep(0.1)
        with process.stderr:
            err = process.stderr.read().decode()
        self.assertEqual(process.wait(timeout=PATIENCE), OUTPUT)
        self.assertIn("standard output: nobody reads it any more", err)
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()

    def test_a_film_that_is_cut_short(self):
        self.write("film.y4m", film(3)[:-100])
        run = self.live("--camera", "film.y4m", "-o", "out.y4m", "-q")
        self.assertIn("ends within frame 3", run.stderr)

    def test_damage(self):
        process = self.begin("-q")
        process.stdin.write(b"frame")
        process.stdin.write(bytes(2000))
        process.stdin.flush()
        _, err = self.leave(process, INPUT)
        self.assertIn("frame 2 does not begin", err)


class Control(Living):
    def setUp(self):
        super().setUp()
        os.mkfifo(self.folder / "control")

    def say(self, *lines):
        with open(self.folder / "control", "w", encoding="utf-8") as pipe:
            pipe.write("".join(line + "\n" for line in lines))

    def changed(self, process, before):
        """The first result that differs, within two seconds."""
        for _ in range(60):
            after = self.through(process, 1)
            if after != before:
                return after
        self.fail("nothing has changed")

    def test_lines_change_what_is_painted(self):
        process = self.begin("--control", "control")
        first = self.through(process, 1)
        self.assertEqual(self.through(process, 1), first)
        self.say("strength 0.4")
        weaker = self.changed(process, first)
        self.say("# a remark", "", "  mix   dots:1  ", "strength 1")
        dots = self.changed(process, weaker)
        self.assertNotIn(dots, (first, weaker))
        self.say("mix ink:1")
        while self.changed(process, dots) != first:
            pass
        self.say("quit")
        _, err = self.leave(process)
        self.assertNotIn("warning", err)

    def test_bad_lines_change_nothing(self):
        process = self.begin("--control", "control", "-q")
        first = self.through(process, 1)
        self.say("strength 9", "strength", "mix lines", "mix ink:0", "dance", "x" * 3000, "steady -1")
        for _ in range(5):
            self.assertEqual(self.through(process, 1), first)
            time.sleep(0.05)
        self.say("quit")
        _, err = self.leave(process)
        lines = err.splitlines()
        self.assertEqual(len(lines), 7, err)
        for line, words in zip(lines, ("strength", "strength", "no style 'lines'", "above 0", "'dance' is no command",
                                       "too long", "steady")):
            self.assertTrue(line.startswith("impasto: warning: --control: "), line)
            self.assertIn(words, line)

    def test_no_pipe(self):
        self.write("text", "")
        for name, words in (("text", "is no pipe"), ("lost", "mkfifo")):
            run = self.impasto("live", "night.model", "--camera", "film.y4m", "-o", "out.y4m", "--control", name)
            self.assertEqual(run.returncode, USAGE)
            self.assertIn(words, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1)


class Stopping(Living):
    def test_interrupted(self):
        process = self.begin()
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = self.leave(process, SIGINT_CODE)
        self.assertLess(time.monotonic() - begun, 5)
        self.assertIn("showed 1 of 1 frames", err)

    def test_what_is_done_is_a_film(self):
        process = self.start("live", "night.model", "--camera", "-", "-o", "out.y4m", stdin=subprocess.PIPE)
        process.stdin.write(film(2))
        process.stdin.flush()
        for line in process.stderr:
            if b"frame 1" in line:
                break
        process.send_signal(signal.SIGINT)
        self.leave(process, SIGINT_CODE)
        self.assertIn(len(frames_of((self.folder / "out.y4m").read_bytes())), (1, 2))

    def test_while_the_reader_stalls(self):
        process = self.start("live", "night.model", "--camera", "-", "-o", "-", stdin=subprocess.PIPE)
        process.stdin.write(film(40, width=192, height=96))
        process.stdin.flush()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(timeout=PATIENCE), SIGINT_CODE)
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()


class Refusals(Living):
    def test_words(self):
        for words, code, *arguments in (
                ("model", USAGE, "--camera", "film.y4m"),
                ("also the camera", OUTPUT, "night.model", "--camera", "film.y4m", "-o", "film.y4m"),
                ("no style", USAGE, "night.model", "--camera", "film.y4m", "-o", "out.y4m", "--mix", "x"),
                ("above 0", USAGE, "night.model", "--camera", "film.y4m", "-o", "out.y4m", "--mix", "ink:0"),
                ("strength", USAGE, "night.model", "--camera", "film.y4m", "--strength", "3"),
                ("--rate: can be asked of a camera only", USAGE, "night.model", "--camera", "film.y4m", "--rate", "5"),
                ("--size 64: must be", USAGE, "night.model", "--size", "64"),
                ("cannot be opened", INPUT, "night.model", "--camera", "/dev/video4711"),
                ("steady", USAGE, "night.model", "--camera", "film.y4m", "--steady", "2"),
                ("no-clobber", OUTPUT, "night.model", "--camera", "film.y4m", "-o", "night.model", "--no-clobber")):
            with self.subTest(arguments):
                before = self.snapshot()
                run = self.impasto("live", *arguments)
                self.assertEqual(run.returncode, code, run.stderr)
                self.assertIn(words, run.stderr.lower())
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
                self.assertEqual(self.snapshot(), before)

    def test_films_that_are_none(self):
        for name, data, words in (("empty", b"", "is empty"), ("text", b"a text\n", "no film"),
                                  ("large", b"YUV4MPEG2 W65000 H65000 F25:1\n", "65000x65000"),
                                  ("deep", b"YUV4MPEG2 W32 H24 F25:1 C420p10\n", "8 bits"),
                                  ("thin", b"YUV4MPEG2 W32 H24 F25:1 C411\n", "samples"),
                                  ("none", HEADER, "no frames")):
            with self.subTest(name):
                self.write(name, data)
                before = self.snapshot()
                run = self.impasto("live", "night.model", "--camera", name, "-o", "out.y4m", "-q")
                self.assertEqual(run.returncode, INPUT, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
                self.assertEqual(self.snapshot(), before)


FAKE = pathlib.Path(program()).resolve().parent / "tests" / "fake_v4l2.so"
CAMERA, VIRTUAL = "/dev/video-in", "/dev/video-out"


@unittest.skipUnless(FAKE.exists(), "there is no fake of V4L2 here")
class Camera(Living):
    """A camera that is not there: tests/tools/fake_v4l2.c."""

    def fake(self, **settings):
        return {"LD_PRELOAD": str(FAKE), "FAKE_SIZE": "32x24", "FAKE_FILE": str(self.folder / "virtual")} | {
            f"FAKE_{name.upper()}": str(value) for name, value in settings.items()}

    def film_of(self, *arguments, code=INPUT, **settings):
        """What comes until the camera is unplugged: the run, and its frames."""
        out = self.folder / "out.fifo"
        if not out.exists():
            os.mkfifo(out)
        process = self.start("live", "night.model", "--camera", CAMERA, "-o", "out.fifo", *arguments,
                             env=self.fake(frames=12, **settings))
        with open(out, "rb") as reader:
            data = reader.read()
        _, err = process.communicate(timeout=PATIENCE)
        self.assertEqual(process.returncode, code, err)
        return err.decode(), frames_of(data)

    def expect_colour(self, planes):
        """U and V are the camera's where lightness alone is painted. planes: of a frame, without Y4M's line."""
        for part, wanted in ((planes[LUMA:LUMA + CHROMA // 2], 110), (planes[LUMA + CHROMA // 2:], 140)):
            self.assertLess(abs(sum(part) / len(part) - wanted), 2)

    def test_formats_say_the_same(self):
        """One colour, in each of the formats; rows may have gaps, which say another."""
        for pixels in ("YUYV", "NV12", "YU12"):
            for gap in (0, 12):
                with self.subTest(pixels, gap=gap):
                    err, frames = self.film_of("--colour", "luma", pixels=pixels, gap=gap)
                    self.assertIn("the camera is gone: No such device; --wait waits", err)
                    self.assertGreater(len(frames), 0)
                    self.expect_colour(frames[0][6:])

    def test_what_is_asked_for(self):
        run = self.impasto("live", "night.model", "--camera", CAMERA, "-o", "out.y4m", "--pixels", "uyvy",
                           env=self.fake(pixels="YUYV,MJPG"))
        self.assertEqual(run.returncode, INPUT)
        self.assertIn("has no uyvy pixels, but YUYV, MJPG", run.stderr)

    @unittest.skipUnless(shutil.which("cjpeg") or shutil.which("convert"), "no program writes JPEG here")
    def test_jpeg(self):
        for i in range(4):
            self.write(f"{i}.ppm", b"P6 32 24 255\n" + bytes([40 + 40 * i, 120, 60]) * (32 * 24))
            subprocess.run(["convert", f"{i}.ppm", "-sampling-factor", "2x1", f"{i}.jpg"], cwd=self.folder, check=True)
        err, frames = self.film_of(pixels="MJPG", jpeg=self.folder / "%d.jpg")
        self.assertGreater(len(frames), 0, err)
        self.write("2.jpg", b"\xff\xd8 nothing")
        _, fewer = self.film_of(pixels="MJPG", jpeg=self.folder / "%d.jpg")
        self.assertGreater(len(fewer), 0)

    def test_a_camera_that_is_lost_and_found(self):
        process = self.start("live", "night.model", "--camera", CAMERA, "-o", "-", "--wait",
                             env=self.fake(frames=5, away=2))
        said = []
        for line in process.stderr:
            said.append(line.decode())
            if "is there again" in said[-1]:
                break
        process.stdout.readline()
        for _ in range(3):
            self.assertEqual(len(process.stdout.read(EACH)), EACH)
        process.send_signal(signal.SIGINT)
        self.leave(process, SIGINT_CODE)
        self.assertIn("the camera is gone: No such device; waiting for it", "".join(said))

    def test_refusals(self):
        for words, settings in (("another program has the camera", {"in": "busy"}),
                                ("nobody writes to it", {"in": "none"}),
                                ("has no formats", {"pixels": "x"})):
            with self.subTest(words):
                run = self.impasto("live", "night.model", "--camera", CAMERA, "-o", "out.y4m",
                                   env=self.fake(**settings))
                self.assertEqual(run.returncode, INPUT, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)
        run = self.impasto("live", "night.model", "--camera", "/dev/video-lost", "-o", "out.y4m")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        self.assertIn("ls /dev/video*", run.stderr)

    def test_a_virtual_camera(self):
        self.live("--camera", "film.y4m", "-o", VIRTUAL, "--colour", "luma", env=self.fake())
        frames = (self.folder / "virtual").read_bytes()
        self.assertGreater(len(frames), 0)
        self.assertEqual(len(frames) % (LUMA + CHROMA), 0)
        self.expect_colour(frames[-LUMA - CHROMA:])

    def test_traps_of_virtual_cameras(self):
        run = self.live("--camera", "film.y4m", "-o", VIRTUAL, "-q", env=self.fake(out="both"))
        self.assertIn("exclusive_caps=1", run.stderr)
        self.write("odd.y4m", b"YUV4MPEG2 W33 H24 F25:1 Cmono\nFRAME\n" + bytes(33 * 24))
        for words, name, settings in (("another program writes to it", "film.y4m", {"out": "in"}),
                                      ("end the programs that use it", "film.y4m", {"out": "busy"}),
                                      ("are odd", "odd.y4m", {})):
            with self.subTest(words):
                run = self.impasto("live", "night.model", "--camera", name, "-o", VIRTUAL, env=self.fake(**settings))
                self.assertEqual(run.returncode, OUTPUT, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


MODULE = pathlib.Path(program()).resolve().parent / "impasto_sdl.so"


def has_libraries(*names):
    return all(ctypes.util.find_library(name) for name in names)


@unittest.skipUnless(MODULE.exists() and shutil.which("Xvfb") and shutil.which("import") and
                     has_libraries("X11", "Xtst"), "no window, Xvfb, ImageMagick or XTest here")
class Window(Living):
    """A window on a screen without a monitor; keys by XTest, pictures of it by ImageMagick."""

    SIDE = 96

    def setUp(self):
        super().setUp()
        self.x11, self.xtst = (ctypes.CDLL(ctypes.util.find_library(name)) for name in ("X11", "Xtst"))
        reading, writing = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", "320x240x24", "-nolisten", "tcp"],
            pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(writing)
        self.addCleanup(self.server.wait)
        self.addCleanup(self.server.terminate)
        with os.fdopen(reading) as number:
            self.display = ":" + number.readline().strip()
        if self.display == ":":
            self.skipTest("Xvfb does not start")
        self.x11.XOpenDisplay.restype = ctypes.c_void_p
        self.connection = ctypes.c_void_p(self.x11.XOpenDisplay(self.display.encode()))
        self.addCleanup(self.x11.XCloseDisplay, self.connection)

    def press(self, key):
        code = self.x11.XKeysymToKeycode(self.connection, self.x11.XStringToKeysym(key.encode())) & 255
        self.x11.XSetInputFocus(self.connection, self.window(), 1, 0)
        for down in (1, 0):
            self.xtst.XTestFakeKeyEvent(self.connection, code, down, 0)
        self.x11.XSync(self.connection, 0)

    def window(self):
        """The largest window on the screen."""
        root, parent, children, count = (ctypes.c_ulong(), ctypes.c_ulong(), ctypes.POINTER(ctypes.c_ulong)(),
                                         ctypes.c_uint())
        self.x11.XQueryTree(self.connection, ctypes.c_ulong(self.x11.XDefaultRootWindow(self.connection)),
                            *map(ctypes.byref, (root, parent, children, count)))
        sizes = {}
        for i in range(count.value):
            numbers = [ctypes.c_uint() for _ in range(6)]
            self.x11.XGetGeometry(self.connection, ctypes.c_ulong(children[i]), ctypes.byref(root),
                                  *map(ctypes.byref, numbers))
            sizes[children[i]] = numbers[2].value * numbers[3].value
        return ctypes.c_ulong(max(sizes, key=sizes.get)) if sizes else None

    def colours(self):
        """Of the screen: how many pixels have each colour."""
        done = subprocess.run(["import", "-display", self.display, "-window", "root", "-depth", "8", "rgb:-"],
                              capture_output=True, check=True)
        counts = {}
        for i in range(0, len(done.stdout), 3):
            colour = done.stdout[i:i + 3]
            counts[colour] = counts.get(colour, 0) + 1
        return counts

    def until(self, words, process, test):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            process.stdin.write(frame(1, self.SIDE, self.SIDE))
            process.stdin.flush()
            counts = self.colours()
            if test(counts):
                return counts
        self.fail(words)

    def test_keys_and_pictures(self):
        process = self.start("live", "night.model", "--camera", "-", "--strength", "0.5",
                             stdin=subprocess.PIPE, env={"DISPLAY": self.display, "SDL_VIDEODRIVER": "x11"})
        process.stdin.write(f"YUV4MPEG2 W{self.SIDE} H{self.SIDE} F30:1 C420jpeg\n".encode())
        self.until("nothing is shown", process, lambda counts: len(counts) > 20)
        first = self.until("nothing stays", process, lambda counts: counts == self.colours())
        self.press("Up")
        stronger = self.until("a key changes nothing", process, lambda counts: counts != first)
        self.press("Right")
        self.until("no other style", process, lambda counts: counts not in (first, stronger))
        self.press("q")
        _, err = self.leave(process)
        self.assertIn("showed", err)

    def test_no_screen(self):
        run = self.impasto("live", "night.model", "--camera", "film.y4m",
                           env={"DISPLAY": ":4711", "SDL_VIDEODRIVER": "x11"})
        self.assertEqual(run.returncode, OUTPUT)
        self.assertIn("no window can be opened", run.stderr)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)


class Memory(Living):
    def resident(self, process):
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))

    @unittest.skipUnless(pathlib.Path("/proc/self/status").exists(), "no /proc here")
    def test_memory_stays_flat(self):
        """$IMPASTO_SOAK_FRAMES frames, of which each 20th has another strength or style."""
        frames = int(os.environ.get("IMPASTO_SOAK_FRAMES", "400"))
        os.mkfifo(self.folder / "control")
        process = self.begin("--control", "control", "--steady", "0.02", "-q", rate=1000)
        sizes = []
        for i in range(frames):
            self.through(process, i % 100)
            if i % 20 == 0:
                with open(self.folder / "control", "w", encoding="utf-8") as pipe:
                    pipe.write(f"strength {i % 7 / 4}\nmix {'ink' if i % 40 else 'dots'}\n")
            if i >= frames // 4:
                sizes.append(self.resident(process))
        self.assertLess(max(sizes) - sizes[0], 2048, sizes[:: max(1, len(sizes) // 20)])
        process.send_signal(signal.SIGINT)
        self.leave(process, SIGINT_CODE)
