# SPDX-License-Identifier: MIT
"""What the command-line tests stand on: tiny pictures and weights written by hand, the program run
with a time limit in a folder of its own, and a check that a refusal left everything as it was.

Only Python's standard library is used. The platform is what the environment says; the program is
named by $IMPASTO_BIN or test_cli.py's argument.
"""

import fcntl
import json
import math
import os
import pathlib
import pty
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import unittest
import zlib

# Exit codes as --help documents them.
USAGE, INPUT, DEVICE, MEMORY, WEIGHTS, OUTPUT, NUMERIC = 2, 3, 4, 5, 6, 7, 8
SIGINT_CODE, SIGTERM_CODE = 128 + signal.SIGINT, 128 + signal.SIGTERM
SIGHUP_CODE = 128 + signal.SIGHUP

# Seconds for a run of a few small iterations: the first one on a platform compiles the kernels.
PATIENCE = 300
# Seconds for a refusal that does no work: what takes longer hangs.
SHORT_PATIENCE = 60
# A run as cheap as it can be and still be one.
CHEAP = ["--weights", "builtin", "--size", "32", "--iterations", "2", "--style-layers", "1_1,2_1",
         "--content-layers", "2_1"]
# A terminal that shows pictures, whichever one the tests are run in.
TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", "TMUX": None,
            "STY": None, "KITTY_PID": None, "TERM_PROGRAM": None, "LC_TERMINAL": None}
# What would change the tests if a user's shell had it set.
PRIVATE = ["IMPASTO_WEIGHTS", "IMPASTO_DEVICE", "IMPASTO_TIMEOUT", "IMPASTO_MPI", "XDG_DATA_HOME", "COLUMNS"]


def program():
    return os.environ["IMPASTO_BIN"]


# ---- Files made by hand --------------------------------------------------------------------------


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, pixel=None, header=None, extra=b""):
    """An 8-bit RGB PNG. pixel(x, y) gives three numbers; header: the size that it claims."""
    pixel = pixel or (lambda x, y: (x * 7 % 256, y * 11 % 256, (x * y) % 256))
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in pixel(x, y)) for y in range(height)
    )
    size = struct.pack(">IIBBBBB", *(header or (width, height)), 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", size) + extra
            + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b""))


def write_photographs(folder):
    """Four pictures that a training may learn from: to draw its own takes longer than a few tiny steps."""
    folder.mkdir(exist_ok=True)
    for i in range(4):
        (folder / f"{i}.png").write_bytes(png(64, 66, lambda x, y: (4 * x % 256, (5 * y + i * x) % 256, i * x * y % 256)))


