/* SPDX-License-Identifier: MIT */
/*
 * XMP of a result, made from that of its photograph. The bytes are the same, without the elements
 * and attributes that may not come along. Names are told apart by their namespaces. XMP is
 * well-formed XML of a plain kind; all else is left out as a whole. So is what has a long run of
 * base64, which may be a picture.
 */

#include "image/formats.h"

#include <stdlib.h>
#include <string.h>

#define MOST_DEPTH 64
#define MOST_BINDINGS 128
/* Letters of base64, in one line or in lines of so many; a picture has more, a text has not. */
#define LONGEST_RUN 1024
#define SHORTEST_LINE 40

struct span {
    const char *text;
    size_t size;
};

struct name {
    struct span prefix, local; /* prefix: empty where there is none */
};

struct attribute {
    struct span all; /* with the space before it */
    struct name name;
    struct span value;
};

struct binding {
    struct span prefix, uri;
    int depth;
};

struct scan {
    enum impasto_privacy privacy;
    const char *at, *end;
    char *out;
    size_t size; /* of `out` */
    struct span open[MOST_DEPTH + 1];
    int depth;
    struct binding bindings[MOST_BINDINGS];
    int binding_count;
    int cut;      /* depth of the element that is left out; 0: none is */
    int property; /* depth of the outermost element that is no scaffolding; 0: we are in none */
    bool told;    /* something other than scaffolding was kept */
};

/* ---- What may come along --------------------------------------------------------------------- */

#define RDF "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
#define DC "http://purl.org/dc/elements/1.1/"
#define XMP "http://ns.adobe.com/xap/1.0/"
#define RIGHTS "http://ns.adobe.com/xap/1.0/rights/"
#define PHOTOSHOP "http://ns.adobe.com/photoshop/1.0/"

/* All names of all namespaces that begin so. */
#define EVERY_ONE_BELOW "*"

struct rule {
    const char *uri;
    const char *local; /* NULL: all names of the namespace */
};

static const struct rule scaffolding[] = {{RDF, NULL}, {"adobe:ns:meta/", NULL}};

/* Credit and terms: what IMPASTO_PRIVACY_PRIVATE leaves. */
static const struct rule public[] = {
    {DC, "creator"},
    {DC, "rights"},
    {RIGHTS, "Marked"},
    {RIGHTS, "WebStatement"},
    {RIGHTS, "UsageTerms"},
    {PHOTOSHOP, "Credit"},
    {"http://creativecommons.org/ns#", "license"},
    {"http://ns.useplus.org/ldf/xmp/1.0/", "DataMining"},
};

/* What is not true of the result, and pictures: thumbnails, originals, depth maps, what follows the
 * picture in its file. EXIF is said again in the EXIF block. */
static const struct rule untrue[] = {
    {XMP, "Thumbnails"},
    {XMP, "CreatorTool"},
    {DC, "format"},
    {PHOTOSHOP, "ColorMode"},
    {PHOTOSHOP, "DocumentAncestors"},
    {PHOTOSHOP, "History"},
    {PHOTOSHOP, "ICCProfile"},
    {PHOTOSHOP, "LegacyIPTCDigest"},
    {PHOTOSHOP, "TextLayers"},
    {"http://ns.adobe.com/tiff/1.0/", NULL},
    {"http://ns.adobe.com/exif/1.0/", NULL},
    {"http://cipa.jp/exif/1.0/", NULL},
    {"http://ns.adobe.com/camera-raw-settings/1.0/", NULL},
    {"http://ns.adobe.com/camera-raw-saved-settings/1.0/", NULL},
    {"http://ns.adobe.com/hdr-gain-map/1.0/", NULL},
    {"http://ns.adobe.com/xap/1.0/g/img/", NULL},
    {"http://ns.adobe.com/xap/1.0/mm/", NULL},
    {"http://ns.adobe.com/xmp/note/", NULL},
    {"http://ns.apple.com/HDRGainMap/1.0/", NULL},
    {"http://ns.apple.com/adjustment-settings/1.0/", NULL},
    {"http://ns.apple.com/depthData/1.0/", NULL},
    {"http://ns.apple.com/pixeldatainfo/1.0/", NULL},
    {"http://ns.google.com/photos/", EVERY_ONE_BELOW},
    {"http://darktable.sf.net/", NULL},
};

