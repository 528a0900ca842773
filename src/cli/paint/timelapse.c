/* SPDX-License-Identifier: MIT */
/* --timelapse: the picture at regular iterations, in numbered files that any encoder takes. */

#include "base/os.h"
#include "cli/paint/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define USUAL_FRAMES 100 /* about 4 s of film */
#define LEAST_DIGITS 6

/* Whether a file's name is that of a frame: digits, at least so many, and .png. */
static bool is_frame(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    return digits >= LEAST_DIGITS && strcmp(name + digits, ".png") == 0;
}

static int count_frames(const char *folder)
{
    struct imp_os_entries *entries = imp_os_open_folder(folder);
    int count = 0;
    if (!entries)
        return 0;
    for (const char *name; (name = imp_os_next_name(entries));)
        count += is_frame(name);
    imp_os_close_folder(entries);
    return count;
}

/* Refuses a folder whose frames are not of the iterations that their numbers stand for. The next
 * frames would take the place of others. */
static enum impasto_status check_frames(const struct cli_settings *settings, const char *folder,
                                        struct impasto_error *error)
{
    const int asked = settings->timelapse_every, before = cli_resumed_frames(settings);
    if (count_frames(folder) == 0)
        return IMPASTO_OK;
    if (before == 0 && asked == 0)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: has frames, and %s does not say of which iterations: give the "
                        "--timelapse-every that they were made with, remove them, or name another "
                        "folder for --timelapse",
                        folder, settings->resume);
    if (before > 0 && asked > 0 && asked != before)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: has a frame for every %d iterations: leave out --timelapse-every %d, "
                        "remove them, or name another folder for --timelapse",
                        folder, before, asked);
    return IMPASTO_OK;
}

/* Refuses a folder that has frames: those of two runs would mix. */
static enum impasto_status check_empty(const char *folder, struct impasto_error *error)
{
    struct imp_os_entries *entries = imp_os_open_folder(folder);
    if (!entries)
        return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, folder, "cannot be looked into", errno);
    enum impasto_status status = IMPASTO_OK;
    for (const char *name; status == IMPASTO_OK && (name = imp_os_next_name(entries));)
        if (is_frame(name))
            status = cli_fail(error, IMPASTO_ERROR_OUTPUT,
                              "%s: has frames already, such as %s; remove them or name another "
                              "folder for --timelapse",
                              folder, name);
    imp_os_close_folder(entries);
    return status;
}

/* Whether `path`, a file that need not be there, would be a frame in the folder. */
static bool is_frame_in(const char *path, const char *folder)
{
    struct imp_os_about a, b;
    if (!is_frame(imp_os_name(path)))
        return false;
    char *parent = imp_os_folder(path);
    const bool same =
        parent && imp_os_look(parent, &a) && imp_os_look(folder, &b) && imp_os_is_same(&a, &b);
    free(parent);
    return same;
}

static enum impasto_status check_folder(const struct cli_settings *settings, const char *folder,
                                        const char *output, struct impasto_error *error)
{
    struct imp_os_about about;
    const char *outputs[CLI_OUTPUTS];
    cli_list_outputs(settings, output, outputs);
    for (size_t i = 0; i < CLI_OUTPUTS; i++)
        if (outputs[i] && (cli_same_file(outputs[i], folder) || is_frame_in(outputs[i], folder)))
            return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                            "%s: is also what --timelapse would write; choose another name",
                            outputs[i]);
    if (!imp_os_look(folder, &about))
        return errno == ENOENT ? impasto_file_check(folder, error)
                               : cli_fail_file(error, IMPASTO_ERROR_OUTPUT, folder,
                                               "cannot be looked into", errno);
    if (about.kind != IMP_OS_FOLDER)
        return cli_fail(error, IMPASTO_ERROR_OUTPUT,
                        "%s: is not a folder; name one for --timelapse", folder);
    if (!imp_os_may_fill(folder))
        return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, folder, "the folder cannot be written to",
                             errno);
    return settings->resume ? check_frames(settings, folder, error) : check_empty(folder, error);
}

