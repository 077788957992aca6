/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lower bound: as little as a program can do to run commands elsewhere.
 *
 *   plain exec ADDRESS PORT KEYFILE    a new SSH channel per command
 *   plain shell ADDRESS PORT KEYFILE   one SSH channel to a shell; commands
 *                                      are written to it between marks
 *   plain local                        the same shell, as a child: no SSH
 *
 * Prints its libssh2's version, then answers each line "N COMMAND" with a
 * JSON list: the seconds that each of N runs of COMMAND took. "@" in COMMAND
 * becomes the number of the run. Ends with its input. Host keys are not
 * verified, exit statuses must be 0, output is thrown away.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <libssh2.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STDOUT, STDERR };

enum { LINE_MAX_SIZE = 4096, OUTPUT_MAX = 65536 };

static LIBSSH2_SESSION *session; /* NULL: local */
static LIBSSH2_CHANNEL *channel; /* of the shell */
static int child_in;             /* of the local shell */
static int child_out[2];
static unsigned serial;

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
die(const char *what)
{
    char *why = "";
    if (session) {
        libssh2_session_last_error(session, &why, NULL, 0);
    }
    fprintf(stderr, "plain: %s: %s\n", what, why);
    exit(1);
}

/* ---- connection ---- */

static int
connect_to(const char *host, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_port = htons((uint16_t)strtol(port, NULL, 10));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1 || fd < 0
        || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        die("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static void
log_in(int fd, const char *key)
{
    libssh2_init(0);
    session = libssh2_session_init();
    if (!session) {
        die("session");
    }
    if (libssh2_session_handshake(session, fd)) {
        die("handshake");
    }
    if (libssh2_userauth_publickey_fromfile(session, "root", NULL, key,
                                            NULL)) {
        die("authentication");
    }
}

/* ---- a channel per command ---- */

static void
run_exec(const char *command)
{
    char output[OUTPUT_MAX];
    LIBSSH2_CHANNEL *c = libssh2_channel_open_session(session);
    if (!c || libssh2_channel_exec(c, command)) {
        die(command);
    }
    while (libssh2_channel_read(c, output, sizeof output) > 0) {
    }
    while (libssh2_channel_read_stderr(c, output, sizeof output) > 0) {
    }
    libssh2_channel_wait_closed(c);
    if (libssh2_channel_get_exit_status(c)) {
        die(command);
    }
    libssh2_channel_free(c);
}

/* ---- a shell ---- */

static void
start_remote_shell(void)
{
    channel = libssh2_channel_open_session(session);
    if (!channel || libssh2_channel_exec(channel, "exec /bin/sh -s")) {
        die("shell");
    }
}

static void
start_local_shell(void)
{
    int in[2];
    int out[2];
    int err[2];
    if (pipe(in) || pipe(out) || pipe(err)) {
        die("pipe");
    }
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        close(in[1]);
        execl("/bin/sh", "sh", "-s", (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    close(err[1]);
    child_in = in[1];
    child_out[STDOUT] = out[0];
    child_out[STDERR] = err[0];
}

static void
write_shell(const char *text)
{
    size_t size = strlen(text);
    ssize_t n = channel ? libssh2_channel_write(channel, text, size)
                        : write(child_in, text, size);
    if (n != (ssize_t)size) {
        die("write");
    }
}

static ssize_t
read_shell(int stream, char *data, size_t size)
{
    if (!channel) {
        return read(child_out[stream], data, size);
    }
    return stream == STDOUT ? libssh2_channel_read(channel, data, size)
                            : libssh2_channel_read_stderr(channel, data, size);
}

/* Read until the mark; what stands before it is ignored. */
static void
read_mark(int stream, const char *mark)
{
    char output[OUTPUT_MAX];
    size_t size = 0;
    do {
        ssize_t n =
            read_shell(stream, output + size, sizeof output - 1 - size);
        if (n <= 0) {
            die("the shell ended, or said too much");
        }
        size += (size_t)n;
        output[size] = '\0';
    } while (!strstr(output, mark));
}

static void
run_shell(const char *command)
{
    char script[LINE_MAX_SIZE + 256];
    char mark[64];
    snprintf(script, sizeof script,
             "(\n%s\n)</dev/null||exit\nprintf '\\nmark-%u\\n'\n"
             "printf '\\nmark-%u\\n' >&2\n",
             command, serial, serial);
    write_shell(script);
    snprintf(mark, sizeof mark, "\nmark-%u\n", serial);
    read_mark(STDOUT, mark);
    read_mark(STDERR, mark);
}

/* ---- measuring ---- */

/* template with each "@" replaced by the run's number */
static void
expand(const char *template, char *command, size_t size)
{
    size_t used = 0;
    for (const char *p = template; *p && used + 16 < size; p++) {
        if (*p == '@') {
            used += (size_t)snprintf(command + used, 16, "%u", serial);
        }
        else {
            command[used++] = *p;
        }
    }
    command[used] = '\0';
}

static void
measure(long n, const char *template, void (*run)(const char *))
{
    char command[LINE_MAX_SIZE];
    putchar('[');
    for (long i = 0; i < n; i++) {
        serial++;
        expand(template, command, sizeof command);
        double start = now();
        run(command);
        printf("%s%.7f", i ? ", " : "", now() - start);
    }
    puts("]");
}

static void
serve(void (*run)(const char *))
{
    char line[LINE_MAX_SIZE];
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    printf("\"%s\"\n", libssh2_version(0));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char *command;
        long n = strtol(line, &command, 10);
        line[strcspn(line, "\n")] = '\0';
        measure(n, command, run);
        fflush(stdout);
    }
}

int
main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "local") == 0) {
        start_local_shell();
        serve(run_shell);
        return 0;
    }
    if (argc != 5) {
        fprintf(stderr, "usage: plain exec|shell ADDRESS PORT KEYFILE\n"
                        "       plain local\n");
        return 2;
    }
    log_in(connect_to(argv[2], argv[3]), argv[4]);
    if (strcmp(argv[1], "shell") == 0) {
        start_remote_shell();
        serve(run_shell);
    }
    else {
        serve(run_exec);
    }
    return 0;
}
