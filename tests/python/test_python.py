#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The package for Python: test_python.py FOLDER PROGRAM [case_NAME...]

FOLDER has the package as it was built. Exit 77: it was not built, or NumPy is missing.
"""

import importlib.util
import os
import pathlib
import signal
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent


def missing(folder):
    if not (folder / "impasto").is_dir():
        return "this build has no package for Python (cffi, Python's headers)"
    return next((f"{name} is not installed" for name in ("cffi", "numpy") if not importlib.util.find_spec(name)), None)


def main():
    folder, program = (pathlib.Path(sys.argv.pop(1)).resolve() for _ in range(2))
    if why := missing(folder):
        print(f"skipped: {why}")
        sys.exit(77)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(folder), str(HERE)]
    os.environ |= {"IMPASTO_PACKAGE": str(folder), "IMPASTO_BIN": str(program)}
    for name in ("IMPASTO_WEIGHTS", "IMPASTO_DEVICE"):
        os.environ.pop(name, None)
    unittest.main(module=None)


if __name__ == "__main__":
    main()
