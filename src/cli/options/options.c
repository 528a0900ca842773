/* SPDX-License-Identifier: MIT */
/* The option table. parse.c reads words by it, and values.c their values. help.c and docs/ make
 * help, the manual and completions of it. Settings of the library are told by the library's own
 * table: their rows have only how they are given. */

#include "cli/options/table.h"

#include <stddef.h>
#include <string.h>

static const struct impasto_setting_word conventions[] = {
    {"auto", IMPASTO_CONVENTION_AUTO},
    {"caffe", IMPASTO_CONVENTION_CAFFE},
    {"torchvision", IMPASTO_CONVENTION_TORCHVISION},
    {0}};
static const struct impasto_setting_word privacies[] = {{"private", IMPASTO_PRIVACY_PRIVATE},
                                                        {"keep", IMPASTO_PRIVACY_KEEP},
                                                        {"none", IMPASTO_PRIVACY_NONE},
                                                        {0}};
static const struct impasto_setting_word formats[] = {
    {"png", IMPASTO_FORMAT_PNG},   {"jpeg", IMPASTO_FORMAT_JPEG}, {"jpg", IMPASTO_FORMAT_JPEG},
    {"tiff", IMPASTO_FORMAT_TIFF}, {"webp", IMPASTO_FORMAT_WEBP}, {0}};
static const struct impasto_setting_word progresses[] = {{"json", 1}, {0}};
static const struct impasto_setting_word bits[] = {{"8", 8}, {"16", 16}, {0}};
/* The library has all else of these in its own table. */
#define PARAM .type = CLI_PARAM
#define SETTING(field) .offset = offsetof(struct cli_settings, field)
/* Commands of other structs may share these rows. */
#define COMMON(field) .common = true, .offset = offsetof(struct cli_common, field)

