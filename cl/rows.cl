/* SPDX-License-Identifier: MIT */
/* Rows of bands on their way to a neighbour: plain floats, channel by channel, whatever the layout. */

/*
 * rows (2, channels, count): of each of two rows, `count` positions of every channel, from position at0 and
 * at1 on of planes of `plane` positions, with so many channels side by side: `lanes`. With `back` the other
 * way round, and only those of the rows that `which` has a bit for. Dimensions: count, channels, 2.
 */
__kernel void rows_move(__global float *x, __global float *rows, int channels, int lanes, int plane, int at0,
                        int at1, int count, int back, int which)
{
    const int i = (int)get_global_id(0), c = (int)get_global_id(1), row = (int)get_global_id(2);
    if (i >= count || c >= channels || row >= 2 || !(which >> row & 1))
        return;
    const size_t position = (size_t)(c / lanes) * plane + (row ? at1 : at0) + i;
    __global float *there = x + position * lanes + c % lanes;
    __global float *here = rows + (size_t)(row * channels + c) * count + i;
    if (back)
        *there = *here;
    else
        *here = *there;
}
