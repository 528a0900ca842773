# SPDX-License-Identifier: MIT
"""Runs that are stopped and gone on with: the same bytes in the end, whatever stopped them."""

import json
import os
import resource
import shlex
import signal
import struct
import subprocess
import time
import zlib

from support import (CHEAP, DEVICE, INPUT, OUTPUT, PATIENCE, SIGINT_CODE, SIGTERM_CODE, USAGE,
                     WEIGHTS, Case, first_layer, png, read_png)

# Two scales, one of which is the start's; and what makes its iterations last a little.
TWO = ["--size", "64", "--scales", "2", "--first-iterations", "4", "--iterations", "5"]
LONG = ["--size", "64", "--scales", "2", "--first-iterations", "10", "--iterations", "120"]


def header(data):
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length])


def forge(data, old, new):
    """The first `old` becomes `new`, and the checksum fits."""
    assert data.count(old) >= 1 and len(old) == len(new)
    data = data.replace(old, new, 1)[:-4]
    return data + struct.pack("<I", zlib.crc32(data))


class Checkpoints(Case):
    def setUp(self):
        super().setUp()
        self.write("content.png", png(64, 48))

    def bytes(self, name):
        return (self.folder / name).read_bytes()

    def job(self, name="run.ckpt"):
        return json.loads(header(self.bytes(name))["__metadata__"]["impasto.job"])

    def taken(self, name="run.ckpt"):
        job = self.job(name)
        return sum(job["scales"][:job["at"]]) + job["steps"]

    def unfinished(self, *arguments, iterations="3"):
        """run.ckpt of a run that was to be longer: what --iterations makes of a short one."""
        self.stylise("--size", "64", "--iterations", iterations, "-o", "short.png", "--checkpoint",
                     "run.ckpt", "-q", *arguments)

    def resume(self, *arguments, **options):
        run = self.succeed("--resume", "run.ckpt", "-o", "out.png", *arguments, **options)
        self.assertEqual(run.stdout, "")
        return run

    def assert_same(self, a, b):
        self.assertEqual(self.bytes(a), self.bytes(b))


