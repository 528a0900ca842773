#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bring style networks of other programs to Impasto, and its own to others.

Reads .pth and .model files of PyTorch (pytorch/examples' fast_neural_style and what has its tensors),
and ONNX. Writes safetensors for Impasto, and ONNX. Needs Python 3.9 or later and nothing else.
"""

import argparse
import array
import json
import math
import os
import re
import struct
import sys
from collections import namedtuple

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import vgg19  # noqa: E402  # pylint: disable=wrong-import-position
from vgg19 import Failure, Unwritten  # noqa: E402  # pylint: disable=wrong-import-position

FORMAT = 1
STYLES_MOST, BLOCKS_MOST, CHANNELS_MOST, NAME_MOST, NOISE_MOST = 64, 16, 256, 64, 0.25
FILE_MOST = 128 << 20  # bytes; the largest network that is possible takes 80 MB
# Of a graph: nodes or constants, parts of a node, dimensions of a tensor, listed integers.
NODES_MOST, PARTS_MOST, RANK_MOST, LIST_MOST = 5000, 256, 8, 1 << 23
OUTPUTS = ("linear", "tanh", "sigmoid")
PROGRAM = "stylenet.py"

# A layer: the convolution's name and what follows it; `adds`: the input of the layer before.
Row = namedtuple("Row", "name norm inputs outputs size stride upsample relu adds")


class Shape:
    """What decides a network's form, as src/model/shape.c has it."""

    def __init__(self, channels, blocks, end_size, end_norm=False, styles=1):
        self.channels, self.blocks, self.end_size = list(channels), blocks, end_size
        self.end_norm, self.styles = end_norm, styles
        self.epsilon, self.in_scale, self.output = 1e-5, 255.0, "linear"
        self.out_scale, self.out_offset, self.noise = 1 / 255, 0.0, 0.0

    def check(self):
        def need(right, what):
            if not right:
                raise Failure("not a network that Impasto knows: %s" % what)

        need(all(4 <= c <= CHANNELS_MOST and c % 4 == 0 for c in self.channels),
             "channels are %s, not multiples of 4 up to %d" % (self.channels, CHANNELS_MOST))
        need(0 <= self.blocks <= BLOCKS_MOST, "%d residual blocks" % self.blocks)
        need(self.end_size in (3, 5, 7, 9), "%d taps a side at its ends" % self.end_size)
        need(1 <= self.styles <= STYLES_MOST, "%d styles" % self.styles)
        need(0 < self.epsilon <= 1, "epsilon %g" % self.epsilon)
        need(0 <= self.noise <= NOISE_MOST, "a noise of %g" % self.noise)
        need(self.output in OUTPUTS, "an output by %s" % str(self.output)[:20])
        need(all(math.isfinite(v) for v in (self.in_scale, self.out_scale, self.out_offset)),
             "absurd scales")

    def rows(self):
        c1, c2, c3, c4, c5 = self.channels
        rows = [Row("conv1", "in1", 3, c1, self.end_size, 1, False, True, False),
                Row("conv2", "in2", c1, c2, 3, 2, False, True, False),
                Row("conv3", "in3", c2, c3, 3, 2, False, True, False)]
        for i in range(1, self.blocks + 1):
            rows += [Row("res%d.conv1" % i, "res%d.in1" % i, c3, c3, 3, 1, False, True, False),
                     Row("res%d.conv2" % i, "res%d.in2" % i, c3, c3, 3, 1, False, False, True)]
        rows += [Row("deconv1", "in4", c3, c4, 3, 1, True, True, False),
                 Row("deconv2", "in5", c4, c5, 3, 1, True, True, False),
                 Row("deconv3", "in6" if self.end_norm else "", c5, 3, self.end_size, 1, False,
                     False, False)]
        return rows

    def described(self):
        return json.dumps({
            "channels": self.channels, "blocks": self.blocks, "end_size": self.end_size,
            "end_norm": self.end_norm, "styles": self.styles, "epsilon": self.epsilon,
            "in_scale": self.in_scale, "output": self.output, "out_scale": self.out_scale,
            "out_offset": self.out_offset} | ({"noise": self.noise} if self.noise else {}),
            separators=(",", ":"))

    @staticmethod
    def told(text):
        """From a file's metadata."""
        try:
            said = json.loads(text)
            shape = Shape([int(c) for c in said["channels"]], int(said["blocks"]),
                          int(said["end_size"]), bool(said.get("end_norm")), int(said["styles"]))
            for key in ("epsilon", "in_scale", "out_scale", "out_offset"):
                setattr(shape, key, float(said[key]))
            shape.noise = float(said.get("noise", 0.0))
            shape.output = said["output"]
            if len(shape.channels) != 5:
                raise ValueError("channels")
        except (ValueError, TypeError, KeyError, RecursionError, OverflowError) as problem:
            raise Failure("its metadata has no sound impasto.shape (%s); get the file anew"
                          % str(problem)[:60]) from None
        shape.check()
        return shape


class Network:
    """A shape, the styles' names, and numbers: {tensor's name: array} as pytorch/examples has it.
    end: the RGB that it takes and gives is taken to go from 0 to this; None: the file says it."""

    def __init__(self, shape, styles, tensors, texts=None, end=255.0):
        self.shape, self.styles, self.tensors = shape, styles, tensors
        self.texts, self.end = texts or {}, end

    def set_range(self, end):
        """Takes that to go from 0 to another end. What the network does to numbers stays."""
        if self.end is None:
            raise Failure("it is Impasto's and says itself what RGB it takes and gives; leave out "
                          "--range, or convert the file that it was made of")
        self.shape.in_scale *= end / self.end
        self.shape.out_scale *= self.end / end
        self.shape.out_offset *= self.end / end
        self.end = float(end)

    def listed(self):
        """(name, shape, values), every bias included."""
        for row in self.shape.rows():
            name = row.name + ".conv2d"
            yield (name + ".weight", (row.outputs, row.inputs, row.size, row.size),
                   self.tensors[name + ".weight"])
            yield name + ".bias", (row.outputs,), self.tensors.get(
                name + ".bias", array.array("f", bytes(4 * row.outputs)))
            for kind in ("weight", "bias") if row.norm else ():
                shape = (self.shape.styles, row.outputs) if self.shape.styles > 1 else (row.outputs,)
                yield "%s.%s" % (row.norm, kind), shape, self.tensors["%s.%s" % (row.norm, kind)]


# ---- Tensors by pytorch/examples' names ----------------------------------------------------------


def plain_names(entries):
    """Without what stands before all names, such as "module."."""
    first = "deconv3.conv2d.weight"
    prefixes = sorted(name[:-len(first)] for name in entries
                      if name == first or name.endswith("." + first))
    if not prefixes:
        raise Failure("not a style network that Impasto knows: it has no tensor %s" % first)
    prefix = prefixes[0]
    return {name[len(prefix):]: entry for name, entry in entries.items() if name.startswith(prefix)}


def guess_shape(entries):
    def extent(name, at):
        shape = entries[name].shape if name in entries else ()
        if len(shape) != 4:
            raise Failure("not a style network that Impasto knows: it has no convolution %s" % name)
        return shape[at]

    channels = [extent(name + ".conv2d.weight", 0)
                for name in ("conv1", "conv2", "conv3", "deconv1", "deconv2")]
    blocks = 0
    while "res%d.conv1.conv2d.weight" % (blocks + 1) in entries and blocks <= BLOCKS_MOST:
        blocks += 1
    scale = entries["in1.weight"].shape if "in1.weight" in entries else ()
    shape = Shape(channels, blocks, extent("conv1.conv2d.weight", 3), "in6.weight" in entries,
                  scale[0] if len(scale) == 2 else 1)
    shape.check()
    return shape


def read_values(name, entries, shape):
    if name not in entries:
        raise Failure("tensor %s is missing; get the file anew" % name)
    entry = entries[name]
    if entry.shape != tuple(shape):
        raise Failure("tensor %s has the shape %s but the network's is %s; not a network that "
                      "Impasto knows" % (name, list(entry.shape), list(shape)))
    if entry.dtype not in vgg19.DTYPES:
        raise Failure("tensor %s is of type %s; only %s can be used"
                      % (name, entry.dtype, ", ".join(vgg19.DTYPES)))
    raw = entry.read()
    if len(raw) != math.prod(shape) * vgg19.DTYPES[entry.dtype] // 8:
        raise Failure("tensor %s is cut short; get the file anew" % name)
    return check_finite(name, vgg19.to_floats(raw, entry.dtype))


def check_finite(name, values):
    if not all(map(math.isfinite, values)):
        raise Failure("tensor %s has values that are not finite; the file is damaged, get it anew"
                      % name[:80])
    return values


def read_network(entries, shape, styles, texts=None, end=255.0):
    tensors = {}
    for row in shape.rows():
        name = row.name + ".conv2d"
        tensors[name + ".weight"] = read_values(
            name + ".weight", entries, (row.outputs, row.inputs, row.size, row.size))
        if not row.norm:
            tensors[name + ".bias"] = read_values(name + ".bias", entries, (row.outputs,))
            continue
        numbers = (shape.styles, row.outputs) if shape.styles > 1 else (row.outputs,)
        for kind in ("weight", "bias"):
            full = "%s.%s" % (row.norm, kind)
            tensors[full] = read_values(full, entries, numbers)
    return Network(shape, styles, tensors, texts, end)


def open_own(file):
    """A safetensors file, with Impasto's metadata or without."""
    entries, metadata = vgg19.open_safetensors(file)
    if "impasto.model" not in metadata:
        entries = plain_names(entries)
        return read_network(entries, guess_shape(entries), None)
    if metadata["impasto.model"] != str(FORMAT):
        raise Failure("it is of format %s; this Impasto reads format %d"
                      % (metadata["impasto.model"][:20], FORMAT))
    shape = Shape.told(metadata.get("impasto.shape", ""))
    try:
        styles = json.loads(metadata.get("impasto.styles", ""))
        if not (isinstance(styles, list) and len(styles) == shape.styles
                and all(isinstance(name, str) for name in styles)):
            raise ValueError("a list")
    except (ValueError, RecursionError):
        raise Failure("its metadata has no sound impasto.styles; get the file anew") from None
    texts = {key: text for key, text in metadata.items()
             if key in ("impasto.training", "impasto.licence") or key.startswith("impasto.picture.")}
    return read_network(entries, shape, styles, texts, None)


# ---- protobuf, as far as ONNX has it -------------------------------------------------------------


class Damaged(Failure):
    def __init__(self, what="it ends early"):
        super().__init__("it is no sound ONNX file (%s); get it anew" % what)


def varint(raw, at):
    value = shift = 0
    while True:
        if at >= len(raw) or shift > 63:
            raise Damaged()
        byte = raw[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def fields(raw):
    """(number, value) of a message: integers, and memory of what has a length."""
    at = 0
    while at < len(raw):
        key, at = varint(raw, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(raw, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
            value, at = raw[at:at + size], at + size
        elif kind == 2:
            size, at = varint(raw, at)
            value, at = raw[at:at + size], at + size
        else:
            raise Damaged("a field of kind %d" % kind)
        if at > len(raw):
            raise Damaged()
        yield key >> 3, value


def need_bytes(value):
    if isinstance(value, int):
        raise Damaged("a number instead of bytes")
    return value


def text_of(value):
    return bytes(need_bytes(value)).decode("utf-8", "replace")


def signed(value):
    """A varint as int64."""
    if not isinstance(value, int):
        raise Damaged("bytes instead of a number")
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def integers(value):
    """Of a repeated field: one, or packed."""
    if isinstance(value, int):
        return [signed(value)]
    if len(value) > LIST_MOST:
        raise Damaged("a list without end")
    result, at = [], 0
    while at < len(value):
        number, at = varint(value, at)
        result.append(signed(number))
    return result


# ONNX's types, as safetensors has them.
ONNX_TYPES = {1: "F32", 10: "F16", 11: "F64", 16: "BF16", 7: "I64", 6: "I32"}


class Constant:
    """A tensor: its shape, type, and bytes."""

    def __init__(self, raw):
        self.name, self.shape, self.dtype, self.raw = "", [], None, None
        listed, external = bytearray(), False
        for number, value in fields(raw):
            if number == 1:
                self.shape += integers(value)
                if len(self.shape) > RANK_MOST:
                    raise Damaged("too many dimensions")
            elif number == 2:
                self.dtype = ONNX_TYPES.get(value)
            elif number == 4:  # floats, by themselves or packed
                listed += need_bytes(value)
            elif number == 5 and self.dtype == "F16":
                listed += b"".join(struct.pack("<H", n & 0xFFFF) for n in integers(value))
            elif number == 7:
                listed += b"".join(struct.pack("<q", n) for n in integers(value))
            elif number == 8:
                self.name = text_of(value)
            elif number == 9:
                self.raw = need_bytes(value)
            elif number == 10:
                listed += need_bytes(value)
            elif number in (13, 14):
                external = external or (number == 14 and value == 1)
        if external:
            raise Failure("its numbers are in another file; save the network as one file")
        if self.raw is None:
            self.raw = listed
        if any(extent < 0 for extent in self.shape):
            raise Damaged("a negative size")

    def count(self):
        return math.prod(self.shape)

    def floats(self):
        if self.dtype not in vgg19.DTYPES:
            raise Failure("tensor %s is not of floats" % self.name[:80])
        if len(self.raw) != self.count() * vgg19.DTYPES[self.dtype] // 8:
            raise Damaged("tensor %s has another size than it says" % self.name[:80])
        return check_finite(self.name, vgg19.to_floats(bytes(self.raw), self.dtype))

    def whole(self):
        """Integers of a small tensor, or None."""
        if self.dtype in ("F32", "F16", "F64"):
            return list(self.floats()) if self.count() <= 16 else None
        size, letter = (8, "q") if self.dtype == "I64" else (4, "i")
        if self.dtype not in ("I64", "I32") or self.count() > 16 \
                or len(self.raw) != size * self.count():
            return None
        return list(struct.unpack("<%d%s" % (self.count(), letter), self.raw))


class Node:
    def __init__(self, raw):
        self.inputs, self.outputs, self.kind, self.attributes = [], [], "", {}
        for count, (number, value) in enumerate(fields(raw)):
            if count == PARTS_MOST:
                raise Damaged("a node of too many parts")
            if number == 1:
                self.inputs.append(text_of(value))
            elif number == 2:
                self.outputs.append(text_of(value))
            elif number == 4:
                self.kind = text_of(value)
            elif number == 5:
                self.read_attribute(need_bytes(value))

    def read_attribute(self, raw):
        name, found, several = "", None, []
        for number, value in fields(raw):
            if number == 1:
                name = text_of(value)
            elif number == 2:
                found, = struct.unpack("<f", need_bytes(value))
            elif number == 3:
                found = signed(value)
            elif number == 4:
                found = text_of(value)
            elif number == 5:
                found = Constant(need_bytes(value))
            elif number == 7:
                raw = bytes(need_bytes(value))
                several += struct.unpack("<%df" % (len(raw) // 4), raw[:len(raw) // 4 * 4])
            elif number == 8:
                several += integers(value)
        self.attributes[name] = several if found is None else found


class Graph:
    """Nodes in order, what is constant, and what depends on the picture."""

    def __init__(self, raw):
        self.nodes, self.constants, self.inputs, self.outputs = [], {}, [], []
        graph = None
        for number, value in fields(memoryview(raw)):
            if number == 7:
                graph = need_bytes(value)
        if graph is None:
            raise Damaged("no graph")
        for number, value in fields(graph):
            if number == 1:
                self.nodes.append(Node(need_bytes(value)))
            elif number == 5:
                constant = Constant(need_bytes(value))
                self.constants[constant.name] = constant
            elif number in (11, 12):
                names = [text_of(inner) for kind, inner in fields(need_bytes(value)) if kind == 1]
                (self.inputs if number == 11 else self.outputs).extend(names)
            if max(map(len, (self.nodes, self.constants, self.inputs, self.outputs))) > NODES_MOST:
                raise Failure("its graph is too large for a style network's")
        for node in self.nodes:
            if node.kind == "Constant" and isinstance(node.attributes.get("value"), Constant):
                self.constants[node.outputs[0]] = node.attributes["value"]
            elif node.kind == "Identity" and node.inputs and node.inputs[0] in self.constants:
                self.constants[node.outputs[0]] = self.constants[node.inputs[0]]
        self.maker = {name: node for node in self.nodes for name in node.outputs}

    def origin(self, name, count):
        """The one constant from which a value that does not depend on the picture is made: of
        `count` numbers, or rows of so many."""
        found, seen, waiting = [], set(), [name]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            if name in self.constants:
                constant = self.constants[name]
                if constant.count() >= count and constant.count() % count == 0 \
                        and constant.dtype in vgg19.DTYPES:
                    found.append(constant)
            elif name in self.maker:
                waiting += self.maker[name].inputs
        return found[0] if len(found) == 1 else None


# ---- Style networks in ONNX ----------------------------------------------------------------------
#
# The graph is not run. Its convolutions are taken in order, each with what stands before it and what
# follows it until the next one, and all that is compared with what the network's rows have.


class Region:
    """A convolution, and the nodes behind it up to the next ones."""

    def __init__(self, node, graph):
        weight = graph.constants.get(node.inputs[1]) if len(node.inputs) > 1 else None
        if weight is None or len(weight.shape) != 4:
            raise Failure("a convolution's weights are not plain numbers; convert a network in "
                          "single precision")
        self.node, self.weight, self.nodes = node, weight, []
        self.bias = graph.constants.get(node.inputs[2]) if len(node.inputs) > 2 else None
        self.input = node.inputs[0]
        self.padding, self.upsample, self.scaled = None, False, []


def find_regions(graph):
    """Regions in order, the number of each value's region, and the picture's input."""
    inputs = [name for name in graph.inputs if name not in graph.constants]
    if not inputs:
        raise Failure("its graph has no input")
    first = [node for node in graph.nodes if node.kind == "Conv"][:1]
    picture = root(graph, first[0].inputs[0], inputs) if first else inputs[0]
    regions, where = [], {picture: -1}
    for node in graph.nodes:
        known = [where[name] for name in node.inputs if name in where]
        if not known or node.kind in ("Shape", "Size"):
            continue
        if node.kind in ("ConvTranspose", "BatchNormalization", "LSTM", "Loop", "If"):
            raise Failure("not a network that Impasto knows: it has %s" % node.kind)
        at = max(known)
        if node.kind == "Conv":
            regions.append(Region(node, graph))
            look_before(graph, regions[-1])
            at = len(regions) - 1
        elif at >= 0:
            regions[at].nodes.append(node)
        for name in node.outputs:
            where[name] = at
    return regions, where, picture


def root(graph, name, inputs):
    """The graph's input behind the first convolution."""
    for _ in range(len(graph.nodes) + 1):
        if name in inputs:
            return name
        if name not in graph.maker or not graph.maker[name].inputs:
            break
        name = graph.maker[name].inputs[0]
    raise Failure("its first convolution does not read the picture")


def look_before(graph, region):
    """Padding and upsampling on the way to the convolution."""
    name = region.input
    for _ in graph.nodes:
        if name not in graph.maker:
            break
        node = graph.maker[name]
        if node.kind == "Pad":
            mode = node.attributes.get("mode", "constant")
            amounts = node.attributes.get("pads")
            if amounts is None and len(node.inputs) > 1 and node.inputs[1] in graph.constants:
                amounts = graph.constants[node.inputs[1]].whole()
            if region.padding is not None:
                raise Failure("a picture is padded twice")
            region.padding = (mode, amounts)
        elif node.kind in ("Upsample", "Resize"):
            mode = node.attributes.get("mode", "nearest")
            if mode != "nearest" or region.upsample:
                raise Failure("it enlarges pictures by %s, and only nearest x2 is known" % mode[:20])
            check_enlarging(graph, node)
            region.upsample = True
        elif node.kind not in ("Identity", "Cast", "Dropout"):
            break
        name = node.inputs[0]
    region.input = name


def check_enlarging(graph, node):
    scales = node.attributes.get("scales")
    for name in node.inputs[1:3]:
        constant = graph.constants.get(name)
        if constant is not None and constant.dtype in vgg19.DTYPES and constant.count() == 4:
            scales = list(constant.floats())
    if scales is not None and list(scales) != [1, 1, 2, 2]:
        raise Failure("it enlarges pictures by %s, and only x2 is known" % scales)


def scalar(graph, names):
    """The one number among the names' constants, or None."""
    found = [graph.constants[name] for name in names
             if name in graph.constants and graph.constants[name].count() == 1]
    return found[0].floats()[0] if len(found) == 1 and found[0].dtype in vgg19.DTYPES else None


def vector(graph, where, names, channels):
    """The constant of so many numbers that a node combines the picture with, or None."""
    for name in names:
        if name not in where:
            constant = graph.origin(name, channels)
            if constant is not None and channels > 1:
                return constant
    return None


class Found:
    """What follows a convolution."""

    def __init__(self):
        self.gamma = self.beta = self.epsilon = self.added = None
        self.relu, self.output, self.scale, self.offset = False, "linear", 1.0, 0.0
        self.order = []


# Nodes that are parts of a normalisation, or that change no number.
PASSED_OVER = {"Pad", "Upsample", "Resize", "Identity", "Cast", "Dropout", "ReduceMean", "GlobalAveragePool",
               "Pow", "Reciprocal", "Clip", "Reshape", "Unsqueeze", "Squeeze", "Slice", "Gather", "Concat"}


def look_behind(graph, where, region, at):
    found, channels = Found(), region.weight.shape[0]
    for node in region.nodes:
        kind = node.kind
        if kind == "InstanceNormalization":
            found.gamma = graph.origin(node.inputs[1], channels)
            found.beta = graph.origin(node.inputs[2], channels)
            found.epsilon = node.attributes.get("epsilon", 1e-5)
            found.order += ["norm", "scaled"]
        elif kind == "Relu":
            found.relu = True
            found.order.append("relu")
        elif kind == "Sqrt":
            found.order.append("norm")
        elif kind in ("Tanh", "Sigmoid"):
            if found.output != "linear" or found.scale != 1 or found.offset != 0:
                raise Failure("not a network that Impasto knows: it scales what goes into its %s" % kind)
            found.output = kind.lower()
        elif kind in ("Mul", "Div"):
            look_at_product(graph, where, found, node, channels)
        elif kind in ("Add", "Sub"):
            look_at_sum(graph, where, found, node, channels, at)
        elif kind not in PASSED_OVER:
            raise Failure("not a network that Impasto knows: it has %s" % kind[:40])
    found.order = [step for step in found.order if step != "scaled"]
    return found


def look_at_product(graph, where, found, node, channels):
    numbers, number = vector(graph, where, node.inputs, channels), scalar(graph, node.inputs)
    if numbers is not None:
        if node.kind == "Div" or found.order != ["norm"]:
            raise Failure("not a network that Impasto knows: channels are scaled elsewhere than in a "
                          "normalisation")
        found.gamma = numbers
    elif number is not None and node.inputs[0] in where:
        factor = number if node.kind == "Mul" else 1 / number
        found.scale, found.offset = found.scale * factor, found.offset * factor
    elif number is not None and node.kind == "Mul":
        found.scale, found.offset = found.scale * number, found.offset * number


def look_at_sum(graph, where, found, node, channels, at):
    others = [where[name] for name in node.inputs if name in where]
    number, numbers = scalar(graph, node.inputs), vector(graph, where, node.inputs, channels)
    if len(others) == 2 and min(others) < at:
        found.added = [name for name in node.inputs if where[name] < at][0]
        found.order.append("add")
        if node.kind == "Sub":
            raise Failure("not a network that Impasto knows: a block subtracts")
    elif numbers is not None:
        if node.kind == "Sub" and node.inputs[1] not in where or found.order not in ([], ["norm"]):
            raise Failure("not a network that Impasto knows: channels are shifted elsewhere than in a "
                          "normalisation")
        found.beta = numbers
    elif number is not None and len(others) == 1:
        if node.kind == "Add" and 0 < number <= 0.01 and found.epsilon is None and "norm" not in found.order:
            found.epsilon = number  # before the square root
        elif node.kind == "Add" or node.inputs[0] in where:
            found.offset += number if node.kind == "Add" else -number
        else:
            raise Failure("not a network that Impasto knows: it turns a picture's numbers around")


def check_region(row, region, found, number):
    def need(right, what):
        if not right:
            raise Failure("not a network that Impasto knows: convolution %d, %s, %s"
                          % (number + 1, row.name, what))

    node = region.node.attributes
    need(list(region.weight.shape) == [row.outputs, row.inputs, row.size, row.size],
         "has the shape %s and not %s" % (region.weight.shape,
                                          [row.outputs, row.inputs, row.size, row.size]))
    need(node.get("strides", [1, 1]) == [row.stride] * 2, "has strides %s" % node.get("strides"))
    need(node.get("dilations", [1, 1]) == [1, 1] and node.get("group", 1) == 1,
         "is dilated or in groups")
    need(not any(node.get("pads", [])) and node.get("auto_pad", "NOTSET") in ("NOTSET", "VALID"),
         "pads by zeros, and only reflection is known")
    need(region.padding is not None and region.padding[0] == "reflect",
         "does not pad by reflection")
    half = row.size // 2
    need(region.padding[1] is None or list(region.padding[1]) == [0, 0, half, half] * 2,
         "pads by %s" % (region.padding[1],))
    need(region.upsample == row.upsample, "is enlarged before, or not, where it should be otherwise")
    need(("norm" in found.order) == bool(row.norm), "is normalised, or not, where it should be otherwise")
    need(not row.norm or (found.gamma is not None and found.beta is not None),
         "has no scale and shift of plain numbers behind it")
    need(found.relu == row.relu, "has a ReLU, or none, where it should be otherwise")
    need((found.added is not None) == row.adds, "adds, or does not, where it should be otherwise")
    wanted = ["norm"] * bool(row.norm) + ["relu"] * row.relu + ["add"] * row.adds
    need(found.order == wanted, "is followed by %s" % (found.order,))
    need(row.name == "deconv3" or (found.scale, found.offset, found.output) == (1, 0, "linear"),
         "is scaled or bent")


def numbers_of(constant, channels, styles, name):
    if constant.count() not in (channels, styles * channels):
        raise Failure("%s has %d numbers for %d styles" % (name, constant.count(), styles))
    values = constant.floats()
    return values * styles if len(values) == channels and styles > 1 else values


def read_onnx(raw):
    try:
        return understand(Graph(raw))
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError,
            struct.error) as problem:
        raise Damaged(str(problem)[:60] or type(problem).__name__) from None


def understand(graph):
    regions, where, picture = find_regions(graph)
    count = len(regions) - 6
    if count < 0 or count % 2 != 0:
        raise Failure("not a network that Impasto knows: %d convolutions" % len(regions))
    found = [look_behind(graph, where, region, i) for i, region in enumerate(regions)]
    first, last = regions[0], regions[-1]
    channels = [regions[i].weight.shape[0] for i in (0, 1, 2, -3, -2)]
    scale = found[0].gamma
    styles = scale.count() // channels[0] if scale is not None else 1
    shape = Shape(channels, count // 2, first.weight.shape[3], "norm" in found[-1].order, styles)
    if found[0].epsilon is not None:
        shape.epsilon = found[0].epsilon
    unit = set_scales(shape, found[-1], graph, first, picture)
    shape.check()
    tensors = {}
    for i, (row, region) in enumerate(zip(shape.rows(), regions)):
        check_region(row, region, found[i], i)
        if row.adds and found[i].added != regions[i - 1].input:
            raise Failure("not a network that Impasto knows: %s adds something else than its "
                          "block's input" % row.name)
        tensors[row.name + ".conv2d.weight"] = region.weight.floats()
        if row.norm:
            tensors[row.norm + ".weight"] = numbers_of(found[i].gamma, row.outputs, styles, row.norm)
            tensors[row.norm + ".bias"] = numbers_of(found[i].beta, row.outputs, styles, row.norm)
        else:
            bias = last.bias or found[i].beta
            if bias is None or bias.count() != row.outputs:
                raise Failure("its last convolution has no bias of plain numbers")
            tensors[row.name + ".conv2d.bias"] = bias.floats()
    return Network(shape, None, tensors, end=unit)


def set_scales(shape, end, graph, first, picture):
    """Of what it takes and gives: the end of its RGB. Nobody says that, but those whose numbers end by
    a sigmoid or a tanh and stay below 2 take RGB from 0 to 1 and give it, and others from 0 to 255."""
    shape.output = end.output
    unit = 1.0 if end.output != "linear" and abs(end.scale) + abs(end.offset) < 2 else 255.0
    shape.in_scale, shape.out_scale, shape.out_offset = unit, end.scale / unit, end.offset / unit
    name, steps = first.input, 0
    while name != picture and name in graph.maker and steps < 8:
        node, steps = graph.maker[name], steps + 1
        number = scalar(graph, node.inputs)
        if node.kind not in ("Mul", "Div", "Identity", "Cast") or \
                (node.kind in ("Mul", "Div") and not number):
            raise Failure("not a network that Impasto knows: it does %s to the picture"
                          % node.kind[:40])
        if node.kind == "Mul":
            shape.in_scale *= number
        elif node.kind == "Div":
            shape.in_scale /= number
        name = node.inputs[0]
    return unit


# ---- Writing ONNX --------------------------------------------------------------------------------


def varint_bytes(value):
    value &= 2**64 - 1
    result = bytearray()
    while value > 127:
        result.append(value & 127 | 128)
        value >>= 7
    result.append(value)
    return bytes(result)


def field(number, value):
    """An integer, a text, bytes of a message, or a float."""
    if isinstance(value, int):
        return varint_bytes(number << 3) + varint_bytes(value)
    if isinstance(value, float):
        return varint_bytes(number << 3 | 5) + struct.pack("<f", value)
    raw = value.encode() if isinstance(value, str) else value
    return varint_bytes(number << 3 | 2) + varint_bytes(len(raw)) + raw


def tensor(name, shape, values):
    """Floats, or where they are a list integers."""
    raw = struct.pack("<%dq" % len(values), *values) if isinstance(values, list) \
        else vgg19.to_bytes(values, False)
    return (b"".join(field(1, extent) for extent in shape)
            + field(2, 7 if isinstance(values, list) else 1) + field(8, name) + field(9, raw))


def attribute(name, value):
    if isinstance(value, list):
        return field(1, name) + b"".join(field(8, number) for number in value) + field(20, 7)
    number, kind = {int: (3, 2), float: (2, 1), str: (4, 3)}[type(value)]
    return field(1, name) + field(number, value) + field(20, kind)


class Writer:
    """A graph as it grows."""

    def __init__(self):
        self.nodes, self.constants, self.count = [], {}, 0

    def constant(self, name, shape, values):
        self.constants[name] = tensor(name, shape, values)
        return name

    def integers(self, *values):
        return self.constant("i" + "_".join(map(str, values)), [len(values)], list(values))

    def number(self, value):
        return self.constant("f%r" % value, [], array.array("f", [value]))

    def node(self, kind, inputs, output=None, **attributes):
        if output is None:
            output, self.count = "t%d" % self.count, self.count + 1
        self.nodes.append(
            b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, kind)
            + b"".join(field(5, attribute(name, value)) for name, value in attributes.items()))
        return output

    def model(self, name, inputs, outputs):
        def value(name, shape):
            dims = b"".join(field(1, field(1, extent) if isinstance(extent, int)
                                  else field(2, extent)) for extent in shape)
            return field(1, name) + field(2, field(1, field(1, 1) + field(2, dims)))

        graph = (b"".join(field(1, node) for node in self.nodes) + field(2, name)
                 + b"".join(field(5, constant) for constant in self.constants.values())
                 + b"".join(field(11, value(*one)) for one in inputs)
                 + b"".join(field(12, value(*one)) for one in outputs))
        return (field(1, 8) + field(2, "impasto") + field(7, graph)
                + field(8, field(1, "") + field(2, 17)))


def write_padding(writer, x, margin):
    """The margin, and more at the right and below up to a multiple of 4. Also the picture's shape."""
    shape = writer.node("Shape", [x])
    sides = writer.node("Slice", [shape, writer.integers(2), writer.integers(4)])
    four = writer.integers(4)
    over = writer.node("Mod", [sides, four])
    more = writer.node("Mod", [writer.node("Sub", [four, over]), four])
    ends = writer.node("Add", [more, writer.integers(margin)])
    amounts = writer.node("Concat", [writer.integers(0, 0, margin, margin), writer.integers(0, 0), ends],
                          axis=0)
    return writer.node("Pad", [x, amounts], mode="reflect"), sides


def write_norm(writer, x, row, network):
    names = []
    for kind in ("weight", "bias"):
        name, styles = "%s.%s" % (row.norm, kind), network.shape.styles
        shape = [styles, row.outputs] if styles > 1 else [row.outputs]
        writer.constant(name, shape, network.tensors[name])
        names.append(writer.node("MatMul", ["style_weights", name]) if styles > 1 else name)
    return writer.node("InstanceNormalization", [x, *names], epsilon=float(network.shape.epsilon))


def write_row(writer, x, row, network):
    half = row.size // 2
    if row.upsample:
        scales = writer.constant("scales", [4], array.array("f", [1, 1, 2, 2]))
        x = writer.node("Resize", [x, "", scales], mode="nearest", nearest_mode="floor",
                        coordinate_transformation_mode="asymmetric")
    if row.name != "conv1":
        x = writer.node("Pad", [x, writer.integers(0, 0, half, half, 0, 0, half, half)], mode="reflect")
    name = row.name + ".conv2d"
    inputs = [x, writer.constant(name + ".weight", [row.outputs, row.inputs, row.size, row.size],
                                 network.tensors[name + ".weight"])]
    if not row.norm:
        inputs.append(writer.constant(name + ".bias", [row.outputs], network.tensors[name + ".bias"]))
    x = writer.node("Conv", inputs, kernel_shape=[row.size] * 2, strides=[row.stride] * 2)
    if row.norm:
        x = write_norm(writer, x, row, network)
    return writer.node("Relu", [x]) if row.relu else x


def write_onnx(network):
    """Takes "image", RGB from 0 to 255, and gives "painting", likewise and not clamped. With several
    styles, "style_weights" says how much of each."""
    shape, writer = network.shape, Writer()
    x = "image"
    if shape.in_scale != 255:
        x = writer.node("Mul", [x, writer.number(shape.in_scale / 255)])
    rows = shape.rows()
    x, sides = write_padding(writer, x, rows[0].size // 2)
    before = x
    for row in rows:
        if row.name.endswith(".conv1"):
            before = x
        x = write_row(writer, x, row, network)
        if row.adds:
            x = writer.node("Add", [before, x])
    if shape.output != "linear":
        x = writer.node({"tanh": "Tanh", "sigmoid": "Sigmoid"}[shape.output], [x])
    if abs(255 * shape.out_scale - 1) > 1e-7:
        x = writer.node("Mul", [x, writer.number(255 * shape.out_scale)])
    if shape.out_offset != 0:
        x = writer.node("Add", [x, writer.number(255 * shape.out_offset)])
    writer.node("Slice", [x, writer.integers(0, 0), sides, writer.integers(2, 3)], output="painting")
    size = [1, 3, "height", "width"]
    inputs = [("image", size)] + [("style_weights", [shape.styles])] * (shape.styles > 1)
    return writer.model("style network", inputs, [("painting", size)])


# ---- Files of any kind ---------------------------------------------------------------------------


def load(path):
    with open(path, "rb") as file:
        head = file.read(512)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        vgg19.check_kind(head)
        if head[8:9] == b"{":
            return open_own(file)
        entries, _ = vgg19.open_pytorch(file, head)
        if entries is not None:
            entries = plain_names(entries)
            return read_network(entries, guess_shape(entries), None)
        if head[:1] == b"\x08":
            if size > FILE_MOST:
                raise Failure("it is larger than any style network that Impasto knows")
            return read_onnx(file.read())
    raise Failure("it is of no kind that is known: safetensors, .pth or .model of PyTorch, .onnx")


def check_names(names):
    for name in names:
        raw = name.encode("utf-8", "surrogateescape")
        if not 1 <= len(raw) <= NAME_MOST or re.search(r"[\x00-\x1f\x7f:,\ud800-\udfff]", name):
            raise Failure("a style cannot be called %r; names have 1 to %d bytes and no control "
                          "characters, colons or commas" % (name[:80], NAME_MOST))
    if len(set(names)) != len(names):
        raise Failure("two styles have the same name; choose others")


def name_styles(network, given, path):
    count = network.shape.styles
    if given:
        if len(given) != count:
            raise Failure("it has %d styles, but %d names were given" % (count, len(given)))
        network.styles = given
    elif network.styles is None:
        stem = os.path.splitext(os.path.basename(path))[0]
        network.styles = ["style %d" % (i + 1) for i in range(count)]
        if count == 1:
            stem = re.sub(r"[\x00-\x1f\x7f:,\ud800-\udfff]", "-", stem)
            while len(stem.encode()) > NAME_MOST:
                stem = stem[:-1]
            network.styles = [stem or "style"]
    check_names(network.styles)


def save(path, network, half):
    metadata = {"impasto.model": str(FORMAT), "format": "pt",
                "impasto.shape": network.shape.described(),
                "impasto.styles": json.dumps(network.styles, ensure_ascii=False), **network.texts}
    vgg19.write_tensors(path, network.listed(), half, metadata)


# ---- Commands ------------------------------------------------------------------------------------


def prepare_output(arguments, suffix):
    path = arguments.output or os.path.splitext(arguments.file)[0] + suffix
    if os.path.lexists(path) and not os.path.isfile(path):
        raise Unwritten("%s: not a regular file; name another with -o" % path)
    itself = os.path.exists(arguments.file) and os.path.exists(path) and os.path.samefile(path, arguments.file)
    if os.path.exists(path) and (itself or not arguments.force):
        raise Unwritten("%s: there already; --force replaces it, -o names another place" % path)
    return path


def told(network):
    shape = network.shape
    return "%s channels, %d blocks, %s" % (
        "-".join(map(str, shape.channels)), shape.blocks,
        "%d styles" % shape.styles if shape.styles > 1 else "style %s" % network.styles[0])


def read_named(arguments, names, end=None):
    try:
        network = load(arguments.file)
        name_styles(network, names, arguments.file)
        if end is not None:
            network.set_range(end)
    except Failure as problem:
        raise Failure("%s: %s" % (arguments.file, problem)) from None
    except OSError as problem:
        raise Failure("%s: cannot be read: %s" % (arguments.file, problem.strerror)) from None
    return network


def convert(arguments):
    path = prepare_output(arguments, ".safetensors")
    network = read_named(arguments, arguments.name, arguments.range)
    if arguments.licence is not None:
        network.texts["impasto.licence"] = arguments.licence
    network.texts.setdefault("impasto.training", json.dumps(
        {"converted from": os.path.basename(arguments.file)}))
    save(path, network, arguments.half)
    print("%s: %s" % (path, told(network)))


def export(arguments):
    path = prepare_output(arguments, ".onnx")
    network = read_named(arguments, None)
    vgg19.write_whole(path, [write_onnx(network)])
    print("%s: %s" % (path, told(network)))
    if network.shape.noise:
        print("%s: without the noise of %g that Impasto adds to pictures, which keeps strokes in even skies from "
              "repeating; add some of your own" % (path, network.shape.noise))


def main(argv=None):
    global PROGRAM
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    converting = commands.add_parser("convert", help="make a network of PyTorch or ONNX Impasto's")
    converting.add_argument("file")
    converting.add_argument("--name", action="append",
                            help="of a style; for each in its turn (default: the file's)")
    converting.add_argument("--range", type=int, choices=[1, 255],
                            help="the network takes and gives RGB from 0 to this (default: by its "
                                 "form)")
    converting.add_argument("--licence", help="under which it may be passed on")
    converting.add_argument("--half", action="store_true", help="store half precision")
    exporting = commands.add_parser("export", help="write a network of Impasto's as ONNX")
    exporting.add_argument("file")
    for command in (converting, exporting):
        command.add_argument("--force", action="store_true", help="replace a file that is there")
        command.add_argument("-o", "--output", metavar="FILE",
                             help="default: beside the file, with another ending")
    arguments = parser.parse_args(argv)
    PROGRAM = arguments.program or "stylenet.py"
    vgg19.PROGRAM = PROGRAM
    try:
        code = {"convert": convert, "export": export}[arguments.command](arguments) or 0
    except Failure as problem:
        vgg19.say_failure(problem)
        code = problem.code
    except OSError as problem:
        vgg19.say_failure(problem)
        code = Unwritten.code
    except MemoryError:
        vgg19.say_failure("out of memory; close other programs and try again")
        code = 5
    except KeyboardInterrupt:
        vgg19.log("")
        vgg19.say_failure("stopped; nothing was written")
        return 130
    return code if arguments.program else min(code, 1)


if __name__ == "__main__":
    sys.exit(main())
