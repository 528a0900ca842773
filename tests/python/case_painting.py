# SPDX-License-Identifier: MIT
"""Painting: stylize, jobs, settings as keywords, what is refused."""

import ast
import json
import os
import subprocess

import impasto
import numpy as np
from common import CHEAP, PAINTING, PHOTO, ROOT, Case, photo


def stylize(*arguments, **keywords):
    return impasto.stylize(*arguments, **{**CHEAP, "device": Case.open_device(), **keywords})


class Stylize(Case):
    def by_program(self, *options):
        """The program's picture of the same."""
        for name, picture in [("photo", PHOTO), ("painting", PAINTING), ("other", photo(36, 48, 3))]:
            impasto.Image(picture).save(self.folder / f"{name}.png")
        base = [f"--{name.replace('_', '-')}={value}" for name, value in CHEAP.items()]
        subprocess.run([os.environ["IMPASTO_BIN"], "photo.png", *options, "-o", "out.png", *base, "--device", "0",
                        "--quiet"], check=True, cwd=self.folder)
        return impasto.Image(self.folder / "out.png").to_uint8()

    def test_as_the_program(self):
        top = np.zeros((36, 48), bool)
        top[:20] = True
        impasto.Image(top).save(self.folder / "top.png")
        impasto.Image(~top).save(self.folder / "bottom.png")
        other = photo(36, 48, 3)
        above, below = impasto.Region(top), impasto.Region(~top)
        for options, styles, keywords in [
                (["painting.png"], PAINTING, {}),
                (["painting.png", "--preset=quick", "--strength=0.75", "--colour=luma", "--seed=3", "--init=noise"],
                 PAINTING, {"preset": "quick", "strength": 0.75, "colour": "luma", "seed": 3, "init": "noise"}),
                (["painting.png:2", "other.png", "--optimizer=adam", "--keep=top.png"],
                 [(PAINTING, 2), other], {"optimizer": "adam", "keep": top}),
                (["painting.png", "--init=other.png"], PAINTING, {"init": other}),
                (["painting.png", "other.png", "--content-mask=top.png", "--content-mask=bottom.png"],
                 [impasto.Style(PAINTING, where=above), impasto.Style(other, where=below)], {})]:
            with self.subTest(options):
                np.testing.assert_array_equal(stylize(PHOTO, styles, **keywords).to_uint8(), self.by_program(*options))

    def test_what_results_say(self):
        """As the program's: a PNG goes with --settings, to the same picture. It tells nothing of where files are."""
        self.by_program("painting.png:2")  # for the pictures' files
        keywords = {"strength": 0.75, "scales": [24, 32], "colour": "luma", "seed": 3, "init": "noise", "style_scale": 1.5}
        made = stylize(self.folder / "photo.png", [(self.folder / "painting.png", 2)], **keywords)
        record = json.loads(made.settings)
        self.assertEqual((record["impasto"], record["device"]["name"]), (impasto.__version__, self.open_device().info.name))
        settings = record["settings"]
        self.assertEqual([settings[name] for name in ("content", "style", "size", "strength", "colour", "weights")],
                         ["photo.png", ["painting.png:2"], 32, 0.75, "luma", "builtin"])
        self.assertNotIn("iterations", {name for name in record if name != "settings"})
        self.assertNotIn(str(self.folder), made.settings)
        made.save(self.folder / "made.png")
        subprocess.run([os.environ["IMPASTO_BIN"], "--settings", "made.png", "-o", "again.png", "--device", "0", "--quiet"],
                       check=True, cwd=self.folder)
        np.testing.assert_array_equal(impasto.Image(self.folder / "again.png").to_uint8(), made.to_uint8())
        # Stopped, or of arrays, or with a mask.
        stopped = json.loads(stylize(PHOTO, PAINTING, progress=lambda step: step.step == 1).settings)
        self.assertEqual((stopped["iterations"], "content" in stopped["settings"]), (1, False))
        masked = stylize(self.folder / "photo.png", self.folder / "painting.png", keep=np.eye(36, 48) > 0)
        self.assertNotIn("content", json.loads(masked.settings)["settings"])

    def test_profile(self):
        with impasto.Job(self.open_device(), PHOTO, PAINTING, profile=True, **CHEAP) as job:
            job.run()
            rows = job.info.profile
        self.assertGreater(len(rows), 3)
        self.assertEqual(rows, sorted(rows, key=lambda row: -row.seconds))
        self.assertTrue(all(row.label and row.launches > 0 and row.seconds >= 0 and row.flops >= 0 for row in rows))
        self.assertTrue(any("conv1_1" in row.label for row in rows))
        with impasto.Job(self.open_device(), PHOTO, PAINTING, **CHEAP) as job:
            job.run()
            self.assertEqual(job.info.profile, [])

    def test_kinds_of_pictures(self):
        expected = np.asarray(stylize(PHOTO, PAINTING))
        path = self.folder / "photo.png"
        impasto.Image(PHOTO).save(path)
        for given in [path, str(path), path.read_bytes(), impasto.Image(PHOTO), PHOTO.astype(np.float32) / 255]:
            np.testing.assert_array_equal(stylize(given, PAINTING), expected)
        for styles in [[PAINTING], (PAINTING, 0.5), [(PAINTING, 3)], impasto.Style(PAINTING), (PAINTING,)]:
            np.testing.assert_array_equal(stylize(PHOTO, styles), expected)

    def test_transparency(self):
        opacity = np.full((36, 48), 255, np.uint8)
        opacity[:, :20] = 0
        self.assertEqual(stylize(np.dstack([PHOTO, opacity]), PAINTING).alpha[:, 0].max(), 0)

    def test_progress(self):
        steps, previews = [], []

        def progress(step):
            steps.append(step)
            previews.append(step.picture(16))
            return step.step == 1

        stopped = stylize(PHOTO, PAINTING, progress=progress)
        self.assertEqual([step.step for step in steps], [0, 1])
        self.assertEqual((stopped.width, stopped.height, repr(previews[0])), (32, 24, "<impasto.Image 16x12>"))
        self.assertEqual((steps[1].steps, steps[1].width, set(steps[1].style)), (2, 32, {"conv1_1", "conv2_1"}))
        self.assertIn("1/2: 32x24, loss ", str(steps[1]))
        self.assertFalse(np.array_equal(stopped, stylize(PHOTO, PAINTING)))

    def test_progress_that_raises(self):
        def fail(_step):
            raise KeyError("mine")

        self.fails(KeyError, "mine", stylize, PHOTO, PAINTING, progress=fail)
        stylize(PHOTO, PAINTING)  # the device goes on

    def test_refused(self):
        for kind, words, keywords in [
                (TypeError, "did you mean 'strength'", {"strenght": 1}),
                (TypeError, "'nonsense' is no setting", {"nonsense": 1}),
                (impasto.UsageError, "`size`", {"size": 5}),
                (impasto.UsageError, "`strength`", {"strength": float("nan")}),
                (impasto.UsageError, "`colour`", {"colour": "blue"}),
                (impasto.UsageError, "`iterations`", {"iterations": 2.5}),
                (TypeError, "size: b'32'", {"size": b"32"}),
                (TypeError, "reuse: 2", {"reuse": 2}),
                (TypeError, "size: True", {"size": True}),
                (impasto.UsageError, "preset", {"preset": "best"}),
                (TypeError, "preset: a str", {"preset": None}),
                (ValueError, "device: the text has a null", {"device": "a\0b"}),
                (impasto.WeightsError, "nosuch", {"weights": "nosuch.safetensors"}),
                (impasto.DeviceError, "nosuch", {"device": "nosuch"}),
                (impasto.InputError, "nosuch.png", {"keep": "nosuch.png"}),
                (impasto.InputError, "mask", {"keep": np.ones((4, 40))}),
                (impasto.InputError, "16x16", {"size": 16})]:
            with self.subTest(words):
                error = self.fails(kind, words, stylize, PHOTO, PAINTING, **keywords)
                self.assertIsNone(getattr(error, "picture", None))
        self.fails(ValueError, "none is given", stylize, PHOTO, [])
        self.fails(TypeError, "style: ", stylize, PHOTO, None)
        self.fails(TypeError, "style 2: ", stylize, PHOTO, [PAINTING, 5])
        self.fails(impasto.UsageError, "weight", stylize, PHOTO, [(PAINTING, -1)])

    def test_memory(self):
        error = self.fails(MemoryError, "`size`", stylize, PHOTO, PAINTING, size=4096, memory="16M")
        self.assertEqual((type(error), error.status), (impasto.OutOfMemoryError, "memory"))


