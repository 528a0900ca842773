#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py NAME COUNT INPUT OUTPUT.c: writes a file of COUNT signed bytes as a C array NAME."""

import sys


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    name, count, source, target = sys.argv[1:]
    with open(source, "rb") as stream:
        numbers = [str(byte) if byte < 128 else str(byte - 256) for byte in stream.read()]
    if len(numbers) != int(count):
        sys.exit(f"{source}: {len(numbers)} bytes, not {count}; take the file of the repository again")
    rows = [",".join(numbers[at : at + 40]) for at in range(0, len(numbers), 40)]
    with open(target, "w", encoding="ascii") as stream:
        stream.write("/* SPDX-License-Identifier: MIT */\n/* Made by src/vgg/embed.py. */\n"
                     f"extern const signed char {name}[{len(numbers)}];\n"
                     f"const signed char {name}[{len(numbers)}] = {{\n" + ",\n".join(rows) + "\n};\n")


if __name__ == "__main__":
    main()
