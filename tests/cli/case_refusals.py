# SPDX-License-Identifier: MIT
"""Pictures, weights, devices, memory and disks that do not serve: one line, its exit code, and
nothing that was there before is touched (Case.refuse checks all three)."""

import os
import re
import resource
import struct
import subprocess
import zlib

from support import (CHEAP, DEVICE, INPUT, MEMORY, OUTPUT, WEIGHTS, Case, devices, first_layer,
                     on_pocl, png, png_chunk, read_png, safetensors)


class Pictures(Case):
    def refuse_picture(self, words, name, code=INPUT, **options):
        """As content, as style, and as the start image."""
        for pictures, extra in [((name, "style.png"), []), (("content.png", name), []),
                                (("content.png", "style.png"), ["--init", name])]:
            with self.subTest(words=words, pictures=pictures, extra=extra):
                self.refuse(code, [name, *([words] if isinstance(words, str) else words)], *extra,
                            pictures=pictures, **options)

    def test_missing(self):
        self.refuse_picture("no such file or directory; see whether the name is right", "none.png")

    def test_empty(self):
        self.write("empty.png", b"")
        self.refuse_picture("empty", "empty.png")

    def test_no_picture(self):
        self.write("text.png", "This is a text.\n" * 10)
        self.write("short.png", "x")
        self.write("gif.png", b"GIF89a" + bytes(100))
        self.write("noise.png", bytes(range(1, 256)))
        for name, what in [("text.png", "is text"), ("short.png", "is text"),
                           ("gif.png", "is a GIF picture; convert its first frame: magick"),
                           ("noise.png", "is not a PNG")]:
            self.refuse_picture(what, name)

    def test_transparent(self):
        rows = (b"\0" + bytes(4 * 32)) * 24
        self.write("clear.png", b"\x89PNG\r\n\x1a\n"
                   + png_chunk(b"IHDR", struct.pack(">IIBBBBB", 32, 24, 8, 6, 0, 0, 0))
                   + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))
        for pictures in [("clear.png", "style.png"), ("content.png", "clear.png")]:
            with self.subTest(pictures=pictures):
                self.refuse(INPUT, ["clear.png: is transparent everywhere"], pictures=pictures,
                            early=False)

    def test_truncated(self):
        whole = png(32, 24)
        for length in [10, 20, 33, 40, len(whole) - 60, len(whole) - 13]:
            name = f"cut{length}.png"
            self.write(name, whole[:length])
            self.refuse_picture("", name)

    def test_truncated_jpeg(self):
        self.stylise("-o", "whole.jpg", "--iterations", "0")
        whole = (self.folder / "whole.jpg").read_bytes()
        for length in [3, 20, len(whole) // 2, len(whole) - 20]:
            self.write("cut.jpg", whole[:length])
            self.refuse_picture("", "cut.jpg")

    def test_corrupt(self):
        whole = bytearray(png(32, 24))
        for at in [20, 50, len(whole) - 20]:
            damaged = bytearray(whole)
            damaged[at] ^= 0x55
            self.write("damaged.png", bytes(damaged))
            self.refuse_picture("", "damaged.png")

    def test_impossible_sizes(self):
        for size in [(0, 24), (32, 0), (2**31, 24), (2**32 - 1, 2**32 - 1)]:
            self.write("odd.png", png(32, 24, header=size))
            self.refuse_picture("", "odd.png")

    def test_bombs(self):
        self.write("bomb.png", png(1, 1, header=(60000, 60000)))
        self.refuse_picture(["60000", "--max-pixels"], "bomb.png")
        self.write("large.png", png(40, 30))
        self.refuse(INPUT, ["large.png", "40"], "--max-pixels", "1000",
                    pictures=["content.png", "large.png"])

    def test_a_bomb_in_the_colour_profile(self):
        profile = b"x\0\0" + zlib.compress(bytes(200_000_000), 9)
        self.write("profile.png", png(32, 24, extra=png_chunk(b"iCCP", profile)))
        # Too little for the profile; refused or passed over, but never taken.
        run = self.impasto("profile.png", "none.png", "-o", "out.png", 
                           preexec_fn=self.limited(150_000_000))
        self.assertEqual(run.returncode, INPUT, run.stderr)

    def test_folders_pipes_and_devices(self):
        (self.folder / "sub").mkdir()
        os.mkfifo(self.folder / "fifo")
        self.refuse_picture("folder", "sub")
        self.refuse_picture(["pipe", "not a picture"], "fifo")
        self.refuse_picture(["device", "not a picture"], "/dev/zero")

    def test_unreadable(self):
        path = self.write("secret.png", png(32, 24))
        path.chmod(0)
        if os.geteuid() != 0:
            self.refuse_picture("permission denied", "secret.png")
            return
        somebody = self.somebody()  # root may read anything
        out = self.write("out.png", "an older result")
        out.chmod(0o666)
        self.folder.chmod(0o777)
        self.refuse_picture("permission denied", "secret.png", **somebody)

    def test_no_process_to_decode_in(self):
        """A limit of the user's says nothing of the picture."""

        def limit():
            resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))

        somebody = {}
        if os.geteuid() == 0:  # who has no such limit
            somebody = self.somebody()
            self.write("out.png", "an older result").chmod(0o666)
            self.folder.chmod(0o777)
        self.refuse(MEMORY, ["content.png", "no process", "ulimit -u"], preexec_fn=limit,
                    **somebody)

    def test_too_small(self):
        self.write("small.png", png(12, 12))
        self.write("thin.png", png(300, 20))
        for pictures, words, extra in [
            (("small.png", "style.png"), ["content", "12x12", "16x16"], ["--size", "source"]),
            (("thin.png", "style.png"), ["content", "32x2", "--size"], []),
            (("content.png", "small.png"), ["style", "12x12", "16x16"], []),
            (("content.png", "thin.png"), ["style", "32x2", "--style-size"], []),
        ]:
            with self.subTest(pictures=pictures):
                self.refuse(INPUT, words, *extra, pictures=pictures, early=False)


