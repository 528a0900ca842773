# SPDX-License-Identifier: MIT
"""The studio against other pages, other users, hostile pictures and slow clients: a test for each row of the table in
doc/studio.md."""

import itertools
import re
import stat
import sys
import threading

from served import CHEAP, PATIENCE, Served, Studio, json, os, pathlib, png, program, socket, subprocess, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hostile"))
from case_video import y4m  # noqa: E402
import family_jpeg  # noqa: E402
import family_png  # noqa: E402

NOBODY = 32 * "0"
# Each route, its method, and whether it changes something.
ROUTES = [("POST", "/api/session"), ("GET", "/api/about"), ("GET", "/api/options"), ("GET", "/api/events"),
          ("POST", "/api/pictures"), ("POST", "/api/films"), ("POST", "/api/pages"),
          ("GET", f"/api/pictures/{NOBODY}"), ("DELETE", f"/api/pictures/{NOBODY}"),
          ("GET", "/api/jobs"), ("POST", "/api/jobs"), ("GET", f"/api/jobs/{NOBODY}"),
          ("DELETE", f"/api/jobs/{NOBODY}"), ("POST", f"/api/jobs/{NOBODY}/stop"),
          ("POST", f"/api/jobs/{NOBODY}/continue"), ("POST", f"/api/jobs/{NOBODY}/first"),
          ("POST", f"/api/jobs/{NOBODY}/again"), ("GET", f"/api/jobs/{NOBODY}/preview"),
          ("GET", f"/api/jobs/{NOBODY}/result"), ("GET", f"/api/jobs/{NOBODY}/thumb"),
          ("GET", f"/api/jobs/{NOBODY}/settings"), ("POST", "/api/queue/pause"), ("POST", "/api/queue/go")]


