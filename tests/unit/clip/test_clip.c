/* SPDX-License-Identifier: MIT */
/* Clips of style networks: frames of bytes and floats, of any size; and what is refused. */

#include "files.h"
#include "networks.h"
#include "fixtures.h"
#include "model/model.h"

#include <impasto/clip.h>
#include <math.h>
#include <string.h>

#define WIDTH 45
#define HEIGHT 34
#define PADDING 7 /* bytes between rows */

static struct impasto_device *device;
static struct impasto_model *model;

static const char *const style_names[] = {"style"};

static int set_up(void **state)
{
    struct impasto_error error = {0};
    if (make_folder(state))
        return -1;
    make_network(in_folder("model"), style_names, IMP_COUNT(style_names));
    assert_int_equal(impasto_model_open(in_folder("model"), &model, &error), IMPASTO_OK);
    assert_int_equal(
        impasto_device_open(getenv("IMPASTO_TEST_DEVICE"), NULL, NULL, &device, &error),
        IMPASTO_OK);
    return 0;
}

static int tear_down(void **state)
{
    impasto_model_close(&model);
    impasto_device_close(&device);
    return remove_folder(state);
}

static struct impasto_clip *open_network(const struct impasto_apply_params *params)
{
    struct impasto_clip *clip = NULL;
    const struct impasto_clip_params film = impasto_clip_defaults(WIDTH, HEIGHT);
    struct impasto_error error = {0};
    if (impasto_clip_open_network(device, model, params, &film, &clip, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return clip;
}

/* A frame's memory, with more than its rows, which nobody may touch. */
struct memory {
    struct impasto_frame frame;
    size_t row;
};

static struct memory make_frame(int width, int height, enum impasto_samples samples)
{
    static const size_t sizes[] = {[IMPASTO_SAMPLES_BYTE] = 1,
                                   [IMPASTO_SAMPLES_FLOAT] = sizeof(float),
                                   [IMPASTO_SAMPLES_SHORT] = sizeof(uint16_t)};
    const size_t bytes = sizes[samples];
    const size_t row = 3 * (size_t)width * bytes, stride = row + PADDING * bytes;
    struct memory memory = {{sizeof(struct impasto_frame), width, height, samples,
                             malloc((size_t)height * stride), stride},
                            row};
    assert_non_null(memory.frame.pixels);
    memset(memory.frame.pixels, 0xa5, (size_t)height * stride);
    return memory;
}

static void free_frame(struct memory *memory)
{
    const unsigned char *bytes = memory->frame.pixels;
    for (size_t y = 0; y < (size_t)memory->frame.height; y++)
        for (size_t i = memory->row; i < memory->frame.stride; i++)
            assert_int_equal(bytes[y * memory->frame.stride + i], 0xa5);
    free(memory->frame.pixels);
}

/* Value i of row y, 0 to 1. */
static float value_at(const struct impasto_frame *frame, int y, int i)
{
    const void *row = (const char *)frame->pixels + (size_t)y * frame->stride;
    return frame->samples == IMPASTO_SAMPLES_FLOAT   ? ((const float *)row)[i]
           : frame->samples == IMPASTO_SAMPLES_SHORT ? (float)((const uint16_t *)row)[i] / 65535
                                                     : (float)((const unsigned char *)row)[i] / 255;
}

static void fill(struct impasto_frame *frame, int shift)
{
    for (int y = 0; y < frame->height; y++)
        for (int i = 0; i < 3 * frame->width; i++) {
            void *row = (char *)frame->pixels + (size_t)y * frame->stride;
            const int value = (int)(127 + 120 * sinf((float)(i + shift) / 9 + (float)y / 5));
            if (frame->samples == IMPASTO_SAMPLES_FLOAT)
                ((float *)row)[i] = (float)value / 255;
            else if (frame->samples == IMPASTO_SAMPLES_SHORT)
                ((uint16_t *)row)[i] = (uint16_t)(257 * value);
            else
                ((unsigned char *)row)[i] = (unsigned char)value;
        }
}

static void paint(struct impasto_clip *clip, const struct impasto_frame *from,
                  const struct impasto_frame *to)
{
    struct impasto_error error = {0};
    if (impasto_clip_frame(clip, from, to, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
}

/* Largest difference of two frames of one size. */
static float difference(const struct impasto_frame *a, const struct impasto_frame *b)
{
    float most = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (int y = 0; y < a->height; y++)
        for (int i = 0; i < 3 * a->width; i++)
            most = fmaxf(most, fabsf(value_at(a, y, i) - value_at(b, y, i)));
    return most;
}

/* ---- Networks -------------------------------------------------------------------------------- */

static void bytes_are_the_appliers(void **state)
{
    (void)state;
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_clip *clip = open_network(&params);
    struct impasto_applier *applier = NULL;
    struct impasto_error error = {0};
    struct memory from = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory to = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory expected = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    assert_int_equal(impasto_applier_open(device, model, &params, &applier, &error), IMPASTO_OK);
    for (int shift = 0; shift < 2; shift++) {
        fill(&from.frame, shift);
        paint(clip, &from.frame, &to.frame);
        assert_int_equal(impasto_applier_frame(applier, WIDTH, HEIGHT, from.frame.pixels,
                                               from.frame.stride, expected.frame.pixels,
                                               expected.frame.stride, &error),
                         IMPASTO_OK);
        assert_true(difference(&to.frame, &expected.frame) == 0);
        assert_true(difference(&to.frame, &from.frame) > 0.1F);
    }
    assert_int_equal(impasto_clip_info(clip)->frames, 2);
    paint(clip, &from.frame, &from.frame);
    assert_true(difference(&from.frame, &expected.frame) == 0);
    impasto_applier_close(&applier);
    impasto_clip_close(&clip);
    free_frame(&from);
    free_frame(&to);
    free_frame(&expected);
}

static void floats_are_as_bytes(void **state)
{
    (void)state;
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_clip *clip = open_network(&params);
    struct memory from = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory wide = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_FLOAT);
    struct memory to = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory wide_to = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_FLOAT);
    fill(&from.frame, 0);
    fill(&wide.frame, 0);
    paint(clip, &from.frame, &to.frame);
    paint(clip, &wide.frame, &wide_to.frame);
    assert_true(difference(&to.frame, &wide_to.frame) <= 0.5F / 255 + 1e-5F);
    paint(clip, &from.frame, &wide_to.frame);
    assert_true(difference(&to.frame, &wide_to.frame) <= 0.5F / 255 + 1e-5F);
    impasto_clip_close(&clip);
    free_frame(&from);
    free_frame(&wide);
    free_frame(&to);
    free_frame(&wide_to);
}

/* Shorts are floats, rounded to 16 bits, also those between two bytes. */
static void shorts_are_as_floats(void **state)
{
    (void)state;
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_clip *clip = open_network(&params);
    struct memory from = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_SHORT);
    struct memory wide = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_FLOAT);
    struct memory to = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_SHORT);
    struct memory wide_to = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_FLOAT);
    fill(&from.frame, 0);
    ((uint16_t *)from.frame.pixels)[30] += 100;
    for (int y = 0; y < HEIGHT; y++)
        for (int i = 0; i < 3 * WIDTH; i++)
            ((float *)
                 wide.frame.pixels)[(size_t)y * wide.frame.stride / sizeof(float) + (size_t)i] =
                value_at(&from.frame, y, i);
    paint(clip, &from.frame, &to.frame);
    paint(clip, &wide.frame, &wide_to.frame);
    assert_true(difference(&to.frame, &wide_to.frame) <= 0.5F / 65535 + 1e-6F);
    impasto_clip_close(&clip);
    free_frame(&from);
    free_frame(&wide);
    free_frame(&to);
    free_frame(&wide_to);
}

