#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How far the optimisers get in equal wall time, on the same pictures.

    tests/bench/optimizers.py build/impasto [--pair CONTENT STYLE]... [--size 256] [--seconds 30] [--iterations N]
                              [--torch] [--run NAME OPTIONS]... [--svg FILE] [--keep FOLDER] [-- OPTION...]

Each pair (the repository's own without --pair) is painted once by each run: "adam" and "lbfgs", or those named
with --run, such as --run "lbfgs 20" "--optimizer lbfgs --history 20". Options after -- go to all of them. Printed
is the least loss so far at some moments since the first iteration began; then how long each took to where the
first run ended. --iterations counts those, which are evaluations, instead of seconds, for a machine that has
other things to do. --torch adds PyTorch's Adam and L-BFGS on the same objective (needs PyTorch, NumPy and Pillow;
the margin is 0 then). --svg draws the losses, --keep keeps the pictures. $IMPASTO_DEVICE names the device (cpu).
"""
import argparse
import itertools
import json
import math
import os
import pathlib
import shlex
import struct
import subprocess
import sys
import tempfile
import time

from vs_torch import MEAN_BGR, refuse_reference_blas

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
PAIRS = [["lighthouse.jpg", "night.jpg"], ["lighthouse.jpg", "sunset.jpg"]]
RUNS = [["adam", "--optimizer adam"], ["lbfgs", "--optimizer lbfgs"]]
MOMENTS = 6  # each twice the one before; the last is the end
WARM_UP = 3  # iterations, in which kernels are compiled
TORCH = {"torch adam": "adam", "torch lbfgs": "lbfgs", "torch lbfgs wolfe": "wolfe"}


# ---- PyTorch, in a process of its own ---------------------------------------------------------------------


def load_weights(torch, path):
    """[(name, weight, bias)] in order, and whether the input is what Caffe's networks expect."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()

    def tensor(name):
        begin, end = header[name]["data_offsets"]
        return torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(header[name]["shape"])
    names = sorted(name[:-len(".weight")] for name in header if name.endswith(".weight"))
    caffe = header["__metadata__"]["impasto.convention"] == "caffe"
    return [(name, tensor(name + ".weight"), tensor(name + ".bias")) for name in names], caffe


def objective(torch, job):
    """The start picture, and a function from a picture to the loss, as `settings` of a trace say."""
    import numpy
    from PIL import Image
    settings = job["settings"]
    layers, caffe = load_weights(torch, job["weights"])
    wanted = settings["content-layers"].keys() | settings["style-layers"].keys()
    pool = torch.nn.functional.max_pool2d if settings["pooling"] == "max" else torch.nn.functional.avg_pool2d
    mean = torch.tensor(MEAN_BGR if caffe else [0.485, 0.456, 0.406]).reshape(1, 3, 1, 1)
    spread = torch.tensor([1 / 255] * 3 if caffe else [0.229, 0.224, 0.225]).reshape(1, 3, 1, 1)

    def picture(path):
        pixels = numpy.asarray(Image.open(path).convert("RGB"), dtype=numpy.float32) / 255
        return torch.from_numpy(pixels).permute(2, 0, 1)[None].contiguous()

    def features(x):
        x = x.flip(1) / spread - mean if caffe else (x - mean) / spread
        found = {}
        for name, weight, bias in layers:
            if name == "conv1_1" and settings["padding"] == "replicate":
                x = torch.nn.functional.conv2d(torch.nn.functional.pad(x, [1] * 4, "replicate"), weight, bias)
            else:
                x = pool(x, 2) if name.endswith("_1") and name != "conv1_1" else x
                x = torch.nn.functional.conv2d(x, weight, bias, padding=1)
            x = torch.relu(x)
            if name in wanted:
                found[name] = x
                if len(found) == len(wanted):
                    return found
        raise ValueError(f"the weights lack one of {wanted}")

    def gram(f):
        flat = f.reshape(f.shape[1], -1)
        return flat @ flat.t() / flat.numel()

    def energy(target):
        return float((target ** 2).mean()) if settings["losses"] == "relative" else 1

    content = picture(job["content"])
    with torch.no_grad():
        found = features(content)
        targets = {name: (found[name], energy(found[name])) for name in settings["content-layers"]}
        found = {name: gram(f) for name, f in features(picture(job["style"])).items()}
        grams = {name: (found[name], energy(found[name])) for name in settings["style-layers"]}

    def loss(x):
        found = features(x)
        total = settings["tv-weight"] * sum((x.diff(dim=d) ** 2).mean() for d in (2, 3))
        for name, weight in settings["content-layers"].items():
            target, divisor = targets[name]
            total = total + settings["content-weight"] * weight * ((found[name] - target) ** 2).mean() / divisor
        for name, weight in settings["style-layers"].items():
            target, divisor = grams[name]
            total = total + settings["style-weight"] * weight * ((gram(found[name]) - target) ** 2).mean() / divisor
        return total
    return content, loss


