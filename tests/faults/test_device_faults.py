#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every OpenCL call of a short run is made to fail: test_device_faults.py PROGRAM LAYER [all|N|INDEX:CODE]

The run must recover, or end with one line that names the error, exit code 4 or 5, and every file as
it was or whole; it must not crash, hang or leave an OpenCL object behind. A point is an index of a
call and a code. Without a third argument (or $IMPASTO_FAULTS, which may stand in for it): the first
call of each function with every code, and about a hundred more calls, evenly spread, with the codes
in turn. "all": every call with every code, which takes hours. N: every N-th call with every code.
INDEX:CODE: that point alone, with what the program says.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "cli"))
from case_styles import pixels  # noqa: E402
from support import DEVICE, MEMORY, png  # noqa: E402

# Seconds after which a run hangs; the first one compiles.
DEADLINE = 120
FIRST_DEADLINE = 600
# Out of memory and of resources; what no header has; a build that fails; and what drivers answer
# where the device is lost, or too little for what is asked: invalid queue, work-group, buffer size.
NAMES = {-4: "CL_MEM_OBJECT_ALLOCATION_FAILURE", -5: "CL_OUT_OF_RESOURCES",
         -6: "CL_OUT_OF_HOST_MEMORY", -9999: "unknown error", -11: "CL_BUILD_PROGRAM_FAILURE",
         -36: "CL_INVALID_COMMAND_QUEUE", -54: "CL_INVALID_WORK_GROUP_SIZE",
         -61: "CL_INVALID_BUFFER_SIZE"}
CODES = list(NAMES)
SPREAD = 100
# Levels of 255 by which a pixel may differ where a run has recovered: with another memory plan, or
# other vectors, it rounds otherwise.
ROUNDING = 2
OLD = b"an older result"

# Two scales, so that one is left and one entered, and a checkpoint, which reads all that there is.
JOB = ["content.png", "style.png", "--weights", "builtin", "--size", "32", "--scales", "16,32",
       "--iterations", "1", "--first-iterations", "1", "--style-layers", "1_1,2_1",
       "--content-layers", "2_1", "--checkpoint", "run.ckpt", "-o", "out.png", "-q"]

Run = collections.namedtuple("Run", "out report names rows outcome why")


def environment(home, cache, layer, **changes):
    env = {key: value for key, value in os.environ.items()
           if not key.startswith("IMPASTO_") and key != "XDG_DATA_HOME"}
    env |= {"HOME": str(home), "XDG_DATA_DIRS": str(home), "LC_ALL": "C", "OPENCL_LAYERS": layer}
    env.setdefault("XDG_CACHE_HOME", str(cache))
    return env | changes


def far_apart(rows, others):
    return any(abs(a - b) > ROUNDING for row, other in zip(rows, others)
               for pixel, same in zip(row, other) for a, b in zip(pixel, same))


def judge(folder, code, err, report, fault, rows, whole):
    """(outcome, why) of a run that ended. rows, whole: its picture, and an undisturbed one's."""
    last = err.splitlines()[-1] if err.splitlines() else ""
    if code < 0 or code > 128 or "Sanitizer" in err or "runtime error:" in err:
        return "crash", f"exit status {code}: {last}"
    if report is None:
        return "crash", f"exit status {code} without a report: {last}"
    left = {kind: count for kind, count in report["left"].items() if count != 0}
    if left:
        return "leak", f"{left}; exit status {code}: {last}"
    strange = set(os.listdir(folder)) - {"content.png", "style.png", "out.png", "run.ckpt", "home"}
    if strange:
        return "wrong", f"files were left: {sorted(strange)}"
    if code == 0 and rows is None:
        return "wrong", "exit status 0 without a result"
    if code == 0 and whole and far_apart(rows, whole):
        return "wrong", "exit status 0 and another picture"
    if code == 0:
        return "recovered", last
    if code not in (DEVICE, MEMORY):
        return "wrong", f"exit status {code}: {last}"
    if not last.startswith("impasto: ") or err.splitlines().count(last) != 1:
        return "wrong", f"no error line: {err!r}"
    # Where less memory was tried in between, what the driver said was said then.
    if fault is not None and f"({fault})" not in err:
        return "unnamed", f"exit status {code}: {last}"
    return "named", last


