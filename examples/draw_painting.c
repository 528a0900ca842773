/* SPDX-License-Identifier: MIT */
/*
 * Paints a motif: strokes of a bristle brush, layer over layer from coarse to fine, each along the
 * motif's flow and in its colour there. A stroke leaves colour and a height; at the end the relief
 * of all the paint is lit from the upper left, which is what makes it look thick. Numbers that
 * stand here without a reason were chosen by eye.
 */

#include "draw.h"

#include <math.h>
#include <stdlib.h>

#define OVERSAMPLING 2 /* canvas pixels per picture pixel, each way */
#define EDGE 0.7       /* a difference in colour, summed over the channels, that ends a stroke */
#define MAX_POINTS 800 /* of a stroke's path, one canvas pixel apart */

/* Brush radii in picture heights, how often the strokes of a layer would cover the canvas, and how
 * much the colours must differ within a brush's width for a stroke to be worth painting. */
static const struct layer {
    double radius, coverage, detail;
} layers[] = {
    {0.040, 2.5, 0},
    {0.026, 2.0, 0},
    {0.0160, 1.8, 0.22},
    {0.0085, 3.0, 0.45},
};

struct canvas {
    int width, height;
    float *rgb;    /* height x width x 3 */
    float *relief; /* height x width: thickness of the paint, canvas pixels */
    /* Of the stroke being laid down, also height x width: the squared distance to its path, the
     * signed distance to the side of it, and the nearest of its points. */
    float *near, *side;
    int *nearest;
};

struct stroke {
    double radius;       /* canvas pixels */
    struct rgb paint[2]; /* a brush is loaded with two paints that mix only in streaks */
    uint32_t seed;
    int first, end; /* of the points that the path has */
    double x[MAX_POINTS], y[MAX_POINTS];
};

static double difference(struct rgb a, struct rgb b)
{
    return fabs(a.r - b.r) + fabs(a.g - b.g) + fabs(a.b - b.b);
}

/* Follows the flow from (x, y) both ways, up to where the motif has a clearly different colour, so
 * that small things keep their shape. length: canvas pixels. */
static void trace(const struct motif *motif, const struct canvas *canvas, struct stroke *stroke,
                  double x, double y, int length)
{
    const double unit = canvas->height;
    const struct rgb colour = motif->colour(x / unit, y / unit);
    const int middle = length / 2;
    stroke->first = stroke->end = middle;
    for (int way = -1; way <= 1; way += 2) {
        double px = x, py = y, last[2] = {0, 0};
        for (int i = middle; i >= 0 && i < length; i += way) {
            if (i % 6 == 0 && i != middle &&
                difference(motif->colour(px / unit, py / unit), colour) > EDGE)
                break;
            stroke->x[i] = px;
            stroke->y[i] = py;
            stroke->first = i < stroke->first ? i : stroke->first;
            stroke->end = i >= stroke->end ? i + 1 : stroke->end;
            double to[2];
            motif->flow(px / unit, py / unit, to);
            const double norm = way / sqrt(to[0] * to[0] + to[1] * to[1] + 1e-12);
            double dx = to[0] * norm, dy = to[1] * norm;
            if (dx * last[0] + dy * last[1] < 0) { /* a brush does not turn back on its path */
                dx = -dx;
                dy = -dy;
            }
            px += last[0] = dx;
            py += last[1] = dy;
        }
    }
}

/* For each pixel within reach of the path: the nearest point of the path and the signed distance
 * across it. bounds: left, top, right, bottom, the last two exclusive. */
static void measure(struct canvas *canvas, const struct stroke *stroke, int bounds[4])
{
    const double reach = stroke->radius + 1;
    bounds[0] = canvas->width;
    bounds[1] = canvas->height;
    bounds[2] = bounds[3] = 0;
    for (int i = stroke->first; i < stroke->end; i++) {
        bounds[0] = (int)fmax(0, fmin(bounds[0], stroke->x[i] - reach));
        bounds[1] = (int)fmax(0, fmin(bounds[1], stroke->y[i] - reach));
        bounds[2] = (int)fmin(canvas->width, fmax(bounds[2], stroke->x[i] + reach + 1));
        bounds[3] = (int)fmin(canvas->height, fmax(bounds[3], stroke->y[i] + reach + 1));
    }
    for (int y = bounds[1]; y < bounds[3]; y++)
        for (int x = bounds[0]; x < bounds[2]; x++)
            canvas->near[y * canvas->width + x] = 1e9F;

    for (int i = stroke->first; i < stroke->end; i++) {
        const double cx = stroke->x[i], cy = stroke->y[i];
        const int before = i > stroke->first ? i - 1 : i, after = i + 1 < stroke->end ? i + 1 : i;
        const double tx = stroke->x[after] - stroke->x[before];
        const double ty = stroke->y[after] - stroke->y[before];
        const double norm = 1 / sqrt(tx * tx + ty * ty + 1e-12);
        const int right = (int)fmin(bounds[2], cx + reach + 1);
        const int bottom = (int)fmin(bounds[3], cy + reach + 1);
        for (int y = (int)fmax(bounds[1], cy - reach); y < bottom; y++) {
            for (int x = (int)fmax(bounds[0], cx - reach); x < right; x++) {
                const double dx = x - cx, dy = y - cy;
                const float distance = (float)(dx * dx + dy * dy);
                const int at = y * canvas->width + x;
                if (distance >= canvas->near[at])
                    continue;
                canvas->near[at] = distance;
                canvas->nearest[at] = i;
                canvas->side[at] = (float)((dy * tx - dx * ty) * norm);
            }
        }
    }
}

