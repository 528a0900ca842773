/* SPDX-License-Identifier: MIT */
/* Whole flows: enlarged to the level below or to the picture, and how far they can be relied on. */

/* Between two lines, three quarters of the first. */
static inline floatv nearer(__global const float *restrict row, __global const float *restrict other)
{
    return 0.75f * load(row) + 0.25f * load(other);
}

/* Two vectors of a line enlarged twofold: each pixel is three quarters of the one that it is in, and one
 * quarter of that one's neighbour on its side. */
static inline void enlarge_vector(__global const float *restrict row, __global const float *restrict other,
                                  __global float *restrict to)
{
    const floatv here = 1.5f * nearer(row, other);
    const floatv left = here + 0.5f * nearer(row - 1, other - 1);
    const floatv right = here + 0.5f * nearer(row + 1, other + 1);
    floatv first, second;
    first.even = left.lo;
    first.odd = right.lo;
    second.even = left.hi;
    second.odd = right.hi;
    store(first, to);
    store(second, to + VW);
}

/* The same for its pixel i. */
static inline float enlarged(__global const float *restrict row, __global const float *restrict other, int i)
{
    const int from = i / 2, beside = from + (i & 1 ? 1 : -1);
    return 1.5f * (0.75f * row[from] + 0.25f * other[from]) +
           0.5f * (0.75f * row[beside] + 0.25f * other[beside]);
}

/* flow = a field's flow of half the size, enlarged with its vectors: two fields of height x width with their
 * margins, or, plain, planes of that size. Dimensions: width / 2 / VW / COLUMNS, height and the margin's
 * rows. */
__kernel void flow_enlarge(__global const float *restrict small, int small_height, int small_width,
                           __global float *restrict flow, int height, int width, int plain)
{
    const int line = (int)get_global_id(1) - 1, y = clamp(line, 0, height - 1);
    if (line > height || (plain && line != y))
        return;
    const int last = 2 * small_width - 1, within = min(y, 2 * small_height - 1);
    const int side = (within & 1 ? 1 : -1) * FIELD_PITCH(small_width);
    for (int k = 0; k < 2; k++) {
        __global const float *row =
            small + k * FIELD(small_height, small_width) + FIELD_AT(small_width, within / 2, 0);
        __global float *to =
            flow + (plain ? (k * height + y) * width : k * FIELD(height, width) + FIELD_AT(width, line, 0));
        FOR_COLUMNS(i, (width + 2 * VW - 1) / (2 * VW)) {
            const int x = 2 * VW * i;
            if (x + 2 * VW <= min(width, last + 1))
                enlarge_vector(row + x / 2, row + x / 2 + side, to + x);
            else
                for (int j = x; j < width; j++)
                    to[j] = enlarged(row, row + side, min(j, last));
        }
        if (!plain)
            close_row(to, width, COLUMNS * 2 * VW);
    }
}

/* A plane at a point within it, bilinear. */
static inline float between(__global const float *restrict plane, int height, int width, float y, float x)
{
    const int column = min((int)x, max(width - 2, 0)), row = min((int)y, max(height - 2, 0));
    const int right = width > 1, below = height > 1 ? width : 0;
    const float fx = x - (float)column, fy = y - (float)row;
    __global const float *q = plane + row * width + column;
    const float top = q[0] + (q[right] - q[0]) * fx;
    return top + (q[below] + (q[below + right] - q[below]) * fx - top) * fy;
}

/* Half the difference of a plane's neighbours of pixel i of n, `step` apart; at the ends the whole of one. */
static inline float change(__global const float *restrict p, int i, int n, int step)
{
    const int before = i > 0 ? step : 0, after = i + 1 < n ? step : 0;
    return (p[after] - p[-before]) * (before + after == 2 * step ? 0.5f : 1.0f);
}

/* Whether the motion changes abruptly here. */
static inline int at_edge(__global const float *restrict u, __global const float *restrict v, int y, int x,
                          int height, int width)
{
    const float ux = change(u, x, width, 1), uy = change(u, y, height, width);
    const float vx = change(v, x, width, 1), vy = change(v, y, height, width);
    return !((ux * ux + uy * uy) + (vx * vx + vy * vy) <= 0.01f * (u[0] * u[0] + v[0] * v[0]) + 0.002f);
}

/*
 * trust(y, x) = -0.4 where a pixel is not in the other frame: outside, or the flow back from where it went
 * does not lead here, |f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5 (Sundaram et al. 2010); 0 at an edge of the
 * motion; 1 elsewhere. Softened, such a pixel beside a straight border comes out as 0. forward and backward:
 * flows, two planes each. Dimensions: width / COLUMNS, height.
 */
__kernel void flow_trust(__global const float *restrict forward, __global const float *restrict backward,
                         __global float *restrict trust, int height, int width)
{
    const int y = (int)get_global_id(1), plane = height * width;
    if (y >= height)
        return;
    FOR_COLUMNS(x, width) {
        const int at = y * width + x;
        const float u = forward[at], v = forward[plane + at];
        const float to_x = (float)x + u, to_y = (float)y + v;
        float found = -0.4f;
        if (to_x >= 0.0f && to_y >= 0.0f && to_x <= (float)(width - 1) && to_y <= (float)(height - 1)) {
            const float back_u = between(backward, height, width, to_y, to_x);
            const float back_v = between(backward + plane, height, width, to_y, to_x);
            const float apart = (u + back_u) * (u + back_u) + (v + back_v) * (v + back_v);
            const float moved = (u * u + v * v) + (back_u * back_u + back_v * back_v);
            if (apart <= 0.01f * moved + 0.5f)
                found = at_edge(forward + at, forward + plane + at, y, x, height, width) ? 0.0f : 1.0f;
        }
        trust[at] = found;
    }
}

