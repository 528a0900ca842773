#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Get the trained weights of VGG19 for Impasto: fetch, convert or check them.

Only the sixteen convolutions are kept (80 MB of 575). Needs Python 3.9 or later and nothing else;
h5py for the conversion of Keras files.
"""

import argparse
import array
import hashlib
import http.client
import io
import json
import math
import os
import pickle
import re
import struct
import sys
import tarfile
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections import OrderedDict, namedtuple

URL = "https://huggingface.co/timm/vgg19.tv_in1k/resolve/main/model.safetensors"
URL_SHA256 = "11aea017b543ff59233749d8f1cf544cda749378f5790d2fedab841fb86b7669"

# Name, inputs, outputs, and the position in torchvision's vgg19().features.
LAYERS = [
    ("conv1_1", 3, 64, 0),
    ("conv1_2", 64, 64, 2),
    ("conv2_1", 64, 128, 5),
    ("conv2_2", 128, 128, 7),
    ("conv3_1", 128, 256, 10),
    ("conv3_2", 256, 256, 12),
    ("conv3_3", 256, 256, 14),
    ("conv3_4", 256, 256, 16),
    ("conv4_1", 256, 512, 19),
    ("conv4_2", 512, 512, 21),
    ("conv4_3", 512, 512, 23),
    ("conv4_4", 512, 512, 25),
    ("conv5_1", 512, 512, 28),
    ("conv5_2", 512, 512, 30),
    ("conv5_3", 512, 512, 32),
    ("conv5_4", 512, 512, 34),
]

# SHA-256 of the float32 values of conv1_1 to conv3_4 (weight, bias, weight, ...), and their origin.
KNOWN_HEADS = {
    "d9aea267e8892db21c244ec8a26ec4ac5aab70da5225deb8e27bf87789660ffa":
        "the first eight are the original Oxford weights",
}
# Whole files by SHA-256; by its first digits where only those are published (in the file's name).
KNOWN_FILES = {
    URL_SHA256: "timm's vgg19.tv_in1k (torchvision's weights)",
    "dcbb9e9d": "torchvision's vgg19-dcbb9e9d.pth",
    "d01eb7cb": "the Oxford weights as vgg19-d01eb7cb.pth",
}
# torchvision's tensor names with the Oxford weights' input.
CAFFE_FILES = {"d01eb7cb"}
KERAS_MD5 = {
    "vgg19_weights_tf_dim_ordering_tf_kernels_notop.h5": "253f8cb515780f3b799900260a226db6",
    "vgg19_weights_tf_dim_ordering_tf_kernels.h5": "cbe5617147190e668d6c5d5026f83318",
}

# Metadata by which Impasto marks its built-in weights.
GENERATED = "impasto.generated"

# Bits of an element.
DTYPES = {"F32": 32, "F16": 16, "BF16": 16, "F64": 64}
HEADER_LIMIT = 100_000_000  # safetensors' own limit, bytes
PICKLE_LIMIT = 64 << 20     # bytes; a list of 40 tensors takes a few thousand
STORAGE_LIMIT = 1 << 32     # bytes; the largest of a whole VGG19 takes 411 MB
CHUNK = 1 << 16
TIMEOUT = 30                # seconds without a byte
RETRIES = 5
RETRY_DELAY = 1.0           # seconds, doubled each time


class Failure(Exception):
    """What went wrong, and what to do, in one line."""

    code = 6  # the exit status of `impasto weights`, as impasto(1) has it


class Unwritten(Failure):
    """The same of a result."""

    code = 7


# What the user has called: this script, or the program that runs it.
PROGRAM = "vgg19.py"


def say_failure(text):
    log("%s: %s" % (PROGRAM.split()[0], re.sub(r"[\x00-\x1f\x7f]", "?", str(text))))


def log(text):
    print(text, file=sys.stderr)


class Progress:
    """A line that is rewritten on a terminal; elsewhere a line for every tenth."""

    def __init__(self, total, done):
        self.total, self.done, self.shown = total, done, -1
        self.start, self.first = time.monotonic(), done
        self.terminal = sys.stderr.isatty()

    def add(self, count):
        self.done += count
        percent = 100 * self.done // max(self.total, 1)
        step = percent if self.terminal else percent // 10
        if step == self.shown:
            return
        self.shown = step
        rate = (self.done - self.first) / max(time.monotonic() - self.start, 1e-3)
        text = "%3d %%  %.1f of %.1f MB  %.1f MB/s" % (
            percent, self.done / 1e6, self.total / 1e6, rate / 1e6)
        print(("\r" + text + "  ") if self.terminal else text, file=sys.stderr,
              end="" if self.terminal and self.done < self.total else "\n", flush=True)


# ---- Numbers -------------------------------------------------------------------------------------


def to_floats(raw, dtype):
    """Little-endian bytes as an array of single precision."""
    if dtype == "F32":
        values = array.array("f")
        values.frombytes(raw)
        if sys.byteorder == "big":
            values.byteswap()
        return values
    if dtype == "BF16":
        wide = bytearray(2 * len(raw))
        wide[2::4], wide[3::4] = raw[0::2], raw[1::2]
        return to_floats(bytes(wide), "F32")
    values, letter = array.array("f"), {"F16": "e", "F64": "d"}[dtype]
    size = struct.calcsize("<" + letter)
    for begin in range(0, len(raw), CHUNK):
        part = raw[begin:begin + CHUNK]
        values.extend(struct.unpack("<%d%s" % (len(part) // size, letter), part))
    return values


def to_bytes(values, half):
    if half:
        parts = []
        for begin in range(0, len(values), CHUNK):
            part = values[begin:begin + CHUNK]
            try:
                parts.append(struct.pack("<%de" % len(part), *part))
            except OverflowError:
                raise Failure("a value is too large for half precision; leave out --half") from None
        return b"".join(parts)
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    return values.tobytes()


def transpose(values, inputs, outputs):
    """(3, 3, in, out) to (out, in, 3, 3)."""
    result = array.array("f", bytes(4 * len(values)))
    plane = inputs * outputs
    for tap in range(9):
        kernel = values[tap * plane:(tap + 1) * plane]
        turned = array.array("f")
        for out in range(outputs):
            turned.extend(kernel[out::outputs])
        result[tap::9] = turned
    return result


def check_values(name, values):
    if not all(map(math.isfinite, values)):
        raise Failure("%s has values that are not finite; the file is damaged, get it anew" % name)
    if not any(values):
        raise Failure("%s has only zeros; the file is damaged, get it anew" % name)


# ---- Tensors of a VGG19, in any kind of file -----------------------------------------------------


class Entry:
    """A tensor in a file: its shape, the type of its elements, and a function that reads it."""

    def __init__(self, shape, dtype, read):
        self.shape, self.dtype, self.read = tuple(shape), dtype, read


# How files call a layer's weight and bias, and the input that goes with the naming.
NAMINGS = [
    (lambda name, position: (name + ".weight", name + ".bias"), "caffe"),
    (lambda name, position: (block(name) + ".weight", block(name) + ".bias"), "caffe"),
    (lambda name, position: (name + "_W", name + "_b"), "caffe"),
    (lambda name, position: ("features.%d.weight" % position, "features.%d.bias" % position),
     "torchvision"),
]


def block(name):
    return "block%s_conv%s" % (name[4], name[6])


def find_layers(names):
    """The pairs of names of a file's layers from conv1_1 on, and their convention."""
    names = set(names)
    for naming, convention in NAMINGS:
        first = naming(*LAYERS[0][::3])[0]
        prefixes = sorted(name[:-len(first)] for name in names
                          if name == first or name.endswith("." + first))
        if prefixes:
            break
    else:
        raise Failure("no layer conv1_1 is in it: not a VGG19, or with unknown tensor names")
    if len(prefixes) > 1 and prefixes[0] != "":
        raise Failure("it holds several networks (%s)" % ", ".join(prefixes))
    pairs = [tuple(prefixes[0] + name for name in naming(layer[0], layer[3])) for layer in LAYERS]
    count = 0
    for layer, (weight, bias) in zip(LAYERS, pairs):
        if (weight in names) != (bias in names):
            raise Failure("%s has only one of weight and bias; get the file anew" % layer[0])
        count += weight in names
    for layer, (weight, _) in zip(LAYERS[:count], pairs):
        if weight not in names:
            raise Failure("%s is missing although later layers are there: a plain VGG19 is needed, "
                          "not a VGG16 or one with batch normalisation" % layer[0])
    return pairs[:count], convention


