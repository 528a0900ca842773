/* SPDX-License-Identifier: MIT */
#ifndef IMP_SETTING_H
#define IMP_SETTING_H

/*
 * Settings as rows. A row describes one member of a struct of parameters. Each kind of work owns a
 * table of rows, such as paint/settings.c. All that concerns a setting comes from its row: how its
 * text is read and written, its limits, and whether two values are equal. The work knows the names
 * of LAYERS. Here they have only a number.
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
