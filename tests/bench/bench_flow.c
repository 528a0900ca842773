/* SPDX-License-Identifier: MIT */
/*
 * How good and how fast the optical flow is. vs_dis.py compares both with another.
 *
 *   bench_flow score GRADE SIZE [FOLDER]
 *
 * Mean errors on drawn scenes, SIZE times as large as 128 x 96, a line of JSON each. Their frames
 * and flows go into FOLDER.
 *
 *   bench_flow time GRADE WIDTHxHEIGHT
 *
 * For each line that it reads, a frame's pyramid and one flow are made ROUNDS times. It answers
 * with the milliseconds of processor time of one.
 *
 *   bench_flow draw GRADE WIDTHxHEIGHT FOLDER
 *
 * The frames that are timed, as bytes.
 *
 * GRADE: live, film or best. IMPASTO_TEST_DEVICE names the device (auto).
 */

#include "flow_frames.h"
#include "flow_scenes.h"
#include "open_device.h"
#include "timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

static struct imp_device *device;

static void check(enum impasto_status status)
{
    if (status == IMPASTO_OK)
        return;
    fprintf(stderr, "bench_flow: %s\n", imp_device_error(device)->message);
    exit(1);
}

static void *room(size_t n, size_t size)
{
    void *data = calloc(n, size);
    if (!data)
        exit(1);
    return data;
}

static int grade_of(const char *word)
{
    static const char *const words[] = {"live", "film", "best"};
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

/* ---- Scores ---------------------------------------------------------------------------------- */

static void write_file(const char *folder, const char *scene, const char *end, const void *data,
                       size_t size)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s.%s", folder, scene, end);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
        fprintf(stderr, "bench_flow: %s cannot be written\n", path);
        exit(1);
    }
}

/* Frames as bytes; planes of floats: the flow that was found, u and v, and the true one with
 * whether it is seen. */
static void write_scene(const char *folder, const char *name, uint8_t *const lumas[2],
                        const float *flow, const struct scene_truth *truth, size_t n)
{
    float *planes = room(3 * n, sizeof(*planes));
    for (size_t i = 0; i < n; i++) {
        planes[i] = truth[i].u;
        planes[n + i] = truth[i].v;
        planes[2 * n + i] = truth[i].seen;
    }
    write_file(folder, name, "0", lumas[0], n);
    write_file(folder, name, "1", lumas[1], n);
    write_file(folder, name, "flow", flow, 2 * n * sizeof(*flow));
    write_file(folder, name, "truth", planes, 3 * n * sizeof(*planes));
    free(planes);
}

/* Of what must not be relied on, hidden or wrong by more than a pixel: the share that is found, and
 * the share of what is found that must not be. */
static void print_reliability(const char *word, const struct imp_buffer *reliable,
                              const struct scene_truth *truth, const float *flow, size_t n)
{
    float *found = room(n, sizeof(*found));
    double hit = 0, must = 0, said = 0;
    check(imp_buffer_read(reliable, 0, found, n * sizeof(*found)));
    for (size_t i = 0; i < n; i++) {
        const double error =
            hypot((double)(flow[i] - truth[i].u), (double)(flow[n + i] - truth[i].v));
        const bool bad = !truth[i].seen || error > 1, named = found[i] < 0.5f;
        must += bad;
        said += named;
        hit += bad && named;
    }
    printf(", \"%s\": {\"hit\": %.0f, \"said\": %.0f, \"must\": %.0f, \"all\": %zu}", word, hit,
           said, must, n);
    free(found);
}

static void score_scene(struct flow_frames *pair, const struct scene *scene, int size,
                        const char *folder)
{
    const size_t n = (size_t)pair->flow.height * (size_t)pair->flow.width;
    uint8_t *const lumas[2] = {room(n, 1), room(n, 1)};
    struct scene_truth *truth = room(n, sizeof(*truth));
    float *flow = room(2 * n, sizeof(*flow));
    bool cut;
    scene_truth(scene, 0, 1, size, truth);
    for (int i = 0; i < 2; i++) {
        scene_frame(scene, i, size, lumas[i]);
        check(flow_frames_take(pair, i, lumas[i]));
    }
    for (int i = 0; i < 2; i++)
        check(flow_frames_measure(pair, i));
    check(flow_frames_judge(pair, 0));
    check(imp_flow_cautious(&pair->flow, pair->reliable[0], pair->cautious));
    check(imp_flow_cut(&pair->flow, &pair->frames[0], &pair->frames[1], pair->flows[0],
                       pair->reliable[0], &cut));
    check(imp_buffer_read(pair->flows[0], 0, flow, 2 * n * sizeof(*flow)));
    const struct scene_score score = scene_score(truth, flow, size);
    printf("{\"scene\": \"%s\", \"solvable\": %s, \"seen\": %.4f, \"inner\": %.4f, \"off\": %.4f, "
           "\"cut\": %s",
           scene->name, scene->solvable ? "true" : "false", score.seen, score.inner, score.off,
           cut ? "true" : "false");
    print_reliability("reliable", pair->reliable[0], truth, flow, n);
    print_reliability("cautious", pair->cautious, truth, flow, n);
    printf("}\n");
    if (folder)
        write_scene(folder, scene->name, lumas, flow, truth, n);
    free(lumas[0]);
    free(lumas[1]);
    free(truth);
    free(flow);
}