def read_array(name, entry, shapes):
    """The values of a tensor that must have one of these shapes."""
    if entry.shape not in shapes:
        raise Failure("%s has the shape %s, VGG19's is %s; other weights are needed"
                      % (name, list(entry.shape), list(shapes[0])))
    if entry.dtype not in DTYPES:
        raise Failure("%s is of type %s; only %s can be used"
                      % (name, entry.dtype, ", ".join(DTYPES)))
    count = math.prod(entry.shape)
    raw = entry.read()
    if len(raw) != count * DTYPES[entry.dtype] // 8:
        raise Failure("%s is cut short; get the file anew" % name)
    values = to_floats(raw, entry.dtype)
    check_values(name, values)
    return values


def read_layers(entries):
    """[(weight, bias)] of the layers from conv1_1 on, and the convention by their names."""
    pairs, convention = find_layers(entries)
    layers = []
    for (_, inputs, outputs, _), (weight, bias) in zip(LAYERS, pairs):
        shapes = [(outputs, inputs, 3, 3), (3, 3, inputs, outputs)]
        values = read_array(weight, entries[weight], shapes)
        if entries[weight].shape == shapes[1]:
            values = transpose(values, inputs, outputs)
        layers.append((values, read_array(bias, entries[bias], [(outputs,)])))
    return layers, convention


# ---- safetensors ---------------------------------------------------------------------------------


