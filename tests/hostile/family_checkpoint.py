# SPDX-License-Identifier: MIT
"""Bad checkpoints: cut and damaged ones, and ones whose checksum is right but whose contents are
absurd."""

import copy
import json
import struct
import zlib

from common import ANY, BAD, OK, cut, damaged

LAYERS, SCALES = 16, 16
SIDE = 16
FLOATS = 3 * SIDE * SIDE
# Settings without a standard: a checkpoint that lacks one of the others is from before it.
BY_WEIGHTS = {"content_weight", "style_weight", "tv_weight", "content_layers", "style_layers", "pooling", "margin"}


def job():
    """As impasto_job_save writes it; see src/paint/save.c and settings_json.c."""
    params = {"size": SIDE, "style_size": 0, "style_scale": 1.0, "scales": 1,
              "scale_sizes": [0] * SCALES, "iterations": 4, "first_iterations": -1, "average": 0.5,
              "optimizer": 0, "history": 5, "learning_rate": 0.02, "beta1": 0.9, "beta2": 0.99,
              "epsilon": 1e-8, "strength": 0.5, "content_weight": 1.0, "style_weight": 1.0,
              "tv_weight": 0.0, "content_layers": [1.0] + [0.0] * (LAYERS - 1),
              "style_layers": [1.0] + [0.0] * (LAYERS - 1), "losses": 0, "style_loss": 0,
              "pooling": 0, "padding": 0, "margin": 0, "colour": 0, "init": 0, "seed": 0,
              "conv": None, "gemm": None, "memory": 0, "reuse": False, "profile": False}
    return {"impasto": "0.1.0", "params": params, "scales": [4], "pictures": {}, "weights": "x",
            "device": {"name": "a", "platform": "b", "driver": "c"}, "computer": "d",
            "computing": 0, "at": 0, "steps": 2, "optimizer_step": 2, "finished": False,
            "width": SIDE, "height": SIDE, "seconds": 1.5}


def seal(data):
    return data + struct.pack("<I", zlib.crc32(data))


def assemble(described, note=None, version="1", tensors=None, sealed=True, header=None):
    """described: the job, or text in its place."""
    text = described if isinstance(described, str) else json.dumps(described)
    metadata = {"impasto.checkpoint": version, "impasto.job": text}
    if note is not None:
        metadata["impasto.note"] = note
    if tensors is None:
        tensors = {name: FLOATS for name in ("image", "average", "adam.m", "adam.v")}
    entries, at = {"__metadata__": metadata}, 0
    for name, count in tensors.items():
        entries[name] = {"dtype": "F32", "shape": [count], "data_offsets": [at, at + 4 * count]}
        at += 4 * count
    entries["crc32"] = {"dtype": "U32", "shape": [1], "data_offsets": [at, at + 4]}
    if header:
        header(entries)
    head = json.dumps(entries, separators=(",", ":")).encode()
    data = struct.pack("<Q", len(head)) + head + bytes(at)
    return seal(data) if sealed else data + bytes(4)


def contents():
    """Everything in the job in its turn is missing, of another kind, or absurd."""
    wrong = [None, True, -1, 2**31, 2**62, -2**62, 1.5, 1e308, "", "x", [], {}, [1] * 1000]
    for key, value in job().items():
        missing = job()
        del missing[key]
        yield f"no-{key}", BAD, assemble(missing)
        for i, other in enumerate(wrong):
            changed = job()
            changed[key] = other
            verdict = BAD if type(other) is not type(value) else ANY
            if key == "pictures" or isinstance(value, float) and isinstance(other, (int, float)):
                verdict = ANY
            yield f"{key}-{i}", verdict, assemble(changed)
    for key, value in job()["params"].items():
        missing = job()
        del missing["params"][key]
        yield f"no-params-{key}", BAD if key in BY_WEIGHTS else OK, assemble(missing)
        for i, other in enumerate(wrong):
            changed = job()
            changed["params"][key] = other
            numeric = isinstance(value, (int, float)) and isinstance(other, (int, float))
            verdict = ANY if numeric or value is None or type(other) is type(value) else BAD
            yield f"params-{key}-{i}", verdict, assemble(changed)
    for key in ("content_layers", "style_layers", "scale_sizes"):
        for i, other in enumerate(([0] * 15, [0] * 17, ["x"] * 16, [None] * 16, [[]] * 16)):
            changed = job()
            changed["params"][key] = other
            yield f"params-{key}-list-{i}", BAD, assemble(changed)
    for i, scales in enumerate(([], [-1], [2**31], [1] * 17, ["x"], [[]], [None], [10**9] * 16)):
        changed = job()
        changed["scales"] = scales
        yield f"scales-list-{i}", BAD if i not in (4, 5, 6) else ANY, assemble(changed)
    for at, steps in ((1, 0), (-1, 0), (0, 5), (0, -1), (16, 0), (2**31 - 1, 2**31 - 1)):
        changed = job()
        changed["at"], changed["steps"] = at, steps
        yield f"place-{at}-{steps}", BAD, assemble(changed)


