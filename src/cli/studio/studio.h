/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_STUDIO_H
#define CLI_STUDIO_STUDIO_H

/*
 * Inside the studio: a page on this machine. One thread serves HTTP, keeps files and lets two
 * workers work, which are processes of their own. So nothing here decodes a picture or knows a
 * device. doc/studio.md says who may do what, and why.
 */

#include "cli/common/json.h"
#include "cli/options/table.h"
#include "cli/studio/folder.h"
#include "cli/studio/http.h"
#include "cli/terminal/terminal.h"

#define CLI_ID_SIZE 33     /* 32 hexadecimal digits and the 0 */
#define CLI_SECRET_SIZE 65 /* likewise 64 */
#define CLI_UPLOADS_MOST 4 /* that come, or are looked at, at a time */
#define CLI_STREAMS_MOST 8
#define CLI_PAGES_MOST 16   /* whose pictures are kept for them */
#define CLI_PAINTERS_MOST 4 /* workers that paint, each on a device of its own */
#define CLI_PREVIEWS_MOST (CLI_PAINTERS_MOST + 1)
#define CLI_WAITS_MOST 8 /* requests that wait for a small task of their own */

/* ---- secret.c -------------------------------------------------------------------------------- */

/* Fills `text` with random hexadecimal digits; its last byte becomes 0. false: the system has none
 * to give. */
bool cli_secret_make(char *text, size_t size);
/* Whether both are equal, in a time that does not tell how far they are. NULL is equal to nothing.
 */
bool cli_secret_is(const char *secret, const char *said);
/* Whether a text is an id as the studio makes them. */
bool cli_is_id(const char *text);

/* ---- checks.c -------------------------------------------------------------------------------- */

/* What a request says of itself before its body. NULL: nothing. */
struct cli_head {
    const char *path;
    const char *host, *origin;
    const char *fetch_site, *fetch_mode, *fetch_dest; /* Sec-Fetch-... */
    const char *token;                                /* X-Impasto-Token */
    bool repeated; /* one of these is there twice, or is not plain text */
};
/* Why it is refused: an HTTP status, with *why to be shown. 0: it is welcome. token: the one that
 * /api/ asks for, but for the session's own route. */
unsigned cli_head_refused(const struct cli_head *head, int port, const char *token,
                          const char **why);

/* ---- child.c --------------------------------------------------------------------------------- */

/* A worker: this program again, as impasto worker. */
struct cli_child {
    long process; /* 0: there is none */
    int to, from; /* its standard input and output */
    char *bytes;  /* what came of a line that is not whole yet */
    size_t used, room;
    double heard;    /* monotonic seconds: when it last gave a sign of life */
    double pinged;   /* and when it was last asked for one */
    double idle;     /* since when it has had nothing to do */
    double given;    /* since when it has had its task */
    double measures; /* since when its task paints to measure a film; 0: it does not */
    char place[16];  /* the device that it has worked on: see devices.c */
    json_t *task;    /* what it does; NULL: nothing */
};

typedef void (*cli_line_fn)(void *user, struct cli_child *child, const json_t *line);

/* held: a descriptor that the worker keeps open as long as it runs; below 0: none. */
enum impasto_status cli_child_start(struct cli_child *child, int held, struct impasto_error *error);
/* false: it is gone. */
bool cli_child_send(struct cli_child *child, const json_t *line);
/* Takes what has come; calls `take` for each whole line. false: it is gone. */
bool cli_child_read(struct cli_child *child, cli_line_fn take, void *user);
/* Lets it end by itself, with what it does: its lines still come. */
void cli_child_leave(struct cli_child *child);
/* Ends it at once, and forgets it. The task stays. */
void cli_child_kill(struct cli_child *child);

/* ---- The studio ------------------------------------------------------------------------------ */

struct cli_waiting { /* an upload that is being looked at */
    struct cli_request *request;
    char id[CLI_ID_SIZE];
    char *name; /* the client's, to be shown; NULL: none */
};

struct cli_wait { /* a request that waits for a small task of its own */
    struct cli_request *request;
    char task[CLI_ID_SIZE];
    bool measures; /* a film, which takes a while */
};

struct cli_preview {
    unsigned char *bytes; /* a JPEG; NULL: none */
    size_t size;
    char job[CLI_ID_SIZE];
    uint64_t number; /* a later one has a higher one */
};

struct cli_page {
    char id[CLI_ID_SIZE]; /* its own choice; "": none */
    json_t *pictures;     /* ids of those that it has in hand */
    double heard;         /* monotonic seconds: when it last said so */
};

