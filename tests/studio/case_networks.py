# SPDX-License-Identifier: MIT
"""Style networks on the page in Chromium: chosen, mixed, refined, by areas, and before a camera."""

import unittest

from browser import program as chromium
from case_video import y4m
from paged import Paged, with_axe
from support import pixels
from served import COLOURS, json, png


@unittest.skipUnless(chromium(), "Chromium is not installed")
class Networks(Paged):
    def apply(self):
        """A page with a photograph that a style has painted, and what clicks there."""
        page = self.enter()
        click = lambda selector: page.run(f"document.querySelector({json.dumps(selector)}).click()")  # noqa: E731
        click("[name=command][value=apply]")
        page.until("!!document.querySelector('[name=model][value=ink]')")
        page.drop("#content-drop", self.write("photo.png", png(32, 24)))
        page.until("!document.getElementById('content-image').hidden")
        click("[name=model][value=ink]")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        return page, click

    def test_a_style_network(self):
        page = self.enter()
        page.run("document.querySelector('[name=command][value=apply]').click()")
        page.until("!!document.querySelector('[name=model][value=ink]')")
        page.drop("#content-drop", self.write("photo.png", png(32, 24)))
        page.until("!document.getElementById('content-image').hidden")
        page.run("document.querySelector('[name=model][value=ink]').click()")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        self.assertEqual(self.jobs()[0]["model"], "ink")
        # A small picture follows what is set, and makes no job. Half of another style is as the command line's.
        self.set(page, "[data-field=strength] input", 0.5)
        page.until("document.getElementById('image').alt.startsWith('As it would be')")
        self.set(page, "#mix-second", "mosaic")
        self.set(page, "#mix-share", 0.25)
        self.assertEqual(len(self.jobs()), 1)
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        self.assertEqual(self.jobs()[0]["settings"], {"strength": 0.5, "mix": "ink:0.75,mosaic:0.25"})
        self.succeed("apply", "ink", "photo.png", "--strength", "0.5", "--mix", "ink:0.75,mosaic:0.25",
                     "-o", "direct.png")
        self.assertEqual(pixels(self.server.result(self.jobs()[0]["id"])), pixels(self.folder / "direct.png"))
        # Its settings come back; another style forgets the mix.
        self.set(page, "#mix-second", "")
        self.assertEqual(page.run("document.getElementById('mix-share').disabled"), True)
        page.run("document.querySelector('[data-action=use]').click()")
        page.until("document.getElementById('mix-second').value === 'mosaic' && "
                   "document.getElementById('mix-share').value === '0.25'")
        self.set(page, "#mix-second", "")
        self.set(page, "[data-field=strength] input", 1)
        # Refined by painting, when it is asked for; never by itself. Towards its own picture, or another.
        self.set(page, "[data-field=refine] input", 5)
        page.until("!document.getElementById('paintings').hidden && !document.getElementById('paintings-own').hidden")
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 3")
        self.assertNotIn("styles", self.jobs()[0])
        self.assertEqual((self.jobs()[0]["settings"], self.jobs()[0]["iteration"]), ({"refine": 5}, 5))
        page.drop("#style-drop", self.write("painting.png", png(24, 32, COLOURS)))
        page.until("document.querySelectorAll('#styles li').length === 1")
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 4")
        self.assertEqual(len(self.jobs()[0]["styles"]), 1)
        # A camera, here Chromium's own, with two styles mixed; a frame of it becomes the photograph.
        page.run("document.getElementById('camera-open').click()")
        self.set(page, "#camera-second", "ink")
        self.set(page, "#camera-mix", 0.25)
        page.until("document.getElementById('camera-image').naturalWidth > 100 && "
                   "document.getElementById('camera-pace').textContent.includes('a second')")
        self.assertEqual(page.run("document.getElementById('camera-error').hidden"), True)
        page.run("document.getElementById('camera-take').click()")
        page.until("document.getElementById('content-image').alt.includes('camera.jpg')")
        page.until("document.querySelectorAll('#jobs li.done').length === 5")  # and is painted at once
        self.assertNotIn("styles", self.jobs()[0])
        self.assertEqual(page.run("document.getElementById('camera').open"), False)
        self.assertEqual({path.suffix for path in (self.server.folder / "uploads").iterdir()} - {"", ".jpg"}, set())
        self.assertEqual(page.complaints(), [])

    def test_small_pictures_that_come_late(self):
        """One that is older than what is set, or than a job, is not shown."""
        page, click = self.apply()
        page.run("""(() => {
            const real = window.fetch;
            window.held = [];
            window.fetch = (path, rest) => !path.startsWith("/api/frames") ? real(path, rest)
                : new Promise(done => window.held.push({path, go: () => done(real(path, rest))}));
        })()""")
        strength = lambda value: self.set(page, "[data-field=strength] input", value)  # noqa: E731
        shown = lambda: page.run("document.getElementById('image').alt")  # noqa: E731
        strength(0.5)
        page.until("held.length === 1")
        strength(0.75)
        page.run("held[0].go()")
        page.until("held.length === 2")  # one at a time, so the first has come
        self.assertRegex(shown(), "^Result")
        page.run("held[1].go()")
        page.until("document.getElementById('image').alt.startsWith('As it would be')")
        self.assertIn("strength=0.75", page.run("held[1].path"))
        strength(0.25)
        page.until("held.length === 3")
        click("#go")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        page.run("held[2].go()")
        strength(0.5)
        page.until("held.length === 4")
        self.assertRegex(shown(), "^Result")
        self.assertEqual(page.complaints(), [])

    def test_a_style_is_painted_once(self):
        """Who asks for it at once does not get it again for having chosen it."""
        page, click = self.apply()
        page.run("document.querySelector('[name=model][value=mosaic]').click(); document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        page.run("new Promise(later => setTimeout(later, 1000))")
        self.assertEqual([job["model"] for job in self.jobs()], ["mosaic", "ink"])

    def test_a_mix_goes_with_its_style(self):
        """Also where another one is chosen while there is a film."""
        page, click = self.apply()
        self.set(page, "#mix-second", "mosaic")
        page.drop("#content-drop", self.write("film.y4m", y4m(2)))
        page.until("document.getElementById('content-image').alt.startsWith('The film')")
        click("[name=model][value=mosaic]")
        page.drop("#content-drop", self.write("photo.png", png(32, 24)))
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        self.assertEqual((self.jobs()[0]["model"], self.jobs()[0]["settings"]), ("mosaic", {}))

    def test_areas_of_a_style_network(self):
        """One more style of the network joins, and has an area; the picture is the command line's."""
        page = self.enter()
        click = lambda selector: page.run(f"document.querySelector({json.dumps(selector)}).click()")  # noqa: E731
        click("[name=command][value=apply]")
        page.until("!!document.querySelector('[name=model][value=ink]')")
        click("[name=model][value=ink]")
        page.drop("#content-drop", self.write("photo.png", png(64, 48)))
        page.until("!!document.querySelector('#jobs li.done')")
        page.until("!document.getElementById('areas-part').hidden")
        click("#areas-open")
        self.set(page, "#area-add", "mosaic")
        self.assertEqual(page.run("document.querySelector('[name=area]:checked').value"), "2")
        self.set(page, "#area-size", 12)
        page.drag("#area-canvas", (.5, .5), (.9, .5))
        self.assertRegex(page.run("document.getElementById('area-shares').textContent"),
                         r"^ink: 8\d %.* · mosaic: 1\d %$")
        click("#area-done")
        click("#go")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        job = self.jobs()[0]
        self.assertEqual([(row["colour"], row["mix"]) for row in job["regions"]], [("ff0000", "mosaic")])
        self.write("map.png", (self.server.folder / "pictures" / job["regions"][0]["picture"]).read_bytes())
        self.succeed("apply", "ink", "photo.png", "--region", "map.png#ff0000=mosaic", "-o", "direct.png")
        self.assertEqual(pixels(self.server.result(job["id"])), pixels(self.folder / "direct.png"))
        # The job brings its areas back, with their styles.
        click("#areas-open")
        click("#area-clear")
        click("#area-done")
        click("[data-action=use]")
        page.until("document.getElementById('areas-now').textContent.includes('mosaic')")
        self.assertEqual(page.complaints(), [])

    @with_axe
    def test_axe(self):
        """axe-core has nothing to say: a mix that is refined, with its small picture, and a film that is measured."""
        page, click = self.apply()
        self.set(page, "#mix-second", "mosaic")
        self.set(page, "[data-field=refine] input", 5)
        page.until("document.getElementById('image').alt.startsWith('As it would be') && "
                   "!document.getElementById('paintings-own').hidden")
        self.assertEqual(self.axe(page), [])
        page.drop("#content-drop", self.write("film.y4m", y4m(2)))
        page.until("!document.getElementById('measure').hidden")
        click("#measure")
        page.until("/on the device/.test(document.getElementById('plan').textContent)")
        self.assertEqual(self.axe(page), [])
