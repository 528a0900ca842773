/* SPDX-License-Identifier: MIT */
/* Filters of libavfilter that some films need: the combs of interlaced ones are undone by bwdif,
 * and the brightness of HDR is brought into the range of SDR by zscale and tonemap. */

#include "video/libav/input.h"

#include <stdlib.h>

#if IMP_HAVE_AVFILTER

#include <libavfilter/avfilter.h>
#include <libavfilter/buffersink.h>
#include <libavfilter/buffersrc.h>

struct imp_filter {
    AVFilterGraph *graph;
    AVFilterContext *source, *sink;
    AVRational tick; /* of what is taken */
};

bool imp_filter_deinterlaces(void)
{
    return avfilter_get_by_name("bwdif") != NULL;
}

bool imp_filter_tone_maps(void)
{
    return avfilter_get_by_name("zscale") && avfilter_get_by_name("tonemap");
}

/* Peaks of HDR are far above white, which lies at 100 cd/m2 here; the operator bends them below it.
 */
#define DEINTERLACE "bwdif=mode=send_frame:deint=interlaced"
#define TONE_MAP                                                                                   \
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"               \
    "zscale=t=bt709:m=bt709:r=tv,format=yuv444p10"

static int open_source(struct imp_filter *filter, const AVFrame *frame, AVRational tick)
{
    AVBufferSrcParameters *parameters = av_buffersrc_parameters_alloc();
    filter->source =
        avfilter_graph_alloc_filter(filter->graph, avfilter_get_by_name("buffer"), "in");
    if (!parameters || !filter->source) {
        av_free(parameters);
        return AVERROR(ENOMEM);
    }
    parameters->format = frame->format;
    parameters->time_base = tick;
    parameters->width = frame->width;
    parameters->height = frame->height;
    parameters->sample_aspect_ratio = frame->sample_aspect_ratio;
    const int result = av_buffersrc_parameters_set(filter->source, parameters);
    av_free(parameters);
    return result < 0 ? result : avfilter_init_str(filter->source, NULL);
}

static int connect(struct imp_filter *filter, const char *chain)
{
    AVFilterInOut *in = avfilter_inout_alloc(), *out = avfilter_inout_alloc();
    int result = avfilter_graph_create_filter(&filter->sink, avfilter_get_by_name("buffersink"),
                                              "out", NULL, NULL, filter->graph);
    if (result >= 0 && (!in || !out))
        result = AVERROR(ENOMEM);
    if (result >= 0) {
        /* As the chain sees them: its input is open where the source ends. */
        *out = (AVFilterInOut){av_strdup("in"), filter->source, 0, NULL};
        *in = (AVFilterInOut){av_strdup("out"), filter->sink, 0, NULL};
        result = avfilter_graph_parse_ptr(filter->graph, chain, &in, &out, NULL);
    }
    avfilter_inout_free(&in);
    avfilter_inout_free(&out);
    return result < 0 ? result : avfilter_graph_config(filter->graph, NULL);
}

int imp_filter_open(const AVFrame *frame, AVRational tick, bool deinterlace, bool tone_map,
                    struct imp_filter **filter)
{
    *filter = NULL;
    if (!deinterlace && !tone_map)
        return 0;
    struct imp_filter *opened = calloc(1, sizeof(*opened));
    if (!opened)
        return AVERROR(ENOMEM);
    *filter = opened;
    opened->graph = avfilter_graph_alloc();
    if (!opened->graph)
        return AVERROR(ENOMEM);
    opened->graph->nb_threads = 1; /* a sandbox has no others */
    int result = open_source(opened, frame, tick);
    if (result >= 0)
        result = connect(opened, !tone_map     ? DEINTERLACE
                                 : deinterlace ? DEINTERLACE "," TONE_MAP
                                               : TONE_MAP);
    if (result >= 0)
        opened->tick = tick;
    return result;
}

int imp_filter_put(struct imp_filter *filter, AVFrame *frame)
{
    return av_buffersrc_add_frame(filter->source, frame);
}

int imp_filter_take(struct imp_filter *filter, AVFrame *frame)
{
    const int result = av_buffersink_get_frame(filter->sink, frame);
    if (result >= 0)
        frame->pts =
            av_rescale_q(frame->pts, av_buffersink_get_time_base(filter->sink), filter->tick);
    return result;
}

void imp_filter_close(struct imp_filter **filter)
{
    if (*filter)
        avfilter_graph_free(&(*filter)->graph);
    free(*filter);
    *filter = NULL;
}

#else

bool imp_filter_deinterlaces(void)
{
    return false;
}

bool imp_filter_tone_maps(void)
{
    return false;
}

int imp_filter_open(const AVFrame *frame, AVRational tick, bool deinterlace, bool tone_map,
                    struct imp_filter **filter)
{
    (void)frame, (void)tick, (void)deinterlace, (void)tone_map;
    *filter = NULL;
    return 0;
}

int imp_filter_put(struct imp_filter *filter, AVFrame *frame)
{
    (void)filter, (void)frame;
    return AVERROR(ENOSYS);
}

int imp_filter_take(struct imp_filter *filter, AVFrame *frame)
{
    (void)filter, (void)frame;
    return AVERROR(ENOSYS);
}

void imp_filter_close(struct imp_filter **filter)
{
    *filter = NULL;
}

#endif
