/* SPDX-License-Identifier: MIT */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

/* What every part of the program stands on: errors, text, names and files, time. */

#include <impasto/impasto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* ---- fail.c ---------------------------------------------------------------------------------- */

/* Fills `error` and returns `status`: the program's own imp_fail. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
enum impasto_status
cli_fail(struct impasto_error *error, enum impasto_status status, const char *format, ...);
/* Says "out of memory for <what>", and what to do. */
enum impasto_status cli_fail_memory(struct impasto_error *error, const char *what);
/* Says "<path>: <what>: <why>", and what to do. problem: errno, which gives the reason. */
enum impasto_status cli_fail_file(struct impasto_error *error, enum impasto_status status,
                                  const char *path, const char *what, int problem);
#ifdef __clang_analyzer__ /* as with imp_fail */
#define cli_fail(error, status, ...) ((void)(cli_fail)(error, status, __VA_ARGS__), (status))
#define cli_fail_memory(error, what) ((void)(cli_fail_memory)(error, what), IMPASTO_ERROR_MEMORY)
#define cli_fail_file(error, status, path, what, problem)                                          \
    ((void)(cli_fail_file)(error, status, path, what, problem), (status))
#endif

/* ---- text.c ---------------------------------------------------------------------------------- */

/* The values of an option that can be given several times. */
#define CLI_LIST_MOST 64
struct cli_list {
    const char *item[CLI_LIST_MOST];
    int count;
};

/*
 * Makes UTF-8 of a text's bytes. UTF-16 is converted: its mark or its zeros tell. A mark before
 * the text is cut off. Other bytes stay as they are.
 *
 * *text, from malloc, and *size are replaced. A zero follows the text. name: the file, for errors.
 * IMPASTO_ERROR_INPUT: it is UTF-32, or unsound UTF-16. IMPASTO_ERROR_MEMORY.
 */
enum impasto_status cli_text_decode(const char *name, char **text, size_t *size,
                                    struct impasto_error *error);

/* Whether bytes may be a text, or a list whose entries end with zeros. Such bytes have no other
 * control characters. */
bool cli_text_is_plain(const char *text, size_t size);

/* Adds a space and a word to a command line, quoted as a shell needs it. false: there was no room.
 */
bool cli_add_word(char *line, size_t size, const char *word);

/* ---- characters.c ---------------------------------------------------------------------------- */

/* Returns the bytes of the first character of a text. 0: it is not UTF-8. */
size_t cli_character(const char *text);
/* The same for what is shown on a terminal. 0 also: it is a control character, which a terminal
 * might obey. Those from U+0080 to U+009F are among them. */
size_t cli_printable(const char *text);

/* ---- names.c --------------------------------------------------------------------------------- */

/* What follows the last slash. */
const char *cli_file_name(const char *path);
/* Whether it is "-", which stands for standard input or output. */
bool cli_is_standard(const char *path);
/* Whether a name ends in an extension such as ".png", in any case. A name that is nothing but the
 * extension has none. */
bool cli_has_extension(const char *path, const char *extension);
/* Whether two paths lead to the same file. Files that do not exist yet are told by their folders.
 */
bool cli_same_file(const char *a, const char *b);

/* What messages call a path: "standard input" or "standard output" for "-", any other as it is. */
const char *cli_name_of_input(const char *path);
const char *cli_name_of_output(const char *path);

/* ---- write.c --------------------------------------------------------------------------------- */

/* Writes `data` to the stream. false: that failed, and errno may say why. */
typedef bool (*cli_write_fn)(FILE *stream, const void *data);
/* Writes a file, whole or not at all. */
enum impasto_status cli_write_file(const char *path, cli_write_fn write, const void *data,
                                   struct impasto_error *error);
/* Writes a text and a line break, whole or not at all. path "-": to standard output. */
enum impasto_status cli_write_text(const char *path, const char *text, struct impasto_error *error);
/* Writes little-endian floats, whole or not at all. */
enum impasto_status cli_write_floats(const char *path, const float *data, size_t count,
                                     struct impasto_error *error);

/* Makes the folders above a path. ours: nobody else may look into them. There is no error: where
 * one cannot be made, writing the file fails. */
void cli_make_folders(const char *path, bool ours);

/* ---- shipped.c ------------------------------------------------------------------------------- */

/* Writes where a file is that came with the program; false: nowhere, or it is not to be trusted. */
bool cli_find_shipped(const char *name, char *path, size_t size);

/* ---- script.c -------------------------------------------------------------------------------- */

/* A Python script of weights/, which is installed with the program. */
struct cli_script {
    const char *name;    /* of its file */
    const char *command; /* the program's command that it works for: "weights" */
};
/* Becomes the script, so that signals, the terminal and the exit code are the script's. words: its
 * arguments, and NULL at the end. Returns only if that fails. */
enum impasto_status cli_script_become(const struct cli_script *script, const char *const *words,
                                      struct impasto_error *error);
/* Runs the script to its end. What it says is not shown. Its error is the one that it tells. */
enum impasto_status cli_script_run(const struct cli_script *script, const char *const *words,
                                   struct impasto_error *error);

/* ---- clock.c --------------------------------------------------------------------------------- */

/* The time by a monotonic clock. */
double cli_seconds(void);
/* Writes a time like "1:23:45", "12:34" or "0:07". Returns `text`. */
const char *cli_duration(double seconds, char *text, size_t size);

/* ---- launched.c ------------------------------------------------------------------------------ */

/* How many processes a launcher has started, whether or not they can find one another. 1: none but
 * this one. */
int cli_launched(void);
/* Refuses work for one process where there are several: each would write the same file. what: the
 * work, as the line begins. */
enum impasto_status cli_refuse_launched(const char *what, struct impasto_error *error);

/* ---- stop.c ---------------------------------------------------------------------------------- */

/* The signal that asked for an end. 0: none did. */
int cli_stop_signal(void);
/* Notes that this signal asked for an end. Handlers of signals may call it. */
void cli_stop_by(int number);

/* ---- hash.c ---------------------------------------------------------------------------------- */

#define CLI_HASH_SIZE 65 /* with the 0 at the end */

/* Writes a file's SHA-256 in hexadecimal, as sha256sum prints it. false: the file cannot be read,
 * or hashing is not compiled in. */
bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE]);
/* The same with MD5, which shows damage, but no forgery. */
bool cli_hash_file_md5(const char *path, char hex[CLI_HASH_SIZE]);

/* ---- html.c ---------------------------------------------------------------------------------- */

/* Writes a text so that HTML takes it as text, between tags and in quoted attributes. Bytes that
 * are not UTF-8, and control characters, become '?'. NULL: writes nothing. */
void cli_html_text(FILE *stream, const char *text);

/* Writes bytes in base64. */
void cli_html_base64(FILE *stream, const unsigned char *bytes, size_t size);

#endif
