# SPDX-License-Identifier: MIT
"""What surrounds a job: threads, Ctrl-C, callbacks, forks, the interpreter's end, another library's version."""

import gc
import logging
import os
import pathlib
import shutil
import subprocess
import threading

import impasto
import numpy as np
from common import CHEAP, PAINTING, PHOTO, Case, photo

# A job that would take far longer than the test. ready is set when its first step is done.
LONG = """
import threading
ready = threading.Event()
LONG = CHEAP | {"size": 64, "iterations": 100000, "device": "0"}
def tell(step):
    ready.set()
"""


class Threads(Case):
    def test_two_devices(self):
        """Two threads, each with a device; what they paint is what one alone paints."""
        pictures = {seed: photo(seed=seed) for seed in (1, 2)}
        alone = {seed: np.asarray(impasto.stylize(picture, PAINTING, device=self.open_device(), **CHEAP))
                 for seed, picture in pictures.items()}
        made = {}

        def work(seed):
            made[seed] = np.asarray(impasto.stylize(pictures[seed], PAINTING, device="0", **CHEAP))

        self.in_threads([lambda seed=seed: work(seed) for seed in pictures])
        for seed, expected in alone.items():
            np.testing.assert_array_equal(made[seed], expected)

    def test_one_device(self):
        """Jobs of one device take turns."""
        expected = np.asarray(impasto.stylize(PHOTO, PAINTING, device=self.open_device(), **CHEAP))
        made = []

        def work():
            for _ in range(3):
                made.append(np.asarray(impasto.stylize(PHOTO, PAINTING, device=self.open_device(), **CHEAP)))

        self.in_threads([work] * 3)
        self.assertEqual(len(made), 9)
        for picture in made:
            np.testing.assert_array_equal(picture, expected)

    def in_threads(self, functions):
        threads = [threading.Thread(target=function) for function in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_others_run_meanwhile(self):
        """Python goes on while the library computes: another thread counts during a single call."""
        job = impasto.Job(self.open_device(), PHOTO, PAINTING, **{**CHEAP, "size": 256})
        counted, stop = [0], threading.Event()

        def count():
            while not stop.is_set():
                counted[0] += 1
                stop.wait(0.0001)

        thread = threading.Thread(target=count)
        thread.start()
        try:
            before = counted[0]
            job.step()
            during = counted[0] - before
        finally:
            stop.set()
            thread.join()
            job.close()
        self.assertGreater(during, 3)

    def test_closed_by_another(self):
        """A device that is closed while a job of another thread computes is closed after that call."""
        device = impasto.Device("0")
        job = impasto.Job(device, PHOTO, PAINTING, **{**CHEAP, "iterations": 100000})
        errors, begun = [], threading.Event()

        def work():
            try:
                job.run(lambda _: begun.set())
            except impasto.Error as error:
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        begun.wait()
        device.close()
        thread.join()
        self.assertIn("closed", str(errors[0]))

    def test_collected(self):
        """Nobody closes anything: the collector does, in any order."""
        def leave():
            device = impasto.Device("0")
            job = impasto.Job(device, PHOTO, PAINTING, **CHEAP)
            circle = [device, job]
            circle.append(circle)
            next(job)

        for _ in range(3):
            leave()
            gc.collect()


class Callbacks(Case):
    def logger(self, handle):
        logger = logging.Logger("test", logging.DEBUG)
        handler = logging.Handler()
        handler.emit = handle
        logger.addHandler(handler)
        return logger

    def test_log(self):
        records = []
        with impasto.Device("0", log=self.logger(records.append)) as device:
            impasto.Job(device, PHOTO, PAINTING, **CHEAP).close()
        self.assertTrue(any(record.levelno == logging.INFO and device.info.name in record.getMessage()
                            for record in records), records)

    def test_log_that_raises(self):
        """It is raised by the call that logs, and nothing stays open."""
        def fail(_record):
            raise LookupError("mine")

        self.fails(LookupError, "mine", impasto.Device, "0", log=self.logger(fail))

    def test_log_that_uses_the_device(self):
        inside = []

        def use(_record):
            for function in [lambda: impasto.Job(device, PHOTO, PAINTING, **CHEAP), device.close]:
                try:
                    function()
                except impasto.UsageError as error:
                    inside.append(str(error))

        logger = self.logger(lambda record: None)
        with impasto.Device("0", log=logger) as device:
            logger.handlers[0].emit = use
            impasto.Job(device, PHOTO, PAINTING, **CHEAP).close()
        self.assertTrue(inside)
        self.assertTrue(all("a callback may not" in text for text in inside), inside)


class Interpreters(Case):
    def check(self, script, expected, status=0, **environment):
        code, text = self.python(script, **environment)
        self.assertEqual((code, text.strip()), (status, expected))

    def test_ctrl_c(self):
        """The picture so far comes with the exception, which ends what does not look for it."""
        script = LONG + """
import os, signal
def stop(step):
    if step.step == 2:
        os.kill(os.getpid(), signal.SIGINT)
try:
    impasto.stylize(PHOTO, PAINTING, progress=lambda step: stop(step), **LONG)
except Exception:
    print("caught as another one")
except impasto.Interrupted as stopped:
    print(stopped.picture)
"""
        self.check(script, "<impasto.Image 64x48>")

    def test_ctrl_c_while_it_computes(self):
        """The signal comes within the library, or anywhere. The device can be used again."""
        script = LONG + """
import os, signal
with impasto.Device("0") as device:
    for delay in [0.01, 0.03, 0.1]:
        ready.clear()
        def later():
            ready.wait()
            threading.Event().wait(delay)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=later).start()
        try:
            impasto.stylize(PHOTO, PAINTING, progress=tell, **LONG | {"device": device})
        except KeyboardInterrupt as stopped:
            assert np.isfinite(stopped.picture.rgb).all()
    print(impasto.stylize(PHOTO, PAINTING, **CHEAP | {"device": device}))
"""
        self.check(script, "<impasto.Image 32x24>")

    def test_ends_with_a_job_at_work(self):
        """A thread that nobody waits for ends with its iteration, and nobody hears of it."""
        script = LONG + """
threading.Thread(target=lambda: impasto.stylize(PHOTO, PAINTING, progress=tell, **LONG), daemon=True).start()
ready.wait()
print("end")
"""
        self.check(script, "end")

    def test_ends_with_all_open(self):
        """All is closed while drivers are whole. What was registered first is called last."""
        code, text = self.run_python("-c", """
import atexit
atexit.register(lambda: print(str(device)[-8:], picture.shape))
from common import *
device = impasto.Device("0")
job = impasto.Job(device, PHOTO, PAINTING, **CHEAP)
next(job)
picture = job.picture().rgb
""")
        self.assertEqual((code, text), (0, " closed> (24, 32, 3)\n"))

    def test_forks(self):
        """A device does not work in a fork, which is told so. Where the first is opened in the fork, it does."""
        script = """
import multiprocessing
def paint(_):
    try:
        return str(impasto.stylize(PHOTO, PAINTING, device="0", **CHEAP))
    except impasto.DeviceError as error:
        return str(error)[:22]
fork = multiprocessing.get_context("fork")
with fork.Pool(1) as pool:
    print(pool.map(paint, [0])[0])
with impasto.Device("0") as device:
    job = impasto.Job(device, PHOTO, PAINTING, **CHEAP)
    def use(_):
        try:
            job.step()
        except impasto.UsageError as error:
            return str(error)[:20]
    with fork.Pool(1) as pool:
        print(pool.map(use, [0])[0], pool.map(paint, [0])[0], sep="\\n")
    print(next(job).step)
"""
        self.check(script, "<impasto.Image 32x24>\nthe device is closed\nOpenCL does not work i\n0")

    def test_another_version(self):
        """The library that is found must be the one that the package was built for."""
        compiler = shutil.which("cc") or shutil.which("gcc")
        library = pathlib.Path(os.environ["IMPASTO_PACKAGE"]).parent / "libimpasto.so"
        if not compiler or not library.exists():
            self.skipTest("there is no compiler, or the library is inside the package")
        subprocess.run([compiler, "-shared", "-fPIC", "-x", "c", "-o", self.folder / "other.so", "-"], check=True,
                       input=b'const char *impasto_version(void) { return "9.8.7"; }')
        code, text = self.python("", LD_PRELOAD=str(self.folder / "other.so"))
        self.assertEqual(code, 1)
        self.assertRegex(text.splitlines()[-1], r"^ImportError: .* version 9\.8\.7, but .* built for 0\.")
