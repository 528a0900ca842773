/* SPDX-License-Identifier: MIT */
#ifndef IMPASTO_IMPASTO_H
#define IMPASTO_IMPASTO_H

/*
 * Impasto: neural style transfer on any OpenCL device.
 *
 * The way through this header: open a device, open weights, load or create a content image and one
 * or more style images, take the parameters of a preset, open a job, run it (or step it), take the
 * picture, close everything.
 * examples/stylize.c is that way as a program.
 *
 * Conventions
 * - Every function that can fail returns an `enum impasto_status` and takes, last, a pointer to a
 *   `struct impasto_error` that it fills with one line for a person to read. The pointer may be
 *   NULL. On failure, out parameters are left NULL or untouched.
 * - Messages name settings in backquotes, by the names that the program's options have:
 * "`style-size`".
 * - `_close` and `_free` take the address of the handle, set it to NULL, and accept NULL handles.
 * - The library keeps no global state, prints nothing and never calls exit(). What it has to say
 *   goes to the log function given to impasto_device_open().
 * - A device and everything opened on it belong to one thread at a time. Different devices may be
 *   used from different threads, which may share weights and pictures: jobs only read them.
 * - Strings are UTF-8 and, unless stated otherwise, owned by the object they were
 * read from. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(_WIN32) && defined(IMPASTO_SHARED)
#define IMPASTO_API __declspec(dllimport)
#elif defined(__GNUC__)
#define IMPASTO_API __attribute__((visibility("default")))
#else
#define IMPASTO_API
#endif

#if defined(__GNUC__)
#define IMPASTO_MUST_CHECK __attribute__((warn_unused_result))
#else
#define IMPASTO_MUST_CHECK
#endif

/* Raised with every incompatible change of this header; the library's soname follows it. */
#define IMPASTO_API_VERSION 0

/* ---- Errors and log -------------------------------------------------------------------------- */

/* What kind of thing went wrong. The command-line program exits with the negated value, but after a
 * signal with 128 and its number, as a shell has it. */
enum impasto_status {
    IMPASTO_OK = 0,
    IMPASTO_ERROR_INTERNAL = -1, /* a fault of ours: please report it */
    IMPASTO_ERROR_USAGE = -2,    /* an argument or parameter out of its range */
    IMPASTO_ERROR_INPUT = -3,    /* a picture that cannot be read or used */
    IMPASTO_ERROR_DEVICE = -4,   /* no such device, several such devices, or it failed */
    IMPASTO_ERROR_MEMORY = -5,   /* the job does not fit the device or the host, or these have no
                                    process or thread to spare */
    IMPASTO_ERROR_WEIGHTS = -6,  /* weights that cannot be read or used, such as those with which a
                                    picture's features are not finite */
    IMPASTO_ERROR_OUTPUT = -7,   /* a file that cannot be written */
    IMPASTO_ERROR_NUMERIC = -8,  /* a loss or gradient became NaN or infinite */
    IMPASTO_ERROR_INTERRUPTED = -9, /* the progress callback asked to stop */
};

struct impasto_error {
    enum impasto_status status;
    char message[1024]; /* one line, no newline: the thing, what is wrong, what to do unless that
                           says it */
};

enum impasto_log_level {
    IMPASTO_LOG_WARNING, /* a fallback was taken or a result may be worse than asked for */
    IMPASTO_LOG_INFO,    /* which device, which weights, what size, how much memory */
    IMPASTO_LOG_DEBUG,   /* builds, caches, choices */
};

/* Receives one line without a newline. Called on the thread that called the library. */
typedef void (*impasto_log_fn)(void *user, enum impasto_log_level level, const char *line);

/* The library's version, e.g. "0.1.0". Static. */
IMPASTO_API const char *impasto_version(void);

/* A status in words, e.g. "weights". Static; never NULL. */
IMPASTO_API const char *impasto_status_text(enum impasto_status status);

/* ---- Devices --------------------------------------------------------------------------------- */

enum impasto_device_type {
    IMPASTO_DEVICE_NONE, /* a platform that offers no device */
    IMPASTO_DEVICE_GPU,  /* a GPU with memory of its own */
    IMPASTO_DEVICE_IGPU, /* a GPU that shares the host's memory */
    IMPASTO_DEVICE_CPU,
    IMPASTO_DEVICE_ACCELERATOR,
};

struct impasto_device_info {
    int index;          /* what `--device N` takes; -1 for a platform with no device */
    int platform_index; /* P of "P:D" */
    int device_index;   /* D of "P:D"; -1 for a platform with no device */
    enum impasto_device_type type;
    bool preferred; /* "auto" tries this one first */
    bool hidden;    /* "auto" never takes it (see note) */
    char name[128];
    char platform[128];
    char driver[96];         /* driver version */
    char opencl[16];         /* OpenCL version, e.g. "3.0" */
    char pci[16];            /* "0000:03:00.0", or empty when the driver does not say */
    char uuid[33];           /* 32 hexadecimal digits, or empty */
    uint64_t memory;         /* bytes of global memory */
    uint64_t max_allocation; /* bytes of the largest single buffer */
    uint64_t local_memory;   /* bytes */
    size_t max_work_group;   /* work-items */
    unsigned compute_units;
    char note[160]; /* quirks that apply, or why the device cannot be used */
};

