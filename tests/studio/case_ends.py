# SPDX-License-Identifier: MIT
"""What ends the studio's work: workers, studios and disks that fail."""

import resource

from support import pixels

from served import CHEAP, PATIENCE, Served, json, os, png, signal, socket, time

LONG = {"iterations": 100000}


class Ends(Served):
    def begin(self, studio, **settings):
        job = studio.paint({"iterations": 250} | settings)["id"]
        studio.until(job, lambda now: now.get("iteration", 0) > 3)
        return job

    def whole(self, studio):
        job = studio.paint({"iterations": 250})["id"]
        studio.until(job, "done")
        return pixels(studio.result(job))

    def test_a_worker_that_dies(self):
        studio = self.studio()
        job = self.begin(studio)
        for process in studio.workers():
            os.kill(process, signal.SIGKILL)
        self.assertEqual(studio.until(job, "done")["iteration"], 250)
        self.assertEqual(pixels(studio.result(job)), self.whole(studio))

    def test_a_worker_that_is_silent(self):
        studio = self.studio(env={"IMPASTO_TIMEOUT": "8"})
        job = self.begin(studio)
        for process in studio.workers():
            os.kill(process, signal.SIGSTOP)
        self.assertEqual(studio.until(job, "done")["iteration"], 250)

    def test_a_worker_that_always_dies(self):
        studio = self.studio()
        job = studio.paint({"iterations": 100000})["id"]
        end = time.monotonic() + PATIENCE
        while studio.job(job)["state"] != "failed" and time.monotonic() < end:
            for process in studio.workers():
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)
        self.assertIn("again and again", studio.job(job)["error"]["text"])
        studio.until(studio.paint()["id"], "done")

    def test_a_studio_that_is_killed(self):
        studio = self.studio()
        job = self.begin(studio)
        studio.kill()
        second = self.studio()
        waiting = second.job(job)
        self.assertEqual(waiting["state"], "waits")
        self.assertTrue(second.ask("GET", "/api/jobs")["paused"])
        second.ask("POST", "/api/queue/go", "")
        second.until(job, "done")
        self.assertEqual(pixels(second.result(job)), self.whole(second))

    def test_a_worker_that_only_looks(self):
        """The next studio does not wait for it: it writes no checkpoint."""
        studio = self.studio()
        studio.upload(png(9, 9))
        with studio.stopped_workers():
            studio.kill()
            second = self.studio()
            second.until(second.paint()["id"], "done")

    def test_a_worker_that_outlives_its_studio(self):
        """It has not saved its checkpoint when the next studio is there: jobs wait for it, and all else is done."""
        studio = self.studio()
        job = self.begin(studio)
        with studio.stopped_workers():
            studio.kill()
            second = self.studio()
            second.ask("POST", "/api/queue/go", "")
            second.upload(png(9, 9))  # by a worker of its own
            self.assertEqual(second.job(job)["state"], "waits")
            self.assertIn(f"{studio.folder}: a worker of the studio before still saves its job",
                          second.ask("GET", "/api/jobs")["warning"])
        self.assertEqual(second.until(job, "done")["log"], [])
        self.assertEqual(second.ask("GET", "/api/jobs")["warning"], "")
        self.assertEqual(pixels(second.result(job)), self.whole(second))

    def test_ctrl_c(self):
        studio = self.studio()
        job = self.begin(studio, **LONG)
        code, said = studio.end()
        self.assertEqual(code, 130)
        self.assertIn("goes on with", said)
        self.assertTrue((studio.folder / "jobs" / f"{job}.ckpt").exists())
        second = self.studio()
        self.assertEqual(second.job(job)["state"], "waits")
        self.assertGreater(second.job(job)["iteration"], 3)

    def test_ctrl_c_with_pages_open(self):
        """Streams, and an upload on its way, end with it."""
        studio = self.studio()
        head = f"Host: 127.0.0.1:{studio.port}\r\nX-Impasto-Token: {studio.token}\r\n"
        for text in 2 * [f"GET /api/events HTTP/1.1\r\n{head}\r\n"] + [
                f"POST /api/pictures HTTP/1.1\r\n{head}Content-Length: 1000\r\n\r\nx"]:
            connection = socket.create_connection(("127.0.0.1", studio.port), timeout=PATIENCE)
            self.addCleanup(connection.close)
            connection.sendall(text.encode())
        time.sleep(0.5)
        self.assertEqual(studio.end()[0], 130)
        self.assertEqual(list((studio.folder / "uploads").iterdir()), [])

    def test_ctrl_c_and_requests_behind_it(self):
        """What a worker would have to answer is refused while they end."""
        studio = self.studio()
        content, style = studio.pictures()
        asked = {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": CHEAP}
        with studio.stopped_workers():  # so that it waits for them
            studio.process.send_signal(signal.SIGINT)
            for _ in range(2):  # the first one may have come before the signal
                self.assertEqual(studio.ask("POST", "/api/plan", asked, 503)["status"], "interrupted")
            for method, path in (("POST", "/api/pictures"), ("POST", "/api/frames?model=ink"),
                                 ("GET", f"/api/pictures/{content}/map")):
                refused = studio.ask(method, path, png(9, 9) if method == "POST" else None, 503)
                self.assertEqual(refused["status"], "interrupted", path)
        studio.process.communicate(timeout=PATIENCE)
        self.assertEqual(studio.process.returncode, 130)
        self.assertEqual(list((studio.folder / "uploads").iterdir()), [])

    def test_a_checkpoint_that_is_damaged(self):
        studio = self.studio()
        job = self.begin(studio)
        studio.end()
        (studio.folder / "jobs" / f"{job}.ckpt").write_bytes(b"nothing")
        second = self.studio()
        second.ask("POST", "/api/queue/go", "")
        done = second.until(job, "done")
        self.assertIn("beginning anew", done["log"][0])

    def test_a_disk_that_is_full(self):
        """No file may have more than 16 kB, which is told as a full disk is: nothing half written stays, and what fits
        still does."""

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (16384, 16384))

        studio = self.studio(preexec_fn=limit)
        noise = png(160, 160, lambda x, y: ((x * x * 31 + y * 17) % 251, (x * 7 ^ y * 13) % 256, x * y * 3 % 253))
        self.assertGreater(len(noise), 20000)
        self.assertEqual(studio.upload(noise, status=507)["status"], "output")
        self.assertEqual(studio.uploads(), [])
        self.assertEqual(list((studio.folder / "pictures").iterdir()), [])
        content, style = studio.pictures()
        body = {"command": "paint", "content": content, "settings": CHEAP,
                "styles": [{"picture": style, "weight": 1.25}] * 16}
        self.assertEqual(studio.call("POST", "/api/jobs", json.dumps(body))[0], 200)

    def test_a_quota(self):
        """What no job needs goes, the oldest first. What jobs need stays, and then no more is taken."""
        studio = self.studio("--quota", "1M")
        noise = lambda side: png(side, side, lambda x, y: tuple(os.urandom(3)))  # noqa: E731
        there = lambda id: studio.call("GET", f"/api/pictures/{id}")[0] == 200  # noqa: E731
        studio.ask("POST", "/api/queue/pause", "")
        content, style = (studio.upload(noise(220))["id"] for _ in range(2))
        body = {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": CHEAP}
        job = studio.ask("POST", "/api/jobs", body)["id"]
        studio.ask("POST", f"/api/jobs/{job}/stop", "")
        first, second = (studio.upload(noise(400))["id"] for _ in range(2))
        self.assertIn("--quota", studio.ask("POST", "/api/jobs", body, 507)["error"])
        self.assertIn("--quota", studio.ask("POST", f"/api/jobs/{job}/continue", {}, 507)["error"])
        # A frame is kept nowhere, and so takes nothing's place.
        before = [there(first), there(second)]
        while studio.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)
        self.assertEqual(studio.call("POST", "/api/frames?model=ink", png(64, 48))[0], 200)
        self.assertEqual([there(first), there(second)], before)
        last = studio.upload(png(8, 8))["id"]
        self.assertEqual([there(id) for id in (content, style, first, last)], [True, True, False, True])
        # Results are never taken for it.
        result = studio.folder / "results" / f"{32 * 'a'}.png"
        result.write_bytes(bytes(1 << 20))
        refused = studio.ask("POST", "/api/pictures", png(9, 9), 507)
        self.assertEqual(refused["status"], "output")
        self.assertIn("--quota", refused["error"])
        self.assertTrue(result.exists() and there(content) and there(style) and not there(last))
        # Nor are films on their way, which count as well; what a link leads to does not.
        result.unlink()
        studio.upload(png(9, 9))
        film = studio.folder / "results" / f"{32 * 'b'}.mp4.impasto"
        film.mkdir()
        (film / "frames").write_bytes(bytes(1 << 20))
        self.assertIn("--quota", studio.ask("POST", "/api/pictures", png(10, 9), 507)["error"])
        film.rename(self.folder / "elsewhere")
        film.symlink_to(self.folder / "elsewhere")
        studio.upload(png(10, 9))

    def test_a_quota_and_open_pages(self):
        """What an open page has in hand stays, so that more is refused; it goes once the page has let it go."""
        studio = self.studio("--quota", "1M")
        noise = lambda side: png(side, side, lambda x, y: tuple(os.urandom(3)))  # noqa: E731
        there = lambda id: studio.call("GET", f"/api/pictures/{id}")[0] == 200  # noqa: E731
        page, other = 32 * "a", 32 * "b"
        upload = lambda data, page, status=200: studio.ask(  # noqa: E731
            "POST", "/api/pictures", data, status, X_Impasto_Page=page)
        first, second = (upload(noise(400), page)["id"] for _ in range(2))
        self.assertEqual(upload(noise(40), other, 507)["status"], "output")
        self.assertTrue(there(first) and there(second))
        # The page lets one go, and another one takes it up.
        studio.ask("POST", "/api/pages", {"page": page, "pictures": [second]})
        studio.ask("POST", "/api/pages", {"page": other, "pictures": [second]})
        studio.ask("POST", "/api/pages", {"page": page, "pictures": []})
        third = upload(noise(40), other)["id"]
        self.assertEqual([there(id) for id in (first, second, third)], [False, True, True])
        # There are not too many pages: the one that is silent for the longest time gives way.
        for i in range(16):
            studio.ask("POST", "/api/pages", {"page": f"{i:032x}", "pictures": [third]})
        upload(noise(420), "")
        upload(noise(420), "")
        upload(noise(40), "")
        self.assertEqual([there(id) for id in (second, third)], [False, True])
        for wrong in ({}, {"page": page}, {"page": "x", "pictures": []}, {"page": page, "pictures": ["../x"]},
                      {"page": page, "pictures": 513 * [third]}):
            self.assertEqual(studio.ask("POST", "/api/pages", wrong, 422)["status"], "usage")
        # As many as a training may learn from, and what it learns.
        studio.ask("POST", "/api/pages", {"page": page, "pictures": 217 * [third]})

    def test_a_job_that_cannot_be_kept(self):
        """What its file lacks is told, tried again, and there in the end."""
        studio = self.studio()
        studio.ask("POST", "/api/queue/pause", "")
        job = studio.paint()["id"]
        obstacle = studio.folder / "jobs" / f"{job}.json.new"
        obstacle.mkdir()
        studio.ask("POST", "/api/queue/go", "")
        studio.until(job, "done")
        kept = studio.folder / "jobs" / f"{job}.json"
        self.assertIn("cannot be written to", studio.ask("GET", "/api/jobs")["warning"])
        self.assertEqual(json.loads(kept.read_text())["state"], "waits")
        obstacle.rmdir()
        end = time.monotonic() + PATIENCE
        while studio.ask("GET", "/api/jobs")["warning"] and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(json.loads(kept.read_text())["state"], "done")

    def test_a_job_that_is_damaged(self):
        studio = self.studio()
        job = studio.paint()["id"]
        studio.until(job, "done")
        studio.end()
        for name, text in (("0" * 32, "{"), ("1" * 32, "[]"), ("2" * 32, json.dumps({"id": "2" * 32}))):
            (studio.folder / "jobs" / f"{name}.json").write_text(text)
        (studio.folder / "jobs" / "other.json").write_text("{}")
        second = self.studio()
        self.assertEqual([row["id"] for row in second.ask("GET", "/api/jobs")["jobs"]], [job])
        _, said = second.end()
        self.assertEqual(said.count("is damaged"), 3)

    def test_refusals(self):
        for words, code, what in ((["--port", "70000"], 2, "port"), (["--folder", "/dev/null"], 7, "cannot be opened"),
                                  (["x"], 2, "takes no such word"), (["--device"], 2, "needs a value")):
            run = self.impasto("studio", "--no-browser", *words)
            self.assertEqual((run.returncode, len(run.stderr.splitlines())), (code, 1), run.stderr)
            self.assertIn(what, run.stderr)
