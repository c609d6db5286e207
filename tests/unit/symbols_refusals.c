/* SPDX-License-Identifier: Apache-2.0 */
#include <elf.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "symbols/symbols.h"
#include "tests/unit/symbols_bytes.h"

static char directory[] = "/tmp/utrail-refusals-XXXXXX";
static char path[64];

static int make_directory(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/file", directory);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static void write_file(const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static struct err *try_open(const char *name)
{
	struct image *image;
	struct err *e = image_open(name, -1, &image);
	if (!e)
		image_close(image);
	return e;
}

static void files_that_cannot_be_opened(void **state)
{
	(void)state;
	assert_err(try_open("/no/such/file"), ERR_USAGE, "No such file");
	assert_err(try_open(""), ERR_USAGE, "No such file");
	assert_err(try_open("/tmp"), ERR_USAGE, "it is a directory");
	assert_err(try_open("/dev/null"), ERR_USAGE, "it is a device");
	write_file("x", 1);
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() != 0)
		assert_err(try_open(path), ERR_PERMISSION, "Permission denied");
	unlink(path);
}

static void a_pipe_is_refused_at_once(void **state)
{
	(void)state;
	struct timespec before, after;
	assert_int_equal(mkfifo(path, 0600), 0);
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_err(try_open(path), ERR_USAGE, "it is a named pipe");
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 2);
	unlink(path);
}

static void a_socket_is_refused(void **state)
{
	(void)state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_err(try_open(path), ERR_FAILED, "it is a socket");
	close(fd);
	unlink(path);
}

static void files_that_are_not_elf(void **state)
{
	(void)state;
	write_file("", 0);
	assert_err(try_open(path), ERR_USAGE, "the file is empty");
	static const char script[] = "#!/bin/sh -e\necho hello\n";
	write_file(script, sizeof(script) - 1);
	assert_err(try_open(path), ERR_USAGE, "it begins with '#!/bin/sh -e'");
	assert_err(try_open(path), ERR_USAGE, "name its interpreter, '/bin/sh'");
	write_file("hello\nworld\n", 12);
	assert_err(try_open(path), ERR_USAGE, "not an ELF file: it begins with 'hello'");
	write_file("PK\3\4\0\0\0\0", 8);
	assert_err(try_open(path), ERR_USAGE, "begins with the bytes 50 4b 03 04");
	write_file("\033[31mred", 8);
	assert_err(try_open(path), ERR_USAGE, "begins with the bytes 1b 5b 33 31");
	write_file("\177EL", 3);
	assert_err(try_open(path), ERR_USAGE, "not an ELF file");
}

/* The fixture with one change of its header. */
static struct err *open_changed(void (*change)(Elf64_Ehdr *header))
{
	size_t size;
	uint8_t *bytes = file_bytes(FIXTURES "/pie", &size);
	Elf64_Ehdr header;
	memcpy(&header, bytes, sizeof(header));
	change(&header);
	memcpy(bytes, &header, sizeof(header));
	write_file(bytes, size);
	free(bytes);
	return try_open(path);
}

static void to_32_bit(Elf64_Ehdr *header)
{
	header->e_ident[EI_CLASS] = ELFCLASS32;
}

static void to_big_endian(Elf64_Ehdr *header)
{
	header->e_ident[EI_DATA] = ELFDATA2MSB;
}

static void to_class_9(Elf64_Ehdr *header)
{
	header->e_ident[EI_CLASS] = 9;
}

static void to_encoding_9(Elf64_Ehdr *header)
{
	header->e_ident[EI_DATA] = 9;
}

static void to_riscv(Elf64_Ehdr *header)
{
	header->e_machine = EM_RISCV;
}

static void to_core(Elf64_Ehdr *header)
{
	header->e_type = ET_CORE;
}

static void to_type_7(Elf64_Ehdr *header)
{
	header->e_type = 7;
}

static void headers_far_away(Elf64_Ehdr *header)
{
	header->e_phoff = UINT64_MAX - 8;
}

static void headers_past_the_end(Elf64_Ehdr *header)
{
	header->e_phnum = 60000;
}

static void odd_headers(Elf64_Ehdr *header)
{
	header->e_phentsize = 55;
}

static void no_headers(Elf64_Ehdr *header)
{
	header->e_phnum = 0;
}

static void elf_files_that_are_not_ours(void **state)
{
	(void)state;
	assert_err(open_changed(to_32_bit), ERR_UNSUPPORTED, "32-bit");
	assert_err(open_changed(to_big_endian), ERR_UNSUPPORTED, "little-endian");
	assert_err(open_changed(to_class_9), ERR_USAGE, "damaged: its ELF class is 9");
	assert_err(open_changed(to_encoding_9), ERR_USAGE, "damaged: its ELF data encoding is 9");
	assert_err(open_changed(to_riscv), ERR_UNSUPPORTED, "another machine (ELF machine 243)");
	assert_err(open_changed(to_core), ERR_USAGE, "a core file");
	assert_err(open_changed(to_type_7), ERR_USAGE, "neither a program nor");
	assert_err(try_open(FIXTURES "/object.o"), ERR_USAGE, "relocatable object");
	assert_err(try_open(FIXTURES "/object.o"), ERR_USAGE, "hint:");
}

static void damaged_headers(void **state)
{
	(void)state;
	assert_err(open_changed(headers_far_away), ERR_FAILED, "past the end of the file");
	assert_err(open_changed(headers_past_the_end), ERR_FAILED, "past the end of the file");
	assert_err(open_changed(odd_headers), ERR_FAILED, "wrong size");
	assert_err(open_changed(no_headers), ERR_FAILED, "no program headers");
	size_t size;
	uint8_t *bytes = file_bytes(FIXTURES "/pie", &size);
	write_file(bytes, 40);
	assert_err(try_open(path), ERR_FAILED, "truncated: 40 bytes");
	write_file(bytes, 70);
	assert_err(try_open(path), ERR_FAILED, "truncated");
	free(bytes);
}

static void a_descriptor_that_is_not_a_file(void **state)
{
	(void)state;
	struct image *image;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	assert_err(image_open("a pipe", ends[0], &image), ERR_USAGE, "named pipe");
	close(ends[0]);
	close(ends[1]);
	assert_err(image_open("gone", ends[0], &image), ERR_FAILED, "Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_that_cannot_be_opened),
		cmocka_unit_test(a_pipe_is_refused_at_once),
		cmocka_unit_test(a_socket_is_refused),
		cmocka_unit_test(files_that_are_not_elf),
		cmocka_unit_test(elf_files_that_are_not_ours),
		cmocka_unit_test(damaged_headers),
		cmocka_unit_test(a_descriptor_that_is_not_a_file),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
