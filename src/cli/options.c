/* SPDX-License-Identifier: MIT */
/* The option table and what is driven by it: parsing, overriding a preset, visiting the recorded
 * settings. What is made from it for people and shells is in help.c and in docs/. */

#include "cli/cli.h"
#include "cli/table.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct cli_choice losses[] = {
    {"relative", IMPASTO_LOSSES_RELATIVE}, {"gatys", IMPASTO_LOSSES_GATYS}, {0}};
static const struct cli_choice style_losses[] = {{"gram", IMPASTO_STYLE_LOSS_GRAM},
                                                 {"covariance", IMPASTO_STYLE_LOSS_COVARIANCE},
                                                 {0}};
static const struct cli_choice colours[] = {{"style", IMPASTO_COLOUR_STYLE},
                                            {"luma", IMPASTO_COLOUR_LUMA},
                                            {"match", IMPASTO_COLOUR_MATCH},
                                            {0}};
static const struct cli_choice same[] = {{"same", -1}, {0}};
static const struct cli_choice poolings[] = {
    {"max", IMPASTO_POOLING_MAX}, {"avg", IMPASTO_POOLING_AVERAGE}, {0}};
static const struct cli_choice paddings[] = {
    {"zero", IMPASTO_PADDING_ZERO}, {"replicate", IMPASTO_PADDING_REPLICATE}, {0}};
static const struct cli_choice optimizers[] = {
    {"adam", IMPASTO_OPTIMIZER_ADAM}, {"lbfgs", IMPASTO_OPTIMIZER_LBFGS}, {0}};
static const struct cli_choice conventions[] = {{"auto", IMPASTO_CONVENTION_AUTO},
                                                {"caffe", IMPASTO_CONVENTION_CAFFE},
                                                {"torchvision", IMPASTO_CONVENTION_TORCHVISION},
                                                {0}};
static const struct cli_choice bits[] = {{"8", 8}, {"16", 16}, {0}};
static const struct cli_choice size_words[] = {{"source", IMPASTO_SIZE_SOURCE}, {0}};
static const struct cli_choice style_size_words[] = {
    {"source", IMPASTO_SIZE_SOURCE}, {"auto", IMPASTO_SIZE_AUTO}, {0}};

#define SETTING(field) .place = CLI_IN_SETTINGS, .offset = offsetof(struct cli_settings, field)
#define PARAM(field) .place = CLI_IN_PARAMS, .offset = offsetof(struct impasto_params, field)