class SameBytes(Checkpoints):
    def test_a_shorter_run_made_longer(self):
        for more in [[], ["--optimizer", "lbfgs"], ["--optimizer", "lbfgs", "--history", "2",
                                                    "--init", "noise", "--average", "0.5"]]:
            with self.subTest(more):
                self.stylise("--size", "64", "--iterations", "9", "-o", "whole.png", *more)
                self.unfinished(*more, iterations="4")
                run = self.resume("--iterations", "9")
                self.assertNotIn("warning", run.stderr)
                self.assertIn("iteration 4 of 9", run.stderr)
                self.assert_same("out.png", "whole.png")
                self.assertEqual(self.taken(), 9)  # it went on saving to the same file

    def test_everything_there_is(self):
        """Masks, a start picture, a margin and colours are made again from what they were made of."""
        (self.folder / "masks").mkdir()
        self.write("masks/map.png", png(64, 48, lambda x, y: (255, 0, 0) if x < 30 else (0, 0, 255)))
        self.write("masks/keep.png", png(64, 48, lambda x, y: (255 * (y < 5),) * 3))
        more = ["style.png:0.5", "--content-mask", "masks/map.png#ff0000", "--content-mask",
                "masks/map.png#0000ff:2", "--keep", "masks/keep.png", "--init", "masks/keep.png",
                "--margin", "8", "--colour", "luma", "--bits", "16", *TWO]
        self.stylise("-o", "whole.png", *more)
        self.stylise("-o", "short.png", "--checkpoint", "run.ckpt", *more, "--iterations", "2")
        self.resume("--iterations", "5")
        self.assert_same("out.png", "whole.png")

    def test_stopped_by_signals(self):
        self.stylise(*LONG, "-o", "whole.png")
        for number, code in [(signal.SIGINT, SIGINT_CODE), (signal.SIGTERM, SIGTERM_CODE),
                             (signal.SIGKILL, -signal.SIGKILL)]:
            with self.subTest(number):
                for name in ["trace.jsonl", "out.png", "run.ckpt"]:
                    (self.folder / name).unlink(missing_ok=True)
                stopped = self.start("content.png", "style.png", *CHEAP, *LONG, "-o", "out.png",
                                     "--checkpoint", "run.ckpt", "--every", "7", "--trace",
                                     "trace.jsonl")
                deadline = time.monotonic() + PATIENCE
                while len(self.trace()) < 20:  # in the second scale
                    self.assertIsNone(stopped.poll(), "it ended by itself")
                    self.assertLess(time.monotonic(), deadline, "no iterations came")
                    time.sleep(0.005)
                stopped.send_signal(number)
                _, err = stopped.communicate(timeout=PATIENCE)
                if stopped.returncode == 0:
                    self.skipTest("it was done before the signal")
                self.assertEqual(stopped.returncode, code, err)
                if number == signal.SIGKILL:
                    self.assertEqual(self.taken() % 7, 0)
                    self.resume()
                else:
                    self.assertEqual(self.taken(), self.trace()[-1]["iterations"])
                    self.assertEqual(read_png(self.folder / "out.png")[:2], (64, 48))
                    self.follow_the_advice(err.decode())
                self.assert_same("out.png", "whole.png")

    def follow_the_advice(self, err):
        """The last line has the command that goes on."""
        words = shlex.split(err.splitlines()[-1].split("to go on: ")[1])
        self.assertEqual(words[0], "impasto")
        self.succeed(*words[1:])

    def test_killed_at_any_time(self):
        """However often; each time it goes on from what there is."""
        self.stylise(*LONG, "-o", "whole.png")
        first = ["content.png", "style.png", *CHEAP, *LONG, "--checkpoint", "run.ckpt"]
        kills = 0
        for attempt in range(8):
            there = (self.folder / "run.ckpt").exists()
            run = self.start(*(["--resume", "run.ckpt"] if there else first), "-o", "out.png",
                             "--every", "2")
            try:
                run.communicate(timeout=0.2 + 0.23 * attempt)
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
                kills += 1
                continue
            self.assertEqual(run.returncode, 0)
            break
        if (self.folder / "run.ckpt").exists():
            self.resume()
            self.assert_same("out.png", "whole.png")
        if kills == 0:
            self.skipTest("it was done before the first of them")

    def test_names_that_a_shell_would_mind(self):
        self.write("my 'photo'.png", png(64, 48))
        stopped = self.start("my 'photo'.png", "style.png", *CHEAP, "--size", "64", "--iterations",
                             "100000", "-o", "it's out.png", "--checkpoint", "my run;.ckpt",
                             "--trace", "trace.jsonl")
        while len(self.trace()) < 3 and stopped.poll() is None:
            time.sleep(0.01)
        stopped.send_signal(signal.SIGINT)
        err = stopped.communicate(timeout=PATIENCE)[1].decode()
        words = shlex.split(err.splitlines()[-1].split("to go on: ")[1])
        self.assertEqual(words, ["impasto", "--resume", "my run;.ckpt", "-o", "it's out.png"])

    def test_every(self):
        run = self.stylise("--iterations", "10", "--checkpoint", "run.ckpt", "--every", "4", "-v")
        saved = [line.split()[-1] for line in run.stderr.splitlines() if "saved the checkp" in line]
        self.assertEqual(saved, ["4", "8", "10"])
        run = self.stylise("--iterations", "10", "--checkpoint", "run.ckpt", "--every", "1000s", "-v")
        self.assertEqual(run.stderr.count("saved the checkpoint"), 1)
        self.assertEqual(self.taken(), 10)

    def test_another_file_from_now_on(self):
        self.unfinished()
        before = self.bytes("run.ckpt")
        self.resume("--iterations", "6", "--checkpoint", "next.ckpt")
        self.assertEqual(self.bytes("run.ckpt"), before)
        self.assertEqual(self.taken("next.ckpt"), 6)

    def test_trace_and_frames_go_on(self):
        whole = [*TWO, "--timelapse-every", "2"]
        self.stylise(*whole, "-o", "whole.png", "--timelapse", "all")
        self.stylise(*whole, "--iterations", "3", "-o", "short.png", "--checkpoint", "run.ckpt",
                     "--trace", "trace.jsonl", "--timelapse", "film")
        self.resume("--iterations", "5", "--trace", "trace.jsonl", "--timelapse", "film",
                    "--timelapse-every", "2")
        self.assertEqual(*(sorted(os.listdir(self.folder / name)) for name in ["film", "all"]))
        for name in os.listdir(self.folder / "all"):  # their records have other --iterations
            self.assertTrue(read_png(self.folder / "film" / name)
                            == read_png(self.folder / "all" / name), name)
        trace = self.trace()
        self.assertEqual([line["type"] for line in trace if line["type"] != "iteration"],
                         ["run", "done", "run", "done"])
        self.assertEqual([line["iteration"] for line in trace if line["type"] == "iteration"],
                         [*range(8), 7, 8, 9])
        self.assertGreaterEqual(trace[-1]["seconds"], trace[8]["seconds"])
        # Frames that were not made before begin with the first.
        self.unfinished()
        self.resume("--iterations", "5", "--timelapse", "new", "--timelapse-every", "1")
        self.assertEqual(sorted(os.listdir(self.folder / "new")),
                         [f"{i:06}.png" for i in range(3)])

    def film(self):
        return {path.name: path.read_bytes() for path in (self.folder / "film").iterdir()}

    def test_frames_of_a_longer_run(self):
        """More iterations, of which about a hundred frames would be further apart, leave the frames
        that are there what they were."""
        small = ["--size", "24", "--margin", "0", "--scales", "1", "--optimizer", "adam"]
        self.stylise(*small, "--iterations", "150", "-o", "short.png", "--checkpoint", "run.ckpt",
                     "--timelapse", "film", "-q")
        before = self.film()
        self.assertEqual(len(before), 76)
        self.refuse(OUTPUT, ["film", "every 2 iterations", "--timelapse-every 3"], "--resume",
                    "run.ckpt", "--iterations", "310", "--timelapse", "film", "--timelapse-every",
                    "3", pictures=(), cheap=False)
        self.resume("--iterations", "310", "--timelapse", "film", "-q")
        after = self.film()
        self.assertEqual(sorted(after), [f"{i:06}.png" for i in range(156)])
        del before["000075.png"]  # that of iteration 150 was the last, whose record says so
        self.assertEqual({name: after[name] for name in before}, before)
        # Resumed without frames, the run still knows of them.
        self.resume("--iterations", "312", "-q")
        self.resume("--iterations", "314", "--timelapse", "film", "-q")
        self.assertEqual({name: self.film()[name] for name in before}, before)

    def test_frames_of_another_run(self):
        self.unfinished("--timelapse", "film")
        self.unfinished(iterations="2")
        self.refuse(OUTPUT, ["film", "run.ckpt", "--timelapse-every"], "--resume", "run.ckpt",
                    "--iterations", "5", "--timelapse", "film", pictures=(), cheap=False)
        self.resume("--iterations", "5", "--timelapse", "film", "--timelapse-every", "1")
        self.assertEqual(sorted(self.film()), [f"{i:06}.png" for i in range(6)])

    def test_report(self):
        self.unfinished()
        self.resume("--iterations", "6", "--report", "report.html")
        self.assertIn("<svg", self.bytes("report.html").decode())

    def test_settings_can_be_saved_from_it(self):
        self.unfinished("--style-weight", "3")
        self.succeed("--resume", "run.ckpt", "--save-settings", "mine.json")
        self.assertEqual(json.loads(self.bytes("mine.json"))["style-weight"], 3)
        self.refuse(INPUT, ["run.ckpt", "--resume", "--save-settings"], "--settings", "run.ckpt")


