/* SPDX-License-Identifier: MIT */
/*
 * A block at the lower end of the terminal that is redrawn in place. The cursor rests at the end of
 * the block's line. All moves are relative to it, as only the terminal knows where on the screen
 * that is.
 *
 * Each drawing is sent in one piece, and leaves the cursor and the attributes as they were. So the
 * program can end at any time.
 */

#include "cli/terminal/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_ROWS 24
#define USUAL_COLUMNS 80

/* Terminals that know this hold still until the end; others pass over it. The cursor hides. */
#define BEGIN "\033[?2026h\033[?25l"
#define END "\033[?25h\033[?2026l"
/* Ends a sequence that was cut off (ST), then everything else that may be on. */
#define RESCUE "\033\\\033[0m" END "\n"
#define RESCUE_MS 100 /* for a terminal that does not read, no longer */

/* Set while the terminal is sent something. */
static volatile sig_atomic_t sending;
/* Set when the program was stopped and goes on: the shell has written below the block. */
static volatile sig_atomic_t continued;

/* ---- Sheets ---------------------------------------------------------------------------------- */

void cli_sheet_open(struct cli_sheet *sheet)
{
    *sheet = (struct cli_sheet){0};
    sheet->stream = open_memstream(&sheet->bytes, &sheet->size);
    if (!sheet->stream)
        sheet->stream = stderr;
}

/* Signals may come, and another program may have made the terminal non-blocking. */
static void send_all(const char *bytes, size_t size)
{
    while (size > 0) {
        const ssize_t sent = write(STDERR_FILENO, bytes, size);
        if (sent > 0) {
            bytes += sent;
            size -= (size_t)sent;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

void cli_sheet_send(struct cli_sheet *sheet)
{
    if (sheet->stream == stderr || fclose(sheet->stream) != 0) {
        fflush(stderr);
    } else {
        sending = 1;
        send_all(sheet->bytes, sheet->size);
        sending = 0;
    }
    free(sheet->bytes);
    *sheet = (struct cli_sheet){0};
}

void cli_screen_rescue(void)
{
    struct pollfd terminal = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (sending && isatty(STDERR_FILENO) && poll(&terminal, 1, RESCUE_MS) > 0)
        (void)!write(STDERR_FILENO, RESCUE, sizeof(RESCUE) - 1);
}

/* ---- The window ------------------------------------------------------------------------------ */

struct cli_window cli_window_now(void)
{
    struct winsize size = {0};
    struct cli_window window = {.rows = USUAL_ROWS, .columns = USUAL_COLUMNS};
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return window;
    window.columns = size.ws_col;
    if (size.ws_row > 0)
        window.rows = size.ws_row;
    if (size.ws_row > 0 && size.ws_xpixel >= size.ws_col && size.ws_ypixel >= size.ws_row) {
        window.cell_width = size.ws_xpixel / size.ws_col;
        window.cell_height = size.ws_ypixel / size.ws_row;
    }
    return window;
}

bool cli_window_same(const struct cli_window *a, const struct cli_window *b)
{
    return a->rows == b->rows && a->columns == b->columns && a->cell_width == b->cell_width &&
           a->cell_height == b->cell_height;
}

/* ---- The block ------------------------------------------------------------------------------- */

static void on_continue(int number)
{
    (void)number;
    continued = 1;
}

void cli_block_prepare(void)
{
    struct sigaction action = {.sa_handler = on_continue, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGCONT, &action, NULL);
}

/* Rows that a row of so many columns takes in a window that has become as narrow as this. Most
 * terminals wrap their rows anew then; in the others a few lines above the block are lost. */
static int wrapped(int columns, const struct cli_window *window)
{
    return columns > window->columns ? (columns + window->columns - 1) / window->columns : 1;
}

/* Rows from the block's first to the one that the cursor is in. */
static int rows_above(const struct cli_block *block, const struct cli_window *window)
{
    const int columns = block->picture.pixels ? 0 : block->picture.columns;
    return block->picture.rows * wrapped(columns, window) + wrapped(block->line, window) - 1;
}

static void go_up(FILE *stream, int rows)
{
    fputc('\r', stream);
    if (rows > 0)
        fprintf(stream, "\033[%dA", rows);
}

void cli_block_erase(struct cli_block *block, FILE *stream)
{
    const struct cli_window window = cli_window_now();
    if (block->shown && !continued) {
        const int rows = rows_above(block, &window);
        go_up(stream, rows);
        /* In two steps: a screen that is cleared from its very first cell on goes into the
         * scrollback of some terminals. */
        fputs(rows > 0 ? "\033[K\033[B\033[J\033[A" : "\033[K", stream);
        if (block->picture.rows > 0 && block->picture.removal)
            fputs(block->picture.removal, stream);
    }
    block->shown = false;
}

/* Room is made by line breaks, which scroll where there is none. The picture is drawn between
 * saving and restoring the cursor, because where it leaves the cursor differs between terminals. */
static void draw_picture(const struct cli_block *block, FILE *stream,
                         const struct cli_window *window, const struct cli_picture *picture)
{
    if (block->shown) {
        go_up(stream, rows_above(block, window));
    } else {
        fputs("\r\033[J", stream);
        for (int i = 0; i < picture->rows; i++)
            fputc('\n', stream);
        fprintf(stream, "\r\033[%dA", picture->rows);
    }
    fputs("\0337", stream);
    fwrite(picture->text, 1, picture->size, stream);
    fprintf(stream, "\0338\033[%dB", picture->rows);
}

void cli_block_draw(struct cli_block *block, FILE *stream, const struct cli_window *window,
                    const struct cli_picture *picture, bool fresh, const char *line)
{
    const bool pictures = picture->rows > 0 || block->picture.rows > 0;
    if (pictures)
        fputs(BEGIN, stream);
    if (continued || !cli_window_same(window, &block->window) ||
        picture->rows != block->picture.rows || picture->columns != block->picture.columns)
        cli_block_erase(block, stream);
    continued = 0;
    if (picture->rows > 0 && (fresh || !block->shown))
        draw_picture(block, stream, window, picture);
    fprintf(stream, "\r\033[K%s", line);
    if (pictures)
        fputs(END, stream);
    block->shown = true;
    block->picture = *picture;
    block->picture.text = NULL;
    block->line = (int)strlen(line);
    block->window = *window;
}

void cli_block_leave(struct cli_block *block, FILE *stream)
{
    if (block->shown && block->line > 0)
        fputc('\n', stream);
    block->shown = false;
}
