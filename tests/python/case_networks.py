# SPDX-License-Identifier: MIT
"""Style networks: files, pictures, frames, films and training."""

import json
import os
import signal
import subprocess

import impasto
import numpy as np
from common import PAINTING, PHOTO, ROOT, Case, photo

BASE = ROOT / "weights" / "base-8.model"


class Models(Case):
    def test_names(self):
        """Files, models that come with the package, and their styles."""
        base = impasto.Model(BASE)
        self.assertEqual(impasto.Model("base-8").styles, base.styles)
        self.assertIn(base.identity, base.styles)
        self.assertGreater(base.parameters, 10000)
        self.assertIsInstance(json.loads(base.training or "{}"), dict)
        self.assertEqual(impasto.Model("ink").styles, ("ink", impasto.Model("base-16").identity))
        self.fails(impasto.WeightsError, "did you mean ink?", impasto.Model, "inc")
        self.fails(impasto.WeightsError, "nosuch.model", impasto.Model, "nosuch.model")

    def test_picked(self):
        base = impasto.Model(BASE)
        two = base.pick(base.styles[2], base.styles[0])
        two.save(self.folder / "two.model", half=True)
        self.assertEqual(impasto.Model(self.folder / "two.model").styles, (base.styles[2], base.styles[0]))
        self.fails(impasto.UsageError, "nosuch", base.pick, "nosuch")
        self.fails(impasto.UsageError, "", base.pick)


class Applying(Case):
    def test_as_the_program(self):
        impasto.Image(PHOTO).save(self.folder / "photo.png")
        first, second = impasto.Model(BASE).styles[:2]
        subprocess.run([os.environ["IMPASTO_BIN"], "apply", BASE, "photo.png", "-o", "out.png", "--device", "0",
                        "--quiet", "--strength", "0.5", "--mix", f"{first}:1,{second}:3", "--colour", "luma"],
                       check=True, cwd=self.folder)
        made = impasto.apply(PHOTO, BASE, device=self.open_device(), mix={first: 1, second: 3}, strength=0.5,
                             colour="luma")
        np.testing.assert_array_equal(made.to_uint8(), impasto.Image(self.folder / "out.png").to_uint8())

    def test_what_results_say(self):
        impasto.Image(PHOTO).save(self.folder / "photo.png")
        first, second = impasto.Model(BASE).styles[:2]
        made = impasto.apply(self.folder / "photo.png", BASE, device=self.open_device(), mix={first: 1, second: 3},
                             strength=0.5)
        record = json.loads(made.settings)
        self.assertEqual((record["command"], record["settings"]), ("apply", {
            "content": "photo.png", "model": "base-8.model", "mix": f"{first}:1,{second}:3", "strength": 0.5}))
        made.save(self.folder / "made.png")
        subprocess.run(["cp", BASE, self.folder], check=True)
        subprocess.run([os.environ["IMPASTO_BIN"], "apply", "--settings", "made.png", "-o", "again.png", "--device", "0",
                        "--quiet"], check=True, cwd=self.folder)
        np.testing.assert_array_equal(impasto.Image(self.folder / "again.png").to_uint8(), made.to_uint8())
        numbers = impasto.apply(PHOTO, BASE, device=self.open_device(), strength=np.float32(0.5), size=np.int64(32),
                                steady=0.1, smooth=0.5)
        self.assertEqual(json.loads(numbers.settings)["settings"],
                         {"model": "base-8.model", "strength": 0.5, "size": 32})
        named = json.loads(impasto.apply(PHOTO, "ink", device=self.open_device()).settings)["settings"]
        self.assertEqual(named, {"model": "ink"})

    def test_parts(self):
        first, second = impasto.Model(BASE).styles[:2]
        left = np.zeros((36, 48), bool)
        left[:, :24] = True
        with impasto.Applier(self.open_device(), BASE) as applier:
            self.assertEqual(applier.styles[:2], (first, second))
            plain = np.asarray(applier.paint(PHOTO))
            mixed = np.asarray(applier.paint(PHOTO, regions=[(left, second)]))
            kept = np.asarray(applier.paint(PHOTO, keep=left))
            np.testing.assert_array_equal(mixed[:, 40:], plain[:, 40:])
            self.assertGreater(np.abs(mixed[:, :10] - plain[:, :10]).max(), 0.01)
            np.testing.assert_allclose(kept[:, :20], PHOTO[:, :20] / 255, atol=1e-6)
            applier.change(mix=second)
            np.testing.assert_array_equal(np.asarray(applier.paint(PHOTO))[:, :10], mixed[:, :10])
            applier.change(size=24, memory="256M")
            self.assertEqual(repr(applier.paint(PHOTO)), "<impasto.Image 24x18>")

    def test_refused(self):
        device = self.open_device()
        for kind, words, keywords in [
                (ValueError, "there is no style 'nosuch'", {"mix": "nosuch"}),
                (ValueError, "there is no style", {"mix": {"nosuch": 1}}),
                (impasto.UsageError, "weight", {"mix": {impasto.Model(BASE).styles[0]: -1}}),
                (impasto.UsageError, "`strength`", {"strength": 3}),
                (TypeError, "b'1'", {"strength": b"1"}),
                (TypeError, "is no setting of style networks", {"iterations": 3}),
                (impasto.UsageError, "`colour`", {"colour": "blue"}),
                (ValueError, "no whole number", {"size": 20.5})]:
            self.fails(kind, words, impasto.Applier, device, BASE, **keywords)

    def test_frames(self):
        frame = photo(48, 64)
        with impasto.Applier(self.open_device(), BASE) as applier:
            expected = applier.frame(frame)
            self.assertEqual((expected.dtype, expected.shape), (np.uint8, frame.shape))
            self.assertLessEqual(np.abs(applier.paint(frame).to_uint8().astype(int) - expected).max(), 1)
            wide = np.zeros((48, 70, 3), np.uint8)
            wide[:, :64] = frame
            np.testing.assert_array_equal(applier.frame(wide[:, :64]), expected)  # rows with gaps
            np.testing.assert_array_equal(applier.frame(frame[:, ::-1][:, ::-1]), expected)
            np.testing.assert_array_equal(applier.frame(np.asfortranarray(frame)), expected)
            out = np.zeros((48, 70, 3), np.uint8)
            self.assertIs(applier.frame(frame, out[:, :64]).base, out)
            np.testing.assert_array_equal(out[:, :64], expected)
            self.assertFalse(out[:, 64:].any())
            frozen = frame.copy()
            frozen.flags.writeable = False
            np.testing.assert_array_equal(applier.frame(frozen), expected)
            for kind, words, arguments in [
                    (ValueError, "cannot be written", (frame, frozen)),
                    (ValueError, "not in order", (frame, out[:, 63::-1])),
                    (ValueError, "out: the shape", (frame, frame[:40])),
                    (TypeError, "float64", (frame / 255,)), (TypeError, "not list", ([1],)),
                    (ValueError, "(48, 64)", (frame[..., 0],)), (TypeError, "out: its values", (frame, frame * 1.0)),
                    (impasto.Error, "", (frame[:0],))]:
                self.fails(kind, words, applier.frame, *arguments)


