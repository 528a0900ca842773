# SPDX-License-Identifier: MIT
"""A short run of the program under opencl_layer.so, in a folder of its own."""

import collections
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))
from support import pixels, png  # noqa: E402

SIDE = 32  # of both pictures, pixels
# Seconds after which a run hangs; the first one compiles.
DEADLINE = 120
FIRST_DEADLINE = 600

# code: None where it hung. report: the layer's, None after a crash. calls, launches: names of OpenCL calls
# and of kernels, where they were asked for. names: of the files in its folder. picture: rows of pixels;
# None where there is none, or the old one; where it is damaged, a text that says how.
Ended = collections.namedtuple("Ended", "code said report calls launches names picture")


def read(path, old):
    if not path.exists() or path.read_bytes() == old:
        return None
    try:
        return pixels(path)
    except (AssertionError, KeyError, ValueError, struct.error, zlib.error) as wrong:
        return f"{path.name}: {wrong}"


class Program:
    """program, layer: paths. cache: a folder for compiled kernels, which the first run fills."""

    def __init__(self, program, layer, cache):
        self.program, self.layer, self.cache = program, layer, cache

    def environment(self, home):
        env = {key: value for key, value in os.environ.items()
               if (not key.startswith("IMPASTO_") or key == "IMPASTO_CACHE") and key != "XDG_DATA_HOME"}
        env |= {"HOME": str(home), "XDG_DATA_DIRS": str(home), "LC_ALL": "C",
                "OPENCL_LAYERS": self.layer}
        env.setdefault("XDG_CACHE_HOME", str(self.cache))
        return env

    def run(self, arguments, fault="", old=None, calls=False, launches=False, deadline=DEADLINE, files=None):
        """arguments: of the program, which finds content.png, style.png, and files: {name: bytes}. old: what
        out.png is before."""
        with tempfile.TemporaryDirectory(prefix="impasto-faults-") as made:
            folder, notes = pathlib.Path(made, "folder"), pathlib.Path(made, "notes")
            folder.mkdir()
            notes.mkdir()
            (folder / "content.png").write_bytes(png(SIDE, SIDE))
            (folder / "style.png").write_bytes(
                png(SIDE, SIDE, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)))
            for name, data in (files or {}).items():
                (folder / name).write_bytes(data)
            out = folder / "out.png"
            if old is not None:
                out.write_bytes(old)
            env = self.environment(notes) | {"IMPASTO_FAULT": fault,
                                             "IMPASTO_FAULT_REPORT": str(notes / "report")}
            env |= {"IMPASTO_FAULT_TRACE": str(notes / "calls")} if calls else {}
            env |= {"IMPASTO_FAULT_LAUNCHES": str(notes / "launches")} if launches else {}
            try:
                done = subprocess.run([self.program, *arguments], cwd=folder, env=env,
                                      timeout=deadline, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            except subprocess.TimeoutExpired:
                return Ended(None, f"not done within {deadline} s", None, [], [], [], None)

            def words(name):
                path = notes / name
                return path.read_text().split() if path.exists() else []

            report = notes / "report"
            return Ended(done.returncode, done.stdout.decode(errors="replace"),
                         json.loads(report.read_text()) if report.exists() else None,
                         words("calls"), words("launches"), os.listdir(folder),
                         read(out, old))
