/* SPDX-License-Identifier: MIT */
/*
 * The way through impasto.h, from two pictures to one:
 *
 *     cc stylize.c $(pkg-config --cflags --libs impasto) -o stylize
 *     ./stylize photo.jpg painting.jpg result.png
 */

#include <impasto/impasto.h>

#include <stdio.h>

static void say(void *user, enum impasto_log_level level, const char *line)
{
    (void)user;
    if (level != IMPASTO_LOG_DEBUG)
        fprintf(stderr, "%s\n", line);
}

/* Whatever this returns other than 0 stops the run; the picture so far can still be taken. */
static int show(void *user, const struct impasto_job_progress *progress)
{
    (void)user;
    fprintf(stderr, "%d of %d: loss %.4g\n", progress->head.step, progress->head.steps,
            progress->head.total);
    return 0;
}

int main(int argc, char **argv)
{
    struct impasto_error error = {0};
    struct impasto_device *device = NULL;
    struct impasto_weights *weights = NULL;
    struct impasto_image *content = NULL, *style = NULL, *result = NULL;
    struct impasto_params params;
    struct impasto_job *job = NULL;
    enum impasto_status status;

    if (argc != 4) {
        fprintf(stderr, "usage: stylize CONTENT STYLE RESULT\n");
        return -IMPASTO_ERROR_USAGE;
    }
    /* Each call has what it needs from those before it, so the first failure ends the chain. */
    if ((status = impasto_device_open("auto", say, NULL, &device, &error)) ||
        (status = impasto_weights_open(NULL, IMPASTO_CONVENTION_AUTO, &weights, &error)) ||
        (status = impasto_image_load(argv[1], 0, &content, &error)) ||
        (status = impasto_image_load(argv[2], 0, &style, &error)) ||
        (status = impasto_params_preset(weights, "quick", &params, &error)))
        goto done;
    params.size = 256; /* any field of a preset may be changed */
    const struct impasto_style only = {.struct_size = sizeof(only), .image = style, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &only, .style_count = 1};
    if ((status = impasto_job_open(device, weights, &pictures, &params, &job, &error)) ||
        (status = impasto_job_run(job, show, NULL, &error)) ||
        (status = impasto_job_image(job, &result, &error)))
        goto done;
    status = impasto_image_save(result, argv[3], NULL, &error);

done:
    if (status != IMPASTO_OK)
        fprintf(stderr, "stylize: %s\n", error.message);
    impasto_image_free(&result);
    impasto_job_close(&job);
    impasto_image_free(&style);
    impasto_image_free(&content);
    impasto_weights_close(&weights);
    impasto_device_close(&device);
    return -(int)status;
}
