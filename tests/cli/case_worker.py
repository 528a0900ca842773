# SPDX-License-Identifier: MIT
"""impasto worker: jobs by lines of JSON, and how they end."""

import json
import os
import signal
import subprocess
import time

from case_video import y4m
from support import INPUT, OUTPUT, PATIENCE, SIGINT_CODE, SIGTERM_CODE, USAGE, Case, pixels, png, read_png

# As support.CHEAP, in the words of a request.
CHEAP = {"weights": "builtin", "size": 32, "iterations": 2, "style-layers": "1_1,2_1", "content-layers": "2_1"}
# A run that lasts until somebody stops it.
LONG = CHEAP | {"iterations": 100000}
PICTURES = {"content": "content.png", "style": ["style.png"]}


class Worker(Case):
    def setUp(self):
        super().setUp()
        self.worker = self.start("worker", stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, self.worker)
        self.assertEqual(self.next()["event"], "ready")

    @staticmethod
    def end(worker):
        worker.kill()
        worker.wait()
        for stream in (worker.stdin, worker.stdout):
            if stream and not stream.closed:
                stream.close()

    def ask(self, *requests):
        for request in requests:
            line = request if isinstance(request, bytes) else json.dumps(request).encode()
            self.worker.stdin.write(line + b"\n")
        self.worker.stdin.flush()

    def next(self):
        line = self.worker.stdout.readline()
        self.assertTrue(line.endswith(b"\n"), "the worker is gone")
        return json.loads(line)

    def until(self, wanted):
        events = []
        while not events or not wanted(events[-1]):
            events.append(self.next())
        return events

    def job(self, name, task="paint", settings=None, options=None, **more):
        request = {"do": task, "job": name} | more
        request |= {"settings": settings} if settings is not None else {}
        request |= {"options": options} if options is not None else {}
        self.ask(request)
        return self.ending(name)

    def ending(self, name):
        events = self.until(lambda event: event["event"] in ("done", "error"))
        self.assertEqual({event.get("job") for event in events}, {name})
        return events

    def close(self):
        self.worker.stdin.close()
        rest = [json.loads(line) for line in self.worker.stdout]
        return self.worker.wait(timeout=PATIENCE), rest


