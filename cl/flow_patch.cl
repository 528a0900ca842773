/* SPDX-License-Identifier: MIT */
/*
 * Dense inverse search: Kroeger et al. 2016. Patches of PATCH x PATCH pixels, every STRIDE of them, the last
 * ones flush with the border, find where they are in the other frame. Neighbours offer each other what
 * they have found. They read what was found a round before, so no order decides the result.
 *
 * What patches have found: three planes of rows x columns floats, u, v, and the cost.
 */

static inline int patch_at(int i, int n)
{
    return min(i * STRIDE, n - PATCH);
}

static inline int patches_of(int n)
{
    return (n - PATCH + STRIDE - 1) / STRIDE + 1;
}

static inline float sum8(float8 v)
{
    return ((v.s0 + v.s4) + (v.s1 + v.s5)) + ((v.s2 + v.s6) + (v.s3 + v.s7));
}

/* A patch: where its pixels and their slopes are, and the other frame's luma. */
typedef struct {
    __global const float *luma, *across, *down, *other;
    int height, width, y, x;
} patch;

/* Sums over the patch of its residuals r = I1(x + u) - I0(x), of r^2, and of r times the slopes. */
typedef struct {
    float sum, squares, across, down;
} residuals;

/* with_slopes: 0 leaves out the last two sums. */
static inline residuals compare(const patch *p, float2 move, int with_slopes)
{
    const point to = point_at(p->x + move.x, p->y + move.y, p->height, p->width, PATCH);
    const int pitch = LUMA_PITCH(p->width), slope_pitch = FIELD_PITCH(p->width);
    __global const float *other = p->other + to.at;
    float8 here = vload8(0, other), beside = vload8(0, other + 1);
    float8 sum = 0.0f, squares = 0.0f, across = 0.0f, down = 0.0f;
#pragma unroll
    for (int row = 0; row < PATCH; row++) {
        const float8 below = vload8(0, other + (row + 1) * pitch);
        const float8 below_beside = vload8(0, other + (row + 1) * pitch + 1);
        const float8 r = (to.weights.x * here + to.weights.y * beside) +
                         (to.weights.z * below + to.weights.w * below_beside) -
                         vload8(0, p->luma + row * pitch);
        sum += r;
        squares += r * r;
        if (with_slopes) {
            across += r * vload8(0, p->across + row * slope_pitch);
            down += r * vload8(0, p->down + row * slope_pitch);
        }
        here = below;
        beside = below_beside;
    }
    residuals found = {sum8(sum), sum8(squares), 0.0f, 0.0f};
    if (with_slopes) {
        found.across = sum8(across);
        found.down = sum8(down);
    }
    return found;
}

/* Without the mean, so that a change of the light costs nothing. */
static inline float cost_of(residuals r)
{
    return r.squares - r.sum * r.sum * (1.0f / (PATCH * PATCH));
}

/* The slopes' sums, and the inverse of the matrix of their products without their means: xx, xy, yy. The
 * matrix has 1 more on its diagonal, so that flat patches stay where they are. */
typedef struct {
    float across, down;
    float3 inverse;
} normal;

static inline normal normal_of(const patch *p)
{
    const int pitch = FIELD_PITCH(p->width);
    float8 across = 0.0f, down = 0.0f, xx = 0.0f, xy = 0.0f, yy = 0.0f;
#pragma unroll
    for (int row = 0; row < PATCH; row++) {
        const float8 a = vload8(0, p->across + row * pitch), d = vload8(0, p->down + row * pitch);
        across += a;
        down += d;
        xx += a * a;
        xy += a * d;
        yy += d * d;
    }
    normal n;
    n.across = sum8(across);
    n.down = sum8(down);
    const float share = 1.0f / (PATCH * PATCH);
    const float h = sum8(xx) - n.across * n.across * share + 1.0f;
    const float v = sum8(yy) - n.down * n.down * share + 1.0f;
    const float c = sum8(xy) - n.across * n.down * share;
    n.inverse = (float3)(v, -c, h) * (1.0f / (h * v - c * c));
    return n;
}

/* Inverse compositional steps of Gauss and Newton, up to `steps`, while they lower the cost and are at least
 * 0.01 pixels long. Returns u, v, cost. */
