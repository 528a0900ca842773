#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weights/vgg19.py: downloads from a local server that misbehaves, and files of all kinds that are
sound, cut short, wrong or hostile. Needs the standard library only."""

import array
import contextlib
import http.server
import importlib.util
import io
import json
import os
import pickle
import random
import struct
import sys
import tarfile
import tempfile
import threading
import types
import unittest
import zipfile
from collections import OrderedDict
from unittest import mock

sys.dont_write_bytecode = True
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
SPEC = importlib.util.spec_from_file_location("vgg19", os.path.join(ROOT, "weights", "vgg19.py"))
vgg19 = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(vgg19)

COUNT = 2  # layers in most of the files here: small
HOSTILE = []  # what a hostile pickle would append to


def run_hostile(*arguments):
    HOSTILE.append(arguments)


def values(count, seed):
    return array.array("f", [((i * 37 + seed * 11) % 201 - 100) / 64 for i in range(count)])


def state(count=COUNT, letter="f"):
    """{torchvision's name: (shape, array)}, and one tensor that is not needed."""
    result = {}
    for i, (_, inputs, outputs, position) in enumerate(vgg19.LAYERS[:count]):
        for kind, shape in (("bias", (outputs,)), ("weight", (outputs, inputs, 3, 3))):
            size = 9 * inputs * outputs if kind == "weight" else outputs
            result["features.%d.%s" % (position, kind)] = (
                shape, array.array(letter, values(size, 2 * i + len(shape))))
    result["head.fc.bias"] = ((7,), array.array(letter, values(7, 99)))
    return result


def expected(count=COUNT):
    tensors = state(count)
    return [(tensors["features.%d.weight" % p][1], tensors["features.%d.bias" % p][1])
            for _, _, _, p in vgg19.LAYERS[:count]]


def safetensors(tensors, metadata=None):
    header = {} if metadata is None else {"__metadata__": metadata}
    data = b""
    for name, (shape, numbers) in tensors.items():
        raw = numbers.tobytes() if isinstance(numbers, array.array) else numbers
        dtype = "F32" if isinstance(numbers, array.array) else "F16"
        header[name] = {"dtype": dtype, "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


# ---- Writing .pth files without PyTorch ----------------------------------------------------------


class FakeTensor:
    def __init__(self, key, shape, numbers, half=False):
        self.key, self.shape, self.numbers, self.half = key, shape, numbers, half

    def strides(self):
        result, stride = [], 1
        for extent in reversed(self.shape):
            result.insert(0, stride)
            stride *= extent
        return tuple(result)

    def raw(self):
        return vgg19.to_bytes(self.numbers, self.half)

    def __reduce__(self):
        utils = sys.modules["torch._utils"]
        return utils._rebuild_tensor_v2, (FakeStorage(self), 0, self.shape, self.strides(), False,
                                          OrderedDict())


class FakeStorage:
    def __init__(self, tensor):
        self.tensor = tensor


def stand_ins():
    """Modules with the names that PyTorch's pickles mention."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in ("FloatStorage", "HalfStorage", "FloatTensor"):
        setattr(torch, name, type(name, (), {"__module__": "torch"}))

    def _rebuild_tensor_v2():
        pass

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", \
        "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    torch._utils = utils
    return mock.patch.dict(sys.modules, {"torch": torch, "torch._utils": utils})


class Pickler(pickle._Pickler):
    def __init__(self, file, legacy):
        super().__init__(file, 2)
        self.legacy = legacy

    def persistent_id(self, obj):
        if not isinstance(obj, FakeStorage):
            return None
        tensor, torch = obj.tensor, sys.modules["torch"]
        kind = torch.HalfStorage if tensor.half else torch.FloatStorage
        pid = ("storage", kind, tensor.key, "cpu", len(tensor.numbers))
        return pid + (None,) if self.legacy else pid


def dump(obj, legacy):
    with stand_ins():
        file = io.BytesIO()
        Pickler(file, legacy).dump(obj)
        return file.getvalue()


def fakes(tensors, half=False):
    return OrderedDict((name, FakeTensor(str(i), shape, numbers, half))
                       for i, (name, (shape, numbers)) in enumerate(tensors.items()))


def pth_zip(tensors, text=None, compress=zipfile.ZIP_STORED, half=False):
    objects, file = fakes(tensors, half), io.BytesIO()
    with zipfile.ZipFile(file, "w", compress) as archive:
        archive.writestr("archive/data.pkl", dump(objects, False) if text is None else text)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
        for tensor in objects.values():
            archive.writestr("archive/data/" + tensor.key, tensor.raw())
    return file.getvalue()


def pth_stream(tensors, text=None, half=False):
    objects = fakes(tensors, half)
    result = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    result += pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
    result += dump(objects, True) if text is None else text
    result += pickle.dumps([tensor.key for tensor in objects.values()], 2)
    for tensor in objects.values():
        result += struct.pack("<q", len(tensor.numbers)) + tensor.raw()
    return result


def pth_tar(tensors, text=None):
    class Numbered(pickle._Pickler):
        def persistent_id(self, obj):
            return str(1000 + int(obj.key)) if isinstance(obj, FakeTensor) else None

    objects = fakes(tensors)
    with stand_ins():
        torch = sys.modules["torch"]
        storages = pickle.dumps(len(objects), 2)
        listed = pickle.dumps(len(objects), 2)
        for tensor in objects.values():
            key = int(tensor.key)
            storages += pickle.dumps((key, "cpu", torch.FloatStorage), 2)
            storages += struct.pack("<q", len(tensor.numbers)) + tensor.raw()
            listed += pickle.dumps((1000 + key, key, torch.FloatTensor), 2)
            rank = len(tensor.shape)
            listed += struct.pack("<ii%dqq" % (2 * rank), rank, 0, *tensor.shape,
                                  *tensor.strides(), 0)
        storages += pickle.dumps([], 2)
        if text is None:
            main = io.BytesIO()
            Numbered(main, 2).dump(objects)
            text = main.getvalue()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:", format=tarfile.PAX_FORMAT) as archive:
        for name, part in (("sys_info", pickle.dumps({}, 2)), ("pickle", text),
                           ("tensors", listed), ("storages", storages)):
            info = tarfile.TarInfo(name)
            info.size = len(part)
            archive.addfile(info, io.BytesIO(part))
    return file.getvalue()


def npz(tensors):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (shape, numbers) in tensors.items():
            text = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }" % (
                ", ".join(map(str, shape)) + ("," if len(shape) == 1 else ""))
            text += " " * (-(len(text) + 11) % 64) + "\n"
            archive.writestr(name + ".npy", b"\x93NUMPY\x01\0" + struct.pack("<H", len(text))
                             + text.encode() + numbers.tobytes())
    return file.getvalue()


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="impasto-vgg19-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.output = self.path("out.safetensors")
        HOSTILE.clear()

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def run_main(self, *arguments):
        """Exit status, standard output, standard error."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = vgg19.main(list(arguments))
        return status, out.getvalue(), err.getvalue()

    def refuse(self, content, reason, name="bad.pth"):
        status, _, err = self.run_main("convert", self.path(name, content), "-o", self.output)
        self.assertEqual(status, 1, err)
        self.assertIn(reason, err)
        self.assertEqual(err.count("\n"), 1, err)
        self.assertNotIn("Traceback", err)
        self.assertFalse(os.path.exists(self.output))
        self.assertEqual(HOSTILE, [])

    def check_output(self, wanted, convention, half=False):
        """Reads the output by the format's definition, with none of the script's code."""
        with open(self.output, "rb") as file:
            raw = file.read()
        length, = struct.unpack("<Q", raw[:8])
        header = json.loads(raw[8:8 + length])
        data = raw[8 + length:]
        self.assertEqual((8 + length) % 8, 0)
        metadata = header.pop("__metadata__")
        self.assertEqual(metadata["impasto.convention"], convention)
        self.assertEqual(metadata["format"], "pt")
        position = 0
        names = [layer[0] + kind for layer in vgg19.LAYERS[:len(wanted)]
                 for kind in (".weight", ".bias")]
        self.assertEqual(list(header), names)
        for name, numbers in zip(names, [part for pair in wanted for part in pair]):
            begin, end = header[name]["data_offsets"]
            self.assertEqual(begin, position)
            self.assertEqual(header[name]["dtype"], "F16" if half else "F32")
            letter = "e" if half else "f"
            self.assertEqual(data[begin:end], struct.pack("<%d%s" % (len(numbers), letter),
                                                          *numbers))
            position = end
        self.assertEqual(position, len(data))
        self.assertEqual([name for name in os.listdir(self.folder) if name.endswith(".tmp")], [])


class Convert(Case):
    def convert(self, content, *options, convention="torchvision", half=False, name="in"):
        path = self.path(name, content)
        status, out, err = self.run_main("convert", path, "-o", self.output, "--force", *options)
        self.assertEqual(status, 0, err)
        self.check_output(expected(), convention, half)
        return out + err

    def test_all_kinds(self):
        named = OrderedDict(("%s_%s" % (layer[0], letter), part) for layer, pair in
                            zip(vgg19.LAYERS, expected()) for letter, part in zip("Wb", pair))
        shaped = {}
        for name, numbers in named.items():
            _, inputs, outputs, _ = vgg19.LAYERS[0 if name.startswith("conv1_1") else 1]
            if name.endswith("b"):
                shaped[name] = ((outputs,), numbers)
                continue
            turned = array.array("f", [numbers[(o * inputs + i) * 9 + tap] for tap in range(9)
                                       for i in range(inputs) for o in range(outputs)])
            shaped[name] = ((3, 3, inputs, outputs), turned)
        self.convert(pth_zip(state()))
        self.convert(pth_zip(state(), compress=zipfile.ZIP_DEFLATED))
        self.convert(pth_stream(state()))
        self.convert(pth_tar(state()))
        self.convert(npz(state()))
        self.convert(npz(shaped), convention="caffe")
        self.convert(safetensors(state()))
        self.convert(safetensors(state(), {"impasto.convention": "caffe"}), convention="caffe")
        self.convert(safetensors({"net." + name: part for name, part in state().items()}))
        nested = dump({"epoch": 3, "state_dict": fakes(state())}, False)
        self.convert(pth_zip(state(), nested))

    def test_options(self):
        self.convert(pth_zip(state()), "--half", half=True)
        self.convert(pth_zip(state()), "--convention", "caffe", convention="caffe")
        self.convert(pth_zip(state(), half=True))
        self.convert(pth_stream(state(), half=True), "--half", half=True)
        status, _, err = self.run_main("convert", self.path("in"), "-o", self.output)
        self.assertEqual(status, 1)
        self.assertIn("there already; --force", err)
        with self.assertRaises(SystemExit) as stopped, contextlib.redirect_stderr(io.StringIO()):
            vgg19.main(["convert"])
        self.assertEqual(stopped.exception.code, 2)

    def test_metadata_stays(self):
        kept = {"source": "somewhere", "impasto.generated": "true"}
        self.convert(safetensors(state(), dict(kept, other="x")))
        with open(self.output, "rb") as file:
            length, = struct.unpack("<Q", file.read(8))
            metadata = json.loads(file.read(length))["__metadata__"]
        self.assertEqual({key: metadata.get(key) for key in kept}, kept)
        self.assertNotIn("other", metadata)
        self.assertIn("Impasto's built-in weights", self.run_main("check", self.output)[1])

    def test_default_place(self):
        with mock.patch.dict(os.environ, {"XDG_DATA_HOME": self.path("data")}):
            status, _, err = self.run_main("convert", self.path("in", pth_zip(state())))
        self.assertEqual(status, 0, err)
        self.assertTrue(os.path.isfile(self.path("data/impasto/vgg19.safetensors")))

    def test_half_of_large_values(self):
        tensors = state()
        tensors["features.0.bias"][1][3] = 70000.0
        path = self.path("large", safetensors(tensors))
        status, _, err = self.run_main("convert", path, "--half", "-o", self.output)
        self.assertEqual(status, 1)
        self.assertIn("too large for half precision", err)
        self.assertEqual(sorted(os.listdir(self.folder)), ["large"])

    def test_hostile_pickles(self):
        class Attack:
            def __init__(self, call, *arguments):
                self.call, self.arguments = call, arguments

            def __reduce__(self):
                return self.call, self.arguments

        marker = self.path("marker")
        attacks = [
            pickle.dumps(Attack(os.system, "touch " + marker), 2),
            pickle.dumps({"features.0.weight": Attack(eval, "1")}, 4),
            pickle.dumps(Attack(exec, "open(%r, 'w')" % marker), 0),
            pickle.dumps(Attack(getattr, "a", "upper"), 2),
            b"cbuiltins\neval\n(S'1'\ntR.",
            b"(S'touch " + marker.encode() + b"'\nios\nsystem\n.",
            b"\x80\x04\x8c\x0bcollections\x8c\x15OrderedDict.__class__\x93.",
            b"\x80\x04\x8c\x05torch\x8c\x04load\x93.",
            b"\x80\x02ctest\nrun_hostile\n)R.",
        ]
        for attack in attacks:
            self.refuse(pth_zip(state(), attack), "do not trust it")
            self.refuse(pth_stream(state(), attack), "do not trust it")
            self.refuse(pth_tar(state(), attack), "do not trust it")
            self.refuse(b"\x80\x02" + attack if attack[:1] != b"\x80" else attack, "")
        self.assertFalse(os.path.exists(marker))

    def test_pickles_that_change_things(self):
        """BUILD on what the allowed names stand for must leave no trace."""
        for victim in (b"ctorch._utils\n_rebuild_tensor_v2\n", b"ctorch\nFloatStorage\n",
                       b"ccollections\nOrderedDict\n", b"ctorch\nSize\n"):
            for change in (b"}X\x05\0\0\0dtypeNsb.", b"N}X\x08\0\0\0__call__Ns\x86b."):
                self.refuse(pth_zip(state(), b"\x80\x02" + victim + change), "")
        hidden = b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\0\0\0itemsNsb."
        self.refuse(pth_zip(state(), hidden), "no layer conv1_1")
        self.test_all_kinds()

    def test_absurd_pickles(self):
        for text in (b"", b"\x80\x02", b".", b"\x80\x02N.", b"\x80\x02].", b"\x80\x09N.",
                     b"\x80\x04\x8e" + b"\xff" * 7 + b"\x7f.",   # a text of 2^63 bytes
                     b"\x80\x02X\xff\xff\xff\x7fabc.",
                     b"\x80\x02Nr\xff\xff\xff\xff.",             # the memo's last place
                     b"\x80\x02" + b"(" * 100000 + b".",
                     b"\x80\x02" + b"]" * 100000 + b"a" * 99999 + b".",
                     b"\x80\x02X\x01\0\0\0aQ.", b"\x80\x02)Q.", b"\x80\x02\x82\x01."):
            self.refuse(pth_zip(state(), text), "")
            self.refuse(pth_stream(state(), text), "")
            self.refuse(pth_tar(state(), text), "")

    def test_cut_short(self):
        for content in (pth_zip(state()), pth_stream(state()), pth_tar(state()), npz(state()),
                        safetensors(state())):
            # What is cut off last may be the unneeded tensor or padding: so begin before it.
            places = list(range(0, 600, 41)) + [len(content) // 3, len(content) // 2]
            for place in places:
                self.refuse(content[:place], "")

    def test_random_damage(self):
        chance = random.Random(1)
        for content in (pth_zip(state(1)), pth_stream(state(1)), pth_tar(state(1)),
                        safetensors(state(1))):
            for _ in range(60):
                bad = bytearray(content)
                for _ in range(chance.randint(1, 4)):
                    bad[chance.randrange(min(len(bad), 1500))] = chance.randrange(256)
                path = self.path("bad", bytes(bad))
                status, _, err = self.run_main("convert", path, "-o", self.output, "--force")
                self.assertIn(status, (0, 1))
                self.assertEqual(err.count("\n"), status, err)
        self.assertEqual(HOSTILE, [])

    def test_wrong_files(self):
        self.refuse(b"", "empty")
        self.refuse(b"<!DOCTYPE html><html>", "web page")
        self.refuse(b"rubbish rubbish rubbish", "no kind that is known")
        self.refuse(pickle.dumps({"a": 1}, 2), "not PyTorch's")
        self.refuse(pth_zip({"a": ((1,), values(1, 1))}), "no layer conv1_1")
        tensors = state(3)
        del tensors["features.2.weight"], tensors["features.2.bias"]
        self.refuse(pth_zip(tensors), "conv1_2 is missing although later layers are there")
        tensors = state()
        del tensors["features.2.bias"]
        self.refuse(safetensors(tensors), "conv1_2 has only one of weight and bias")
        tensors = state()
        tensors["features.0.weight"] = ((64, 27), tensors["features.0.weight"][1])
        self.refuse(pth_stream(tensors), "features.0.weight has the shape [64, 27]")
        for bad in (float("nan"), float("inf")):
            tensors = state()
            tensors["features.2.weight"][1][77] = bad
            self.refuse(safetensors(tensors), "features.2.weight has values that are not finite")
        tensors = state()
        tensors["features.0.bias"] = ((64,), array.array("f", bytes(256)))
        self.refuse(safetensors(tensors), "features.0.bias has only zeros")
        both = {"a." + name: part for name, part in state().items()}
        both.update({"b." + name: part for name, part in state().items()})
        self.refuse(safetensors(both), "several networks")
        self.refuse(safetensors(state()) + b"x", "length does not match")
        self.refuse(safetensors(state(), {"impasto.convention": "x"}), "unknown convention")
        status, _, err = self.run_main("convert", self.folder, "-o", self.output)
        self.assertEqual((status, err.count("\n")), (1, 1), err)

    def test_names_with_checksums(self):
        self.refuse(pth_zip(state()), "begins with", "vgg19-dcbb9e9d.pth")
        self.refuse(b"\x89HDF\r\n\x1a\n", "MD5",
                    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5")


class Check(Case):
    def test_good_and_bad(self):
        good = self.path("good", safetensors(state()))
        bad = self.path("bad", b"nonsense")
        status, out, _ = self.run_main("check", good, bad, self.path("missing"))
        self.assertEqual(status, 1)
        self.assertIn("good: the first 2 of sixteen layers; of unknown origin", out)
        self.assertIn("convention: torchvision", out)
        self.assertIn("bad: BAD: it is of no kind", out)
        self.assertIn("missing: BAD: No such file", out)
        self.assertEqual(self.run_main("check", good)[0], 0)


# ---- A server that does as a test tells it -------------------------------------------------------


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        server.requests.append(self.headers.get("Range"))
        if server.statuses and server.statuses[0] != 200:
            self.send_response(server.statuses.pop(0))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if server.statuses:
            server.statuses.pop(0)
        if server.redirect and self.path == "/model":
            self.send_response(302)
            self.send_header("Location", server.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        begin, end = 0, len(server.content)
        wanted = self.headers.get("Range", "").replace("bytes=", "").split("-")
        if server.ranges:
            begin, end = int(wanted[0]), min(int(wanted[1]) + 1, end)
            if begin >= end:
                self.send_error(416)
                return
            self.send_response(206)
            self.send_header("Content-Range", "bytes %d-%d/%d" % (
                begin + server.shift, end - 1 + server.shift, len(server.content)))
        else:
            self.send_response(200)
        self.send_header("ETag", server.etag)
        self.send_header("Content-Length", str(end - begin))
        self.end_headers()
        piece = server.content[begin:end]
        if server.budget is not None and len(piece) > server.budget:
            piece = piece[:server.budget]
            self.close_connection = True
        try:
            self.wfile.write(piece)
        except OSError:
            self.close_connection = True
        if server.budget is not None and server.once:
            server.budget = None


class Fetch(Case):
    def setUp(self):
        super().setUp()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.reset(safetensors(state(), {}))
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.url = "http://127.0.0.1:%d/model" % self.server.server_port
        patches = mock.patch.multiple(vgg19, RETRY_DELAY=0.001, TIMEOUT=5)
        patches.start()
        self.addCleanup(patches.stop)
        proxies = mock.patch.dict(os.environ, {"no_proxy": "*"})
        proxies.start()
        self.addCleanup(proxies.stop)

    def reset(self, content, **settings):
        """budget: bytes after which a response is cut, once or each time. shift: of the ranges that
        are announced. statuses: the first answers, 200 for a proper one."""
        plain = dict(content=content, ranges=True, budget=None, once=True, shift=0, etag='"1"',
                     statuses=[], redirect=None, requests=[])
        self.server.__dict__.update(plain, **settings)

    def fetch(self, *options):
        return self.run_main("fetch", "--url", self.url, "-o", self.output, *options)

    def succeed(self, *options, half=False):
        status, out, err = self.fetch(*options)
        self.assertEqual(status, 0, err)
        self.check_output(expected(), "torchvision", half)
        self.assertEqual(os.listdir(self.folder), ["out.safetensors"])
        os.unlink(self.output)
        return out + err

    def fail_with(self, reason, *options):
        status, _, err = self.fetch(*options)
        self.assertEqual(status, 1, err)
        self.assertIn(reason, err)
        self.assertIn("By hand: download that file", err)
        self.assertNotIn("Traceback", err)
        self.assertFalse(os.path.exists(self.output))

    def test_ranges(self):
        text = self.succeed()
        self.assertIn("100 %", text)
        # Its length, its header, and one range, for the needed tensors are neighbours.
        self.assertEqual(len(self.server.requests), 3)
        first = int(self.server.requests[2].split("=")[1].split("-")[0])
        last = int(self.server.requests[2].split("-")[1])
        size = 4 * sum(len(part) for pair in expected() for part in pair)
        self.assertEqual(last - first + 1, size)
        self.succeed("--half", half=True)

    def test_scattered_tensors(self):
        tensors = OrderedDict()
        for i, (name, part) in enumerate(state().items()):
            tensors["other.%d" % i] = ((5,), values(5, i))
            tensors[name] = part
        self.reset(safetensors(tensors))
        self.succeed()
        self.assertEqual(len(self.server.requests), 2 + 4)

    def test_no_ranges(self):
        self.reset(safetensors(state(), {}), ranges=False)
        self.assertIn("ignores ranges", self.succeed())
        self.reset(safetensors(state(), {}), ranges=False, budget=5000)
        self.succeed()

    def test_cut_connections(self):
        self.reset(safetensors(state(), {}), budget=70000, once=False)
        self.assertIn("trying again", self.succeed())
        self.reset(safetensors(state(), {}), budget=3)
        self.succeed()

    def test_resume(self):
        self.reset(safetensors(state(), {}), statuses=[200, 200, 200] + [503] * 6, budget=40000)
        # Header and length are below the budget; the data is cut, then the server is down.
        self.server.once = False
        status, _, err = self.fetch()
        self.assertEqual(status, 1)
        self.assertIn("503", err)
        self.assertIn("By hand", err)
        size = os.path.getsize(self.output + ".part")
        self.assertGreater(size, 40000)
        self.reset(safetensors(state(), {}))
        self.assertIn("continuing after 0.0 MB", self.succeed())
        begin = int(self.server.requests[2].split("=")[1].split("-")[0])
        self.assertGreater(begin, 40000)

    def test_resume_complete(self):
        """Interrupted after the last byte: nothing is left to ask for but the header."""
        with mock.patch.object(vgg19, "write_safetensors", side_effect=KeyboardInterrupt):
            status, _, err = self.fetch()
        self.assertEqual(status, 130)
        self.assertIn("the same command continues", err)
        self.server.requests.clear()
        self.succeed()
        self.assertEqual(len(self.server.requests), 2)

    def test_no_resume_of_another_file(self):
        self.path("out.safetensors.part", b'["x", null, "y"]\n' + b"z" * 5000)
        self.assertNotIn("continuing", self.succeed())
        self.path("out.safetensors.part", b"")
        self.assertNotIn("continuing", self.succeed())

    def test_refused(self):
        for code in (401, 403, 404, 410):
            self.reset(safetensors(state(), {}), statuses=[code])
            self.fail_with("the server answers %d" % code)
            self.assertEqual(len(self.server.requests), 1)
        self.reset(safetensors(state(), {}), statuses=[500] * 20)
        self.fail_with("the server answers 500")
        self.assertEqual(len(self.server.requests), 1 + vgg19.RETRIES)
        self.reset(safetensors(state(), {}), statuses=[503, 429, 502])
        self.succeed()

    def test_no_server(self):
        self.url = "http://127.0.0.1:1/model"
        self.fail_with("no connection to 127.0.0.1:1")
        for url in ("nonsense", "file:///etc/hostname", "https:///x", "http://a b/"):
            self.url = url
            self.fail_with("")

    def test_redirects(self):
        self.reset(safetensors(state(), {}), redirect="/elsewhere")
        self.succeed()
        self.reset(safetensors(state(), {}), redirect="/model")
        self.fail_with("")

    def test_wrong_data(self):
        good = safetensors(state(), {})
        nan, wide = state(), state()
        nan["features.2.weight"][1][5] = float("nan")
        wide["features.0.weight"] = ((64, 27), wide["features.0.weight"][1])
        for content, reason in (
                (b"<html>not here</html>" * 100, "not a safetensors file"),
                (b"abc", "the file on the server ends early"),
                (good[:8] + b"x" + good[9:], "header is damaged"),
                (good[:-1], "length does not match its header"),
                (good + b"x", "length does not match its header"),
                (safetensors(nan), "features.2.weight has values that are not finite"),
                (safetensors(wide), "features.0.weight has the shape [64, 27]"),
                (safetensors({"a": ((1,), values(1, 1))}), "no layer conv1_1")):
            self.reset(content)
            self.fail_with(reason)
        self.reset(good, shift=1)
        self.fail_with("another range than was asked for")
        # What was wrong is not continued.
        self.reset(safetensors(state(), {}))
        self.succeed()

    def test_changed_meanwhile(self):
        remote = vgg19.Remote(self.url)
        remote.bytes(0, 8)
        self.server.etag = '"2"'
        with self.assertRaisesRegex(vgg19.Failure, "changed meanwhile"):
            remote.bytes(8, 16)

    def test_existing_output(self):
        self.path("out.safetensors", b"precious")
        status, _, err = self.fetch()
        self.assertEqual(status, 1)
        self.assertIn("there already; --force", err)
        self.assertEqual(self.server.requests, [])
        self.assertIn("conv1_1 to conv1_2", self.succeed("--force"))
        os.mkdir(self.output)
        status, _, err = self.fetch("--force")
        self.assertEqual(status, 1)
        self.assertIn("not a regular file", err)


if __name__ == "__main__":
    unittest.main()
