/* SPDX-License-Identifier: MIT */
#ifndef CLI_GUARD_H
#define CLI_GUARD_H

/* Keeps a run from harm by signals, and by drivers that crash, exit or hang. */

#include "cli/terminal/terminal.h"

/* ---- signals.c ------------------------------------------------------------------------------- */

/* Catches the signals that ask for an end. It is called again in every iteration, as some OpenCL
 * drivers install their own handlers while they compile. Signals that were ignored at the start
 * stay ignored. */
void cli_catch_signals(void);
/* From here on, those signals wait, in this thread and those that it starts, until they are taken
 * again. Launchers send them to all processes, of which one obeys. */
void cli_leave_signals(void);
void cli_take_signals(void);
/* From here on, until cli_catch_signals, a signal ends the program at once, after the last line of
 * --progress. */
void cli_end_by_signals(void);
/* cli_events_open, for the time before cli_catch_signals: a signal ends the program at once, but
 * --progress still gets its last line. */
enum impasto_status cli_progress_open(struct cli_common *common, const char *other,
                                      struct impasto_error *error);
/* From here on, no write ends the program by a signal. A pipe that nobody reads is no reason to
 * lose the picture. A file that may not grow is an error like a full disk. */
void cli_outlive_writes(void);

/* ---- crash.c --------------------------------------------------------------------------------- */

/* To be called before the first use of OpenCL. If its driver then crashes, or calls exit(), one
 * line says so. The program ends with IMPASTO_ERROR_DEVICE's exit code. */
void cli_watch_driver(void);
/* To be called at the end of main(). What drivers do after it harms nobody. */
void cli_leave_driver(void);

/* ---- drivers.c ------------------------------------------------------------------------------- */

/* To be called before the first use of OpenCL. A second call does nothing. Drivers that die when
 * they are asked for their devices are left out, which is told. The others get a folder for
 * compiled kernels, if the user has none. */
void cli_drivers_prepare(struct cli_console *console);
/* To be called after the first use: notes that nothing has died. */
void cli_drivers_listed(void);

/* ---- watchdog.c ------------------------------------------------------------------------------ */

struct cli_watchdog; /* NULL: there is none, and the functions below do nothing */

/* Starts a thread that ends the program once a driver has hung. That is assumed after far more time
 * than it should take, or after $IMPASTO_TIMEOUT seconds. The exit code is IMPASTO_ERROR_DEVICE's.
 * *watchdog stays NULL if $IMPASTO_TIMEOUT is "off". */
enum impasto_status cli_watchdog_open(struct cli_watchdog **watchdog, struct cli_console *console,
                                      struct impasto_error *error);
/* Sets what the last words say of how to go on. "": there is nothing to go on from. */
void cli_watchdog_keep(struct cli_watchdog *watchdog, const char *kept);
/* How many seconds may be waited, if so many are expected. 0: nobody knows how many. */
long cli_watchdog_limit(double expected);
/* Tells that a checkpoint is being saved, or that it has been. Meanwhile the device or the disk may
 * hang. */
void cli_watchdog_saving(struct cli_watchdog *watchdog, bool saving);
void cli_watchdog_close(struct cli_watchdog **watchdog);

/* ---- lost.c ---------------------------------------------------------------------------------- */

/* How often a run opens a lost device again: what is lost more often is broken. */
#define CLI_RECOVERIES_MOST 3
/* Warns that the device was lost, and waits a moment. why: its error. unit, from: where the run
 * goes on, as "iteration" 12. time: how many times it was lost so far. */
void cli_lost_device(struct cli_console *console, const char *why, const char *unit, int from,
                     int time);

/* ---- probe.c --------------------------------------------------------------------------------- */

/* Tries CLBlast in another process, if it may be used. To be called before any function about
 * devices. device: as it will be opened. NULL: automatic.
 *
 * If CLBlast crashes, `--gemm clblast` is IMPASTO_ERROR_DEVICE. Otherwise the settings get `--gemm
 * builtin`, with a warning. */
enum impasto_status cli_probe_gemm(struct cli_settings *settings, const char *device,
                                   struct cli_console *console, struct impasto_error *error);
/* The same before tuning. gemm: the value of --gemm, or NULL. Returns what the tuning is to be
 * told: `gemm`, or "builtin" if CLBlast crashed. */
const char *cli_probe_tuning(const char *device, const char *gemm, struct cli_console *console);

#endif
