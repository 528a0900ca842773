/* SPDX-License-Identifier: MIT */
/* Colours by the numbers of ITU-T H.273 (CICP): primaries and transfer functions of video, which
 * pictures may state, too. */

#include "image/formats.h"

#include <string.h>

/* x and y of white, red, green and blue; of PNG's 8 numbers, in its order. */
#define C_WHITE 0.310, 0.316
#define D65 0.3127, 0.3290
static const struct {
    unsigned number;
    double chromaticities[8];
} primaries[] = {
    {1, {D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06}},                 /* BT.709, sRGB */
    {4, {C_WHITE, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08}},             /* BT.470 M */
    {5, {D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06}},                 /* BT.601, 625 lines */
    {6, {D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}},           /* BT.601, 525 lines */
    {7, {D65, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070}},           /* SMPTE 240M */
    {8, {C_WHITE, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049}},       /* film */
    {9, {D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046}},           /* BT.2020 */
    {11, {0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}}, /* DCI-P3 */
    {12, {D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060}},          /* Display P3 */
    {22, {D65, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077}},          /* EBU 3213 */
};

/* Reserved are the numbers 0, 3 and those beyond. */
#define UNSPECIFIED 2
#define MOST_PRIMARIES 22
#define MOST_TRANSFER 18
#define PQ 16
#define HLG 18

/* From samples to light; that of sRGB is none. */
#define BT_709                                                                                     \
    {                                                                                              \
        1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081                                         \
    }
static const struct {
    unsigned number;
    struct imp_curve curve;
} transfers[] = {
    {1, BT_709},
    {4, {.exponent = 2.2, .factor = 1}},
    {5, {.exponent = 2.8, .factor = 1}},
    {6, BT_709},
    {7, {1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4.0, 0.0913}},
    {8, {.exponent = 1, .factor = 1}},
    {11, BT_709}, /* within [0, 1] */
    {12, BT_709}, /* likewise */
    {13, {.exponent = 0}},
    {14, BT_709},
    {15, BT_709},
};

static bool is_stated(unsigned number, unsigned most)
{
    return number > 0 && number != UNSPECIFIED && number != 3 && number <= most;
}

bool imp_cicp_is_stated(const struct imp_cicp *cicp)
{
    return is_stated(cicp->primaries, MOST_PRIMARIES) && is_stated(cicp->transfer, MOST_TRANSFER);
}

enum impasto_status imp_cicp_read(const struct imp_cicp *cicp, const char *path,
                                  struct imp_colour_source *source, struct impasto_error *error)
{
    size_t p = 0, t = 0;
    if (cicp->transfer == PQ || cicp->transfer == HLG)
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: is an HDR picture (%s), brighter than a screen's white; save it as a "
                        "plain (SDR) picture: ffmpeg -i FILE -vf zscale=t=linear:npl=203,"
                        "tonemap=mobius,zscale=p=bt709:t=iec61966-2-1 FILE.png",
                        path, cicp->transfer == PQ ? "PQ" : "HLG");
    while (p < IMP_COUNT(primaries) && primaries[p].number != cicp->primaries)
        p++;
    while (t < IMP_COUNT(transfers) && transfers[t].number != cicp->transfer)
        t++;
    if (p == IMP_COUNT(primaries) || t == IMP_COUNT(transfers))
        return imp_fail(error, IMPASTO_ERROR_INPUT,
                        "%s: has colours that are not known (cICP %u/%u: primaries and transfer "
                        "function of H.273); save it as sRGB",
                        path, cicp->primaries, cicp->transfer);
    *source = (struct imp_colour_source){.curve = transfers[t].curve};
    memcpy(source->chromaticities, primaries[p].chromaticities, sizeof(source->chromaticities));
    return IMPASTO_OK;
}