class OtherPages(Served):
    def test_host(self):
        """A name that somebody has made lead here (DNS rebinding)."""
        studio = self.studio()
        head = ["GET /api/about HTTP/1.1", f"X-Impasto-Token: {studio.token}"]
        for host in (f"127.0.0.1:{studio.port}", f"localhost:{studio.port}"):
            self.assertEqual(studio.status([*head, f"Host: {host}"]), 200)
        for host in ("evil.test", f"evil.test:{studio.port}", "127.0.0.1", f"127.0.0.1:{studio.port + 1}",
                     f"127.0.0.2:{studio.port}", f"[::1]:{studio.port}", f"localhost.evil.test:{studio.port}",
                     f"0.0.0.0:{studio.port}", f"127.0.0.1:{studio.port}.evil.test", f"127.0.0.1:0{studio.port}", ""):
            self.assertEqual(studio.status([*head, f"Host: {host}"]), 421, host)
            self.assertEqual(studio.status(["GET / HTTP/1.1", f"Host: {host}"]), 421, host)
        self.assertIn(studio.status(head), (400, 421))
        good = f"Host: 127.0.0.1:{studio.port}"
        self.assertEqual(studio.status([*head, good, "Host: evil.test"]), 400)

    def test_origin(self):
        studio = self.studio()
        for origin in (f"http://127.0.0.1:{studio.port}", f"http://localhost:{studio.port}"):
            self.assertEqual(studio.call("GET", "/api/about", Origin=origin)[0], 200)
        for origin in ("null", "http://evil.test", f"http://evil.test:{studio.port}", "http://127.0.0.1",
                       f"https://127.0.0.1:{studio.port}", f"http://127.0.0.1:{studio.port + 1}", "",
                       f"http://127.0.0.1:{studio.port}/"):
            for path in ("/api/about", "/"):
                self.assertEqual(studio.call("GET", path, Origin=origin)[0], 403, origin)

    def test_fetch_metadata(self):
        studio = self.studio()

        def get(path, **words):
            return studio.call("GET", path, **{f"Sec_Fetch_{key}": value for key, value in words.items()})[0]

        self.assertEqual(get("/api/about", Site="same-origin"), 200)
        for site in ("cross-site", "same-site", "none", "", "SAME-ORIGIN"):
            self.assertEqual(get("/api/about", Site=site), 403, site)
            self.assertEqual(get("/api/about", Site=site, Mode="navigate", Dest="document"), 403, site)
        # A link to the page is one to the page alone, and opens a tab.
        self.assertEqual(get("/", Site="cross-site", Mode="navigate", Dest="document"), 200)
        self.assertEqual(get("/", Site="none", Mode="navigate", Dest="document"), 200)
        self.assertEqual(get("/", Site="cross-site", Mode="navigate", Dest="iframe"), 403)
        self.assertEqual(get("/", Site="cross-site", Mode="no-cors", Dest="image"), 403)
        self.assertEqual(get("/studio.js", Site="cross-site", Mode="navigate", Dest="document"), 403)
        self.assertEqual(get("/studio.js", Site="same-origin"), 200)

    def test_token(self):
        studio = self.studio()
        self.assertRegex(studio.token, r"^[0-9a-f]{64}$")
        for method, path in ROUTES[1:]:
            for token in ("", studio.token[:-1], studio.token + "0", studio.token.upper() + " ", 64 * "0"):
                self.assertEqual(studio.call(method, path, token=False, X_Impasto_Token=token)[0], 401, (path, token))
            self.assertEqual(studio.call(method, path, token=False)[0], 401, path)
            self.assertEqual(studio.call(method, path, token=False, Cookie=f"X-Impasto-Token={studio.token}")[0], 401)
            self.assertEqual(studio.call(method, f"{path}?X-Impasto-Token={studio.token}", token=False)[0], 401)
        good = f"Host: 127.0.0.1:{studio.port}"
        token = f"X-Impasto-Token: {studio.token}"
        self.assertEqual(studio.status(["GET /api/about HTTP/1.1", good, token, token]), 400)

    def test_the_token_dies_with_the_studio(self):
        first = self.studio()
        token = first.token
        first.end()
        second = self.studio()
        self.assertNotEqual(second.token, token)
        self.assertEqual(second.call("GET", "/api/about", token=False, X_Impasto_Token=token)[0], 401)

    def test_answers(self):
        """No cookie, no word that lets other pages read, and the page's own limits, also with errors."""
        studio = self.studio()
        calls = [("GET", "/"), ("GET", "/studio.js"), ("GET", "/nothing"), ("GET", "/api/about"), ("PUT", "/api/jobs"),
                 ("OPTIONS", "/api/jobs"), ("POST", "/api/jobs"), ("GET", f"/api/jobs/{NOBODY}")]
        for (method, path), token in itertools.product(calls, (True, False)):
            status, _, headers = studio.call(method, path, "x" if method == "POST" else None, token=token)
            names = {name.lower() for name in headers}
            self.assertNotIn("set-cookie", names)
            self.assertFalse([name for name in names if name.startswith("access-control")])
            policy = headers["Content-Security-Policy"]
            for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "form-action 'none'",
                         "base-uri 'none'", "connect-src 'self'", "require-trusted-types-for 'script'"):
                self.assertIn(part, policy.split("; "))
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Referrer-Policy"], "no-referrer")
            self.assertEqual(headers["Cross-Origin-Opener-Policy"], "same-origin")
            self.assertEqual(headers["Cross-Origin-Resource-Policy"], "same-origin")
            if path.startswith("/api/"):
                self.assertEqual(headers["Cache-Control"], "no-store")
            self.assertIn(status, (200, 400, 401, 404, 405))

    def test_files_of_the_page(self):
        """As they are in the repository, pictures too, with types and tags."""
        types = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml",
                 ".jpg": "image/jpeg"}
        studio = self.studio()
        web = pathlib.Path(__file__).resolve().parents[2] / "src/cli/studio/web"
        tags = set()
        for path in web.iterdir():
            status, body, headers = studio.call("GET", f"/{path.name}", token=False)
            self.assertEqual((status, body), (200, path.read_bytes()), path.name)
            self.assertTrue(headers["Content-Type"].startswith(types[path.suffix]), path.name)
            again = studio.call("GET", f"/{path.name}", token=False, If_None_Match=headers["ETag"])
            self.assertEqual(again[:2], (304, b""))
            tags.add(headers["ETag"])
        self.assertEqual(len(tags), len(list(web.iterdir())))
        for name in ("/web/studio.js", "/../studio.js", "/presets.png", "/studio.js/", "//studio.js"):
            self.assertEqual(studio.call("GET", name, token=False)[0], 404, name)

    def test_nothing_happens_by_a_link(self):
        studio = self.studio()
        job = studio.paint()["id"]
        studio.until(job, "done")
        before = self.listed(studio)
        for path in ("/?q=paint", f"/?stop={job}", "/?command=paint&content=x", f"/api/jobs/{job}/stop",
                     "/api/queue/pause", f"/api/jobs/{job}/again", f"/api/jobs/{job}/preview",
                     f"/api/jobs/{job}/result", f"/api/jobs/{job}/thumb", f"/api/jobs/{job}/settings"):
            studio.call("GET", path)
            studio.call("HEAD", path)
        self.assertEqual(self.listed(studio), before)

    @staticmethod
    def listed(studio):
        """All but the count of changes: a small picture may have come meanwhile."""
        return {key: value for key, value in studio.ask("GET", "/api/jobs").items() if key != "changes"}


