#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""declare.py INCLUDE OUT.c: the C source of the module impasto._binding, made by cffi.

The public headers are the one source of what is declared. They hold nothing but declarations, plain
numbers as macros, and a few inline functions that callers compiled in C use; the binding does
without these. The compiler then checks every struct and function against the headers themselves.
"""

import pathlib
import re
import sys

import cffi

# What Python is called back by, and what the headers leave to C: memory that a picture frees.
OWN = """
extern "Python" void binding_log(void *, enum impasto_log_level, const char *);
extern "Python" void binding_device(void *, const struct impasto_device_info *);
extern "Python" void binding_place(void *, const char *, bool);
extern "Python" void binding_check(void *, const struct impasto_check *);
extern "Python" int binding_step(void *, const struct impasto_job_progress *);
const char *binding_version(void);
const char *binding_data_folder(void);
bool binding_add_alpha(struct impasto_image *);
bool binding_set_settings(struct impasto_image *, const char *);
void free(void *);
"""

SOURCE = """
#include <impasto/impasto.h>
#include <stdlib.h>
#include <string.h>

/* Of the headers that the compiler sees. */
static const char *binding_version(void)
{
    return IMP_VERSION;
}

static const char *binding_data_folder(void)
{
    return IMP_DATA_FOLDER;
}

/* Transparency, all 0; false: there is no memory. */
static bool binding_add_alpha(struct impasto_image *image)
{
    image->alpha = calloc((size_t)image->width * (size_t)image->height, sizeof(float));
    return image->alpha != NULL;
}

/* A copy of the text, or none for NULL; false: there is no memory. */
static bool binding_set_settings(struct impasto_image *image, const char *text)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return false;
    free(image->settings);
    image->settings = copy;
    return true;
}
"""


def headers(include, name, seen):
    """The text of a public header and, before it, of those that it includes."""
    if name in seen:
        return ""
    seen.add(name)
    text = (include / name).read_text(encoding="utf-8")
    below = re.findall(r"^#include <(impasto/\w+\.h)>", text, re.M)
    return "".join(headers(include, other, seen) for other in below) + text


def declarations(include):
    """What cffi reads: declarations alone, and macros that are numbers."""
    text = headers(include, "impasto/impasto.h", set())
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = re.sub(r"^#ifdef __cplusplus\n.*?^#endif\n", "", text, flags=re.M | re.S)
    numbers = re.findall(r"^#define (IMPASTO_\w+) \(?(-?\d+)\)?\s*$", text, re.M)
    text = re.sub(r"^ *#.*\n", "", text, flags=re.M)
    text = re.sub(r"\bIMPASTO_(API|MUST_CHECK)\b", "", text)
    text = re.sub(r"^\s*static inline .*?^}\n", "", text, flags=re.M | re.S)
    return "".join(f"#define {name} {value}\n" for name, value in numbers) + text + OWN


def main():
    include, made = pathlib.Path(sys.argv[1]), sys.argv[2]
    ffi = cffi.FFI()
    ffi.cdef(declarations(include))
    ffi.set_source("impasto._binding", SOURCE)
    ffi.emit_c_code(made)


if __name__ == "__main__":
    main()
