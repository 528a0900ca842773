/* SPDX-License-Identifier: MIT */
/*
 * Winograd's minimal filtering F(MT x MW, 3x3), of 4 x 4, 4 x 8 or 2 x 2 (Lavin and Gray 2016): an output
 * tile of MT rows and MW columns needs an input tile of N x NW, N = MT + 2, NW = MW + 2, and N * NW products
 * per pair of channels instead of 9 * MT * MW. In the transformed domain the positions xi are matrix
 * products of their own:
 *
 *     y tile = A' [ sum over input channels of (G w H') * (B' x C) ] D
 *
 * with A, B and G for a line of MT outputs, and D, C and H for one of MW. Rows are at most four, since
 * strips and bands of a picture begin at multiples of four.
 *
 * A chunk of tiles goes through winograd_input (V = B' x C), then for a few output channels at a time
 * winograd_weights (U = G w H'), winograd_multiply (M = U V) and winograd_output (A' M D and the
 * epilogue). U, V and M lie in one workspace, at offsets in floats. Where winograd_weights has made all
 * of U, winograd_whole is the other three at once for layers of few channels on CPUs.
 *
 * For a line of 4 the points are 0, +-sqrt(1/2), +-sqrt(2) and infinity: the error is half to a quarter of
 * that of 0, +-1, +-2, because the transforms' entries are smaller. For 2 they are 0, +-1 and infinity.
 * For 8 they are 0, infinity, and plus and minus the roots of 1/4, 5/8, 3/2 and 4, whose error was the least
 * among squares that are small fractions: 5 times that of 4 x 4, for 5/6 of its products.
 *
 * Without PLANAR (CPUs) the matrices are made of vectors of VW channels, as the tensors are:
 *     V (xi, in / VW, tiles, VW), U (xi, groups, in, CV, VW), M (xi, groups * CV, tiles, VW)
 * With PLANAR they are plain row-major matrices, for a GEMM:
 *     V (xi, in, tiles), U (xi, groups * CV * VW, in), M (xi, groups * CV * VW, tiles)
 * `tiles` is a chunk's, a multiple of TB; those beyond `count` are zero in V.
 */

#define N (MT + 2)
#define NW (MW + 2)

/* How often loops are unrolled that take no time to speak of: GPUs keep arrays in registers only so; for
 * CPUs it takes long to compile. */
#ifdef PLANAR
#define ROLL NW
#else
#define ROLL 1
#endif

#define A1 0.70710678118654752f /* the inner points, and their square */
#define A2 0.5f
#define B1 1.41421356237309505f /* the outer points, and their square */
#define B2 2.0f

/* o = B' d for a line of four outputs; o may be d. */
static inline void input_4(floatv d[6], floatv o[6])
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
static inline void output_4(const floatv m[6], floatv o[4])
{
    const floatv s = m[1] + m[2], d = m[1] - m[2], t = m[3] + m[4], e = m[3] - m[4];
    o[0] = m[0] + s + t;
    o[1] = A1 * d + B1 * e;
    o[2] = A2 * s + B2 * t;
    o[3] = m[5] + (A1 * A2) * d + (B1 * B2) * e;
}

/* o = G g: the point p's row is [1, p, p^2] over the product of its distances to the others. */
static inline void weights_4(const floatv g[3], floatv o[6])
{
    const float inner = 1.0f / (2 * A2 * (A2 - B2)), outer = 1.0f / (2 * B2 * (B2 - A2));
    o[0] = g[0];
    o[1] = inner * (g[0] + A1 * g[1] + A2 * g[2]);
    o[2] = inner * (g[0] - A1 * g[1] + A2 * g[2]);
    o[3] = outer * (g[0] + B1 * g[1] + B2 * g[2]);
    o[4] = outer * (g[0] - B1 * g[1] + B2 * g[2]);
    o[5] = g[2];
}
static inline void input_2(floatv d[4], floatv o[4])
{
    const floatv first = d[0] - d[2], second = d[1] + d[2], third = d[2] - d[1];
    o[3] = d[1] - d[3];
    o[0] = first;
    o[1] = second;
    o[2] = third;
}

