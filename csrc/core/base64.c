/* SPDX-License-Identifier: Apache-2.0 */
#include "core/base64.h"

#include <string.h>

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool
mn_base64_decode(struct mn_buf *out, struct mn_slice text)
{
    unsigned bits = 0;
    unsigned have = 0;
    while (text.n && text.p[text.n - 1] == '=') {
        text.n--;
    }
    for (size_t i = 0; i < text.n; i++) {
        const char *digit = text.p[i] ? strchr(digits, text.p[i]) : NULL;
        if (!digit) {
            return false;
        }
        bits = (bits << 6 | (unsigned)(digit - digits)) & 0xffffff;
        have += 6;
        if (have >= 8) {
            have -= 8;
            mn_buf_putc(out, (char)(bits >> have & 0xff));
        }
    }
    return have < 6;
}

void
mn_base64_encode(struct mn_buf *out, struct mn_slice bytes, bool pad)
{
    for (size_t i = 0; i < bytes.n; i += 3) {
        size_t left = bytes.n - i;
        unsigned b[3] = {(unsigned char)bytes.p[i],
                         left > 1 ? (unsigned char)bytes.p[i + 1] : 0,
                         left > 2 ? (unsigned char)bytes.p[i + 2] : 0};
        unsigned bits = b[0] << 16 | b[1] << 8 | b[2];
        for (size_t k = 0; k < 4; k++) {
            if (k <= left) {
                mn_buf_putc(out, digits[bits >> (18 - 6 * k) & 63]);
            }
            else if (pad) {
                mn_buf_putc(out, '=');
            }
        }
    }
}
