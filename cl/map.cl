/* SPDX-License-Identifier: MIT */
/*
 * Maps: pictures of height x width within planes that have `wide` more pixels at each side, of which the
 * inner `margin` are filled, folded, or just there. With VW 1 a plane is one channel of a planar map.
 */

/* The vector of a pixel; y and x may be in the margin. */
static inline size_t pixel(int height, int width, int wide, int block, int y, int x)
{
    return ((size_t)block * (height + 2 * wide) + (y + wide)) * (width + 2 * wide) + (x + wide);
}

/* Of a line of n pixels the one that pixel i, beyond its ends, is a copy of. */
static inline int origin(int i, int n, int edge)
{
    if (edge == EDGE_REFLECT)
        return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
    return min(max(i, 0), n - 1);
}

/*
 * Fills the margin: rows above and below, across their corners, where they are beyond the picture (top,
 * bottom: 1), and of all other rows the columns at both sides. A work-item does COLUMNS of these pixels.
 * Dimensions: pixels / COLUMNS, blocks.
 */
__kernel void map_fill(__global floatv *x, int blocks, int height, int width, int wide, int margin,
                       int edge, int top, int bottom)
{
    const int block = (int)get_global_id(1);
    if (block >= blocks)
        return;
    const int above = top ? margin : 0, below = bottom ? margin : 0;
    const int across = width + 2 * margin, whole = (above + below) * across;
    const int first = above - margin, rows = height + 2 * margin - above - below;
    FOR_COLUMNS(i, whole + rows * 2 * margin) {
        int row, col;
        if (i < whole) {
            row = i / across < above ? i / across - margin : i / across - above + height;
            col = i % across - margin;
        } else {
            row = first + (i - whole) / (2 * margin);
            col = (i - whole) % (2 * margin);
            col = col < margin ? col - margin : col - margin + width;
        }
        const int from = i < whole ? origin(row, height, edge) : row;
        const floatv copied = x[pixel(height, width, wide, block, from, origin(col, width, edge))];
        x[pixel(height, width, wide, block, row, col)] =
            edge == EDGE_ZERO ? (floatv)(0.0f) : copied;
    }
}

/* The place before 0 or behind n - 1, or i itself, that comes after `at` among those that are copies of
 * pixel i; n + margin behind the last. at: -margin - 1 to begin with. */
static inline int next_copy(int at, int i, int n, int margin, int edge)
{
    do {
        at++;
        if (at == 0)
            at = i;
        else if (at == i + 1)
            at = n;
    } while (at < n + margin && at != i && origin(at, n, edge) != i);
    return at;
}

/*
 * Each pixel near the edge += its copies in the margin, which become zero. No two pixels have a copy in
 * common. Done are margin + 1 rows above and below, and so many columns at both sides of the other rows:
 * all pixels that have copies are among them. Dimensions: pixels / COLUMNS, blocks.
 */
__kernel void map_fold(__global floatv *g, int blocks, int height, int width, int wide, int margin,
                       int edge)
{
    const int block = (int)get_global_id(1);
    if (block >= blocks)
        return;
    const int above = min(margin + 1, height), below = min(margin + 1, height - above);
    const int left = min(margin + 1, width), right = min(margin + 1, width - left);
    const int whole = (above + below) * width, sides = left + right;
    FOR_COLUMNS(i, whole + (height - above - below) * sides) {
        int row, col;
        if (i < whole) {
            row = i / width < above ? i / width : i / width + height - above - below;
            col = i % width;
        } else {
            row = above + (i - whole) / sides;
            col = (i - whole) % sides;
            col = col < left ? col : col + width - sides;
        }
        floatv sum = (floatv)(0.0f);
        for (int y = next_copy(-margin - 1, row, height, margin, edge); y < height + margin;
             y = next_copy(y, row, height, margin, edge))
            for (int x = next_copy(-margin - 1, col, width, margin, edge); x < width + margin;
                 x = next_copy(x, col, width, margin, edge)) {
                const size_t at = pixel(height, width, wide, block, y, x);
                sum += g[at];
                g[at] = (floatv)(0.0f);
            }
        g[pixel(height, width, wide, block, row, col)] = sum;
    }
}

/*
 * Noise, which depends on the seed and on the pixel's place alone. Each of its octaves has a random number
 * from -1 to 1 every `pitch` pixels, and between them goes smoothly from one to the next:
 *
 *     noise(y, x) = NOISE_GAIN * sum over pitch = NOISE_PITCH 2^o, o < NOISE_OCTAVES, of
 *                   mix over s(u mod pitch / pitch) of mix over s(v mod pitch / pitch) of the four numbers
 *                   around the pixel, where s(t) = t t (3 - 2 t), v = y + phase and u = x + another phase
 *
 * Phases are by the seed, so that in training no place of a network's grid of 4 x 4 pixels is a special one.
 * NOISE_GAIN makes the deviation 1.
 */
#define NOISE_GAIN 1.35f

/* The bits of a number, well mixed: two rounds of shifting and multiplying, each of which can be undone. */
static inline uint mixed(uint x)
{
    x = (x ^ x >> 16) * 0x7feb352du;
    x = (x ^ x >> 15) * 0x846ca68bu;
    return x ^ x >> 16;
}

