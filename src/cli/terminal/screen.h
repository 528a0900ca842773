/* SPDX-License-Identifier: MIT */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

/* The lower end of a terminal on stderr: what is redrawn there in place (screen.c), and how
 * pictures become something that a terminal shows (show.c). console.c puts both to use. */

#include <impasto/impasto.h>

#include <stdio.h>

/* ---- screen.c -------------------------------------------------------------------------------- */

/* Collects what goes to stderr and sends it in one piece, so that nobody sees half of it. */
struct cli_sheet {
    FILE *stream;
    char *bytes;
    size_t size;
};

void cli_sheet_open(struct cli_sheet *sheet);
void cli_sheet_send(struct cli_sheet *sheet);

/* The terminal's size now, or the usual one where it does not say. */
struct cli_window {
    int rows, columns;
    int cell_width, cell_height; /* pixels; 0: unknown */
};
struct cli_window cli_window_now(void);
bool cli_window_same(const struct cli_window *a, const struct cli_window *b);

/* A picture as text for the terminal, to be written at its top left corner; it leaves the
 * attributes as they were, and the cursor anywhere. */
struct cli_picture {
    const char *text;
    size_t size;
    int rows, columns;   /* of the terminal that it takes; 0: there is none */
    bool pixels;         /* it lies over blank rows; otherwise its rows are characters */
    const char *removal; /* what removes it, besides erasing its rows; NULL: nothing */
};

/* A picture, or none, and a line under it, where the cursor stays. */
struct cli_block {
    bool shown;
    struct cli_picture picture; /* as last drawn, without its text */
    int line;                   /* columns of the line as last drawn */
    struct cli_window window;   /* then */
};

/* Call once before a block with pictures is drawn. */
void cli_block_prepare(void);
/* Draws the block where it was, or anew; `fresh`: the picture is not the one that is there. A line
 * must be shorter than the window is wide. */
void cli_block_draw(struct cli_block *block, FILE *stream, const struct cli_window *window,
                    const struct cli_picture *picture, bool fresh, const char *line);
/* Removes it; the cursor is where its first row began. */
void cli_block_erase(struct cli_block *block, FILE *stream);
/* Leaves it standing; what follows begins below. */
void cli_block_leave(struct cli_block *block, FILE *stream);
/* For signal handlers that are about to end the program: brings the terminal to its senses if it
 * was sent half of a block. */
void cli_screen_rescue(void);

/* ---- show.c ---------------------------------------------------------------------------------- */

struct cli_show; /* pictures for this terminal, as well as it can show them */

/* IMPASTO_ERROR_USAGE where that was not compiled in. *show stays NULL where the terminal's kind is
 * unknown, or known to be too simple. */
enum impasto_status cli_show_open(struct cli_show **show, struct impasto_error *error);
void cli_show_close(struct cli_show **show);
/* Takes a picture as the one to show. */
void cli_show_take(struct cli_show *show, const struct impasto_image *image);
/* The picture taken, for a window of this size: none where that is too small, or before the first
 * one. Valid until the next call. Returns whether it is another one than the last time. */
bool cli_show_picture(struct cli_show *show, const struct cli_window *window,
                      struct cli_picture *picture);

#endif
