/* SPDX-License-Identifier: MIT */
/* Secrets and ids: random digits, and how they are compared. */

#include "base/os.h"
#include "cli/studio/studio.h"

#include <string.h>

#define RANDOM "/dev/urandom"

static bool fill(unsigned char *bytes, size_t size)
{
    const int source = imp_os_open(RANDOM, IMP_OS_READ);
    size_t used = 0;
    for (ptrdiff_t got = 1; source >= 0 && used < size && got > 0;
         used += got > 0 ? (size_t)got : 0)
        got = imp_os_read(source, bytes + used, size - used);
    if (source >= 0)
        imp_os_close(source);
    return used == size;
}

bool cli_secret_make(char *text, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[CLI_SECRET_SIZE / 2];
    const size_t wanted = (size - 1) / 2;
    if (wanted > sizeof(bytes) || !fill(bytes, wanted))
        return false;
    for (size_t i = 0; i < wanted; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * wanted] = '\0';
    return true;
}

bool cli_secret_is(const char *secret, const char *said)
{
    const size_t length = strlen(secret), theirs = said ? strlen(said) : 0;
    unsigned char differs = length == 0 || theirs != length;
    for (size_t i = 0; i < length; i++)
        differs |= (unsigned char)(secret[i] ^ (theirs == length ? said[i] : ~secret[i]));
    return !differs;
}

bool cli_is_id(const char *text)
{
    return text && strlen(text) == CLI_ID_SIZE - 1 &&
           strspn(text, "0123456789abcdef") == CLI_ID_SIZE - 1;
}
