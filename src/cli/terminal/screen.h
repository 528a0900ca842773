/* SPDX-License-Identifier: MIT */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

/* The lower end of a terminal on stderr. screen.c redraws it in place. show.c makes of pictures
 * what a terminal can show. console.c uses both. */

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

/* The terminal's size, or 80 columns and 24 rows if it does not say. */
struct cli_window {
    int rows, columns;
    int cell_width, cell_height; /* pixels; 0: unknown */
};
struct cli_window cli_window_now(void);
bool cli_window_same(const struct cli_window *a, const struct cli_window *b);

/* A picture as text for the terminal. It is written with the cursor at the picture's top left
 * corner, and leaves the cursor anywhere, but attributes as they were. */
struct cli_picture {
    const char *text;
    size_t size;
    int rows, columns;   /* of the terminal, which it covers; 0: there is no picture */
    bool pixels;         /* it lies over blank rows; otherwise it is made of characters */
    const char *removal; /* what removes it, besides erasing its rows; NULL: nothing */
};

/* A line in which the cursor stays, and perhaps a picture above it. */
struct cli_block {
    bool shown;
    struct cli_picture picture; /* as last drawn, without its text */
    int line;                   /* columns of the line as last drawn */
    struct cli_window window;   /* as it was then */
};

/* To be called once, before a block with pictures is drawn. */
void cli_block_prepare(void);
/* Draws the block, in its old place if it is shown already. fresh: the picture is another one than
 * before. The line must be shorter than the window is wide. */
void cli_block_draw(struct cli_block *block, FILE *stream, const struct cli_window *window,
                    const struct cli_picture *picture, bool fresh, const char *line);
/* Removes the block. The cursor is then where its first row began. */
void cli_block_erase(struct cli_block *block, FILE *stream);
/* Leaves the block standing. The cursor goes below it. */
void cli_block_leave(struct cli_block *block, FILE *stream);
/* For signal handlers that end the program. If only half of a block was sent, this ends all modes
 * of the terminal. */
void cli_screen_rescue(void);

/* ---- show.c ---------------------------------------------------------------------------------- */

struct cli_show; /* makes text of pictures, as good as this terminal can show */

/* *show stays NULL if the terminal's kind is unknown or too simple. IMPASTO_ERROR_USAGE: pictures
 * were not compiled in. */
enum impasto_status cli_show_open(struct cli_show **show, struct impasto_error *error);
void cli_show_close(struct cli_show **show);
/* Takes a picture as the one to show. */
void cli_show_take(struct cli_show *show, const struct impasto_image *image);
/* Gives the picture taken, for a window of this size. There is none before the first one, and none
 * if the window is too small. Valid until the next call. Returns whether it is another one than the
 * last time. */
bool cli_show_picture(struct cli_show *show, const struct cli_window *window,
                      struct cli_picture *picture);

#endif
