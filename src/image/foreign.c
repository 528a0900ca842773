/* SPDX-License-Identifier: MIT */
/* Files that are no pictures we read: by their first bytes they are named, with what turns them
 * into one. */

#include "base/os.h"
#include "image/formats.h"

#include <string.h>

#define TO_PNG "convert it: magick FILE FILE.png"
#define TO_DRAWING "draw it: rsvg-convert FILE -o FILE.png"
#define DEVELOP "develop it: darktable-cli FILE FILE.png"
#define TO_FRAME "take a picture from it: ffmpeg -i FILE -frames:v 1 FILE.png"
#define UNPACK "unpack it, and give the pictures in it"
#define ANEW "get the picture itself: open it where it is from, and save it"

/* Bytes at a place; none: anything. A '?' stands for any byte. */
struct mark {
    size_t at;
    const char *bytes;
    size_t count;
};
#define B(text) (text), sizeof(text) - 1

/* The first row with both of whose marks a file begins is taken. */
static const struct row {
    struct mark first, second;
    const char *what, *advice;
} rows[] = {
    {{0, B("RIFF")}, {8, B("WEBP")}, "is a WebP picture", "convert it: dwebp FILE -o FILE.png"},
    {{0, B("RIFF")}, {8, B("AVI ")}, "is a video (AVI)", TO_FRAME},
    {{4, B("ftyp")}, {8, B("avi")}, "is an AVIF picture", "convert it: avifdec FILE FILE.png"},
    {{4, B("ftyp")}, {8, B("heic")}, "is a HEIC picture", "convert it: heif-convert FILE FILE.png"},
    {{4, B("ftyp")}, {8, B("heix")}, "is a HEIC picture", "convert it: heif-convert FILE FILE.png"},
    {{4, B("ftyp")}, {8, B("hev")}, "is a HEIC picture", "convert it: heif-convert FILE FILE.png"},
    {{4, B("ftyp")}, {8, B("mif1")}, "is a HEIF picture", "convert it: heif-convert FILE FILE.png"},
    {{4, B("ftyp")}, {8, B("msf1")}, "is a HEIF picture", "convert it: heif-convert FILE FILE.png"},
    {{4, B("ftyp")}, {8, B("crx ")}, "is a camera's raw picture (CR3)", DEVELOP},
    {{4, B("ftyp")}, {0}, "is a video (MP4, MOV)", TO_FRAME},
    {{4, B("moov")}, {0}, "is a video (MOV)", TO_FRAME},
    {{4, B("mdat")}, {0}, "is a video (MOV)", TO_FRAME},
    {{0, B("\x1a\x45\xdf\xa3")}, {0}, "is a video (WebM, Matroska)", TO_FRAME},
    {{0, B("OggS")}, {0}, "is sound or a video (Ogg)", TO_FRAME},
    {{0, B("\0\0\1\xba")}, {0}, "is a video (MPEG)", TO_FRAME},
    {{0, B("FLV\1")}, {0}, "is a video (FLV)", TO_FRAME},
    {{0, B("\x30\x26\xb2\x75\x8e\x66\xcf\x11")}, {0}, "is a video (WMV)", TO_FRAME},
    {{0, B("GIF8")}, {0}, "is a GIF picture", "convert its first frame: magick 'FILE[0]' FILE.png"},
    {{0, B("II*")}, {8, B("CR\2")}, "is a camera's raw picture (CR2)", DEVELOP},
    {{0, B("II*")},
     {0},
     "is a TIFF picture or a camera's raw one (DNG, NEF, ARW)",
     "convert it: magick FILE FILE.png; or develop it: darktable-cli FILE FILE.png"},
    {{0, B("MM\0*")},
     {0},
     "is a TIFF picture or a camera's raw one (DNG, NEF)",
     "convert it: magick FILE FILE.png; or develop it: darktable-cli FILE FILE.png"},
    {{0, B("II+")}, {0}, "is a large TIFF picture (BigTIFF)", TO_PNG},
    {{0, B("MM\0+")}, {0}, "is a large TIFF picture (BigTIFF)", TO_PNG},
    {{0, B("IIU\0")}, {0}, "is a camera's raw picture (RW2)", DEVELOP},
    {{0, B("IIRO")}, {0}, "is a camera's raw picture (ORF)", DEVELOP},
    {{0, B("IIRS")}, {0}, "is a camera's raw picture (ORF)", DEVELOP},
    {{0, B("MMOR")}, {0}, "is a camera's raw picture (ORF)", DEVELOP},
    {{0, B("FUJIFILMCCD-RAW")}, {0}, "is a camera's raw picture (RAF)", DEVELOP},
    {{0, B("FOVb")}, {0}, "is a camera's raw picture (X3F)", DEVELOP},
    {{0, B("\0MRM")}, {0}, "is a camera's raw picture (MRW)", DEVELOP},
    {{0, B("II")}, {6, B("HEAPCCDR")}, "is a camera's raw picture (CRW)", DEVELOP},
    {{0, B("II\xbc")}, {0}, "is a JPEG XR picture", "convert it: JxrDecApp -i FILE -o FILE.tif"},
    {{0, B("\xff\x0a")}, {0}, "is a JPEG XL picture", "convert it: djxl FILE FILE.png"},
    {{0, B("\0\0\0\x0cJXL ")}, {0}, "is a JPEG XL picture", "convert it: djxl FILE FILE.png"},
    {{0, B("\0\0\0\x0cjP  ")},
     {0},
     "is a JPEG 2000 picture",
     "convert it: opj_decompress -i FILE -o FILE.png"},
    {{0, B("\xff\x4f\xff\x51")},
     {0},
     "is a JPEG 2000 codestream",
     "convert it: opj_decompress -i FILE -o FILE.png"},
    {{0, B("\x8aMNG\r\n\x1a\n")},
     {0},
     "is an MNG animation",
     "convert its first frame: magick 'FILE[0]' FILE.png"},
    {{0, B("\x8bJNG\r\n\x1a\n")}, {0}, "is a JNG picture", TO_PNG},
    {{0, B("\x89PNG")},
     {0},
     "is a PNG picture that was sent as text, which destroys it",
     "get it anew, as binary"},
    {{0, B("\tPNG")},
     {0},
     "is a PNG picture that was sent as 7 bits, which destroys it",
     "get it anew, as binary"},
    {{0, B("8BPS")}, {0}, "is a Photoshop document", "convert it: magick 'FILE[0]' FILE.png"},
    {{0, B("gimp xcf")},
     {0},
     "is a GIMP document",
     "export it from GIMP, or: xcf2png FILE -o FILE.png"},
    {{0, B("%PDF")}, {0}, "is a PDF document", "convert a page: pdftoppm -r 150 -png FILE FILE"},
    {{0, B("%!PS")},
     {0},
     "is a PostScript document",
     "convert it: gs -sDEVICE=png16m -r150 -o FILE.png FILE"},
    {{0, B("\xc5\xd0\xd3\xc6")},
     {0},
     "is an EPS document",
     "convert it: gs -sDEVICE=png16m -r150 -o FILE.png FILE"},
    {{0, B("AT&TFORM")}, {0}, "is a DjVu document", "convert it: ddjvu -format=tiff FILE FILE.tif"},
    {{0, B("qoif")}, {0}, "is a QOI picture", TO_PNG},
    {{0, B("v/1\1")},
     {0},
     "is an OpenEXR picture, which has light beyond white",
     "convert it: magick FILE FILE.png"},
    {{0, B("#?RADIANCE")}, {0}, "is a Radiance HDR picture, which has light beyond white", TO_PNG},
    {{0, B("#?RGBE")}, {0}, "is a Radiance HDR picture, which has light beyond white", TO_PNG},
    {{0, B("DDS ")}, {0}, "is a DDS texture", TO_PNG},
    {{0, B("SIMPLE  =")}, {0}, "is a FITS picture", TO_PNG},
    {{0, B("\0\0\1\0")}, {0}, "is a Windows icon", "convert it: magick 'FILE[0]' FILE.png"},
    {{0, B("\0\0\2\0")}, {0}, "is a Windows cursor", "convert it: magick 'FILE[0]' FILE.png"},
    {{0, B("icns")}, {0}, "is a set of icons of macOS", "convert it: icns2png -x FILE"},
    {{0, B("BM")}, {14, B("??\0\0")}, "is a BMP picture", TO_PNG},
    {{0, B("BPG\xfb")}, {0}, "is a BPG picture", "convert it: bpgdec -o FILE.png FILE"},
    {{0, B("FLIF")}, {0}, "is a FLIF picture", "convert it: flif -d FILE FILE.png"},
    {{0, B("\x0a\5\1")}, {0}, "is a PCX picture", TO_PNG},
    {{0, B("\x01\xda\1")}, {0}, "is an SGI picture", TO_PNG},
    {{0, B("version https://git-lfs")},
     {0},
     "is a pointer of Git LFS, in place of the picture",
     "get the picture: git lfs pull"},
    {{0, B("/annex/objects/")},
     {0},
     "is a pointer of git-annex, in place of the picture",
     "get the picture: git annex get FILE"},
    {{0, B("PK\3\4")}, {0}, "is a ZIP archive", UNPACK},
    {{0, B("PK\5\6")}, {0}, "is an empty ZIP archive", UNPACK},
    {{0, B("\x1f\x8b")}, {0}, "is packed (gzip)", "unpack it: gunzip FILE"},
    {{0, B("BZh")}, {0}, "is packed (bzip2)", "unpack it: bunzip2 FILE"},
    {{0, B("\xfd"
           "7zXZ")},
     {0},
     "is packed (xz)",
     "unpack it: unxz FILE"},
    {{0, B("\x28\xb5\x2f\xfd")}, {0}, "is packed (zstd)", "unpack it: unzstd FILE"},
    {{0, B("7z\xbc\xaf")}, {0}, "is a 7z archive", UNPACK},
    {{0, B("Rar!")}, {0}, "is a RAR archive", UNPACK},
    {{257, B("ustar")}, {0}, "is a tar archive", UNPACK},
    {{0, B("SQLite format 3")}, {0}, "is a database", ANEW},
    {{0, B("\x89HDF\r\n\x1a\n")}, {0}, "is an HDF5 file", ANEW},
    {{0, B("\x7f"
           "ELF")},
     {0},
     "is a program",
     ANEW},
    {{0, B("MZ")}, {0}, "is a program", ANEW},
    {{0, B("bplist00")}, {0}, "is a property list of macOS", ANEW},
    {{0, B("\0\5\x16\7")},
     {0},
     "is what macOS keeps beside a file (its name begins with ._)",
     "give the file without ._"},
    {{0, B("\0\5\x16\0")}, {0}, "is what macOS keeps beside a file", ANEW},
    {{0, B("ID3")}, {0}, "is sound (MP3)", ANEW},
};

