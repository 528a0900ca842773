/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_SETTING_H
#define IMPASTO_SETTING_H

/* The settings of struct impasto_params by name: what there is, and their values as text. Programs
 * make options, forms and keyword arguments from it. */

#include <impasto/base.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct impasto_params;

/* What a setting's member is, and how its text reads. Words stand for numbers, see below. */
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

/* What another value changes. */
enum impasto_setting_decides {
    IMPASTO_DECIDES_RESULT,   /* the picture */
    IMPASTO_DECIDES_ROUNDING, /* its last bits: how it is computed */
    IMPASTO_DECIDES_END,      /* after how many iterations the job is done */
    IMPASTO_DECIDES_NOTHING,  /* nothing of the picture */
};

struct impasto_setting_word {
    const char *text; /* NULL ends a list */
    int value;        /* in the member; of a TEXT: 0 */
};

struct impasto_setting {
    const char *name;  /* "style-size" */
    const char *about; /* for people: what it does, and its default in parentheses at the end. Other
                          settings are named in backquotes. */
    const char *standard; /* the text of the default preset's value; NULL: it depends on the
                             weights, or nothing is set */
    enum impasto_setting_kind kind;
    enum impasto_setting_decides decides;
    size_t offset; /* of the member */
    int count;     /* elements of a LAYERS or SCALES; else 0 */
    /* Limits of a number, and of each size of a SCALES. high may be INFINITY, which is out. */
    double low, high;
    bool above_low, below_high;               /* the limit itself is out */
    const struct impasto_setting_word *words; /* of a CHOICE or FLAG all that there is; of other
                                                 kinds also taken, of a TEXT suggested; or NULL */
};

/* The settings of struct impasto_params, from index 0 on; NULL: that was the last one. Static. */
IMPASTO_API const struct impasto_setting *impasto_setting_at(size_t index);

/* The one of this name; NULL: there is none. */
IMPASTO_API const struct impasto_setting *impasto_setting_find(const char *name);

/*
 * Sets one setting by name: impasto_setting_set(&params, "size", "512", &error).
 *
 * Of a TEXT the pointer is stored, not a copy: the text must live as long as the parameters are
 * used. Texts of other kinds are not needed afterwards. params->struct_size must be set, as
 * impasto_params_preset() does. IMPASTO_ERROR_USAGE for an unknown name and for a value that does
 * not fit, with what would; then params are as they were.
 */
IMPASTO_API enum impasto_status impasto_setting_set(struct impasto_params *params, const char *name,
                                                    const char *text,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * The other way round: writes the text that would set the value. What is not set, as `memory` of 0
 * and texts that are NULL, is "". IMPASTO_ERROR_USAGE for an unknown name, and where `size` bytes
 * are too few; IMPASTO_SETTING_LONGEST are enough for every kind but TEXT.
 */
#define IMPASTO_SETTING_LONGEST 512
IMPASTO_API enum impasto_status impasto_setting_get(const struct impasto_params *params,
                                                    const char *name, char *text, size_t size,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads a value for any row, also one of the caller's own, so that a program's other settings are
 * read and refused as these are. `members` is the struct that the row's offset is in; NULL: the
 * text is only checked.
 */
IMPASTO_API enum impasto_status
impasto_setting_read(const struct impasto_setting *setting, const char *text, void *members,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
