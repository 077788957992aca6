/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_CORE_CLOCK_H
#define MN_CORE_CLOCK_H

#include <stdint.h>

/* Milliseconds of a clock that never jumps. [any] */
int64_t mn_clock_ms(void);

#endif
