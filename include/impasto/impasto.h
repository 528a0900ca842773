/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_IMPASTO_H
#define IMPASTO_IMPASTO_H

/*
 * Impasto: neural style transfer on any OpenCL device.
 *
 * The way through this header: open a device, open weights, load or create a content image and one
 * or more style images, take the parameters of a preset, open a job, run it (or step it), take the
 * picture, close everything.
 * examples/stylize.c is that way as a program.
 *
 * Conventions
 * - Every function that can fail returns an `enum impasto_status` and takes, last, a pointer to a
 *   `struct impasto_error` that it fills with one line for a person to read. The pointer may be
 *   NULL. On failure, out parameters are left NULL or untouched.
 * - Messages name settings in backquotes, by the names that the program's options have:
 * "`style-size`".
 * - `_close` and `_free` take the address of the handle, set it to NULL, and accept NULL handles.
 * - The library keeps no global state, prints nothing and never calls exit(). What it has to say
 *   goes to the log function given to impasto_device_open().
 * - A device and everything opened on it belong to one thread at a time. Different devices may be
 *   used from different threads, which may share weights and pictures: jobs only read them.
 * - Strings are UTF-8 and, unless stated otherwise, owned by the object they were
 * read from. */

#include <impasto/base.h>
#include <impasto/device.h>
#include <impasto/file.h>
#include <impasto/image.h>
#include <impasto/job.h>
#include <impasto/params.h>
#include <impasto/plan.h>
#include <impasto/progress.h>
#include <impasto/setting.h>
#include <impasto/weights.h>

#endif