/* Groups appear in --help in this order. */
const struct cli_option cli_options[] = {
    {"output", 'o', "Pictures", "FILE", CLI_TEXT, SETTING(output), .chief = true,
     .help = "the result, .png, .jpg, .tif, .btf or .webp; a folder, for the usual name in it; "
             "\"-\": standard output, with --format (<content>-<style>.png beside the content "
             "picture)"},
    {"format", 0, "Pictures", "png|jpeg|tiff|webp", CLI_CHOICE, SETTING(format), .words = formats,
     .help = "the result's format (by its name's ending)"},
    {"quality", 0, "Pictures", "N", CLI_INT, SETTING(quality), .low = 1, .high = 100,
     .help = "of JPEG and WebP results; 100 is WebP without loss (95)"},
    {"no-clobber", 0, "Pictures", NULL, CLI_FLAG, SETTING(no_clobber),
     .help = "refuse, before the work, to replace a result that is there; of many pictures those "
             "are passed over anyway"},
    {"size", 0, "Pictures", "N|source", PARAM, .chief = true},
    {"style", 0, "Pictures", "FILE[:w]", CLI_LIST, SETTING(styles),
     .help = "a style picture, with its weight, besides those named without an option; may be "
             "repeated"},
    {"style-size", 0, "Pictures", "N|source|auto", PARAM},
    {"style-scale", 0, "Pictures", "F", PARAM, .chief = true},
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
     .help =
         "of many pictures: also the folders in the folders that are named, but for hidden ones; "
         "results go to folders of the same names, unless -o has {folder}, {path} or {number}"},
    {"overwrite", 0, "Pictures", NULL, CLI_FLAG, SETTING(overwrite),
     .help = "of many pictures: also paint those whose results are there already"},
    {"bits", 0, "Pictures", "8|16", CLI_CHOICE, SETTING(bits), .words = bits, .recorded = true,
     .remote = true, .help = "bits per channel of a PNG or TIFF result (8)"},
    {"metadata", 0, "Pictures", "private|keep|none", CLI_CHOICE, SETTING(metadata),
     .words = privacies, .recorded = true, .remote = true,
     .help =
         "what of the photograph's EXIF, XMP and IPTC the result has. private: camera, exposure, "
         "date, artist and copyright; keep: also position, owner, serial numbers and texts; "
         "none: nothing (private)"},
    {"init", 0, "Pictures", "content|noise|gray|FILE", CLI_TEXT, SETTING(init), .recorded = true,
     .remote = true, .help = "the picture to start from (content)"},
    {"seed", 0, "Pictures", "N", PARAM},
    {"max-pixels", 0, "Pictures", "N", CLI_UINT64, SETTING(max_pixels), .low = 1,
     .high = 4290250000.0, .help = "refuse larger pictures (100000000)"},

    {"preset", 0, "Look", "default|quick|fine|classic", CLI_TEXT, SETTING(preset), .chief = true,
     .recorded = true, .remote = true, .stays = true,
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
    {"strength", 0, "Look", "F", PARAM, .chief = true},
    {"colour", 0, "Look", "style|luma|match", PARAM, .chief = true, .also = "color"},
    {"scales", 0, "Look", "auto|N|LIST", PARAM},
    {"iterations", 0, "Look", "N", PARAM},
    {"first-iterations", 0, "Look", "N|same", PARAM},
    {"average", 0, "Look", "F", PARAM},
    {"content-weight", 0, "Look", "F", PARAM},
    {"style-weight", 0, "Look", "F", PARAM},
    {"tv-weight", 0, "Look", "F", PARAM},
    {"content-layers", 0, "Look", "L[:w],...", PARAM},
    {"style-layers", 0, "Look", "L[:w],...", PARAM},
    {"losses", 0, "Look", "relative|gatys", PARAM},
    {"style-loss", 0, "Look", "gram|covariance", PARAM},
    {"pooling", 0, "Look", "max|avg", PARAM},
    {"padding", 0, "Look", "zero|replicate", PARAM},
    {"margin", 0, "Look", "N", PARAM},
    {"optimizer", 0, "Look", "lbfgs|adam", PARAM, .also = "optimiser"},
    {"history", 0, "Look", "N", PARAM},
    {"learning-rate", 0, "Look", "F", PARAM},
    {"beta1", 0, "Look", "F", PARAM},
    {"beta2", 0, "Look", "F", PARAM},
    {"epsilon", 0, "Look", "F", PARAM},

    {"weights", 0, "Network", "FILE|builtin", CLI_TEXT, SETTING(weights), .recorded = true,
     .help = "VGG19 weights, safetensors or Keras .h5; \"builtin\" for the built-in ones "
             "($IMPASTO_WEIGHTS, then the data folders, the Keras cache, built-in)"},
    {"convention", 0, "Network", "auto|caffe|torchvision", CLI_CHOICE, SETTING(convention),
     .words = conventions, .recorded = true, .help = "the input these weights expect (auto)"},
    {"export-weights", 0, "Network", "FILE", CLI_TEXT, SETTING(export_weights),
     .help = "write the weights in use as safetensors"},

    {"device", 0, "Device", "SPEC", CLI_TEXT, COMMON(device), .chief = true, .recorded = true,
     .remote = true, .stays = true, .offers = "auto gpu igpu cpu accel",
     .help = "auto, an index, P:D, gpu, igpu, cpu, or text found in the device's name, platform, "
             "PCI address or UUID ($IMPASTO_DEVICE, else auto). Several, with commas, paint one "
             "picture together, each a band of its rows; of many pictures, each another one"},
    {"mpi", 0, "Device", NULL, CLI_FLAG, SETTING(mpi),
     .help =
         "paint one picture or film, or train one network, with all processes that a launcher has "
         "started, each with a device; mpirun, and srun with --mpi, are noticed without it"},
    {"bands", 0, "Device", "N:N...", CLI_TEXT, SETTING(bands), .recorded = true, .remote = true,
     .help = "of several devices or processes for one picture: their shares of its rows, such as "
             "3:1 (by their "
             "speed)"},
    {"list-devices", 0, "Device", NULL, CLI_FLAG, SETTING(list_devices), .chief = true,
     .help = "what there is, and what is odd about it"},
    {"json", 0, "Device", NULL, CLI_FLAG, SETTING(json), .help = "with --list-devices: as JSON"},
    {"self-test", 0, "Device", NULL, CLI_FLAG, SETTING(self_test),
     .help = "check every kernel on the device against double precision"},
    {"tune", 0, "Device", NULL, CLI_FLAG, SETTING(tune),
     .help = "measure for a minute or two which algorithms and block sizes are the fastest on the "
             "device, and keep that for later runs"},
    {"conv", 0, "Device", "auto|NAME", PARAM},
    {"gemm", 0, "Device", "auto|NAME", PARAM},

    {"memory", 0, "Device", "SIZE", PARAM},
    {"plan", 0, "Device", NULL, CLI_FLAG, SETTING(plan),
     .help = "only show how the memory would be used, and the cost in time"},

    {"checkpoint", 0, "Checkpoints", "FILE", CLI_TEXT, SETTING(checkpoint), .chief = true,
     .help =
         "save the run in FILE now and then, and when it is stopped, so that --resume can go on "
         "with it; kept when it is finished. A FILE with an unfinished run is not replaced"},
    {"every", 0, "Checkpoints", "N|Ns", CLI_EVERY, SETTING(every), .low = 1, .high = 1000000,
     .help = "how often to save it: every N iterations, or every N seconds (60s)"},
    {"resume", 0, "Checkpoints", "FILE|auto", CLI_SETTINGS, SETTING(resume), .chief = true,
     .help =
         "go on with the run in FILE, with its pictures and settings, to the same result as if it "
         "had never been stopped; name only outputs, files that have moved, or more --iterations. "
         "It goes on saving to FILE, unless --checkpoint names another. auto: with the file of "
         "--checkpoint; where that is not there, begin"},

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
    {"progress", 0, "Reports", "json", CLI_CHOICE, COMMON(progress), .words = progresses,
     .help = "how it goes, for other programs: JSON lines (start, phase, iteration, preview, log, "
             "picture, and at the end done or error) on standard output, or as --progress-fd says"},
    {"progress-fd", 0, "Reports", "N", CLI_INT, COMMON(progress_fd), .low = 1, .high = 1048576,
     .help = "the open descriptor that the lines of --progress go to, as 3 in 3>FILE (1)"},
    {"progress-preview", 0, "Reports", "N", CLI_INT, COMMON(progress_preview), .low = 16,
     .high = 2048,
     .help = "with --progress: now and then the picture so far too, N pixels its longer side"},
    {"profile", 0, "Reports", NULL, PARAM},
    {"quiet", 'q', "Reports", NULL, CLI_FLAG, COMMON(quiet), .chief = true,
     .help = "only warnings and errors"},
    {"verbose", 'v', "Reports", NULL, CLI_FLAG, COMMON(verbose), .help = "more about what is done"},
    {"version", 0, "Reports", NULL, CLI_FLAG, SETTING(version), .help = "print the version"},
    {"help", 'h', "Reports", NULL, CLI_FLAG, SETTING(help), .chief = true,
     .help = "print all of this; --help GROUP: one group or option of it; -h: one page"},
};
const size_t cli_option_count = sizeof(cli_options) / sizeof(*cli_options);