def torch_child(job):
    """L-BFGS as PyTorch's style-transfer tutorial uses it, clamping within the closure, and with its line search."""
    import torch
    torch.set_num_threads(job["threads"])
    refuse_reference_blas(torch)
    x, loss = objective(torch, job)
    start = x.clone()
    x.requires_grad_(True)
    make = {"adam": lambda: torch.optim.Adam([x], lr=0.02, betas=(0.9, 0.99)),
            "lbfgs": lambda: torch.optim.LBFGS([x], history_size=10),
            "wolfe": lambda: torch.optim.LBFGS([x], history_size=10, line_search_fn="strong_wolfe")}[job["optimizer"]]
    losses, begin = [], math.inf

    class Enough(Exception):
        pass

    def closure():
        with torch.no_grad():
            x.clamp_(0, 1)
        x.grad = None
        total = loss(x)
        total.backward()
        at = len(losses) if job["unit"] == "iterations" else time.perf_counter() - begin
        losses.append((at, float(total.detach())))
        if at > job["limit"]:
            raise Enough
        return total
    make().step(closure)  # the first time is slow
    losses.clear()
    with torch.no_grad():
        x.copy_(start)
    optimizer, begin = make(), time.perf_counter()
    try:
        while True:
            optimizer.step(closure)
    except Enough:
        pass
    from PIL import Image
    pixels = (255 * x.detach().clamp(0, 1)[0].permute(1, 2, 0) + 0.5).byte().numpy()
    Image.fromarray(pixels).save(job["output"])
    print(json.dumps(losses))


# ---- The driver -------------------------------------------------------------------------------------------


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, pathlib.Path(folder)
        self.keep = pathlib.Path(args.keep or folder)
        self.keep.mkdir(parents=True, exist_ok=True)
        self.common = ["--scales", "1", "--average", "0", *args.options, *(["--margin", "0"] if args.torch else [])]

    def impasto(self, content, style, output, *options):
        """The lines of its trace; stopped once it has taken so many seconds."""
        trace = self.folder / "trace.jsonl"
        trace.unlink(missing_ok=True)
        command = [self.args.program, content, style, "-q", "-o", output, "--trace", trace, "--device",
                   os.environ.get("IMPASTO_DEVICE", "cpu"), *options]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            time.sleep(0.02)
            lines = read_trace(trace)
            if self.args.unit == "seconds" and lines and lines[-1].get("seconds", 0) > self.args.limit:
                process.terminate()
                break
        said = process.communicate()[1]
        if process.returncode not in (0, 143):
            sys.exit(f"optimizers: {shlex.join(map(str, command))} failed:\n{said}")
        return read_trace(trace)

    def prepare(self, content, style):
        """The pair at its size, so that every run begins with the same bytes."""
        size = str(self.args.size)
        paths = [self.folder / "content.png", self.folder / "style.png"]
        about = self.impasto(content, style, paths[0], "--iterations", "0", "--size", size)[0]
        size = str(max(about["style_width"], about["style_height"]))
        self.impasto(style, style, paths[1], "--iterations", "0", "--size", size)
        return paths

    def ours(self, name, options, pair, content, style):
        options = [*self.common, "--size", "source", "--style-size", "source", *shlex.split(options)]
        self.impasto(content, style, self.folder / "ignored.png", *options, "--iterations", str(WARM_UP))
        key = "seconds" if self.args.unit == "seconds" else "iteration"
        lines = self.impasto(content, style, self.picture(pair, name), *options, "--iterations",
                             str(self.args.iterations or 1000000))
        return lines[0], [(line[key], line["total"]) for line in lines if line["type"] == "iteration"]

    def theirs(self, name, pair, content, style, about):
        weights = self.folder / "weights.safetensors"
        self.impasto(content, style, self.folder / "ignored.png", *self.common, "--iterations", "0", "--export-weights", weights)
        job = {"optimizer": TORCH[name], "settings": about["settings"], "weights": str(weights), "content": str(content),
               "style": str(style), "unit": self.args.unit, "limit": self.args.limit, "threads": len(os.sched_getaffinity(0)),
               "output": str(self.picture(pair, name))}
        child = subprocess.run([sys.executable, __file__, "--child", json.dumps(job)], stdout=subprocess.PIPE, check=True)
        return json.loads(child.stdout)

    def picture(self, pair, name):
        return self.keep / f"{pair}-{name}.png".replace(" ", "-")

    def measure(self, content, style):
        """{name: [(seconds, loss)]} of one pair."""
        pair = f"{pathlib.Path(content).stem}+{pathlib.Path(style).stem}"
        content, style = self.prepare(content, style)
        curves = {}
        for name, options in self.args.run:
            about, curves[name] = self.ours(name, options, pair, content, style)
        for name in TORCH if self.args.torch else []:
            curves[name] = self.theirs(name, pair, content, style, about)
        print_table(f"{pair}, {about['width']}x{about['height']}", curves, self.args)
        return pair, curves