/* Groups appear in --help in this order. The limits are those of impasto.h. */
const struct cli_option cli_options[] = {
    {"output", 'o', "Pictures", "FILE", CLI_TEXT, SETTING(output),
     .help = "the result, .png or .jpg (<content>-<style>.png beside the content picture)"},
    {"size", 0, "Pictures", "N|source", CLI_INT, PARAM(size), .low = 16, .high = 16384,
     .choices = size_words, .recorded = true,
     .help = "longer side of the result in pixels; source: the content picture's own size (512)"},
    {"style-size", 0, "Pictures", "N|source|auto", CLI_INT, PARAM(style_size), .low = 16,
     .high = 16384, .choices = style_size_words, .recorded = true,
     .help = "longer side of the style picture as used (auto: the result's longer side times "
             "--style-scale, never enlarged)"},
    {"style-scale", 0, "Pictures", "F", CLI_FLOAT, PARAM(style_scale), .low = 0.05, .high = 20,
     .recorded = true, .help = "larger or smaller strokes, with --style-size auto (1)"},
    {"content-mask", 0, "Pictures", "FILE[#RRGGBB][:w]", CLI_LIST, SETTING(content_masks),
     .recorded = true,
     .help = "paint only where FILE is white, or has the colour; once for each style picture (or "
             "for each of one style picture's masks), with the region's weight"},
    {"style-mask", 0, "Pictures", "FILE[#RRGGBB]|none", CLI_LIST, SETTING(style_masks),
     .recorded = true,
     .help = "what of a style picture counts; once for each --content-mask, or else style picture"},
    {"keep", 0, "Pictures", "FILE[#RRGGBB]", CLI_TEXT, SETTING(keep), .recorded = true,
     .help = "leave the content as it is where FILE is white, or has the colour"},
    {"interpolate", 0, "Pictures", "N", CLI_INT, SETTING(interpolate), .low = 2, .high = 10000,
     .recorded = true,
     .help = "write N pictures, from each style picture to the next: OUT-0001.png and so on"},
    {"batch", 0, "Pictures", "FILE|DIR", CLI_LIST, SETTING(batch),
     .help = "paint many contents: pictures, folders of them, or text files that list them (\"-\": "
             "standard input); may be repeated. The pictures named besides are styles, and -o is a "
             "pattern with {content}, {style}, {folder}, {number}. --device may list several"},
    {"overwrite", 0, "Pictures", NULL, CLI_FLAG, SETTING(overwrite),
     .help = "with --batch: also paint what is there already"},
    {"bits", 0, "Pictures", "8|16", CLI_CHOICE, SETTING(bits), .choices = bits, .recorded = true,
     .help = "bits per channel of a PNG result (8)"},
    {"init", 0, "Pictures", "content|noise|gray|FILE", CLI_TEXT, SETTING(init), .recorded = true,
     .help = "the picture to start from (content)"},
    {"seed", 0, "Pictures", "N", CLI_UINT64, PARAM(seed), .low = 0, .high = 9007199254740992.0,
     .recorded = true, .help = "which noise, with --init noise (0)"},
    {"max-pixels", 0, "Pictures", "N", CLI_UINT64, SETTING(max_pixels), .low = 1,
     .high = 4290250000.0, .help = "refuse larger pictures (100000000)"},

    {"preset", 0, "Look", "default|quick|fine|classic", CLI_TEXT, SETTING(preset), .recorded = true,
     .stays = true,
     .help = "a set of parameters that suits the weights; options override it. quick: 384 pixels, half "
             "the steps; fine: 768 pixels, twice the steps; classic: the TensorFlow tutorial's "
             "recipe (default)"},
    {"settings", 0, "Look", "FILE", CLI_SETTINGS, SETTING(settings_file),
     .help = "take pictures and options from an earlier PNG result or a JSON file; those on the "
             "command line override them; of several files, the later one wins"},
    {"save-settings", 0, "Look", "FILE", CLI_TEXT, SETTING(save_settings),
     .help = "only write the settings in force to a JSON file for --settings"},
    {"strength", 0, "Look", "F", CLI_FLOAT, PARAM(strength), .low = 0, .high = 1, .recorded = true,
     .help = "from the photograph, 0, to the painting, 1 (0.5)"},
    {"colour", 0, "Look", "style|luma|match", CLI_CHOICE, PARAM(colour), .choices = colours,
     .recorded = true,
     .help = "style: the painting's colours; luma: the photograph's, only lightness is painted; "
             "match: the painting is first given the photograph's range of colours (style)"},
    {"scales", 0, "Look", "auto|N|LIST", CLI_SCALES, PARAM(scales), .recorded = true,
     .help = "sizes to paint at, one after the other: N of them, each sqrt(2) larger than the last; "
             "or longer sides such as 128,256; auto: from 128 pixels on (auto)"},
    {"iterations", 0, "Look", "N", CLI_INT, PARAM(iterations), .low = 0, .high = 1000000,
     .recorded = true, .help = "optimisation steps at each scale (60, with adam 100)"},
    {"first-iterations", 0, "Look", "N|same", CLI_INT, PARAM(first_iterations), .low = 0,
     .high = 1000000, .choices = same, .recorded = true,
     .help = "steps at the first of several scales (120, with adam 200)"},
    {"average", 0, "Look", "F", CLI_FLOAT, PARAM(average), .low = 0, .high = 1, .below_high = true,
     .recorded = true,
     .help = "the result is a running mean of the steps' pictures, in which each counts F times the "
             "next; 0: the last picture alone (0, with adam 0.99)"},
    {"content-weight", 0, "Look", "F", CLI_FLOAT, PARAM(content_weight), .low = 0, .high = 1e30,
     .recorded = true, .help = "how much to keep of the photograph (by preset and weights)"},
    {"style-weight", 0, "Look", "F", CLI_FLOAT, PARAM(style_weight), .low = 0, .high = 1e30,
     .recorded = true, .help = "how much to take of the painting (by preset and weights)"},
    {"tv-weight", 0, "Look", "F", CLI_FLOAT, PARAM(tv_weight), .low = 0, .high = 1e30,
     .recorded = true, .help = "smoothness: total variation (by preset and weights)"},
    {"content-layers", 0, "Look", "L[:w],...", CLI_LAYERS, PARAM(content_layers), .recorded = true,
     .help = "layers that see the content, with weights: conv4_2, relu4_2, block4_conv2 and 4_2 "
             "are the same (by preset and weights)"},
    {"style-layers", 0, "Look", "L[:w],...", CLI_LAYERS, PARAM(style_layers), .recorded = true,
     .help = "layers that see the style (by preset and weights)"},
    {"losses", 0, "Look", "relative|gatys", CLI_CHOICE, PARAM(losses), .choices = losses,
     .recorded = true,
     .help = "relative: each layer's loss over its target's energy, so that weights carry over "
             "between networks and sizes; gatys: the plain formulas (relative)"},
    {"style-loss", 0, "Look", "gram|covariance", CLI_CHOICE, PARAM(style_loss),
     .choices = style_losses, .recorded = true,
     .help = "what of the style pictures is matched: Gram matrices, or covariances and means "
             "(gram)"},
    {"pooling", 0, "Look", "max|avg", CLI_CHOICE, PARAM(pooling), .choices = poolings,
     .recorded = true, .help = "how the network shrinks between its blocks (by the weights)"},
    {"padding", 0, "Look", "zero|replicate", CLI_CHOICE, PARAM(padding), .choices = paddings,
     .recorded = true,
     .help = "around the picture at the first layer: zeros, or its edge repeated (replicate)"},
    {"margin", 0, "Look", "N", CLI_INT, PARAM(margin), .low = 0, .high = 128, .recorded = true,
     .help = "pixels of mirrored picture around the canvas, cut off at the end (by the weights)"},
    {"optimizer", 0, "Look", "lbfgs|adam", CLI_CHOICE, PARAM(optimizer), .choices = optimizers,
     .recorded = true, .help = "how the picture is moved down the gradient (lbfgs)"},
    {"history", 0, "Look", "N", CLI_INT, PARAM(history), .low = 1, .high = 100, .recorded = true,
     .help = "how many steps L-BFGS learns from; each takes memory (5)"},
    {"learning-rate", 0, "Look", "F", CLI_FLOAT, PARAM(learning_rate), .low = 0, .high = 10,
     .above_low = true, .recorded = true, .help = "L-BFGS's first step, Adam's every (0.02)"},
    {"beta1", 0, "Look", "F", CLI_FLOAT, PARAM(beta1), .low = 0, .high = 1, .below_high = true,
     .recorded = true, .help = "Adam's memory of the gradient (0.9)"},
    {"beta2", 0, "Look", "F", CLI_FLOAT, PARAM(beta2), .low = 0, .high = 1, .below_high = true,
     .recorded = true, .help = "Adam's memory of its square (0.99)"},
    {"epsilon", 0, "Look", "F", CLI_FLOAT, PARAM(epsilon), .low = 0, .high = 1e30,
     .above_low = true, .recorded = true, .help = "Adam's floor (1e-8)"},

    {"weights", 0, "Network", "FILE|builtin", CLI_TEXT, SETTING(weights), .recorded = true,
     .help = "VGG19 weights, safetensors or Keras .h5; \"builtin\" for the built-in ones "
             "($IMPASTO_WEIGHTS, then the data folders, the Keras cache, built-in)"},
    {"convention", 0, "Network", "auto|caffe|torchvision", CLI_CHOICE, SETTING(convention),
     .choices = conventions, .recorded = true, .help = "the input these weights expect (auto)"},
    {"export-weights", 0, "Network", "FILE", CLI_TEXT, SETTING(export_weights),
     .help = "write the weights in use as safetensors"},

    {"device", 0, "Device", "SPEC", CLI_TEXT, SETTING(device), .recorded = true, .stays = true,
     .words = "auto gpu igpu cpu accel",
     .help = "auto, an index, P:D, gpu, igpu, cpu, or text found in the device's name, platform, "
             "PCI address or UUID ($IMPASTO_DEVICE, else auto)"},
    {"list-devices", 0, "Device", NULL, CLI_FLAG, SETTING(list_devices),
     .help = "what there is, and what is odd about it"},
    {"json", 0, "Device", NULL, CLI_FLAG, SETTING(json), .help = "with --list-devices: as JSON"},
    {"self-test", 0, "Device", NULL, CLI_FLAG, SETTING(self_test),
     .help = "check every kernel on the device against double precision"},
    {"tune", 0, "Device", NULL, CLI_FLAG, SETTING(tune),
     .help = "measure for a minute or two which algorithms and block sizes are the fastest on the "
             "device, and keep that for later runs"},
    {"conv", 0, "Device", "auto|NAME", CLI_TEXT, PARAM(conv), .recorded = true,
     .words = "winograd4 winograd2 direct im2col implicit",
     .help = "convolution algorithm: winograd4, winograd2, direct, im2col, or, on GPUs, implicit; "
             "conv1_1 has its own kernels unless im2col is named (auto: the fastest for each layer)"},
    {"gemm", 0, "Device", "auto|NAME", CLI_TEXT, PARAM(gemm), .recorded = true,
     .words = "clblast builtin",
     .help = "matrix product of im2col and, on GPUs, winograd: clblast or builtin (auto)"},

    {"memory", 0, "Device", "SIZE", CLI_BYTES, PARAM(memory), .low = 16.0 * 1048576,
     .high = 64.0 * 1099511627776.0, .recorded = true,
     .help = "device memory to use at most, such as 900M or 1.5G: with less, more is computed twice "
             "(what the device can spare, less what would gain little)"},
    {"plan", 0, "Device", NULL, CLI_FLAG, SETTING(plan),
     .help = "only show how the memory would be used, and the cost in time"},

    {"checkpoint", 0, "Checkpoints", "FILE", CLI_TEXT, SETTING(checkpoint),
     .help = "save the run in FILE now and then, and when it is stopped, so that --resume can go on "
             "with it; kept when it is finished. A FILE with an unfinished run is not replaced"},
    {"every", 0, "Checkpoints", "N|Ns", CLI_EVERY, SETTING(every), .low = 1, .high = 1000000,
     .help = "how often to save it: every N iterations, or every N seconds (60s)"},
    {"resume", 0, "Checkpoints", "FILE", CLI_SETTINGS, SETTING(resume),
     .help = "go on with the run in FILE, with its pictures and settings, to the same result as if it had "
             "never been stopped; name only outputs, files that have moved, or more --iterations. It "
             "goes on saving to FILE, unless --checkpoint names another"},

    {"trace", 0, "Reports", "FILE", CLI_TEXT, SETTING(trace),
     .help = "settings, and the losses of each iteration, as JSON lines"},
    {"gradient", 0, "Reports", "FILE", CLI_TEXT, SETTING(gradient),
     .help = "the gradient at the start: raw little-endian float32, (3, height, width), RGB"},
    {"save-every", 0, "Reports", "N", CLI_INT, SETTING(save_every), .low = 1, .high = 1000000,
     .help = "write the result so far every N iterations"},
    {"show", 0, "Reports", NULL, CLI_FLAG, SETTING(show),
     .help = "the picture so far in the terminal, as well as that can show pictures"},
    {"timelapse", 0, "Reports", "DIR", CLI_TEXT, SETTING(timelapse),
     .help = "numbered pictures of the way to the result, for a film; DIR is made if need be"},
    {"timelapse-every", 0, "Reports", "N", CLI_INT, SETTING(timelapse_every), .low = 1,
     .high = 1000000, .help = "a frame every N iterations (what gives about 100)"},
    {"report", 0, "Reports", "FILE", CLI_TEXT, SETTING(report),
     .help = "pictures, loss curves, settings and device on one HTML page, to keep or to send"},
    {"profile", 0, "Reports", NULL, CLI_FLAG, PARAM(profile), .help = "time per kernel and layer"},
    {"quiet", 'q', "Reports", NULL, CLI_FLAG, SETTING(quiet), .help = "only warnings and errors"},
    {"verbose", 'v', "Reports", NULL, CLI_FLAG, SETTING(verbose),
     .help = "more about what is done"},
    {"version", 0, "Reports", NULL, CLI_FLAG, SETTING(version), .help = "print the version"},
    {"help", 'h', "Reports", NULL, CLI_FLAG, SETTING(help), .help = "print this"},
};
const size_t cli_option_count = sizeof(cli_options) / sizeof(*cli_options);