static inline void output_2(const floatv m[4], floatv o[2])
{
    o[0] = m[0] + m[1] + m[2];
    o[1] = m[1] - m[2] - m[3];
}

static inline void weights_2(const floatv g[3], floatv o[4])
{
    o[0] = g[0];
    o[1] = 0.5f * (g[0] + g[1] + g[2]);
    o[2] = 0.5f * (g[0] - g[1] + g[2]);
    o[3] = g[2];
}

/* The positive points of a line of eight, and their squares, whose sums and products are exact. */
#define P1 0.5f
#define S1 0.25f
#define P2 0.79056941504209483f
#define S2 0.625f
#define P3 1.22474487139158905f
#define S3 1.5f
#define P4 2.0f
#define S4 4.0f

/* B' d at the points p and -p. The squares of the others are a, b and c. */
static inline void input_pair(const floatv d[10], float p, float a, float b, float c, floatv o[2])
{
    const float sum = a + b + c, pairs = a * b + a * c + b * c, product = a * b * c;
    const floatv even = d[8] - sum * d[6] + pairs * d[4] - product * d[2];
    const floatv odd = p * (d[7] - sum * d[5] + pairs * d[3] - product * d[1]);
    o[0] = even + odd;
    o[1] = even - odd;
}

/* The product of all (x^2 - square) by its coefficients; at 0, and with an x more at infinity. */
static inline floatv input_end(const floatv d[10], int at)
{
    const float sum = S1 + S2 + S3 + S4, product = S1 * S2 * S3 * S4;
    const float pairs = S1 * S2 + S3 * S4 + (S1 + S2) * (S3 + S4);
    const float triples = S1 * S2 * (S3 + S4) + S3 * S4 * (S1 + S2);
    return d[at + 8] - sum * d[at + 6] + pairs * d[at + 4] - triples * d[at + 2] + product * d[at];
}

static inline void input_8(floatv d[10], floatv o[10])
{
    floatv points[8];
    input_pair(d, P1, S2, S3, S4, points);
    input_pair(d, P2, S1, S3, S4, points + 2);
    input_pair(d, P3, S1, S2, S4, points + 4);
    input_pair(d, P4, S1, S2, S3, points + 6);
    const floatv first = input_end(d, 0), last = input_end(d, 1);
    o[0] = first;
#pragma unroll
    for (int i = 0; i < 8; i++)
        o[1 + i] = points[i];
    o[9] = last;
}

/* The sum of p^(2 * power) times v over the points. */
static inline floatv output_sum(const floatv v[4], int power)
{
    floatv sum = (floatv)(0.0f);
    const float squares[4] = {S1, S2, S3, S4};
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float factor = 1;
#pragma unroll
        for (int i = 0; i < power; i++)
            factor *= squares[k];
        sum = factor * v[k] + sum;
    }
    return sum;
}

static inline void output_8(const floatv m[10], floatv o[8])
{
    const floatv even[4] = {m[1] + m[2], m[3] + m[4], m[5] + m[6], m[7] + m[8]};
    const floatv odd[4] = {P1 * (m[1] - m[2]), P2 * (m[3] - m[4]), P3 * (m[5] - m[6]),
                           P4 * (m[7] - m[8])};
#pragma unroll
    for (int power = 0; power < 4; power++) {
        o[2 * power] = output_sum(even, power);
        o[2 * power + 1] = output_sum(odd, power);
    }
    o[0] = m[0] + o[0];
    o[7] = m[9] + o[7];
}

static inline void weights_pair(const floatv g[3], float p, float s, float a, float b, float c,
                                floatv o[2])
{
    const float scale = 1.0f / (2 * s * (s - a) * (s - b) * (s - c));
    o[0] = scale * (g[0] + p * g[1] + s * g[2]);
    o[1] = scale * (g[0] - p * g[1] + s * g[2]);
}

