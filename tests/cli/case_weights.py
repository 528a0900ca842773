# SPDX-License-Identifier: MIT
"""impasto weights: fetched from a local server, converted, checked, and where they are looked for."""

import http.server
import io
import json
import os
import pathlib
import shutil
import struct
import threading
import zipfile

from support import (CHEAP, OUTPUT, SHORT_PATIENCE, USAGE, WEIGHTS, Case, first_layer, program,
                     safetensors)

VGG = ".local/share/impasto/vgg19.safetensors"


def torchvision(value=0.01):
    """conv1_1 under torchvision's names, and a tensor that nobody needs."""
    return safetensors({
        "features.0.weight": ("F32", [64, 3, 3, 3], struct.pack("<f", value) * 1728),
        "features.0.bias": ("F32", [64], struct.pack("<f", 0.5) * 64),
        "head.fc.bias": ("F32", [5], bytes(20)),
    })


def read(path):
    """The header of a safetensors file."""
    raw = pathlib.Path(path).read_bytes()
    return json.loads(raw[8:8 + struct.unpack("<Q", raw[:8])[0]])


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        content, (begin, end) = self.server.content, self.headers["Range"][6:].split("-")
        if content is None:
            self.send_error(404)
            return
        part = content[int(begin):int(end) + 1]
        self.send_response(206)
        self.send_header("Content-Range", "bytes %s-%d/%d" % (begin, int(begin) + len(part) - 1,
                                                              len(content)))
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        self.wfile.write(part)


class Weights(Case):
    def weights(self, *arguments, **options):
        return self.impasto("weights", *arguments, timeout=SHORT_PATIENCE, **options)

    def done(self, *arguments, **options):
        run = self.weights(*arguments, **options)
        self.assertEqual(run.returncode, 0, run.stderr)
        return run.stdout

    def refused(self, code, words, *arguments, **options):
        """One line that says so, and no file that was not there."""
        before = self.snapshot()
        run = self.weights(*arguments, **options)
        self.assertEqual(run.returncode, code, run.stderr)
        line = run.stderr.splitlines()[-1]
        self.assertTrue(line.startswith("impasto: "), run.stderr)
        self.assertIn(words, line)
        self.assertNotIn("Traceback", run.stderr)
        self.assertEqual(self.snapshot(), before)
        return run.stderr


class Commands(Weights):
    def test_help_pages(self):
        self.assertIn("fetch", self.done("--help"))
        for part in ("fetch", "convert", "check", "path"):
            for word in ("--help", "-h"):
                page = self.done(part, word)
                self.assertTrue(page.startswith(f"Usage: impasto weights {part}"), page)

    def test_words_that_do_not_fit(self):
        self.refused(USAGE, "fetch, convert, check, path")
        self.refused(USAGE, "did you mean fetch?", "fetsh")
        self.refused(USAGE, "there are fetch", "elephant")
        self.refused(USAGE, "did you mean --force?", "fetch", "--forse")
        self.refused(USAGE, "not an option of impasto weights check", "check", "--size", "3")
        self.refused(USAGE, "needs a value (URL)", "fetch", "--url")
        self.refused(USAGE, "takes no value", "fetch", "--half=1")
        self.refused(USAGE, "needs FILE...", "check")
        self.refused(USAGE, "takes IN [OUT]", "convert", "a", "b", "c")
        self.refused(USAGE, "'x'", "path", "x")
        self.refused(USAGE, "caffe", "convert", "--convention", "x", "a", "b")

    def test_a_command_is_the_first_word_alone(self):
        self.refuse(USAGE, "did you mean impasto weights?", pictures=("weigths", "style.png"))
        self.write("weights", (self.folder / "content.png").read_bytes())
        self.succeed("./weights", "style.png", *CHEAP, "-o", "a.png")
        self.succeed("-o", "b.png", *CHEAP, "weights", "style.png")
        self.assertEqual(self.impasto("weights", "style.png", timeout=SHORT_PATIENCE).returncode, USAGE)
        self.write("weigths", (self.folder / "content.png").read_bytes())
        self.succeed("weigths", "style.png", *CHEAP, "-o", "c.png")


