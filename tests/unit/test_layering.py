#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The house rules that no compiler checks: who may include what, and where names may stand.

Each rule is a function from a source tree to its complaints. The real tree must give none, and
a small tree made to break the rule must give one, so that a rule that no longer looks is noticed.
"""

import pathlib
import re
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each room of src/ and what it may include besides itself. The program stands on the public headers,
# on films, and on the operating system, of which it has a copy: the library is not there to offer that.
ROOMS = {
    "base": set(),
    "comm": {"base"},
    "draw": {"base"},
    "image": {"base"},
    "device": {"base"},
    "store": {"base"},
    "ops": {"base", "device"},
    "optim": {"base", "device", "store", "ops"},
    "model": {"base", "image", "device", "draw", "store", "ops"},
    "flow": {"base", "device", "ops"},
    "vgg": {"base", "comm", "device", "store", "ops"},
    "loss": {"base", "device", "ops", "vgg"},
    "selftest": {"base", "device", "ops", "vgg", "loss"},
    "session": {"base", "comm", "device", "ops", "vgg", "selftest"},
    "paint": {"base", "comm", "image", "device", "store", "ops", "optim", "vgg", "loss", "session"},
    "train": {"base", "comm", "image", "device", "store", "ops", "model", "draw", "vgg", "loss", "session"},
    "apply": {"base", "image", "device", "ops", "model", "flow", "session"},
    "video": {"base"},
    "live": {"base", "video"},
    "clip": {"base", "image", "device", "store", "session", "loss", "flow", "paint", "apply"},
    "cli": set(),
}

# The public headers that each room may name. A program includes impasto.h, which has all of them; the library
# never does, so that a change to one noun compiles again only what uses it.
PUBLIC = {
    "base": {"base", "file", "setting"},
    "comm": set(),
    "draw": set(),
    "image": {"image"},
    "device": {"device", "plan"},
    "ops": set(),
    "optim": {"params"},
    "model": {"model"},
    "flow": set(),
    "vgg": {"params", "weights"},
    "loss": set(),
    "selftest": set(),
    "session": {"device", "ranks"},
    "paint": {"job"},
    "train": {"train"},
    "apply": {"apply", "pixels"},
    "clip": {"clip"},
    "video": {"apply", "base", "image"},
    "live": {"base", "pixels"},
    "cli": {"impasto"},
}

# What kernels and the room that launches them must agree on.
SHARED = "cl/shared.h"

PROGRAM_HEADERS = {"base/os.h", "live/pipeline.h", "video/stream.h"}

# The program's folders, from the ground up: each includes those below its floor. On one floor nobody
# includes a neighbour. What lies in src/cli itself, the table of commands and main(), is above all.
FLOORS = [["common"], ["options"], ["files", "terminal"], ["batch", "guard", "record"], ["report"],
          ["devices", "model", "weights"], ["paint", "train", "apply"], ["video"], ["worker", "live", "studio"], ["."], ["docs"]]

# A library's headers and the only place that may include them: a file, or a folder with "/".
LIBRARIES = [
    (r"CL/.*", "src/device/"),
    (r"clblast.*", "src/ops/gemm_clblast.c"),
    (r"png\w*\.h", "src/image/png/"),
    (r"j(peglib|error|morecfg|config)\.h", "src/image/jpeg.c|src/live/mjpeg.c"),
    (r"SDL\w*\.h", "src/live/window_sdl.c"),
    (r"lcms2.*", "src/image/colour.c"),
    (r"webp/.*", "src/image/webp.c"),
    (r"tiff\w*\.h", "src/image/tiff/"),
    (r"libheif/.*", "src/image/heif.c"),
    (r"(hdf5|H5).*", "src/vgg/hdf5_reader.c"),
    (r"mpi\.h", "src/comm/mpi_module.c"),
    (r"jansson.*", "src/(cli|model|paint|store|train|vgg)/"),
    (r"zlib\.h", "src/base/checksum.c|src/image/png/compress.c"),
    (r"nettle/.*", "src/cli/common/hash.c"),
    (r"(chafa|glib).*", "src/cli/terminal/show.c"),
    (r"libav.*/.*|libsw.*/.*", "src/video/libav/"),
    (r"microhttpd\.h", "src/cli/studio/http.c"),
]

# Headers for the files of one room alone.
INSIDE = ["src/cli/studio/studio.h", "src/cli/studio/http.h", "src/cli/studio/folder.h", "src/cli/studio/routes.h",
          "src/cli/studio/deadlines.h", "src/cli/studio/web.h",
          "src/comm/transport.h", "src/device/opencl.h", "src/draw/canvas.h", "src/draw/scene.h", "src/draw/style.h",
          "src/image/formats.h", "src/image/metadata.h", "src/image/png/png.h", "src/image/tiff/tiff.h", "src/model/file.h", "src/ops/kernels.h", "src/optim/lbfgs.h", "src/vgg/hdf5_reader.h", "src/vgg/stage.h",
          "src/selftest/check.h", "src/selftest/check_flow.h",
          "src/selftest/objective.h", "src/paint/job.h", "src/paint/scale.h", "src/train/train.h",
          "src/apply/apply.h", "src/apply/layers.h", "src/apply/recall.h", "src/apply/staging.h", "src/apply/strips.h", "src/clip/clip.h", "src/cli/apply/run.h", "src/cli/train/run.h",
          "src/cli/paint/run.h", "src/cli/report/page.h", "src/cli/terminal/screen.h", "src/cli/video/run.h",
          "src/video/film_sink.h", "src/video/job_folder.h", "src/video/numbered.h", "src/video/kept.h", "src/video/kinds.h", "src/video/libav.h", "src/video/libav/encode.h", "src/video/libav/input.h", "src/video/libav/mux.h", "src/live/kinds.h", "src/live/mjpeg.h", "src/live/v4l2.h", "src/live/v4l2_camera.h", "src/live/window.h", "src/cli/live/run.h"]

# Headers that only POSIX systems have. What they offer is behind base/os.h, which another system can
# put something else behind.
POSIX = re.compile(r"(sys|arpa|netinet)/.*|(unistd|fcntl|pthread|dirent|termios|dlfcn|poll|spawn|pwd|grp|strings|glob|"
                   r"fnmatch|langinfo|regex|sched|semaphore|netdb|ucontext|execinfo|link|wordexp|syslog)\.h")

# Who includes them all the same, because there is no common way to say what these do.
OS_FILES = [re.compile(place) for place in [
    r"src/base/(os_posix\w*|file|temporary|host|module|sandbox)\.c",
    r"src/live/v4l2\w*\.c",  # cameras of Linux
    r"src/cli/terminal/(screen|show)\.c",
    r"src/cli/studio/(http|deadlines|folder|child|link)\.c",  # sockets, a folder without links, and workers
    r"src/cli/worker/requests\.c",  # a thread that another one waits for
    r"src/cli/guard/\w+\.c",  # what guards the run from drivers, by processes and signals
]]

# Files of a room that call one another in a circle, and why they still do.
CIRCLES = []

VENDORS = re.compile(r"\b(nvidia|intel|amd|pocl|rusticl|clover|oclgrind)\b", re.IGNORECASE)
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
# A number with a point or an exponent, and its suffix.
FRACTION = re.compile(r"(?<![\w.])((?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)(\w*)")
NAME = re.compile(r"(?<!\w)[A-Za-z_]\w*")
# What kernels may not use as names, because some compiler takes them for keywords or types.
RESERVED = set("""
    pipe generic private global local constant kernel read_only write_only read_write uniform
    image1d_t image1d_array_t image1d_buffer_t image2d_t image2d_array_t image3d_t sampler_t event_t
    reserve_id_t clk_event_t clk_profiling_info queue_t ndrange_t kernel_enqueue_flags_t
    memory_order memory_scope memory_order_relaxed atomic_flag atomic_int atomic_uint atomic_float
    bool2 bool4 bool8 bool16 half half2 half3 half4 half8 half16 quad complex imaginary
    channel
    alignas alignof and and_eq asm auto bitand bitor catch char8_t char16_t char32_t class co_await co_return
    co_yield compl concept const_cast consteval constexpr constinit decltype delete dynamic_cast explicit
    export final friend import module mutable namespace new noexcept not not_eq nullptr operator or or_eq
    override protected public register reinterpret_cast requires static_assert static_cast template this
    thread_local throw try typeid typename typeof typeof_unqual using virtual wchar_t xor xor_eq
