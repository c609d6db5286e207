/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_all — offers every program of a BPF object to this kernel.
 *
 *	load_all [-v] [-s NAME=VALUE]... [-a PATTERN]... [-x PATTERN]... OBJECT [PROGRAM...]
 *
 * Programs that match a PATTERN of -x are left out, those of -a are offered alone, the others
 * together; where the kernel refuses one of these, each of them alone. (Relocating an object costs
 * an emulated machine far more than the verifier does.)
 *
 * Prints one line per program, in the object's order, those of -a last:
 *
 *	prog NAME ok INSTRUCTIONS FRAMES
 *	prog NAME refused REASON
 *
 * INSTRUCTIONS went through the verifier (5.16, else 0); FRAMES are the bytes of stack of each of
 * the program's functions, A+B+C (with -v: ?).
 *
 * -s sets a constant of the object's .rodata (of an array, each number) before loading, as utrail
 *does with the features that it found; -v prints the whole verifier log of refused programs to
 *stderr. Maps of types that the kernel does not know are left out, as utrail leaves them out. Exit
 *status: 0 when all were offered, whether or not they were taken; 1 when the object or a setting is
 *no good.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOG_SIZE       (1U << 20)
#define SHORT_LOG_SIZE (16U << 10)
#define LOG_STATS      4 /* BPF_LOG_STATS of the kernel's linux/bpf_verifier.h */
#define MAP_ROWS       16
#define SETTINGS_MAX   16
#define PATTERNS_MAX   64
#define SLEEPABLE      "sleepable_"

struct options {
	const char *object;
	char *settings[SETTINGS_MAX]; /* NAME=VALUE */
	int n_settings;
	char *alone[PATTERNS_MAX];
	int n_alone;
	char *left_out[PATTERNS_MAX];
	int n_left_out;
	char **programs; /* NULL-terminated; empty: all */
	bool verbose;
};

/* While loading: the verifier's log says it better. */
__attribute__((format(printf, 2, 0))) static int quiet(enum libbpf_print_level level,
						       const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

__attribute__((format(printf, 2, 0))) static int warnings(enum libbpf_print_level level,
							  const char *format, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
}

/* Finds the bytes of constant `name`. btf_var_secinfo carries offset and size of each. */
static void *find_constant(struct bpf_object *object, const char *name, size_t *ret_size)
{
	struct btf *btf = bpf_object__btf(object);
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	int id = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	size_t size;
	if (!map || id < 0)
		return NULL;
	char *bytes = bpf_map__initial_value(map, &size);
	const struct btf_type *section = btf__type_by_id(btf, (__u32)id);
	const struct btf_var_secinfo *variable = btf_var_secinfos(section);
	for (int i = 0; bytes && i < btf_vlen(section); i++, variable++) {
		const struct btf_type *type = btf__type_by_id(btf, variable->type);
		if (strcmp(btf__name_by_offset(btf, type->name_off), name) != 0)
			continue;
		*ret_size = variable->size;
		return bytes + variable->offset;
	}
	return NULL;
}

static int set_constant(struct bpf_object *object, const char *setting)
{
	char name[64];
	char *end;
	size_t size, length = strcspn(setting, "=");
	errno = 0;
	unsigned long long value = strtoull(setting + length + (setting[length] == '='), &end, 0);
	if (!length || length >= sizeof(name) || end <= setting + length + 1 || *end || errno) {
		fprintf(stderr, "load_all: '%s' is not NAME=VALUE\n", setting);
		return -1;
	}
	memcpy(name, setting, length);
	name[length] = '\0';
	char *bytes = find_constant(object, name, &size);
	if (!bytes || (size > sizeof(value) && size % sizeof(uint32_t))) {
		fprintf(stderr, "load_all: the object has no constant '%s'\n", name);
		return -1;
	}
	/* Little endian, as all hosts of these guests are. An array has numbers of 32 bits. */
	size_t step = size > sizeof(value) ? sizeof(uint32_t) : size;
	for (size_t at = 0; at < size; at += step)
		memcpy(bytes + at, &value, step);
	return 0;
}

/* The verifier asks nothing of how much there is room for, and clearing it takes time. */
static void shrink(struct bpf_map *map)
{
	enum bpf_map_type type = bpf_map__type(map);
	bool is_table = type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY ||
			type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY;
	if (is_table && !bpf_map__is_internal(map) && bpf_map__max_entries(map) > MAP_ROWS)
		bpf_map__set_max_entries(map, MAP_ROWS);
}

static void prepare_maps(struct bpf_object *object)
{
	struct bpf_map *map;
	bpf_object__for_each_map (map, object) {
		if (libbpf_probe_bpf_map_type(bpf_map__type(map), NULL) == 0)
			bpf_map__set_autocreate(map, false);
		shrink(map);
	}
}

/* Opens the object with all programs off; NULL after a message. */
static struct bpf_object *open_object(const struct options *options)
{
	struct bpf_program *program;
	struct bpf_object *object = bpf_object__open_file(options->object, NULL);
	if (!object) {
		fprintf(stderr, "load_all: %s: %s\n", options->object, strerror(errno));
		return NULL;
	}
	bpf_object__for_each_program (program, object) {
		bpf_program__set_autoload(program, false);
		/* As utrail does: there is no such section in older versions of libbpf. */
		if (strncmp(bpf_program__name(program), SLEEPABLE, strlen(SLEEPABLE)) == 0)
			bpf_program__set_flags(program, BPF_F_SLEEPABLE);
	}
	for (int i = 0; i < options->n_settings; i++) {
		if (set_constant(object, options->settings[i])) {
			bpf_object__close(object);
			return NULL;
		}
	}
	prepare_maps(object);
	return object;
}

/* The verifier's last word: the last line that is not its statistics. Cuts `log` up. */
static const char *verdict(char *log)
{
	const char *last = "";
	char *rest = log;
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (*line && strncmp(line, "processed ", 10) != 0 &&
		    strncmp(line, "verification time", 17) != 0 &&
		    strncmp(line, "stack depth", 11) != 0)
			last = line;
	}
	return last;
}