class Path(Weights):
    def test_places(self):
        text = self.done("path")
        self.assertRegex(text, rf"(?m)^nothing +{self.home}/{VGG}$")
        self.assertRegex(text, r"(?m)^in use +built-in")
        self.assertIn("impasto weights fetch", text)
        file = self.home / VGG
        file.parent.mkdir(parents=True)
        file.write_bytes(first_layer())
        text = self.done("path")
        self.assertRegex(text, rf"(?m)^in use +{file}$")
        self.assertRegex(text, r"(?m)^not used +built-in")
        self.assertNotIn("fetch", text)
        text = self.done("path", env={"XDG_DATA_HOME": str(self.folder)})
        self.assertRegex(text, rf"(?m)^nothing +{self.folder}/impasto/vgg19.safetensors\nin use +{file}$")

    def test_variable(self):
        file = self.home / VGG
        file.parent.mkdir(parents=True)
        file.write_bytes(first_layer())
        text = self.done("path", env={"IMPASTO_WEIGHTS": "other"})
        self.assertRegex(text, r"(?m)^in use +\$IMPASTO_WEIGHTS: other$")
        self.assertRegex(text, rf"(?m)^not used +{file}$")
        text = self.done("path", env={"IMPASTO_WEIGHTS": "builtin"})
        self.assertRegex(text, r"(?m)^in use +built-in")


class Check(Weights):
    def test_sound(self):
        self.write("own.safetensors", first_layer())
        self.write("other.safetensors", torchvision())
        text = self.done("check", "own.safetensors", "other.safetensors")
        self.assertIn("own.safetensors: safetensors\n  layers: the first 1 of sixteen, conv1_1", text)
        self.assertIn("convention: caffe", text)
        self.assertIn("convention: torchvision", text)
        self.assertEqual(text.count("  good"), 2)
        self.succeed("--weights", "builtin", "--export-weights", "all.safetensors")
        text = self.done("check", "all.safetensors")
        self.assertIn("all sixteen, conv1_1 to conv5_4", text)
        self.assertIn("Impasto's built-in weights", text)

    def test_not_sound(self):
        self.write("nan.safetensors", torchvision(float("nan")))
        self.write("own.safetensors", first_layer())
        self.write("page.safetensors", "<html>")
        self.refused(WEIGHTS, "not finite", "check", "nan.safetensors")
        self.refused(WEIGHTS, "web page", "check", "page.safetensors")
        self.refused(WEIGHTS, "No such file", "check", "lost.safetensors")
        run = self.weights("check", "nan.safetensors", "own.safetensors", "page.safetensors")
        self.assertEqual(run.returncode, WEIGHTS)
        self.assertIn("own.safetensors: safetensors", run.stdout)
        self.assertEqual(len(run.stderr.splitlines()), 2)

    def test_by_the_script(self):
        self.write("own.safetensors", torchvision())
        self.write("bad.pth", b"\x80\x02}q\x00.")
        run = self.weights("check", "own.safetensors", "bad.pth")
        self.assertEqual(run.returncode, WEIGHTS)
        self.assertIn("own.safetensors: safetensors", run.stdout)
        self.assertIn("bad.pth: BAD", run.stdout)


