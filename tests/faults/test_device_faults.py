#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every OpenCL call of a short run is made to fail: test_device_faults.py PROGRAM LAYER [apply] [all|N|INDEX:CODE]

The run paints or, with `apply`, applies a style network. It must recover, or end with one line that names the error, exit code 4 or 5, and every file as
it was or whole; it must not crash, hang or leave an OpenCL object behind. A point is an index of a
call and a code. Without a last argument (or $IMPASTO_FAULTS, which may stand in for it): the first
call of each function with every code, and about fifty more calls, evenly spread, with the codes
in turn. "all": every call with every code, which takes hours. N: every N-th call with every code.
INDEX:CODE: that point alone, with what the program says.
"""

import collections
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from under_layer import FIRST_DEADLINE, Program  # noqa: E402
from case_apply import style_network  # noqa: E402
from support import DEVICE, MEMORY  # noqa: E402

# Out of memory and of resources; what no header has; a build that fails; and what drivers answer
# where the device is lost, or too little for what is asked: invalid queue, work-group, buffer size.
NAMES = {-4: "CL_MEM_OBJECT_ALLOCATION_FAILURE", -5: "CL_OUT_OF_RESOURCES",
         -6: "CL_OUT_OF_HOST_MEMORY", -9999: "unknown error", -11: "CL_BUILD_PROGRAM_FAILURE",
         -36: "CL_INVALID_COMMAND_QUEUE", -54: "CL_INVALID_WORK_GROUP_SIZE",
         -61: "CL_INVALID_BUFFER_SIZE"}
CODES = list(NAMES)
SPREAD = 50
# Levels of 255 by which a pixel may differ where a run has recovered: with another memory plan, or
# other vectors, it rounds otherwise.
ROUNDING = 2
OLD = b"an older result"

# Two scales, so that one is left and one entered, and a checkpoint, which reads all that there is.
PAINTING = ["content.png", "style.png", "--weights", "builtin", "--size", "32", "--scales", "16,32",
            "--iterations", "1", "--first-iterations", "1", "--style-layers", "1_1,2_1",
            "--content-layers", "2_1", "--checkpoint", "run.ckpt", "-o", "out.png", "-q"]
# In strips of 64 rows, so that the second is a part of one.
APPLYING = ["apply", "night.model", "content.png", "--size", "80", "--memory", "1200K", "-o", "out.png", "-q"]
MODEL = {"night.model": style_network(["night"])}


def far_apart(rows, others):
    return any(abs(a - b) > ROUNDING for row, other in zip(rows, others)
               for pixel, same in zip(row, other) for a, b in zip(pixel, same))


def judge(done, fault=None, whole=None):
    """(outcome, why) of a run that ended. whole: an undisturbed one's picture."""
    last = done.said.splitlines()[-1] if done.said.splitlines() else ""
    if done.code is None:
        return "hang", last
    if done.code < 0 or done.code > 128 or "Sanitizer" in done.said or "runtime error:" in done.said:
        return "crash", f"exit status {done.code}: {last}"
    if done.report is None:
        return "crash", f"exit status {done.code} without a report: {last}"
    left = {kind: count for kind, count in done.report["left"].items() if count != 0}
    if left:
        return "leak", f"{left}; exit status {done.code}: {last}"
    strange = set(done.names) - {"content.png", "style.png", "out.png", "run.ckpt", *MODEL}
    if strange:
        return "wrong", f"files were left: {sorted(strange)}"
    if isinstance(done.picture, str):
        return "wrong", done.picture
    if done.code == 0 and done.picture is None:
        return "wrong", "exit status 0 without a result"
    if done.code == 0 and whole and far_apart(done.picture, whole):
        return "wrong", "exit status 0 and another picture"
    if done.code == 0:
        return "recovered", last
    if done.code not in (DEVICE, MEMORY):
        return "wrong", f"exit status {done.code}: {last}"
    if not last.startswith("impasto: ") or done.said.splitlines().count(last) != 1:
        return "wrong", f"no error line: {done.said!r}"
    # Where less memory was tried in between, what the driver said was said then.
    if fault is not None and f"({fault})" not in done.said:
        return "unnamed", f"exit status {done.code}: {last}"
    return "named", last


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
    path, layer = (str(pathlib.Path(word).resolve()) for word in sys.argv[1:3])
    applies = sys.argv[3:4] == ["apply"]
    job = APPLYING if applies else PAINTING
    how = "".join(sys.argv[3 + applies:]) or os.environ.get("IMPASTO_FAULTS", "")
    with tempfile.TemporaryDirectory(prefix="impasto-faults-") as cache:
        program = Program(path, layer, cache)
        # The first run fills the cache, from which later ones are what is tested.
        program.run(job, old=OLD, deadline=FIRST_DEADLINE, files=MODEL)
        whole = program.run(job, old=OLD, calls=True, files=MODEL)
        outcome, why = judge(whole)
        if outcome != "recovered":
            print(f"without a fault: {outcome}: {why}")
            return 1

        def attempt(point):
            return program.run(job, f"at={point[0]},code={point[1]}", OLD, files=MODEL)

        if ":" in how:
            index, code = (int(word) for word in how.split(":"))
            done = attempt((index, code))
            outcome, why = judge(done, code, whole.picture)
            print(f"{done.said}{outcome} at {whole.calls[index - 1]}: {why}")
            return 0 if outcome in ("recovered", "named") else 1
        missed = [name for library in pathlib.Path(path).parent.glob("libimpasto.so.*.*")
                  if library.is_file() for name in unknown_calls(library, whole.report["known"])]
        if missed:
            print(f"the layer does not know {', '.join(missed)}")
            return 1
        points = choose(whole.calls, how)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return tell(whole, points, pool.map(attempt, points))


def tell(whole, points, runs):
    """What goes wrong as it comes, then the table."""
    outcomes = ["recovered", "named", "unnamed", "wrong", "crash", "hang", "leak"]
    rows = collections.defaultdict(collections.Counter)
    bad = 0
    for (index, code), done in zip(points, runs):
        name = whole.calls[index - 1]
        outcome, why = judge(done, code, whole.picture)
        rows[name][outcome] += 1
        if done.report is not None and done.report["failed"] != name:
            print(f"{index}:{code}: meant {name}, met {done.report['failed'] or 'nothing'}",
                  flush=True)
            bad += 1
        if outcome not in ("recovered", "named"):
            print(f"{index}:{code} {name}: {outcome}: {why}", flush=True)
            bad += 1
    print(f"{'':28}{'points':>8}" + "".join(f"{word:>11}" for word in outcomes))
    rows["total"] = sum(rows.values(), collections.Counter())
    for name, row in rows.items():
        print(f"{name:28}{sum(row.values()):8}" + "".join(f"{row[word]:11}" for word in outcomes))
    print(f"({len(whole.calls)} calls in the whole run)")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
