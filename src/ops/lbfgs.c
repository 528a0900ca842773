/* SPDX-License-Identifier: MIT */
/* The vectors of L-BFGS on the device: cl/lbfgs.cl. */

#include "ops/kernels.h"
#include "ops/step.h"
#include "ops/sums.h"

/* Every width that vectors can have divides it. */
#define ALIGN 16

int imp_lbfgs_pitch(int n)
{
    return (n - 1) / ALIGN * ALIGN + ALIGN;
}

/* floatv of one vector. */
static int vectors_of(const struct imp_device *device, const struct imp_lbfgs_vectors *v)
{
    return imp_lbfgs_pitch(v->n) / imp_device_caps(device)->vector_width;
}

/* The arguments by which kernels know the blocks that sums are taken by. Without rows there is one.
 */
struct blocks {
    int planes, floats, size, count, shares;
};

static struct blocks blocks_of(const struct imp_lbfgs_vectors *v)
{
    const struct imp_elsewhere *elsewhere = v->elsewhere;
    if (v->height == 0)
        return (struct blocks){1, v->n, v->n, 1, IMP_PARTS};
    const struct imp_blocks all = imp_blocks_of(elsewhere ? elsewhere->height : v->height, 0);
    const struct imp_blocks rows =
        imp_blocks_within(&all, elsewhere ? elsewhere->begin : 0, v->height);
    const int floats = v->n / 3, width = floats / v->height;
    return (struct blocks){3, floats, rows.rows * width, rows.count, rows.shares};
}

#define BLOCKS(blocks)                                                                             \
    imp_int((blocks).planes), imp_int((blocks).floats), imp_int((blocks).size),                    \
        imp_int((blocks).count), imp_int((blocks).shares)

enum impasto_status imp_lbfgs_totals(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                     int slots, double *totals)
{
    return v->elsewhere ? v->elsewhere->totals(v->elsewhere->user, v->sums, slots, totals)
                        : imp_sums_read(device, v->sums, slots, totals);
}

enum impasto_status imp_lbfgs_move(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                   double step)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "lbfgs_move",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(v->point), imp_buf(v->direction), imp_buf(v->image), imp_int(v->n),
                     imp_float((float)step), imp_float(v->bounds.low), imp_float(v->bounds.high)),
            .global = {imp_column_items(device, v->n)},
            .bytes = imp_float_bytes(3.0 * v->n),
        });
}

enum impasto_status imp_lbfgs_accept(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                     int slot)
{
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "lbfgs_accept",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(v->image), imp_buf(v->gradient), imp_buf(v->point),
                     imp_buf(v->reduced), imp_buf(v->moves), imp_buf(v->changes), imp_int(v->n),
                     imp_int(vectors_of(device, v)), imp_int(slot), imp_float(v->bounds.low),
                     imp_float(v->bounds.high)),
            .global = {imp_column_items(device, v->n)},
            .bytes = imp_float_bytes(8.0 * v->n),
        });
}

size_t imp_lbfgs_sums_bytes(int slots)
{
    return (size_t)(IMP_LBFGS_ROWS * (2 * slots + 1)) * IMP_PARTS * sizeof(float);
}

enum impasto_status imp_lbfgs_dots(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                   int slot, int slots, double *dots)
{
    const int columns = 2 * slots + 1;
    const struct blocks blocks = blocks_of(v);
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_SMALL, "lbfgs_dots",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(v->reduced), imp_buf(v->moves), imp_buf(v->changes), imp_buf(v->sums),
                     imp_int(imp_lbfgs_pitch(v->n)), imp_int(slot), imp_int(slots), BLOCKS(blocks)),
            .global = {IMP_PARTS, imp_items(columns, LBFGS_TOGETHER)},
            .flops = 2.0 * IMP_LBFGS_ROWS * columns * v->n,
            .bytes = imp_float_bytes((columns + 3.0 * columns / LBFGS_TOGETHER) * v->n),
        }));
    return imp_lbfgs_totals(device, v, IMP_LBFGS_ROWS * columns, dots);
}

enum impasto_status imp_lbfgs_combine(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                      int slots, const float *coefficients)
{
    const int vectors = vectors_of(device, v);
    IMP_TRY(imp_buffer_write(v->coefficients, 0, coefficients,
                             (size_t)(2 * slots + 1) * sizeof(float)));
    return imp_program_launch(
        device, IMP_PROGRAM_SMALL, "lbfgs_combine",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(v->point), imp_buf(v->reduced), imp_buf(v->moves), imp_buf(v->changes),
                     imp_buf(v->coefficients), imp_buf(v->direction), imp_int(vectors),
                     imp_int(slots), imp_float(v->bounds.low), imp_float(v->bounds.high)),
            .global = {imp_column_items(device, vectors)},
            .flops = 2.0 * (2 * slots + 1) * v->n,
            .bytes = imp_float_bytes((2.0 * slots + 3) * v->n),
        });
}

enum impasto_status imp_lbfgs_slope(struct imp_device *device, const struct imp_lbfgs_vectors *v,
                                    double *slope, double *size)
{
    double totals[IMP_LBFGS_SLOPE];
    const struct blocks blocks = blocks_of(v);
    IMP_TRY(imp_program_launch(
        device, IMP_PROGRAM_SMALL, "lbfgs_slope",
        &(struct imp_launch){
            IMP_ARGS(imp_buf(v->image), imp_buf(v->gradient), imp_buf(v->direction),
                     imp_buf(v->sums), imp_float(v->bounds.low), imp_float(v->bounds.high),
                     BLOCKS(blocks)),
            .global = {IMP_PARTS},
            .bytes = imp_float_bytes(3.0 * v->n),
        }));
    IMP_TRY(imp_lbfgs_totals(device, v, IMP_LBFGS_SLOPE, totals));
    *slope = totals[0];
    *size = totals[1];
    return IMPASTO_OK;
}
