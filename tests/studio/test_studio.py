#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The studio, by HTTP: test_studio.py PROGRAM [case_NAME...]. Exit 77: this build has no studio."""

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def has_studio(program):
    run = subprocess.run([program, "studio", "--folder", "/dev/null"], stderr=subprocess.PIPE, check=False)
    return b"not compiled in" not in run.stderr


def main():
    program = str(pathlib.Path(sys.argv.pop(1)).resolve())
    if not has_studio(program):
        print("skipped: this build has no studio (libmicrohttpd, nettle)")
        sys.exit(77)
    os.environ["IMPASTO_BIN"] = program
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
    sys.dont_write_bytecode = True
    with tempfile.TemporaryDirectory(prefix="impasto-studio-cache-") as cache:
        os.environ["IMPASTO_CLI_CACHE"] = cache
        unittest.main(module=None)


if __name__ == "__main__":
    main()
