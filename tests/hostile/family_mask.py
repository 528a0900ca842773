# SPDX-License-Identifier: MIT
"""Bad masks. They are pictures, of gray and of few colours mostly, so that is what is here: cut
anywhere, and with wrong checksums, sizes, palettes and codes."""

import zlib

from common import ANY, BAD, OK, cut, damaged
from family_jpeg import baseline
from family_png import assemble, chunks, header, picture

# Bytes behind the samples, which cost none where they are missing: of IEND, and of an end marker.
PNG_END, JPEG_END = 12, 2
FORMS = [(0, 1), (0, 2), (0, 8), (0, 16), (3, 1), (3, 4), (4, 8), (6, 8)]


def files():
    for colour, depth in FORMS:
        name = f"{colour}-{depth}"
        good = picture(width=32, height=24, depth=depth, colour=colour)
        yield f"sound-{name}", OK, good
        yield from cut(f"sound-{name}", good, range(3, len(good) - PNG_END, 2))
        yield from damaged(f"sound-{name}", good, 40, 10 + depth + 32 * colour)
        for width, height in ((0, 24), (32, 0), (32, 25), (33, 24), (65535, 65535), (2**31, 24)):
            parts = chunks(width=32, height=24, depth=depth, colour=colour)
            parts[0] = (b"IHDR", header(width, height, depth, colour))
            # One pixel more may be in what the last byte of a row has left.
            verdict = ANY if (width, height) == (33, 24) and depth < 8 else BAD
            yield f"size-{name}-{width}x{height}", verdict, assemble(parts)
        yield (f"pixels-{name}", ANY, picture(width=32, height=24, depth=depth, colour=colour,
                                               pixels=zlib.compress(b"\0" + b"\xff" * 5000)))
    good = baseline(32, 24)
    yield "sound-jpeg", OK, good
    yield from cut("sound-jpeg", good, range(3, len(good) - JPEG_END))
    yield from damaged("sound-jpeg", good, 60, 11)
