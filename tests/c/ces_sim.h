/* SPDX-License-Identifier: Apache-2.0 */
/* mmnfs of one cluster in memory, with one export. */
#ifndef CES_SIM_H
#define CES_SIM_H

#include "fake_executor.h"

enum { CES_CLIENTS = 4096 };

struct ces_client {
    char name[64];
    char access[16];
    char squash[32];
};

struct ces_sim {
    struct fake fake;
    char path[300];
    bool exported;
    struct ces_client *v; /* CES_CLIENTS of them */
    size_t n;
    bool encoded;       /* values of the listing */
    bool pseudo;        /* a column more */
    const char *refuse; /* a client that no call takes */
};

void ces_sim_init(struct ces_sim *sim);
void ces_sim_dispose(struct ces_sim *sim);
void ces_sim_client(struct ces_sim *sim, const char *name, const char *access,
                    const char *squash);
/* NULL: not listed. */
const struct ces_client *ces_sim_find(const struct ces_sim *sim,
                                      const char *name);

#endif
