#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""contact_sheet.py PROGRAM OUT.png --contents P... --styles P... [-- OPTIONS...]: every content picture
in every style, as one picture to look at. Contents go down, styles across; the first row and column
show them as they are. Beside it, OUT.json has the options, the version and the seconds that each took.
Pictures that are there already, in the folder OUT, are not painted again. Needs Pillow."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

CELL = 320  # longer side of a picture on the sheet, pixels
GAP = 8


def paint(program, content, style, out, options):
    """Seconds, or None where the picture was there."""
    if out.exists():
        return None
    began = time.monotonic()
    subprocess.run([program, "-q", str(content), str(style), "-o", str(out), *options], check=True)
    return time.monotonic() - began


def compose(rows, out, cell):
    """rows: lists of paths, None for nothing."""
    from PIL import Image

    columns = max(len(row) for row in rows)
    sheet = Image.new("RGB", (columns * (cell + GAP) + GAP, len(rows) * (cell + GAP) + GAP), "white")
    for y, row in enumerate(rows):
        for x, path in enumerate(row):
            if not path:
                continue
            with Image.open(path) as picture:
                small = picture.convert("RGB")
                small.thumbnail((cell, cell), Image.LANCZOS)
            left, top = ((cell - side) // 2 for side in small.size)
            sheet.paste(small, (GAP + x * (cell + GAP) + left, GAP + y * (cell + GAP) + top))
    sheet.save(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("program")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--contents", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--styles", nargs="+", type=pathlib.Path, required=True)
    parser.add_argument("--cell", type=int, default=CELL)
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    arguments, options = parser.parse_args(words[:cut]), words[cut + 1:]
    folder = arguments.out.with_suffix("")
    folder.mkdir(exist_ok=True)
    program = os.path.abspath(arguments.program)
    version = subprocess.run([program, "--version"], capture_output=True, text=True,
                             check=True).stdout.strip()
    record = {"program": version, "options": options, "seconds": {}}
    rows = [[None, *arguments.styles]]
    for content in arguments.contents:
        row = [content]
        for style in arguments.styles:
            out = folder / f"{content.stem}-{style.stem}.png"
            seconds = paint(program, content, style, out, options)
            if seconds is not None:
                record["seconds"][out.name] = round(seconds, 1)
                print(f"{out.name}: {seconds:.0f} s", flush=True)
            row.append(out)
        rows.append(row)
        compose(rows, arguments.out, arguments.cell)
    arguments.out.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