class Settings(Case):
    def test_values(self):
        """Each value, as Python has it, is what its text is."""
        expected = np.asarray(stylize(PHOTO, PAINTING))
        for keywords in [{"size": "32"}, {"size": 32.0}, {"size": np.int16(32)}, {"style_layers": ["1_1", "conv2_1"]},
                         {"style_layers": {"conv1_1": 1, "conv2_1": np.float32(1)}}, {"scales": [32]},
                         {"scales": (32,)}, {"epsilon": 1e-8}, {"memory": 1 << 32}, {"reuse": np.bool_(False)},
                         {"strength": None}, {"conv": None}]:
            with self.subTest(keywords):
                np.testing.assert_array_equal(stylize(PHOTO, PAINTING, **keywords), expected)

    def test_table(self):
        table = impasto.settings()
        self.assertEqual((table["style_size"].words, table["size"].low, table["colour"].kind),
                         (("source", "auto"), 16, "choice"))
        self.assertIn("longer side", table["size"].about)
        self.assertIn("late_crop", impasto.train_settings())

    def test_stub(self):
        """Type checkers know the settings that there are, and their words."""
        tree = ast.parse((ROOT / "python/impasto/_keywords.pyi").read_text())
        classes = {node.name: {row.target.id: ast.unparse(row.annotation) for row in node.body}
                   for node in tree.body if isinstance(node, ast.ClassDef)}
        for name, table, apart in [("PaintingSettings", impasto.settings(), {"init"}),
                                   ("TrainingSettings", impasto.train_settings(), set())]:
            self.assertEqual(list(classes[name]), [key for key in table if key not in apart])
            for key, setting in table.items():
                if setting.kind != "flag" and key not in apart:
                    for word in setting.words:
                        self.assertIn(word if word.isdigit() else f"'{word}'", classes[name][key])