static inline float random_at(uint row, int col)
{
    return (float)(int)mixed(row ^ (uint)col) * 0x1p-31f;
}

static inline float eased(int at, int pitch)
{
    const float t = (float)(at % pitch) / (float)pitch;
    return t * t * (3.0f - 2.0f * t);
}

static inline float noise_at(uint seed, int y, int x)
{
    float sum = 0.0f;
    for (int octave = 0; octave < NOISE_OCTAVES; octave++) {
        const int pitch = NOISE_PITCH << octave;
        const uint plane = mixed(seed * NOISE_OCTAVES + (uint)octave + 1), phase = mixed(plane);
        const int v = y + (int)(phase % pitch), u = x + (int)((phase >> 16) % pitch);
        const int row = v / pitch, col = u / pitch;
        const uint above = mixed(plane ^ (uint)row), below = mixed(plane ^ (uint)(row + 1));
        const float down = eased(v, pitch);
        const float left = mix(random_at(above, col), random_at(below, col), down);
        const float right = mix(random_at(above, col + 1), random_at(below, col + 1), down);
        sum += mix(left, right, eased(u, pitch));
    }
    return NOISE_GAIN * sum;
}

/*
 * map(k, y, x) = scale * (image(k, at + y, x) + deviation * noise) + offset, margin included, reflected
 * beyond the image, which is (3, image_height, image_width). All channels have the same noise. Its rows are
 * those of a picture of `whole` rows, of which the image's begin with `first`, reflected likewise. The map is
 * planar. Dimensions: columns / COLUMNS, rows.
 */
__kernel void map_take(__global const float *restrict image, __global float *restrict map,
                       int image_height, int image_width, int at, int height, int width, int wide,
                       int margin, float scale, float offset, float deviation, int seed, int first,
                       int whole)
{
    const int row = (int)get_global_id(1) - margin;
    if (row >= height + margin)
        return;
    const int y = origin(at + row, image_height, EDGE_REFLECT);
    const int place = origin(first + y, whole, EDGE_REFLECT);
    FOR_COLUMNS(i, width + 2 * margin) {
        const int x = origin(i - margin, image_width, EDGE_REFLECT);
        const float noise = deviation > 0.0f ? deviation * noise_at((uint)seed, place, x) : 0.0f;
        for (int k = 0; k < 3; k++)
            map[pixel(height, width, wide, k, row, i - margin)] =
                scale * (image[((size_t)k * image_height + y) * image_width + x] + noise) + offset;
    }
}

/* tanh and sigmoid by one exponential of a number below 0, which cannot overflow; with the derivative,
 * right also where the function is flat. NaN stays NaN. */
static inline float output_of(int output, float v, float *derivative)
{
    if (output == OUTPUT_LINEAR) {
        *derivative = 1.0f;
        return v;
    }
    const float size = fabs(v), e = exp(output == OUTPUT_TANH ? -2.0f * size : -size);
    const float below = 1.0f / (1.0f + e);
    if (output == OUTPUT_TANH) {
        *derivative = 4.0f * e * below * below;
        return copysign((1.0f - e) * below, v);
    }
    *derivative = e * below * below;
    return v < 0.0f ? e * below : below;
}

/* image(k, at + y, x) = scale * output(map(k, first + y, x)) + offset for y < rows. Dimensions:
 * image_width / COLUMNS, rows, 3. */
__kernel void map_give(__global const float *restrict map, __global float *restrict image,
                       int height, int width, int wide, int first, int rows, int image_height,
                       int image_width, int at, int output, float scale, float offset)
{
    const int y = (int)get_global_id(1), k = (int)get_global_id(2);
    if (y >= rows || k >= 3)
        return;
    __global const float *from = map + pixel(height, width, wide, k, first + y, 0);
    __global float *to = image + ((size_t)k * image_height + at + y) * image_width;
    float ignored;
    FOR_COLUMNS(x, image_width)
        to[x] = scale * output_of(output, from[x], &ignored) + offset;
}

/*
 * gradient(k, y, x) = scale * output'(map(k, y, x)) * image_gradient(k, y, x), and 0 beyond the image and
 * in all of the margin, grad_wide. Dimensions: columns / COLUMNS, rows, 3.
 */
__kernel void map_give_bwd(__global const float *restrict map,
                           __global const float *restrict image_gradient,
                           __global float *restrict gradient, int height, int width, int wide,
                           int grad_wide, int image_height, int image_width, int output, float scale)
{
    const int y = (int)get_global_id(1) - grad_wide, k = (int)get_global_id(2);
    if (y >= height + grad_wide || k >= 3)
        return;
    const bool outside = y < 0 || y >= image_height;
    __global const float *in = map + pixel(height, width, wide, k, outside ? 0 : y, 0);
    __global const float *from =
        image_gradient + ((size_t)k * image_height + (outside ? 0 : y)) * image_width;
    __global float *to = gradient + pixel(height, width, grad_wide, k, y, 0);
    FOR_COLUMNS(i, width + 2 * grad_wide) {
        const int x = i - grad_wide;
        float r = 0.0f;
        if (!outside && x >= 0 && x < image_width) {
            output_of(output, in[x], &r);
            r *= scale * from[x];
        }
        to[x] = r;
    }
}