static bool is(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.text, text, span.size) == 0;
}

static bool begins(struct span span, const char *text)
{
    return span.size >= strlen(text) && memcmp(span.text, text, strlen(text)) == 0;
}

static bool same(struct span a, struct span b)
{
    return a.size == b.size && memcmp(a.text, b.text, a.size) == 0;
}

/* The innermost one counts. A prefix that is bound to nothing has no namespace. */
static struct span namespace_of(const struct scan *s, struct span prefix)
{
    for (int i = s->binding_count; i-- > 0;)
        if (same(s->bindings[i].prefix, prefix))
            return s->bindings[i].uri;
    return (struct span){"", 0};
}

static bool is_among(struct span uri, struct span local, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = &rules[i];
        const bool below = rule->local && strcmp(rule->local, EVERY_ONE_BELOW) == 0;
        if (below ? begins(uri, rule->uri)
                  : is(uri, rule->uri) && (!rule->local || is(local, rule->local)))
            return true;
    }
    return false;
}

static bool is_scaffolding(const struct scan *s, struct name name)
{
    return is_among(namespace_of(s, name.prefix), name.local, scaffolding, IMP_COUNT(scaffolding));
}

static bool may_come(const struct scan *s, struct name name)
{
    const struct span uri = namespace_of(s, name.prefix);
    if (is_scaffolding(s, name))
        return true;
    return s->privacy == IMPASTO_PRIVACY_KEEP
               ? !is_among(uri, name.local, untrue, IMP_COUNT(untrue))
               : is_among(uri, name.local, public, IMP_COUNT(public));
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_base64(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("+/=-_&#;", c));
}

/* Whether there is a run of base64 in it, whose lines may be parted by any white space. */
static bool has_picture(struct span text)
{
    size_t run = 0, word = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char c = text.text[i];
        if (is_base64(c)) {
            word++;
            if (++run > LONGEST_RUN)
                return true;
            continue;
        }
        if (!is_space(c) || (word > 0 && word < SHORTEST_LINE))
            run = 0;
        word = 0;
    }
    return false;
}

/* ---- Reading XML ----------------------------------------------------------------------------- */

static bool is_blank(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (!is_space(text.text[i]))
            return false;
    return true;
}

static void skip_spaces(struct scan *s)
{
    while (s->at < s->end && is_space(*s->at))
        s->at++;
}

static bool skip(struct scan *s, const char *text)
{
    const size_t size = strlen(text);
    if ((size_t)(s->end - s->at) < size || memcmp(s->at, text, size) != 0)
        return false;
    s->at += size;
    return true;
}

/* Up to and with `text`. */
static bool skip_past(struct scan *s, const char *text)
{
    for (; s->at < s->end; s->at++)
        if (skip(s, text))
            return true;
    return false;
}

static bool take_name(struct scan *s, struct span *all, struct name *name)
{
    const char *start = s->at, *colon = NULL;
    for (; s->at < s->end && !is_space(*s->at) && !strchr("<>/=\"'&?!", *s->at); s->at++)
        if (*s->at == ':' && !colon)
            colon = s->at;
    *all = (struct span){start, (size_t)(s->at - start)};
    name->prefix = (struct span){start, colon ? (size_t)(colon - start) : 0};
    const char *local = colon ? colon + 1 : start;
    name->local = (struct span){local, (size_t)(s->at - local)};
    return all->size > 0;
}