class Films(Case):
    FILM = {"size": 32, "weights": "builtin", "iterations": 2, "style_layers": "1_1,2_1", "content_layers": "2_1"}

    def test_network(self):
        frames = [np.roll(photo(48, 64), 2 * i, 1) for i in range(3)]
        device = self.open_device()
        with impasto.Clip.network(device, BASE, 64, 48) as clip, impasto.Applier(device, BASE) as applier:
            for frame, result in zip(frames, clip.frames(frames)):
                np.testing.assert_array_equal(result, applier.frame(frame))
            self.assertEqual((clip.info.frames, clip.info.result_width), (3, 64))
            self.fails(impasto.UsageError, "", clip.frame, frames[0][:40])

    def test_painting(self):
        frames = [np.roll(photo(48, 64), 2 * i, 1) for i in range(3)]
        device, steps = self.open_device(), []
        with impasto.Clip.painting(device, [PAINTING, (PHOTO, 0.5)], 64, 48, consistency="fine", frame_iterations=1,
                                   temporal_weight=5, measure=True, progress=steps.append, **self.FILM) as clip:
            results = [clip.frame(frame) for frame in frames[:2]]
            clip.save(self.folder / "clip.state")
            results.append(clip.frame(frames[2]))
            info = clip.info
            self.assertEqual((info.result_width, info.result_height, info.frames, info.scenes), (32, 24, 3, 1))
            self.assertEqual((results[0].shape, results[0].dtype, info.iterations), ((24, 32, 3), np.uint8, 1))
            self.assertEqual(info.warp[0]["pairs"], 2)
            self.assertTrue(steps)
        with impasto.Clip.painting(device, [PAINTING, (PHOTO, 0.5)], 64, 48, consistency="fine", frame_iterations=1,
                                   temporal_weight=5, measure=True, **self.FILM) as clip:
            clip.load(self.folder / "clip.state")
            np.testing.assert_array_equal(clip.frame(frames[2]), results[2])
            self.fails(impasto.InputError, "", clip.load, BASE)

    def test_floats(self):
        with impasto.Clip.network(self.open_device(), BASE, 64, 48) as clip:
            frame = photo(48, 64)
            made = clip.frame(frame.astype(np.float32) / np.float32(255))
            self.assertEqual(made.dtype, np.float32)
            np.testing.assert_allclose(made * 255, clip.frame(frame), atol=1)

    def test_stopped(self):
        """By a callback's word, by what it raises, and by Ctrl-C within a frame. The frame can be tried again."""
        frame, ask = photo(48, 64), [lambda: True]
        with impasto.Clip.painting(self.open_device(), PAINTING, 64, 48, progress=lambda step: ask[0](),
                                   **self.FILM) as clip:
            self.fails(impasto.Stopped, "", clip.frame, frame)
            ask[0] = lambda: clip.info
            self.fails(impasto.UsageError, "a callback may not", clip.frame, frame)
            before = signal.signal(signal.SIGINT, signal.default_int_handler)
            self.addCleanup(signal.signal, signal.SIGINT, before)
            ask[0] = lambda: os.kill(os.getpid(), signal.SIGINT)
            with self.assertRaises(KeyboardInterrupt):
                clip.frame(frame)
            ask[0] = lambda: False
            self.assertEqual(clip.frame(frame).shape, (24, 32, 3))

    def test_refused(self):
        device = self.open_device()
        self.fails(ValueError, "'best' is none of none, film", impasto.Clip.painting, device, PAINTING, 64, 48,
                   consistency="best")
        self.fails(impasto.Error, "", impasto.Clip.network, device, BASE, 0, 48)
        self.fails(TypeError, "'nonsense'", impasto.Clip.painting, device, PAINTING, 64, 48, nonsense=1)


