/* SPDX-License-Identifier: MIT */
#ifndef CLI_STUDIO_HTTP_H
#define CLI_STUDIO_HTTP_H

/* HTTP on this machine's loopback, all in the caller's thread. http.c alone knows the library. */

#include "cli/common/common.h"

struct cli_http;

enum cli_body { CLI_BODY_NONE, CLI_BODY_TEXT, CLI_BODY_FILE };

/* What is answered. */
struct cli_reply {
    unsigned status;   /* 0: nothing is decided yet */
    const char *type;  /* of its content; static */
    const char *fixed; /* static bytes; NULL: `bytes` or `descriptor` */
    char *bytes;       /* from malloc; they become the reply's */
    size_t size;       /* of either */
    bool file;         /* `descriptor` has it; it becomes the reply's */
    int descriptor;
    char tag[24];  /* of what never changes; "": it must not be kept */
    char name[80]; /* to be saved under it, never to be shown; "": to be shown */
    bool stream;   /* events, without an end */
};

struct cli_request {
    const char *method, *path;
    enum cli_body body;
    size_t most;    /* bytes that the body may have */
    char *text;     /* of CLI_BODY_TEXT: a string; never NULL when the body is whole */
    size_t size;    /* bytes that came */
    int descriptor; /* of CLI_BODY_FILE: where they go; the callee's */
    bool excess;    /* there were more */
    int problem;    /* errno where they could not be written; 0 */
    bool waits;     /* `finish` has no reply yet; cli_http_answer comes later */
    struct cli_reply reply;
    const void *route; /* the callee's, as the next */
    char mark[40];
};

/* What has been told on a stream: the callee's numbers. */
struct cli_stream {
    uint64_t told[2];
    double when;
};

struct cli_http_calls {
    /* The head is there: sets a reply, or how the body is taken. */
    void (*begin)(void *user, struct cli_request *request);
    /* The body is there: sets a reply, or `waits`. */
    void (*finish)(void *user, struct cli_request *request);
    /* The request goes, whatever became of it. */
    void (*drop)(void *user, struct cli_request *request);
    /* What a stream has to tell now, from malloc. NULL: nothing. */
    char *(*tell)(void *user, struct cli_stream *stream);
};

/* port: 0: any that is free. IMPASTO_ERROR_OUTPUT: it is taken. */
enum impasto_status cli_http_open(struct cli_http **http, int port,
                                  const struct cli_http_calls *calls, void *user,
                                  struct impasto_error *error);
int cli_http_port(const struct cli_http *http);
/* Serves what there is, and waits at most so long for more, or for one of the descriptors. */
void cli_http_serve(struct cli_http *http, const int *descriptors, size_t count, bool *ready,
                    double seconds);
/* A header, or a value of the query; NULL: not there. *repeated becomes true where there are
 * several. */
const char *cli_http_header(const struct cli_request *request, const char *name, bool *repeated);
const char *cli_http_query(const struct cli_request *request, const char *name);
/* Sends the reply of a request that waited. */
void cli_http_answer(struct cli_request *request);
/* Streams have something to tell. */
void cli_http_wake(struct cli_http *http);
void cli_http_close(struct cli_http **http);

#endif
