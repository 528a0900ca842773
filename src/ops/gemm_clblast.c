/* SPDX-License-Identifier: MIT */
/*
 * The bridge to CLBlast. Only this file knows it. CLBlast keeps caches for the whole process.
 * Before 1.6.1 their first use is not safe from two threads, hence the lock. CLBlast must be told
 * to forget what it holds before a context goes, or some drivers crash at exit.
 *
 * It works with 1.5.3, which Debian has, and with 1.6.0 to 1.6.3: what is called here has the same
 * types in all of them. 1.6.3 has new status codes, -2036 to -2038, so only success is told by
 * name. The size at which it changes kernels depends on the version, and last bits with it.
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

static CLBlastStatusCode multiply(cl_command_queue queue, const struct imp_gemm_call *call)
{
    const size_t m = (size_t)call->m, n = (size_t)call->n, k = (size_t)call->k;
    const size_t lda = (size_t)call->lda, ldb = (size_t)call->ldb, ldc = (size_t)call->ldc;
    cl_mem a = imp_buffer_native(call->a), b = imp_buffer_native(call->b);
    cl_mem c = imp_buffer_native(call->c);
    return call->batch > 1
               ? CLBlastSgemmStridedBatched(
                     CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n, k, 1.0f,
                     a, call->offset_a, lda, m * lda, b, call->offset_b, ldb, k * ldb, 0.0f, c,
                     call->offset_c, ldc, m * ldc, (size_t)call->batch, &queue, NULL)
               : CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, m, n,
                              k, 1.0f, a, call->offset_a, lda, b, call->offset_b, ldb, 0.0f, c,
                              call->offset_c, ldc, &queue, NULL);
}

/* Each matrix is read or written once, and twice more where it is padded: before large products
 * CLBlast copies all three into buffers of its own, which the memory budget knows nothing of. */
#define PASSES 3

enum impasto_status imp_gemm_clblast(struct imp_device *device, const struct imp_gemm_call *call)
{
    const double batch = call->batch > 1 ? call->batch : 1;
    const double m = call->m, n = call->n, k = call->k;
    const struct imp_launch launch = {
        .kernel.function = "clblast",
        .flops = 2.0 * batch * m * n * k,
        .bytes = imp_float_bytes(PASSES * batch * (m * k + k * n + m * n)),
        .label = call->label,
    };
    IMP_TRY(imp_device_library_begin(device, &launch));
    imp_os_lock(&mutex);
    const CLBlastStatusCode code = multiply(imp_device_native_queue(device), call);
    imp_os_unlock(&mutex);
    const enum impasto_status status = imp_device_library_end(device, &launch);
    if (code != CLBlastSuccess)
        return imp_device_fail(device, IMPASTO_ERROR_DEVICE,
                               "CLBlast's SGEMM failed (%d); use `gemm` builtin", (int)code);
    return status;
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