class Convert(Weights):
    def npz(self):
        """conv1_1 as NumPy has it."""
        text = io.BytesIO()
        with zipfile.ZipFile(text, "w") as archive:
            for name, shape in (("conv1_1_W", (64, 3, 3, 3)), ("conv1_1_b", (64,))):
                head = b"{'descr': '<f4', 'fortran_order': False, 'shape': %s, } \n" % repr(shape).encode()
                count = 64 * (27 if len(shape) == 4 else 1)
                archive.writestr(name + ".npy", b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head
                                 + struct.pack("<f", 0.25) * count)
        return text.getvalue()

    def test_by_the_library(self):
        self.write("in.safetensors", torchvision())
        text = self.done("convert", "in.safetensors", "out.safetensors", env={"PATH": ""})
        self.assertIn("conv1_1 to conv1_1, F32, torchvision", text)
        header = read(self.folder / "out.safetensors")
        self.assertEqual(header["__metadata__"]["impasto.convention"], "torchvision")
        self.assertEqual(set(header), {"__metadata__", "conv1_1.weight", "conv1_1.bias"})
        self.done("convert", "in.safetensors", "-o", "caffe.safetensors", "--convention", "caffe")
        self.assertEqual(read(self.folder / "caffe.safetensors")["__metadata__"]["impasto.convention"],
                         "caffe")

    def test_source_stays(self):
        """Where Python is; a file that does not say gets the name of its origin."""
        self.write("in.safetensors", torchvision())
        self.done("convert", "in.safetensors", "once.safetensors")
        self.done("convert", "once.safetensors", "twice.safetensors")
        for name in ("once", "twice"):
            self.assertEqual(read(self.folder / f"{name}.safetensors")["__metadata__"]["source"],
                             "in.safetensors")

    def test_published_checksum(self):
        self.write("own.safetensors", first_layer())
        if "SHA-256" not in self.done("check", "own.safetensors"):
            self.skipTest("built without nettle")
        name = "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5"
        self.write(name, b"\x89HDF\r\n\x1a\n")
        for path in (name, f"../{self.folder.name}/{name}"):
            self.refused(WEIGHTS, "its MD5 is not 253f8cb5", "convert", path, "out.safetensors")
            self.refused(WEIGHTS, "its MD5 is not 253f8cb5", "check", path)

    def test_by_the_script(self):
        self.write("in.npz", self.npz())
        self.done("convert", "in.npz", "out.safetensors")
        self.assertIn("conv1_1.weight", read(self.folder / "out.safetensors"))
        self.write("in.safetensors", torchvision())
        self.done("convert", "in.safetensors", "half.safetensors", "--half")
        self.assertEqual(read(self.folder / "half.safetensors")["conv1_1.weight"]["dtype"], "F16")
        self.write("bad.pth", b"\x80\x02cos\nsystem\n(S'touch ran'\ntR.")
        self.refused(WEIGHTS, "do not trust it", "convert", "bad.pth", "x.safetensors")

    def test_to_where_it_is_found(self):
        self.write("in.safetensors", torchvision())
        self.write("in.npz", self.npz())
        self.done("convert", "in.safetensors")
        self.assertTrue((self.home / VGG).is_file())
        for file in ("in.safetensors", "in.npz"):
            self.refused(OUTPUT, "--force", "convert", file)
            self.done("convert", file, "--force")
        run = self.impasto("content.png", "style.png", "--size", "32", "--iterations", "1",
                           "--style-layers", "1_1", "--content-layers", "1_1")
        self.assertIn(f"weights: {self.home / VGG}", run.stderr)

    def test_refused(self):
        self.write("in.safetensors", torchvision())
        (self.folder / "folder").mkdir()
        self.refused(OUTPUT, "not a regular file", "convert", "in.safetensors", "folder", "--force")
        self.refused(OUTPUT, "there already", "convert", "in.safetensors", "in.safetensors")
        self.refused(USAGE, "names the result already", "convert", "in.safetensors", "a", "-o", "b")
        self.refused(USAGE, "name a file", "convert", "in.safetensors", "-")
        self.refused(USAGE, "name a file", "fetch", "-o", "-")
        self.refused(WEIGHTS, "No such file", "convert", "lost.safetensors", "out.safetensors")
        self.write("text", "not weights at all")
        self.refused(WEIGHTS, "neither safetensors", "convert", "text", "out.safetensors")
        self.write("nan.safetensors", torchvision(float("nan")))
        self.refused(WEIGHTS, "not finite", "convert", "nan.safetensors", "out.safetensors")


