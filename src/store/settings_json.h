/* SPDX-License-Identifier: MIT */
#ifndef IMP_SETTINGS_JSON_H
#define IMP_SETTINGS_JSON_H

/* A work's parameters as JSON, by its table of settings. */

#include "base/setting.h"

#include <jansson.h>

/* NULL: no memory. */
json_t *imp_settings_to_json(const struct impasto_setting *settings, size_t count,
                             const void *params);
/* Over the defaults, which params has; of a setting that came later than the file they stay. Texts
 * are json's. false: something is missing, or of another type. */
bool imp_settings_from_json(const json_t *json, const struct impasto_setting *settings,
                            size_t count, void *params);

#endif
