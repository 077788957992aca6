/* SPDX-License-Identifier: Apache-2.0
 *
 * libfsalgpfs.so for nodes: NFS-Ganesha's own FSAL VFS under the name GPFS.
 * The real FSAL GPFS ends the daemon where no GPFS is mounted.
 *
 * Linked with libfsalvfs.so, which calls our register_fsal().
 */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

typedef int registration(void *module, const char *name, uint32_t major,
			 uint32_t minor, uint8_t id);

registration register_fsal;

int register_fsal(void *module, const char *name, uint32_t major,
		  uint32_t minor, uint8_t id)
{
	void *daemon = dlopen(NULL, RTLD_NOW);
	registration *real = NULL;

	if (daemon)
		*(void **)&real = dlsym(daemon, "register_fsal");
	if (!real)
		return -1;
	if (strcmp(name, "VFS") == 0)
		name = "GPFS";
	return real(module, name, major, minor, id);
}