def run(program, layer, cache, fault="", code=None, deadline=DEADLINE, trace=False,
        whole=None):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="impasto-faults-"))
    outside = pathlib.Path(tempfile.mkdtemp(prefix="impasto-faults-"))
    try:
        (folder / "home").mkdir()
        (folder / "content.png").write_bytes(png(32, 32))
        (folder / "style.png").write_bytes(
            png(32, 32, lambda x, y: (255 * (x // 4 % 2), 200, 8 * y % 256)))
        (folder / "out.png").write_bytes(OLD)
        env = environment(folder / "home", cache, layer, IMPASTO_FAULT=fault,
                          IMPASTO_FAULT_REPORT=str(outside / "report"))
        if trace:
            env["IMPASTO_FAULT_TRACE"] = str(outside / "trace")
        try:
            done = subprocess.run([program, *JOB], cwd=folder, env=env, timeout=deadline,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        except subprocess.TimeoutExpired:
            return Run("", None, [], None, "hang", f"not done within {deadline} s")
        err = done.stdout.decode(errors="replace")
        path = outside / "report"
        report = json.loads(path.read_text()) if path.exists() else None
        names = (outside / "trace").read_text().split() if trace and report else []
        rows = None
        try:
            if (folder / "out.png").read_bytes() != OLD:
                rows = pixels(folder / "out.png")
            outcome, why = judge(folder, done.returncode, err, report, code, rows, whole)
        except AssertionError as wrong:
            outcome, why = "wrong", str(wrong)
        return Run(err, report, names, rows, outcome, why)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(outside, ignore_errors=True)


def choose(names, how):
    """The points: (index, code), from 1 on."""
    count = len(names)
    if how == "all":
        how = "1"
    if how:
        return [(i, code) for i in range(1, count + 1, int(how)) for code in CODES]
    firsts = {}
    for i, name in enumerate(names, 1):
        firsts.setdefault(name, i)
    points = [(i, code) for i in firsts.values() for code in CODES]
    spread = range(1, count + 1, max(1, count // SPREAD))
    points += [(i, CODES[k % len(CODES)]) for k, i in enumerate(spread) if i not in firsts.values()]
    return points


def unknown_calls(library, known):
    """What the library calls that the layer would let pass unseen."""
    if not shutil.which("nm"):
        return []
    symbols = subprocess.run(["nm", "-D", "--undefined-only", library], stdout=subprocess.PIPE,
                             text=True, check=True).stdout
    return sorted(set(re.findall(r"\bU (cl[A-Z]\w*)", symbols)) - set(known.split()))


def main():
    program, layer = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:3])
    how = sys.argv[3] if len(sys.argv) > 3 else os.environ.get("IMPASTO_FAULTS", "")
    with tempfile.TemporaryDirectory(prefix="impasto-faults-") as cache:
        # The first run fills the cache, from which later ones are what is tested.
        run(program, layer, cache, deadline=FIRST_DEADLINE)
        whole = run(program, layer, cache, trace=True)
        if whole.outcome != "recovered":
            print(f"without a fault: {whole.outcome}: {whole.why}")
            return 1
        if ":" in how:
            index, code = (int(word) for word in how.split(":"))
            point = run(program, layer, cache, f"at={index},code={code}", code, whole=whole.rows)
            print(f"{point.out}{point.outcome} at {whole.names[index - 1]}: {point.why}")
            return 0 if point.outcome in ("recovered", "named") else 1
        missed = [name for path in pathlib.Path(program).parent.glob("libimpasto.so.*.*")
                  if path.is_file() for name in unknown_calls(path, whole.report["known"])]
        if missed:
            print(f"the layer does not know {', '.join(missed)}")
            return 1
        points = choose(whole.names, how)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return tell(whole, points, pool.map(
                lambda p: run(program, layer, cache, f"at={p[0]},code={p[1]}", p[1],
                              whole=whole.rows), points))


def tell(whole, points, runs):
    """What goes wrong as it comes, then the table."""
    outcomes = ["recovered", "named", "unnamed", "wrong", "crash", "hang", "leak"]
    rows = collections.defaultdict(collections.Counter)
    bad = 0
    for (index, code), point in zip(points, runs):
        name = whole.names[index - 1]
        rows[name][point.outcome] += 1
        if point.report is not None and point.report["failed"] != name:
            print(f"{index}:{code}: meant {name}, met {point.report['failed'] or 'nothing'}",
                  flush=True)
            bad += 1
        if point.outcome not in ("recovered", "named"):
            print(f"{index}:{code} {name}: {point.outcome}: {point.why}", flush=True)
            bad += 1
    print(f"{'':28}{'points':>8}" + "".join(f"{word:>11}" for word in outcomes))
    rows["total"] = sum(rows.values(), collections.Counter())
    for name, row in rows.items():
        print(f"{name:28}{sum(row.values()):8}" + "".join(f"{row[word]:11}" for word in outcomes))
    print(f"({len(whole.names)} calls in the whole run)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
