/* SPDX-License-Identifier: MIT */
/*
 * Every OpenCL call of a short job of the library is made to fail, with every code:
 *
 *     OPENCL_LAYERS=…/opencl_layer.so device_faults [STEP]
 *
 * A point is the n-th call and a code; n goes on by STEP (1) until the job ends before it. Each
 * time the device is opened, a job paints at two scales and is saved, and all is closed. That must
 * succeed with the picture of an undisturbed job, or end with a device's or memory's error, of
 * which the code was said and after which the job can still be used; no OpenCL object is left over.
 * It happens in a child process, so that a crash or a hang is one finding more.
 */

#define _GNU_SOURCE /* MAP_ANONYMOUS */

#include "opencl_layer.h"

#include <impasto/impasto.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIDE 32 /* of both pictures, pixels */
#define FUNCTIONS 48
/* Seconds after which a job hangs; the first one compiles. */
#define DEADLINE 120
#define FIRST_DEADLINE 600
/* A pixel may differ by so much where a job has recovered: with another memory plan it rounds
 * otherwise. */
#define ROUNDING (2.0 / 255)
/* Crashes and hangs after which there is no point in going on. */
#define MOST_DEATHS 20

/* Out of memory and of resources; what no header has; a build that fails; and what drivers answer
 * where the device is lost, or too little for what is asked: invalid queue, work-group, buffer
 * size. */
static const int codes[] = {-4, -5, -6, -9999, -11, -36, -54, -61};
#define CODES (long)(sizeof(codes) / sizeof(*codes))

/* ---- What parent and child share ------------------------------------------------------------- */

struct shared {
    long index, code; /* the point that is under way: the n-th call, a place in codes */
    bool over;
    long failures;
    struct row {
        char name[48];
        long recovered, named;
    } row[FUNCTIONS];
};
static struct shared *shared;

static void complain(const char *function, const char *what, const char *said)
{
    shared->failures++;
    printf("FAILED %ld:%d %s: %s: %s\n", shared->index, codes[shared->code], function, what, said);
    fflush(stdout);
}

static struct row *row_of(const char *function)
{
    int i = 0;
    while (i + 1 < FUNCTIONS && shared->row[i].name[0] &&
           strcmp(shared->row[i].name, function) != 0)
        i++;
    snprintf(shared->row[i].name, sizeof(shared->row[i].name), "%s", function);
    return &shared->row[i];
}

/* ---- The job --------------------------------------------------------------------------------- */

static struct impasto_weights *weights;
static struct impasto_image *content, *style_picture;
static char checkpoint_path[] = "/tmp/impasto-faults-XXXXXX";

/* All lines of the log while a job runs. */
static struct {
    char text[16384];
    size_t used;
} heard;

static void hear(void *user, enum impasto_log_level level, const char *line)
{
    (void)user, (void)level;
    const int length =
        snprintf(heard.text + heard.used, sizeof(heard.text) - heard.used, "%s\n", line);
    heard.used += (size_t)length < sizeof(heard.text) - heard.used ? (size_t)length : 0;
}

static void paint(struct impasto_image *image, int kind)
{
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        image->rgb[i] = (float)((i * kind + i / (3 * SIDE) * 31) % 97) / 96;
}

/* Whatever has failed, a job can be asked for its picture, saved, and told to go on. */
static void use_failed(struct impasto_job *job)
{
    struct impasto_image *image = NULL;
    struct impasto_error why;
    for (int i = 0; i < 2; i++) {
        if (impasto_job_image(job, &image, &why) == IMPASTO_OK && image->width != SIDE)
            complain(__func__, "a picture of another size", "");
        impasto_image_free(&image);
        (void)!impasto_job_save(job, checkpoint_path, "{}", &why);
        (void)!impasto_job_step(job, NULL, &why);
    }
}

static enum impasto_status run(struct impasto_image **image, struct impasto_error *error)
{
    const struct impasto_style style = {
        .struct_size = sizeof(style), .image = style_picture, .weight = 1};
    const struct impasto_pictures pictures = {
        .struct_size = sizeof(pictures), .content = content, .styles = &style, .style_count = 1};
    struct impasto_device *device = NULL;
    struct impasto_job *job = NULL;
    struct impasto_params params;
    enum impasto_status status = impasto_params_preset(weights, "default", &params, error);
    memset(params.content_layers, 0, sizeof(params.content_layers));
    memset(params.style_layers, 0, sizeof(params.style_layers));
    params.content_layers[2] = params.style_layers[0] = params.style_layers[2] = 1;
    params.size = SIDE;
    params.scale_sizes[0] = SIDE / 2;
    params.iterations = params.first_iterations = 1;
    if (status == IMPASTO_OK)
        status = impasto_device_open(NULL, hear, NULL, &device, error);
    if (status == IMPASTO_OK)
        status = impasto_job_open(device, weights, &pictures, &params, &job, error);
    if (status == IMPASTO_OK)
        status = impasto_job_run(job, NULL, NULL, error);
    if (status == IMPASTO_OK)
        status = impasto_job_image(job, image, error);
    if (status == IMPASTO_OK)
        status = impasto_job_save(job, checkpoint_path, "{}", error);
    if (status != IMPASTO_OK && job)
        use_failed(job);
    impasto_job_close(&job);
    impasto_device_close(&device);
    return status;
}

