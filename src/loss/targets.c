/* SPDX-License-Identifier: MIT */
/* The targets of the styles on the host, for the next picture of the same job. */

#include "loss/objective.h"

#include <stdlib.h>

uint64_t imp_targets_key(const struct imp_style_pass *pass, int passes)
{
    uint64_t key = 14695981039346656037u; /* FNV-1a */
    for (int i = 0; i < passes; i++) {
        const uint64_t sides[] = {(uint64_t)pass[i].width, (uint64_t)pass[i].height};
        for (int k = 0; k < 2; k++)
            key = (key ^ sides[k]) * 1099511628211u;
    }
    return key;
}

/* Floats, and doubles, of all targets. */
static void count(const struct imp_objective *objective, size_t *values, size_t *energies)
{
    *values = *energies = 0;
    for (int r = 0; r < objective->regions; r++)
        for (int l = 0; l < IMPASTO_LAYERS; l++) {
            const size_t channels = (size_t)imp_layer_shapes[l].out_channels;
            if (!(objective->losses.style.layers[l] > 0))
                continue;
            *values += channels * channels + channels;
            *energies += 2;
        }
}

/* Copies all targets to the host or (back) to the device. */
static enum impasto_status copy(struct imp_objective *objective, const struct imp_targets *targets,
                                bool back)
{
    float *value = targets->values;
    double *energy = targets->energies;
    for (int r = 0; r < objective->regions; r++)
        for (int l = 0; l < IMPASTO_LAYERS; l++) {
            struct imp_style_region *region = &objective->region[r];
            const size_t channels = (size_t)imp_layer_shapes[l].out_channels;
            struct imp_buffer *buffers[] = {region->target[l], region->mean_target[l]};
            const size_t counts[] = {channels * channels, channels};
            double *energies[] = {&region->energy[l], &region->mean_energy[l]};
            if (!(objective->losses.style.layers[l] > 0))
                continue;
            for (int k = 0; k < 2; k++) {
                const size_t bytes = counts[k] * sizeof(float);
                if (buffers[k])
                    IMP_TRY(back ? imp_buffer_write(buffers[k], 0, value, bytes)
                                 : imp_buffer_read(buffers[k], 0, value, bytes));
                *(back ? energies[k] : energy) = *(back ? energy : energies[k]);
                value += counts[k];
                energy++;
            }
        }
    return IMPASTO_OK;
}

void imp_targets_free(struct imp_targets *targets)
{
    free(targets->values);
    free(targets->energies);
    *targets = (struct imp_targets){0};
}

enum impasto_status imp_targets_allocate(struct imp_targets *targets,
                                         const struct imp_objective *objective)
{
    size_t values, energies;
    count(objective, &values, &energies);
    imp_targets_free(targets);
    targets->value_count = values;
    targets->energy_count = energies;
    /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): a style has a layer */
    targets->values = malloc(values * sizeof(float));
    targets->energies = malloc(energies * sizeof(double));
    if (targets->values && targets->energies)
        return IMPASTO_OK;
    return imp_device_fail_memory(objective->device, "style targets", values * sizeof(float));
}

enum impasto_status imp_targets_read(struct imp_targets *targets, struct imp_objective *objective,
                                     uint64_t key)
{
    const enum impasto_status status = copy(objective, targets, false);
    targets->key = status == IMPASTO_OK ? key : 0;
    return status;
}

enum impasto_status imp_targets_write(const struct imp_targets *targets,
                                      struct imp_objective *objective)
{
    return copy(objective, targets, true);
}
