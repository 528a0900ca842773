#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tests/summary.py says at the end of CI's output what failed."""

import pathlib
import sys
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
import summary  # noqa: E402


class Sample(unittest.TestCase):
    """What its failure looks like is unittest's matter."""

    def fails(self):
        """Its first words."""
        self.assertEqual(1, 2, "why it failed")


def unittest_output(count):
    lines = []
    for i in range(count):
        result = unittest.TestResult()
        Sample("fails").run(result)
        (_, trace), = result.failures
        lines += ["=" * 70, f"FAIL: test_{i} (case_x.Sample.test_{i})", "Its first words.", "-" * 70, trace, ""]
    return "\n".join([*lines, "-" * 70, "Ran 9 tests in 1.000s", "", f"FAILED (failures={count})", ""])


CMOCKA = """[==========] tests: Running 2 test(s).
[ RUN      ] test_a
[  ERROR   ] --- 0x1 != 0x2
[   LINE   ] --- ../tests/unit/x.c:7: error: Failure!
[  FAILED  ] test_a
[       OK ] test_b
"""


def entry(name, result="OK", stdout="", stderr=None):
    found = {"name": name, "result": result, "stdout": stdout, "duration": 1.5, "returncode": 1}
    return found | ({"stderr": stderr} if stderr else {})


class Summary(unittest.TestCase):
    def lines(self, *tests):
        lines, self.counts = summary.report(tests)
        self.assertLessEqual(max(map(len, lines), default=0), summary.WIDTH + 2)
        return lines

    def test_nothing_failed(self):
        self.assertEqual(self.lines(entry("a"), entry("b", "SKIP"), entry("c", "EXPECTEDFAIL")), [])
        self.assertEqual(self.counts, {"passed": 2, "failed": 0, "skipped": 1})

    def test_cases_of_unittest(self):
        lines = self.lines(entry("a"), entry("impasto:cli / cli-x", "FAIL", "noise\n", unittest_output(1)))
        self.assertEqual(lines[0], "impasto:cli / cli-x: FAIL after 2 s, exit status 1")
        self.assertEqual(lines[1], "  FAIL: test_0 (case_x.Sample.test_0)")
        self.assertEqual(lines[-1], "  AssertionError: 1 != 2 : why it failed")
        self.assertNotIn("noise", "".join(lines))
        self.assertEqual(self.counts, {"passed": 1, "failed": 1, "skipped": 0})

    def test_cases_of_cmocka(self):
        lines = self.lines(entry("a", "FAIL", CMOCKA))
        self.assertIn("  [  ERROR   ] --- 0x1 != 0x2", lines)
        self.assertIn("  [  FAILED  ] test_a", lines)
        self.assertNotIn("test_b", "".join(lines))

    def test_other_words(self):
        lines = self.lines(entry("a", "TIMEOUT", "\n".join(map(str, range(1000))), "last"))
        self.assertIn("TIMEOUT", lines[0])
        self.assertEqual(lines[-2:], ["  999", "  last"])
        self.assertLessEqual(len(lines), summary.MOST)
        self.assertEqual(len(self.lines(entry("a", "FAIL"))), 2)

    def test_many_failures(self):
        """Each test is named, and as many cases as there is room for."""
        lines = self.lines(*(entry(f"t{i}", "FAIL", unittest_output(20)) for i in range(5)))
        self.assertLessEqual(len(lines), summary.MOST)
        self.assertEqual([line.split(":")[0] for line in lines if line[0] != " "],
                         [f"t{i}" for i in range(5)])
        self.assertIn("more", lines[-1])
        self.assertEqual(self.lines(entry("a", "FAIL", unittest_output(20)))[-1], "  and 7 more")


if __name__ == "__main__":
    unittest.main()
