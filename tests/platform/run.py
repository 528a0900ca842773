#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a test program on one OpenCL platform: run.py PLATFORM PROGRAM [ARGUMENT...]

Exit code 77, meson's word for "skipped", where the platform is not installed. Caches live in the
folder named by IMPASTO_TEST_CACHE, one for each driver, so that tests neither use nor fill the
user's.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import packages  # noqa: E402

VENDORS = pathlib.Path(os.environ.get("OCL_ICD_VENDORS_DIR", "/etc/OpenCL/vendors"))

POCL = {"OCL_ICD_VENDORS": "pocl.icd"}
PLATFORMS = {
    "pocl": POCL,
    "pocl-wg64": POCL | {"POCL_MAX_WORK_GROUP_SIZE": "64"},
    "pocl-wg1": POCL | {"POCL_MAX_WORK_GROUP_SIZE": "1"},
    "pocl-1gib": POCL | {"POCL_MEMORY_LIMIT": "1"},
    "rusticl": {
        "OCL_ICD_VENDORS": "rusticl.icd",
        "RUSTICL_ENABLE": "llvmpipe",
        "RUSTICL_DEVICE_TYPE": "gpu",
    },
    # Its build options are no part of the kernel cache's key.
    "oclgrind": {"IMPASTO_CACHE": "off"},
    "oclgrind-wide": {"IMPASTO_CACHE": "off"},
} | {name: {} for name in packages.DRIVERS}

# Those that are PoCL with a limit find in its cache what it has compiled for kernels and work-groups as theirs.
CACHES = {name: "pocl" for name in ("pocl-wg64", "pocl-wg1", "pocl-1gib")}


def skip(reason):
    print(f"SKIP: {reason}")
    sys.exit(77)


def run_oclgrind(program, env, uninitialized):
    """Oclgrind exits with 0 whatever it finds: its log must be empty, and standard error, where it
    reports wrong uses of the API, must not speak of any."""
    if not shutil.which("oclgrind"):
        skip("oclgrind is not installed")
    with tempfile.TemporaryDirectory() as folder:
        log = pathlib.Path(folder, "log")
        # Oclgrind 21.10 computes some optimised code with vectors of 16 wrongly (what PoCL, rusticl
        # and itself without optimisation agree on), and optimised code hides uninitialised reads.
        checks = ["--data-races", "--check-api", "--build-options", "-cl-opt-disable"]
        if uninitialized:
            # This check does not follow the halves of wide vectors, and takes what the device has
            # filled for uninitialised; the checks' buffers are written by the host.
            checks += ["--uninitialized"]
        result = subprocess.run(["oclgrind", "--log", log, *checks, *program], env=env,
                                stderr=subprocess.PIPE, text=True, errors="replace")
        found = log.read_text(errors="replace") if log.exists() else ""
    sys.stderr.write(result.stderr)
    if "runtime error detected" in result.stderr:
        found += "wrong use of the API, see above"
    if found.strip():
        print(f"oclgrind reports:\n{found[:20000]}")
        return result.returncode or 1
    return result.returncode


def main():
    platform, program = sys.argv[1], sys.argv[2:]
    settings = PLATFORMS[platform]
    env = os.environ | settings
    cache = pathlib.Path(os.environ.get("IMPASTO_TEST_CACHE", tempfile.gettempdir()), CACHES.get(platform, platform))
    cache.mkdir(parents=True, exist_ok=True)
    env |= {"XDG_CACHE_HOME": str(cache), "POCL_CACHE_DIR": str(cache / "pocl"),
            "XDG_DATA_HOME": str(cache / "data")}
    (cache / "pocl").mkdir(exist_ok=True)
    if platform.startswith("oclgrind"):
        return run_oclgrind(program, env, uninitialized=platform == "oclgrind")
    if platform in packages.DRIVERS:
        try:
            env["OCL_ICD_VENDORS"] = str(packages.prepare(platform, cache))
        except packages.Missing as why:
            skip(f"{platform}: {why}")
        return subprocess.run(program, env=env).returncode
    vendor = VENDORS / settings["OCL_ICD_VENDORS"]
    if not vendor.exists():
        skip(f"{vendor} is not there: install the platform to test on {platform}")
    return subprocess.run(program, env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