static inline void weights_8(const floatv g[3], floatv o[10])
{
    o[0] = (1.0f / (S1 * S2 * S3 * S4)) * g[0];
    weights_pair(g, P1, S1, S2, S3, S4, o + 1);
    weights_pair(g, P2, S2, S1, S3, S4, o + 3);
    weights_pair(g, P3, S3, S1, S2, S4, o + 5);
    weights_pair(g, P4, S4, S1, S2, S3, o + 7);
    o[9] = g[2];
}

/* Down a column of a tile, and along a row. */
#define PASTE(name, side) name##side
#define NAMED(name, side) PASTE(name, side)
#define INPUT_DOWN NAMED(input_, MT)
#define INPUT_ALONG NAMED(input_, MW)
#define OUTPUT_DOWN NAMED(output_, MT)
#define OUTPUT_ALONG NAMED(output_, MW)
#define WEIGHTS_DOWN NAMED(weights_, MT)
#define WEIGHTS_ALONG NAMED(weights_, MW)

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
                                     bool real, bool follows, floatv columns[NW][N])
{
    const bool inside = real && row >= 0 && row + N <= rows + 2 && col + NW <= pitch;
    const int begin = real && follows && col > 0 ? NW - MW : 0;
#pragma unroll ROLL
    for (int j = 0; j < begin; j++)
#pragma unroll
        for (int i = 0; i < N; i++)
            columns[j][i] = columns[MW + j][i];
#pragma unroll ROLL
    for (int j = begin; j < NW; j++) {
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
        INPUT_DOWN(d, columns[j]);
    }
}

/* And then along its row i. */
static inline void transform_line(floatv columns[NW][N], int i, floatv line[NW])
{
#pragma unroll
    for (int j = 0; j < NW; j++)
        line[j] = columns[j][i];
    INPUT_ALONG(line, line);
}

/* What a tile adds to the input tile on its left. */
static inline void fetch_input(__global const floatv *corner, int pitch)
{
    for (int i = 0; i < N; i++)
#pragma unroll
        for (int j = NW - MW; j < NW; j++)
            FETCH(corner + i * pitch + j, 0);
}

