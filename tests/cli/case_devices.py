# SPDX-License-Identifier: MIT
"""--list-devices, --self-test, and choosing among devices."""

import re

from support import CHEAP, DEVICE, PATIENCE, USAGE, Case, devices, on_pocl, pixels, png

FIELDS = {"index", "platform_index", "device_index", "type", "name", "platform", "driver", "opencl",
          "pci", "uuid", "memory", "max_allocation", "local_memory", "max_work_group",
          "compute_units", "preferred", "hidden", "note"}


class List(Case):
    def test_json(self):
        found = devices()
        self.assertTrue(found)
        for device in found:
            self.assertEqual(set(device), FIELDS)
        usable = [device for device in found if device["index"] is not None]
        self.assertEqual([device["index"] for device in usable], list(range(len(usable))))
        self.assertLessEqual(sum(device["preferred"] for device in found), 1)

    def test_table(self):
        run = self.succeed("--list-devices")
        self.assertEqual(run.stderr, "")
        head, *rows = run.stdout.splitlines()
        for column in ["#", "P:D", "TYPE", "DEVICE", "PLATFORM", "CL", "MEM", "MAX-ALLOC", "LOCAL",
                       "WG", "NOTE"]:
            self.assertIn(column, head)
        self.assertEqual(len(rows), len(devices()))
        starred = [device["index"] for device in devices() if device["preferred"]]
        self.assertEqual([int(row[1:].split()[0]) for row in rows if row[0] == "*"], starred)

    def test_without_any_platform(self):
        nowhere = {"OCL_ICD_VENDORS": str(self.home), "OCL_ICD_FILENAMES": ""}
        self.assertEqual(devices(**nowhere), [])
        run = self.succeed("--list-devices", env=nowhere)
        self.assertIn("no opencl", run.stdout.lower() + run.stderr.lower())

    def test_with_a_broken_driver(self):
        """A driver that cannot be loaded must not hide the others, nor crash."""
        vendors = self.folder / "vendors"
        vendors.mkdir()
        (vendors / "broken.icd").write_text("libthere-is-no-such-driver.so\n")
        self.assertEqual(devices(OCL_ICD_VENDORS=str(vendors)), [])
        self.write("garbage.so", bytes(4096))
        (vendors / "garbage.icd").write_text(f"{self.folder}/garbage.so\n")
        self.assertEqual(devices(OCL_ICD_VENDORS=str(vendors)), [])


class Choice(Case):
    def test_spellings(self):
        device = next(d for d in devices() if d["index"] is not None)
        where = f"{device['platform_index']}:{device['device_index']}"
        name = device["name"].upper()
        for spec in ["auto", str(device["index"]), where, device["type"], name,
                     device["platform"]]:
            with self.subTest(spec):
                self.stylise("-o", "out.png", "--device", spec, "--trace", "trace.jsonl")
                self.assertEqual(self.trace()[0]["device"]["name"], device["name"])
                self.assertEqual(self.trace()[0]["settings"]["device"], spec)

    def test_the_second_of_two(self):
        if not on_pocl():
            self.skipTest("only PoCL can be told to have two devices")
        two = {"POCL_DEVICES": "pthread basic"}
        (second,) = [d for d in devices(**two) if d["index"] == 1]
        for spec in ["1", second["name"].split("-")[0]]:
            run = self.stylise("-o", "out.png", "--device", spec, env=two)
            self.assertIn(f"device 1: {second['name']}", run.stderr)


class WithoutHome(Case):
    """What drivers keep must not need one; here the user's folders cannot be, for root neither."""

    GONE = {"HOME": None, "XDG_CACHE_HOME": None, "POCL_CACHE_DIR": None, "XDG_DATA_HOME": None}

    def check(self, words, *arguments, **changes):
        (self.folder / "tmp").mkdir(exist_ok=True)
        run = self.succeed(*(arguments or ["--list-devices"]), timeout=PATIENCE,
                           env={**self.GONE, "TMPDIR": str(self.folder / "tmp"), **changes})
        said = [line for line in run.stderr.splitlines() if "for this run only" in line]
        self.assertEqual(len(said), 1 if words else 0, run.stderr)
        self.assertIn(words, "".join(said))
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])
        if not arguments:
            self.assertIn("\n*", run.stdout)

    def test_picture(self):
        self.check("/dev/null", "content.png", "style.png", *CHEAP, "-o", "out.png", HOME="/dev/null")

    def test_homes(self):
        for home in [None, "", "/dev/null", "/proc/nowhere"]:
            with self.subTest(home):
                self.check(home or "no home", HOME=home)

    def test_named_folders(self):
        self.check("/dev/null/cache", HOME=str(self.home), XDG_CACHE_HOME="/dev/null/cache")
        self.check("/dev/null/cache", HOME=str(self.home), POCL_CACHE_DIR="/dev/null/cache")
        self.check("", HOME="/dev/null", XDG_CACHE_HOME=str(self.home / "new" / "cache"))
        self.check("", HOME=str(self.home))

    def test_temporary_folder_that_is_none(self):
        """TMPDIR does not help; others do."""
        self.check("for this run only", HOME="/dev/null", TMPDIR="/dev/null")