static inline float3 descend(const patch *p, float2 start, int steps)
{
    const normal n = normal_of(p);
    float3 best = (float3)(start.x, start.y, INFINITY);
    float2 at = start;
    for (int step = 0; step <= steps; step++) {
        const residuals r = compare(p, at, 1);
        const float cost = cost_of(r), mean = r.sum * (1.0f / (PATCH * PATCH));
        if (!(cost < best.z))
            break;
        best = (float3)(at.x, at.y, cost);
        const float across = r.across - n.across * mean, down = r.down - n.down * mean;
        const float2 move =
            (float2)(n.inverse.x * across + n.inverse.y * down, n.inverse.y * across + n.inverse.z * down);
        at -= move;
        if (dot(move, move) < 1e-4f)
            break;
    }
    return best;
}

static inline patch patch_of(__global const float *luma, __global const float *slopes,
                             __global const float *other, int height, int width, int row, int column)
{
    patch p;
    p.height = height;
    p.width = width;
    p.y = patch_at(row, height);
    p.x = patch_at(column, width);
    p.luma = luma + LUMA_AT(width, p.y, p.x);
    p.across = slopes + FIELD_AT(width, p.y, p.x);
    p.down = p.across + FIELD(height, width);
    p.other = other;
    return p;
}

/* The flow of the level above, of half the size, at the middle of a patch. */
static inline float2 enlarged_at(__global const float *flow, int height, int width, int y, int x)
{
    const float at_x = (float)(x + PATCH / 2) * 0.5f - 0.25f, at_y = (float)(y + PATCH / 2) * 0.5f - 0.25f;
    const int column = (int)at_x, row = (int)at_y, pitch = FIELD_PITCH(width);
    const float fx = at_x - (float)column, fy = at_y - (float)row;
    __global const float *u = flow + FIELD_AT(width, row, column), *v = u + FIELD(height, width);
    const float4 top = (float4)(u[0], v[0], u[1], v[1]);
    const float4 bottom = (float4)(u[pitch], v[pitch], u[pitch + 1], v[pitch + 1]);
    const float4 both = top + (bottom - top) * fy;
    return 2.0f * (both.lo + (both.hi - both.lo) * fx);
}

/* The same of a prior, a flow of pictures of height x width; the patch is of their `number`-th level. */
static inline float2 prior_at(__global const float *prior, int height, int width, int number, int y, int x)
{
    const int row = min((y + PATCH / 2) << number, height - 1);
    const int column = min((x + PATCH / 2) << number, width - 1);
    __global const float *u = prior + row * width + column;
    return (float2)(u[0], u[height * width]) * (1.0f / (float)(1 << number));
}

/*
 * Each patch descends from the level above's flow at its middle; without a level above (size 0) from no
 * motion. Where a prior (size 0: none) is cheaper, it descends from there. Dimensions: columns / COLUMNS,
 * rows.
 */
__kernel void flow_search(__global const float *restrict from, __global const float *restrict to, int luma_at,
                          int slopes_at, int height, int width, __global const float *restrict above,
                          int above_height, int above_width, __global const float *restrict prior,
                          int prior_height, int prior_width, int number, int steps,
                          __global float *restrict found)
{
    const int row = (int)get_global_id(1), rows = patches_of(height), columns = patches_of(width);
    if (row >= rows)
        return;
    FOR_COLUMNS(column, columns) {
        const patch p = patch_of(from + luma_at, from + slopes_at, to + luma_at, height, width, row, column);
        float2 start =
            above_width > 0 ? enlarged_at(above, above_height, above_width, p.y, p.x) : (float2)(0.0f);
        if (prior_width > 0) {
            const float2 offer = prior_at(prior, prior_height, prior_width, number, p.y, p.x);
            if (cost_of(compare(&p, offer, 0)) < cost_of(compare(&p, start, 0)))
                start = offer;
        }
        const float3 best = descend(&p, start, steps);
        const int i = row * columns + column;
        found[i] = best.x;
        found[rows * columns + i] = best.y;
        found[2 * rows * columns + i] = best.z;
    }
}

/* u, v, cost of the cheapest of what the patch itself and its neighbours have found. */
static inline float3 cheapest(const patch *p, __global const float *found, int row, int column, int rows,
                              int columns)
{
    const int n = rows * columns, i = row * columns + column;
    const int beside[4] = {column > 0 ? i - 1 : i, column + 1 < columns ? i + 1 : i,
                           row > 0 ? i - columns : i, row + 1 < rows ? i + columns : i};
    float3 best = (float3)(found[i], found[n + i], found[2 * n + i]);
    for (int k = 0; k < 4; k++) {
        const float2 offer = (float2)(found[beside[k]], found[n + beside[k]]);
        if (offer.x == best.x && offer.y == best.y)
            continue;
        const float cost = cost_of(compare(p, offer, 0));
        if (cost < best.z)
            best = (float3)(offer.x, offer.y, cost);
    }
    return best;
}

