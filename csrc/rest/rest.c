/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/rest.h"

void
mn_rest_free(struct mn_rest *rest)
{
    if (rest) {
        rest->vtable->free(rest);
    }
}

void
mn_rest_reply_dispose(struct mn_rest_reply *reply)
{
    mn_json_free(reply->json);
    *reply = (struct mn_rest_reply){0};
}