_Static_assert(sizeof(cli_options) / sizeof(*cli_options) <= CLI_OPTIONS_MOST, "values[] is short");

enum impasto_status cli_fail(struct impasto_error *error, enum impasto_status status,
                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    error->status = status;
    vsnprintf(error->message, sizeof(error->message), format, args);
    va_end(args);
    /* File names and values may hold anything, but this is one line. */
    for (char *at = error->message; *at;) {
        const size_t length = cli_printable(at);
        if (length == 0)
            *at = '?';
        at += length > 0 ? length : 1;
    }
    return status;
}

/* ---- Values ---------------------------------------------------------------------------------- */

static void *target_of(const struct cli_option *option, struct cli_settings *settings,
                       struct impasto_params *params)
{
    char *base = option->place == CLI_IN_SETTINGS ? (char *)settings : (char *)params;
    return base + option->offset;
}

static enum impasto_status bad_choice(const struct cli_option *option, const char *value,
                                      struct impasto_error *error)
{
    char list[256] = "";
    for (size_t i = 0, used = 0; option->choices[i].name && used < sizeof(list); i++)
        used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "",
                                 option->choices[i].name);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: '%s' is not one of %s", option->name, value,
                    list);
}

static enum impasto_status bad_number(const struct cli_option *option, const char *value,
                                      struct impasto_error *error)
{
    char words[64] = "";
    for (size_t i = 0, used = 0; option->choices && option->choices[i].name; i++)
        used += (size_t)snprintf(words + used, sizeof(words) - used, ", or '%s'",
                                 option->choices[i].name);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: '%s' is not %s %s %.16g%s%.16g%s",
                    option->name, value, option->type == CLI_FLOAT ? "a number" : "a whole number",
                    option->above_low ? "above" : "from", option->low,
                    option->below_high ? " to below " : " to ", option->high, words);
}