static void print_scores(enum imp_flow_grade grade, int size, const char *folder)
{
    struct flow_frames pair;
    check(flow_frames_open(&pair, device, grade, SCENE_HEIGHT * size, SCENE_WIDTH * size));
    for (size_t i = 0; i < flow_scene_count; i++)
        score_scene(&pair, &flow_scenes[i], size, folder);
    flow_frames_close(&pair);
}

/* ---- Times ----------------------------------------------------------------------------------- */

/* Frame i of a scene that is as large, cut to the size. The caller frees it. */
static uint8_t *draw(int i, int height, int width)
{
    const int across = (width + SCENE_WIDTH - 1) / SCENE_WIDTH;
    const int down = (height + SCENE_HEIGHT - 1) / SCENE_HEIGHT;
    const int size = across > down ? across : down;
    const size_t pitch = (size_t)(SCENE_WIDTH * size);
    uint8_t *luma = room(pitch * (size_t)(SCENE_HEIGHT * size), 1);
    const struct scene *scene = flow_scenes;
    while (strcmp(scene->name, "layers") != 0)
        scene++;
    scene_frame(scene, i, size, luma);
    for (size_t y = 1; y < (size_t)height; y++)
        memmove(luma + y * (size_t)width, luma + y * pitch, (size_t)width);
    return luma;
}

static void write_drawn(const char *folder, int width, int height)
{
    for (int i = 0; i < 2; i++) {
        uint8_t *luma = draw(i, height, width);
        write_file(folder, "timed", i ? "1" : "0", luma, (size_t)(height * width));
        free(luma);
    }
}

static void answer_times(enum imp_flow_grade grade, int width, int height)
{
    struct flow_frames pair;
    char line[16];
    check(flow_frames_open(&pair, device, grade, height, width));
    for (int i = 0; i < 2; i++) {
        uint8_t *luma = draw(i, height, width);
        check(flow_frames_take(&pair, i, luma));
        free(luma);
    }
    check(flow_frames_measure(&pair, 0)); /* kernels are compiled */
    check(imp_device_finish(device));
    while (fgets(line, sizeof(line), stdin)) {
        timing_begin();
        for (int i = 0; i < ROUNDS; i++) {
            check(imp_pyramid_take(&pair.flow, &pair.frames[1], pair.picture, 1));
            check(flow_frames_measure(&pair, 0));
        }
        check(imp_device_finish(device));
        timing_end(0);
        printf("%.3f\n", timing_processor(0) / ROUNDS);
        fflush(stdout);
    }
    flow_frames_close(&pair);
}

static int usage(void)
{
    fprintf(stderr, "bench_flow score GRADE SIZE [FOLDER]\n"
                    "bench_flow time GRADE WIDTHxHEIGHT\n"
                    "bench_flow draw GRADE WIDTHxHEIGHT FOLDER\n");
    return 2;
}

int main(int argc, char **argv)
{
    const int grade = argc > 3 ? grade_of(argv[2]) : -1;
    const bool scores = argc > 1 && strcmp(argv[1], "score") == 0;
    int width = 0, height = 0;
    if (grade < 0 || (!scores && sscanf(argv[3], "%dx%d", &width, &height) != 2) ||
        (!scores && (width < 1 || height < 1)))
        return usage();
    if (argc > 4 && strcmp(argv[1], "draw") == 0) {
        write_drawn(argv[4], width, height);
        return 0;
    }
    const int code = open_test_device(NULL, &device);
    if (code != 0)
        return code;
    if (scores)
        print_scores((enum imp_flow_grade)grade, atoi(argv[3]), argc > 4 ? argv[4] : NULL);
    else
        answer_times((enum imp_flow_grade)grade, width, height);
    imp_device_close(&device);
    return 0;
}