def no_duplicates(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate keys")
    return result


def parse_header(text, data_size):
    """Tensors as {name: (dtype, shape, begin, end)}, and metadata. data_size: None if unknown."""
    def whole(value):
        return type(value) is int and value >= 0

    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=no_duplicates)
        metadata = header.pop("__metadata__", {})
        if not all(isinstance(text, str) for text in metadata.values()):
            raise ValueError("metadata")
        tensors = {}
        for name, entry in header.items():
            dtype, shape = entry["dtype"], entry["shape"]
            begin, end = entry["data_offsets"]
            if not (isinstance(dtype, str) and all(map(whole, shape + [begin, end]))):
                raise ValueError(name)
            if dtype in DTYPES and math.prod(shape) * DTYPES[dtype] != 8 * (end - begin):
                raise ValueError(name)
            tensors[name] = (dtype, tuple(shape), begin, end)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise Failure("its safetensors header is damaged (%s); get the file anew"
                      % str(problem)[:80]) from None
    position = 0
    for name, (_, _, begin, end) in sorted(tensors.items(), key=lambda item: item[1][2:]):
        if begin != position or end < begin:
            raise Failure("the data of %s overlaps or leaves a hole; get the file anew" % name[:80])
        position = end
    if data_size is not None and position != data_size:
        raise Failure("its length does not match its header; get the file anew")
    return tensors, metadata


def header_length(raw):
    length = struct.unpack("<Q", raw[:8])[0] if len(raw) >= 8 else 0
    if not 2 <= length <= HEADER_LIMIT:
        raise Failure("it is not a safetensors file")
    return length


def open_safetensors(file):
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    length = header_length(file.read(8))
    if length > size - 8:
        raise Failure("it ends within its header; get the file anew")
    tensors, metadata = parse_header(file.read(length), size - 8 - length)

    def reader(begin, end):
        def read():
            file.seek(8 + length + begin)
            return file.read(end - begin)
        return read

    return ({name: Entry(shape, dtype, reader(begin, end))
             for name, (dtype, shape, begin, end) in tensors.items()}, metadata)


def write_tensors(path, tensors, half, metadata):
    """tensors: (name, shape, values). Whole or not at all."""
    dtype, size = ("F16", 2) if half else ("F32", 4)
    tensors, header = list(tensors), {"__metadata__": metadata}
    position = 0
    for name, shape, values in tensors:
        end = position + size * len(values)
        header[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    write_whole(path, [struct.pack("<Q", len(text)) + text],
                (to_bytes(values, half) for _, _, values in tensors))


def write_whole(path, *pieces):
    """Bytes of each of the iterables, in a file that appears whole or not at all."""
    temporary = "%s.%d.tmp" % (path, os.getpid())
    try:
        with open(temporary, "wb") as file:
            for some in pieces:
                for piece in some:
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def write_safetensors(path, layers, convention, half, metadata):
    tensors = []
    for (name, inputs, outputs, _), (weight, bias) in zip(LAYERS, layers):
        tensors += [(name + ".weight", (outputs, inputs, 3, 3), weight),
                    (name + ".bias", (outputs,), bias)]
    write_tensors(path, tensors, half,
                  {"format": "pt", "impasto.convention": convention, **metadata})


# ---- PyTorch -------------------------------------------------------------------------------------
#
# A .pth file is a pickle, which is a program. Ours runs it with nothing to call but the handful of
# names below, which stand for things of this file that only keep what they are given.


# dtype as in safetensors, count in elements. Tuples, so that no pickle can change them later.
Storage = namedtuple("Storage", "key dtype count")
Tensor = namedtuple("Tensor", "storage offset shape strides")


class Kind(str):
    """Stands for a storage class, such as torch.FloatStorage: the name of its dtype."""

    __slots__ = ()


class RebuildTensor:
    __slots__ = ()

    def __call__(self, storage, offset, shape, strides, *_):
        return Tensor(storage, offset, shape, strides)


class RebuildParameter:
    __slots__ = ()

    def __call__(self, tensor, *_):
        return tensor


KINDS = {"Float": "F32", "Half": "F16", "BFloat16": "BF16", "Double": "F64", "Long": "I64",
         "Int": "I32", "Short": "I16", "Char": "I8", "Byte": "U8", "Bool": "BOOL"}
SIZES = {"F32": 4, "F16": 2, "BF16": 2, "F64": 8, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
         "BOOL": 1}
ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor"): RebuildTensor(),
    ("torch._utils", "_rebuild_tensor_v2"): RebuildTensor(),
    ("torch._utils", "_rebuild_parameter"): RebuildParameter(),
    ("torch.nn.parameter", "Parameter"): RebuildParameter(),
    ("torch", "Size"): tuple,
}
ALLOWED.update({("torch", name + "Storage"): Kind(dtype) for name, dtype in KINDS.items()})
ALLOWED.update({("torch", name + "Tensor"): Kind(dtype) for name, dtype in KINDS.items()})


class Bounded:
    """A file that never asks for more memory than it has bytes."""

    def __init__(self, file, size):
        self.file, self.left = file, size

    def read(self, count=-1):
        if count < 0 or count > self.left:
            raise EOFError("it ends early")
        raw = self.file.read(count)
        self.left -= len(raw)
        return raw

    def readline(self):
        raw = self.file.readline(min(self.left, 1 << 16))
        self.left -= len(raw)
        return raw


