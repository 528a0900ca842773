#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""impasto live for hours, on a film that is written to a pipe as a camera would: is memory flat?

    python3 tests/platform/run.py pocl python3 tests/bench/soak_live.py build/impasto

Prints the resident memory after one minute, whenever the minutes have tripled, and in the end; what
the program says last; and how far apart memory was after the first tenth.
"""

import argparse
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

WIDTH, HEIGHT, SCENE = 640, 360, 50
STYLES = ("ink", "oil", "wave", "mosaic:0.5,ink:0.5")


def frames():
    """A scene that moves, and lights up half-way."""
    chroma = bytes(range(64, 192)) * (WIDTH * HEIGHT // 256)
    rows = [bytes(16 + (x * 3 + x * x // 64) % 220 for x in range(WIDTH + SCENE)) for _ in range(2)]
    for i in range(SCENE):
        light = bytes(min(v + (20 if i > SCENE // 2 else 0), 235) for v in range(256))
        luma = b"".join(rows[y % 2][(i + y // 8) % SCENE:][:WIDTH] for y in range(HEIGHT))
        yield b"FRAME\n" + luma.translate(light) + chroma[:WIDTH * HEIGHT // 4] * 2


def feed(pipe, rate, end):
    scene = list(frames())
    with contextlib.suppress(BrokenPipeError), open(pipe, "wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
        begun, i = time.monotonic(), 0
        while time.monotonic() < end:
            film.write(scene[i % SCENE])
            film.flush()
            i += 1
            time.sleep(max(0, begun + i / rate - time.monotonic()))


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024


def watch(process, control, seconds):
    """The resident memory of each ten seconds, MiB."""
    sizes, told = [], 1
    begun = time.monotonic()
    while process.poll() is None and time.monotonic() < begun + seconds:
        time.sleep(10)
        minutes = (time.monotonic() - begun) / 60
        sizes.append(resident(process))
        if minutes >= told or time.monotonic() >= begun + seconds:
            print(f"after {minutes:5.1f} minutes: {sizes[-1]:.1f} MiB", flush=True)
            told *= 3
        with open(control, "w", encoding="ascii") as pipe:
            pipe.write(f"strength {len(sizes) % 5 / 4}\nmix {STYLES[len(sizes) % len(STYLES)]}\n")
    return sizes


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program", type=pathlib.Path)
    options.add_argument("--model", default="base-8")
    options.add_argument("--seconds", type=float, default=3600)
    options.add_argument("--rate", type=int, default=10, help="frames per second that come")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film, control = (f"{folder}/{name}" for name in ("film", "control"))
        os.mkfifo(film)
        os.mkfifo(control)
        threading.Thread(target=feed, args=(film, given.rate, time.monotonic() + given.seconds + 60),
                         daemon=True).start()
        with open(f"{folder}/said", "wb") as said:
            process = subprocess.Popen([given.program, "live", given.model, "--camera", film, "-o", "-", "--steady",
                                        "0.02", "--smooth", "0.8", "--control", control],
                                       stdout=subprocess.DEVNULL, stderr=said)
        sizes = watch(process, control, given.seconds)
        process.send_signal(signal.SIGINT)
        process.wait()
        print(pathlib.Path(folder, "said").read_text(encoding="utf-8").splitlines()[-1])
    later = sizes[len(sizes) // 10:]
    print(f"{len(sizes)} looks; of the last nine tenths, least {min(later):.1f} MiB, most {max(later):.1f}, "
          f"first {later[0]:.1f}, last {later[-1]:.1f}")
    return 0 if max(later) - later[0] < 0.01 * later[0] + 2 else 1


if __name__ == "__main__":
    sys.exit(main())
