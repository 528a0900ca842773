#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""first_picture.py PROGRAM: the seconds from the opened page to a picture that moves, as somebody would do it at once.

The studio has been started before, on a cache that an earlier one has filled. The preset is the usual one, the
pictures are the examples. The processor time of the studio, its workers and the browser says something on a busy
machine, too.
"""

import os
import pathlib
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
sys.dont_write_bytecode = True
os.environ["IMPASTO_BIN"] = str(pathlib.Path(sys.argv[1]).resolve())

from browser import program as chromium  # noqa: E402
from paged import Paged  # noqa: E402

EXAMPLES = HERE.parents[1] / "examples"


def processor():
    """Seconds of processor time of all processes below this one, and of those that they have seen end."""
    rows, total, below = {}, 0, {os.getpid()}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):  # one that has just ended
            continue
        rows[int(stat.parent.name)] = (int(words[1]), sum(map(int, words[11:15])))
    while True:
        more = {process for process, (parent, _) in rows.items() if parent in below} - below
        if not more:
            return total / os.sysconf("SC_CLK_TCK")
        total += sum(rows[process][1] for process in more)
        below |= more


class First(Paged):
    def measure(self, name):
        # A folder of its own: where a job waits, the queue does.
        page = self.enter("--folder", self.folder / name)
        began, spent = time.monotonic(), processor()
        page.call("Page.reload")
        page.until("document.getElementById('main')?.hidden === false")
        page.drop("#content-drop", EXAMPLES / "lighthouse.jpg")
        page.until("!document.getElementById('content-image').hidden")
        page.drop("#style-drop", EXAMPLES / "night.jpg")
        page.until("document.querySelectorAll('#styles li').length === 1")
        page.run("document.getElementById('go').click()")
        page.until("document.getElementById('image').alt.includes('after')", seconds=600)
        taken = time.monotonic() - began, processor() - spent
        self.server.end()
        return taken

    def runTest(self):
        self.measure("before")  # fills the cache
        names = ("a", "b", "c")
        seconds, spent = map(min, zip(*(self.measure(name) for name in names)))
        print(f"{seconds:.1f} s, the best of three; {spent:.1f} s of processor time")


if __name__ == "__main__":
    if not chromium():
        print("skipped: Chromium is not installed")
        sys.exit(77)
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("IMPASTO_CLI_CACHE", cache)
        passed = unittest.TextTestRunner().run(First()).wasSuccessful()
    sys.exit(not passed)
