#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The way through the package impasto, from two pictures to one: stylize.py PHOTO PAINTING RESULT

Ctrl-C ends it with the picture so far. doc/python.md has the rest.
"""

import sys

import impasto


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: stylize.py PHOTO PAINTING RESULT")
    photo, painting, result = sys.argv[1:]
    try:
        # Any setting is a keyword: impasto.settings() lists them.
        with impasto.Device() as device, impasto.Job(device, photo, painting, preset="quick", size=256) as job:
            print(f"{job.info.width}x{job.info.height} pixels in {job.info.iterations} iterations", file=sys.stderr)
            try:
                for step in job:
                    print(step, file=sys.stderr)
            except KeyboardInterrupt:
                print("stopped", file=sys.stderr)
            job.picture().save(result)
    except impasto.Error as error:
        sys.exit(f"stylize.py: {error}")


if __name__ == "__main__":
    main()
