/* SPDX-License-Identifier: MIT */
/*
 * Winograd's minimal filtering F(MT x MT, 3x3), MT = 4 or 2 (Lavin and Gray 2016): an output tile of
 * MT x MT needs an input tile of N x N, N = MT + 2, and N^2 products per pair of channels instead of
 * 9 MT^2. In the transformed domain the N^2 positions xi are matrix products of their own:
 *
 *     y tile = A' [ sum over input channels of (G w G') * (B' x B) ] A
 *
 * A chunk of tiles goes through winograd_input (V = B' x B), then for a few output channels at a time
 * winograd_weights (U = G w G'), winograd_multiply (M = U V) and winograd_output (A' M A and the
 * epilogue). U, V and M lie in one workspace, at offsets in floats. Where winograd_weights has made all
 * of U, winograd_whole is the other three at once for layers of few channels on CPUs.
 *
 * For MT = 4 the points are 0, +-sqrt(1/2), +-sqrt(2) and infinity: the error is half to a quarter of
 * that of 0, +-1, +-2, because the transforms' entries are smaller. For MT = 2 they are 0, +-1 and
 * infinity.
 *
 * Without PLANAR (CPUs) the matrices are made of vectors of VW channels, as the tensors are:
 *     V (N^2, in / VW, tiles, VW), U (N^2, groups, in, CV, VW), M (N^2, groups * CV, tiles, VW)
 * With PLANAR they are plain row-major matrices, for a GEMM:
 *     V (N^2, in, tiles), U (N^2, groups * CV * VW, in), M (N^2, groups * CV * VW, tiles)
 * `tiles` is a chunk's, a multiple of TB; those beyond `count` are zero in V.
 */

#define N (MT + 2)

/* How often loops are unrolled that take no time to speak of: GPUs keep arrays in registers only so; for
 * CPUs it takes long to compile. */
#ifdef PLANAR
#define ROLL N
#else
#define ROLL 1
#endif

#if MT == 4
#define A1 0.70710678118654752f /* the inner points, and their square */
#define A2 0.5f
#define B1 1.41421356237309505f /* the outer points, and their square */
#define B2 2.0f

/* o = B' d for one line of six; o may be d. */
static inline void transform_input(floatv d[N], floatv o[N])
{
    const floatv outer = d[4] - B2 * d[2], outer_odd = A1 * (d[3] - B2 * d[1]);
    const floatv inner = d[4] - A2 * d[2], inner_odd = B1 * (d[3] - A2 * d[1]);
    const floatv first = d[4] - (A2 + B2) * d[2] + d[0]; /* A2 * B2 = 1 */
    const floatv last = d[5] - (A2 + B2) * d[3] + d[1];
    o[0] = first;
    o[1] = outer + outer_odd;
    o[2] = outer - outer_odd;
    o[3] = inner + inner_odd;
    o[4] = inner - inner_odd;
    o[5] = last;
}

/* o = A' m. */
static inline void transform_output(const floatv m[N], floatv o[MT])
{
    const floatv s = m[1] + m[2], d = m[1] - m[2], t = m[3] + m[4], e = m[3] - m[4];
    o[0] = m[0] + s + t;
    o[1] = A1 * d + B1 * e;
    o[2] = A2 * s + B2 * t;
    o[3] = m[5] + (A1 * A2) * d + (B1 * B2) * e;
}

/* o = G g: the point p's row is [1, p, p^2] over the product of its distances to the others. */
static inline void transform_weights(const floatv g[3], floatv o[N])
{
    const float inner = 1.0f / (2 * A2 * (A2 - B2)), outer = 1.0f / (2 * B2 * (B2 - A2));
    o[0] = g[0];
    o[1] = inner * (g[0] + A1 * g[1] + A2 * g[2]);
    o[2] = inner * (g[0] - A1 * g[1] + A2 * g[2]);
    o[3] = outer * (g[0] + B1 * g[1] + B2 * g[2]);
    o[4] = outer * (g[0] - B1 * g[1] + B2 * g[2]);
    o[5] = g[2];
}
#else
static inline void transform_input(floatv d[N], floatv o[N])
{
    const floatv first = d[0] - d[2], second = d[1] + d[2], third = d[2] - d[1];
    o[3] = d[1] - d[3];
    o[0] = first;
    o[1] = second;
    o[2] = third;
}