""".split())
UNDERSCORES = {"__kernel", "__global", "__local", "__constant", "__attribute__", "__has_attribute", "_Pragma",
               "__has_builtin", "__builtin_prefetch"}
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def sources(root, folder, *suffixes):
    """(path below root with forward slashes, text) of every file there with such a suffix."""
    for path in sorted((root / folder).rglob("*")):
        if path.suffix in suffixes:
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")


def code(text):
    """The text with comments and strings blanked; lines keep their numbers."""
    return COMMENT_OR_STRING.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def includes(root):
    """(path, line, whether quoted, what is included) for each #include below src/."""
    for path, text in sources(root, "src", ".c", ".h"):
        for found in INCLUDE.finditer(text):
            yield path, line_of(text, found.start(2)), found.group(1) == '"', found.group(2)


def check_rooms(root):
    for path, line, quoted, target in includes(root):
        room, other = path.split("/")[1], target.split("/")[0]
        if target == SHARED:
            if room != "ops":
                yield f"{path}:{line}: only ops shares constants with its kernels"
        elif quoted and (other not in ROOMS or ".." in target):
            yield f"{path}:{line}: write {target} from its room on"
        elif room == "cli" and target in PROGRAM_HEADERS:
            continue
        elif other in ROOMS and other != room and other not in ROOMS[room]:
            yield f"{path}:{line}: {room} may not use {other}"
        elif quoted and not (root / "src" / target).is_file():
            yield f"{path}:{line}: there is no src/{target}"
        elif other == "impasto" and target not in {f"impasto/{noun}.h" for noun in PUBLIC[room]}:
            yield f"{path}:{line}: {room} may not use the public header {target}"
    for folder in sorted((root / "src").iterdir()):
        if folder.is_dir() and folder.name not in ROOMS:
            yield f"src/{folder.name}: a room that ROOMS does not know"