static bool has_mark(const unsigned char *head, size_t size, const struct mark *mark)
{
    if (mark->at + mark->count > size)
        return false;
    for (size_t i = 0; i < mark->count; i++)
        if (mark->bytes[i] != '?' && head[mark->at + i] != (unsigned char)mark->bytes[i])
            return false;
    return true;
}

/* ---- Text ------------------------------------------------------------------------------------ */

/* A file of text begins so, behind white space, in any case. */
static const struct {
    const char *start, *what, *advice;
} texts[] = {
    {"<!doctype html", "is a web page, in place of the picture", ANEW},
    {"<html", "is a web page, in place of the picture", ANEW},
    {"<head", "is a web page, in place of the picture", ANEW},
    {"<script", "is a web page, in place of the picture", ANEW},
    {"<svg", "is an SVG drawing", TO_DRAWING},
    {"data:image/", "is a picture as the text of a web page (base64)",
     "decode it: cut -d, -f2 FILE | base64 -d > FILE.png"},
    {"/9j/", "is a JPEG picture as text (base64)", "decode it: base64 -d FILE > FILE.jpg"},
    {"iVBORw0KGgo", "is a PNG picture as text (base64)", "decode it: base64 -d FILE > FILE.png"},
};

static bool is_text(const unsigned char *head, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (head[i] < ' ' && !strchr("\t\n\r\f\33", head[i]))
            return false;
    return size > 0 && !memchr(head, 0, size);
}

