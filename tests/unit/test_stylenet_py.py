#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""weights/stylenet.py: networks of PyTorch and ONNX in the forms that are about, sound, wrong and
hostile. Needs the standard library only."""

import array
import contextlib
import io
import json
import os
import random
import struct
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "weights"), HERE]
import stylenet  # noqa: E402
import test_vgg19_py as makers  # noqa: E402

HOSTILE = makers.HOSTILE


def values(count, seed):
    return array.array("f", [((i * 37 + seed * 11) % 201 - 100) / 64 for i in range(count)])


def shape_of(width=8, blocks=1, size=3, end_norm=False, styles=1):
    return stylenet.Shape([width, 2 * width, 4 * width, 2 * width, width], blocks, size, end_norm, styles)


def network(shape=None, styles=None):
    shape, tensors = shape or shape_of(), {}
    for i, row in enumerate(shape.rows()):
        name = row.name + ".conv2d"
        tensors[name + ".weight"] = values(row.outputs * row.inputs * row.size ** 2, i)
        if not row.norm:
            tensors[name + ".bias"] = values(row.outputs, 40 + i)
        for kind in ("weight", "bias") if row.norm else ():
            tensors["%s.%s" % (row.norm, kind)] = values(shape.styles * row.outputs, 80 + i + len(kind))
    return stylenet.Network(shape, styles or ["s%d" % i for i in range(shape.styles)], tensors)


def state(net):
    """As PyTorch's TransformerNet has it: with every bias."""
    return {name: (shape, numbers) for name, shape, numbers in net.listed()}


