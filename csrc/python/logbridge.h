/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_PYTHON_LOGBRIDGE_H
#define MN_PYTHON_LOGBRIDGE_H

#include "gpfs/driver.h"
#include "python/services.h"

/* Log records to s->log(level, text), level as in Python's logging. Written
   by the thread that called the driver, never by the engine's: under eventlet
   a foreign thread that logs hangs. s must outlive the driver object.
   [gil], and so is the writer. */
struct mn_log mnpy_log(struct mnpy_services *s);

/* Log one formatted line. [gil] */
void mnpy_log_write(struct mnpy_services *s, enum mn_log_level level,
                    const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
