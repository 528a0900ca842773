# SPDX-License-Identifier: MIT
"""--progress json: what other programs are told while it runs, and that the last line always comes."""

import base64
import json
import os
import signal
import subprocess
import threading
import time

from support import (CHEAP, DEVICE, INPUT, OUTPUT, PATIENCE, SIGINT_CODE, SIGTERM_CODE, USAGE, Case,
                     png, read_png)

PHASES = ["loading", "opening", "preparing", "painting", "saving"]


class Progress(Case):
    def events(self, text):
        """Strict JSON, a line each; exactly one last line."""

        def no_constant(word):
            self.fail(f"{word} is no JSON")

        self.assertTrue(text.endswith("\n"), text)
        events = [json.loads(line, parse_constant=no_constant) for line in text.splitlines()]
        ends = [event["event"] in ("done", "error") for event in events]
        self.assertEqual(ends, (len(ends) - 1) * [False] + [True], text)
        return events

    def paint(self, *arguments, **options):
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "out.png", "--progress", "json",
                           *arguments, **options)
        return run, self.events(run.stdout)

    def kinds(self, events, kind):
        return [event for event in events if event["event"] == kind]

    def begin(self, *arguments, until, **options):
        """A run that is under way: its events so far, up to the first that `until` is true of."""
        run = self.start(*CHEAP, *arguments, "--progress", "json",
                         **{"stderr": subprocess.DEVNULL} | options)
        lines = []
        for line in run.stdout:
            lines.append(line)
            if until(json.loads(line)):
                break
        return run, lines

    def end(self, run, lines):
        # Not by communicate(), which passes over what the stream has read ahead.
        rest = run.stdout.read()
        run.stdout.close()
        run.wait(timeout=PATIENCE)
        return self.events((b"".join(lines) + rest).decode())

    def on_descriptor(self, *arguments, **options):
        """(run, what came by another descriptor)."""
        reader, writer = os.pipe()
        got = []

        def read():
            with open(reader, "rb") as stream:
                got.append(stream.read().decode())

        thread = threading.Thread(target=read)
        thread.start()
        try:
            run = self.start(*arguments, "--progress", "json", "--progress-fd", writer,
                             pass_fds=[writer], **options)
        finally:
            os.close(writer)
        out, err = run.communicate(timeout=PATIENCE)
        thread.join()
        return subprocess.CompletedProcess(arguments, run.returncode, out, err.decode()), got[0]