static inline void transform_output(const floatv m[N], floatv o[MT])
{
    o[0] = m[0] + m[1] + m[2];
    o[1] = m[1] - m[2] - m[3];
}

static inline void transform_weights(const floatv g[3], floatv o[N])
{
    o[0] = g[0];
    o[1] = 0.5f * (g[0] + g[1] + g[2]);
    o[2] = 0.5f * (g[0] - g[1] + g[2]);
    o[3] = g[2];
}
#endif

/* The matrices' layouts, a vector of channels at a time: of V and M vector `vector` of `vectors` at tile
 * `tile` of `tiles`, of U vector `out` of `vectors` of the output's for channel `in` of `channels` of the
 * input's. */
#ifdef PLANAR
static inline __global float *place_of(__global float *matrix, int xi, int vectors, int vector,
                                       int columns, int column)
{
    return matrix + ((size_t)xi * vectors + vector) * VW * columns + column;
}
static inline void put_lanes(__global float *to, int columns, floatv v)
{
    for (int lane = 0; lane < VW; lane++)
        to[(size_t)lane * columns] = ((const float *)&v)[lane];
}
#define PUT_V(matrix, xi, vectors, vector, tiles, tile, v)                                         \
    put_lanes(place_of(matrix, xi, vectors, vector, tiles, tile), tiles, v)
#define PUT_U(matrix, xi, vectors, out, channels, in, v)                                           \
    put_lanes(place_of(matrix, xi, vectors, out, channels, in), channels, v)
static inline floatv get_m(__global const float *matrix, int xi, int vectors, int vector, int tiles,
                           int tile)
{
    __global const float *p = matrix + ((size_t)xi * vectors + vector) * VW * tiles + tile;
    floatv m;
    for (int lane = 0; lane < VW; lane++)
        ((float *)&m)[lane] = p[(size_t)lane * tiles];
    return m;
}
#else
#define PUT_V(matrix, xi, vectors, vector, tiles, tile, v)                                         \
    ((__global floatv *)(matrix))[((size_t)(xi) * (vectors) + (vector)) * (tiles) + (tile)] = (v)
#define PUT_U(matrix, xi, vectors, out, channels, in, v)                                           \
    ((__global floatv *)(matrix))[(((size_t)(xi) * ((vectors) / CV) + (out) / CV) * (channels) +   \
                                   (in)) * CV + (out) % CV] = (v)
static inline floatv get_m(__global const float *matrix, int xi, int vectors, int vector, int tiles,
                           int tile)
{
    return ((__global const floatv *)matrix)[((size_t)xi * vectors + vector) * tiles + tile];
}
#endif

/* An input tile, whose corner is at row and column of the picture's `rows` rows, down its columns. p points
 * to the corner. Beyond those rows and one more on each side is zero, and so is a tile that is not real.
 * follows: `columns` has the tile to the left, whose last two columns are this one's first. */
static inline void transform_columns(__global const floatv *p, int row, int col, int rows, int pitch,
                                     bool real, bool follows, floatv columns[N][N])
{
    const bool inside = real && row >= 0 && row + N <= rows + 2 && col + N <= pitch;
    const int begin = real && follows && col > 0 ? N - MT : 0;
#pragma unroll ROLL
    for (int j = 0; j < begin; j++)
#pragma unroll
        for (int i = 0; i < N; i++)
            columns[j][i] = columns[MT + j][i];
#pragma unroll ROLL
    for (int j = begin; j < N; j++) {
        floatv d[N];
        if (inside) {
#pragma unroll
            for (int i = 0; i < N; i++)
                d[i] = p[i * pitch + j];
        } else {
            /* Whatever memory holds there. */
#pragma unroll
            for (int i = 0; i < N; i++)
                d[i] = real && row + i >= 0 && row + i < rows + 2 && col + j < pitch
                           ? p[i * pitch + j]
                           : (floatv)(0.0f);
        }
        transform_input(d, columns[j]);
    }
}

