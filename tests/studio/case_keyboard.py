# SPDX-License-Identifier: MIT
"""The page by keyboard alone, but for files, which the system's own window brings: doc/studio.md has the steps."""

import unittest

from browser import program as chromium
from case_video import y4m
from paged import Paged
from served import COLOURS, LESSONS, json, png

KINDS = {"paint": 0, "apply": 1, "train": 2}  # how far down


@unittest.skipUnless(chromium(), "Chromium is not installed")
class Keyboard(Paged):
    def file(self, page, kind, name, data):
        field = page.call("Runtime.evaluate", expression=f"document.getElementById('{kind}-file')")["result"]
        page.call("DOM.setFileInputFiles", files=[str(self.write(name, data))], objectId=field["objectId"])
        page.until("!document.getElementById('content-image').hidden" if kind == "content"
                   else "document.querySelectorAll('#styles li').length === 1")

    def tab_to(self, page, selector):
        for _ in range(60):
            page.key("Tab")
            if page.run(f"document.activeElement.matches({json.dumps(selector)})"):
                return
        self.fail(f"no Tab leads to {selector}")

    def press(self, page, selector):
        page.until(f"!document.querySelector({json.dumps(selector)}).hidden")
        self.tab_to(page, selector)
        page.key("Enter", text="\r")

    def begin(self, page):
        """At the top of the page, as it is opened."""
        page.run("document.activeElement.blur(); document.getElementById('more').open = false; "
                 "document.querySelector('.skip').focus()")

    def choose_how(self, page, kind):
        self.begin(page)
        self.tab_to(page, "[name=command]")
        for _ in range(KINDS[kind]):
            page.key("ArrowDown")
        self.assertEqual(page.run("document.activeElement.value"), kind)

    def test_a_painting(self):
        page = self.enter()
        self.file(page, "content", "photo.png", png(32, 24))
        self.file(page, "style", "painting.png", png(24, 32, COLOURS))
        self.cheap(page)
        self.begin(page)
        self.press(page, "#go")
        page.until("!!document.querySelector('#jobs li.done')")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        self.assertNotEqual(page.run("document.getElementById('spoken').textContent"), "")
        # Areas: a dialog that begins at its tools, and gives the focus back.
        self.begin(page)
        self.press(page, "#areas-open")
        page.until("document.getElementById('areas').open && document.activeElement.name === 'tool'")
        for _ in range(2):
            page.key("Tab")
        self.assertEqual(page.run("document.activeElement.id"), "area-canvas")
        for key in (" ", "ArrowRight", "ArrowDown", " "):
            page.key(key)
        self.assertIn("Leave as it is", page.run("document.getElementById('spoken').textContent"))
        page.key("Escape")
        self.assertEqual(page.run("document.activeElement.id"), "areas-open")
        self.assertEqual(page.complaints(), [])

    def test_a_training(self):
        """Begun, stopped, gone on with, and its network paints."""
        page = self.enter()
        self.file(page, "content", "photo.png", png(32, 24))
        self.choose_how(page, "train")
        self.file(page, "style", "painting.png", png(24, 32, COLOURS))
        for name, value in (LESSONS | {"steps": 100000}).items():
            self.option(page, name, value)
        self.begin(page)
        self.press(page, "#go")
        page.until("document.getElementById('image').alt.includes('the network paints it after')")
        self.press(page, "[data-action=stop]")
        for action, state in (("continue", "works"), ("stop", "stopped")):
            page.until(f"document.activeElement.dataset.action === '{action}'")  # in the other one's place
            page.key("Enter", text="\r")
            page.until(f"!!document.querySelector('#jobs li.{state}')")
        training = self.jobs()[0]["id"]
        page.until("[...document.querySelectorAll('#networks label')].at(-1).textContent === 'painting'")
        self.begin(page)
        self.tab_to(page, "[name=command]")
        page.key("ArrowUp")
        self.tab_to(page, "[name=model]")
        page.key("ArrowUp")  # from the first to the last, which was trained here
        page.until("!!document.querySelector('#jobs li.done')")
        self.assertEqual([(job["command"], job.get("model")) for job in self.jobs()],
                         [("apply", training), ("train", None)])
        self.assertEqual(page.complaints(), [])

    def test_a_refinement(self):
        """Of a network's picture, towards its own painting; what is asked for besides is spoken."""
        page = self.enter()
        self.file(page, "content", "photo.png", png(32, 24))
        self.choose_how(page, "apply")
        page.until("document.querySelectorAll('[name=model]').length > 0")
        self.tab_to(page, "[name=model]")
        for language in ("de", "en"):  # the styles are drawn anew, and whoever is there stays there
            self.set(page, "#language", language)
            page.until(f"document.documentElement.lang === '{language}' && document.activeElement.name === 'model'")
        page.key(" ", text=" ")
        page.until("!!document.querySelector('#jobs li.done')")
        self.assertEqual(page.run("document.getElementById('paintings').hidden"), True)
        self.tab_to(page, "[data-field=refine] input")
        page.key("ArrowRight")
        self.assertEqual(page.run("document.getElementById('paintings').hidden"), False)
        self.assertIn("refined towards", page.run("document.getElementById('spoken').textContent"))
        self.press(page, "#go")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        self.assertEqual((self.jobs()[0]["command"], self.jobs()[0]["settings"]), ("apply", {"refine": 5}))
        self.assertEqual(page.complaints(), [])

    def test_a_camera(self):
        """Opened, with another style and strength; a frame of it becomes the photograph, which is painted at once."""
        page = self.enter()
        self.choose_how(page, "apply")
        page.until("document.querySelectorAll('[name=model]').length > 0")
        self.tab_to(page, "[name=model]")
        page.key(" ", text=" ")
        self.press(page, "#camera-open")
        page.until("document.getElementById('camera').open && document.activeElement.id === 'camera-style'")
        page.key("ArrowDown")
        self.assertEqual(page.run("document.getElementById('camera-style').selectedIndex"), 1)
        self.tab_to(page, "#camera-strength")
        page.key("ArrowLeft")
        self.assertEqual(page.run("document.activeElement.value"), "0.95")
        page.until("document.getElementById('camera-image').naturalWidth > 100")
        self.press(page, "#camera-take")
        page.until("!!document.querySelector('#jobs li.done')")
        self.assertEqual(page.run("document.activeElement.id"), "camera-open")
        self.assertEqual(page.complaints(), [])

    def test_a_film(self):
        """Measured, painted by a network, and played."""
        page = self.enter()
        self.file(page, "content", "film.y4m", y4m(6))
        self.choose_how(page, "apply")
        page.until("document.querySelectorAll('[name=model]').length > 0")
        page.key("Tab")
        page.key(" ", text=" ")
        self.assertEqual(page.run("document.activeElement.name + document.activeElement.checked"), "modeltrue")
        self.press(page, "#measure")
        page.until("/ on the device · .* of disk/.test(document.getElementById('plan').textContent)")
        self.press(page, "#go")
        page.until("!!document.querySelector('#jobs li.done') || !!document.querySelector('#jobs li.failed')")
        job = self.jobs()[0]
        if job["state"] == "failed" and "not compiled in" in job["error"]["text"]:
            self.skipTest("this build writes no MP4")
        self.press(page, "[data-action=play]")
        page.until("document.activeElement.id === 'film'")
        self.assertEqual(page.complaints(), [])
