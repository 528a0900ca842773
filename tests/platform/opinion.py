#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""opinion.py PROGRAM: a driver's word on our kernels: the self-test, the reference cases with the algorithms
that the planner takes, and one picture."""

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


def run(*command, **changes):
    print("+", *command[1:], flush=True)
    return subprocess.run([str(word) for word in command], env=os.environ | changes, check=False).returncode


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    listed = subprocess.run([program, "--list-devices", "--json"], stdout=subprocess.PIPE, check=True).stdout
    devices = [device for device in json.loads(listed) if device["index"] is not None]
    if not devices:
        print("the driver shows no device")
        return 1
    print(devices[0]["name"], "|", devices[0]["platform"], "|", devices[0]["driver"])
    if run(program, "--self-test", "-q") != 0:
        return 1
    reference = ROOT / "tests" / "golden" / "test_reference.py"
    if run(sys.executable, reference, program, IMPASTO_TEST_CHOICES="1") not in (0, 77):
        return 1
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder, "out.png")
        if run(program, ROOT / "examples" / "lighthouse.jpg", ROOT / "examples" / "night.jpg", "-o", out,
               "--weights", "builtin", "--size", "96", "--iterations", "5", "-q") != 0:
            return 1
        colours = {pixel for row in support.pixels(out) for pixel in row}
    print(f"a picture of {len(colours)} colours")
    return 0 if len(colours) > 500 else 1


if __name__ == "__main__":
    sys.exit(main())
