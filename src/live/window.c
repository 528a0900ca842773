/* SPDX-License-Identifier: MIT */
/* A window, by a module that is loaded when one is wanted. */

#include "live/window.h"
#include "live/kinds.h"

#include <stdlib.h>

struct window {
    struct imp_live_sink sink;
    const struct imp_window_driver *driver;
    struct imp_window *window;
    const struct imp_live_options *options;
};

static enum impasto_status write_frame(struct imp_live_sink *sink,
                                       const struct imp_live_frame *frame, bool *done,
                                       struct impasto_error *error)
{
    struct window *w = (struct window *)sink;
    const unsigned char *const planes[3] = {frame->pixels.plane[0], frame->pixels.plane[1],
                                            frame->pixels.plane[2]};
    char why[256];
    *done = true;
    return w->driver->show(w->window, planes, frame->pixels.stride, why, sizeof(why))
               ? IMPASTO_OK
               : imp_fail(error, IMPASTO_ERROR_OUTPUT, "the window shows nothing more: %s", why);
}

static enum impasto_status look(struct imp_live_sink *sink, struct impasto_error *error)
{
    struct window *w = (struct window *)sink;
    (void)error;
    for (int key; (key = w->driver->next_key(w->window)) != 0;)
        w->options->key(w->options->user, key);
    return IMPASTO_OK;
}

static void close_sink(struct imp_live_sink *sink)
{
    struct window *w = (struct window *)sink;
    if (w->window)
        w->driver->close(w->window);
    free(w);
}

static enum impasto_status open_window(struct window *w, struct impasto_error *error)
{
#ifdef IMP_HAVE_SDL2
    const struct impasto_pixels *pixels = &w->sink.form.pixels;
    char why[IMP_MODULE_PROBLEM];
    w->driver = imp_module_load_near((void (*)(void))impasto_pixels_lay, IMP_WINDOW_MODULE,
                                     IMP_WINDOW_TABLE, why);
    if (!w->driver)
        return imp_fail(error, IMPASTO_ERROR_OUTPUT,
                        "there is no window: %s; install it, or give the frames to a player: "
                        "`output` - | ffplay -",
                        why);
    w->window = w->driver->open(w->options->title, pixels->width, pixels->height, why, sizeof(why));
    return w->window ? IMPASTO_OK
                     : imp_fail(error, IMPASTO_ERROR_OUTPUT,
                                "no window can be opened: %s; name an `output`", why);
#else
    (void)w;
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "this build has no window, as SDL was missing; name an `output`, such as - for "
                    "a player: | ffplay -");
#endif
}

enum impasto_status imp_live_window_sink(const struct imp_live_form *form,
                                         const struct imp_live_options *options,
                                         struct imp_live_sink **sink, struct impasto_error *error)
{
    struct window *w = calloc(1, sizeof(*w));
    if (!w)
        return imp_fail_memory(error, "a window", sizeof(*w));
    w->options = options;
    w->sink = (struct imp_live_sink){
        .form = *form, .write = write_frame, .look = look, .close = close_sink};
    w->sink.form.pixels = (struct impasto_pixels){.struct_size = sizeof(struct impasto_pixels),
                                                  .format = IMPASTO_PIXELS_I420,
                                                  .width = form->pixels.width,
                                                  .height = form->pixels.height,
                                                  .centred = 1};
    const enum impasto_status status = open_window(w, error);
    if (status == IMPASTO_OK)
        *sink = &w->sink;
    else
        close_sink(&w->sink);
    return status;
}