def floor_of(path):
    """The folder of the program that a path below src/cli is in, and its floor; -1: an unknown one."""
    folder = path.split("/")[0] if "/" in path else "."
    return folder, next((i for i, floor in enumerate(FLOORS) if folder in floor), -1)


def check_floors(root):
    for path, line, quoted, target in includes(root):
        if not path.startswith("src/cli/"):
            continue
        folder, floor = floor_of(path[len("src/cli/"):])
        if floor < 0:
            yield f"{path}:{line}: a folder that FLOORS does not know"
        elif quoted and target.startswith("cli/"):
            other, below = floor_of(target[len("cli/"):])
            if other != folder and below >= floor:
                yield f"{path}:{line}: {folder} may not use {other}"


def check_inside(root):
    for path, line, _, target in includes(root):
        header = f"src/{target}"
        if header in INSIDE and not path.startswith(header.rsplit("/", 1)[0] + "/"):
            yield f"{path}:{line}: {target} is for its own room"


# A function or a table that a file offers; a macro's definition is none.
OFFERED = re.compile(r"^(?!static\b|extern\b|typedef\b)[a-z][\w \t*]*[ *(]((?:imp|impasto|cli)_\w+)\)?"
                     r"(?:\[\w*\])?\s*(?:\((?!\w+\)\()|=)", re.MULTILINE)
