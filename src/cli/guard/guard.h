/* SPDX-License-Identifier: MIT */
#ifndef CLI_GUARD_H
#define CLI_GUARD_H

/* What keeps a run from harm: signals, and drivers that crash, exit or hang. */

#include "cli/terminal/terminal.h"

/* ---- signals.c ------------------------------------------------------------------------------- */

/* Some OpenCL drivers put handlers of their own in place while they compile, so this is called
 * again in every iteration. A signal that the parent had us ignore stays ignored. */
void cli_catch_signals(void);
/* cli_events_open. Until signals are caught, they end the program as they would by themselves, but
 * with --progress's last line. */
enum impasto_status cli_progress_open(struct cli_common *common, const char *other,
                                      struct impasto_error *error);
/* A pipe that nobody reads any more takes no more progress, which is no reason to lose the picture;
 * a file that may not get larger is an error like a full disk. Neither ends the program from here
 * on. */
void cli_outlive_writes(void);

/* ---- crash.c --------------------------------------------------------------------------------- */

/* From before the first use of OpenCL: where its driver crashes, or calls exit(), one line says so,
 * and the program ends with IMPASTO_ERROR_DEVICE's exit code. */
void cli_watch_driver(void);
/* At the end of main(). What drivers do behind it harms nobody. */
void cli_leave_driver(void);

/* ---- drivers.c ------------------------------------------------------------------------------- */

/* Before the first use of OpenCL; again, it does nothing. Drivers that die when they are asked for
 * their devices are left out, and those that live have a folder for compiled kernels where the user
 * has none. Says so. */
void cli_drivers_prepare(struct cli_console *console);
/* After the first use: this time nothing has died. */
void cli_drivers_listed(void);

/* ---- watchdog.c ------------------------------------------------------------------------------ */

struct cli_watchdog; /* NULL: none, and then what follows does nothing */

/* Ends the program, with IMPASTO_ERROR_DEVICE's exit code and a word on what is kept, once a
 * driver has been waited for far longer than it takes, or for $IMPASTO_TIMEOUT seconds; unless that
 * is "off". */
enum impasto_status cli_watchdog_open(struct cli_watchdog **watchdog, struct cli_console *console,
                                      struct impasto_error *error);
/* What the last words then say of how to go on; "": there is nothing to go on from. */
void cli_watchdog_keep(struct cli_watchdog *watchdog, const char *kept);
/* The longest wait, in seconds, where so many are expected; 0: nobody knows. */
long cli_watchdog_limit(double expected);
/* A checkpoint is saved, or has been: in that one call device and disk may both hang. */
void cli_watchdog_saving(struct cli_watchdog *watchdog, bool saving);
void cli_watchdog_close(struct cli_watchdog **watchdog);

/* ---- probe.c --------------------------------------------------------------------------------- */

/* Where CLBlast may be used, tries it in another process; before anything of the library's devices
 * is called. A crash is IMPASTO_ERROR_DEVICE where --gemm clblast was given, otherwise the settings
 * get --gemm builtin, with a warning. device: as the device will be opened; NULL: automatic. */
enum impasto_status cli_probe_gemm(struct cli_settings *settings, const char *device,
                                   struct cli_console *console, struct impasto_error *error);
/* The same before tuning. gemm: what --gemm says, or NULL. Returns what the tuning is to be told:
 * gemm, or "builtin" where CLBlast crashed. */
const char *cli_probe_tuning(const char *device, const char *gemm, struct cli_console *console);

#endif
