#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compiles for Windows, as far as the syntax goes, what is to be the same on every system.

Usage: windows.py SOURCE_ROOT

A Windows build will bring its own files behind src/base/os.h, and its own of the few others that
test_layering.py lets include POSIX headers. All the rest of src/ must compile as it is, without a
function that Windows lacks. Headers of other libraries come from this system, a copy of each by
itself, since the folder that they lie in is full of this system's. A file is left out, and
counted, where such a header is missing. Exit 77: there is no compiler for Windows here.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "unit"))
import test_layering  # noqa: E402

COMPILER = "x86_64-w64-mingw32-gcc"
FLAGS = ["-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Werror=implicit-function-declaration",
         "-Werror=incompatible-pointer-types", "-Werror=int-conversion",
         "-D_FILE_OFFSET_BITS=64", "-D__USE_MINGW_ANSI_STDIO=1", "-D_WIN32_WINNT=0x0A00",
         '-DIMP_VERSION="0"', '-DIMP_MODULE_FOLDER="/"', '-DIMP_DATA_FOLDER="/"']

# Headers that look the same on every system, by the library that brings them: what is copied, and
# the macro by which our code knows that the library is there.
NEUTRAL = {
    "OpenCL": (["CL"], None),
    "libpng": (["png.h", "pngconf.h", "pnglibconf.h"], None),
    "libjpeg": (["jpeglib.h", "jconfig.h", "jmorecfg.h", "jerror.h"], None),
    "jansson": (["jansson.h", "jansson_config.h"], None),
    "zlib": (["zlib.h", "zconf.h"], None),
    "CLBlast": (["clblast_c.h"], "CLBLAST"),
    "lcms2": (["lcms2.h", "lcms2_plugin.h"], "LCMS2"),
    "libwebp": (["webp"], "WEBP"),
    "libtiff": (["tiff.h", "tiffio.h", "tiffconf.h", "tiffvers.h"], "TIFF"),
    "libheif": (["libheif"], "HEIF"),
    "nettle": (["nettle"], "NETTLE"),
}
FOLDERS = [pathlib.Path("/usr/include"), *sorted(pathlib.Path("/usr/include").glob("*-linux-gnu")),
           pathlib.Path("/usr/local/include")]


def copy_headers(to):
    """Copies the headers that are here; the macros of the libraries that are whole."""
    macros = []
    for headers, macro in NEUTRAL.values():
        found = {name: folder / name for name in headers for folder in reversed(FOLDERS) if (folder / name).exists()}
        for name, path in found.items():
            (shutil.copytree if path.is_dir() else shutil.copy)(path, to / name)
        if macro and len(found) == len(headers):
            macros.append(f"-DIMP_HAVE_{macro}=1")
    return macros


def compile_one(root, path, flags):
    """(path, the header that is missing or None, what the compiler says; "": nothing)"""
    done = subprocess.run([COMPILER, *FLAGS, *flags, f"-I{root}/include", f"-I{root}/src", f"-I{root}", str(root / path)],
                          capture_output=True, text=True, check=False)
    missing = re.search(r"fatal error: (\S+): No such file", done.stderr)
    foreign = missing and any(re.fullmatch(header, missing.group(1)) for header, _ in test_layering.LIBRARIES)
    return path, missing.group(1) if foreign else None, done.stderr if done.returncode else ""


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if not shutil.which(COMPILER):
        print(f"skipped: {COMPILER} is not installed (gcc-mingw-w64-x86-64)")
        return 77
    paths = [path for path, _ in test_layering.sources(root, "src", ".c") if not test_layering.may_use_os(path)]
    with tempfile.TemporaryDirectory() as folder:
        flags = [*copy_headers(pathlib.Path(folder)), "-isystem", folder]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda path: compile_one(root, path, flags), paths))
    left = [f"{path} ({missing})" for path, missing, _ in results if missing]
    wrong = [(path, text) for path, missing, text in results if text and not missing]
    for path, text in wrong:
        print(f"{path}:\n{text}")
    print(f"{len(paths) - len(left) - len(wrong)} files compile for Windows, {len(wrong)} do not, {len(left)} were left "
          f"out for headers that are not here{': ' + ', '.join(left) if left else ''}")
    return 1 if wrong or len(left) > len(paths) // 2 else 0


if __name__ == "__main__":
    sys.exit(main())
