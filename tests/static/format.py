#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""format.py ROOT: every C file looks as .clang-format says; tables are fenced off by clang-format's own comments.

Versions differ in details, so only the one that Debian 12 has is asked: others, and none, skip the test."""

import pathlib
import shutil
import subprocess
import sys

VERSION = "14."
SKIPPED = 77


def formatter():
    """Its name, or None."""
    for name in ("clang-format-14", "clang-format"):
        if shutil.which(name):
            text = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
            if f"version {VERSION}" in text:
                return name
    return None


def sources(root):
    return sorted(path for folder in ("include", "src", "tests", "examples")
                  for path in (root / folder).rglob("*") if path.suffix in (".c", ".h", ".cpp"))


def main():
    root = pathlib.Path(sys.argv[1])
    name = formatter()
    if not name:
        print(f"skipped: there is no clang-format {VERSION}x")
        return SKIPPED
    files = sources(root)
    done = subprocess.run([name, "--dry-run", "-Werror", *files], check=False)
    print(f"{len(files)} files looked at")
    return 1 if done.returncode or not files else 0


if __name__ == "__main__":
    sys.exit(main())
