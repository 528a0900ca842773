/* SPDX-License-Identifier: MIT */
#ifndef IMP_DRAW_STYLE_H
#define IMP_DRAW_STYLE_H

/*
 * What the styles share. Only this room includes it. A style is drawn at twice its size each way
 * and averaged down, so that a pixel may be one thing or another.
 *
 * Most begin with a sketch: flat areas of colour. Strokes then follow the sketch's contours and
 * take its colours.
 */

#include "draw/canvas.h"

#define IMP_STROKE_MOST 96 /* points of a stroke's way */

struct imp_style {
    struct imp_canvas *canvas;
    uint32_t variant;
    struct imp_dice dice; /* of this variant */
    struct imp_path path; /* scratch */
    float *sketch;        /* 3 planes */
    float *angle;         /* of strokes, radians */
    float *relief;        /* how thick the paint is, pixels of the canvas */
    /* Of the stroke being laid down: squared distance to its way, signed distance to the side of
     * it, and how far along it, 0 to 1. */
    float *near, *side, *part;
};

/* ---- style_vary.c: for pictures that are composed without dice --------------------------------
 */

/* `plain` in variant 0, which is as composed; by chance in the others. */
float imp_vary(struct imp_style *style, float plain, float low, float high);
bool imp_vary_chance(struct imp_style *style);
/* What is added to the seeds of noise: 0 in variant 0. */
uint32_t imp_vary_seed(const struct imp_style *style);
/* Turns the hues of all that is painted, but for variant 0. */
void imp_vary_hues(struct imp_style *style);

/* ---- style_sketch.c -------------------------------------------------------------------------- */

/* The canvas becomes the sketch. */
void imp_sketch_take(struct imp_style *style);
struct imp_rgb imp_sketch_at(const struct imp_style *style, float x, float y);
/* How much colours differ across 2 * radius. */
float imp_sketch_detail(const struct imp_style *style, float x, float y, float radius);
/* Strokes follow the contours of the sketch, seen from `radius` away; where there are none, they
 * follow a field of eddies as large as `eddies`, picture heights. weight: of the eddies. */
void imp_sketch_flow(struct imp_style *style, float radius, float eddies, float weight);
float imp_sketch_angle(const struct imp_style *style, float x, float y);

/* ---- style_brush.c --------------------------------------------------------------------------- */

struct imp_way {
    int count;
    float x[IMP_STROKE_MOST], y[IMP_STROKE_MOST];
};

struct imp_brush {
    float radius;            /* picture heights */
    struct imp_rgb paint[2]; /* that mix only in streaks */
    float opacity;
    float dry;        /* 0 to 1: how much the stroke tears */
    float bristles;   /* 0 to 1: how much the streaks differ in light */
    float relief;     /* how thick the paint is; 1 is thick oil */
    float start, end; /* width at the ends, as a share */
    float grain;      /* 0 to 1: how much of the paper's grain stays bare */
    bool stain;       /* multiplies what lies there, as ink and watercolour do */
    uint32_t seed;
};

/* Follows the flow from (x, y) both ways over `length`, or to where the sketch's colour differs by
 * more than `edge`, summed over the channels. */
void imp_way_trace(const struct imp_style *style, struct imp_way *way, float x, float y,
                   float length, float edge);
void imp_way_line(struct imp_way *way, float x0, float y0, float x1, float y1);
/* A smooth bend through three points. */
void imp_way_bend(struct imp_way *way, const float points[6]);
void imp_brush_stroke(struct imp_style *style, const struct imp_way *way,
                      const struct imp_brush *brush);

/* Strokes all over the picture, in the colours of the sketch. */
struct imp_layer {
    struct imp_brush brush; /* its paints are set here */
    float length;           /* of a stroke, in radii */
    float cover;            /* how often strokes would cover the picture */
    float detail;           /* strokes only where the sketch has that much of it */
    float vary;             /* of colours, 0 to 1 */
    float edge;             /* as in imp_way_trace */
    float turn;             /* added to the flow, radians */
};
void imp_layer_paint(struct imp_style *style, const struct imp_layer *layer);
/* Lights the relief from the upper left. */
void imp_relief_light(struct imp_style *style, float strength, float shine);
/* Number `i` of points that are spread evenly at every count, beyond the picture's edges as well.
 */
void imp_spread(const struct imp_style *style, int i, float margin, float at[2]);
/* The grain of paper, 0 to 1. */
float imp_paper_grain(float x, float y);
/* Colours every pixel by the grain of a paper. */
void imp_paper(struct imp_style *style, struct imp_rgb colour, float strength);

/* ---- The styles ------------------------------------------------------------------------------ */

typedef void (*imp_style_fn)(struct imp_style *style);
void imp_style_oil(struct imp_style *style); /* style_paint.c */
void imp_style_fauve(struct imp_style *style);
void imp_style_pastel(struct imp_style *style);
void imp_style_pointillist(struct imp_style *style);
void imp_style_ink(struct imp_style *style); /* style_water.c */
void imp_style_watercolour(struct imp_style *style);
void imp_style_woodcut(struct imp_style *style); /* style_print.c */
void imp_style_engraving(struct imp_style *style);
void imp_style_wave(struct imp_style *style);
void imp_style_mosaic(struct imp_style *style);  /* style_mosaic.c */
void imp_style_stained(struct imp_style *style); /* style_pieces.c */
void imp_style_cubist(struct imp_style *style);
void imp_style_weave(struct imp_style *style); /* style_thread.c */
void imp_style_embroidery(struct imp_style *style);

#endif
