/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_CLIP_H
#define IMPASTO_CLIP_H

/* Films: a clip is opened once, and given frame after frame in the order in which they are shown.
 */

#include <impasto/apply.h>
#include <impasto/device.h>
#include <impasto/job.h>
#include <impasto/model.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a frame's values are. */
enum impasto_samples {
    IMPASTO_SAMPLES_BYTE,  /* unsigned char, 0 to 255 */
    IMPASTO_SAMPLES_FLOAT, /* float, 0 to 1; what is beyond counts as the end */
    IMPASTO_SAMPLES_SHORT, /* uint16_t, 0 to 65535 */
};

/* A frame in the caller's memory: sRGB-encoded RGB, row by row from the top. */
struct impasto_frame {
    size_t struct_size; /* sizeof(struct impasto_frame) */
    int width, height;  /* pixels */
    enum impasto_samples samples;
    void *pixels; /* a frame that is read is not written to */
    size_t
        stride; /* bytes from row to row: at least those of a row, and a multiple of a sample's */
};

struct impasto_clip; /* a film on its way through a painter */

/* What the frames of a scene are held to, besides content and style. */
enum impasto_consistency {
    IMPASTO_CONSISTENCY_NONE, /* nothing: every frame is painted by itself */
    IMPASTO_CONSISTENCY_FILM, /* the result before it */
    IMPASTO_CONSISTENCY_FINE, /* also those two and four frames before it: strokes last longer */
};

/* What a clip is. Take it from impasto_clip_defaults() and change what you like. */
struct impasto_clip_params {
    size_t struct_size; /* sizeof(struct impasto_clip_params) */
    int width, height;  /* of its frames, pixels */

    /* What follows is for clips that are painted; networks paint every frame by itself,
     * unless `steady` or `smooth` of struct impasto_apply_params say otherwise. */

    /*
     * A frame x of a scene begins with the result before it, carried along the motion, and
     *
     *   temporal_weight * sum_j mean(c_j (x - w_j)^2)
     *
     * is added to what is minimised (Ruder, Dosovitskiy and Brox 2016). w_j is the result j frames
     * before it, warped to this frame, and lighter or darker by what the source is. c_j is 1 where
     * the motion can be relied on, down to 0 where it cannot. FILM has j = 1. FINE has 1, 2 and 4,
     * where each counts only where no nearer one does. Default: FILM.
     */
    enum impasto_consistency consistency;
    float temporal_weight; /* 0 or more, finite; default 20. With IMPASTO_LOSSES_GATYS, whose losses
                              are larger by far, it takes far larger ones */

    /* Iterations of each frame but a scene's first, at the last size; it ends before where the loss
     * falls no more. 0 to 1,000,000. -1, the default: a third of the parameters'. */
    int iterations;
    bool measure; /* fill `warp` of struct impasto_clip_info; takes the memory of three frames more
                   */

    /* Called after each iteration; NULL, the default: nobody is told. Return non-zero to stop.
     * impasto_clip_frame() then returns IMPASTO_ERROR_INTERRUPTED. */
    impasto_job_progress_fn progress;
    void *user;
};

/* Fills all of `params`, for callers that are compiled with this header. */
IMPASTO_API struct impasto_clip_params impasto_clip_defaults(int width, int height);

/*
 * How much pictures differ from earlier ones where the same is to be seen: mean(|O - W(P)|^2) per
 * value in [0, 1] between a picture O and an earlier one P that is warped along the motion, over
 * the pixels whose motion can be relied on (E_warp of Lai et al. 2018). A film holds still where
 * its results differ about as much as its source does.
 */
struct impasto_clip_warp {
    double last, mean;               /* of results: the last pair, and all pairs so far */
    double last_source, mean_source; /* of the source */
    uint64_t pairs;                  /* so far */
};
#define IMPASTO_CLIP_WARPS 3

/* What a clip says of itself. What is of the last frame is 0 before it. */
struct impasto_clip_info {
    int width, height;               /* of its frames, pixels */
    int result_width, result_height; /* of its results */
    uint64_t memory;   /* bytes of device memory that it takes by now; networks take theirs with the
                          first frame */
    uint64_t frames;   /* painted so far */
    uint64_t scenes;   /* begun so far; networks that paint do not count them */
    bool begins_scene; /* the last frame does */

    /* Of a painted clip's last frame; losses are unweighted sums over the layers, but for `loss`,
     * which is all that is minimised. A frame that is the same as the one before it, to the bit,
     * has the same result without an iteration, and that one's losses. */
    int iterations;
    double loss, content_loss, style_loss, temporal_loss;
    double colour[3]; /* the result's mean R, G and B, 0 to 1 */

    /* With params.measure: frames 1, 4 and 16 apart in one scene. The latter two are compared every
     * 4 and 16 frames. */
    struct impasto_clip_warp warp[IMPASTO_CLIP_WARPS];

