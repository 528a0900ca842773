/* SPDX-License-Identifier: MIT */
/*
 * Variational refinement of a flow, after Brox et al. 2004: the luma and its slopes stay what they are along
 * the flow, as far as a robust measure sees, and neighbours move alike. The terms are linearised once about
 * the given flow; relaxation then solves for the flow itself, one colour of dealt planes after the other.
 *
 * Dealt planes of `terms`, one equation a pixel, across * u + down * v + rest = 0, each over the length of
 * its slopes: of the luma, of its slope across, of its slope down.
 */

#define EPSILON 1e-6f /* psi(s^2) = sqrt(s^2 + EPSILON) */
#define ZETA 0.01f    /* of a slope's square, below which it says nothing */

/* warped = the other frame's luma, a field with its margin, carried along the flow; beyond its edges it goes
 * on as its edge pixels. Dimensions: width / VW / COLUMNS, height and the margin's rows. */
__kernel void flow_warp(__global const float *restrict lumas, int luma_at, int height, int width,
                        __global const float *restrict flow, __global float *restrict warped)
{
    const int line = (int)get_global_id(1) - 1, y = clamp(line, 0, height - 1);
    if (line > height)
        return;
    const int pitch = LUMA_PITCH(width);
    __global const float *luma = lumas + luma_at + LUMA_AT(width, 0, 0);
    __global const float *u = flow + FIELD_AT(width, y, 0), *v = u + FIELD(height, width);
    __global float *row = warped + FIELD_AT(width, line, 0);
    FOR_VECTORS(x, width) {
        for (int i = x; i < min(x + VW, width); i++) {
            const float at_x = fmin(fmax((float)i + u[i], 0.0f), (float)(width - 1));
            const float at_y = fmin(fmax((float)y + v[i], 0.0f), (float)(height - 1));
            const int column = (int)at_x, above = (int)at_y;
            const float fx = at_x - (float)column, fy = at_y - (float)above;
            __global const float *q = luma + above * pitch + column;
            const float top = q[0] + (q[1] - q[0]) * fx;
            row[i] = top + (q[pitch] + (q[pitch + 1] - q[pitch]) * fx - top) * fy;
        }
    }
    close_row(row, width, COLUMNS * VW);
}

/* middle = slopes of the mean of both frames, that is the mean of the warped frame's slopes and this one's;
 * two fields with margins. Dimensions: width / VW / COLUMNS, height and the margin's rows. */
__kernel void flow_middle(__global const float *restrict warped, __global const float *restrict slopes,
                          int slopes_at, int height, int width, __global float *restrict middle)
{
    const int line = (int)get_global_id(1) - 1, y = clamp(line, 0, height - 1);
    if (line > height)
        return;
    const int pitch = FIELD_PITCH(width), field = FIELD(height, width), at = FIELD_AT(width, y, 0);
    __global const float *own = slopes + slopes_at + at, *other = warped + at;
    __global float *across = middle + FIELD_AT(width, line, 0), *down = across + field;
    FOR_VECTORS(x, width) {
        store(0.5f * (slope_across(other + x, pitch) + load(own + x)), across + x);
        store(0.5f * (slope_down(other + x, pitch) + load(own + field + x)), down + x);
    }
    close_row(across, width, COLUMNS * VW);
    close_row(down, width, COLUMNS * VW);
}

/* Nine terms and the flow of a vector of pixels. */
typedef struct {
    floatv across[3], down[3], rest[3], u, v;
} equations;

/* One equation: slopes, the difference between the frames, and the flow that it is linearised about. There is
 * none where `use` is 0. */
static inline void equation(equations *e, int k, floatv across, floatv down, floatv difference, intv use)
{
    const floatv none = 0.0f, inverse = rsqrt(across * across + down * down + ZETA);
    e->across[k] = select(none, across * inverse, use);
    e->down[k] = select(none, down * inverse, use);
    e->rest[k] = select(none, difference * inverse - (across * inverse * e->u + down * inverse * e->v), use);
}

/* Where the fields of a row of pixels are. */
typedef struct {
    __global const float *luma, *warped, *across, *down, *own_across, *own_down, *u, *v;
} fields;

