#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py OUTPUT.c INPUT.cl...: writes kernel sources as a C file.

Each text begins with a #line of its own name, so that compilers' messages name the .cl file. The
texts are arrays of numbers, because C promises string literals of only 4095 characters.
"""

import os
import sys


def array(index, path):
    name = os.path.basename(path)
    with open(path, "rb") as stream:
        source = stream.read()
    if b"\0" in source:
        raise ValueError(f"{path}: contains a zero byte")
    text = b'#line 1 "%s"\n' % name.encode() + source
    if not text.endswith(b"\n"):
        text += b"\n"
    numbers = [str(byte) if byte < 128 else str(byte - 256) for byte in text + b"\0"]
    lines = ["    " + ", ".join(numbers[i : i + 20]) + "," for i in range(0, len(numbers), 20)]
    return f"static const signed char text_{index}[] = {{\n" + "\n".join(lines) + "\n};\n"


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.splitlines()[0])
    output, inputs = sys.argv[1], sys.argv[2:]
    rows = [
        f'    {{"{os.path.basename(path)}", (const char *)text_{index}}},'
        for index, path in enumerate(inputs)
    ]
    parts = [
        "/* SPDX-License-Identifier: MIT */",
        "/* Made from cl/ by cl/embed.py; edit those files instead. */",
        "",
        "#include <stddef.h>",
        "",
        "struct imp_source {",
        "    const char *name;",
        "    const char *text;",
        "};",
        "extern const struct imp_source imp_sources[];",
        "extern const size_t imp_source_count;",
        "",
        *(array(index, path) for index, path in enumerate(inputs)),
        "const struct imp_source imp_sources[] = {",
        *rows,
        "};",
        f"const size_t imp_source_count = {len(inputs)};",
        "",
    ]
    with open(output, "w", encoding="ascii") as stream:
        stream.write("\n".join(parts))


if __name__ == "__main__":
    main()
