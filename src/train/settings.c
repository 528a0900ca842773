/* SPDX-License-Identifier: MIT */
/* The one table of the settings of a training, as src/paint/settings.c is that of a painting. */

#include "store/settings_json.h"
#include "train/train.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#define MIB 1048576.0

#define WORDS (const struct impasto_setting_word[])
#define AUTO                                                                                       \
    WORDS                                                                                          \
    {                                                                                              \
        {"auto", IMPASTO_TRAIN_AUTO},                                                              \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define BY_LENGTH                                                                                  \
    WORDS                                                                                          \
    {                                                                                              \
        {"auto", IMPASTO_TRAIN_BY_LENGTH},                                                         \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }
#define AT(member) .offset = offsetof(struct impasto_train_params, member)

#define COUNT .kind = IMPASTO_SETTING_INT
#define SIZES .kind = IMPASTO_SETTING_INT, .low = IMP_SMALLEST_CROP, .high = IMP_LARGEST_CROP
#define REAL .kind = IMPASTO_SETTING_FLOAT
#define FLAG .kind = IMPASTO_SETTING_FLAG, .words = imp_setting_flag
#define BYTES .kind = IMPASTO_SETTING_BYTES, .high = 64 * MIB * MIB
#define ANY .high = INFINITY, .below_high = true
#define NOTHING .decides = IMPASTO_DECIDES_NOTHING

/* clang-format off */
static const struct impasto_setting table[] = {
    {"width", AT(width), .kind = IMPASTO_SETTING_CHOICE,
     .words = WORDS{{"8", 8}, {"16", 16}, {"32", 32}, {0}}, .standard = "16",
     .about = "channels of the first layer of a network that begins from nothing: more are slower "
              "and see more (16)"},
    {"steps", AT(steps), COUNT, .low = 1, .high = IMP_MOST_STEPS, .words = AUTO,
     .standard = "auto", .about = "steps in all (450 from a base, 2000 from nothing)"},
    {"minutes", AT(minutes), REAL, .high = 100000, .words = WORDS{{"none", 0}, {0}},
     .standard = "none", .about = "how long it may take, in place of `steps` (none)"},
    {"patience", AT(patience), COUNT, .high = IMP_MOST_STEPS,
     .words = WORDS{{"auto", IMPASTO_TRAIN_PATIENCE_AUTO}, {0}}, .standard = "auto",
     .about = "steps without anything better, after which it comes to its end; 0: it goes on (a "
              "third of the steps, or 100 where that is more)"},
    {"batch", AT(batch), COUNT, .low = 1, .high = IMP_LARGEST_BATCH, .standard = "2",
     .about = "crops of training pictures in a step (2)"},
    {"crop", AT(crop), SIZES, .standard = "160", .about = "their sides in pixels (160)"},
    {"late-batch", AT(late_batch), COUNT, .low = 1, .high = IMP_LARGEST_BATCH, .standard = "1",
     .about = "crops in a late step (1)"},
    {"late-crop", AT(late_crop), SIZES, .standard = "288", .about = "their sides in pixels (288)"},
    {"late-share", AT(late_share), REAL, .high = 1, .standard = "0.333333333",
     .about = "how much of the steps are late ones (1/3)"},
    {"learning-rate", AT(learning_rate), REAL, .above_low = true, .high = 0.1, .words = AUTO, .standard = "auto",
     .about = "Adam's step (0.003 from a base, 0.0015 from nothing)"},
    {"late-rate", AT(late_rate), REAL, .above_low = true, .high = 10, .standard = "0.7",
     .about = "its factor in late steps (0.7)"},
    {"norm-rate", AT(norm_rate), REAL, .above_low = true, .high = 100, .words = AUTO, .standard = "auto",
     .about = "its factor for what each style has of its own (10 from a base or with several "
              "styles, else 1)"},
    {"clip", AT(clip), REAL, .above_low = true, ANY, .standard = "10",
     .about = "the most that the gradient's norm may be (10)"},
    {"average", AT(average), REAL, .high = 1, .below_high = true, .standard = "0.995",
     .about = "how much of the average over the steps, which the model has, stays at each (0.995)"},
    {"content-weight", AT(content_weight), REAL, ANY, .standard = "1",
     .about = "how much the photograph counts (1)"},
    {"style-weight", AT(style_weight), REAL, .above_low = true, ANY, .words = AUTO, .standard = "auto",
     .about = "how much the style counts (5.6, or 17 with the built-in weights)"},
    {"tv-weight", AT(tv_weight), REAL, ANY, .standard = "1", .about = "how much smoothness counts (1)"},
    {"range-weight", AT(range_weight), REAL, ANY, .standard = "10",
     .about = "how much it counts where colours leave their range (10)"},
    {"lattice-weight", AT(lattice_weight), REAL, ANY, .standard = "20",
     .about = "how much it counts where the painting repeats every 4 pixels, which shows as a weave in "
              "even skies (20)"},
    {"weave-weight", AT(weave_weight), REAL, ANY, .words = BY_LENGTH, .standard = "auto",
     .about = "how much it counts where strokes repeat in rows, more than in the style's picture and "
              "the photograph (40 from 15 minutes or 3000 steps on, else 0)"},
    {"noise", AT(noise), REAL, .high = 0.25, .words = BY_LENGTH, .standard = "auto",
     .about = "noise that the network sees with every picture, so that strokes in even skies need not "
              "be alike: its deviation, where colours are from 0 to 1 (0.0125 from 15 minutes or 3000 "
              "steps on, else as the base has it, or 0; 0 with steady-weight; as the model has it whose "
              "styles are kept)"},
    {"steady-weight", AT(steady_weight), REAL, ANY, .standard = "0",
     .about = "how much it counts that paintings of what moves hold still, for films and cameras; "
              "pictures are set in motion for it (0)"},
    {"steady-features", AT(steady_features), REAL, ANY, .standard = "0.5",
     .about = "with `steady-weight`, how much it counts that the network sees the same in what "
              "moves (0.5)"},
    {"ramp", AT(ramp), COUNT, .high = IMP_MOST_STEPS, .standard = "150",
     .about = "steps over which the style's weight rises in a network that begins from nothing (150)"},
    {"style-size", AT(style_size), COUNT, .low = IMP_SMALLEST_CROP, .high = 4096,
     .standard = "384",
     .about = "longer side at which the style pictures are looked at, in pixels: larger ones have "
              "larger strokes (384)"},
    {"identity", AT(identity), FLAG, .standard = "no",
     .about = "also learn a style that leaves pictures as they are, to be mixed with others (no)"},
    {"judge-every", AT(judge_every), COUNT, .low = 1, .high = IMP_MOST_STEPS, .standard = "25",
     .about = "steps from one judgement of pictures not trained on to the next (25)"},
    {"judge-size", AT(judge_size), SIZES, .standard = "256",
     .about = "sides of the pictures that are judged, in pixels (256)"},
    {"seed", AT(seed), .kind = IMPASTO_SETTING_UINT64, .high = 9007199254740992.0, .standard = "0",
     .about = "another one gives other crops in another order, and another beginning (0)"},
    {"memory", AT(memory), BYTES, .low = 16 * MIB, NOTHING,
     .about = "device memory to use at most, such as 900M or 1.5G (what the device can spare)"},
    {"reproducible", AT(reproducible), FLAG, .standard = "no",
     .about = "the same model for any number of ranks (see mpirun), by another order of sums (no)"},
    {"photo-memory", AT(photo_memory), BYTES, .low = MIB, .standard = "256M",
     .about = "memory for training pictures, which limits their number (256M)"},
};
/* clang-format on */

const struct impasto_setting *imp_train_settings(size_t *count)
{
    *count = IMP_COUNT(table);
    return table;
}

struct impasto_train_params imp_train_usual(void)
{
    struct impasto_train_params params = {.struct_size = sizeof(params)};
    for (size_t i = 0; i < IMP_COUNT(table); i++)
        if (table[i].standard)
            (void)imp_setting_read(&table[i], table[i].standard, &params, NULL);
    return params;
}

enum impasto_status impasto_train_params_default_sized(size_t struct_size,
                                                       struct impasto_train_params *params,
                                                       struct impasto_error *error)
{
    struct impasto_train_params usual = imp_train_usual();
    IMP_TRY(imp_sized_check("impasto_train_params", struct_size, sizeof(usual), error));
    usual.struct_size = struct_size;
    memcpy(params, &usual, struct_size);
    return IMPASTO_OK;
}

const struct impasto_setting *impasto_train_setting_at(size_t index)
{
    return index < IMP_COUNT(table) ? &table[index] : NULL;
}

const struct impasto_setting *impasto_train_setting_find(const char *name)
{
    return imp_setting_find(table, IMP_COUNT(table), name);
}

enum impasto_status imp_train_check(const struct impasto_train_params *params,
                                    struct impasto_error *error)
{
    for (size_t i = 0; i < IMP_COUNT(table); i++)
        IMP_TRY(imp_setting_check(&table[i], params, error));
    return IMPASTO_OK;
}

const char *imp_train_difference(const struct impasto_train_params *a,
                                 const struct impasto_train_params *b)
{
    for (size_t i = 0; i < IMP_COUNT(table); i++)
        if (table[i].decides == IMPASTO_DECIDES_RESULT && !imp_setting_same(&table[i], a, b))
            return table[i].name;
    return NULL;
}

json_t *imp_train_params_to_json(const struct impasto_train_params *params)
{
    return imp_settings_to_json(table, IMP_COUNT(table), params);
}

bool imp_train_params_from_json(const json_t *json, struct impasto_train_params *params)
{
    *params = imp_train_usual();
    return imp_settings_from_json(json, table, IMP_COUNT(table), params);
}
