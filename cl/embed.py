#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py PREFIX OUTPUT.c INPUT...: writes texts, and pictures, as a C file, an array of struct PREFIX_source.

Kernels (.cl) and their shared.h begin with a #line of their own name, so that compilers' messages name
that file. The texts are arrays of numbers, because C promises string literals of only 4095 characters.
"""

import os
import sys


def array(index, path):
    name = os.path.basename(path)
    with open(path, "rb") as stream:
        source = stream.read()
    picture = name.endswith(".jpg")
    if b"\0" in source and not picture:
        raise ValueError(f"{path}: contains a zero byte")
    line = b'#line 1 "%s"\n' % name.encode() if name == "shared.h" or name.endswith(".cl") else b""
    text = line + source
    if not picture and not text.endswith(b"\n"):
        text += b"\n"
    numbers = [str(byte) if byte < 128 else str(byte - 256) for byte in text + b"\0"]
    lines = ["    " + ", ".join(numbers[i : i + 20]) + "," for i in range(0, len(numbers), 20)]
    return f"static const signed char text_{index}[] = {{\n" + "\n".join(lines) + "\n};\n"


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__.splitlines()[0])
    prefix, output, inputs = sys.argv[1], sys.argv[2], sys.argv[3:]
    rows = [
        f'    {{"{os.path.basename(path)}", (const char *)text_{index}, sizeof(text_{index}) - 1}},'
        for index, path in enumerate(inputs)
    ]
    parts = [
        "/* SPDX-License-Identifier: MIT */",
        "/* Made by cl/embed.py; edit the files named below instead. */",
        "",
        "#include <stddef.h>",
        "",
        f"struct {prefix}_source {{",
        "    const char *name;",
        "    const char *text;",
        "    size_t size; /* bytes, without the 0 behind them */",
        "};",
        f"extern const struct {prefix}_source {prefix}_sources[];",
        f"extern const size_t {prefix}_source_count;",
        "",
        *(array(index, path) for index, path in enumerate(inputs)),
        f"const struct {prefix}_source {prefix}_sources[] = {{",
        *rows,
        "};",
        f"const size_t {prefix}_source_count = {len(inputs)};",
        "",
    ]
    with open(output, "w", encoding="ascii") as stream:
        stream.write("\n".join(parts))


if __name__ == "__main__":
    main()
