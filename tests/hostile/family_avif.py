# SPDX-License-Identifier: MIT
"""Bad AVIF pictures."""

from boxes import family


def files():
    return family("avif", ["turn", "p3", "alpha"], ["pq"], 950)
