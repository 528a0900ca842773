/* SPDX-License-Identifier: MIT */
#ifndef IMP_OS_H
#define IMP_OS_H

/*
 * The operating system: what C itself lacks and each system does in its own way. Only this room,
 * and the few files that tests/unit/test_layering.py names, include headers of a system.
 * os_posix*.c implements this header for POSIX. A build for another system has other files.
 *
 * It needs C alone, so that the program can use it as well. The program has a copy of its own,
 * since the library does not export it. Where a function fails, errno says why.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- Paths: os_posix.c ----------------------------------------------------------------------- */

#define IMP_OS_NOWHERE "/dev/null" /* takes all, has nothing */
#define IMP_OS_LIST_MARK ':'       /* between the paths in a variable of the environment */

bool imp_os_is_separator(char c);
/* Whether it leads to the same place from every folder. */
bool imp_os_is_absolute(const char *path);
/* What follows the last separator. */
const char *imp_os_name(const char *path);
/* The folder that a path is in, a new string: "." where it names none. NULL: no memory. */
char *imp_os_folder(const char *path);
/* folder/name, a new string, with one separator between them. NULL: no memory. */
char *imp_os_join(const char *folder, const char *name);
/* The user's own folder; NULL: there is none. Static. */
const char *imp_os_home(void);
/* The folder that relative paths count from. */
bool imp_os_current_folder(char *path, size_t size);

/* ---- Questions about files: os_posix_file.c -------------------------------------------------- */

enum imp_os_kind {
    IMP_OS_FILE,
    IMP_OS_FOLDER,
    IMP_OS_LINK,      /* imp_os_look_at_link alone finds these */
    IMP_OS_CHARACTER, /* a terminal, or nowhere */
    IMP_OS_OTHER      /* a pipe, socket or disk */
};

struct imp_os_about {
    enum imp_os_kind kind;
    uint64_t size;     /* bytes */
    int64_t modified;  /* seconds since 1970 */
    uint64_t place[2]; /* which file it is: the disk, and the number there */
};

bool imp_os_look(const char *path, struct imp_os_about *about);
/* Of a link, not of what it leads to. */
bool imp_os_look_at_link(const char *path, struct imp_os_about *about);
bool imp_os_look_open(int descriptor, struct imp_os_about *about);
/* Whether both are one file. */
bool imp_os_is_same(const struct imp_os_about *a, const struct imp_os_about *b);
/* Below 0, 0 or above: the same, for sorting. */
int imp_os_order(const struct imp_os_about *a, const struct imp_os_about *b);
/* Whether something is there, whatever it is. */
bool imp_os_is_there(const char *path);
bool imp_os_is_file(const char *path);
bool imp_os_is_folder(const char *path);
/* Whether files may be made in the folder. */
bool imp_os_may_fill(const char *folder);
/* Bytes that are free on the folder's disk. false: nobody knows; some network disks do not tell. */
bool imp_os_disk_room(const char *folder, uint64_t *bytes);

/* ---- Open files: os_posix_file.c ------------------------------------------------------------- */

enum imp_os_standard { IMP_OS_STDIN, IMP_OS_STDOUT, IMP_OS_STDERR };

enum imp_os_mode {
    IMP_OS_READ,
    IMP_OS_READ_NOW, /* without waiting for the other end of a pipe */
    IMP_OS_WRITE,    /* something that is there, such as a pipe, whose other end is waited for */
    IMP_OS_CHANGE,   /* to be read and written */
    IMP_OS_CREATE    /* likewise; EEXIST where it is there already */
};