class Belonging(Checkpoints):
    """What a run that is resumed can be told, and what not."""

    def resume_refused(self, code, words, *arguments, **options):
        return self.refuse(code, words, "--resume", "run.ckpt", *arguments, pictures=(),
                           cheap=False, early=False, **options)

    def test_settings(self):
        self.unfinished()
        self.resume_refused(USAGE, ["run.ckpt", "learning-rate"], "--learning-rate", "0.5")
        self.resume_refused(USAGE, ["run.ckpt", "optimizer"], "--optimizer", "adam")
        self.resume_refused(USAGE, ["3 iterations", "more than 2"], "--iterations", "2")
        self.write("mine.json", "{}")
        self.resume_refused(USAGE, ["--settings", "--resume"], "--settings", "mine.json")
        self.resume_refused(USAGE, "--gradient", "--gradient", "g.bin")
        self.resume_refused(USAGE, "--interpolate", "style.png", "style.png", "--interpolate", "3")
        self.resume("--learning-rate", "0.02")  # as it was

    def test_pictures(self):
        self.unfinished()
        whole = self.bytes("short.png")
        self.write("other.png", png(64, 48, lambda x, y: (x, y, 0)))
        self.resume_refused(INPUT, ["run.ckpt", "content picture"], "other.png")
        self.resume_refused(INPUT, ["run.ckpt", "style picture"], "content.png", "other.png")
        # Under another name they are the same.
        (self.folder / "content.png").rename(self.folder / "moved.png")
        self.resume_refused(INPUT, ["content.png", "not here", str(self.folder)])
        self.resume("moved.png")
        self.assertEqual(read_png(self.folder / "out.png"), read_png(self.folder / "short.png"))
        self.write("content.png", png(64, 48, lambda x, y: (x, y, 0)))
        self.resume_refused(INPUT, ["run.ckpt", "content picture"])
        self.assertEqual(self.bytes("short.png"), whole)

    def test_weights(self):
        layers = ["--style-layers", "1_1", "--content-layers", "1_1"]
        self.write("w.safetensors", first_layer())
        self.unfinished("--weights", "w.safetensors", *layers)
        self.resume()
        self.write("w.safetensors", first_layer(scale=1.01))
        self.resume_refused(WEIGHTS, ["run.ckpt", "other weights"])
        self.write("w.safetensors", first_layer())
        self.resume_refused(WEIGHTS, ["run.ckpt", "other weights"], "--weights", "builtin")

    def test_other_built_in_weights(self):
        """Those of another version of Impasto are told apart, and named."""
        self.unfinished()
        data = self.bytes("run.ckpt")
        self.write("run.ckpt", forge(data, b"built-in 3 for caffe", b"built-in 1 for caffe"))
        self.resume_refused(WEIGHTS, ["run.ckpt", "other weights", "built-in 1 for", "built-in 3 for"])

    def test_another_way_to_compute_is_told(self):
        self.unfinished("--conv", "direct")
        run = self.resume("--iterations", "5", "--conv", "winograd2")
        self.assertRegex(run.stderr, "warning: run.ckpt: .*last bits")

    def test_another_device_is_told(self):
        self.unfinished()
        data = self.bytes("run.ckpt")
        driver = self.job()["device"]["driver"].encode()
        computer = self.job()["computer"]
        other = computer[:-1] + ("0" if computer[-1] != "0" else "1")
        self.write("run.ckpt", forge(data, computer.encode(), other.encode()))
        run = self.resume("--iterations", "5")
        self.assertRegex(run.stderr, "warning: run.ckpt: was begun on .*last bits")
        self.assertIn(driver.decode(), run.stderr)

    def test_the_device_is_remembered(self):
        self.unfinished("--device", "0")
        data = self.bytes("run.ckpt")
        self.write("run.ckpt", forge(data, b'\\"device\\":\\"0\\"', b'\\"device\\":\\"7\\"'))
        self.resume_refused(DEVICE, "7")
        self.resume("--device", "0")

    def test_one_picture_only(self):
        for option in [["--checkpoint", "run.ckpt"], ["--every", "3"]]:
            self.refuse(USAGE, [option[0], "--batch"], "--batch", "content.png", *option,
                        pictures=["style.png"])
        self.refuse(USAGE, ["--checkpoint", "--interpolate"], "style.png", "--interpolate", "3",
                    "--checkpoint", "run.ckpt")

    def test_every_by_itself(self):
        self.refuse(USAGE, ["--every", "--checkpoint"], "--every", "3")
        for wrong in ["0", "-1", "3x", "s", "1.5s", "", "10000000"]:
            self.refuse(USAGE, "--every", "--checkpoint", "run.ckpt", "--every", wrong)


