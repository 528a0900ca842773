/* SPDX-License-Identifier: MIT */
#ifndef IMP_VIDEO_JOB_FOLDER_H
#define IMP_VIDEO_JOB_FOLDER_H

/*
 * What a run leaves for another one to go on from, in a folder beside the film: NAME.impasto. `job`
 * says what decides the frames. `state-N` is what whoever makes frames that build on each other
 * goes on from after N of them. Sinks have files of their own beside these.
 */

#include "video/kinds.h"

/* Files of video/ahead.h. */
#define IMP_JOB_AHEAD "ahead"
#define IMP_JOB_WAITING "waiting"

/* Zeroed: there is none. */
struct imp_job_folder {
    char *path;
    char *job, *state; /* paths in it; the latter has room for a number at its end */
    int64_t stated;    /* frames after which there is a state that counts; 0: none */
    double asked;      /* when a state was asked for that is not there yet; 0: none was */
    double kept, took; /* when the last one was there, and the seconds that keeping it took */
};

/* Names the folder of a film. To be freed in any case. IMPASTO_ERROR_MEMORY. */
enum impasto_status imp_job_folder_name(struct imp_job_folder *folder, const char *film,
                                        struct impasto_error *error);
/* A path in it, a new string; NULL: no memory. */
char *imp_job_folder_file(const struct imp_job_folder *folder, const char *name);
/* Makes the folder, or goes on with one of the same job. *fresh: it is made. IMPASTO_ERROR_OUTPUT:
 * it has another job. Hours of work may be in it. */
enum impasto_status imp_job_folder_open(struct imp_job_folder *folder, const char *job, bool *fresh,
                                        struct impasto_error *error);
/* Removes it with its states, once it has nothing else. */
void imp_job_folder_clear(const struct imp_job_folder *folder);
void imp_job_folder_free(struct imp_job_folder *folder);

/* ---- States ---------------------------------------------------------------------------------- */

/* Where the state after so many frames lies. Valid until the next call. */
const char *imp_job_state(struct imp_job_folder *folder, int64_t frames);
/* The same as a new string; NULL: no memory. */
char *imp_job_state_path(const struct imp_job_folder *folder, int64_t frames);
/* Whether it is time for another state: they take a small share of the time. */
bool imp_job_state_due(struct imp_job_folder *folder);
/* From how many frames on there is a state, from `least` to `most` of them; `least`: there may be
 * none. */
int64_t imp_job_find_state(struct imp_job_folder *folder, int64_t least, int64_t most);
/* The state that was due has been kept, if at all. Returns whether there is one of so many frames.
 */
bool imp_job_has_state(struct imp_job_folder *folder, int64_t frames);
/* That state counts from now on, since its frames are on the disk; the one before it goes. */
void imp_job_change_state(struct imp_job_folder *folder, int64_t frames);

/* ---- What frames were made of ---------------------------------------------------------------- */

/* Remembers the checksum of the source's frame that the frame of that number, from 0 on, is made
 * of. Whether that is on the disk does not matter: what is not remembered is not compared. */
void imp_job_saw(const struct imp_job_folder *folder, int64_t number, uint32_t checksum);
/* Whether it is another one than is remembered. */
bool imp_job_differs(const struct imp_job_folder *folder, int64_t number, uint32_t checksum);

#endif
