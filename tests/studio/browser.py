# SPDX-License-Identifier: MIT
"""Chromium without a window, driven by its own protocol over two pipes. Only Python's library is used."""

import base64
import itertools
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

PATIENCE = 120


def program():
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    def __init__(self, *words):
        self.home = tempfile.mkdtemp(prefix="impasto-chromium-")
        read, to = os.pipe()
        back, write = os.pipe()
        root = ["--no-sandbox"] if os.geteuid() == 0 else []

        def place():
            # It reads from 3 and writes to 4, whatever their numbers are here.
            high = [os.dup(read), os.dup(write)]
            while min(high) < 5:
                high = [os.dup(fd) for fd in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program(), "--headless=new", *root, "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage",
             "--disable-background-networking", f"--user-data-dir={self.home}", "--remote-debugging-pipe", *words,
             "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False,
            preexec_fn=place, env=os.environ | {"HOME": self.home, "LANG": "en_US.UTF-8"})
        os.close(read)
        os.close(write)
        self.to, self.back = to, back
        self.numbers, self.text, self.heard = itertools.count(1), b"", []

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.home, ignore_errors=True)

    def next(self, seconds):
        """The next message; None: none came in time."""
        end = time.monotonic() + seconds
        while b"\0" not in self.text:
            ready, _, _ = select.select([self.back], [], [], max(0, end - time.monotonic()))
            part = os.read(self.back, 1 << 20) if ready else b""
            if not part:
                return None
            self.text += part
        message, self.text = self.text.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.to, data):]
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            answer = self.next(end - time.monotonic())
            if answer is None:
                break
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.heard.append(answer)
        raise TimeoutError(f"{method}: the browser does not answer")

    def page(self, width=1280, height=900, **emulation):
        return Page(self, width, height, **emulation)


class Page:
    def __init__(self, browser, width, height, scheme="light"):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")
        self.size(width, height)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme},
                            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 500)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def run(self, script):
        """The value of an expression, which may be a promise."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(result["exceptionDetails"].get("exception", {}).get("description", str(result)))
        return result["result"].get("value")

    def until(self, script, seconds=PATIENCE):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.run(script):
                    return
            except RuntimeError:  # the page is not there yet
                pass
            time.sleep(0.1)
        raise TimeoutError(script)

    def drop(self, selector, *paths):
        """Files dropped on an element, as by a hand."""
        x, y = self.run(f"""(() => {{
            const area = document.querySelector({json.dumps(selector)});
            area.scrollIntoView({{block: "center"}});
            const box = area.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def place(self, selector, x, y):
        """Where a share of an element is in the window."""
        return self.run(f"""(() => {{
            const box = document.querySelector({json.dumps(selector)}).getBoundingClientRect();
            return [box.x + box.width * {x}, box.y + box.height * {y}];
        }})()""")

    def drag(self, selector, *points, touch=False):
        """A mouse or a finger, pressed at the first of some points of an element, and let go at the last. They are
        shares of its sides."""
        places = [self.place(selector, *point) for point in points]
        if touch:
            for kind, at in [("touchStart", places[0]), *(("touchMove", at) for at in places[1:]), ("touchEnd", None)]:
                self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": at[0], "y": at[1]}] if at else [])
            return
        for kind, (x, y) in [("mousePressed", places[0]), *(("mouseMoved", at) for at in places[1:]),
                             ("mouseReleased", places[-1])]:
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1)

    def wheel(self, selector, point, delta, control=False):
        """Turned over a point of an element, as of drag(): up by a delta below 0."""
        x, y = self.place(selector, *point)
        self.call("Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=delta,
                  modifiers=2 if control else 0)

    def key(self, key, code=None, text=None, modifiers=0):
        code = code or key
        number = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39,
                  "ArrowDown": 40}.get(key, 0)
        extra = {"text": text} if text else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, code=code, windowsVirtualKeyCode=number,
                  modifiers=modifiers, **extra)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, code=code, windowsVirtualKeyCode=number,
                  modifiers=modifiers)

    def save_to(self, folder):
        self.browser.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def shot(self, path, whole=False):
        """A PNG, or by its name a JPEG."""
        kind = {"format": "jpeg", "quality": 80} if str(path).endswith(".jpg") else {"format": "png"}
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole, **kind)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def complaints(self):
        """What the console has of errors: violations of the policy, exceptions."""
        self.run("0")
        found = []
        for event in self.browser.heard:
            if event.get("sessionId") != self.session:
                continue
            entry = event.get("params", {}).get("entry", {})
            if event["method"] == "Runtime.exceptionThrown" or entry.get("level") == "error":
                found.append(entry.get("text") or str(event["params"]))
        return found
