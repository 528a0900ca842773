#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs that are killed: test_kills.py PROGRAM [--long KILLS] [--seed N]

A small run with all of its outputs is killed at a random moment, from its first to its last, and goes on
from where it was, killed again, and so on until it is finished. After each kill every output is the
old one, or a whole new one, or absent; the checkpoint is never older than before, and goes on; what
comes out in the end has the bytes of a run that was never disturbed, and no temporary file is left.

In between, some get SIGINT or SIGTERM instead: no more than one iteration follows, the picture and the
checkpoint are saved, and the exit code is the documented one. After a second signal nothing follows.
The short form takes 20 kills and 8 signals; --long takes any number of kills, and a quarter as many
signals.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))

import support  # noqa: E402

SHORT_KILLS = 20
SIGNALS = 0.4  # as many as kills in the short form, so that each kind comes
SIGNALS_LONG = 0.25
OLD = b"an older result"
ITERATIONS = 12
# Seconds for a run that nobody kills.
PATIENCE = 300

OUTPUTS = ["-o", "out.png", "--every", "1", "--save-every", "3", "--timelapse", "film",
           "--timelapse-every", "4", "--report", "report.html", "--trace", "trace.jsonl", "-q"]
BEGIN = ["content.png", "style.png", "--weights", "builtin", "--size", "48", "--scales", "2",
         "--first-iterations", "4", "--iterations", "8", "--style-layers", "1_1,2_1",
         "--content-layers", "2_1", "--checkpoint", "run.ckpt"]
KINDS = {"L-BFGS": [], "Adam": ["--optimizer", "adam"]}

failures = 0


def fail(what):
    global failures
    failures += 1
    print(f"FAILED {what}", flush=True)


