# SPDX-License-Identifier: MIT
"""The studio at work: jobs to the command line's pictures, the queue, and what goes wrong on the way."""

import resource
import threading

from case_apply import style_network
from support import pixels, read_png

from served import CHEAP, COLOURS, LESSONS, PATIENCE, Served, json, os, png, signal, socket, time

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


class Trainings(Served):
    def begin(self, studio, status=200, **asked):
        content, style = studio.pictures()
        return studio.ask("POST", "/api/jobs", {"command": "train", "content": content, "settings": LESSONS,
                                                "styles": [{"picture": style}]} | asked, status)

    def test_a_training(self):
        """The command line's network, with its curves and a sample; it then paints, as its file does."""
        studio = self.studio()
        studio.until_models()
        job = self.begin(studio)
        self.assertIn("impasto train painting.png --steps=2", job["line"])
        done = studio.until(job["id"], "done")
        self.assertEqual((done["iteration"], done["iterations"], done["result"]), (2, 2, True))
        self.assertEqual([row[0] for row in done["losses"]], [1, 2])
        self.assertEqual([len(row) for row in done["losses"]], [4, 4])
        self.assertEqual([row[0] for row in done["judged"]], [1, 2])
        self.assertEqual(studio.call("GET", f"/api/jobs/{job['id']}/thumb")[1][:2], b"\xff\xd8")
        status, model, headers = studio.call("GET", f"/api/jobs/{job['id']}/result")
        self.assertEqual(status, 200)
        self.assertIn('.model"', headers["Content-Disposition"])
        self.assertEqual(studio.call("GET", f"/api/jobs/{job['id']}/report")[0], 200)
        # What it wrote is the command line's.
        self.write("painting.png", png(24, 32, COLOURS))
        words = [f"--{name}={value}" for name, value in LESSONS.items()]
        self.succeed("train", "painting.png", *words, "-o", "direct.model")
        self.write("a.model", model)
        self.write("photo.png", png(32, 24))
        for name in ("direct", "a"):
            self.succeed("apply", f"{name}.model", "photo.png", "-o", f"{name}.png")
        self.assertEqual(pixels(self.folder / "a.png"), pixels(self.folder / "direct.png"))
        # It is among the styles.
        row = studio.ask("GET", "/api/about")["models"][-1]
        self.assertEqual((row["model"], row["styles"], row["own"]), (job["id"], ["painting"], True))
        asked = {"command": "apply", "content": job["content"], "model": job["id"], "settings": {"mix": "painting"}}
        applied = studio.ask("POST", "/api/jobs", asked)
        self.assertIn("apply painting.model photo.png", applied["line"])
        studio.until(applied["id"], "done")
        result = studio.result(applied["id"])
        self.assertEqual(pixels(result), pixels(self.folder / "direct.png"))
        self.assertNotIn(str(studio.folder).encode(), result.read_bytes())
        status, body, _ = studio.call("POST", f"/api/frames?model={job['id']}", png(64, 48))
        self.assertEqual((status, body[:2]), (200, b"\xff\xd8"))
        # It goes with its job, unless somebody waits for it.
        studio.ask("POST", "/api/queue/pause", "")
        waits = studio.ask("POST", "/api/jobs", asked)["id"]
        self.assertIn("needs this style network", studio.ask("DELETE", f"/api/jobs/{job['id']}", status=409)["error"])
        studio.ask("POST", f"/api/jobs/{waits}/stop", "")
        studio.ask("DELETE", f"/api/jobs/{job['id']}")
        self.assertEqual(list(studio.folder.rglob(f"{job['id']}*")), [])
        self.assertEqual(studio.ask("POST", "/api/jobs", asked, 422)["field"], "model")

    def test_pictures_of_its_styles(self):
        """Whether the network keeps them is read from it, also where an earlier studio has not said so."""
        studio = self.studio()
        job = self.begin(studio)
        studio.until(job["id"], lambda now: now.get("pictures") is True)
        refined = {"command": "apply", "content": job["content"], "model": job["id"], "settings": {"refine": 2}}
        studio.ask("POST", "/api/queue/pause", "")
        studio.ask("DELETE", f"/api/jobs/{studio.ask('POST', '/api/jobs', refined)['id']}")
        studio.end()
        model, about = studio.folder / "results" / f"{job['id']}.model", studio.folder / "jobs" / f"{job['id']}.json"
        self.succeed("model", "convert", model, "bare.model", "--no-pictures")
        model.write_bytes((self.folder / "bare.model").read_bytes())
        about.write_text(json.dumps({name: value for name, value in json.loads(about.read_text()).items()
                                     if name != "pictures"}))
        studio = self.studio()
        studio.until(job["id"], lambda now: now.get("pictures") is False)
        self.assertIs(studio.ask("GET", "/api/about")["models"][-1]["pictures"], False)
        self.assertEqual(studio.ask("POST", "/api/jobs", refined, 422)["field"], "styles")

    def test_photographs_to_learn_from(self):
        """They are the training's as long as it may go on; stopped, it has a network, and goes on to the same one."""
        studio = self.studio()
        photos = [studio.upload(png(64, 64, lambda x, y, i=i: (4 * x, 3 * y, 80 * i)), f"{i}.png")["id"]
                  for i in range(3)]
        settings = LESSONS | {"steps": 60}
        whole = self.begin(studio, photos=photos, settings=settings)
        self.assertIn("--photos photos", whole["line"])
        studio.until(whole["id"], "done")
        self.assertEqual(list((studio.folder / "jobs").glob("*.photos")), [])
        self.assertEqual(studio.ask("DELETE", f"/api/pictures/{photos[0]}", status=409)["status"], "usage")
        part = self.begin(studio, photos=2 * photos, settings=settings)["id"]
        studio.until(part, lambda job: job.get("iteration", 0) > 1 or job["state"] == "done")
        studio.call("POST", f"/api/jobs/{part}/stop", "")
        if studio.until(part, ("stopped", "done"))["state"] == "stopped":
            self.assertEqual(len(list((studio.folder / "jobs" / f"{part}.photos").iterdir())), 3)
            self.assertIn(part, [row["model"] for row in studio.ask("GET", "/api/about")["models"]])
            self.assertEqual(studio.call("POST", f"/api/jobs/{part}/continue", '{"iterations": 5}')[0], 422)
            studio.ask("POST", f"/api/jobs/{part}/continue", {})
        studio.until(part, "done")
        content = self.begin(studio)["content"]
        painted = [studio.ask("POST", "/api/jobs", {"command": "apply", "content": content, "model": model})["id"]
                   for model in (whole["id"], part)]
        for job in painted:
            studio.until(job, "done")
        self.assertEqual(*(pixels(studio.result(job)) for job in painted))

    def test_a_network_that_is_trained_on(self):
        """A job that needs it waits until the training has stopped."""
        studio = self.studio()
        training = self.begin(studio, settings=LESSONS | {"steps": 100000})
        studio.until(training["id"], lambda now: now.get("iteration", 0) > 1)
        studio.ask("POST", f"/api/jobs/{training['id']}/stop", "")
        studio.until(training["id"], "stopped")
        studio.ask("POST", "/api/queue/pause", "")
        waits = studio.ask("POST", "/api/jobs", {"command": "apply", "content": training["content"],
                                                 "model": training["id"]})["id"]
        # The worker for what takes a moment has something to do until the training has begun.
        upload = threading.Thread(target=studio.upload, args=(png(9, 9),))
        pictures = lambda: len(list((studio.folder / "pictures").iterdir()))  # noqa: E731
        before = pictures()
        with studio.stopped_workers():
            upload.start()
            end = time.monotonic() + PATIENCE
            while pictures() == before and time.monotonic() < end:
                time.sleep(0.05)
            studio.ask("POST", f"/api/jobs/{training['id']}/continue", {})
            studio.ask("POST", "/api/queue/go", "")
            studio.until(training["id"], "works")
        upload.join()
        studio.upload(png(8, 8))
        self.assertEqual(studio.job(waits)["state"], "waits")
        studio.ask("POST", f"/api/jobs/{training['id']}/stop", "")
        studio.until(waits, "done")

    def test_the_device_of_what_goes_on(self):
        """It is the job's, also where a checkpoint has all other settings."""
        studio = self.studio()
        jobs = [studio.paint(LONG)["id"], self.begin(studio, settings=LESSONS | {"steps": 100000})["id"]]
        for job in jobs:
            studio.until(job, lambda now: now.get("iteration", 0) > 1)
            studio.ask("POST", f"/api/jobs/{job}/stop", "")
            self.assertTrue(studio.until(job, "stopped")["resumable"])
        studio.end()
        for job in jobs:
            file = studio.folder / "jobs" / f"{job}.json"
            about = json.loads(file.read_text())
            about["settings"]["device"] = "no such device"
            file.write_text(json.dumps(about))
        studio = self.studio()
        for job in jobs:
            studio.ask("POST", f"/api/jobs/{job}/continue", {})
            self.failed(studio, job, "no such device")

    def failed(self, studio, job, words):
        end = time.monotonic() + PATIENCE
        while studio.job(job)["state"] not in ("failed", "done") and time.monotonic() < end:
            time.sleep(0.05)
        self.assertIn(words, studio.job(job).get("error", {}).get("text", ""))

    def test_photographs_that_cannot_be_linked(self):
        """Why is told, and the job goes on once it is mended."""
        studio = self.studio()
        studio.ask("POST", "/api/queue/pause", "")
        photo = studio.upload(png(64, 64))["id"]
        job = self.begin(studio, photos=[photo])["id"]
        obstacle = studio.folder / "jobs" / f"{job}.photos"
        obstacle.write_text("")
        studio.ask("POST", "/api/queue/go", "")
        self.failed(studio, job, f"{job}.photos: cannot be made for the photographs: ")
        self.assertEqual(studio.job(job)["error"]["status"], "output")
        obstacle.unlink()
        studio.ask("POST", f"/api/jobs/{job}/continue", {})
        studio.until(job, "done")

    def test_long_names_of_styles(self):
        """They are whole in the command line."""
        studio = self.studio()
        styles = [{"picture": studio.upload(png(24, 24 + i, COLOURS), f"{i}{80 * 'x'}.png")["id"]} for i in range(2)]
        training = self.begin(studio, styles=styles)
        studio.until(training["id"], "done")
        name = studio.ask("GET", "/api/about")["models"][-1]["styles"][1]
        self.assertGreater(len(name), 55)
        studio.ask("POST", "/api/queue/pause", "")
        applied = studio.ask("POST", "/api/jobs", {
            "command": "apply", "content": training["content"], "model": training["id"],
            "regions": [{"picture": training["content"], "colour": "ff0000", "mix": name}]})
        self.assertIn(f"--region 'photo.png#ff0000={name}'", applied["line"])

    def test_refusals(self):
        studio = self.studio()
        content, _ = studio.pictures()
        for wrong, field in (({"styles": []}, "styles"), ({"photos": ["x"]}, "photos"),
                             ({"photos": 201 * [content]}, "photos"),
                             ({"settings": {"base": "none"}}, "base"), ({"settings": {"photos": "/"}}, "photos"),
                             ({"settings": {"minutes": -1}}, "minutes"), ({"masks": []}, "command")):
            refused = self.begin(studio, 422, **wrong)
            self.assertEqual(refused["status"], "usage", wrong)
            if field != "command":
                self.assertEqual(refused["field"], field)


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