class Jobs(Case):
    def job(self, **keywords):
        job = impasto.Job(self.open_device(), PHOTO, PAINTING, **{**CHEAP, **keywords})
        self.addCleanup(job.close)
        return job

    def test_iterates(self):
        with self.job() as job:
            self.assertEqual((job.info.iterations, job.info.scales, job.info.width), (2, [(32, 24, 2)], 32))
            self.assertEqual(job.info.memory, sum(job.info.memory_by_purpose.values()))
            for _step in job:
                break
            self.assertFalse(job.done)
            self.assertEqual([step.step for step in job], [1, 2])
            self.assertTrue(job.done)
            self.assertEqual(list(job), [])
            np.testing.assert_array_equal(job.picture(), stylize(PHOTO, PAINTING))
        self.fails(impasto.UsageError, "closed", job.picture)
        self.fails(impasto.UsageError, "closed", job.step)
        job.close()

    def test_resumes(self):
        path = self.folder / "run.ckpt"
        job = self.job()
        next(job)
        job.save(path, note="mine")
        device = self.open_device()
        again = impasto.Job.resume(device, path, PHOTO, PAINTING, weights="builtin")
        self.assertEqual([step.step for step in again], [1, 2])
        np.testing.assert_array_equal(again.picture(), stylize(PHOTO, PAINTING))
        longer = impasto.Job.resume(device, path, PHOTO, PAINTING, weights="builtin", iterations=3)
        self.assertTrue(longer.run())
        self.fails(impasto.InputError, "", impasto.Job.resume, device, path, PAINTING, PAINTING, weights="builtin")
        self.fails(impasto.Error, "another strength", impasto.Job.resume, device, path, PHOTO, PAINTING,
                   weights="builtin", strength=1)
        self.fails(impasto.InputError, "nosuch", impasto.Job.resume, device, "nosuch", PHOTO, PAINTING)
        self.fails(impasto.OutputError, "nosuch", job.save, self.folder / "nosuch" / "run.ckpt")

    def test_reuse(self):
        job = self.job(reuse=True)
        job.run()
        job.reuse(PHOTO[::-1], PAINTING)
        self.assertTrue(job.run())
        np.testing.assert_array_equal(job.picture(), stylize(PHOTO[::-1], PAINTING))

    def test_gradient(self):
        job = self.job()
        next(job)
        gradient = job.gradient()
        self.assertEqual(gradient.shape, (3, 24, 32))
        self.assertTrue(np.isfinite(gradient).all() and gradient.any())

    def test_plan(self):
        info = impasto.Job.plan(self.open_device(), PHOTO, PAINTING, weights="builtin", size=512)
        self.assertEqual((info.width, info.height, info.scales[0][2]), (512, 384, 120))

    def test_weights(self):
        weights = impasto.Weights("builtin")
        self.assertEqual((weights.source, weights.builtin, weights.layers[0]), ("built-in", True, "conv1_1"))
        weights.save(self.folder / "weights.safetensors")
        np.testing.assert_array_equal(stylize(PHOTO, PAINTING, weights=weights), stylize(PHOTO, PAINTING))
        read = impasto.Weights(self.folder / "weights.safetensors")
        self.assertEqual((read.source, read.layers), (str(self.folder / "weights.safetensors"), weights.layers))
        self.fails(ValueError, "convention", impasto.Weights, convention="bgr")

    def test_devices(self):
        device = self.open_device()
        self.assertEqual(impasto.devices()[0], device.info)
        self.assertIn(device.info.type, ("cpu", "gpu"))
        self.fails(TypeError, "an open impasto.Device", impasto.Job, "cpu", PHOTO, PAINTING)
        with impasto.Device(0) as other:
            job = impasto.Job(other, PHOTO, PAINTING, **CHEAP)
        self.fails(impasto.UsageError, "closed", job.step)
        self.fails(impasto.UsageError, "closed", impasto.Job, other, PHOTO, PAINTING)
        self.assertIn("closed", repr(other))
