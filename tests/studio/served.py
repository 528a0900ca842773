# SPDX-License-Identifier: MIT
"""A studio in a folder of its own, and ways to speak to it: whole calls, and raw bytes."""

import contextlib
import ctypes
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
from support import PATIENCE, Case, environment, png, program  # noqa: E402

# As cheap as a painting can be, in the page's words.
CHEAP = {"size": 32, "iterations": 2, "style-layers": "1_1,2_1", "content-layers": "2_1"}
# Likewise a training.
LESSONS = {"steps": 2, "crop": 32, "late-crop": 48, "batch": 1, "late-batch": 1, "judge-size": 32, "judge-every": 1,
           "style-size": 32}
COLOURS = lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)  # noqa: E731


def adopt(wanted):
    """Whether this process becomes the parent of a killed studio's workers. Without a parent in their session the
    kernel ends their stop, with SIGHUP and SIGCONT."""
    set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(set_child_subreaper, int(wanted), 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def states(process):
    """Of each of its threads, by the kernel's letters: T has stopped."""
    found = set()
    for task in pathlib.Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # one that has just ended
            found.add((task / "stat").read_text().rpartition(")")[2].split()[0])
    return found


def until_still(process):
    """SIGSTOP only asks: on a busy machine the threads go on for a second, in which a worker could still end."""
    end = time.monotonic() + PATIENCE
    while states(process) != {"T"}:
        if time.monotonic() > end:
            raise AssertionError(f"process {process} does not stop")
        time.sleep(0.01)


class Studio:
    """One that runs. `call` is what the page does."""

    def __init__(self, case, *words, env=None, wait=True, **options):
        self.case, self.token, self.code = case, None, None
        self.runtime = case.folder / "runtime"
        self.runtime.mkdir(mode=0o700, exist_ok=True)
        self.folder = case.folder / "studio"
        words = ["studio", "--no-browser", *words]
        if "--folder" not in words:
            words += ["--folder", self.folder]
        self.process = case.start(*words, stderr=subprocess.PIPE,
                                  env={"XDG_RUNTIME_DIR": str(self.runtime)} | (env or {}), **options)
        case.addCleanup(self.close)
        if wait:
            self.read_link(self.process.stdout.readline().decode())

    def read_link(self, line):
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/#code=([0-9a-f]{64})\n", line)
        self.case.assertTrue(found, f"no link: {line!r}")
        self.port, self.code = int(found[1]), found[2]

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        """(exit code, what it said) after Ctrl-C."""
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, said.decode()

    def send(self, method, path, body=None, token=True, timeout=PATIENCE, **headers):
        """The connection, whose answer is still to be got."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            headers["X-Impasto-Token"] = self.token or ""
        try:
            connection.request(method, path, body, headers)
        except OSError:
            connection.close()
            raise
        return connection

    def call(self, *words, **more):
        """(status, body, headers)"""
        connection = self.send(*words, **more)
        try:
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    def enter(self):
        status, body, _ = self.call("POST", "/api/session", self.code, token=False)
        self.case.assertEqual(status, 200, body)
        self.token = json.loads(body)["token"]
        return self

    def ask(self, method, path, body=None, status=200, **headers):
        """The JSON of an answer with that status."""
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        got, text, _ = self.call(method, path, body, **headers)
        self.case.assertEqual(got, status, text)
        return json.loads(text)

    def upload(self, data, name="picture.png", status=200):
        return self.ask("POST", "/api/pictures", data, status, X_Impasto_Name=name)

    def pictures(self):
        """The ids of a photograph and a painting."""
        return (self.upload(png(32, 24), "photo.png")["id"],
                self.upload(png(24, 32, COLOURS), "painting.png")["id"])

    def paint(self, settings=None, status=200, **more):
        content, style = self.pictures()
        return self.ask("POST", "/api/jobs", {"command": "paint", "content": content,
                                              "styles": [{"picture": style}],
                                              "settings": CHEAP | (settings or {})} | more, status)

    def until_models(self):
        """Until its worker has told of the style networks."""
        while self.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)

    def job(self, job):
        return self.ask("GET", f"/api/jobs/{job}")

    def until(self, job, wanted):
        """The job once `wanted` is true of it, or its state is one of a tuple."""
        if isinstance(wanted, (str, tuple)):
            states = (wanted,) if isinstance(wanted, str) else wanted
            wanted = lambda now: now["state"] in states  # noqa: E731
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            now = self.job(job)
            if wanted(now):
                return now
            self.case.assertNotEqual(now["state"], "failed", now)
            time.sleep(0.05)
        self.case.fail(f"too long: {now}")

    def uploads(self):
        """The files that stay there: an answer may come before what it was about has gone."""
        folder, end = self.folder / "uploads", time.monotonic() + PATIENCE
        while any(folder.iterdir()) and time.monotonic() < end:
            time.sleep(0.05)
        return list(folder.iterdir())

    def result(self, job):
        status, body, _ = self.call("GET", f"/api/jobs/{job}/result")
        self.case.assertEqual(status, 200)
        return self.case.write(f"result-{job}.png", body)

    def workers(self):
        """Its children, as process ids. The kernel's own list may miss one while another comes or goes."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], stdout=subprocess.PIPE, text=True, check=False)
        return [int(word) for word in found.stdout.split()]

    @contextlib.contextmanager
    def stopped_workers(self):
        """Its workers stand still, though it be killed, and go on at the end."""
        workers = self.workers()
        adopt(True)
        for process in workers:
            os.kill(process, signal.SIGSTOP)
        try:
            for process in workers:
                until_still(process)
            yield
        finally:
            for process in workers:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGCONT)
            adopt(False)

    def raw(self, data, timeout=PATIENCE):
        """All that comes for these bytes until the studio closes the connection, or says no more for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            got = b""
            try:
                while b"\r\n\r\n" not in got:
                    part = connection.recv(65536)
                    if not part:
                        break
                    got += part
            except (ConnectionResetError, TimeoutError):
                pass
            return got

    def status(self, head, **changes):
        """The status for a raw head; \\r\\n is put between its lines."""
        answer = self.raw("\r\n".join([*head, "", ""]).encode("latin-1"))
        return int(answer.split(b" ")[1]) if answer.startswith(b"HTTP/1.1 ") else None


class Served(Case):
    def studio(self, *words, **options):
        return Studio(self, *words, **options).enter()


__all__ = ["CHEAP", "COLOURS", "LESSONS", "PATIENCE", "Case", "Served", "Studio", "environment", "json", "os",
           "pathlib", "png", "program", "signal", "socket", "subprocess", "time"]