class Jobs(Worker):
    def test_a_painting_is_the_command_line_s(self):
        self.stylise("-o", "direct.png")
        events = self.job("a", settings=PICTURES | CHEAP, options={"output": "out.png"}, preview=16)
        kinds = [event["event"] for event in events]
        self.assertEqual(kinds[0], "start")
        self.assertEqual(kinds[-1], "done")
        self.assertEqual([e["iteration"] for e in events if e["event"] == "iteration"], [0, 1, 2])
        self.assertEqual([e["phase"] for e in events if e["event"] == "phase"],
                         ["loading", "opening", "preparing", "painting", "saving"])
        self.assertTrue(all(e["jpeg"].startswith("/9j/") for e in events if e["event"] == "preview"))
        self.assertGreaterEqual(kinds.count("preview"), 1)
        self.assertEqual((self.folder / "out.png").read_bytes(), (self.folder / "direct.png").read_bytes())

    def test_the_device_stays_open(self):
        def compiled(events):
            return [e["text"] for e in events if e["event"] == "log" and e["text"].startswith("device ")]

        first = self.job("a", settings=PICTURES | CHEAP, options={"output": "a.png"})
        second = self.job("b", settings=PICTURES | CHEAP, options={"output": "b.png"})
        third = self.job("c", "apply", settings={"content": "content.png", "model": "ink"}, options={"output": "c.png"})
        self.assertEqual([len(compiled(events)) for events in (first, second, third)], [1, 0, 0])
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())
        self.assertEqual(read_png(self.folder / "c.png")[:2], (32, 24))

    def test_several_in_a_row(self):
        self.ask(*({"do": "paint", "job": str(i), "settings": PICTURES | CHEAP,
                    "options": {"output": f"{i}.png"}} for i in range(3)))
        self.assertEqual([self.ending(str(i))[-1]["output"] for i in range(3)], ["0.png", "1.png", "2.png"])

    def test_a_region(self):
        half = self.write("half.png", self.mask())
        self.job("a", settings=PICTURES | CHEAP | {"keep": str(half)}, options={"output": "out.png"})
        rows, content = pixels(self.folder / "out.png"), pixels(self.folder / "content.png")
        self.assertEqual([row[:14] for row in rows], [row[:14] for row in content])
        self.assertNotEqual([row[18:] for row in rows], [row[18:] for row in content])

    def mask(self):
        return png(32, 24, lambda x, y: 3 * (255 if x < 16 else 0,))

    def test_a_look(self):
        self.job("a", settings=PICTURES | CHEAP, options={"output": "out.png"})
        looked, done = self.job("l", "look", picture="out.png", thumb="small.jpg")
        self.assertEqual((looked["event"], done["event"]), ("looked", "done"))
        self.assertEqual((looked["width"], looked["height"], looked["transparent"]), (32, 24, False))
        self.assertEqual(looked["settings"]["settings"]["size"], 32)
        self.assertEqual((self.folder / "small.jpg").read_bytes()[:2], b"\xff\xd8")
        self.write("bad.png", b"\x89PNG\r\n\x1a\nnothing more")
        error = self.job("m", "look", picture="bad.png", thumb="none.jpg")[-1]
        self.assertEqual((error["code"], error["status"]), (INPUT, "input"))
        self.assertFalse((self.folder / "none.jpg").exists())

    def test_a_plan(self):
        """What --plan says, and nothing is written."""
        plan, done = self.job("p", "plan", settings=PICTURES | CHEAP, options={"output": "out.png"})[-2:]
        self.assertEqual((plan["event"], done["event"]), ("plan", "done"))
        self.assertEqual((plan["width"], plan["height"], plan["scales"], plan["iterations"]), (32, 24, 1, 2))
        self.assertAlmostEqual(plan["work"], 2 * 32 * 24 / 1e6)
        self.assertEqual(plan["bytes"], sum(plan["memory"].values()))
        self.assertFalse((self.folder / "out.png").exists())
        for command in ("apply", "worker", 1):
            refused = self.job("q", "plan", command=command)[-1]
            self.assertEqual((refused["status"], refused["text"]),
                             ("usage", '"command" of a plan must be paint, video or train'))

    def test_a_plan_of_a_training(self):
        tiny = {"base": "none", "width": 8, "crop": 32, "late-crop": 48, "judge-size": 32, "style-size": 32,
                "weights": "builtin", "output": "a.model"}
        asked = {"command": "train", "words": ["night=style.png"]}
        plan, done = self.job("a", "plan", **asked, options=tiny | {"steps": 3, "batch": 1, "late-batch": 2})[-2:]
        self.assertEqual((plan["event"], done["event"], plan["steps"]), ("plan", "done", 3))
        self.assertAlmostEqual(plan["work"], (2 * 32 * 32 + 2 * 48 * 48) / 1e6)
        self.assertEqual(plan["bytes"], sum(plan["memory"].values()))
        timed = self.job("b", "plan", **asked, options=tiny | {"minutes": 2})[-2]
        self.assertEqual((timed["steps"], timed["seconds"], timed["bytes"] > 0), (None, 120, True))
        self.assertFalse((self.folder / "a.model").exists())

    def test_a_training(self):
        """Its words name the styles; its previews are of the picture that is shown. Then the network paints."""
        tiny = {"base": "none", "width": 8, "steps": 2, "crop": 32, "late-crop": 48, "judge-size": 32, "judge-every": 1,
                "style-size": 32, "weights": "builtin"}
        events = self.job("t", "train", words=["night=style.png"], preview=16,
                          options=tiny | {"output": "a.model", "show": "content.png"})
        self.assertEqual([e["phase"] for e in events if e["event"] == "phase"],
                         ["loading", "opening", "training", "saving"])
        steps = [e for e in events if e["event"] == "step"]
        self.assertEqual([(e["step"], e["steps"], e["share"] <= 1) for e in steps], [(1, 2, True), (2, 2, True)])
        self.assertTrue(all(e["best"] <= e["judged"] and e["content"] > 0 and e["style"] > 0 for e in steps))
        self.assertTrue(all(e["jpeg"].startswith("/9j/") for e in events if e["event"] == "preview"))
        self.assertGreaterEqual(len([e for e in events if e["event"] == "preview"]), 2)
        self.assertEqual((events[-1]["event"], events[-1]["output"]), ("done", "a.model"))
        # Once more on the open device, without a preview: the same network.
        again = self.job("u", "train", words=["night=style.png"], options=tiny | {"output": "b.model"})
        self.assertEqual([e for e in again if e["event"] == "preview" or e.get("text", "").startswith("device ")], [])
        for name in ("a", "b"):
            done = self.job(name, "apply", settings={"content": "content.png", "model": f"{name}.model"},
                            options={"output": f"{name}.png"})[-1]
            self.assertEqual(done["event"], "done", done)
        self.assertEqual(pixels(self.folder / "a.png"), pixels(self.folder / "b.png"))

    def test_a_film(self):
        """As impasto video makes it, to the byte; a look at it first."""
        self.write("film.y4m", y4m(3))
        looked = self.job("l", "look", film="film.y4m", thumb="small.jpg")[0]
        self.assertEqual((looked["film"], looked["width"], looked["height"]), (True, 32, 24))
        self.assertEqual((self.folder / "small.jpg").read_bytes()[:2], b"\xff\xd8")
        events = self.job("v", "video", words=["film.y4m"], options={"output": "a.y4m", "model": "ink"}, preview=16)
        self.assertEqual([e["frame"] for e in events if e["event"] == "frame"], [1, 2, 3])
        self.assertTrue(all(e["jpeg"].startswith("/9j/") for e in events if e["event"] == "preview"))
        self.assertGreaterEqual(len([e for e in events if e["event"] == "preview"]), 1)
        again = self.job("w", "video", words=["film.y4m"], options={"output": "b.y4m", "model": "ink"})
        self.assertEqual([e for e in again if e["event"] == "preview" or e.get("text", "").startswith("device ")], [])
        self.succeed("video", "film.y4m", "--model", "ink", "-o", "c.y4m")
        for name in ("a", "b"):
            self.assertEqual((self.folder / f"{name}.y4m").read_bytes(), (self.folder / "c.y4m").read_bytes())
        self.write("none.y4m", b"YUV4MPEG2 W9 H9\n")
        self.assertEqual(self.job("n", "look", film="none.y4m")[-1]["code"], INPUT)

    def test_another_format(self):
        self.job("c", "convert", picture="content.png", output="out.jpg")
        self.assertEqual((self.folder / "out.jpg").read_bytes()[:2], b"\xff\xd8")
        for request in ({"picture": "content.png"}, {"picture": "content.png", "output": "out.bmp"}):
            self.assertEqual(self.job("d", "convert", **request)[-1]["code"], USAGE)

    def test_what_there_is(self):
        devices = self.job("d", "devices")[-2]["devices"]
        self.assertTrue(any(device["preferred"] for device in devices))
        models = {row["model"]: row for row in self.job("m", "models")[-2]["models"]}
        self.assertIn("ink", models["base-16"]["styles"])
        self.assertIs(models["base-16"]["pictures"], True)


