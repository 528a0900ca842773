/* SPDX-License-Identifier: MIT */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

/* The command line. One table (options.c) drives parsing, --help and the settings in the trace. */

#include <impasto/impasto.h>

#include <stdio.h>

#define CLI_OPTIONS_MOST 64

/* What the command line says besides struct impasto_params. */
struct cli_settings {
    const char *content, *style; /* NULL: not given */
    const char *output;          /* NULL: derived from the pictures' names */
    const char *device;
    bool list_devices, json, self_test, plan, tune;
    const char *preset;
    const char *weights, *export_weights;
    int convention; /* enum impasto_convention */
    const char *init;
    int bits;
    uint64_t max_pixels;
    const char *trace, *gradient;
    int save_every;
    bool show;
    const char *timelapse; /* a folder */
    int timelapse_every;   /* 0: not given */
    const char *report;
    bool quiet, verbose, version, help;
    /* Each option's text as given, by its place in the table. */
    const char *values[CLI_OPTIONS_MOST];
};

/* Reads argv into settings, checking every value by itself; says in `error` what is wrong. The
 * strings stay argv's. */
enum impasto_status cli_parse(int argc, char **argv, struct cli_settings *settings,
                              struct impasto_error *error);

/* Writes the options given that are parameters over those of the preset. */
enum impasto_status cli_override(const struct cli_settings *settings, struct impasto_params *params,
                                 struct impasto_error *error);

void cli_help(FILE *stream);

/* Calls `visit` for each option that decides the result, with its value as JSON text would have it:
 * exactly one of text, number (with `number` set) or layers is meant. */
enum cli_value_kind { CLI_VALUE_TEXT, CLI_VALUE_NUMBER, CLI_VALUE_BOOL, CLI_VALUE_LAYERS };
struct cli_value {
    enum cli_value_kind kind;
    const char *text;    /* NULL: not set */
    double number;       /* also of a bool */
    const float *layers; /* IMPASTO_LAYERS weights */
};
typedef void (*cli_visit_fn)(void *user, const char *name, const struct cli_value *value);
void cli_visit(const struct cli_settings *settings, const struct impasto_params *params,
               cli_visit_fn visit, void *user);

/* Fills `error` and returns `status`: the program's own imp_fail. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
enum impasto_status
cli_fail(struct impasto_error *error, enum impasto_status status, const char *format, ...);

#endif
