/* SPDX-License-Identifier: MIT */
/* Style networks for tests. */

#include "networks.h"
#include "files.h"
#include "model/model.h"

#include <math.h>

void make_network(const char *path, const char *const *styles, int count)
{
    struct impasto_error error = {0};
    const struct imp_model_shape shape = imp_model_shape_usual(8, count);
    struct imp_stylenet net = {0};
    assert_int_equal(imp_stylenet_create(&shape, 7, &net, &error), IMPASTO_OK);
    for (int s = 0; s < count; s++)
        assert_int_equal(imp_stylenet_rename(&net, s, styles[s], &error), IMPASTO_OK);
    for (size_t i = net.rows.norms; i < net.rows.parameters; i++)
        net.parameters[i] += 0.3F * sinf((float)i);
    assert_int_equal(imp_stylenet_save(&net, path, false, &error), IMPASTO_OK);
    imp_stylenet_free(&net);
}
