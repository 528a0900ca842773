# SPDX-License-Identifier: MIT
"""Bad HEIC pictures."""

from boxes import family


def files():
    return family("heic", ["p3", "turn", "alpha"], [], 900)