class Weights(Case):
    def refuse_weights(self, words, data, *arguments, early=True):
        self.write("w.safetensors", data)
        self.refuse(WEIGHTS, ["w.safetensors", *([words] if isinstance(words, str) else words)],
                    "--weights", "w.safetensors", *arguments, early=early)

    def test_missing_and_folder(self):
        self.refuse(WEIGHTS, ["none.h5", "no such file"], "--weights", "none.h5")
        self.refuse(WEIGHTS, "folder", "--weights", ".")
        self.refuse(WEIGHTS, ["none.h5", "IMPASTO_WEIGHTS"], env={"IMPASTO_WEIGHTS": "none.h5"},
                    cheap=False)

    def test_not_weights(self):
        self.refuse_weights("empty", b"")
        self.refuse_weights("neither", "This is a text.\n" * 9)
        self.refuse_weights("neither", png(32, 24))
        self.refuse_weights("convert", b"PK\3\4" + bytes(90))
        self.refuse_weights("git lfs pull", "version https://git-lfs.github.com/spec/v1\n")

    def test_cut_short(self):
        whole = first_layer()
        for length in [9, 20, 100, len(whole) // 2, len(whole) - 1]:
            with self.subTest(length):
                self.refuse_weights("", whole[:length])
        self.refuse_weights("more data", whole + b"x")

    def test_wrong_shape(self):
        self.refuse_weights(["conv1_1.weight", "[64,3,3,2]", "[64,3,3,3]"],
                            first_layer(weight=[0.1] * (64 * 18), shape=(64, 3, 3, 2)))
        self.refuse_weights(["conv1_1.weight", "[1728]"], first_layer(shape=(1728,)))

    def test_wrong_type(self):
        self.refuse_weights(["conv1_1.weight", "I32", "F32"], first_layer(dtype="I32"))

    def test_not_finite(self):
        for value in [float("nan"), float("inf")]:
            self.refuse_weights(["conv1_1.weight", "element 7", "not finite"],
                                first_layer(weight=[value if i == 7 else 0.1 for i in range(1728)]))

    def test_other_networks(self):
        body = struct.pack("<64f", *([0.0] * 64))
        self.refuse_weights("conv1_1", safetensors({"fc.bias": ("F32", [64], body)}))
        self.refuse_weights(["conv1_1", "weight"],
                            safetensors({"conv1_1.bias": ("F32", [64], body)}))

    def test_later_layers_than_there_are(self):
        for kind in ["content", "style"]:
            with self.subTest(kind):
                self.refuse_weights(["conv4_2", "conv1_1", kind], first_layer(), "--content-layers",
                                    "1_1", "--style-layers", "1_1", f"--{kind}-layers", "conv4_2",
                                    early=False)


class Devices(Case):
    def test_none(self):
        nowhere = {"OCL_ICD_VENDORS": str(self.home), "OCL_ICD_FILENAMES": ""}
        self.refuse(DEVICE, "no OpenCL device", env=nowhere)
        self.refuse(DEVICE, "no OpenCL device", "--device", "cpu", env=nowhere)
        run = self.impasto("--self-test", env=nowhere)
        self.assertEqual((run.returncode, run.stdout), (DEVICE, ""))

    def test_unknown_names_come_with_the_list(self):
        names = [d["name"][:40] for d in devices() if d["index"] is not None]
        for spec in ["nosuch", "99", "7:7", "pci:ffff:ff:1f.0", "uuid:0123"]:
            with self.subTest(spec):
                self.refuse(DEVICE, [spec, *names], "--device", spec)
                self.refuse(DEVICE, [spec, "$IMPASTO_DEVICE", *names], env={"IMPASTO_DEVICE": spec})

    def test_the_option_wins_over_the_environment(self):
        self.refuse(DEVICE, "from-option", "--device", "from-option",
                    env={"IMPASTO_DEVICE": "from-environment"})

    def test_ambiguous_names_come_with_the_list(self):
        if not on_pocl():
            self.skipTest("only PoCL can be told to have two devices")
        two = {"POCL_DEVICES": "basic pthread"}
        names = [d["name"][:40] for d in devices(**two) if d["index"] is not None]
        self.assertEqual(len(names), 2)
        self.refuse(DEVICE, ["portable", "index", *names], "--device", "portable", env=two)


class Memory(Case):
    def test_more_than_the_device_has(self):
        if not on_pocl():
            self.skipTest("only PoCL can be told to have little memory")
        line = self.refuse(MEMORY, ["MiB", "would fit"], "--size", "8192", early=False,
                           env={"POCL_MEMORY_LIMIT": "1"})
        self.assertLess(int(re.search(r"--size (\d+) would fit", line).group(1)), 8192)

    def test_the_size_that_would_fit_does(self):
        if not on_pocl():
            self.skipTest("only PoCL can be told to have little memory")
        # A deep layer on a device of 1 GiB; a picture as thin as can be, so that it takes no time.
        little = {"POCL_MEMORY_LIMIT": "1"}
        self.write("thin.png", png(640, 16))
        line = self.refuse(MEMORY, "would fit", "--size", "16384", "--style-size", "32",
                           early=False, env=little)
        fits = re.search(r"--size (\d+) would fit", line).group(1)
        self.refuse(MEMORY, "would fit", "--size", str(int(fits) + 1), "--style-size", "32",
                    early=False, env=little)

    def test_more_than_the_process_may_take(self):
        self.refuse(MEMORY, "MiB", "--size", "16384", early=False,
                    preexec_fn=self.limited(4 << 30))


def small_disk(folder):
    """Mounts a disk of 64 KiB; False where that is not allowed."""
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", folder],
                          stderr=subprocess.DEVNULL)
    return done.returncode == 0