BLANK = re.compile(r"^\s*#.*(?:\\\n.*)*", re.MULTILINE)


def calls_in(root, room):
    """For each file of a room, the others whose functions or tables it uses."""
    files = {path: BLANK.sub("", code(text)) for path, text in sources(root, f"src/{room}", ".c")}
    where = {name: path for path, text in files.items() for name in OFFERED.findall(text)}
    return {path: {where[name] for name in re.findall(r"(?<!struct )\b(?:imp(?:asto)?|cli)_\w+", text) if name in where}
            - {path} for path, text in files.items()}


def reached(calls, path):
    """The files that a file leads to, itself only where it is on a circle."""
    seen, todo = set(), list(calls[path])
    while todo:
        other = todo.pop()
        if other not in seen:
            seen.add(other)
            todo += calls[other]
    return seen


def check_circles(root):
    for room in sorted(ROOMS):
        if not (root / "src" / room).is_dir():
            continue
        calls = calls_in(root, room)
        leads = {path: reached(calls, path) for path in calls}
        circles = {frozenset(other for other in leads[path] if path in leads[other])
                   for path in calls if path in leads[path]}
        for circle in sorted(circles, key=sorted):
            if set(circle) not in CIRCLES:
                yield f"a circle of files: {', '.join(sorted(circle))}"


def may_use_os(path):
    """Whether a file may be of one system alone."""
    return any(place.fullmatch(path) for place in OS_FILES)


def check_os(root):
    for path, line, quoted, target in includes(root):
        if not quoted and POSIX.fullmatch(target) and not may_use_os(path):
            yield f"{path}:{line}: {target} is not on every system; base/os.h has what it offers"


def check_libraries(root):
    for path, line, _, target in includes(root):
        for header, place in LIBRARIES:
            inside = re.match(place, path) if place.endswith("/") else path in place.split("|")
            if re.fullmatch(header, target) and not inside:
                yield f"{path}:{line}: only {place} includes {target}"


def check_public_headers(root):
    """Each is alone with three headers of C's and its neighbours, is in impasto.h, and is installed."""
    headers = {f"impasto/{pathlib.Path(path).name}": text for path, text in sources(root, "include", ".h")}
    all_of = {found.group(2) for found in INCLUDE.finditer(headers["impasto/impasto.h"])}
    listed = re.search(r"^public_headers = \[(.*?)\]", (root / "meson.build").read_text(encoding="utf-8"),
                       re.DOTALL | re.MULTILINE)
    installed = {f"impasto/{name}.h" for name in re.findall(r"'(\w+)'", listed.group(1))}
    for name, text in headers.items():
        allowed = {"stdbool.h", "stddef.h", "stdint.h", *headers} - {"impasto/impasto.h"}
        for found in INCLUDE.finditer(text):
            if found.group(2) not in allowed:
                yield f"include/{name}:{line_of(text, found.start())}: includes {found.group(2)}"
        if name not in installed:
            yield f"include/{name}: public_headers of meson.build lacks it"
        if name != "impasto/impasto.h" and name not in all_of:
            yield f"include/{name}: impasto.h lacks it"


def check_vendors(root):
    for path, text in sources(root, "src", ".c", ".h"):
        if path == "src/device/quirks.c":
            continue
        for found in VENDORS.finditer(text):
            line = line_of(text, found.start())
            yield f"{path}:{line}: {found.group()} belongs in src/device/quirks.c"


STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')


def check_settings(root):
    """The library names settings; that they are options with dashes is the program's business."""
    for path, text in sources(root, "src", ".c", ".h"):
        if path.startswith(("src/cli/", "src/video/")):
            continue
        text = re.sub(r"/\*.*?\*/", lambda found: re.sub(r"[^\n]", " ", found.group()), text, flags=re.DOTALL)
        for found in STRING.finditer(text):
            if re.search(r"--[a-z]", found.group()):
                yield f"{path}:{line_of(text, found.start())}: write `name` for an option in {found.group()}"


