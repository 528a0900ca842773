# SPDX-License-Identifier: MIT
"""What is loaded only when it is needed: the reader of HDF5, a module that lies where the library lies."""

import os
import pathlib
import re
import shutil
import subprocess

from support import CHEAP, WEIGHTS, Case, program

MODULE = "impasto_hdf5.so"
LIBRARY = "libimpasto.so.1"
# Enough of a Keras file to be taken for one; the reader says that it is damaged.
HEAD = b"\x89HDF\r\n\x1a\n" + bytes(100)
READ = "cut short or damaged"


class Modules(Case):
    """On a copy of the program and the library."""

    def setUp(self):
        super().setUp()
        built = pathlib.Path(program()).parent
        for name in [MODULE, LIBRARY]:
            if not (built / name).exists():
                self.skipTest(f"there is no {name} beside the program")
        self.library = built / LIBRARY
        self.whole = (built / MODULE).read_bytes()
        installed = re.search(rb"\0(/[^\0]+/impasto)\0", self.library.read_bytes())[1].decode()
        if pathlib.Path(installed, MODULE).exists():
            self.skipTest(f"Impasto is installed, with {installed}")
        self.write("weights.h5", HEAD)
        for name, place in [(program(), "bin"), (self.library, "lib")]:
            (self.folder / place).mkdir()
            shutil.copy(name, self.folder / place)

    def ask(self, *words, place=None, data=None, search="lib"):
        """Puts the module in that place and has the copy read the weights. What it says, in one line,
        must have all of the words."""
        if place:
            (self.folder / place).mkdir(exist_ok=True)
            (self.folder / place / MODULE).write_bytes(self.whole if data is None else data)
        search = ":".join([str(self.folder / "lib"), search])
        run = subprocess.run([self.folder / "bin" / "impasto", "content.png", "style.png", *CHEAP,
                              "--weights", "weights.h5"], cwd=self.folder, text=True, check=False,
                             env=os.environ | {"LD_LIBRARY_PATH": search}, stdin=subprocess.DEVNULL,
                             stderr=subprocess.PIPE)
        self.assertEqual(run.returncode, WEIGHTS, run.stderr)
        self.assertEqual(run.stderr.count("\n"), 1, run.stderr)
        for word in words:
            self.assertIn(word, run.stderr)

    def test_beside_the_library(self):
        self.ask(READ, place="lib")

    def test_as_it_is_installed(self):
        self.ask(READ, place="lib/impasto")

    def test_missing(self):
        self.ask("weights.h5: a Keras HDF5 file", f"{MODULE} is not in {self.folder.resolve() / 'lib'}",
                 "install all of Impasto")

    def test_is_looked_for_nowhere_else(self):
        for place in [".", "impasto", "bin", "other"]:
            with self.subTest(place):
                self.ask(f"{MODULE} is not in", place=place, search=f"{place}:")

    def test_of_another_version(self):
        version = self.succeed("--version").stdout.split()[1].encode()
        other = self.whole.replace(b"\0" + version + b"\0", b"\0" + b"9" * len(version) + b"\0")
        self.ask(f"{MODULE} is of another version (99", place="lib", data=other)

    def test_damaged(self):
        for data in [b"", b"This is a text.\n" * 10, self.library.read_bytes()]:
            self.ask(f"{MODULE} cannot be loaded", place="lib", data=data)

    def test_is_not_loaded_at_the_start(self):
        for name in [program(), self.library]:
            brought = subprocess.run(["ldd", name], check=True, text=True, stdout=subprocess.PIPE).stdout
            self.assertNotIn("libhdf5", brought)
