#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Seconds per iteration of Impasto and of PyTorch on the same objective and cores, in alternated rounds.

    tests/bench/vs_torch.py build/impasto --sizes 256,512,1024 --cores 0,1 --rounds 3

One iteration is VGG19 forward to conv5_1, content loss at conv4_2, Gram losses at conv1_1 to conv5_1, the
gradient to the picture, a step of Adam and a clamp. Both programs get the same weights (Impasto's own, through
--export-weights) and the same two square pictures; their losses at the first iteration must agree. A round runs
every program once; printed are medians over the rounds with their ranges. Needs PyTorch and NumPy, and refuses a
PyTorch whose matrix product is the reference BLAS, against which anyone would look fast.
"""
import argparse
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib

CONTENT = "conv4_2"
STYLE = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]
DEPTHS = [2, 2, 4, 4, 1]  # convolutions per block, as far as the deepest layer above
MEAN_BGR = [103.939, 116.779, 123.68]
CONTENT_WEIGHT, STYLE_WEIGHT = 1.0, 1e-3
LOSS_TOLERANCE = 1e-4  # relative; both are float32


def write_png(path, size, seed):
    """A square picture of smooth colours and some noise, the same every time."""
    import numpy
    draw = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[0:size, 0:size] / size
    waves = [numpy.sin(draw.uniform(3, 40) * x + draw.uniform(3, 40) * y + draw.uniform(0, 6)) for _ in range(9)]
    pixels = numpy.stack([sum(waves[k::3]) for k in range(3)], axis=-1) / 6 + 0.5
    pixels = numpy.clip(pixels + draw.normal(0, 0.05, pixels.shape), 0, 1)
    pixels = (255 * pixels + 0.5).astype(numpy.uint8)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) +
                   chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))
    return pixels


# ---- PyTorch, in a process of its own ---------------------------------------------------------------------


def load_weights(torch, path, layout):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    layers = []
    for block, depth in enumerate(DEPTHS, 1):
        for k in range(1, depth + 1):
            pair = []
            for part in ("weight", "bias"):
                entry = header[f"conv{block}_{k}.{part}"]
                begin, end = entry["data_offsets"]
                pair.append(torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).reshape(entry["shape"]))
            layers.append((f"conv{block}_{k}", pair[0].contiguous(memory_format=layout), pair[1]))
    return layers


def refuse_reference_blas(torch):
    torch.mm(torch.ones(64, 64), torch.ones(64, 64))
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        libraries = set(re.findall(r"[^/\s]*(?:openblas|mkl|blis)[^/\s]*", file.read()))
    if not libraries and not torch.backends.mkl.is_available():
        sys.exit("vs_torch: this PyTorch multiplies matrices with the reference BLAS; install one with OpenBLAS or MKL")


def torch_child(args):
    import torch
    import torch.nn.functional as F
    torch.set_num_threads(args.threads)
    refuse_reference_blas(torch)
    layout = torch.channels_last if args.layout == "channels_last" else torch.contiguous_format
    layers = load_weights(torch, args.weights, layout)
    mean = torch.tensor(MEAN_BGR).reshape(1, 3, 1, 1)

    def features(x):
        x = x.flip(1) * 255 - mean
        found = {}
        for name, weight, bias in layers:
            if name.endswith("_1") and name != "conv1_1":
                x = F.max_pool2d(x, 2)
            x = F.relu(F.conv2d(x, weight, bias, padding=1))
            found[name] = x
        return found

    def gram(f):
        flat = f.float().reshape(f.shape[1], -1)
        return flat @ flat.t() / flat.numel()

    def picture(seed):
        pixels = write_png(os.devnull, args.size, seed)
        x = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
        return x.contiguous(memory_format=layout)

    x = picture(1)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
        target = features(x)[CONTENT].float()
        grams = {name: gram(f) for name, f in features(picture(2)).items() if name in STYLE}
    x.requires_grad_(True)
    optimizer = torch.optim.Adam([x], lr=0.02)
    losses, seconds = [], []
    for _ in range(args.iterations + 1):
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
            found = features(x)
        loss = CONTENT_WEIGHT * ((found[CONTENT].float() - target) ** 2).mean()
        loss = loss + STYLE_WEIGHT * sum(((gram(found[name]) - grams[name]) ** 2).mean() for name in STYLE)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            x.clamp_(0, 1)
        losses.append(float(loss.detach()))
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"version": torch.__version__, "seconds": seconds[1:], "loss": losses[0]}))


# ---- The driver ---------------------------------------------------------------------------------------------


def run(command, cores, environment=None):
    """Runs on the given cores; returns standard output and the peak resident memory in MiB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment,
                               preexec_fn=lambda: os.sched_setaffinity(0, cores))
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"vs_torch: {' '.join(command[:2])} failed with {process.returncode}")
    return output.decode(), usage.ru_maxrss / 1024