static void results_have_the_size_that_is_asked_for(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    params.size = 90;
    struct impasto_clip *clip = open_network(&params);
    const struct impasto_clip_info *info = impasto_clip_info(clip);
    assert_int_equal(info->width, WIDTH);
    assert_int_equal(info->result_width, 90);
    assert_int_equal(info->result_height, 68);
    struct memory from = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory to = make_frame(90, 68, IMPASTO_SAMPLES_BYTE);
    fill(&from.frame, 0);
    paint(clip, &from.frame, &to.frame);
    assert_true(value_at(&to.frame, 67, 89) >= 0);
    impasto_clip_close(&clip);
    free_frame(&from);
    free_frame(&to);
}

/* ---- Refusals -------------------------------------------------------------------------------- */

static void expect_refusal(struct impasto_clip *clip, const struct impasto_frame *from,
                           const struct impasto_frame *to, const char *words)
{
    struct impasto_error error = {0};
    assert_int_equal(impasto_clip_frame(clip, from, to, &error), IMPASTO_ERROR_USAGE);
    if (!strstr(error.message, words))
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
}

static void wrong_frames_are_refused(void **state)
{
    (void)state;
    const struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_clip *clip = open_network(&params);
    struct memory memory = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct impasto_frame wrong = memory.frame;
    wrong.width--;
    expect_refusal(clip, &wrong, &memory.frame, "`from` is a frame of 44x34");
    expect_refusal(clip, &memory.frame, &wrong, "`to` is a frame of 44x34");
    wrong = memory.frame;
    wrong.stride = 3 * WIDTH - 1;
    expect_refusal(clip, &wrong, &memory.frame, "rows of 134 bytes");
    wrong = memory.frame;
    wrong.samples = (enum impasto_samples)3;
    expect_refusal(clip, &memory.frame, &wrong, "unknown kind");
    wrong = memory.frame;
    wrong.struct_size = 3;
    expect_refusal(clip, &wrong, &memory.frame, "impasto_frame");
    assert_int_equal(impasto_clip_info(clip)->frames, 0);
    impasto_clip_close(&clip);
    free_frame(&memory);
}