/* Each patch takes the cheapest of what it and its neighbours have found, and descends from there.
 * Dimensions: columns / COLUMNS, rows. */
__kernel void flow_spread(__global const float *restrict from, __global const float *restrict to, int luma_at,
                          int slopes_at, int height, int width, __global const float *restrict found,
                          int steps, __global float *restrict better)
{
    const int row = (int)get_global_id(1), rows = patches_of(height), columns = patches_of(width);
    if (row >= rows)
        return;
    FOR_COLUMNS(column, columns) {
        const patch p = patch_of(from + luma_at, from + slopes_at, to + luma_at, height, width, row, column);
        const float3 start = cheapest(&p, found, row, column, rows, columns);
        const float3 best = descend(&p, start.xy, steps);
        const int i = row * columns + column;
        better[i] = best.x;
        better[rows * columns + i] = best.y;
        better[2 * rows * columns + i] = best.z;
    }
}

/* The first and the last of the rows of patches, of n pixels, that are over pixel i. */
static inline int first_over(int i, int n)
{
    return min(max(0, i - PATCH + STRIDE) / STRIDE, patches_of(n) - 1);
}

static inline int last_over(int i, int n)
{
    return i >= n - PATCH ? patches_of(n) - 1 : i / STRIDE;
}

/* Sums over the patches above each of four pixels: of weights, of weighed u and of weighed v. */
typedef struct {
    float4 weights, u, v;
} vectors;

/* The four pixels between two patches' beginnings, which the same patches are over. */
typedef struct {
    __global const float *other;
    float4 here;
    int height, width, y, x;
} cell;

/* Adds a patch's vector, weighed by 1 / max(1, |I1(x + u) - I0(x)|), at the pixels from column `from` on. */
static inline void add_patch(vectors *sums, const cell *c, float u, float v, int from)
{
    const point to = point_at((float)c->x + u, (float)c->y + v, c->height, c->width, STRIDE);
    __global const float *q = c->other + to.at, *below = q + LUMA_PITCH(c->width);
    const float4 there = (to.weights.x * vload4(0, q) + to.weights.y * vload4(0, q + 1)) +
                         (to.weights.z * vload4(0, below) + to.weights.w * vload4(0, below + 1));
    const float4 weight = 1.0f / fmax((float4)(1.0f), fabs(there - c->here));
    const int4 over = c->x + (int4)(0, 1, 2, 3) >= (int4)(from);
    const float4 counted = select((float4)(0.0f), weight, over);
    sums->weights += counted;
    sums->u += counted * u;
    sums->v += counted * v;
}

/* Those of one row of patches: two that are over the whole cell, and the last of all from its beginning on.
 */
static inline void add_row(vectors *sums, const cell *c, __global const float *restrict found, int row)
{
    const int columns = patches_of(c->width), n = patches_of(c->height) * columns, at = row * columns;
    const int own = c->x / STRIDE, last = columns - 1, flush = c->width - PATCH;
    for (int i = max(own - 1, 0); i <= min(own, last - 1); i++)
        add_patch(sums, c, found[at + i], found[n + at + i], 0);
    if (c->x + STRIDE > flush)
        add_patch(sums, c, found[at + last], found[n + at + last], flush);
}

/* flow = at each pixel the mean of the vectors of all patches over it, each weighed by
 * 1 / max(1, |I1(x + u) - I0(x)|). Dimensions: width / STRIDE / COLUMNS, height and the margin's rows. */
__kernel void flow_densify(__global const float *restrict from, __global const float *restrict to,
                           int luma_at, int height, int width, __global const float *restrict found,
                           __global float *restrict flow)
{
    const int line = (int)get_global_id(1) - 1, y = clamp(line, 0, height - 1);
    if (line > height)
        return;
    __global const float *luma = from + luma_at + LUMA_AT(width, y, 0);
    __global float *u = flow + FIELD_AT(width, line, 0), *v = u + FIELD(height, width);
    FOR_COLUMNS(i, (width + STRIDE - 1) / STRIDE) {
        const cell c = {to + luma_at, vload4(0, luma + i * STRIDE), height, width, y, i * STRIDE};
        vectors sums = {0.0f, 0.0f, 0.0f};
        for (int row = first_over(y, height); row <= last_over(y, height); row++)
            add_row(&sums, &c, found, row);
        vstore4(sums.u / sums.weights, 0, u + i * STRIDE);
        vstore4(sums.v / sums.weights, 0, v + i * STRIDE);
    }
    close_row(u, width, COLUMNS * STRIDE);
    close_row(v, width, COLUMNS * STRIDE);
}