/* The next attribute of a tag; *more is false at the tag's end. */
static bool take_attribute(struct scan *s, struct attribute *a, bool *more)
{
    const char *start = s->at;
    struct span all;
    skip_spaces(s);
    *more = s->at < s->end && *s->at != '>' && *s->at != '/';
    if (!*more)
        return s->at < s->end;
    if (s->at == start || !take_name(s, &all, &a->name))
        return false;
    skip_spaces(s);
    if (!skip(s, "="))
        return false;
    skip_spaces(s);
    if (s->at == s->end || (*s->at != '"' && *s->at != '\''))
        return false;
    const char quote = *s->at++;
    a->value.text = s->at;
    while (s->at < s->end && *s->at != quote && *s->at != '<')
        s->at++;
    a->value.size = (size_t)(s->at - a->value.text);
    if (s->at == s->end || *s->at != quote)
        return false;
    s->at++;
    a->all = (struct span){start, (size_t)(s->at - start)};
    return true;
}

/* ---- Keeping and leaving out ----------------------------------------------------------------- */

static void emit(struct scan *s, const char *text, size_t size)
{
    memcpy(s->out + s->size, text, size);
    s->size += size;
}

static bool is_binding(const struct attribute *a)
{
    return is(a->name.prefix, "xmlns") || (a->name.prefix.size == 0 && is(a->name.local, "xmlns"));
}

/* The namespaces that a tag binds count for the tag itself. */
static bool bind(struct scan *s)
{
    struct attribute a;
    bool more;
    while (take_attribute(s, &a, &more) && more) {
        if (!is_binding(&a))
            continue;
        if (s->binding_count == MOST_BINDINGS)
            return false;
        const struct span none = {"", 0};
        s->bindings[s->binding_count++] =
            (struct binding){a.name.prefix.size > 0 ? a.name.local : none, a.value, s->depth};
    }
    return !more && s->at < s->end;
}

/* Those of the scaffolding: of rdf:about, which may be an id, the name alone, and rdf:resource only
 * as the value of what may come along. */
static void emit_scaffold(struct scan *s, const struct attribute *a)
{
    const bool whole = s->privacy == IMPASTO_PRIVACY_KEEP || is(a->name.local, "parseType") ||
                       (is(a->name.local, "resource") && s->property > 0);
    if (whole) {
        emit(s, a->all.text, a->all.size);
    } else if (is(a->name.local, "about")) {
        emit(s, a->all.text, (size_t)(a->value.text - a->all.text));
        emit(s, a->value.text + a->value.size, 1);
    }
}

static void emit_attribute(struct scan *s, const struct attribute *a)
{
    if (is_binding(a) || is(a->name.prefix, "xml")) {
        emit(s, a->all.text, a->all.size);
    } else if (a->name.prefix.size == 0) { /* in no namespace, which XMP does not know */
        if (s->privacy == IMPASTO_PRIVACY_KEEP)
            emit(s, a->all.text, a->all.size);
    } else if (is_scaffolding(s, a->name)) {
        emit_scaffold(s, a);
    } else if (may_come(s, a->name)) {
        emit(s, a->all.text, a->all.size);
        s->told = true;
    }
}

static bool emit_tag(struct scan *s, const char *start, struct span name)
{
    struct attribute a;
    bool more;
    emit(s, start, (size_t)(name.text + name.size - start));
    for (start = s->at; take_attribute(s, &a, &more) && more; start = s->at) {
        if (has_picture(a.value))
            return false;
        emit_attribute(s, &a);
    }
    emit(s, start, (size_t)(s->at - start));
    return true;
}

static void close_element(struct scan *s)
{
    s->cut = s->cut == s->depth ? 0 : s->cut;
    s->property = s->property == s->depth ? 0 : s->property;
    while (s->binding_count > 0 && s->bindings[s->binding_count - 1].depth == s->depth)
        s->binding_count--;
    s->depth--;
}

