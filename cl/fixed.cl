/* SPDX-License-Identifier: MIT */
/*
 * Sums over a picture that come out alike however it is cut into strips or bands, for gram.cl and
 * moments.cl.
 *
 * A picture's positions are in blocks of rows, and each block's in chunks. A chunk is added up in
 * single precision, position by position. One that a strip's end cuts is left as it is, and the next
 * strip goes on with it. Complete chunks are added up as whole numbers, of which sums have no order:
 * of units of 2^-40, in two words of 64 bits, of which the upper counts 2^42 units each. A chunk is up to
 * 2^44, and a sum up to 2^55. Features are far from both: with the squares of 2048 positions, the first is
 * reached at a root mean square of 90,000, and with those of 16384 x 16384 the second at 11,000. Down to
 * 0.0001, a unit is below the rounding of single precision. What does not fit is no number any more, and
 * nor is what is not finite: then the upper word is SPOILT.
 *
 * The words are kept in halves, as not all devices have integers of 64 bits.
 */

#if VW == 16
typedef uint16 uintv;
#define AS_UINTV as_uint16
#define AS_INTV as_int16
#define AS_FLOATV as_float16
#elif VW == 8
typedef uint8 uintv;
#define AS_UINTV as_uint8
#define AS_INTV as_int8
#define AS_FLOATV as_float8
#else
typedef uint4 uintv;
#define AS_UINTV as_uint4
#define AS_INTV as_int4
#define AS_FLOATV as_float4
#endif

#define TWO_16 65536.0f
#define TWO_21 2097152.0f
#define TWO_32 4294967296.0f
#define TWO_40 1099511627776.0f
#define TWO_42 4398046511104.0f
#define TWO_44 17592186044416.0f
#define SPOILT 0x80000000u
#define TOP_MOST 0x200000u /* beyond the halves that a sum's upper word begins with */

/* Conversions between whole numbers and floats of vectors, which some compilers make one lane at a time:
 * in floats between 2^23 and 2^24, the last bit counts ones. */
#define ONES 12582912.0f /* 1.5 * 2^23 */
#define ONES_BITS 0x4b400000u
#define TWO_23 8388608.0f
#define TWO_23_BITS 0x4b000000u

/* word[0], [1]: the lower word's halves, the lower first; [2], [3]: the upper word's. */
struct fixed {
    uintv word[FIXED_WORDS];
};

/* Digits of 21 bits between -2^20 and 2^20, the first one the largest. So many are added up. */
#define DIGITS 4
#define DIGITS_MOST 512

/* digit[k] += those of x, and ONES_BITS. */
static inline void add_digits(uintv digit[DIGITS], floatv x)
{
    const float units[DIGITS] = {TWO_44 / TWO_21, TWO_44 / TWO_42, TWO_21 / TWO_40, 1.0f / TWO_40};
#pragma unroll
    for (int k = 0; k < DIGITS; k++) {
        const floatv rounded = x * (1.0f / units[k]) + ONES;
        x -= (rounded - ONES) * units[k];
        digit[k] += AS_UINTV(rounded);
    }
}

/* A word in halves += 2^21 upper + lower. */
static inline void add_pair(uintv *low, uintv *high, intv upper, intv lower)
{
    const uintv shifted = AS_UINTV(upper << 21);
    *low += shifted;
    *high += AS_UINTV(upper >> 11) - AS_UINTV(*low < shifted);
    *low += AS_UINTV(lower);
    *high += AS_UINTV(lower >> 31) - AS_UINTV(*low < AS_UINTV(lower));
}

/* sum += x[0], x[step], ... of so many chunks, up to DIGITS_MOST. */
static inline void add_fixed(struct fixed *sum, __global const floatv *x, size_t step, int chunks)
{
    const uintv none = (uintv)(ONES_BITS * (uint)chunks);
    uintv digit[DIGITS];
    intv fits = (intv)(-1);
#pragma unroll
    for (int k = 0; k < DIGITS; k++)
        digit[k] = -none;
    for (int chunk = 0; chunk < chunks; chunk++) {
        const floatv term = x[chunk * step];
        fits &= fabs(term) <= (floatv)(TWO_44); /* NaN does not */
        add_digits(digit, term);
    }
    const uintv spoilt = AS_UINTV(sum->word[3] == (uintv)(SPOILT)) | ~AS_UINTV(fits);
    add_pair(&sum->word[0], &sum->word[1], AS_INTV(digit[2]), AS_INTV(digit[3]));
    add_pair(&sum->word[2], &sum->word[3], AS_INTV(digit[0]), AS_INTV(digit[1]));
    sum->word[3] = select(sum->word[3], (uintv)(SPOILT), spoilt);
}

