/* SPDX-License-Identifier: MIT */
/* An OpenCL driver without a platform, which does as $IMPASTO_TEST_DRIVER says when it is asked for
 * one: abort, exit, segv, hang, or else nothing bad. A path means to abort while there is such a
 * file. */

#include <CL/cl_platform.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* An .icd file's loader looks for these by name. */
#define SHOWN __attribute__((visibility("default")))

SHOWN cl_int clIcdGetPlatformIDsKHR(cl_uint room, void *platforms, cl_uint *count);
SHOWN void *clGetExtensionFunctionAddress(const char *name);
SHOWN cl_int clGetPlatformInfo(void);

cl_int clIcdGetPlatformIDsKHR(cl_uint room, void *platforms, cl_uint *count)
{
    const char *how = getenv("IMPASTO_TEST_DRIVER");
    (void)room, (void)platforms;
    if (how && (strcmp(how, "abort") == 0 || (how[0] == '/' && access(how, F_OK) == 0)))
        abort();
    if (how && strcmp(how, "exit") == 0)
        exit(0);
    if (how && strcmp(how, "segv") == 0)
        (void)raise(SIGSEGV);
    while (how && strcmp(how, "hang") == 0)
        (void)sleep(1);
    if (count)
        *count = 0;
    return -1001 /* CL_PLATFORM_NOT_FOUND_KHR */;
}

void *clGetExtensionFunctionAddress(const char *name)
{
    void *address = NULL;
    cl_int (*const ask)(cl_uint, void *, cl_uint *) = clIcdGetPlatformIDsKHR;
    if (strcmp(name, "clIcdGetPlatformIDsKHR") == 0)
        memcpy(&address, &ask, sizeof(address)); /* C has no cast for it, POSIX has */
    return address;
}

cl_int clGetPlatformInfo(void)
{
    return -32; /* CL_INVALID_PLATFORM */
}
