#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fuzzing with libFuzzer, clang's AddressSanitizer and UndefinedBehaviorSanitizer.

  CC=clang meson setup build-fuzz -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false
  tests/fuzz/run.py build-fuzz EXECUTIONS [--folder FOLDER] [--jobs N] [TARGET...]

builds the targets and runs each for so many executions (1e6 is a million), or until --seconds have
passed, then prints a table. Corpora are made from the hostile files of tests/hostile and grow in
FOLDER (fuzz, in the build folder), where findings and logs are as well; what was run before is added
up there. A finding is a file that a target ends on: run the target on it to see why. Once corpora have
grown, -Dc_args=-fno-sanitize-coverage=trace-cmp makes the targets that read texts three times as fast, and
-Dlcms2=disabled, with which colours are not converted, those of HEIC and AVIF.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "hostile"))

# Bytes of an input: enough for the structures, few enough to be fast.
LARGEST = {"png": 4096, "jpeg": 4096, "webp": 4096, "tiff": 4096, "heic": 2048, "avif": 2048, "origin": 2048,
           "safetensors": 8192, "hdf5": 16384, "checkpoint": 8192, "training": 8192, "model": 8192,
           "settings": 4096, "options": 2048,
           "list": 256, "device": 256, "y4m": 1024, "http": 2048, "frames": 128}
# Seeds taken from a family, evenly.
SEEDS = 150
# What decoders do that are not ours, and that a sandbox puts an end to: libheif and those below it lose
# memory of pictures that they refuse, and take what a few bytes ask for.
LENIENT = "detect_leaks=0:max_allocation_size_mb=64"
SANITIZERS = {"heic": LENIENT, "avif": LENIENT}
# MiB that a target may hold before that is a finding.
MEMORY = 2048
# Freed memory that AddressSanitizer keeps from being used again: a few thousand inputs' worth, which stays
# in the cache; its 256 MiB cost a fifth of the speed.
QUARANTINE = "quarantine_size_mb=4:thread_local_quarantine_size_kb=64"

DEVICES = ["auto", "0", "3:1", "gpu", "gpu:1", "igpu", "cpu", "accel:0", "pci:0000:03", "uuid:01-23",
           "card: 77", "Platform 3:card", "maker:1", " all ", "0,1", "99999999999", ":", "a:b:c",
           "pthread-cpu (LLVM 15, 256 bits)"]
SOFTWARE = b"II*\0\x08\0\0\0\x01\0\x31\x01\x02\0\x0e\0\0\0\x1a\0\0\0\0\0\0\0Impasto 0.1.0\0"
ORIGINS = [b"\x89PNG\r\n\x1a\n\0\0\0\x16tEXtSoftware\0Impasto 0.1.0", SOFTWARE,
           b"\xff\xd8\xff\xfe\0\x0fImpasto 0.1.0", b"\xff\xd8\xff\xe1\0\x30Exif\0\0" + SOFTWARE,
           b"RIFF\0\0\0\0WEBPEXIF\x28\0\0\0" + SOFTWARE]
OPTIONS = [["a.jpg", "b.jpg", "-o", "out.png"], ["--size=512", "--", "-a", "b"],
           ["--style-layers", "conv1_1:1,4_2:0.5", "--content-layers=relu4_2"],
           ["--scales", "128,256", "--memory", "1.5GiB", "--seed", "18446744073709551615"],
           ["--content-mask", "map.png#00ff00:0.5", "--style-mask=none", "--keep", "x"],
           ["--every", "30s", "--checkpoint", "x", "-q", "-v"], ["--batch", "a", "--batch=b", "c"],
           ["--optimizer", "adam", "--average", "0.99", "--learning-rate", "1e-3"],
           ["--preset", "fine", "--strength", ".5", "--iterations", "0", "--bits", "16"],
           ["--batch", "p/a.jpg", "p/b.jpg", "p/c.jpg", "--", "s.jpg"], ["--style", "s:0,5", "--color=luma"],
           ["--batch", "*.jpg", "--recursive", "--style=s"], ["--init", "grey", "-size", "3"],
           ["--help"], ["--siez", "3"], ["-o"], ["--settings", "x"], ["--list-devices", "--json"]]

LINES = ["a.jpg\n# no\n\nb c.png \r\n", "\"C:/x y.jpg\"\r\n'z'", "file:///tmp/a%20b%zz%00.png\n~/x",
         "{content}-{contnet}{number}{path}{}{{{ext}\n", "p/q/r.tar.gz\n/x\n.y\nz/"]
