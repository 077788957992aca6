/* SPDX-License-Identifier: Apache-2.0 */
#include "share/driver.h"

void
mn_driver_free(struct mn_driver *d)
{
    if (d) {
        d->vtable->free(d);
    }
}

void
mn_locations_add(struct mn_buf *locations, const char *text)
{
    mn_buf_puts(locations, text);
    mn_buf_putc(locations, '\0');
}
