# SPDX-License-Identifier: MIT
"""What is to come, told before it is begun: of paintings, of films, which are measured, and of trainings."""

import unittest

from browser import program as chromium
from case_video import y4m

from paged import Paged
from served import CHEAP, LESSONS, PATIENCE, Served, json, os, png, signal, time, until_still

SLOW = {"IMPASTO_TIMEOUT": "100000"}  # whatever the machine does besides
LIMIT = 10  # seconds; a worker is asked for a sign of life in half of them


class Held:
    """A film whose frames come by a pipe: it is measured for as long as a test wants."""

    def __init__(self, studio):
        film = studio.ask("POST", "/api/films", y4m(3), X_Impasto_Name="film.y4m")["id"]
        path = studio.folder / "pictures" / film
        path.unlink()
        os.mkfifo(path)
        self.path, self.to = path, -1
        self.asked = {"command": "video", "content": film, "model": "ink"}
        self.words = ["POST", "/api/plan", json.dumps(self.asked)]
        studio.case.addCleanup(self.close)

    def open(self):
        """Once the worker reads the film."""
        self.to = os.open(self.path, os.O_WRONLY)
        return self

    def give(self, data):
        os.write(self.to, data)

    def close(self):
        if self.to >= 0:
            os.close(self.to)
        self.to = -1


