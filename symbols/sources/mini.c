/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/sources/mini.h"

#include "common/cleanup.h"
#include "symbols/sources/inflate.h"

static struct err *unpack_and_open(const Elf_Data *data, const char *path, struct elf_file *ret)
{
	_cleanup_close_ int fd = -1;
	struct err *e = inflate_xz(data->d_buf, data->d_size, &inflate_mini_limits,
				   "utrail-debugdata", &fd);
	return e ? e : elf_file_open(path, fd, ELF_DEBUG_ONLY, ret);
}

struct err *mini_open(const struct elf_file *file, const char *path, struct elf_file *ret,
		      bool *ret_found)
{
	Elf_Scn *section = elf_file_section(file, ".gnu_debugdata", SHT_NULL);
	Elf_Data *data = section ? elf_file_content(file, section) : NULL;
	*ret_found = data && data->d_size;
	if (!*ret_found)
		return NULL;
	return err_wrap(unpack_and_open(data, path, ret), "reading .gnu_debugdata of '%s'", path);
}
