/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/argv.h"

static void
builds(void **state)
{
    struct mn_argv a = MN_ARGV_INIT;
    struct mn_buf b = MN_BUF_INIT;
    char big[1000];
    (void)state;
    memset(big, 'y', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    mn_argv_add(&a, "cmd");
    mn_argv_addf(&a, "%s-%d", "x y", 7);
    mn_argv_addf(&a, "%s", big);
    mn_argv_add_all(&a, (const char *const[]){"", "it's", "$(x)", NULL});
    assert_int_equal(a.n, 6);
    assert_null(a.v[6]);
    assert_string_equal(a.v[2], big);
    mn_free(a.v[2]);
    a.v[2] = mn_strdup("-p");
    mn_argv_render(&b, &a);
    assert_string_equal(mn_buf_str(&b), "cmd 'x y-7' -p '' 'it'\\''s' '$(x)'");
    mn_argv_dispose(&a);
    mn_buf_dispose(&b);
}

/* What does this shell make of the quoted word? */
static void
shell_reads(const char *shell, const char *word, const char *script)
{
    char path[] = "/tmp/mn-quote-XXXXXX";
    int fd = mkstemp(path);
    int pipes[2];
    char back[4096];
    size_t n = 0;
    int status;
    assert_int_equal(write(fd, script, strlen(script)),
                     (ssize_t)strlen(script));
    close(fd);
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(pipes[1], 1);
        close(pipes[0]);
        close(pipes[1]);
        execlp(shell, shell, path, (char *)NULL);
        _exit(127);
    }
    close(pipes[1]);
    ssize_t got;
    while ((got = read(pipes[0], back + n, sizeof back - n)) > 0) {
        n += (size_t)got;
    }
    close(pipes[0]);
    waitpid(pid, &status, 0);
    unlink(path);
    assert_int_equal(status, 0);
    assert_int_equal(n, strlen(word));
    assert_memory_equal(back, word, n);
}

static void
round_trip(const char *word)
{
    struct mn_buf b = MN_BUF_INIT;
    mn_buf_puts(&b, "printf %s ");
    mn_argv_quote(&b, mn_slice_of(word));
    mn_buf_putc(&b, '\n');
    shell_reads("/bin/sh", word, mn_buf_str(&b));
    shell_reads("bash", word, mn_buf_str(&b));
    mn_buf_dispose(&b);
}

static void
quotes_for_shells(void **state)
{
    static const char *const words[] = {
        "",  "'",     "''", "a'b'c", "$(id)", "`id`", "a\nb", "\\",    "\"",
        "*", "~root", "!x", "#x",    "-n x",  "é",    "a b",  "'\\''", "={}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        round_trip(words[i]);
    }
    srandom(4711);
    for (int i = 0; i < 40; i++) {
        char word[200];
        size_t n = (size_t)random() % (sizeof word - 1);
        for (size_t k = 0; k < n; k++) {
            word[k] = (char)(1 + random() % 255);
        }
        word[n] = '\0';
        round_trip(word);
    }
}

static int
build(void *ctx)
{
    struct mn_argv a = MN_ARGV_INIT;
    (void)ctx;
    for (int i = 0; i < 20; i++) {
        mn_argv_addf(&a, "%d", i);
    }
    int rc = a.failed ? MN_ENOMEM : 0;
    mn_argv_dispose(&a);
    return rc;
}

static void
torture(void **state)
{
    (void)state;
    TORTURE(build, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds),
        cmocka_unit_test(quotes_for_shells),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests_name("core/argv", tests, NULL, NULL);
}