class Single(Progress):
    def test_a_run(self):
        run, events = self.paint()
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("impasto: wrote out.png", run.stderr)
        start = events[0]
        self.assertEqual(
            {key: start[key] for key in ["event", "pictures", "content", "styles", "output"]},
            {"event": "start", "pictures": 1, "content": "content.png", "styles": ["style.png"],
             "output": "out.png"})
        self.assertRegex(start["version"], r"^\d+\.\d+\.\d+$")
        phases = self.kinds(events, "phase")
        self.assertEqual([phase["phase"] for phase in phases], PHASES)
        painting = phases[3]
        self.assertEqual((painting["width"], painting["height"], painting["scales"]), (32, 24, 1))
        self.assertEqual((painting["iteration"], painting["iterations"]), (0, 2))
        iterations = self.kinds(events, "iteration")
        self.assertEqual([event["iteration"] for event in iterations], [0, 1, 2])
        self.assertEqual([event["share"] for event in iterations], [0, 0.5, 1])
        self.assertIsNone(iterations[0]["left"])
        self.assertGreater(iterations[1]["left"], 0)
        self.assertEqual(iterations[2]["left"], 0)
        for event in iterations:
            self.assertEqual((event["iterations"], event["scale"], event["scales"]), (2, 1, 1))
            self.assertGreater(event["total"], 0)
            self.assertNotIn("picture", event)
        self.assertLess(events.index(painting), events.index(iterations[0]))
        self.assertLess(events.index(iterations[2]), events.index(phases[4]))
        self.assertEqual(self.kinds(events, "preview"), [])
        self.assertEqual((events[-1]["event"], events[-1]["output"]), ("done", "out.png"))
        self.assertGreater(events[-1]["seconds"], 0)

    def test_the_log_is_what_people_read(self):
        for option, levels in [([], {"info"}), (["-q"], set()), (["-v"], {"info", "debug"})]:
            with self.subTest(option):
                run, events = self.paint(*option)
                logs = self.kinds(events, "log")
                self.assertEqual({event["level"] for event in logs}, levels)
                for event in logs:
                    self.assertIn(f"impasto: {event['text']}\n", run.stderr)
        _, events = self.paint("-q", "--preset", "quick", "--settings", "out.png")
        self.assertEqual([event["level"] for event in self.kinds(events, "log")], ["warning"])

    def test_scales(self):
        _, events = self.paint("--size", "48", "--scales", "24,48", "--first-iterations", "3")
        iterations = self.kinds(events, "iteration")
        self.assertEqual({event["iterations"] for event in iterations}, {5})
        self.assertEqual({event["scales"] for event in iterations}, {2})
        self.assertEqual(sorted({(event["scale"], event["width"]) for event in iterations}),
                         [(1, 24), (2, 48)])
        shares = [event["share"] for event in iterations]
        self.assertEqual((shares[0], shares[-1]), (0, 1))
        self.assertEqual(shares, sorted(shares))

    def test_previews(self):
        run, events = self.paint("--size", "96", "--progress-preview", "16", "--content-layers",
                                 "1_1", "--style-layers", "1_1")
        self.assertEqual(run.returncode, 0, run.stderr)
        previews = self.kinds(events, "preview")
        self.assertEqual((previews[0]["iteration"], previews[-1]["iteration"]), (0, 2))
        for preview in previews:
            self.write("preview.png", base64.b64decode(preview["png"], validate=True))
            self.assertEqual(read_png(self.folder / "preview.png")[:2], (16, 12))
            self.assertEqual((preview["width"], preview["height"]), (16, 12))
            self.assertNotIn(b"content.png", (self.folder / "preview.png").read_bytes())
        # One that is small already is not enlarged.
        _, events = self.paint("--progress-preview", "64")
        self.assertEqual(self.kinds(events, "preview")[-1]["width"], 32)

    def test_they_change_nothing(self):
        self.stylise("-o", "plain.png")
        self.paint("--progress-preview", "16")
        self.assertEqual((self.folder / "out.png").read_bytes(),
                         (self.folder / "plain.png").read_bytes())

    def test_names_that_are_not_utf8(self):
        name = os.fsdecode(b"b\xe4r.png")
        try:
            (self.folder / name).write_bytes(png(32, 24))
        except OSError:
            self.skipTest("the file system takes no such names")
        run = self.impasto(name, "style.png", *CHEAP, "--progress", "json")
        self.assertEqual(run.returncode, 0, run.stderr)
        events = self.events(run.stdout)
        self.assertEqual(events[0]["content"], "b\uefe4r.png")
        self.assertEqual(events[-1]["output"], "b\uefe4r-style.png")

    def test_no_picture(self):
        """What does other things ends by the same lines."""
        for arguments in [["--list-devices"], ["--save-settings", "-"],
                          ["content.png", "style.png", *CHEAP, "--plan"]]:
            with self.subTest(arguments):
                run, said = self.on_descriptor(*arguments)
                self.assertEqual(run.returncode, 0, run.stderr)
                self.assertGreater(len(run.stdout), 20)
                self.assertIsNone(self.events(said)[-1]["output"])


