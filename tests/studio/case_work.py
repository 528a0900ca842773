# SPDX-License-Identifier: MIT
"""The studio at work: jobs to the command line's pictures, and the queue."""

import threading

from case_apply import style_network
from support import pixels, read_png

from served import CHEAP, COLOURS, PATIENCE, Served, json, png, socket, time

STEPS = 120
LONG = {"iterations": 100000}


class Jobs(Served):
    def direct(self, *words):
        """What the command line makes of the same."""
        self.write("photo.png", png(32, 24))
        self.write("painting.png", png(24, 32, COLOURS))
        settings = [word for name, value in CHEAP.items() for word in (f"--{name}", value)]
        self.succeed("photo.png", "painting.png", *settings, *words, "-o", "direct.png")
        return pixels(self.folder / "direct.png")

    def test_a_painting(self):
        studio = self.studio()
        job = studio.paint()
        done = studio.until(job["id"], "done")
        self.assertEqual((done["iteration"], done["iterations"], done["width"], done["height"]), (2, 2, 32, 24))
        self.assertEqual([loss[0] for loss in done["losses"]], [0, 1, 2])
        self.assertEqual(done["name"], "photo.png")
        self.assertIn("impasto photo.png painting.png --size=32", done["line"])
        status, body, headers = studio.call("GET", f"/api/jobs/{job['id']}/result")
        self.assertEqual((status, headers["Content-Type"]), (200, "image/png"))
        self.assertTrue(headers["Content-Disposition"].startswith("attachment; "))
        self.write("result.png", body)
        self.assertEqual(pixels(self.folder / "result.png"), self.direct())
        self.assertEqual(studio.ask("GET", f"/api/jobs/{job['id']}/settings"), CHEAP)
        preview = studio.call("GET", f"/api/jobs/{job['id']}/preview?n=0")
        self.assertEqual((preview[0], preview[1][:2]), (200, b"\xff\xd8"))
        self.assertEqual(studio.call("GET", f"/api/jobs/{job['id']}/preview?n=99")[0], 204)
        self.assertFalse(list((studio.folder / "jobs").glob("*.ckpt")))
        # What it was made of and how, for who saves it; never to be shown here, where its script would be ours.
        status, body, headers = studio.call("GET", f"/api/jobs/{job['id']}/report")
        self.assertEqual((status, headers["Content-Type"]), (200, "application/octet-stream"))
        self.assertTrue(headers["Content-Disposition"].startswith("attachment; "))
        self.assertIn(b"<!DOCTYPE html>", body[:40].replace(b"doctype", b"DOCTYPE"))
        self.assertNotIn(str(studio.folder).encode(), body)
        # In each format that this build writes.
        kinds = {"png": b"\x89PNG", "jpg": b"\xff\xd8", "tif": b"II*\0", "webp": b"RIFF"}
        formats = studio.ask("GET", "/api/about")["formats"]
        self.assertLessEqual({"png", "jpg"}, set(formats))
        for name in formats:
            status, body, headers = studio.call("GET", f"/api/jobs/{job['id']}/result?format={name}")
            self.assertEqual((status, body[:4].startswith(kinds[name])), (200, True), name)
            self.assertIn(f".{name}", headers["Content-Disposition"])
        self.assertEqual(studio.call("GET", f"/api/jobs/{job['id']}/result?format=../x")[0], 422)
        self.assertEqual(list((studio.folder / "uploads").iterdir()), [])
        studio.ask("DELETE", f"/api/jobs/{job['id']}")
        self.assertEqual(list((studio.folder / "results").iterdir()), [])

    def test_weights_and_masks(self):
        studio = self.studio()
        content, style = studio.pictures()
        half = studio.upload(png(32, 24, lambda x, y: (255, 0, 0) if x < 16 else (0, 0, 255)), "map.png")["id"]
        job = studio.ask("POST", "/api/jobs", {
            "command": "paint", "content": content, "settings": CHEAP, "keep": {"picture": half, "colour": "ff0000"},
            "styles": [{"picture": style, "weight": 0.25}, {"picture": content, "weight": 2}]})
        self.assertIn("painting.png:0.25 photo.png:2", job["line"])
        self.assertIn("--keep 'map.png#ff0000'", job["line"])
        studio.until(job["id"], "done")
        rows, before = pixels(studio.result(job["id"])), pixels(self.write("photo.png", png(32, 24)))
        self.assertEqual([row[:14] for row in rows], [row[:14] for row in before])
        self.assertNotEqual([row[18:] for row in rows], [row[18:] for row in before])
        self.assertEqual(studio.ask("DELETE", f"/api/pictures/{half}", status=409)["status"], "usage")
        status, body, headers = studio.call("GET", f"/api/pictures/{half}/map")
        self.assertEqual((status, headers["Content-Type"]), (200, "image/png"))
        self.assertEqual(pixels(self.write("back.png", body)), [16 * [(255, 0, 0)] + 16 * [(0, 0, 255)]] * 24)
        self.assertEqual(studio.call("GET", f"/api/pictures/{'0' * 32}/map")[0], 404)

    def test_a_style_network(self):
        studio = self.studio()
        content, _ = studio.pictures()
        while studio.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)
        job = studio.ask("POST", "/api/jobs", {"command": "apply", "content": content, "model": "ink",
                                               "settings": {"strength": 0.5}})
        studio.until(job["id"], "done")
        self.succeed("apply", "ink", self.write("photo.png", png(32, 24)), "--strength", "0.5", "-o", "direct.png")
        self.assertEqual(pixels(studio.result(job["id"])), pixels(self.folder / "direct.png"))

    def test_regions_of_a_style_network(self):
        """Another style where a map has a colour, as --region has it."""
        studio = self.studio()
        content, style = studio.pictures()
        half = studio.upload(png(32, 24, lambda x, y: (255, 0, 0) if x < 16 else (0, 0, 255)), "map.png")["id"]
        while studio.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)
        asked = {"command": "apply", "content": content, "model": "ink",
                 "regions": [{"picture": half, "colour": "ff0000", "mix": "mosaic"}]}
        job = studio.ask("POST", "/api/jobs", asked)
        self.assertIn("--region 'map.png#ff0000=mosaic'", job["line"])
        studio.until(job["id"], "done")
        self.assertEqual(studio.ask("DELETE", f"/api/pictures/{half}", status=409)["status"], "usage")
        self.write("photo.png", png(32, 24))
        self.write("map.png", (studio.folder / "pictures" / half).read_bytes())
        self.succeed("apply", "ink", "photo.png", "--region", "map.png#ff0000=mosaic", "-o", "direct.png")
        self.assertEqual(pixels(studio.result(job["id"])), pixels(self.folder / "direct.png"))
        for wrong in ([{"picture": half, "colour": "ff0000", "mix": "nothing"}],
                      [{"picture": half, "colour": "ff0000"}],
                      [{"picture": half, "colour": "red", "mix": "mosaic"}], 17 * asked["regions"], {}):
            self.assertEqual(studio.ask("POST", "/api/jobs", asked | {"regions": wrong}, 422)["field"], "regions")
        refined = asked | {"settings": {"refine": 2}, "styles": [{"picture": style}]}
        self.assertEqual(studio.ask("POST", "/api/jobs", refined, 422)["field"], "regions")

    def test_refined_by_painting(self):
        self.write("home/impasto/night.model", style_network())  # which keeps no picture
        studio = self.studio()
        content, style = studio.pictures()
        while studio.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)
        asked = {"command": "apply", "content": content, "model": "ink", "styles": [{"picture": style}]}
        self.assertIn("go with refine", studio.ask("POST", "/api/jobs", asked, 422)["error"])
        refused = studio.ask("POST", "/api/jobs", asked | {"settings": {"refine": 2}, "styles": []}, 422)
        self.assertEqual(refused["field"], "styles")
        # Towards the picture that its style was learnt from, where the network keeps that.
        alone = {"command": "apply", "content": content, "model": "ink", "settings": {"refine": 2}}
        own = studio.ask("POST", "/api/jobs", alone)
        self.assertIn("apply ink photo.png --refine=2", own["line"])
        self.assertEqual(studio.ask("POST", "/api/jobs", alone | {"model": "night"}, 422)["field"], "styles")
        job = studio.ask("POST", "/api/jobs", asked | {"settings": {"refine": 2}})
        self.assertIn("apply ink photo.png --style painting.png --refine=2", job["line"])
        studio.until(job["id"], "done")
        self.write("photo.png", png(32, 24))
        self.write("painting.png", png(24, 32, COLOURS))
        self.succeed("apply", "ink", "photo.png", "--style", "painting.png", "--refine=2", "-o", "direct.png")
        self.assertEqual(pixels(studio.result(job["id"])), pixels(self.folder / "direct.png"))
        studio.until(own["id"], "done")
        self.succeed("apply", "ink", "photo.png", "--refine=2", "-o", "own.png")
        self.assertEqual(pixels(studio.result(own["id"])), pixels(self.folder / "own.png"))

    def test_a_frame(self):
        """What impasto apply makes of it, at once, and kept nowhere."""
        studio = self.studio()
        while studio.ask("GET", "/api/about")["models"] is None:
            time.sleep(0.05)
        frame = png(64, 48)
        status, body, headers = studio.call("POST", "/api/frames?model=ink&strength=0.5", frame)
        self.assertEqual((status, headers["Content-Type"]), (200, "image/jpeg"), body[:200])
        self.succeed("apply", "ink", self.write("photo.png", frame), "--strength", "0.5", "-o", "direct.jpg")
        self.assertTrue(body == (self.folder / "direct.jpg").read_bytes())
        mixed = studio.call("POST", "/api/frames?model=base-16&mix=ink:0.25,identity:0.75", frame)
        self.assertEqual(mixed[0], 200, mixed[1][:200])
        self.assertTrue(mixed[1] != body)
        for query, field in (("", "model"), ("model=/etc/passwd", "model"), ("model=ink&strength=9", "strength"),
                             ("model=ink&mix=nobody:1", None)):
            self.assertEqual(studio.ask("POST", f"/api/frames?{query}", frame, 422).get("field"), field, query)
        self.assertEqual(studio.ask("POST", "/api/frames?model=ink", b"no picture", 422)["status"], "input")
        self.assertEqual(studio.uploads(), [])
        self.assertEqual(studio.ask("GET", "/api/jobs")["jobs"], [])
        # A job has its turn between frames that do not end.
        content, done = studio.upload(frame)["id"], threading.Event()

        def look():
            while not done.is_set():
                studio.call("POST", "/api/frames?model=ink", frame)

        threads = [threading.Thread(target=look) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            job = studio.ask("POST", "/api/jobs", {"command": "apply", "content": content, "model": "ink"})
            studio.until(job["id"], "done")
        finally:
            done.set()
            for thread in threads:
                thread.join()

    def test_a_failure(self):
        studio = self.studio()
        job = studio.paint({"device": "no such device"})["id"]
        end = time.monotonic() + PATIENCE
        while studio.job(job)["state"] != "failed" and time.monotonic() < end:
            time.sleep(0.05)
        error = studio.job(job)["error"]
        self.assertEqual(error["status"], "device")
        self.assertIn("no such device", error["text"])
        again = studio.paint()["id"]
        studio.until(again, "done")

    def test_pictures(self):
        studio = self.studio()
        first = studio.upload(png(600, 300), "a.png")
        self.assertEqual((first["width"], first["height"], first["transparent"]), (600, 300, False))
        self.assertEqual(studio.upload(png(600, 300), "b.png")["id"], first["id"])
        status, small, headers = studio.call("GET", f"/api/pictures/{first['id']}")
        self.assertEqual((status, headers["Content-Type"], small[:2]), (200, "image/jpeg", b"\xff\xd8"))
        studio.ask("DELETE", f"/api/pictures/{first['id']}")
        self.assertEqual(studio.call("GET", f"/api/pictures/{first['id']}")[0], 404)
        self.assertEqual(list((studio.folder / "pictures").iterdir()), [])
        job = studio.paint()["id"]
        studio.until(job, "done")
        result = studio.upload(studio.call("GET", f"/api/jobs/{job}/result")[1])
        self.assertEqual(result["settings"]["settings"]["size"], 32)


class Queue(Served):
    def test_stop_and_go_on(self):
        studio = self.studio()
        whole = studio.paint({"iterations": STEPS})["id"]
        studio.until(whole, "done")
        part = studio.paint({"iterations": STEPS})["id"]
        studio.until(part, lambda job: job.get("iteration", 0) > 3 or job["state"] == "done")
        studio.call("POST", f"/api/jobs/{part}/stop", "")
        stopped = studio.until(part, ("stopped", "done"))
        if stopped["state"] == "stopped":
            self.assertTrue(stopped["result"] and stopped["resumable"])
            self.assertEqual(read_png(studio.result(part))[:2], (32, 24))
            studio.ask("POST", f"/api/jobs/{part}/continue", {})
        studio.until(part, "done")
        self.assertEqual(pixels(studio.result(part)), pixels(studio.result(whole)))
        for verb in ("stop", "continue", "first"):
            self.assertEqual(studio.call("POST", f"/api/jobs/{part}/{verb}", "{}")[0], 409)

    def test_more_iterations(self):
        studio = self.studio()
        job = studio.paint({"iterations": 100000, "optimizer": "adam"})["id"]
        studio.until(job, lambda job: job.get("iteration", 0) > 3)
        self.assertEqual(studio.call("DELETE", f"/api/jobs/{job}")[0], 409)
        studio.ask("POST", f"/api/jobs/{job}/stop", "")
        studio.until(job, "stopped")
        self.assertEqual(studio.call("POST", f"/api/jobs/{job}/continue", '{"iterations": -1}')[0], 422)
        reached = studio.job(job)["iteration"]
        studio.ask("POST", f"/api/jobs/{job}/continue", {"iterations": reached + 5})
        self.assertEqual(studio.until(job, "done")["iteration"], reached + 5)

    def test_order(self):
        studio = self.studio()
        studio.ask("POST", "/api/queue/pause", "")
        jobs = [studio.paint({"seed": i})["id"] for i in range(3)]
        studio.ask("POST", f"/api/jobs/{jobs[2]}/first", "")
        studio.ask("POST", f"/api/jobs/{jobs[0]}/stop", "")
        listed = studio.ask("GET", "/api/jobs")
        self.assertTrue(listed["paused"])
        self.assertEqual([job["state"] for job in listed["jobs"]].count("waits"), 2)
        studio.ask("DELETE", f"/api/jobs/{jobs[0]}")
        self.assertEqual(studio.call("GET", f"/api/jobs/{jobs[0]}")[0], 404)
        studio.ask("POST", "/api/queue/go", "")
        done = [studio.until(job, "done") for job in jobs[1:]]
        again = studio.ask("POST", f"/api/jobs/{jobs[1]}/again", "")
        self.assertNotEqual(again["id"], jobs[1])
        self.assertEqual(studio.until(again["id"], "done")["settings"], done[0]["settings"])
        studio.ask("DELETE", f"/api/jobs/{again['id']}")
        studio.upload(png(40, 30))  # the worker that looks at it may still have been at the result
        self.assertFalse(list(studio.folder.rglob(f"{again['id']}*")))

    def test_a_worker_for_each_device(self):
        """Jobs on several devices are at work side by side; those on one, or on any, one after the other."""
        studio = self.studio(env={"POCL_DEVICES": "pthread pthread"})
        while not studio.ask("GET", "/api/about")["devices"]:
            time.sleep(0.05)
        indices = [row["index"] for row in studio.ask("GET", "/api/about")["devices"]]
        if indices != [0, 1]:
            self.skipTest("this platform does not have two devices")

        def begin(**settings):
            return studio.paint(LONG | settings)["id"]

        def stop(job):
            studio.ask("POST", f"/api/jobs/{job}/stop", "")
            studio.until(job, "stopped")

        at_work = lambda now: now["state"] == "works" and now.get("iteration", 0) > 1  # noqa: E731
        first, second, third, usual, any_, last = (begin(**settings) for settings in (
            {"device": "0"}, {"device": "1"}, {"device": "0"}, {}, {"device": "cpu"}, {"device": "1"}))
        for job in (first, second):
            studio.until(job, at_work)
        self.assertEqual([studio.job(job)["state"] for job in (first, second)], 2 * ["works"])
        previews = [studio.call("GET", f"/api/jobs/{job}/preview?n=0") for job in (first, second)]
        self.assertEqual([preview[0] for preview in previews], [200, 200])
        self.assertEqual(studio.job(third)["state"], "waits")
        stop(first)
        studio.until(third, at_work)  # the same device
        stop(third)
        studio.until(usual, at_work)  # which is device 0
        stop(second)
        # One that may take any device is alone at work, and none that has come later goes before it.
        self.assertEqual([studio.job(job)["state"] for job in (usual, any_, last)], ["works", "waits", "waits"])
        stop(usual)
        studio.until(any_, at_work)
        self.assertEqual(studio.job(last)["state"], "waits")
        stop(any_)
        studio.until(last, at_work)
        self.assertEqual(studio.end()[0], 130)

    def test_events(self):
        """A stream has all of a job's way, the latest of each, and a state when the list has changed."""
        studio = self.studio()
        connection = socket.create_connection(("127.0.0.1", studio.port), timeout=PATIENCE)
        self.addCleanup(connection.close)
        connection.sendall(f"GET /api/events HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
                           f"X-Impasto-Token: {studio.token}\r\n\r\n".encode())
        job = studio.paint({"iterations": 30})["id"]
        studio.until(job, "done")
        text, end = b"", time.monotonic() + PATIENCE
        while b'"jobs":[]' not in text.split(b'"phase":"saving"')[-1] and time.monotonic() < end:
            text += connection.recv(65536)
        self.assertIn(b"Content-Type: text/event-stream", text)
        events = [json.loads(line[len(b"data: "):]) for line in text.splitlines() if line.startswith(b"data: ")]
        rows = [row for event in events for row in event.get("jobs", []) if "iteration" in row]
        steps = [row["iteration"] for row in rows]
        self.assertEqual(steps, sorted(steps))
        self.assertTrue(any("preview" in row for row in rows))
        self.assertGreater(len([event for event in events if "changes" in event]), 1)
