# SPDX-License-Identifier: MIT
"""Training a style network in double precision, by numpy alone: the reference for test_train_reference.py.

It shares nothing with the library but the files that train_steps.c leaves: pictures, weights and the parameters
at the beginning. Maps are (channels, height, width). Gradients are written out, and slope() holds them to
differences of the loss.
"""

import math
import pathlib

import numpy

STYLE_SIZE = 64  # train_steps.c has it, too
# What suits a kind of weights: content layer, style layers, weight of the style, and pooling by means or maxima.
RECIPES = {
    "generated": ("conv2_2", ["conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"], 17.0, "mean"),
    "trained": ("conv3_3", ["conv1_1", "conv2_1", "conv3_1", "conv3_3"], 5.6, "max"),
}
VGG = [("conv1_1", 3, 64), ("conv1_2", 64, 64), ("conv2_1", 64, 128), ("conv2_2", 128, 128),
       ("conv3_1", 128, 256), ("conv3_2", 256, 256), ("conv3_3", 256, 256)]
MEAN_BGR = numpy.array([103.939, 116.779, 123.68]).reshape(3, 1, 1)


# ---- Convolutions ---------------------------------------------------------------------------------------------


def pad(x, margin):
    """Reflected at the edges; the pixels of the edge themselves are there once."""
    return numpy.pad(x, ((0, 0), (margin[0], margin[1]), (margin[2], margin[3])), mode="reflect")


def fold_rows(g, before, after):
    """What pad's copies before and after a picture's rows get goes to those that they are copies of."""
    rows = g.shape[1] - before - after
    kept = g[:, before:before + rows].copy()
    if before:
        kept[:, 1:before + 1] += g[:, :before][:, ::-1]
    if after:
        kept[:, rows - 1 - after:rows - 1] += g[:, before + rows:][:, ::-1]
    return kept


def pad_back(g, margin):
    g = fold_rows(g, margin[0], margin[1])
    return fold_rows(g.transpose(0, 2, 1), margin[2], margin[3]).transpose(0, 2, 1)


def taps(weight, x, stride):
    """Of each tap its weights (out, in), and the slices of the padded x that it sees."""
    size = weight.shape[2]
    height, width = (x.shape[1] - size) // stride + 1, (x.shape[2] - size) // stride + 1
    for v in range(size):
        for u in range(size):
            yield v, u, (slice(None), slice(v, v + stride * (height - 1) + 1, stride),
                         slice(u, u + stride * (width - 1) + 1, stride))


def convolve(weight, x, stride=1):
    flat = None
    for v, u, seen in taps(weight, x, stride):
        part = x[seen]
        product = weight[:, :, v, u] @ part.reshape(len(x), -1)
        flat = product if flat is None else flat + product
    return flat.reshape(-1, *part.shape[1:])


def convolve_back(weight, x, g, stride=1, weights_too=True):
    """The gradients of x and of weight."""
    flat, of_x, of_weight = g.reshape(len(g), -1), numpy.zeros_like(x), numpy.zeros_like(weight)
    for v, u, seen in taps(weight, x, stride):
        of_x[seen] += (weight[:, :, v, u].T @ flat).reshape(len(x), *g.shape[1:])
        if weights_too:
            of_weight[:, :, v, u] = flat @ x[seen].reshape(len(x), -1).T
    return of_x, of_weight


# ---- The style network ----------------------------------------------------------------------------------------


class Layer:
    """A convolution, and what follows it. Its parameters are found by where they begin."""

    def __init__(self, out, into, size, stride=1, doubled=False, normed=True, relu=True, adds=False):
        self.out, self.into, self.size, self.stride, self.doubled = out, into, size, stride, doubled
        self.normed, self.relu, self.adds = normed, relu, adds


