#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Host faults: test_host_faults.py PROGRAM FAULTY FAULT-LIBRARY [H5-MAKER] [--long]

The n-th allocation, open, write, fsync, close, rename of our own code fails. First in the library
(host_faults.c), then in the program as a whole: runs and trainings with all of their outputs, and ones that go on from
a checkpoint. Whatever fails, the program ends with a documented exit code and says why in one line,
or does without what has failed; every output is the old one, or whole; nothing lies beside it. The
short form tries the first calls and some of the others; --long tries every n until none is left.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE.parent / "cli"), str(HERE.parent / "hostile")]

import family_checkpoint  # noqa: E402
import family_jpeg  # noqa: E402
import family_model  # noqa: E402
import family_png  # noqa: E402
import family_safetensors  # noqa: E402
import family_settings  # noqa: E402
import family_training  # noqa: E402
import support  # noqa: E402

KINDS = ["allocate", "open", "write", "sync", "close", "rename", "make"]
# The short form: the step of n in the library, and how many n of each kind go through the program.
STEP, POINTS = 293, 4
# Seconds for a run of the program.
PATIENCE = 300

failures = 0


def fail(what):
    global failures
    failures += 1
    print(f"FAILED {what}", flush=True)


def sound(files):
    return next(data for _, verdict, data in files if verdict == "ok")


def prepare(folder, maker):
    """The sound files that host_faults.c opens."""
    texts = [(b"tEXt", b"a\0b"), (b"iCCP", b"x\0\0" + b"x")]
    (folder / "sound.png").write_bytes(family_png.picture(width=32, height=24, colour=6,
                                                          extra=texts[:1]))
    (folder / "interlaced.png").write_bytes(family_png.picture(width=19, height=21, colour=3,
                                                               depth=4, interlace=1))
    exif = family_jpeg.segment(0xE1, b"Exif\0\0" + next(family_jpeg.exif_blocks())[1])
    (folder / "sound.jpg").write_bytes(family_jpeg.baseline(33, 17, 3, extra=exif))
    (folder / "progressive.jpg").write_bytes(family_jpeg.progressive())
    (folder / "sound.safetensors").write_bytes(sound(family_safetensors.files()))
    (folder / "sound.model").write_bytes(sound(family_model.files()))
    (folder / "training.ckpt").write_bytes(sound(family_training.files()))
    (folder / "sound.ckpt").write_bytes(sound(family_checkpoint.files()))
    (folder / "settings.json").write_bytes(sound(family_settings.documents()))
    (folder / "settings.png").write_bytes(sound(family_settings.pictures()))
    (folder / "photos").mkdir()
    for name in ("a.png", "b.png"):
        (folder / "photos" / name).write_bytes(support.png(64, 70))
    if maker:
        with tempfile.TemporaryDirectory() as made:
            subprocess.run([maker, made], check=True)
            shutil.copy(pathlib.Path(made, "sound-0.h5"), folder / "sound.h5")


def library(faulty, top, maker, long):
    folder = top / "library"
    folder.mkdir()
    prepare(folder, maker)
    names = [line.split('"')[1] for line in (HERE / "host_faults.c").read_text().splitlines()
             if line.startswith("    {.name = ")]
    if not maker:
        names.remove("open-hdf5")
    # What glibc keeps for its next allocations would look like a loss.
    done = subprocess.run([faulty, folder, "1" if long else str(STEP), *names], check=False,
                          env=support.environment(top, GLIBC_TUNABLES="glibc.malloc.tcache_count=0"))
    if done.returncode != 0:
        fail(f"the library: {done.returncode}")


# ---- The program ---------------------------------------------------------------------------------

OUTPUTS = ["out.png", "out.model", "trace.jsonl", "report.html", "run.ckpt", "settings.json"]
RUNS = {
    "run": ["content.png", "style.jpg", "--weights", "sound.safetensors", "--size", "32",
            "--iterations", "2", "--style-layers", "1_1", "--content-layers", "1_1", "-o", "out.png",
            "--trace", "trace.jsonl", "--report", "report.html", "--checkpoint", "run.ckpt",
            "--timelapse", "film", "--timelapse-every", "1", "--keep", "mask.png", "-q"],
    "resume": ["--resume", "begun.ckpt", "-o", "out.png", "--iterations", "3", "-q"],
    "settings": ["--settings", "made.png", "--weights", "sound.safetensors", "--save-settings",
                 "settings.json", "-q"],
    "batch": ["--batch", "contents", "style.jpg", "--weights", "sound.safetensors", "--size", "32",
              "--iterations", "1", "--style-layers", "1_1", "--content-layers", "1_1", "-o",
              "painted/{content}.png", "-q"],
    "apply": ["apply", "sound.model", "content.png", "-o", "out.png", "--keep", "mask.png", "--region",
              "mask.png=dots", "--size", "40", "-q"],
    "train": ["train", "style.jpg", "--photos", "photos", "--base", "sound.model", "--weights", "builtin", "--steps",
              "2", "--batch", "1", "--crop", "32", "--late-share", "0", "--judge-every", "1", "--judge-size", "32",
              "--style-size", "32", "-o", "out.model", "--trace", "trace.jsonl", "--report", "report.html",
              "--checkpoint", "run.ckpt", "--every", "1", "-q"],
    "train-resume": ["train", "--resume", "trained.ckpt", "-o", "out.model", "-q"],
    "apply-batch": ["apply", "sound.model", "contents", "-o", "painted/{content}.png", "-q"],
}
# What writes no out.png: what in its place, if anything.
APART = {"settings": None, "batch": None, "apply-batch": None, "train": "out.model", "train-resume": "out.model"}