static inline equations equations_of(const fields *f, int y, int x, int height, int width)
{
    const int pitch = FIELD_PITCH(width);
    const intv column = x + LANE_NUMBERS, pixels = column < (intv)(width);
    const floatv none = 0.0f;
    equations e;
    e.u = select(none, load(f->u + x), pixels);
    e.v = select(none, load(f->v + x), pixels);
    const floatv to_x = convert_floatv(column) + e.u, to_y = (float)y + e.v;
    const intv use = pixels & (to_x >= none) & (to_x <= (floatv)(width - 1)) & (to_y >= none) &
                     (to_y <= (floatv)(height - 1));
    const floatv across = load(f->across + x), down = load(f->down + x);
    const floatv xx = slope_across(f->across + x, pitch), xy = slope_down(f->across + x, pitch);
    const floatv yy = slope_down(f->down + x, pitch);
    equation(&e, 0, across, down, load(f->warped + x) - load(f->luma + x), use);
    equation(&e, 1, xx, xy, 2.0f * (across - load(f->own_across + x)), use);
    equation(&e, 2, xy, yy, 2.0f * (down - load(f->own_down + x)), use);
    return e;
}

/* Deals two vectors of pixels, the first of an even number, to both colours. */
static inline void deal(floatv first, floatv second, __global float *restrict even,
                        __global float *restrict odd)
{
    store(evens(first, second), even);
    store(odds(first, second), odd);
}

/* The cells around a plane's rows that neighbours' loads may reach: before row y of both colours, and behind
 * the last row of all. */
static inline void close_dealt(__global float *restrict plane, int height, int width, int y)
{
    const floatv none = 0.0f;
    store(none, plane + DEALT_AT(height, width, 0, y) - VW);
    store(none, plane + DEALT_AT(height, width, 1, y) - VW);
    if (y == height - 1)
        store(none, plane + DEALT_AT(height, width, 2, 0) - VW);
}

/*
 * terms = the equations of all pixels, nine dealt planes: across, down, rest of each; refined = the flow
 * dealt, u, v. Dimensions: vectors of a dealt row / COLUMNS, height.
 */
__kernel void flow_terms(__global const float *restrict lumas, int luma_at,
                         __global const float *restrict warped, __global const float *restrict middle,
                         __global const float *restrict slopes, int slopes_at,
                         __global const float *restrict flow, int height, int width,
                         __global float *restrict terms, __global float *restrict refined)
{
    const int y = (int)get_global_id(1), field = FIELD(height, width), at = FIELD_AT(width, y, 0);
    if (y >= height)
        return;
    const fields f = {lumas + luma_at + LUMA_AT(width, y, 0),
                      warped + at,
                      middle + at,
                      middle + field + at,
                      slopes + slopes_at + at,
                      slopes + slopes_at + field + at,
                      flow + at,
                      flow + field + at};
    const int plane = DEALT(height, width), even = DEALT_AT(height, width, y & 1, y);
    const int odd = DEALT_AT(height, width, 1 - (y & 1), y);
    if (get_global_id(0) == 0) {
        close_dealt(refined, height, width, y);
        close_dealt(refined + plane, height, width, y);
    }
    FOR_COLUMNS(i, DEALT_VECTORS(width)) {
        const int e = even + i * VW, o = odd + i * VW;
        const equations a = equations_of(&f, y, 2 * i * VW, height, width);
        const equations b = equations_of(&f, y, (2 * i + 1) * VW, height, width);
        for (int k = 0; k < 3; k++) {
            deal(a.across[k], b.across[k], terms + 3 * k * plane + e, terms + 3 * k * plane + o);
            deal(a.down[k], b.down[k], terms + (3 * k + 1) * plane + e, terms + (3 * k + 1) * plane + o);
            deal(a.rest[k], b.rest[k], terms + (3 * k + 2) * plane + e, terms + (3 * k + 2) * plane + o);
        }
        deal(a.u, b.u, refined + e, refined + o);
        deal(a.v, b.v, refined + plane + e, refined + plane + o);
    }
}

/* A dealt row, as its pixels' neighbours see it: where the row of the other colour beside it begins, by how
 * many cells the neighbour at the left is before; rows above and below, of the other colour, itself's at the
 * edge. */
typedef struct {
    int at, beside, left, above, below;
} dealt_row;

static inline dealt_row dealt_row_of(int height, int width, int colour, int y)
{
    dealt_row r;
    r.at = DEALT_AT(height, width, colour, y);
    r.beside = DEALT_AT(height, width, 1 - colour, y);
    r.left = ((y + colour) & 1) - 1;
    r.above = DEALT_AT(height, width, 1 - colour, max(y - 1, 0));
    r.below = DEALT_AT(height, width, 1 - colour, min(y + 1, height - 1));
    return r;
}

