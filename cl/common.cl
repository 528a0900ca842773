/* SPDX-License-Identifier: MIT */
/*
 * Put before every kernel file, and behind shared.h.
 *
 * Activations are channel-blocked with a halo: VW channels side by side, then columns, rows and
 * blocks of channels, with one pixel of zeros around each plane of height x width:
 *
 *     element (c, y, x) is at (((c / VW) * (height + 2) + y + 1) * (width + 2) + x + 1) * VW + c % VW
 *
 * Because the halo is there, a pixel's neighbour in any direction is a fixed distance away, also
 * across the end of a row. Kernels therefore walk a plane as one run of `span` positions, from the
 * first pixel of the picture to its last with the halo columns in between, and only the stores ask
 * whether a position is a pixel. Reads may run over the plane's end by less than SLACK
 * positions, which is why every tensor has that much behind it.
 */

#ifndef VW
#define VW 4
#endif

#if VW == 16
typedef float16 floatv;
typedef int16 intv;
#elif VW == 8
typedef float8 floatv;
typedef int8 intv;
#elif VW == 4
typedef float4 floatv;
typedef int4 intv;
#elif VW == 1
typedef float floatv;
typedef int intv;
#endif

/*
 * Stands before kernels whose time goes into arithmetic on vectors. For processors that lower their clock
 * when vectors are wide, LLVM splits them into 256 bits, except in functions that need more (their
 * min-legal-vector-width). Clang takes that need from the vectors among a function's arguments and those
 * of what it calls. Kernels have pointers for arguments, so many of ours seem to need nothing, and ran at
 * half speed with PoCL 7.1.
 */
#ifdef __has_attribute
#if __has_attribute(min_vector_width)
#define FULL_WIDTH __attribute__((min_vector_width(32 * VW)))
#endif
#endif
#ifndef FULL_WIDTH
#define FULL_WIDTH
#endif

/* With AHEAD, on CPUs: asks for memory that will be read, or written, while there is something else to do.
 * OpenCL's prefetch does nothing there. */
#if defined(AHEAD) && defined(__has_builtin)
#if __has_builtin(__builtin_prefetch)
#define FETCH(at, writes) __builtin_prefetch((const void *)(size_t)(at), writes, 2)
#endif
#endif
#ifndef FETCH
#define FETCH(at, writes)
#endif

/* A mask keeps of VW values which are positive: bit i of a word for lane i. */
#if VW == 16
typedef ushort maskword;
#define LANE_BITS (intv)(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768)
#elif VW == 8
typedef uchar maskword;
#define LANE_BITS (intv)(1, 2, 4, 8, 16, 32, 64, 128)
#elif VW == 4
typedef uchar maskword;
#define LANE_BITS (intv)(1, 2, 4, 8)
#endif

#if VW > 1
/* The word for a comparison's result, -1 or 0 in each lane. */
static inline maskword pack_bits(intv v)
{
    const intv bits = v & LANE_BITS;
#if VW == 16
    const int8 by8 = bits.lo | bits.hi;
    const int4 by4 = by8.lo | by8.hi;
#elif VW == 8
    const int4 by4 = bits.lo | bits.hi;
#else
    const int4 by4 = bits;
#endif
    return (maskword)(by4.x | by4.y | by4.z | by4.w);
}
#endif

/* Row pitch, positions in a plane, first pixel's position, and positions from first to last pixel. */
#define PITCH(width) ((width) + 2)
#define PLANE(height, width) (((height) + 2) * PITCH(width))
#define FIRST(width) (PITCH(width) + 1)
#define SPAN(height, width) ((height) * PITCH(width) - 2)