def check_kernel_numbers(root):
    for path, text in sources(root, "cl", ".cl"):
        text = code(text)
        for found in FRACTION.finditer(text):
            if found.group(2) not in ("f", "F"):
                yield f"{path}:{line_of(text, found.start())}: {found.group()} is a double"
        for found in re.finditer(r"\bdouble\d*\b", text):
            yield f"{path}:{line_of(text, found.start())}: {found.group()} needs fp64"


def check_kernel_ids(root):
    """Launches are cut into slices, so a kernel sees neither the whole range nor its own group."""
    for path, text in sources(root, "cl", ".cl"):
        text = code(text)
        for found in re.finditer(r"\bget_(group_id|global_size|num_groups)\b", text):
            yield f"{path}:{line_of(text, found.start())}: {found.group()} depends on the slice"


def check_shared(root):
    """Kernels and C read it both, so that it can hold nothing but names of numbers."""
    text = code((root / SHARED).read_text(encoding="utf-8"))
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not re.fullmatch(r"#\s*(ifndef \w+|endif|define \w+( +-?\d+)?)", line.strip()):
            yield f"{SHARED}:{number}: {line.strip()} is no #define of a whole number"


LAUNCH = re.compile(r"\(struct imp_launch\)\s*\{|\bstruct imp_launch \w+ = \{")


def check_launches(root):
    """A launch whose work is not known is neither paced nor cut on GPUs."""
    for path, text in sources(root, "src/ops", ".c"):
        text = code(text)
        for found in LAUNCH.finditer(text):
            depth, end = 1, found.end()
            while depth and end < len(text):
                depth += {"{": 1, "}": -1}.get(text[end], 0)
                end += 1
            if not re.search(r"\.(flops|bytes) = ", text[found.end():end]):
                yield f"{path}:{line_of(text, found.start())}: a launch states its flops or bytes"


def check_programs(root):
    """Every kernel file is part of a program; the probes are the benchmarks' own."""
    programs = root / "src/ops/programs.c"
    names = set(re.findall(r"\w+", " ".join(STRING.findall(programs.read_text(encoding="utf-8")))))
    for path, _ in sources(root, "cl", ".cl"):
        if path not in ("cl/common.cl", "cl/probe.cl") and pathlib.Path(path).stem not in names:
            yield f"{path}: no program of src/ops/programs.c has it"


def check_listed(root):
    """Tests that tests/meson.build does not name are never run."""
    listed = root / "tests" / "meson.build"
    text = listed.read_text(encoding="utf-8") if listed.exists() else ""
    for folder, pattern, prefix in [("tests/cli", "case_*.py", "case_"), ("tests/unit", "*/test_*.c", "test_"),
                                    ("tests/unit", "test_*.py", None)]:
        for path in sorted((root / folder).glob(pattern)):
            name = path.stem.removeprefix(prefix) if prefix else f"unit/{path.name}"
            if f"'{name}'" not in text:
                yield f"{path.relative_to(root)}: tests/meson.build does not name it"


def check_kernel_words(root):
    """What is a name to one compiler is a keyword of another's dialect: OpenCL C 2 and 3, FPGAs' OpenCL, C++
    for OpenCL. Whatever begins with an underscore is any compiler's."""
    for path, text in sources(root, "cl", ".cl"):
        text = code(text)
        for found in NAME.finditer(text):
            word = found.group()
            if word in RESERVED or (word.startswith("_") and word not in UNDERSCORES):
                yield f"{path}:{line_of(text, found.start())}: {word} is a keyword to some compilers"