# The pickle module's version in Python: the one in C trusts sizes that a file claims.
class Unpickler(pickle._Unpickler):  # pylint: disable=protected-access
    def __init__(self, file, storages=None):
        super().__init__(file, encoding="utf-8")
        self.storages = storages

    def find_class(self, module, name):
        try:
            return ALLOWED[module, name]
        except KeyError:
            raise Failure("it asks to run %s.%s, which no file of weights needs; do not trust it"
                          % (str(module)[:60], str(name)[:60])) from None

    def persistent_load(self, pid):
        if self.storages is None:
            raise Failure("it refers to something outside of itself; do not trust it")
        return self.storages(pid)


def unpickle(file, size, storages=None):
    """One pickle from where the file stands; whatever goes wrong in it is the file's fault."""
    bounded = Bounded(file, min(size, PICKLE_LIMIT))
    try:
        return Unpickler(bounded, storages).load()
    except Failure:
        raise
    except Exception as problem:  # pickles raise whatever they like
        raise Failure("it is damaged or no PyTorch file (%s); get it anew"
                      % (str(problem)[:80] or type(problem).__name__)) from None


def storage_of(pid):
    """The storage that ("storage", kind, key, location, count, ...) names."""
    if not (isinstance(pid, tuple) and len(pid) >= 5 and pid[0] == "storage"
            and isinstance(pid[1], Kind) and type(pid[4]) is int and pid[4] >= 0
            and (len(pid) < 6 or pid[5] is None)):
        raise Failure("it describes its storage in an unknown way")
    return Storage(str(pid[2]), str(pid[1]), pid[4])


def state_entries(state, read_storage):
    """The tensors of a state dict, or of a checkpoint that holds one. read_storage(storage, first
    byte, bytes) reads a part of a storage."""
    for key in ("state_dict", "model", "net"):
        if isinstance(state, dict) and isinstance(dict.get(state, key), dict):
            state = dict.get(state, key)
    if not isinstance(state, dict):
        raise Failure("it holds no state dict; save model.state_dict()")
    entries = {}
    for name, tensor in dict.items(state):  # an instance may hide its own methods
        if not (isinstance(name, str) and isinstance(tensor, Tensor)):
            continue
        shape, strides = tensor.shape, tensor.strides
        if not (isinstance(tensor.storage, Storage) and isinstance(shape, tuple)
                and isinstance(strides, tuple) and len(shape) == len(strides) <= 8
                and all(type(n) is int and n >= 0 for n in shape + strides + (tensor.offset,))):
            raise Failure("tensor %s is malformed" % name[:80])
        read = tensor_reader(name, tensor, read_storage)
        entries[name] = Entry(shape, tensor.storage.dtype, read)
    return entries


def tensor_reader(name, tensor, read_storage):
    def read():
        stride = 1
        for extent, found in zip(reversed(tensor.shape), reversed(tensor.strides)):
            if extent != 1 and found != stride:
                raise Failure("tensor %s is not stored in order; save it with .contiguous()" % name)
            stride *= extent
        size = SIZES[tensor.storage.dtype]
        if tensor.offset + stride > tensor.storage.count:
            raise Failure("tensor %s reaches beyond its storage; get the file anew" % name)
        return read_storage(tensor.storage, tensor.offset * size, stride * size)
    return read


def open_zip(file):
    """PyTorch 1.6 and later: a zip with data.pkl and a file per storage. Or NumPy's .npz."""
    try:
        archive = zipfile.ZipFile(file)
        sizes = {info.filename: info.file_size for info in archive.infolist()}
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as problem:
        raise Failure("it is a damaged zip file (%s); get it anew" % problem) from None

    def member(name, size, count=None):
        if sizes.get(name, -1) < size:
            raise Failure("%s is missing from it or cut short; get the file anew" % name[:80])
        try:
            with archive.open(name) as part:
                return part.read(size if count is None else count)
        except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, ValueError) as problem:
            raise Failure("%s in it is damaged (%s); get it anew" % (name[:80], problem)) from None

    pickles = [name for name in sizes if name.endswith("/data.pkl") or name == "data.pkl"]
    if not pickles:
        return open_npz(sizes, member)
    base = pickles[0][:-len("data.pkl")]
    if base + "byteorder" in sizes and member(base + "byteorder", 0, 16) != b"little":
        raise Failure("it was written on a big-endian machine, which is not supported")
    if sizes[pickles[0]] > PICKLE_LIMIT:
        raise Failure("its list of tensors is absurdly long; do not trust it")
    text = member(pickles[0], sizes[pickles[0]])

    def read_storage(storage, begin, count):
        size = storage.count * SIZES[storage.dtype]
        if size > STORAGE_LIMIT:
            raise Failure("a tensor in it is absurdly large; do not trust it")
        if sizes.get(base + "data/" + storage.key, -1) != size:
            raise Failure("a tensor's data is missing from it or cut short; get the file anew")
        return member(base + "data/" + storage.key, size)[begin:begin + count]

    return state_entries(unpickle(io.BytesIO(text), len(text), storage_of), read_storage)