class Secrets(Served):
    def test_the_code_works_once(self):
        studio = Studio(self)
        self.assertEqual(studio.call("POST", "/api/session", 64 * "0", token=False)[0], 401)
        self.assertEqual(studio.call("POST", "/api/session", "", token=False)[0], 401)
        studio.enter()
        self.assertEqual(studio.call("POST", "/api/session", studio.code, token=False)[0], 401)
        self.assertEqual(studio.call("POST", "/api/session", "", token=False)[0], 401)

    def test_enter_prints_a_new_link(self):
        own, other = self.terminal()
        studio = Studio(self, stdin=other)
        os.close(other)
        first = studio.code
        studio.enter()
        os.write(own, b"\n")
        studio.read_link(studio.process.stdout.readline().decode())
        self.assertNotEqual(studio.code, first)
        studio.enter()

    def test_nothing_in_the_words_of_processes(self):
        studio = self.studio()
        studio.upload(png(8, 8))
        for process in [studio.process.pid, *studio.workers()]:
            for part in ("cmdline", "environ"):
                text = pathlib.Path(f"/proc/{process}/{part}").read_bytes().decode("latin-1")
                self.assertNotIn(studio.token, text)
                self.assertNotIn(studio.code, text)

    def test_files_are_ours_alone(self):
        studio = self.studio()
        studio.upload(png(8, 8))
        info = studio.runtime / "impasto" / f"studio-{studio.port}.json"
        said = json.loads(info.read_text())
        self.assertEqual((said["token"], said["process"]), (studio.token, studio.process.pid))
        self.assertEqual(stat.S_IMODE(info.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(studio.folder.stat().st_mode), 0o700)
        for path in studio.folder.iterdir():
            self.assertFalse(stat.S_IMODE(path.stat().st_mode) & 0o077, path)
        studio.end()
        self.assertFalse(info.exists())

    def test_only_this_machine(self):
        studio = self.studio()
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
        places = {row[1].split(":")[0] for row in rows
                  if row[3] == "0A" and int(row[1].split(":")[1], 16) == studio.port}
        self.assertEqual(places, {"0100007F"})
        six = pathlib.Path("/proc/net/tcp6")
        self.assertFalse([line for line in (six.read_text() if six.exists() else "").splitlines()[1:]
                          if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == studio.port])


class Input(Served):
    def test_paths(self):
        """None comes from a client: what is not 32 digits is nothing."""
        studio = self.studio()
        secret = self.write("secret.json", "{}")
        for name in ("../../secret", "..%2f..%2fsecret", "%2e%2e/secret", str(secret), NOBODY[:-1], NOBODY + "0",
                     NOBODY.replace("0", "A"), NOBODY + "/../x", NOBODY + "%00", "jobs/" + NOBODY, NOBODY[:-1] + "g"):
            for path in (f"/api/pictures/{name}", f"/api/jobs/{name}", f"/api/jobs/{name}/result", f"/{name}"):
                self.assertEqual(studio.call("GET", path)[0], 404, path)
        for name in ("index.html", "%2e%2e/%2e%2e/etc/passwd", "..//studio.js", "/studio.js"):
            self.assertIn(studio.call("GET", f"/{name}")[0], (200 if name == "index.html" else 404,))

    def test_no_link_is_followed(self):
        studio = self.studio()
        job = studio.paint()["id"]
        studio.until(job, "done")
        # The small picture is made of the result: first that, then the links.
        end = time.monotonic() + PATIENCE
        while not (studio.folder / "thumbs" / f"{job}.jpg").exists() and time.monotonic() < end:
            time.sleep(0.05)
        for folder, name, path in (("results", f"{job}.png", "result"), ("thumbs", f"{job}.jpg", "thumb")):
            (studio.folder / folder / name).unlink()
            (studio.folder / folder / name).symlink_to("/etc/passwd")
            status, body, _ = studio.call("GET", f"/api/jobs/{job}/{path}")
            self.assertIn((status, body[:8]), ((404, b'{"error"'), (204, b"")))
        studio.end()
        real = self.folder / "real"
        real.mkdir()
        (self.folder / "link").symlink_to(real)
        run = self.impasto("studio", "--no-browser", "--folder", "link")
        self.assertEqual(run.returncode, 7)
        self.assertEqual(len(run.stderr.splitlines()), 1, run.stderr)

    def test_every_option(self):
        """What names a file or decides nothing of the result is no setting for a page; all others go through their
        own limits."""
        studio = self.studio()
        allowed = {(row["command"], row["name"]): row for row in studio.ask("GET", "/api/options")["options"]}
        names = {command: set(re.findall(r"^  (?:-\w, |    )--([a-z0-9-]+)", subprocess.run(
            [program(), *words, "--help"], stdout=subprocess.PIPE, check=True).stdout.decode(), re.M))
            for command, words in (("paint", []), ("apply", ["apply"]), ("train", ["train"]), ("video", ["video"]))}
        self.assertGreater(len(names["paint"]), 60)
        self.assertGreater(len(names["apply"]), 20)
        studio.ask("POST", "/api/queue/pause", "")
        content, style = studio.pictures()
        while studio.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)
        styles = {"styles": [{"picture": style}]}
        film = studio.ask("POST", "/api/films", y4m(2))["id"]
        about = {"paint": styles, "apply": {"model": "ink"}, "train": styles, "video": styles | {"content": film}}
        file = str(self.write("x.png", png(8, 8)))
        for command, name in ((command, name) for command in names for name in names[command]):
            for value in (file, "/etc/passwd", "../x", -1, 1e300, [], {}, None, "", True, "-", "é" * 700):
                body = {"command": command, "content": content, "settings": {name: value}} | about[command]
                body |= about["paint"] if name == "refine" else {}
                status, text, _ = studio.call("POST", "/api/jobs", json.dumps(body))
                if (command, name) not in allowed:
                    self.assertEqual(status, 422, (command, name, value))
                    self.assertIn("no setting that the page has", json.loads(text)["error"])
                elif status == 200:
                    self.assertNotIn("FILE", allowed[command, name]["operand"] or "" if value == file else "")
                    studio.call("DELETE", f"/api/jobs/{json.loads(text)['id']}")
                else:
                    self.assertEqual((status, json.loads(text)["field"]), (422, name), text)
        for name in ("output", "weights", "keep", "checkpoint", "settings", "report", "region", "style", "photos",
                     "base", "add", "resume", "show", "model", "trace", "codec"):
            for command in about:
                self.assertNotIn((command, name), allowed)
        self.assertIn("none of", studio.paint({"init": file}, status=422)["error"])
        studio.paint({"init": "noise"})

    def test_bodies(self):
        studio = self.studio()
        for body in (b"", b"x", b"[]", b"1", b"{", b'{"command": "paint", "command": "paint"}', b"\xff\xfe",
                     b"[" * 50000, b'{"a": 1e999}', b'{"a": "\\ud800"}'):
            status, text, _ = studio.call("POST", "/api/jobs", body)
            self.assertIn(status, (400, 422), body[:40])
            self.assertIn("error", json.loads(text))
        self.assertEqual(studio.call("POST", "/api/jobs", b"{" + 65536 * b" ")[0], 413)
        head = [f"Host: 127.0.0.1:{studio.port}", f"X-Impasto-Token: {studio.token}"]
        self.assertEqual(studio.status(["POST /api/jobs HTTP/1.1", *head, "Content-Length: 99999999999999"]), 413)
        self.assertEqual(studio.status(["POST /api/pictures HTTP/1.1", *head, "Content-Length: 134217729"]), 413)
        self.assertIn(studio.status(["POST /api/jobs HTTP/1.1", *head, "Content-Length: -1"]), (400, 413, None))
        chunks = b"".join(b"8000\r\n" + 32768 * b"x" + b"\r\n" for _ in range(3)) + b"0\r\n\r\n"
        head = ["POST /api/jobs HTTP/1.1", *head, "Transfer-Encoding: chunked", "", ""]
        answer = studio.raw("\r\n".join(head).encode() + chunks)
        self.assertIn(answer[:12], (b"HTTP/1.1 413", b""))
        self.assertEqual(studio.call("GET", "/api/about")[0], 200)

    def test_jobs(self):
        studio = self.studio()
        content, style = studio.pictures()
        good = {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": {}}
        for change in ({"command": "worker"}, {"command": "video"}, {"command": "train", "masks": []},
                       {"content": NOBODY}, {"content": "../x"}, {"content": 1}, {"styles": []}, {"styles": [{}]},
                       {"styles": "x"}, {"styles": 17 * [{"picture": style}]}, {"output": "x"},
                       {"styles": [{"picture": style, "weight": -1}]}, {"styles": [{"picture": style, "weight": "1"}]},
                       {"styles": [{"picture": style, "weight": 1e9}]}, {"styles": [{"picture": style, "file": "x"}]},
                       {"settings": []}, {"keep": {"picture": NOBODY}}, {"keep": "x"}, {"command paint": 1}, {"": 1},
                       {"keep": {"picture": style, "colour": "red"}}, {"masks": [{"picture": "x"}]},
                       {"command": "apply"}, {"model": "ink"}):
            status, text, _ = studio.call("POST", "/api/jobs", json.dumps(good | change))
            self.assertEqual(status, 422, (change, text))
        apply = {"command": "apply", "content": content}
        for model in ("nothing", "../base-16", "/etc/passwd", "", 1, "base-16.model"):
            self.assertEqual(studio.call("POST", "/api/jobs", json.dumps(apply | {"model": model}))[0], 422, model)
        self.assertEqual(studio.ask("GET", "/api/jobs")["jobs"], [])

    def test_hostile_pictures(self):
        """Each is refused with a line, and the studio goes on; a sample of the families."""
        studio = self.studio()
        cases = [(name, how, data) for family in (family_png.files(), family_jpeg.files())
                 for name, how, data in family]
        chosen = cases[::max(1, len(cases) // 60)]
        for name, how, data in chosen:
            if not data:
                continue
            status, text, _ = studio.call("POST", "/api/pictures", data)
            self.assertIn(status, (200, 422), (name, text))
            if how == family_png.BAD:
                self.assertEqual(status, 422, name)
            if status == 422:
                self.assertNotIn(str(self.folder), json.loads(text)["error"])
        svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
        for data in (svg, b"", b"<html><script>", b"%PDF-1.4", b"\0" * 100):
            self.assertEqual(studio.call("POST", "/api/pictures", data)[0], 422)
        # Films are none, nor are these films; nor may lists of files be.
        self.assertEqual(studio.call("POST", "/api/pictures", y4m(2))[0], 422)
        for data in (svg, b"", png(9, 9)[:20], b"YUV4MPEG2 W9 H9\n", b"YUV4MPEG2 W99999999 H9\nFRAME\n",
                     b"#EXTM3U\n/etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", y4m(2)[:100], b"\0" * 100):
            status, text, _ = studio.call("POST", "/api/films", data)
            self.assertEqual(status, 422, data[:30])
            self.assertNotIn(str(self.folder), json.loads(text)["error"])
        self.assertEqual(studio.call("GET", "/api/about")[0], 200)
        self.assertEqual(studio.uploads(), [])

    def test_markup(self):
        """Names are told as they are, as text: nothing of ours puts them into HTML."""
        studio = self.studio()
        name = "<img src=x onerror=alert(1)>'; rm -rf ~ #.png"
        written = "".join(f"%{byte:02x}" for byte in name.encode())
        picture = studio.ask("POST", "/api/pictures", png(16, 16), X_Impasto_Name=written)
        self.assertEqual(picture["name"], name)
        studio.ask("POST", "/api/queue/pause", "")
        job = studio.ask("POST", "/api/jobs", {"command": "paint", "content": picture["id"],
                                               "styles": [{"picture": picture["id"]}], "settings": CHEAP})
        words = subprocess.run(["sh", "-c", f"printf '%s\\n' {job['line']}"], stdout=subprocess.PIPE, check=True)
        self.assertEqual(words.stdout.decode().splitlines().count(name), 2)
        for method, path in (("GET", "/"), ("GET", "/studio.js")):
            text = studio.call(method, path)[1].decode()
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
                self.assertNotIn(word, text)


class Floods(Served):
    def memory(self, studio):
        return int(pathlib.Path(f"/proc/{studio.process.pid}/statm").read_text().split()[1]) * 4096

    def many(self, studio, count):
        import http.client
        connection = http.client.HTTPConnection("127.0.0.1", studio.port, timeout=PATIENCE)
        for i in range(count):
            connection.request(*((("GET", "/"), ("GET", "/api/jobs"), ("POST", "/api/jobs", b"{}"))[i % 3]),
                               headers={"X-Impasto-Token": studio.token if i % 2 else "x"})
            connection.getresponse().read()
        connection.close()

    def test_memory_stays(self):
        studio = self.studio()
        self.many(studio, 500)
        before = self.memory(studio)
        self.many(studio, 10000)
        self.assertLess(self.memory(studio) - before, 4 << 20)
        # What serves has one thread, so that nothing in it needs a lock.
        self.assertEqual(len(list(pathlib.Path(f"/proc/{studio.process.pid}/task").iterdir())), 1)

    def test_a_full_queue(self):
        studio = self.studio()
        studio.ask("POST", "/api/queue/pause", "")
        content, style = studio.pictures()
        body = {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": CHEAP}
        for _ in range(100):
            studio.ask("POST", "/api/jobs", body)
        self.assertIn("100 jobs", studio.ask("POST", "/api/jobs", body, 409)["error"])
        last = studio.ask("GET", "/api/jobs")["jobs"][0]["id"]
        studio.ask("POST", f"/api/jobs/{last}/stop", "")
        studio.ask("POST", "/api/jobs", body)
        self.assertIn("100 jobs", studio.ask("POST", f"/api/jobs/{last}/continue", {}, 409)["error"])
        studio.ask("DELETE", f"/api/jobs/{last}")
        page = studio.ask("GET", "/api/jobs")
        self.assertEqual((len(page["jobs"]), page["more"]), (50, True))
        rest = studio.ask("GET", f"/api/jobs?before={page['jobs'][-1]['id']}")
        self.assertEqual((len(rest["jobs"]), rest["more"]), (50, False))
        self.assertEqual(len({job["id"] for job in page["jobs"] + rest["jobs"]}), 100)

    def test_streams_and_uploads(self):
        studio = self.studio()
        head = f"Host: 127.0.0.1:{studio.port}\r\nX-Impasto-Token: {studio.token}\r\n"

        def hold(text):
            connection = socket.create_connection(("127.0.0.1", studio.port), timeout=PATIENCE)
            self.addCleanup(connection.close)
            connection.sendall(text.encode())
            return connection

        streams = [hold(f"GET /api/events HTTP/1.1\r\n{head}\r\n") for _ in range(8)]
        for stream in streams:
            self.assertTrue(stream.recv(12).startswith(b"HTTP/1.1 200"))
        self.assertEqual(studio.call("GET", "/api/events")[0], 429)
        uploads = [hold(f"POST /api/pictures HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\nx") for _ in range(4)]
        time.sleep(0.3)
        self.assertEqual(studio.call("POST", "/api/pictures", png(8, 8))[0], 429)
        for connection in streams + uploads:
            connection.close()
        end = time.monotonic() + PATIENCE
        while studio.call("POST", "/api/pictures", png(8, 8))[0] != 200 and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(list((studio.folder / "uploads").iterdir()), [])
        # What is told to one whose reader is gone shows that it is.
        while time.monotonic() < end:
            studio.ask("POST", "/api/queue/go", "")
            with socket.create_connection(("127.0.0.1", studio.port)) as connection:
                connection.sendall(f"GET /api/events HTTP/1.1\r\n{head}\r\n".encode())
                if connection.recv(12).startswith(b"HTTP/1.1 200"):
                    return
            time.sleep(0.1)
        self.fail("streams that are gone still count")

    @staticmethod
    def answers(studio):
        try:
            return studio.call("GET", "/api/about", timeout=5)[0] == 200
        except OSError:
            return False

    def test_slow_clients(self):
        """70 that send a byte now and then take no connection from others for long."""
        studio = self.studio()
        head = f"Host: 127.0.0.1:{studio.port}\r\nX-Impasto-Token: {studio.token}\r\n"
        beginnings = [b"GET / HTTP/1.1\r\nX: "] * 66 + [
            f"POST /api/pictures HTTP/1.1\r\n{head}Content-Length: 100000000\r\n\r\n".encode()] * 4
        connections = []
        for text in beginnings:
            connection = socket.create_connection(("127.0.0.1", studio.port))
            self.addCleanup(connection.close)
            connection.sendall(text)
            connections.append(connection)
        stop = threading.Event()

        def dribble():
            while not stop.wait(1):
                for connection in connections:
                    try:
                        connection.send(b"x")
                    except OSError:
                        pass

        thread = threading.Thread(target=dribble)
        thread.start()
        began = time.monotonic()
        try:
            while not self.answers(studio):
                self.assertLess(time.monotonic() - began, 15, "slow clients keep others out")
                time.sleep(0.2)
        finally:
            stop.set()
            thread.join()

    def test_one_folder_one_studio(self):
        studio = self.studio()
        for words, what in ((["--folder", studio.folder], "another studio"), (["--port", studio.port, "--folder", "b"],
                                                                              "cannot be used")):
            run = self.impasto("studio", "--no-browser", *words)
            self.assertEqual(run.returncode, 7)
            self.assertIn(what, run.stderr)
            self.assertEqual(len(run.stderr.splitlines()), 1)
