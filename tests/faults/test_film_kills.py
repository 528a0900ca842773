#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Painted films that are killed: test_film_kills.py PROGRAM [--long KILLS] [--seed N]

A small film is painted in the style of a picture, killed at a random moment, gone on with by the same command,
killed again, and so on until it is finished. It never goes on before a frame that it has gone on from
already. In the end the film has the bytes of one that was never killed, and nothing is left beside it.

The short form takes 3 kills; --long takes any number of them. Films are H.264 in MP4 and FFV1 in MKV, by turns, and
FFV1 by two devices that each paint scenes of their own.
"""

import argparse
import os
import pathlib
import random
import re
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

SHORT_KILLS = 3
FRAMES = 8
# Seconds for a film that nobody kills.
PATIENCE = 600
KINDS = [("out.mp4", []), ("out.mkv", ["--lossless"]), ("two.mkv", ["--lossless", "--device", "0,0"])]
# PoCL 3.1 now and then loses count of a kernel's users where more threads work for a device that is opened twice.
ONE_THREAD = {"POCL_MAX_PTHREAD_COUNT": "1"}

failures = 0


def fail(what):
    global failures
    failures += 1
    print(f"FAILED {what}", flush=True)


class Run:
    """One film, however often it is killed until it is finished."""

    def __init__(self, program, top, kind):
        self.program, self.top, self.kind = program, top, kind
        self.folder = top / "run"
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        (self.folder / "film.y4m").write_bytes(support.scenes((2, 3, FRAMES - 5)))
        (self.folder / "style.png").write_bytes(
            support.png(24, 32, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)))
        self.film = self.folder / kind[0]
        self.kept = 0

    def start(self):
        words = ["video", "film.y4m", "style.png", "-o", self.kind[0], *self.kind[1], "--weights", "builtin",
                 "--preset", "quick", "--size", "source", "--iterations", "24"]
        return subprocess.Popen([self.program, *words], cwd=self.folder, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, preexec_fn=usual_signals,
                                env=support.environment(self.top, **ONE_THREAD))

    def frames_kept(self):
        frames = self.folder / f"{self.kind[0]}.impasto" / "frames"
        return frames.stat().st_size // (3 * 64 * 48) if frames.exists() else 0

    def check(self, said, expected, where):
        """What it says of an earlier run, and what is left of this one: no film, or all of it, where it was
        killed at its very end."""
        found = re.search(rb"going on after frame (\d+)", said)
        now = int(found.group(1)) if found else self.kept
        if now < self.kept:
            fail(f"{where}: after frame {self.kept}, it went on after {now}")
        self.kept = now
        if self.film.exists() and self.film.read_bytes() != expected:
            fail(f"{where}: there is a film that is not whole")

    def finish(self):
        _, said = self.end(self.start())
        return said

    def end(self, process):
        _, said = process.communicate(timeout=PATIENCE)
        if process.returncode not in (0, -signal.SIGKILL):
            fail(f"exit code {process.returncode}: {said.decode()}")
        return process.returncode == 0, said


def wait(run, process, length, chance):
    """Until a random frame is painted, or a random time of the film's beginning has passed."""
    wanted = chance.randint(1, FRAMES) if chance.random() < 0.7 else 0
    begin = time.monotonic()
    while wanted > 0 and process.poll() is None and run.frames_kept() < wanted:
        if time.monotonic() - begin > PATIENCE:
            fail("a film does not get on")
            break
        time.sleep(0.02)
    process.wait(chance.uniform(0, length / FRAMES if wanted else length))


def kill(run, expected, length, chance, where):
    """Whether it came to its end before."""
    process = run.start()
    try:
        wait(run, process, length, chance)
    except subprocess.TimeoutExpired:
        process.kill()
    over, said = run.end(process)
    if not over:
        run.check(said, expected, where)
    return over


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--long", type=int, metavar="KILLS", default=0)
    parser.add_argument("--seed", type=int, default=22)
    options = parser.parse_args()
    program = str(pathlib.Path(options.program).resolve())
    if not pathlib.Path(program).with_name("impasto_video.so").exists():
        print("films other than Y4M are not compiled in")
        return 77
    wanted, chance = options.long or SHORT_KILLS, random.Random(options.seed)
    kills = films = 0
    gone_on = []
    with tempfile.TemporaryDirectory(prefix="impasto-film-kills-") as made:
        top = pathlib.Path(made)
        os.environ.setdefault("IMPASTO_CLI_CACHE", made)
        expected, length = {}, 0
        while kills < wanted:
            kind = KINDS[films % len(KINDS)]
            if kind[0] not in expected:
                whole, began = Run(program, top, kind), time.monotonic()
                whole.finish()
                expected[kind[0]], length = whole.film.read_bytes(), time.monotonic() - began
            run, over, tries = Run(program, top, kind), False, 0
            while not over and kills < wanted and tries < 20:
                over = kill(run, expected[kind[0]], length, chance, f"after {kills} kills")
                kills, tries = kills + (not over), tries + 1
                gone_on.append(run.kept / FRAMES)
            if not over:
                run.finish()
            films += 1
            if not run.film.exists() or run.film.read_bytes() != expected[kind[0]]:
                fail(f"after {kills} kills: the film is another one than that of a run that was not killed")
            if left := sorted(path.name for path in run.folder.iterdir() if path.name.startswith((".", "out.", "two."))
                              and path != run.film):
                fail(f"after {kills} kills: leaves {left}")
            if options.long:
                print(f"{kills} kills, {films} films finished, {failures} failures", flush=True)
    print(f"{kills} kills, gone on after {sum(gone_on) / max(1, len(gone_on)):.0%} of the frames in the mean; "
          f"{films} films finished; {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
