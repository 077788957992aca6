/* SPDX-License-Identifier: Apache-2.0
 *
 * libgpfs.so for nodes: gpfs_getacl() and gpfs_putacl() as IBM documents
 * them, with the opaque structure only (flags 0).
 *
 * An NFSv4 ACL is the text that mmputacl was given, in an extended attribute
 * of the file (see acl.py).  Of a name that rsync leaves alone, as on GPFS it
 * leaves alone what is in "system."; but snapshots keep it.
 *
 * The file TESTS holds lines that make the calls for a file, told by the last
 * part of its path, misbehave:
 *   hold NAME         wait as long as the line is there
 *   fail ERRNO NAME   gpfs_putacl() fails
 *   lose NAME         gpfs_getacl() of it removes the file
 *   spoil NAME        gpfs_putacl() changes mode and time of the file, too
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>

#define ATTRIBUTE "user.rsync.%gpfs_acl"
#define TESTS "/etc/gpfs-simulator-acl"
#define ACCESS 1
#define POSIX 1
#define NFS4 4

struct opaque {
	int size;
	unsigned short version;
	unsigned char type;
	char data[];
};
#define HEAD 8          /* IBM's data has one more byte before it */

/* What TESTS says after `verb` and before the name of the file, or NULL. */
static char *told(const char *verb, const char *path)
{
	static char line[4096];
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t n = strlen(verb), end;
	FILE *file = fopen(TESTS, "re");

	while (file && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		end = strlen(line);
		if (!strncmp(line, verb, n) && end > strlen(name) &&
		    line[end - strlen(name) - 1] == ' ' &&
		    !strcmp(line + end - strlen(name), name)) {
			fclose(file);
			return line + n;
		}
	}
	if (file)
		fclose(file);
	return NULL;
}

static int refuse(int number)
{
	errno = number;
	return -1;
}

static int check(const char *path, int flags, struct opaque *acl,
		 struct stat *info)
{
	while (told("hold", path))
		usleep(20000);
	if (flags || acl->type != ACCESS)
		return refuse(EINVAL);
	if (stat(path, info))
		return -1;
	if (!S_ISREG(info->st_mode) && !S_ISDIR(info->st_mode))
		return refuse(EINVAL);
	return 0;
}

int gpfs_getacl(const char *path, int flags, void *buffer)
{
	struct opaque *acl = buffer;
	static char data[65536];
	struct stat info;
	ssize_t size;

	if (told("lose", path))
		unlink(path);
	if (check(path, flags, acl, &info))
		return -1;
	size = getxattr(path, ATTRIBUTE, data, sizeof data);
	acl->version = size < 0 ? POSIX : NFS4;
	if (size < 0 && errno != ENODATA)
		return -1;
	if (size < 0)
		size = sprintf(data, "%o", info.st_mode & 0777);
	if (acl->size < size + HEAD) {
		acl->size = (int)size + HEAD;
		return refuse(ENOSPC);
	}
	acl->size = (int)size + HEAD;
	memcpy((char *)buffer + HEAD, data, size);
	return 0;
}

int gpfs_putacl(const char *path, int flags, void *buffer)
{
	struct opaque *acl = buffer;
	const char *number;
	struct stat info;

	if (check(path, flags, acl, &info))
		return -1;
	number = told("fail", path);
	if (number)
		return refuse(atoi(number));
	if (told("spoil", path) &&
	    (chmod(path, info.st_mode & 0777) || utimes(path, NULL)))
		return -1;
	if (acl->version == NFS4)
		return setxattr(path, ATTRIBUTE, (char *)buffer + HEAD,
				acl->size - HEAD, 0);
	return removexattr(path, ATTRIBUTE) && errno != ENODATA ? -1 : 0;
}
