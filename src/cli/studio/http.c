/* SPDX-License-Identifier: MIT */
/*
 * The HTTP library, which nobody else knows. Its loop runs in the caller's thread, so that nothing
 * here needs a lock.
 *
 * Its own time limit is about silence. A client that sends a byte now and then would keep a
 * connection for ever, and there are only so many. So each connection has deadlines of ours, and
 * one that misses them is shut.
 */

#include "base/os.h"
#include "cli/studio/deadlines.h"
#include "cli/studio/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MOST 64
#define MEMORY_MOST (32 << 10) /* bytes of a connection: heads must fit */
#define SILENT_SECONDS 60
#define BLOCK 8192
#define DISCARD_MOST 65536 /* of a body that is refused on its way */

/* ---- Connections ----------------------------------------------------------------------------- */

struct cli_http {
    struct MHD_Daemon *daemon;
    struct cli_http_calls calls;
    void *user;
    int port;
    struct cli_link *links;
    struct entry *streams;
};

/* A request as the library and the callee know it. */
struct entry {
    struct cli_request request; /* first: it is handed out */
    struct cli_http *http;
    struct MHD_Connection *connection;
    struct cli_link *link;
    bool whole; /* the body is there */
    bool suspended;
    bool left;   /* nobody is there any more to be answered */
    size_t room; /* of request.text */
    size_t discarded;
    struct cli_stream told;
    char *text; /* of a stream, that is being sent */
    size_t sent, length;
    bool listed; /* among the streams */
    struct entry *before, *after;
};

static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct cli_http *http = cls;
    struct cli_link *link = *context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (!info || !(link = calloc(1, sizeof(*link))))
            return;
        link->socket = info->connect_fd;
        link->first = true;
        cli_link_enter(link, CLI_LINK_WAITS_FOR_HEAD, 0);
        link->after = http->links;
        if (http->links)
            http->links->before = link;
        http->links = link;
    } else if (link) {
        *(link->before ? &link->before->after : &http->links) = link->after;
        if (link->after)
            link->after->before = link->before;
        free(link);
        link = NULL;
    }
    *context = link;
}

/* ---- Streams --------------------------------------------------------------------------------- */

static ssize_t read_stream(void *cls, uint64_t position, char *buffer, size_t most)
{
    struct entry *entry = cls;
    (void)position;
    if (entry->sent == entry->length) {
        free(entry->text);
        entry->text = entry->http->calls.tell(entry->http->user, &entry->told);
        entry->sent = 0;
        entry->length = entry->text ? strlen(entry->text) : 0;
    }
    if (entry->length == 0) {
        entry->suspended = true;
        MHD_suspend_connection(entry->connection);
        return 0;
    }
    const size_t left = entry->length - entry->sent, taken = left < most ? left : most;
    memcpy(buffer, entry->text + entry->sent, taken);
    entry->sent += taken;
    return (ssize_t)taken;
}

static void resume(struct entry *entry)
{
    if (!entry->suspended)
        return;
    entry->suspended = false;
    MHD_resume_connection(entry->connection);
}

void cli_http_wake(struct cli_http *http)
{
    for (struct entry *entry = http->streams; entry; entry = entry->after)
        resume(entry);
}

/* ---- Replies --------------------------------------------------------------------------------- */

/* What every page is told of itself: that it loads nothing from elsewhere, is shown in no frame of
 * others, and that no other page may hold on to it. */
static void add_headers(struct MHD_Response *response, const struct cli_reply *reply)
{
    const char *const headers[][2] = {
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
         "media-src blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
         "frame-ancestors 'none'; require-trusted-types-for 'script'"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", reply->tag[0] ? "no-cache" : "no-store"},
    };
    char value[120];
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (reply->type)
        MHD_add_response_header(response, "Content-Type", reply->type);
    if (reply->tag[0])
        MHD_add_response_header(response, "ETag", reply->tag);
    snprintf(value, sizeof(value), "attachment; filename=\"%s\"", reply->name);
    if (reply->name[0])
        MHD_add_response_header(response, "Content-Disposition", value);
}

static struct MHD_Response *make_response(struct entry *entry)
{
    struct cli_reply *reply = &entry->request.reply;
    struct MHD_Response *response;
    if (reply->stream)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, entry, NULL);
    if (reply->file) {
        response = MHD_create_response_from_fd64(reply->size, reply->descriptor);
        if (response)
            reply->file = false; /* it closes it */
        return response;
    }
    if (reply->fixed)
        return MHD_create_response_from_buffer(reply->size, (void *)reply->fixed,
                                               MHD_RESPMEM_PERSISTENT);
    response = MHD_create_response_from_buffer(
        reply->size, reply->bytes ? reply->bytes : (void *)"",
        reply->bytes ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
    if (response)
        reply->bytes = NULL;
    return response;
}

static void add_stream(struct entry *entry)
{
    struct cli_http *http = entry->http;
    entry->after = http->streams;
    if (http->streams)
        http->streams->before = entry;
    http->streams = entry;
    entry->listed = true;
}