def read_png(path):
    """(width, height, bit depth, colour type, unfiltered rows), every checksum checked."""
    data, at, chunks = pathlib.Path(path).read_bytes(), 8, {}
    assert data[:8] == b"\x89PNG\r\n\x1a\n", f"{path} is no PNG"
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        (crc,) = struct.unpack(">I", data[at + 8 + length:at + 12 + length])
        assert crc == zlib.crc32(kind + body), f"{path}: chunk {kind} is damaged"
        chunks[kind] = chunks.get(kind, b"") + body
        at += 12 + length
    assert b"IEND" in chunks, f"{path} has no end"
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    rows = zlib.decompress(chunks[b"IDAT"])
    channels = {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    assert len(rows) == height * (1 + width * channels * depth // 8), f"{path}: pixels are missing"
    return width, height, depth, colour, rows


def pixels(path):
    """Rows of pixels, each a tuple."""
    width, height, _, colour, rows = read_png(path)
    channels = {2: 3, 6: 4}[colour]
    out, line = [], bytes(width * channels)
    stride = width * channels + 1
    for y in range(height):
        kind, row = rows[y * stride], bytearray(rows[y * stride + 1:(y + 1) * stride])
        for i in range(len(row)):
            left = row[i - channels] if i >= channels else 0
            corner = line[i - channels] if i >= channels else 0
            guess = min((left, line[i], corner), key=lambda v: abs(left + line[i] - corner - v))
            row[i] = row[i] + [0, left, line[i], (left + line[i]) // 2, guess][kind] & 255
        line = bytes(row)
        out.append([tuple(line[x * channels:(x + 1) * channels]) for x in range(width)])
    return out


def safetensors(tensors, metadata=None):
    """tensors: {name: (dtype, shape, data)}."""
    header, data = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    for name, (dtype, shape, body) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape,
                        "data_offsets": [len(data), len(data) + len(body)]}
        data += body
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def first_layer(scale=1.0, weight=None, shape=(64, 3, 3, 3), dtype="F32"):
    """Weights that end with conv1_1: enough for a run, and small."""
    weight = weight or [scale * ((i * 37 % 19) - 9) / 40 for i in range(64 * 3 * 3 * 3)]
    return safetensors({
        "conv1_1.weight": (dtype, list(shape), struct.pack(f"<{len(weight)}f", *weight)),
        "conv1_1.bias": ("F32", [64], struct.pack("<64f", *([0.0] * 64))),
    })


def pan(frames, width=64, height=48):
    """A camera that goes to the right over soft hills, which motion can be told of."""
    film = f"YUV4MPEG2 W{width} H{height} F25:1 Ip A1:1 C444\n".encode()
    for i in range(frames):
        luma = bytes(round(126 + 50 * math.sin(0.33 * (x + 1.7 * i) + 0.21 * y)
                           + 40 * math.sin(0.13 * (x + 1.7 * i) - 0.37 * y))
                     for y in range(height) for x in range(width))
        film += b"FRAME\n" + luma + bytes([110]) * (width * height) + bytes([140]) * (width * height)
    return film


def scenes(lengths, width=64, height=48):
    """Scenes of so many frames each: hills, tiles with hard edges, hills, ..."""
    film = pan(sum(lengths), width, height)
    header = film.index(b"\n") + 1
    each = (len(film) - header) // sum(lengths)
    frames = [film[header + i * each:][:each] for i in range(sum(lengths))]
    for scene in range(1, len(lengths), 2):
        for i in range(sum(lengths[:scene]), sum(lengths[:scene + 1])):
            luma = bytes(20 + 13 * (((x + 2 * i) // 7 * 37 + y // 5 * 23) % 16)
                         for y in range(height) for x in range(width))
            frames[i] = frames[i][:6] + luma + frames[i][6 + width * height:]
    return film[:header] + b"".join(frames)


# ---- The program ---------------------------------------------------------------------------------


def environment(home, **changes):
    env = {key: value for key, value in os.environ.items() if key not in PRIVATE}
    env |= {"HOME": str(home), "XDG_DATA_DIRS": str(home), "LC_ALL": "C"}
    env.setdefault("XDG_CACHE_HOME", os.environ["IMPASTO_CLI_CACHE"])
    return {key: value for key, value in (env | changes).items() if value is not None}


def devices(**changes):
    """What --list-devices --json says."""
    with tempfile.TemporaryDirectory() as home:
        run = subprocess.run([program(), "--list-devices", "--json"], stdout=subprocess.PIPE,
                             env=environment(home, **changes), timeout=SHORT_PATIENCE, check=True)
    return json.loads(run.stdout)


def on_pocl():
    return any("Portable Computing" in d["platform"] and d["index"] is not None for d in devices())


class Case(unittest.TestCase):
    """Each test has a folder with content.png and style.png, 32x24 and 24x32."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="impasto-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.home = self.folder / "home"
        self.home.mkdir()
        self.write("content.png", png(32, 24))
        self.write("style.png", png(24, 32, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)))

    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def start(self, *arguments, env=None, **options):
        """Without waiting; stdout and stderr are pipes, and stdin is empty, unless said otherwise."""
        options = {"cwd": self.folder, "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                   "stderr": subprocess.PIPE} | options
        process = subprocess.Popen(
            [program(), *map(str, arguments)],
            env=environment(self.home, **(env or {})), **options)
        self.addCleanup(process.kill)
        return process

    def impasto(self, *arguments, env=None, timeout=PATIENCE, **options):
        process = self.start(*arguments, env=env, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"not done within {timeout} s: {arguments}")
        return subprocess.CompletedProcess(arguments, process.returncode,
                                           (out or b"").decode(), (err or b"").decode())

    def terminal(self):
        """(our end, the program's end) of one; ours is closed at the end of the test."""
        try:
            own, other = pty.openpty()
        except OSError as error:  # a container without /dev/pts
            self.skipTest(f"no terminal can be had: {error}")
        self.addCleanup(os.close, own)
        return own, other

    def watched(self, *arguments, env=None):
        """(exit code, all that it sent) of the program, on a terminal that shows pixels."""
        own, other = self.terminal()
        fcntl.ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 800, 480))
        run = self.start(*arguments, env=TERMINAL | {"TERM": "xterm-kitty"} | (env or {}),
                         stderr=other)
        os.close(other)
        shown = b""
        while True:
            try:
                data = os.read(own, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data
        run.communicate(timeout=PATIENCE)
        return run.returncode, shown

    def somebody(self):
        """Options that run the program as a user without rights; for tests run by root."""
        other = {"user": 65534, "group": 65534}
        self.folder.chmod(0o755)
        try:
            self.impasto("--version", **other)
        except OSError:
            self.skipTest("the program lies where only root may run it")
        return other

    def succeed(self, *arguments, **options):
        run = self.impasto(*arguments, **options)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run

    def stylise(self, *arguments, **options):
        """A cheap run on the two pictures that must succeed and leave stdout alone."""
        run = self.succeed("content.png", "style.png", *CHEAP, *arguments, **options)
        self.assertEqual(run.stdout, "")
        return run

    def limited(self, size):
        """A preexec_fn after which the program may take `size` bytes of address space; skips
        where it does not even start then, as with a sanitizer built in."""

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (size, size))

        if self.impasto("--version", preexec_fn=limit).returncode != 0:
            self.skipTest("the program needs too much address space to begin with")
        return limit

    def snapshot(self):
        """Every file's bytes, every other thing's kind."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes() if path.is_file()
            and os.access(path, os.R_OK) else path.lstat().st_mode
            for path in sorted(self.folder.rglob("*"))
            if not path.is_relative_to(self.home)
        }

    def refuse(self, code, words, *arguments, pictures=("content.png", "style.png"), early=True,
               cheap=True, **options):
        """The program must say `words` (in any case) in one line, exit with `code`, and leave every
        file as it was, an old out.png among them. early: before any work, so that the one line is
        all it says; otherwise it runs with -q, which leaves only warnings and errors."""
        out = self.folder / "out.png"
        if not out.exists():
            out.write_bytes(b"an older result")
        output = [] if "-o" in arguments else ["-o", "out.png"]
        before = self.snapshot()
        run = self.impasto(*pictures, *output, *(CHEAP if cheap else []), *arguments,
                           *([] if early else ["-q"]),
                           **{"timeout": SHORT_PATIENCE if early else PATIENCE, **options})
        self.assertEqual(run.returncode, code, run.stderr or "(it said nothing)")
        self.assertEqual(run.stdout, "")
        lines = run.stderr.splitlines()
        self.assertEqual(len(lines), 1, run.stderr)
        self.assertTrue(lines[0].startswith("impasto: "), lines[0])
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word.lower(), lines[0].lower())
        self.assertEqual(self.snapshot(), before, "files changed")
        return lines[0]

    def trace(self, name="trace.jsonl"):
        """The lines of a trace so far, complete ones only, as strict JSON."""

        def no_constant(word):
            self.fail(f"{word} is no JSON")

        path = self.folder / name
        text = path.read_text() if path.exists() else ""
        return [json.loads(line, parse_constant=no_constant)
                for line in text.split("\n")[:-1]]
