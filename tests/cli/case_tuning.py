# SPDX-License-Identifier: MIT
"""--tune: what it keeps is used by later runs, and does no harm when it is damaged."""

import json
import pathlib
import re

from support import DEVICE, OUTPUT, Case

LONG = 1000  # seconds: it compiles a dozen variants of the kernels


class Tuning(Case):
    def algorithms(self):
        self.stylise("-o", "out.png", "--trace", "trace.jsonl")
        with open(self.folder / "trace.jsonl", encoding="utf-8") as trace:
            run = json.loads(trace.readline())
        return [name for layer, pair in run["algorithms"].items() if layer != "conv1_1" for name in pair]

    def test_tune_then_run(self):
        run = self.succeed("--tune", "--device", "cpu", timeout=LONG)
        self.assertEqual(run.stdout, "")
        kept = re.search(r"kept in (.*)\n", run.stderr).group(1)
        folder = self.home / ".local/share/impasto/tuning"
        self.assertEqual([str(path) for path in folder.iterdir()], [kept])
        self.algorithms()
        first = (self.folder / "out.png").read_bytes()
        self.algorithms()
        self.assertEqual((self.folder / "out.png").read_bytes(), first)

        kept = pathlib.Path(kept)
        text = kept.read_text()
        self.assertTrue(text.endswith("\nend\n"))
        # One that has nothing but fast direct convolutions.
        slow = re.sub(r"^(conv winograd.*) \d+$", r"\1 999999999999", text, flags=re.M)
        self.assertNotEqual(slow, text)
        kept.write_text(slow)
        self.assertEqual(set(self.algorithms()), {"direct"})
        fast = re.sub(r"^(conv winograd4 .*) \d+$", r"\1 1000", text, flags=re.M)
        kept.write_text(fast)
        self.assertEqual(set(self.algorithms()), {"winograd4"})

        # Without its end it is as if it were not there.
        kept.write_text(slow[:-4])
        self.assertNotEqual(set(self.algorithms()), {"direct"})

    def test_device_that_is_not_there(self):
        run = self.impasto("--tune", "--device", "nothing of that name")
        self.assertEqual(run.returncode, DEVICE)
        self.assertIn("fits no device", run.stderr)

    def test_what_cannot_be_kept(self):
        """Said before the minutes that it takes."""
        for words, changes in [("set HOME or XDG_DATA_HOME", {"HOME": None}),
                               ("/dev/null/.local", {"HOME": "/dev/null"}),
                               ("/proc/nowhere/impasto", {"XDG_DATA_HOME": "/proc/nowhere"})]:
            with self.subTest(words):
                run = self.impasto("--tune", "--device", "cpu", env=changes)
                self.assertEqual(run.returncode, OUTPUT, run.stderr)
                self.assertIn(words, run.stderr)
                self.assertNotIn("tuning: ", run.stderr)