static inline floatv float_of(uintv v)
{
    const floatv upper = AS_FLOATV((v >> 16) | (uintv)(TWO_23_BITS)) - TWO_23;
    const floatv lower = AS_FLOATV((v & 0xffffu) | (uintv)(TWO_23_BITS)) - TWO_23;
    return upper * TWO_16 + lower;
}

/* A word in halves, rounded. Turned if it is negative, or halves of unlike signs would cancel. */
static inline floatv whole_value(uintv low, uintv high)
{
    const uintv minus = AS_UINTV(AS_INTV(high) < (intv)(0));
    const uintv below = (low ^ minus) - minus;
    const uintv above = (high ^ minus) - (minus & AS_UINTV(below == (uintv)(0u)));
    const floatv size = float_of(above) * TWO_32 + float_of(below);
    return select(size, -size, AS_INTV(minus));
}

/* The sum, rounded; NaN where it is spoilt, or of a size that nothing adds up to. */
static inline floatv fixed_value(const struct fixed *sum)
{
    /* What of the lower word is the upper's, so that they cannot cancel either. */
    const intv carry = (AS_INTV(sum->word[1]) + (intv)(512)) >> 10;
    const uintv high = sum->word[1] - (AS_UINTV(carry) << 10);
    const uintv upper = sum->word[2] + AS_UINTV(carry);
    const uintv top = sum->word[3] + AS_UINTV(carry >> 31) - AS_UINTV(upper < AS_UINTV(carry));
    const floatv value = whole_value(upper, top) * (TWO_42 / TWO_40) +
                         whole_value(sum->word[0], high) * (1.0f / TWO_40);
    return select(value, (floatv)(NAN), top + TOP_MOST >= (uintv)(2 * TOP_MOST));
}

/* Sums of `count` vectors are planes of so many: the words', then the chunk's that is cut. */
static inline struct fixed load_fixed(__global const uintv *sums, size_t count, size_t at)
{
    struct fixed sum;
#pragma unroll
    for (int word = 0; word < FIXED_WORDS; word++)
        sum.word[word] = sums[word * count + at];
    return sum;
}

static inline void store_fixed(__global uintv *sums, size_t count, size_t at,
                               const struct fixed *sum)
{
#pragma unroll
    for (int word = 0; word < FIXED_WORDS; word++)
        sums[word * count + at] = sum->word[word];
}

/* sums[at] = or (unless it begins) += partial[at] of so many chunks of `count` sums each. A chunk more
 * is cut, and kept. */
static inline void sum_chunks(__global const floatv *partial, int chunks, int complete,
                              __global uintv *sums, size_t count, size_t at, int begins)
{
    struct fixed sum;
    if (begins) {
#pragma unroll
        for (int word = 0; word < FIXED_WORDS; word++)
            sum.word[word] = (uintv)(0u);
    } else
        sum = load_fixed(sums, count, at);
    for (int chunk = 0; chunk < complete; chunk += DIGITS_MOST)
        add_fixed(&sum, partial + chunk * count + at, count, min(complete - chunk, DIGITS_MOST));
    store_fixed(sums, count, at, &sum);
    if (complete < chunks)
        sums[FIXED_WORDS * count + at] = AS_UINTV(partial[complete * count + at]);
}

/*
 * The chunks of a window: positions `from` to before `to` of the whole's `total`, in which position 0
 * is the tensor's `origin`. There are `blocks` of `block` positions, the last with the rest, and
 * chunks of `length` in each, `per_block` but in the last. `first` is the first chunk of the window.
 * begins: nothing came before it.
 */
#define CHUNK_ARGUMENTS                                                                            \
    int origin, int from, int to, int total, int block, int blocks, int length, int per_block,    \
        int first, int begins

static inline int chunk_begin(int chunk, int block, int blocks, int length, int per_block)
{
    const int number = min(chunk / per_block, blocks - 1);
    return number * block + (chunk - number * per_block) * length;
}

static inline int chunk_end(int chunk, int total, int block, int blocks, int length, int per_block)
{
    const int number = min(chunk / per_block, blocks - 1);
    const int end = number * block + (chunk - number * per_block + 1) * length;
    return min(end, number + 1 < blocks ? (number + 1) * block : total);
}