def headers():
    good = job()
    for version in ("", "0", "2", "-1", "99999999999999999999", "x", "1x", "1.5"):
        yield f"version-{version}", ANY if version in ("1x", "1.5") else BAD, assemble(
            good, version=version)
    for i, text in enumerate(("", "null", "[]", "{", "7", '"x"', "{}", "[" * 3000, "x" * 100000,
                              '{"a":1,"a":2}', '{"\\u0000":1}')):
        yield f"job-text-{i}", BAD, assemble(text)
    for i, note in enumerate(("", "null", "[]", "x" * (1 << 20), "{" * 5000, "\x1b[2J\n", "{}")):
        yield f"note-{i}", ANY, assemble(good, note=note)

    def change(name):
        def changed(entries):
            if name == "no-sum":
                del entries["crc32"]
            elif name == "sum-type":
                entries["crc32"]["dtype"] = "F32"
            elif name == "sum-shape":
                entries["crc32"]["shape"] = [4]
            elif name == "no-job":
                del entries["__metadata__"]["impasto.job"]
            elif name == "job-number":
                entries["__metadata__"]["impasto.job"] = 7
            elif name == "overlap":
                entries["image"]["data_offsets"] = entries["average"]["data_offsets"]
            elif name == "overflow":
                entries["image"]["shape"] = [2**62, 4]
        return changed
    for name in ("no-sum", "sum-type", "sum-shape", "no-job", "job-number", "overlap", "overflow"):
        yield f"header-{name}", BAD, assemble(good, header=change(name))
    yield "unsealed", BAD, assemble(good, sealed=False)
    for tensors in ({}, {"image": 1}, {"image": FLOATS + 1}, {"x": 5}):
        yield f"tensors-{len(tensors)}-{sum(tensors.values())}", ANY, assemble(good, tensors=tensors)


def resealed(data, count, seed):
    """Damaged anywhere, but with the right checksum."""
    for name, _, changed in damaged("resealed", data[:-4], count, seed):
        yield name, ANY, seal(changed)


def files():
    good = assemble(job(), note="{}")
    head = len(good) - 4 * 4 * FLOATS - 4
    yield "sound", OK, good
    yield from cut("sound", good, [*range(0, head, 5), *range(head, len(good), 331)])
    yield from contents()
    yield from headers()
    for name, _, data in damaged("sound", good, 200, 12):
        yield name, BAD if data != good else OK, data
    yield from resealed(assemble(job(), note="{}", tensors={"image": 1}), 300, 13)


def from_run(data, count, seed):
    """Absurd copies of a checkpoint that a run has written, for the program."""
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    described = json.loads(header["__metadata__"]["impasto.job"])
    body = data[8 + size:-4]

    def put(job_, entries=header):
        entries = copy.deepcopy(entries)
        entries["__metadata__"]["impasto.job"] = json.dumps(job_)
        text = json.dumps(entries, separators=(",", ":")).encode()
        return seal(struct.pack("<Q", len(text)) + text + body)
    absurd = [0, -1, 1, 2**31 - 1, 1e30, -1e30, 1e-45]
    for key, value in described["params"].items():
        for i, other in enumerate(absurd):
            if not isinstance(value, (int, float)) or isinstance(value, bool) or other == value:
                continue
            changed = copy.deepcopy(described)
            changed["params"][key] = int(max(min(other, 2**31 - 1), -2**31)) if isinstance(
                value, int) else other
            yield f"run-params-{key}-{i}", ANY, put(changed)
    for key in ("width", "height", "at", "steps", "optimizer_step", "computing"):
        for i, other in enumerate((0, 1, 3, 2**31 - 1)):
            yield f"run-{key}-{i}", ANY, put(described | {key: other})
    yield "run-pictures", BAD, put(described | {"pictures": {}})
    yield "run-weights", BAD, put(described | {"weights": "x"})
    nothing = struct.pack("<I", 0x7FC00000)
    poisoned = data[:8 + size] + nothing * (len(body) // 4)
    yield "run-not-numbers", ANY, seal(poisoned + body[len(body) // 4 * 4:])
    for name, _, changed in damaged("run-body", data[8 + size:-4], count, seed):
        yield name, ANY, seal(data[:8 + size] + changed)
