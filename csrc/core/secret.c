/* SPDX-License-Identifier: Apache-2.0 */
#include "core/secret.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Blocks have sizes of 1 << shift, cut from pages as they are needed. */
enum { SHIFT_MIN = 6, SHIFT_MAX = 40, CHUNK = 1 << 18 };

/* Before the caller's bytes. */
union header {
    struct {
        unsigned shift;
        union header *next; /* while it is free */
    } block;
    max_align_t align_;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static union header *free_blocks[SHIFT_MAX + 1]; /* under mutex; wiped */

static unsigned
shift_of(size_t size)
{
    unsigned shift = SHIFT_MIN;
    while (shift <= SHIFT_MAX
           && ((size_t)1 << shift) - sizeof(union header) < size) {
        shift++;
    }
    return shift;
}

static void
push(union header *h, unsigned shift)
{
    h->block.shift = shift;
    h->block.next = free_blocks[shift];
    free_blocks[shift] = h;
}

static void
grow(unsigned shift)
{
    size_t block = (size_t)1 << shift;
    size_t size = block > CHUNK ? block : CHUNK;
    char *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return;
    }
    madvise(p, size, MADV_DONTDUMP);
    for (size_t at = 0; at < size; at += block) {
        push((union header *)(void *)(p + at), shift);
    }
}

void *
mn_secret_alloc(size_t size)
{
    unsigned shift = shift_of(size);
    if (shift > SHIFT_MAX) {
        return NULL;
    }
    pthread_mutex_lock(&mutex);
    if (!free_blocks[shift]) {
        grow(shift);
    }
    union header *h = free_blocks[shift];
    if (h) {
        free_blocks[shift] = h->block.next;
    }
    pthread_mutex_unlock(&mutex);
    return h ? h + 1 : NULL;
}

static size_t
room_of(const void *p)
{
    const union header *h = (const union header *)p - 1;
    return ((size_t)1 << h->block.shift) - sizeof *h;
}

void
mn_secret_free(void *p)
{
    if (p) {
        union header *h = (union header *)p - 1;
        explicit_bzero(p, room_of(p));
        pthread_mutex_lock(&mutex);
        push(h, h->block.shift);
        pthread_mutex_unlock(&mutex);
    }
}

/* Byte by byte: memcpy() would leave much of it in vector registers, which are
   saved on the stack sooner or later. */
static void
copy(volatile char *to, struct mn_slice text)
{
    for (size_t i = 0; i < text.n; i++) {
        to[i] = text.p[i];
    }
}

void *
mn_secret_realloc(void *p, size_t size)
{
    if (p && size <= room_of(p)) {
        return p;
    }
    void *moved = mn_secret_alloc(size);
    if (moved && p) {
        copy(moved, (struct mn_slice){p, room_of(p)});
        mn_secret_free(p);
    }
    return moved;
}

char *
mn_secret_new(struct mn_slice text)
{
    char *secret = mn_secret_alloc(text.n + 1);
    if (secret) {
        copy(secret, text);
    }
    return secret;
}

void
mn_secret_fork_child(void)
{
    memset(free_blocks, 0, sizeof free_blocks);
    pthread_mutex_init(&mutex, NULL);
}
