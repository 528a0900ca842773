/* SPDX-License-Identifier: MIT */
/* The studio's life: one loop over requests, what workers say, and the terminal. */

#include "base/os.h"
#include "cli/guard/guard.h"
#include "cli/studio/serve.h"
#include "cli/studio/studio.h"

#include <stdlib.h>

#define QUOTA ((uint64_t)20 << 30)
#define WAIT_SECONDS 0.25
#define TELL_SECONDS 0.1 /* of events, at most one in this time */
#define BEAT_SECONDS 5
#define KEEP_SECONDS 5
#define LEAVE_SECONDS 20 /* for a job to be stopped with its checkpoint */

/* Those of the workers that paint come first. */
enum { QUICKER = CLI_PAINTERS_MOST, TERMINAL, DESCRIPTORS };

static enum impasto_status open_studio(struct cli_studio *studio,
                                       const struct cli_studio_options *options,
                                       struct impasto_error *error)
{
    if (!cli_secret_make(studio->token, sizeof(studio->token)))
        return cli_fail(error, IMPASTO_ERROR_INTERNAL, "the system gives no random numbers");
    enum impasto_status status = cli_folder_open(&studio->folder, options->folder, error);
    if (status == IMPASTO_OK)
        status = cli_jobs_load(studio, error);
    if (status == IMPASTO_OK)
        status = cli_http_open(&studio->http, options->port, &cli_api, studio, error);
    return status;
}

/* The workers that paint, and then the quick one. */
static struct cli_child *child_at(struct cli_studio *studio, size_t i)
{
    return i < CLI_PAINTERS_MOST ? &studio->painters[i] : &studio->quicker;
}

static void close_studio(struct cli_studio *studio)
{
    if (studio->http)
        cli_link_publish(studio, false);
    cli_http_close(&studio->http);
    for (size_t i = 0; i <= CLI_PAINTERS_MOST; i++) {
        cli_child_kill(child_at(studio, i));
        json_decref(child_at(studio, i)->task);
    }
    json_decref(studio->jobs);
    json_decref(studio->pictures);
    json_decref(studio->unsaved);
    json_decref(studio->quick);
    json_decref(studio->devices);
    json_decref(studio->models);
    cli_pages_close(studio);
    cli_previews_free(studio);
    cli_folder_close(&studio->folder);
    cli_console_close(&studio->console);
}

/* Enter asks for a new link. false: nobody is there to press it any more. */
static bool hear_terminal(struct cli_studio *studio)
{
    char bytes[256];
    const ptrdiff_t got = imp_os_read(IMP_OS_STDIN, bytes, sizeof(bytes));
    if (got > 0)
        cli_link_print(studio);
    return got > 0;
}

/* One turn: what has come, what there is to do, and what is to be told. */
static void turn(struct cli_studio *studio, bool *terminal, double *told)
{
    int descriptors[DESCRIPTORS] = {[TERMINAL] = *terminal ? IMP_OS_STDIN : -1};
    bool ready[DESCRIPTORS];
    for (size_t i = 0; i <= QUICKER; i++)
        descriptors[i] = child_at(studio, i)->process ? child_at(studio, i)->from : -1;
    cli_http_serve(studio->http, descriptors, DESCRIPTORS, ready,
                   studio->news ? TELL_SECONDS : WAIT_SECONDS);
    for (size_t i = 0; i <= QUICKER; i++)
        if (ready[i])
            cli_queue_hear(studio, child_at(studio, i));
    if (ready[TERMINAL])
        *terminal = hear_terminal(studio);
    cli_queue_work(studio);
    const double now = cli_seconds();
    if ((studio->news && now - *told >= TELL_SECONDS) || now - *told >= BEAT_SECONDS) {
        studio->news = false;
        *told = now;
        cli_http_wake(studio->http);
    }
}

static void serve(struct cli_studio *studio)
{
    bool terminal = imp_os_is_terminal(IMP_OS_STDIN);
    double told = 0, kept = cli_seconds();
    while (!cli_stop_signal()) {
        turn(studio, &terminal, &told);
        if (cli_seconds() - kept >= KEEP_SECONDS) {
            kept = cli_seconds();
            cli_jobs_keep_again(studio);
        }
    }
}

/* How many workers there are, or have something to do. */
static size_t count_workers(struct cli_studio *studio, bool busy)
{
    size_t count = 0;
    for (size_t i = 0; i <= CLI_PAINTERS_MOST; i++)
        count +=
            busy ? i < QUICKER && child_at(studio, i)->task : child_at(studio, i)->process != 0;
    return count;
}

/* Workers end by themselves once they have stopped what they were at. */
static void leave(struct cli_studio *studio)
{
    bool terminal = false;
    double told = 0;
    const double began = cli_seconds();
    if (count_workers(studio, true) > 0)
        cli_console_log(&studio->console, IMPASTO_LOG_INFO,
                        "stopping the job at hand, which the next studio goes on with");
    cli_queue_leave(studio);
    while (count_workers(studio, false) > 0 && cli_seconds() - began < LEAVE_SECONDS)
        turn(studio, &terminal, &told);
    cli_jobs_keep_again(studio);
}

static void greet(struct cli_studio *studio, const struct cli_studio_options *options)
{
    char line[600];
    snprintf(line, sizeof(line), "the studio is open; its files are in %s; Ctrl-C ends it",
             studio->folder.path);
    cli_console_log(&studio->console, IMPASTO_LOG_INFO, line);
    if (studio->paused)
        cli_console_log(&studio->console, IMPASTO_LOG_INFO,
                        "jobs wait from the last time; the queue is paused until the page lets it "
                        "go on");
    cli_link_publish(studio, true);
    cli_link_print(studio);
    if (!options->no_browser)
        cli_link_browse(studio);
    cli_queue_ask(studio, "devices");
    cli_models_ask(studio);
}

enum impasto_status cli_studio_serve(const struct cli_studio_options *options,
                                     const struct cli_common *common, struct impasto_error *error)
{
    struct cli_studio studio = {.device = common->device,
                                .quota = options->quota ? options->quota : QUOTA,
                                .quicker = {.to = -1, .from = -1}};
    for (size_t i = 0; i < CLI_PAINTERS_MOST; i++)
        studio.painters[i] = (struct cli_child){.to = -1, .from = -1};
    cli_outlive_writes();
    cli_catch_signals();
    cli_console_init(&studio.console, common);
    enum impasto_status status = open_studio(&studio, options, error);
    if (status == IMPASTO_OK) {
        greet(&studio, options);
        serve(&studio);
        leave(&studio);
        status = cli_fail(error, IMPASTO_ERROR_INTERRUPTED, "interrupted");
    }
    close_studio(&studio);
    return status;
}
