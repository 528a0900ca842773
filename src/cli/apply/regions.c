/* SPDX-License-Identifier: MIT */
/* Parts of the picture with styles of their own. */

#include "cli/apply/apply.h"
#include "cli/files/files.h"

#include <stdlib.h>
#include <string.h>

static enum impasto_status load(const char *word, uint64_t max_pixels,
                                const struct impasto_model *model, struct cli_regions *regions,
                                struct impasto_error *error)
{
    const size_t at = regions->count, styles = impasto_model_info(model)->style_count;
    const char *equals = strrchr(word, '=');
    if (!equals || equals == word || !equals[1])
        return cli_fail(error, IMPASTO_ERROR_USAGE,
                        "--region %s: write it as FILE=STYLE or FILE=STYLE:0.5,STYLE:0.5", word);
    char *name = strdup(word);
    regions->count++;
    if (name)
        name[equals - word] = 0;
    enum impasto_status status = name ? cli_mix_read(equals + 1, model, &regions->mix[at], error)
                                      : cli_fail_memory(error, "a region");
    if (status == IMPASTO_OK)
        status = cli_mask_load(name, max_pixels, &regions->mask[at], error);
    regions->region[at] = (struct impasto_apply_region){
        .struct_size = sizeof(struct impasto_apply_region),
        .mask = regions->mask[at],
        .mix = regions->mix[at].weight,
        .mix_count = styles,
    };
    free(name);
    return status;
}

enum impasto_status cli_regions_load(const struct cli_list *list, uint64_t max_pixels,
                                     const struct impasto_model *model, struct cli_regions *regions,
                                     struct impasto_error *error)
{
    enum impasto_status status = IMPASTO_OK;
    for (int i = 0; i < list->count && status == IMPASTO_OK; i++)
        status = load(list->item[i], max_pixels, model, regions, error);
    return status;
}

void cli_regions_free(struct cli_regions *regions)
{
    for (size_t i = 0; i < regions->count; i++) {
        impasto_image_free(&regions->mask[i]);
        cli_mix_free(&regions->mix[i]);
    }
    *regions = (struct cli_regions){0};
}
