/* SPDX-License-Identifier: MIT */
/* The encoders that are known, and the choice of one. */

#include "video/libav/encode.h"

#include <string.h>

/* In the order in which they are tried for a codec. */
static const struct imp_way ways[] = {
    {"h264", "libx264", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, 16, "preset=medium", 2, NULL},
    {"hevc", "libx265", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, 18,
     "preset=medium:x265-params=log-level=none\\:pools=1\\:frame-threads=1", 2, NULL},
    {"vp9", "libvpx-vp9", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, 28,
     "b=0:deadline=good:cpu-used=3", 0, NULL},
    {"av1", "libaom-av1", AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV420P10LE, 24, "b=0:cpu-used=6", 0,
     NULL},
    {"ffv1", "ffv1", AV_PIX_FMT_0RGB32, AV_PIX_FMT_GBRP10LE, -1, "level=3:slicecrc=1", 0, NULL},
    {"prores", "prores_ks", AV_PIX_FMT_NONE, AV_PIX_FMT_YUV422P10LE, -1, "profile=3", 0, NULL},
    {"mpeg4", "mpeg4", AV_PIX_FMT_YUV420P, AV_PIX_FMT_NONE, 3, "", 0, "larger than with H.264"},
};

static bool holds(const AVOutputFormat *format, const char *codec)
{
    const AVCodecDescriptor *about = avcodec_descriptor_get_by_name(codec);
    return about && avformat_query_codec(format, about->id, FF_COMPLIANCE_NORMAL) == 1;
}

/* NULL: this FFmpeg has none. */
static const struct imp_way *find_way(const AVOutputFormat *format, const char *codec, bool deep)
{
    for (size_t i = 0; i < IMP_COUNT(ways); i++)
        if (strcmp(ways[i].codec, codec) == 0 && holds(format, codec) &&
            imp_way_format(&ways[i], deep) != AV_PIX_FMT_NONE &&
            avcodec_find_encoder_by_name(ways[i].encoder))
            return &ways[i];
    return NULL;
}

/* The codec that was asked for, or the best for the container. */
static const struct imp_way *choose(const AVOutputFormat *format,
                                    const struct imp_encode_request *request)
{
    static const char *const usual[] = {"h264", "vp9", "mpeg4"};
    const struct imp_way *way = NULL;
    const bool deep = request->film.deep;
    if (request->codec)
        return find_way(format, request->codec, deep);
    if (request->lossless)
        return find_way(format, "ffv1", deep);
    for (size_t i = 0; i < IMP_COUNT(usual) && !way; i++)
        way = find_way(format, usual[i], deep);
    return way;
}

static enum impasto_status refuse(const struct imp_encode_request *request,
                                  const AVOutputFormat *format, struct impasto_error *error)
{
    const char *codec = request->codec ? request->codec : request->lossless ? "ffv1" : NULL;
    bool known = false, other = false;
    for (size_t i = 0; i < IMP_COUNT(ways); i++)
        if (codec && strcmp(ways[i].codec, codec) == 0) {
            known = true;
            other = imp_way_format(&ways[i], request->film.deep) == AV_PIX_FMT_NONE;
        }
    if (known && !holds(format, codec))
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: such a file holds no film in %s; end its name in .mkv", request->path,
                        codec);
    if (other)
        return imp_fail(error, IMPASTO_ERROR_USAGE,
                        "%s: %s has %d bits here; give `bits` %d, or another `codec`",
                        request->path, codec, request->film.deep ? 8 : 10,
                        request->film.deep ? 8 : 10);
    return imp_fail(error, IMPASTO_ERROR_USAGE,
                    "%s: this FFmpeg has no encoder for %s; write .y4m, or another `codec`",
                    request->path, codec ? codec : "such a film");
}

enum impasto_status imp_way_choose(const struct imp_encode_request *request,
                                   const struct imp_way **way, struct impasto_error *error)
{
    const AVOutputFormat *format = av_guess_format(NULL, request->path, NULL);
    if (!format)
        return imp_fail(error, IMPASTO_ERROR_USAGE, "%s: this FFmpeg writes no such files",
                        request->path);
    *way = choose(format, request);
    return *way ? IMPASTO_OK : refuse(request, format, error);
}
