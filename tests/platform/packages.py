# SPDX-License-Identifier: MIT
"""OpenCL drivers that come as Python packages: second opinions that need no root, only a network once.

A driver is put in a virtual environment below the given folder, with an .icd file of its own, and stays
there for later runs.
"""

import pathlib
import platform
import shutil
import subprocess
import sys

# Packages, and the driver in the environment. The emulator is made no more; its last version goes with
# others of its age.
DRIVERS = {
    "intel": (["intel-opencl-rt", "intel-cmplr-lib-rt"], "lib/libintelocl.so"),
    "intel-emulator": (["intel-opencl-fpga-emu-rt==2025.0.5", "intel-opencl-rt==2025.0.5",
                        "intel-cmplr-lib-rt==2025.0.5"], "lib/libintelocl_emu.so"),
    "pocl-package": (["pocl-binary-distribution"], "lib/python*/site-packages/pyopencl/.libs/libpocl-*.so"),
}
SECONDS = 240  # for all of an installation


class Missing(Exception):
    """Why a driver cannot be had."""


def call(*command):
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", timeout=SECONDS,
                              check=False)
    except subprocess.TimeoutExpired as late:
        raise Missing(f"{command[1]} takes more than {SECONDS} s") from late
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["it says nothing"]
        raise Missing(f"{' '.join(map(str, command[1:4]))} fails: {last[0]}")


def prepare(name, folder):
    """The .icd file of a driver, installed where it is not."""
    packages, pattern = DRIVERS[name]
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Missing("there are packages for Linux on x86-64 only")
    made, registered = folder / "packages", folder / f"{name}.icd"
    if registered.exists() and pathlib.Path(registered.read_text().strip()).exists():
        return registered
    shutil.rmtree(made, ignore_errors=True)
    call(sys.executable, "-m", "venv", made)
    call(made / "bin" / "python", "-m", "pip", "install", "--quiet", "--retries", "1", "--timeout", "20",
         "--disable-pip-version-check", "--no-cache-dir", *packages)
    libraries = sorted(made.glob(pattern))
    if not libraries:
        raise Missing(f"{packages[0]} brings no {pattern}")
    registered.write_text(f"{libraries[0]}\n")
    return registered