typedef void (*impasto_device_fn)(void *user, const struct impasto_device_info *info);

/*
 * Calls `report` once for every OpenCL device, and once for every platform that has none, in the
 * order of their indices. Zero platforms is not an error: then `report` is never called. The info
 * is valid during the call only. A driver that fails a query yields an entry with a note. One that
 * ends the process ends the caller's: the program tries them in a child process first. And one is
 * known that has no device where it can keep no compiled kernels; see the environment's
 * POCL_CACHE_DIR.
 */
IMPASTO_API enum impasto_status impasto_device_list(impasto_device_fn report, void *user,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_device; /* an open OpenCL device: context, queue, compiled kernels */

/*
 * Opens one device.
 *
 * spec: NULL or "auto" (the fastest where impasto_device_tune has measured several; then discrete
 * GPU, integrated GPU, accelerator, CPU, and last what is known to be slow; passing over duplicates
 * and devices that fail a short self-check), an index, "P:D", "gpu", "igpu", "cpu", "accel",
 * "pci:…", "uuid:…", or text found, ignoring case, in "platform device", PCI address or UUID;
 * digits that are no index, such as "3060", are looked for in names, one or two of them as a whole
 * number. Only "auto" ever moves on to another device; for any other spec a device that does not
 * exist, does not work or is not the only match is IMPASTO_ERROR_DEVICE, whose message lists the
 * candidates. A type word takes the first device of its type and says which in the log.
 *
 * log, user: where lines go for as long as the device is open; log may be NULL.
 */
IMPASTO_API enum impasto_status impasto_device_open(const char *spec, impasto_log_fn log,
                                                    void *user, struct impasto_device **device,
                                                    struct impasto_error *error) IMPASTO_MUST_CHECK;
/*
 * Measures on one device, found as by impasto_device_open, which of the ways to compute are the
 * fastest, for a minute or more, and keeps that in $XDG_DATA_HOME/impasto/tuning (or in
 * ~/.local/share): devices opened later use it. Results may differ by rounding from those without
 * it. Errors: as impasto_device_open's; IMPASTO_ERROR_OUTPUT when it cannot be kept.
 */
IMPASTO_API enum impasto_status impasto_device_tune(const char *spec, impasto_log_fn log,
                                                    void *user, struct impasto_error *error);

IMPASTO_API void impasto_device_close(struct impasto_device **device);

/* What was opened. Valid until the device is closed. */
IMPASTO_API const struct impasto_device_info *
impasto_device_info(const struct impasto_device *device);

/* One line of a self-test: `name` such as "conv direct forward 64>128 @ 7x13", the error measured
 * against a double-precision reference, normalised to the reference's rms, and its bound. */
struct impasto_check {
    const char *name;
    double error;
    double bound;
    bool passed;
};

typedef void (*impasto_check_fn)(void *user, const struct impasto_check *check);

/*
 * Runs every kernel and the gradient of a whole small network on the device against reference code
 * in double precision; `report` (may be NULL) hears of each check. Returns IMPASTO_OK when all
 * passed, IMPASTO_ERROR_DEVICE when one failed.
 */
IMPASTO_API enum impasto_status
impasto_device_self_test(struct impasto_device *device, impasto_check_fn report, void *user,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Images ---------------------------------------------------------------------------------- */

/* Bytes from malloc, freed with what holds them; none: NULL and 0. */
struct impasto_block {
    unsigned char *data;
    size_t size;
};

/* What a picture says of itself beside its pixels. A job's result has that of its content. */
struct impasto_metadata {
    struct impasto_block exif; /* a TIFF structure without a prefix, whose orientation is 1 */
    struct impasto_block xmp;  /* an XMP packet: XML in UTF-8 */
    struct impasto_block iptc; /* IPTC-IIM datasets */
    double density[2];         /* pixels per inch, across and down; 0: not known */
};

/*
 * A picture in memory: sRGB-encoded RGB in [0, 1]. Made by impasto_image_create or
 * impasto_image_load, freed by impasto_image_free; the pixels may be changed freely, the
 * sizes not. */
struct impasto_image {
    int width, height; /* pixels */
    float *rgb;        /* height x width x 3, row by row from the top */
    float *alpha;      /* height x width, not premultiplied; NULL: opaque everywhere */
    struct impasto_metadata metadata;
    char *settings; /* how it was made, in its maker's words, or NULL; from malloc, freed with
                       the picture. Saved in PNG files and loaded from them, kept nowhere
                       else: neither JPEG files nor a job's result have any */
    char *name;     /* the file that it was loaded from, or NULL, likewise: for errors about it,
                       and saved nowhere */
};

/* The most bytes of a picture's settings. impasto_image_save refuses more, and what is not UTF-8;
 * loading passes over them. */
#define IMPASTO_SETTINGS_MOST 1048576

/* A black, opaque picture. width, height: 1 to 65,500. */
IMPASTO_API enum impasto_status
impasto_image_create(int width, int height, struct impasto_image **image,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads a PNG (1 to 16 bits, grey, palette, colour, alpha, interlaced), JPEG (grey, colour, CMYK),
 * TIFF (1 to 16 bits, grey, palette, colour, CMYK, alpha; the first page), WebP (of moving ones the
 * first frame), HEIC or AVIF file, told apart by content; impasto_image_format() tells those of
 * this build. The orientation is applied, and the EXIF block is kept with its orientation reset.
 *
 * Colours are converted to sRGB. What says them is a PNG's cICP chunk, else an ICC profile, else
 * the numbers of HEIC and AVIF or a PNG's gamma and primaries, else EXIF in a JPEG or PNG, by which
 * they may be Adobe RGB. A profile that cannot be used is ignored. CMYK in JPEG files is inverted,
 * with Adobe's marker or without.
 *
 * IMPASTO_ERROR_INPUT: a JPEG without all of its samples or a PNG without all of its pixels, while
 * an end that is missing, stray bytes between parts or a zlib window stated too small are accepted;
 * an HDR picture (PQ, HLG) by such numbers; a file of another kind, which the message names.
 *
 * max_pixels: refuse larger pictures, judged from the header before anything is allocated; 0 means
 * the default of 100,000,000.
 */
IMPASTO_API enum impasto_status impasto_image_load(const char *path, uint64_t max_pixels,
                                                   struct impasto_image **image,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Whether a file begins as pictures do of a format that this library knows, whatever its name and
 * also where this build cannot read it. false also for what cannot be opened or is no
 * regular file. */
IMPASTO_API bool impasto_image_is_picture(const char *path);

/* The same for a file's bytes. name: what errors call them. */
IMPASTO_API enum impasto_status
impasto_image_decode(const void *bytes, size_t size, const char *name, uint64_t max_pixels,
                     struct impasto_image **image, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Reads what impasto_image_load would have for `settings`, without room for the pixels. Those that
 * stand before the pixels, as in what this library writes, are found whatever their number; those
 * behind them, which takes longer, in pictures of at most 100,000,000. *settings: to be freed by
 * free(); NULL where none were found.
 */
IMPASTO_API enum impasto_status
impasto_image_load_settings(const char *path, char **settings,
                            struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * The same for files from strangers: they are decoded in a child process with limits on its memory
 * and time. On Linux (x86-64, AArch64, i386, armhf, riscv64, ppc64el and s390x) it can also open
 * nothing, start nothing and talk to nobody, if the kernel knows seccomp filters. Where there is no
 * filter, the log of a device that is opened says so, as IMPASTO_LOG_DEBUG. A decoder that crashes
 * or goes beyond its limits is IMPASTO_ERROR_INPUT; where no process can be had,
 * IMPASTO_ERROR_MEMORY. It costs a fork(), and more for the pixels' way here than for reading them
 * from memory; while they come, they are there twice. The child is waited for with waitpid();
 * programs that wait for any child meet it, too.
 */
IMPASTO_API enum impasto_status
impasto_image_load_apart(const char *path, uint64_t max_pixels, struct impasto_image **image,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API enum impasto_status
impasto_image_decode_apart(const void *bytes, size_t size, const char *name, uint64_t max_pixels,
                           struct impasto_image **image,
                           struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API enum impasto_status
impasto_image_load_settings_apart(const char *path, char **settings,
                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Whether a file is a picture that this library saved: by what it says of its writer, in a text
 * chunk, a comment or its EXIF block. It is cheap and safe with files of strangers: nothing is
 * decoded. What is no picture is none of ours; IMPASTO_ERROR_INPUT where there is no file that can
 * be read.
 */
IMPASTO_API enum impasto_status
impasto_image_is_result(const char *path, bool *result,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;

/* How a picture is stored. */
enum impasto_format {
    IMPASTO_FORMAT_AUTO, /* as the name's ending says */
    IMPASTO_FORMAT_PNG,
    IMPASTO_FORMAT_JPEG, /* 8 bits, 4:4:4; transparency is laid over white */
    IMPASTO_FORMAT_TIFF, /* 8 or 16 bits, Deflate with a predictor */
    IMPASTO_FORMAT_WEBP, /* 8 bits; sides of at most 16,383; a quality of 100 is without loss */
    IMPASTO_FORMAT_HEIC, /* is read only */
    IMPASTO_FORMAT_AVIF, /* is read only */
};

/*
 * What of a picture's metadata is stored with it. Blocks are written anew: what they say of size,
 * orientation, colour space and software is true of the picture as it is saved. Thumbnails,
 * previews and maker notes, which may hold one, are never stored, nor are tags that no standard
 * knows: a result must not carry the photograph that it was made of.
 */
enum impasto_privacy {
    IMPASTO_PRIVACY_PRIVATE, /* EXIF: camera, lens, exposure, date, artist, copyright; of XMP and
                                IPTC credit and copyright, and IPTC's date; density */
    IMPASTO_PRIVACY_KEEP,    /* also position, owner, serial numbers, descriptions and comments */
    IMPASTO_PRIVACY_NONE,    /* nothing */
};

/* How to save a picture. All 0 are the defaults. */
struct impasto_save_options {
    enum impasto_format format;
    enum impasto_privacy privacy;
    int bits;    /* 8 or 16 per channel (16: PNG and TIFF only); 0: 8 */
    int quality; /* of JPEG and WebP, 1 to 100; 0: 95 */
};

/* What this build can do with a format; static. */
struct impasto_format_info {
    enum impasto_format format;
    const char *name;              /* "PNG" */
    const char *const *extensions; /* of names, ".png", the usual one first; ends with NULL */
    const char *library;           /* without which a build cannot; NULL: all can */
    bool reads, writes;
    int bits, largest_side; /* that can be written at most, per channel and in pixels */
};
/* The formats that this library knows, from index 0 on; NULL: that was the last one. */
IMPASTO_API const struct impasto_format_info *impasto_image_format(size_t index);

/*
 * Writes the format that the options or the path's ending ask for. The file appears whole or not at
 * all: it is written beside the target and renamed. A path that exists and is not a regular file is
 * refused. PNG files have the settings in a text chunk (iTXt) with the keyword "Impasto"; all have
 * this library's name and version, by which impasto_image_is_result knows them. Equal pictures give
 * equal bytes.
 *
 * options: NULL for the defaults.
 */
IMPASTO_API enum impasto_status impasto_image_save(const struct impasto_image *image,
                                                   const char *path,
                                                   const struct impasto_save_options *options,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Whether a picture of this size (0: not known yet) can be saved under this name with these
 * options, to ask before hours of work: IMPASTO_ERROR_USAGE. Only the name's ending is looked at;
 * see impasto_file_check.
 */
IMPASTO_API enum impasto_status
impasto_image_save_check(const char *name, int width, int height,
                         const struct impasto_save_options *options,
                         struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * The bytes that impasto_image_save would write to a file of this name, in memory: only the name's
 * ending is looked at, and no file is touched. *bytes: to be freed by free().
 */
IMPASTO_API enum impasto_status
impasto_image_encode(const struct impasto_image *image, const char *name,
                     const struct impasto_save_options *options, unsigned char **bytes,
                     size_t *size, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * A new picture of width x height (1 to 65,500) by Lanczos-3, in linear light when shrinking, with
 * the transparency and the EXIF block; the aspect is the caller's. An unchanged size gives
 * a copy. */
IMPASTO_API enum impasto_status
impasto_image_resize(const struct impasto_image *image, int width, int height,
                     struct impasto_image **resized,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

IMPASTO_API void impasto_image_free(struct impasto_image **image);

/*
 * A mask from a picture whose areas are painted in colours: as large as the picture, white where it
 * has `colour` (0xRRGGBB), black where it has another of its colours, and in between where edges
 * are smooth, so that the masks of all colours add up to white. The picture's colours are `colour`
 * and those of a hundredth of its pixels that are not what an edge between two others looks like.
 * IMPASTO_ERROR_INPUT where no pixel is near `colour`.
 */
IMPASTO_API enum impasto_status impasto_image_key(const struct impasto_image *image,
                                                  uint32_t colour, struct impasto_image **mask,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Files ----------------------------------------------------------------------------------- */

/*
 * Whether a file could be written at `path`, to ask before hours of work: IMPASTO_ERROR_OUTPUT
 * unless it is new or a regular file, in a folder that can be written to; IMPASTO_ERROR_MEMORY.
 * Nothing is touched.
 */
IMPASTO_API enum impasto_status impasto_file_check(const char *path,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Writes `size` bytes (NULL where 0) to a file as all of this library's are: whole or not at all.
 * It is written beside `path`, synced, and renamed; a link stays one, and what it leads to is
 * replaced, with the permissions that it had. IMPASTO_ERROR_OUTPUT where that fails,
 * IMPASTO_ERROR_MEMORY; the old file is untouched then.
 */
IMPASTO_API enum impasto_status impasto_file_write(const char *path, const void *bytes, size_t size,
                                                   struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * What to do where a file could not be opened, read or written, errno being `problem`, to follow
 * what strerror() says, as in this library's errors: "see whether the name is
 * right". Static. */
IMPASTO_API const char *impasto_file_advice(int problem);

/* ---- Weights --------------------------------------------------------------------------------- */

#define IMPASTO_LAYERS 16 /* the convolutions of VGG19: conv1_1 is 0, conv5_4 is 15 */

/* "conv1_1" … "conv5_4" for 0 … 15, NULL outside. Static. */
IMPASTO_API const char *impasto_layer_name(int layer);

/*
 * Reads "conv4_2:0.5,5_2" and the like into `weights[layer]`. conv4_2, relu4_2, block4_conv2 and
 * 4_2 name the same activation, the one after the ReLU. A layer without ":weight" gets 1; a layer
 * not named gets 0, which means unused. Weights must be finite and above 0.
 */
IMPASTO_API enum impasto_status
impasto_layers_parse(const char *text, float weights[IMPASTO_LAYERS],
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Which input the network expects; it goes with the weights. */
enum impasto_convention {
    IMPASTO_CONVENTION_AUTO,        /* from the file's metadata or tensor names */
    IMPASTO_CONVENTION_CAFFE,       /* BGR, 0..255, minus (103.939, 116.779, 123.68) */
    IMPASTO_CONVENTION_TORCHVISION, /* RGB, 0..1, minus (.485, .456, .406), over (.229,
                                       .224, .225) */
};

struct impasto_weights; /* the convolutions of a VGG19, conv1_1 up to some layer */

struct impasto_weights_info {
    const char *source; /* the file's path, or "built-in" */
    bool builtin;       /* generated, not trained: see weights/README.md */
    int layers;         /* how many convolutions there are, from conv1_1 on: 1 to 16 */
    enum impasto_convention convention; /* CAFFE or TORCHVISION */
};

/*
 * Opens weights: the file at `path` (safetensors, or Keras HDF5 where that was compiled in and its
 * module lies where the library lies); or, when path is NULL, the first found of $IMPASTO_WEIGHTS,
 * vgg19.safetensors in our data folders
 * ($XDG_DATA_HOME/impasto, ~/.local/share/impasto, each of $XDG_DATA_DIRS/impasto), the Keras cache
 * (~/.keras/models), and the built-in weights; or, when path is "builtin", those.
 */
IMPASTO_API enum impasto_status
impasto_weights_open(const char *path, enum impasto_convention convention,
                     struct impasto_weights **weights,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_weights_close(struct impasto_weights **weights);

/* Valid until the weights are closed. */
IMPASTO_API const struct impasto_weights_info *
impasto_weights_info(const struct impasto_weights *weights);

/* Writes all layers as safetensors: conv1_1.weight (O, I, 3, 3) and conv1_1.bias (O) in F32, and so
 * on, with the input convention in the metadata. Whole or not at all, as impasto_image_save. */
IMPASTO_API enum impasto_status
impasto_weights_save(const struct impasto_weights *weights, const char *path,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Parameters ------------------------------------------------------------------------------ */

enum impasto_losses { IMPASTO_LOSSES_RELATIVE, IMPASTO_LOSSES_GATYS };
enum impasto_style_loss { IMPASTO_STYLE_LOSS_GRAM, IMPASTO_STYLE_LOSS_COVARIANCE };
enum impasto_pooling { IMPASTO_POOLING_MAX, IMPASTO_POOLING_AVERAGE };
enum impasto_padding { IMPASTO_PADDING_ZERO, IMPASTO_PADDING_REPLICATE };
enum impasto_init {
    IMPASTO_INIT_CONTENT,
    IMPASTO_INIT_NOISE,
    IMPASTO_INIT_GRAY,
    IMPASTO_INIT_IMAGE
};
enum impasto_colour {
    IMPASTO_COLOUR_STYLE, /* the style's colours */
    IMPASTO_COLOUR_LUMA,  /* the photograph's: only lightness is painted */
    IMPASTO_COLOUR_MATCH, /* the style picture's colours are first given the photograph's mean and
                             covariance */
};
enum impasto_optimizer { IMPASTO_OPTIMIZER_ADAM, IMPASTO_OPTIMIZER_LBFGS };

#define IMPASTO_SCALES 16 /* at most so many sizes in one run */

#define IMPASTO_SIZE_SOURCE (-1) /* keep the picture's own size */
#define IMPASTO_SIZE_AUTO 0      /* style_size only: derive it from the content's size */

/*
 * Everything that decides a run besides the device, the weights and the pictures. Take it from
 * impasto_params_preset() and change what you like.
 *
 * The objective (Gatys, Ecker and Bethge 2016; G_l = F_l F_l^T / (C_l M_l), C channels, M pixels):
 *   total = content_weight * sum_l content_layers[l] * mean((F_l - P_l)^2) / c_l
 *         + style_weight   * sum_l style_layers[l]   * mean((G_l - A_l)^2) / s_l
 *         + tv_weight      * (mean(dx^2) + mean(dy^2))
 * with F, P, A the features of the image, the content's and the style's Gram matrix; c_l = s_l = 1
 * with IMPASTO_LOSSES_GATYS, and c_l = mean(P_l^2), s_l = mean(A_l^2) with IMPASTO_LOSSES_RELATIVE.
 * With IMPASTO_STYLE_LOSS_COVARIANCE, G_l and A_l are covariances over C_l, and mean((m_l - n_l)^2)
 * of the channels' means, over mean(n_l^2) where relative, is added. With several style pictures
 * A_l is the mean of theirs by weight; with regions the style term is the mean over regions by
 * weight, of G_l = F_l diag(w) F_l^T / (C_l sum w), w the region's mask at the
 * layer's size. */
struct impasto_params {
    int size;          /* longer side of the result, 16 to 16384, or IMPASTO_SIZE_SOURCE; 512 */
    int style_size;    /* longer side of the style picture, 16 to 16384, _SOURCE, or _AUTO: the
                          result's longer side times style_scale, never enlarged; _AUTO */
    float style_scale; /* 0.05 to 20; 1 */
    int scales;        /* sizes to work through, each larger than the last by sqrt(2), up to the
                          result's: 1 to IMPASTO_SCALES, or 0: from 128 pixels on; 0 */
    int scale_sizes[IMPASTO_SCALES]; /* instead: longer sides, ascending; the result's is added. 0
                           ends the list; empty */
    int iterations;                  /* at each scale; 0 to 1,000,000 */
    int first_iterations;            /* at the first of several; 0 to 1,000,000, or -1: as many */
    float average; /* the picture is the mean of those that the steps led to, each counting this
                      times the next, begun anew at each scale: 0 (the last alone) to below 1 */
    /* ADAM (Kingma and Ba 2015, algorithm 1), then clamp to [0, 1]. LBFGS (Nocedal 1980), projected
     * to [0, 1], with a line search for the strong Wolfe conditions, whose every trial is an
     * iteration, so that iterations take equal time; its result is the best image of all. */
    enum impasto_optimizer optimizer;
    int history; /* LBFGS: how many steps it remembers, 1 to 100; 5. Each takes the memory of
                    two images of floats */
    float learning_rate; /* above 0, up to 10; 0.02. LBFGS: how much the first step changes the
                            image, on average over its elements */
    float beta1, beta2;  /* ADAM: 0 to below 1; 0.9 and 0.99 */
    float epsilon;       /* ADAM: above 0; 1e-8 */
    float strength; /* 0: the photograph at the result's size, without a step; above, style_weight
                       counts times s, content_weight over s, with s = 10^(2 strength - 1); 0.5 */
    float content_weight, style_weight, tv_weight; /* 0 or more, finite */
    float content_layers[IMPASTO_LAYERS];          /* weight of each layer; 0: unused */
    float style_layers[IMPASTO_LAYERS];
    enum impasto_losses losses;
    enum impasto_style_loss style_loss;
    enum impasto_pooling pooling; /* 2x2, stride 2, odd edges dropped */
    enum impasto_padding
        padding; /* REPLICATE repeats the image's edge at conv1_1; zero elsewhere */
    int margin;  /* pixels of mirrored picture around the canvas, optimised and cut off at the
                    end, that keep border effects out of the result: 0 to 128 */
    enum impasto_colour colour;
    enum impasto_init init;
    uint64_t seed;    /* INIT_NOISE; equal seeds give equal noise; 0 */
    const char *conv; /* convolution algorithm by name; NULL: "auto" */
    const char *gemm; /* "clblast", "builtin"; NULL: "auto" */
    uint64_t memory;  /* bytes of device memory that the job may take, never more than the device
                         can spare; the less, the more is computed twice. 0: what it can spare, but
                         a little time is given for a lot of memory. The result is the same but for
                         rounding */
    bool again;       /* the job will be used for more pictures: see impasto_job_again */
    bool profile;     /* time each kernel; slows the run */
};

/*
 * Fills `params` with a preset ("default", "quick", "fine", "classic"; NULL: "default") as it suits
 * the weights: their recommended layers, strengths, pooling and padding. IMPASTO_ERROR_USAGE for an
 * unknown name, with the list.
 */
IMPASTO_API enum impasto_status
impasto_params_preset(const struct impasto_weights *weights, const char *preset,
                      struct impasto_params *params,
                      struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Changes to another optimiser as the presets would have it: Adam takes 5/3 of the iterations of
 * L-BFGS to the same losses, and an average of 0.99 where L-BFGS has 0. Nothing changes where
 * params has it already.
 */
IMPASTO_API void impasto_params_optimizer(struct impasto_params *params,
                                          enum impasto_optimizer optimizer);

/* ---- Jobs ------------------------------------------------------------------------------------ */

/*
 * Masks are pictures of any size and of the aspect of the picture they belong to (within 2 %). They
 * count by their lightness (the mean of their sRGB values) times their alpha: white is all, black
 * is nothing.
 */

/* A style picture. Transparent parts of it do not count. */
struct impasto_style {
    const struct impasto_image *image;
    float weight;                     /* beside the other pictures of the region; above 0 */
    const struct impasto_image *mask; /* what of the picture counts; NULL: all of it */
    int region;                       /* index of the region that it is for */
};

/* A part of the result with styles of its own. Where regions overlap, both count. */
struct impasto_region {
    const struct impasto_image *mask; /* where in the content picture; NULL: everywhere */
    float weight;                     /* beside the other regions, however large; above 0 */
};

/* What a job works on. */
struct impasto_pictures {
    const struct impasto_image *content; /* its transparent parts stay so and get no style */
    const struct impasto_style *styles;
    size_t style_count;                   /* 1 or more */
    const struct impasto_region *regions; /* every region has a style */
    size_t region_count;                  /* 0: one region, everywhere */
    const struct impasto_image
        *keep; /* parts of the content picture that stay as they are; or NULL */
    const struct impasto_image *init; /* for IMPASTO_INIT_IMAGE, resized to the result, of the
                                         content's aspect as masks are; else NULL */
};

struct impasto_job; /* one optimisation: pictures, parameters, a state */

/* The state of the image after `iteration` steps. Losses are unweighted, `total` is weighted. */
struct impasto_progress {
    int iteration;     /* 0: the start image */
    int iterations;    /* of all scales */
    int scale, scales; /* which one of how many; from 0 on */
    int width, height; /* of the picture at this scale, pixels */
    bool done;         /* iteration == iterations */
    double total;
    double content[IMPASTO_LAYERS]; /* 0 where the layer is unused */
    double style[IMPASTO_LAYERS];
    double tv;
    double seconds; /* since the first step began; of a resumed job, with those before */
};

/* Return non-zero to stop: impasto_job_run then returns IMPASTO_ERROR_INTERRUPTED. */
typedef int (*impasto_progress_fn)(void *user, const struct impasto_progress *progress);

/* How a block of convolutions, between two poolings, comes by its activations for the gradient. */
enum impasto_keep {
    IMPASTO_KEEP_ALL,             /* they are kept */
    IMPASTO_KEEP_MASKS,           /* kept where a loss looks at them; of the others, where they
                                     are positive */
    IMPASTO_KEEP_INPUT_AND_MASKS, /* computed again as far as a loss looks at them; of those beyond,
                                     it is kept where they are positive */
    IMPASTO_KEEP_INPUT,           /* they are computed again */
};
struct impasto_plan_stage {
    int first, last; /* layers */
    enum impasto_keep keep;
    int rows;   /* how many rows are worked on at a time */
    int height; /* of how many */
};

/* The algorithms of one layer's convolution, as --conv names them. */
struct impasto_plan_layer {
    int layer;
    const char *forward, *backward; /* static */
};

/* A size that the job works at. */
struct impasto_plan_scale {
    int width, height, iterations;
};

struct impasto_plan_row {
    const char *purpose; /* e.g. "activations" */
    uint64_t bytes;
};

/* One line of a profile: time spent in one kernel on behalf of one layer. */
struct impasto_profile_row {
    const char *label; /* of layer, direction and kernel: "conv3_2 forward conv_direct" */
    uint64_t launches;
    double seconds;
    double flops; /* of the kernel's own products: Winograd's are fewer than direct
                     convolution's for the same layer; 0 where nothing is counted */
};

/* The plan is that of the last scale, the largest. */
struct impasto_job_info {
    int width, height;                       /* of the result, pixels */
    int scale_width, scale_height;           /* of the picture at the scale at hand */
    int style_width, style_height;           /* of the first style picture as used in the end */
    const struct impasto_plan_scale *scales; /* in their order */
    size_t scale_count;
    int iterations;                      /* of all scales */
    const struct impasto_plan_row *plan; /* device memory by purpose */
    size_t plan_rows;
    uint64_t plan_bytes; /* their sum */
    double plan_cost;    /* estimated time over that of a job that keeps everything */
    const struct impasto_plan_stage *stages; /* how each block of the network comes by memory */
    size_t stage_count;
    const struct impasto_plan_layer *layers; /* how each layer is computed */
    size_t layer_count;
    const struct impasto_profile_row *profile; /* with params.profile; empty otherwise */
    size_t profile_rows;
};

/*
 * Plans the memory, refuses what does not fit (IMPASTO_ERROR_MEMORY, naming the size that would),
 * compiles the kernels, and computes the targets. The device must outlive the job; the weights and
 * the pictures may be freed as soon as this returns. Pictures need at least 16 pixels on each side
 * after resizing (Lanczos, aspect kept). Features of theirs that are not finite, twice, are
 * IMPASTO_ERROR_WEIGHTS, also when a larger scale is entered: the weights are to blame, or the
 * device.
 *
 * Where the driver refuses memory that the plan counted on, here or when a larger scale is entered,
 * the scale is planned again with less, for as long as that helps; the log has a warning each time,
 * and the device's budget stays lower until it is closed. After IMPASTO_ERROR_DEVICE from a device
 * that worked, its context is lost: close the job and the device, and open them again, or resume
 * from a checkpoint.
 */
IMPASTO_API enum impasto_status
impasto_job_open(struct impasto_device *device, const struct impasto_weights *weights,
                 const struct impasto_pictures *pictures, const struct impasto_params *params,
                 struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_job_close(struct impasto_job **job);

/*
 * As impasto_job_open, but only plans: the job can tell its info and be closed, nothing else
 * (IMPASTO_ERROR_USAGE).
 */
IMPASTO_API enum impasto_status
impasto_job_plan(struct impasto_device *device, const struct impasto_weights *weights,
                 const struct impasto_pictures *pictures, const struct impasto_params *params,
                 struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;

/*
 * Begins anew with another content picture, and masks of it, in the same styles: `styles` must be
 * what they were. The weights stay on the device, and where params.again was set, what is known of
 * the style pictures at a size stays known, with IMPASTO_COLOUR_STYLE. Errors: as
 * impasto_job_open's; the job can then be given other pictures, or closed.
 */
IMPASTO_API enum impasto_status impasto_job_again(struct impasto_job *job,
                                                  const struct impasto_pictures *pictures,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Valid until the next call on the job. */
IMPASTO_API const struct impasto_job_info *impasto_job_info(struct impasto_job *job);

/*
 * Measures the image as it is and reports it as iteration k, then, unless k is the last, takes the
 * step to k + 1. So progress->done comes with call iterations + 1, and the image then is the one
 * reported.
 *
 * Where the loss, the gradient, or what the optimiser remembers is not finite, that is a warning in
 * the log, and the same is measured again: faults of a device pass. If they do not, the step that
 * led there is taken back, to the bit, and half of it is taken, then a quarter, then an eighth;
 * with Adam only where the memory that is allowed has room for three more images. If none of this
 * helps, it is IMPASTO_ERROR_NUMERIC: the image, which can be read and saved, is that of the last
 * step that is known to be good, or could not be taken back.
 *
 * The first step at a size opens it, for which IMPASTO_ERROR_MEMORY and the other errors of
 * impasto_job_open may come. Then the job has the last size's picture, and a step tries it again.
 * Where the device or memory fails while the image moves, it is that of no one step: all that the
 * job can do then is to be closed, or begin again (IMPASTO_ERROR_USAGE).
 *
 * With IMPASTO_OPTIMIZER_LBFGS what is measured may be a trial that turns out too far, and even not
 * finite, twice: it is reported, and a shorter step is tried. progress->done comes with the best
 * image, which where that is not the last trial is measured again.
 */
IMPASTO_API enum impasto_status impasto_job_step(struct impasto_job *job,
                                                 struct impasto_progress *progress,
                                                 struct impasto_error *error) IMPASTO_MUST_CHECK;

/* Steps until done, calling `progress` (may be NULL) after each step. */
IMPASTO_API enum impasto_status impasto_job_run(struct impasto_job *job,
                                                impasto_progress_fn progress, void *user,
                                                struct impasto_error *error) IMPASTO_MUST_CHECK;

/* The picture so far, at the result's size whatever the scale, with the content's transparency and
 * EXIF block; the caller frees it. Also after a stopped run and one that failed, as far as
 * impasto_job_step says, and between two sizes: then that of the last one. With
 * IMPASTO_OPTIMIZER_LBFGS: the best that the line search has settled on, never a trial. */
IMPASTO_API enum impasto_status impasto_job_image(struct impasto_job *job,
                                                  struct impasto_image **image,
                                                  struct impasto_error *error) IMPASTO_MUST_CHECK;

/* The gradient of `total` with respect to the image as it is: 3 x info.scale_height x
 * info.scale_width floats, RGB planes. (With params.margin above 0, of the canvas, cut to the
 * picture.) Between steps of IMPASTO_OPTIMIZER_LBFGS that is where it will measure next. Where
 * `keep` holds the content, it is what is left of it: multiplied by 1 - keep. IMPASTO_ERROR_USAGE
 * also after a step that failed between two sizes. */
IMPASTO_API enum impasto_status
impasto_job_gradient(struct impasto_job *job, float *gradient,
                     struct impasto_error *error) IMPASTO_MUST_CHECK;

/* ---- Checkpoints ----------------------------------------------------------------------------- */

/*
 * A job in a file, from which another, in another process, goes on. On the same device, with the
 * same driver, version and memory plan, it ends in the same bytes as one that was never stopped;
 * where one of these is not the same, the log has a warning. The pictures and the weights are not
 * in it, only their checksums: who resumes gives them again. What is in it is the image, its
 * average, what the optimiser remembers, the parameters and the place in the schedule, as a
 * safetensors file with a checksum over all of it. It takes 12 bytes per pixel of the scale at hand
 * for the image, as many for params.average, twice as many for ADAM, and for LBFGS 3 times, and
 * twice for each step that it remembers.
 */

/*
 * Saves the job as it is between two steps: also from the progress callback of impasto_job_run,
 * once that has stopped the run, after IMPASTO_ERROR_NUMERIC, and after the end. The file appears
 * whole or not at all, and what was there before stays until then. Nothing of the job changes.
 * Where a step failed between two sizes, there is nothing to save: IMPASTO_ERROR_USAGE.
 *
 * note: what the caller wants to find again with it, UTF-8, at most IMPASTO_SETTINGS_MOST bytes;
 * NULL: nothing. IMPASTO_ERROR_OUTPUT where it cannot be written; the job can go on.
 */
IMPASTO_API enum impasto_status impasto_job_save(struct impasto_job *job, const char *path,
                                                 const char *note,
                                                 struct impasto_error *error) IMPASTO_MUST_CHECK;

struct impasto_checkpoint; /* an open file */

/* Texts are the checkpoint's. */
struct impasto_checkpoint_info {
    const char *version;                    /* of the library that wrote it */
    const char *device, *platform, *driver; /* what it was computed on */
    const char *note;                       /* the caller's; NULL: none */
    struct impasto_params params;           /* of the job */
    int iteration, iterations;              /* steps taken, and of all scales */
    int width, height;                      /* of the result, pixels */
    double seconds;                         /* that the steps took */
};

/*
 * Opens a checkpoint and checks all of it. The file stays open, so that it can be renamed over
 * meanwhile. IMPASTO_ERROR_INPUT where it is damaged, something else, or of a
 * newer format. */
IMPASTO_API enum impasto_status
impasto_checkpoint_open(const char *path, struct impasto_checkpoint **checkpoint,
                        struct impasto_error *error) IMPASTO_MUST_CHECK;
IMPASTO_API void impasto_checkpoint_close(struct impasto_checkpoint **checkpoint);

/* Valid until the checkpoint is closed. */
IMPASTO_API const struct impasto_checkpoint_info *
impasto_checkpoint_info(const struct impasto_checkpoint *checkpoint);

/*
 * As impasto_job_open, but the job is where the saved one was: its progress goes on counting
 * iterations and seconds. The checkpoint may be closed afterwards.
 *
 * pictures: those of the saved job. Another one is IMPASTO_ERROR_INPUT; other weights are
 * IMPASTO_ERROR_WEIGHTS.
 * params: NULL for the checkpoint's; or the same with another conv, gemm, memory, again or profile,
 * or with other iterations or first_iterations, as far as a run of these from the start would have
 * come by the same place. All else is IMPASTO_ERROR_USAGE. So a finished job of ADAM can be given
 * more iterations; one of LBFGS where it was saved before its last report, progress->done, for
 * which it settles on its best image.
 */
IMPASTO_API enum impasto_status
impasto_job_resume(struct impasto_device *device, const struct impasto_weights *weights,
                   const struct impasto_pictures *pictures,
                   const struct impasto_checkpoint *checkpoint, const struct impasto_params *params,
                   struct impasto_job **job, struct impasto_error *error) IMPASTO_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
