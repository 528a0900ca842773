/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_SETTING_H
#define IMPASTO_SETTING_H

/* The settings of struct impasto_params by name: a list of them, and their values as text. Programs
 * make options, forms and keyword arguments from the list. */

#include <impasto/base.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct impasto_params;

/* The type of a setting's member, and how its text reads. A word, such as "auto", may stand for a
 * number: see `words` below. */
enum impasto_setting_kind {
    IMPASTO_SETTING_FLAG,   /* bool: "yes" or "no" */
    IMPASTO_SETTING_INT,    /* int: "512", or a word */
    IMPASTO_SETTING_UINT64, /* uint64_t: "42" */
    IMPASTO_SETTING_BYTES,  /* uint64_t: "900M", "1.5GiB", "65536"; K, M, G, T are powers of 1024 */
    IMPASTO_SETTING_FLOAT,  /* float: "0.5", with a point in every locale */
    IMPASTO_SETTING_CHOICE, /* an enum: one of the words */
    IMPASTO_SETTING_TEXT,   /* const char *: any text but an empty one; NULL: not set */
    IMPASTO_SETTING_LAYERS, /* `count` floats: "conv1_1:1,4_2:0.5", see impasto_layers_parse() */
    IMPASTO_SETTING_SCALES, /* an int and behind it `count` ints: "auto", "3", or "128,256" */
};

/* What changes when a setting gets another value. */
enum impasto_setting_decides {
    IMPASTO_DECIDES_RESULT,   /* the picture */
    IMPASTO_DECIDES_ROUNDING, /* the picture's last bits, since it is computed another way */
    IMPASTO_DECIDES_END,      /* the number of iterations after which the job is done */
    IMPASTO_DECIDES_NOTHING,  /* nothing of the picture */
};

struct impasto_setting_word {
    const char *text; /* NULL ends a list */
    int value;        /* the number that it stands for; of a TEXT: 0 */
};

struct impasto_setting {
    const char *name;  /* "style-size" */
    const char *about; /* for people: what it does, and its default in parentheses at the end. Other
                          settings are named in backquotes. */
    const char *standard; /* the text of the default preset's value; NULL: it depends on the
                             weights, or nothing is set */
    enum impasto_setting_kind kind;
    enum impasto_setting_decides decides;
    size_t offset; /* of the member in struct impasto_params */
    int count;     /* elements: of a LAYERS IMPASTO_LAYERS, of a SCALES 1 to 64; else 0 */
    /* Limits of a number, and of each size of a SCALES. high may be INFINITY, which is not itself
     * allowed. */
    double low, high;
    bool above_low, below_high; /* the limit itself is not allowed */
    /* A CHOICE or FLAG takes these words alone. A TEXT suggests them. Other kinds take them beside
     * numbers. NULL: there are none. */
    const struct impasto_setting_word *words;
};

/* The settings of struct impasto_params, from index 0 on. NULL: the index is behind the last one.
 * Static. */
IMPASTO_API const struct impasto_setting *impasto_setting_at(size_t index);

/* The setting of this name. NULL: there is none. Static. */
IMPASTO_API const struct impasto_setting *impasto_setting_find(const char *name);

/*
 * Sets one setting by name. Example: impasto_setting_set(&params, "size", "512", &error).
 *
 * params: struct_size must be set, as impasto_params_preset() does.
 *
 * text: the value. For a TEXT the pointer is stored, not a copy, so the text must live as long as
 * the parameters are used. For other kinds it is not needed afterwards.
 *
 * IMPASTO_ERROR_USAGE: there is no such setting, or the value does not fit; the message says what
 * would. Then params are as they were.
 */
IMPASTO_API enum impasto_status impasto_setting_set(struct impasto_params *params, const char *name,
                                                    const char *text,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Writes the text that would set a setting to the value that it has. What is not set gives "":
 * a `memory` of 0, texts that are NULL, and layers that are all unused.
 *
 * text, size: the caller's bytes. IMPASTO_SETTING_LONGEST are enough for every kind but TEXT.
 *
 * IMPASTO_ERROR_USAGE: there is no such setting, or `size` bytes are too few.
 */
#define IMPASTO_SETTING_LONGEST 512
IMPASTO_API enum impasto_status impasto_setting_get(const struct impasto_params *params,
                                                    const char *name, char *text, size_t size,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads a value for any setting, also for one that the caller has described itself. So a program's
 * other settings are read and refused in the same way.
 *
 * members: the struct that setting->offset counts from. NULL: the text is only checked.
 */
IMPASTO_API enum impasto_status
impasto_setting_read(const struct impasto_setting *setting, const char *text, void *members,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
