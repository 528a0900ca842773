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
/* For memory that was not to be had: "out of memory for <what>", and what to do. */
enum impasto_status cli_fail_memory(struct impasto_error *error, const char *what);
/* For a file with which the system could not do what was asked of it, errno being `problem`:
 * "<path>: <what>: <why>", and what to do. */
enum impasto_status cli_fail_file(struct impasto_error *error, enum impasto_status status,
                                  const char *path, const char *what, int problem);
#ifdef __clang_analyzer__ /* as with imp_fail */
#define cli_fail(error, status, ...) ((void)(cli_fail)(error, status, __VA_ARGS__), (status))
#define cli_fail_memory(error, what) ((void)(cli_fail_memory)(error, what), IMPASTO_ERROR_MEMORY)
#define cli_fail_file(error, status, path, what, problem)                                          \
    ((void)(cli_fail_file)(error, status, path, what, problem), (status))
#endif

/* ---- text.c ---------------------------------------------------------------------------------- */

/* An option or a kind of picture that can be given several times. */
#define CLI_LIST_MOST 64
struct cli_list {
    const char *item[CLI_LIST_MOST];
    int count;
};

/*
 * Makes UTF-8 of a text's bytes: without the mark that Windows' editors put before it, and out of
 * UTF-16, which is known by its mark or by its zeros. Other bytes stay as they are. *text, from
 * malloc, and *size are replaced; a zero follows the text. name: the file, for IMPASTO_ERROR_INPUT
 * where it is UTF-32 or unsound UTF-16; _MEMORY.
 */
enum impasto_status cli_text_decode(const char *name, char **text, size_t *size,
                                    struct impasto_error *error);

/* Whether bytes may be a text or a list between zeros: no other control characters are in them. */
bool cli_text_is_plain(const char *text, size_t size);

/* Adds a word to a command line, as a shell reads it back, with a space before it. false: there was
 * no room. */
bool cli_add_word(char *line, size_t size, const char *word);

/* ---- characters.c ---------------------------------------------------------------------------- */

/* Bytes of the character that text begins with, 0 where it is not UTF-8. */
size_t cli_character(const char *text);
/* The same, but 0 also where a terminal might obey it (controls, also those of
 * U+0080 to U+009F) or it is not UTF-8, whose single bytes may be such controls to it. */
size_t cli_printable(const char *text);

/* ---- names.c --------------------------------------------------------------------------------- */

/* What follows the last slash. */
const char *cli_file_name(const char *path);
/* Whether it is "-", which stands for standard input or output. */
bool cli_is_standard(const char *path);
/* ".png", whatever its case; nothing but that is none. */
bool cli_has_extension(const char *path, const char *extension);
/* Also of files that do not exist yet, by their folders. */
bool cli_same_file(const char *a, const char *b);

/* "standard input" for "-", any other path as it is. */
const char *cli_name_of_input(const char *path);
const char *cli_name_of_output(const char *path);

/* ---- write.c --------------------------------------------------------------------------------- */

/* Writes to the stream; false: that failed, and errno may say why. */
typedef bool (*cli_write_fn)(FILE *stream, const void *data);
/* Writes a file, whole or not at all. */
enum impasto_status cli_write_file(const char *path, cli_write_fn write, const void *data,
                                   struct impasto_error *error);
/* Both write whole or not at all; floats little-endian, texts with a line break at the end, and to
 * standard output where path is "-". */
enum impasto_status cli_write_text(const char *path, const char *text, struct impasto_error *error);
enum impasto_status cli_write_floats(const char *path, const float *data, size_t count,
                                     struct impasto_error *error);

/* Makes the folders that a path is in. ours: nobody else may look into them. Where one cannot be
 * made, writing the file will say so. */
void cli_make_folders(const char *path, bool ours);

/* ---- clock.c --------------------------------------------------------------------------------- */

/* Of a monotonic clock. */
double cli_seconds(void);
/* "1:23:45", "12:34", "0:07"; returns text. */
const char *cli_duration(double seconds, char *text, size_t size);

/* ---- stop.c ---------------------------------------------------------------------------------- */

/* The signal that asked for an end; 0: none. */
int cli_stop_signal(void);
/* It was this one. For handlers of signals. */
void cli_stop_by(int number);

/* ---- hash.c ---------------------------------------------------------------------------------- */

#define CLI_HASH_SIZE 65 /* with the end */

/* SHA-256 of a file's bytes in hexadecimal, as sha256sum prints it. false: it cannot be read, or
 * hashing is not compiled in. */
bool cli_hash_file(const char *path, char hex[CLI_HASH_SIZE]);
/* The same by MD5, which tells only damage. */
bool cli_hash_file_md5(const char *path, char hex[CLI_HASH_SIZE]);

/* ---- html.c ---------------------------------------------------------------------------------- */

/* Writes text that may hold anything, as file names may, so that it is only text: between tags and
 * in quoted attributes. Bytes that are not UTF-8 and control characters become '?'. NULL: nothing.
 */
void cli_html_text(FILE *stream, const char *text);

/* Writes bytes in base64. */
void cli_html_base64(FILE *stream, const unsigned char *bytes, size_t size);

#endif
