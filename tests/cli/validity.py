# SPDX-License-Identifier: MIT
"""Pictures as other programs see them: what our own forgiving readers pass over, these complain of.

check_valid(path) lets every program that is installed, and that knows the kind of picture, look at a
file; missing() says which are not installed. Packages of Debian's: pngcheck, libimage-exiftool-perl,
python3-pil, imagemagick, jpeginfo, libtiff-tools, webp.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

PILLOW = """
import sys, warnings
from PIL import Image
warnings.simplefilter("error")
with Image.open(sys.argv[1]) as image:
    image.verify()
with Image.open(sys.argv[1]) as image:
    image.load()
    dict(image.getexif())
"""


def run(*command):
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False,
                          env=os.environ | {"LC_ALL": "C"})
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")


def silent(*command):
    """A program that says something only where something is wrong."""
    code, out, err = run(*command)
    return (out + err).strip() or (f"exit code {code}" if code else "")


TIFF = (".tif", ".tiff", ".btf", ".tf8")


def is_tiff(path):
    return path.suffix in TIFF


def by_exiftool(path):
    code, out, err = run("exiftool", "-validate", "-warning", "-error", "-a", "-S", path)
    usual = r"Validate: (OK|\d+ Warnings?)"
    if is_tiff(path):  # it knows TIFF as cameras write it; these are allowed, and as libtiff writes them
        usual += r"|.* (0x83bb IPTC-NAA|0x0103 Compression|0x001b GPSProcessingMethod)"
    unusual = [line for line in out.splitlines() if not re.fullmatch(usual, line)]
    return "" if code == 0 and not err and not unusual else out + err


def by_imagemagick(path):
    code, out, err = run("identify", "-regard-warnings", "-format", "%w %[mean]", path)
    # Version 6 says that of every WebP with XMP.
    unfounded = path.suffix == ".webp" and re.fullmatch(r"\S+: CorruptImageProfile .*\(XMP\).*", err.strip())
    return "" if (code == 0 and not err) or unfounded else out + err


def by_jpeginfo(path):
    code, out, err = run("jpeginfo", "-c", path)
    return "" if code == 0 and re.search(r"\bOK\b", out) else out + err


def pillow_python():
    for python in (sys.executable, "/usr/bin/python3"):
        if shutil.which(python) and run(python, "-c", "import PIL")[0] == 0:
            return python
    return None


# name: (what must be installed, endings or None for all, what is wrong with a file, or "")
PROGRAMS = {
    "pngcheck": ("pngcheck", (".png",), lambda path: silent("pngcheck", "-q", path)),
    "exiftool": ("exiftool", None, by_exiftool),
    "Pillow": (pillow_python, None, lambda path: silent(pillow_python(), "-c", PILLOW, path)),
    "ImageMagick": ("identify", None, by_imagemagick),
    "jpeginfo": ("jpeginfo", (".jpg", ".jpeg"), by_jpeginfo),
    "tiffinfo": ("tiffinfo", TIFF,
                 lambda path: run("tiffinfo", "-D", "-i", path)[2].strip()),
    "webpinfo": ("webpinfo", (".webp",), lambda path: silent("webpinfo", "-quiet", path)),
}


def installed(name):
    needs = PROGRAMS[name][0]
    return bool(needs() if callable(needs) else shutil.which(needs))


def missing():
    return [name for name in PROGRAMS if not installed(name)]


def check_valid(path, names=None):
    """Raises AssertionError unless all programs (those of the names) find the file valid."""
    path = pathlib.Path(path)
    for name in names or PROGRAMS:
        _, endings, fault = PROGRAMS[name]
        if installed(name) and (not endings or path.suffix.lower() in endings):
            words = fault(path)
            if words:
                raise AssertionError(f"{name} says of {path.name}: {words}")
