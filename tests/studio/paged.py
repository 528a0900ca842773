# SPDX-License-Identifier: MIT
"""A studio with its page in Chromium, and what hands do there."""

import unittest

from browser import Browser
from served import CHEAP, COLOURS, Served, Studio, json, os, pathlib, png

with_axe = unittest.skipUnless(os.environ.get("IMPASTO_AXE"), "$IMPASTO_AXE does not lead to axe.min.js")


class Paged(Served):
    def setUp(self):
        super().setUp()
        self.browser = Browser("--host-resolver-rules=MAP evil.test 127.0.0.1", "--use-fake-device-for-media-stream",
                               "--use-fake-ui-for-media-stream")
        self.addCleanup(self.browser.close)
        self.server = None

    def enter(self, *words, env=None, **looks):
        self.server = Studio(self, *words, env=env)
        page = self.browser.page(**looks)
        page.open(f"http://127.0.0.1:{self.server.port}/#code={self.server.code}")
        page.until("document.getElementById('main')?.hidden === false")
        self.server.token = page.run("sessionStorage.getItem('impasto-token')")
        return page

    def set(self, page, selector, value):
        page.run(f"""(() => {{
            const field = document.querySelector({json.dumps(selector)});
            field.closest("details")?.setAttribute("open", "");
            field.value = {json.dumps(value)};
            for (const kind of ["input", "change"])
                field.dispatchEvent(new Event(kind, {{bubbles: true}}));
        }})()""")

    def option(self, page, name, value):
        self.set(page, f'[data-field="{name}"] input', value)

    def drop(self, page):
        page.drop("#content-drop", self.write("photo.png", png(32, 24)))
        page.until("!document.getElementById('content-image').hidden")
        page.drop("#style-drop", self.write("painting.png", png(24, 32, COLOURS)))
        page.until("document.querySelectorAll('#styles li').length === 1")

    def cheap(self, page):
        for name in ("iterations", "style-layers", "content-layers", "scales"):
            self.option(page, name, CHEAP.get(name, 1))
        self.set(page, "#size", "source")

    def axe(self, page):
        """What axe-core has to say of the page as it is: rules, and the elements that break them."""
        page.run(pathlib.Path(os.environ["IMPASTO_AXE"]).read_text(encoding="utf-8") + ";0")
        return page.run("axe.run().then(result => result.violations.map(row => "
                        "[row.id, ...row.nodes.map(node => node.html)]))")

    def jobs(self):
        return self.server.ask("GET", "/api/jobs")["jobs"]
