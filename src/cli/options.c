/* SPDX-License-Identifier: MIT */
/* The option table, by which words are parsed (parse.c), values read (values.c), and help, manual
 * and completions made (help.c, docs/). */

#include "cli/table.h"

#include <stddef.h>
#include <string.h>

static const struct cli_choice losses[] = {
    {"relative", IMPASTO_LOSSES_RELATIVE}, {"gatys", IMPASTO_LOSSES_GATYS}, {0}};
static const struct cli_choice style_losses[] = {
    {"gram", IMPASTO_STYLE_LOSS_GRAM}, {"covariance", IMPASTO_STYLE_LOSS_COVARIANCE}, {0}};
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
static const struct cli_choice privacies[] = {{"private", IMPASTO_PRIVACY_PRIVATE},
                                              {"keep", IMPASTO_PRIVACY_KEEP},
                                              {"none", IMPASTO_PRIVACY_NONE},
                                              {0}};
static const struct cli_choice formats[] = {
    {"png", IMPASTO_FORMAT_PNG},   {"jpeg", IMPASTO_FORMAT_JPEG}, {"jpg", IMPASTO_FORMAT_JPEG},
    {"tiff", IMPASTO_FORMAT_TIFF}, {"webp", IMPASTO_FORMAT_WEBP}, {0}};
static const struct cli_choice progresses[] = {{"json", 1}, {0}};
static const struct cli_choice bits[] = {{"8", 8}, {"16", 16}, {0}};
static const struct cli_choice size_words[] = {{"source", IMPASTO_SIZE_SOURCE}, {0}};
static const struct cli_choice style_size_words[] = {
    {"source", IMPASTO_SIZE_SOURCE}, {"auto", IMPASTO_SIZE_AUTO}, {0}};

#define SETTING(field) .place = CLI_IN_SETTINGS, .offset = offsetof(struct cli_settings, field)
#define PARAM(field) .place = CLI_IN_PARAMS, .offset = offsetof(struct impasto_params, field)

