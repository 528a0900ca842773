# SPDX-License-Identifier: MIT
"""Watching a run and looking back at it: --show, --timelapse and --report."""

import base64
import fcntl
import html.parser
import math
import os
import re
import resource
import select
import signal
import struct
import termios
import time

from support import (CHEAP, NUMERIC, OUTPUT, PATIENCE, SIGINT_CODE, TERMINAL, USAGE, Case,
                     first_layer, png, png_chunk, read_png)

LONG = ["--iterations", "1000000"]


class Screen:
    """As much of a terminal as --show needs: cursor, attributes, scrolling. Anything else that it is
    sent is a failure, so this is also the list of what may be sent."""

    def __init__(self, rows, columns):
        self.rows, self.columns = rows, columns
        self.cells = [[" "] * columns for _ in range(rows)]
        self.row = self.column = 0
        self.saved = (0, 0)
        self.modes = {"25": True, "2026": False}  # the cursor is visible; nothing is held back
        self.attributes = False
        self.pictures = 0

    def feed(self, text):
        at = 0
        while at < len(text):
            match = re.compile(r"\033\[(\?)?([\d;]*)([A-Za-z])|\033([78])|([\s\S])").match(text, at)
            private, numbers, letter, single, plain = match.groups()
            at = match.end()
            if plain:
                self.write(plain)
            elif single == "7":
                self.saved = (self.row, self.column)
                self.pictures += 1
            elif single == "8":
                self.row, self.column = self.saved
            elif private:
                assert letter in "hl" and numbers in self.modes, match.group()
                self.modes[numbers] = letter == "h"
            else:
                self.control(letter, numbers)

    def write(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            if self.row == self.rows - 1:
                self.cells = self.cells[1:] + [[" "] * self.columns]
            else:
                self.row += 1
        else:
            assert character >= " ", repr(character)
            if self.column == self.columns:
                self.column = 0
                self.write("\n")
            self.cells[self.row][self.column] = "#" if self.attributes else character
            self.column += 1

    def control(self, letter, numbers):
        count = int(numbers or "1") if letter != "m" else 0
        if letter == "A":
            self.row = max(0, self.row - count)
        elif letter == "B":
            self.row = min(self.rows - 1, self.row + count)
        elif letter == "K":
            self.cells[self.row][self.column:] = [" "] * (self.columns - self.column)
        elif letter == "J":
            self.control("K", "")
            for row in range(self.row + 1, self.rows):
                self.cells[row] = [" "] * self.columns
        elif letter == "m":
            self.attributes = numbers not in ("", "0")
        else:
            raise AssertionError(f"CSI {numbers}{letter}")

    def lines(self):
        return ["".join(row).rstrip() for row in self.cells]


class Show(Case):
    """Cells of a picture have colours, so Screen shows them as #."""

    missing = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        probe = cls("impasto")
        probe.setUp()
        run = probe.impasto("content.png", "style.png", "--show", "--plan", *CHEAP)
        probe.doCleanups()
        cls.missing = run.returncode == USAGE and "libchafa-dev" in run.stderr

    def setUp(self):
        super().setUp()
        if self.missing and "without" not in self._testMethodName:
            self.skipTest("built without chafa")

    def test_without_chafa_it_is_refused(self):
        if not self.missing:
            self.skipTest("built with chafa")
        self.refuse(USAGE, ["--show", "chafa"], "--show")

    def test_nothing_on_a_pipe(self):
        def words(run):
            """Without numbers, and without what depends on the time that things take."""
            lines = [re.sub(r"\d+(\.\d+)?|[ab]\.png", "N", line) for line in run.stderr.splitlines()]
            return [line for line in lines if "compiling" not in line and "N/N" not in line]

        plain = self.stylise("-o", "a.png", env=TERMINAL)
        shown = self.stylise("-o", "b.png", "--show", env=TERMINAL)
        self.assertNotRegex(shown.stderr, r"[\r\033]")
        self.assertEqual(words(shown), words(plain))
        self.assertEqual((self.folder / "a.png").read_bytes(),
                         (self.folder / "b.png").read_bytes())

    def watch(self, *arguments, rows=24, columns=80, act=None, code=0, **changes):
        """The screen after a run on a terminal, and all that it was sent. act(text so far, process,
        terminal): called as that grows."""
        master, slave = self.terminal()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        before = termios.tcgetattr(slave)
        run = self.start("content.png", "style.png", *CHEAP, "-o", "out.png", "--show", *arguments,
                         env=TERMINAL | changes, stderr=slave)
        shown, deadline = b"", time.monotonic() + PATIENCE
        while run.poll() is None or select.select([master], [], [], 0)[0]:
            self.assertLess(time.monotonic(), deadline, shown)
            if select.select([master], [], [], 0.1)[0]:
                shown += os.read(master, 65536)
            if act:
                act(shown, run, slave)
        self.assertEqual(termios.tcgetattr(slave), before)
        os.close(slave)
        self.assertEqual((run.returncode, run.communicate()[0]), (code, b""), shown)
        screen = Screen(rows, columns)
        screen.feed(shown.decode())
        self.assertEqual(screen.modes, {"25": True, "2026": False})
        self.assertFalse(screen.attributes)
        self.assertEqual(screen.column, 0)
        return screen, shown.decode()

    def picture_rows(self, lines):
        return [i for i, line in enumerate(lines) if line.startswith("####")]

    def expect_standing(self, screen, last):
        """One picture, the bar below it, the last words, and the cursor below them."""
        lines = screen.lines()
        rows = self.picture_rows(lines)
        # 32x24 pixels, with 5 rows to spare and cells twice as high as wide.
        self.assertEqual(len(rows), screen.rows - 5, lines)
        self.assertEqual(rows, list(range(rows[0], rows[0] + len(rows))), lines)
        widths = {len(lines[row]) for row in rows}
        self.assertEqual(widths, {len(rows) * 2 * 32 // 24}, lines)
        self.assertRegex(lines[rows[-1] + 1], r"^\[[#-]+\] \d+/\d+")
        self.assertRegex(lines[rows[-1] + 2], last)
        self.assertEqual(screen.row, rows[-1] + 3)
        self.assertEqual([line for line in lines[screen.row:] if line], [])

    def test_the_picture_stands_at_the_end(self):
        screen, shown = self.watch("--iterations", "30")
        self.assertGreaterEqual(screen.pictures, 2)
        self.assertRegex(shown, r"\033\[[0-9;]*48;2;")
        self.expect_standing(screen, r"^impasto: wrote out\.png")

    def test_the_result_is_the_same(self):
        self.watch("--iterations", "30")
        seen = (self.folder / "out.png").read_bytes()
        self.stylise("--iterations", "30", "-o", "out.png")
        self.assertEqual((self.folder / "out.png").read_bytes(), seen)

    def test_the_picture_stands_after_an_interrupt(self):
        def interrupt(shown, run, _):
            if b"/1000000" in shown and not self.sent:
                self.sent = True
                run.send_signal(signal.SIGINT)

        self.sent = False
        screen, _ = self.watch(*LONG, act=interrupt, code=SIGINT_CODE)
        self.expect_standing(screen, r"^impasto: warning: interrupted")

    def test_lines_come_above_the_picture(self):
        screen, _ = self.watch("-v", "--save-every", "5", "--iterations", "20", rows=40)
        lines = screen.lines()
        rows = self.picture_rows(lines)
        above = [line for line in lines[:rows[0]] if "saved the picture" in line]
        self.assertEqual([re.findall(r"\d+", line) for line in above], [["5"], ["10"], ["15"]])
        self.assertEqual(rows, list(range(rows[0], rows[0] + len(rows))), lines)

    def test_quiet_is_the_picture_alone(self):
        screen, shown = self.watch("-q", "--iterations", "3")
        self.assertEqual(len(self.picture_rows(screen.lines())), 19)
        self.assertEqual([line for line in screen.lines() if line and line[0] != "#"], [])
        self.assertNotIn("impasto", shown)

    def test_small_windows_have_no_picture(self):
        for rows, columns in [(7, 80), (24, 8), (1, 1)]:
            with self.subTest(rows=rows, columns=columns):
                screen, shown = self.watch("--iterations", "3", rows=rows, columns=columns)
                self.assertEqual(screen.pictures, 0)
                self.assertNotRegex(shown, r"48;2;")

    def test_resized(self):
        """Then the picture is drawn anew in the new size."""
        def resize(shown, run, terminal):
            if b"/1000000" in shown and self.step == 0:
                self.step, self.length = 1, len(shown)
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 12, 40, 0, 0))
            if self.step == 1 and b"\033[7A" in shown[self.length:]:
                self.step = 2
                run.send_signal(signal.SIGINT)

        self.step = 0
        _, shown = self.watch(*LONG, act=resize, code=SIGINT_CODE)
        # As this terminal does not wrap anew, what counts is the last drawing: 12 - 5 rows.
        screen = Screen(12, 40)
        screen.feed(shown[shown.rindex("\033[7A"):])
        lines = screen.lines()
        self.assertEqual(len(self.picture_rows(lines)), 7, lines)

    def test_simple_terminals(self):
        for term in ["dumb", ""]:
            with self.subTest(term):
                screen, shown = self.watch("--iterations", "3", TERM=term)
                self.assertEqual(screen.pictures, 0)
                self.assertIn("cannot show pictures", shown)
                self.assertNotIn("\033", shown)
                self.assertEqual(shown.replace("\r\n", "").count("\r"), 0)

    def test_no_colour(self):
        _, shown = self.watch("--iterations", "3", NO_COLOR="1")
        self.assertNotRegex(shown, r"\033\[[0-9;]*[34]8;")

    def test_plain_characters_where_the_encoding_is_not_utf8(self):
        _, shown = self.watch("--iterations", "3", LC_ALL="C")
        self.assertTrue(shown.isascii())
        self.assertRegex(shown, r"48;2;")

    def test_pixels(self):
        """kitty's pictures have one name, so that one takes the place of another."""
        code, shown = self.watched("content.png", "style.png", *CHEAP, "-o", "out.png", "--show",
                                   "--iterations", "3")
        self.assertEqual(code, 0)
        names = re.findall(rb"\033_Ga=T,i=(\d+),", shown)
        self.assertGreaterEqual(len(names), 2)
        self.assertEqual(len(set(names)), 1)
        self.assertNotRegex(shown, rb"48;2;")


class Timelapse(Case):
    def frames(self, folder="film"):
        return sorted(os.listdir(self.folder / folder))

    def pixels(self, name):
        return read_png(self.folder / name)[4]

    def test_frames(self):
        """The start, every third, and the last although it is out of turn."""
        adam = ["--optimizer", "adam"]
        self.stylise("-o", "out.png", "--timelapse", "film", "--timelapse-every", "3",
                     "--iterations", "7", *adam)
        self.assertEqual(self.frames(), [f"{i:06}.png" for i in range(4)])
        for frame, iterations in zip(self.frames(), [0, 3, 6, 7]):
            self.stylise("-o", "expected.png", "--iterations", str(iterations), *adam)
            self.assertEqual(self.pixels(f"film/{frame}"), self.pixels("expected.png"), frame)
        self.assertEqual(self.pixels("film/000003.png"), self.pixels("out.png"))

    def test_about_a_hundred_frames(self):
        for iterations, count in [(0, 1), (1, 2), (2, 3), (150, 76)]:
            folder = f"film{iterations}"
            run = self.stylise("-o", "out.png", "--timelapse", folder, "--iterations",
                               str(iterations), "--size", "24", "--margin", "0")
            self.assertEqual(len(self.frames(folder)), count)
            self.assertIn(f"wrote {count} frames to {folder}", run.stderr)

    def test_bits_and_a_slash(self):
        self.stylise("-o", "out.png", "--timelapse", "film//", "--bits", "16")
        self.assertEqual(read_png(self.folder / "film/000000.png")[:4], (32, 24, 16, 2))

    def test_the_last_frame_after_an_interrupt(self):
        run = self.start("content.png", "style.png", *CHEAP, *LONG, "-o", "out.png", "--timelapse",
                         "film", "--timelapse-every", "2")
        deadline = time.monotonic() + PATIENCE
        while not (self.folder / "film" / "000002.png").exists():
            self.assertIsNone(run.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, SIGINT_CODE)
        frames = self.frames()
        self.assertEqual(frames, [f"{i:06}.png" for i in range(len(frames))])
        self.assertEqual(self.pixels(f"film/{frames[-1]}"), self.pixels("out.png"))

    def test_refusals(self):
        self.refuse(USAGE, ["--timelapse-every", "--timelapse,"], "--timelapse-every", "3")
        self.write("file", "x")
        self.refuse(OUTPUT, ["file", "not a folder"], "--timelapse", "file")
        self.refuse(OUTPUT, ["no/film", "No such file"], "--timelapse", "no/film")
        self.refuse(OUTPUT, ["new.png", "--timelapse"], "--timelapse", "./new.png/", "-o", "new.png")
        (self.folder / "film").mkdir()
        self.refuse(OUTPUT, ["film/000007.png", "--timelapse"], "--timelapse", "film", "-o",
                    "film/000007.png")
        self.write("film/notes.txt", "x")
        self.write("film/12.png", "x")
        self.write("film/1234567.png", "x")
        self.refuse(OUTPUT, ["film", "1234567.png", "remove"], "--timelapse", "film")
        (self.folder / "film" / "1234567.png").unlink()
        self.stylise("-o", "out.png", "--timelapse", "film")
        self.assertEqual(self.frames()[:2], ["000000.png", "000001.png"])

    def test_no_folder_is_left_where_the_run_is_refused(self):
        self.refuse(OUTPUT, "no/out.png", "--timelapse", "film", "-o", "no/out.png")
        self.succeed("content.png", "style.png", *CHEAP, "--plan", "--timelapse", "film")
        self.assertFalse((self.folder / "film").exists())


class Page(html.parser.HTMLParser):
    """A page's elements, as (name, attributes, text inside), and whether they are nested rightly."""

    VOID = {"meta", "img", "input", "br", "path"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.elements, self.faults = [], [], []
        self.feed(text)
        self.close()
        if self.open:
            self.faults.append(f"left open: {[element[0] for element in self.open]}")

    def handle_starttag(self, tag, attrs):
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if len(dict(attrs)) != len(attrs):
            self.faults.append(f"<{tag}> has an attribute twice")
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append([tag, dict(attrs), ""])

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def all(self, tag, **attributes):
        return [element for element in self.elements if element[0] == tag
                and all(element[1].get(key) == value for key, value in attributes.items())]

    def text(self, tag):
        return [element[2] for element in self.all(tag)]


class Report(Case):
    def report(self, *arguments, content="content.png", name="report.html"):
        self.succeed(content, "style.png", *CHEAP, "-o", "out.png", "--report", name, *arguments)
        return self.page(name)

    def page(self, name="report.html"):
        text = (self.folder / name).read_text(encoding="utf-8")
        # Without the pictures, in whose bytes any word may come up.
        self.source = re.sub(r"(?<=;base64,)[A-Za-z0-9+/=]*", "", text)
        page = Page(text)
        self.assertEqual(page.faults, [])
        return page

    def rows(self, page):
        """What stands beside each table row's heading."""
        return dict(re.findall(r'<tr><th scope="row">(?:<code>)?(.*?)(?:</code>)?</th><td>(.*?)</td>',
                               re.sub("</?bdi>", "", self.source)))

    def test_what_it_has(self):
        page = self.report("--iterations", "5", "--beta2", "0.75", "--style-layers", "1_1:0.5,2_1")
        self.assertEqual(page.text("h1"), ["content.png in the style of style.png"])
        rows = self.rows(page)
        for name, value in {
            "--size": "32", "--iterations": "5", "--beta2": "0.75", "--preset": "default",
            "--style-layers": "conv1_1:0.5, conv2_1:1", "--content-layers": "conv2_1:1",
            "--weights": "builtin", "weights in use": "built-in", "--init": "content",
        }.items():
            with self.subTest(name):
                self.assertEqual(rows[name], value)
        self.assertRegex(rows["impasto"], r"^\d+\.\d+\.\d+$")
        self.assertRegex(rows["in all"], r"^\d+\.\d MiB$")
        for name in ["device", "platform", "driver", "OpenCL", "system"]:
            self.assertNotEqual(rows[name], "", name)
        (summary,) = [text for text in page.text("p") if "iterations" in text]
        self.assertRegex(summary, r"32x24 pixels, 5 of 5 iterations in \d+:\d\d")
        self.assertEqual(page.all("p", **{"class": "notice"}), [])

    def test_iterations_of_all_scales(self):
        self.report("--scales", "24,32", "--iterations", "2", "--first-iterations", "3")
        self.assertIn("32x24 pixels, 5 of 5 iterations in", self.source)

    def test_every_recorded_setting(self):
        self.report("--trace", "trace.jsonl")
        shown = re.findall(r"<code>--([a-z0-9-]+)</code>", self.source)
        self.assertEqual(shown, list(self.trace()[0]["settings"]))

    def test_pictures(self):
        """JPEG files within the page, each with words beside it; the content picture without EXIF."""
        exif = (b"II*\0" + struct.pack("<IH", 8, 1) + struct.pack("<HHIHH", 0x112, 3, 1, 1, 0)
                + bytes(4))
        self.write("content.png", png(2000, 1000, extra=png_chunk(b"eXIf", exif)))
        self.stylise("-o", "out.jpg")
        self.assertIn(b"Exif", (self.folder / "out.jpg").read_bytes())
        page = self.report()
        images = page.all("img")
        self.assertEqual([image[1]["alt"] for image in images],
                         ["content picture: content.png", "result picture: out.png",
                          "style picture: style.png"])
        self.assertEqual([(image[1]["width"], image[1]["height"]) for image in images],
                         [("1024", "512"), ("32", "16"), ("24", "32")])
        for image in images:
            kind, data = image[1]["src"].split(",")
            self.assertEqual(kind, "data:image/jpeg;base64")
            data = base64.b64decode(data, validate=True)
            self.assertEqual((data[:3], data[-2:]), (b"\xff\xd8\xff", b"\xff\xd9"))
            self.assertNotIn(b"Exif", data)

    def test_curves(self):
        """In the chart, one unit up is the same factor everywhere."""
        page = self.report("--iterations", "20", "--trace", "trace.jsonl")
        (svg,) = page.all("svg")
        self.assertEqual(svg[1]["role"], "img")
        for word in ["iteration", "weighted loss, log scale", "total", "style", "content"]:
            self.assertIn(word, page.text("text"))
        (path,) = [curve[1]["d"] for curve in page.all("path")
                   if curve[1].get("class") == "curve total" and "L" in curve[1]["d"]]
        points = [tuple(map(float, point)) for point in re.findall(r"([\d.]+) ([\d.]+)", path)]
        totals = [line["total"] for line in self.trace()[1:-1]]
        self.assertEqual(len(points), len(totals))
        ticks = [(float(text), float(y)) for y, text in re.findall(
            r'y="([\d.]+)" dy="0.35em" text-anchor="end">([^<]+)<', self.source)]
        self.assertGreaterEqual(len(ticks), 2)
        (low, bottom), (high, top) = ticks[0], ticks[-1]
        for total, (_, y) in zip(totals, points):
            share = math.log(total / low) / math.log(high / low)
            expected = bottom + (top - bottom) * share
            self.assertAlmostEqual(y, expected, delta=0.2)

    def test_many_iterations_are_thinned(self):
        page = self.report("--iterations", "1500", "--size", "24", "--margin", "0")
        curves = [curve[1]["d"] for curve in page.all("path")
                  if curve[1].get("class") == "curve total" and "L" in curve[1]["d"]]
        points = re.findall(r"[ML]([\d.]+)", curves[0])
        self.assertLessEqual(len(points), 513)
        self.assertGreater(len(points), 256)
        self.assertEqual(points, sorted(points, key=float))

    def test_degenerate_runs(self):
        for extra in [["--iterations", "0"], ["--iterations", "1"],
                      ["--style-weight", "0", "--content-weight", "0", "--tv-weight", "0"]]:
            with self.subTest(extra):
                self.report(*extra)
                self.assertNotRegex(self.source, r"\b(nan|inf)\b")

    def test_needs_nothing_else(self):
        self.write("content.png", png(16, 16))
        page = self.report()
        self.assertNotRegex(self.source, r"(?i)https?:|url\(|@import|src=\"(?!data:)|href=|//[a-z]")
        policy = [meta[1]["content"] for meta in page.all("meta")
                  if meta[1].get("http-equiv") == "Content-Security-Policy"]
        self.assertRegex(policy[0], r"^default-src 'none'")
        self.assertEqual([element[1]["lang"] for element in page.all("html")], ["en"])
        self.assertIn("aria-label", page.all("input", type="range")[0][1])

    def test_hostile_names(self):
        for name in ['<b>"&.png', "'><script>alert(1)<.png", "a\n\x1b[31m.png"]:
            with self.subTest(name):
                self.write(name, png(32, 24))
                page = self.report(content=name)
                shown = re.sub(r"[\x00-\x1f]", "?", name)
                self.assertEqual(page.text("h1"), [f"{shown} in the style of style.png"])
                self.assertIn(f"content picture: {shown}",
                              [image[1]["alt"] for image in page.all("img")])
                self.assertEqual(page.all("b"), [])
                self.assertEqual(len(page.all("script")), 1)
        odd = os.fsdecode(b"\xff\xfe.png")
        self.write(odd, png(32, 24))
        self.assertEqual(self.report(content=odd).text("h1"), ["??.png in the style of style.png"])

    def test_no_paths(self):
        """Neither those that were given nor those that they stand for."""
        secret = self.folder / "secret"
        secret.mkdir()
        for name in ["content.png", "style.png"]:
            (self.folder / name).rename(secret / name)
        self.write("secret/start.png", png(32, 24))
        self.succeed("--export-weights", "secret/own.safetensors", "--weights", "builtin")
        cheap = CHEAP[CHEAP.index("--size"):]
        self.succeed(secret / "content.png", "secret/style.png", *cheap, "-o", secret / "out.png",
                     "--init", "secret/start.png", "--weights", secret / "own.safetensors",
                     "--report", secret / "report.html")
        rows = self.rows(self.page("secret/report.html"))
        self.assertEqual((rows["--weights"], rows["weights in use"], rows["--init"]),
                         ("own.safetensors", "own.safetensors", "start.png"))
        for word in ["secret", str(self.folder), os.uname().nodename + "<"]:
            self.assertNotIn(word, self.source)

    def test_after_an_interrupt(self):
        run = self.start("content.png", "style.png", *CHEAP, *LONG, "-o", "out.png", "--report",
                         "report.html", "--trace", "trace.jsonl")
        deadline = time.monotonic() + PATIENCE
        while len(self.trace()) < 4:
            self.assertIsNone(run.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertFalse((self.folder / "report.html").exists())
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, SIGINT_CODE)
        page = self.page()
        taken = self.trace()[-1]["iterations"]
        self.assertIn(f"{taken} of 1000000 iterations", self.source)
        (notice,) = page.all("p", **{"class": "notice"})
        self.assertIn("Interrupted", notice[2])

    def test_after_numbers_went_wrong(self):
        self.write("w.safetensors", first_layer(scale=300))
        run = self.impasto("content.png", "style.png", *CHEAP, "--style-layers", "1_1",
                           "--content-layers", "1_1", "--weights", "w.safetensors", "--losses",
                           "gatys", "--content-weight", "1e38", "--style-weight", "0",
                           "--optimizer", "adam", "-o", "out.png", "--report", "report.html")
        self.assertEqual(run.returncode, NUMERIC, run.stderr)
        (notice,) = self.page().all("p", **{"class": "notice"})
        self.assertRegex(notice[2], r"Stopped.*not finite at iteration 1")

    def test_refusals(self):
        self.refuse(USAGE, ["report.txt", ".html"], "--report", "report.txt")
        self.refuse(OUTPUT, ["no/report.html", "No such file"], "--report", "no/report.html")
        (self.folder / "folder.html").mkdir()
        self.refuse(OUTPUT, ["folder.html", "a folder"], "--report", "folder.html")
        self.refuse(OUTPUT, "two outputs", "--report", "r.html", "--trace", "./r.html")
        if os.geteuid() != 0:
            closed = self.folder / "closed"
            closed.mkdir(mode=0o500)
            self.refuse(OUTPUT, ["closed", "cannot be written"], "--report", "closed/report.html")

    def test_whole_or_not_at_all(self):
        """A file that may not grow beyond 20 kB, which the pictures do and the page cannot."""
        cached = {"IMPASTO_CACHE": "on"}
        self.write("report.html", "an older report")
        self.write("content.png", png(400, 300, lambda x, y: (x * y * 7 % 256, x % 256, y % 256)))
        self.stylise("-o", "out.png", env=cached)

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "out.png", "--report",
                           "report.html", env=cached, preexec_fn=limit)
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], r"report\.html.*[Ff]ile too large")
        self.assertEqual((self.folder / "report.html").read_text(), "an older report")
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["content.png", "home", "out.png", "report.html", "style.png"])