/* A descriptor, which no other program inherits; below 0: it failed. */
int imp_os_open(const char *path, enum imp_os_mode mode);
void imp_os_close(int descriptor);
/* A stream that takes the descriptor over; NULL: it failed, and the descriptor stays. */
FILE *imp_os_stream(int descriptor, const char *mode);
/* How many bytes came; 0: the end; below 0: it failed. EINTR: a signal came first. */
ptrdiff_t imp_os_read(int descriptor, void *bytes, size_t size);
/* Likewise from that byte of the file on. */
ptrdiff_t imp_os_read_at(int descriptor, void *bytes, size_t size, uint64_t offset);
/* Writes all of it from that byte of the file on. */
bool imp_os_write_at(int descriptor, const void *bytes, size_t size, uint64_t offset);
/* The file ends there from now on. */
bool imp_os_shorten(int descriptor, uint64_t size);
/* Waits until the file is on the disk, if its file system can tell. */
bool imp_os_sync(int descriptor);
/* Bytes that a pipe takes all at once. */
size_t imp_os_pipe_bytes(void);
/* All of it, whatever signals come, also where the descriptor does not wait by itself. 0, or
 * errno. */
int imp_os_write_all(int descriptor, const void *bytes, size_t size);
/* For handlers of signals: sends so much as is taken within the time. */
void imp_os_write_soon(int descriptor, const void *bytes, size_t size, int milliseconds);
/* The bytes become all that is in the file. */
bool imp_os_replace(int descriptor, const void *bytes, size_t size);
/* The file counts as modified now. */
void imp_os_touch(int descriptor);
/* Keeps others from locking the file, until it is closed or the process ends. Does not wait. */
bool imp_os_lock_file(int descriptor);
/* Whether it is open for reading alone; below 0: it is not open. */
int imp_os_is_read_only(int descriptor);
/* Another descriptor for the same, that number or above, which no other program inherits. */
int imp_os_duplicate(int descriptor, int least);
/* `to` becomes what `from` is. */
void imp_os_redirect(int from, int to);
/* Where standard input, output or error are closed, opens them so that each use of them fails, and
 * no other file gets their number. */
bool imp_os_hold_standard(void);
bool imp_os_is_terminal(int descriptor);

/* ---- Names on disk: os_posix_file.c ---------------------------------------------------------- */

/* Of files and links, not folders. */
bool imp_os_remove(const char *path);
/* An empty folder. */
bool imp_os_remove_folder(const char *path);
/* EEXIST: something is there already. ours: nobody else may look into it. */
bool imp_os_make_folder(const char *path, bool ours);

struct imp_os_entries;
/* NULL: it failed. */
struct imp_os_entries *imp_os_open_folder(const char *path);
/* The next name in the folder, in no order, valid until the next call; NULL: the end. */
const char *imp_os_next_name(struct imp_os_entries *entries);
void imp_os_close_folder(struct imp_os_entries *entries);

/* The paths that fit a pattern with *, ?, [] and, where the system knows them, {}; in order. */
struct imp_os_paths {
    char **path;
    size_t count;
};
/* false: there are none. */
bool imp_os_find_paths(const char *pattern, struct imp_os_paths *paths);
void imp_os_free_paths(struct imp_os_paths *paths);

/* ---- Memory as a stream: os_posix.c ---------------------------------------------------------- */

/* What is written grows here. */
struct imp_os_memory {
    FILE *stream;
    char *bytes; /* to be freed; a string, once the stream is closed */
    size_t size; /* of it, without the 0 at its end */
};
bool imp_os_memory_open(struct imp_os_memory *memory);
/* false: not all was kept. `bytes` is to be freed in any case. */
bool imp_os_memory_close(struct imp_os_memory *memory);
/* For reading what is there already, which must stay. NULL: it failed. */
FILE *imp_os_memory_read(const void *bytes, size_t size);

/* ---- The process and its threads: os_posix.c ------------------------------------------------- */

/* Its number; that of a child is another. */
long imp_os_process(void);
void imp_os_host_name(char *name, size_t size);
/* "Linux 6.1.0, x86_64"; false: unknown. */
bool imp_os_system_name(char *text, size_t size);
/* How many of the machine's cores the calling thread may run on, by its affinity, which threads
 * that it starts inherit; 1 where nobody knows. */
int imp_os_cores(void);
/* Of a clock that nobody sets. */
double imp_os_seconds(void);
/* Signals may end it early. */
void imp_os_sleep(double seconds);

/* {0}: nobody has it. It takes nothing from the system that would have to be given back. */
struct imp_os_mutex {
    bool taken;
};
void imp_os_lock(struct imp_os_mutex *mutex);
void imp_os_unlock(struct imp_os_mutex *mutex);

