# SPDX-License-Identifier: MIT
"""Films in the studio: to the command line's bytes, stopped and gone on with."""

import os
import signal

from case_video import y4m

from served import Served


class Films(Served):
    def setUp(self):
        super().setUp()
        self.write("film.y4m", y4m(6))
        if b"not compiled in" in self.impasto("video", "film.y4m", "--model", "ink", "-o", "x.mp4").stderr.encode():
            self.skipTest("this build writes no MP4")

    def begin(self, studio, film=None, status=200, **asked):
        studio.until_models()
        film = film or studio.ask("POST", "/api/films", y4m(6), X_Impasto_Name="film.y4m")["id"]
        if "styles" not in asked:
            asked = {"model": "ink"} | asked
        return studio.ask("POST", "/api/jobs", {"command": "video", "content": film} | asked, status)

    def painted(self, studio, job):
        status, body, headers = studio.call("GET", f"/api/jobs/{job}/result")
        self.assertEqual((status, headers["Content-Type"]), (200, "video/mp4"))
        self.assertIn('.mp4"', headers["Content-Disposition"])
        return body

    def test_a_film(self):
        """The command line's, to the byte; told frame by frame, with a picture of it."""
        studio = self.studio()
        film = studio.ask("POST", "/api/films", y4m(6), X_Impasto_Name="film.y4m")
        self.assertEqual([film[name] for name in ("film", "width", "height", "name")], [True, 32, 24, "film.y4m"])
        self.assertEqual(studio.call("GET", f"/api/pictures/{film['id']}")[1][:2], b"\xff\xd8")
        job = self.begin(studio, film["id"], settings={"strength": 0.5, "every": 2})
        self.assertIn("impasto video film.y4m --model ink --strength=0.5 --every=2 -o painted.mp4", job["line"])
        done = studio.until(job["id"], "done")
        self.assertEqual((done["iteration"], done["result"], done["report"]), (3, True, True))
        self.assertEqual(studio.call("GET", f"/api/jobs/{job['id']}/thumb")[1][:2], b"\xff\xd8")
        self.succeed("video", "film.y4m", "--model", "ink", "--strength", "0.5", "--every", "2", "-o", "direct.mp4")
        self.assertEqual(self.painted(studio, job["id"]), (self.folder / "direct.mp4").read_bytes())
        studio.ask("DELETE", f"/api/jobs/{job['id']}")
        self.assertEqual(list(studio.folder.rglob(f"{job['id']}*")), [])

    def test_stop_and_go_on(self):
        """In the style of a painting, which takes a while; the same film in the end. A killed worker is no matter."""
        studio = self.studio()
        _, style = studio.pictures()
        film = studio.ask("POST", "/api/films", y4m(12), X_Impasto_Name="film.y4m")["id"]
        asked = {"styles": [{"picture": style}], "settings": {"size": 32, "iterations": 12, "scales": 1}}
        whole = self.begin(studio, film, **asked)["id"]
        studio.until(whole, "done")
        part = self.begin(studio, film, **asked)["id"]
        studio.until(part, lambda job: job.get("iteration", 0) > 2 or job["state"] == "done")
        studio.call("POST", f"/api/jobs/{part}/stop", "")
        if studio.until(part, ("stopped", "done"))["state"] == "stopped":
            self.assertTrue(studio.job(part)["result"])
            studio.ask("POST", f"/api/jobs/{part}/continue", {})
            studio.until(part, lambda job: job["state"] == "works" or job["state"] == "done")
            for process in studio.workers():
                os.kill(process, signal.SIGKILL)
        studio.until(part, "done")
        self.assertEqual(self.painted(studio, part), self.painted(studio, whole))
        self.assertFalse(list((studio.folder / "results").glob("*.impasto")))

    def test_refusals(self):
        studio = self.studio()
        content, style = studio.pictures()
        styles = [{"picture": style}]
        for wrong, field in (({"model": "nothing"}, "model"), ({"model": "ink", "styles": styles}, "styles"),
                             ({"styles": []}, "styles"), ({"content": content}, "content"),
                             ({"settings": {"length": -1}}, "length"), ({"settings": {"output": "x"}}, "output")):
            refused = self.begin(studio, status=422, **wrong) if "content" not in wrong else studio.ask(
                "POST", "/api/jobs", {"command": "video", "model": "ink"} | wrong, 422)
            self.assertEqual(refused["field"], field, wrong)
        film = studio.ask("POST", "/api/films", y4m(2))["id"]
        for command in ({"command": "paint", "styles": styles}, {"command": "apply", "model": "ink"},
                        {"command": "train", "styles": styles}):
            self.assertEqual(studio.ask("POST", "/api/jobs", command | {"content": film}, 422)["field"], "content")
        plan = {"command": "video", "model": "ink", "content": content}
        self.assertEqual(studio.ask("POST", "/api/plan", plan, 422)["field"], "content")