/* And then along its row i. */
static inline void transform_line(floatv columns[N][N], int i, floatv line[N])
{
#pragma unroll
    for (int j = 0; j < N; j++)
        line[j] = columns[j][i];
    transform_input(line, line);
}

/* What a tile adds to the input tile on its left. */
static inline void fetch_input(__global const floatv *corner, int pitch)
{
    for (int i = 0; i < N; i++)
#pragma unroll
        for (int j = N - MT; j < N; j++)
            FETCH(corner + i * pitch + j, 0);
}

static inline void fetch_output(__global const floatv *corner, int pitch)
{
    for (int i = 0; i < MT; i++)
#pragma unroll
        for (int j = 0; j < MT; j++)
            FETCH(corner + i * pitch + j, 1);
}

/* V from x, tiles `first` to first + count of its `rows` rows from first_row on; the first tiles begin
 * `lead` rows before. Beyond those rows and one more on each side is zero. Dimensions: tiles / RUN,
 * in_blocks. */
FULL_WIDTH
__kernel void winograd_input(__global const floatv *restrict x, __global float *restrict work,
                             int v_at, int in_blocks, int height, int width, int first_row,
                             int rows, int lead, int first, int count, int tiles)
{
    const int begin = (int)get_global_id(0) * RUN, block = (int)get_global_id(1);
    if (begin >= tiles || block >= in_blocks)
        return;
    const int pitch = PITCH(width), across = (width + MT - 1) / MT;
    __global const floatv *plane = x + (size_t)block * PLANE(height, width) + first_row * pitch;
    floatv columns[N][N];
    for (int tile = begin; tile < begin + RUN; tile++) {
        const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MT;
        transform_columns(plane + row * pitch + col, row, col, rows, pitch, tile < count, tile > begin,
                          columns);
        fetch_input(plane + row * pitch + col + RUN * MT, pitch);
#pragma unroll ROLL
        for (int i = 0; i < N; i++) {
            floatv line[N];
            transform_line(columns, i, line);
#pragma unroll
            for (int j = 0; j < N; j++)
                PUT_V(work + v_at, i * N + j, in_blocks, block, tiles, tile, line[j]);
        }
    }
}

/* U for `groups` groups of CV vectors of output channels. w points to the first one's weights, laid
 * out as for conv_direct: (groups, in_blocks, 9, VW, CV, VW). Dimensions: in_blocks * VW, groups. */
FULL_WIDTH
__kernel void winograd_weights(__global const floatv *restrict w, __global float *restrict work,
                               int u_at, int in_blocks, int groups, int first_group)
{
    const int in = (int)get_global_id(0), group = (int)get_global_id(1);
    if (in >= in_blocks * VW || group >= groups)
        return;
    for (int vector = 0; vector < CV; vector++) {
        floatv g[3][3], u[3][N];
        __global const floatv *p =
            w + (((size_t)(first_group + group) * in_blocks + in / VW) * 9 * VW + in % VW) * CV + vector;
#pragma unroll
        for (int tap = 0; tap < 9; tap++)
            g[tap % 3][tap / 3] = p[(size_t)tap * VW * CV];
#pragma unroll ROLL
        for (int j = 0; j < 3; j++)
            transform_weights(g[j], u[j]); /* down column j */
#pragma unroll ROLL
        for (int i = 0; i < N; i++) {
            floatv line[3] = {u[0][i], u[1][i], u[2][i]}, out[N];
            transform_weights(line, out);
#pragma unroll
            for (int j = 0; j < N; j++)
                PUT_U(work + u_at, i * N + j, groups * CV, group * CV + vector, in_blocks * VW, in,
                      out[j]);
        }
    }
}

