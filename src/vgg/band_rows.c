/* SPDX-License-Identifier: MIT */
/*
 * A band's outermost rows, on their way to its neighbours: band.h. They go by the host:
 *
 * - the band's first and last row are packed, and read;
 * - neighbours swap them;
 * - they are written, and put beside the band's own.
 *
 * The device has one queue, in order. What is launched after the read runs while neighbours swap,
 * and what is launched after the put finds the rows there. So nobody waits for the device but for
 * the read. The host's memory is safe: a read ends after the write before it.
 */

#include "vgg/band.h"

#include "ops/rows.h"

static size_t row_floats(const struct imp_tensor *tensor)
{
    return (size_t)tensor->channels * ((size_t)tensor->width + 2);
}

uint64_t imp_band_row_bytes(const struct imp_tensor *tensor)
{
    return row_floats(tensor) * sizeof(float);
}

/* ---- Swapping -------------------------------------------------------------------------------- */

static enum impasto_status meet(struct imp_band *band, const struct imp_edges *edges)
{
    const double since = imp_host_seconds();
    enum impasto_status status = imp_comm_edges_begin(band->comm, edges);
    if (status == IMPASTO_OK)
        status = imp_comm_edges_end(band->comm);
    band->waited += imp_host_seconds() - since;
    return imp_ranks_heard(band->comm, band->device, status);
}

/* rows: the band's first and last, of so many floats each; then those beside them. */
static enum impasto_status swap_begin(struct imp_band *band, const struct imp_buffer *rows,
                                      size_t floats)
{
    return imp_buffer_read_begin(rows, 0, band->host, 2 * floats * sizeof(float), &band->taken);
}

static enum impasto_status swap_end(struct imp_band *band, struct imp_buffer *rows, size_t floats)
{
    const bool goes_on[] = {imp_band_above(band), imp_band_below(band)};
    const size_t bytes = floats * sizeof(float);
    struct imp_edges edges = {0};
    for (size_t side = 0; side < 2; side++) {
        edges.send[side] = band->host + side * floats;
        edges.receive[side] = band->host + (2 + side) * floats;
        edges.send_bytes[side] = edges.receive_bytes[side] = goes_on[side] ? bytes : 0;
    }
    IMP_TRY(imp_copying_end(&band->taken));
    IMP_TRY(imp_copying_end(&band->put));
    IMP_TRY(imp_band_add_send(band));
    IMP_TRY(meet(band, &edges));
    return imp_buffer_write_begin(rows, 0, band->host + 2 * floats, 2 * bytes, &band->put);
}

static bool is_alone(const struct imp_band *band)
{
    return !imp_band_above(band) && !imp_band_below(band);
}

enum impasto_status imp_band_exchange_begin(struct imp_band *band, const struct imp_tensor *tensor)
{
    if (is_alone(band))
        return IMPASTO_OK;
    IMP_TRY(imp_rows_take(band->device, tensor, band->edges));
    return swap_begin(band, band->edges, row_floats(tensor));
}

enum impasto_status imp_band_exchange_end(struct imp_band *band, const struct imp_tensor *tensor)
{
    if (is_alone(band))
        return IMPASTO_OK;
    IMP_TRY(swap_end(band, band->edges, row_floats(tensor)));
    return imp_rows_put(band->device, tensor, band->edges, imp_band_above(band),
                        imp_band_below(band));
}

enum impasto_status imp_band_exchange(struct imp_band *band, const struct imp_tensor *tensor)
{
    IMP_TRY(imp_band_exchange_begin(band, tensor));
    return imp_band_exchange_end(band, tensor);
}

enum impasto_status imp_band_exchange_image(struct imp_band *band, const struct imp_buffer *image)
{
    const size_t floats = 3 * (size_t)band->width;
    if (is_alone(band))
        return IMPASTO_OK;
    IMP_TRY(imp_rows_take_image(band->device, image, band->rows, band->width, band->image_rows));
    IMP_TRY(swap_begin(band, band->image_rows, floats));
    return swap_end(band, band->image_rows, floats);
}
