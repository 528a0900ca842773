#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""reproducible.py SOURCE [--release]: a build's bytes do not depend on its folder.

Two copies of the sources, in folders of different depth, are built inside and outside of them. Library,
module and program must be the same. Takes two builds, without optimisation, which knows nothing of folders;
--release: as users build.
"""

import filecmp
import pathlib
import shutil
import subprocess
import sys
import tempfile

PARTS = ["LICENSE", "cl", "examples", "include", "meson.build", "meson_options.txt", "python", "src", "weights"]
QUICK = ["-Doptimization=0", "-Db_ndebug=true"]
MADE = ["impasto", "libimpasto.so", "impasto_hdf5.so", "impasto_mpi.so"]


def build(source, copy, folder):
    options = [] if "--release" in sys.argv else QUICK
    copy.mkdir(parents=True)
    for part in PARTS:
        whole = shutil.copytree if (source / part).is_dir() else shutil.copy2
        whole(source / part, copy / part)
    for command in [["meson", "setup", "-Dtests=false", *options, folder, copy], ["ninja", "-C", folder, "impasto"]]:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            sys.exit(f"{command[0]} fails:\n{done.stdout.decode(errors='replace')[-4000:]}")


def main():
    if not shutil.which("meson") or not shutil.which("ninja"):
        print("SKIP: meson and ninja are needed")
        return 77
    source = pathlib.Path(sys.argv[1]).resolve()
    differing = []
    with tempfile.TemporaryDirectory(prefix="impasto-build-") as made:
        top = pathlib.Path(made)
        first, second = top / "a" / "build", top / "elsewhere" / "objects"
        build(source, top / "a", first)
        build(source, top / "b" / "of another depth" / "sources", second)
        for name in MADE:
            if (first / name).exists() and not filecmp.cmp(first / name, second / name, shallow=False):
                differing.append(name)
    for name in differing:
        print(f"{name} depends on the folder that it is built in")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