/* The same from weights packed for the opposite direction, (in_vectors / CV, groups * CV, 9, VW, CV, VW),
 * whose convolution's gradient this is: flipped and transposed. Dimensions: in_vectors, groups * CV. */
FULL_WIDTH
__kernel void winograd_weights_reversed(__global const floatv *restrict w,
                                        __global float *restrict work, int u_at, int in_vectors,
                                        int all_groups, int groups, int first_group)
{
    const int in = (int)get_global_id(0), out = (int)get_global_id(1);
    if (in >= in_vectors || out >= groups * CV)
        return;
    floatv g[9][VW]; /* tap, channel of the input: VW channels of the output */
    __global const floatv *p =
        w + ((size_t)(in / CV) * all_groups * CV + first_group * CV + out) * 9 * VW * CV + in % CV;
#pragma unroll ROLL
    for (int tap = 0; tap < 9; tap++) {
        for (int c = 0; c < VW; c++)
            g[8 - tap][c] = p[(tap * VW + c) * CV];
        transpose(g[8 - tap]);
    }
    for (int c = 0; c < VW; c++) {
        floatv u[3][N];
#pragma unroll ROLL
        for (int j = 0; j < 3; j++) {
            const floatv column[3] = {g[j][c], g[j + 3][c], g[j + 6][c]};
            transform_weights(column, u[j]);
        }
#pragma unroll ROLL
        for (int i = 0; i < N; i++) {
            floatv line[3] = {u[0][i], u[1][i], u[2][i]}, o[N];
            transform_weights(line, o);
#pragma unroll
            for (int j = 0; j < N; j++)
                PUT_U(work + u_at, i * N + j, groups * CV, out, in_vectors * VW, in * VW + c, o[j]);
        }
    }
}

#ifndef PLANAR
/* Blocks of input channels at a time: their part of U, 32 KiB, stays in the innermost cache while all
 * tiles have it. */
#define DEPTH (32768 / (VW * VW * CV * (int)sizeof(float)))

/* Channels of a block are unrolled: all eight of AVX2's, so that nothing but loads and multiply-adds is left.
 * Sixteen of AVX-512's at once would not stay in registers. */
#if VW == 8
#define UNROLL_CHANNELS _Pragma("unroll 8")
#else
#define UNROLL_CHANNELS _Pragma("unroll 4")
#endif

/* M = U V of tiles `begin` to `end`, a multiple of TB further on, at one xi and for CV vectors of output
 * channels: the same block in registers as conv_direct. Of V and M a vector has `tiles` tiles. `next`: of U,
 * what is needed after this. In two spaces. */
#define DEFINE_MULTIPLY(NAME, SPACE)                                                               \
    static inline void NAME(__global const floatv *u, SPACE const float *v, SPACE floatv *m,       \
                            __global const floatv *next, int in_blocks, int tiles, int begin,      \
                            int end)                                                               \
    {                                                                                              \
        for (int first = 0; first < in_blocks; first += DEPTH) {                                   \
            const int last = min(first + DEPTH, in_blocks);                                        \
            __global const floatv *ahead = last < in_blocks ? u + (size_t)last * VW * CV : next;   \
            for (int tile = begin; tile < end; tile += TB) {                                       \
                __global const floatv *fetched = ahead + min((tile - begin) / TB, CV - 1);         \
                floatv acc[CV][TB];                                                                \
                _Pragma("unroll") for (int j = 0; j < CV; j++)                                     \
                    _Pragma("unroll") for (int t = 0; t < TB; t++)                                 \
                        acc[j][t] = first > 0 ? m[(size_t)j * tiles + tile + t] : (floatv)(0.0f);  \
                __global const floatv *wp = u + (size_t)first * VW * CV;                           \
                for (int block = first; block < last; block++) {                                   \
                    SPACE const float *xp = v + ((size_t)block * tiles + tile) * VW;               \
                    UNROLL_CHANNELS for (int c = 0; c < VW; c++)                                   \
                    {                                                                              \
                        floatv wv[CV];                                                             \
                        _Pragma("unroll") for (int j = 0; j < CV; j++)                             \
                            wv[j] = wp[j];                                                         \
                        wp += CV;                                                                  \
                        FETCH(fetched, 0);                                                         \
                        fetched += CV;                                                             \
                        FETCH(xp + (TB + c % TB) * VW, 0);                                         \
                        _Pragma("unroll") for (int t = 0; t < TB; t++)                             \
                        {                                                                          \
                            const floatv x = (floatv)(xp[t * VW + c]);                             \
                            _Pragma("unroll") for (int j = 0; j < CV; j++)                         \
                                acc[j][t] = wv[j] * x + acc[j][t];                                 \
                        }                                                                          \
                    }                                                                              \
                }                                                                                  \
                _Pragma("unroll") for (int j = 0; j < CV; j++)                                     \
                    _Pragma("unroll") for (int t = 0; t < TB; t++)                                 \
                        m[(size_t)j * tiles + tile + t] = acc[j][t];                               \
            }                                                                                      \
        }                                                                                          \
    }