/* The sizes in the statistics' line "stack depth A+B+C"; newer kernels append "max N". */
static const char *frames(char *log)
{
	static const char start[] = "stack depth ";
	char *found = strstr(log, start);
	if (!found)
		return "?";
	found += sizeof(start) - 1;
	found[strspn(found, "0123456789+")] = '\0';
	return found;
}

static unsigned int verified_instructions(const struct bpf_program *program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);
	if (bpf_prog_get_info_by_fd(bpf_program__fd(program), &info, &size))
		return 0;
	return info.verified_insns;
}

static bool matches(char *const *patterns, int n, const char *name)
{
	for (int i = 0; i < n; i++) {
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	}
	return false;
}

static bool is_alone(const struct options *options, const char *name)
{
	return matches(options->alone, options->n_alone, name);
}

static bool is_offered(const struct options *options, const char *name)
{
	if (matches(options->left_out, options->n_left_out, name))
		return false;
	if (!*options->programs)
		return true;
	for (char **program = options->programs; *program; program++) {
		if (!strcmp(*program, name))
			return true;
	}
	return false;
}

static void tell_ok(const struct bpf_program *program, char *log)
{
	printf("prog %s ok %u %s\n", bpf_program__name(program), verified_instructions(program),
	       frames(log));
	fflush(stdout);
}

/* Makes the program one of those to load; its log goes to `log`, of `size` bytes. */
static void choose(const struct options *options, struct bpf_program *program, char *log,
		   size_t size)
{
	*log = '\0';
	bpf_program__set_autoload(program, true);
	bpf_program__set_log_buf(program, log, size);
	/* With 0, libbpf asks again for the whole log when the program is refused. */
	bpf_program__set_log_level(program, options->verbose ? 0 : LOG_STATS);
}

static int load(struct bpf_object *object)
{
	libbpf_set_print(quiet);
	int error = bpf_object__load(object);
	libbpf_set_print(warnings);
	return error;
}

/* Loads the program `name` of a fresh copy of the object, alone. */
static int offer(const struct options *options, const char *name, char *log)
{
	struct bpf_object *object = open_object(options);
	if (!object)
		return -1;
	struct bpf_program *program = bpf_object__find_program_by_name(object, name);
	choose(options, program, log, LOG_SIZE);
	int error = load(object);
	if (!error) {
		tell_ok(program, log);
	} else {
		if (options->verbose)
			fprintf(stderr, "--- %s\n%s", name, log);
		const char *reason = verdict(log);
		printf("prog %s refused %s\n", name, *reason ? reason : strerror(-error));
		fflush(stdout);
	}
	bpf_object__close(object);
	return 0;
}

/* Offers those that -a does not name, all in one load. Returns false when the kernel did not take
 * them. */
static bool offer_together(const struct options *options, struct bpf_object *object, char *logs)
{
	struct bpf_program *program;
	size_t n = 0;
	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);
		if (is_offered(options, name) && !is_alone(options, name))
			choose(options, program, logs + n++ * SHORT_LOG_SIZE, SHORT_LOG_SIZE);
	}
	if (load(object))
		return false;
	n = 0;
	bpf_object__for_each_program (program, object) {
		if (bpf_program__autoload(program))
			tell_ok(program, logs + n++ * SHORT_LOG_SIZE);
	}
	return true;
}

static size_t count_programs(struct bpf_object *object)
{
	struct bpf_program *program;
	size_t n = 0;
	bpf_object__for_each_program (program, object)
		n++;
	return n;
}

static int offer_all(const struct options *options)
{
	struct bpf_program *program;
	int offered = 0, error = 0;
	struct bpf_object *object = open_object(options);
	char *log = malloc(LOG_SIZE);
	char *logs = object ? malloc((count_programs(object) + 1) * SHORT_LOG_SIZE) : NULL;
	if (!object || !log || !logs) {
		free(logs);
		free(log);
		bpf_object__close(object);
		return -1;
	}
	bool taken = !options->verbose && offer_together(options, object, logs);
	bpf_object__for_each_program (program, object) {
		const char *name = bpf_program__name(program);
		if (error || !is_offered(options, name))
			continue;
		if (!taken || is_alone(options, name))
			error = offer(options, name, log);
		offered++;
	}
	if (!offered)
		fprintf(stderr, "load_all: no such program in %s\n", options->object);
	free(logs);
	free(log);
	bpf_object__close(object);
	return offered ? error : -1;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	int option;
	while ((option = getopt(argc, argv, "vs:a:x:")) != -1) {
		if (option == 'v')
			options.verbose = true;
		else if (option == 's' && options.n_settings < SETTINGS_MAX)
			options.settings[options.n_settings++] = optarg;
		else if (option == 'a' && options.n_alone < PATTERNS_MAX)
			options.alone[options.n_alone++] = optarg;
		else if (option == 'x' && options.n_left_out < PATTERNS_MAX)
			options.left_out[options.n_left_out++] = optarg;
		else
			optind = argc;
	}
	if (optind >= argc) {
		fputs("usage: load_all [-v] [-s NAME=VALUE]... [-a PATTERN]... [-x PATTERN]... "
		      "OBJECT [PROGRAM...]\n",
		      stderr);
		return 1;
	}
	options.object = argv[optind];
	options.programs = argv + optind + 1;
	libbpf_set_print(warnings);
	return offer_all(&options) ? 1 : 0;
}
