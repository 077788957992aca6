/* SPDX-License-Identifier: Apache-2.0 */
#include "nfs/ganesha_access.h"

int
mn_ganesha_check_access(const struct mn_access *access, struct mn_error *err)
{
    const struct mn_ipnet *net = &access->net;
    if (net->prefix < 100 || mn_ipnet_is_host(net)) {
        return 0;
    }
    return mn_error_set(err, MN_EINVAL,
                        "NFS-Ganesha can't serve IPv6 networks of /100 to "
                        "/127; use single addresses or a network of /99 or "
                        "wider");
}

void
mn_ganesha_halves(const struct mn_ipnet *net, struct mn_ipnet half[2])
{
    half[0] = half[1] = *net;
    half[0].prefix = half[1].prefix = 1;
    half[1].addr[0] = 0x80;
}

int
mn_ganesha_split(const struct mn_access_set *set, struct mn_access_set *out,
                 struct mn_error *err)
{
    int rc = 0;
    /* the most specific first, so a half's own rule is there already */
    for (size_t i = 0; !rc && i < set->n; i++) {
        const struct mn_access *a = &set->v[i];
        struct mn_access half[2] = {*a, *a};
        struct mn_ipnet nets[2];
        if (a->net.prefix) {
            rc = mn_access_set_put(out, a, err);
            continue;
        }
        mn_ganesha_halves(&a->net, nets);
        for (int k = 0; !rc && k < 2; k++) {
            half[k].net = nets[k];
            if (!mn_access_set_find(out, &nets[k])) {
                rc = mn_access_set_put(out, &half[k], err);
            }
        }
    }
    return rc;
}

int
mn_ganesha_join_missing(const struct mn_access_set *want,
                        struct mn_access_set *missing, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < want->n; i++) {
        const struct mn_access *a = &want->v[i];
        struct mn_ipnet half[2];
        if (a->net.prefix) {
            continue;
        }
        mn_ganesha_halves(&a->net, half);
        if (mn_access_set_find(missing, &half[0])
            || mn_access_set_find(missing, &half[1])) {
            rc = mn_access_set_put(missing, a, err);
        }
    }
    return rc;
}