/* head: a string. */
static struct imp_foreign text_kind(const char *head)
{
    if (strncmp(head, "\xef\xbb\xbf", 3) == 0)
        head += 3;
    head += strspn(head, " \t\r\n");
    for (size_t i = 0; i < IMP_COUNT(texts); i++)
        if (imp_os_compare_start(head, texts[i].start, strlen(texts[i].start)) == 0)
            return (struct imp_foreign){texts[i].what, texts[i].advice};
    if (*head == '<' && strstr(head, "<svg"))
        return (struct imp_foreign){"is an SVG drawing", TO_DRAWING};
    if (*head == '<' && strstr(head, "<html"))
        return (struct imp_foreign){texts[0].what, ANEW};
    return (struct imp_foreign){"is text, not a picture", ANEW};
}

/* ---- All ------------------------------------------------------------------------------------- */

static bool is_zeros(const unsigned char *head, size_t size)
{
    size_t i = 0;
    while (i < size && head[i] == 0)
        i++;
    return i == size;
}

struct imp_foreign imp_foreign_find(const unsigned char *head, size_t size)
{
    char text[IMP_FOREIGN_HEAD + 1];
    for (size_t i = 0; i < IMP_COUNT(rows); i++)
        if (has_mark(head, size, &rows[i].first) && has_mark(head, size, &rows[i].second))
            return (struct imp_foreign){rows[i].what, rows[i].advice};
    if (is_zeros(head, size))
        return (struct imp_foreign){
            "begins with nothing but zeros, as where a copy failed or a cloud "
            "has not sent the file",
            "copy it anew"};
    if (size > IMP_FOREIGN_HEAD || !is_text(head, size))
        return (struct imp_foreign){0};
    memcpy(text, head, size);
    text[size] = 0;
    return text_kind(text);
}