class Network:
    """As pytorch/examples has it; parameters are one vector: all convolutions, then all gamma and beta."""

    def __init__(self, width, styles):
        a, b, c = width, 2 * width, 4 * width
        self.layers = [Layer(a, 3, 9), Layer(b, a, 3, 2), Layer(c, b, 3, 2)]
        for _ in range(5):
            self.layers += [Layer(c, c, 3), Layer(c, c, 3, relu=False, adds=True)]
        self.layers += [Layer(b, c, 3, doubled=True), Layer(a, b, 3, doubled=True),
                        Layer(3, a, 9, normed=False, relu=False)]
        at = 0
        for layer in self.layers:
            layer.weight, at = at, at + layer.out * layer.into * layer.size ** 2
            if not layer.normed:
                layer.bias, at = at, at + layer.out
        self.norms = at
        for layer in self.layers:
            if layer.normed:
                layer.gamma, layer.beta, at = at, at + styles * layer.out, at + 2 * styles * layer.out
        self.count = at

    def seen(self):
        """Which parameters matter: all but the blocks' last beta, which the next normalisation takes away."""
        seen = numpy.ones(self.count, bool)
        for layer in self.layers:
            if layer.adds:
                seen[layer.beta:2 * layer.beta - layer.gamma] = False
        return seen

    def _weight(self, layer, vector):
        shape = (layer.out, layer.into, layer.size, layer.size)
        return vector[layer.weight:layer.weight + math.prod(shape)].reshape(shape)

    def _norm(self, layer, style, vector):
        """Views of gamma and beta, (out, 1, 1)."""
        ends = [begin + style * layer.out for begin in (layer.gamma, layer.beta)]
        return [vector[at:at + layer.out].reshape(-1, 1, 1) for at in ends]

    def paint(self, parameters, style, picture):
        """The painting of a picture, RGB from 0 to 1, and what the way back needs."""
        x, trace = 255 * picture, []
        height, width = picture.shape[1:]
        for number, layer in enumerate(self.layers):
            if layer.doubled:
                x = x.repeat(2, axis=1).repeat(2, axis=2)
            m = layer.size // 2
            margin = [m, m, m, m]
            if number == 0:  # to multiples of 4, which both halvings need
                margin = [m, m + -height % 4, m, m + -width % 4]
            padded = pad(x, margin)
            raw = convolve(self._weight(layer, parameters), padded, layer.stride)
            kept = {"margin": margin, "padded": padded, "x": x}
            if layer.normed:
                gamma, beta = self._norm(layer, style, parameters)
                centred = raw - raw.mean(axis=(1, 2), keepdims=True)
                kept["deviation"] = numpy.sqrt((centred ** 2).mean(axis=(1, 2), keepdims=True) + 1e-5)
                kept["xh"] = centred / kept["deviation"]
                y = gamma * kept["xh"] + beta
            else:
                y = raw + parameters[layer.bias:layer.bias + layer.out].reshape(-1, 1, 1)
            if layer.relu:
                kept["open"] = y > 0
                y = y * kept["open"]
            if layer.adds:
                y = y + trace[-1]["x"]
            trace.append(kept)
            x = y
        return x[:, :height, :width] / 255, trace

    def paint_back(self, parameters, style, trace, g):
        """The gradient of the parameters, given the painting's."""
        gradient = numpy.zeros(self.count)
        rows, columns = -g.shape[1] % 4, -g.shape[2] % 4
        g = numpy.pad(g / 255, ((0, 0), (0, rows), (0, columns)))
        added = None
        for layer, kept in zip(reversed(self.layers), reversed(trace)):
            if layer.adds:
                added = g
            if layer.relu:
                g = g * kept["open"]
            if layer.normed:
                of_gamma, of_beta = self._norm(layer, style, gradient)
                gamma, _ = self._norm(layer, style, parameters)
                of_gamma += (g * kept["xh"]).sum(axis=(1, 2), keepdims=True)
                of_beta += g.sum(axis=(1, 2), keepdims=True)
                g = gamma / kept["deviation"] * (g - g.mean(axis=(1, 2), keepdims=True) -
                                                 kept["xh"] * (g * kept["xh"]).mean(axis=(1, 2), keepdims=True))
            else:
                gradient[layer.bias:layer.bias + layer.out] = g.sum(axis=(1, 2))
            weight = self._weight(layer, parameters)
            g, self._weight(layer, gradient)[:] = convolve_back(weight, kept["padded"], g, layer.stride)
            g = pad_back(g, kept["margin"])
            if layer.doubled:
                g = g[:, 0::2, 0::2] + g[:, 0::2, 1::2] + g[:, 1::2, 0::2] + g[:, 1::2, 1::2]
            if added is not None and not layer.adds:
                g, added = g + added, None
        return gradient


# ---- What judges it -------------------------------------------------------------------------------------------


