/* SPDX-License-Identifier: MIT */
/* Completions for bash. */

#include "cli/docs/docs.h"

#include <string.h>

static const char head[] =
    "# SPDX-License-Identifier: MIT\n"
    "# bash completion for impasto, made from its tables.\n"
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
    "\n";

static const char begin[] =
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
    "    done\n";

static const char tail[] = "}\n"
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

struct options {
    const struct cli_option *row[CLI_OPTIONS_MOST];
    size_t count;
};

/* The options of one kind that have no words. */
static void put_wordless(FILE *stream, const struct options *options, enum kind kind)
{
    static const char *const actions[KINDS] = {"compopt +o default", ":",
                                               "compopt +o default -o dirnames"};
    char words[512];
    bool any = false;
    for (size_t i = 0; i < options->count; i++) {
        const struct cli_option *option = options->row[i];
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

/* The rest of a function: the values of options, and their names. */
static void put_options(FILE *stream, const struct options *options, const char *also)
{
    char words[512];
    fputs("    case $prev in\n", stream);
    for (size_t i = 0; i < options->count; i++) {
        const struct cli_option *option = options->row[i];
        docs_words(option, words, sizeof(words));
        if (!option->operand || !words[0])
            continue;
        fputs("        ", stream);
        put_names(stream, option, " | ");
        fprintf(stream, ")\n            %s \"%s\"%s\n            return\n            ;;\n",
                cli_type_of(option) == CLI_LAYERS ? "_impasto_offer_list" : "_impasto_offer", words,
                kind_of(option) == FILES ? " files" : "");
    }
    for (enum kind kind = NOTHING; kind < KINDS; kind++)
        put_wordless(stream, options, kind);
    fputs("    esac\n    if [[ $cur == -* ]]; then\n        _impasto_offer \"", stream);
    for (size_t i = 0; i < options->count; i++) {
        fputs(i ? " " : "", stream);
        put_names(stream, options->row[i], " ");
    }
    fprintf(stream, "%s\"\n", also);
}

/* ---- Commands -------------------------------------------------------------------------------- */

/* "_impasto_weights_fetch" */
static void put_function(FILE *stream, const char *name)
{
    fputs("_impasto_", stream);
    for (; *name; name++)
        fputc(*name == ' ' ? '_' : *name, stream);
}

static void put_command(FILE *stream, const struct docs_command *docs)
{
    struct options options;
    size_t own;
    options.count = cli_command_options(docs->command, options.row, &own);
    put_function(stream, docs->name);
    fputs("()\n{\n", stream);
    put_options(stream, &options, " -h --help");
    /* Where nothing is offered, readline offers files. */
    if (!docs->command->operands)
        fputs("    else\n        compopt +o default\n", stream);
    fputs("    fi\n}\n\n", stream);
}

/* In the main function: goes on with that of the command on the line, or offers commands. */
static void put_choice(FILE *stream, const struct docs_command *list, size_t count)
{
    char names[256];
    for (size_t i = 0; i < count; i++) {
        const bool has_part = strchr(list[i].name, ' ') != NULL;
        fprintf(
            stream,
            "    if [[ COMP_CWORD -gt %d && \"${COMP_WORDS[*]:1:%d}\" == \"%s\" ]]; then\n        ",
            has_part ? 2 : 1, has_part ? 2 : 1, list[i].name);
        put_function(stream, list[i].name);
        fputs("\n        return\n    fi\n", stream);
    }
    for (const struct cli_command *const *c = cli_commands; *c; c++) {
        if (!(*c)->parts)
            continue;
        docs_command_names((*c)->parts, names, sizeof(names));
        fprintf(stream,
                "    if [[ COMP_CWORD -gt 1 && ${COMP_WORDS[1]} == %s ]]; then\n"
                "        _impasto_offer \"%s\"\n        return\n    fi\n",
                (*c)->name, names);
    }
    docs_command_names(cli_commands, names, sizeof(names));
    fprintf(stream,
            "    if [[ COMP_CWORD -eq 1 && $cur != -* ]]; then\n"
            "        _impasto_offer \"%s\" files\n        return\n    fi\n",
            names);
}

void docs_bash(FILE *stream)
{
    struct docs_command list[DOCS_COMMANDS_MOST];
    struct options options;
    size_t own;
    const size_t count = docs_commands(list);
    fputs(head, stream);
    for (size_t i = 0; i < count; i++)
        put_command(stream, &list[i]);
    fputs(begin, stream);
    put_choice(stream, list, count);
    options.count = cli_command_options(cli_commands[0], options.row, &own);
    put_options(stream, &options, "");
    fputs("    fi\n", stream);
    fputs(tail, stream);
}