# A tree that every rule accepts, though each part of it comes close to breaking one.
GOOD = {
    "meson.build": "public_headers = [\n  'base', 'impasto',\n  'job', 'listed',\n]\n",
    "include/impasto/base.h": "#include <stddef.h>\n",
    "include/impasto/job.h": "#include <impasto/base.h>\n",
    "include/impasto/impasto.h": "#include <impasto/base.h>\n#include <impasto/job.h>\n",
    "src/base/base.h": "#include <impasto/base.h>\n",
    "src/image/image.h": '#include "base/base.h"\n',
    "src/image/png/png.c": '#include "image/image.h"\n#include <png.h>\n',
    "src/device/device.h": '#include "base/base.h"\n#include <CL/cl.h>\n',
    "src/device/quirks.c": '/* Intel, pocl */ #include "device/device.h"\n',
    "cl/shared.h": "#define LANES 4\n",
    "src/ops/tensor.h": '#include "cl/shared.h"\n#include "device/device.h"\n/* clovers are not drivers */\n',
    "src/ops/kernels.h": '#include "ops/tensor.h"\n',
    "src/ops/a.c": '#include "ops/kernels.h"\n#define B imp_a(1)\nint imp_a(int n)\n{\n    return imp_b(n);\n}\n',
    "src/ops/programs.c": 'const char *rows[] = {"add+x", "x"};\n',
    "src/ops/d.c": "f(&(struct imp_launch){.global = {1, {2}}, .bytes = 4 * n});\n",
    "src/ops/c.c": "static int imp_d = 1;\nint imp_c(void)\n{\n    return imp_a(imp_d);\n}\n",
    "src/vgg/vgg.h": '#include "ops/tensor.h"\n',
    "src/paint/job.c": '#include "vgg/vgg.h"\n#include "image/image.h"\n',
    "src/base/os.h": "#include <stdint.h>\n",
    "src/base/os_posix_file.c": '#include "base/os.h"\n#include <sys/stat.h>\n',
    "src/cli/common/common.h": "#include <impasto/impasto.h>\n",
    "src/cli/options/options.h": '#include "cli/common/common.h"\n',
    "src/cli/commands.h": '#include "cli/options/options.h"\n',
    "src/cli/main.c": '#include <impasto/impasto.h>\n#include <stdio.h>\n#include "base/os.h"\n',
    "src/cli/guard/signals.c": "#include <signal.h>\n#include <unistd.h>\n",
    "cl/add.cl": "/* 0.5 and get_group_id() in this class */ x.s1 = 0.5f + 1e-8F + 2.f * 0x1e5 + v16.s2;\n"
                 "__kernel void f(__global const float *new_pipe) { half_of = channels; }\n",
}

