#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto video: films that FFmpeg's libraries read and write; runs that are stopped, and go on."""

import math
import operator
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

from case_video import HEIGHT, WIDTH, Filming, frames_of, y4m
from support import OUTPUT, PATIENCE, SHORT_PATIENCE, SIGINT_CODE, USAGE, png, program


def has_films():
    """Whether the program knows other films than Y4M."""
    return pathlib.Path(program()).with_name("impasto_video.so").exists()


def correlation(a, b):
    """Of two frames' bytes: 1 where one is the other, lighter or darker, of more or less contrast."""
    means = [sum(frame) / len(frame) for frame in (a, b)]
    a, b = ([value - mean for value in frame] for frame, mean in zip((a, b), means))
    return sum(map(operator.mul, a, b)) / math.sqrt(sum(map(operator.mul, a, a)) * sum(map(operator.mul, b, b)))


@unittest.skipUnless(has_films(), "films other than Y4M are not compiled in")
class Containers(Filming):
    def probe(self, name, *entries, **options):
        """What ffprobe says of the pictures, a list of lines."""
        if not shutil.which("ffprobe"):
            self.skipTest("ffprobe is not installed")
        run = subprocess.run(["ffprobe", "-v", "error", "-select_streams", options.get("of", "V"), "-show_entries",
                              ",".join(entries), "-of", "csv=p=0", "-count_packets", name],
                             cwd=self.folder, stdout=subprocess.PIPE, text=True, check=True, timeout=SHORT_PATIENCE)
        # What lies beside a packet has lines without anything asked for.
        return [line.rstrip(",") for line in run.stdout.splitlines() if line.strip(",")]

    @staticmethod
    def encoders():
        """The names of those that this FFmpeg has, and other words."""
        if not shutil.which("ffmpeg"):
            return []
        return subprocess.run(["ffmpeg", "-v", "error", "-encoders"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True, check=True, timeout=SHORT_PATIENCE).stdout.split()

    def test_hardly_any_frames(self):
        """A rate whose numbers would not fit, once all but each millionth frame is left out; and one near 0."""
        for rate in ("15360000:512521", "1:10"):
            with self.subTest(rate):
                self.write("slow.y4m", y4m(3, words=f"F{rate} Ip A1:1 C444"))
                self.film("-o", "out.mkv", "--every", "1000000", source="slow.y4m")
                self.assertEqual(self.probe("out.mkv", "stream=width,height,nb_read_packets"), ["32,24,1"])

    def test_every_container(self):
        for ending, options in (("mp4", []), ("mkv", []), ("mkv", ["--lossless"]), ("webm", []), ("mov", [])):
            with self.subTest(ending, options=options):
                name = f"out.{ending}"
                self.film("-o", name, *options)
                self.assertEqual(sorted(path.name for path in self.folder.glob("out.*")), [name])
                self.assertEqual(self.probe(name, "stream=width,height,nb_read_packets"), ["32,24,4"])
                times = sorted(float(time) for time in self.probe(name, "packet=pts_time"))
                self.assertEqual([round(time, 3) for time in times], [0, 0.04, 0.08, 0.12])
                # And it can be painted again.
                self.film("-o", "again.y4m", source=name)
                self.assertEqual(len(frames_of_any(self.folder / "again.y4m", WIDTH, HEIGHT)), 4)
                (self.folder / name).unlink()

    def test_the_same_bytes_again(self):
        for options in ([], ["--lossless"]):
            for name, fresh in (("a.mkv", None), ("b.mkv", "77")):
                self.film("-o", name, *options, env={"MALLOC_PERTURB_": fresh})
            self.assertEqual((self.folder / "a.mkv").read_bytes(), (self.folder / "b.mkv").read_bytes())

    def test_odd_sides(self):
        self.write("odd.y4m", y4m(2, 33, 23))
        run = self.film("-o", "out.mp4", source="odd.y4m")
        self.assertIn("must be even", run.stderr)
        self.assertEqual(self.probe("out.mp4", "stream=width,height"), ["34,24"])
        self.film("-o", "out.mkv", "--lossless", source="odd.y4m")
        self.assertEqual(self.probe("out.mkv", "stream=width,height"), ["33,23"])

    def test_a_part_of_the_film(self):
        self.write("film.y4m", y4m(25))
        for options, times in ((["--start", "0.5"], [i / 25 for i in range(12)]),
                               (["--length", "0.2"], [i / 25 for i in range(5)]),
                               (["--every", "10"], [0, 0.4, 0.8]),
                               (["--fps", "5"], [0, 0.2, 0.4, 0.6, 0.8]),
                               (["--start", "0.4", "--length", "0.4", "--every", "5"], [0, 0.2])):
            with self.subTest(options):
                self.film("-o", "out.mp4", *options)
                found = sorted(float(time) for time in self.probe("out.mp4", "packet=pts_time"))
                self.assertEqual([round(time - found[0], 3) for time in found],
                                 [round(time - times[0], 3) for time in times])

    def test_a_part_far_into_the_film(self):
        """It begins at a key frame before the part, and its frames are those of the whole film."""
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not installed")
        self.write("long.y4m", y4m(160))  # 6.4 s
        for name, *words in (("long.mp4", "-c:v", "libx264", "-g", "25", "-bf", "3", "-x264-params", "open_gop=1"),
                             ("long.mkv", "-c:v", "mpeg4", "-g", "25", "-bf", "2"), ("ffv1.mkv", "-c:v", "ffv1")):
            with self.subTest(name):
                made = subprocess.run(["ffmpeg", "-v", "error", "-i", "long.y4m", *words, name], cwd=self.folder,
                                      stdin=subprocess.DEVNULL, timeout=SHORT_PATIENCE)
                if made.returncode != 0:
                    self.skipTest(f"this ffmpeg does not encode {words[1]}")
                self.film("-o", "whole.y4m", "--lossless", source=name)
                self.film("-o", "part.y4m", "--lossless", "--start", "5.02", "--length", "0.4", source=name)
                whole, part = (frames_of((self.folder / film).read_bytes())[1] for film in ("whole.y4m", "part.y4m"))
                self.assertEqual(len(part), 10)
                self.assertEqual(part, whole[126:136])
                # Frames before a jump, which the decoder lacks, are no damage.
                run = self.film("-o", "rest.y4m", "--lossless", "--start", "5.02", source=name)
                self.assertNotIn("is damaged", run.stderr)
                self.assertEqual(frames_of((self.folder / "rest.y4m").read_bytes())[1], whole[126:])
        # What is damaged long before it is not looked at.
        film = bytearray((self.folder / "ffv1.mkv").read_bytes())
        film[len(film) // 5:len(film) // 5 + 3000] = b"\x55" * 3000
        self.write("damaged.mkv", bytes(film))
        self.assertIn("is damaged", self.film("-o", "all.y4m", source="damaged.mkv").stderr)
        run = self.film("-o", "again.y4m", "--lossless", "--start", "5.02", "--length", "0.4", source="damaged.mkv")
        self.assertNotIn("is damaged", run.stderr)
        self.assertEqual((self.folder / "again.y4m").read_bytes(), (self.folder / "part.y4m").read_bytes())

    def test_a_jump_behind_which_no_frame_is_whole(self):
        """A picture that is refreshed column by column takes longer to be whole than the film goes on."""
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not installed")
        self.write("long.y4m", y4m(178, 960, 16))  # 7.12 s; a refresh takes 2.4, and the last begins at 4.88
        made = subprocess.run(["ffmpeg", "-v", "error", "-i", "long.y4m", "-c:v", "libx264", "-g", "60", "-x264-params",
                               "intra-refresh=1", "long.mkv"], cwd=self.folder, stdin=subprocess.DEVNULL,
                              timeout=SHORT_PATIENCE)
        if made.returncode != 0:
            self.skipTest("this ffmpeg does not encode libx264")
        self.film("-o", "whole.y4m", "--lossless", source="long.mkv")
        run = self.film("-o", "part.y4m", "--lossless", "--start", "6.9", source="long.mkv")
        whole, part = (frames_of((self.folder / film).read_bytes())[1] for film in ("whole.y4m", "part.y4m"))
        self.assertEqual(part, whole[173:])
        self.assertNotIn("is damaged", run.stderr)

    def test_size(self):
        self.film("-o", "out.mp4", "--size", "64")
        self.assertEqual(self.probe("out.mp4", "stream=width,height"), ["64,48"])

    def values(self, name, bits):
        """Of all frames: green, blue, red."""
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt",
                              "gbrp" if bits == 8 else "gbrp10le", "-"], cwd=self.folder, check=True,
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SHORT_PATIENCE).stdout
        return list(raw) if bits == 8 else [a + 256 * b for a, b in zip(raw[::2], raw[1::2])]

    def test_ten_bits_that_come_in(self):
        """A slope of all values goes through, by each way that films come in; without an iteration, what is painted is
        the film."""
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not installed")
        width, height = 1024, 32
        slope = b"".join(value.to_bytes(2, "little") for value in range(width)) * height
        self.write("slope.raw", slope * 3 * 2)
        self.write("style.png", png(32, 24))
        self.write("slope.y4m", f"YUV4MPEG2 W{width} H{height} F25:1 C444p10 XCOLORRANGE=FULL\n".encode() +
                   (b"FRAME\n" + slope + (512).to_bytes(2, "little") * (2 * width * height)) * 2)
        os.mkdir(self.folder / "slope")
        for name, *form in (("slope.mkv", "-c:v", "ffv1"), ("slope/%d.png", "-pix_fmt", "rgb48be")):
            subprocess.run(["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "gbrp10le", "-s",
                            f"{width}x{height}", "-i", "slope.raw", *form, name], cwd=self.folder, check=True,
                           stdin=subprocess.DEVNULL, timeout=SHORT_PATIENCE)
        still = ["--weights", "builtin", "--preset", "quick", "--size", "source", "--scales", "1", "--iterations", "0",
                 "--frame-iterations", "0", "-o", "out.mkv", "--lossless"]
        for name in ("slope.mkv", "slope.y4m", "slope/%d.png"):
            with self.subTest(name):
                self.succeed("video", name, "style.png", *still, "--bits", "10")
                values = self.values("out.mkv", 10)
                self.assertEqual(len(values), 2 * 3 * width * height)
                self.assertLessEqual(max(abs(value - i % width) for i, value in enumerate(values)), 1)
                self.assertGreater(len(set(values)), 1000)
        self.succeed("video", "slope.mkv", "style.png", *still)
        self.assertEqual(len(set(self.values("out.mkv", 8))), 256)

    def test_networks_are_given_ten_bits(self):
        """What differs only in bits that bytes lack is painted otherwise."""
        alike = [value for value in range(1023) if round(value / 1023 * 255) == round((value + 1) / 1023 * 255)]
        flat = [b"".join((value + step).to_bytes(2, "little") for value in alike[:500]) for step in (0, 1)]
        for name, luma in zip("ab", flat):
            self.write(f"{name}.y4m", b"YUV4MPEG2 W25 H20 F25:1 C444p10 XCOLORRANGE=FULL\nFRAME\n" + luma +
                       (512).to_bytes(2, "little") * 1000)
            self.film("-o", f"{name}.mkv", "--lossless", "--bits", "10", source=f"{name}.y4m")
        self.assertNotEqual(*((self.folder / f"{name}.mkv").read_bytes() for name in "ab"))

    def test_ten_bits(self):
        """What is painted has finer steps, and is else the same."""
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not installed")
        planes = {}
        for bits in (8, 10):
            self.film("-o", "out.mkv", "--lossless", "--bits", str(bits))
            planes[bits] = self.values("out.mkv", bits)
        self.assertEqual(self.probe("out.mkv", "stream=pix_fmt"), ["gbrp10le"])
        self.assertEqual(len(planes[8]), len(planes[10]))
        apart = max(abs(a / 255 - b / 1023) for a, b in zip(planes[8], planes[10]))
        self.assertLess(apart, 0.5 / 255 + 0.5 / 1023 + 1e-6)
        self.assertGreater(len(set(planes[10])), 1.5 * len(set(planes[8])))
        said = self.encoders()
        for codec, encoder, name, form in (("h264", "libx264", "out.mp4", "yuv420p10le"),
                                           ("hevc", "libx265", "out.mp4", "yuv420p10le"),
                                           ("av1", "libaom-av1", "out.mp4", "yuv420p10le"),
                                           ("prores", "prores_ks", "out.mov", "yuv422p10le")):
            with self.subTest(codec):
                if encoder not in said:
                    self.skipTest(f"no {encoder} here")
                self.film("-o", name, "--codec", codec, "--bits", "10")
                self.assertEqual(self.probe(name, "stream=pix_fmt"), [form])
                self.film("-o", "back.y4m", "--every", "2", source=name)
        for words, *arguments in (("frames of 8 bits", "-o", "ten.y4m", "--bits", "10"),
                                  ("frames of 8 bits", "-o", "ten/%d.png", "--bits", "10"),
                                  ("mpeg4 has 8 bits", "-o", "ten.mkv", "--codec", "mpeg4", "--bits", "10"),
                                  ("prores has 10 bits", "-o", "ten.mov", "--codec", "prores")):
            run = self.impasto("video", "film.y4m", "--model", "night.model", *arguments, "-q")
            self.assertEqual((run.returncode, run.stderr.count("\n")), (USAGE, 1), run.stderr)
            self.assertIn(words, run.stderr)

    def test_av1(self):
        """Its header is known before its first packet, as Matroska wants it."""
        if "libaom-av1" not in self.encoders():
            self.skipTest("no libaom-av1 here")
        for name in ("out.mkv", "out.webm", "out.mp4"):
            with self.subTest(name):
                self.film("-o", name, "--codec", "av1")
                self.assertEqual(self.probe(name, "stream=codec_name"), ["av1"])
                self.film("-o", "back.y4m", "--lossless", source=name)
                self.assertEqual(len(frames_of((self.folder / "back.y4m").read_bytes())[1]),
                                 len(frames_of((self.folder / "film.y4m").read_bytes())[1]))

    def test_sound_stays(self):
        if not shutil.which("ffmpeg"):
            self.skipTest("ffmpeg is not installed")

        def ffmpeg(*arguments):
            return subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], cwd=self.folder, check=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SHORT_PATIENCE).stdout

        self.write("film.y4m", y4m(20))
        ffmpeg("-i", "film.y4m", "-f", "lavfi", "-i", "sine=duration=0.8", "-c:v", "ffv1", "-c:a", "aac", "-metadata",
               "title=A film", "-metadata:s:a", "language=deu", "sound.mkv")
        for name in ("out.mkv", "out.mp4"):
            self.film("-o", name, source="sound.mkv")
            sums = [ffmpeg("-i", film, "-map", "0:a", "-c", "copy", "-f", "md5", "-") for film in ("sound.mkv", name)]
            self.assertEqual(*sums)
            self.assertEqual(self.probe(name, "stream_tags=language", of="a"), ["deu"])
            self.assertEqual(self.probe(name, "format_tags=title")[-1], "A film")
        run = self.film("-o", "out.webm", source="sound.mkv")
        self.assertIn("sound in aac", run.stderr)
        for name in ("out.y4m", "out/%d.png"):  # which have none at all
            said = self.film("-o", name, source="sound.mkv").stderr
            self.assertEqual(said.count(f"{name}: has frames alone, so the sound of sound.mkv is left out"), 1)
        self.assertNotIn("sound", self.film("-o", "out.y4m", source="film.y4m").stderr)
        # Subtitles become those of MP4.
        self.write("text.srt", "1\n00:00:00,100 --> 00:00:00,300\n<i>Not\nhere</i>\n\n"
                               "2\n00:00:00,400 --> 00:00:00,700\n{\\an8}1 < 2 \u00e9\n")
        ffmpeg("-i", "film.y4m", "-i", "text.srt", "-c:v", "ffv1", "-c:s", "srt", "text.mkv")
        self.film("-o", "text.mp4", source="text.mkv")
        self.assertEqual(self.probe("text.mp4", "stream=codec_name", of="s"), ["mov_text"])
        back = ffmpeg("-i", "text.mp4", "-f", "srt", "-").decode()
        self.assertRegex(back, "00:00:00,100 --> 00:00:00,300\n(<font[^>]*>)?Not\r?\nhere(</font>)?\n")
        self.assertRegex(back, "00:00:00,400 --> 00:00:00,700\n(<font[^>]*>)?1 < 2 \u00e9(</font>)?\n")

    def test_half_a_minute(self):
        """A film with sound, whose frames come irregularly and lie on their side, read by another program: the
        identity's film is that film, at its times, upright, with its sound."""
        if "aac" not in self.encoders():
            self.skipTest("ffmpeg is not installed, or has no aac")

        def ffmpeg(*arguments):
            return subprocess.run(["ffmpeg", "-v", "error", "-y", *arguments], cwd=self.folder, check=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=SHORT_PATIENCE).stdout

        waves = "nullsrc=s=64x48:r=5:d=30,geq=lum='128+100*sin((X+7*N)/9)*cos((Y-3*N*N)/11)':cb=128:cr=128"
        ffmpeg("-f", "lavfi", "-i", f"{waves},select='not(eq(mod(n,5),3))'", "-f", "lavfi", "-i",
               "sine=duration=30", "-vsync", "vfr", "-c:v", "mpeg4", "-q:v", "1", "-c:a", "aac", "lying.mp4")
        ffmpeg("-i", "lying.mp4", "-c", "copy", "-metadata:s:v", "rotate=90", "film.mp4")
        if "90" not in "".join(self.probe("film.mp4", "stream_side_data=rotation")):
            self.skipTest("this ffmpeg does not turn films so")
        self.succeed("video", "film.mp4", "--model", "base-8", "--mix", "identity", "-o", "out.mkv", "--lossless")
        times = []
        for name in ("film.mp4", "out.mkv"):
            shown, heard = (sorted(map(float, self.probe(name, "packet=pts_time", of=of))) for of in "Va")
            self.assertEqual(len(shown), 120)
            # Sound begins before the pictures, and MKV knows no time before 0: both come later in it.
            times.append([time - shown[0] for time in (*shown, heard[0], heard[-1])])
        self.assertLess(max(abs(a - b) for a, b in zip(*times)), 0.0021)  # MKV counts milliseconds
        self.assertGreater(max(b - a for a, b in zip(times[1], times[1][1:120])), 0.39)
        self.assertEqual(*(ffmpeg("-i", name, "-map", "0:a", "-c", "copy", "-f", "md5", "-")
                           for name in ("film.mp4", "out.mkv")))
        self.assertEqual(self.probe("out.mkv", "stream=width,height"), ["48,64"])
        film, painted = (ffmpeg("-i", name, "-vsync", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-")
                         for name in ("film.mp4", "out.mkv"))
        self.assertEqual([len(film), len(painted)], [120 * 48 * 64] * 2)
        picked = range(0, 120, 10)
        film, painted = ([frames[i * 48 * 64:(i + 1) * 48 * 64] for i in picked] for frames in (film, painted))
        for i, frame in enumerate(painted):
            alike = [correlation(frame, other) for other in film]
            self.assertEqual(max(range(len(alike)), key=alike.__getitem__), i)
            self.assertGreater(alike[i], 0.9)

    def test_refusals(self):
        for words, *arguments in (("holds no film", "-o", "out.webm", "--codec", "h264"),
                                  ("no encoder", "-o", "out.mkv", "--codec", "nothing"),
                                  ("holds no film", "-o", "out.mp4", "--lossless")):
            with self.subTest(arguments):
                run = self.impasto("video", "film.y4m", "--model", "night.model", "-q", *arguments)
                self.assertEqual(run.returncode, USAGE, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertEqual(list(self.folder.glob("out.*")), [])


@unittest.skipUnless(has_films(), "films other than Y4M are not compiled in")
class GoingOn(Filming):
    FRAMES = 256

    def leave(self, film, number):
        """Sends all but the last two frames of a film, and then the signal, once all are encoded."""
        process = self.start("video", "-", "--model", "night.model", "-o", "out.mkv", "--lossless",
                             stdin=subprocess.PIPE)
        each = 6 + 3 * 16 * 16
        process.stdin.write(film[:-2 * each])
        process.stdin.flush()
        packets, end, size = self.folder / "out.mkv.impasto/packets", time.monotonic() + PATIENCE, -1
        while time.monotonic() < end:  # until it grows no more
            time.sleep(2)
            now = packets.stat().st_size if packets.exists() else 0
            if now == size and now > 20 * self.FRAMES:
                break
            size = now
        process.send_signal(number)
        process.communicate()
        return process.returncode

    def go_on(self, film):
        with open(film, "rb") as stream:
            return self.film("-o", "out.mkv", "--lossless", source="-", stdin=stream)

    def test_killed_and_interrupted(self):
        """The film is the same in the end, whatever has happened to the runs before."""
        film = y4m(self.FRAMES, 16, 16)
        path = self.write("film.y4m", film)
        self.go_on(path)
        whole = (self.folder / "out.mkv").read_bytes()
        for number, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, SIGINT_CODE)):
            with self.subTest(number):
                self.assertEqual(self.leave(film, number), code)
                if number == signal.SIGINT:  # what there is is a film, and still can be gone on with
                    self.film("-o", "part.y4m", "--every", "50", source="out.mkv")
                    self.assertEqual(len(frames_of_any(self.folder / "part.y4m", 16, 16)), 6)
                self.assertIn("going on after frame 250", self.go_on(path).stderr)
                self.assertEqual((self.folder / "out.mkv").read_bytes(), whole)
                self.assertFalse((self.folder / "out.mkv.impasto").exists())

    def test_killed_where_frames_build_on_those_before(self):
        """With --smooth and --steady, a run goes on with what the frames before have left."""
        more = ["-o", "out.mkv", "--lossless", "--smooth", "0.8", "--steady", "0.05", "--bits", "10"]
        film = y4m(12, 16, 16)
        path = self.write("long.y4m", film)
        self.film(*more, source="long.y4m")
        whole = (self.folder / "out.mkv").read_bytes()
        process = self.start("video", "-", "--model", "night.model", *more, stdin=subprocess.PIPE)
        process.stdin.write(film[:-2 * (6 + 3 * 16 * 16)])
        process.stdin.flush()
        folder, end = self.folder / "out.mkv.impasto", time.monotonic() + PATIENCE
        while time.monotonic() < end and not list(folder.glob("state-*[1-9]")):
            time.sleep(0.1)
        process.kill()
        process.communicate()
        with open(path, "rb") as stream:
            again = self.film(*more, source="-", stdin=stream)
        self.assertIn("going on after frame", again.stderr)
        self.assertEqual((self.folder / "out.mkv").read_bytes(), whole)
        self.film("-o", "plain.mkv", "--lossless", source="long.y4m")
        self.assertNotEqual((self.folder / "plain.mkv").read_bytes(), whole)

    def test_other_settings(self):
        """Hours of work are not thrown away for an option."""
        folder = self.folder / "out.mkv.impasto"
        folder.mkdir()
        (folder / "job").write_text("of another film\n")
        run = self.impasto("video", "film.y4m", "--model", "night.model", "-o", "out.mkv", "-q")
        self.assertEqual(run.returncode, OUTPUT)
        self.assertIn("other settings", run.stderr)
        self.assertTrue((folder / "job").exists())

    def test_damaged_packets(self):
        """What was damaged meanwhile is painted again."""
        self.film("-o", "whole.mkv")
        whole = (self.folder / "whole.mkv").read_bytes()
        process = self.start("video", "-", "--model", "night.model", "-o", "out.mkv", stdin=subprocess.PIPE)
        process.stdin.write((self.folder / "film.y4m").read_bytes()[:-10])
        process.stdin.flush()
        for line in process.stderr:
            if b"frame 1" in line:
                break
        process.kill()
        process.communicate()
        packets = self.folder / "out.mkv.impasto/packets"
        packets.write_bytes(packets.read_bytes()[:-7] + b"garbage")
        (self.folder / "out.mkv.impasto/job").unlink()
        self.film("-o", "out.mkv")
        self.assertEqual((self.folder / "out.mkv").read_bytes(), whole)


def frames_of_any(path, width, height):
    """The frames of Y4M in 420, as bytes."""
    _, rest = path.read_bytes().split(b"\n", 1)
    each = 6 + width * height * 3 // 2
    return [rest[i:i + each] for i in range(0, len(rest), each)]