def open_npz(sizes, member):
    entries = {}
    for name in sizes:
        if not name.endswith(".npy"):
            continue
        head = member(name, 0, 1 << 14)
        found = re.match(
            rb"\x93NUMPY[\x01-\x03]\0.{2,4}?\{'descr': '([<|>=]\w+)', 'fortran_order': (\w+), "
            rb"'shape': \(([\d, ]*)\), \} *\n", head, re.S)
        if found is None:
            continue
        dtype = {b"<f4": "F32", b"<f2": "F16", b"<f8": "F64"}.get(found.group(1))
        shape = [int(text[:20]) for text in found.group(3).split(b",") if text.strip()]
        if dtype is None or found.group(2) != b"False":
            dtype = "%s, Fortran order %s" % (found.group(1).decode(), found.group(2).decode())

        def read(name=name, begin=found.end(), count=math.prod(shape) * SIZES.get(dtype, 0)):
            return member(name, begin + count, begin + count)[begin:]

        entries[name[:-4]] = Entry(shape, dtype, read)
    return entries


def read_at(file, position, count, size):
    if position + count > size:
        raise Failure("it is cut short; get the file anew")
    file.seek(position)
    return file.read(count)


def open_stream(file):
    """PyTorch before 1.6: pickles one after the other, then the storages."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if unpickle(file, size) != 0x1950A86A20F9469CFC6C:
        raise Failure("it is a pickle but not PyTorch's")
    if unpickle(file, size) != 1001:
        raise Failure("it has an unknown version of PyTorch's format")
    system = unpickle(file, size)
    if not isinstance(system, dict) or dict.get(system, "little_endian") is not True:
        raise Failure("it was written on a big-endian machine, which is not supported")
    found = {}

    def storages(pid):
        storage = storage_of(pid)
        return found.setdefault(storage.key, storage)

    state = unpickle(file, size, storages)
    keys = unpickle(file, size)
    places, position = {}, file.tell()
    for key in keys if isinstance(keys, list) else ():
        if str(key) not in found:
            raise Failure("it has data of a tensor that it does not list; get the file anew")
        storage = found[str(key)]
        count, = struct.unpack("<q", read_at(file, position, 8, size))
        if count != storage.count:
            raise Failure("its data does not fit its list of tensors; get the file anew")
        places[storage.key] = position + 8
        position += 8 + count * SIZES[storage.dtype]

    def read_storage(storage, begin, count):
        if storage.key not in places:
            raise Failure("a tensor's data is missing from it; get the file anew")
        return read_at(file, places[storage.key] + begin, count, size)

    return state_entries(state, read_storage)


def open_tar(file):
    """PyTorch before 0.1.10: a tar with storages, tensors and a pickle that numbers them."""
    try:
        archive = tarfile.open(fileobj=file, mode="r:")
        members = {info.name: info for info in archive.getmembers() if info.isreg()}
        parts = [(archive.extractfile(members[name]), members[name].size)
                 for name in ("storages", "tensors", "pickle")]
    except (tarfile.TarError, KeyError, ValueError, OSError, EOFError) as problem:
        raise Failure("it is a tar file but not PyTorch's (%s)" % str(problem)[:80]) from None
    (store, store_size), (list_file, list_size), (text, text_size) = parts
    storages, tensors = {}, {}
    try:
        for _ in range(unpickle(store, store_size)):
            key, _, kind = unpickle(store, store_size)
            count, = struct.unpack("<q", store.read(8))
            storages[key] = (str(kind), count, store.tell())
            store.seek(store.tell() + count * SIZES[str(kind)])
        for key, root, offset, count in unpickle(store, store_size):
            dtype, _, position = storages[root]
            if not (type(offset) is type(count) is int and offset >= 0):
                raise ValueError("a view")
            storages[key] = (dtype, count, position + offset * SIZES[dtype])
        for _ in range(unpickle(list_file, list_size)):
            key, storage, _ = unpickle(list_file, list_size)
            rank, _ = struct.unpack("<ii", list_file.read(8))
            if not 0 <= rank <= 8:
                raise ValueError("rank %d" % rank)
            numbers = struct.unpack("<%dq" % (2 * rank + 1), list_file.read(16 * rank + 8))
            dtype, count, position = storages[storage]
            tensors[str(key)] = Tensor(Storage(position, dtype, count), numbers[2 * rank],
                                       numbers[:rank], numbers[rank:2 * rank])
    except (TypeError, ValueError, KeyError, AttributeError, struct.error, OSError) as problem:
        raise Failure("it is damaged (%s); get it anew" % str(problem)[:80]) from None

    def numbered(pid):
        if isinstance(pid, tuple):
            raise Failure("it holds a whole model and no state dict; save model.state_dict()")
        return tensors.get(str(pid))

    return state_entries(unpickle(text, text_size, numbered),
                         lambda storage, begin, count:
                         read_at(store, storage.key + begin, count, store_size))


# ---- Keras ---------------------------------------------------------------------------------------


def open_keras(path):
    try:
        import h5py
    except ImportError:
        raise Failure("h5py is needed for Keras files: pip install h5py, or build Impasto with "
                      "HDF5, which reads them as they are") from None
    entries = {}
    try:
        with h5py.File(path, "r") as file:
            root = file if "layer_names" in file.attrs else file["model_weights"]
            for name in [layer[0] for layer in LAYERS if block(layer[0]) in root]:
                group = root[block(name)]
                for item in group.attrs["weight_names"]:
                    item = item.decode() if isinstance(item, bytes) else str(item)
                    data = group[item]
                    if not isinstance(data, h5py.Dataset) or data.size > 1 << 24:
                        raise ValueError(item)
                    raw = data[()].astype("<f4").tobytes()
                    kind = ".weight" if len(data.shape) == 4 else ".bias"
                    entries[block(name) + kind] = Entry(data.shape, "F32", lambda raw=raw: raw)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as problem:
        raise Failure("it is no sound Keras file (%s); get it anew" % str(problem)[:80]) from None
    return entries


# ---- Files of any kind ---------------------------------------------------------------------------


def file_hash(path, algorithm):
    digest = hashlib.new(algorithm)
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def check_name(path, sha256):
    """Where a file's name says what its checksum is, it must be that."""
    name = os.path.basename(path)
    found = re.fullmatch(r".*-([0-9a-f]{8,64})\.pth", name)
    if found and not sha256.startswith(found.group(1)):
        raise Failure("its SHA-256 begins with %s and not with %s as its name says: a damaged "
                      "download; get it anew" % (sha256[:8], found.group(1)))
    if name in KERAS_MD5 and file_hash(path, "md5") != KERAS_MD5[name]:
        raise Failure("its MD5 is not %s, the published one: a damaged download; get it anew"
                      % KERAS_MD5[name])


