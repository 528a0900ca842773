/* SPDX-License-Identifier: MIT */
/* Floats of safetensors, in single or half precision. */

#include "store/store.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

/* Bytes read at a time; a multiple of every element's size. */
#define CHUNK 16384
/* A shape written out. */
#define SHAPE_SIZE 128

/* ---- Half precision: 1 bit of sign, 5 of exponent, 10 of fraction -------------------------------
 */

#define HALF_INFINITY 0x7c00u
/* The exponents' biases are 15 and 127. */
#define BIAS_DIFFERENCE 112
/* Bits of a single's fraction that a half has not. */
#define LOST 13

float imp_float_of_half(uint16_t half)
{
    const unsigned exponent = half >> 10 & 31, fraction = half & 1023;
    uint32_t bits = (uint32_t)(half & 0x8000) << 16;
    float value;
    if (exponent == 31) {
        bits |= 0x7f800000u | fraction << LOST; /* infinity or NaN */
    } else if (exponent != 0) {
        bits |= (exponent + BIAS_DIFFERENCE) << 23 | fraction << LOST;
    } else {
        value = (float)fraction * 0x1p-24f; /* zero or subnormal */
        return half & 0x8000 ? -value : value;
    }
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* To the nearest, ties to even. */
uint16_t imp_half_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    const float size = fabsf(value);
    if (isnan(value))
        return (uint16_t)(sign | HALF_INFINITY | 0x200u);
    if (size >= 65520.0f) /* halfway beyond the largest */
        return (uint16_t)(sign | HALF_INFINITY);
    if (size < 0x1p-14f) /* subnormal: units of 2^-24 */
        return (uint16_t)(sign | (uint16_t)lrintf(size * 0x1p24f));
    bits = (bits & 0x7fffffffu) - ((uint32_t)BIAS_DIFFERENCE << 23);
    bits += (1u << (LOST - 1)) - 1 + (bits >> LOST & 1);
    return (uint16_t)(sign | bits >> LOST);
}

/* ---- Reading --------------------------------------------------------------------------------- */

static float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/* Reads count elements at `offset` of the data. */
static enum impasto_status read_values(const struct imp_safetensors *file, uint64_t offset,
                                       bool half, size_t count, float *out,
                                       struct impasto_error *error)
{
    unsigned char chunk[CHUNK];
    const size_t size = half ? 2 : 4;
    while (count > 0) {
        const size_t step = count < CHUNK / size ? count : CHUNK / size;
        IMP_TRY(imp_safetensors_read(file, offset, step * size, chunk, error));
        for (size_t i = 0; i < step; i++) {
            const unsigned char *b = chunk + i * size;
            out[i] = half ? imp_float_of_half((uint16_t)((unsigned)b[0] | (unsigned)b[1] << 8))
                          : float_of_bits((uint32_t)b[0] | (uint32_t)b[1] << 8 |
                                          (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
        }
        out += step;
        count -= step;
        offset += step * size;
    }
    return IMPASTO_OK;
}

/* "[64,3,3,3]"; what does not fit is cut. */
static void write_found(char text[SHAPE_SIZE], const json_t *shape)
{
    size_t used = (size_t)snprintf(text, SHAPE_SIZE, "[");
    for (size_t i = 0; i < json_array_size(shape) && used < SHAPE_SIZE - 32; i++)
        used += (size_t)snprintf(text + used, SHAPE_SIZE - used, "%s%lld", i == 0 ? "" : ",",
                                 (long long)json_integer_value(json_array_get(shape, i)));
    snprintf(text + used, SHAPE_SIZE - used, "]");
}

static void write_wanted(char text[SHAPE_SIZE], const struct imp_safetensors_floats *wanted)
{
    size_t used = (size_t)snprintf(text, SHAPE_SIZE, "[");
    for (int i = 0; i < wanted->rank; i++)
        used += (size_t)snprintf(text + used, SHAPE_SIZE - used, "%s%d", i == 0 ? "" : ",",
                                 wanted->shape[i]);
    snprintf(text + used, SHAPE_SIZE - used, "]");
}

int imp_safetensors_shape(const struct imp_safetensors *file, const char *name,
                          int64_t shape[IMP_STORE_RANK])
{
    const json_t *tensor = json_object_get(file->header, name);
    const json_t *found = json_object_get(tensor, "shape");
    const size_t rank = json_array_size(found);
    if (!tensor)
        return -1;
    for (size_t i = 0; i < rank && i < IMP_STORE_RANK; i++)
        shape[i] = json_integer_value(json_array_get(found, i));
    return rank < INT32_MAX ? (int)rank : INT32_MAX;
}

/* Whether the tensor has the shape that is wanted. */
static enum impasto_status check_shape(const struct imp_safetensors *file,
                                       const struct imp_safetensors_floats *wanted,
                                       struct impasto_error *error)
{
    int64_t found[IMP_STORE_RANK];
    char found_text[SHAPE_SIZE], wanted_text[SHAPE_SIZE];
    bool same = imp_safetensors_shape(file, wanted->name, found) == wanted->rank;
    for (int i = 0; i < wanted->rank && same; i++)
        same = found[i] == wanted->shape[i];
    if (same)
        return IMPASTO_OK;
    write_found(found_text, json_object_get(json_object_get(file->header, wanted->name), "shape"));
    write_wanted(wanted_text, wanted);
    return imp_fail(error, file->blame,
                    "%s: tensor %s has the shape %s but %s is %s; other weights are needed",
                    file->path, wanted->name, found_text, wanted->whose, wanted_text);
}

enum impasto_status imp_safetensors_read_floats(const struct imp_safetensors *file,
                                                const struct imp_safetensors_floats *wanted,
                                                float *out, struct impasto_error *error)
{
    const json_t *tensor = json_object_get(file->header, wanted->name);
    const char *dtype = json_string_value(json_object_get(tensor, "dtype"));
    size_t count = 1;
    uint64_t offset, size;
    if (!tensor)
        return imp_fail(error, file->blame, "%s: tensor %s is missing; get the file anew",
                        file->path, wanted->name);
    IMP_TRY(check_shape(file, wanted, error));
    for (int i = 0; i < wanted->rank; i++)
        count *= (size_t)wanted->shape[i];
    const bool half = strcmp(dtype, "F16") == 0;
    if (!half && strcmp(dtype, "F32") != 0)
        return imp_fail(error, file->blame,
                        "%s: tensor %s is of type %.20s, but only F32 and F16 are read; save it as "
                        "one of them",
                        file->path, wanted->name, dtype);
    if (!imp_safetensors_find(file, wanted->name, dtype, &offset, &size))
        return imp_safetensors_damaged(file, error, "a data range is malformed");
    IMP_TRY(read_values(file, offset, half, count, out, error));
    return imp_floats_check(file->path, wanted->name, out, count, error);
}

enum impasto_status imp_floats_check(const char *path, const char *name, const float *values,
                                     size_t count, struct impasto_error *error)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return imp_fail(error, IMPASTO_ERROR_WEIGHTS,
                            "%s: %s has a value that is not finite (element %zu is %s); the file "
                            "is damaged, get it anew",
                            path, name, i, isnan(values[i]) ? "NaN" : "infinite");
    return IMPASTO_OK;
}
