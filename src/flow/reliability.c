/* SPDX-License-Identifier: MIT */
/* How far a flow can be relied on, and where a scene ends. */

#include "flow/flow.h"

#include "ops/sums.h"

#include <math.h>

#define CAUTION 3          /* pixels that are not trusted around what is not reliable */
#define CUT_LOST 0.5       /* share of pixels that are not reliable */
#define CUT_DEVIATION 25.5 /* of lumas, 10 % of white */

enum impasto_status imp_flow_reliability(struct imp_flow *flow, const struct imp_buffer *forward,
                                         const struct imp_buffer *backward,
                                         struct imp_buffer *reliable)
{
    IMP_TRY(
        imp_flow_trust(flow->device, forward, backward, flow->height, flow->width, flow->trust));
    return imp_flow_soften(flow->device, flow->trust, flow->height, flow->width, reliable);
}

enum impasto_status imp_flow_cautious(struct imp_flow *flow, const struct imp_buffer *reliable,
                                      struct imp_buffer *lowest)
{
    return imp_flow_lowest(flow->device, reliable, flow->height, flow->width, CAUTION, flow->trust,
                           lowest);
}

/* A change of the light alone has a mean, but no deviation. */
enum impasto_status imp_flow_cut(struct imp_flow *flow, const struct imp_pyramid *from,
                                 const struct imp_pyramid *to, const struct imp_buffer *forward,
                                 const struct imp_buffer *reliable, bool *cut)
{
    const struct imp_level *level = &flow->levels[1];
    const struct imp_flow_pair pair = {from->levels, to->levels, level};
    const double n = (double)level->height * level->width;
    double totals[3];
    IMP_TRY(imp_flow_cut_sums(flow->device, &pair, 1, forward, reliable, flow->height, flow->width,
                              flow->sums));
    IMP_TRY(imp_sums_read(flow->device, flow->sums, 3, totals));
    const double mean = totals[1] / n, deviation = sqrt(fmax(totals[2] / n - mean * mean, 0));
    *cut = totals[0] > CUT_LOST * n || deviation > CUT_DEVIATION;
    return IMPASTO_OK;
}
