/* SPDX-License-Identifier: MIT */
/* Sources and sinks by their names. */

#include "live/v4l2.h"

enum impasto_status imp_live_open_source(const char *path, const struct imp_live_options *options,
                                         struct imp_live_source **source,
                                         struct impasto_error *error)
{
    *source = NULL;
    if (imp_live_is_camera(path))
        return imp_live_camera_source(path, options, source, error);
    return imp_live_is_y4m(path) ? imp_live_y4m_source(path, options, source, error)
                                 : imp_live_film_source(path, options, source, error);
}

enum impasto_status imp_live_open_sink(const char *path, const struct imp_live_form *form,
                                       const struct imp_live_options *options,
                                       struct imp_live_sink **sink, struct impasto_error *error)
{
    *sink = NULL;
    if (!path)
        return imp_live_window_sink(form, options, sink, error);
    if (imp_live_is_camera(path))
        return imp_live_camera_sink(path, form, options, sink, error);
    return imp_live_y4m_sink(path, form, options, sink, error);
}