/* Groups appear in --help in this order. The limits are those of impasto.h. */
const struct cli_option cli_options[] = {
    {"output", 'o', "Pictures", "FILE", CLI_TEXT, SETTING(output), .chief = true,
     .help = "the result, .png, .jpg, .tif or .webp; a folder, for the usual name in it; \"-\": "
             "standard output, with --format (<content>-<style>.png beside the content picture)"},
    {"format", 0, "Pictures", "png|jpeg|tiff|webp", CLI_CHOICE, SETTING(format), .choices = formats,
     .help = "the result's format (by its name's ending)"},
    {"quality", 0, "Pictures", "N", CLI_INT, SETTING(quality), .low = 1, .high = 100,
     .help = "of JPEG and WebP results; 100 is WebP without loss (95)"},
    {"no-clobber", 0, "Pictures", NULL, CLI_FLAG, SETTING(no_clobber),
     .help = "refuse, before the work, to replace a result that is there; with --batch it is "
             "passed over anyway"},
    {"size", 0, "Pictures", "N|source", CLI_INT, PARAM(size), .chief = true, .low = 16,
     .high = 16384, .choices = size_words, .recorded = true,
     .help = "longer side of the result in pixels; source: the content picture's own size (512)"},
    {"style", 0, "Pictures", "FILE[:w]", CLI_LIST, SETTING(styles),
     .help = "a style picture, with its weight, besides those named without an option; may be "
             "repeated"},
    {"style-size", 0, "Pictures", "N|source|auto", CLI_INT, PARAM(style_size), .low = 16,
     .high = 16384, .choices = style_size_words, .recorded = true,
     .help = "longer side of the style picture as used (auto: the result's longer side times "
             "--style-scale, never enlarged)"},
    {"style-scale", 0, "Pictures", "F", CLI_FLOAT, PARAM(style_scale), .chief = true, .low = 0.05,
     .high = 20, .recorded = true, .help = "larger or smaller strokes, with --style-size auto (1)"},
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
    {"batch", 0, "Pictures", "FILE|DIR", CLI_LIST, SETTING(batch), .chief = true,
     .help =
         "paint many contents: pictures, folders of them, or text files that list them (\"-\": "
         "standard input); may be repeated. The pictures named besides are styles, or, where -- "
         "stands behind them, contents as well, and what follows it are styles: --batch *.jpg "
         "-- painting.png. -o is a pattern with {content}, {style}, {folder} or, below that of "
         "--batch, {path}, {ext}, {number}. --device may list several"},
    {"recursive", 0, "Pictures", NULL, CLI_FLAG, SETTING(recursive),
     .help = "with --batch: also the folders in its folders, but for hidden ones; results go to "
             "folders of "
             "the same names, unless -o has {folder}, {path} or {number}"},
    {"overwrite", 0, "Pictures", NULL, CLI_FLAG, SETTING(overwrite),
     .help = "with --batch: also paint what is there already"},
    {"bits", 0, "Pictures", "8|16", CLI_CHOICE, SETTING(bits), .choices = bits, .recorded = true,
     .help = "bits per channel of a PNG or TIFF result (8)"},
    {"metadata", 0, "Pictures", "private|keep|none", CLI_CHOICE, SETTING(metadata),
     .choices = privacies, .recorded = true,
     .help =
         "what of the photograph's EXIF, XMP and IPTC the result has. private: camera, exposure, "
         "date, artist and copyright; keep: also position, owner, serial numbers and texts; "
         "none: nothing (private)"},
    {"init", 0, "Pictures", "content|noise|gray|FILE", CLI_TEXT, SETTING(init), .recorded = true,
     .help = "the picture to start from (content)"},
    {"seed", 0, "Pictures", "N", CLI_UINT64, PARAM(seed), .low = 0, .high = 9007199254740992.0,
     .recorded = true, .help = "which noise, with --init noise (0)"},
    {"max-pixels", 0, "Pictures", "N", CLI_UINT64, SETTING(max_pixels), .low = 1,
     .high = 4290250000.0, .help = "refuse larger pictures (100000000)"},

    {"preset", 0, "Look", "default|quick|fine|classic", CLI_TEXT, SETTING(preset), .chief = true,
     .recorded = true, .stays = true,
     .help =
         "a set of parameters that suits the weights; options override it. quick: 384 pixels, half "
         "the steps; fine: 768 pixels, twice the steps; classic: the TensorFlow tutorial's "
         "recipe, 1000 steps of Adam at one size (default)"},
    {"settings", 0, "Look", "FILE", CLI_SETTINGS, SETTING(settings_file), .chief = true,
     .help = "take pictures and options from an earlier PNG result or a JSON file; those on the "
             "command line override them; of several files, the later one wins (\"-\": standard "
             "input)"},
    {"save-settings", 0, "Look", "FILE", CLI_TEXT, SETTING(save_settings),
     .help = "only write the settings in force to a JSON file for --settings (\"-\": to standard "
             "output)"},
    {"strength", 0, "Look", "F", CLI_FLOAT, PARAM(strength), .chief = true, .low = 0, .high = 1,
     .recorded = true,
     .help = "how much of the painting, up to 1, 0 being the photograph itself; from above 0 to "
             "0.5 the "
             "painting's weight over the photograph's rises a hundredfold, and again to 1 (0.5)"},
    {"colour", 0, "Look", "style|luma|match", CLI_CHOICE, PARAM(colour), .chief = true,
     .choices = colours, .recorded = true, .also = "color",
     .help = "style: the painting's colours; luma: the photograph's, only lightness is painted; "
             "match: the painting is first given the photograph's range of colours (style)"},
    {"scales", 0, "Look", "auto|N|LIST", CLI_SCALES, PARAM(scales), .recorded = true,
     .help =
         "sizes to paint at, one after the other: N of them, each sqrt(2) larger than the last; "
         "or longer sides such as 128,256; auto: from 128 pixels on (auto)"},
    {"iterations", 0, "Look", "N", CLI_INT, PARAM(iterations), .low = 0, .high = 1000000,
     .recorded = true, .help = "optimisation steps at each scale (60, with adam 100)"},
    {"first-iterations", 0, "Look", "N|same", CLI_INT, PARAM(first_iterations), .low = 0,
     .high = 1000000, .choices = same, .recorded = true,
     .help = "steps at the first of several scales (120, with adam 200)"},
    {"average", 0, "Look", "F", CLI_FLOAT, PARAM(average), .low = 0, .high = 1, .below_high = true,
     .recorded = true,
     .help =
         "the result is a running mean of the steps' pictures, in which each counts F times the "
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
     .recorded = true, .also = "optimiser",
     .help = "how the picture is moved down the gradient (lbfgs)"},
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

    {"device", 0, "Device", "SPEC", CLI_TEXT, SETTING(device), .chief = true, .recorded = true,
     .stays = true, .words = "auto gpu igpu cpu accel",
     .help = "auto, an index, P:D, gpu, igpu, cpu, or text found in the device's name, platform, "
             "PCI address or UUID ($IMPASTO_DEVICE, else auto)"},
    {"list-devices", 0, "Device", NULL, CLI_FLAG, SETTING(list_devices), .chief = true,
     .help = "what there is, and what is odd about it"},
    {"json", 0, "Device", NULL, CLI_FLAG, SETTING(json), .help = "with --list-devices: as JSON"},
    {"self-test", 0, "Device", NULL, CLI_FLAG, SETTING(self_test),
     .help = "check every kernel on the device against double precision"},
    {"tune", 0, "Device", NULL, CLI_FLAG, SETTING(tune),
     .help = "measure for a minute or two which algorithms and block sizes are the fastest on the "
             "device, and keep that for later runs"},
    {"conv", 0, "Device", "auto|NAME", CLI_TEXT, PARAM(conv), .recorded = true,
     .words = "winograd4 winograd2 direct im2col implicit",
     .help =
         "convolution algorithm: winograd4, winograd2, direct, im2col, or, on GPUs, implicit; "
         "conv1_1 has its own kernels unless im2col is named (auto: the fastest for each layer)"},
    {"gemm", 0, "Device", "auto|NAME", CLI_TEXT, PARAM(gemm), .recorded = true,
     .words = "clblast builtin",
     .help = "matrix product of im2col and, on GPUs, winograd: clblast or builtin (auto)"},

    {"memory", 0, "Device", "SIZE", CLI_BYTES, PARAM(memory), .low = 16.0 * 1048576,
     .high = 64.0 * 1099511627776.0, .recorded = true,
     .help =
         "device memory to use at most, such as 900M or 1.5G: with less, more is computed twice "
         "(what the device can spare, less what would gain little)"},
    {"plan", 0, "Device", NULL, CLI_FLAG, SETTING(plan),
     .help = "only show how the memory would be used, and the cost in time"},

    {"checkpoint", 0, "Checkpoints", "FILE", CLI_TEXT, SETTING(checkpoint), .chief = true,
     .help =
         "save the run in FILE now and then, and when it is stopped, so that --resume can go on "
         "with it; kept when it is finished. A FILE with an unfinished run is not replaced"},
    {"every", 0, "Checkpoints", "N|Ns", CLI_EVERY, SETTING(every), .low = 1, .high = 1000000,
     .help = "how often to save it: every N iterations, or every N seconds (60s)"},
    {"resume", 0, "Checkpoints", "FILE", CLI_SETTINGS, SETTING(resume), .chief = true,
     .help =
         "go on with the run in FILE, with its pictures and settings, to the same result as if it "
         "had "
         "never been stopped; name only outputs, files that have moved, or more --iterations. It "
         "goes on saving to FILE, unless --checkpoint names another"},

    {"trace", 0, "Reports", "FILE", CLI_TEXT, SETTING(trace),
     .help =
         "settings, and the losses of each iteration, as JSON lines (\"-\": to standard output)"},
    {"gradient", 0, "Reports", "FILE", CLI_TEXT, SETTING(gradient),
     .help = "the gradient at the start: raw little-endian float32, (3, height, width), RGB"},
    {"save-every", 0, "Reports", "N", CLI_INT, SETTING(save_every), .low = 1, .high = 1000000,
     .help = "write the result so far every N iterations"},
    {"show", 0, "Reports", NULL, CLI_FLAG, SETTING(show), .chief = true,
     .help = "the picture so far in the terminal, as well as that can show pictures"},
    {"timelapse", 0, "Reports", "DIR", CLI_TEXT, SETTING(timelapse),
     .help = "numbered pictures of the way to the result, for a film; DIR is made if need be"},
    {"timelapse-every", 0, "Reports", "N", CLI_INT, SETTING(timelapse_every), .low = 1,
     .high = 1000000, .help = "a frame every N iterations (what gives about 100)"},
    {"report", 0, "Reports", "FILE", CLI_TEXT, SETTING(report), .chief = true,
     .help = "pictures, loss curves, settings and device on one HTML page, to keep or to send"},
    {"progress", 0, "Reports", "json", CLI_CHOICE, SETTING(progress), .choices = progresses,
     .help = "how it goes, for other programs: JSON lines (start, phase, iteration, preview, log, "
             "picture, and at the end done or error) on standard output, or as --progress-fd says"},
    {"progress-fd", 0, "Reports", "N", CLI_INT, SETTING(progress_fd), .low = 1, .high = 1048576,
     .help = "the open descriptor that the lines of --progress go to, as 3 in 3>FILE (1)"},
    {"progress-preview", 0, "Reports", "N", CLI_INT, SETTING(progress_preview), .low = 16,
     .high = 2048,
     .help = "with --progress: now and then the picture so far too, N pixels its longer side"},
    {"profile", 0, "Reports", NULL, CLI_FLAG, PARAM(profile), .help = "time per kernel and layer"},
    {"quiet", 'q', "Reports", NULL, CLI_FLAG, SETTING(quiet), .chief = true,
     .help = "only warnings and errors"},
    {"verbose", 'v', "Reports", NULL, CLI_FLAG, SETTING(verbose),
     .help = "more about what is done"},
    {"version", 0, "Reports", NULL, CLI_FLAG, SETTING(version), .help = "print the version"},
    {"help", 'h', "Reports", NULL, CLI_FLAG, SETTING(help), .chief = true,
     .help = "print all of this; --help GROUP: one group or option of it; -h: one page"},
};
const size_t cli_option_count = sizeof(cli_options) / sizeof(*cli_options);

_Static_assert(sizeof(cli_options) / sizeof(*cli_options) <= CLI_OPTIONS_MOST, "values[] is short");

static bool is_called(const char *name, const char *word, size_t length)
{
    return name && strlen(name) == length && strncmp(name, word, length) == 0;
}

const struct cli_option *cli_find(const char *name, size_t length)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (is_called(cli_options[i].name, name, length) ||
            is_called(cli_options[i].also, name, length))
            return &cli_options[i];
    return NULL;
}