/* A lock with which threads can also wait for what others change under it. */
struct imp_os_gate;
/* NULL: it failed. */
struct imp_os_gate *imp_os_gate_create(void);
void imp_os_gate_free(struct imp_os_gate *gate);
void imp_os_gate_lock(struct imp_os_gate *gate);
void imp_os_gate_unlock(struct imp_os_gate *gate);
/* With the lock, which is free meanwhile: until another thread wakes all, or for no reason. */
void imp_os_gate_wait(struct imp_os_gate *gate);
void imp_os_gate_wake(struct imp_os_gate *gate);

struct imp_os_thread;
/* 0, or errno. */
int imp_os_start_thread(struct imp_os_thread **thread, void (*work)(void *user), void *user);
/* Waits for its end. */
void imp_os_join_thread(struct imp_os_thread **thread);

/* Drivers replace handlers of signals. Each call that may do so stands between these two. The
 * second one restores what the first one has found. Threads may overlap in them.
 * (os_posix_signals.c) */
void imp_os_save_handlers(void);
void imp_os_restore_handlers(void);

/* ---- Text: os_posix.c ------------------------------------------------------------------------ */

/* As strcmp and strncmp, whatever the case of letters. */
int imp_os_compare(const char *a, const char *b);
int imp_os_compare_start(const char *a, const char *b, size_t length);
/* The text's first bytes, a new string. NULL: no memory. */
char *imp_os_copy_start(const char *text, size_t length);
/* Between the two, this thread's numbers have a point, whatever the program's locale says. false:
 * no memory, and nothing has changed. */
struct imp_os_numbers {
    void *plain, *before;
};
bool imp_os_enter_plain(struct imp_os_numbers *numbers);
void imp_os_leave_plain(struct imp_os_numbers *numbers);

/* ---- The program alone: os_posix_program.c --------------------------------------------------- */

/* The file that this program was started from; false: the system does not tell, and path is "". */
bool imp_os_own_program(char *path, size_t size);
/* Whether a file is the administrator's, the user's, or of the owner of `program` ("": of none). */
bool imp_os_is_trusted(const char *path, const char *program);
/* Becomes the program words[0], with all words up to NULL as its own. Returns errno, if at all. */
int imp_os_become(const char *const *words);
/* Runs that program and waits for its end. said: the end of what it writes to standard output and
 * error, a string of `size` bytes. *code: its exit code, or 128 and the number of the signal that
 * ended it. Returns 0, or errno where it could not be run. */
int imp_os_run(const char *const *words, char *said, size_t size, int *code);

/* ---- The program alone: os_posix_scratch.c --------------------------------------------------- */

/* The path of a folder that is ours alone and goes with the program; NULL: none can be had. Before
 * any thread starts. */
const char *imp_os_scratch(void);

/* ---- The program alone: os_posix_wait.c ------------------------------------------------------ */

/* Waits until the descriptor can be read or, `writing`, written to, for at most so many seconds. 1:
 * it can, or its other end has gone; 0: not yet, or a signal came; below 0: it failed. */
int imp_os_await(int descriptor, bool writing, double seconds);
/* Writes what is taken at once, where imp_os_await() has just said that some is. Returns how many
 * bytes that was; below 0: it failed. EAGAIN, EINTR: none, this time. */
ptrdiff_t imp_os_write_some(int descriptor, const void *bytes, size_t size);

/* A lock that threads can wait inside of, for one another and for the time. */
struct imp_os_monitor;
/* NULL: it failed. */
struct imp_os_monitor *imp_os_monitor_open(void);
void imp_os_monitor_close(struct imp_os_monitor **monitor);
void imp_os_monitor_enter(struct imp_os_monitor *monitor);
void imp_os_monitor_leave(struct imp_os_monitor *monitor);
/* Between these two: leaves, and enters again once somebody has woken all, or imp_os_seconds() is
 * `until`, or for no reason. */
void imp_os_monitor_wait(struct imp_os_monitor *monitor, double until);
void imp_os_monitor_wake(struct imp_os_monitor *monitor);

#endif