/* exp(-d^2 / 2 / 0.8^2) for d of 0, 1, 2, over the sum of all five */
#define MIDDLE 0.4991164f
#define BESIDE 0.2285121f
#define OUTER 0.0219296f

/* The five rows around row y. */
typedef struct {
    __global const float *rows[5];
} five_rows;

/* Their sum down from column x on, a vector. */
static inline floatv sum_down(const five_rows *five, int x)
{
    return MIDDLE * load(five->rows[2] + x) + BESIDE * (load(five->rows[1] + x) + load(five->rows[3] + x)) +
           OUTER * (load(five->rows[0] + x) + load(five->rows[4] + x));
}

static inline float sum_down_at(const five_rows *five, int x)
{
    return MIDDLE * five->rows[2][x] + BESIDE * (five->rows[1][x] + five->rows[3][x]) +
           OUTER * (five->rows[0][x] + five->rows[4][x]);
}

static inline float softened(const five_rows *five, int x, int width)
{
    const int last = width - 1;
    const float sum = MIDDLE * sum_down_at(five, x) +
                      BESIDE * (sum_down_at(five, max(x - 1, 0)) + sum_down_at(five, min(x + 1, last))) +
                      OUTER * (sum_down_at(five, max(x - 2, 0)) + sum_down_at(five, min(x + 2, last)));
    return fmin(fmax(sum, 0.0f), 1.0f);
}

/* reliable = trust under a Gaussian of 0.8 pixels' deviation, 5 x 5, within 0 to 1. Beyond its edges the
 * plane goes on as its edge pixels. Dimensions: width / VW / COLUMNS, height. */
__kernel void flow_soften(__global const float *restrict trust, __global float *restrict reliable, int height,
                          int width)
{
    const int y = (int)get_global_id(1);
    if (y >= height)
        return;
    five_rows five;
    for (int i = 0; i < 5; i++)
        five.rows[i] = trust + clamp(y + i - 2, 0, height - 1) * width;
    __global float *row = reliable + y * width;
    FOR_VECTORS(x, width) {
        if (x >= 2 && x + VW + 2 <= width) {
            const floatv sum = MIDDLE * sum_down(&five, x) +
                               BESIDE * (sum_down(&five, x - 1) + sum_down(&five, x + 1)) +
                               OUTER * (sum_down(&five, x - 2) + sum_down(&five, x + 2));
            store(fmin(fmax(sum, (floatv)(0.0f)), (floatv)(1.0f)), row + x);
        } else {
            for (int i = x; i < min(x + VW, width); i++)
                row[i] = softened(&five, i, width);
        }
    }
}

/* lowest = the least of each pixel and the `radius` ones before and behind it, along the rows or, down, along
 * the columns. Dimensions: width / COLUMNS, height. */
__kernel void flow_lowest(__global const float *restrict plane, __global float *restrict lowest, int height,
                          int width, int radius, int down)
{
    const int y = (int)get_global_id(1);
    if (y >= height)
        return;
    FOR_COLUMNS(x, width) {
        const int before = min(radius, down ? y : x),
                  behind = min(radius, down ? height - 1 - y : width - 1 - x);
        __global const float *here = plane + y * width + x;
        float least = here[0];
        for (int i = -before; i <= behind; i++)
            least = fmin(least, here[down ? i * width : i]);
        lowest[y * width + x] = least;
    }
}

/*
 * What tells a cut, as shares of three sums: how many pixels are less than half reliable, and over all pixels
 * of a level r and r^2, r = I1(x + flow) - I0(x). flow and reliable: of height x width, the level's number
 * down from there. Dimension: PARTS.
 */
__kernel void flow_cut(__global const float *restrict from, __global const float *restrict to, int luma_at,
                       int level_height, int level_width, int number, __global const float *restrict flow,
                       __global const float *restrict reliable, int height, int width,
                       __global float *restrict sums)
{
    const int part = (int)get_global_id(0);
    if (part >= PARTS)
        return;
    const int n = level_height * level_width, half_step = (1 << number) / 2;
    const float scale = 1.0f / (float)(1 << number);
    float lost = 0.0f, sum = 0.0f, squares = 0.0f;
    for (int i = SHARE_BEGIN(part, n); i < SHARE_END(part, n); i += SHARE_STEP) {
        const int y = i / level_width, x = i % level_width;
        const int at =
            min((y << number) + half_step, height - 1) * width + min((x << number) + half_step, width - 1);
        if (!(reliable[at] >= 0.5f))
            lost += 1.0f;
        const point moved =
            point_at((float)x + scale * flow[at], (float)y + scale * flow[height * width + at], level_height,
                     level_width, 1);
        const float r =
            sampled(to + luma_at, moved, level_width) - from[luma_at + LUMA_AT(level_width, y, x)];
        sum += r;
        squares += r * r;
    }
    sums[part] = lost;
    sums[PARTS + part] = sum;
    sums[2 * PARTS + part] = squares;
}