/* The elements that a work-item does of n: COLUMNS of them, side by side along dimension 0. */
#define FOR_COLUMNS(i, n)                                                                          \
    for (int i = (int)get_global_id(0) * COLUMNS, end_of_##i = min(i + COLUMNS, (n)); i < end_of_##i; i++)

/* The shares of sums are fixed, so that a device gives the same bits each time: on CPUs a contiguous
 * share, on GPUs every `of`-th element, as their memory likes it. */
#ifdef CONTIGUOUS_SHARES
#define PART_BEGIN(part, of, n) (min((n), (part) * (((n) + (of) - 1) / (of))))
#define PART_END(part, of, n) (min((n), ((part) + 1) * (((n) + (of) - 1) / (of))))
#define PART_STEP(of) 1
#else
#define PART_BEGIN(part, of, n) (part)
#define PART_END(part, of, n) (n)
#define PART_STEP(of) (of)
#endif
/* Of PARTS. */
#define SHARE_BEGIN(part, n) PART_BEGIN(part, PARTS, n)
#define SHARE_END(part, n) PART_END(part, PARTS, n)
#define SHARE_STEP PART_STEP(PARTS)

static inline float sum_lanes(floatv v)
{
#if VW == 16
    const float8 a = v.lo + v.hi;
    const float4 b = a.lo + a.hi;
    return (b.x + b.y) + (b.z + b.w);
#elif VW == 8
    const float4 b = v.lo + v.hi;
    return (b.x + b.y) + (b.z + b.w);
#elif VW == 4
    return (v.x + v.y) + (v.z + v.w);
#else
    return v;
#endif
}

#if VW > 1
/* m[i] lane j becomes m[j] lane i: log2(VW) times, the halves of the rows are dealt out in turns.
 * Unrolled, the rounds take half a second to compile where VW is 16. */
static inline void transpose(floatv m[VW])
{
#if VW > 4
#pragma unroll 1
#else
#pragma unroll
#endif
    for (int round = 1; round < VW; round *= 2) {
        floatv t[VW];
#pragma unroll
        for (int i = 0; i < VW / 2; i++) {
            t[2 * i].even = m[i].lo;
            t[2 * i].odd = m[i + VW / 2].lo;
            t[2 * i + 1].even = m[i].hi;
            t[2 * i + 1].odd = m[i + VW / 2].hi;
        }
#pragma unroll
        for (int i = 0; i < VW; i++)
            m[i] = t[i];
    }
}
#endif

/*
 * NaN and infinity must arrive at a loss or at the gradient, where they are noticed; max, clamp and a
 * mask that is simply compared would swallow them. rectified: max(x, 0), and NaN where x is. gated: r where
 * x > 0, 0 elsewhere, and NaN where x is NaN or infinite.
 */
static inline floatv rectified(floatv x)
{
    return select(x, (floatv)(0.0f), x < (floatv)(0.0f));
}
static inline floatv gated(floatv r, floatv x)
{
    return select(r + (x - x), (floatv)(0.0f), x <= (floatv)(0.0f));
}
static inline float within(float x, float low, float high)
{
    return x < low ? low : x > high ? high : x;
}

/* Stores r by its epilogue. at: the element's place in y, and in aux as mask; bias_at: in aux as bias;
 * lanes: of the tensor where VW is 1. */
static inline void store_by(int epilogue, __global floatv *y, __global const floatv *aux, size_t at,
                            int bias_at, int lanes, floatv r)
{
    const floatv zero = (floatv)(0.0f);
    floatv stored = r;
    if (epilogue == EPILOGUE_BIAS_RELU)
        stored = rectified(r + aux[bias_at]);
    else if (epilogue == EPILOGUE_MASK)
        stored = gated(r, aux[at]);
    else if (epilogue == EPILOGUE_ADD_MASK)
        stored = gated(y[at] + r, aux[at]);
    else if (epilogue == EPILOGUE_MASK_BITS) {
#if VW == 1
        /* The tensor's words are of its lanes. */
        const size_t word = at / lanes;
        const int bits = lanes > 8 ? ((__global const ushort *)aux)[word]
                                   : ((__global const uchar *)aux)[word];
        stored = bits >> (at % lanes) & 1 ? r : zero;
#else
        const maskword bits = ((__global const maskword *)aux)[at];
        stored = select(zero, r, ((intv)(bits) & LANE_BITS) != (intv)(0));
#endif
    }
    y[at] = stored;
}

/* Stores a 1x1 convolution's result r by POINTWISE_* flags. bias_at: of bias; position: of weight; at: of y. */
static inline void store_pointwise(int flags, __global floatv *y, __global const floatv *bias,
                                   __global const float *weight, size_t at, int bias_at,
                                   int position, floatv r)
{
    floatv stored = r;
    if (flags & POINTWISE_BIAS)
        stored += bias[bias_at];
    if (flags & POINTWISE_WEIGHT)
        stored *= (floatv)(weight[position]);
    if (flags & POINTWISE_ADD)
        stored += y[at];
    y[at] = stored;
}
