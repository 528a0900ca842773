# SPDX-License-Identifier: MIT
"""What the package's tests share: small pictures, cheap settings, one open device, other interpreters."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import impasto
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Seconds after which another interpreter hangs.
PATIENCE = 300
# A job as cheap as it can be and still be one.
CHEAP = {"weights": "builtin", "size": 32, "iterations": 2, "style_layers": "1_1,2_1", "content_layers": "2_1"}


def photo(height=36, width=48, seed=1):
    """Smooth, so that resizing says little; uint8."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [np.sin(x / (5 + seed + c)) * np.cos(y / (4 + c)) for c in range(3)]
    return ((np.stack(waves, axis=-1) + 1) * 127).astype(np.uint8)


PHOTO, PAINTING = photo(), photo(40, 40, 7)


class Case(unittest.TestCase):
    device = None

    @classmethod
    def open_device(cls):
        """One for all tests of a process."""
        if Case.device is None:
            Case.device = impasto.Device("0")
        return Case.device

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="impasto-python-"))
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.folder], check=True))

    def fails(self, kind, words, function, *arguments, **keywords):
        """A call that is refused, in one line with some words."""
        with self.assertRaises(kind) as caught:
            function(*arguments, **keywords)
        self.assertIn(words, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))
        return caught.exception

    def environment(self):
        """For an interpreter of its own."""
        folders = [os.environ["IMPASTO_PACKAGE"], str(ROOT / "tests" / "python")]
        return os.environ | {"PYTHONPATH": os.pathsep.join(folders), "PYTHONDONTWRITEBYTECODE": "1"}

    def run_python(self, *words, **options):
        """Runs an interpreter of its own; gives (exit status, what it wrote)."""
        done = subprocess.run([sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=PATIENCE, check=False, **{"env": self.environment(), **options})
        return done.returncode, done.stdout

    def python(self, script, **environment):
        """Runs a script that begins with what this file has."""
        return self.run_python("-c", "from common import *\n" + script, env=self.environment() | environment)
