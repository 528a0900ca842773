/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_IMPASTO_H
#define IMPASTO_IMPASTO_H

/*
 * Impasto: neural style transfer on any OpenCL device.
 *
 * A program goes this way. It opens a device and weights. It loads or creates a content image and
 * one or more style images. It takes the parameters of a preset and opens a job. It runs the job,
 * or takes its steps one by one. It takes the picture, and closes everything. examples/stylize.c is
 * such a program.
 *
 * Conventions
 * - Every function that can fail returns an `enum impasto_status` and takes, last, a pointer to a
 *   `struct impasto_error`. It fills that with one line for a person to read. The pointer may be
 *   NULL. On failure, out parameters are left NULL or untouched.
 * - Messages name settings in backquotes: `style-size`. The program's options have the same names.
 * - `_close` and `_free` take the address of a handle and set it to NULL. The handle may be NULL.
 * - The library prints nothing and never calls exit(). What it has to say goes to the log function
 *   given to impasto_device_open(). All state is in its objects; the process has only locks, and
 * the clocks that impasto_device_waiting() reads.
 * - A device and everything opened on it belong to one thread at a time. Different devices may be
 *   used from different threads. These may share weights and pictures, since jobs only read them.
 * - Strings are UTF-8. Unless stated otherwise, they belong to the object they were read from.
 *
 * Later versions
 * - Structs that the caller fills begin with struct_size. The caller sets it to the size of the
 *   struct. Later versions add members at the end only. Members that lie beyond an older caller's
 *   struct_size get their defaults. So a program that was built before goes on working:
 *
 *       struct impasto_style style = {.struct_size = sizeof(style)};
 *       style.image = painting;
 *       style.weight = 1;
 *
 *   impasto_params_preset() sets the struct_size of struct impasto_params. Elements of one array
 *   all have the same struct_size.
 * - Structs that the library hands out may grow at their end, such as struct impasto_job_info. They
 *   come as pointers. A program's copy has the members that the program knows.
 * - Elements of arrays that the library hands out do not grow, such as rows of a plan or a profile.
 *   New facts get new arrays.
 */

#include <impasto/apply.h>
#include <impasto/base.h>
#include <impasto/clip.h>
#include <impasto/device.h>
#include <impasto/file.h>
#include <impasto/image.h>
#include <impasto/job.h>
#include <impasto/model.h>
#include <impasto/params.h>
#include <impasto/pixels.h>
#include <impasto/plan.h>
#include <impasto/progress.h>
#include <impasto/ranks.h>
#include <impasto/setting.h>
#include <impasto/train.h>
#include <impasto/weights.h>

#endif