static enum MHD_Result reply_with(struct entry *entry)
{
    const bool stream = entry->request.reply.stream;
    struct MHD_Response *response = make_response(entry);
    if (!response)
        return MHD_NO;
    add_headers(response, &entry->request.reply);
    if (entry->link)
        cli_link_enter(entry->link, stream ? CLI_LINK_STREAMS : CLI_LINK_REPLIES,
                       entry->request.reply.size);
    if (stream)
        add_stream(entry);
    const enum MHD_Result queued =
        MHD_queue_response(entry->connection, entry->request.reply.status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ---- Requests -------------------------------------------------------------------------------- */

static void take_text(struct entry *entry, const char *bytes, size_t size)
{
    struct cli_request *request = &entry->request;
    if (request->size + size + 1 > entry->room) {
        const size_t room = 2 * (request->size + size + 1);
        char *text = realloc(request->text, room);
        if (!text) {
            request->problem = ENOMEM;
            return;
        }
        request->text = text;
        entry->room = room;
    }
    memcpy(request->text + request->size, bytes, size);
    request->text[request->size + size] = '\0';
}

/* false: no more of it is read. */
static bool take_body(struct entry *entry, const char *bytes, size_t size)
{
    struct cli_request *request = &entry->request;
    if (entry->link)
        entry->link->bytes += size;
    request->excess |= size > request->most - request->size;
    if (request->excess || request->problem != 0) {
        entry->discarded += size;
        return entry->discarded <= DISCARD_MOST;
    }
    if (request->body == CLI_BODY_TEXT)
        take_text(entry, bytes, size);
    else
        request->problem = imp_os_write_all(request->descriptor, bytes, size);
    request->size += size;
    return true;
}

static struct entry *begin(struct cli_http *http, struct MHD_Connection *connection,
                           const char *url, const char *method)
{
    struct entry *entry = calloc(1, sizeof(*entry));
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (!entry)
        return NULL;
    entry->http = http;
    entry->connection = connection;
    entry->link = info ? info->socket_context : NULL;
    entry->request.method = method;
    entry->request.path = url;
    entry->request.descriptor = -1;
    if (entry->link)
        cli_link_enter(entry->link, CLI_LINK_BODY, 0);
    http->calls.begin(http->user, &entry->request);
    return entry;
}

static enum MHD_Result finish(struct entry *entry)
{
    struct cli_request *request = &entry->request;
    entry->whole = true;
    if (entry->link)
        cli_link_enter(entry->link, CLI_LINK_WORKS, 0);
    if (request->body == CLI_BODY_TEXT && !request->text && !(request->text = calloc(1, 1)))
        return MHD_NO;
    entry->http->calls.finish(entry->http->user, request);
    if (!request->waits)
        return reply_with(entry);
    entry->suspended = true;
    if (entry->link)
        entry->link->waits = entry;
    MHD_suspend_connection(entry->connection);
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *size, void **context)
{
    struct entry *entry = *context;
    (void)version;
    if (!entry) {
        entry = *context = begin(cls, connection, url, method);
        return !entry ? MHD_NO : entry->request.reply.status ? reply_with(entry) : MHD_YES;
    }
    if (*size > 0) {
        const bool on = take_body(entry, bytes, *size);
        *size = 0;
        return on ? MHD_YES : MHD_NO;
    }
    return entry->left ? MHD_NO : entry->whole ? reply_with(entry) : finish(entry);
}

static void on_end(void *cls, struct MHD_Connection *connection, void **context,
                   enum MHD_RequestTerminationCode code)
{
    struct cli_http *http = cls;
    struct entry *entry = *context;
    (void)connection;
    (void)code;
    if (!entry)
        return;
    http->calls.drop(http->user, &entry->request);
    if (entry->listed) {
        *(entry->before ? &entry->before->after : &http->streams) = entry->after;
        if (entry->after)
            entry->after->before = entry->before;
    }
    if (entry->link) {
        entry->link->waits = NULL;
        entry->link->first = false;
        cli_link_enter(entry->link, CLI_LINK_WAITS_FOR_HEAD, 0);
    }
    if (entry->request.reply.file)
        imp_os_close(entry->request.reply.descriptor);
    free(entry->request.reply.bytes);
    free(entry->request.text);
    free(entry->text);
    free(entry);
    *context = NULL;
}

void cli_http_answer(struct cli_request *request)
{
    struct entry *entry = (struct entry *)request;
    request->waits = false;
    if (entry->link)
        entry->link->waits = NULL;
    resume(entry);
}

/* The library does not look at connections that are suspended. A request whose client has closed
 * its end goes. */
static void drop_those_left(struct cli_http *http)
{
    for (struct cli_link *link = http->links; link; link = link->after) {
        struct entry *entry = link->waits;
        if (!entry || !cli_link_is_left(link))
            continue;
        link->waits = NULL;
        entry->left = true;
        resume(entry);
    }
}

struct search {
    const char *name, *value;
    int count;
};

static enum MHD_Result look_at(void *cls, enum MHD_ValueKind kind, const char *name,
                               const char *value)
{
    struct search *search = cls;
    (void)kind;
    if (imp_os_compare(name, search->name) == 0) {
        search->value = value ? value : "";
        search->count++;
    }
    return MHD_YES;
}

const char *cli_http_header(const struct cli_request *request, const char *name, bool *repeated)
{
    struct search search = {.name = name};
    MHD_get_connection_values(((const struct entry *)request)->connection, MHD_HEADER_KIND, look_at,
                              &search);
    if (repeated && search.count > 1)
        *repeated = true;
    return search.value;
}

const char *cli_http_query(const struct cli_request *request, const char *name)
{
    return MHD_lookup_connection_value(((const struct entry *)request)->connection,
                                       MHD_GET_ARGUMENT_KIND, name);
}

/* ---- The server ------------------------------------------------------------------------------ */

/* A socket of our own: on the loopback alone, whatever the library would do. */
static int listen_on(int port, int *got)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    socklen_t size = sizeof(here);
    const int yes = 1;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return -1;
    /* So that a studio that is started again gets its port. */
    (void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(listener, (const struct sockaddr *)&here, sizeof(here)) != 0 ||
        listen(listener, CONNECTIONS_MOST) != 0 ||
        getsockname(listener, (struct sockaddr *)&here, &size) != 0) {
        const int problem = errno;
        close(listener);
        errno = problem;
        return -1;
    }
    *got = ntohs(here.sin_port);
    return listener;
}

static enum impasto_status start(struct cli_http *http, int listener, struct impasto_error *error)
{
    http->daemon = MHD_start_daemon(
        MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http, MHD_OPTION_LISTEN_SOCKET,
        listener, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MOST,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)SILENT_SECONDS, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, http, MHD_OPTION_NOTIFY_COMPLETED, on_end, http, MHD_OPTION_END);
    if (http->daemon)
        return IMPASTO_OK;
    close(listener);
    return cli_fail(error, IMPASTO_ERROR_MEMORY, "the HTTP library cannot be started");
}

