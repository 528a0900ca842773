#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Static checks: run.py BUILD [--jobs N] [--only TOOL] [FILE...]

Looks at every C file of src/, examples/ and tests/ as BUILD compiles it (its compile_commands.json)
with more warnings of gcc and clang than the build has, clang-tidy (.clang-tidy says which checks and
why not others) and cppcheck, as far as they are installed. Prints what they find and how much that
is, each finding once, and fails where it is not 0. Takes some minutes.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

GCC = """-O2 -Wall -Wextra -Wpedantic -Wconversion -Warith-conversion -Wshadow -Wformat=2
    -Wno-format-nonliteral -Wnull-dereference -Wcast-align=strict -Wundef -Wvla -Walloca
    -Wwrite-strings -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes -Wlogical-op
    -Wduplicated-cond -Wimplicit-fallthrough -Wunused-macros -Wstrict-overflow=2 -Wtrampolines
    -Wdate-time""".split()

CLANG = """-Weverything
    -Wno-padded -Wno-declaration-after-statement -Wno-disabled-macro-expansion -Wno-comma
    -Wno-redundant-parens
    -Wno-float-equal -Wno-double-promotion -Wno-bad-function-cast
    -Wno-cast-qual -Wno-format-nonliteral
    -Wno-missing-noreturn -Wno-reserved-macro-identifier -Wno-reserved-identifier
    -Wno-missing-variable-declarations -Wno-assign-enum -Wno-implicit-int-float-conversion
    -Wno-conditional-uninitialized -Wno-unsafe-buffer-usage -Wno-switch-default""".split()
# Why not, line by line. A matter of taste, twice. Numbers are compared with the very value that they were
# given, sums of floats are done in double on purpose, and (int)floor(x) is meant. The library that holds JSON
# has no iterators of const objects, weights are read when they are first asked for, and tests hand formats
# on. What says nothing of mistakes: whether a callback of a C library returns, names that systems reserve
# for asking for features, table rows that one macro declares and another defines, sets of flags in an enum,
# seconds in double, what is filled behind a pointer.

FINDING = re.compile(r"^([^\s:][^:]*):(\d+):(?:(\d+):)? (?:warning|error|style|performance|portability"
                     r"|fatal error): (.*)$", re.MULTILINE)


def commands(build):
    """{file: compiler arguments that say where headers are and what is defined}"""
    found = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(os.path.normpath(pathlib.Path(entry["directory"], entry["file"])))
        words = shlex.split(entry["command"])
        kept = [word for word in words if re.match(r"-(I|D|std=|isystem|pthread)", word)
                and "_FORTIFY_SOURCE" not in word]
        kept = [f"-I{os.path.normpath(pathlib.Path(entry['directory'], word[2:]))}"
                if word.startswith("-I") else word for word in kept]
        # The headers of others are not our business.
        kept = [f"-isystem{word[2:]}" if word.startswith("-I/") and
                not pathlib.Path(word[2:]).is_relative_to(ROOT) else word for word in kept]
        if path.suffix == ".c" and path.is_relative_to(ROOT) and path.exists() and \
                not path.is_relative_to(build):
            found[path] = kept
    return found


def tools(build):
    """{name: function from a file and its arguments to a command}"""
    found = {}
    if shutil.which("gcc"):
        found["gcc"] = lambda file, kept: ["gcc", *kept, *GCC, "-c", "-o", os.devnull, file]
    if shutil.which("clang"):
        found["clang"] = lambda file, kept: ["clang", *kept, *CLANG, "-fsyntax-only", file]
    if shutil.which("clang-tidy"):
        found["clang-tidy"] = lambda file, kept: ["clang-tidy", "--quiet", file, "--", *kept]
    if shutil.which("cppcheck"):
        found["cppcheck"] = lambda file, kept: [
            "cppcheck", "--quiet", "--enable=warning,performance,portability", "--inline-suppr",
            "--std=c11", "--template={file}:{line}:{column}: warning: {message} [{id}]",
            f"--suppressions-list={ROOT / 'tests/static/cppcheck.txt'}",
            *[word for word in kept if word.startswith(("-I", "-D"))], file.relative_to(ROOT)]
    return found


def run(tool, make, file, kept):
    """What a tool finds in a file of ours, and what stopped it."""
    done = subprocess.run([str(word) for word in make(file, kept)], cwd=ROOT, text=True,
                          errors="replace", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    text = done.stdout + done.stderr
    seen = set()
    for path, line, column, message in FINDING.findall(text):
        path = pathlib.Path(ROOT, path)
        if path.is_relative_to(ROOT):
            seen.add(f"{path.relative_to(ROOT)}:{line}:{column}: {message} ({tool})")
    if done.returncode and not seen:
        seen.add(f"{file.relative_to(ROOT)}: {tool} fails: {text.strip()[-300:]}")
    return tool, seen


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("files", nargs="*", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--only", metavar="TOOL")
    options = parser.parse_intermixed_args()
    build = options.build.resolve()
    files = commands(build)
    wanted = [path.resolve() for path in options.files] or sorted(files)
    unknown = [str(path) for path in wanted if path not in files]
    if unknown:
        parser.error(f"{build} does not compile {', '.join(unknown)}")
    chosen = {name: make for name, make in tools(build).items() if options.only in (None, name)}
    counts = collections.Counter()
    shown = set()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run, tool, make, file, files[file])
                for tool, make in chosen.items() for file in wanted]
        for job in jobs:
            tool, findings = job.result()
            for finding in sorted(findings - shown):
                print(finding, flush=True)
                counts[tool] += 1
            shown |= findings
    for tool in ("gcc", "clang", "clang-tidy", "cppcheck"):
        print(f"{tool:12} {counts[tool] if tool in chosen else 'not run'}")
    print(f"{len(wanted)} files")
    return 1 if shown or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
