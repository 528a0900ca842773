/* SPDX-License-Identifier: MIT */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

/* Inside --report: report.c collects, page.c writes the page, chart.c its chart. */

#include "cli/common/common.h"

/* ---- chart.c --------------------------------------------------------------------------------- */

/* The parts of the objective, each times its weight. */
enum cli_part { CLI_TOTAL, CLI_STYLE, CLI_CONTENT, CLI_TV, CLI_PARTS };
struct cli_point {
    int iteration;
    double part[CLI_PARTS];
};

#define CLI_POINTS_MOST 512 /* more than a chart has pixels to show */

/* Points of the curves: one at every `stride` iterations, and the last one. */
struct cli_curves {
    struct cli_point points[CLI_POINTS_MOST], last;
    size_t count;
    int stride;
};

void cli_curves_add(struct cli_curves *curves, const struct impasto_params *params,
                    const struct impasto_job_progress *progress);
/* Writes an SVG element for an HTML page. Writes nothing if there is no point. */
void cli_chart(FILE *stream, const struct cli_curves *curves);

/* ---- page.c ---------------------------------------------------------------------------------- */

/* A small copy of a picture, as a JPEG file in memory. */
#define CLI_PICTURE_SIDE 1024
struct cli_embedded {
    const char *role; /* "content", "style", "result" */
    const char *name; /* of its file, without the folders */
    unsigned char *bytes;
    size_t size;
    int width, height;
};

struct cli_page {
    const struct cli_run *run;
    const struct cli_embedded *pictures; /* content, styles, and last the result */
    size_t count;
    const struct cli_curves *curves;
    struct impasto_job_progress first, last; /* as reported */
    enum impasto_status status;              /* how the run ended */
    const char *why;                         /* in words, if it did not end well */
    int taken;                               /* iterations that the result has behind it */
};

/* Writes the page. It is a cli_write_fn. page: a struct cli_page. */
bool cli_page_write(FILE *stream, const void *page);

#endif