/* The whole of `value` as a number within the option's limits, as it will be stored: what rounds to
 * a float outside of them is outside. The program never calls setlocale, so the decimal point is a
 * point. */
static bool read_number(const struct cli_option *option, const char *value, double *number)
{
    char *end = NULL;
    if (isspace((unsigned char)value[0]) || value[0] == 0)
        return false;
    double low = option->low, high = option->high;
    errno = 0;
    if (option->type == CLI_FLOAT) {
        *number = (double)strtof(value, &end);
        low = (double)(float)low;
        high = (double)(float)high;
    } else {
        const long long whole = strtoll(value, &end, 10);
        *number = (double)whole;
    }
    return *end == 0 && errno == 0 && isfinite(*number) && *number >= low && *number <= high &&
           !(option->above_low && *number == low) && !(option->below_high && *number == high);
}

/* 900M, 1.5G, 1.5GiB, or plain bytes. */
static bool read_bytes(const struct cli_option *option, const char *value, double *number)
{
    static const char units[] = "KMGT";
    char *end = NULL;
    if (!isdigit((unsigned char)value[0]) || strpbrk(value, "xX"))
        return false;
    *number = strtod(value, &end);
    const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
    if (unit) {
        for (const char *u = units; u <= unit; u++)
            *number *= 1024;
        end++;
        if (strcasecmp(end, "ib") == 0 || strcasecmp(end, "b") == 0)
            end += strlen(end);
    }
    return *end == 0 && *number >= option->low && *number <= option->high;
}