static void lay(struct canvas *canvas, const struct stroke *stroke)
{
    int bounds[4];
    measure(canvas, stroke, bounds);
    const double radius = stroke->radius;
    const double bristles = 1.5 + 0.22 * radius; /* each way from the middle */
    const double thickness = 0.55 * pow(radius, 0.7);
    for (int y = bounds[1]; y < bounds[3]; y++) {
        for (int x = bounds[0]; x < bounds[2]; x++) {
            const int at = y * canvas->width + x;
            const double out = sqrt((double)canvas->near[at]) / radius;
            if (out > 1.1)
                continue;
            /* NOLINTNEXTLINE(clang-analyzer-core.*): what is near has got a side, too */
            const double across = canvas->side[at] / radius * bristles;
            const double along = canvas->nearest[at] / radius;
            const double part =
                (double)(canvas->nearest[at] - stroke->first) / (stroke->end - stroke->first);
            const double bristle = 0.6 * noise_smooth(across, along * 0.25, stroke->seed) +
                                   0.4 * noise_smooth(2.3 * across, along * 0.5, stroke->seed + 1);
            /* Towards its end the brush runs dry and only the fullest bristles still paint. */
            const double dry = 0.75 * smooth_between(0.5, 1.05, part);
            const double cover = smooth_between(dry - 0.25, dry + 0.05, bristle) *
                                 smooth_between(1.0, 0.86, out + 0.5 * (0.5 - bristle));
            if (cover <= 0)
                continue;
            const double streak = noise_smooth(0.8 * across + 7, along * 0.12, stroke->seed + 2);
            const struct rgb paint = scale_rgb(
                blend_rgb(stroke->paint[0], stroke->paint[1], smooth_between(0.3, 0.7, streak)),
                0.9 + 0.2 * bristle);
            float *rgb = canvas->rgb + 3 * at;
            rgb[0] = (float)blend(rgb[0], paint.r, cover);
            rgb[1] = (float)blend(rgb[1], paint.g, cover);
            rgb[2] = (float)blend(rgb[2], paint.b, cover);
            /* The brush presses what lies there, leaves furrows, and piles paint up at its rims. */
            const double rim = smooth_between(0.5, 0.8, out) * smooth_between(1.05, 0.85, out);
            const double left = thickness * (0.35 + 0.9 * bristle + 0.5 * rim) * (1 - 0.5 * part);
            canvas->relief[at] =
                (float)blend(canvas->relief[at], 0.45 * canvas->relief[at] + left, cover);
        }
    }
}

/* A paint near `c`: lighter or darker, warmer or colder. */
static struct rgb vary(struct rgb c, double amount, int index, uint32_t seed)
{
    const double light = 1 + amount * 0.34 * (noise_hash(index, 1, seed) - 0.5);
    const double warm = amount * 0.10 * (noise_hash(index, 2, seed) - 0.5);
    const double green = amount * 0.07 * (noise_hash(index, 3, seed) - 0.5);
    return (struct rgb){clamp01(c.r * light + warm), clamp01(c.g * light + green),
                        clamp01(c.b * light - warm)};
}

/* A thin wash of the motif over the primed canvas, for the gaps between strokes. */
static void prime(const struct motif *motif, struct canvas *canvas)
{
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            const struct rgb colour =
                motif->colour((double)x / canvas->height, (double)y / canvas->height);
            const struct rgb wash = blend_rgb(motif->ground, colour, 0.6);
            float *rgb = canvas->rgb + 3 * (y * canvas->width + x);
            rgb[0] = (float)wash.r;
            rgb[1] = (float)wash.g;
            rgb[2] = (float)wash.b;
        }
    }
}

