/* SPDX-License-Identifier: MIT */
#ifndef CLI_PAGE_H
#define CLI_PAGE_H

/* Inside --report: report.c and film.c collect, page.c, training_page.c and film_page.c write the
 * pages, of parts.c and chart.c. */

#include "cli/options/table.h"

/* ---- chart.c --------------------------------------------------------------------------------- */

/* The parts of the objective, each times its weight. Those that are not above 0 are not drawn. */
enum cli_part { CLI_TOTAL, CLI_STYLE, CLI_CONTENT, CLI_TV, CLI_JUDGED, CLI_PARTS };
struct cli_point {
    int step; /* or iteration */
    double part[CLI_PARTS];
};

#define CLI_POINTS_MOST 512 /* more than a chart has pixels to show */

/* Points of the curves: one at every `stride` steps, and the last one. */
struct cli_curves {
    struct cli_point points[CLI_POINTS_MOST], last;
    size_t count;
    int stride;
};

struct cli_point cli_point_of_job(const struct impasto_params *params,
                                  const struct impasto_job_progress *progress);
struct cli_point cli_point_of_training(const struct impasto_train_params *params,
                                       const struct impasto_train_progress *progress);
/* Points of the same or later steps go: a run has lost its device, and goes on before them. */
void cli_curves_add(struct cli_curves *curves, const struct cli_point *point);
/* What is written about curves. */
struct cli_chart {
    const char *id;    /* of its own on the page */
    const char *title; /* of a sentence: what is shown */
    const char *axis;
    struct {
        const char *name;   /* NULL: it is none of this chart */
        const char *colour; /* a class of page.css: a part of the losses */
        bool always;        /* the legend has it, even where it is always 0 */
    } part[CLI_PARTS];
};
extern const struct cli_chart cli_loss_chart; /* of a painting and of a training */
/* Writes an SVG element for an HTML page. Writes nothing if there is no point. unit: "iteration",
 * "step", "frame". */
void cli_put_chart(FILE *stream, const struct cli_curves *curves, const struct cli_chart *chart,
                   const char *unit);

/* ---- parts.c --------------------------------------------------------------------------------- */

/* A small copy of a picture, as a JPEG file in memory. */
#define CLI_PICTURE_SIDE 1024
struct cli_embedded {
    const char *role; /* "content", "style", "result" */
    const char *name; /* of its file, without the folders; NULL: label is the name */
    char label[32];
    unsigned char *bytes;
    size_t size;
    int width, height;
};

/* Fills bytes, size and sides. (report.c) */
enum impasto_status cli_embed(struct cli_embedded *embedded, const struct impasto_image *image,
                              struct impasto_error *error);

/* Those of a page: content, styles and result, as far as there are any. */
struct cli_pictures_shown {
    const struct cli_embedded *pictures;
    size_t count;
};
/* The first one of that role. NULL: there is none. */
const struct cli_embedded *cli_find_picture(const struct cli_pictures_shown *shown,
                                            const char *role);
void cli_put_name(FILE *stream, const char *name);
void cli_put_pictures(FILE *stream, const struct cli_pictures_shown *shown);
/* All pictures of a role, below a heading, if there are any. */
void cli_put_list(FILE *stream, const struct cli_pictures_shown *shown, const char *role,
                  const char *heading);
/* A table's row; and the first half of one. */
void cli_put_row(FILE *stream, const char *name, const char *value);
void cli_begin_row(FILE *stream, const char *name);
void cli_put_bytes(FILE *stream, const char *name, uint64_t bytes);
/* A row for an option. It is a cli_visit_fn, and the stream is its `user`. */
void cli_put_setting(void *user, const struct cli_option *option, const struct cli_value *value);
/* The section about device and system. weights: where they came from. */
void cli_put_machine(FILE *stream, const struct impasto_device_info *device, const char *weights);
/* The end of a summary: the time that it took, and where. */
void cli_put_time(FILE *stream, double seconds, int taken,
                  const struct impasto_device_info *device);
/* That a run did not end well. what: "picture" or "model". why: in words. */
void cli_put_notice(FILE *stream, enum impasto_status status, const char *what, const char *why);
/* All before the words of the first heading. name: the page's. */
void cli_put_head(FILE *stream, const char *name);
void cli_put_end(FILE *stream);

/* ---- page.c ---------------------------------------------------------------------------------- */

struct cli_page {
    const struct cli_run *run;
    struct cli_pictures_shown shown;
    const struct cli_curves *curves;
    struct impasto_job_progress first, last; /* as reported */
    enum impasto_status status;              /* how the run ended */
    const char *why;                         /* in words, if it did not end well */
    int taken;                               /* iterations that the result has behind it */
};

/* Writes the page. It is a cli_write_fn. page: a struct cli_page. */
bool cli_page_write(FILE *stream, const void *page);

/* ---- training_page.c ------------------------------------------------------------------------- */

struct cli_training;
struct cli_training_page {
    const struct cli_training *training;
    struct cli_pictures_shown shown;
    const struct cli_curves *curves;
    struct impasto_train_progress first, last; /* as reported */
    enum impasto_status status;                /* how it ended */
    const char *why;                           /* in words, if it did not end well */
};

/* Likewise. page: a struct cli_training_page. */
bool cli_training_page_write(FILE *stream, const void *page);

/* ---- film_page.c ----------------------------------------------------------------------------- */

struct cli_film;
struct cli_film_page {
    const struct cli_film *film;
    struct cli_pictures_shown shown;
    const struct cli_curves *warps, *losses;
    enum impasto_status status; /* how it ended */
    const char *why;            /* in words, if it did not end well */
};

/* Likewise. page: a struct cli_film_page. */
bool cli_film_page_write(FILE *stream, const void *page);

#endif
