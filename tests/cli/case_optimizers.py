# SPDX-License-Identifier: MIT
"""--optimizer lbfgs: its result is the best picture it has seen, however the run ends."""

import re
import signal
import time

from support import CHEAP, MEMORY, NUMERIC, PATIENCE, SIGINT_CODE, Case, first_layer

# Without a margin, so that a written picture can be measured by starting from it.
LBFGS = ["--optimizer", "lbfgs", "--margin", "0", "--bits", "16", "--trace", "trace.jsonl"]


class Lbfgs(Case):
    def totals(self):
        return [line["total"] for line in self.trace() if line["type"] == "iteration"]

    def measured(self, picture):
        """The loss of a picture that was written."""
        self.stylise(*LBFGS, "--iterations", "0", "--init", picture, "-o", "ignored.png")
        return self.totals()[0]

    def test_equal_bytes(self):
        for name in ["a.png", "b.png"]:
            self.stylise(*LBFGS, "--iterations", "8", "-o", name)
        self.assertEqual((self.folder / "a.png").read_bytes(), (self.folder / "b.png").read_bytes())

    def test_it_gets_further_than_adam(self):
        losses = {}
        for name in ["adam", "lbfgs"]:
            self.stylise(*LBFGS, "--optimizer", name, "--iterations", "25", "-o", "out.png")
            losses[name] = self.totals()
            self.assertEqual(len(losses[name]), 26)
        self.assertEqual(losses["adam"][0], losses["lbfgs"][0])
        self.assertLess(losses["lbfgs"][-1], 0.9 * losses["adam"][-1])

    def test_the_result_is_the_best_of_all(self):
        """A first step that is much too long makes for trials that are worse than the start."""
        worse = 0
        for iterations in range(7):
            self.stylise(*LBFGS, "--learning-rate", "3", "--iterations", str(iterations), "-o", "out.png")
            totals = self.totals()
            worse += iterations > 0 and totals[1] > totals[0]
            self.assertEqual(len(totals), iterations + 1)
            self.assertEqual(totals[-1], min(totals))
            self.assertAlmostEqual(self.measured("out.png") / totals[-1], 1, delta=1e-3)
        self.assertGreater(worse, 0)

    def test_a_signal_leaves_no_trial(self):
        run = self.start("content.png", "style.png", *CHEAP, *LBFGS, "--learning-rate", "3", "--iterations",
                         "1000000", "-o", "out.png")
        deadline = time.monotonic() + PATIENCE
        while len(self.totals()) < 2 and time.monotonic() < deadline:
            time.sleep(0.005)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, SIGINT_CODE)
        totals = self.totals()
        found = self.measured("out.png")
        self.assertLessEqual(found, totals[0] * 1.001)
        self.assertTrue(any(abs(found / total - 1) < 1e-3 for total in totals), (found, totals))

    def test_history_takes_memory(self):
        def optimiser(history):
            run = self.succeed("content.png", "style.png", *CHEAP, "--optimizer", "lbfgs", "--history",
                               history, "--size", "64", "--plan", "-q")
            return float(re.search(r"optimiser +([0-9.]+) MiB", run.stdout).group(1))
        # Two vectors of 96 x 80 pixels, the margin included, for each step remembered.
        self.assertAlmostEqual(optimiser(100) - optimiser(10), 90 * 2 * 3 * 96 * 80 * 4 / 2**20, delta=2.5)

    def test_a_history_that_would_fit(self):
        options = ["--optimizer", "lbfgs", "--size", "160", "--memory", "60M"]
        line = self.refuse(MEMORY, ["--memory allows", "--size"], *options, "--history", "100", early=False)
        history = re.search(r"--history (\d+)", line).group(1)
        self.succeed("content.png", "style.png", *CHEAP, *options, "--history", history, "--plan")
        self.refuse(MEMORY, [f"--history {history}"], *options, "--history", int(history) + 1, early=False)

    def test_numbers_that_are_not_finite_are_steps_too_far(self):
        """The content's gradient is 0 at the start and overflows after the first step, where Adam ends."""
        self.write("w.safetensors", first_layer(scale=300))
        extreme = ["--style-layers", "1_1", "--content-layers", "1_1", "--weights", "w.safetensors", "--losses",
                   "gatys", "--content-weight", "1e38", "--style-weight", "0", "--iterations", "15", "-o", "out.png"]
        run = self.impasto("content.png", "style.png", *CHEAP, *extreme, "--optimizer", "adam")
        self.assertEqual(run.returncode, NUMERIC)
        self.stylise(*extreme, "--optimizer", "lbfgs", "--trace", "trace.jsonl")
        totals = self.totals()
        self.assertEqual(len(totals), 16)
        self.assertGreater(totals[1], 1e30)
        self.assertLessEqual(totals[-1], totals[0])