# What is added to that tree, and what the complaint says.
BAD = [
    (check_rooms, "src/base/x.c", '#include "device/device.h"', "base may not use device"),
    (check_rooms, "src/device/x.c", '# include "ops/tensor.h"', "device may not use ops"),
    (check_rooms, "src/store/x.c", '#include "device/device.h"', "store may not use device"),
    (check_rooms, "src/device/x.c", '#include "image/image.h"', "device may not use image"),
    (check_rooms, "src/vgg/x.c", '#include "image/image.h"', "vgg may not use image"),
    (check_rooms, "src/ops/x.c", "#include <vgg/vgg.h>", "ops may not use vgg"),
    (check_rooms, "src/cli/x.c", '#include "base/base.h"', "cli may not use base"),
    (check_rooms, "src/vgg/x.c", '#include "optim/optim.h"', "vgg may not use optim"),
    (check_rooms, "src/optim/x.c", '#include "loss/losses.h"', "optim may not use loss"),
    (check_rooms, "src/session/x.c", '#include "paint/paint.h"', "session may not use paint"),
    (check_rooms, "src/vgg/x.c", '#include "vgg.h"', "from its room on"),
    (check_rooms, "src/vgg/x.c", '#include "../image/image.h"', "from its room on"),
    (check_rooms, "src/vgg/x.c", '#include "vgg/../image/image.h"', "from its room on"),
    (check_rooms, "src/vgg/x.c", '#include "vgg/lost.h"', "there is no src/vgg/lost.h"),
    (check_rooms, "src/cli/x.c", "#include <impasto/job.h>", "cli may not use the public header impasto/job.h"),
    (check_rooms, "src/ops/x.c", "#include <impasto/impasto.h>", "ops may not use the public header"),
    (check_rooms, "src/vgg/x.c", '#include "cl/shared.h"', "only ops shares"),
    (check_rooms, "src/ops/x.c", '#include "cl/other.h"', "from its room on"),
    (check_rooms, "src/attic/x.c", "", "does not know"),
    (check_floors, "src/cli/common/x.c", '#include "cli/options/options.h"', "common may not use options"),
    (check_floors, "src/cli/files/x.c", '#include "cli/terminal/terminal.h"', "files may not use terminal"),
    (check_floors, "src/cli/paint/x.c", '#include "cli/commands.h"', "paint may not use ."),
    (check_floors, "src/cli/attic/x.c", '#include "cli/commands.h"', "FLOORS does not know"),
    (check_libraries, "src/ops/x.c", "#include <CL/cl.h>", "only src/device/"),
    (check_libraries, "src/ops/gemm.c", "#include <clblast_c.h>", "gemm_clblast.c"),
    (check_libraries, "src/image/x.c", "#include <png.h>", "png/"),
    (check_libraries, "src/image/x.c", "#include <jpeglib.h>", "jpeg.c"),
    (check_libraries, "src/image/x.c", "#include <lcms2.h>", "colour.c"),
    (check_libraries, "src/image/x.c", "#include <webp/decode.h>", "webp.c"),
    (check_libraries, "src/image/x.c", "#include <tiffio.h>", "tiff/"),
    (check_libraries, "src/image/x.c", "#include <libheif/heif.h>", "heif.c"),
    (check_libraries, "src/vgg/x.c", "#include <hdf5.h>", "hdf5_reader.c"),
    (check_libraries, "src/device/x.c", "#include <jansson.h>", "only src/(cli|model|paint|store|train|vgg)/"),
    (check_libraries, "src/comm/x.c", "#include <mpi.h>", "only src/comm/mpi_module.c"),
    (check_libraries, "src/cli/x.c", "#include <nettle/sha2.h>", "hash.c"),
    (check_libraries, "src/cli/x.c", "#include <chafa.h>", "only src/cli/terminal/show.c"),
    (check_libraries, "src/video/x.c", "#include <libavutil/frame.h>", "only src/video/libav/"),
    (check_libraries, "src/live/x.c", "#include <SDL.h>", "window_sdl.c"),
    (check_os, "src/base/x.c", "#include <unistd.h>", "unistd.h is not on every system"),
    (check_os, "src/base/os.h", "#include <pthread.h>", "base/os.h has what it offers"),
    (check_os, "src/cli/x.c", "#include <sys/stat.h>", "sys/stat.h is not on every system"),
    (check_os, "src/vgg/watchdog.c", "# include <strings.h>", "strings.h is not on every system"),
    (check_inside, "src/vgg/x.c", '#include "ops/kernels.h"', "for its own room"),
    (check_circles, "src/ops/b.c", "int imp_b(int n)\n{\n    return imp_a(n);\n}", "src/ops/a.c, src/ops/b.c"),
    (check_public_headers, "include/impasto/job.h", "#include <CL/cl.h>", "includes CL/cl.h"),
    (check_public_headers, "include/impasto/job.h", "#include <impasto/impasto.h>", "includes impasto/impasto.h"),
    (check_public_headers, "include/impasto/listed.h", "", "impasto.h lacks it"),
    (check_public_headers, "include/impasto/impasto.h", "#include <impasto/base.h>", "include/impasto/job.h: impasto.h lacks"),
    (check_vendors, "src/ops/x.c", "/* slow on AMD */", "AMD belongs"),
    (check_vendors, "src/device/x.c", 'find(name, "Rusticl");', "Rusticl belongs"),
    (check_settings, "src/vgg/x.c", 'fail("use another --device");', "write `name`"),
    (check_kernel_numbers, "cl/x.cl", "y = 0.5 * x;", "0.5 is a double"),
    (check_kernel_numbers, "cl/x.cl", "y = .5 * x;", ".5 is a double"),
    (check_kernel_numbers, "cl/x.cl", "y = 1e-8 * x;", "1e-8 is a double"),
    (check_kernel_numbers, "cl/x.cl", "double4 y;", "double4 needs fp64"),
    (check_kernel_ids, "cl/x.cl", "get_group_id(0);", "get_group_id"),
    (check_kernel_ids, "cl/x.cl", "get_global_size(0);", "get_global_size"),
    (check_launches, "src/ops/x.c", "f(&(struct imp_launch){.global = {1}});", "flops or bytes"),
    (check_launches, "src/ops/x.c", "struct imp_launch launch = {.global = {1, {2}}}; int bytes = 1;", "flops or bytes"),
    (check_programs, "cl/lost.cl", "/* nothing */", "no program"),
    (check_shared, "cl/shared.h", "#define HALF 0.5f", "whole number"),
    (check_shared, "cl/shared.h", "int f(int n);", "whole number"),
    (check_listed, "tests/cli/case_lost.py", "import support", "does not name it"),
    (check_listed, "tests/unit/ops/test_lost.c", "int main(void)", "does not name it"),
    (check_listed, "tests/unit/test_lost.py", "import unittest", "does not name it"),
    (check_kernel_words, "cl/x.cl", "int f(int channel);", "channel is a keyword"),
    (check_kernel_words, "cl/x.cl", "y[pipe] = 1;", "pipe is a keyword"),
    (check_kernel_words, "cl/x.cl", "float4 half4 = x;", "half4 is a keyword"),
    (check_kernel_words, "cl/x.cl", "int generic = 1;", "generic is a keyword"),
    (check_kernel_words, "cl/x.cl", "local float4 *x;", "local is a keyword"),
    (check_kernel_words, "cl/x.cl", "p.half = 1;", "half is a keyword"),
    (check_kernel_words, "cl/x.cl", "#define GROW(this) 1", "this is a keyword"),
    (check_kernel_words, "cl/x.cl", "int _Private = 1;", "_Private is a keyword"),
]