LISTS = [line.encode(coding) for line in LINES for coding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")]
LISTS += [b"a.jpg\0b c\n.jpg\0", b"\xff\xfe\x00\xd8", b"\xff\xfe\0\0", b"a\0b\0"]


FILMS = [f"YUV4MPEG2 W{w} H{h} {words}\n".encode() + (b"FRAME\n" + bytes(range(200)) * 3)[:6 + size] * frames
         for w, h, words, size, frames in ((6, 4, "F25:1 Ip A1:1 C420jpeg", 36, 2), (5, 3, "F30000:1001 C422", 33, 1),
                                           (4, 2, "C444alpha XCOLORRANGE=FULL", 32, 2), (3, 3, "Cmono12 It", 18, 3),
                                           (9, 1, "C411 A0:0 F0:0", 15, 1), (4, 4, "C420p10 Xhello", 48, 1))]

ID = "0123456789abcdef0123456789abcde"  # and a digit
PAINT = f'''{{"command": "paint", "content": "{ID}0", "styles": [{{"picture": "{ID}0", "weight": 2}}],
"settings": {{"size": 64, "strength": 0.5, "optimizer": "adam", "style-layers": "1_1:2,2_1", "colour": "luma"}},
"keep": {{"picture": "{ID}0", "colour": "00ff00"}}, "masks": [{{"picture": "{ID}0"}}]}}'''
APPLY = f'{{"command": "apply", "content": "{ID}0", "model": "ink", "settings": {{"strength": 1.5, "mix": "ink:2"}}}}'
AREAS = APPLY[:-1] + f', "regions": [{{"picture": "{ID}0", "colour": "ff0000", "mix": "oil"}}]}}'
REFINED = APPLY.replace('"mix": "ink:2"', '"refine": 2')
TRAIN = f'''{{"command": "train", "content": "{ID}0", "styles": [{{"picture": "{ID}0"}}], "photos": ["{ID}0"],
"settings": {{"minutes": 5, "base": "base-16", "style-weight": 7}}}}'''
FILM = f'{{"command": "video", "content": "{ID}1", "model": "{ID}3", "settings": {{"every": 2, "start": "1:30"}}}}'
PAINTED = f'{{"command": "video", "content": "{ID}1", "styles": [{{"picture": "{ID}0"}}], "settings": {{"size": 64}}}}'
HERE_IS = "Host: localhost:8123"
REQUESTS = ["GET /", "GET /studio.js\nIf-None-Match: x", "POST /api/session\n\n" + 63 * "0" + "2", "GET /api/about",
            "GET /api/options", "GET /api/events", "POST /api/pictures\nX-Impasto-Name: a%20b%zz.png\n\npixels",
            "POST /api/pictures\nContent-Length: 99999999999\n\nx", f"GET /api/pictures/{ID}0",
            f"GET /api/pictures/{ID}0/map", f"DELETE /api/pictures/{ID}0", "GET /api/jobs",
            f"GET /api/jobs?before={ID}2&x=1", f"POST /api/jobs\n\n{PAINT}", f"POST /api/jobs\n\n{APPLY}",
            *(f"POST /api/jobs\n\n{job}" for job in (AREAS, REFINED, TRAIN, FILM, PAINTED)), f"POST /api/plan\n\n{FILM}",
            "POST /api/films\nX-Impasto-Name: b.mp4\n\nframes", f"DELETE /api/pictures/{ID}1",
            f'POST /api/pages\n\n{{"page": "{ID}9", "pictures": ["{ID}0", "{ID}1"]}}',
            f"GET /api/jobs/{ID}3/result", f"DELETE /api/jobs/{ID}3", f"POST /api/jobs/{ID}3/again\n\n{{}}",
            *(f"POST /api/plan\n\n{job}" for job in (PAINT, TRAIN)), "POST /api/frames?model=ink&strength=0.5&mix=ink:1\n\npixels",
            *(f"GET /api/jobs/{ID}2{path}" for path in ("", "/result", "/result?format=jpg", "/report", "/thumb",
                                                        "/settings", "/preview?n=3")),
            *(f"POST /api/jobs/{ID}{i}/{verb}\n\n{{}}" for i, verb in enumerate(("stop", "continue", "again"))),
            f"POST /api/jobs/{ID}1/continue\n\n{{\"iterations\": 9}}", f"POST /api/jobs/{ID}0/first",
            f"DELETE /api/jobs/{ID}0", "POST /api/queue/pause", "POST /api/queue/go",
            "!GET /api/jobs\nHost: evil.test\nOrigin: http://evil.test", f"!GET /api/jobs\n{HERE_IS}",
            f"!GET /api/jobs\n{HERE_IS}\nX-Impasto-Token: {63 * '0'}1\nSec-Fetch-Site: none",
            f"!GET /\n{HERE_IS}\nSec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document"]


def seeds(target, build):
    """Small files that a target is given to begin with."""
    if target == "device":
        return [bytes([6]) + spec.encode() for spec in DEVICES]
    if target == "origin":
        return seeds("png", build)[::3] + seeds("jpeg", build)[::3] + ORIGINS
    if target == "list":
        return LISTS
    if target == "http":
        return [request.encode() for request in REQUESTS]
    if target == "y4m":
        return FILMS
    if target == "frames":  # a sound stream, one that is cut off, and one with a changed number
        return [b"\xff\xff", b"\x40\x02", b"\xff\xff\x08\x00\x01"]
    if target == "options":
        return [b"\0".join(word.encode() for word in words) for words in OPTIONS]
    module = __import__(f"family_{target}")
    if target == "hdf5":
        files = list(module.files(str(build / "tests" / "h5_maker")))
    else:
        files = list(module.files())
    small = [data for _, verdict, data in files if 8 < len(data) <= LARGEST[target]
             and (verdict == "ok" or len(data) > 40)]
    return small[::max(1, len(small) // SEEDS)]


def prepare(target, build, folder):
    corpus = folder / target
    if not corpus.exists():
        corpus.mkdir(parents=True)
        for i, data in enumerate(seeds(target, build)):
            (corpus / f"seed-{i}").write_bytes(data)
    (folder / f"{target}-findings").mkdir(exist_ok=True)


def run(target, build, folder, executions, seconds):
    """(executions, seconds)"""
    log = folder / f"{target}.log"
    command = [str(build / "tests" / "fuzz" / f"fuzz_{target}"), str(folder / target),
               f"-runs={executions}", f"-max_total_time={seconds}", f"-max_len={LARGEST[target]}",
               f"-artifact_prefix={folder / f'{target}-findings'}/", f"-rss_limit_mb={MEMORY}",
               "-timeout=30", "-print_final_stats=1", "-verbosity=1", "-reload=0"]
    env = os.environ | {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                        "ASAN_OPTIONS": f"allocator_may_return_null=1:{QUARANTINE}:"
                                        + SANITIZERS.get(target, "detect_leaks=1")}
    start = time.monotonic()
    with open(log, "wb") as out:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=folder, check=False)
    text = log.read_text(errors="replace")
    found = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    counts = re.findall(r"^#(\d+)\t", text, re.M)
    done = int(found[1]) if found else int(counts[-1]) if counts else 0
    with open(folder / f"{target}.total", "a", encoding="ascii") as total:
        total.write(f"{done}\n")
    return done, time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("executions", type=float)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(LARGEST) + "; none: all")
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=0, help="for each target; 0: no limit")
    options = parser.parse_intermixed_args()
    if not set(options.targets) <= set(LARGEST):
        parser.error(f"targets are {', '.join(LARGEST)}")
    build, targets = options.build.resolve(), options.targets or list(LARGEST)
    folder = (options.folder or build / "fuzz").resolve()
    names = [f"tests/fuzz/fuzz_{target}" for target in targets]
    names += ["tests/h5_maker"] if "hdf5" in targets else []
    subprocess.run(["ninja", "-C", build, *names], check=True, stdout=subprocess.DEVNULL)
    for target in targets:
        prepare(target, build, folder)
    print(f"{'target':12} {'executions':>12} {'a second':>10} {'in all':>13} findings", flush=True)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {target: pool.submit(run, target, build, folder, int(options.executions),
                                    options.seconds) for target in targets}
        findings = 0
        for target, running in runs.items():
            done, seconds = running.result()
            found = len(list((folder / f"{target}-findings").iterdir()))
            total = sum(map(int, (folder / f"{target}.total").read_text().split()))
            print(f"{target:12} {done:12} {done / seconds:10.0f} {total:13} {found}", flush=True)
            findings += found
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