/* At the '<' of a start tag. */
static bool open_element(struct scan *s)
{
    const char *start = s->at++;
    struct name name;
    if (s->depth == MOST_DEPTH || !take_name(s, &s->open[s->depth + 1], &name))
        return false;
    const char *attributes = s->at;
    s->depth++;
    if (!bind(s))
        return false;
    if (s->cut == 0 && !may_come(s, name))
        s->cut = s->depth;
    if (s->cut == 0 && !is_scaffolding(s, name)) {
        s->told = true;
        s->property = s->property ? s->property : s->depth;
    }
    if (s->cut == 0) {
        s->at = attributes;
        if (!emit_tag(s, start, s->open[s->depth]))
            return false;
    }
    const bool empty = skip(s, "/");
    if (!skip(s, ">"))
        return false;
    if (s->cut == 0)
        emit(s, empty ? "/>" : ">", empty ? 2 : 1);
    if (empty)
        close_element(s);
    return true;
}

/* At the '<' of an end tag. */
static bool end_element(struct scan *s)
{
    const char *start = s->at;
    struct span all;
    struct name name;
    s->at += 2;
    if (s->depth == 0 || !take_name(s, &all, &name) || !same(all, s->open[s->depth]))
        return false;
    skip_spaces(s);
    if (!skip(s, ">"))
        return false;
    if (s->cut == 0)
        emit(s, start, (size_t)(s->at - start));
    close_element(s);
    return true;
}

static bool take_text(struct scan *s)
{
    struct span text = {s->at, 0};
    while (s->at < s->end && *s->at != '<')
        s->at++;
    text.size = (size_t)(s->at - text.text);
    const bool blank = is_blank(text);
    if (s->cut > 0)
        return true;
    if ((s->depth == 0 && !blank) || (!blank && has_picture(text)))
        return false;
    if (blank || s->property > 0 || s->privacy == IMPASTO_PRIVACY_KEEP)
        emit(s, text.text, text.size);
    return true;
}

static bool take_markup(struct scan *s)
{
    const char *start = s->at;
    if (skip(s, "<!--"))
        return skip_past(s, "-->"); /* comments never come along */
    if (skip(s, "<?")) {
        const bool wrapper = s->depth == 0 && (skip(s, "xpacket ") || skip(s, "xml "));
        if (!skip_past(s, "?>"))
            return false;
        if (wrapper)
            emit(s, start, (size_t)(s->at - start));
        return true;
    }
    if (s->end - s->at < 2 || s->at[1] == '!')
        return false; /* a document type, with entities, or CDATA */
    return s->at[1] == '/' ? end_element(s) : open_element(s);
}

static bool scan_all(struct scan *s)
{
    while (s->at < s->end)
        if (!(*s->at == '<' ? take_markup(s) : take_text(s)))
            return false;
    return s->depth == 0 && s->told;
}

enum impasto_status imp_xmp_select(const struct impasto_block *xmp, enum impasto_privacy privacy,
                                   struct impasto_block *selected, struct impasto_error *error)
{
    if (privacy == IMPASTO_PRIVACY_NONE || xmp->size == 0)
        return IMPASTO_OK;
    /* A zero behind it: it is looked at as a string, too. */
    char *text = calloc(1, xmp->size + 1), *out = malloc(xmp->size + 1);
    struct scan *s = calloc(1, sizeof(*s));
    enum impasto_status status = IMPASTO_OK;
    if (text && out && s) {
        memcpy(text, xmp->data, xmp->size);
        const size_t size = strlen(text);
        s->privacy = privacy;
        s->out = out;
        s->at = text;
        s->end = text + size;
        skip(s, "\xef\xbb\xbf");
        if (imp_is_utf8(text) && scan_all(s)) {
            out[s->size] = '\0';
            *selected = (struct impasto_block){.data = (unsigned char *)out, .size = s->size};
            out = NULL;
        }
    } else {
        status = imp_fail_memory(error, "XMP", xmp->size);
    }
    free(text);
    free(out);
    free(s);
    return status;
}