class Descriptors(Progress):
    def test_another_one(self):
        run, said = self.on_descriptor("content.png", "style.png", *CHEAP, "-o", "-", "--format", "png")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.write("out.png", run.stdout)
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))
        self.assertEqual(self.events(said)[-1]["output"], "-")

    def test_standard_output_is_taken(self):
        for arguments, word in [(["-o", "-", "--format", "png"], "-o -"), (["--trace", "-"], "--trace -"),
                                (["--plan"], "--plan"), (["--list-devices"], "--list-devices"),
                                (["--self-test"], "--self-test"),
                                (["--save-settings", "-"], "--save-settings -")]:
            with self.subTest(word):
                self.refuse(USAGE, [word, "--progress-fd"], *arguments, "--progress", "json")
        # By another number as well.
        self.refuse(USAGE, ["-o -", "standard output"], "-o", "-", "--format", "png", "--progress",
                    "json", "--progress-fd", "5", pass_fds=[5], preexec_fn=lambda: os.dup2(1, 5))

    def test_what_cannot_be_written_to(self):
        run = ["--progress", "json", "--progress-fd"]
        self.refuse(USAGE, ["--progress-fd", "77 is not open", "77>FILE"], *run, "77")
        self.refuse(USAGE, ["2", "standard error"], *run, "2")
        with open(self.folder / "style.png", "rb") as reading:
            number = reading.fileno()
            self.refuse(USAGE, f"{number} is not open for writing", *run, str(number),
                        pass_fds=[number])
        closed = self.impasto("content.png", "style.png", *CHEAP, "--progress", "json",
                              preexec_fn=lambda: os.close(1))
        self.assertEqual(closed.returncode, USAGE)
        self.assertIn("1 is not open for writing", closed.stderr)

    def test_options_that_go_together(self):
        self.refuse(USAGE, "--progress json", "--progress-fd", "3")
        self.refuse(USAGE, "--progress json", "--progress-preview", "64")
        self.assertRegex(self.succeed("--version", "--progress", "json").stdout, r"^impasto [\d.]+\n$")

    def test_a_reader_that_goes_away(self):
        run, _ = self.begin("content.png", "style.png", "-o", "out.png", "--iterations", "200",
                            until=lambda event: event["event"] == "iteration")
        run.stdout.close()
        run.wait(timeout=PATIENCE)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))

    def test_a_full_disk(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full")
        with open("/dev/full", "wb") as full:
            run = self.impasto("content.png", "style.png", *CHEAP, "-o", "out.png", "--progress",
                               "json", stdout=full)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr.count("--progress: the lines cannot be written"), 1)
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))

    def test_a_reader_that_takes_its_time(self):
        """No watchdog takes that for a device that hangs."""
        self.stylise("-o", "out.png")
        (self.folder / "out.png").unlink()
        run, lines = self.begin("content.png", "style.png", "-o", "out.png", "--iterations", "300",
                                until=lambda event: event["event"] == "iteration",
                                env={"IMPASTO_TIMEOUT": "6"}, pipesize=4096)
        time.sleep(8)
        self.assertIsNone(run.poll(), "it did not wait")
        events = self.end(run, lines)
        self.assertEqual((run.returncode, events[-1]["event"]), (0, "done"))
        self.assertEqual(len(self.kinds(events, "iteration")), 301)


