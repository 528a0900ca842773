#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Hostile files, thousands of them: test_hostile.py PROGRAM FEED [H5-MAKER] [--long] [--sanitized]
[FAMILY...]

All of them go through the library in one process (feed.c); a sample of each family, or with --long
all that are bad, through the program. What is checked of each: it is refused or accepted as it must
be, with a documented exit code and one line that names the file, within the time and memory said
below, and with nothing written; the memory not with --sanitized, as sanitizers take some for
themselves. That no pickle is run is checked for the program and for the scripts of weights/ that read
them.
"""

import contextlib
import importlib.util
import io
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]

import family_avif  # noqa: E402
import family_checkpoint  # noqa: E402
import family_hdf5  # noqa: E402
import family_heic  # noqa: E402
import family_jpeg  # noqa: E402
import family_list  # noqa: E402
import family_mask  # noqa: E402
import family_model  # noqa: E402
import family_pickle  # noqa: E402
import family_png  # noqa: E402
import family_safetensors  # noqa: E402
import family_settings  # noqa: E402
import family_tiff  # noqa: E402
import family_training  # noqa: E402
import family_webp  # noqa: E402
import support  # noqa: E402
from common import ANY, BAD, OK  # noqa: E402

# Of each family, at least so many bad files.
LEAST = 500
# MiB of memory that the process which opens all files may ever hold. tests/README.md says how it comes about.
CAP = 640
# The same for the program, which has an OpenCL driver in it.
PROGRAM_CAP = 1024
# Seconds after which a file has hung us, on a machine that others use as well.
DEADLINE = 60
# Files of a family that go through the program in the short form.
SAMPLE = 10

# family: [module, kind for feed, exit code, how the program is given the file, or None: not at all]
FAMILIES = {
    "png": [family_png, "picture", support.INPUT, ["{}", "style.png"]],
    "jpeg": [family_jpeg, "picture", support.INPUT, ["content.png", "{}"]],
    "webp": [family_webp, "picture", support.INPUT, ["content.png", "{}"]],
    "tiff": [family_tiff, "picture", support.INPUT, ["{}", "style.png"]],
    "heic": [family_heic, "apart", support.INPUT, ["content.png", "{}"]],
    "avif": [family_avif, "apart", support.INPUT, ["{}", "style.png"]],
    "mask": [family_mask, "mask", support.INPUT,
             ["content.png", "style.png", "--content-mask", "{}"]],
    "settings": [family_settings, "settings", support.INPUT,
                 ["content.png", "style.png", "--settings", "{}"]],
    "list": [family_list, "list", support.INPUT, ["--batch", "{}", "style.png"]],
    "safetensors": [family_safetensors, "weights", support.WEIGHTS,
                    ["content.png", "style.png", "--weights", "{}"]],
    "hdf5": [family_hdf5, "weights", support.WEIGHTS,
             ["content.png", "style.png", "--weights", "{}"]],
    "pickle": [family_pickle, "weights", support.WEIGHTS,
               ["content.png", "style.png", "--weights", "{}"]],
    "model": [family_model, "model", support.WEIGHTS, ["model", "info", "{}"]],
    "checkpoint": [family_checkpoint, "checkpoint", support.INPUT,
                   ["--resume", "{}", "--iterations", "5"]],
    "training": [family_training, "training", support.INPUT, None],
}
DOCUMENTED = range(0, 9)

failures = []


def fail(family, name, what):
    failures.append(f"{family} {name}: {what}")
    print(f"FAILED {failures[-1]}", flush=True)


def put(path, data):
    """Bytes, or what a family does itself: folders, links and the like."""
    take_away(path)
    if callable(data):
        data(path)
    else:
        path.write_bytes(data)


def take_away(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


class Feed:
    """The process that opens files; a new one when it dies."""

    def __init__(self, program, folder):
        self.program, self.folder, self.process = program, folder, None

    def ask(self, kind, path):
        """(exit code, MiB, message), or what went wrong as a text."""
        if self.process is None:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, cwd=self.folder)
        self.process.stdin.write(f"{kind} {path}\n".encode())
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], DEADLINE)[0]:
            self.stop()
            return f"no answer in {DEADLINE} s"
        line = self.process.stdout.readline().decode(errors="replace")
        if not line:
            code = self.process.wait()
            self.process = None
            return f"ended the process with {code}"
        code, kib, message = (line.rstrip("\n") + "  ").split(" ", 2)
        return int(code), int(kib) / 1024, message.strip()

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process.stdin.close()
            self.process.stdout.close()
        self.process = None


def check_one(family, name, verdict, answer):
    """True where the file was refused."""
    if isinstance(answer, str):
        fail(family, name, answer)
        return False
    code, _, message = answer
    wanted = FAMILIES[family][2]
    if code not in DOCUMENTED or code == 1:
        fail(family, name, f"status {code}: {message}")
    if code != 0 and not message:
        fail(family, name, "refused without a word")
    if code == 0 and message:
        fail(family, name, f"accepted, but says: {message}")
    if verdict == OK and code != 0:
        fail(family, name, f"sound, but refused: {message}")
    if verdict == BAD and code != wanted:
        fail(family, name, f"status {code}, not {wanted}: {message}")
    if family == "pickle" and "impasto weights convert" not in message:
        fail(family, name, f"does not say how to convert it: {message}")
    return code != 0


def through_library(family, folder, feed, files):
    kind = FAMILIES[family][1]
    path = folder / "hostile"
    refused = bad = most = 0
    for name, verdict, data in files:
        put(path, data)
        answer = feed.ask(kind, path)
        refused += check_one(family, name, verdict, answer)
        bad += verdict == BAD
        most = max(most, 0 if isinstance(answer, str) else answer[1])
        if most > CAP and "--sanitized" not in sys.argv:
            fail(family, name, f"takes {most:.0f} MiB, over {CAP}")
            feed.stop()
            most = 0
    feed.stop()
    if refused < LEAST:
        fail(family, "all", f"only {refused} of {len(files)} were refused")
    if sorted(entry.name for entry in folder.iterdir()) != ["hostile"]:
        fail(family, "all", f"wrote something: {list(folder.iterdir())}")
        for entry in folder.iterdir():
            take_away(entry)
    take_away(path)
    print(f"{family:12} {len(files):5} files, {bad:4} bad ones, {refused:4} refused, "
          f"at most {most:4.0f} MiB", flush=True)


def run(program, folder, arguments, seconds=DEADLINE):
    """(exit code, standard error, MiB at most) of the program."""
    with open(folder.parent / "stderr", "wb+") as errors:
        process = subprocess.Popen([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors,
                                   env=support.environment(folder.parent))
        watch = threading.Timer(seconds, process.kill)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        watch.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        return process.returncode, errors.read().decode(errors="replace"), usage.ru_maxrss / 1024


def prepare(folder):
    (folder / "content.png").write_bytes(support.png(32, 24))
    (folder / "style.png").write_bytes(support.png(24, 32))
    for name in ("out.png", "good-out.png"):  # the second is a batch's, which passes it over
        (folder / name).write_bytes(b"an older result")


def snapshot(folder):
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.is_file()}


def through_program(family, program, folder, files):
    """Those that are bad must be refused, and all must leave everything as it was."""
    wanted, words = FAMILIES[family][2:]
    prepare(folder)
    path, most = folder / "hostile", 0
    for name, verdict, data in files:
        put(path, data)
        before = snapshot(folder)
        cheap = [] if family == "checkpoint" else [
            word for word in support.CHEAP if family not in ("safetensors", "hdf5", "pickle")
            or word not in ("--weights", "builtin")]
        if family == "settings":
            cheap = cheap[:2]
        out = ["-o", "{content}-out.png" if family == "list" else "out.png", "-q"]
        if family == "model":
            cheap, out = [], []
        code, said, mib = run(program, folder, [w.format("hostile") for w in words] + cheap + out,
                              DEADLINE * 5)
        most = max(most, mib)
        errors = [line for line in said.splitlines() if "warning:" not in line]
        if code == 0 and verdict != BAD:
            (folder / "out.png").write_bytes(b"an older result")
            continue
        if code != wanted and (verdict == BAD or code not in DOCUMENTED or code < 2):
            fail(family, name, f"the program exits with {code}, not {wanted}: {said[-500:]}")
        elif len(errors) != 1 or not errors[0].startswith("impasto: "):
            fail(family, name, f"not one line: {said[-500:]}")
        elif mib > PROGRAM_CAP and "--sanitized" not in sys.argv:
            fail(family, name, f"takes {mib:.0f} MiB, over {PROGRAM_CAP}")
        if snapshot(folder) != before:
            fail(family, name, f"the program changed files: {sorted(snapshot(folder))}")
    for entry in folder.iterdir():
        take_away(entry)
    print(f"{family:12} {len(files):5} files through the program, at most {most:4.0f} MiB",
          flush=True)


def resumed(program, folder):
    """Absurd copies of a checkpoint that a run has written."""
    prepare(folder)
    code, said, _ = run(program, folder, ["content.png", "style.png", *support.CHEAP, "--iterations",
                                          "4", "--checkpoint", "run.ckpt", "-o", "first.png"], 300)
    if code != 0:
        fail("checkpoint", "run", said)
        return []
    sound = (folder / "run.ckpt").read_bytes()
    return [("run-sound", OK, sound), *family_checkpoint.from_run(sound, 60, 14)]


def through_converter(script, folder, files):
    """A script of weights/ must refuse every pickle, and run none."""
    spec = importlib.util.spec_from_file_location("converter", HERE.parents[1] / "weights" / script)
    converter = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(converter)
    here = os.getcwd()
    os.chdir(folder)
    try:
        for name, _, data in files:
            pathlib.Path("hostile.pth").write_bytes(data)
            code = None
            with contextlib.redirect_stderr(io.StringIO()) as said:
                with contextlib.redirect_stdout(io.StringIO()):
                    try:
                        code = converter.main(["convert", "hostile.pth", "-o", "converted.safetensors"])
                    except SystemExit as end:
                        code = end.code
                    except BaseException as problem:  # pylint: disable=broad-except
                        fail("pickle", name, f"{script} raises {problem!r}")
            if not code:
                fail("pickle", name, f"{script} ends with {code}: {said.getvalue()}")
            left = sorted(os.listdir())
            if left != ["hostile.pth"]:
                fail("pickle", name, f"{script} has left {left}")
                for other in left:
                    if pathlib.Path(other).is_dir():
                        os.rmdir(other)
                    else:
                        os.unlink(other)
    finally:
        os.chdir(here)
    pathlib.Path(folder, "hostile.pth").unlink(missing_ok=True)
    print(f"{'pickle':12} {len(files):5} files through weights/{script}", flush=True)


def sample(files, long):
    """Evenly from those that are bad, and a few others."""
    bad = [file for file in files if file[1] == BAD]
    others = [file for file in files if file[1] == ANY]
    if long:
        return bad + others[::20]
    return bad[::max(1, len(bad) // SAMPLE)][:SAMPLE] + others[::max(1, len(others) // 3)][:3]


def main():
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    programs = [str(pathlib.Path(word).resolve()) for word in words if os.path.isfile(word)]
    families = [word for word in words if word in FAMILIES] or list(FAMILIES)
    long = "--long" in sys.argv
    program, feed = programs[:2]
    # meson's filler, which makes glibc touch all that is asked for.
    os.environ.pop("MALLOC_PERTURB_", None)
    maker = programs[2] if len(programs) > 2 else None
    with tempfile.TemporaryDirectory(prefix="impasto-hostile-") as top:
        os.environ["IMPASTO_CLI_CACHE"] = top
        os.environ["IMPASTO_BIN"] = program
        folder = pathlib.Path(top, "painted")
        folder.mkdir()
        for family in families:
            if family == "hdf5" and not maker:
                print("hdf5         left out: built without HDF5")
                continue
            module = FAMILIES[family][0]
            given = {"hdf5": [maker], "list": [pathlib.Path(top, "named")]}.get(family, [])
            files = list(module.files(*given))
            through_library(family, folder, Feed(feed, folder), files)
            if family == "pickle":
                for script in ("vgg19.py", "stylenet.py"):
                    through_converter(script, folder, files)
            if FAMILIES[family][3]:
                through_program(family, program, folder, sample(files, long))
            if family == "checkpoint":
                made = resumed(program, folder)
                through_program(family, program, folder, made if long else made[:1] + made[1::7])
    print(f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