def open_pytorch(file, head):
    """Tensors of a file of PyTorch and its kind; None where it is none."""
    if head[:4] == b"PK\3\4":
        return open_zip(file), "zip of tensors"
    if head[:1] == b"\x80":
        return open_stream(file), "PyTorch, before 1.6"
    if head[257:262] == b"ustar" or head[:8] in (b"storages", b"sys_info"):
        return open_tar(file), "PyTorch, tar"
    return None, None


def check_kind(head):
    """Refuses what is often taken for weights."""
    if not head:
        raise Failure("it is empty; get it anew")
    if head[:8].lstrip()[:1] == b"<":
        raise Failure("it is a web page and not weights; download the file itself")


def load(path):
    """Layers, convention, metadata and kind of file."""
    with open(path, "rb") as file:
        head = file.read(512)
        file.seek(0)
        check_kind(head)
        metadata = {}
        if head[8:9] == b"{":
            (entries, metadata), kind = open_safetensors(file), "safetensors"
        elif head[:8] == b"\x89HDF\r\n\x1a\n":
            entries, kind = open_keras(path), "Keras HDF5"
        else:
            entries, kind = open_pytorch(file, head)
        if entries is None:
            raise Failure("it is of no kind that is known: safetensors, .pth, .npz, .h5")
        layers, convention = read_layers(entries)
    said = metadata.get("impasto.convention", convention)
    if said not in ("caffe", "torchvision"):
        raise Failure("its metadata names an unknown convention, %r" % said[:40])
    return layers, said, metadata, kind


def known_file(sha256):
    for digits, what in KNOWN_FILES.items():
        if sha256.startswith(digits):
            return digits, what
    return None, None


def known_head(layers):
    """Whose the first eight layers are, if they are anyone's."""
    digest = hashlib.sha256()
    for arrays in layers[:8]:
        for values in arrays:
            digest.update(to_bytes(values, False))
    return KNOWN_HEADS.get(digest.hexdigest())


# ---- HTTP ----------------------------------------------------------------------------------------


