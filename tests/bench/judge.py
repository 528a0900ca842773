#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""judge.py PROGRAM TRAINED [-- OPTIONS...]: paints pairs of pictures with OPTIONS, and judges the results by
features that were not painted with: style by conv1_1, conv2_1 and conv3_1 of the trained weights TRAINED,
content by conv3_3. Prints for each pair the mean of |G - G'|^2 / |G'|^2 over the style layers, and
|F - F'|^2 / |F'|^2. Lower is better; compare style at equal content, as one pays for the other.

--strengths LIST paints with each of them; --with PROGRAM paints by another version of Impasto, which compares
the built-in weights of two versions. --pairs CONTENT/STYLE,... are others than those that the settings were
chosen on. --keep FOLDER keeps the pictures."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

PAIRS = [("golden_gate", "starry_night"), ("tubingen", "the_scream"), ("golden_gate", "shipwreck")]
NEUTRAL = ["--style-layers", "1_1,2_1,3_1", "--content-layers", "3_3", "--content-weight", "1", "--style-weight", "1",
           "--tv-weight", "0", "--strength", "0.5", "--losses", "relative", "--scales", "1", "--iterations", "0",
           "--average", "0", "--margin", "0"]


def judge(program, trained, pair, picture, size, folder):
    """(style, content) of a picture."""
    trace = folder / "trace.jsonl"
    subprocess.run([program, "-q", *pair, "--weights", trained, "--size", size, *NEUTRAL, "--init", picture, "-o",
                    folder / "ignored.png", "--trace", trace], check=True)
    losses = json.loads(trace.read_text().splitlines()[1])
    return sum(losses["style"].values()) / len(losses["style"]), sum(losses["content"].values())


def main():
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("program")
    parser.add_argument("trained")
    parser.add_argument("--pictures", type=pathlib.Path, required=True, help="folder of the pairs' pictures")
    parser.add_argument("--size", default="160")
    parser.add_argument("--strengths", default="0.5")
    parser.add_argument("--with", dest="painter")
    parser.add_argument("--pairs", type=lambda text: [tuple(pair.split("/")) for pair in text.split(",")], default=PAIRS)
    parser.add_argument("--keep", type=pathlib.Path)
    options = parser.parse_args(words[:cut])
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for names in options.pairs:
            pair = [options.pictures / f"{word}.jpg" for word in names]
            for strength in options.strengths.split(","):
                picture = (options.keep or folder) / f"{'-'.join(names)}-{options.size}-{strength}.png"
                subprocess.run([options.painter or options.program, "-q", *pair, "-o", picture, "--size", options.size,
                                "--strength", strength, *words[cut + 1:]], check=True)
                style, content = judge(options.program, options.trained, pair, picture, options.size, folder)
                print(f"{' in '.join(names):28} strength {strength}: style {style:.4f}, content {content:.3f}", flush=True)


if __name__ == "__main__":
    main()
