/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the distribution against `readelf -n`: the same notes in the same order, with the same
 * strings; every site fit for a probe; every operand understood, or refused with a reason that
 * lies in the file. More files can be named in USDT_TEST_FILES, separated by colons.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "usdt/usdt.h"

static const char *const known_files[] = {
	"/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
	"/usr/lib/aarch64-linux-gnu/libstdc++.so.6",
	"/usr/lib/postgresql/15/bin/postgres",
	"/usr/lib/postgresql/17/bin/postgres",
	"/usr/bin/python3.11",
	"/usr/bin/python3.13",
	"/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0",
	"/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1",
	"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so",
	"/usr/lib/x86_64-linux-gnu/libvirt.so.0",
	"/usr/lib/x86_64-linux-gnu/libc.so.6",
};

/* One note as readelf shows it. */
struct shown {
	char provider[128], name[128], operands[2048];
	uint64_t location, semaphore;
};

struct shown_list {
	struct shown *items;
	size_t count, capacity;
};

static void copy_line(char *ret, size_t size, const char *text)
{
	snprintf(ret, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* What `readelf OPTION path` prints, to be read from; *ret_pid is to be waited for. */
static FILE *readelf(const char *option, const char *path, pid_t *ret_pid)
{
	char *const words[] = {(char *)"readelf", (char *)option, (char *)path, NULL};
	char *const environment[] = {(char *)"LC_ALL=C", NULL};
	posix_spawn_file_actions_t actions;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	assert_int_equal(posix_spawnp(ret_pid, "readelf", &actions, NULL, words, environment), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	FILE *in = fdopen(ends[0], "r");
	assert_non_null(in);
	return in;
}

static void readelf_end(FILE *in, pid_t pid)
{
	int status;
	fclose(in);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The number behind `label`. */
static uint64_t number_behind(const char *text, const char *label)
{
	const char *at = strstr(text, label);
	assert_non_null(at);
	return strtoull(at + strlen(label), NULL, 16);
}

static struct shown_list read_shown(const char *path)
{
	struct shown_list list = {0};
	struct shown *shown = NULL;
	char line[8192];
	pid_t pid;
	FILE *in = readelf("-n", path, &pid);
	while (fgets(line, sizeof(line), in)) {
		const char *text = line + strspn(line, " ");
		if (!strncmp(text, "Provider: ", 10)) {
			shown = array_push(&list);
			assert_non_null(shown);
			copy_line(shown->provider, sizeof(shown->provider), text + 10);
		} else if (shown && !strncmp(text, "Name: ", 6)) {
			copy_line(shown->name, sizeof(shown->name), text + 6);
		} else if (shown && !strncmp(text, "Location: ", 10)) {
			shown->location = number_behind(text, "Location: ");
			shown->semaphore = number_behind(text, "Semaphore: ");
		} else if (shown && !strncmp(text, "Arguments: ", 11)) {
			copy_line(shown->operands, sizeof(shown->operands), text + 11);
		}
	}
	readelf_end(in, pid);
	return list;
}

/* File offset of an address within section .probes, from `readelf -S`. */
static uint64_t semaphore_offset(const char *path, uint64_t address)
{
	static const char label[] = " .probes           PROGBITS ";
	char line[1024];
	uint64_t ret = 0;
	pid_t pid;
	if (!address)
		return 0;
	FILE *in = readelf("-SW", path, &pid);
	while (fgets(line, sizeof(line), in)) {
		char *at = strstr(line, label);
		if (!at)
			continue;
		uint64_t start = strtoull(at + strlen(label), &at, 16);
		uint64_t offset = strtoull(at, &at, 16);
		uint64_t size = strtoull(at, NULL, 16);
		if (address >= start && address < start + size)
			ret = offset + address - start;
	}
	readelf_end(in, pid);
	assert_true(ret);
	return ret;
}

static bool is_known_reason(const char *why)
{
	return strstr(why, "no symbol ") || strstr(why, "label .L") ||
	       strstr(why, "thread-local") || strstr(why, "no single address");
}

static size_t count_spaces(const char *text)
{
	size_t count = 0;
	for (; *text; text++)
		count += *text == ' ';
	return count;
}

static void check_operands(struct image *image, const struct usdt_note *note, struct arena *arena)
{
	const struct usdt_operand *operands;
	size_t count;
	assert_ok(usdt_operands(note->operands, image_machine(image), image, note, arena, &operands,
				&count));
	/* No x86-64 compiler writes a space inside of an operand. */
	if (image_machine(image) == EM_X86_64 && *note->operands)
		assert_int_equal(count, count_spaces(note->operands) + 1);
	for (size_t i = 0; i < count; i++) {
		const char *why = operands[i].source.unavailable;
		if (why && !is_known_reason(why))
			fail_msg("%s:%s '%s': %s", note->provider, note->name, operands[i].text,
				 why);
	}
}

static void check_note(struct image *image, const struct usdt_note *note, const struct shown *shown)
{
	assert_string_equal(note->provider, shown->provider);
	assert_string_equal(note->name, shown->name);
	assert_string_equal(note->operands, shown->operands);
	assert_int_equal(note->address, shown->location);
	assert_null(note->refused);
	assert_int_equal(note->nop_length, image_machine(image) == EM_X86_64 ? 1 : 4);
	assert_int_equal(!note->semaphore_offset, !shown->semaphore);
}

static bool check_file(const char *path)
{
	struct image *image;
	if (access(path, R_OK))
		return false;
	assert_ok(image_open(path, -1, &image));
	struct arena arena = {0};
	const struct usdt_note *notes;
	size_t count, malformed;
	assert_ok(usdt_notes(image, &arena, &notes, &count, &malformed));
	struct shown_list shown = read_shown(path);
	print_message("%s: %zu notes\n", path, count);
	assert_int_equal(malformed, 0);
	assert_int_equal(count, shown.count);
	for (size_t i = 0; shown.items && i < count; i++) {
		check_note(image, &notes[i], &shown.items[i]);
		if (i == 0 || i == count - 1)
			assert_int_equal(notes[i].semaphore_offset,
					 semaphore_offset(path, shown.items[i].semaphore));
		check_operands(image, &notes[i], &arena);
	}
	free(shown.items);
	arena_deinit(&arena);
	image_close(image);
	return count > 0;
}

static void our_own_programs_agree_with_readelf(void **state)
{
	(void)state;
	assert_true(check_file(USDT_TARGET_DIR "/usdt_target_O0"));
	assert_true(check_file(USDT_TARGET_DIR "/usdt_target_O2"));
	assert_true(check_file(USDT_TARGET_DIR "/usdt_target_fixed"));
}

static void files_of_the_distribution_agree_with_readelf(void **state)
{
	(void)state;
	size_t checked = 0;
	for (size_t i = 0; i < array_size(known_files); i++)
		checked += check_file(known_files[i]);
	const char *more = getenv("USDT_TEST_FILES");
	char *list = strdup(more ? more : ""), *rest = list;
	for (char *path; (path = strsep(&rest, ":"));)
		if (*path && !check_file(path))
			fail_msg("no notes in '%s'", path);
		else
			checked += *path != 0;
	free(list);
	if (!checked)
		skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_programs_agree_with_readelf),
		cmocka_unit_test(files_of_the_distribution_agree_with_readelf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
