/* SPDX-License-Identifier: Apache-2.0 */
#include "core/ipnet.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static unsigned
bits(const struct mn_ipnet *net)
{
    return net->family == 4 ? 32 : 128;
}

static bool
parse_address(struct mn_slice text, struct mn_ipnet *net)
{
    char z[INET6_ADDRSTRLEN];
    if (text.n >= sizeof z || memchr(text.p, '\0', text.n)) {
        return false;
    }
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    memset(net, 0, sizeof *net);
    net->family = strchr(z, ':') ? 6 : 4;
    net->prefix = (uint8_t)bits(net);
    return inet_pton(net->family == 4 ? AF_INET : AF_INET6, z, net->addr) == 1;
}

/* "255.255.0.0" as 16; false for a mask with holes. */
static bool
parse_netmask(struct mn_slice text, uint64_t *prefix)
{
    struct mn_ipnet mask;
    if (!parse_address(text, &mask) || mask.family != 4) {
        return false;
    }
    uint32_t word;
    memcpy(&word, mask.addr, sizeof word);
    word = ~ntohl(word);
    if (word & (word + 1)) {
        return false;
    }
    for (*prefix = 32; word; word >>= 1) {
        --*prefix;
    }
    return true;
}

static bool
parse_prefix(struct mn_slice text, const struct mn_ipnet *net,
             uint64_t *prefix)
{
    if (mn_slice_u64(text, prefix)) {
        return text.n <= 3 && *prefix <= bits(net);
    }
    return net->family == 4 && parse_netmask(text, prefix);
}

static bool
bit_at(const struct mn_ipnet *net, unsigned i)
{
    return net->addr[i / 8] & (0x80u >> (i % 8));
}

static bool
clear_below(const struct mn_ipnet *net)
{
    for (unsigned i = net->prefix; i < bits(net); i++) {
        if (bit_at(net, i)) {
            return false;
        }
    }
    return true;
}

int
mn_ipnet_parse(struct mn_slice text, struct mn_ipnet *net,
               struct mn_error *err)
{
    struct mn_slice rest = text;
    struct mn_slice part = mn_slice_of("");
    int shown = text.n > 80 ? 80 : (int)text.n;
    mn_slice_next(&rest, '/', &part);
    if (!parse_address(part, net)) {
        return mn_error_set(err, MN_EINVAL,
                            "'%.*s' is not an IP address or "
                            "network",
                            shown, text.p);
    }
    if (part.n == text.n) {
        return 0;
    }
    uint64_t prefix;
    if (!parse_prefix(rest, net, &prefix)) {
        return mn_error_set(err, MN_EINVAL, "'%.*s' has a bad prefix length",
                            shown, text.p);
    }
    net->prefix = (uint8_t)prefix;
    if (!clear_below(net)) {
        return mn_error_set(err, MN_EINVAL,
                            "'%.*s' has bits set below its "
                            "prefix",
                            shown, text.p);
    }
    return 0;
}

void
mn_ipnet_address(const struct mn_ipnet *net, char text[MN_IPNET_TEXT])
{
    text[0] = '\0';
    inet_ntop(net->family == 4 ? AF_INET : AF_INET6, net->addr, text,
              MN_IPNET_TEXT);
}

void
mn_ipnet_format(const struct mn_ipnet *net, char text[MN_IPNET_TEXT])
{
    mn_ipnet_address(net, text);
    if (!mn_ipnet_is_host(net)) {
        size_t n = strlen(text);
        snprintf(text + n, MN_IPNET_TEXT - n, "/%u", net->prefix);
    }
}

bool
mn_ipnet_is_host(const struct mn_ipnet *net)
{
    return net->prefix == bits(net);
}

bool
mn_ipnet_is_unspecified(const struct mn_ipnet *net)
{
    static const uint8_t zero[16];
    return mn_ipnet_is_host(net)
           && memcmp(net->addr, zero, net->family == 4 ? 4 : 16) == 0;
}

bool
mn_ipnet_contains(const struct mn_ipnet *outer, const struct mn_ipnet *inner)
{
    if (outer->family != inner->family || outer->prefix > inner->prefix) {
        return false;
    }
    for (unsigned i = 0; i < outer->prefix; i++) {
        if (bit_at(outer, i) != bit_at(inner, i)) {
            return false;
        }
    }
    return true;
}

bool
mn_ipnet_overlaps(const struct mn_ipnet *a, const struct mn_ipnet *b)
{
    return mn_ipnet_contains(a, b) || mn_ipnet_contains(b, a);
}

unsigned
mn_ipnet_depth(const struct mn_ipnet *net)
{
    return bits(net) - net->prefix;
}

int
mn_ipnet_compare(const struct mn_ipnet *a, const struct mn_ipnet *b)
{
    unsigned da = mn_ipnet_depth(a);
    unsigned db = mn_ipnet_depth(b);
    if (da != db) {
        return da < db ? -1 : 1;
    }
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    return memcmp(a->addr, b->addr, sizeof a->addr);
}
