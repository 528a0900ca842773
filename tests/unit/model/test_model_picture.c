/* SPDX-License-Identifier: MIT */
/* The pictures that a model keeps of its styles. */

#include "model/model.h"
#include "files.h"
#include "fixtures.h"

#include <math.h>
#include <stdlib.h>

static struct imp_stylenet network(int styles)
{
    struct imp_stylenet net;
    const struct imp_model_shape shape = imp_model_shape_usual(8, styles);
    assert_int_equal(imp_stylenet_create(&shape, 1, &net, NULL), IMPASTO_OK);
    return net;
}

/* Saved and opened again; frees the network. */
static struct impasto_model *opened(struct imp_stylenet *net)
{
    struct impasto_error error = {0};
    struct impasto_model *model = NULL;
    if (imp_stylenet_save(net, in_folder("model"), true, &error) != IMPASTO_OK ||
        impasto_model_open(in_folder("model"), &model, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    imp_stylenet_free(net);
    return model;
}

static struct impasto_image *picture_of(const struct impasto_model *model, size_t style)
{
    struct impasto_error error = {0};
    struct impasto_image *image = NULL;
    assert_true(impasto_model_has_picture(model, style));
    if (impasto_model_picture(model, style, &image, &error) != IMPASTO_OK)
        fail_msg("%s", error.message);
    return image;
}

/* How far two pictures of the same size are apart, on average. */
static double apart(const struct impasto_image *a, const struct impasto_image *b)
{
    const size_t values = 3 * (size_t)a->width * (size_t)a->height;
    double sum = 0;
    assert_int_equal(a->width, b->width);
    assert_int_equal(a->height, b->height);
    for (size_t i = 0; i < values; i++)
        sum += fabs((double)a->rgb[i] - (double)b->rgb[i]);
    return sum / (double)values;
}

static void what_was_stored_comes_back(void **state)
{
    (void)state;
    struct imp_stylenet net = network(3);
    struct impasto_image *first = painted_picture(61, 40, 0), *drawn = NULL;
    assert_int_equal(imp_style_picture_store(first, &net.pictures[0], NULL), IMPASTO_OK);
    assert_true(imp_style_picture_sound(net.pictures[0]));
    assert_int_equal(imp_style_picture_drawn("ink", 50, &net.pictures[2], NULL), IMPASTO_OK);
    assert_string_equal(net.pictures[2], "drawn:50:ink");
    assert_int_equal(imp_style_draw("ink", 50, &drawn, NULL), IMPASTO_OK);
    struct impasto_model *model = opened(&net);
    struct impasto_image *a = picture_of(model, 0), *c = picture_of(model, 2);
    assert_true(apart(a, first) < 0.03);
    assert_true(apart(c, drawn) == 0);
    assert_false(impasto_model_has_picture(model, 1));
    assert_false(impasto_model_has_picture(model, 3));
    struct impasto_error error = {0};
    struct impasto_image *none = NULL;
    assert_int_equal(impasto_model_picture(model, 1, &none, &error), IMPASTO_ERROR_USAGE);
    assert_null(none);
    impasto_model_forget_pictures(model);
    assert_false(impasto_model_has_picture(model, 0));
    impasto_model_close(&model);
    impasto_image_free(&a);
    impasto_image_free(&c);
    impasto_image_free(&first);
    impasto_image_free(&drawn);
}

static void they_stay_with_their_styles(void **state)
{
    (void)state;
    struct imp_stylenet net = network(2), copy, picked;
    const int order[] = {2, 1};
    assert_int_equal(imp_style_picture_drawn("ink", 50, &net.pictures[1], NULL), IMPASTO_OK);
    assert_int_equal(imp_stylenet_add_style(&net, "third", NULL), IMPASTO_OK);
    assert_string_equal(net.pictures[1], "drawn:50:ink");
    assert_null(net.pictures[2]);
    assert_int_equal(imp_stylenet_copy(&net, &copy, NULL), IMPASTO_OK);
    assert_string_equal(copy.pictures[1], "drawn:50:ink");
    assert_int_equal(imp_stylenet_pick(&net, order, 2, &picked, NULL), IMPASTO_OK);
    assert_null(picked.pictures[0]);
    assert_string_equal(picked.pictures[1], "drawn:50:ink");
    imp_stylenet_free(&picked);
    imp_stylenet_free(&copy);
    imp_stylenet_free(&net);
}

/* Noise does not compress: a large picture of it is left out, a smaller one is kept in a lower
 * quality. */
static void what_is_too_large_is_left_out(void **state)
{
    (void)state;
    for (int side = 200; side <= 1600; side *= 8) {
        char *text = NULL;
        struct impasto_image *image = NULL;
        assert_int_equal(impasto_image_create(side, side, &image, NULL), IMPASTO_OK);
        const size_t values = 3 * (size_t)side * (size_t)side;
        for (size_t i = 0; i < values; i++)
            image->rgb[i] = imp_rng_uniform(1, 2, i);
        assert_int_equal(imp_style_picture_store(image, &text, NULL), IMPASTO_OK);
        assert_true((text != NULL) == (side == 200));
        assert_true(!text || imp_style_picture_sound(text));
        free(text);
        impasto_image_free(&image);
    }
}

/* Each length of what is left over of three bytes. */
static void all_bytes_come_through(void **state)
{
    (void)state;
    assert_true(imp_style_picture_sound("data:image/png;base64,AA=="));
    assert_true(imp_style_picture_sound("data:image/png;base64,+/8="));
    assert_true(imp_style_picture_sound("data:image/png;base64,AAAA"));
    static const char *const bad[] = {"",
                                      "A",
                                      "AA",
                                      "AAA",
                                      "A===",
                                      "====",
                                      "AA=A",
                                      "AAAA=",
                                      "AAA\n",
                                      "AA-_",
                                      "AA A",
                                      "AAAA\x80"
                                      "AAA"};
    for (size_t i = 0; i < IMP_COUNT(bad); i++) {
        char text[64];
        snprintf(text, sizeof(text), "data:image/jpeg;base64,%s", bad[i]);
        if (imp_style_picture_sound(text))
            fail_msg("\"%s\" is taken for sound", bad[i]);
    }
}

/* A model may say that its picture is of one kind, and have a file of another. */
static void other_files_are_not_decoded(void **state)
{
    (void)state;
    static const char *const texts[] = {"data:image/png;base64,/9j/4AAQSkZJRgAB",
                                        "data:image/jpeg;base64,iVBORw0KGgoAAAAN",
                                        "data:image/jpeg;base64,UklGRiQAAABXRUJQ"};
    static const char *const words[] = {"not the PNG that it says", "not the JPEG that it says",
                                        "not the JPEG that it says"};
    struct imp_stylenet net = network(IMP_COUNT(texts));
    for (size_t s = 0; s < IMP_COUNT(texts); s++)
        net.pictures[s] = strdup(texts[s]);
    struct impasto_model *model = opened(&net);
    for (size_t s = 0; s < IMP_COUNT(texts); s++) {
        struct impasto_error error = {0};
        struct impasto_image *none = NULL;
        assert_true(impasto_model_has_picture(model, s));
        assert_int_equal(impasto_model_picture(model, s, &none, &error), IMPASTO_ERROR_WEIGHTS);
        assert_non_null(strstr(error.message, words[s]));
        assert_null(none);
    }
    impasto_model_close(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_stored_comes_back, make_folder, remove_folder),
        cmocka_unit_test(they_stay_with_their_styles),
        cmocka_unit_test(what_is_too_large_is_left_out),
        cmocka_unit_test(all_bytes_come_through),
        cmocka_unit_test_setup_teardown(other_files_are_not_decoded, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
