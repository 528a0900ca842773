/* SPDX-License-Identifier: MIT */
/* --show: chafa makes text for the terminal of pictures. It knows what terminals can show: pixels
 * as kitty, sixels or iTerm2 have them, or characters. Only this file knows chafa. */

#include "cli/common/common.h"
#include "cli/terminal/screen.h"

#ifdef IMP_HAVE_CHAFA

#include <chafa.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A larger picture says no more about what is going on, and takes time to send. */
#define MOST_ROWS 40
#define MOST_COLUMNS 120
#define MOST_PIXELS 800 /* longer side */
/* A smaller one says nothing. */
#define LEAST_ROWS 3
#define LEAST_COLUMNS 8
/* Rows that stay for the line under the picture and for what is said at the end. */
#define SPARE_ROWS 5
/* Of a terminal that does not say: most fonts are about twice as high as wide. */
#define USUAL_CELL_WIDTH 10
#define USUAL_CELL_HEIGHT 20
/* Between speed, 0, and looks, 1, in choosing characters. */
#define EFFORT 0.1f

struct cli_show {
    ChafaTermInfo *terminal;
    ChafaPixelMode pixels;
    ChafaCanvasMode colours;
    ChafaSymbolMap *symbols;
    unsigned char *rgba; /* the picture taken: height x width x 4 */
    int width, height;
    bool fresh; /* it has not been drawn yet */
    GString *text;
    struct cli_picture picture;
    struct cli_window window; /* that `text` is for */
    char removal[48];
};

static bool has(const struct cli_show *show, ChafaTermSeq sequence)
{
    return chafa_term_info_have_seq(show->terminal, sequence);
}

static bool starts_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* Terminals within terminals keep what they do not know of pictures, or let it spoil the screen. */
static bool is_nested(const char *term)
{
    return getenv("TMUX") || getenv("STY") || starts_with(term, "tmux") ||
           starts_with(term, "screen");
}

static ChafaPixelMode choose_pixels(const struct cli_show *show, const char *term)
{
    if (is_nested(term))
        return CHAFA_PIXEL_MODE_SYMBOLS;
    if (has(show, CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1))
        return CHAFA_PIXEL_MODE_KITTY;
    if (has(show, CHAFA_TERM_SEQ_BEGIN_ITERM2_IMAGE))
        return CHAFA_PIXEL_MODE_ITERM2;
    /* Sixels are as large as they are: without the cells' size nobody knows how many rows they
     * take. */
    const struct cli_window window = cli_window_now();
    if (has(show, CHAFA_TERM_SEQ_BEGIN_SIXELS) && window.cell_height > 0)
        return CHAFA_PIXEL_MODE_SIXELS;
    return CHAFA_PIXEL_MODE_SYMBOLS;
}

static ChafaCanvasMode choose_colours(const struct cli_show *show)
{
    const char *none = getenv("NO_COLOR");
    if (show->pixels == CHAFA_PIXEL_MODE_SYMBOLS && none && none[0])
        return CHAFA_CANVAS_MODE_FGBG;
    if (show->pixels != CHAFA_PIXEL_MODE_SYMBOLS || has(show, CHAFA_TERM_SEQ_SET_COLOR_FGBG_DIRECT))
        return CHAFA_CANVAS_MODE_TRUECOLOR;
    if (has(show, CHAFA_TERM_SEQ_SET_COLOR_FGBG_256))
        return CHAFA_CANVAS_MODE_INDEXED_240; /* the other 16 look as users like them */
    if (has(show, CHAFA_TERM_SEQ_SET_COLOR_FGBG_16))
        return CHAFA_CANVAS_MODE_INDEXED_16;
    return CHAFA_CANVAS_MODE_FGBG;
}

/* By the variables, not by the locale that they name, which need not be installed here. */
static bool encoding_is_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
        const char *value = getenv(variables[i]);
        if (value && value[0])
            return strstr(value, "UTF-8") || strstr(value, "utf8") || strstr(value, "utf-8") ||
                   strstr(value, "UTF8");
    }
    return false;
}