static void paint_layer(const struct motif *motif, struct canvas *canvas, struct stroke *stroke,
                        const struct layer *layer, uint32_t seed)
{
    const double unit = canvas->height;
    const double radius = layer->radius * unit;
    /* Strokes begin beyond the frame too, or the flow would leave bare canvas at its edges. */
    const double margin = 0.06 * unit;
    const double width = canvas->width + 2 * margin, height = canvas->height + 2 * margin;
    const int strokes =
        (int)(layer->coverage * width * height / (2 * radius * radius * motif->length));
    for (int i = 0; i < strokes; i++) {
        /* Multiples of 1/p and 1/p^2, p = 1.3247 the plastic number, spread over the canvas evenly
         * at every count, and neighbours in order are far apart. */
        const double x = fmod(0.5 + i * 0.7548776662466927, 1) * width - margin;
        const double y = fmod(0.5 + i * 0.5698402909980532, 1) * height - margin;
        const double u = x / unit, v = y / unit;
        const struct rgb colour = motif->colour(u, v);
        const double r = layer->radius;
        const double detail = difference(motif->colour(u - r, v), motif->colour(u + r, v)) +
                              difference(motif->colour(u, v - r), motif->colour(u, v + r));
        if (detail < layer->detail * (0.5 + noise_hash(i, 4, seed)))
            continue;
        stroke->seed = seed + 16 + 3 * (uint32_t)i;
        stroke->radius = radius * (0.75 + 0.5 * noise_hash(i, 5, seed));
        stroke->paint[0] = vary(colour, 1, i, seed);
        stroke->paint[1] = vary(colour, 1.8, i, seed + 1);
        const double length = radius * motif->length * (0.6 + 0.8 * noise_hash(i, 6, seed));
        trace(motif, canvas, stroke, x, y, (int)fmin(length, MAX_POINTS));
        lay(canvas, stroke);
    }
}

/* Lights the relief and averages the canvas down to the picture. */
static void light(const struct canvas *canvas, struct impasto_image *image)
{
    const double sun[3] = {-0.48, -0.60, 0.64};
    for (int y = 0; y < image->height * OVERSAMPLING; y++) {
        for (int x = 0; x < image->width * OVERSAMPLING; x++) {
            const int at = y * canvas->width + x;
            const int before_x = x > 0 ? at - 1 : at, before_y = y > 0 ? at - canvas->width : at;
            const int after_x = x + 1 < canvas->width ? at + 1 : at;
            const int after_y = y + 1 < canvas->height ? at + canvas->width : at;
            const double dx = 0.5 * (canvas->relief[after_x] - canvas->relief[before_x]);
            const double dy = 0.5 * (canvas->relief[after_y] - canvas->relief[before_y]);
            const double norm = 1 / sqrt(dx * dx + dy * dy + 1);
            const double facing = (sun[2] - dx * sun[0] - dy * sun[1]) * norm;
            const double shade = 1 + 0.75 * (fmax(facing, 0) / sun[2] - 1);
            /* Oil shines where it mirrors the light to the viewer; 24: a satin varnish. */
            const double mirrored = 2 * facing * norm - sun[2];
            const double shine = 0.16 * pow(fmax(mirrored, 0), 24);
            float *out = image->rgb + 3 * ((size_t)(y / OVERSAMPLING) * (size_t)image->width +
                                           (size_t)(x / OVERSAMPLING));
            for (int c = 0; c < 3; c++)
                out[c] += (float)(clamp01(canvas->rgb[3 * at + c] * shade + shine) /
                                  (OVERSAMPLING * OVERSAMPLING));
        }
    }
}

bool draw_painting(const struct motif *motif, struct impasto_image *image)
{
    struct canvas canvas = {.width = image->width * OVERSAMPLING,
                            .height = image->height * OVERSAMPLING};
    const size_t pixels = (size_t)canvas.width * (size_t)canvas.height;
    struct stroke *stroke = malloc(sizeof(*stroke));
    canvas.rgb = malloc(pixels * 3 * sizeof(float));
    canvas.relief = calloc(pixels, sizeof(float));
    canvas.near = malloc(pixels * sizeof(float));
    canvas.side = malloc(pixels * sizeof(float));
    canvas.nearest = malloc(pixels * sizeof(int));
    const bool enough =
        stroke && canvas.rgb && canvas.relief && canvas.near && canvas.side && canvas.nearest;
    if (enough) {
        prime(motif, &canvas);
        for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++)
            paint_layer(motif, &canvas, stroke, &layers[i], 100000 * (uint32_t)(i + 1));
        light(&canvas, image);
    }
    free(stroke);
    free(canvas.rgb);
    free(canvas.relief);
    free(canvas.near);
    free(canvas.side);
    free(canvas.nearest);
    return enough;
}
