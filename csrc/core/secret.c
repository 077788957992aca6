/* SPDX-License-Identifier: Apache-2.0 */
#include "core/secret.h"

#include <string.h>
#include <sys/mman.h>

/* Before the text in its pages. */
struct header {
    size_t mapped;
};

/* Byte by byte: memcpy() would leave much of it in vector registers, which are
   saved on the stack sooner or later. */
static void
copy(volatile char *to, struct mn_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        to[i] = text.p[i];
    }
}

char *
mn_secret_new(struct mn_slice text)
{
    size_t size = sizeof(struct header) + text.n + 1;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    madvise(p, size, MADV_DONTDUMP);
    ((struct header *)p)->mapped = size;
    p += sizeof(struct header);
    copy(p, text);
    return p;
}

void
mn_secret_free(char *secret)
{
    if (secret) {
        struct header *h = (struct header *)(secret - sizeof *h);
        size_t size = h->mapped;
        explicit_bzero(h, size);
        munmap(h, size);
    }
}
