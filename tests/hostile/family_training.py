# SPDX-License-Identifier: MIT
"""Bad checkpoints of trainings: cut and damaged ones, and ones whose checksum is right but whose
contents are absurd."""

import copy
import json
import struct

from common import ANY, BAD, OK, cut, damaged
from family_checkpoint import seal

FLOATS = 64
TENSORS = ("parameters", "average", "best", "adam.first_moment", "adam.second_moment")


def training():
    """As src/train/checkpoint.c writes it."""
    params = {"width": 8, "steps": 12, "minutes": 0.0, "patience": 100, "batch": 2, "crop": 32,
              "late_batch": 1, "late_crop": 48, "late_share": 0.25, "learning_rate": 0.0,
              "late_rate": 0.5, "norm_rate": 0.0, "clip": 10.0, "average": 0.5,
              "content_weight": 1.0, "style_weight": 0.0, "tv_weight": 1.0, "range_weight": 10.0,
              "lattice_weight": 100.0, "weave_weight": 10.0, "noise": 0.125,
              "steady_weight": 0.0, "steady_features": 0.5,
              "ramp": 150, "style_size": 64, "identity": False, "judge_every": 5, "judge_size": 32,
              "seed": 0, "memory": 0, "photo_memory": 1 << 28, "reproducible": False}
    return {"impasto": "0.1.0", "params": params, "step": 4, "steps": 12, "adam": 4, "position": 8,
            "failures": 0, "done": False, "fixed": False, "timed": 0.5, "worked": 5e4, "seconds": 1.5,
            "last": {"total": 1.5, "content": 0.5, "style": 0.25, "tv": 0.125, "range": 0, "lattice": 0, "weave": 0,
                     "gradient": None, "learning_rate": 1e-3, "batch": 2, "crop": 32, "skipped": False, "judged": True},
            "judge": {"last": 1.5, "best": None, "mark": 2.5, "best_step": 2, "mark_step": 3},
            "inputs": {"styles": [1], "photos": 0, "base": 0, "keep": False, "weights": "x"},
            "device": {"name": "a", "platform": "b", "driver": "c"}, "computer": "d"}


def assemble(described, version="3", sealed=True):
    text = described if isinstance(described, str) else json.dumps(described)
    entries = {"__metadata__": {"impasto.training": version, "impasto.train": text}}
    for i, name in enumerate(TENSORS):
        entries[name] = {"dtype": "F32", "shape": [FLOATS],
                         "data_offsets": [4 * FLOATS * i, 4 * FLOATS * (i + 1)]}
    end = 4 * FLOATS * len(TENSORS)
    entries["crc32"] = {"dtype": "U32", "shape": [1], "data_offsets": [end, end + 4]}
    head = json.dumps(entries, separators=(",", ":")).encode()
    data = struct.pack("<Q", len(head)) + head + bytes(end)
    return seal(data) if sealed else data + bytes(4)


def verdict(value, other):
    """A number of another kind may do; a value of another type does not."""
    number = isinstance(value, (int, float)) and isinstance(other, (int, float))
    return ANY if number or value is None or type(other) is type(value) else BAD


def contents():
    """Everything in its turn is missing, of another type, or absurd."""
    wrong = [None, True, -1, 2**31, 2**62, -2**62, 1.5, 1e308, "", "x", [], {}, [1] * 1000]

    def put(path, other):
        changed = copy.deepcopy(training())
        at = changed
        for key in path[:-1]:
            at = at[key]
        if other is KeyError:
            del at[path[-1]]
        else:
            at[path[-1]] = other
        return assemble(changed)
    good = training()
    # A training from before a setting goes on with its default. Of the judge, numbers may be missing.
    kind = {"params": lambda key: OK, "device": lambda key: BAD,
            "last": lambda key: ANY, "judge": lambda key: BAD if "step" in key else ANY,
            "inputs": lambda key: BAD if key in ("styles", "weights") else ANY}
    paths = [((key,), ANY if key in ("last", "worked") else BAD) for key in good]
    paths += [((key, inner), kind[key](inner)) for key in kind for inner in good[key]]
    for path, missing in paths:
        name = "-".join(path)
        value = good[path[0]] if len(path) == 1 else good[path[0]][path[1]]
        yield f"no-{name}", missing, put(path, KeyError)
        for i, other in enumerate(wrong):
            lenient = path[0] in ("judge", "inputs", "last") and missing == ANY
            yield f"{name}-{i}", ANY if lenient else verdict(value, other), put(path, other)
    for step, steps, adam in ((13, 12, 4), (-1, 12, 0), (4, 12, 5), (4, 12, -1), (4, 0, 4),
                              (4, 1000001, 4), (2**31 - 1, 2**31 - 1, 0)):
        yield f"place-{step}-{steps}-{adam}", BAD, assemble(
            training() | {"step": step, "steps": steps, "adam": adam})
    for key in ("best_step", "mark_step"):
        for at in (-1, 5, -2**31):
            yield f"judge-{key}-{at}", BAD, put(("judge", key), at)


def files():
    good = assemble(training())
    yield "sound", OK, good
    yield from cut("sound", good, range(0, len(good), 11))
    yield from contents()
    for version in ("", "0", "1", "2", "4", "-1", "99999999999999999999", "x"):
        yield f"version-{version}", BAD, assemble(training(), version=version)
    for i, text in enumerate(("", "null", "[]", "{", "7", "{}", "[" * 3000, "x" * 100000)):
        yield f"text-{i}", BAD, assemble(text)
    yield "unsealed", BAD, assemble(training(), sealed=False)
    for name, _, data in damaged("sound", good, 200, 21):
        yield name, BAD if data != good else OK, data
    for name, _, data in damaged("resealed", good[:-4], 300, 22):
        yield name, ANY, seal(data)