/* "20" iterations, or "30s". */
static bool read_every(const struct cli_option *option, const char *value, struct cli_every *every)
{
    char *end = NULL;
    const long number = isdigit((unsigned char)value[0]) ? strtol(value, &end, 10) : 0;
    const bool seconds = number > 0 && strcmp(end, "s") == 0;
    if (number < option->low || number > option->high || (*end && !seconds))
        return false;
    if (every)
        *every = (struct cli_every){seconds ? 0 : (int)number, seconds ? (double)number : 0};
    return true;
}

/* "auto", a number of scales, or longer sides with commas between them. One number is that many scales
 * if it can be. */
static bool read_scales(const char *value, struct impasto_params *params)
{
    int sizes[IMPASTO_SCALES] = {0}, count = 0, scales = 0;
    const bool automatic = strcmp(value, "auto") == 0;
    for (const char *at = value; !automatic; at++) {
        char *end = NULL;
        errno = 0;
        const long number = isdigit((unsigned char)*at) ? strtol(at, &end, 10) : 0;
        if (number < 1 || number > 16384 || errno || count == IMPASTO_SCALES)
            return false;
        sizes[count++] = (int)number;
        at = end;
        if (*at == 0)
            break;
        if (*at != ',')
            return false;
    }
    if (count == 1 && sizes[0] <= IMPASTO_SCALES) {
        scales = sizes[0];
        sizes[0] = 0;
    }
    if (sizes[0] > 0 && sizes[0] < 16)
        return false;
    if (params) {
        params->scales = scales;
        memcpy(params->scale_sizes, sizes, sizeof(sizes));
    }
    return true;
}

