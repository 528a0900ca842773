#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""One picture painted by several processes: test_mpi.py PROGRAM MODULE [LAYER] [--kills N]

The bytes are those of one process, for any number of them. Whatever befalls a rank, there is one line of
ours, the exit code is not 0, no process stays, files are whole or absent, and any number of ranks goes on
from the checkpoint to the same bytes. LAYER: opencl_layer.so, for devices that fail. --kills: that many
kills, stops and signals at random moments, in place of the tests. Exit 77: there is no mpirun here.
"""

import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "cli"))
import support  # noqa: E402
from test_comm_mpi import SURROUNDINGS as LAUNCHER  # noqa: E402

PROGRAM, MODULE = sys.argv.pop(1), sys.argv.pop(1)
LAYER = str(pathlib.Path(sys.argv.pop(1)).resolve()) if sys.argv[1:] and sys.argv[1].endswith(".so") else None
SECONDS = 300
KILLS = 3
# Four blocks of 64 rows at the last scale, two at the first: of four ranks one works there alone.
HEIGHT = 260
PAINT = ["content.png", "style.png", "--weights", "builtin", "--size", str(HEIGHT), "--scales", "2", "--margin", "0",
         "--style-layers", "1_1,2_1", "--content-layers", "2_1", "--memory", "1G"]
SHORT = PAINT + ["--iterations", "4", "--first-iterations", "4"]
# Open MPI sends SIGKILL a second after it has asked to end. It sleeps for so long, so a test takes twice that.
GENTLE = {"OMPI_MCA_odls_base_sigkill_timeout": "10"}
RANK = "OMPI_COMM_WORLD_RANK"


class Ranks(unittest.TestCase):
    """A folder with pictures, a program whose name is its own, and the module beside what asks for it."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="impasto-ranks-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.program = str(pathlib.Path(PROGRAM).resolve())
        (self.folder / "content.png").write_bytes(support.png(24, HEIGHT))
        (self.folder / "style.png").write_bytes(support.png(32, 24, lambda x, y: (x * 8, y * 10, (x ^ y) * 8)))
        # What tells this test's processes from all others.
        self.mark = f"IMPASTO_TEST_MARK={folder.name}"

    def processes(self):
        """{rank: process number} of what this test has started and is still there."""
        found = {}
        for place in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (place / "environ").read_bytes().decode(errors="replace").split("\0")
                name = (place / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            except OSError:
                continue
            if self.mark in words and name == self.program:
                rank = next((word.split("=")[1] for word in words if re.match(rf"({RANK}|PMI_RANK)=", word)), "0")
                found[int(rank)] = min(int(place.name), found.get(int(rank), 1 << 30))
        return found

    def start(self, ranks, *words, launcher=("mpirun",), stdin=subprocess.DEVNULL, **variables):
        command = [self.program, *map(str, words)]
        if ranks:
            command = [*launcher, "-n", str(ranks), *command]
        mark, folder = self.mark.split("=", 1)
        env = LAUNCHER | {mark: folder, "HOME": str(self.folder)} | variables
        return subprocess.Popen(command, cwd=self.folder, env=env, stdin=stdin, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def end(self, process):
        """(exit code, standard output, our lines on standard error)"""
        try:
            out, err = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        deadline = time.monotonic() + 10
        while self.processes() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertEqual(self.processes(), {}, "a process has stayed")
        self.err = err  # with what the launcher says
        return process.returncode, out, [line for line in err.splitlines() if line.startswith("impasto: ")]

    def run_ranks(self, ranks, *words, **variables):
        return self.end(self.start(ranks, *words, **variables))

    def paint(self, ranks, name, *words, base=SHORT, **variables):
        code, _, said = self.run_ranks(ranks, *base, "-o", name, *words, **variables)
        self.assertEqual(code, 0, said)
        return (self.folder / name).read_bytes()

    def refuse(self, code, words, ranks, *arguments, **variables):
        """One line has all the words; nothing was written."""
        before = sorted(os.listdir(self.folder))
        found, _, said = self.run_ranks(ranks, *arguments, **variables)
        errors = [line for line in said if any(word in line for word in words)]
        self.assertEqual(found, code, said)
        self.assertEqual(len(errors), 1, said)
        for word in words:
            self.assertIn(word, errors[0])
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def with_one(self, rank, settings, *words):
        """A run of two, of which one rank alone has these variables in its environment."""
        script = self.folder / "start.sh"
        script.write_text(f'#!/bin/sh\n[ "${{{RANK}:-$PMI_RANK}}" = {rank} ] && export {settings}\nexec "$@"\n')
        script.chmod(0o755)
        mark, folder = self.mark.split("=", 1)
        return self.end(subprocess.Popen(
            ["mpirun", "-n", "2", str(script), self.program, *words], cwd=self.folder,
            env=LAUNCHER | {mark: folder, "HOME": str(self.folder)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))


class Painting(Ranks):
    def test_same_bytes(self):
        one = self.paint(0, "one.png")
        for ranks in range(1, 5):
            with self.subTest(ranks):
                self.assertEqual(self.paint(ranks, f"by-{ranks}.png"), one)
        for word in ["on", "off"]:
            self.assertEqual(self.paint(3, f"{word}.png", IMPASTO_OVERLAP=word), one)
        code, _, said = self.with_one(1, "IMPASTO_OVERLAP=on", *SHORT, "-o", "alone.png")
        self.assertEqual((code, (self.folder / "alone.png").read_bytes()), (0, one), said)
        self.assertEqual(self.paint(0, "asked.png", "--mpi"), one)
        self.paint(3, "shares.png", "--bands", "1:2:1")
        self.assertEqual(*(support.pixels(self.folder / name) for name in ["one.png", "shares.png"]))

    def test_sequence_and_gradient(self):
        """Several jobs, one after the other, and what else a job can be asked for."""
        shutil.copy(self.folder / "content.png", self.folder / "other.png")
        words = ["--style", "other.png", "--interpolate", "2", "--timelapse", "frames", "--timelapse-every", "3"]
        for ranks, to in [(0, "a.png"), (2, "b.png")]:
            code, _, said = self.run_ranks(ranks, *SHORT, *words[:4], "-o", to)
            self.assertEqual(code, 0, said)
        for i in ["1", "2"]:
            self.assertEqual((self.folder / f"a-000{i}.png").read_bytes(), (self.folder / f"b-000{i}.png").read_bytes())
        for ranks, to in [(0, "a"), (2, "b")]:
            self.paint(ranks, f"{to}.png", "--gradient", f"{to}.f32", "--save-every", "2")
        self.assertEqual((self.folder / "a.f32").read_bytes(), (self.folder / "b.f32").read_bytes())

    def test_plan(self):
        code, out, said = self.run_ranks(3, *SHORT, "--plan", "-o", "out.png")
        self.assertEqual(code, 0, said)
        rows = re.findall(r"rank (\d), device \d: (\d+) rows from row (\d+) on, ([\d.]+) MiB, "
                          r"sends [\d.]+ MiB an iteration, in ([\d.]+) m?s or more", out)
        self.assertEqual([rank for rank, *_ in rows], ["0", "1", "2"])
        self.assertEqual(sum(int(count) for _, count, *_ in rows), HEIGHT)
        self.assertTrue(all(float(exchange) > 0 for *_, exchange in rows), rows)
        # Each rank has the memory of its rows, and less than one that has them all.
        code, out, said = self.run_ranks(0, *SHORT, "--plan", "-o", "out.png")
        self.assertEqual(code, 0, said)
        alone = float(re.search(r"in all +([\d.]+)", out).group(1))
        self.assertTrue(all(float(memory) < alone for *_, memory, _ in rows), (rows, alone))
        self.assertNotIn("out.png", os.listdir(self.folder))

    def test_a_batch_needs_no_lines(self):
        (self.folder / "many").mkdir()
        for name in ["a.png", "b.png"]:
            shutil.copy(self.folder / "content.png", self.folder / "many" / name)
        code, _, said = self.run_ranks(2, *SHORT[1:], "--batch", "many", "-o", "{content}-out.png")
        self.assertEqual(code, 0, said)
        self.assertLessEqual({"a-out.png", "b-out.png"}, set(os.listdir(self.folder)))

    def test_checkpoints(self):
        """Each number of ranks goes on where another has stopped, by the same words each time."""
        straight = self.paint(0, "straight.png")
        words = ["--checkpoint", "run.ckpt", "--resume", "auto", "--every", "1"]
        for ranks in [3, 1, 2, 4]:
            code, _, said = self.stopped_after(ranks, 2, *SHORT, "-o", "out.png", *words)
            self.assertIn(code, [0, 128 + signal.SIGUSR2], said)
        self.assertEqual(self.paint(2, "out.png", *words), straight)

    def stopped_after(self, ranks, iterations, *words):
        """A run that is asked to end once it has taken some steps more."""
        trace = self.folder / "trace.jsonl"
        trace.unlink(missing_ok=True)
        process = self.start(ranks, *words, "--trace", trace)
        self.wait_for(process, trace, iterations)
        leader = self.processes().get(0)
        if leader:
            os.kill(leader, signal.SIGUSR2)
        return self.end(process)

    def wait_for(self, process, trace, iterations):
        deadline = time.monotonic() + SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            if trace.exists() and len(trace.read_bytes().splitlines()) > iterations:
                return
            time.sleep(0.01)


AGENT = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do shift; done
host=$1
shift
exec ip netns exec NAME${host##*.} sh -c "$*"
"""


class Machines(Ranks):
    """Two machines with a network between: namespaces of this one, which only root can make."""

    @staticmethod
    def command(*words):
        return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)

    def setUp(self):
        super().setUp()
        said = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False).stdout
        if "Open MPI" not in said or not shutil.which("ip"):
            self.skipTest("there is no Open MPI, or no ip (iproute2)")
        self.name = f"impasto{os.getpid()}x"
        for number in "12":
            self.addCleanup(self.command, "netns", "del", self.name + number)
            made = self.command("netns", "add", self.name + number)
            if made.returncode != 0:
                self.skipTest(f"no network namespace can be made: {made.stderr.strip()}")
        wired = self.command("link", "add", "one", "netns", self.name + "1", "type", "veth", "peer", "name", "two",
                             "netns", self.name + "2")
        if wired.returncode != 0:
            self.skipTest(f"no wire can be made between namespaces: {wired.stderr.strip()}")
        for number, end in [("1", "one"), ("2", "two")]:
            for words in [["addr", "add", f"10.77.0.{number}/24", "dev", end], ["link", "set", end, "up"],
                          ["link", "set", "lo", "up"]]:
                self.assertEqual(self.command("-n", self.name + number, *words).returncode, 0, words)
        agent = self.folder / "agent.sh"
        agent.write_text(AGENT.replace("NAME", self.name))
        agent.chmod(0o755)

    def test_same_bytes(self):
        one = self.paint(0, "one.png")
        mark = self.mark.split("=", maxsplit=1)[0]
        known = {**os.environ, "HOME": "", mark: ""}
        names = ["XDG_CACHE_HOME", "POCL_CACHE_DIR", "OCL_ICD_VENDORS", "LD_LIBRARY_PATH", "HOME", mark]
        passed = [word for name in names if name in known for word in ["-x", name]]
        network = [word for name in ["btl", "oob"] for word in ["--mca", f"{name}_tcp_if_include", "10.77.0.0/24"]]
        code, _, said = self.run_ranks(
            3, *SHORT, "-o", "three.png",
            launcher=["ip", "netns", "exec", self.name + "1", "mpirun", "--host", "10.77.0.1:1,10.77.0.2:2", "--mca",
                      "plm_rsh_agent", str(self.folder / "agent.sh"), "--mca", "btl", "tcp,self", *network, *passed])
        self.assertEqual(code, 0, said)
        self.assertEqual((self.folder / "three.png").read_bytes(), one)


class Refusals(Ranks):
    def test_what_the_first_finds(self):
        self.refuse(3, ["nope.png", "cannot be opened"], 3, "nope.png", *SHORT[1:], "-o", "out.png")
        self.refuse(2, ["unknown option --nope"], 2, *SHORT, "--nope")
        self.refuse(7, ["no/folder"], 2, *SHORT, "-o", "no/folder/out.png")
        self.refuse(4, ["nosuch"], 2, *SHORT, "--device", "nosuch", "-o", "out.png")
        self.refuse(2, ["--bands 1:2"], 3, *SHORT, "--bands", "1:2", "-o", "out.png")
        self.refuse(2, ["--resume auto", "--checkpoint"], 2, *SHORT, "--resume", "auto", "-o", "out.png")
        self.refuse(2, ["--mpi is for one picture"], 0, *SHORT[1:], "--mpi", "--batch", ".", "-o", "{content}-x.png")

    def test_bands_that_do_not_fit(self):
        """They have no strips, so what helps is said."""
        words = [{"1_1,2_1": "1_1,4_1", "1G": "16M"}.get(word, word) for word in SHORT]
        said = ["of the 260 rows of", "need at least", "--memory allows 16 MiB", "use more devices"]
        self.refuse(support.MEMORY, said, 2, *words, "-o", "out.png")

    def test_one_rank_is_as_without(self):
        self.refuse(2, ["--bands goes with several devices"], 1, *SHORT, "--bands", "1", "-o", "out.png")
        self.refuse(4, ["nosuch"], 1, *SHORT, "--device", "0,nosuch", "-o", "out.png")

    def test_another_launcher(self):
        """Names that another MPI's launcher leaves, of which this one knows nothing, or that have stayed."""
        said = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False).stdout
        names = ["PMI_SIZE", "PMI_RANK"] if "Open MPI" in said else ["OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK"]
        left = dict(zip(names, ["2", "0"]))
        self.refuse(2, ["started 2 processes", "MPI sees one", "IMPASTO_MPI=off"], 0, *SHORT, "-o", "out.png", **left)
        self.paint(0, "out.png", IMPASTO_MPI="off", **left)

    def test_what_another_finds(self):
        self.refuse(4, ["rank 1: ", "nosuch"], 2, *SHORT, "--device", "auto,nosuch", "-o", "out.png")
        self.refuse(2, ["rank 2: ", "--device names 2 devices"], 3, *SHORT, "--device", "0,0", "-o", "out.png")
        # "other words than rank 0"
        command = [self.program, *SHORT, "-o"]
        process = self.start(1, *command[1:], "a.png", ":", "-n", "1", *command, "b.png")
        code, _, said = self.end(process)
        self.assertEqual(code, 2, said)
        self.assertIn("impasto: rank 1: was started with other words than rank 0", "\n".join(said))
        self.assertEqual(len([line for line in said if "rank 1" in line]), 1)

    def test_other_weights(self):
        (self.folder / "other.safetensors").write_bytes(support.first_layer())
        words = [word for word in SHORT if word not in ["--weights", "builtin"]] + ["-o", "out.png"]
        words[words.index("1_1,2_1")], words[words.index("2_1")] = "1_1", "1_1"
        words += ["--preset", "quick", "--convention", "auto"]
        code, _, said = self.with_one(1, f"IMPASTO_WEIGHTS={self.folder}/other.safetensors", *words)
        self.assertEqual(code, 6, said)
        self.assertIn("rank 1: has other weights than rank 0", said[-1])
        code, _, said = self.with_one(1, "IMPASTO_WEIGHTS=/no/such/file", *words)
        self.assertEqual(code, 6, said)
        self.assertRegex(said[-1], "^impasto: rank 1: /no/such/file: .*")
        self.assertNotIn("out.png", os.listdir(self.folder))

    def test_without_module(self):
        """Beside another program, the library does not find it."""
        if not (pathlib.Path(MODULE).parent / "libimpasto.so.1").exists():
            self.skipTest("the library is not beside the module")
        apart = self.folder / "apart"
        apart.mkdir()
        for file in pathlib.Path(MODULE).parent.glob("libimpasto.so*"):
            if file.is_file():
                shutil.copy(file, apart)
        self.program = shutil.copy(PROGRAM, apart)
        code, _, said = self.run_ranks(2, *SHORT, "-o", "out.png", LD_LIBRARY_PATH=str(apart))
        self.assertEqual(code, 2, said)
        self.assertRegex(said[-1], "^impasto: several ranks cannot work together: impasto_mpi.so is not in ")


LONG = PAINT + ["--iterations", "100000", "--first-iterations", "100000", "--trace", "trace.jsonl",
                "--checkpoint", "run.ckpt", "--every", "1", "--resume", "auto"]


class Losses(Ranks):
    def running(self, ranks, *words, **variables):
        (self.folder / "trace.jsonl").unlink(missing_ok=True)
        process = self.start(ranks, *LONG, "-o", "out.png", *words, **variables)
        self.addCleanup(process.kill)
        Painting.wait_for(self, process, self.folder / "trace.jsonl", 3)
        return process

    def test_kill(self):
        """The launcher ends what is left."""
        for rank in [0, 2]:
            with self.subTest(rank):
                process = self.running(3)
                os.kill(self.processes()[rank], signal.SIGKILL)
                code, _, said = self.end(process)
                self.assertNotEqual(code, 0, said)
                self.assertTrue((self.folder / "run.ckpt").exists())
                self.assertNotIn("out.png", os.listdir(self.folder))

    def test_asked_to_end_while_another_is_gone(self):
        """What a launcher does when a rank was killed: the first says what it can, before it is killed, too."""
        process = self.running(2)
        found = self.processes()
        os.kill(found[1], signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(found[0], signal.SIGTERM)
        line = ""
        while "another rank does not answer" not in line:
            line = process.stderr.readline()
            self.assertNotEqual(line, "", "it does not say so")
        os.kill(found[1], signal.SIGKILL)
        self.assertNotEqual(self.end(process)[0], 0)

    @unittest.skipUnless(LAYER, "there is no layer between us and OpenCL")
    def test_lost_device(self):
        """All ranks end with the line of the one whose driver has lost its device; nobody opens it again, as a single
        process does, and any number of ranks goes on."""
        words = PAINT + ["--iterations", "20", "--first-iterations", "20", "-o", "out.png"]
        kept = ["--checkpoint", "run.ckpt", "--every", "1", "--resume", "auto"]
        straight = self.paint(0, "out.png", base=words)
        for rank in [0, 1]:
            with self.subTest(rank):
                (self.folder / "out.png").unlink()
                fault = "call=clEnqueueReadBuffer,at=250,code=-36,lost=9"
                code, _, said = self.with_one(rank, f"OPENCL_LAYERS={LAYER} IMPASTO_FAULT={fault}", *words, *kept)
                self.assertEqual(code, support.DEVICE, said)
                lost = [line for line in said if "(-36)" in line]
                self.assertEqual(len(lost), 1, said)
                self.assertRegex(lost[0], f"^impasto: {'rank 1: ' if rank else ''}.*CL_INVALID_COMMAND_QUEUE")
                self.assertNotIn("opening it again", "".join(said))
                self.assertNotIn("out.png", os.listdir(self.folder))
                self.assertIn("run.ckpt", os.listdir(self.folder))
                self.assertEqual(self.paint(1 + rank, "out.png", *kept, base=words), straight)
                (self.folder / "run.ckpt").unlink()

    def test_hang(self):
        """A rank that is stopped: the others wait as long as for a device, and no longer."""
        process = self.running(2, IMPASTO_TIMEOUT="3")
        os.kill(self.processes()[1], signal.SIGSTOP)
        code, _, said = self.end(process)
        self.assertEqual(code, 9, said)
        self.assertTrue(any("another rank has not answered for" in line for line in said), said)
        self.assertTrue(any("to go on: impasto --resume run.ckpt -o out.png" in line for line in said), said)

    def test_hang_at_the_start(self):
        """A rank that is stopped before it has met the others."""
        program, script = self.program, self.folder / "start.sh"
        for rank in [0, 1]:
            with self.subTest(rank):
                script.write_text(f'#!/bin/sh\n[ "${{{RANK}:-$PMI_RANK}}" = {rank} ] && kill -STOP $$\n'
                                  f'exec {program} "$@"\n')
                script.chmod(0o755)
                self.program = str(script)
                process = self.start(2, *LONG, "-o", "out.png", IMPASTO_TIMEOUT="3")
                self.program = program
                code, _, said = self.end(process)
                self.assertEqual(code, 9, said)

    def test_signals(self):
        """Ctrl-C or SIGTERM at the launcher, or SIGUSR2 through it: the first rank stops for all."""
        said = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=False).stdout
        if "Open MPI" not in said:
            self.skipTest("this mpirun kills its ranks at once")
        for number in [signal.SIGINT, signal.SIGTERM, signal.SIGUSR2]:
            with self.subTest(number):
                process = self.running(2, **({} if number == signal.SIGUSR2 else GENTLE))
                process.send_signal(number)
                code, _, said = self.end(process)
                self.assertNotEqual(code, 0, said)
                words = "interrupted: the picture so far was written to out.png"
                self.assertTrue(any(words in line for line in said), said)
                support.read_png(self.folder / "out.png")
                os.remove(self.folder / "out.png")

    def test_full_disk(self):
        """A checkpoint that cannot be written is a warning, and the picture is there."""
        (self.folder / "gone").mkdir()
        process = self.running(2, "--checkpoint", "gone/run.ckpt")
        (self.folder / "gone").rename(self.folder / "went")
        time.sleep(0.5)
        os.kill(self.processes()[0], signal.SIGUSR2)
        _, _, said = self.end(process)
        self.assertTrue(any("was not saved" in line for line in said), said)
        support.read_png(self.folder / "out.png")

    def test_random_moments(self):
        spoil(self, KILLS, 1)


def spoil(test, kills, seed):
    """Kills, stops and signals of ranks at random moments, each gone on from by some number of ranks: the
    result has the same bytes."""
    chance = random.Random(seed)
    words = PAINT + ["--iterations", "20", "--first-iterations", "20"]
    kept = ["--checkpoint", "run.ckpt", "--every", "1", "--resume", "auto"]
    straight = test.paint(0, "straight.png", base=words)
    done = pictures = 0
    begun = time.monotonic()
    test.paint(2, "out.png", *kept, base=words)
    length = time.monotonic() - begun
    while done < kills:
        for name in ["run.ckpt", "out.png"]:
            (test.folder / name).unlink(missing_ok=True)
        code = 1
        while code != 0 and done < kills:
            ranks = chance.randint(2, 3)
            process = test.start(ranks, *words, "-o", "out.png", *kept, IMPASTO_TIMEOUT="3")
            time.sleep(chance.uniform(0, 1.1 * length))
            found = test.processes()
            how = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM, signal.SIGUSR2])
            if found and process.poll() is None:
                # While the first reads or writes, the others rest, for longer than this test.
                which = [rank for rank in sorted(found) if rank > 0 or how != signal.SIGSTOP]
                if which:
                    os.kill(found[chance.choice(which)], how)
                    done += 1
            code, _, said = test.end(process)
            if (test.folder / "out.png").exists():
                support.read_png(test.folder / "out.png")
            rest = set(os.listdir(test.folder)) - {"content.png", "style.png", "straight.png", "run.ckpt", "out.png"}
            test.assertEqual({name for name in rest if not name.startswith(".")}, set(), said)
        if code != 0:
            test.paint(2, "out.png", *kept, base=words)
        test.assertEqual((test.folder / "out.png").read_bytes(), straight, f"after {done} losses")
        pictures += 1
    print(f"{done} ranks were killed, stopped or signalled; {pictures} pictures have the same bytes", flush=True)


class Long(Ranks):
    """By hand: --kills N."""

    def test_many(self):
        spoil(self, int(sys.argv[-1]), int(time.time()))


if __name__ == "__main__":
    if not shutil.which("mpirun"):
        print("skipped: mpirun is not installed (openmpi-bin or mpich)")
        sys.exit(77)
    if "--kills" in sys.argv:
        MANY = unittest.defaultTestLoader.loadTestsFromTestCase(Long)
        sys.exit(not unittest.TextTestRunner(verbosity=2).run(MANY).wasSuccessful())
    del Long
    sys.exit(unittest.main())