struct cli_studio {
    struct cli_console console;
    struct cli_folder folder;
    struct cli_http *http;
    uint64_t quota;     /* bytes that the folder may have */
    const char *device; /* for jobs that name none; NULL: the usual one */
    char token[CLI_SECRET_SIZE], code[CLI_SECRET_SIZE];
    json_t *jobs;             /* an array of all, the oldest first */
    json_t *pictures;         /* ids and what is known of them */
    json_t *devices, *models; /* null until a worker has told */
    json_t *quick;            /* small tasks that wait for the quick worker */
    struct cli_child painters[CLI_PAINTERS_MOST];
    struct cli_child quicker; /* for all that takes a moment */
    struct cli_waiting waiting[CLI_UPLOADS_MOST];
    struct cli_wait waits[CLI_WAITS_MOST];
    struct cli_page pages[CLI_PAGES_MOST];
    int coming, streams; /* uploads and event streams that are open */
    bool paused, leaving;
    bool job_next;     /* the quick worker had a small task: a job has its turn */
    char warning[400]; /* about the folder; "": none */
    json_t *unsaved;   /* jobs whose files could not be written, by id */
    struct cli_preview previews[CLI_PREVIEWS_MOST]; /* of the jobs at hand */
    uint64_t preview_number;                        /* the latest */
    uint64_t changes;                               /* of jobs, pictures, devices */
    uint64_t progress;                              /* of the job at hand */
    bool news;                                      /* streams have something to tell */
};

/* ---- text.c ---------------------------------------------------------------------------------- */

const char *cli_text_in(const json_t *object, const char *key);
/* A worker's text, without paths of the studio's folder: pictures there go by their own names. The
 * caller frees it. NULL: no memory. */
char *cli_text_shown(const struct cli_studio *studio, const char *text);
/* A moment of the calendar's time, in seconds since 1970. */
json_t *cli_now(void);

/* ---- kinds.c --------------------------------------------------------------------------------- */

struct cli_kind {
    const char *command;             /* the job's, and the worker's */
    const struct cli_command *table; /* whose options it has; NULL: painting's */
    const char *ending, *type;       /* of what it makes */
    const char *keys;                /* what a page may ask with */
    bool resumes;                    /* from a checkpoint */
    bool by_words;                   /* a worker is told of it as a command line would */
};
/* NULL: there is none of that name, or no more of them. */
const struct cli_kind *cli_kind_find(const char *command);
const struct cli_kind *cli_kind_at(size_t index);
/* Of a job that is sound. */
const struct cli_kind *cli_kind_of(const json_t *job);
bool cli_job_makes_picture(const json_t *job);

/* ---- allowed.c ------------------------------------------------------------------------------- */

/* The option that a page may set of such a job; NULL: none. */
const struct cli_option *cli_allowed_find(const struct cli_kind *kind, const char *name);
/* Refuses settings that are not for pages, or that the option would not take. field: the one that
 * is wrong. */
enum impasto_status cli_allowed_check(const struct cli_kind *kind, const json_t *settings,
                                      const char **field, struct impasto_error *error);
/* All options that a page may set, as JSON. */
json_t *cli_allowed_list(void);

/* ---- jobs.c ---------------------------------------------------------------------------------- */

/* Reads the jobs and pictures in the folder. Of jobs that were at work, all wait. */
enum impasto_status cli_jobs_load(struct cli_studio *studio, struct impasto_error *error);
json_t *cli_job_find(const struct cli_studio *studio, const char *id);
bool cli_job_is(const json_t *job, const char *state);
/* Whether a worker is at it: it may have been told to stop, and still writes its result then. */
bool cli_job_is_at_work(const json_t *job);
/* Keeps it on the disk. Where that fails, it is tried again later, and told. */
void cli_job_keep(struct cli_studio *studio, json_t *job);
/* Tries again. */
void cli_jobs_keep_again(struct cli_studio *studio);
/* Adds a job, once it is on the disk. */
enum impasto_status cli_job_add(struct cli_studio *studio, json_t *job,
                                struct impasto_error *error);
void cli_job_forget(struct cli_studio *studio, json_t *job);
void cli_job_set(struct cli_studio *studio, json_t *job, const char *state);
/* Makes it the next one. */
void cli_job_put_first(struct cli_studio *studio, json_t *job);
/* Whether it takes minutes: it paints, or refines by painting what a network has painted. */
bool cli_job_paints(const json_t *job);
/* Whether it waits, and not for its network's training. */
bool cli_job_may_begin(const struct cli_studio *studio, const json_t *job);
/* The next one that may begin, of those that do, or of the others. NULL: none. */
json_t *cli_job_next(const struct cli_studio *studio, bool paints);
size_t cli_jobs_waiting(const struct cli_studio *studio);

/* ---- pictures.c ------------------------------------------------------------------------------ */