enum impasto_status cli_timelapse_check(const struct cli_settings *settings, const char *output,
                                        struct impasto_error *error)
{
    if (!settings->timelapse)
        return settings->timelapse_every
                   ? cli_fail(error, IMPASTO_ERROR_USAGE,
                              "--timelapse-every goes with --timelapse, which names the folder")
                   : IMPASTO_OK;
    /* "film/" is film, also where it is not there yet. */
    size_t length = strlen(settings->timelapse);
    while (length > 1 && imp_os_is_separator(settings->timelapse[length - 1]))
        length--;
    char *folder = imp_os_copy_start(settings->timelapse, length);
    if (!folder)
        return cli_fail_memory(error, "a file name");
    const enum impasto_status status = check_folder(settings, folder, output, error);
    free(folder);
    return status;
}

int cli_timelapse_every(const struct cli_settings *settings, int iterations)
{
    const int before = cli_resumed_frames(settings);
    if (settings->timelapse_every > 0)
        return settings->timelapse_every;
    if (before > 0 || !settings->timelapse)
        return before;
    return iterations < USUAL_FRAMES ? 1 : (iterations + USUAL_FRAMES - 1) / USUAL_FRAMES;
}

/* Frames are PNG, whatever the result is. */
static struct impasto_save_options frame_options(const struct cli_settings *settings)
{
    struct impasto_save_options options = cli_save_options(settings);
    options.format = IMPASTO_FORMAT_PNG;
    return options;
}

enum impasto_status cli_timelapse_open(struct cli_timelapse *timelapse,
                                       const struct cli_settings *settings, int iterations,
                                       int taken, struct impasto_error *error)
{
    if (!settings->timelapse)
        return IMPASTO_OK;
    const int every = cli_timelapse_every(settings, iterations);
    *timelapse = (struct cli_timelapse){
        .folder = settings->timelapse,
        .every = every,
        .options = frame_options(settings),
        .last = -1,
    };
    /* The first frame is iteration 0, and the last may come out of turn. */
    const int most = iterations / timelapse->every + 1;
    timelapse->digits = snprintf(NULL, 0, "%d", most);
    if (timelapse->digits < LEAST_DIGITS)
        timelapse->digits = LEAST_DIGITS;
    if (!imp_os_make_folder(timelapse->folder, false) && errno != EEXIST)
        return cli_fail_file(error, IMPASTO_ERROR_OUTPUT, timelapse->folder,
                             "the folder cannot be made", errno);
    if (settings->resume) {
        /* Those of the iterations before this one; later ones are of a run that died after it. */
        const int there = count_frames(timelapse->folder);
        const int before = (taken + every - 1) / every;
        timelapse->frames = there < before ? there : before;
    }
    return IMPASTO_OK;
}

void cli_timelapse_rewind(struct cli_timelapse *timelapse, int taken)
{
    if (!timelapse->folder)
        return;
    /* That of the iteration itself has been written. */
    const int there = taken / timelapse->every + 1;
    timelapse->frames = timelapse->frames < there ? timelapse->frames : there;
    timelapse->last = -1;
}

bool cli_timelapse_due(const struct cli_timelapse *timelapse, int taken)
{
    return timelapse->folder && taken % timelapse->every == 0;
}

enum impasto_status cli_timelapse_write(struct cli_timelapse *timelapse, int taken, int width,
                                        int height, const struct impasto_image *image,
                                        struct impasto_error *error)
{
    if (!timelapse->folder || timelapse->last == taken)
        return IMPASTO_OK;
    const size_t size = strlen(timelapse->folder) + sizeof("/2147483647.png");
    char *path = malloc(size);
    if (!path)
        return cli_fail_memory(error, "a file name");
    snprintf(path, size, "%s/%0*d.png", timelapse->folder, timelapse->digits, timelapse->frames);
    struct impasto_image *resized = NULL;
    enum impasto_status status = IMPASTO_OK;
    if (image->width != width || image->height != height)
        status = impasto_image_resize(image, width, height, &resized, error);
    if (status == IMPASTO_OK)
        status = impasto_image_save(resized ? resized : image, path, &timelapse->options, error);
    impasto_image_free(&resized);
    free(path);
    if (status == IMPASTO_OK) {
        timelapse->frames++;
        timelapse->last = taken;
    }
    return status;
}
