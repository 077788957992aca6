/* SPDX-License-Identifier: Apache-2.0 */
#include "ssh/internal.h"

#include "core/alloc.h"
#include "core/secret.h"

static char *
secret_dup(const char *text)
{
    return text ? mn_secret_new(mn_slice_of(text)) : NULL;
}

static bool
copy_strings(struct mn_ssh_config *to, const struct mn_ssh_config *from)
{
    to->host = mn_strdup(from->host);
    to->login = mn_strdup(from->login);
    to->password = secret_dup(from->password);
    to->private_key = mn_strdup(from->private_key);
    to->private_key_passphrase = secret_dup(from->private_key_passphrase);
    to->known_hosts[0] = mn_strdup(from->known_hosts[0]);
    to->known_hosts[1] = mn_strdup(from->known_hosts[1]);
    return to->host && to->login && !from->password == !to->password
           && !from->private_key == !to->private_key
           && !from->private_key_passphrase == !to->private_key_passphrase
           && !from->known_hosts[0] == !to->known_hosts[0]
           && !from->known_hosts[1] == !to->known_hosts[1];
}

struct mn_ssh_host *
mn_ssh_host_new(const struct mn_ssh_config *config)
{
    struct mn_ssh_host *h = mn_calloc(1, sizeof *h);
    if (!h) {
        return NULL;
    }
    atomic_init(&h->refs, 1);
    h->config = *config;
    struct mn_buf name = MN_BUF_INIT;
    mn_buf_printf(&name, "host %s", config->host);
    h->name = mn_buf_take(&name);
    if (!copy_strings(&h->config, config) || !h->name) {
        mn_ssh_host_unref(h);
        return NULL;
    }
    return h;
}

void
mn_ssh_host_ref(struct mn_ssh_host *h)
{
    atomic_fetch_add(&h->refs, 1);
}

void
mn_ssh_host_unref(struct mn_ssh_host *h)
{
    if (!h || atomic_fetch_sub(&h->refs, 1) != 1) {
        return;
    }
    struct mn_ssh_config *c = &h->config;
    mn_free((char *)c->host);
    mn_free((char *)c->login);
    mn_secret_free((char *)c->password);
    mn_free((char *)c->private_key);
    mn_secret_free((char *)c->private_key_passphrase);
    mn_free((char *)c->known_hosts[0]);
    mn_free((char *)c->known_hosts[1]);
    mn_free(h->name);
    mn_free(h);
}

struct mn_ssh_counters mn_ssh__counters;

void
mn_ssh_stats(struct mn_ssh_stats *stats)
{
    stats->scripts = atomic_load(&mn_ssh__counters.scripts);
    stats->connections = atomic_load(&mn_ssh__counters.connections);
    stats->shells = atomic_load(&mn_ssh__counters.shells);
}
