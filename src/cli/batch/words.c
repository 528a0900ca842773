/* SPDX-License-Identifier: MIT */
/* Decides which of the pictures beside --batch are contents, and which are styles. */

#include "base/os.h"
#include "cli/files/files.h"
#include "cli/batch/batch.h"

#include <stdlib.h>
#include <string.h>

/* ---- Words that a shell has made ------------------------------------------------------------- */

static bool in_same_folder(const char *a, const char *b)
{
    char *x = imp_os_folder(a), *y = imp_os_folder(b);
    const bool same = x && y && cli_same_file(x, y);
    free(x);
    free(y);
    return same;
}

/* A word that says what a style weighs says that it is one. */
static bool has_weight(const char *word)
{
    struct cli_spec spec;
    struct impasto_error ignored = {0};
    const bool weighs =
        cli_spec_read(word, true, &spec, &ignored) == IMPASTO_OK && strcmp(spec.path, word) != 0;
    free(spec.path);
    return weighs;
}

/* The picture of --batch that a word would follow where one of a shell's patterns stood for both.
 */
static const char *sibling_of(const struct cli_settings *s, const char *word)
{
    if (has_weight(word))
        return NULL;
    for (int i = 0; i < s->batch.count; i++) {
        const char *named = s->batch.item[i];
        if (strcmp(named, "-") != 0 && !imp_os_is_folder(named) && in_same_folder(named, word) &&
            cli_batch_is_picture(named))
            return named;
    }
    return NULL;
}

struct siblings {
    const char *batch, *first; /* of --batch, and the first word that lies beside it; NULL: none */
    int count, others;         /* of those, and of the words that do not */
    bool named;                /* styles are named by --style */
};

static struct siblings find_siblings(const struct cli_settings *s)
{
    struct siblings found = {0};
    for (int i = 0; i < s->word_count; i++) {
        const struct cli_word *word = &s->words[i];
        const char *batch = word->style ? NULL : sibling_of(s, word->text);
        found.named = found.named || word->style;
        found.others += !batch && !word->style;
        if (batch && found.count++ == 0) {
            found.batch = batch;
            found.first = word->text;
        }
    }
    return found;
}

static enum impasto_status refuse(const struct siblings *found, struct impasto_error *error)
{
    char more[32] = "";
    if (found->count > 1)
        snprintf(more, sizeof(more), " and %d more", found->count - 1);
    const int folder = (int)(cli_file_name(found->batch) - found->batch);
    return cli_fail(
        error, IMPASTO_ERROR_USAGE,
        "--batch paints %.200s, but %.200s%s in its folder would be styles; to paint "
        "them, too, put -- between them and the styles (--batch *.jpg -- STYLE), or "
        "name the folder (--batch %.*s STYLE); if they are styles, name each by --style",
        found->batch, found->first, more, folder > 0 && folder < 200 ? folder : 2,
        folder > 0 && folder < 200 ? found->batch : "./");
}

/* ---- The words ------------------------------------------------------------------------------- */

/* Of the words beside --batch: with "--", those from --batch to it are contents. */
static bool is_content(const struct cli_settings *s, const struct cli_word *word, bool all)
{
    return !word->style && (all || (s->border && word->batch && !word->late));
}

enum impasto_status cli_batch_words(struct cli_settings *s, struct impasto_error *error)
{
    bool all = false;
    enum impasto_status status = IMPASTO_OK;
    int contents = 0;
    if (!s->border) {
        const struct siblings found = find_siblings(s);
        /* Where --style names the styles, all that lies there is to be painted. Where nothing does,
         * a single picture may well be the style. */
        const bool single = found.count + found.others == 1 && s->styles.count == 0;
        all = found.named && found.count > 0 && found.others == 0;
        if (found.count > 0 && !all && !single)
            return refuse(&found, error);
    }
    s->content = NULL;
    for (int i = 0; i < s->word_count && status == IMPASTO_OK; i++)
        if (is_content(s, &s->words[i], all))
            s->words[contents++] = s->words[i];
        else
            status = cli_give_style(s, s->words[i].text, error);
    s->word_count = contents;
    return status;
}
