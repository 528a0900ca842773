/* SPDX-License-Identifier: MIT */
/* What --help and the manual page say besides the options. README.md repeats some of it; a test
 * compares them. */

#include "cli/options/table.h"

const struct cli_fact cli_exit_codes[] = {
    {"0", "done"},
    {"1", "a fault of ours: please report it"},
    {"2", "wrong usage"},
    {"3", "a picture, settings file or checkpoint that cannot be read or used"},
    {"4", "no such device, several such devices, or it failed"},
    {"5",
     "too little memory, or no process or thread to spare; at a larger size, what is painted so "
     "far is written"},
    {"6", "weights that cannot be read or used; at a larger size, likewise"},
    {"7", "a file that cannot be written"},
    {"8", "a loss became NaN or infinite; the last good picture is written, but not in a batch"},
    {"9", "another process that paints the same picture does not answer"},
    {"129, 130, 143",
     "a terminal that closed, Ctrl-C or SIGTERM; the picture so far is written, but "
     "not in a batch, and the checkpoint"},
    {0},
};

const struct cli_fact cli_variables[] = {
    {"IMPASTO_DEVICE", "the device, where --device does not name one"},
    {"IMPASTO_WEIGHTS", "the weights, where --weights does not name them"},
    {"IMPASTO_CACHE", "on or off: whether compiled kernels are kept (on, but off where the driver "
                      "keeps them itself)"},
    {"IMPASTO_TIMEOUT", "seconds after which a device or rank that does not answer has hung, and "
                        "the run ends; or off"},
    {"IMPASTO_MPI", "off: what a launcher has left in the environment does not count, so that a "
                    "program that a rank starts works alone, and each task of srun without --mpi"},
    {"IMPASTO_OVERLAP", "on or off: whether bands of a picture exchange rows while they compute "
                        "others (as is faster, by trying both)"},
    {"IMPASTO_CL_DIR", "a folder to take the kernels' sources from, for those who edit them"},
    {"XDG_CACHE_HOME", "where the kernel cache is (~/.cache)"},
    {"XDG_DATA_HOME", "where weights, the results of --tune and the studio's files are "
                      "(~/.local/share)"},
    {"XDG_DATA_DIRS", "where else weights are looked for (/usr/local/share:/usr/share)"},
    {"XDG_RUNTIME_DIR", "where the studio tells other programs of the same user how to reach it"},
    {0},
};

const struct cli_fact cli_places[] = {
    {"~/.local/share/impasto/vgg19.safetensors", "weights, for all runs without --weights"},
    {"~/.keras/models", "the Keras cache, whose VGG19 weights serve as well"},
    {"~/.local/share/impasto/tuning", "what --tune has measured, a file for each device"},
    {"~/.local/share/impasto/studio", "the studio's pictures, jobs and results"},
    {"~/.cache/impasto/kernels", "compiled kernels; may be deleted at any time"},
    {"~/.cache/impasto/drivers", "which OpenCL drivers died when they were tried; likewise"},
    {0},
};