class Vgg:
    """VGG19 as far as a recipe looks, which sees a picture's edge reflected at each of its convolutions."""

    def __init__(self, numbers, pooling, last):
        self.pooling, self.layers, at = pooling, [], 0
        for name, into, out in VGG[:[name for name, *_ in VGG].index(last) + 1]:
            weight, at = numbers[at:at + 9 * into * out].reshape(out, into, 3, 3), at + 9 * into * out
            bias, at = numbers[at:at + out].reshape(-1, 1, 1), at + out
            self.layers.append((name, weight, bias))
        assert at == len(numbers)

    def _pool(self, x):
        """Halved, and of each of the four pixels how much of it that has; an odd last row or column is left out."""
        x = x[:, :x.shape[1] // 2 * 2, :x.shape[2] // 2 * 2]
        four = numpy.stack([x[:, v::2, u::2] for v in (0, 1) for u in (0, 1)])
        if self.pooling == "mean":
            return four.mean(axis=0), numpy.full_like(four, 0.25)
        first = four.argmax(axis=0)
        return four.max(axis=0), (numpy.arange(4).reshape(4, 1, 1, 1) == first) * 1.0

    def look(self, picture, last=None):
        """The features of each layer, up to one of them, and what the way back needs."""
        x, features, trace = 255 * picture[::-1] - MEAN_BGR, {}, []
        for name, weight, bias in self.layers:
            kept = {}
            if name.endswith("_1") and features:
                kept["unpooled"] = x.shape
                x, kept["shares"] = self._pool(x)
            kept["padded"] = pad(x, [1, 1, 1, 1])
            x = convolve(weight, kept["padded"]) + bias
            kept["open"] = x > 0
            x = x * kept["open"]
            features[name] = x
            trace.append(kept)
            if name == last:
                break
        return features, trace

    def look_back(self, trace, gradients):
        """The gradient of the picture, given those of some layers' features."""
        g = 0.0
        for (name, weight, _), kept in zip(reversed(self.layers), reversed(trace)):
            g = (g + gradients.get(name, 0.0)) * kept["open"]
            g, _ = convolve_back(weight, kept["padded"], g, weights_too=False)
            g = pad_back(g, [1, 1, 1, 1])
            if "shares" in kept:
                whole = numpy.zeros(kept["unpooled"])
                for k, share in enumerate(kept["shares"]):
                    whole[:, k // 2:share.shape[1] * 2:2, k % 2:share.shape[2] * 2:2] = share * g
                g = whole
        return 255 * g[::-1]


def gram(features):
    flat = features.reshape(len(features), -1)
    return flat @ flat.T / flat.size


def smoothness(y):
    """Total variation, and its gradient."""
    dx, dy, g = y[:, :, 1:] - y[:, :, :-1], y[:, 1:] - y[:, :-1], numpy.zeros_like(y)
    g[:, :, 1:] += 2 * dx / dx.size
    g[:, :, :-1] -= 2 * dx / dx.size
    g[:, 1:] += 2 * dy / dy.size
    g[:, :-1] -= 2 * dy / dy.size
    return (dx ** 2).mean() + (dy ** 2).mean(), g


def excess(y):
    """How far colours are out of their range, and the gradient of that."""
    beyond = y - numpy.clip(y, 0, 1)
    return (beyond ** 2).mean(), 2 * beyond / y.size


def repeating(q):
    """The mean square of how far the means of the 4 x 4 places are from their window's, and its gradient."""
    _, height, width = q.shape
    down, across, g = height // 32, width // 32, numpy.zeros_like(q)
    windows = q[:, :32 * down, :32 * across].reshape(3, down, 8, 4, across, 8, 4)
    apart = windows.mean(axis=(2, 5), keepdims=True)
    apart = apart - apart.mean(axis=(3, 6), keepdims=True)
    slope = numpy.broadcast_to(2 * apart / windows.size, windows.shape)
    g[:, :32 * down, :32 * across] = slope.reshape(3, 32 * down, 32 * across)
    return (apart ** 2).mean(), g


def lattice(y):
    """How much the painting, and the products of its differences to the right and lower neighbours, repeat every 4
    pixels, and the gradient of that."""
    dx, dy = numpy.zeros_like(y), numpy.zeros_like(y)
    dx[:, :, :-1], dy[:, :-1] = y[:, :, 1:] - y[:, :, :-1], y[:, 1:] - y[:, :-1]
    total, g = repeating(y)
    energies = [repeating(product) for product in (dx * dx, dy * dy, dx * dy)]
    for weight, (loss, _) in zip((30, 30, 60), energies):
        total += weight * loss
    across, down, both = (slope for _, slope in energies)
    by_x, by_y = 60 * (across * dx + both * dy), 60 * (down * dy + both * dx)
    g[:, :, 1:] += by_x[:, :, :-1]
    g[:, :, :-1] -= by_x[:, :, :-1]
    g[:, 1:] += by_y[:, :-1]
    g[:, :-1] -= by_y[:, :-1]
    return total, g


SIDE = 16  # of a window of halved pixels
SHIFTS = [(v, u) for v in (0, 2, 4, 6) for u in (-6, -4, -2, 0, 2, 4, 6) if v > 0 or u > 0]


def halved_differences(y):
    """Of the means of 2 x 2 pixels: differences to the right of all channels, and to below; 0 at the last ones."""
    height, width = y.shape[1] // 2, y.shape[2] // 2
    means = y[:, :2 * height, :2 * width].reshape(3, height, 2, width, 2).mean(axis=(2, 4))
    d = numpy.zeros((2, 3, height, width))
    d[0, :, :, :-1], d[1, :, :-1] = means[:, :, 1:] - means[:, :, :-1], means[:, 1:] - means[:, :-1]
    return d.reshape(6, height, width)


def windows(d):
    """Views of the windows, (6, SIDE, SIDE) each."""
    for row in range(0, d.shape[1] - SIDE + 1, SIDE):
        for column in range(0, d.shape[2] - SIDE + 1, SIDE):
            yield d[:, row:row + SIDE, column:column + SIDE]


def pairs(window, shift):
    """Two views of a window: of pixels, and of what is a shift down and to the right of them."""
    v, u = shift
    first, last = max(0, -u), SIDE - max(0, u)
    return window[:, :SIDE - v, first:last], window[:, v:, first + u:last + u]


def correlations(window):
    """Those of all shifts, and what they are over."""
    energy = (window ** 2).sum() / SIDE ** 2 + 5e-4
    return numpy.array([(a * b).sum() / a[0].size / energy
                        for a, b in (pairs(window, shift) for shift in SHIFTS)]), energy


def weave_limits(picture):
    """What a style's picture has of its own."""
    found = [correlations(window)[0] for window in windows(halved_differences(picture))]
    return numpy.sqrt((numpy.array(found) ** 2).mean(axis=0)) if found else numpy.ones(len(SHIFTS))


def weave(y, photograph, limits):
    """How much the painting repeats some steps of 4 pixels further on, beyond the limits and what the photograph does,
    and the gradient."""
    d = halved_differences(y)
    by_d, total = numpy.zeros_like(d), 0.0
    terms = len(SHIFTS) * len(list(windows(d)))
    for window, seen, slope in zip(windows(d), windows(halved_differences(photograph)), windows(by_d)):
        found, energy = correlations(window)
        over = numpy.maximum(0, abs(found) - numpy.maximum(limits, abs(correlations(seen)[0])))
        total += (over ** 2).sum() / terms
        by_r = 2 * over * numpy.sign(found) / terms
        for shift, share in zip(SHIFTS, by_r / energy):
            (a, b), (to_a, to_b) = pairs(window, shift), pairs(slope, shift)
            to_a += share * b / a[0].size
            to_b += share * a / a[0].size
        slope -= (by_r * found).sum() / energy * 2 * window / SIDE ** 2
    by_d = by_d.reshape(2, 3, *d.shape[1:])
    by_means, g = numpy.zeros(by_d.shape[1:]), numpy.zeros_like(y)
    by_means[:, :, 1:] += by_d[0, :, :, :-1]
    by_means[:, :, :-1] -= by_d[0, :, :, :-1]
    by_means[:, 1:] += by_d[1, :, :-1]
    by_means[:, :-1] -= by_d[1, :, :-1]
    g[:, :2 * d.shape[1], :2 * d.shape[2]] = by_means.repeat(2, axis=1).repeat(2, axis=2) / 4
    return total, g


# ---- Noise ----------------------------------------------------------------------------------------------------


def mixed(x):
    """The bits of numbers of 32 bits, well mixed."""
    for shift, factor in ((16, 0x7feb352d), (15, 0x846ca68b)):
        x = ((x ^ x >> shift) * factor) & 0xffffffff
    return x ^ x >> 16


def noise(seed, height, width):
    """(height, width), of a deviation of about 1: three octaves of random numbers, smooth between them."""
    y, x = numpy.mgrid[0:height, 0:width].astype(numpy.uint64)
    total = numpy.zeros((height, width))
    for octave in range(3):
        pitch = 4 << octave
        plane = mixed(3 * seed + octave + 1)
        phase = mixed(plane)
        v, u = y + phase % pitch, x + (phase >> 16) % pitch
        tv, tu = v % pitch / pitch, u % pitch / pitch
        sv, su = tv * tv * (3 - 2 * tv), tu * tu * (3 - 2 * tu)
        for down, by_row in ((0, 1 - sv), (1, sv)):
            for across, by_column in ((0, 1 - su), (1, su)):
                bits = mixed(mixed(plane ^ (v // pitch + down)) ^ (u // pitch + across)).astype(float)
                total += by_row * by_column * (bits / 2 ** 31 - 2 * (bits >= 2 ** 31))
    return 1.35 * total


class Objective:
    def __init__(self, case, folder):
        s = self.settings = case.settings
        self.content, self.styles, _, pooling = RECIPES[case.recipe]
        last = max(self.content, *self.styles)
        self.vgg = Vgg(load(folder, "vgg"), pooling, last)
        self.targets, self.limits, self.floors = [], [], {}
        for style in range(case.styles):
            picture = load(folder, f"style-{style}").reshape(3, STYLE_SIZE, STYLE_SIZE)
            self.limits.append(weave_limits(picture))
            features, _ = self.vgg.look(picture)
            self.targets.append({name: gram(features[name]) for name in self.styles})
        for size in {s["crop"], s["late-crop"], s["judge-size"]}:
            found = [(self._content(crop) ** 2).mean() for crop in load_pictures(folder, f"crops-{size}", size)[:8]]
            self.floors[size] = sum(found) / len(found) / 10

    def _content(self, picture):
        return self.vgg.look(picture, self.content)[0][self.content]

    def measure(self, crop, painting, style, style_weight, bounded=True):
        """The losses of a painting of a crop, and the gradient of their weighted sum where that is `bounded`."""
        s, wanted = self.settings, self._content(crop)
        features, trace = self.vgg.look(painting)
        gradients = {name: 0.0 for name in {self.content, *self.styles}}
        energy = max((wanted ** 2).mean(), self.floors[crop.shape[1]])
        apart = features[self.content] - wanted
        losses = {"content": (apart ** 2).mean() / energy, "style": 0.0}
        gradients[self.content] = s["content-weight"] * 2 * apart / apart.size / energy
        for name in self.styles:
            found, target = gram(features[name]), self.targets[style][name]
            difference, limit = ((found - target) ** 2).sum(), (target ** 2).sum()
            if bounded:
                limit = (limit + (found ** 2).sum()) / 2
            losses["style"] += difference / limit / len(self.styles)
            # Of D / L by the matrix: 2 (G - A) / L - D / L^2 G. Of the matrix by F: twice F, over its size.
            slope = 2 * (found - target) / limit - difference / limit ** 2 * found
            flat = features[name].reshape(len(found), -1)
            part = style_weight / len(self.styles) * 2 * (slope @ flat) / flat.size
            gradients[name] = gradients[name] + part.reshape(features[name].shape)
        losses["tv"], of_tv = smoothness(painting)
        losses["range"], of_range = excess(painting)
        losses["lattice"], of_lattice = lattice(painting)
        limits = self.limits[style] if style_weight else numpy.ones(len(SHIFTS))  # of the identity: none
        losses["weave"], of_weave = weave(painting, crop, limits)
        losses["total"] = (s["content-weight"] * losses["content"] + style_weight * losses["style"] +
                           s["tv-weight"] * losses["tv"] + s["range-weight"] * losses["range"] +
                           s["lattice-weight"] * losses["lattice"] + s["weave-weight"] * losses["weave"])
        if not bounded:
            return losses, None
        g = self.vgg.look_back(trace, gradients)
        g = g + s["tv-weight"] * of_tv + s["range-weight"] * of_range
        return losses, g + s["lattice-weight"] * of_lattice + s["weave-weight"] * of_weave


# ---- The steps ------------------------------------------------------------------------------------------------


def load(folder, name):
    """The numbers of a file."""
    return numpy.fromfile(pathlib.Path(folder, name + ".f32"), "<f4").astype(float)


def load_pictures(folder, name, size):
    return load(folder, name).reshape(-1, 3, size, size)


class Training:
    """Steps from the files in a folder, by the case's settings."""

    BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
    FALLING, LOWEST = 0.3, 0.05  # the last steps, over which the learning rate falls, and where to

    def __init__(self, case, folder):
        s = self.settings = case.settings
        self.styles, self.taught = case.styles, case.styles + s["identity"]
        self.network = Network(s["width"], self.taught)
        self.objective = Objective(case, folder)
        self.parameters = load(folder, "begin")
        assert len(self.parameters) == self.network.count
        self.average = self.parameters.copy()
        self.moments = [numpy.zeros(self.network.count) for _ in range(2)]
        self.crops = {size: load_pictures(folder, f"crops-{size}", size) for size in (s["crop"], s["late-crop"])}
        self.judged = load_pictures(folder, "judged", s["judge-size"])
        self.style_weight = s["style-weight"] or RECIPES[case.recipe][2]
        self.norm_rate = s["norm-rate"] or (10 if self.taught > 1 else 1)
        self.step = self.position = 0

    def _turn(self, position, weight):
        """The row of the network, the style that is measured, and its weight; the identity has none."""
        at = position % self.taught
        return (at, at, weight) if at < self.styles else (at, 0, 0.0)

    def _seen(self, crop, seed):
        """What the network sees of a crop."""
        return crop + self.settings["noise"] * noise(seed, *crop.shape[1:])

    def look(self, parameters, position, crop, weight):
        """The losses of one crop, and the gradient of the parameters."""
        row, style, weight = self._turn(position, weight)
        painting, trace = self.network.paint(parameters, row, self._seen(crop, position + 1))
        losses, g = self.objective.measure(crop, painting, style, weight)
        if weight == 0:
            del losses["style"]  # the identity has none to be far from
        return losses, self.network.paint_back(parameters, row, trace, g)

    def _rate(self, late):
        s = self.settings
        falling = s["steps"] * (1 - self.FALLING)
        fallen = max(0, self.step - falling) / (s["steps"] - falling)
        return s["learning-rate"] * (s["late-rate"] if late else 1) * (1 - (1 - self.LOWEST) * fallen)

    def take_step(self):
        """Of the step: losses, the norm of the gradient, and the judgement where there was one."""
        s = self.settings
        late = self.step >= s["steps"] * (1 - s["late-share"])
        batch, size = (s["late-batch"], s["late-crop"]) if late else (s["batch"], s["crop"])
        weight = self.style_weight * min(1, (self.step + 1) / s["ramp"]) ** 2
        gradient, found = numpy.zeros(self.network.count), {}
        for position in range(self.position, self.position + batch):
            losses, part = self.look(self.parameters, position, self.crops[size][position], weight)
            gradient += part / batch
            for name, value in losses.items():
                found.setdefault(name, []).append(value)
        report = {name: sum(values) / len(values) for name, values in found.items()}
        report["gradient"] = math.sqrt((gradient ** 2).sum())
        self._move(gradient * min(1, s["clip"] / report["gradient"]), self._rate(late))
        stays = min(s["average"], (1 + self.step) / (10 + self.step))
        self.average += (1 - stays) * (self.parameters - self.average)
        self.position += batch
        self.step += 1
        if self.step % s["judge-every"] == 0 or self.step == s["steps"]:
            report["judgement"] = self._judge()
        return report

    def _move(self, gradient, rate):
        mean, square = self.moments
        mean += (1 - self.BETA1) * (gradient - mean)
        square += (1 - self.BETA2) * (gradient ** 2 - square)
        time = self.step + 1
        down = mean / (1 - self.BETA1 ** time) / (numpy.sqrt(square / (1 - self.BETA2 ** time)) + self.EPSILON)
        down[self.network.norms:] *= self.norm_rate
        self.parameters -= rate * down

    def _judge(self):
        total = 0.0
        for i, crop in enumerate(self.judged):
            row, style, weight = self._turn(i, self.style_weight)
            painting, _ = self.network.paint(self.average, row, self._seen(crop, 0))
            losses, _ = self.objective.measure(crop, painting, style, weight, bounded=False)
            total += self.settings["content-weight"] * losses["content"] + weight * losses["style"]
        return total / len(self.judged)

    def slope(self, reach=1e-7):
        """Of the first crop: how fast the loss grows along the gradient, by differences, over the gradient's norm."""
        crop, weight = self.crops[self.settings["crop"]][0], self.style_weight
        _, gradient = self.look(self.parameters, 0, crop, weight)
        norm = math.sqrt((gradient ** 2).sum())
        ends = [self.look(self.parameters + side * reach * gradient / norm, 0, crop, weight)[0]["total"]
                for side in (-1, 1)]
        return (ends[1] - ends[0]) / (2 * reach) / norm