/* Reads `value` and stores it at `target`, or only checks it where target is NULL. */
static enum impasto_status read_value(const struct cli_option *option, const char *value,
                                      void *target, struct impasto_error *error)
{
    double number = 0;
    switch (option->type) {
    case CLI_FLAG:
        if (target)
            *(bool *)target = true;
        return IMPASTO_OK;
    case CLI_TEXT:
    case CLI_SETTINGS:
        if (value[0] == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: is empty; give it a value",
                            option->name);
        if (target)
            *(const char **)target = value;
        return IMPASTO_OK;
    case CLI_LAYERS: {
        float weights[IMPASTO_LAYERS];
        struct impasto_error why = {0};
        const enum impasto_status status = impasto_layers_parse(value, weights, &why);
        if (status != IMPASTO_OK)
            return cli_fail(error, status, "--%s: %s", option->name, why.message);
        if (target)
            memcpy(target, weights, sizeof(weights));
        return IMPASTO_OK;
    }
    case CLI_CHOICE:
    case CLI_INT:
        for (size_t i = 0; option->choices && option->choices[i].name; i++) {
            if (strcmp(value, option->choices[i].name) == 0) {
                if (target)
                    *(int *)target = option->choices[i].value;
                return IMPASTO_OK;
            }
        }
        if (option->type == CLI_CHOICE)
            return bad_choice(option, value, error);
        if (!read_number(option, value, &number))
            return bad_number(option, value, error);
        if (target)
            *(int *)target = (int)number;
        return IMPASTO_OK;
    case CLI_SCALES:
        /* The target is a member of the parameters, which this writes two of. */
        if (!read_scales(value, target ? (struct impasto_params *)((char *)target - option->offset)
                                       : NULL))
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: '%s' is not 'auto', a number from 1 to %d, or sizes from 16 to "
                            "16384 such as 128,256",
                            option->name, value, IMPASTO_SCALES);
        return IMPASTO_OK;
    case CLI_EVERY:
        if (!read_every(option, value, target))
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: '%s' is not a whole number from %.0f to %.0f, of iterations, or, "
                            "with an s behind it, of seconds",
                            option->name, value, option->low, option->high);
        return IMPASTO_OK;
    case CLI_LIST: {
        struct cli_list *list = target;
        if (value[0] == 0)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: is empty; give it a value",
                            option->name);
        if (list && list->count == CLI_LIST_MOST)
            return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: more than %d of them", option->name,
                            CLI_LIST_MOST);
        if (list)
            list->item[list->count++] = value;
        return IMPASTO_OK;
    }
    case CLI_UINT64:
        if (!read_number(option, value, &number))
            return bad_number(option, value, error);
        if (target)
            *(uint64_t *)target = (uint64_t)number;
        return IMPASTO_OK;
    case CLI_BYTES:
        if (!read_bytes(option, value, &number))
            return cli_fail(error, IMPASTO_ERROR_USAGE,
                            "--%s: '%s' is not a size from 16M to 64T, such as 900M or 1.5GiB",
                            option->name, value);
        if (target)
            *(uint64_t *)target = (uint64_t)number;
        return IMPASTO_OK;
    case CLI_FLOAT:
        if (!read_number(option, value, &number))
            return bad_number(option, value, error);
        if (target)
            *(float *)target = (float)number;
        return IMPASTO_OK;
    }
    return cli_fail(error, IMPASTO_ERROR_INTERNAL, "--%s: has no type", option->name);
}

/* ---- Words ----------------------------------------------------------------------------------- */

static enum impasto_status unknown(const char *word, size_t length, struct impasto_error *error)
{
    const char *names[CLI_OPTIONS_MOST];
    for (size_t i = 0; i < cli_option_count; i++)
        names[i] = cli_options[i].name;
    const char *meant = cli_nearest(word, length, names, cli_option_count);
    if (meant)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option --%.*s; did you mean --%s?",
                        (int)length, word, meant);
    return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option --%.*s; see --help", (int)length,
                    word);
}

const struct cli_option *cli_find(const char *name, size_t length)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (strlen(cli_options[i].name) == length &&
            strncmp(cli_options[i].name, name, length) == 0)
            return &cli_options[i];
    return NULL;
}

