/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_PYTHON_PRIVATE_DATA_H
#define MN_PYTHON_PRIVATE_DATA_H

#include "python/services.h"
#include "share/share.h"

/* Manila's DriverPrivateData for the driver core; nothing is kept without
   one. Its exceptions pass: the core is told CANCELED. s must outlive it.
   [gil] */
struct mn_private_data mnpy_private_data(struct mnpy_services *s);

#endif
