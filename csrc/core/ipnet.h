/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An IPv4 or IPv6 address or network. A host is the network of full prefix
 * length. The bits below the prefix are always zero.
 */
#ifndef MN_CORE_IPNET_H
#define MN_CORE_IPNET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/slice.h"

struct mn_ipnet {
    uint8_t family; /* 4 or 6 */
    uint8_t prefix;
    uint8_t addr[16]; /* network byte order; IPv4 uses the first four */
};

enum { MN_IPNET_TEXT = 64 };

/* "10.0.0.1", "10.0.0.0/8", "10.0.0.0/255.0.0.0", "2001:db8::/32". INVAL for
   anything else, also for bits set below the prefix. [any] */
int mn_ipnet_parse(struct mn_slice text, struct mn_ipnet *net,
                   struct mn_error *err);

/* The one canonical text: no prefix for a host. [any] */
void mn_ipnet_format(const struct mn_ipnet *net, char text[MN_IPNET_TEXT]);

/* The address alone. [any] */
void mn_ipnet_address(const struct mn_ipnet *net, char text[MN_IPNET_TEXT]);

bool mn_ipnet_is_host(const struct mn_ipnet *net);
/* The host 0.0.0.0 or ::, which is nobody's address. */
bool mn_ipnet_is_unspecified(const struct mn_ipnet *net);
bool mn_ipnet_contains(const struct mn_ipnet *outer,
                       const struct mn_ipnet *inner);
bool mn_ipnet_overlaps(const struct mn_ipnet *a, const struct mn_ipnet *b);

/* Free bits below the prefix: 0 for a host, 128 for ::/0. Of two networks
   that contain one address, the one of lower depth is more specific. */
unsigned mn_ipnet_depth(const struct mn_ipnet *net);

/* Most specific first, then IPv4 before IPv6, then by address; 0: the same.
   A network so never stands before one that it contains. */
int mn_ipnet_compare(const struct mn_ipnet *a, const struct mn_ipnet *b);

#endif