class Fetch(Weights):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.content = torchvision()
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = "http://127.0.0.1:%d/model" % self.server.server_port

    def test_to_where_it_is_found(self):
        env = {"no_proxy": "*"}
        text = self.done("fetch", "--url", self.url, env=env)
        self.assertIn(f"{self.home / VGG}: conv1_1 to conv1_1, F32, torchvision", text)
        self.assertRegex(self.done("path"), rf"(?m)^in use +{self.home / VGG}$")
        self.refused(OUTPUT, "--force", "fetch", "--url", self.url, env=env)
        self.done("fetch", "--url", self.url, "--force", "--half", env=env)
        self.done("fetch", "--url", self.url, "-o", "here.safetensors", env=env)
        self.assertEqual(sorted(os.listdir((self.home / VGG).parent)), ["vgg19.safetensors"])
        self.assertTrue((self.folder / "here.safetensors").is_file())

    def test_that_fails(self):
        env = {"no_proxy": "*"}
        self.server.content = None
        for words in ("the server answers 404", "then run: impasto weights convert"):
            self.refused(WEIGHTS, words, "fetch", "--url", self.url, "-o", "out.safetensors", env=env)
        self.server.content = torchvision(float("inf"))
        self.refused(WEIGHTS, "not finite", "fetch", "--url", self.url, "-o", "out.safetensors", env=env)
        self.refused(WEIGHTS, "https://", "fetch", "--url", "nonsense", "-o", "out.safetensors")

    def test_without_python(self):
        error = self.refused(WEIGHTS, "fetch takes Python", "fetch", env={"PATH": ""})
        self.assertEqual(len(error.splitlines()), 1)

    def test_the_current_folder_has_no_say(self):
        self.write("vgg19.py", "open('ran', 'w')")
        (self.folder / "weights").mkdir()
        self.write("weights/vgg19.py", "open('ran', 'w')")
        self.done("fetch", "--url", self.url, "-o", "out.safetensors", env={"no_proxy": "*"})
        self.assertFalse((self.folder / "ran").exists())

    def test_beside_the_program(self):
        """As it is installed somewhere else than it was to be."""
        library = pathlib.Path(program()).parent
        for folder in ("bin", "share/impasto"):
            (self.folder / "there" / folder).mkdir(parents=True)
        shutil.copy(program(), self.folder / "there/bin/impasto")
        script = self.write("there/share/impasto/vgg19.py", "import sys\nprint(sys.argv[1:])")
        env = {"LD_LIBRARY_PATH": str(library), "IMPASTO_BIN": str(self.folder / "there/bin/impasto")}
        old, os.environ["IMPASTO_BIN"] = os.environ["IMPASTO_BIN"], env["IMPASTO_BIN"]
        self.addCleanup(os.environ.__setitem__, "IMPASTO_BIN", old)
        self.assertIn("'fetch', '--half'", self.done("fetch", "--half", env=env))
        if os.geteuid() == 0:
            try:
                os.chown(script, 12345, 12345)
            except OSError as error:  # a container that knows one user
                self.skipTest(f"nothing can be given to somebody else: {error}")
            self.refused(WEIGHTS, "vgg19.py", "fetch", env=env)


class Told(Weights):
    def shown(self, *arguments, **env):
        """What a run says to a terminal."""
        master, slave = self.terminal()
        run = self.start("content.png", "style.png", *arguments, stderr=slave, env=env)
        os.close(slave)
        text = b""
        while True:
            try:
                text += os.read(master, 4096)
            except OSError:
                break
        run.communicate()
        self.assertEqual(run.returncode, 0, text)
        return text.decode()

    def test_on_a_terminal(self):
        rest = [word for word in CHEAP if word not in ("--weights", "builtin")]
        self.assertIn("impasto weights fetch", self.shown(*rest, "-o", "a.png"))
        self.assertNotIn("weights fetch", self.shown(*CHEAP, "-o", "b.png"))
        self.assertNotIn("weights fetch", self.shown(*rest, "-o", "c.png", "-q"))
        self.assertNotIn("weights fetch", self.shown(*rest, "-o", "d.png", IMPASTO_WEIGHTS="builtin"))
        self.assertNotIn("weights fetch", self.stylise("-o", "e.png").stderr)