def run_impasto(program, folder, size, iterations, cores):
    trace = os.path.join(folder, "trace.jsonl")
    _, memory = run([program, f"{folder}/content.png", f"{folder}/style.png", "-o", f"{folder}/out.png", "-q",
                     "--device", os.environ.get("IMPASTO_DEVICE", "cpu"), "--weights", f"{folder}/weights.safetensors",
                     "--losses", "gatys", "--scales", "1", "--average", "0", "--optimizer", "adam",
                     "--size", "source", "--style-size", "source", "--margin", "0",
                     "--content-layers", CONTENT, "--style-layers", ",".join(STYLE), "--pooling", "max",
                     "--padding", "zero", "--content-weight", str(CONTENT_WEIGHT), "--style-weight", str(STYLE_WEIGHT),
                     "--tv-weight", "0", "--init", "content", "--iterations", str(iterations + 1), "--trace", trace], cores)
    with open(trace, encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if row["type"] == "iteration"]
    marks = [row["seconds"] for row in rows]
    # The last row is a measurement without a step.
    return {"seconds": [b - a for a, b in zip(marks, marks[1:-1])], "loss": rows[0]["total"]}, memory


def run_torch(folder, size, iterations, cores, layout, bf16):
    command = [sys.executable, os.path.abspath(__file__), "--child", "--size", str(size), "--weights",
               f"{folder}/weights.safetensors", "--threads", str(len(cores)), "--iterations", str(iterations), "--layout", layout]
    output, memory = run(command + (["--bf16"] if bf16 else []), cores)
    return json.loads(output.splitlines()[-1]), memory


def compare(program, size, cores, rounds, iterations, folder, precisions):
    """One table: a row per program, the ratio of Impasto's median to the row's."""
    write_png(f"{folder}/content.png", size, 1)
    write_png(f"{folder}/style.png", size, 2)
    programs = {
        "impasto": lambda: run_impasto(program, folder, size, iterations, cores),
        "torch fp32 nchw": lambda: run_torch(folder, size, iterations, cores, "nchw", False),
        "torch fp32 channels_last": lambda: run_torch(folder, size, iterations, cores, "channels_last", False),
    }
    if "bf16" in precisions:
        programs["torch bf16 channels_last"] = lambda: run_torch(folder, size, iterations, cores, "channels_last", True)
    medians = {name: [] for name in programs}
    memory = dict.fromkeys(programs, 0)
    losses = {}
    for _ in range(rounds):
        for name, call in programs.items():
            result, mib = call()
            medians[name].append(statistics.median(result["seconds"]))
            memory[name] = max(memory[name], mib)
            losses[name] = result["loss"]
    for name in ("torch fp32 nchw", "torch fp32 channels_last"):
        if abs(losses[name] / losses["impasto"] - 1) > LOSS_TOLERANCE:
            sys.exit(f"vs_torch: the losses differ: {losses}")
    ours = statistics.median(medians["impasto"])
    print(f"\n{size} px, {len(cores)} core(s), {rounds} rounds of {iterations} iterations")
    print(f"{'':26}{'median s':>10}{'range':>18}{'ratio':>8}{'peak MiB':>10}")
    for name, values in medians.items():
        median = statistics.median(values)
        print(f"{name:26}{median:10.3f}{f'{min(values):.3f} to {max(values):.3f}':>18}{ours / median:8.2f}{memory[name]:10.0f}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", nargs="?", help="the impasto program")
    parser.add_argument("--sizes", default="256,512", help="sides of the square picture (%(default)s)")
    parser.add_argument("--cores", default="0,1", help="the cores both run on (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=5)
    parser.add_argument("--precisions", default="fp32,bf16",
                        help="PyTorch's; bf16 is slow on CPUs without instructions for it (%(default)s)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--weights", help=argparse.SUPPRESS)
    parser.add_argument("--layout", help=argparse.SUPPRESS)
    parser.add_argument("--bf16", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        return torch_child(args)
    if not args.program:
        parser.error("name the impasto program")
    try:
        import numpy  # noqa: F401
        import torch
    except ImportError as missing:
        print(f"SKIP: {missing}")
        return 77
    cores = {int(core) for core in args.cores.split(",")}
    print(f"PyTorch {torch.__version__}; {subprocess.run([args.program, '--version'], capture_output=True, text=True).stdout.strip()}")
    with tempfile.TemporaryDirectory() as folder:
        write_png(f"{folder}/content.png", 64, 1)
        run([args.program, f"{folder}/content.png", f"{folder}/content.png", "-o", f"{folder}/out.png", "-q", "--size", "source",
             "--iterations", "0", "--weights", "builtin", "--export-weights", f"{folder}/weights.safetensors"], cores)
        for size in args.sizes.split(","):
            compare(args.program, int(size), cores, args.rounds, args.iterations, folder, args.precisions.split(","))
    return 0


if __name__ == "__main__":
    sys.exit(main())