class SelfTest(Case):
    def test_table_and_verdict(self):
        run = self.succeed("--self-test", "-q", timeout=1200)
        self.assertEqual(run.stderr, "")
        checks = [line for line in run.stdout.splitlines() if line.startswith("ok ")]
        self.assertGreater(len(checks), 20)
        self.assertNotIn("FAILED", run.stdout)
        for words in ["conv", "gemm", "gram", "pool", "gradient"]:
            self.assertIn(words, run.stdout)
        self.assertIn(f"{len(checks)} checks passed, 0 failed", run.stdout.splitlines()[-1])


class Together(Case):
    """One picture on several devices, here the same one opened several times."""

    def paint(self, name, *arguments):
        self.stylise("-o", name, "--size", "200", "--scales", "1", "--iterations", "2", "--memory", "1G", *arguments)
        return self.folder / name

    def test_same_bytes(self):
        self.write("content.png", png(24, 200))
        alone = self.paint("one.png", "--device", "0")
        self.assertEqual(self.paint("two.png", "--device", "0,0").read_bytes(), alone.read_bytes())
        shared = self.paint("shared.png", "--device", "0,0", "--bands", "1:2.5", "--checkpoint", "run.ckpt")
        self.assertEqual(pixels(shared), pixels(alone))
        plan = self.succeed("content.png", "style.png", *CHEAP, "--size", "200", "--scales", "1", "--memory", "1G",
                            "--device", "0,0", "--plan").stdout
        sent = re.findall(r"^  rank (\d), device 0: \d+ rows from row \d+ on, [\d.]+ MiB, sends ([\d.]+) MiB an "
                          r"iteration, in [\d.]+ m?s or more$", plan, re.M)
        self.assertEqual([rank for rank, _ in sent], ["0", "1"])
        self.assertGreater(min(float(megabytes) for _, megabytes in sent), 0)

    def test_bands_that_are_no_shares(self):
        for bands in ["3", "1:2:3", "1:0", "1:", "1:x", "-1:2", "1:nan"]:
            with self.subTest(bands):
                self.refuse(USAGE, ["--bands", "2 devices"], "--device", "0,0", "--bands", bands)
        self.refuse(USAGE, ["--bands", "--device 0,1"], "--bands", "1:1")

    def test_too_many(self):
        self.refuse(USAGE, ["--device", "16"], "--device", ",".join(17 * "0"))

    def test_one_that_is_not_there(self):
        self.refuse(DEVICE, "99", "--device", "0,99", early=False)

    def test_tasks_of_srun(self):
        """Without --mpi they cannot find one another, and each would write the same."""
        step = {"SLURM_NTASKS": "4", "SLURM_PROCID": "1", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"}
        self.refuse(USAGE, ["srun has started 4 processes", "--mpi=pmix", "add --mpi", "IMPASTO_MPI=off"], env=step)
        self.stylise("-o", "off.png", env=step | {"IMPASTO_MPI": "off"})
        self.write("many/a.png", png(24, 20))
        self.succeed("style.png", "--batch", "many", "-o", "{content}.png", *CHEAP, env=step)
        self.succeed("--list-devices", env=step)
        for words in [["train", "style.png"], ["video", "film.y4m", "style.png"]]:
            self.refuse(USAGE, ["4 processes", "add --mpi"], pictures=words, cheap=False, env=step)
        self.refuse(USAGE, ["live", "4 processes", "IMPASTO_MPI=off"], pictures=["live", "ink"], cheap=False, env=step)
        # A batch script itself is one process, however many tasks its steps will have.
        self.stylise("-o", "script.png", env={"SLURM_NTASKS": "4", "SLURM_PROCID": "0"})