    const struct impasto_job_info *job; /* what paints; NULL: a network */
};

/*
 * Opens a clip that is painted by a style network. The device must outlive the clip; the model need
 * not. Results have the frames' size or, where params->size says so, the size that it gives a
 * picture of theirs.
 *
 * Errors are those of impasto_applier_open(), and of impasto_applier_paint() for the size.
 */
IMPASTO_API enum impasto_status
impasto_clip_open_network(struct impasto_device *device, const struct impasto_model *model,
                          const struct impasto_apply_params *params,
                          const struct impasto_clip_params *film, struct impasto_clip **clip,
                          struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Opens a clip that is painted as a job paints pictures. `pictures` has no content, keep and init;
 * styles and regions are those of all frames. Device, weights and the pictures must outlive the
 * clip. Where a scene begins, all sizes of params are painted; later frames have the last one
 * alone. Colours that params->colour asks to match are those of the scene's first frame.
 *
 * The memory is planned for all of the film. Errors are those of impasto_job_open().
 */
IMPASTO_API enum impasto_status
impasto_clip_open_painting(struct impasto_device *device, const struct impasto_weights *weights,
                           const struct impasto_pictures *pictures,
                           const struct impasto_params *params,
                           const struct impasto_clip_params *film, struct impasto_clip **clip,
                           struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_clip_close(struct impasto_clip **clip);

/*
 * Opens a clip that paints nothing and only finds where scenes begin, just as one does that paints
 * with these parameters. It takes little memory and time. So a film's scenes can be painted at the
 * same time, by clips on several devices. Its frames are given to impasto_clip_look().
 *
 * Errors are those of impasto_clip_open_painting() for parameters and sizes.
 */
IMPASTO_API enum impasto_status
impasto_clip_open_scout(struct impasto_device *device, const struct impasto_params *params,
                        const struct impasto_clip_params *film, struct impasto_clip **clip,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Valid until the next call on the clip. */
IMPASTO_API const struct impasto_clip_info *impasto_clip_info(struct impasto_clip *clip);

/*
 * Paints the next frame. `from` has the size that the clip was opened with, `to` that of its
 * results (impasto_clip_info). They may be the same memory if they have the same size, samples and
 * stride. After a failure, what `to` holds is of no use, and the same frame can be tried again.
 *
 * IMPASTO_ERROR_USAGE: a frame has another size, or a stride that is no row's; or the clip only
 * finds scenes.
 */
IMPASTO_API enum impasto_status impasto_clip_frame(struct impasto_clip *clip,
                                                   const struct impasto_frame *from,
                                                   const struct impasto_frame *to,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Looks at the next frame of a clip that impasto_clip_open_scout() has opened, or of one of a
 * network that is opened for nothing else. What it is stands in impasto_clip_info():
 * `begins_scene`, and how many `frames` and `scenes` there have been. With a network, a scene
 * begins with each frame that depends on none before it. Without `steady` and `smooth` these are
 * all.
 *
 * IMPASTO_ERROR_USAGE: a frame is none, as there; or the clip paints.
 */
IMPASTO_API enum impasto_status impasto_clip_look(struct impasto_clip *clip,
                                                  const struct impasto_frame *from,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Has a scene begin with the next frame of a clip that paints, whatever that shows. It comes
 * after so many frames and scenes of the film, which others may have painted. The clip forgets what
 * it has painted, and its figures begin anew.
 */
IMPASTO_API void impasto_clip_begin(struct impasto_clip *clip, uint64_t frames, uint64_t scenes);

/*
 * Saves what the next frame depends on: the results and the source of the frames that it is held
 * to, and the figures. Another clip that was opened with the same goes on from there. With the same
 * device, driver and version, its frames have the bytes of a clip that was never closed. The file
 * appears whole or not at all. Of a painted clip, it has 24 bytes for each pixel of a result and
 * each frame that is remembered: one, four with FINE, and two more with `measure`. Of a network, it
 * has 12 for each pixel with `steady`.
 *
 * IMPASTO_ERROR_OUTPUT: the file cannot be written. IMPASTO_ERROR_USAGE: the clip has looked at its
 * frames, and painted none, and with `steady` or `smooth` there is nothing to keep of that.
 */
IMPASTO_API enum impasto_status impasto_clip_save(struct impasto_clip *clip, const char *path,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Puts a clip where a saved one was. The next frame that it is given is that after
 * impasto_clip_info()'s `frames`. After a failure the clip is as it was when it was opened.
 *
 * IMPASTO_ERROR_INPUT: the file is damaged or is something else, or the clip was begun with other
 * pictures, weights or settings.
 */
IMPASTO_API enum impasto_status impasto_clip_load(struct impasto_clip *clip, const char *path,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
