/* SPDX-License-Identifier: MIT */
/* What the XMP of a result says: nothing that is true of the photograph alone, no more than was
 * asked for, and nothing of what hostile packets try. */

#include "metadata_blocks.h"

#define MUTATIONS 4000

#define HEAD                                                                                       \
    "<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>"                               \
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'>"                                                         \
    "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
#define TAIL "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
#define DC " xmlns:dc='http://purl.org/dc/elements/1.1/'"
#define XAP " xmlns:xmp='http://ns.adobe.com/xap/1.0/'"
#define TIFF " xmlns:tiff='http://ns.adobe.com/tiff/1.0/'"
#define OF "<rdf:Description rdf:about=''"
#define RIGHTS                                                                                     \
    "<dc:rights><rdf:Alt><rdf:li xml:lang='x-default'>(c) Ann</rdf:li></rdf:Alt></dc:rights>"
#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/&#xA;"
#define WORDS WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD WORD

#define LINE "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/\n   "
#define LINES LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE LINE
#define KEYS "paint\nbrush\ncanvas\nvarnish\neasel\npalette\nlinseed oil\nprimer\nframe\nlight\n"
#define KEYWORDS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS KEYS

static const struct {
    const char *source, *keep, *private; /* NULL: nothing is left */
} packets[] = {
    /* All may come along: the same bytes. */
    {HEAD OF DC " dc:title='A &amp; B'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC " dc:title='A &amp; B'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD "<rdf:Description rdf:about='uuid:1'" DC " >\n " RIGHTS "\n</rdf:Description >\n" TAIL,
     HEAD "<rdf:Description rdf:about='uuid:1'" DC " >\n " RIGHTS "\n</rdf:Description >\n" TAIL,
     HEAD "<rdf:Description rdf:about=''" DC " >\n " RIGHTS "\n</rdf:Description >\n" TAIL},
    /* Which way up, as attribute and as element, under any prefix. */
    {HEAD OF DC TIFF " tiff:Orientation='6'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC TIFF ">" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC TIFF ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD OF DC " xmlns:t='http://ns.adobe.com/tiff/1.0/'><t:Orientation>6</t:Orientation>" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:t='http://ns.adobe.com/tiff/1.0/'>" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:t='http://ns.adobe.com/tiff/1.0/'>" RIGHTS "</rdf:Description>" TAIL},
    /* A prefix may be bound by the very tag, and anew within another. */
    {HEAD OF DC "><a:Orientation xmlns:a='http://ns.adobe.com/tiff/1.0/' />" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL},
    /* Thumbnails, whole. */
    {HEAD OF DC XAP "><xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'"
                    " xmlns:g='http://ns.adobe.com/xap/1.0/g/img/'><g:image>/9j/" WORDS
                    "</g:image></rdf:li></rdf:Alt></xmp:Thumbnails>" RIGHTS
                    "</rdf:Description>" TAIL,
     HEAD OF DC XAP ">" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC XAP ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD OF XAP " xmp:Rating='5' xmp:CreatorTool='x'/>" TAIL, HEAD OF XAP " xmp:Rating='5'/>" TAIL,
     NULL},
    /* What may be a picture in a tag that nobody knows. */
    {HEAD OF " xmlns:n='urn:new' n:preview='/9j/" WORDS "'/>" TAIL, NULL, NULL},
    {HEAD OF " xmlns:n='urn:new'><n:preview>/9j/" WORDS "</n:preview></rdf:Description>" TAIL, NULL,
     NULL},
    {HEAD OF " xmlns:n='urn:new'><n:preview>" LINES "</n:preview></rdf:Description>" TAIL, NULL,
     NULL},
    {HEAD OF " xmlns:n='urn:new' n:preview='" LINES "'/>" TAIL, NULL, NULL},
    /* What is said of parts of the photograph's file. */
    {HEAD OF DC " xmlns:d='http://ns.google.com/photos/dd/1.0/image/' d:Item='1'>" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:d='http://ns.google.com/photos/dd/1.0/image/'>" RIGHTS
                "</rdf:Description>" TAIL,
     HEAD OF DC " xmlns:d='http://ns.google.com/photos/dd/1.0/image/'>" RIGHTS
                "</rdf:Description>" TAIL},
    /* Many short words are none. */
    {HEAD OF " xmlns:n='urn:new'><n:words>" KEYWORDS "</n:words></rdf:Description>" TAIL,
     HEAD OF " xmlns:n='urn:new'><n:words>" KEYWORDS "</n:words></rdf:Description>" TAIL, NULL},
    {HEAD OF " xmlns:n='urn:new' n:small='1'/>" TAIL,
     HEAD OF " xmlns:n='urn:new' n:small='1'/>" TAIL, NULL},
    /* Comments, stray text, what else is said of persons. */
    {HEAD "<!-- Olga -->" OF DC ">Olga" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">Olga" RIGHTS "</rdf:Description>" TAIL,
     HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL},
    {HEAD OF DC
     "><dc:subject><rdf:Bag><rdf:li>Olga</rdf:li></rdf:Bag></dc:subject></rdf:Description>" TAIL,
     HEAD OF DC
     "><dc:subject><rdf:Bag><rdf:li>Olga</rdf:li></rdf:Bag></dc:subject></rdf:Description>" TAIL,
     NULL},
    {HEAD OF DC
     "><dc:creator><rdf:Seq><rdf:li rdf:nodeID='Olga'>Ann</rdf:li></rdf:Seq></dc:creator>"
     "</rdf:Description>" TAIL,
     HEAD OF DC
     "><dc:creator><rdf:Seq><rdf:li rdf:nodeID='Olga'>Ann</rdf:li></rdf:Seq></dc:creator>"
     "</rdf:Description>" TAIL,
     HEAD OF DC
     "><dc:creator><rdf:Seq><rdf:li>Ann</rdf:li></rdf:Seq></dc:creator></rdf:Description>" TAIL},
    /* Another binding of a prefix counts. */
    {HEAD "<rdf:Description xmlns:dc='urn:other' dc:rights='Olga'/>" TAIL,
     HEAD "<rdf:Description xmlns:dc='urn:other' dc:rights='Olga'/>" TAIL, NULL},
    /* Nothing but scaffolding, and no XML of this kind. */
    {HEAD TAIL, NULL, NULL},
    {HEAD OF DC ">" RIGHTS, NULL, NULL},
    {HEAD OF DC ">" RIGHTS "</rdf:Description></rdf:RDF>", NULL, NULL},
    {HEAD OF DC ">" RIGHTS "</rdf:RDF></rdf:Description>", NULL, NULL},
    {"<!DOCTYPE x [<!ENTITY a 'b'>]>" HEAD OF DC ">" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC "><![CDATA[x]]>" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC " dc:title=A>" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC " dc:title='<'>" RIGHTS "</rdf:Description>" TAIL, NULL, NULL},
    {HEAD OF DC "dc:title='A'", NULL, NULL},
    {HEAD "</a>" TAIL, NULL, NULL},
    {"\xff\xfe<\0x\0", NULL, NULL},
    {"no XML", NULL, NULL},
    {"<", NULL, NULL},
    {"<?xpacket", NULL, NULL},
    {"<!--", NULL, NULL},
};

static void xmp_of_a_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < IMP_COUNT(packets); i++) {
        const struct impasto_metadata source = {.xmp = text_block(packets[i].source)};
        const char *const expected[] = {
            [IMPASTO_PRIVACY_PRIVATE] = packets[i].private,
            [IMPASTO_PRIVACY_KEEP] = packets[i].keep,
            [IMPASTO_PRIVACY_NONE] = NULL,
        };
        for (int privacy = 0; privacy < 3; privacy++) {
            struct impasto_metadata out = select_from(&source, (enum impasto_privacy)privacy);
            if (!expected[privacy] && out.xmp.data)
                fail_msg("packet %zu, privacy %d: \"%s\" is left", i, privacy, out.xmp.data);
            if (expected[privacy]) {
                if (!out.xmp.data)
                    fail_msg("packet %zu, privacy %d: nothing is left", i, privacy);
                assert_string_equal(out.xmp.data, expected[privacy]);
                assert_int_equal(out.xmp.size, strlen(expected[privacy]));
            }
            imp_metadata_free(&out);
        }
    }
}