static void wrong_sizes_are_refused(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    const struct impasto_clip_params film = impasto_clip_defaults(WIDTH, HEIGHT);
    const struct impasto_clip_params none = impasto_clip_defaults(0, HEIGHT);
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    assert_int_equal(impasto_clip_open_network(device, model, &params, &none, &clip, &error),
                     IMPASTO_ERROR_USAGE);
    params.stroke = 9;
    assert_int_equal(impasto_clip_open_network(device, model, &params, &film, &clip, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(clip);
    impasto_clip_close(&clip);
}

/* ---- States ---------------------------------------------------------------------------------- */

#define FRAMES 6

static void paint_number(struct impasto_clip *clip, int number, const struct impasto_frame *to)
{
    struct memory from = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    fill(&from.frame, number);
    paint(clip, &from.frame, to);
    free_frame(&from);
}

/* A clip that goes on from a state paints the bytes of one that was never closed, whether frames
 * depend on those before or not; and at another size of the results. */
static void states_go_on(void **state)
{
    (void)state;
    static const struct {
        float steady, smooth;
        int size;
    } kinds[] = {{0, 0, IMPASTO_SIZE_SOURCE},
                 {0.05F, 0, IMPASTO_SIZE_SOURCE},
                 {0, 0.9F, IMPASTO_SIZE_SOURCE},
                 {0.05F, 0.9F, 30}};
    for (size_t k = 0; k < IMP_COUNT(kinds); k++) {
        struct impasto_apply_params params = impasto_apply_defaults();
        params.steady = kinds[k].steady;
        params.smooth = kinds[k].smooth;
        params.size = kinds[k].size;
        struct impasto_clip *whole = open_network(&params), *parts = open_network(&params);
        const struct impasto_clip_info info = *impasto_clip_info(whole);
        struct memory a = make_frame(info.result_width, info.result_height, IMPASTO_SAMPLES_BYTE);
        struct memory b = make_frame(info.result_width, info.result_height, IMPASTO_SAMPLES_BYTE);
        for (int i = 0; i < FRAMES; i++) {
            struct impasto_error error = {0};
            paint_number(whole, i, &a.frame);
            paint_number(parts, i, &b.frame);
            assert_true(difference(&a.frame, &b.frame) == 0);
            assert_int_equal(impasto_clip_save(parts, in_folder("state"), &error), IMPASTO_OK);
            impasto_clip_close(&parts);
            parts = open_network(&params);
            if (impasto_clip_load(parts, in_folder("state"), &error) != IMPASTO_OK)
                fail_msg("%s", error.message);
            assert_int_equal(impasto_clip_info(parts)->frames, i + 1);
        }
        impasto_clip_close(&whole);
        impasto_clip_close(&parts);
        free_frame(&a);
        free_frame(&b);
    }
}

/* Another network's state, or that of other settings, is none; the clip is as it was. */
static void other_states_are_refused(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    struct impasto_error error = {0};
    struct memory a = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory b = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    size_t size;
    params.smooth = 0.9F;
    struct impasto_clip *clip = open_network(&params);
    paint_number(clip, 0, &a.frame);
    paint_number(clip, 1, &b.frame);
    assert_int_equal(impasto_clip_save(clip, in_folder("state"), &error), IMPASTO_OK);
    impasto_clip_close(&clip);
    params.smooth = 0.8F;
    clip = open_network(&params);
    assert_int_equal(impasto_clip_load(clip, in_folder("state"), &error), IMPASTO_ERROR_INPUT);
    assert_non_null(strstr(error.message, "other frames, pictures, weights or settings"));
    impasto_clip_close(&clip);
    params.smooth = 0.9F;
    clip = open_network(&params);
    unsigned char *bytes = read_bytes(in_folder("state"), &size);
    bytes[size - 400] ^= 0x40;
    write_bytes(in_folder("state"), bytes, size);
    free(bytes);
    assert_int_equal(impasto_clip_load(clip, in_folder("state"), &error), IMPASTO_ERROR_INPUT);
    assert_int_equal(impasto_clip_info(clip)->frames, 0);
    paint_number(clip, 0, &b.frame);
    assert_true(difference(&a.frame, &b.frame) == 0);
    impasto_clip_close(&clip);
    free_frame(&a);
    free_frame(&b);
}

static void strokes_of_another_size_are_refused(void **state)
{
    (void)state;
    struct impasto_apply_params params = impasto_apply_defaults();
    const struct impasto_clip_params film = impasto_clip_defaults(WIDTH, HEIGHT);
    struct impasto_clip *clip = NULL;
    struct impasto_error error = {0};
    params.stroke = 2;
    params.smooth = 0.5F;
    assert_int_equal(impasto_clip_open_network(device, model, &params, &film, &clip, &error),
                     IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "neither `steady` nor `smooth`"));
    params.stroke = 1;
    params.smooth = 1;
    assert_int_equal(impasto_clip_open_network(device, model, &params, &film, &clip, &error),
                     IMPASTO_ERROR_USAGE);
    assert_null(clip);
}

/* ---- Scenes ---------------------------------------------------------------------------------- */

#define CUT 3 /* the frame of FRAMES that shows another place */

static void fill_scenes(struct impasto_frame *frame, int number)
{
    fill(frame, number);
    for (int y = 0; y < frame->height && number >= CUT; y++)
        for (int i = 0; i < 3 * frame->width; i++)
            ((unsigned char *)frame->pixels)[(size_t)y * frame->stride + (size_t)i] =
                (unsigned char)(16 * ((i / 21 * 37 + y / 5 * 23) % 16));
}

/* Each scene by a clip that has painted something else, once the cuts are known. */
static void expect_scenes(const struct impasto_apply_params *params)
{
    struct impasto_clip *whole = open_network(params), *parts = open_network(params);
    struct impasto_clip *scout = open_network(params);
    struct memory from = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory a = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    struct memory b = make_frame(WIDTH, HEIGHT, IMPASTO_SAMPLES_BYTE);
    const bool follows = params->steady > 0 || params->smooth > 0;
    struct impasto_error error = {0};
    paint_number(parts, 40, &b.frame);
    for (int i = 0; i < FRAMES; i++) {
        fill_scenes(&from.frame, i);
        if (impasto_clip_look(scout, &from.frame, &error) != IMPASTO_OK)
            fail_msg("%s", error.message);
        const struct impasto_clip_info *seen = impasto_clip_info(scout);
        assert_int_equal(seen->frames, i + 1);
        assert_int_equal(seen->begins_scene, !follows || i == 0 || i == CUT);
        if (seen->begins_scene)
            impasto_clip_begin(parts, (uint64_t)i, 0);
        paint(whole, &from.frame, &a.frame);
        paint(parts, &from.frame, &b.frame);
        assert_true(difference(&a.frame, &b.frame) == 0);
    }
    assert_true(impasto_clip_info(scout)->memory < impasto_clip_info(whole)->memory / 2);
    expect_refusal(scout, &from.frame, &a.frame, "only finds scenes");
    assert_int_equal(impasto_clip_look(whole, &from.frame, &error), IMPASTO_ERROR_USAGE);
    assert_non_null(strstr(error.message, "this clip paints"));
    assert_int_equal(impasto_clip_save(scout, in_folder("state"), &error),
                     follows ? IMPASTO_ERROR_USAGE : IMPASTO_OK);
    impasto_clip_begin(scout, 0, 0);
    paint(scout, &from.frame, &b.frame);
    impasto_clip_close(&whole);
    impasto_clip_close(&parts);
    impasto_clip_close(&scout);
    free_frame(&from);
    free_frame(&a);
    free_frame(&b);
}

static void scenes_are_painted_apart(void **state)
{
    (void)state;
    static const float steady[] = {0, 0.05F, 0, 0.05F}, smooth[] = {0, 0, 0.9F, 0.9F};
    for (size_t k = 0; k < IMP_COUNT(steady); k++) {
        struct impasto_apply_params params = impasto_apply_defaults();
        params.steady = steady[k];
        params.smooth = smooth[k];
        expect_scenes(&params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_the_appliers),
        cmocka_unit_test(floats_are_as_bytes),
        cmocka_unit_test(shorts_are_as_floats),
        cmocka_unit_test(results_have_the_size_that_is_asked_for),
        cmocka_unit_test(wrong_frames_are_refused),
        cmocka_unit_test(wrong_sizes_are_refused),
        cmocka_unit_test(states_go_on),
        cmocka_unit_test(other_states_are_refused),
        cmocka_unit_test(strokes_of_another_size_are_refused),
        cmocka_unit_test(scenes_are_painted_apart),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
