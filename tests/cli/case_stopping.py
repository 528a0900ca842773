# SPDX-License-Identifier: MIT
"""Runs that end before their time, by a signal or by numbers that are not finite; and the progress
line that is watched until then."""

import fcntl
import os
import re
import resource
import select
import signal
import struct
import termios
import time

from support import (CHEAP, NUMERIC, PATIENCE, SHORT_PATIENCE, SIGHUP_CODE, SIGINT_CODE, SIGTERM_CODE,
                     WEIGHTS, Case, first_layer, png, read_png)

LONG = ["--iterations", "1000000"]


class Signals(Case):
    def started(self, *arguments, iterations=3, **options):
        """A long run that has done some iterations."""
        run = self.start("content.png", "style.png", *CHEAP, *LONG, "--trace", "trace.jsonl", "-o",
                         "out.png", *arguments, **options)
        deadline = time.monotonic() + PATIENCE
        while len(self.trace()) < 1 + iterations:
            self.assertIsNone(run.poll(), "it ended by itself")
            self.assertLess(time.monotonic(), deadline, "no iteration came")
            time.sleep(0.01)
        return run

    def test_first_signal_saves_the_picture_so_far(self):
        for number, code in [(signal.SIGINT, SIGINT_CODE), (signal.SIGTERM, SIGTERM_CODE),
                             (signal.SIGHUP, SIGHUP_CODE)]:
            with self.subTest(number):
                for name in ["trace.jsonl", "out.png"]:
                    (self.folder / name).unlink(missing_ok=True)
                run = self.started()
                run.send_signal(number)
                out, err = run.communicate(timeout=PATIENCE)
                self.assertEqual((run.returncode, out), (code, b""), err)
                self.assertRegex(err.decode().splitlines()[-1], r"interrupted.*out\.png")
                self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))
                last = self.trace()[-1]
                self.assertEqual((last["type"], last["status"]), ("done", "interrupted"))
                self.assertEqual(sorted(os.listdir(self.folder)), [
                    "content.png", "home", "out.png", "style.png", "trace.jsonl"])

    def test_progress_that_nobody_reads_any_more(self):
        reading, writing = os.pipe()
        run = self.start("content.png", "style.png", *CHEAP, "--iterations", "300", "-o", "out.png",
                         stderr=writing)
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))

    def test_the_picture_so_far_is_that_of_the_steps_taken(self):
        run = self.started("--size", "48", "--optimizer", "adam")
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=PATIENCE)
        taken = self.trace()[-1]["iterations"]
        saved = (self.folder / "out.png").read_bytes()
        self.stylise("--size", "48", "--optimizer", "adam", "-o", "out.png", "--iterations", str(taken))
        self.assertEqual((self.folder / "out.png").read_bytes(), saved)

    def test_second_signal_ends_it_at_once(self):
        """With slow iterations, so that the first signal is still waiting."""
        self.write("out.png", "an older result")
        run = self.started("--size", "320", "--scales", "1", "--style-size", "32", "--style-layers",
                           "1_1,2_1,3_1,3_3", iterations=1)
        run.send_signal(signal.SIGINT)
        time.sleep(0.05)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=PATIENCE)
        if run.returncode == SIGINT_CODE:
            self.skipTest("the iteration ended between the signals")
        self.assertEqual(run.returncode, -signal.SIGINT)
        self.assertLess(time.monotonic() - began, SHORT_PATIENCE)
        if (self.folder / "out.png").read_bytes() != b"an older result":
            self.assertEqual(read_png(self.folder / "out.png")[:2], (320, 240))  # whole, at least
            self.skipTest("the iteration ended before the second signal")

    def test_a_signal_while_it_starts_leaves_the_old_result(self):
        self.write("out.png", "an older result")
        run = self.start("content.png", "style.png", *CHEAP, *LONG, "-o", "out.png", "--size",
                         "source")
        time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=PATIENCE)
        self.assertIn(run.returncode, [-signal.SIGINT, SIGINT_CODE])
        if run.returncode == -signal.SIGINT:
            self.assertEqual((self.folder / "out.png").read_bytes(), b"an older result")

    def test_ignored_signals_stay_ignored(self):
        """As nohup and background jobs want it."""
        run = self.started(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        run.send_signal(signal.SIGINT)
        done = len(self.trace())
        while len(self.trace()) < done + 3:
            self.assertIsNone(run.poll())
        run.terminate()
        run.communicate(timeout=PATIENCE)
        self.assertIn(run.returncode, [SIGTERM_CODE, -signal.SIGTERM])


class Held(Case):
    """Somebody holds the terminal, or does not scroll a pager: the run waits, and so does the watchdog."""

    SECONDS = 6

    def test_a_run_waits_for_who_reads(self):
        self.stylise("-o", "out.png")  # says so if it compiles
        said = self.stylise("-o", "out.png").stderr
        before = said.index("impasto: 0/")
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
        # There is room for what comes before the first iteration, and not for that.
        os.write(writer, b"\n" * (room - before - 20))
        run = self.start("content.png", "style.png", *CHEAP, "-o", "out.png", "--trace", "trace.jsonl",
                         stderr=writer, env={"IMPASTO_TIMEOUT": str(self.SECONDS)})
        os.close(writer)
        deadline = time.monotonic() + PATIENCE
        while not self.trace():
            self.assertIsNone(run.poll(), "it ended by itself")
            self.assertLess(time.monotonic(), deadline, "it does not begin")
            time.sleep(0.01)
        time.sleep(self.SECONDS + 2)
        self.assertEqual(len(self.trace()), 1, "it did not wait")
        with open(os.dup(reader), "rb") as stream:
            said = stream.read().decode()
        run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, 0, said)
        self.assertIn("wrote out.png", said)