static inline void fetch_output(__global const floatv *corner, int pitch)
{
    for (int i = 0; i < MT; i++)
#pragma unroll
        for (int j = 0; j < MW; j++)
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
    const int pitch = PITCH(width), across = (width + MW - 1) / MW;
    __global const floatv *plane = x + (size_t)block * PLANE(height, width) + first_row * pitch;
    floatv columns[NW][N];
    for (int tile = begin; tile < begin + RUN; tile++) {
        const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MW;
        transform_columns(plane + row * pitch + col, row, col, rows, pitch, tile < count, tile > begin,
                          columns);
        fetch_input(plane + row * pitch + col + RUN * MW, pitch);
#pragma unroll ROLL
        for (int i = 0; i < N; i++) {
            floatv line[NW];
            transform_line(columns, i, line);
#pragma unroll
            for (int j = 0; j < NW; j++)
                PUT_V(work + v_at, i * NW + j, in_blocks, block, tiles, tile, line[j]);
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
            WEIGHTS_DOWN(g[j], u[j]); /* down column j */
#pragma unroll ROLL
        for (int i = 0; i < N; i++) {
            floatv line[3] = {u[0][i], u[1][i], u[2][i]}, out[NW];
            WEIGHTS_ALONG(line, out);
#pragma unroll
            for (int j = 0; j < NW; j++)
                PUT_U(work + u_at, i * NW + j, groups * CV, group * CV + vector, in_blocks * VW, in,
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
            WEIGHTS_DOWN(column, u[j]);
        }
#pragma unroll ROLL
        for (int i = 0; i < N; i++) {
            floatv line[3] = {u[0][i], u[1][i], u[2][i]}, o[NW];
            WEIGHTS_ALONG(line, o);
#pragma unroll
            for (int j = 0; j < NW; j++)
                PUT_U(work + u_at, i * NW + j, groups * CV, out, in_vectors * VW, in * VW + c, o[j]);
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
 * U, and may be the workspace. Dimensions: count / (TB * span), groups, N * NW. */
FULL_WIDTH
__kernel void winograd_multiply(__global const float *transformed, int u_at, __global float *work, int v_at,
                                int m_at, int in_blocks, int groups, int tiles, int count, int span)
{
    const int begin = (int)get_global_id(0) * TB * span, group = (int)get_global_id(1);
    const int xi = (int)get_global_id(2);
    if (begin >= count || group >= groups || xi >= N * NW)
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
static inline void store_tile(floatv t[NW][MT], int epilogue, __global floatv *y,
                              __global const floatv *aux, int channels, int row, int col, int height,
                              int width, int first_row, int rows)
{
    floatv out[MT][MW];
    const int pitch = PITCH(width);
    const int corner = channels * PLANE(height, width) + (first_row + row + 1) * pitch + col + 1;
#pragma unroll ROLL
    for (int i = 0; i < MT; i++) {
        floatv line[NW];
#pragma unroll
        for (int j = 0; j < NW; j++)
            line[j] = t[j][i];
        OUTPUT_ALONG(line, out[i]);
    }
#pragma unroll ROLL
    for (int i = 0; i < MT; i++)
#pragma unroll ROLL
        for (int j = 0; j < MW; j++)
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
    const int across = (width + MW - 1) / MW, channels = first_vector + vector;
    for (int tile = begin; tile < min(begin + RUN, count); tile++) {
        floatv t[NW][MT];
#pragma unroll ROLL
        for (int j = 0; j < NW; j++) {
            floatv m[N];
#pragma unroll
            for (int i = 0; i < N; i++)
                m[i] = get_m(work + m_at, i * NW + j, vectors, vector, tiles, tile);
            OUTPUT_DOWN(m, t[j]);
        }
        const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MW;
        store_tile(t, epilogue, y, aux, channels, row, col, height, width, first_row, rows);
        fetch_output(y + channels * PLANE(height, width) + (first_row + row) * PITCH(width) + col +
                         FIRST(width) + RUN * MW,
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
    const int pitch = PITCH(width), plane = PLANE(height, width), across = (width + MW - 1) / MW;
    const int real = min(tiles, count - first), end = (real + TB - 1) / TB * TB;
    /* One vector more from one position xi to the next: multiples of a power of two share one place in a
     * cache. */
    const int v_step = in_blocks * tiles + 1, m_step = CV * tiles + 1;
    __local floatv *v = scratch, *m = scratch + N * NW * v_step;
    for (int block = 0; block < in_blocks; block++) {
        floatv columns[NW][N];
        for (int tile = 0; tile < end; tile++) {
            const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MW;
            const int at = block * plane + (first_row + row) * pitch + col;
            transform_columns(x + at, row, col, rows, pitch, tile < real, tile > 0, columns);
            if (block + 1 < in_blocks)
                fetch_input(x + at + plane, pitch);
            if (block < CV)
                fetch_output(y + at + FIRST(width), pitch);
            __local floatv *to = v + block * tiles + tile;
#pragma unroll ROLL
            for (int i = 0; i < N; i++) {
                floatv line[NW];
                transform_line(columns, i, line);
#pragma unroll
                for (int j = 0; j < NW; j++)
                    to[(i * NW + j) * v_step] = line[j];
            }
        }
    }
    const int u_step = groups * in_blocks * VW * CV;
    for (int group = 0; group < groups; group++) {
        __global const floatv *u =
            (__global const floatv *)(transformed + u_at) + group * in_blocks * VW * CV;
        for (int xi = 0; xi < N * NW; xi++)
            multiply_local(u + xi * u_step, (__local const float *)(v + xi * v_step), m + xi * m_step,
                           u + (xi + 1) * u_step, in_blocks, tiles, 0, end);
        for (int vector = 0; vector < CV; vector++)
            for (int tile = 0; tile < real; tile++) {
                const int channels = group * CV + vector;
                const int row = (first + tile) / across * MT - lead, col = (first + tile) % across * MW;
                floatv t[NW][MT];
#pragma unroll ROLL
                for (int j = 0; j < NW; j++) {
                    floatv line[N];
#pragma unroll
                    for (int i = 0; i < N; i++)
                        line[i] = m[(i * NW + j) * m_step + vector * tiles + tile];
                    OUTPUT_DOWN(line, t[j]);
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