enum impasto_status cli_http_open(struct cli_http **http, int port,
                                  const struct cli_http_calls *calls, void *user,
                                  struct impasto_error *error)
{
    struct cli_http *made = calloc(1, sizeof(*made));
    if (!made)
        return cli_fail_memory(error, "the studio");
    made->calls = *calls;
    made->user = user;
    const int listener = listen_on(port, &made->port);
    const enum impasto_status status =
        listener < 0 ? cli_fail(error, IMPASTO_ERROR_OUTPUT,
                                "--port: %d on this machine cannot be used: %s; name another, or 0 "
                                "for any",
                                port, strerror(errno))
                     : start(made, listener, error);
    if (status == IMPASTO_OK)
        *http = made;
    else
        free(made);
    return status;
}

int cli_http_port(const struct cli_http *http)
{
    return http->port;
}

/* Of the library's wish and ours, the sooner. */
static struct timeval time_to_wait(struct cli_http *http, double seconds)
{
    MHD_UNSIGNED_LONG_LONG milliseconds;
    if (MHD_get_timeout(http->daemon, &milliseconds) == MHD_YES &&
        (double)milliseconds / 1000 < seconds)
        seconds = (double)milliseconds / 1000;
    return (struct timeval){.tv_sec = (time_t)seconds,
                            .tv_usec = (suseconds_t)((seconds - (double)(time_t)seconds) * 1e6)};
}

void cli_http_serve(struct cli_http *http, const int *descriptors, size_t count, bool *ready,
                    double seconds)
{
    fd_set reads, writes, others;
    int most = 0;
    FD_ZERO(&reads);
    FD_ZERO(&writes);
    FD_ZERO(&others);
    cli_links_sweep(http->links);
    drop_those_left(http);
    if (MHD_get_fdset(http->daemon, &reads, &writes, &others, &most) != MHD_YES)
        return;
    for (size_t i = 0; i < count; i++) {
        ready[i] = false;
        if (descriptors[i] < 0)
            continue;
        FD_SET(descriptors[i], &reads);
        most = descriptors[i] > most ? descriptors[i] : most;
    }
    struct timeval wait = time_to_wait(http, seconds);
    if (select(most + 1, &reads, &writes, &others, &wait) < 0)
        return; /* a signal, mostly */
    for (size_t i = 0; i < count; i++)
        ready[i] = descriptors[i] >= 0 && FD_ISSET(descriptors[i], &reads);
    (void)MHD_run_from_select(http->daemon, &reads, &writes, &others);
}

void cli_http_close(struct cli_http **http)
{
    if (!*http)
        return;
    cli_http_wake(*http);
    MHD_stop_daemon((*http)->daemon);
    free(*http);
    *http = NULL;
}