class Trainings(Case):
    CHEAP = {"weights": "builtin", "width": 8, "steps": 3, "crop": 32, "late_crop": 32, "late_batch": 1, "batch": 1,
             "judge_size": 32, "judge_every": 1, "style_size": 32, "photo_memory": "4M"}

    def test_trains(self):
        steps = []
        model = impasto.train({"mine": PAINTING}, self.folder / "mine.model", device=self.open_device(),
                              progress=steps.append, **self.CHEAP)
        self.assertEqual((model.styles, [step.step for step in steps]), (("mine",), [1, 2, 3]))
        self.assertTrue(steps[-1].done and steps[0].judged and steps[0].best > 0)
        self.assertIn("3/3: loss ", str(steps[-1]))
        self.assertEqual(impasto.apply(PHOTO, model, device=self.open_device()).rgb.shape, PHOTO.shape)

    def test_resumes(self):
        impasto.Image(PAINTING).save(self.folder / "night.png")
        device, checkpoint = self.open_device(), self.folder / "run.ckpt"
        with impasto.Training(device, self.folder / "night.png", shown=PHOTO, **self.CHEAP) as training:
            self.assertEqual((training.info.styles, training.info.drawn), (("night",), True))
            next(training)
            training.checkpoint(checkpoint)
            self.assertEqual(training.picture(PHOTO, "night").width, 32)
            self.fails(ValueError, "'day' is none of night", training.picture, PHOTO, "day")
            self.assertEqual([step.step for step in training], [2, 3])
            training.save(self.folder / "whole.model")
        with impasto.Training.resume(device, checkpoint, self.folder / "night.png", shown=PHOTO,
                                     weights="builtin") as training:
            self.assertEqual([step.step for step in training], [2, 3])
            training.save(self.folder / "again.model")
        self.assertEqual((self.folder / "again.model").read_bytes(), (self.folder / "whole.model").read_bytes())

    def test_refused(self):
        device = self.open_device()
        self.fails(TypeError, "{name: picture}", impasto.Training, device, [PAINTING], **self.CHEAP)
        self.fails(TypeError, "did you mean 'steps'", impasto.Training, device, {"a": PAINTING}, step=3)
        self.fails(impasto.UsageError, "`crop`", impasto.Training, device, {"a": PAINTING}, crop=5)
        self.fails(impasto.UsageError, "nosuch", impasto.Training, device, {"nosuch": None}, **self.CHEAP)
        self.fails(impasto.WeightsError, "nosuch", impasto.Training, device, {"a": PAINTING}, base="nosuch.model")
