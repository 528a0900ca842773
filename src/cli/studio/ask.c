/* SPDX-License-Identifier: MIT */
/* From what a page asks for to a job. Everything is looked at: what is not known is refused, and no
 * text of the page's becomes a name of a file. */

#include "cli/studio/studio.h"

#include <string.h>

#define STYLES_MOST 16
#define WEIGHT_MOST 1000.0
#define PHOTOS_MOST 200

struct asking {
    const struct cli_studio *studio;
    const char *field; /* the one at hand */
    struct impasto_error *error;
};

static enum impasto_status bad(const struct asking *asking, const char *what)
{
    return cli_fail(asking->error, IMPASTO_ERROR_USAGE, "%s: %s", asking->field, what);
}

static enum impasto_status check_keys(struct asking *asking, const json_t *object,
                                      const char *known)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)object, key, value)
    {
        const char *at = strstr(known, key);
        const size_t length = strlen(key);
        const bool whole = at && length > 0 && (at == known || at[-1] == ' ') &&
                           (at[length] == ' ' || at[length] == '\0');
        if (!whole)
            return cli_fail(asking->error, IMPASTO_ERROR_USAGE, "%.60s: nothing that a job has",
                            key);
    }
    return IMPASTO_OK;
}

static enum impasto_status check_file(struct asking *asking, const json_t *id, bool film)
{
    const char *text = json_string_value(id);
    if (!cli_is_id(text))
        return bad(asking, "must be a picture's id");
    const json_t *there = json_object_get(asking->studio->pictures, text);
    if (!there)
        return bad(asking, "this picture is not here any more; drop it again");
    if (json_is_true(json_object_get(there, "film")) == film)
        return IMPASTO_OK;
    return bad(asking, film ? "must be a film" : "must be a picture, and no film");
}

static enum impasto_status check_picture(struct asking *asking, const json_t *id)
{
    return check_file(asking, id, false);
}

static enum impasto_status check_styles(struct asking *asking, const json_t *styles)
{
    asking->field = "styles";
    if (!json_is_array(styles) || json_array_size(styles) == 0)
        return bad(asking, "drop a painting as well");
    if (json_array_size(styles) > STYLES_MOST)
        return bad(asking, "16 paintings are the most");
    for (size_t i = 0; i < json_array_size(styles); i++) {
        const json_t *style = json_array_get(styles, i), *weight = json_object_get(style, "weight");
        enum impasto_status status = check_keys(asking, style, "picture weight");
        if (status == IMPASTO_OK)
            status = check_picture(asking, json_object_get(style, "picture"));
        if (status != IMPASTO_OK)
            return status;
        const double value = weight ? json_number_value(weight) : 1;
        if (!(value > 0) || value > WEIGHT_MOST)
            return bad(asking, "a weight must be above 0, and 1000 at most");
    }
    return IMPASTO_OK;
}

static enum impasto_status check_mask(struct asking *asking, const json_t *mask)
{
    const json_t *colour = json_object_get(mask, "colour");
    const char *text = json_string_value(colour);
    enum impasto_status status = json_is_object(mask) ? check_keys(asking, mask, "picture colour")
                                                      : bad(asking, "must be an object");
    if (status == IMPASTO_OK)
        status = check_picture(asking, json_object_get(mask, "picture"));
    if (status == IMPASTO_OK && colour &&
        !(text && strlen(text) == 6 && strspn(text, "0123456789abcdef") == 6))
        status = bad(asking, "a colour must have six hexadecimal digits");
    return status;
}

static enum impasto_status check_masks(struct asking *asking, const json_t *asked)
{
    const json_t *keep = json_object_get(asked, "keep"), *masks = json_object_get(asked, "masks");
    enum impasto_status status = IMPASTO_OK;
    asking->field = "keep";
    if (keep)
        status = check_mask(asking, keep);
    if (status != IMPASTO_OK || !masks)
        return status;
    asking->field = "masks";
    if (!json_is_array(masks) || json_array_size(masks) > STYLES_MOST)
        return bad(asking, "must be a list of 16 regions at most");
    for (size_t i = 0; status == IMPASTO_OK && i < json_array_size(masks); i++)
        status = check_mask(asking, json_array_get(masks, i));
    return status;
}

/* {"picture": ID, "colour": "rrggbb", "mix": "ink"}, for a network with that style. */
static enum impasto_status check_region(struct asking *asking, const json_t *region,
                                        const char *model)
{
    const char *style = cli_text_in(region, "mix");
    json_t *mask = json_copy((json_t *)region);
    json_object_del(mask, "mix");
    enum impasto_status status = check_mask(asking, mask);
    json_decref(mask);
    if (status == IMPASTO_OK && !(style && cli_model_has(asking->studio, model, style)))
        status = bad(asking, "the style network has no style of that name");
    return status;
}

