/* SPDX-License-Identifier: MIT */
/* "Raw profile type …": how PNG files have what no chunk was made for. A text of a name, a number
 * of bytes and these in hexadecimal, as ImageMagick began it. */

#include "image/formats.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_PER_LINE 36

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

enum impasto_status imp_raw_profile_read(const char *text, struct impasto_block *block,
                                         struct impasto_error *error)
{
    text += strspn(text, "\n");
    text += strcspn(text, "\n"); /* the name, which the keyword has, too */
    char *hex;
    const unsigned long long size = strtoull(text, &hex, 10);
    const size_t most = strlen(hex) / 2;
    if (size == 0 || size > most)
        return IMPASTO_OK;
    unsigned char *bytes = malloc((size_t)size);
    if (!bytes)
        return imp_fail_memory(error, "a profile", (size_t)size);
    size_t count = 0;
    for (int high = -1; *hex && count < size; hex++) {
        const int value = digit(*hex);
        if (value < 0 && !isspace((unsigned char)*hex))
            break;
        if (value >= 0 && high >= 0)
            bytes[count++] = (unsigned char)(high << 4 | value);
        if (value >= 0)
            high = high >= 0 ? -1 : value;
    }
    if (count < size) {
        free(bytes);
        return IMPASTO_OK;
    }
    free(block->data);
    *block = (struct impasto_block){.data = bytes, .size = count};
    return IMPASTO_OK;
}

enum impasto_status imp_raw_profile_write(const char *name, const struct impasto_block *block,
                                          char **text, struct impasto_error *error)
{
    static const char digits[] = "0123456789abcdef";
    const size_t head = strlen(name) + 32;
    const size_t room = head + 2 * block->size + block->size / BYTES_PER_LINE + 2;
    char *written = malloc(room);
    if (!written)
        return imp_fail_memory(error, "a profile", room);
    char *at = written + snprintf(written, head, "\n%s\n%8zu", name, block->size);
    for (size_t i = 0; i < block->size; i++) {
        if (i % BYTES_PER_LINE == 0)
            *at++ = '\n';
        *at++ = digits[block->data[i] >> 4];
        *at++ = digits[block->data[i] & 15];
    }
    *at++ = '\n';
    *at = '\0';
    *text = written;
    return IMPASTO_OK;
}
