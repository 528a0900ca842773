#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""learn.py FOLDER OUT: learns the filters of the built-in weights from pictures that Impasto draws.

    meson compile -C build lessons && mkdir lessons && build/tests/lessons lessons
    weights/learn.py lessons weights/learned.i8
    meson compile -C build calibrate && build/tests/calibrate > table.h && mv table.h src/vgg/builtin_table.h

FOLDER has what build/tests/lessons wrote. OUT gets the filters of conv1_2 to conv3_1, one layer after
the other, (out / 4, in, 3, 3) each, as signed bytes. There is no gradient: layer by layer, patches of
the activations before it are reduced to their strongest principal components, and these turned so that
each is as sparse as can be (FastICA, Hyvarinen 1999). Each component becomes a filter. On one core, drawing
takes a minute and a half, and learning twenty seconds. Needs numpy.

Another version of numpy may give other filters that are as good. So OUT is kept, not made at build time.
"""

import argparse
import json
import pathlib
import struct

import numpy

# Name, input and output channels. Average pooling stands before each conv*_1.
LAYERS = [("conv1_2", 64, 64), ("conv2_1", 64, 128), ("conv2_2", 128, 128), ("conv3_1", 128, 256)]
MEAN = numpy.array([103.939, 116.779, 123.68], numpy.float32)  # blue, green, red
LEVELS = [0.5, -0.7]  # of the learned ones; each makes two channels of a filter


def read_pictures(path):
    """All of a file of PPMs, (height, width, 3) bytes each."""
    data, at, pictures = path.read_bytes(), 0, []
    while at < len(data):
        head = data[at:at + 40].split(b"\n", 3)
        width, height = map(int, head[1].split())
        at += sum(len(line) + 1 for line in head[:3])
        pictures.append(numpy.frombuffer(data, numpy.uint8, 3 * width * height, at).reshape(height, width, 3))
        at += 3 * width * height
    return pictures


def read_tensor(path, name):
    """One F32 tensor of a safetensors file."""
    with open(path, "rb") as stream:
        size = struct.unpack("<Q", stream.read(8))[0]
        row = json.loads(stream.read(size))[name]
        stream.seek(8 + size + row["data_offsets"][0])
        data = stream.read(row["data_offsets"][1] - row["data_offsets"][0])
    return numpy.frombuffer(data, "<f4").reshape(row["shape"])


def crop(picture, side, chance):
    """A square of a picture, at full or half size, turned, with its channels mixed anew: (side, side, 3)."""
    scale = int(chance.integers(1, 3))
    y, x = chance.integers(0, picture.shape[0] - side * scale + 1, 2)
    part = picture[y:y + side * scale, x:x + side * scale].astype(numpy.float32) / 255
    part = part.reshape(side, scale, side, scale, 3).mean((1, 3))
    part = part.transpose(1, 0, 2) if chance.random() < 0.5 else part
    part = part[::chance.choice([-1, 1]), ::chance.choice([-1, 1])]
    part = part[..., chance.permutation(3)] if chance.random() < 0.5 else part
    mean = part.mean((0, 1))
    mix = (numpy.eye(3) + 0.12 * chance.normal(size=(3, 3))) * numpy.exp(0.15 * chance.normal())
    return numpy.clip((part - mean) @ mix.T + mean + 0.06 * chance.normal(size=3), 0, 1)


def crops(pictures, count, side, chance):
    """What is learned from, as the network takes it, (count, side, side, 3): blue, green, red."""
    half = len(pictures) // 2
    scenes, styles = pictures[:half], pictures[half:]
    kinds = [styles if chance.random() < 0.6 else scenes for _ in range(count)]
    taken = [crop(kind[chance.integers(len(kind))], side, chance) for kind in kinds]
    return (255 * numpy.stack(taken)[..., ::-1] - MEAN).astype(numpy.float32)


def convolve(activations, kernels):
    """(n, height, width, in) and (out, in, 3, 3) to (n, height, width, out); edges are repeated."""
    _, height, width, channels = activations.shape
    taps = [numpy.ascontiguousarray(kernels[:, :, tap // 3, tap % 3].T) for tap in range(9)]
    out = []
    for one in activations:
        padded = numpy.pad(one, ((1, 1), (1, 1), (0, 0)), "edge")
        out.append(sum(padded[tap // 3:tap // 3 + height, tap % 3:tap % 3 + width].reshape(-1, channels) @ taps[tap]
                       for tap in range(9)).reshape(height, width, -1))
    return numpy.stack(out)


def standardise(answers):
    """Each channel with mean 0 and deviation 1, measured without the outermost pixels."""
    inner = answers[:, 1:-1, 1:-1]
    deviation = inner.std((0, 1, 2))
    return (answers - inner.mean((0, 1, 2))) / numpy.maximum(deviation, 1e-3 * deviation.mean())


def halve(activations):
    """Average pooling, 2x2."""
    n, height, width, channels = activations.shape
    return activations.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4))


def patches(activations, each, chance):
    """3x3 patches at random places, `each` of every crop: (count, in * 9), less their mean."""
    n, height, width, channels = activations.shape
    y, x = (chance.integers(1, side - 1, n * each) for side in (height, width))
    picture = numpy.repeat(numpy.arange(n), each)
    taps = [activations[picture, y + tap // 3 - 1, x + tap % 3 - 1] for tap in range(9)]
    found = numpy.stack(taps, 2).reshape(n * each, channels * 9)
    return found - found.mean(0)


def whitening(samples, count):
    """The `count` strongest principal components, scaled to deviation 1: (size of a sample, count)."""
    values, vectors = numpy.linalg.eigh(samples.T @ samples / len(samples))
    values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    return vectors / numpy.sqrt(values + 1e-4 * values[0])


def nearest_rotation(matrix):
    left, _, right = numpy.linalg.svd(matrix)
    return left @ right


def sparsest_rotation(white, rounds, chance):
    """FastICA with tanh, all components at once. The long tails are on the positive side."""
    count = white.shape[1]
    rotation = nearest_rotation(chance.normal(size=(count, count))).astype(numpy.float32)
    for _ in range(rounds):
        squashed = numpy.tanh(white @ rotation.T)
        slope = (1 - squashed ** 2).mean(0)
        rotation = nearest_rotation(squashed.T @ white / len(white) - slope[:, None] * rotation)
    return rotation * numpy.sign(((white @ rotation.T) ** 3).mean(0))[:, None]


def learn_layer(activations, channels, out, options, chance):
    """The layer's filters as whole numbers from -127 to 127, (out / 4, in, 3, 3)."""
    samples = patches(activations, options.patches, chance)
    white = whitening(samples, out // (2 * len(LEVELS)))
    rotation = sparsest_rotation(samples @ white, options.rounds, chance)
    filters = rotation @ white.T
    filters = numpy.round(127 * filters / numpy.abs(filters).max(1, keepdims=True))
    return filters.reshape(-1, channels, 3, 3).astype(numpy.float32)


def answer(activations, filters):
    """The layer's activations: each filter and its negative at each level, in the order of builtin.c."""
    answers = standardise(convolve(activations, filters))
    return numpy.concatenate([numpy.maximum(sign * answers + level, 0) for level in LEVELS for sign in (1, -1)], 3)


def first_activations(folder, options, chance):
    """Of conv1_1, which is not learned: it carries the colours."""
    kernels, bias = (read_tensor(folder / "builtin.safetensors", f"conv1_1.{part}") for part in ("weight", "bias"))
    pictures = crops(read_pictures(folder / "pictures.ppm"), options.crops, options.side, chance)
    return numpy.maximum(convolve(pictures, kernels) + bias, 0)


def learn(folder, options):
    """Yields each layer's name, filters and activations."""
    chance = numpy.random.default_rng(options.seed)
    activations = first_activations(folder, options, chance)
    for name, channels, out in LAYERS:
        if name.endswith("_1"):
            activations = halve(activations)
        filters = learn_layer(activations, channels, out, options, chance)
        activations = answer(activations, filters)
        yield name, filters, activations
        if name == options.last:
            return


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--crops", type=int, default=128)
    parser.add_argument("--side", type=int, default=80, help="of a crop, pixels; a multiple of 4 (80)")
    parser.add_argument("--patches", type=int, default=130, help="of each crop (130)")
    parser.add_argument("--rounds", type=int, default=30, help="of FastICA (30)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--last", default=LAYERS[-1][0], help="the last layer (conv3_1)")
    options = parser.parse_args()
    data = b""
    for name, filters, activations in learn(options.folder, options):
        print(f"{name}: mean {activations.mean():.3f}, active {(activations > 0).mean():.3f}", flush=True)
        data += filters.astype(numpy.int8).tobytes()
    options.out.write_bytes(data)


if __name__ == "__main__":
    main()
