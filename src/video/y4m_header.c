/* SPDX-License-Identifier: MIT */
/* The words of a Y4M header, as mjpegtools' yuv4mpeg(5) and FFmpeg write them. */

#include "video/y4m.h"

#include <stdlib.h>
#include <string.h>

/* The kinds of samples: the word behind C, without the bits that "p10" adds. */
static const struct kind {
    const char *word;
    int shift_x, shift_y;
    float offset_x, offset_y;
    bool mono, alpha;
} kinds[] = {
    {"420jpeg", 1, 1, 0.5f, 0.5f, false, false}, {"420mpeg2", 1, 1, 0, 0.5f, false, false},
    {"420paldv", 1, 1, 0, 0, false, false},      {"420", 1, 1, 0.5f, 0.5f, false, false},
    {"422", 1, 0, 0, 0, false, false},           {"411", 2, 0, 0, 0, false, false},
    {"444alpha", 0, 0, 0, 0, false, true},       {"444", 0, 0, 0, 0, false, false},
    {"mono", 0, 0, 0, 0, true, false},
};

/* "10" of "p10", "mono10"; 8: nothing follows; 0: something else. */
static int bits_of(const char *rest, bool mono)
{
    if (rest[0] == '\0')
        return 8;
    if (!mono && *rest++ != 'p')
        return 0;
    char *end;
    const long bits = strtol(rest, &end, 10);
    return *end == '\0' && rest[0] >= '0' && rest[0] <= '9' && bits >= 9 && bits <= 16 ? (int)bits
                                                                                       : 0;
}

static bool read_samples(const char *word, struct imp_yuv_layout *layout)
{
    for (size_t i = 0; i < IMP_COUNT(kinds); i++) {
        const struct kind *kind = &kinds[i];
        const size_t length = strlen(kind->word);
        const int bits =
            strncmp(word, kind->word, length) == 0 ? bits_of(word + length, kind->mono) : 0;
        if (bits == 0)
            continue;
        layout->bits = bits;
        layout->mono = kind->mono;
        layout->alpha = kind->alpha;
        layout->shift_x = kind->shift_x;
        layout->shift_y = kind->shift_y;
        layout->offset_x = kind->offset_x;
        layout->offset_y = kind->offset_y;
        return true;
    }
    return false;
}

/* "30000:1001"; 0 in either place: not known. */
static bool read_ratio(const char *word, struct imp_ratio *ratio)
{
    char *end;
    const long num = strtol(word, &end, 10);
    if (end == word || *end != ':')
        return false;
    const char *second = end + 1;
    const long den = strtol(second, &end, 10);
    if (end == second || *end != '\0' || num < 0 || den < 0 || num > 1000000000 || den > 1000000000)
        return false;
    *ratio =
        num == 0 || den == 0 ? (struct imp_ratio){0, 1} : (struct imp_ratio){(int)num, (int)den};
    return true;
}

static bool read_side(const char *word, int *side)
{
    char *end;
    const long pixels = strtol(word, &end, 10);
    *side = pixels < 0 ? -1 : pixels > 1000000000 ? 1000000000 : (int)pixels;
    return end != word && *end == '\0';
}

static bool read_word(const char *word, struct imp_y4m *y4m)
{
    const char *value = word + 1;
    switch (word[0]) {
    case 'W':
        return read_side(value, &y4m->width);
    case 'H':
        return read_side(value, &y4m->height);
    case 'F':
        return read_ratio(value, &y4m->rate);
    case 'A':
        return read_ratio(value, &y4m->aspect);
    case 'C':
        return read_samples(value, &y4m->layout);
    case 'I':
        y4m->interlaced = strcmp(value, "p") != 0 && strcmp(value, "?") != 0;
        return true;
    case 'X': /* anybody's own */
        y4m->layout.full |= strcmp(value, "COLORRANGE=FULL") == 0;
        return true;
    default:
        return false;
    }
}

enum impasto_status imp_y4m_parse(const char *line, const char *name,
                                  const struct imp_stream_options *options, struct imp_y4m *y4m,
                                  struct impasto_error *error)
{
    char copy[IMP_Y4M_LINE];
    *y4m = (struct imp_y4m){.rate = {0, 1}, .aspect = {0, 1}};
    (void)read_samples("420jpeg", &y4m->layout);
    snprintf(copy, sizeof(copy), "%s", line + strlen(IMP_Y4M_MARK));
    for (char *rest = copy, *word; (word = rest + strspn(rest, " "))[0] != '\0';) {
        const size_t length = strcspn(word, " ");
        rest = word + length + (word[length] != '\0');
        word[length] = '\0';
        if (!read_word(word, y4m))
            return imp_fail(error, IMPASTO_ERROR_INPUT,
                            "%s: '%.40s' in the film's header is not understood; make it anew, as "
                            "by ffmpeg -i FILM -pix_fmt yuv420p FILE.y4m",
                            name, word);
    }
    return imp_film_check_size(name, y4m->width, y4m->height, options, error);
}

void imp_y4m_print(const struct imp_film *film, char line[IMP_Y4M_LINE],
                   struct imp_yuv_layout *layout)
{
    static const char *const words[] = {
        [IMP_CHROMA_420] = "420jpeg", [IMP_CHROMA_422] = "422", [IMP_CHROMA_444] = "444"};
    const struct imp_ratio rate = film->rate.num > 0 ? film->rate : (struct imp_ratio){0, 0};
    const struct imp_ratio aspect = film->aspect.num > 0 ? film->aspect : (struct imp_ratio){1, 1};
    *layout = (struct imp_yuv_layout){0};
    (void)read_samples(words[film->chroma], layout);
    imp_yuv_usual_matrix(film->height, &layout->kr, &layout->kb);
    snprintf(line, IMP_Y4M_LINE, "%s W%d H%d F%d:%d Ip A%d:%d C%s XCOLORRANGE=LIMITED\n",
             IMP_Y4M_MARK, film->width, film->height, rate.num, rate.den, aspect.num, aspect.den,
             words[film->chroma]);
}
