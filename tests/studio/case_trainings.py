# SPDX-License-Identifier: MIT
"""Trainings in the studio: to the command line's network, and what they learn from."""

import threading

from support import pixels

from served import COLOURS, LESSONS, PATIENCE, Served, json, png, time

LONG = {"iterations": 100000}


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
        # It writes its network while it stops.
        with studio.stopped_workers():
            studio.ask("POST", f"/api/jobs/{training['id']}/stop", "")
            studio.until(training["id"], "stops")
            studio.ask("POST", "/api/queue/go", "")
            self.assertEqual(studio.job(waits)["state"], "waits")
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
