#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whether programs that were built before still run with this library: abi.py INCLUDE LIBRARY CC...

tests/static/abi.txt lists the interface: functions and types of callbacks, each member of a struct with its
place, each enumerator and constant with its value. This test makes the list anew from the headers, with the
compiler's layout, and compares. It also compares the functions with those that the library exports.

A function, member or constant that is gone or has changed breaks programs: raise IMPASTO_API_VERSION, or put it
back. What is new breaks nothing: members at the end of a struct, functions, constants. To renew the list:

    python3 tests/static/abi.py --renew include build/libimpasto.so cc

--renew says which lines are gone. It refuses to drop them once a version has been released (a git tag v*), unless
IMPASTO_API_VERSION has been raised. Before the first release it accepts them. The list does not come from
abidw: that needs debug information, which release builds lack, and writes a hundred times as much.
"""

import contextlib
import io
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

LIST = pathlib.Path(__file__).with_name("abi.txt")


def source(include):
    """All public headers without comments, attributes and what only preprocessors see; and the macros."""
    text = "".join(path.read_text(encoding="utf-8") for path in sorted((include / "impasto").glob("*.h")))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
    macros = re.findall(r"^#define (IMPASTO_[A-Z_]+) (\(?-?\d+\)?)[ \t]*$", text, re.MULTILINE)
    text = re.sub(r'^#.*(?:\\\n.*)*|extern "C" \{', "", text, flags=re.MULTILINE)
    return text.replace("IMPASTO_MUST_CHECK", ""), [name for name, _ in macros]


def flat(text):
    return re.sub(r"\s*([(),*])\s*", r"\1", " ".join(text.split()))


def members(body):
    """(type, name) for each member; what stands after the name, such as [16], goes to the type."""
    for declaration in filter(None, (flat(part) for part in body.split(";"))):
        first, *others = re.split(r",(?![^(]*\))", declaration)
        kind, name = re.match(r"(.*?[ *])(\w+(?:\[\w+\])*)$", first).groups()
        for declarator in [name, *others]:
            stars, name, array = re.match(r"(\**)(\w+)((?:\[\w+\])*)$", declarator).groups()
            yield f"{kind.strip()}{stars}{array}", name


def functions(text):
    return {re.search(r"(\w+)\(", line).group(1): line for line in
            (flat(found) for found in re.findall(r"IMPASTO_API ([^;{]*?\))\s*;", text, re.DOTALL))}


def interface(include, compiler):
    """The lines of the list."""
    text, macros = source(include)
    rows = []  # (line with %d, what it prints)
    for name in macros:
        rows.append((f"{name} = %lld", [name]))
    for name, body in re.findall(r"\benum (\w+) \{([^}]*)\}", text):
        for entry in filter(None, (part.split("=")[0].strip() for part in body.split(","))):
            rows.append((f"enum {name}: {entry} = %lld", [entry]))
    for name, body in re.findall(r"\bstruct (\w+) \{([^}]*)\}", text):
        for kind, member in members(body):
            rows.append((f"struct {name}: {kind} {member} at %lld, %lld bytes",
                         [f"offsetof(struct {name}, {member})", f"sizeof(((struct {name} *)0)->{member})"]))
    prints = "".join('    printf("{}\\n", {});\n'.format(line, ", ".join(f"(long long)({value})" for value in values))
                     for line, values in rows)
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder, "layout")
        program.with_suffix(".c").write_text(
            f"#include <impasto/impasto.h>\n#include <stdio.h>\nint main(void)\n{{\n{prints}}}\n", encoding="utf-8")
        subprocess.run([*compiler, f"-I{include}", program.with_suffix(".c"), "-o", program], check=True)
        layout = subprocess.run([program], check=True, text=True, stdout=subprocess.PIPE).stdout.splitlines()
    callbacks = [flat(found) for found in re.findall(r"\btypedef [^;]*;", text)]
    return layout + sorted(callbacks) + sorted(functions(text).values())


def gone(before, now):
    """What breaks programs: lines that are no longer there."""
    return [line for line in before if line not in set(now)]


def version(rows):
    return [row for row in rows if row.startswith("IMPASTO_API_VERSION = ")]


def is_released():
    """Whether the repository has a tag of a version; False too outside a repository."""
    try:
        found = subprocess.run(["git", "-C", LIST.parent, "tag", "--list", "v*"], check=False, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        return False
    return found.stdout != ""


def renew(before, now, released):
    """Writes the list, unless that would break programs; the exit status."""
    lost = gone(before, now)
    for line in lost:
        print(f"breaks programs: {line}")
    if lost and version(before) == version(now):
        if released:
            print("not renewed: raise IMPASTO_API_VERSION in include/impasto/base.h, or put these lines back")
            return 1
        print("accepted: no version has been released (there is no git tag v*)")
    LIST.write_text("\n".join(now) + "\n", encoding="utf-8")
    return 0


def exported(library):
    found = subprocess.run(["nm", "-D", "--defined-only", library], check=True, text=True, stdout=subprocess.PIPE)
    return set(re.findall(r" T (impasto_\w+)$", found.stdout, re.MULTILINE))


class Abi(unittest.TestCase):
    include, library, compiler = None, None, None

    def test_nothing_has_changed(self):
        before, now = LIST.read_text(encoding="utf-8").splitlines(), interface(self.include, self.compiler)
        self.assertEqual(gone(before, now), [], "programs break: raise IMPASTO_API_VERSION, or put it back")
        self.assertEqual(gone(now, before), [], "not in tests/static/abi.txt: renew that, see abi.py")

    def test_the_library_exports_what_the_headers_declare(self):
        self.assertEqual(exported(self.library), set(functions(source(self.include)[0])))

    def changed(self, header, old, new):
        """What is gone once a header has new in place of old."""
        with tempfile.TemporaryDirectory() as folder:
            include = pathlib.Path(folder, "include")
            shutil.copytree(self.include, include)
            path = include / "impasto" / header
            text = path.read_text(encoding="utf-8")
            self.assertIn(old, text)
            path.write_text(text.replace(old, new, 1), encoding="utf-8")
            return gone(interface(self.include, self.compiler), interface(include, self.compiler))

    def test_what_breaks_programs_is_found(self):
        cases = [("job.h", "IMPASTO_API void impasto_job_close(struct impasto_job **job);", "", "impasto_job_close"),
                 ("job.h", "void impasto_job_close(struct", "int impasto_job_close(struct", "impasto_job_close"),
                 ("params.h", "    int margin;", "    long margin;", "margin at"),
                 ("params.h", "    int margin;", "    int edge;", "margin at"),
                 ("params.h", "    int margin;", "    int before, margin;", "margin at"),
                 ("base.h", "IMPASTO_ERROR_INPUT = -3", "IMPASTO_ERROR_INPUT = -30", "IMPASTO_ERROR_INPUT = -3"),
                 ("params.h", "IMPASTO_SCALES 16", "IMPASTO_SCALES 8", "IMPASTO_SCALES = 16")]
        for header, old, new, line in cases:
            with self.subTest(old=old, new=new):
                found = self.changed(header, old, new)
                self.assertTrue(any(line in one for one in found), found)

    def test_what_is_new_breaks_none(self):
        opaque = "struct impasto_checkpoint; "
        self.assertEqual(self.changed("job.h", opaque, f"IMPASTO_API int impasto_new(void);\n{opaque}"), [])
        self.assertEqual(self.changed("job.h", "    double tv;", "    double tv, newest;"), [])


    def test_a_release_is_kept(self):
        now = ["IMPASTO_API_VERSION = 1", "int impasto_new(void)"]
        before = [now[0], "int impasto_old(void)"]
        raised = ["IMPASTO_API_VERSION = 2", now[1]]
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), \
                unittest.mock.patch(f"{__name__}.LIST", pathlib.Path(folder, "abi.txt")) as written:
            self.assertEqual(renew(before, now, released=True), 1)
            self.assertFalse(written.exists())
            for accepted in [(before, now, False), (before, raised, True), (now, [*now, "int impasto_more(void)"], True)]:
                self.assertEqual(renew(*accepted), 0)
                self.assertEqual(written.read_text(encoding="utf-8").splitlines(), accepted[1])


def main(arguments):
    renewing = arguments[:1] == ["--renew"]
    include, library, *compiler = arguments[renewing:]
    Abi.include, Abi.library, Abi.compiler = pathlib.Path(include), library, compiler
    if sys.maxsize < 2 ** 63 - 1:
        print("the list is of 64 bits")
        return 77
    if not renewing:
        return not unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful()
    before = LIST.read_text(encoding="utf-8").splitlines() if LIST.is_file() else []
    return renew(before, interface(Abi.include, compiler), is_released())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
