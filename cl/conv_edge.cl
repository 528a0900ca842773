/* SPDX-License-Identifier: MIT */
/*
 * What of a 3x3 convolution's gradient reaches pixels beyond the picture's edge, where its input was
 * padded with copies of pixels: into the halo of y, whose pixels the convolution itself writes. x, the
 * output's gradient, has a halo of zeros.
 *
 * Only the picture's outermost row or column reaches a side of the halo, by three of the taps. So a side
 * is a line of positions, each of which has the sum over input channels of three products. The sides are
 * the rows above and below, with their corners, then the columns to the left and right.
 */

/* One side: `count` halo positions from `to` on; from a position's three neighbours in the picture, of
 * which the middle one is `from` + i * step, by the taps `tap` + k * tap_step; a position's pixel, which
 * it is a copy of, is `origin` + i * step. The first and the last are copies of other columns where
 * the side has `corners`. */
struct side {
    int count, to, from, origin, step, tap, tap_step, corners;
};

static inline struct side side_of(int n, int height, int width)
{
    const int pitch = PITCH(width);
    struct side s;
    if (n < 2) { /* above, below */
        s.count = pitch;
        s.to = n == 0 ? 0 : (height + 1) * pitch;
        s.from = n == 0 ? pitch : height * pitch;
        s.origin = n == 0 ? 2 * pitch : (height - 1) * pitch;
        s.step = 1;
        s.tap = n == 0 ? 6 : 0;
        s.tap_step = 1;
        s.corners = 1;
    } else { /* left, right */
        s.count = height;
        s.to = pitch + (n == 2 ? 0 : width + 1);
        s.from = pitch + (n == 2 ? 1 : width);
        s.origin = pitch + (n == 2 ? 2 : width - 1);
        s.step = pitch;
        s.tap = n == 2 ? 2 : 0;
        s.tap_step = 3;
        s.corners = 0;
    }
    return s;
}

/* Of run `item`, each so many positions long: the side, and in *begin the first position. */
static inline struct side side_at(int item, int run, int height, int width, int *begin)
{
    const int across = (PITCH(width) + run - 1) / run, down = (height + run - 1) / run;
    const int n = item < 2 * across ? item / across : 2 + (item - 2 * across) / down;
    *begin = (n < 2 ? item - n * across : item - 2 * across - (n - 2) * down) * run;
    return side_of(n, height, width);
}

static inline int origin_of(struct side s, int i)
{
    const int inward = s.corners && i == 0 ? 2 : s.corners && i == s.count - 1 ? -2 : 0;
    return s.origin + i * s.step + inward;
}

/*
 * Of blocked tensors. EV vectors of channels at EB positions of a side per work-item; w as conv_direct's,
 * for x's to y's channels. With `gate` nothing reaches a copy of a pixel where aux, shaped as y, is not
 * positive; aux may be y. sides: runs of all. Dimensions: sides, out_blocks / EV.
 */
FULL_WIDTH
__kernel void conv_edge(__global const float *restrict x, __global const floatv *restrict w,
                        __global floatv *y, __global const floatv *aux, int out_blocks,
                        int in_blocks, int height, int width, int sides, int gate)
{
    const int out = (int)get_global_id(1) * EV;
    if ((int)get_global_id(0) >= sides || out >= out_blocks)
        return;
    int begin;
    const struct side s = side_at((int)get_global_id(0), EB, height, width, &begin);
    const int plane = PLANE(height, width);

    int from[EB];
    floatv acc[EV][EB];
#pragma unroll
    for (int t = 0; t < EB; t++) {
        from[t] = (s.from + min(begin + t, s.count - 1) * s.step) * VW;
#pragma unroll
        for (int j = 0; j < EV; j++)
            acc[j][t] = (floatv)(0.0f);
    }
    __global const floatv *of_group = w + (size_t)(out / CV) * in_blocks * 9 * VW * CV + out % CV;
    for (int block = 0; block < in_blocks; block++) {
        for (int k = 0; k < 3; k++) {
            __global const float *xp = x + ((size_t)block * plane + (k - 1) * s.step) * VW;
            __global const floatv *wp =
                of_group + (size_t)(block * 9 + s.tap + k * s.tap_step) * VW * CV;
#pragma unroll 4
            for (int c = 0; c < VW; c++) {
                floatv wv[EV];
#pragma unroll
                for (int j = 0; j < EV; j++)
                    wv[j] = wp[c * CV + j];
#pragma unroll
                for (int t = 0; t < EB; t++) {
                    const floatv v = (floatv)(xp[from[t] + c]);
#pragma unroll
                    for (int j = 0; j < EV; j++)
                        acc[j][t] = wv[j] * v + acc[j][t];
                }
            }
        }
    }

#pragma unroll
    for (int t = 0; t < EB; t++) {
        const int i = begin + t;
        if (i < s.count) {
#pragma unroll
            for (int j = 0; j < EV; j++) {
                const size_t first = (size_t)(out + j) * plane;
                const floatv r = acc[j][t];
                y[first + s.to + i * s.step] = gate ? gated(r, aux[first + origin_of(s, i)]) : r;
            }
        }
    }
}

/* The same to a planar picture y (3, plane); w as conv_first_bwd's. Dimensions: positions of all sides,
 * 3. */
__kernel void conv_edge_first(__global const floatv *restrict x, __global const floatv *restrict w,
                              __global float *restrict y, int in_blocks, int height, int width,
                              int sides)
{
    const int colour = (int)get_global_id(1);
    if ((int)get_global_id(0) >= sides || colour >= 3)
        return;
    int i;
    const struct side s = side_at((int)get_global_id(0), 1, height, width, &i);
    const int plane = PLANE(height, width);
    floatv acc = (floatv)(0.0f);
    for (int block = 0; block < in_blocks; block++)
        for (int k = 0; k < 3; k++)
            acc = w[(block * 9 + s.tap + k * s.tap_step) * 3 + colour] *
                      x[(size_t)block * plane + s.from + (i + k - 1) * s.step] +
                  acc;
    y[(size_t)colour * plane + s.to + i * s.step] = sum_lanes(acc);
}