/* Takes an upload, which is the folder's. *known: it was there before. */
enum impasto_status cli_picture_take(struct cli_studio *studio, const char *upload,
                                     char id[CLI_ID_SIZE], bool *known,
                                     struct impasto_error *error);
/* Keeps what a worker has seen of it. */
enum impasto_status cli_picture_keep(struct cli_studio *studio, const char *id, const char *name,
                                     const json_t *looked, struct impasto_error *error);
/* Whether a job needs it. */
bool cli_picture_is_used(const struct cli_studio *studio, const char *id);
/* IMPASTO_ERROR_OUTPUT: the folder has more than its quota. */
enum impasto_status cli_quota_check(const struct cli_studio *studio, struct impasto_error *error);
/* Removes pictures that no job needs, and no open page, while the folder has more than its quota.
 * IMPASTO_ERROR_OUTPUT: what is left is still too much. */
enum impasto_status cli_pictures_make_room(struct cli_studio *studio, struct impasto_error *error);
void cli_picture_remove(struct cli_studio *studio, const char *id);

/* ---- pages.c --------------------------------------------------------------------------------- */

/* Notes that a page has a picture in hand. id: of the page; NULL or none: nothing is noted. */
void cli_page_add(struct cli_studio *studio, const char *id, const char *picture);
/* Whether an open page has it in hand. */
bool cli_page_has(const struct cli_studio *studio, const char *picture);
void cli_pages_close(struct cli_studio *studio);

/* ---- words.c --------------------------------------------------------------------------------- */

/* The command line that does the same as a job, from malloc. NULL: no memory. */
char *cli_job_line(const struct cli_studio *studio, const json_t *job);
/* What a job is to a worker. NULL: `error` says why; or it says nothing, and there is no memory, or
 * a picture or a network is gone. */
json_t *cli_job_request(const struct cli_studio *studio, const json_t *job,
                        struct impasto_error *error);
/* The same for its plan alone. */
json_t *cli_job_plan_request(const struct cli_studio *studio, const json_t *job);

/* ---- ask.c ----------------------------------------------------------------------------------- */

/* Makes a job of what a page asks for. *job: NULL where it is refused. field: what is wrong. */
enum impasto_status cli_job_make(const struct cli_studio *studio, const json_t *asked, json_t **job,
                                 const char **field, struct impasto_error *error);

/* ---- models.c -------------------------------------------------------------------------------- */

#define CLI_STYLE_NAME_SIZE 65

/* Asks what networks there are, and of those trained here what is not known of them. */
void cli_models_ask(struct cli_studio *studio);
/* Asks whether a training's network keeps the pictures of its styles. */
void cli_model_look_at(struct cli_studio *studio, json_t *training);
/* Takes the answer. task: the one that asked. */
void cli_model_looked_at(struct cli_studio *studio, const json_t *task);
/* All style networks with their styles, as JSON; null until a worker has told. */
json_t *cli_models_list(const struct cli_studio *studio);
/* Whether there is a style network of that name, or a style of one. */
bool cli_model_is_there(const struct cli_studio *studio, const char *name);
/* Whether that network has a style of another name, too. */
bool cli_model_has(const struct cli_studio *studio, const char *name, const char *style);
/* Whether it keeps the pictures of its styles, so that refining needs no others. */
bool cli_model_keeps_pictures(const struct cli_studio *studio, const char *name);
/* The network as a worker finds it. NULL: it is gone. */
json_t *cli_model_word(const struct cli_studio *studio, const char *name);
/* What people call it. */
json_t *cli_model_name(const struct cli_studio *studio, const char *name);
/* What a training calls its style: as the painting's file. */
void cli_style_name(const struct cli_studio *studio, const json_t *job, size_t index,
                    char name[CLI_STYLE_NAME_SIZE]);
/* And its network, for who saves it. */
void cli_model_file_name(const struct cli_studio *studio, const json_t *job,
                         char name[CLI_STYLE_NAME_SIZE + 8]);
/* Whether a job at work, or one that waits, needs a training's network. */
bool cli_model_is_used(const struct cli_studio *studio, const char *id);

/* ---- tasks.c --------------------------------------------------------------------------------- */

/* Has the quick worker do a task, which gets a name of its own, and becomes the list's. */
void cli_queue_task(struct cli_studio *studio, json_t *task);
/* A small task that nobody waits for any more. It is not begun; one that measures ends. name: its
 * own. */
void cli_task_drop(struct cli_studio *studio, const char *name);
/* An upload whose client has left. Unless another client waits for the same one, it is not kept;
 * nor looked at, if no worker is at it yet. */
