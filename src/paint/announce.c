/* SPDX-License-Identifier: MIT */
/* What a job tells of itself once its last scale is planned: in its info, and in the log. */

#include "vgg/vgg.h"
#include "paint/job.h"

void imp_job_describe(struct impasto_job *job)
{
    const struct imp_scale *scale = &job->scale;
    for (int l = 0; l < job->model.layers; l++)
        job->layers[l] = (struct impasto_plan_layer){
            .layer = l,
            .forward = scale->objective.net.algorithm[l][0]->name,
            .backward = scale->objective.net.algorithm[l][1]->name,
        };
    for (int s = 0; s < scale->objective.net.stages; s++) {
        const struct imp_stage *stage = &scale->objective.net.stage[s];
        job->stages[s] = (struct impasto_plan_stage){
            .first = stage->first,
            .last = stage->last,
            .keep = stage->plan.keep,
            .rows = stage->plan.rows,
            .height = stage->height,
        };
    }
    for (int i = 0; i < job->schedule.count; i++) {
        const struct imp_sizes sizes = imp_sizes_of(&job->params, job->schedule.scale[i].size,
                                                    job->sources.width, job->sources.height);
        job->scales[i] =
            (struct impasto_plan_scale){.width = sizes.width,
                                        .height = sizes.height,
                                        .iterations = job->schedule.scale[i].iterations};
    }
    job->info = (struct impasto_job_info){
        .width = job->sources.width,
        .height = job->sources.height,
        .scale_width = job->scales[0].width,
        .scale_height = job->scales[0].height,
        .style_width = scale->pass[0].width,
        .style_height = scale->pass[0].height,
        .scales = job->scales,
        .scale_count = (size_t)job->schedule.count,
        .iterations = job->schedule.iterations,
        .plan = job->rows,
        .plan_rows = imp_scale_rows(scale, job->rows, IMP_PLAN_ROWS),
        .plan_bytes = imp_scale_peak(scale),
        .plan_cost = scale->cost / scale->cost_of_keeping,
        .stages = job->stages,
        .stage_count = (size_t)scale->objective.net.stages,
        .layers = job->layers,
        .layer_count = (size_t)job->model.layers,
        .bands = job->bands,
        .band_count = job->band_count,
    };
}

static const char *layers_text(const float weights[IMPASTO_LAYERS], char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int l = 0; l < IMPASTO_LAYERS && used < size; l++)
        if (weights[l] > 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "",
                                     impasto_layer_name(l));
    return text;
}

/* "181x136, 256x192, 512x384" */
static void list_sizes(const struct impasto_job *job, bool styles, char *text, size_t size)
{
    size_t used = 0;
    const size_t count = styles ? (size_t)job->scale.passes : (size_t)job->schedule.count;
    text[0] = 0;
    for (size_t i = 0; i < count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%dx%d", i ? ", " : "",
                                 styles ? job->scale.pass[i].width : job->scales[i].width,
                                 styles ? job->scale.pass[i].height : job->scales[i].height);
}

void imp_job_announce_weights(const struct impasto_job *job,
                              const struct impasto_weights_info *weights)
{
    const struct imp_log *log = imp_device_log(job->device);
    char content[256], style[256];
    if (weights->builtin)
        imp_log(log, IMPASTO_LOG_INFO, "weights: %s (learned from drawn pictures, not ImageNet)",
                weights->source);
    else
        imp_log(log, IMPASTO_LOG_INFO, "weights: %s (%s to %s, %s input)", weights->source,
                impasto_layer_name(0), impasto_layer_name(weights->layers - 1),
                weights->convention == IMPASTO_CONVENTION_TORCHVISION ? "torchvision" : "caffe");
    imp_log(log, IMPASTO_LOG_INFO, "layers: content %s; style %s",
            layers_text(job->params.content_layers, content, sizeof(content)),
            layers_text(job->params.style_layers, style, sizeof(style)));
}

/* "12.345 ms" or "1.23 s" */
static const char *seconds_text(double seconds, char *text, size_t size)
{
    const bool small = seconds < 1;
    snprintf(text, size, small ? "%.3f ms" : "%.2f s", small ? 1e3 * seconds : seconds);
    return text;
}

/* Where one device alone would be faster. */
static void warn_of_slow_lines(const struct impasto_job *job)
{
    const struct imp_team_times *times = &job->times;
    char exchange[32], alone[32];
    if (imp_team_is_slowed(times))
        imp_log(imp_device_log(job->device), IMPASTO_LOG_WARNING,
                "an iteration's exchanges between devices take about %s, and all of it about %s on "
                "the fastest device alone; use fewer devices",
                seconds_text(times->exchange, exchange, sizeof(exchange)),
                seconds_text(times->alone, alone, sizeof(alone)));
}

/* ", 812.3 MB/s", ", 11.20 GB/s", or nothing where the rate is not known. */
static const char *rate_text(double rate, char *text, size_t size)
{
    text[0] = 0;
    if (rate > 0)
        snprintf(text, size, rate < 1e9 ? ", %.1f MB/s" : ", %.2f GB/s",
                 rate * (rate < 1e9 ? 1e-6 : 1e-9));
    return text;
}

/* "rows 128 on device 0, 256 on device 1" */
static void announce_bands(const struct impasto_job *job)
{
    const struct imp_log *log = imp_device_log(job->device);
    char bands[1024] = "", least[32], rate[32];
    size_t used = 0;
    for (size_t i = 0; i < job->band_count && used < sizeof(bands); i++)
        used += (size_t)snprintf(bands + used, sizeof(bands) - used, "%s%d on device %d",
                                 i ? ", " : "", job->bands[i].rows, job->bands[i].device);
    if (job->band_count > 0)
        imp_log(log, IMPASTO_LOG_INFO, "bands: rows %s; exchanges of at least %s%s", bands,
                seconds_text(job->cost.seconds, least, sizeof(least)),
                rate_text(job->cost.bytes_per_second, rate, sizeof(rate)));
    else if (job->comm)
        imp_log(log, IMPASTO_LOG_INFO,
                "bands: none, as this size is too low for %d; the first device works alone",
                imp_comm_size(job->comm));
}

void imp_job_announce_sizes(const struct impasto_job *job)
{
    const struct imp_log *log = imp_device_log(job->device);
    char content[256], style[256];
    list_sizes(job, false, content, sizeof(content));
    list_sizes(job, true, style, sizeof(style));
    imp_log(log, IMPASTO_LOG_INFO, "size: %s, style %s", content, style);
    announce_bands(job);
    warn_of_slow_lines(job);
    const double mib = 1 << 20;
    char rows[512];
    size_t used = 0;
    for (size_t i = 0; i < job->info.plan_rows && used < sizeof(rows); i++)
        used += (size_t)snprintf(rows + used, sizeof(rows) - used, "%s%s %.1f", i ? ", " : "",
                                 job->info.plan[i].purpose, (double)job->info.plan[i].bytes / mib);
    imp_log(log, IMPASTO_LOG_INFO, "memory: %.1f MiB on the device (%s)",
            (double)job->info.plan_bytes / mib, rows);
}
