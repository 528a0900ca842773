/* SPDX-License-Identifier: MIT */
/*
 * Stands before CLBlast where $LD_PRELOAD names it. Its products are right, computed on the host,
 * until $IMPASTO_CLBLAST says otherwise, by words with commas between:
 *
 *   code=N       returns that instead of computing
 *
 *   answer=WHAT  wrong: products of zeros; nan: with a NaN in them
 *
 *   crash=WHAT   abort, segfault; stop: it never returns, until a signal comes
 *
 *   skip=N       leaves out what has more than N million multiply-adds, which makes that fast
 *
 *   at=N         from the N-th call on; without it from the first
 */

#define CL_TARGET_OPENCL_VERSION 120
#include <clblast_c.h>

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct product {
    size_t m, n, k, batch;
    cl_mem a, b, c;
    size_t a_at, b_at, c_at;
    size_t lda, ldb, ldc;
    size_t a_stride, b_stride, c_stride; /* between the batch's */
    cl_command_queue queue;
};

static struct {
    long at, skip;
    CLBlastStatusCode code;
    char answer[16], crash[16];
} fault;

static void read_fault(void)
{
    const char *text = getenv("IMPASTO_CLBLAST");
    char *words = strdup(text ? text : ""), *at = words;
    fault.at = 1;
    for (char *word = strtok_r(at, ",", &at); word; word = strtok_r(NULL, ",", &at)) {
        if (strncmp(word, "at=", 3) == 0)
            fault.at = strtol(word + 3, NULL, 10);
        else if (strncmp(word, "skip=", 5) == 0)
            fault.skip = strtol(word + 5, NULL, 10);
        else if (strncmp(word, "code=", 5) == 0)
            fault.code = (CLBlastStatusCode)strtol(word + 5, NULL, 10);
        else if (strncmp(word, "answer=", 7) == 0)
            snprintf(fault.answer, sizeof(fault.answer), "%s", word + 7);
        else if (strncmp(word, "crash=", 6) == 0)
            snprintf(fault.crash, sizeof(fault.crash), "%s", word + 6);
        else {
            /* A test that tests nothing would pass. */
            fprintf(stderr, "IMPASTO_CLBLAST: \"%s\" is not understood\n", word);
            exit(99);
        }
    }
    free(words);
}

static float *read_matrix(cl_command_queue queue, cl_mem buffer, size_t at, size_t count)
{
    float *values = malloc(count * sizeof(*values));
    if (!values ||
        clEnqueueReadBuffer(queue, buffer, CL_TRUE, at * sizeof(*values), count * sizeof(*values),
                            values, 0, NULL, NULL) != CL_SUCCESS)
        abort();
    return values;
}

/* c = a b, row by row; what is between the rows of c stays. */
static void multiply(const struct product *p, size_t which)
{
    if (fault.skip > 0 && p->m * p->n * p->k * p->batch > (size_t)fault.skip * 1000000)
        return;
    float *a = read_matrix(p->queue, p->a, p->a_at + which * p->a_stride, p->m * p->lda);
    float *b = read_matrix(p->queue, p->b, p->b_at + which * p->b_stride, p->k * p->ldb);
    float *row = malloc(p->n * sizeof(*row));
    for (size_t i = 0; i < p->m && row; i++) {
        memset(row, 0, p->n * sizeof(*row));
        for (size_t l = 0; l < p->k && !fault.answer[0]; l++)
            for (size_t j = 0; j < p->n; j++)
                row[j] += a[i * p->lda + l] * b[l * p->ldb + j];
        /* Single columns may be between two rows of a picture, which nothing reads. */
        for (size_t j = p->n / 2; j < p->n && strcmp(fault.answer, "nan") == 0; j++)
            row[j] = NAN;
        if (clEnqueueWriteBuffer(p->queue, p->c, CL_TRUE,
                                 (p->c_at + which * p->c_stride + i * p->ldc) * sizeof(*row),
                                 p->n * sizeof(*row), row, 0, NULL, NULL) != CL_SUCCESS)
            abort();
    }
    free(a);
    free(b);
    free(row);
}

static CLBlastStatusCode answer(const struct product *p)
{
    static long calls;
    if (calls == 0)
        read_fault();
    char meant[sizeof(fault.answer)];
    memcpy(meant, fault.answer, sizeof(meant));
    const bool now = ++calls >= fault.at;
    if (now && strcmp(fault.crash, "abort") == 0)
        abort();
    if (now && strcmp(fault.crash, "segfault") == 0)
        raise(SIGSEGV);
    while (now && strcmp(fault.crash, "stop") == 0)
        pause();
    if (now && fault.code != CLBlastSuccess)
        return fault.code;
    if (!now)
        fault.answer[0] = 0;
    for (size_t i = 0; i < p->batch; i++)
        multiply(p, i);
    memcpy(fault.answer, meant, sizeof(meant));
    return CLBlastSuccess;
}

EXPORT CLBlastStatusCode CLBlastSgemm(const CLBlastLayout layout,
                                      const CLBlastTranspose a_transpose,
                                      const CLBlastTranspose b_transpose, const size_t m,
                                      const size_t n, const size_t k, const float alpha,
                                      const cl_mem a, const size_t a_at, const size_t lda,
                                      const cl_mem b, const size_t b_at, const size_t ldb,
                                      const float beta, cl_mem c, const size_t c_at,
                                      const size_t ldc, cl_command_queue *queue, cl_event *event)
{
    (void)layout, (void)a_transpose, (void)b_transpose, (void)alpha, (void)beta, (void)event;
    return answer(&(struct product){.m = m,
                                    .n = n,
                                    .k = k,
                                    .batch = 1,
                                    .a = a,
                                    .b = b,
                                    .c = c,
                                    .a_at = a_at,
                                    .b_at = b_at,
                                    .c_at = c_at,
                                    .lda = lda,
                                    .ldb = ldb,
                                    .ldc = ldc,
                                    .queue = *queue});
}

EXPORT CLBlastStatusCode CLBlastSgemmStridedBatched(
    const CLBlastLayout layout, const CLBlastTranspose a_transpose,
    const CLBlastTranspose b_transpose, const size_t m, const size_t n, const size_t k,
    const float alpha, const cl_mem a, const size_t a_at, const size_t lda, const size_t a_stride,
    const cl_mem b, const size_t b_at, const size_t ldb, const size_t b_stride, const float beta,
    cl_mem c, const size_t c_at, const size_t ldc, const size_t c_stride, const size_t batch,
    cl_command_queue *queue, cl_event *event)
{
    (void)layout, (void)a_transpose, (void)b_transpose, (void)alpha, (void)beta, (void)event;
    return answer(&(struct product){.m = m,
                                    .n = n,
                                    .k = k,
                                    .batch = batch,
                                    .a = a,
                                    .b = b,
                                    .c = c,
                                    .a_at = a_at,
                                    .b_at = b_at,
                                    .c_at = c_at,
                                    .lda = lda,
                                    .ldb = ldb,
                                    .ldc = ldc,
                                    .a_stride = a_stride,
                                    .b_stride = b_stride,
                                    .c_stride = c_stride,
                                    .queue = *queue});
}