def usual_signals():
    """A test run in the background inherits ignored signals, which the program respects."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def taken(path):
    """How many iterations a checkpoint has; None where it is not whole."""
    data = path.read_bytes()
    if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
        return None
    header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
    job = json.loads(header["__metadata__"]["impasto.job"])
    return sum(job["scales"][:job["at"]]) + job["steps"]


def whole_picture(path):
    try:
        return support.read_png(path)[0] == 48
    except (AssertionError, ValueError, KeyError, zlib.error):
        return False


class Run:
    """One run, however often it is killed until it is finished."""

    def __init__(self, program, top, kind):
        self.program, self.top, self.kind = program, top, kind
        self.folder = top / "run"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "content.png").write_bytes(support.png(64, 48))
        (self.folder / "style.png").write_bytes(
            support.png(24, 32, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)))
        self.saved = 0
        self.old = []

    def put_old(self):
        for name in ("out.png", "report.html"):
            (self.folder / name).write_bytes(OLD)
            self.old.append(name)

    def start(self):
        checkpoint = self.folder / "run.ckpt"
        if checkpoint.exists():
            words = ["--resume", "run.ckpt"]
        else:
            # As it says itself: the frames of two runs would mix.
            shutil.rmtree(self.folder / "film", ignore_errors=True)
            words = [*BEGIN, *KINDS[self.kind]]
        (self.folder / "trace.jsonl").unlink(missing_ok=True)
        return subprocess.Popen([self.program, *words, *OUTPUTS], cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, preexec_fn=usual_signals,
                                env=support.environment(self.top))

    def iterations_seen(self):
        path = self.folder / "trace.jsonl"
        return path.read_bytes().count(b'"type":"iteration"') if path.exists() else 0

    def temporaries(self):
        return [path for path in self.folder.rglob(".*") if path.is_file()]

    def check_outputs(self, where):
        """Whatever has happened to it."""
        for path in [self.folder / "out.png", *(self.folder / "film").glob("*.png")]:
            if path.exists() and not whole_picture(path) and not (
                    path.name in self.old and path.read_bytes() == OLD):
                fail(f"{where}: {path.name} is neither whole nor the old one")
        report = self.folder / "report.html"
        if report.exists() and report.read_bytes() != OLD and not (
                report.read_bytes().rstrip().endswith(b"</html>")):
            fail(f"{where}: the report is neither whole nor the old one")
        for name in self.old:
            if not (self.folder / name).exists():
                fail(f"{where}: the old {name} is gone")
        checkpoint = self.folder / "run.ckpt"
        now = taken(checkpoint) if checkpoint.exists() else 0
        if now is None or now < self.saved:
            fail(f"{where}: the checkpoint of iteration {self.saved} became {now}")
        self.saved = now or 0
        # One file is written at a time, and what an earlier kill has left in a folder goes before.
        left = self.temporaries()
        if len({path.parent for path in left}) < len(left):
            fail(f"{where}: leaves {left}")

    def results(self):
        """What must not depend on what has happened."""
        film = {path.name: path.read_bytes() for path in (self.folder / "film").iterdir()}
        return {"out.png": (self.folder / "out.png").read_bytes()} | film

    def finish(self):
        process = self.start()
        _, said = process.communicate(timeout=PATIENCE)
        if process.returncode != 0:
            fail(f"a run that nobody killed: {process.returncode}, {said.decode()}")
        return process.returncode == 0


def wait(run, process, length, chance):
    """A random moment of the process's life: of its time, which is mostly its start, or behind a random
    iteration, the last of which is followed by the outputs. True: it is still there then."""
    begin, pause = time.monotonic(), 0
    if chance.random() < 0.4:
        pause, wanted = chance.uniform(0, length), 0
    else:
        pause = chance.uniform(0, 0.6 * length / ITERATIONS)
        wanted = chance.randint(1, ITERATIONS - run.saved + 1)
    while process.poll() is None and run.iterations_seen() < wanted:
        if time.monotonic() - begin > PATIENCE:
            fail("a run does not get on")
            break
        time.sleep(0.005)
    try:
        process.wait(pause)
    except subprocess.TimeoutExpired:
        return True
    return False


class Tally:
    def __init__(self):
        self.kills = self.signals = self.finished = self.early = 0
        self.progress = []


def kill(run, length, chance, tally, where):
    """True: the run was over before."""
    process = run.start()
    if wait(run, process, length, chance):
        process.kill()
    _, said = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        fail(f"{where}: {process.returncode}, {said.decode()}")
    if process.returncode == 0:
        return True
    tally.kills += 1
    run.check_outputs(where)
    tally.progress.append(run.saved / ITERATIONS)
    return False


def interrupt(run, length, chance, tally, where):
    """True: the run was over before."""
    number, twice = chance.choice([signal.SIGINT, signal.SIGTERM]), chance.random() < 0.3
    process, seen = run.start(), 0
    if wait(run, process, length, chance):
        process.send_signal(number)
        if twice:
            process.send_signal(number)
        seen = run.iterations_seen()
        tally.signals += 1
    _, said = process.communicate(timeout=PATIENCE)
    where = f"{where}, {'two of ' if twice else ''}{number.name}"
    code, more = process.returncode, 0
    if code not in (0, -number, 128 + number):
        fail(f"{where}: {code}, {said.decode()}")
    if code != 0:
        more = run.iterations_seen() - seen
    if more > 1:
        fail(f"{where}: {more} iterations follow")
    run.check_outputs(where)
    if code == 128 + number:
        lines = (run.folder / "trace.jsonl").read_text().splitlines()
        last = json.loads(lines[-1]) if lines else {}
        if (last.get("type"), last.get("status")) != ("done", "interrupted"):
            fail(f"{where}: the trace ends with {last}")
        elif last["iterations"] != run.saved:
            fail(f"{where}: {last['iterations']} iterations taken, {run.saved} in the checkpoint")
        if not whole_picture(run.folder / "out.png"):
            fail(f"{where}: the picture so far was not saved")
        if b"interrupted" not in said or b"--resume" not in said:
            fail(f"{where}: does not say how to go on: {said.decode()}")
        if run.temporaries():
            fail(f"{where}: leaves {run.temporaries()}")
    tally.early += code == -number
    return code == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--long", type=int, metavar="KILLS", default=0)
    parser.add_argument("--seed", type=int, default=20)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    kills = options.long or SHORT_KILLS
    signals = round(kills * (SIGNALS_LONG if options.long else SIGNALS))
    chance, tally = random.Random(options.seed), Tally()
    with tempfile.TemporaryDirectory(prefix="impasto-kills-") as made:
        top = pathlib.Path(made)
        os.environ.setdefault("IMPASTO_CLI_CACHE", made)
        expected, length = {}, {}
        for kind in KINDS:
            Run(program, top, kind).finish()  # compiles the kernels
            run, began = Run(program, top, kind), time.monotonic()
            run.finish()
            expected[kind], length[kind] = run.results(), time.monotonic() - began
        while tally.kills < kills or tally.signals < signals:
            kind = chance.choice(list(KINDS))
            run, over = Run(program, top, kind), False
            if chance.random() < 0.5:
                run.put_old()
            for tries in range(1, 40):
                where = f"{kind}, after {tally.kills} kills and {tally.signals} signals"
                left = max(0, kills - tally.kills), max(0, signals - tally.signals)
                if over or left == (0, 0):
                    break
                does = kill if chance.random() * sum(left) < left[0] else interrupt
                over = does(run, length[kind], chance, tally, where)
            if not over and not run.finish():
                continue
            tally.finished += 1
            run.check_outputs(f"{where}, at the end")
            results = run.results()
            other = sorted(name for name in results | expected[kind]
                           if results.get(name) != expected[kind].get(name))
            if other:
                fail(f"{where}: the finished run has another {', '.join(other)} than one that was "
                     "not killed")
            if run.temporaries():
                fail(f"{where}, at the end: leaves {run.temporaries()}")
            if options.long and tally.finished % 5 == 0:
                print(f"{tally.kills} kills, {tally.signals} signals, {tally.finished} runs finished, "
                      f"{failures} failures", flush=True)
    mean = sum(tally.progress) / max(1, len(tally.progress))
    print(f"{tally.kills} kills, with {mean:.0%} of the iterations saved in the mean; "
          f"{tally.signals} signals, {tally.early} of which ended it at once; "
          f"{tally.finished} runs finished; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
