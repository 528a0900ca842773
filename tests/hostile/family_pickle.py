# SPDX-License-Identifier: MIT
"""Pickles, alone and in what PyTorch and NumPy put around them. Each would make a file named
canary where it is run, by a way of its own; nothing is ever to be run."""

import io
import pickle
import struct
import tarfile
import zipfile

from common import BAD, Numbers

CANARY = "canary"
CALLS = [
    ("os", "system", (f"touch {CANARY}",)),
    ("posix", "system", (f"touch {CANARY}",)),
    ("os", "popen", (f"touch {CANARY}",)),
    ("subprocess", "call", (["touch", CANARY],)),
    ("subprocess", "Popen", (["touch", CANARY],)),
    ("builtins", "open", (CANARY, "w")),
    ("io", "open", (CANARY, "w")),
    ("builtins", "eval", (f"open('{CANARY}', 'w')",)),
    ("builtins", "exec", (f"open('{CANARY}', 'w')",)),
    ("os", "mkdir", (CANARY,)),
    ("os", "open", (CANARY, 65)),
    ("runpy", "run_path", (CANARY,)),
    ("torch", "load", (CANARY,)),
    ("numpy", "save", (CANARY, 1)),
    ("torch._utils", "_rebuild_tensor_v2", ("x", 0, (2**62,), (1,), False, {})),
]


def program(module, name, arguments, protocol):
    """A pickle that calls module.name(*arguments), written out by hand."""
    if protocol < 2:
        args = b"(" + b"".join(text(argument) for argument in arguments) + b"t"
        return f"c{module}\n{name}\n".encode() + args + b"R."
    body = pickle.dumps(tuple(arguments), protocol)
    head, stop = body[:2], b"."
    inner = body[2:-1]
    if protocol >= 4:
        inner = inner[9:] if inner[:1] == b"\x95" else inner
    return head + f"c{module}\n{name}\n".encode() + inner + b"R" + stop


def text(argument):
    if isinstance(argument, str):
        return b"V" + argument.encode() + b"\n"
    if isinstance(argument, int):
        return b"I%d\n" % argument
    if isinstance(argument, (list, tuple)):
        return b"(" + b"".join(text(item) for item in argument) + (
            b"l" if isinstance(argument, list) else b"t")
    return b"}"


def zipped(body, compression, name="archive/data.pkl"):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", compression) as archive:
        archive.writestr(zipfile.ZipInfo(name), body)
        archive.writestr(zipfile.ZipInfo("archive/version"), b"3\n")
        archive.writestr(zipfile.ZipInfo("archive/data/0"), bytes(64))
    return held.getvalue()


def tarred(body):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in ("pickle", "storages", "tensors"):
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            archive.addfile(entry, io.BytesIO(body))
    return held.getvalue()


def legacy(body):
    """PyTorch before 1.6: a number, a version, the system, the state."""
    first = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    return first + pickle.dumps({"little_endian": True}, 2) + body + pickle.dumps(["0"], 2)


def array(body):
    head = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    head += b" " * (117 - len(head)) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(head)) + head + body


WRAPPERS = [
    ("plain", lambda body: body),
    ("zip", lambda body: zipped(body, zipfile.ZIP_STORED)),
    ("deflated", lambda body: zipped(body, zipfile.ZIP_DEFLATED)),
    ("tar", tarred),
    ("legacy", legacy),
    ("npy", array),
    ("npz", lambda body: zipped(array(body), zipfile.ZIP_STORED, "conv1_1.weight.npy")),
]


def odd():
    """Programs that do not end well, or are very long, or claim much."""
    yield "stop", b"\x80\x02."
    yield "nothing", b"\x80\x02"
    yield "marks", b"\x80\x02" + b"(" * 100000 + b"."
    yield "pops", b"\x80\x02" + b"0" * 1000 + b"."
    yield "long", b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"x"
    yield "bytes", b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x"
    yield "frame", b"\x80\x04\x95" + struct.pack("<Q", 2**63) + b"x"
    yield "memo", b"\x80\x02}r" + struct.pack("<I", 2**31 - 1) + b"."
    yield "deep", b"\x80\x02" + b"]" * 50000 + b"a" * 49999 + b"."
    yield "doubles", b"\x80\x02]" + b"(h\0h\0e" * 1000 + b"."
    yield "persistent", b"\x80\x02X\1\0\0\0xQ."
    yield "extension", b"\x80\x02\x82\x01."
    yield "version", b"\x80\xff."


def files():
    for module, name, arguments in CALLS:
        for protocol in (0, 2, 3, 4, 5):
            body = program(module, name, arguments, protocol)
            for wrapper, wrap in WRAPPERS:
                yield f"{module}.{name}-{protocol}-{wrapper}", BAD, wrap(body)
    numbers = Numbers(7)
    for name, body in odd():
        for wrapper, wrap in WRAPPERS:
            data = wrap(body)
            yield f"{name}-{wrapper}", BAD, data
            yield f"{name}-{wrapper}-cut", BAD, data[:max(1, numbers.below(len(data)))]