static const struct cli_option *find_short(char letter)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (letter && cli_options[i].letter == letter)
            return &cli_options[i];
    return NULL;
}

static enum impasto_status positional(struct cli_settings *settings, const char *word,
                                      struct impasto_error *error)
{
    if (word[0] == 0)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "a picture's name is empty");
    /* The first replaces the content that a settings file has named, the next its styles. */
    if (settings->content_giver == settings->giver)
        return cli_give_style(settings, word, error);
    settings->content = word;
    settings->content_giver = settings->giver;
    return IMPASTO_OK;
}

enum impasto_status cli_give_style(struct cli_settings *settings, const char *word,
                                   struct impasto_error *error)
{
    if (settings->style_giver != settings->giver)
        settings->styles.count = 0;
    if (settings->styles.count == CLI_LIST_MOST)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': more than %d style pictures", word,
                        CLI_LIST_MOST);
    settings->styles.item[settings->styles.count++] = word;
    settings->style_giver = settings->giver;
    return IMPASTO_OK;
}

enum impasto_status cli_give(struct cli_settings *settings, const struct cli_option *option,
                             const char *value, struct impasto_error *error)
{
    void *target = option->place == CLI_IN_SETTINGS ? target_of(option, settings, NULL) : NULL;
    if (option->type == CLI_LIST && settings->givers[option - cli_options] != settings->giver)
        cli_take_back(settings, option);
    const enum impasto_status status = read_value(option, value, target, error);
    if (status != IMPASTO_OK)
        return status;
    settings->values[option - cli_options] = value;
    settings->givers[option - cli_options] = settings->giver;
    return IMPASTO_OK;
}

void cli_take_back(struct cli_settings *settings, const struct cli_option *option)
{
    void *target = option->place == CLI_IN_SETTINGS ? target_of(option, settings, NULL) : NULL;
    if (option->type == CLI_LIST)
        ((struct cli_list *)target)->count = 0;
    else if (target)
        *(bool *)target = false;
    settings->values[option - cli_options] = NULL;
    settings->givers[option - cli_options] = settings->giver;
}

/* Goes through argv and takes only the settings files, or only everything else. */
static enum impasto_status take_words(int argc, char **argv, bool files,
                                      struct cli_settings *settings, struct impasto_error *error)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const struct cli_option *option = NULL;
        const char *value = NULL;
        if (!options || word[0] != '-' || word[1] == 0) {
            const enum impasto_status status =
                files ? IMPASTO_OK : positional(settings, word, error);
            if (status != IMPASTO_OK)
                return status;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            options = false;
            continue;
        }
        if (word[1] == '-') {
            const size_t length = strcspn(word + 2, "=");
            option = cli_find(word + 2, length);
            if (!option)
                return unknown(word + 2, length, error);
            if (word[2 + length] == '=')
                value = word + 2 + length + 1;
        } else {
            option = find_short(word[1]);
            if (!option || (option->type == CLI_FLAG && word[2]))
                return cli_fail(error, IMPASTO_ERROR_USAGE, "unknown option %s; see --help", word);
            if (word[2])
                value = word + 2;
        }
        if (option->type == CLI_FLAG) {
            if (value)
                return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: takes no value", option->name);
            value = "";
        } else if (!value) {
            if (i + 1 == argc || strncmp(argv[i + 1], "--", 2) == 0)
                return cli_fail(error, IMPASTO_ERROR_USAGE, "--%s: needs a value (%s)",
                                option->name, option->operand);
            value = argv[++i];
        }
        if (files != (option->type == CLI_SETTINGS))
            continue;
        enum impasto_status status = cli_give(settings, option, value, error);
        if (status == IMPASTO_OK && files)
            status = cli_settings_load(settings, value, strcmp(option->name, "resume") == 0,
                                       error);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

/* With --batch, which names the contents, the first picture on the command line is a style as well. */
static enum impasto_status all_are_styles(struct cli_settings *settings,
                                          struct impasto_error *error)
{
    struct cli_list *styles = &settings->styles;
    if (settings->content_giver != CLI_COMMAND_LINE)
        return IMPASTO_OK;
    if (settings->style_giver != CLI_COMMAND_LINE)
        styles->count = 0;
    if (styles->count == CLI_LIST_MOST)
        return cli_fail(error, IMPASTO_ERROR_USAGE, "'%s': more than %d style pictures",
                        styles->item[CLI_LIST_MOST - 1], CLI_LIST_MOST);
    memmove(styles->item + 1, styles->item, (size_t)styles->count * sizeof(*styles->item));
    styles->item[0] = settings->content;
    styles->count++;
    return IMPASTO_OK;
}

