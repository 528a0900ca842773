#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""opinion.py PROGRAM: a driver's word on our kernels: the self-test, the reference cases with the algorithms
that the planner takes, and one picture. Where it fails and says that it does not know this CPU, Intel's is
told of an older one, and others are left out."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "tests" / "cli"))

import support  # noqa: E402


SKIPPED = 77
# What drivers say of a CPU that is younger than they are: Intel's, and PoCL's compiler.
UNKNOWN = ("Unknown host CPU", "unknown target CPU")
OLDER = {"CL_CONFIG_CPU_TARGET_ARCH": "core-avx2"}


class Failed(Exception):
    pass


class UnknownCpu(Failed):
    pass


def run(*command, also=(), **changes):
    """also: exit codes that will do, beside 0."""
    print("+", *command[1:], flush=True)
    done = subprocess.run([str(word) for word in command], env=os.environ | changes, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    print(done.stdout, end="", flush=True)
    if done.returncode in (0, *also):
        return
    raise UnknownCpu if any(words in done.stdout for words in UNKNOWN) else Failed


def ask():
    program = pathlib.Path(sys.argv[1]).resolve()
    listed = subprocess.run([program, "--list-devices", "--json"], stdout=subprocess.PIPE, check=True).stdout
    devices = [device for device in json.loads(listed) if device["index"] is not None]
    if not devices:
        print("the driver shows no device")
        return 1
    print(devices[0]["name"], "|", devices[0]["platform"], "|", devices[0]["driver"])
    run(program, "--self-test", "-q")
    reference = ROOT / "tests" / "golden" / "test_reference.py"
    run(sys.executable, reference, program, also=[SKIPPED], IMPASTO_TEST_CHOICES="1")
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out.png")
        run(program, ROOT / "examples" / "lighthouse.jpg", ROOT / "examples" / "night.jpg", "-o", out,
            "--weights", "builtin", "--size", "96", "--iterations", "5", "-q")
        colours = {pixel for row in support.pixels(out) for pixel in row}
    print(f"a picture of {len(colours)} colours")
    return 0 if len(colours) > 500 else 1


def main():
    try:
        return ask()
    except UnknownCpu:
        print("the driver does not know this CPU: told of an older one")
        os.environ.update(OLDER)
    try:
        return ask()
    except UnknownCpu:
        print("it still does not: its opinion is left out")
        return SKIPPED


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed:
        sys.exit(1)
