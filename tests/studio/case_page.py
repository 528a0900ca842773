# SPDX-License-Identifier: MIT
"""The page in Chromium, if that is installed."""

import unittest

from browser import program as chromium
from case_video import y4m
from paged import Paged, with_axe
from support import pixels
from served import COLOURS, LESSONS, json, os, png, time

# What no element of the page may lack: a name for those who do not see it.
NAMED = {"button", "textbox", "searchbox", "slider", "combobox", "radio", "checkbox", "link", "img", "image"}


@unittest.skipUnless(chromium(), "Chromium is not installed")
class Page(Paged):
    def test_a_job(self):
        page = self.enter()
        self.assertEqual(page.run("location.href"), f"http://127.0.0.1:{self.server.port}/")
        self.assertEqual(self.server.call("POST", "/api/session", self.server.code, token=False)[0], 401)
        self.drop(page)
        self.cheap(page)
        page.until("/^32 by 24 pixels · 2 iterations · .* on the device$/"
                   ".test(document.getElementById('plan').textContent)")
        self.assertEqual(page.run("document.getElementById('plan').className"), "")
        page.run("document.getElementById('go').click()")
        page.until("!!document.querySelector('#jobs li.done')")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        page.until("/about \\d+ (s|min)$/.test(document.getElementById('plan').textContent)")
        # It can be saved in another format, with the report.
        page.save_to(self.folder)
        self.assertIn("JPG", page.run("document.getElementById('format').textContent"))
        self.set(page, "#format", "jpg")
        for action in ("download", "report"):
            page.run(f"document.querySelector('[data-action={action}]').click()")
        job = self.jobs()[0]
        for name, begins in (("jpg", b"\xff\xd8"), ("html", b"<!")):
            path, end = self.folder / f"impasto-{job['id'][:8]}.{name}", time.monotonic() + 60
            while not path.exists() and time.monotonic() < end:
                time.sleep(0.1)
            self.assertEqual(path.read_bytes()[:2], begins)
        self.assertEqual(job["settings"], {"size": "source", "iterations": 2, "scales": "1", "style-layers": "1_1,2_1",
                                           "content-layers": "2_1"})
        self.assertEqual(page.run("document.getElementById('words').textContent"), job["line"])
        self.assertEqual(page.run("document.getElementById('image').naturalWidth"), 32)
        # Beside its photograph, and once more with the same settings, after a reload.
        self.set(page, "#compare", 50)
        self.assertEqual(page.run("document.getElementById('before').style.clipPath"), "inset(0px 50% 0px 0px)")
        page.call("Page.reload")
        time.sleep(0.5)
        page.until("!!document.querySelector('#jobs li.done')")
        page.run("document.querySelector('[data-action=use]').click()")
        page.until("document.querySelectorAll('#styles li').length === 1")
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        first, second = self.jobs()
        self.assertEqual(first["settings"], second["settings"])
        # Beside another result, with what was set otherwise there.
        self.option(page, "iterations", 3)
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 3")
        page.until("document.querySelectorAll('#against option').length === 3")
        self.set(page, "#against", second["id"])
        page.until("!document.getElementById('differences').hidden")
        rows = page.run("[...document.querySelectorAll('#differences tbody tr')].map("
                        "row => [...row.children].map(cell => cell.textContent))")
        self.assertEqual(rows, [["iterations", "3", "2"]])
        page.until("document.getElementById('before').naturalWidth === 32")
        # Another tab asks this one for the token.
        other = self.browser.page()
        other.open(f"http://127.0.0.1:{self.server.port}/")
        other.until("document.querySelectorAll('#jobs li.done').length === 3")
        self.assertEqual(page.complaints() + other.complaints(), [])

    def test_stop_and_go_on(self):
        page = self.enter()
        self.drop(page)
        self.cheap(page)
        self.option(page, "iterations", 100000)
        page.run("document.getElementById('go').click()")
        page.until("document.getElementById('image').alt.includes('after')")
        page.until("!document.querySelector('[data-action=stop]').hidden")
        page.run("document.querySelector('[data-action=stop]').click()")
        page.until("!!document.querySelector('#jobs li.stopped')")
        page.until("!document.querySelector('[data-action=continue]').hidden")
        page.run("document.querySelector('[data-action=continue]').click()")
        page.until("!!document.querySelector('#jobs li.works')")
        self.assertEqual(page.complaints(), [])

    def test_a_result_brings_its_settings(self):
        page = self.enter()
        job = self.server.paint({"strength": 0.75, "size": 32})["id"]
        self.server.until(job, "done")
        page.drop("#content-drop", self.server.result(job))
        page.until("!document.getElementById('made').hidden")
        page.run("document.getElementById('made').click()")
        page.until("document.querySelector('[data-field=strength] .value').textContent === '0.75'")
        page.drop("#style-drop", self.write("painting.png", png(24, 32, COLOURS)))
        page.until("document.querySelectorAll('#styles li').length === 1")
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        settings = self.jobs()[0]["settings"]
        self.assertEqual((settings["strength"], settings["size"], settings["content-layers"]), (0.75, 32, "conv2_1:1"))

    def test_pictures_in_hand(self):
        """They stay in spite of the quota while the page is open, and go for others once it is closed."""
        page = self.enter("--quota", "1M")
        noise = lambda side: png(side, side, lambda x, y: tuple(os.urandom(3)))  # noqa: E731
        page.drop("#content-drop", self.write("photo.png", noise(440)))
        page.until("!document.getElementById('content-image').hidden")
        page.drop("#style-drop", self.write("painting.png", noise(440)))
        page.until("document.querySelectorAll('#styles li').length === 1")
        self.assertEqual(self.server.ask("POST", "/api/pictures", noise(40), 507)["status"], "output")
        self.assertEqual(len(list((self.server.folder / "pictures").glob("*.json"))), 2)
        page.open("about:blank")
        end = time.monotonic() + 60
        while self.server.call("POST", "/api/pictures", noise(40))[0] == 507 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(len(list((self.server.folder / "pictures").glob("*.json"))), 2)

    def test_several_photographs(self):
        """A job for each, by one drop; two paintings with their shares."""
        page = self.enter()
        page.drop("#content-drop", self.write("a.png", png(32, 24)), self.write("b.png", png(24, 24)))
        page.until("document.getElementById('content-count').textContent.startsWith('2 ')")
        page.drop("#style-drop", self.write("c.png", png(24, 32, COLOURS)), self.write("d.png", png(24, 32)))
        page.until("document.querySelectorAll('#styles li').length === 2")
        self.set(page, "#styles li:last-child input", 1)
        self.cheap(page)
        page.run("document.getElementById('go').click()")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        jobs = self.jobs()
        self.assertEqual({job["name"] for job in jobs}, {"a.png", "b.png"})
        self.assertEqual([[style["weight"] for style in job["styles"]] for job in jobs], 2 * [[1, 2]])

    def map(self):
        """The map of the last job: how many pixels have each colour, and its file under its name."""
        job = self.jobs()[0]
        used = {row["picture"] for row in job.get("masks", []) + [job["keep"]]}
        self.assertEqual(len(used), 1)
        data = (self.server.folder / "pictures" / used.pop()).read_bytes()
        rows = pixels(self.write("map.png", data))
        self.assertEqual((len(rows[0]), len(rows)), (64, 48))
        colours = [pixel[:3] for row in rows for pixel in row]
        return {"".join(f"{value:02x}" for value in colour): colours.count(colour) for colour in set(colours)}

    def test_areas(self):
        """By mouse, finger and keys, with every tool; the picture is the command line's to the bit."""
        page = self.enter()
        page.drop("#content-drop", self.write("photo.png", png(64, 48)))
        page.drop("#style-drop", self.write("a.png", png(24, 32, COLOURS)), self.write("b.png", png(32, 24)))
        page.until("!document.getElementById('areas-part').hidden && "
                   "document.querySelectorAll('#styles li').length === 2")
        self.cheap(page)
        click = lambda selector: page.run(f"document.querySelector({json.dumps(selector)}).click()")  # noqa: E731
        shares = lambda: page.run("document.getElementById('area-shares').textContent")  # noqa: E731
        click("#areas-open")
        self.set(page, "#area-size", 12)
        page.drag("#area-canvas", (.5, .5), (.9, .5))  # the second painting, by mouse
        self.assertRegex(shares(), r"^a\.png: 8\d %.* · b\.png: 1\d %$")
        before = shares()
        click("[name=area][value='0']")
        page.drag("#area-canvas", (.1, .9), (.4, .9), touch=True)
        self.assertIn("Leave as it is", shares())
        click("#area-undo")
        self.assertEqual(shares(), before)
        click("#area-redo")
        click("[name=tool][value=line]")
        page.drag("#area-canvas", (.02, .05), (.5, .4), (.98, .05))  # a line, so the way there leaves nothing
        click("[name=tool][value=eraser]")
        page.drag("#area-canvas", (.98, .05), (.98, .05))
        # By keys: a brush that is put down, goes, and is lifted. Then what hangs together is filled, and taken back.
        before = shares()
        page.run("document.getElementById('area-canvas').focus()")
        for key in ("b", "2", " ", "ArrowLeft", "ArrowDown", " "):
            page.key(key)
        self.assertNotEqual(shares(), before)
        before = shares()
        for key in ("f", "0"):
            page.key(key)
        page.drag("#area-canvas", (.02, .5), (.02, .5))
        self.assertNotEqual(shares(), before)
        page.key("z")
        self.assertEqual(shares(), before)
        without = page.run("document.getElementById('plan').textContent")
        click("#area-done")
        self.assertEqual(page.run("document.getElementById('areas').open"), False)
        # What is planned has the areas, too.
        page.until(f"/on the device/.test(document.getElementById('plan').textContent) && "
                   f"document.getElementById('plan').textContent !== {json.dumps(without)}")
        click("#go")
        page.until("!!document.querySelector('#jobs li.done')")
        counts = self.map()
        self.assertEqual(set(counts), {"000000", "0000ff", "ff0000"})
        self.assertTrue(all(count > 60 for count in counts.values()), counts)
        words = [f"--{name}={value}" for name, value in self.jobs()[0]["settings"].items()]
        self.succeed("photo.png", "a.png", "b.png", "--content-mask", "map.png#0000ff", "--content-mask",
                     "map.png#ff0000", "--keep", "map.png#000000", *words, "-o", "direct.png")
        self.assertEqual(pixels(self.server.result(self.jobs()[0]["id"])), pixels(self.folder / "direct.png"))
        # The job brings its map back.
        click("#areas-open")
        click("#area-clear")
        click("#area-done")
        click("[data-action=use]")
        page.until("!document.getElementById('areas-now').hidden")
        click("#go")
        page.until("document.querySelectorAll('#jobs li.done').length === 2")
        self.assertEqual(self.map(), counts)
        # An own map opens as it is; a painting without an area is told; and areas go with their painting.
        field = page.call("Runtime.evaluate", expression="document.getElementById('area-import')")["result"]
        click("#areas-open")
        page.call("DOM.setFileInputFiles", objectId=field["objectId"], files=[str(self.write("own.png", png(
            64, 48, lambda x, y: (0, 0, 0) if x < 16 else (0, 0, 255))))])
        page.until("document.getElementById('area-shares').textContent === 'a.png: 75 % · Leave as it is: 25 %'")
        click("#area-done")
        click("#go")
        page.until("!!document.querySelector('[data-field=masks].wrong')")
        self.assertIn("b.png has no area", page.run("document.getElementById('error').textContent"))
        click("#styles li:last-child button")
        click("#go")
        page.until("document.querySelectorAll('#jobs li.done').length === 3")
        self.assertEqual(self.map(), {"000000": 16 * 48, "0000ff": 48 * 48})
        self.assertNotIn("masks", self.jobs()[0])
        self.assertEqual(page.complaints(), [])

    def test_the_wheel(self):
        """Over areas it makes the brush larger; with Ctrl it zooms, about what is under the mouse."""
        page = self.enter()
        page.drop("#content-drop", self.write("photo.png", png(64, 48)))
        page.drop("#style-drop", self.write("a.png", png(24, 32, COLOURS)))
        page.until("!document.getElementById('areas-part').hidden")
        page.run("document.getElementById('area-canvas').dispatchEvent(new Event('pointerleave'))")  # no map yet
        page.run("document.getElementById('areas-open').click()")
        value = lambda name: page.run(f"Number(document.getElementById('area-{name}').value)")  # noqa: E731
        point, size = (.75, .25), value("size")
        page.wheel("#area-canvas", point, -100)
        page.until(f"Number(document.getElementById('area-size').value) > {size}")
        self.assertEqual(value("zoom"), 1)
        before, size = page.place("#area-canvas", *point), value("size")
        page.wheel("#area-canvas", point, -100, control=True)
        page.until("Number(document.getElementById('area-zoom').value) === 1.25")
        for now, then in zip(page.place("#area-canvas", *point), before):
            self.assertAlmostEqual(now, then, delta=2)
        self.assertEqual(page.run("visualViewport.scale"), 1)  # the browser's own zoom stays out of it
        page.wheel("#area-canvas", point, 100, control=True)
        page.until("Number(document.getElementById('area-zoom').value) === 1")
        self.assertEqual(value("size"), size)
        page.wheel("#area-canvas", point, 100)
        page.until(f"Number(document.getElementById('area-size').value) < {size}")
        self.assertEqual(page.complaints(), [])

    def test_a_training(self):
        """From paintings and photographs to a network that is among the styles; with curves and a sample."""
        page = self.enter()
        click = lambda selector: page.run(f"document.querySelector({json.dumps(selector)}).click()")  # noqa: E731
        click("[name=command][value=train]")
        self.assertEqual(page.run("document.getElementById('go').textContent"), "Train")
        self.drop(page)
        page.drop("#lessons-drop", *(self.write(f"{i}.png", png(64, 64, lambda x, y, i=i: (4 * x, 3 * y, 80 * i)))
                                     for i in range(2)))
        page.until("document.getElementById('lessons-count').textContent.startsWith('2 ')")
        self.set(page, "[data-field=minutes] input", 30)
        page.until("/ on the device · about 30/.test(document.getElementById('plan').textContent)")
        for name, value in LESSONS.items():
            self.option(page, name, value)
        self.option(page, "steps", 100000)
        click("#go")
        page.until("document.getElementById('image').alt.includes('the network paints it after') && "
                   "document.getElementById('losses').children[1].getAttribute('points').includes(' ') && "
                   "document.querySelectorAll('#legend li').length === 3")
        self.assertIn("training", page.run("document.getElementById('caption').textContent"))
        # Its network is among the styles, except while it goes on.
        named = "[...document.querySelectorAll('#networks label')].at(-1).textContent === 'painting'"
        click("[data-action=stop]")
        page.until("!!document.querySelector('#jobs li.stopped')")
        self.server.until(self.jobs()[0]["id"], lambda job: "pictures" in job)
        page.until(named)
        click("[data-action=continue]")
        page.until(f"!!document.querySelector('#jobs li.works') && !({named})")
        page.until("!document.querySelector('[data-action=stop]').hidden")
        click("[data-action=stop]")
        page.until("!!document.querySelector('#jobs li.stopped')")
        job = self.jobs()[0]
        self.assertEqual((len(job["photos"]), job["settings"]), (2, LESSONS | {"steps": 100000}))
        page.save_to(self.folder)
        page.until("!document.querySelector('[data-action=download]').hidden")
        click("[data-action=download]")
        path, end = self.folder / f"impasto-{job['id'][:8]}.model", time.monotonic() + 60
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertTrue(path.exists())
        # It paints the photograph.
        click("[name=command][value=apply]")
        page.until(named)
        click("#networks label:last-of-type input")
        page.until("!!document.querySelector('#jobs li.done')")
        page.until("document.getElementById('image').alt.startsWith('Result')")
        self.assertEqual(self.jobs()[0]["model"], job["id"])
        self.assertEqual(page.complaints(), [])

    def test_a_film(self):
        """Dropped, painted by a network and in the style of a painting, frame by frame; played and saved."""
        page = self.enter()
        click = lambda selector: page.run(f"document.querySelector({json.dumps(selector)}).click()")  # noqa: E731
        page.drop("#content-drop", self.write("film.y4m", y4m(6)))
        page.until("document.getElementById('content-image').alt.startsWith('The film film.y4m')")
        click("[name=command][value=apply]")
        page.until("!!document.querySelector('[name=model][value=ink]')")
        click("[name=model][value=ink]")
        self.option(page, "every", 2)
        self.assertEqual(self.jobs(), [])  # a film is not painted before it is asked for
        click("#measure")
        page.until("/^32 by 24 pixels · 3 frames · about .* s each · about .* on the device · .* of disk · .* free$/"
                   ".test(document.getElementById('plan').textContent)")
        self.assertEqual(page.run("document.getElementById('plan').className"), "")
        self.option(page, "every", 2)  # what is changed is to be measured anew
        page.until("document.getElementById('plan').hidden && !document.getElementById('measure').hidden")
        click("#go")
        page.until("!!document.querySelector('#jobs li.done') || !!document.querySelector('#jobs li.failed')")
        job = self.jobs()[0]
        if job["state"] == "failed" and "not compiled in" in job["error"]["text"]:
            self.skipTest("this build writes no MP4")
        self.assertEqual((job["command"], job["model"], job["settings"], job["iteration"]),
                         ("video", "ink", {"every": 2}, 3))
        page.until("document.getElementById('image').alt === 'Frame 3 of the painted film'")
        self.assertEqual(page.run("document.getElementById('format-field').hidden && "
                                  "document.getElementById('compare-part').hidden"), True)
        click("[data-action=play]")
        page.until("!document.getElementById('film').hidden && document.getElementById('film').src.startsWith('blob:')")
        page.save_to(self.folder)
        click("[data-action=download]")
        path, end = self.folder / f"impasto-{job['id'][:8]}.mp4", time.monotonic() + 60
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(path.read_bytes()[4:8], b"ftyp")
        # In the style of a painting, told on its way.
        click("[name=command][value=paint]")
        page.drop("#style-drop", self.write("painting.png", png(24, 32, COLOURS)))
        page.until("document.querySelectorAll('#styles li').length === 1")
        self.assertEqual(page.run("document.getElementById('areas-part').hidden"), True)
        for name, value in (("iterations", 100), ("scales", 1)):
            self.option(page, name, value)
        self.set(page, "#size", "source")
        click("#go")
        page.until("document.getElementById('caption').textContent.includes(' frames')")
        click("[data-action=stop]")
        page.until("!!document.querySelector('#jobs li.stopped, #jobs li.done:first-child')")
        self.assertEqual((self.jobs()[0]["command"], len(self.jobs()[0]["styles"])), ("video", 1))
        # A photograph in its place is painted as ever.
        page.drop("#content-drop", self.write("photo.png", png(32, 24)))
        page.until("document.getElementById('content-image').alt.startsWith('The photograph')")
        self.assertEqual(page.run("document.getElementById('areas-part').hidden"), False)
        self.assertEqual(page.run("document.getElementById('measure').hidden"), True)
        page.until("/on the device/.test(document.getElementById('plan').textContent)")
        self.assertEqual(page.complaints(), [])

    def test_what_is_wrong_is_told_beside_it(self):
        page = self.enter()
        page.run("document.getElementById('go').click()")
        page.until("!document.getElementById('error').hidden")
        self.assertIn("drop a photograph", page.run("document.getElementById('error').textContent"))
        self.drop(page)
        self.option(page, "history", "many")
        page.run("document.getElementById('go').click()")
        page.until("!!document.querySelector('[data-field=history].wrong [aria-invalid=true]')")
        self.assertIn("history", page.run("document.getElementById('error').textContent"))
        page.drop("#content-drop", self.write("no.png", b"no picture"))
        page.until("document.getElementById('error').textContent.includes('no.png') || "
                   "document.getElementById('error').textContent.includes('picture')")

    def test_for_everybody(self):
        """Names, languages, narrow windows, focus."""
        page = self.enter()
        self.drop(page)
        page.run("document.getElementById('more').open = true; document.getElementById('areas-open').click()")
        for language in ("en", "de"):
            self.set(page, "#language", language)
            page.until(f"document.documentElement.lang === '{language}'")
            tree = page.call("Accessibility.getFullAXTree")["nodes"]
            nameless = [node for node in tree if not node["ignored"] and node.get("role", {}).get("value") in NAMED
                        and not node.get("name", {}).get("value", "").strip()]
            self.assertEqual(nameless, [], language)
            empty = page.run("[...document.querySelectorAll('[data-t]')].filter(e => !e.textContent).length")
            self.assertEqual(empty, 0)
        for width in (360, 320, 640):
            page.size(width, 800)
            self.assertLessEqual(page.run("document.documentElement.scrollWidth"), width)
        small = page.run("""[...document.querySelectorAll("button, select, input[type=range], summary")]
            .filter(e => e.offsetParent && e.getBoundingClientRect().height < 43).map(e => e.outerHTML.slice(0, 80))""")
        self.assertEqual(small, [])
        page.run("document.getElementById('areas').close()")
        page.size(1280, 900)
        page.run("document.activeElement.blur()")
        seen = []
        for _ in range(15):
            page.key("Tab")
            if page.run("document.activeElement === document.body"):
                continue  # from the end to the beginning, past what is the browser's
            seen.append(page.run("document.activeElement.id || document.activeElement.name || "
                                 "document.activeElement.className"))
            self.assertNotEqual(page.run("""(() => {
                const at = document.activeElement, near = at.closest("label") ?? at;
                return [at, near].some(e => getComputedStyle(e).outlineStyle !== "none");
            })()"""), False, seen)
        for name in ("skip", "language", "content-file", "command", "style-file", "preset"):
            self.assertIn(name, seen)
        self.assertEqual(seen.index("content-file") < seen.index("style-file") < seen.index("preset"), True)

    def test_contrast(self):
        """4.5:1 of every text, in both schemes."""
        for scheme in ("light", "dark"):
            page = self.enter(scheme=scheme)
            page.run("document.getElementById('more').open = true")
            low = page.run("""(() => {
                const numbers = text => text.match(/[\\d.]+/g).map(Number);
                const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
                    .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
                    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
                const ground = e => {
                    for (; e; e = e.parentElement) {
                        const colour = numbers(getComputedStyle(e).backgroundColor);
                        if (colour.length < 4 || colour[3] > 0)
                            return colour;
                    }
                    return [255, 255, 255];
                };
                const found = [];
                for (const e of document.querySelectorAll("body *")) {
                    if (!e.offsetParent || ![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
                        continue;
                    const [a, b] = [light(numbers(getComputedStyle(e).color)), light(ground(e))];
                    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
                    if (ratio < 4.5)
                        found.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)}`);
                }
                return found;
            })()""")
            self.assertEqual(low, [], scheme)
            self.server.end()

    @with_axe
    def test_axe(self):
        """axe-core has nothing to say: two widths, two schemes, with a job, two results compared, and areas."""
        for scheme in ("light", "dark"):
            page = self.enter(scheme=scheme)
            self.drop(page)
            self.cheap(page)
            for count in (1, 2):
                page.run("document.getElementById('go').click()")
                page.until(f"document.querySelectorAll('#jobs li.done').length >= {count}")
            page.until("document.querySelectorAll('#against option').length >= 2")
            self.set(page, "#against", self.jobs()[1]["id"])
            for width in (1280, 360):
                page.size(width, 900)
                for part in ("areas-open", "area-done"):
                    page.run(f"document.getElementById('{part}').click()")
                    self.assertEqual(self.axe(page), [], (scheme, width))
            self.server.end()

    def test_other_names_and_pages(self):
        page = self.enter()
        page.open(f"http://evil.test:{self.server.port}/")
        page.until("document.body?.textContent.includes('not the studio')")
        # A page of another origin, here an opaque one, gets nothing.
        page.open("data:text/html,<p>elsewhere</p>")
        page.until("document.body?.textContent === 'elsewhere'")
        for path in ("/api/about", "/api/jobs", "/studio.js"):
            self.assertEqual(page.run(f"""fetch("http://127.0.0.1:{self.server.port}{path}", {{mode: "cors"}})
                .then(() => "read", () => "refused")"""), "refused")
        page.open(f"http://127.0.0.1:{self.server.port}/")
        page.until("document.getElementById('main')?.hidden === false")
        self.assertTrue(os.path.isdir(self.server.folder))
