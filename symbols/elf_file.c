/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptors.h"

/*
 * libelf allocates a descriptor for each section a file claims to have. Programs and libraries have
 * dozens; only objects made by -ffunction-sections come near the 16 bits of e_shnum.
 */
#define SECTIONS_MAX 65536

static struct err *refuse_kind(const char *path, mode_t mode)
{
	struct err *e = err_new(ERR_USAGE, 0, "'%s' cannot be probed", path);
	if (S_ISDIR(mode))
		return err_hint(err_why(e, "it is a directory"), "name a file in it");
	if (S_ISFIFO(mode))
		return err_why(e, "it is a named pipe");
	if (S_ISSOCK(mode))
		return err_why(e, "it is a socket");
	return err_why(e, "it is a device, not a regular file");
}

static struct err *cannot_open(const char *path)
{
	int errnum = errno;
	enum err_kind kind = ERR_FAILED;
	if (errnum == EACCES || errnum == EPERM)
		kind = ERR_PERMISSION;
	else if (errnum == ENOENT || errnum == ENOTDIR || errnum == ELOOP || errnum == ENAMETOOLONG)
		kind = ERR_USAGE;
	struct err *e = err_new(kind, errnum, "opening '%s'", path);
	if (errnum == ENXIO) /* what open() says of a socket */
		e = err_why(e, "it is a socket or a device without a driver");
	return e;
}

/* O_NONBLOCK: opening a FIFO that nobody writes to would wait for ever. */
static struct err *open_regular(const char *path, int from, int *ret, struct stat *st)
{
	_cleanup_close_ int fd = from >= 0
					 ? fcntl(from, F_DUPFD_CLOEXEC, 0)
					 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, st) < 0)
		return cannot_open(path);
	if (!S_ISREG(st->st_mode))
		return refuse_kind(path, st->st_mode);
	*ret = take_fd(fd);
	return NULL;
}

bool elf_file_read(const struct elf_file *file, uint64_t offset, void *buffer, size_t size)
{
	return offset <= file->size && size <= file->size - offset &&
	       descriptors_read(file->fd, offset, buffer, size);
}

/* More sections than 16 bits can count stand in sh_size of section 0; a lie there costs memory. */
static struct err *check_section_count(const char *path, const struct elf_file *file)
{
	const Elf64_Ehdr *header = &file->header;
	Elf64_Shdr first;
	if (header->e_shnum || !header->e_shoff ||
	    !elf_file_read(file, header->e_shoff, &first, sizeof(first)) ||
	    first.sh_size <= SECTIONS_MAX)
		return NULL;
	return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", path),
		       "it claims to have %llu sections", (unsigned long long)first.sh_size);
}

static struct err *start_libelf(const char *path, Elf_Cmd command, struct elf_file *file)
{
	elf_version(EV_CURRENT);
	file->elf = elf_begin(file->fd, command, NULL);
	if (file->elf && elf_kind(file->elf) == ELF_K_ELF && elf64_getehdr(file->elf))
		return NULL;
	const char *why = elf_errmsg(-1);
	return err_why(err_new(ERR_FAILED, 0, "'%s' is damaged", path), "%s",
		       why ? why : "libelf does not take it");
}

static struct err *check_and_start(const char *path, enum elf_purpose purpose,
				   struct elf_file *file)
{
	struct err *e;
	size_t head_size = file->size < sizeof(file->header) ? file->size : sizeof(file->header);
	if (!elf_file_read(file, 0, &file->header, head_size))
		return err_new(ERR_FAILED, errno ?: EIO, "reading '%s'", path);
	e = elf_check_header(path, &file->header, head_size, file->size, purpose);
	e = e ?: check_section_count(path, file);
	if (e || purpose == ELF_HEADER_ONLY)
		return e;
	/* What cannot be mapped is read. */
	return start_libelf(path, purpose == ELF_PROGRAM_MAPPED ? ELF_C_READ_MMAP : ELF_C_READ,
			    file);
}

struct err *elf_file_open(const char *path, int fd, enum elf_purpose purpose, struct elf_file *ret)
{
	struct elf_file file = {.fd = -1};
	struct stat st;
	errno = 0;
	struct err *e = open_regular(path, fd, &file.fd, &st);
	if (e)
		return e;
	file.size = (uint64_t)st.st_size;
	file.device = st.st_dev;
	file.inode = st.st_ino;
	e = check_and_start(path, purpose, &file);
	if (e)
		elf_file_close(&file);
	else
		*ret = file;
	return e;
}

void elf_file_close(struct elf_file *file)
{
	elf_end(file->elf);
	file->elf = NULL;
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, uint32_t type)
{
	size_t names;
	if (name && elf_getshdrstrndx(file->elf, &names) < 0)
		return NULL;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(file->elf, section));) {
		const Elf64_Shdr *header = elf64_getshdr(section);
		if (!header)
			continue;
		const char *here = name ? elf_strptr(file->elf, names, header->sh_name) : NULL;
		if (name ? here && !strcmp(here, name) : header->sh_type == type)
			return section;
	}
	return NULL;
}

Elf_Data *elf_file_content(const struct elf_file *file, Elf_Scn *section)
{
	const Elf64_Shdr *header = elf64_getshdr(section);
	uint64_t end;
	if (!header || header->sh_type == SHT_NOBITS || header->sh_flags & SHF_COMPRESSED ||
	    __builtin_add_overflow(header->sh_offset, header->sh_size, &end) || end > file->size)
		return NULL;
	Elf_Data *data = elf_getdata(section, NULL);
	return data && data->d_buf ? data : NULL;
}