_Static_assert(offsetof(struct cli_settings, common) == 0, "COMMON is no offset in settings");
_Static_assert(sizeof(cli_options) / sizeof(*cli_options) <= CLI_OPTIONS_MOST, "values[] is short");

bool cli_is_called(const struct cli_option *option, const char *word, size_t length)
{
    const char *const names[] = {option->name, option->also};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i] && strlen(names[i]) == length && strncmp(names[i], word, length) == 0)
            return true;
    return false;
}

const struct cli_option *cli_find(const char *name, size_t length)
{
    for (size_t i = 0; i < cli_option_count; i++)
        if (cli_is_called(&cli_options[i], name, length))
            return &cli_options[i];
    return NULL;
}

size_t cli_command_options(const struct cli_command *command,
                           const struct cli_option *options[CLI_OPTIONS_MOST], size_t *own)
{
    size_t count = 0;
    while (command->rows && command->rows[count]) {
        options[count] = command->rows[count];
        count++;
    }
    *own = count;
    for (size_t i = 0; command->words && i < cli_option_count; i++)
        options[count++] = &cli_options[i];
    for (const char *name = command->shared; name && *name;) {
        const size_t length = strcspn(name, " ");
        options[count++] = cli_find(name, length);
        name += length + strspn(name + length, " ");
    }
    return count;
}

size_t cli_options_of(const struct cli_settings *settings,
                      const struct cli_option *options[CLI_OPTIONS_MOST])
{
    size_t own;
    if (settings->call)
        return cli_command_options(settings->call->command, options, &own);
    for (size_t i = 0; i < cli_option_count; i++)
        options[i] = &cli_options[i];
    return cli_option_count;
}