/* The numbers of the pixels in a vector of cells. */
static inline intv dealt_columns(int i, int left)
{
    return 2 * (i + LANE_NUMBERS) + (left + 1);
}

/* stiffness = half_alpha / sqrt(|grad u|^2 + |grad v|^2 + EPSILON), a dealt plane; slopes are differences to
 * the pixels at the right and below. Dimensions: vectors of a dealt row / COLUMNS, height, colours. */
__kernel void flow_stiffness(__global const float *restrict refined, int height, int width, float half_alpha,
                             __global float *restrict stiffness)
{
    const int y = (int)get_global_id(1), colour = (int)get_global_id(2);
    if (y >= height || colour >= 2)
        return;
    const dealt_row row = dealt_row_of(height, width, colour, y);
    __global const float *u = refined, *v = refined + DEALT(height, width);
    const floatv down = y + 1 < height ? 1.0f : 0.0f, none = 0.0f;
    FOR_COLUMNS(i, DEALT_VECTORS(width)) {
        const int at = row.at + i * VW, right = row.beside + i * VW + row.left + 1,
                  below = row.below + i * VW;
        const intv inner = dealt_columns(i * VW, row.left) < (intv)(width - 1);
        const floatv here_u = load(u + at), here_v = load(v + at);
        const floatv ux = select(none, load(u + right) - here_u, inner);
        const floatv vx = select(none, load(v + right) - here_v, inner);
        const floatv uy = (load(u + below) - here_u) * down, vy = (load(v + below) - here_v) * down;
        store(half_alpha * rsqrt((ux * ux + vx * vx) + (uy * uy + vy * vy) + EPSILON), stiffness + at);
    }
}

/* The left sides and right sides of a vector of pixels' two equations, of the data alone: a11 a12 a22, b1 b2.
 */
typedef struct {
    floatv a11, a12, a22, b1, b2;
} data_terms;

static inline data_terms data_terms_of(__global const float *terms, int plane, floatv u, floatv v,
                                       float half_delta, float half_gamma)
{
    floatv across[3], down[3], rest[3], left[3];
    for (int k = 0; k < 3; k++) {
        across[k] = load(terms + 3 * k * plane);
        down[k] = load(terms + (3 * k + 1) * plane);
        rest[k] = load(terms + (3 * k + 2) * plane);
        left[k] = rest[k] + across[k] * u + down[k] * v;
    }
    const floatv luma = half_delta * rsqrt(left[0] * left[0] + EPSILON);
    const floatv slope = half_gamma * rsqrt(left[1] * left[1] + left[2] * left[2] + EPSILON);
    data_terms d;
    d.a11 = luma * across[0] * across[0] + slope * (across[1] * across[1] + across[2] * across[2]);
    d.a12 = luma * across[0] * down[0] + slope * (across[1] * down[1] + across[2] * down[2]);
    d.a22 = luma * down[0] * down[0] + slope * (down[1] * down[1] + down[2] * down[2]);
    d.b1 = -(luma * across[0] * rest[0] + slope * (across[1] * rest[1] + across[2] * rest[2]));
    d.b2 = -(luma * down[0] * rest[0] + slope * (down[1] * rest[1] + down[2] * rest[2]));
    return d;
}

/*
 * system = for each pixel what relaxation needs, seven dealt planes: b1, b2, a12, 1 / (a11 + links),
 * 1 / (a22 + links), and the links to the pixels at the right and below, which are means of both ones'
 * stiffness. Dimensions: vectors of a dealt row / COLUMNS, height, colours.
 */