DEFINE_MULTIPLY(multiply_global, __global)

/* M = U V: a work-item does `span` times TB of the first `count` tiles, a multiple of TB. `transformed` has
 * U, and may be the workspace. Dimensions: count / (TB * span), groups, N^2. */
FULL_WIDTH
__kernel void winograd_multiply(__global const float *transformed, int u_at, __global float *work, int v_at,
                                int m_at, int in_blocks, int groups, int tiles, int count, int span)
{
    const int begin = (int)get_global_id(0) * TB * span, group = (int)get_global_id(1);
    const int xi = (int)get_global_id(2);
    if (begin >= count || group >= groups || xi >= N * N)
        return;
    const int end = min(begin + TB * span, count);
    __global const floatv *u =
        (__global const floatv *)(transformed + u_at) + (size_t)(xi * groups + group) * in_blocks * VW * CV;
    __global const float *v = work + v_at + (size_t)xi * in_blocks * tiles * VW;
    __global floatv *m =
        (__global floatv *)(work + m_at) + (size_t)(xi * groups + group) * CV * tiles;
    multiply_global(u, v, m, u + (size_t)in_blocks * VW * CV, in_blocks, tiles, begin, end);
}
#endif

/* The last step of an output tile, along its rows, and the store of what of it is in the picture's `rows`
 * rows from first_row on. t: A' m, column by column; `channels`: the vector of output channels. */
static inline void store_tile(floatv t[N][MT], int epilogue, __global floatv *y,
                              __global const floatv *aux, int channels, int row, int col, int height,
                              int width, int first_row, int rows)
{
    floatv out[MT][MT];
    const int pitch = PITCH(width);
    const int corner = channels * PLANE(height, width) + (first_row + row + 1) * pitch + col + 1;
#pragma unroll ROLL
    for (int i = 0; i < MT; i++) {
        floatv line[N];
#pragma unroll
        for (int j = 0; j < N; j++)
            line[j] = t[j][i];
        transform_output(line, out[i]);
    }
#pragma unroll ROLL
    for (int i = 0; i < MT; i++)
#pragma unroll ROLL
        for (int j = 0; j < MT; j++)
            if (row + i >= 0 && row + i < rows && col + j < width)
                store_by(epilogue, y, aux, corner + i * pitch + j, channels, VW, out[i][j]);
}

/* y from M: `vectors` vectors of output channels from `first_vector` on, tiles `first` to first +
 * count of its `rows` rows from first_row on, as above. y and aux begin at channel 0. Dimensions:
 * count / RUN, vectors. */