void cli_upload_drop(struct cli_studio *studio, const struct cli_request *request);
/* Gives a task the path of a file with an id's name. */
void cli_task_set_path(const struct cli_studio *studio, json_t *task, const char *key,
                       enum cli_place place, const char *id, const char *ending);
/* Asks for a look at an upload, whose request waits for it; at a result; at what there is. */
void cli_queue_look(struct cli_studio *studio, struct cli_request *request, const char *id,
                    const char *name, bool film);
void cli_task_look_at_result(struct cli_studio *studio, const char *id);
/* The looks at a result whose job is forgotten: those that are not begun never are. */
void cli_result_drop(struct cli_studio *studio, const char *id);
void cli_queue_ask(struct cli_studio *studio, const char *task);

/* ---- waits.c --------------------------------------------------------------------------------- */

/* Has a request wait for a task, whose end answers it. task: becomes the list's. false: too many
 * wait, or the studio is leaving, and it is refused. */
bool cli_wait_for(struct cli_studio *studio, struct cli_request *request, json_t *task);
/* Names a file that the task is to write, which becomes the answer: object's member `key`. format:
 * an ending without its dot. as: the name for who saves it; "": it is to be shown. false: refused.
 */
bool cli_wait_name_file(struct cli_studio *studio, struct cli_request *request, json_t *task,
                        json_t *object, const char *key, const char *format, const char *as);
/* Waits for a picture in another format. place, id, source: the picture's file. */
void cli_wait_for_picture(struct cli_studio *studio, struct cli_request *request,
                          enum cli_place place, const char *id, const char *source,
                          const char *format, const char *as);
/* Answers who waits for this task. line: the worker's last one about it; NULL: it has ended at it.
 */
void cli_wait_finish(struct cli_studio *studio, const json_t *task, const json_t *line);
/* Ends the measuring of a film, and answers who waits for it. Where none is measured, nothing. but:
 * who waits on; NULL: nobody. */
void cli_wait_end_measuring(struct cli_studio *studio, const struct cli_request *but,
                            const char *why);
void cli_wait_drop(struct cli_studio *studio, const struct cli_request *request);
/* Nobody will be answered by a worker any more. */
void cli_waits_end(struct cli_studio *studio);

/* ---- heard.c --------------------------------------------------------------------------------- */

/* Takes a line about a job that is not its last. */
void cli_job_hear(struct cli_studio *studio, json_t *job, const json_t *line);
/* The latest picture of a job; NULL: none is kept. */
const struct cli_preview *cli_preview_of(const struct cli_studio *studio, const json_t *job);
void cli_previews_free(struct cli_studio *studio);

/* ---- devices.c ------------------------------------------------------------------------------- */

/* A worker for a device: the one that has it open, if that is free. NULL: none is free. */
struct cli_child *cli_device_worker(struct cli_studio *studio, const char *place);
/* The next painting that may begin, with its device. NULL: none. */
json_t *cli_device_next(const struct cli_studio *studio, char place[16]);

/* ---- ends.c ---------------------------------------------------------------------------------- */

/* Takes the last line about a job. */
void cli_job_finish(struct cli_studio *studio, json_t *job, const json_t *line);
void cli_job_end(struct cli_studio *studio, json_t *job, const char *state);
void cli_job_fail(struct cli_studio *studio, json_t *job, const char *status, const char *text);
/* Answers all who wait for a picture that has been looked at. refused: why it is none; NULL. */
void cli_upload_finish(struct cli_studio *studio, const json_t *task, const char *refused);
/* body: becomes the answer's. */
void cli_upload_answer(struct cli_waiting *waiting, unsigned status, json_t *body);

/* ---- queue.c --------------------------------------------------------------------------------- */

/* Gives workers what waits for them, and sees to those that are silent, gone or idle. */
void cli_queue_work(struct cli_studio *studio);
/* Takes what a worker has sent. */
void cli_queue_hear(struct cli_studio *studio, struct cli_child *child);
/* Ends a job's work; false: it is not at work. */
bool cli_queue_stop(struct cli_studio *studio, json_t *job);
/* Ends all work: the jobs at hand are stopped, and wait. */
void cli_queue_leave(struct cli_studio *studio);

/* ---- api.c ----------------------------------------------------------------------------------- */

/* What requests are answered. `user` is the studio. */
extern const struct cli_http_calls cli_api;

/* ---- link.c ---------------------------------------------------------------------------------- */

/* Makes a new code, and prints the link. */
void cli_link_print(struct cli_studio *studio);
/* Tells other programs of this user, by a file that nobody else reads. */
void cli_link_publish(const struct cli_studio *studio, bool there);
/* Opens the user's browser. The code is not among its words, where others would see it. */
void cli_link_browse(struct cli_studio *studio);

#endif
