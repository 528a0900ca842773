# SPDX-License-Identifier: MIT
"""A studio with its page in Chromium, and what hands do there."""

from browser import Browser
from served import CHEAP, COLOURS, Served, Studio, json, png


class Paged(Served):
    def setUp(self):
        super().setUp()
        self.browser = Browser("--host-resolver-rules=MAP evil.test 127.0.0.1", "--use-fake-device-for-media-stream",
                               "--use-fake-ui-for-media-stream")
        self.addCleanup(self.browser.close)
        self.server = None

    def enter(self, *words, **looks):
        self.server = Studio(self, *words)
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

    def jobs(self):
        return self.server.ask("GET", "/api/jobs")["jobs"]