class Failures(Progress):
    def check(self, code, status, words, *arguments, **options):
        run = self.impasto(*arguments, **options)
        self.assertEqual(run.returncode, code, run.stderr)
        events = self.events(run.stdout)
        last = events[-1]
        self.assertEqual((last["event"], last["code"], last["status"]), ("error", code, status))
        self.assertEqual(run.stderr.splitlines()[-1], "impasto: " + last["text"])
        self.assertIn(words, last["text"])
        return events

    def test_wrong_usage(self):
        """Wherever the option stands."""
        json_ = ["--progress", "json"]
        for arguments in [[*json_, "--bogus"], ["--bogus", *json_], ["--bogus", "--progress=json"],
                          [*json_, "--size", "1"], ["--size", "1", *json_], [*json_, "--size"]]:
            with self.subTest(arguments):
                events = self.check(USAGE, "usage", "--", "content.png", "style.png", *arguments)
                self.assertEqual(len(events), 1)
        self.check(USAGE, "usage", "see --help", *json_)
        self.check(INPUT, "input", "none.json", *json_, "--settings", "none.json")
        # Where nobody can know where they are to go, or it is a picture's name, there are none.
        for arguments in [["--progress-fd", "x", *json_], ["--progress-fd", "77", *json_],
                          ["--bogus", "--", *json_]]:
            run = self.impasto("content.png", "style.png", *arguments)
            self.assertEqual((run.returncode, run.stdout), (USAGE, ""))

    def test_runs_that_fail(self):
        run = [*CHEAP, "--progress", "json"]
        self.write("bad.png", png(32, 24)[:200])
        events = self.check(INPUT, "input", "bad.png", "bad.png", "style.png", *run)
        self.assertEqual([event["event"] for event in events], ["start", "phase", "error"])
        self.assertIsNone(events[-1]["output"])
        self.check(OUTPUT, "output", "nowhere", "content.png", "style.png", *run, "-o", "nowhere/x.png")
        self.check(DEVICE, "device", "nosuch", "content.png", "style.png", *run, "--device", "nosuch")

    def test_signals(self):
        for number, code in [(signal.SIGINT, SIGINT_CODE), (signal.SIGTERM, SIGTERM_CODE)]:
            with self.subTest(number):
                run, lines = self.begin("content.png", "style.png", "-o", "out.png", "--iterations",
                                        "1000000", until=lambda event: event["event"] == "iteration")
                run.send_signal(number)
                events = self.end(run, lines)
                self.assertEqual(run.returncode, code)
                last = events[-1]
                self.assertEqual((last["code"], last["status"]), (code, "interrupted"))
                self.assertEqual(last["output"], "out.png")
                self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))

    def test_a_signal_before_there_is_anything(self):
        run, lines = self.begin("content.png", "style.png", "-o", "out.png", until=lambda event: True)
        run.send_signal(signal.SIGINT)
        events = self.end(run, lines)
        self.assertIn(run.returncode, [-signal.SIGINT, SIGINT_CODE, 0])
        if run.returncode:
            self.assertEqual((events[-1]["code"], events[-1]["status"]), (SIGINT_CODE, "interrupted"))

    def test_a_second_signal(self):
        run, lines = self.begin("content.png", "style.png", "-o", "out.png", "--size", "320", "--scales",
                                "1", "--style-layers", "1_1,2_1,3_1,3_3", "--iterations", "100",
                                until=lambda event: event["event"] == "iteration")
        run.send_signal(signal.SIGINT)
        time.sleep(0.02)
        run.send_signal(signal.SIGINT)
        events = self.end(run, lines)
        self.assertIn(run.returncode, [-signal.SIGINT, SIGINT_CODE])
        self.assertEqual(events[-1]["code"], SIGINT_CODE)

    def test_a_driver_that_crashes(self):
        run, lines = self.begin("content.png", "style.png", "-o", "out.png", "--iterations", "1000000",
                                until=lambda event: event["event"] == "iteration")
        run.send_signal(signal.SIGABRT)
        events = self.end(run, lines)
        if run.returncode == -signal.SIGABRT:
            self.skipTest("somebody else handles crashes, such as a sanitizer")
        self.assertEqual(run.returncode, DEVICE)
        self.assertEqual((events[-1]["code"], events[-1]["status"]), (DEVICE, "device"))
        self.assertIn("crashed", events[-1]["text"])


