/* SPDX-License-Identifier: MIT */
/*
 * The bridge to CLBlast, the only file that knows it. CLBlast keeps process-wide caches whose first
 * use is not safe from two threads before 1.6.1, hence the lock; and it must be told to forget what
 * it holds before a context goes, or some drivers crash at exit.
 */

#include "base/os.h"
#include "ops/kernels.h"

#ifdef IMP_HAVE_CLBLAST

/* Its header brings OpenCL's, which asks for a version; nothing newer than this is used here. */
#define CL_TARGET_OPENCL_VERSION 120
#include <clblast_c.h>

static struct imp_os_mutex mutex;

bool imp_gemm_clblast_available(void)
{
    return true;
}

enum impasto_status imp_gemm_clblast(struct imp_device *device, const struct imp_gemm_call *call)
{
    cl_command_queue queue = imp_device_native_queue(device);
    imp_os_lock(&mutex);
    imp_device_library_begin(device);
    const size_t m = (size_t)call->m, n = (size_t)call->n, k = (size_t)call->k;
    const size_t lda = (size_t)call->lda, ldb = (size_t)call->ldb, ldc = (size_t)call->ldc;
    cl_mem a = imp_buffer_native(call->a), b = imp_buffer_native(call->b);
    cl_mem c = imp_buffer_native(call->c);
    const CLBlastStatusCode code =
        call->batch > 1
            ? CLBlastSgemmStridedBatched(
                  CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n, k, 1.0f, a,
                  call->offset_a, lda, m * lda, b, call->offset_b, ldb, k * ldb, 0.0f, c,
                  call->offset_c, ldc, m * ldc, (size_t)call->batch, &queue, NULL)
            : CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n, k,
                           1.0f, a, call->offset_a, lda, b, call->offset_b, ldb, 0.0f, c,
                           call->offset_c, ldc, &queue, NULL);
    imp_device_library_end(device, 2.0 * (double)m * (double)n * (double)k *
                                       (call->batch > 1 ? call->batch : 1));
    imp_os_unlock(&mutex);
    if (code != CLBlastSuccess)
        return imp_device_fail(device, IMPASTO_ERROR_DEVICE,
                               "CLBlast's SGEMM failed (%d); use `gemm` builtin", (int)code);
    return IMPASTO_OK;
}

void imp_gemm_clblast_release(void)
{
    imp_os_lock(&mutex);
    CLBlastClearCache();
    imp_os_unlock(&mutex);
}

#else

bool imp_gemm_clblast_available(void)
{
    return false;
}

enum impasto_status imp_gemm_clblast(struct imp_device *device, const struct imp_gemm_call *call)
{
    (void)call;
    return imp_device_fail(device, IMPASTO_ERROR_INTERNAL, "this build has no CLBlast");
}

void imp_gemm_clblast_release(void)
{
}

#endif