class Numbers(Case):
    """NaN and infinity end a run with what was good until then."""

    LAYERS = ["--style-layers", "1_1", "--content-layers", "1_1", "--weights", "w.safetensors"]
    # With such weights the first step's gradient overflows.
    EXTREME = ["--losses", "gatys", "--content-weight", "1e38", "--style-weight", "0", "--optimizer", "adam"]

    def test_before_the_first_iteration(self):
        """Features that are not finite are the weights' fault; there is no picture yet, so the old one stays."""
        self.write("w.safetensors", first_layer(scale=1e30))
        self.write("out.png", "an older result")
        before = self.snapshot()
        run = self.impasto("content.png", "style.png", *CHEAP, *self.LAYERS, "-o", "out.png", "--trace",
                           "trace.jsonl", "-q")
        self.assertEqual((run.returncode, run.stdout), (WEIGHTS, ""), run.stderr)
        again, line = run.stderr.splitlines()
        self.assertRegex(again, "warning: .*computed again")
        self.assertRegex(line, "^impasto: .*not finite: these weights cannot be used")
        self.assertEqual(self.snapshot(), before, "files changed")

    def test_in_between(self):
        """The content's gradient is 0 at the start and overflows after the first step, however short: it
        is taken back."""
        self.write("w.safetensors", first_layer(scale=300))
        run = self.impasto("content.png", "style.png", *CHEAP, *self.LAYERS, *self.EXTREME, "-o",
                           "out.png", "--trace", "trace.jsonl", "--checkpoint", "run.ckpt")
        self.assertEqual((run.returncode, run.stdout), (NUMERIC, ""), run.stderr)
        self.assertIn("impasto --resume run.ckpt -o out.png", run.stderr)
        self.assertTrue((self.folder / "run.ckpt").exists())
        self.assertRegex(run.stderr.splitlines()[-1], r"^impasto: .*not finite at iteration 1")
        self.assertIn("the picture so far was written to out.png", run.stderr)
        self.assertEqual([line["type"] for line in self.trace()], ["run", "iteration", "done"])
        last = self.trace()[-1]
        self.assertEqual((last["status"], last["iterations"]), ("numeric", 1))
        saved = read_png(self.folder / "out.png")
        self.assertEqual(run.stderr.count("half of it is tried"), 3)
        self.stylise(*self.LAYERS, *self.EXTREME, "-o", "out.png", "--iterations", "0")
        self.assertEqual(read_png(self.folder / "out.png"), saved)

    def test_what_cannot_be_written_then_is_told(self):
        """Files may have 500 bytes only; see FileLimit in case_refusals.py."""
        self.write("w.safetensors", first_layer(scale=300))
        self.write("out.png", "an older result")
        run = ["content.png", "style.png", *CHEAP, *self.LAYERS, *self.EXTREME, "-q"]
        cached = {"IMPASTO_CACHE": "on"}
        self.assertEqual(self.impasto(*run, "-o", "new.png", env=cached).returncode, NUMERIC)

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

        run = self.impasto(*run, "-o", "out.png", "--report", "out.html", env=cached, preexec_fn=limit)
        self.assertEqual(run.returncode, NUMERIC, run.stderr)
        *before, picture, report, line = run.stderr.splitlines()
        self.assertRegex(picture, r"^impasto: warning: .*out\.png: .*File too large")
        self.assertRegex(report, r"^impasto: warning: .*out\.html: .*File too large")
        self.assertRegex(line, r"^impasto: .*not finite at iteration 1")
        self.assertFalse(any("File too large" in earlier for earlier in before), run.stderr)
        self.assertEqual((self.folder / "out.png").read_bytes(), b"an older result")


class Terminal(Case):
    """On a terminal, progress is one line that is redrawn."""

    def watch(self, columns, *arguments):
        """Everything that the terminal was sent."""
        master, slave = self.terminal()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        run = self.start("content.png", "style.png", *CHEAP, "-o", "out.png", *arguments,
                         stderr=slave)
        os.close(slave)
        shown, deadline = b"", time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if select.select([master], [], [], 1)[0]:
                try:
                    data = os.read(master, 65536)
                except OSError:  # Linux says so when the other end is closed
                    break
                if not data:
                    break
                shown += data
        out, _ = run.communicate(timeout=PATIENCE)
        self.assertEqual((run.returncode, out), (0, b""), shown)
        return shown.decode()

    def bars(self, shown):
        return [re.sub(r"\033\[\d*[A-Za-z]", "", part).rstrip("\n")
                for part in re.split(r"[\r]", shown) if "[" in part and "/" in part
                and re.search(r"\[[#-]+\]", part)]

    def test_bar(self):
        for columns in [40, 80, 120]:
            with self.subTest(columns):
                shown = self.watch(columns, "--iterations", "30")
                bars = self.bars(shown)
                self.assertGreaterEqual(len(bars), 2)
                for bar in bars:
                    self.assertLess(len(bar), columns)
                self.assertIn("30/30", bars[-1])
                if columns >= 80:
                    for words in ["loss", "content", "style", "it/s", "left"]:
                        self.assertIn(words, bars[-1])
                # The line after the bar begins at a line's start.
                self.assertRegex(shown, r"(\n|\033\[K)impasto: wrote out\.png")

    def test_quiet(self):
        self.assertEqual(self.watch(80, "-q"), "")

    def test_log_lines_do_not_mix_with_the_bar(self):
        shown = self.watch(80, "-v", "--save-every", "5", "--iterations", "20")
        for line in re.findall(r"[^\r\n]*picture of iteration[^\r\n]*", shown):
            self.assertRegex(line, r"^(\033\[K)?impasto: ")