class Many(Progress):
    def setUp(self):
        super().setUp()
        (self.folder / "in").mkdir()
        for i in range(4):
            self.write(f"in/{i}.png", png(32, 24, lambda x, y: (x * (i + 3) % 256, y, x * y % 256)))
        (self.folder / "out").mkdir()

    BATCH = ["--batch", "in", "style.png", "-o", "out/{content}.png"]

    def test_a_batch_with_a_bad_picture(self):
        self.write("in/1.png", "no picture")
        self.write("out/3.png", "an older result")
        run = self.impasto(*self.BATCH, *CHEAP, "--progress", "json")
        self.assertEqual(run.returncode, INPUT, run.stderr)
        events = self.events(run.stdout)
        start = self.kinds(events, "start")[0]
        self.assertEqual((start["pictures"], start["content"], start["output"]),
                         (4, None, "out/{content}.png"))
        pictures = self.kinds(events, "picture")
        self.assertEqual([(p["picture"], p["content"], p["output"], p["state"]) for p in pictures],
                         [(1, "in/0.png", "out/0.png", "painted"), (2, "in/1.png", "out/1.png", "failed"),
                          (3, "in/2.png", "out/2.png", "painted"), (4, "in/3.png", "out/3.png", "there")])
        self.assertEqual(pictures[1]["status"], "input")
        self.assertIn("in/1.png", pictures[1]["text"])
        self.assertNotIn("status", pictures[0])
        self.assertEqual([(e["picture"], e["iteration"]) for e in self.kinds(events, "iteration")],
                         [(n, i) for n in [1, 3] for i in range(3)])
        last = events[-1]
        self.assertEqual((last["event"], last["code"], last["output"]), ("error", INPUT, None))
        self.assertIn("1 of 4 pictures failed", last["text"])

    def test_several_devices(self):
        run = self.impasto(*self.BATCH, *CHEAP, "--device", "0,1", "--progress", "json",
                           "--progress-preview", "16", env={"POCL_DEVICES": "pthread pthread"})
        if run.returncode == DEVICE:
            self.skipTest("the platform has one device: " + run.stderr)
        self.assertEqual(run.returncode, 0, run.stderr)
        events = self.events(run.stdout)
        self.assertEqual(events[-1]["event"], "done")
        self.assertEqual(sorted(p["picture"] for p in self.kinds(events, "picture")), [1, 2, 3, 4])
        for number in range(1, 5):
            mine = [event for event in events if event.get("picture") == number]
            self.assertEqual([e["iteration"] for e in self.kinds(mine, "iteration")], [0, 1, 2])
            self.assertGreaterEqual(len(self.kinds(mine, "preview")), 1)
            self.assertEqual([e["phase"] for e in self.kinds(mine, "phase")],
                             ["loading", "preparing", "painting", "saving"])
            self.assertEqual(self.kinds(mine, "picture")[0]["state"], "painted")

    def test_a_batch_that_is_stopped(self):
        run, lines = self.begin(*self.BATCH, "--iterations", "1000000",
                                until=lambda event: event["event"] == "iteration")
        run.send_signal(signal.SIGTERM)
        events = self.end(run, lines)
        self.assertEqual(run.returncode, SIGTERM_CODE)
        self.assertEqual([(p["picture"], p["state"]) for p in self.kinds(events, "picture")],
                         [(number, "waiting") for number in range(1, 5)])
        self.assertEqual((events[-1]["code"], events[-1]["status"]), (SIGTERM_CODE, "interrupted"))

    def test_a_sequence(self):
        self.write("other.png", png(24, 32))
        run = self.impasto("content.png", "style.png", "other.png", *CHEAP, "-o", "seq.png",
                           "--interpolate", "2", "--progress", "json")
        self.assertEqual(run.returncode, 0, run.stderr)
        events = self.events(run.stdout)
        self.assertEqual(events[0]["pictures"], 2)
        self.assertEqual([(p["picture"], p["output"], p["state"]) for p in self.kinds(events, "picture")],
                         [(1, "seq-0001.png", "painted"), (2, "seq-0002.png", "painted")])
        self.assertEqual([e["picture"] for e in self.kinds(events, "iteration")], 3 * [1] + 3 * [2])
