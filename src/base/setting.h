/* SPDX-License-Identifier: MIT */
#ifndef IMP_SETTING_H
#define IMP_SETTING_H

/*
 * Rows of settings: what there is to know of a member of a struct of parameters. Each work owns a
 * table of them (paint/settings.c), from which everything about a setting comes: how its text is
 * read and written, its limits, and whether two values are the same. LAYERS have names, which the
 * work knows: here they have only sizes.
 */

#include "base/base.h"

#include <impasto/setting.h>

/* The rows' words for a flag. */
extern const struct impasto_setting_word imp_setting_flag[];

/* The row of this name; NULL: there is none. */
const struct impasto_setting *imp_setting_find(const struct impasto_setting *settings, size_t count,
                                               const char *name);

/* Bytes of the member, from its offset on. */
size_t imp_setting_size(const struct impasto_setting *setting);

/* See impasto_setting_read(). */
enum impasto_status imp_setting_read(const struct impasto_setting *setting, const char *text,
                                     void *members, struct impasto_error *error);

/* See impasto_setting_get(); false: it is too long. */
bool imp_setting_write(const struct impasto_setting *setting, const void *members, char *text,
                       size_t size);

/* The fewest digits that bring the float back; false: too long. */
bool imp_setting_write_float(float number, char *text, size_t size);

/* IMPASTO_ERROR_USAGE for a member out of its limits. Those of UINT64 and BYTES are of texts alone.
 */
enum impasto_status imp_setting_check(const struct impasto_setting *setting, const void *members,
                                      struct impasto_error *error);

/* Whether two structs have the same value. */
bool imp_setting_same(const struct impasto_setting *setting, const void *a, const void *b);

#endif