__kernel void flow_system(__global const float *restrict terms, __global const float *restrict refined,
                          __global const float *restrict stiffness, int height, int width, float half_delta,
                          float half_gamma, __global float *restrict system)
{
    const int y = (int)get_global_id(1), colour = (int)get_global_id(2), plane = DEALT(height, width);
    if (y >= height || colour >= 2)
        return;
    const dealt_row row = dealt_row_of(height, width, colour, y);
    const float half_up = y > 0 ? 0.5f : 0.0f, half_down = y + 1 < height ? 0.5f : 0.0f;
    if (get_global_id(0) == 0)
        system[5 * plane + row.at - 1] = 0.0f; /* the link to the left of a row's first pixel */
    FOR_COLUMNS(i, DEALT_VECTORS(width)) {
        const int at = row.at + i * VW, left = row.beside + i * VW + row.left;
        const intv column = dealt_columns(i * VW, row.left);
        const floatv here = load(stiffness + at), none = 0.0f;
        const floatv to_left = select(none, 0.5f * (here + load(stiffness + left)), column > (intv)(0));
        const floatv to_right =
            select(none, 0.5f * (here + load(stiffness + left + 1)), column < (intv)(width - 1));
        const floatv up = half_up * (here + load(stiffness + row.above + i * VW));
        const floatv down = half_down * (here + load(stiffness + row.below + i * VW));
        const floatv links = (to_left + to_right) + (up + down);
        const data_terms d = data_terms_of(terms + at, plane, load(refined + at), load(refined + plane + at),
                                           half_delta, half_gamma);
        store(d.b1, system + at);
        store(d.b2, system + plane + at);
        store(d.a12, system + 2 * plane + at);
        store(1.0f / (d.a11 + links), system + 3 * plane + at);
        store(1.0f / (d.a22 + links), system + 4 * plane + at);
        store(to_right, system + 5 * plane + at);
        store(down, system + 6 * plane + at);
    }
}

/* The sum of a plane's four neighbours of a vector of pixels, times their links. */
static inline floatv around(__global const float *plane, const dealt_row *row, int i, const floatv links[4])
{
    return (links[0] * load(plane + row->beside + i + row->left) +
            links[1] * load(plane + row->beside + i + row->left + 1)) +
           (links[2] * load(plane + row->above + i) + links[3] * load(plane + row->below + i));
}

/* One colour of the flow is relaxed by omega, after the other colour: each pixel's two equations are solved,
 * u first, with its neighbours as they are. Dimensions: vectors of a dealt row / COLUMNS, height. */
__kernel void flow_relax(__global const float *restrict system, int height, int width, int colour,
                         float omega, __global float *restrict refined)
{
    const int y = (int)get_global_id(1), plane = DEALT(height, width);
    if (y >= height)
        return;
    const dealt_row row = dealt_row_of(height, width, colour, y);
    __global const float *right = system + 5 * plane, *down = system + 6 * plane;
    const floatv up = y > 0 ? 1.0f : 0.0f;
    FOR_COLUMNS(i, DEALT_VECTORS(width)) {
        const int cell = i * VW, at = row.at + cell;
        const floatv links[4] = {load(right + row.beside + cell + row.left), load(right + at),
                                 load(down + row.above + cell) * up, load(down + at)};
        floatv u = load(refined + at), v = load(refined + plane + at);
        const floatv cross = load(system + 2 * plane + at);
        const floatv near_u = load(system + at) + around(refined, &row, cell, links);
        const floatv near_v = load(system + plane + at) + around(refined + plane, &row, cell, links);
        u += omega * ((near_u - cross * v) * load(system + 3 * plane + at) - u);
        v += omega * ((near_v - cross * u) * load(system + 4 * plane + at) - v);
        store(u, refined + at);
        store(v, refined + plane + at);
    }
}

/* flow = the dealt flow as two fields with their margins, or, where these are not 0, as planes of
 * plain_height x plain_width, which are no larger. Dimensions: width / VW / COLUMNS, height and the margin's
 * rows. */
__kernel void flow_join(__global const float *restrict refined, int height, int width, int plain_height,
                        int plain_width, __global float *restrict flow)
{
    const int line = (int)get_global_id(1) - 1, y = clamp(line, 0, height - 1), plain = plain_height > 0;
    if (line > height || (plain && (line < 0 || line >= plain_height)))
        return;
    const int even = DEALT_AT(height, width, y & 1, y), odd = DEALT_AT(height, width, 1 - (y & 1), y);
    const int at = plain ? y * plain_width : FIELD_AT(width, line, 0);
    const int plane = plain ? plain_height * plain_width : FIELD(height, width);
    const int columns = plain ? plain_width : width;
    for (int k = 0; k < 2; k++) {
        __global const float *from = refined + k * DEALT(height, width);
        __global float *row = flow + k * plane + at;
        FOR_VECTORS(x, columns) {
            for (int i = x; i < min(x + VW, columns); i++)
                row[i] = from[(i & 1 ? odd : even) + i / 2];
        }
        if (!plain)
            close_row(row, width, COLUMNS * VW);
    }
}
