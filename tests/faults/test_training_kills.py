#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trainings that are killed: test_training_kills.py PROGRAM [--long KILLS] [--seed N]

As test_kills.py does to painting: a small training is killed at a random moment, goes on from its checkpoint,
is killed again, and so on until it is finished. After each kill the model is the old one, or a whole
one, or absent; the checkpoint is never older than before, and goes on. The model that comes out in the end
has the bytes of a training that was never disturbed, and no temporary file is left.

The short form takes 8 kills; --long takes any number of them.
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

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))

import support  # noqa: E402
from test_kills import usual_signals  # noqa: E402

SHORT_KILLS = 8
STEPS = 12
OLD = b"an older model"
# Seconds for a training that nobody kills.
PATIENCE = 300

# Eight steps with crops of one size, four with another; judged after each third.
BEGIN = ["train", "style.png", "other.png", "--photos", "photos", "--weights", "builtin", "--base", "none", "--width", "8",
         "--steps", str(STEPS), "--crop", "32", "--late-crop", "48", "--judge-size", "32",
         "--judge-every", "3", "--style-size", "32", "--checkpoint", "run.ckpt"]
OUTPUTS = ["-o", "out.model", "--every", "1", "--trace", "trace", "-q"]

failures = 0


def fail(what):
    global failures
    failures += 1
    print(f"FAILED {what}", flush=True)


def header(path):
    """Of a file of tensors; None where it is not whole."""
    data = path.read_bytes()
    if len(data) < 8:
        return None
    size = int.from_bytes(data[:8], "little")
    try:
        head = json.loads(data[8:8 + size])
    except ValueError:
        return None
    ends = [tensor["data_offsets"][1] for name, tensor in head.items() if name != "__metadata__"]
    return head["__metadata__"] if len(data) == 8 + size + max(ends) else None


class Run:
    """One training, however often it is killed until it is finished."""

    def __init__(self, program, top, old):
        self.program, self.top, self.old = program, top, old
        self.folder = top / "run"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "style.png").write_bytes(
            support.png(24, 32, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)))
        (self.folder / "other.png").write_bytes(support.png(40, 30, lambda x, y: (x * 6, 255 - y * 8, 128)))
        support.write_photographs(self.folder / "photos")
        self.model, self.checkpoint = self.folder / "out.model", self.folder / "run.ckpt"
        self.trace = self.folder / "trace"
        if old:
            self.model.write_bytes(OLD)
        self.saved = 0

    def start(self):
        words = ["train", "--resume", "run.ckpt"] if self.checkpoint.exists() else BEGIN
        self.trace.unlink(missing_ok=True)
        return subprocess.Popen([self.program, *words, *OUTPUTS], cwd=self.folder,
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, preexec_fn=usual_signals,
                                env=support.environment(self.top))

    def steps_seen(self):
        return self.trace.read_bytes().count(b'"type":"step"') if self.trace.exists() else 0

    def temporaries(self):
        return [path for path in self.folder.rglob(".*") if path.is_file()]

    def check(self, where):
        """Whatever has happened to it."""
        if self.old and not self.model.exists():
            fail(f"{where}: the old model is gone")
        if self.model.exists() and not (self.old and self.model.read_bytes() == OLD) and not header(self.model):
            fail(f"{where}: the model is neither whole nor the old one")
        now = 0
        if self.checkpoint.exists():
            metadata = header(self.checkpoint)
            now = json.loads(metadata["impasto.train"])["step"] if metadata else -1
        if now < self.saved:
            fail(f"{where}: the checkpoint of step {self.saved} became that of {now}")
        self.saved = max(now, 0)
        if len(self.temporaries()) > 1:
            fail(f"{where}: leaves {self.temporaries()}")

    def finish(self):
        process = self.start()
        _, said = process.communicate(timeout=PATIENCE)
        if process.returncode != 0:
            fail(f"a training that nobody killed: {process.returncode}, {said.decode()}")
        return process.returncode == 0


def wait(run, process, length, chance):
    """A random moment of the process's life: of its start, behind one of its next steps, or behind any, the
    last of which is followed by the model. True: it is still there then."""
    begin, left, kind = time.monotonic(), STEPS - run.saved, chance.random()
    pause, wanted = chance.uniform(0, 0.6 * length / STEPS), chance.randint(1, min(3, left) + 1)
    if kind < 0.3:
        pause, wanted = chance.uniform(0, 0.6 * length), 0
    elif kind < 0.5:
        wanted = chance.randint(1, left + 1)
    while process.poll() is None and run.steps_seen() < wanted:
        if time.monotonic() - begin > PATIENCE:
            fail("a training does not get on")
            break
        time.sleep(0.02)
    try:
        process.wait(pause)
    except subprocess.TimeoutExpired:
        return True
    return False


def kill(run, length, chance, where):
    """(whether it was killed, whether it came to its end)"""
    process = run.start()
    if wait(run, process, length, chance):
        process.kill()
    _, said = process.communicate()
    if process.returncode not in (0, -signal.SIGKILL):
        fail(f"{where}: {process.returncode}, {said.decode()}")
    killed = process.returncode == -signal.SIGKILL
    if killed:
        run.check(where)
    return killed, process.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--long", type=int, metavar="KILLS", default=0)
    parser.add_argument("--seed", type=int, default=21)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    wanted, chance = options.long or SHORT_KILLS, random.Random(options.seed)
    kills = finished = 0
    progress = []
    with tempfile.TemporaryDirectory(prefix="impasto-training-kills-") as made:
        top = pathlib.Path(made)
        os.environ.setdefault("IMPASTO_CLI_CACHE", made)
        Run(program, top, False).finish()  # compiles the kernels
        run, began = Run(program, top, False), time.monotonic()
        run.finish()
        expected, length = run.model.read_bytes(), time.monotonic() - began
        while kills < wanted:
            run, over = Run(program, top, chance.random() < 0.5), False
            where = f"after {kills} kills"
            while not over and kills < wanted and len(progress) < 40 * wanted:
                where = f"after {kills} kills"
                killed, over = kill(run, length, chance, where)
                kills += killed
                progress.append(run.saved / STEPS)
            if not over and not run.finish():
                break
            finished += 1
            run.check(f"{where}, at the end")
            if run.model.read_bytes() != expected:
                fail(f"{where}: the model is another one than that of a training that was not killed")
            if run.temporaries():
                fail(f"{where}, at the end: leaves {run.temporaries()}")
            if options.long:
                print(f"{kills} kills, {finished} trainings finished, {failures} failures", flush=True)
    print(f"{kills} kills, with {sum(progress) / max(1, len(progress)):.0%} of the steps saved in the mean; "
          f"{finished} trainings finished; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
