/* SPDX-License-Identifier: Apache-2.0
 *
 * mmclient: every simulated GPFS command, and the wrapper of real programs
 * such as exportfs, is a symbolic link to this program.
 *
 * It tells the simulator's server what was called and does what it answers.
 * The file CONFIG holds two lines: an abstract unix socket name and the node
 * name.  Request: a 4-byte length (network order), then NUL-terminated
 * strings: node name, $SSH_CONNECTION, working directory, argv[0], argv[1]...
 * Answer: frames of one type byte, a 4-byte length and that many bytes:
 *   O, E   write to standard output, standard error
 *   X      exit with this status (decimal text)
 *   K      die of this signal (decimal text)
 *   R      run this program with our arguments; report "S" + wait status
 *   I      send all of standard input back in one "D" frame
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONFIG "/etc/gpfs-simulator"
#define LOST 252        /* exit status when the server is gone */

static int server;

static void lost(const char *what)
{
	fprintf(stderr, "GPFS simulator: %s: %s\n", what, strerror(errno));
	_exit(LOST);
}

static void put(int fd, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(fd, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;         /* our reader is gone, like SIGPIPE */
		data += n;
		size -= n;
	}
}

static void get(char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = read(server, data, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			lost("server is gone");
		data += n;
		size -= n;
	}
}

static void frame(char type, const char *data, uint32_t size)
{
	char head[5] = { type };
	uint32_t length = htonl(size);

	memcpy(head + 1, &length, 4);
	put(server, head, 5);
	put(server, data, size);
}

static void configure(char *socket_name, char *node, size_t size)
{
	FILE *file = fopen(CONFIG, "re");

	if (!file || !fgets(socket_name, size, file) ||
	    !fgets(node, size, file))
		lost(CONFIG);
	socket_name[strcspn(socket_name, "\n")] = 0;
	node[strcspn(node, "\n")] = 0;
	fclose(file);
}

static void join(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t length = strlen(name);

	if (length > sizeof address.sun_path - 1)
		lost("socket name");
	memcpy(address.sun_path + 1, name, length);     /* abstract */
	server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server < 0 ||
	    connect(server, (struct sockaddr *)&address,
		    offsetof(struct sockaddr_un, sun_path) + 1 + length))
		lost("cannot reach the server");
}

static void request(const char *node, int argc, char **argv)
{
	char cwd[4096];
	const char *via = getenv("SSH_CONNECTION");
	const char *head[3] = { node, via ? via : "", cwd };
	size_t size = 0, at = 4;
	uint32_t length;
	char *data;

	if (!getcwd(cwd, sizeof cwd))
		strcpy(cwd, "/");
	for (int i = 0; i < 3; i++)
		size += strlen(head[i]) + 1;
	for (int i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	data = malloc(size + 4);
	if (!data)
		lost("memory");
	length = htonl(size);
	memcpy(data, &length, 4);
	for (int i = 0; i < 3 + argc; i++) {
		const char *s = i < 3 ? head[i] : argv[i - 3];
		memcpy(data + at, s, strlen(s) + 1);
		at += strlen(s) + 1;
	}
	put(server, data, at);
	free(data);
}

static void die(int number)
{
	sigset_t all;

	signal(number, SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	raise(number);
	_exit(128 + number);
}

static void run_real(const char *program, char **argv)
{
	int status = 0;
	char text[16];
	pid_t child = fork();

	if (child == 0) {
		execv(program, argv);
		lost(program);
	}
	while (child < 0 || waitpid(child, &status, 0) < 0)
		if (child < 0 || errno != EINTR)
			lost(program);
	snprintf(text, sizeof text, "%d", status);
	frame('S', text, strlen(text));
}

static void send_input(void)
{
	size_t size = 0, room = 65536;
	char *data = malloc(room);
	ssize_t n;

	while (data && (n = read(0, data + size, room - size)) > 0) {
		size += n;
		if (size == room)
			data = realloc(data, room *= 2);
	}
	if (!data)
		lost("memory");
	frame('D', data, size);
	free(data);
}

static void obey(char type, char *data, uint32_t size, char **argv)
{
	switch (type) {
	case 'O':
	case 'E':
		put(type == 'O' ? 1 : 2, data, size);
		break;
	case 'X':
		_exit(atoi(data));
	case 'K':
		die(atoi(data));
		break;
	case 'R':
		run_real(data, argv);
		break;
	case 'I':
		send_input();
		break;
	default:
		errno = EPROTO;
		lost("answer");
	}
}

int main(int argc, char **argv)
{
	char socket_name[256], node[256], head[5];
	uint32_t size;
	char *data;

	configure(socket_name, node, sizeof node);
	join(socket_name);
	request(node, argc, argv);
	for (;;) {
		get(head, 5);
		memcpy(&size, head + 1, 4);
		size = ntohl(size);
		data = malloc(size + 1);
		if (!data)
			lost("memory");
		get(data, size);
		data[size] = 0;
		obey(head[0], data, size, argv);
		free(data);
	}
}