def zoo(net, *, decompose=False, old=True, twist=lambda kind, inputs, attributes: (kind, inputs, attributes),
        floats=False, before=None, behind=None):
    """A graph as exporters of PyTorch write it: of opset 8, where amounts are attributes, or later. before,
    behind: what it does to a picture and to a painting, functions of the writer and a name that give one."""
    writer = stylenet.Writer()

    def node(kind, inputs, **attributes):
        kind, inputs, attributes = twist(kind, inputs, attributes)
        return writer.node(kind, inputs, **attributes) if kind else inputs[0]

    def constant(name, shape, numbers):
        if floats:
            packed = b"".join(struct.pack("<f", number) for number in numbers)
            writer.constants[name] = (b"".join(stylenet.field(1, n) for n in shape) + stylenet.field(2, 1)
                                      + stylenet.field(4, packed) + stylenet.field(8, name))
            return name
        return writer.constant(name, shape, numbers)

    def norm(x, row):
        gamma, beta = (net.tensors["%s.%s" % (row.norm, kind)] for kind in ("weight", "bias"))
        if not decompose:
            return node("InstanceNormalization", [x, constant(row.norm + ".g", [row.outputs], gamma),
                                                  constant(row.norm + ".b", [row.outputs], beta)],
                        epsilon=1e-5)
        cubed = [1, row.outputs, 1, 1]
        centred = node("Sub", [x, node("ReduceMean", [x], axes=[2, 3])])
        variance = node("ReduceMean", [node("Mul", [centred, centred])], axes=[2, 3])
        deviation = node("Sqrt", [node("Add", [variance, writer.number(1e-5)])])
        scaled = node("Mul", [node("Div", [centred, deviation]), constant(row.norm + ".g", cubed, gamma)])
        return node("Add", [scaled, constant(row.norm + ".b", cubed, beta)])

    x, block = before(writer, "input1") if before else "input1", None
    for row in net.shape.rows():
        half = row.size // 2
        block = x if row.name.endswith(".conv1") else block
        y = x
        if row.upsample and old:
            y = node("Upsample", [y, constant("scales", [4], array.array("f", [1, 1, 2, 2]))], mode="nearest")
        elif row.upsample:
            y = node("Resize", [y, "", constant("scales", [4], array.array("f", [1, 1, 2, 2]))], mode="nearest")
        pads = [0, 0, half, half] * 2
        y = node("Pad", [y], mode="reflect", pads=pads) if old else \
            node("Pad", [y, writer.integers(*pads)], mode="reflect")
        name = row.name + ".conv2d"
        bias = net.tensors.get(name + ".bias", values(row.outputs, 3))
        y = node("Conv", [y, constant(name + ".w", [row.outputs, row.inputs, row.size, row.size],
                                      net.tensors[name + ".weight"]), constant(name + ".c", [row.outputs], bias)],
                 dilations=[1, 1], group=1, kernel_shape=[row.size] * 2, pads=[0] * 4,
                 strides=[row.stride] * 2)
        y = norm(y, row) if row.norm else y
        y = node("Relu", [y]) if row.relu else y
        x = node("Add", [y, block]) if row.adds else y
    x = behind(writer, x) if behind else x
    return writer.model("zoo", [("input1", [1, 3, 224, 224])], [(x, [1, 3, 224, 224])])


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name, content=None):
        path = os.path.join(self.folder, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def run_main(self, *arguments):
        """Exit code, standard output, standard error."""
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as said:
            try:
                code = stylenet.main(list(arguments))
            except SystemExit as end:
                code = end.code
        return code, out.getvalue(), said.getvalue()

    def convert(self, content, *options, name="mosaic.pth"):
        code, _, said = self.run_main("convert", self.path(name, content), "-o", self.path("out"), "--force",
                                      *options)
        self.assertEqual((code, said), (0, ""))
        return stylenet.load(self.path("out"))

    def refuse(self, content, reason, *options):
        bad = self.path("bad", content)
        code, out, said = self.run_main("convert", bad, "-o", self.path("none"), *options)
        self.assertEqual((code, out), (1, ""), said)
        self.assertIn(reason, said)
        self.assertEqual(said.count("\n"), 1)
        self.assertFalse(os.path.exists(self.path("none")))

    def expect(self, found, wanted):
        self.assertEqual(found.shape.described(), wanted.shape.described())
        self.assertEqual(set(found.tensors), set(wanted.tensors))
        for name, numbers in wanted.tensors.items():
            self.assertEqual(found.tensors[name], numbers, name)


class PyTorch(Case):
    def test_both_forms(self):
        for shape in (shape_of(), shape_of(16, 2, 9), shape_of(32, 0, 5)):
            net = network(shape)
            for make in (makers.pth_zip, makers.pth_stream):
                self.expect(self.convert(make(state(net))), net)

    def test_names(self):
        net = network()
        self.assertEqual(self.convert(makers.pth_zip(state(net))).styles, ["mosaic"])
        self.assertEqual(self.convert(makers.pth_zip(state(net)), "--name", "Rain, princess".replace(",", "")).styles,
                         ["Rain princess"])
        self.assertEqual(self.convert(makers.pth_zip(state(net)), name="a:b,c.model").styles, ["a-b-c"])
        for name in ("a:b", "a,b", "", "x" * 65, "a\tb"):
            self.refuse(makers.pth_zip(state(net)), "a style cannot be called", "--name", name)
        self.refuse(makers.pth_zip(state(net)), "2 names were given", "--name", "a", "--name", "b")

    def test_old_ones(self):
        """Before PyTorch 0.4, statistics were saved, too; and some save what DataParallel holds."""
        net = network()
        tensors = {"module." + name: entry for name, entry in state(net).items()}
        tensors["module.in1.running_mean"] = ((8,), values(8, 1))
        tensors["module.res1.in1.running_var"] = ((32,), values(32, 1))
        self.expect(self.convert(makers.pth_stream(tensors)), net)

    def test_half(self):
        net = network()
        found = self.convert(makers.pth_zip(state(net)), "--half")
        self.expect(found, net)  # all of these have a half's digits

    def test_range_and_licence(self):
        found = self.convert(makers.pth_zip(state(network())), "--range", "1", "--licence", "CC0")
        self.assertEqual((found.shape.in_scale, found.shape.out_scale), (1, 1))
        self.assertEqual(found.texts["impasto.licence"], "CC0")
        self.assertEqual(json.loads(found.texts["impasto.training"]), {"converted from": "mosaic.pth"})

    def test_range_of_our_own(self):
        """Its file says what it takes."""
        stylenet.save(self.path("own"), network(), False)
        code, out, said = self.run_main("convert", self.path("own"), "-o", self.path("none"), "--range", "1")
        self.assertEqual((code, out, said.count("\n")), (1, "", 1))
        self.assertIn("says itself what RGB it takes", said)
        self.assertFalse(os.path.exists(self.path("none")))

    def test_wrong_tensors(self):
        good = state(network())
        for name, what in (("deconv3.conv2d.weight", "no tensor deconv3.conv2d.weight"),
                           ("conv1.conv2d.weight", "no convolution conv1.conv2d.weight"),
                           ("conv3.conv2d.weight", "no convolution conv3.conv2d.weight"),
                           ("res1.conv2.conv2d.weight", "res1.conv2.conv2d.weight is missing"),
                           ("in4.bias", "in4.bias is missing"), ("deconv3.conv2d.bias", "is missing")):
            self.refuse(makers.pth_zip({key: entry for key, entry in good.items() if key != name}), what)
        for name, entry, what in (
                ("conv2.conv2d.weight", ((16, 8, 5, 5), values(16 * 8 * 25, 1)), "has the shape [16, 8, 5, 5]"),
                ("in2.weight", ((17,), values(17, 1)), "has the shape [17]"),
                ("conv1.conv2d.weight", ((6, 3, 3, 3), values(162, 1)), "channels are [6,"),
                ("in3.bias", ((32,), array.array("f", [float("nan")] * 32)), "not finite"),
                ("deconv3.conv2d.weight", ((3, 8, 3, 3), array.array("f", [float("inf")] * 216)), "not finite")):
            self.refuse(makers.pth_stream({**good, name: entry}), what)

    def test_hostile_pickle(self):
        class Evil:
            def __reduce__(self):
                return makers.run_hostile, ("now",)

        for make in (makers.pth_zip, makers.pth_stream):
            self.refuse(make({}, text=makers.pickle.dumps(Evil(), 2)), "it asks to run")
        self.assertEqual(HOSTILE, [])


class Onnx(Case):
    def test_forms(self):
        net = network(shape_of(8, 2, 9))
        net.shape.epsilon = struct.unpack("<f", struct.pack("<f", 1e-5))[0]
        for decompose in (False, True):
            for old in (False, True):
                for floats in (False, True):
                    self.expect(self.convert(zoo(net, decompose=decompose, old=old, floats=floats)), net)

    def test_own(self):
        """What is exported comes back."""
        for shape in (shape_of(), shape_of(16, 1, 5, styles=3), shape_of(8, 2, 3, True, 2)):
            net = network(shape)
            shape.epsilon = 0.0009765625
            if shape.styles == 2:
                shape.output, shape.in_scale, shape.out_scale = "sigmoid", 1.0, 1.0
            stylenet.save(self.path("own"), net, False)
            code, _, said = self.run_main("export", self.path("own"), "-o", self.path("x.onnx"), "--force")
            self.assertEqual((code, said), (0, ""))
            with open(self.path("x.onnx"), "rb") as file:
                raw = file.read()
            if shape.output == "linear":
                self.expect(self.convert(raw), net)

    def test_other_networks(self):
        net = network()

        def when(kind, change):
            done = []

            def twist(found, inputs, attributes):
                if found == kind and not done:
                    done.append(1)
                    return change(found, inputs, attributes)
                return found, inputs, attributes
            return twist

        cases = [
            ("Pad", lambda k, i, a: (k, i, {**a, "mode": "constant"}), "does not pad by reflection"),
            ("Pad", lambda k, i, a: (k, i, {**a, "pads": [0, 0, 2, 2] * 2}), "pads by [0, 0, 2, 2"),
            ("Pad", lambda k, i, a: (None, i, a), "does not pad by reflection"),
            ("Upsample", lambda k, i, a: (k, i, {**a, "mode": "linear"}), "enlarges pictures by linear"),
            ("Upsample", lambda k, i, a: (None, i, a), "is enlarged before, or not"),
            ("Upsample", lambda k, i, a: ("ConvTranspose", i, a), "it has ConvTranspose"),
            ("Conv", lambda k, i, a: (k, i, {**a, "strides": [2, 2]}), "has strides [2, 2]"),
            ("Conv", lambda k, i, a: (k, i, {**a, "pads": [1] * 4}), "pads by zeros"),
            ("Conv", lambda k, i, a: (k, i, {**a, "dilations": [2, 2]}), "is dilated"),
            ("Conv", lambda k, i, a: (k, i[:1], a), "weights are not plain numbers"),
            ("Relu", lambda k, i, a: ("LeakyRelu", i, a), "it has LeakyRelu"),
            ("Relu", lambda k, i, a: (None, i, a), "has a ReLU, or none"),
            ("InstanceNormalization", lambda k, i, a: ("BatchNormalization", i, a), "BatchNormalization"),
            ("InstanceNormalization", lambda k, i, a: (None, i, a), "is normalised, or not"),
            ("Add", lambda k, i, a: (None, i, a), "adds, or does not"),
            ("Add", lambda k, i, a: (k, [i[0], "t2"], a), "adds something else"),
            ("Add", lambda k, i, a: ("Softmax", i, a), "it has Softmax"),
            ("Add", lambda k, i, a: ("Sub", i, a), "a block subtracts"),
            ("Relu", lambda k, i, a: ("Tanh", i, a), "has a ReLU, or none"),
        ]
        for kind, change, reason in cases:
            self.refuse(zoo(net, twist=when(kind, change)), reason)

    def test_more_than_a_network_has(self):
        """What would be left out without a word."""
        def numbers(writer, count, *shape):
            return writer.constant("more", list(shape) or [count], values(count, 1))

        cases = [
            ("Relu", lambda w, x: w.node("Mul", [x, w.number(0.5)]), "is scaled or bent"),
            ("Relu", lambda w, x: w.node("Sub", [w.number(0.5), x]), "turns a picture's numbers around"),
            ("InstanceNormalization", lambda w, x: w.node("Mul", [x, numbers(w, 8, 8, 1, 1)]), "are scaled elsewhere"),
            ("InstanceNormalization", lambda w, x: w.node("Tanh", [x]), "is scaled or bent"),
            ("Relu", lambda w, x: w.node("Add", [x, numbers(w, 8, 8, 1, 1)]), "are shifted elsewhere"),
        ]
        for kind, node, reason in cases:
            done, writers = [], []
            original = stylenet.Writer.node

            def twisted(writer, found, inputs, output=None, kind=kind, node=node, done=done, **attributes):
                x = original(writer, found, inputs, output, **attributes)
                if found == kind and not done:
                    done.append(1)
                    return node(writer, x)
                return x

            stylenet.Writer.node = twisted
            try:
                writers.append(zoo(network()))
            finally:
                stylenet.Writer.node = original
            self.refuse(writers[0], reason)

    def test_circle(self):
        field = stylenet.field
        circle = field(1, field(1, "a") + field(2, "a") + field(4, "Identity"))
        conv = field(1, field(1, "a") + field(1, "w") + field(2, "y") + field(4, "Conv"))
        weight = field(5, field(1, 1) * 4 + field(2, 1) + field(8, "w") + field(9, bytes(4)))
        self.refuse(field(1, 8) + field(7, circle + conv + weight + field(11, field(1, "x"))),
                    "does not read the picture")
        self.refuse(field(1, 8) + field(7, circle + conv + weight + field(11, field(1, "a"))), "1 convolutions")

    def test_damaged(self):
        good = zoo(network(shape_of(4, 1)))
        chance = random.Random(5)
        for cut in [*range(1, 400, 13), *range(400, len(good), 997)]:
            with self.assertRaises(stylenet.Failure):
                stylenet.read_onnx(good[:cut])
        head = good.rfind(b"Conv") + 400
        for _ in range(1500):
            bad = bytearray(good)
            for _ in range(chance.randint(1, 4)):
                bad[chance.randrange(head)] = chance.choice((0, 1, 8, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            try:
                stylenet.read_onnx(bytes(bad))
            except stylenet.Failure:
                pass

    def test_absurd(self):
        field = stylenet.field
        node = field(1, field(4, "Relu"))
        self.refuse(field(1, 8) + field(7, node * 6000), "too large")
        self.refuse(field(1, 8) + field(7, field(1, field(1, "x") * 300)), "too many parts")
        self.refuse(field(1, 8) + field(7, field(5, field(1, 2**63 - 1) * 9 + field(8, "x"))), "dimensions")
        self.refuse(field(1, 8) + field(7, field(5, field(1, -4) + field(8, "x"))), "negative")
        self.refuse(b"\x08" + b"\xff" * 40, "ends early")
        self.refuse(field(1, 8), "no graph")
        self.refuse(field(1, 8) + field(7, b""), "no input")


class Others(Case):
    def test_kinds(self):
        self.refuse(b"", "it is empty")
        self.refuse(b"<html>" * 30, "a web page")
        self.refuse(b"GIF89a" * 30, "of no kind that is known")
        self.refuse(makers.safetensors({}), "no tensor deconv3.conv2d.weight")

    def test_plain_safetensors(self):
        net = network()
        self.expect(self.convert(makers.safetensors(state(net))), net)

    def test_outputs(self):
        net = makers.safetensors(state(network()))
        there = self.path("there", b"mine")
        code, _, said = self.run_main("convert", self.path("a", net), "-o", there)
        self.assertEqual(code, 1)
        self.assertIn("--force replaces it", said)
        code, _, said = self.run_main("convert", self.path("a", net), "-o", self.path("a"), "--force")
        self.assertEqual(code, 1)
        code, _, _ = self.run_main("convert", self.path("a", net), "-o", there, "--force")
        self.assertEqual(code, 0)
        self.assertEqual(sorted(os.listdir(self.folder)), ["a", "there"])


if __name__ == "__main__":
    unittest.main()