/* What the terminal's encoding and font have. */
static ChafaSymbolMap *choose_symbols(const char *term)
{
    ChafaSymbolMap *symbols = chafa_symbol_map_new();
    ChafaSymbolTags tags = CHAFA_SYMBOL_TAG_SPACE;
    if (!encoding_is_utf8())
        tags |= CHAFA_SYMBOL_TAG_ASCII;
    else if (strcmp(term, "linux") == 0) /* the console: 512 characters at most */
        tags |= CHAFA_SYMBOL_TAG_HALF | CHAFA_SYMBOL_TAG_SOLID;
    else
        tags |= CHAFA_SYMBOL_TAG_BLOCK;
    chafa_symbol_map_add_by_tags(symbols, tags);
    return symbols;
}

/* Gives a picture of kitty's a name. The next one with that name takes its place, and it can be
 * removed wherever it has got to. The name is this run's, so the next run leaves the picture
 * standing. kitty is to send no answers (q). */
static void name_picture(struct cli_show *show)
{
    char begin[CHAFA_TERM_SEQ_LENGTH_MAX];
    const unsigned name = 1 + (unsigned)getpid();
    snprintf(begin, sizeof(begin), "\033_Ga=T,i=%u,q=2,f=%%1,s=%%2,v=%%3,c=%%4,r=%%5,m=1\033\\",
             name);
    snprintf(show->removal, sizeof(show->removal), "\033_Ga=d,d=I,i=%u,q=2\033\\", name);
    if (chafa_term_info_set_seq(show->terminal, CHAFA_TERM_SEQ_BEGIN_KITTY_IMMEDIATE_IMAGE_V1,
                                begin, NULL))
        show->picture.removal = show->removal;
}

enum impasto_status cli_show_open(struct cli_show **show, struct impasto_error *error)
{
    const char *term = getenv("TERM");
    if (!term || term[0] == 0 || strcmp(term, "dumb") == 0)
        return IMPASTO_OK;
    struct cli_show *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return cli_fail_memory(error, "the pictures shown");
    gchar **environment = g_get_environ();
    opened->terminal = chafa_term_db_detect(chafa_term_db_get_default(), environment);
    g_strfreev(environment);
    opened->pixels = choose_pixels(opened, term);
    opened->colours = choose_colours(opened);
    opened->symbols = choose_symbols(term);
    opened->picture.pixels = opened->pixels != CHAFA_PIXEL_MODE_SYMBOLS;
    if (opened->pixels == CHAFA_PIXEL_MODE_KITTY)
        name_picture(opened);
    cli_block_prepare();
    *show = opened;
    return IMPASTO_OK;
}

void cli_show_close(struct cli_show **show)
{
    if (!*show)
        return;
    chafa_term_info_unref((*show)->terminal);
    chafa_symbol_map_unref((*show)->symbols);
    if ((*show)->text)
        g_string_free((*show)->text, TRUE);
    free((*show)->rgba);
    free(*show);
    *show = NULL;
}

/* ---- Taking ---------------------------------------------------------------------------------- */

static unsigned char quantize(float v)
{
    return (unsigned char)(v > 0 ? (v < 1 ? v * 255 + 0.5f : 255.0f) : 0);
}

/* The mean of step x step pixels from (x, y) on. */
static void average(const struct impasto_image *image, int x, int y, int step, unsigned char out[4])
{
    float sum[3] = {0}, alpha = 0;
    for (int j = y; j < y + step; j++)
        for (int i = x; i < x + step; i++) {
            const size_t at = (size_t)j * (size_t)image->width + (size_t)i;
            for (size_t c = 0; c < 3; c++)
                sum[c] += image->rgb[3 * at + c];
            alpha += image->alpha ? image->alpha[at] : 1;
        }
    const float count = (float)step * (float)step;
    for (size_t c = 0; c < 3; c++)
        out[c] = quantize(sum[c] / count);
    out[3] = quantize(alpha / count);
}

void cli_show_take(struct cli_show *show, const struct impasto_image *image)
{
    const int longer = image->width > image->height ? image->width : image->height;
    const int shorter = image->width + image->height - longer;
    int step = (longer + MOST_PIXELS - 1) / MOST_PIXELS;
    step = step > shorter ? shorter : step;
    const int width = image->width / step, height = image->height / step;
    if (width != show->width || height != show->height) {
        free(show->rgba);
        show->rgba = malloc((size_t)width * (size_t)height * 4);
        show->width = width;
        show->height = height;
    }
    if (!show->rgba) { /* then there is nothing to show; the run does not depend on it */
        show->width = show->height = 0;
        return;
    }
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            average(image, x * step, y * step, step,
                    show->rgba + 4 * ((size_t)y * (size_t)width + (size_t)x));
    show->fresh = true;
}

