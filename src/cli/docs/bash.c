/* SPDX-License-Identifier: MIT */
/* Completions for bash. */

#include "cli/docs/docs.h"

static const char head[] =
    "# SPDX-License-Identifier: MIT\n"
    "# bash completion for impasto, made from its option table.\n"
    "\n"
    "# Offers words, or files as well.\n"
    "_impasto_offer()\n"
    "{\n"
    "    local words=$1 files=$2 file\n"
    "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "    if [[ -z $files ]]; then\n"
    "        compopt +o default\n"
    "        return\n"
    "    fi\n"
    "    compopt -o filenames\n"
    "    while IFS= read -r file; do\n"
    "        COMPREPLY+=(\"$file\")\n"
    "    done < <(compgen -f -- \"$cur\")\n"
    "}\n"
    "\n"
    "# Offers words for the last part of a list between commas.\n"
    "_impasto_offer_list()\n"
    "{\n"
    "    local words=$1 part=${cur##*,}\n"
    "    COMPREPLY=($(compgen -P \"${cur%\"$part\"}\" -W \"$words\" -- \"$part\"))\n"
    "    compopt +o default -o nospace\n"
    "}\n"
    "\n"
    "_impasto()\n"
    "{\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} word IFS=$' \\t\\n'\n"
    "    COMPREPLY=()\n"
    "    # Bash takes --size=64 for three words.\n"
    "    if [[ $cur == = ]]; then\n"
    "        cur=\n"
    "    elif [[ $prev == = && COMP_CWORD -ge 2 ]]; then\n"
    "        prev=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n"
    "    # After -- there are only pictures. Nothing offered means files, by readline's own\n"
    "    # completion, which knows of quotes.\n"
    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
    "        [[ $word != -- ]] || return\n"
    "    done\n"
    "    case $prev in\n";

static const char tail[] = "\"\n"
                           "    fi\n"
                           "}\n"
                           "complete -o default -F _impasto impasto\n";

enum kind { NOTHING, FILES, FOLDERS, KINDS };

static enum kind kind_of(const struct cli_option *option)
{
    return cli_has_placeholder(option, "FILE")  ? FILES
           : cli_has_placeholder(option, "DIR") ? FOLDERS
                                                : NOTHING;
}

static void put_names(FILE *stream, const struct cli_option *option, const char *between)
{
    if (option->letter)
        fprintf(stream, "-%c%s", option->letter, between);
    fprintf(stream, "--%s", option->name);
}

/* The options of one kind that have no words. */
static void put_wordless(FILE *stream, enum kind kind)
{
    static const char *const actions[KINDS] = {"compopt +o default", ":",
                                               "compopt +o default -o dirnames"};
    char words[512];
    bool any = false;
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        docs_words(option, words, sizeof(words));
        if (!option->operand || words[0] || kind_of(option) != kind)
            continue;
        fputs(any ? " | \\\n        " : "        ", stream);
        put_names(stream, option, " | ");
        any = true;
    }
    if (any)
        fprintf(stream, ")\n            %s\n            return\n            ;;\n", actions[kind]);
}

void docs_bash(FILE *stream)
{
    char words[512];
    fputs(head, stream);
    for (size_t i = 0; i < cli_option_count; i++) {
        const struct cli_option *option = &cli_options[i];
        docs_words(option, words, sizeof(words));
        if (!words[0])
            continue;
        fputs("        ", stream);
        put_names(stream, option, " | ");
        fprintf(stream, ")\n            %s \"%s\"%s\n            return\n            ;;\n",
                cli_type_of(option) == CLI_LAYERS ? "_impasto_offer_list" : "_impasto_offer", words,
                kind_of(option) == FILES ? " files" : "");
    }
    for (enum kind kind = NOTHING; kind < KINDS; kind++)
        put_wordless(stream, kind);
    fputs("    esac\n    if [[ $cur == -* ]]; then\n        _impasto_offer \"", stream);
    for (size_t i = 0; i < cli_option_count; i++) {
        fputs(i ? " " : "", stream);
        put_names(stream, &cli_options[i], " ");
    }
    fputs(tail, stream);
}