enum impasto_status cli_parse(int argc, char **argv, struct cli_settings *settings,
                              struct impasto_error *error)
{
    *settings = (struct cli_settings){.bits = 8, .preset = "default", .init = "content"};
    const enum impasto_status status = take_words(argc, argv, true, settings, error);
    settings->giver = CLI_COMMAND_LINE;
    if (status != IMPASTO_OK)
        return status;
    const enum impasto_status taken = take_words(argc, argv, false, settings, error);
    return taken == IMPASTO_OK && settings->batch.count > 0 ? all_are_styles(settings, error)
                                                            : taken;
}

enum impasto_status cli_override(const struct cli_settings *settings, struct impasto_params *params,
                                 struct impasto_error *error)
{
    const struct cli_option *optimizer = cli_find("optimizer", strlen("optimizer"));
    const char *name = settings->values[optimizer - cli_options];
    /* Before the others: their defaults depend on it. */
    for (const struct cli_choice *c = optimizers; name && c->name; c++)
        if (strcmp(name, c->name) == 0)
            impasto_params_optimizer(params, (enum impasto_optimizer)c->value);
    for (size_t i = 0; i < cli_option_count; i++) {
        if (cli_options[i].place != CLI_IN_PARAMS || !settings->values[i])
            continue;
        const enum impasto_status status = read_value(
            &cli_options[i], settings->values[i], target_of(&cli_options[i], NULL, params), error);
        if (status != IMPASTO_OK)
            return status;
    }
    return IMPASTO_OK;
}

bool cli_init_is_file(const struct cli_settings *settings)
{
    return strcmp(settings->init, "content") != 0 && strcmp(settings->init, "noise") != 0 &&
           strcmp(settings->init, "gray") != 0;
}

double cli_shortest(float number)
{
    char text[32];
    /* 9 digits tell any two floats apart. */
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, (double)number);
        if (strtof(text, NULL) == number)
            break;
    }
    return strtod(text, NULL);
}

void cli_visit(const struct cli_settings *settings, const struct impasto_params *params,
               cli_visit_fn visit, void *user)
{
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        if (!option->recorded)
            continue;
        const char *base =
            option->place == CLI_IN_SETTINGS ? (const char *)settings : (const char *)params;
        const void *at = base + option->offset;
        struct cli_value value = {.kind = CLI_VALUE_NUMBER};
        switch (option->type) {
        case CLI_FLAG:
            value.kind = CLI_VALUE_BOOL;
            value.number = *(const bool *)at;
            break;
        case CLI_TEXT:
        case CLI_SETTINGS:
            value.kind = CLI_VALUE_TEXT;
            value.text = *(const char *const *)at;
            break;
        case CLI_EVERY: /* never recorded */
            value.kind = CLI_VALUE_TEXT;
            break;
        case CLI_LAYERS:
            value.kind = CLI_VALUE_LAYERS;
            value.layers = at;
            break;
        case CLI_CHOICE:
        case CLI_INT:
            value.number = *(const int *)at;
            if (option->type == CLI_INT && value.number < option->low)
                value.kind = CLI_VALUE_TEXT; /* not set, unless it is a word */
            for (size_t c = 0; option->choices && option->choices[c].name; c++)
                if (option->choices[c].value == *(const int *)at) {
                    value.kind = CLI_VALUE_TEXT;
                    value.text = option->choices[c].name;
                }
            break;
        case CLI_SCALES:
            value.kind = CLI_VALUE_SCALES;
            value.number = params->scales;
            value.sizes = params->scale_sizes;
            break;
        case CLI_LIST:
            value.kind = CLI_VALUE_LIST;
            value.list = at;
            break;
        case CLI_BYTES:
            if (*(const uint64_t *)at == 0)
                value.kind = CLI_VALUE_TEXT; /* not set */
            value.number = (double)*(const uint64_t *)at;
            break;
        case CLI_UINT64:
            value.number = (double)*(const uint64_t *)at;
            break;
        case CLI_FLOAT:
            value.number = cli_shortest(*(const float *)at);
            break;
        }
        visit(user, option, &value);
    }
}