/* ---- Drawing --------------------------------------------------------------------------------- */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* The rows and columns that suit the picture's aspect; none where there are too few. */
static void fit(struct cli_show *show, int cell_width, int cell_height)
{
    int columns = least(show->window.columns - 1, MOST_COLUMNS);
    int rows = least(show->window.rows - SPARE_ROWS, MOST_ROWS);
    show->picture.rows = show->picture.columns = 0;
    if (!show->rgba || rows < LEAST_ROWS || columns < LEAST_COLUMNS)
        return;
    chafa_calc_canvas_geometry(show->width, show->height, &columns, &rows,
                               (float)cell_width / (float)cell_height, TRUE, FALSE);
    show->picture.rows = rows > 0 ? rows : 1;
    show->picture.columns = columns > 0 ? columns : 1;
}

static void render(struct cli_show *show)
{
    const bool known = show->window.cell_height > 0;
    int cell_width = known ? show->window.cell_width : USUAL_CELL_WIDTH;
    int cell_height = known ? show->window.cell_height : USUAL_CELL_HEIGHT;
    if (show->text)
        g_string_free(show->text, TRUE);
    show->text = NULL;
    fit(show, cell_width, cell_height);
    if (show->picture.rows == 0)
        return;
    const bool scaled_there =
        show->pixels == CHAFA_PIXEL_MODE_KITTY || show->pixels == CHAFA_PIXEL_MODE_ITERM2;
    if (scaled_there && show->picture.columns * cell_width > show->width) {
        /* Such terminals enlarge by themselves; sent is what there is. */
        cell_width = show->width / show->picture.columns + 1;
        cell_height = show->height / show->picture.rows + 1;
    }
    ChafaCanvasConfig *config = chafa_canvas_config_new();
    chafa_canvas_config_set_geometry(config, show->picture.columns, show->picture.rows);
    chafa_canvas_config_set_cell_geometry(config, cell_width, cell_height);
    chafa_canvas_config_set_pixel_mode(config, show->pixels);
    chafa_canvas_config_set_canvas_mode(config, show->colours);
    chafa_canvas_config_set_symbol_map(config, show->symbols);
    chafa_canvas_config_set_work_factor(config, EFFORT);
    /* Not SKIP_CELLS: what is not written would be what was there before. */
    chafa_canvas_config_set_optimizations(config, CHAFA_OPTIMIZATION_REUSE_ATTRIBUTES |
                                                      CHAFA_OPTIMIZATION_REPEAT_CELLS);
    ChafaCanvas *canvas = chafa_canvas_new(config);
    chafa_canvas_draw_all_pixels(canvas, CHAFA_PIXEL_RGBA8_UNASSOCIATED, show->rgba, show->width,
                                 show->height, 4 * show->width);
    show->text = chafa_canvas_print(canvas, show->terminal);
    chafa_canvas_unref(canvas);
    chafa_canvas_config_unref(config);
}

bool cli_show_picture(struct cli_show *show, const struct cli_window *window,
                      struct cli_picture *picture)
{
    const bool another = show->fresh || !cli_window_same(window, &show->window);
    if (another) {
        show->window = *window;
        render(show);
        show->picture.text = show->text ? show->text->str : NULL;
        show->picture.size = show->text ? show->text->len : 0;
    }
    show->fresh = false;
    *picture = show->picture;
    return another;
}

#else

enum impasto_status cli_show_open(struct cli_show **show, struct impasto_error *error)
{
    (void)show;
    return cli_fail(error, IMPASTO_ERROR_USAGE,
                    "--show: this impasto was built without chafa, which draws in terminals; "
                    "install libchafa-dev and libglib2.0-dev and build anew");
}

void cli_show_close(struct cli_show **show)
{
    (void)show;
}

void cli_show_take(struct cli_show *show, const struct impasto_image *image)
{
    (void)show, (void)image;
}

bool cli_show_picture(struct cli_show *show, const struct cli_window *window,
                      struct cli_picture *picture)
{
    (void)show, (void)window;
    *picture = (struct cli_picture){0};
    return false;
}

#endif