class Files(Checkpoints):
    """No checkpoint is lost, and none that is not sound is believed."""

    def refuse_resuming(self, words, **options):
        return self.refuse(INPUT, ["run.ckpt", *words], "--resume", "run.ckpt", pictures=(),
                           cheap=False, **options)

    def test_damage(self):
        """The library's test tries hundreds of cuts and bits; here it is what is said."""
        self.unfinished()
        data = self.bytes("run.ckpt")
        for cut in [0, 1, 7, 8, 30, 200, len(data) // 2, len(data) - 4, len(data) - 1]:
            with self.subTest(cut):
                self.write("run.ckpt", data[:cut])
                self.refuse_resuming(["checkpoint"])
        for at in range(3, len(data), len(data) // 17):
            with self.subTest(at):
                self.write("run.ckpt", data[:at] + bytes([data[at] ^ 16]) + data[at + 1:])
                self.refuse_resuming(["checkpoint"])
        self.write("run.ckpt", data + b"\0")
        self.refuse_resuming(["damaged"])
        self.write("run.ckpt", forge(data, b'impasto.checkpoint":"1', b'impasto.checkpoint":"2'))
        self.refuse_resuming(["format 2", "newer"])

    def test_other_files(self):
        for name, data in [("picture", png(8, 8)), ("weights", first_layer()), ("text", b"{}"),
                           ("nothing", b"")]:
            with self.subTest(name):
                self.write("run.ckpt", data)
                self.refuse_resuming(["not a checkpoint"])
        (self.folder / "run.ckpt").unlink()
        self.refuse_resuming(["no such file"])
        (self.folder / "run.ckpt").mkdir()
        self.refuse_resuming(["a folder"])

    def test_what_is_there_is_not_replaced(self):
        self.write("run.ckpt", png(8, 8))
        self.refuse(OUTPUT, ["run.ckpt", "not a checkpoint"], "--checkpoint", "run.ckpt")
        self.refuse(OUTPUT, ["style.png"], "--checkpoint", "style.png")
        self.refuse(OUTPUT, ["out.png"], "--checkpoint", "out.png")
        (self.folder / "run.ckpt").unlink()
        self.unfinished()
        self.unfinished()  # a finished run's may be
        stopped = self.start("content.png", "style.png", *CHEAP, *LONG, "--iterations", "100000",
                             "-o", "out.png", "--checkpoint", "run.ckpt", "--every", "2")
        deadline = time.monotonic() + PATIENCE
        while self.taken() < 4 or self.taken() == 3:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        stopped.kill()
        stopped.communicate()
        for left in self.folder.glob(".impasto*"):
            left.unlink()
        self.refuse(OUTPUT, ["run.ckpt", "not finished", "--resume"], "--checkpoint", "run.ckpt")

    def test_a_folder_that_cannot_be_written_to(self):
        other = self.somebody() if os.geteuid() == 0 else {}
        locked = self.folder / "locked"
        locked.mkdir()
        locked.chmod(0o555)
        self.addCleanup(locked.chmod, 0o755)
        (self.folder / "open").mkdir()
        (self.folder / "open").chmod(0o777)
        self.refuse(OUTPUT, ["locked/run.ckpt"], "--checkpoint", "locked/run.ckpt", "-o",
                    "open/out.png", **other)
        self.refuse(OUTPUT, ["nowhere"], "--checkpoint", "nowhere/run.ckpt")

    def test_a_full_disk(self):
        """Files may not grow to the size of a checkpoint: the run ends well, the old one stays, and
        the exit code tells. What drivers write while they compile is smaller."""
        most = 2 << 20
        self.unfinished("--size", "256", "--scales", "1", iterations="2")
        before = self.bytes("run.ckpt")

        def small():
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

        self.assertGreater(len(before), most)
        run = self.impasto("--resume", "run.ckpt", "--iterations", "6", "--every", "2", "-o",
                           "out.png", preexec_fn=small)
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertIn("warning: the checkpoint of iteration 4 was not saved", run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], "^impasto: .*run.ckpt: .*failed")
        self.assertEqual(self.bytes("run.ckpt"), before)
        self.assertEqual(list(self.folder.glob(".impasto*")), [])
        self.stylise("--size", "256", "--iterations", "6", "-o", "whole.png", "--scales", "1")
        self.assert_same("out.png", "whole.png")