RULES = sorted({row[0] for row in BAD}, key=lambda rule: rule.__name__)


class Layering(unittest.TestCase):
    def test_our_tree_keeps_every_rule(self):
        for rule in RULES:
            with self.subTest(rule.__name__):
                self.assertEqual(list(rule(ROOT)), [])

    def test_our_tree_is_looked_at(self):
        rooms = {path.split("/")[1] for path, *_ in includes(ROOT)}
        self.assertEqual(rooms, set(ROOMS))
        self.assertTrue(list(sources(ROOT, "cl", ".cl")))

    def test_a_good_tree_is_accepted(self):
        with tempfile.TemporaryDirectory() as folder:
            root = write_tree(folder, GOOD)
            for rule in RULES:
                with self.subTest(rule.__name__):
                    self.assertEqual(list(rule(root)), [])

    def test_each_rule_finds_what_breaks_it(self):
        for rule, path, text, complaint in BAD:
            with self.subTest(rule.__name__, path=path, text=text):
                with tempfile.TemporaryDirectory() as folder:
                    found = list(rule(write_tree(folder, {**GOOD, path: f"\n{text}\n"})))
                self.assertEqual(len(found), 1, found)
                self.assertIn(complaint, found[0])
                self.assertIn("impasto" if rule is check_public_headers else path if text else "src/attic", found[0])


def write_tree(folder, files):
    root = pathlib.Path(folder)
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return root


if __name__ == "__main__":
    sys.exit(unittest.main())
