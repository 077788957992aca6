/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_CORE_BASE64_H
#define MN_CORE_BASE64_H

#include "core/buf.h"

/* Append the decoded bytes; false for anything that is not base64 (RFC 4648,
   padding optional). [any] */
bool mn_base64_decode(struct mn_buf *out, struct mn_slice text);

/* Append the text, without padding (as OpenSSH prints fingerprints) or with
   it. [any] */
void mn_base64_encode(struct mn_buf *out, struct mn_slice bytes, bool pad);

#endif
