/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/stacks/code_files.h"

#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"

/* Each takes a descriptor or two of ours; a process maps a hundred files at most, in practice. */
#define OPENED_MAX 300

/* A process can name its memory as it likes; what code has such a name is of no interest. */
static const char *plain_name(const char *path)
{
	static const char *const known[] = {"[vdso]", "[vsyscall]", "[uprobes]"};
	for (size_t i = 0; i < array_size(known); i++)
		if (strcmp(path, known[i]) == 0)
			return known[i];
	return "[anon]";
}

static struct code_file *make(const char *path)
{
	struct code_file *file = calloc(1, sizeof(*file));
	char *copy = strdup(path);
	if (!file || !copy) {
		free(file);
		free(copy);
		return NULL;
	}
	file->path = copy;
	return file;
}

static struct err *get_unnamed(struct code_files *files, const char *name, struct code_file **ret)
{
	struct code_file *file;
	HASH_FIND_STR(files->by_name, name, file);
	if (!file) {
		file = make(name);
		if (!file)
			return &err_nomem;
		file->is_unnamed = true;
		file->is_vdso = strcmp(name, "[vdso]") == 0;
		file->is_special = strcmp(name, "[anon]") != 0;
		HASH_ADD_KEYPTR(hh, files->by_name, file->path, strlen(file->path), file);
	}
	*ret = file;
	return NULL;
}

/*
 * As long as we have a file open, its inode's number is its own. One that could not be opened may
 * be another file by now; who got the old one still has it.
 */
static bool is_stale(const struct code_file *file, const struct module *module)
{
	return file->tried && !file->image && strcmp(file->path, module->path) != 0;
}

struct err *code_files_get(struct code_files *files, const struct module *module,
			   struct code_file **ret)
{
	const struct code_file_id id = {module->device, module->inode};
	struct code_file *file;
	if (!module->inode)
		return get_unnamed(files, plain_name(module->path), ret);
	HASH_FIND(hh, files->by_id, &id, sizeof(id), file);
	if (file && is_stale(file, module)) {
		HASH_DEL(files->by_id, file);
		file->next = files->forgotten;
		files->forgotten = file;
		file = NULL;
	}
	if (!file) {
		file = make(module->path);
		if (!file)
			return &err_nomem;
		file->id = id;
		HASH_ADD(hh, files->by_id, id, sizeof(file->id), file);
	}
	/* Somebody else has it now, who may still live when it is opened. */
	file->tried = file->image;
	*ret = file;
	return NULL;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* All processes have the same; ours is a whole ELF file in memory. */
static struct err *open_vdso(struct symbolizer *symbolizer, struct image **ret)
{
	const Elf64_Ehdr *header = (const void *)getauxval(AT_SYSINFO_EHDR);
	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return err_new(ERR_FAILED, 0, "there is no vdso");
	size_t size = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
	_cleanup_close_ int fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0 || write(fd, header, size) != (ssize_t)size)
		return err_new(ERR_FAILED, 0, "copying the vdso");
	return image_open_in(symbolizer, "[vdso]", fd, ret);
}

static struct image *plan_image(const struct plan *plan, const struct code_file *file)
{
	for (size_t i = 0; i < plan->modules.count; i++) {
		struct image *image = plan->modules.items[i].image;
		if (image && image_inode(image) == file->id.inode &&
		    image_device(image) == file->id.device)
			return image;
	}
	return NULL;
}

/* The process may have ended: then the same file as we see it. */
static struct err *open_by_path(const struct code_file *file, int *ret_fd)
{
	struct stat st;
	_cleanup_close_ int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) != 0 || st.st_ino != file->id.inode ||
	    st.st_dev != file->id.device)
		return err_new(ERR_FAILED, 0, "'%s' is not there", file->path);
	*ret_fd = take_fd(fd);
	return NULL;
}

static struct err *open_mapped(const struct code_files *files, struct code_file *file, pid_t pid)
{
	const struct process_view *view = files->view;
	const struct module module = {
		.path = file->path, .device = file->id.device, .inode = file->id.inode};
	_cleanup_close_ int fd = -1;
	struct err *e = view->open_module(view->context, pid, &module, &fd);
	if (e && e != &err_nomem) {
		err_free(e);
		e = open_by_path(file, &fd);
	}
	return e ? e : image_open_in(files->plan->symbolizer, file->path, fd, &file->image);
}

struct err *code_file_open(struct code_files *files, struct code_file *file, pid_t pid)
{
	struct err *e = NULL;
	if (file->tried)
		return NULL;
	file->tried = true;
	file->image = plan_image(files->plan, file);
	if (file->image || files->n_opened >= OPENED_MAX)
		return NULL;
	if (file->is_vdso)
		e = open_vdso(files->plan->symbolizer, &file->image);
	else if (!file->is_unnamed)
		e = open_mapped(files, file, pid);
	file->owned = file->image;
	files->n_opened += file->owned;
	if (e == &err_nomem)
		return e;
	err_free(e);
	return NULL;
}

static void free_file(struct code_file *file)
{
	if (file->owned)
		image_close(file->image);
	free(file->path);
	free(file);
}

void code_files_deinit(struct code_files *files)
{
	struct code_file *file, *next;
	HASH_ITER (hh, files->by_id, file, next) {
		HASH_DEL(files->by_id, file);
		free_file(file);
	}
	HASH_ITER (hh, files->by_name, file, next) {
		HASH_DEL(files->by_name, file);
		free_file(file);
	}
	for (file = files->forgotten; file; file = next) {
		next = file->next;
		free_file(file);
	}
}
