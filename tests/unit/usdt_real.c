/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of the distribution against `readelf -n`: the same notes in the same order, with the same
 * strings; every site fit for a probe; every operand understood, or refused with a reason that
 * lies in the file. More files can be named in USDT_TEST_FILES, separated by colons.
 */
#include "tests/unit/unit.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
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

static struct shown_list run_readelf(const char *path)
{
	struct shown_list list = {0};
	struct shown *shown = NULL;
	char command[4224], line[8192];
	snprintf(command, sizeof(command), "LC_ALL=C readelf -n '%s' 2>/dev/null", path);
	FILE *in = popen(command, "re");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		const char *text = line + strspn(line, " ");
		if (!strncmp(text, "Provider: ", 10)) {
			shown = array_push(&list);
			assert_non_null(shown);
			copy_line(shown->provider, sizeof(shown->provider), text + 10);
		} else if (shown && !strncmp(text, "Name: ", 6)) {
			copy_line(shown->name, sizeof(shown->name), text + 6);
		} else if (shown && !strncmp(text, "Location: ", 10)) {
			assert_int_equal(sscanf(text,
						"Location: %" SCNx64 ", Base: %*x, "
						"Semaphore: %" SCNx64,
						&shown->location, &shown->semaphore),
					 2);
		} else if (shown && !strncmp(text, "Arguments: ", 11)) {
			copy_line(shown->operands, sizeof(shown->operands), text + 11);
		}
	}
	pclose(in);
	return list;
}

/* File offset of an address within section .probes, from `readelf -S`. */
static uint64_t semaphore_offset(const char *path, uint64_t address)
{
	char command[4224], line[1024];
	uint64_t ret = 0, start, offset, size;
	if (!address)
		return 0;
	snprintf(command, sizeof(command), "LC_ALL=C readelf -SW '%s'", path);
	FILE *in = popen(command, "re");
	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		const char *name = strstr(line, " .probes ");
		if (name &&
		    sscanf(name, " .probes PROGBITS %" SCNx64 " %" SCNx64 " %" SCNx64, &start,
			   &offset, &size) == 3 &&
		    address >= start && address < start + size)
			ret = offset + address - start;
	}
	pclose(in);
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
	struct shown_list shown = run_readelf(path);
	print_message("%s: %zu notes\n", path, count);
	assert_int_equal(malformed, 0);
	assert_int_equal(count, shown.count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(notes[i].provider, shown.items[i].provider);
		assert_string_equal(notes[i].name, shown.items[i].name);
		assert_string_equal(notes[i].operands, shown.items[i].operands);
		assert_int_equal(notes[i].address, shown.items[i].location);
		assert_null(notes[i].refused);
		assert_int_equal(notes[i].nop_length, image_machine(image) == EM_X86_64 ? 1 : 4);
		if (i == 0 || i == count - 1)
			assert_int_equal(notes[i].semaphore_offset,
					 semaphore_offset(path, shown.items[i].semaphore));
		assert_int_equal(!notes[i].semaphore_offset, !shown.items[i].semaphore);
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