static double distance(const struct impasto_image *a, const struct impasto_image *b)
{
    double most = 0;
    for (int i = 0; i < 3 * SIDE * SIDE; i++)
        most = fmax(most, fabs((double)a->rgb[i] - (double)b->rgb[i]));
    return most;
}

/* ---- Its points ------------------------------------------------------------------------------ */

/* Whether the call came. whole: an undisturbed job's picture. */
static bool attempt(const struct opencl_layer *layer, const struct impasto_image *whole)
{
    struct impasto_error error = {0};
    struct impasto_image *image = NULL;
    char fault[64], named[32], function[48];
    const long before = layer->left(NULL);
    const int code = codes[shared->code];
    snprintf(fault, sizeof(fault), "at=%ld,code=%d", shared->index, code);
    snprintf(named, sizeof(named), "(%d)", code);
    heard.used = 0;
    heard.text[0] = '\0';
    layer->arm(fault);
    const enum impasto_status status = run(&image, &error);
    snprintf(function, sizeof(function), "%s", layer->failed());
    layer->arm("");
    if (layer->left(NULL) != before)
        complain(function, "OpenCL objects are left over", error.message);
    if (!function[0])
        return false;
    struct row *row = row_of(function);
    row->recovered += status == IMPASTO_OK;
    row->named += status != IMPASTO_OK;
    if (status == IMPASTO_OK && distance(image, whole) > ROUNDING)
        complain(function, "another picture", "");
    else if (status != IMPASTO_OK && status != IMPASTO_ERROR_DEVICE &&
             status != IMPASTO_ERROR_MEMORY)
        complain(function, "another error", error.message);
    /* Where less memory was tried in between, what the driver said was said then. */
    else if (status != IMPASTO_OK && !strstr(error.message, named) && !strstr(heard.text, named))
        complain(function, "the code is not named", error.message);
    impasto_image_free(&image);
    return true;
}

static void work(long step)
{
    struct impasto_error error = {0};
    struct impasto_image *whole = NULL;
    struct opencl_layer layer;
    (void)alarm(FIRST_DEADLINE);
    if (impasto_weights_open("builtin", IMPASTO_CONVENTION_AUTO, &weights, &error) != IMPASTO_OK ||
        impasto_image_create(SIDE, SIDE, &content, &error) != IMPASTO_OK ||
        impasto_image_create(SIDE, SIDE, &style_picture, &error) != IMPASTO_OK) {
        printf("%s\n", error.message);
        _exit(2);
    }
    paint(content, 5);
    paint(style_picture, 23);
    if (run(&whole, &error) != IMPASTO_OK || !opencl_layer_find(&layer)) {
        printf("without a fault: %s\n",
               error.message[0] ? error.message : "OPENCL_LAYERS names no opencl_layer.so");
        _exit(2);
    }
    while (!shared->over) {
        (void)alarm(DEADLINE);
        shared->over = !attempt(&layer, whole);
        if (++shared->code == CODES) {
            shared->code = 0;
            shared->index += step;
        }
    }
    _exit(0);
}

/* ---- The whole ------------------------------------------------------------------------------- */

/* Every point; false: there is no device, or no layer. */
static bool all_points(long step)
{
    for (int deaths = 0; !shared->over && deaths < MOST_DEATHS;) {
        int state = 0;
        fflush(stdout);
        const pid_t child = fork();
        if (child == 0)
            work(step);
        if (child < 0 || waitpid(child, &state, 0) != child)
            return false;
        if (WIFEXITED(state))
            return WEXITSTATUS(state) == 0;
        deaths++;
        complain("", WTERMSIG(state) == SIGALRM ? "no end" : "a crash", strsignal(WTERMSIG(state)));
        if (++shared->code == CODES) {
            shared->code = 0;
            shared->index += step;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    const long step = argc > 1 ? strtol(argv[1], NULL, 10) : 1;
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    const int file = mkstemp(checkpoint_path);
    if (step < 1 || shared == MAP_FAILED || file < 0)
        return 2;
    (void)close(file);
    shared->index = 1;
    const bool ran = all_points(step);
    (void)unlink(checkpoint_path);
    if (!ran)
        return 2;
    long recovered = 0, named = 0;
    printf("%-28s %10s %10s\n", "", "recovered", "one error");
    for (int i = 0; i < FUNCTIONS && shared->row[i].name[0]; i++) {
        const struct row *row = &shared->row[i];
        printf("%-28s %10ld %10ld\n", row->name, row->recovered, row->named);
        recovered += row->recovered;
        named += row->named;
    }
    printf("%-28s %10ld %10ld\n", "total", recovered, named);
    printf("%ld calls, %ld failures\n", shared->index - step, shared->failures);
    return shared->failures ? 1 : 0;
}