static void damaged_xmp(void **state)
{
    (void)state;
    int left = 0;
    for (size_t i = 0; i < 8; i++) {
        const size_t whole = strlen(packets[i].source);
        unsigned char *changed = malloc(whole);
        for (int k = 0; k < MUTATIONS / 8; k++) {
            const size_t size = damage((const unsigned char *)packets[i].source, whole, whole - 8,
                                       90 + (uint32_t)i, k, changed);
            struct impasto_metadata source = {.xmp = {.data = malloc(size + 1), .size = size}};
            memcpy(source.xmp.data, changed, size);
            struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
            assert_true(out.xmp.size <= size);
            left += out.xmp.data != NULL;
            imp_metadata_free(&out);
            imp_metadata_free(&source);
        }
        free(changed);
    }
    assert_true(left > MUTATIONS / 8);
}

static void deep_xmp(void **state)
{
    (void)state;
    enum { DEPTH = 100000 };
    char *text = calloc(3, DEPTH + 1);
    for (int i = 0; i < 3 * DEPTH; i++)
        text[i] = "<a>"[i % 3];
    struct impasto_metadata source = {.xmp = text_block(text)};
    struct impasto_metadata out = select_from(&source, IMPASTO_PRIVACY_KEEP);
    assert_null(out.xmp.data);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(xmp_of_a_result),
        cmocka_unit_test(damaged_xmp),
        cmocka_unit_test(deep_xmp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