class Redirects(urllib.request.HTTPRedirectHandler):
    """Notes the checksum that Hugging Face sends along, and refuses to leave https."""

    def __init__(self):
        self.sha256 = None

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        linked = headers.get("X-Linked-Etag", "").strip('"')
        if re.fullmatch("[0-9a-f]{64}", linked):
            self.sha256 = linked
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise Failure("%s leads to an address without https, %s" % (req.full_url, newurl[:200]))
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Remote:
    """A file on a server, read in ranges, with patience."""

    def __init__(self, url):
        self.url, self.redirects = url, Redirects()
        self.opener = urllib.request.build_opener(self.redirects)
        self.total = self.etag = None
        self.ranges = True

    def open(self, begin, end):
        """A response that stands at `begin`."""
        request = urllib.request.Request(self.url, headers={
            "Range": "bytes=%d-%d" % (begin, end - 1), "User-Agent": "impasto-vgg19",
            "Accept-Encoding": "identity"})
        response = self.opener.open(request, timeout=TIMEOUT)
        etag = response.headers.get("ETag")
        if self.etag is not None and etag is not None and etag != self.etag:
            raise Failure("the file on the server changed meanwhile; start again")
        self.etag = self.etag or etag
        if response.status == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)",
                                 response.headers.get("Content-Range", ""))
            if not found or int(found.group(1)) != begin or int(found.group(2)) >= end:
                raise Failure("the server sent another range than was asked for")
            if found.group(3) != "*":
                self.total = int(found.group(3))
            return response
        if self.ranges:
            self.ranges = False
            log("the server ignores ranges: reading from the file's beginning")
        length = response.headers.get("Content-Length", "")
        self.total = int(length) if length.isdigit() else None
        while begin > 0:
            skipped = len(response.read(min(CHUNK, begin)))
            if skipped == 0:
                raise ConnectionError("cut short")
            begin -= skipped
        return response

    def read(self, begin, end, sink):
        """Hands the bytes from begin to end to sink, piece by piece."""
        failed = 0
        while begin < end:
            try:
                with self.open(begin, end) as response:
                    while begin < end:
                        piece = response.read(min(CHUNK, end - begin))
                        if not piece:
                            raise ConnectionError("the connection was cut short")
                        sink(piece)
                        begin += len(piece)
                        failed = 0
            except urllib.error.HTTPError as problem:
                if problem.code == 416:
                    raise Failure("the file on the server ends early") from None
                if problem.code not in (408, 429, 500, 502, 503, 504) or failed >= RETRIES:
                    raise Failure("the server answers %d %s" % (problem.code, problem.reason)) \
                        from None
                failed = self.wait(failed, problem)
            except http.client.InvalidURL as problem:
                raise Failure(str(problem)) from None
            except (urllib.error.URLError, http.client.HTTPException, OSError) as problem:
                if failed >= RETRIES:
                    reason = getattr(problem, "reason", problem)
                    raise Failure("no connection to %s (%s)" % (
                        urllib.parse.urlsplit(self.url).netloc, reason)) from None
                failed = self.wait(failed, problem)

    @staticmethod
    def wait(failed, problem):
        delay = RETRY_DELAY * 2 ** failed
        log("%s; trying again in %.0f s" % (getattr(problem, "reason", problem), delay))
        time.sleep(delay)
        return failed + 1

    def bytes(self, begin, end):
        pieces = []
        self.read(begin, end, pieces.append)
        return b"".join(pieces)


def fetch_raw(remote, part):
    """Downloads the needed tensors into the file `part`, or what of them it lacks. The file begins
    with a line that says what it is a part of. Returns {name: Entry}, and the open file."""
    length = header_length(remote.bytes(0, 8))
    text = remote.bytes(8, 8 + length)
    data = 8 + length
    tensors, _ = parse_header(text, None if remote.total is None else remote.total - data)
    if remote.url == URL and remote.redirects.sha256 not in (None, URL_SHA256):
        raise Failure("the file on the server is not the one that is known (its SHA-256 is %s)"
                      % remote.redirects.sha256)
    needed = sorted({name for pair in find_layers(tensors)[0] for name in pair},
                    key=lambda name: tensors[name][2])
    total = sum(tensors[name][3] - tensors[name][2] for name in needed)
    if total > 8 * 20_100_000:
        raise Failure("its tensors are larger than VGG19's")
    label = json.dumps([remote.url, remote.etag, hashlib.sha256(text).hexdigest()]).encode() + b"\n"
    file = open(part, "a+b")
    file.seek(0)
    if file.readline() != label:
        file.truncate(0)
        file.write(label)
        file.flush()
    done = file.seek(0, os.SEEK_END) - len(label)
    if done > total:
        file.truncate(len(label) + total)
        done = total
    if done > 0:
        log("continuing after %.1f MB" % (done / 1e6))
    progress = Progress(total, done)

    def sink(piece):
        file.write(piece)
        progress.add(len(piece))

    entries, position, ranges = {}, 0, []
    for name in needed:
        dtype, shape, begin, end = tensors[name]
        entries[name] = Entry(shape, dtype, part_reader(file, len(label) + position, end - begin))
        # One request for neighbours, without what is there already.
        have = min(max(done - position, 0), end - begin)
        position += end - begin
        if ranges and ranges[-1][1] == begin + have:
            ranges[-1][1] = end
        elif have < end - begin:
            ranges.append([begin + have, end])
    for begin, end in ranges:
        remote.read(data + begin, data + end, sink)
    file.flush()
    return entries, file


def part_reader(file, begin, count):
    def read():
        file.seek(begin)
        return file.read(count)
    return read


# ---- Commands ------------------------------------------------------------------------------------


def default_output():
    folder = os.environ.get("XDG_DATA_HOME", "")
    if not os.path.isabs(folder):
        folder = os.path.expanduser("~/.local/share")
    return os.path.join(folder, "impasto", "vgg19.safetensors")


def prepare_output(arguments):
    path = arguments.output or default_output()
    if os.path.lexists(path) and not os.path.isfile(path):
        raise Unwritten("%s: not a regular file; name another with -o" % path)
    if os.path.exists(path) and not arguments.force:
        raise Unwritten("%s: there already; --force replaces it, -o names another place" % path)
    folder = os.path.dirname(path)
    if folder:
        os.makedirs(folder, exist_ok=True)
    return path