class Devices(Case):
    def test_are_no_outputs(self):
        """/dev/full would fail only when all the work is done."""
        for option, name in [("-o", "d.png"), ("--report", "d.html"), ("--trace", "d.jsonl"),
                             ("--gradient", "d.f32"), ("--checkpoint", "d.ckpt"),
                             ("--export-weights", "d.bin"), ("--save-settings", "d.json"),
                             ("--timelapse", "film")]:
            with self.subTest(option):
                (self.folder / name).symlink_to("/dev/full")
                self.refuse(OUTPUT, [name], option, name)


class FileLimit(Case):
    def test_the_old_result_stays(self):
        """What a full disk does, where nobody may mount one: files may have 500 bytes only. PoCL
        writes a file whenever it builds, even what it has built before, so the kernels have to
        come from our cache."""
        cached = {"IMPASTO_CACHE": "on"}
        self.stylise("-o", "whole.png", env=cached)
        self.assertGreater((self.folder / "whole.png").stat().st_size, 500)

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

        for name, extra in [("out.png", []), ("out.f32", ["--gradient", "out.f32"])]:
            with self.subTest(name):
                self.refuse(OUTPUT, [name, "file too large"], *extra, early=False, env=cached,
                            preexec_fn=limit)


class FullDisk(Case):
    def setUp(self):
        super().setUp()
        self.disk = self.folder / "disk"
        try:
            mounted = small_disk(self.disk)
        except FileNotFoundError:
            mounted = False
        if not mounted:
            self.skipTest("a small disk can be mounted by root only")
        self.addCleanup(subprocess.run, ["umount", "-l", self.disk], check=False)
        self.old = self.disk / "old.png"
        self.old.write_bytes(b"an older result")

    def fill(self, leave=0):
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(4096))
            except OSError:
                pass
            filler.truncate(max(0, filler.tell() - leave))

    def test_the_old_result_stays(self):
        self.fill()
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", self.old)
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], r"^impasto: .*old\.png.*No space left")
        self.assertEqual(self.old.read_bytes(), b"an older result")
        self.assertEqual({path.name for path in self.disk.iterdir()}, {"old.png", "filler"})

    def test_intermediate_pictures(self):
        self.fill()
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", self.old, "--save-every", "1",
                           "--iterations", "100000")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertEqual(self.old.read_bytes(), b"an older result")

    def test_gradient_and_weights(self):
        self.fill()
        for option in ["--gradient", "--export-weights"]:
            with self.subTest(option):
                run = self.impasto("content.png", "style.png", *CHEAP, "-o", "out.png", option,
                                   self.old)
                self.assertEqual(run.returncode, OUTPUT, run.stderr)
                self.assertIn("old.png", run.stderr.splitlines()[-1])
                self.assertEqual(self.old.read_bytes(), b"an older result")
                self.assertFalse((self.folder / "out.png").exists())

    def test_checkpoints(self):
        """A run does not end for them; those that were saved before stay."""
        self.succeed("content.png", "style.png", *CHEAP, "-o", "out.png", "--checkpoint", "run.ckpt")
        whole = (self.folder / "run.ckpt").read_bytes()
        self.fill()
        kept = self.disk / "run.ckpt"
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "new.png", "-q", "--checkpoint",
                           kept, "--every", "1")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertRegex(run.stderr.splitlines()[0], r"warning: .*iteration 1 was not saved.*([Nn]o space|full)")
        self.assertRegex(run.stderr.splitlines()[-1], r"^impasto: .*run\.ckpt.*([Nn]o space|full)")
        self.assertEqual(read_png(self.folder / "new.png"), read_png(self.folder / "out.png"))
        self.assertFalse(kept.exists())
        # There is room for one, but not for the one that is to take its place.
        (self.disk / "filler").unlink()
        subprocess.run(["mount", "-o", f"remount,size={len(whole) * 3 // 2}", self.disk], check=True)
        kept.write_bytes(whole)
        run = self.impasto("--resume", kept, "-o", "more.png", "--iterations", "4", "--every", "1", "-q")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertEqual(kept.read_bytes(), whole)
        self.assertEqual({path.name for path in self.disk.iterdir()}, {"old.png", "run.ckpt"})
        run = self.succeed("--resume", kept, "-o", "again.png", "--iterations", "4", "--checkpoint",
                           "run2.ckpt")
        self.assertEqual(read_png(self.folder / "again.png"), read_png(self.folder / "more.png"))

    def test_report(self):
        report = self.disk / "report.html"
        report.write_bytes(b"an older report")
        self.fill()
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "out.png", "--report", report)
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], r"^impasto: .*report\.html.*No space left")
        self.assertEqual(report.read_bytes(), b"an older report")
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))
        self.assertEqual({path.name for path in self.disk.iterdir()},
                         {"old.png", "filler", "report.html"})

    def test_frames(self):
        """A disk that fills up on the way; the frames until then are whole, and the picture is kept."""
        self.fill(leave=20000)
        film = self.disk / "film"
        run = self.impasto("content.png", "style.png", *CHEAP, "--iterations", "100", "-o", "out.png",
                           "--timelapse", film, "--timelapse-every", "1")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], r"^impasto: .*film/0.*png.*No space left")
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))
        frames = sorted(film.iterdir())
        self.assertGreater(len(frames), 0)
        self.assertEqual([path.name for path in frames],
                         [f"{i:06}.png" for i in range(len(frames))])
        for path in frames:
            self.assertEqual(read_png(path)[:2], (32, 24))

    def test_that_must_not_be_written_to(self):
        subprocess.run(["mount", "-o", "remount,ro", self.disk], check=True)
        for option in ["-o", "--trace", "--gradient", "--export-weights", "--checkpoint"]:
            with self.subTest(option):
                self.refuse(OUTPUT, ["new.png", "read-only"], option, self.disk / "new.png")
        self.refuse(OUTPUT, ["new.html", "read-only"], "--report", self.disk / "new.html")
        self.refuse(OUTPUT, ["film", "read-only"], "--timelapse", self.disk / "film")
        self.refuse(OUTPUT, ["new.json", "read-only"], "--save-settings", self.disk / "new.json")

    def test_a_trace_that_fills_the_disk_ends_the_run_but_keeps_the_picture(self):
        self.fill(leave=8192)
        run = self.impasto("content.png", "style.png", *CHEAP, "-o", "out.png", "--iterations",
                           "100000", "--trace", self.disk / "t.jsonl")
        self.assertEqual(run.returncode, OUTPUT, run.stderr)
        self.assertRegex(run.stderr.splitlines()[-1], r"t\.jsonl.*No space left")
        self.assertIn("out.png", run.stderr)
        self.assertEqual(read_png(self.folder / "out.png")[:2], (32, 24))
