#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether the program, the library and its modules were built hardened: hardening.py FILE...

Reads the ELF files with readelf. Each is to be position-independent, with all relocations done and
made read-only before it runs, no memory that is writable and executable, code in pages of its own,
stack protectors, the C library's checked functions and, on x86-64, marks of what indirect calls may
reach.
"""

import pathlib
import re
import shutil
import subprocess
import sys

# The instruction at which indirect calls may arrive, and how many of them are no accident.
ENDBR64 = b"\xf3\x0f\x1e\xfa"
LEAST_TARGETS = 6


def readelf(*arguments):
    return subprocess.run(["readelf", "-W", *arguments], check=True, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def lacks(path):
    """What a file lacks."""
    header, segments = readelf("-h", path), readelf("-l", path)
    dynamic, symbols = readelf("-d", path), readelf("--dyn-syms", path)
    loads = [line.split()[6:-1] for line in segments.splitlines()
             if line.strip().startswith("LOAD")]
    flags = ["".join(load) for load in loads]
    stack = re.search(r"GNU_STACK.*", segments)
    if not re.search(r"Type:\s+DYN", header):
        yield "position-independent code"
    if "GNU_RELRO" not in segments or not re.search(r"BIND_NOW|Flags:.*NOW", dynamic):
        yield "full RELRO"
    if not stack or "E" in stack.group().split()[6:-1][-1]:
        yield "a stack that is not executable"
    if any("W" in flag and "E" in flag for flag in flags):
        yield "memory that is writable or executable, but not both"
    # The first segment has the file's header, which is no code.
    if "E" in flags[0]:
        yield "code in pages of its own"
    if "__stack_chk_fail" not in symbols:
        yield "stack protectors"
    # A module may call none that has a checked form wherever it is called.
    checked = re.search(r"__\w+_chk\b", symbols.replace("__stack_chk", ""))
    if not checked and re.search(r"\b\w*printf\b", symbols):
        yield "checked functions of the C library"
    # The file's own mark says so only where the system's start files have theirs, too.
    if "X86-64" in header and pathlib.Path(path).read_bytes().count(ENDBR64) < LEAST_TARGETS:
        yield "marks of what indirect calls may reach"


def main():
    if not shutil.which("readelf"):
        print("SKIP: readelf is not installed")
        return 77
    missing = [f"{path} lacks {what}" for path in sys.argv[1:] for what in lacks(path)]
    print("\n".join(missing) or f"{len(sys.argv) - 1} files are hardened")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