def read_trace(path):
    """The complete lines so far."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def best_at(curve, moment):
    """NaN where nothing had been measured by then. A loss that is not finite is None."""
    return min((loss for at, loss in curve if at <= moment and loss is not None), default=math.nan)


def time_to(curve, loss):
    return next((at for at, found in curve if found is not None and found <= loss), math.inf)


def moments(limit):
    return [limit / 2**k for k in reversed(range(MOMENTS))]


def print_row(head, cells):
    print(f"{head:>12}" + "".join(f"{cell:>20}" for cell in cells), flush=True)


def print_table(title, curves, args):
    print(f"\n{title}")
    print_row(args.unit, curves)
    for moment in moments(args.limit):
        print_row(f"{moment:.1f}", [f"{best_at(curve, moment):.5g}" for curve in curves.values()])
    if args.unit == "seconds":
        print_row("iterations", [len(curve) - 1 for curve in curves.values()])
    goal = best_at(next(iter(curves.values())), args.limit)
    print_row("as good at", [f"{time_to(curve, goal):.1f}" for curve in curves.values()])


def print_summary(results, args):
    """Geometric means over the pairs, relative to the first run."""
    first, *_ = names = list(results[0][1])
    print(f"\nloss over that of {first}, geometric mean of {len(results)} pairs")
    print_row(args.unit, names)
    for moment in moments(args.limit):
        ratios = [[best_at(curves[name], moment) / best_at(curves[first], moment) for _, curves in results] for name in names]
        print_row(f"{moment:.1f}", [f"{math.exp(sum(map(math.log, row)) / len(row)):.3f}" for row in ratios])


def draw(path, results, args):
    """A panel for each pair: the least loss so far, logarithmic."""
    colours = ["#c0392b", "#2471a3", "#7d8c1f", "#8e44ad", "#d68910", "#17a589"]
    wide, high, left, top = 420, 260, 60, 30
    parts = []
    for panel, (pair, curves) in enumerate(results):
        x0, y0 = panel % 2 * (wide + left) + left, panel // 2 * (high + 2 * top) + top
        best = {name: list(itertools.accumulate((math.inf if loss is None else loss for _, loss in curve), min))
                for name, curve in curves.items()}
        low, top_loss = min(b[-1] for b in best.values()), max(b[0] for b in best.values())
        scale = high / math.log(top_loss / low) if top_loss > low else 1
        parts.append(f'<text x="{x0}" y="{y0 - 8}">{pair.replace("&", "&amp;").replace("<", "&lt;")}</text>'
                     f'<rect x="{x0}" y="{y0}" width="{wide}" height="{high}" fill="none" stroke="#999"/>'
                     f'<text x="{x0 - 4}" y="{y0 + 10}" text-anchor="end">{top_loss:.3g}</text>'
                     f'<text x="{x0 - 4}" y="{y0 + high}" text-anchor="end">{low:.3g}</text>'
                     f'<text x="{x0 + wide}" y="{y0 + high + 14}" text-anchor="end">{args.limit:g} {args.unit}</text>')
        for k, (name, curve) in enumerate(curves.items()):
            points = " ".join(f"{x0 + wide * min(at / args.limit, 1):.1f},{y0 + high - scale * math.log(loss / low):.1f}"
                              for (at, _), loss in zip(curve, best[name]))
            colour = colours[k % len(colours)]
            parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
                         f'<text x="{x0 + wide - 8}" y="{y0 + 18 + 15 * k}" text-anchor="end" fill="{colour}">{name}</text>')
    width, height = 2 * (wide + left) + 20, (len(results) + 1) // 2 * (high + 2 * top)
    pathlib.Path(path).write_text(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family="sans-serif" '
                                  f'font-size="12"><rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n',
                                  encoding="utf-8")


def main():
    argv, options = sys.argv[1:], []
    if "--" in argv:
        argv, options = argv[:argv.index("--")], argv[argv.index("--") + 1:]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", help="the impasto program")
    parser.add_argument("--pair", nargs=2, action="append", metavar=("CONTENT", "STYLE"))
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--iterations", type=int, help="so many instead")
    parser.add_argument("--run", nargs=2, action="append", metavar=("NAME", "OPTIONS"))
    parser.add_argument("--torch", action="store_true", help="PyTorch's optimisers too")
    parser.add_argument("--svg", metavar="FILE")
    parser.add_argument("--keep", metavar="FOLDER", help="where the pictures go")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    args.options = options
    if args.child:
        return torch_child(json.loads(args.child))
    if not args.program:
        parser.error("name the impasto program")
    if args.torch:
        try:
            import numpy, PIL, torch  # noqa: E401, F401
        except ImportError as missing:
            print(f"SKIP: {missing}")
            return 77
    args.run = args.run or RUNS
    args.unit, args.limit = ("iterations", args.iterations) if args.iterations else ("seconds", args.seconds)
    args.pair = args.pair or [[EXAMPLES / name for name in pair] for pair in PAIRS]
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, folder)
        results = [bench.measure(*pair) for pair in args.pair]
    print_summary(results, args)
    if args.svg:
        draw(args.svg, results, args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