def report_written(path, layers, convention, half):
    what = known_head(layers)
    print("%s: %s to %s, %s, %s convention%s" % (
        path, LAYERS[0][0], LAYERS[len(layers) - 1][0], "F16" if half else "F32", convention,
        "; " + what if what else ""))


def fetch(arguments):
    path = prepare_output(arguments)
    part = path + ".part"
    remote = Remote(arguments.url)
    log("fetching the convolutions out of %s" % arguments.url)
    try:
        if not re.match("https?://[^/]", arguments.url):
            raise Failure("not an address that begins with https://")
        entries, file = fetch_raw(remote, part)
        try:
            with file:
                layers, convention = read_layers(entries)
        except Failure:
            os.unlink(part)  # complete and useless: to continue it would be in vain
            raise
    except Failure as problem:
        raise Failure("%s: %s. By hand: download that file with a browser, then run: %s "
                      "convert model.safetensors" % (arguments.url, problem, PROGRAM)) from None
    write_safetensors(path, layers, convention, arguments.half, {"source": arguments.url})
    os.unlink(part)
    report_written(path, layers, convention, arguments.half)


def convert(arguments):
    path = prepare_output(arguments)
    try:
        sha256 = file_hash(arguments.file, "sha256")
        check_name(arguments.file, sha256)
        layers, convention, metadata, _ = load(arguments.file)
    except Failure as problem:
        raise Failure("%s: %s" % (arguments.file, problem)) from None
    digits, what = known_file(sha256)
    if what:
        log("%s: %s" % (arguments.file, what))
    if digits in CAFFE_FILES:
        convention = "caffe"
    convention = arguments.convention or convention
    # Where a safetensors file says where it is from, that stays.
    kept = {key: metadata[key] for key in ("source", GENERATED) if key in metadata}
    kept.setdefault("source", os.path.basename(arguments.file))
    write_safetensors(path, layers, convention, arguments.half, kept)
    report_written(path, layers, convention, arguments.half)


def check(arguments):
    bad = 0
    for path in arguments.file:
        try:
            sha256 = file_hash(path, "sha256")
            check_name(path, sha256)
            layers, convention, metadata, kind = load(path)
        except (Failure, OSError) as problem:
            print("%s: BAD: %s" % (path, getattr(problem, "strerror", None) or problem))
            bad += 1
            continue
        digits, what = known_file(sha256)
        what = what or known_head(layers)
        if metadata.get(GENERATED) == "true":
            what = "Impasto's built-in weights"
        if digits in CAFFE_FILES:
            convention = "caffe (convert it: its tensor names suggest torchvision)"
        print("%s: %s" % (path, kind))
        for (name, inputs, outputs, _), (weight, bias) in zip(LAYERS, layers):
            print("  %s  %3d > %3d  weight %+.3f to %+.3f  bias %+.3f to %+.3f" % (
                name, inputs, outputs, min(weight), max(weight), min(bias), max(bias)))
        print("  convention: %s" % convention)
        if metadata.get("source"):
            source = re.sub(r"[^ -~]", "?", metadata["source"])[:200]
            print("  source, as the file says: %s" % source)
        print("  SHA-256: %s" % sha256)
        print("  good: %s%s" % (
            "all sixteen layers" if len(layers) == len(LAYERS)
            else "the first %d of sixteen layers" % len(layers),
            "; " + what if what else "; of unknown origin"))
    return Failure.code if bad else 0


def main(argv=None):
    global PROGRAM
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--program", help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    fetching = commands.add_parser("fetch", help="download torchvision's weights (80 MB)")
    fetching.add_argument("--url", default=URL, help="a mirror of the safetensors file")
    converting = commands.add_parser("convert", help="convert .pth, .npz, .h5 or safetensors")
    converting.add_argument("file")
    converting.add_argument("--convention", choices=["caffe", "torchvision"],
                            help="the input the weights expect (default: by the tensors' names)")
    for command in (fetching, converting):
        command.add_argument("--half", action="store_true", help="store half precision (40 MB)")
        command.add_argument("--force", action="store_true", help="replace a file that is there")
        command.add_argument("-o", "--output", metavar="FILE",
                             help="default: %s" % default_output().replace("%", "%%"))
    checking = commands.add_parser("check", help="say what files of weights hold")
    checking.add_argument("file", nargs="+")
    arguments = parser.parse_args(argv)
    PROGRAM = arguments.program or "vgg19.py"
    try:
        command = {"fetch": fetch, "convert": convert, "check": check}[arguments.command]
        code = command(arguments) or 0
    except Failure as problem:
        say_failure(problem)
        code = problem.code
    except OSError as problem:
        say_failure(problem)
        code = Unwritten.code
    except MemoryError:
        say_failure("out of memory; close other programs and try again")
        code = 5
    except KeyboardInterrupt:
        log("")
        say_failure("stopped; the same command continues")
        return 130
    return code if arguments.program else min(code, 1)


if __name__ == "__main__":
    sys.exit(main())