static enum impasto_status check_regions(struct asking *asking, const json_t *asked)
{
    const json_t *regions = json_object_get(asked, "regions");
    enum impasto_status status = IMPASTO_OK;
    asking->field = "regions";
    if (regions && (!json_is_array(regions) || json_array_size(regions) > STYLES_MOST))
        return bad(asking, "must be a list of 16 regions at most");
    if (json_array_size(regions) > 0 && cli_job_paints(asked))
        return bad(asking, "only a network's picture as it is has them; leave out refine");
    for (size_t i = 0; status == IMPASTO_OK && i < json_array_size(regions); i++)
        status = check_region(asking, json_array_get(regions, i), cli_text_in(asked, "model"));
    return status;
}

static enum impasto_status check_photos(struct asking *asking, const json_t *photos)
{
    enum impasto_status status = IMPASTO_OK;
    asking->field = "photos";
    if (photos && (!json_is_array(photos) || json_array_size(photos) > PHOTOS_MOST))
        return bad(asking, "must be a list of 200 photographs at most");
    for (size_t i = 0; status == IMPASTO_OK && i < json_array_size(photos); i++)
        status = check_picture(asking, json_array_get(photos, i));
    return status;
}

static enum impasto_status check_model(struct asking *asking, const json_t *model)
{
    const char *name = json_string_value(model);
    asking->field = "model";
    return name && cli_model_is_there(asking->studio, name)
               ? IMPASTO_OK
               : bad(asking, "no style network of that name is installed");
}

static enum impasto_status no_styles(struct asking *asking, bool film)
{
    asking->field = "styles";
    return bad(asking, film ? "either a network or paintings paint a film" : "they go with refine");
}

/* Paintings paint, or are what a network's picture is refined towards: then they may be left out
 * where the network keeps its own. */
static enum impasto_status check_paintings(struct asking *asking, const json_t *asked, bool film,
                                           bool network)
{
    const json_t *styles = json_object_get(asked, "styles");
    const bool refines = network && !film && cli_job_paints(asked);
    if (network && !refines && styles)
        return no_styles(asking, film);
    if (network && !styles &&
        (!refines || cli_model_keeps_pictures(asking->studio, cli_text_in(asked, "model"))))
        return IMPASTO_OK;
    return check_styles(asking, styles);
}

static enum impasto_status check(struct asking *asking, const json_t *asked,
                                 const struct cli_kind *kind)
{
    const bool film = strcmp(kind->command, "video") == 0;
    const bool network =
        strcmp(kind->command, "apply") == 0 || (film && json_object_get(asked, "model") != NULL);
    enum impasto_status status = check_keys(asking, asked, kind->keys);
    asking->field = "content";
    if (status == IMPASTO_OK && !json_object_get(asked, "content"))
        status = bad(asking, "drop a photograph first");
    if (status == IMPASTO_OK)
        status = check_file(asking, json_object_get(asked, "content"), film);
    if (status == IMPASTO_OK && network)
        status = check_model(asking, json_object_get(asked, "model"));
    if (status == IMPASTO_OK)
        status = check_paintings(asking, asked, film, network);
    if (status == IMPASTO_OK)
        status = check_masks(asking, asked);
    if (status == IMPASTO_OK)
        status = check_regions(asking, asked);
    if (status == IMPASTO_OK)
        status = check_photos(asking, json_object_get(asked, "photos"));
    return status == IMPASTO_OK ? cli_allowed_check(kind, json_object_get(asked, "settings"),
                                                    &asking->field, asking->error)
                                : status;
}

enum impasto_status cli_job_make(const struct cli_studio *studio, const json_t *asked, json_t **job,
                                 const char **field, struct impasto_error *error)
{
    struct asking asking = {.studio = studio, .field = "command", .error = error};
    const struct cli_kind *kind = cli_kind_find(cli_text_in(asked, "command"));
    char id[CLI_ID_SIZE];
    enum impasto_status status =
        kind ? check(&asking, asked, kind) : bad(&asking, "must be paint, apply, train or video");
    *field = asking.field;
    if (status == IMPASTO_OK && !cli_secret_make(id, sizeof(id)))
        status = cli_fail(error, IMPASTO_ERROR_INTERNAL, "the system gives no random numbers");
    if (status != IMPASTO_OK)
        return status;
    *job = json_deep_copy(asked);
    json_object_set_new(*job, "id", json_string(id));
    json_object_set_new(*job, "log", json_array());
    return IMPASTO_OK;
}