def fill(folder):
    """A fresh folder, in which outputs of earlier runs are."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "content.png").write_bytes(support.png(32, 24))
    (folder / "mask.png").write_bytes(family_png.picture(width=32, height=24, colour=0))
    (folder / "style.jpg").write_bytes(family_jpeg.baseline(24, 32, 3))
    (folder / "sound.safetensors").write_bytes(sound(family_safetensors.files()))
    (folder / "sound.model").write_bytes(sound(family_model.files()))
    (folder / "contents").mkdir()
    (folder / "contents" / "a.png").write_bytes(support.png(20, 20))
    (folder / "painted").mkdir()
    (folder / "photos").mkdir()
    (folder / "photos" / "b.png").write_bytes(support.png(64, 70))
    for name in OUTPUTS:
        if name != "run.ckpt":
            (folder / name).write_bytes(b"old")
    for name in ("begun.ckpt", "trained.ckpt", "made.png"):
        if (folder.parent / name).exists():
            shutil.copy(folder.parent / name, folder / name)


def has_come(mark):
    return mark.exists() and mark.read_bytes()[:1] == b"\1"


def start(program, top, name, fault=None, **changes):
    """(exit code, standard error, whether the call came)"""
    folder, came = top / "program", top / "came"
    came.unlink(missing_ok=True)
    fill(folder)
    if fault:
        changes |= {"IMPASTO_FAULT": fault, "IMPASTO_FAULT_MARK": str(came)}
    changes["LD_PRELOAD"] = start.library
    try:
        done = subprocess.run([program, *RUNS[name]], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False,
                              timeout=PATIENCE, env=support.environment(top, **changes))
    except subprocess.TimeoutExpired:
        return "no end", "", has_come(came)
    return done.returncode, done.stderr.decode(errors="replace"), has_come(came)


def whole(path):
    """Whether an output is the old one, or a sound new one."""
    data = path.read_bytes()
    if data == b"old":
        return True
    if path.suffix == ".png":
        return data.endswith(b"IEND\xaeB`\x82")
    if path.suffix == ".html":
        return data.rstrip().endswith(b"</html>")
    if path.suffix == ".model":
        end = 8 + int.from_bytes(data[:8], "little")
        return len(data) == end + max(tensor["data_offsets"][1] for name, tensor in json.loads(data[8:end]).items()
                                      if name != "__metadata__")
    if path.suffix == ".ckpt":
        return data == family_checkpoint.seal(data[:-4])
    return True  # lines that are written as they come, and settings, which are short


def check(program, top, name, kind, n):
    """Whether the call came."""
    code, said, came = start(program, top, name, f"{kind}:{n}")
    where, folder = f"{name}, {kind} {n}", top / "program"
    lines = [line for line in said.splitlines() if "warning:" not in line]
    if code not in range(0, 9) or code == 1:
        fail(f"{where}: exits with {code}: {said[-800:]}")
    elif code != 0 and (not lines or not all(line.startswith("impasto: ") for line in lines)):
        fail(f"{where}: exits with {code}, but says: {said[-800:]}")
    elif code == 0 and lines:
        fail(f"{where}: exits with 0, but says: {said[-800:]}")
    result = APART.get(name, "out.png")
    if code == 0 and came and result and (folder / result).read_bytes() == b"old":
        fail(f"{where}: exits with 0, but the result is missing")
    for path in folder.rglob("*"):
        if path.name.endswith(".tmp") or path.name.endswith(".lock"):
            fail(f"{where}: leaves {path.name}")
        elif path.is_file() and path.suffix in (".png", ".html", ".ckpt", ".model") and not whole(path):
            fail(f"{where}: {path.name} is neither the old one nor whole")
    return came


def through_program(program, top, long):
    for name in RUNS:
        code, said, _ = start(program, top, name)
        if code != 0:
            fail(f"{name} without a fault: {code} {said}")
            continue
        if name == "run":
            # The watchdog's waits end by another clock, and it must not take seconds for hours.
            code, said, _ = start(program, top, name, IMPASTO_FAULT_CLOCK="one")
            if code != 0:
                fail(f"a single clock: {code} {said}")
            # What the others begin with.
            shutil.copy(top / "program" / "run.ckpt", top / "begun.ckpt")
            shutil.copy(top / "program" / "out.png", top / "made.png")
        if name == "train":
            shutil.copy(top / "program" / "run.ckpt", top / "trained.ckpt")
        for kind in KINDS:
            n, tried = 1, 0
            while (long or tried < POINTS) and check(program, top, name, kind, n):
                tried += 1
                n = n + 1 if long else n * 7
            print(f"{name:11} {kind:9} {tried:5} calls fail", flush=True)


def main():
    words = [word for word in sys.argv[1:] if word != "--long"]
    program, faulty, fault = [str(pathlib.Path(word).resolve()) for word in words[:3]]
    maker = words[3] if len(words) > 3 else None
    long = "--long" in sys.argv
    with tempfile.TemporaryDirectory(prefix="impasto-faults-") as made:
        top = pathlib.Path(made)
        os.environ.setdefault("IMPASTO_CLI_CACHE", made)
        start.library = fault
        library(faulty, top, maker, long)
        through_program(program, top, long)
    print(f"{failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