FULL_WIDTH
__kernel void winograd_output(__global const float *restrict work, int m_at, __global floatv *y,
                              __global const floatv *aux, int first_vector, int vectors, int height,
                              int width, int first_row, int rows, int lead, int first,
                              int count, int tiles, int epilogue)
{
    const int begin = (int)get_global_id(0) * RUN, vector = (int)get_global_id(1);
    if (begin >= count || vector >= vectors)
        return;
    const int across = (width + MT - 1) / MT, channels = first_vector + vector;
    for (int tile = begin; tile < min(begin + RUN, count); tile++) {
        floatv t[N][MT];
#pragma unroll ROLL
        for (int j = 0; j < N; j++) {
            floatv m[N];
#pragma unroll
            for (int i = 0; i < N; i++)
                m[i] = get_m(work + m_at, i * N + j, vectors, vector, tiles, tile);
            transform_output(m, t[j]);
        }
        const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MT;
        store_tile(t, epilogue, y, aux, channels, row, col, height, width, first_row, rows);
        fetch_output(y + channels * PLANE(height, width) + (first_row + row) * PITCH(width) + col +
                         FIRST(width) + RUN * MT,
                     PITCH(width));
    }
}

#ifdef SCRATCH
DEFINE_MULTIPLY(multiply_local, __local)

/*
 * All three steps at once, for `tiles` tiles of `count`, a multiple of TB: V, and M of one group, never
 * leave a core's own cache, which on CPUs local memory is. SCRATCH vectors of it hold both. U has `groups`
 * groups. Dimension: count / tiles.
 */
FULL_WIDTH
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
winograd_whole(__global const floatv *restrict x, __global const float *transformed,
               int u_at, __global floatv *y, __global const floatv *aux, int in_blocks,
               int groups, int height, int width, int first_row, int rows, int lead,
               int count, int tiles, int epilogue)
{
    __local floatv scratch[SCRATCH];
    const int first = (int)get_global_id(0) * tiles;
    if (first >= count)
        return;
    const int pitch = PITCH(width), plane = PLANE(height, width), across = (width + MT - 1) / MT;
    const int real = min(tiles, count - first), end = (real + TB - 1) / TB * TB;
    /* One vector more from one position xi to the next: multiples of a power of two share one place in a
     * cache. */
    const int v_step = in_blocks * tiles + 1, m_step = CV * tiles + 1;
    __local floatv *v = scratch, *m = scratch + N * N * v_step;
    for (int block = 0; block < in_blocks; block++) {
        floatv columns[N][N];
        for (int tile = 0; tile < end; tile++) {
            const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MT;
            const int at = block * plane + (first_row + row) * pitch + col;
            transform_columns(x + at, row, col, rows, pitch, tile < real, tile > 0, columns);
            if (block + 1 < in_blocks)
                fetch_input(x + at + plane, pitch);
            if (block < CV)
                fetch_output(y + at + FIRST(width), pitch);
            __local floatv *to = v + block * tiles + tile;
#pragma unroll ROLL
            for (int i = 0; i < N; i++) {
                floatv line[N];
                transform_line(columns, i, line);
#pragma unroll
                for (int j = 0; j < N; j++)
                    to[(i * N + j) * v_step] = line[j];
            }
        }
    }
    const int u_step = groups * in_blocks * VW * CV;
    for (int group = 0; group < groups; group++) {
        __global const floatv *u =
            (__global const floatv *)(transformed + u_at) + group * in_blocks * VW * CV;
        for (int xi = 0; xi < N * N; xi++)
            multiply_local(u + xi * u_step, (__local const float *)(v + xi * v_step), m + xi * m_step,
                           u + (xi + 1) * u_step, in_blocks, tiles, 0, end);
        for (int vector = 0; vector < CV; vector++)
            for (int tile = 0; tile < real; tile++) {
                const int channels = group * CV + vector;
                const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MT;
                floatv t[N][MT];
#pragma unroll ROLL
                for (int j = 0; j < N; j++) {
                    floatv line[N];
#pragma unroll
                    for (int i = 0; i < N; i++)
                        line[i] = m[(i * N + j) * m_step + vector * tiles + tile];
                    transform_output(line, t[j]);
                }
                store_tile(t, epilogue, y, aux, channels, row, col, height, width, first_row, rows);
                if (group + 1 < groups)
                    fetch_output(y + (channels + CV) * plane + (first_row + row) * pitch + col +
                                     FIRST(width),
                                 pitch);
            }
    }
}
#endif
