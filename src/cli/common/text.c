/* SPDX-License-Identifier: MIT */
/* Makes UTF-8 of texts as Windows' editors and shells write them. */

#include "cli/common/common.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that are looked at for what a text without a mark is. */
#define LOOKED_AT 64

struct encoding {
    size_t mark;      /* bytes before the text */
    bool wide, big;   /* UTF-16, with the higher byte first */
    const char *name; /* of what is not read; NULL: it is */
};

/* UTF-16 without a mark: every other byte is zero, and the others are text of more than one word. A
 * list between zeros whose names have one letter each looks alike, but for what is in no such name.
 */
static bool is_wide(const unsigned char *text, size_t size, bool big)
{
    bool words = false;
    const size_t most = size < LOOKED_AT ? size : LOOKED_AT;
    if (size < 4 || size % 2 != 0)
        return false;
    for (size_t i = 0; i + 1 < most; i += 2) {
        const unsigned char low = text[i + big], high = text[i + !big];
        if (high != 0 || low == 0)
            return false;
        words = words || strchr("./\r\n{", low);
    }
    return words;
}

static struct encoding encoding_of(const unsigned char *text, size_t size)
{
    static const unsigned char wide_marks[][4] = {{0xff, 0xfe, 0, 0}, {0, 0, 0xfe, 0xff}};
    for (size_t i = 0; i < sizeof(wide_marks) / sizeof(*wide_marks); i++)
        if (size >= 4 && memcmp(text, wide_marks[i], 4) == 0)
            return (struct encoding){.name = "UTF-32"};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return (struct encoding){.mark = 3};
    if (size >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
        return (struct encoding){.mark = 2, .wide = true, .big = text[0] == 0xfe};
    for (int big = 0; big < 2; big++)
        if (is_wide(text, size, big))
            return (struct encoding){.wide = true, .big = big};
    return (struct encoding){0};
}

static size_t put_utf8(char *out, uint32_t c)
{
    static const unsigned char heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    const size_t length = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(heads[length] | c);
    return length;
}

static uint32_t unit_at(const unsigned char *text, size_t at, bool big)
{
    return (uint32_t)text[at + !big] << 8 | text[at + big];
}

/* UTF-16 as UTF-8, into room for 3 bytes of every 2; false: it is unsound. Zeros are not text. */
static bool narrow(const unsigned char *text, size_t size, bool big, char *out, size_t *used)
{
    *used = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint32_t c = unit_at(text, i, big);
        if (c >= 0xd800 && c < 0xdc00 && i + 3 < size) {
            const uint32_t second = unit_at(text, i += 2, big);
            if (second < 0xdc00 || second > 0xdfff)
                return false;
            c = 0x10000 + ((c - 0xd800) << 10) + (second - 0xdc00);
        } else if (c == 0 || (c >= 0xd800 && c < 0xe000)) {
            return false;
        }
        *used += put_utf8(out + *used, c);
    }
    return size % 2 == 0;
}

enum impasto_status cli_text_decode(const char *name, char **text, size_t *size,
                                    struct impasto_error *error)
{
    const unsigned char *bytes = (const unsigned char *)*text;
    const struct encoding is = encoding_of(bytes, *size);
    const size_t rest = *size - is.mark;
    if (is.name)
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is %s, which is not read; save it as UTF-8", name, is.name);
    size_t used = rest;
    char *decoded = malloc((is.wide ? rest / 2 * 3 : rest) + 1);
    if (!decoded)
        return cli_fail_memory(error, name);
    if (!is.wide) {
        memcpy(decoded, bytes + is.mark, rest);
    } else if (!narrow(bytes + is.mark, rest, is.big, decoded, &used)) {
        free(decoded);
        return cli_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: begins as UTF-16 and does not go on so; save it as UTF-8", name);
    }
    decoded[used] = 0;
    free(*text);
    *text = decoded;
    *size = used;
    return IMPASTO_OK;
}

bool cli_text_is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        if ((c > 0 && c < 0x20 && !strchr("\t\n\v\f\r", c)) || c == 0x7f)
            return false;
    }
    return true;
}

bool cli_add_word(char *line, size_t size, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "._-/+=:,@%";
    size_t used = strlen(line);
    const bool quoted = word[strspn(word, plain)] != 0;
    /* A quote takes four characters, and all of them two more, a space and the end. */
    if (used + 4 * strlen(word) + 4 > size)
        return false;
    line[used++] = ' ';
    if (quoted)
        line[used++] = '\'';
    for (; *word; word++) {
        if (*word == '\'') {
            memcpy(line + used, "'\\''", 4);
            used += 4;
        } else {
            line[used++] = *word;
        }
    }
    if (quoted)
        line[used++] = '\'';
    line[used] = 0;
    return true;
}