class Plans(Served):
    def until(self, wanted):
        end = time.monotonic() + PATIENCE
        while not wanted():
            self.assertLess(time.monotonic(), end, "too long")
            time.sleep(0.05)

    def answer(self, connection):
        answer = connection.getresponse()
        self.addCleanup(connection.close)
        return answer.status, json.loads(answer.read())

    def test_a_painting(self):
        """As --plan has it, and the time by that of the last painting."""
        studio = self.studio()
        content, style = studio.pictures()
        asked = {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": CHEAP}
        plan = studio.ask("POST", "/api/plan", asked)
        self.assertEqual((plan["width"], plan["height"], plan["iterations"], plan["seconds"]), (32, 24, 2, None))
        self.assertAlmostEqual(plan["work"], 2 * 32 * 24 / 1e6)
        self.assertEqual(plan["bytes"], sum(plan["memory"].values()))
        studio.until(studio.paint()["id"], "done")
        again = studio.ask("POST", "/api/plan", asked | {"settings": CHEAP | {"iterations": 20}})
        self.assertGreater(again["seconds"], 0)
        self.assertAlmostEqual(again["work"], 10 * plan["work"])
        # Areas count: each painting has losses of its own.
        half = studio.upload(png(32, 24, lambda x, y: (255, 0, 0) if x < 16 else (0, 0, 255)), "map.png")["id"]
        both = asked | {"styles": 2 * [{"picture": style}]}
        masks = [{"picture": half, "colour": colour} for colour in ("ff0000", "0000ff")]
        with_areas = studio.ask("POST", "/api/plan", both | {"masks": masks})
        self.assertNotEqual(with_areas["bytes"], studio.ask("POST", "/api/plan", both)["bytes"])
        refusal = studio.ask("POST", "/api/plan", asked | {"settings": CHEAP | {"size": 2048, "memory": "16M"}}, 422)
        self.assertEqual(refusal["status"], "memory")
        self.assertIn("would fit", refusal["error"])
        self.assertEqual(studio.ask("POST", "/api/plan", asked | {"settings": {"size": -1}}, 422)["field"], "size")
        self.assertEqual(studio.ask("POST", "/api/plan", asked | {"styles": []}, 422)["field"], "styles")
        self.assertEqual(list((studio.folder / "uploads").iterdir()), [])
        self.assertEqual(len(studio.ask("GET", "/api/jobs")["jobs"]), 1)

    def test_a_film(self):
        """What it takes is measured by its first frames; nothing stays of them."""
        studio = self.studio(env=SLOW)
        studio.until_models()
        _, style = studio.pictures()
        film = studio.ask("POST", "/api/films", y4m(6), X_Impasto_Name="film.y4m")["id"]
        painted = {"styles": [{"picture": style}], "settings": {"size": 32, "iterations": 3, "scales": 1}}
        for asked in ({"model": "ink", "settings": {"every": 2}}, painted):
            plan = studio.ask("POST", "/api/plan", {"command": "video", "content": film} | asked)
            self.assertEqual([plan[name] for name in ("width", "height", "frames")],
                             [32, 24, 3 if "model" in asked else 6])
            self.assertEqual(plan["first"] is None, "model" in asked)
            self.assertAlmostEqual(plan["seconds"], plan["frames"] * plan["each"] +
                                   (plan["first"] - plan["each"] if plan["first"] else 0))
            self.assertGreater(plan["bytes"], 0)
            self.assertEqual(sum(plan["memory"].values()), plan["bytes"])
            self.assertLess(0, plan["disk"])
            self.assertLess(plan["disk"], plan["free"])
        refusal = studio.ask("POST", "/api/plan", {"command": "video", "content": film, "model": "ink",
                                                   "settings": {"every": -1}}, 422)
        self.assertEqual(refusal["field"], "every")
        self.assertEqual(studio.ask("GET", "/api/jobs")["jobs"], [])
        self.assertEqual(list((studio.folder / "uploads").iterdir()) +
                         list((studio.folder / "results").iterdir()), [])

    def test_the_first_frames(self):
        """Whatever is painted of a film, the worker reads no more of it: the rest of this one is damaged."""
        studio = self.studio(env=SLOW)
        damaged = y4m(6)[:-2000] + 1000 * b"x" + 50 * y4m(1)
        film = studio.ask("POST", "/api/films", damaged, X_Impasto_Name="a.y4m")["id"]
        studio.until_models()
        for settings in ({"every": 1000000}, {"fps": 0.001}, {"start": 0.2}):
            plan = studio.ask("POST", "/api/plan", {"command": "video", "content": film, "model": "ink",
                                                    "settings": settings})
            self.assertGreater(plan["each"], 0)

    def test_a_training(self):
        """Its time is what was asked for, or goes by that of the last training; nothing stays of it."""
        studio = self.studio(env=SLOW)
        content, style = studio.pictures()
        photos = [studio.upload(png(64, 64))["id"]]
        asked = {"command": "train", "content": content, "styles": [{"picture": style}], "photos": photos,
                 "settings": LESSONS}
        plan = studio.ask("POST", "/api/plan", asked)
        self.assertEqual((plan["steps"], plan["seconds"]), (2, None))
        self.assertAlmostEqual(plan["work"], 2 * 32 * 32 / 1e6)
        self.assertEqual(sum(plan["memory"].values()), plan["bytes"])
        minutes = {name: value for name, value in LESSONS.items() if name != "steps"} | {"minutes": 3}
        plan = studio.ask("POST", "/api/plan", asked | {"settings": minutes})
        self.assertEqual((plan["steps"], plan["seconds"]), (None, 180))
        refusal = studio.ask("POST", "/api/plan", asked | {"settings": LESSONS | {"minutes": -1}}, 422)
        self.assertEqual(refusal["field"], "minutes")
        for place in ("uploads", "jobs", "results"):
            self.assertEqual(list((studio.folder / place).iterdir()), [])
        done = studio.until(studio.ask("POST", "/api/jobs", asked)["id"], "done")
        self.assertAlmostEqual(done["work"], 2 * 32 * 32 / 1e6)
        longer = studio.ask("POST", "/api/plan", asked | {"settings": LESSONS | {"steps": 4}})
        self.assertAlmostEqual(longer["work"], (3 * 32 * 32 + 48 * 48) / 1e6)
        self.assertAlmostEqual(longer["seconds"] / done["seconds"], longer["work"] / done["work"], 5)
        # A painting's goes by paintings.
        painting = studio.ask("POST", "/api/plan", {"command": "paint", "content": content,
                                                    "styles": [{"picture": style}], "settings": CHEAP})
        self.assertIsNone(painting["seconds"])

    def test_a_worker_that_dies(self):
        """Another one begins anew. If that dies as well, it is told."""
        studio = self.studio(env=SLOW)
        studio.until_models()
        held = Held(studio)
        connection = studio.send(*held.words)
        for _ in range(2):
            held.open()
            # It is closed before the next worker is there, which would take its end for the film's,
            # and while this one is stopped, which would as well.
            workers = studio.workers()
            for process in workers:
                os.kill(process, signal.SIGSTOP)
                until_still(process)
            held.close()
            for process in workers:
                os.kill(process, signal.SIGKILL)
                while process in studio.workers():
                    time.sleep(0.02)
        status, refusal = self.answer(connection)
        self.assertEqual(status, 422)
        self.assertIn("the worker has ended", refusal["error"])

    def test_a_newer_plan(self):
        """Of a film or of a painting, it takes the place of the one that is measured."""
        studio = self.studio(env=SLOW)
        content, style = studio.pictures()
        film = studio.ask("POST", "/api/films", y4m(6))["id"]
        studio.until_models()
        for newer in ({"command": "video", "content": film, "model": "ink"},
                      {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": CHEAP}):
            held = Held(studio)
            older = studio.send(*held.words)
            held.open()
            self.assertGreater(studio.ask("POST", "/api/plan", newer)["bytes"], 0)
            status, refusal = self.answer(older)
            self.assertEqual((status, refusal["status"]), (409, "interrupted"))
            held.close()

    def test_a_newer_plan_that_is_refused(self):
        """The older one goes on."""
        studio = self.studio(env=SLOW)
        content, style = studio.pictures()
        studio.until_models()
        held = Held(studio)
        older = studio.send(*held.words)
        held.open()
        waiting = [studio.send("GET", f"/api/pictures/{content}/map") for _ in range(7)]
        for _ in range(3):
            studio.ask("GET", "/api/about")  # so that the studio has got them
        newer = {"command": "paint", "content": content, "styles": [{"picture": style}], "settings": CHEAP}
        self.assertIn("too much", studio.ask("POST", "/api/plan", newer, 429)["error"])
        held.give(y4m(3))
        held.close()
        status, plan = self.answer(older)
        self.assertEqual((status, plan["width"]), (200, 32))
        for connection in waiting:
            self.assertEqual(connection.getresponse().status, 200)
            connection.close()

    def test_whoever_leaves(self):
        """Nothing is measured any more for a page that is closed, and the worker has time for others."""
        studio = self.studio(env=SLOW)
        studio.until_models()
        held = Held(studio)
        connection = studio.send(*held.words)
        held.open()
        connection.close()
        studio.upload(png(16, 16))
        # Of uploads that nobody waits for, nothing stays. One that no worker is at does not wait for its turn.
        pictures = studio.folder / "pictures"
        there = lambda: {path.name for path in pictures.iterdir() if "." not in path.name}  # noqa: E731
        before = there()
        with studio.stopped_workers():
            at_hand = studio.send("POST", "/api/pictures", png(17, 16))
            self.until(lambda: len(there()) == len(before) + 1)
            looked_at = there()
            queued = studio.send("POST", "/api/pictures", png(19, 16))
            self.until(lambda: len(there()) == len(before) + 2)
            queued.close()
            self.until(lambda: there() == looked_at)
            at_hand.close()
            for _ in range(3):
                studio.ask("GET", "/api/about")
        last = studio.upload(png(18, 16))["id"]
        self.assertEqual(there(), before | {last})

    def test_whoever_stays(self):
        """Another one who has sent the same picture has it, though the first one left."""
        studio = self.studio(env=SLOW)
        studio.until_models()
        pictures = studio.folder / "pictures"
        with studio.stopped_workers():
            first, left = [studio.send("POST", "/api/pictures", png(width, 16)) for width in (17, 18)]
            self.until(lambda: len(list(pictures.iterdir())) == 2)
            stays = studio.send("POST", "/api/pictures", png(18, 16))
            for _ in range(3):
                studio.ask("GET", "/api/about")  # so that the studio has got it
            left.close()
            for _ in range(3):
                studio.ask("GET", "/api/about")
        for connection, width in ((first, 17), (stays, 18)):
            self.assertEqual(self.answer(connection)[1]["width"], width)

    def refused(self, connection):
        status, refusal = self.answer(connection)
        self.assertEqual((status, refusal["status"]), (409, "interrupted"))
        self.assertIn("too long", refusal["error"])

    def test_the_limit(self):
        """It is of the measuring; what comes before it may take longer, but not for ever. Then others have their
        turn."""
        limited = {"IMPASTO_TIMEOUT": str(LIMIT)}
        begins_never, studio = self.studio("--folder", self.folder / "other", env=limited), self.studio(env=limited)
        begins_never.folder = self.folder / "other"
        begins_never.until_models()
        never = Held(begins_never)
        waiting = begins_never.send(*never.words)
        never.open()
        studio.until_models()
        held = Held(studio)
        connection = studio.send(*held.words)
        held.open()
        time.sleep(LIMIT + 1)
        held.give(y4m(3))
        held.close()
        self.assertEqual(self.answer(connection)[0], 200)
        held = Held(studio)
        connection = studio.send(*held.words)
        held.open()
        held.give(y4m(1))
        self.refused(connection)
        studio.upload(png(16, 16))
        self.refused(waiting)
        begins_never.upload(png(16, 16))


@unittest.skipUnless(chromium(), "Chromium is not installed")
class Page(Paged):
    def test_a_page_that_is_closed(self):
        """So is one whose film is not wanted any more: what was measured for it ends."""
        page = self.enter(env=SLOW)
        click = lambda selector: page.run(f"document.querySelector({json.dumps(selector)}).click()")  # noqa: E731
        page.drop("#content-drop", self.write("film.y4m", y4m(3)))
        page.until("document.getElementById('content-image').alt.startsWith('The film film.y4m')")
        click("[name=command][value=apply]")
        page.until("!!document.querySelector('[name=model][value=ink]')")
        click("[name=model][value=ink]")
        held = Held(self.server)
        click("#measure")
        held.open()
        self.option(page, "every", 2)
        self.server.upload(png(16, 16))
        held.close()
        page.until("!document.getElementById('measure').hidden")
        click("#measure")
        held.open()
        self.browser.call("Target.closeTarget", targetId=page.target)
        self.server.upload(png(17, 16))
