/* SPDX-License-Identifier: MIT */
/* Numbers of the host on their way to a file and back. */

#include "store/store.h"

#include <math.h>

void imp_ledger_number(struct imp_ledger *ledger, double *number)
{
    const size_t at = ledger->at++;
    if (at >= ledger->size)
        ledger->wrong = ledger->wrong || ledger->loading;
    else if (ledger->loading)
        *number = ledger->numbers[at];
    else
        ledger->numbers[at] = *number;
}

void imp_ledger_integer(struct imp_ledger *ledger, int *number, int low, int high)
{
    double value = *number;
    imp_ledger_number(ledger, &value);
    /* Written so that NaN is wrong. */
    if (!(value >= low && value <= high && value == floor(value)))
        ledger->wrong = true;
    else
        *number = (int)value;
}

void imp_ledger_flag(struct imp_ledger *ledger, bool *flag)
{
    int value = *flag;
    imp_ledger_integer(ledger, &value, 0, 1);
    *flag = value != 0;
}