class Refusals(Worker):
    def refused(self, said, code=USAGE, **request):
        error = self.job("x", **request)[-1]
        self.assertEqual((error["event"], error["code"], error["output"]), ("error", code, None), error)
        self.assertIn(said, error["text"])

    def test_jobs(self):
        self.refused("frob: not a job", task="frob")
        self.refused("worker: not a job", task="worker")
        self.refused("did you mean", code=INPUT, settings=PICTURES | {"strenght": 1})
        self.refused("--size", code=INPUT, settings=PICTURES | {"size": 5})
        self.refused("holds a list", code=INPUT, settings=[1])
        self.refused("decides nothing", code=INPUT, settings=PICTURES | {"output": "x.png"})
        self.refused("name a content picture", settings={})
        self.refused("missing.png", code=INPUT, settings=PICTURES | {"content": "missing.png"})
        self.refused("must be an object", options=["--size"])
        self.refused("not an option's name", options={"-o": "x.png"})
        self.refused("not an option's name", options={"output=x": "x.png"})
        self.refused("unknown option --frob", options={"frob": 1})
        for name in ("help", "version", "plan", "progress-fd", "settings", "self-test", "show"):
            self.refused("is not for a worker's jobs", settings=PICTURES, options={name: True})
        self.refused("standard streams", settings=PICTURES, options={"output": "-"})
        self.refused("must be a text", settings=PICTURES, options={"output": {}})
        self.refused("whole number", settings=PICTURES, preview="large")
        for words in ("ink", [1], ["-"]):
            self.refused('"words" of a job', task="train", words=words)
        self.refused("train: needs STYLE", task="train")
        self.refused("create it first", code=OUTPUT, settings=PICTURES | CHEAP, options={"output": "no/x.png"})
        self.refused("needs a \"picture\"", task="look")
        self.close_well()

    def close_well(self):
        code, rest = self.close()
        self.assertEqual((code, [event["event"] for event in rest]), (0, ["done"]))

    def test_lines(self):
        for line, words in ((b"x", "not sound JSON"), (b"[]", "what to do"), (b'{"do": 1}', "what to do"),
                            (b'{"do": "paint"}', 'needs a "job"'), (b'{"do": "stop"}', 'needs a "job"'),
                            (b'{"do": "a", "do": "b"}', "not sound JSON"), (b'{"do": "\xff"}', "not sound JSON")):
            self.ask(line)
            error = self.next()
            self.assertEqual((error["event"], error["status"], error.get("job")), ("error", "usage", None))
            self.assertIn(words, error["text"])
        self.ask(b"", b" " * 100000 + b'{"do": "ping"}')
        self.assertEqual(self.next(), {"event": "pong"})
        self.close_well()

    def test_a_line_without_an_end(self):
        self.worker.stdin.write(b" " * (1 << 20))
        self.worker.stdin.flush()
        self.assertIn("1 MiB", self.next()["text"])
        self.assertEqual(self.worker.wait(timeout=PATIENCE), 0)

    def test_a_name_twice(self):
        self.ask(*2 * [{"do": "paint", "job": "a", "settings": PICTURES | CHEAP, "options": {"output": "a.png"}}])
        events = self.until(lambda event: event["event"] == "done")
        self.assertEqual([e["text"] for e in events if e["event"] == "error"],
                         ["job a: there already; give the next one another name"])


