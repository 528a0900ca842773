/* SPDX-License-Identifier: MIT */
#ifndef COMM_CASES_H
#define COMM_CASES_H

/* What ranks do in tests, whether they are threads or processes. */

#include "comm/comm.h"

#define CASE_TEXT 2048

/* All of what ranks can do. Ends with a point that all pass. false: text says what has failed, or
 * what has come out wrong. */
bool comm_cases(struct imp_comm *comm, char text[CASE_TEXT]);
/* Only the first `count` of them. */
bool comm_some_cases(struct imp_comm *comm, int count, char text[CASE_TEXT]);
int comm_case_count(void);

/* The nth call of this end fails from now on, with `COMM_FAULT`; 0: none does, but they are
 * counted.
 */
#define COMM_FAULT "a fault of the test"
void comm_fail_call(struct imp_comm *comm, int nth);
/* Calls of an end so far, from comm_fail_call on. */
int comm_calls(const struct imp_comm *comm);
/* Bytes that it has given to others: rows, and its part of each sum and gathering, once. */
uint64_t comm_given(const struct imp_comm *comm);

#endif
