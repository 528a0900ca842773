#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""screenshot.py PROGRAM FILE.jpg: makes the picture of the studio that README.md shows, from the examples."""

import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "cli")]
sys.dont_write_bytecode = True
os.environ["IMPASTO_BIN"] = str(pathlib.Path(sys.argv[1]).resolve())

import paged  # noqa: E402

EXAMPLES = HERE.parents[1] / "examples"
NETWORKS = ("watercolour", "ink", "fauve")


class Screenshot(paged.Paged):
    def runTest(self):
        page = self.enter()
        page.size(1200, 1280)
        page.until("document.querySelectorAll('[name=model]').length > 3")
        page.drop("#content-drop", EXAMPLES / "lighthouse.jpg")
        page.until("!document.getElementById('content-image').hidden")
        page.run("document.querySelector('[name=command][value=apply]').click()")
        for count, name in enumerate(NETWORKS, 1):
            page.run(f"document.querySelector('[name=model][value={name}]').click()")
            page.until(f"document.querySelectorAll('#jobs li.done').length === {count}")
        page.run("document.querySelector('[name=command][value=paint]').click()")
        page.drop("#style-drop", EXAMPLES / "night.jpg")
        page.until("document.querySelectorAll('#styles li').length === 1")
        page.run("document.querySelector('[name=preset][value=quick]').click(); "
                 "document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 4 && "
                   "document.getElementById('image').alt.startsWith('Result')", seconds=3600)
        page.until("document.getElementById('plan').textContent.includes('about')")
        self.set(page, "#compare", 35)
        page.run("document.activeElement.blur(); window.scrollTo(0, 0)")
        page.shot(sys.argv[2])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as cache:
        os.environ.setdefault("IMPASTO_CLI_CACHE", cache)
        passed = unittest.TextTestRunner().run(Screenshot()).wasSuccessful()
    sys.exit(not passed)
