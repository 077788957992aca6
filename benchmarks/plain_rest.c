/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lower bound: as little as a program can do to send the same requests.
 *
 *   plain_rest ADDRESS PORT CA_FILE LOGIN:PASSWORD
 *
 * Prints its libcurl's version, then answers each line "FILE NAME..." with
 * JSON: the seconds that the requests in FILE took for each NAME, one after
 * the other on one connection, and the CPU's seconds for all. A line of FILE
 * is "GET|POST SERVICE/METHOD [BODY]"; "@" becomes the NAME. Replies must be
 * 200 and are thrown away. Ends with its input.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE_SIZE = 65536, REQUESTS_MAX = 64 };

struct request {
    bool post;
    char *path;
    char *body;
};

static CURL *curl;
static const char *address;
static const char *port;
static struct request requests[REQUESTS_MAX];
static size_t requests_n;

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "plain_rest: %s: %s\n", what, why);
    exit(1);
}

static double
now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t
ignore(char *data, size_t size, size_t n, void *ctx)
{
    (void)data;
    (void)ctx;
    return size * n;
}

static void
set_up(const char *ca_file, const char *login)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    curl = curl_easy_init();
    if (!curl) {
        die("libcurl", "no handle");
    }
    curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file);
    curl_easy_setopt(curl, CURLOPT_USERPWD, login);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
    curl_easy_setopt(
        curl, CURLOPT_HTTPHEADER,
        curl_slist_append(NULL, "Content-Type: application/json"));
}

static void
load(const char *path)
{
    static char line[LINE_SIZE];
    FILE *file = fopen(path, "r");
    if (!file) {
        die(path, "cannot be opened");
    }
    for (size_t i = 0; i < requests_n; i++) {
        free(requests[i].path);
        free(requests[i].body);
    }
    requests_n = 0;
    while (requests_n < REQUESTS_MAX && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        char *rest = line;
        const char *method = strsep(&rest, " ");
        const char *target = strsep(&rest, " ");
        if (!target) {
            die(path, "a line is too short");
        }
        requests[requests_n++] =
            (struct request){strcmp(method, "POST") == 0, strdup(target),
                             strdup(rest ? rest : "")};
    }
    fclose(file);
}

/* template with each "@" replaced by the name */
static void
expand(const char *template, const char *name, char *text, size_t size)
{
    size_t used = 0;
    for (const char *p = template; *p && used + strlen(name) + 2 < size; p++) {
        if (*p == '@') {
            used += (size_t)snprintf(text + used, size - used, "%s", name);
        }
        else {
            text[used++] = *p;
        }
    }
    text[used] = '\0';
}

static void
send_request(const struct request *r, const char *name)
{
    static char body[LINE_SIZE];
    char url[512];
    long status = 0;
    snprintf(url, sizeof url, "https://%s:%s/zebi/api/%s", address, port,
             r->path);
    expand(r->body, name, body, sizeof body);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, r->post ? CURLOPT_POST : CURLOPT_HTTPGET, 1L);
    if (r->post) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) {
        die(url, curl_easy_strerror(code));
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        die(url, "the reply is no 200");
    }
}

static void
measure(char *names)
{
    const char *name;
    const char *comma = "";
    double cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    printf("[[");
    while ((name = strsep(&names, " "))) {
        double start = now(CLOCK_MONOTONIC);
        for (size_t i = 0; i < requests_n; i++) {
            send_request(&requests[i], name);
        }
        printf("%s%.7f", comma, now(CLOCK_MONOTONIC) - start);
        comma = ", ";
    }
    printf("], %.7f]\n", now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
}

int
main(int argc, char **argv)
{
    static char line[LINE_SIZE];
    if (argc != 5) {
        fprintf(stderr, "usage: plain_rest ADDRESS PORT CA_FILE "
                        "LOGIN:PASSWORD\n");
        return 2;
    }
    address = argv[1];
    port = argv[2];
    set_up(argv[3], argv[4]);
    setvbuf(stdout, NULL, _IOFBF, 1 << 20);
    printf("\"%s\"\n", curl_version_info(CURLVERSION_NOW)->version);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        char *names = line;
        line[strcspn(line, "\n")] = '\0';
        load(strsep(&names, " "));
        measure(names);
        fflush(stdout);
    }
    return 0;
}
