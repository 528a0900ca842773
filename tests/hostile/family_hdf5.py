# SPDX-License-Identifier: MIT
"""Bad Keras files: those that h5_maker writes, and damaged copies of the sound ones."""

import pathlib
import subprocess
import tempfile

from common import ANY, BAD, OK, cut, damaged

# Up to here nearly every byte is structure; behind it are the numbers.
STRUCTURE = 4096


def files(maker):
    with tempfile.TemporaryDirectory(prefix="impasto-h5-") as folder:
        subprocess.run([maker, folder], check=True)
        made = {path.stem: path.read_bytes() for path in sorted(pathlib.Path(folder).iterdir())}
    for i, (name, data) in enumerate(made.items()):
        sound = name.startswith("sound")
        # A chunk beyond what is read is refused where it is stored, not where it may yet be.
        yield name, OK if sound else BAD, data
        if sound:
            yield from cut(name, data, [*range(8, STRUCTURE, 37), *range(STRUCTURE, len(data), 501)])
            for file, _, changed in damaged(name, data, 60, 20 + i, 0, min(STRUCTURE, len(data))):
                yield file, ANY, changed
        else:
            yield from damaged(name, data, 4, 40 + i, 0, min(STRUCTURE, len(data)))
