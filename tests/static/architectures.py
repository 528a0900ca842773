#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""architectures.py SOURCE FILE...: files that differ by architecture compile for each, without a warning.

Uses the cross compilers that are installed; the sandbox is to have a filter for all of these.
"""

import pathlib
import shutil
import subprocess
import sys

COMPILERS = ["x86_64-linux-gnu-gcc", "aarch64-linux-gnu-gcc", "i686-linux-gnu-gcc", "arm-linux-gnueabihf-gcc",
             "riscv64-linux-gnu-gcc", "powerpc64le-linux-gnu-gcc", "s390x-linux-gnu-gcc"]
# Files and times of 32 and of 64 bits, where that makes a difference.
WIDTHS = [[], ["-D_FILE_OFFSET_BITS=64"], ["-D_FILE_OFFSET_BITS=64", "-D_TIME_BITS=64"]]
FLAGS = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Wunused-macros", "-Werror", "-fsyntax-only"]


def compile_with(compiler, file, source, width):
    """What the compiler says."""
    done = subprocess.run([compiler, *FLAGS, *width, f"-I{source / 'include'}", f"-I{source / 'src'}", file],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else done.stdout.strip() or f"{compiler} fails"


def has_filter(compiler, file, source):
    done = subprocess.run([compiler, "-std=c11", "-dM", "-E", f"-I{source / 'include'}", f"-I{source / 'src'}", file],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return "#define ARCHITECTURE " in done.stdout


def main():
    source = pathlib.Path(sys.argv[1]).resolve()
    compilers = [name for name in COMPILERS if shutil.which(name)]
    if not compilers:
        print(f"SKIP: none of {', '.join(COMPILERS)} is installed")
        return 77
    complaints = []
    for compiler in compilers:
        for file in sys.argv[2:]:
            complaints += [compile_with(compiler, file, source, width) for width in WIDTHS]
            if not has_filter(compiler, file, source):
                complaints.append(f"{compiler}: {file} has no filter")
    complaints = [complaint for complaint in complaints if complaint]
    print("\n".join(complaints) or f"compiled by {', '.join(compilers)}")
    missing = [name for name in COMPILERS if name not in compilers]
    if missing:
        print(f"not installed: {', '.join(missing)}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