class Ends(Worker):
    def begin(self, name, **options):
        self.ask({"do": "paint", "job": name, "settings": PICTURES | LONG, "options": {"output": "out.png"} | options})
        self.until(lambda event: event["event"] == "iteration" and event["iteration"] == 2)

    def test_stop_and_go_on(self):
        settings = PICTURES | CHEAP | {"iterations": 150}
        whole = self.job("w", settings=settings, options={"output": "whole.png"})
        self.assertEqual(whole[-1]["event"], "done")
        self.ask({"do": "paint", "job": "a", "settings": settings,
                  "options": {"output": "part.png", "checkpoint": "a.ckpt"}})
        events = self.until(lambda event: event["event"] == "iteration" and event["iteration"] == 5)
        self.ask({"do": "stop", "job": "a"}, {"do": "ping"})
        events += self.until(lambda event: event["event"] in ("done", "error"))
        self.assertEqual((events[-1]["code"], events[-1]["status"], events[-1]["output"]),
                         (SIGINT_CODE, "interrupted", "part.png"))
        reached = max(e["iteration"] for e in events if e["event"] == "iteration")
        self.assertLess(reached, 150)
        if not any(event["event"] == "pong" for event in events):
            self.assertEqual(self.next(), {"event": "pong"})
        went_on = self.job("a", options={"resume": "a.ckpt", "output": "part.png"})
        self.assertEqual(went_on[-1]["event"], "done")
        self.assertGreaterEqual(min(e["iteration"] for e in went_on if e["event"] == "iteration"), reached)
        self.assertEqual((self.folder / "part.png").read_bytes(), (self.folder / "whole.png").read_bytes())
        more = self.job("b", settings=PICTURES | CHEAP, options={"output": "b.png"})
        self.assertEqual(more[-1]["event"], "done")

    def test_one_that_waits(self):
        self.begin("a")
        self.ask({"do": "paint", "job": "b", "settings": PICTURES | CHEAP, "options": {"output": "b.png"}},
                 {"do": "stop", "job": "b"}, {"do": "stop", "job": "nobody"}, {"do": "stop", "job": "a"})
        ends = {}
        while len(ends) < 2:
            event = self.until(lambda event: event["event"] in ("done", "error"))[-1]
            ends[event["job"]] = event["status"]
        self.assertEqual(ends, {"a": "interrupted", "b": "interrupted"})
        self.assertFalse((self.folder / "b.png").exists())

    def test_the_end_of_input(self):
        self.begin("a", checkpoint="a.ckpt")
        code, rest = self.close()
        self.assertEqual(code, 0)
        self.assertEqual([(e["event"], e.get("job")) for e in rest if e["event"] in ("done", "error")],
                         [("error", "a"), ("done", None)])
        self.assertTrue((self.folder / "a.ckpt").exists())
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))

    def test_signals(self):
        self.begin("a", checkpoint="a.ckpt")
        self.worker.send_signal(signal.SIGTERM)
        rest = [json.loads(line) for line in self.worker.stdout]
        self.assertEqual(self.worker.wait(timeout=PATIENCE), SIGTERM_CODE)
        self.assertEqual([(e["status"], e["code"], e.get("job")) for e in rest if e["event"] == "error"],
                         [("interrupted", SIGTERM_CODE, "a"), ("interrupted", SIGTERM_CODE, None)])
        self.assertTrue((self.folder / "a.ckpt").exists())

    def test_a_signal_between_jobs(self):
        self.job("a", settings=PICTURES | CHEAP, options={"output": "a.png"})
        # The last line of the job is out a moment before the worker waits again.
        time.sleep(0.3)
        self.worker.send_signal(signal.SIGTERM)
        self.assertEqual([json.loads(line)["status"] for line in self.worker.stdout], ["interrupted"])
        self.assertIn(self.worker.wait(timeout=PATIENCE), (-signal.SIGTERM, SIGTERM_CODE))

    def test_a_picture_from_standard_input(self):
        error = self.job("a", settings=PICTURES | CHEAP | {"content": "-"}, options={"output": "a.png"})[-1]
        self.assertEqual(error["event"], "error")
        self.ask({"do": "ping"})
        self.assertEqual(self.next(), {"event": "pong"})

    def test_a_reader_that_is_gone(self):
        reader, writer = os.pipe()
        worker = self.start("worker", stdin=subprocess.PIPE, stdout=writer, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, worker)
        os.close(writer)
        os.close(reader)
        worker.stdin.write(json.dumps({"do": "paint", "job": "a", "settings": PICTURES | CHEAP,
                                       "options": {"output": "a.png"}}).encode() + b"\n")
        worker.stdin.flush()
        for _ in range(int(PATIENCE / 0.1)):
            if (self.folder / "a.png").exists():
                break
            time.sleep(0.1)
        worker.stdin.close()
        self.assertEqual(worker.wait(timeout=PATIENCE), 0)
        self.assertEqual(read_png(self.folder / "a.png")[:2], (32, 24))
