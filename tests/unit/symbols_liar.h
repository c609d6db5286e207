/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/unit/symbols_liar.h — a symbolizer that lies: in the real sandbox, with the real server,
 * whose answers are changed at random before they leave. The program is linked with
 * --wrap=protocol_send, which puts ours in the place of the real one.
 */
#ifndef UTRAIL_TESTS_SYMBOLS_LIAR_H
#define UTRAIL_TESTS_SYMBOLS_LIAR_H

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "symbols/child/protocol.h"
#include "symbols/child/serve.h"
#include "symbols/child/symbolizer.h"
#include "tests/unit/unit.h"

bool __real_protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
			  const struct wire *rest);
bool __wrap_protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
			  const struct wire *rest);

/* --- the liar --------------------------------------------------------------------------------- */

static struct {
	bool lies;
	bool is_gentle; /* one place of one answer, which may well make sense */
	uint64_t state;
	unsigned int skip; /* answers that are true yet */
} liar;

static uint64_t draw(void)
{
	liar.state ^= liar.state << 13;
	liar.state ^= liar.state >> 7;
	liar.state ^= liar.state << 17;
	return liar.state;
}

static uint64_t nasty(void)
{
	static const uint64_t values[] = {0,	   1,	       0x1000,	  0x7fffffff, UINT32_MAX,
					  1 << 20, UINT64_MAX, INT64_MAX, 0x401000};
	return draw() % 3 ? values[draw() % (sizeof(values) / sizeof(values[0]))] : draw();
}

static void change_gently(struct wire *answer)
{
	if (answer->size)
		answer->bytes[draw() % answer->size] ^= (uint8_t)(1 + draw() % 255);
	liar.lies = false;
}

static void change(struct wire *answer)
{
	for (uint64_t i = 1 + draw() % 4; i && answer->size; i--) {
		size_t at = draw() % answer->size, width = (size_t)1 << draw() % 4;
		uint64_t value = nasty();
		width = width < answer->size - at ? width : answer->size - at;
		memcpy(answer->bytes + at, &value, width);
	}
	if (draw() % 8 == 0)
		answer->size -= draw() % (answer->size + 1);
	for (uint64_t i = draw() % 8 ? 0 : draw() % 100; i; i--)
		wire_put_u8(answer, (uint8_t)draw());
}

bool __wrap_protocol_send(int socket, enum verb verb, uint32_t image, const struct wire *from,
			  const struct wire *rest)
{
	struct wire answer = {0};
	if (!liar.lies || verb == VERB_HELLO || liar.skip) {
		liar.skip -= liar.lies && liar.skip;
		return __real_protocol_send(socket, verb, image, from, rest);
	}
	wire_put_bytes(&answer, from->bytes, from->size);
	if (rest)
		wire_put_bytes(&answer, rest->bytes, rest->size);
	if (liar.is_gentle)
		change_gently(&answer);
	else
		change(&answer);
	static const struct wire nothing;
	bool sent = __real_protocol_send(socket, verb, image, &nothing, &answer);
	wire_deinit(&answer);
	return sent;
}

static void serve_lies(void)
{
	liar.lies = true;
	symbolizer_serve();
}

/* Noise, and not even the shape of an answer. */
static void serve_noise(void)
{
	struct message_header header;
	struct wire request = {0};
	int fd;
	while (protocol_receive(0, &header, &request, &fd)) {
		uint8_t noise[512];
		closep(&fd);
		for (size_t i = 0; i < sizeof(noise); i++)
			noise[i] = (uint8_t)draw();
		header.magic = draw() % 4 ? PROTOCOL_MAGIC : (uint32_t)draw();
		header.verb = draw() % 2 ? VERB_ANSWER : (uint32_t)(draw() % 128);
		header.size = draw() % 2 ? sizeof(noise) : (uint32_t)nasty();
		if (write(0, &header, sizeof(header)) < 0 || write(0, noise, sizeof(noise)) < 0)
			return;
	}
}

/* The child draws from here on, too. */
static void liar_begin(uint64_t seed)
{
	liar.state = seed * 0x9e3779b97f4a7c15ull + 1;
	liar.skip = (unsigned int)(seed % 40);
}

/* The file as a symbolizer that serves like that tells of it; NULL: truly. */
static struct err *liar_open(void (*serve)(void), const char *path, struct symbolizer **ret,
			     struct image **ret_image)
{
	const struct symbolizer_options options = {.serve = serve, .timeout_ms = serve ? 500 : 0};
	assert_ok(symbolizer_create(&options, ret));
	return image_open_in(*ret, path, -1, ret_image);
}

#ifdef __SANITIZE_ADDRESS__ /* each round forks a process of gigabytes */
#define LIAR_ROUNDS 100
#else
#define LIAR_ROUNDS 400
#endif

/* --- the truth -------------------------------------------------------------------------------- */

/* The executable part of the file, by its program headers, read here. */
static struct {
	Elf64_Phdr headers[32];
	size_t count;
} text;

static void text_read_headers(const char *path)
{
	Elf64_Ehdr header;
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(pread(fd, &header, sizeof(header), 0), sizeof(header));
	assert_true(header.e_phnum <= 32);
	text.count = header.e_phnum;
	size_t size = text.count * sizeof(Elf64_Phdr);
	assert_int_equal(pread(fd, text.headers, size, (off_t)header.e_phoff), size);
}

static bool is_executable(uint64_t offset, uint64_t size)
{
	for (size_t i = 0; i < text.count; i++) {
		const Elf64_Phdr *header = &text.headers[i];
		if (header->p_type == PT_LOAD && header->p_flags & PF_X &&
		    offset >= header->p_offset && size <= header->p_filesz &&
		    offset - header->p_offset <= header->p_filesz - size)
			return true;
	}
	return false;
}

static inline uint64_t text_offset_of(uint64_t address)
{
	for (size_t i = 0; i < text.count; i++) {
		const Elf64_Phdr *header = &text.headers[i];
		if (header->p_type == PT_LOAD && address >= header->p_vaddr &&
		    address - header->p_vaddr < header->p_filesz)
			return header->p_offset + (address - header->p_vaddr);
	}
	return 0;
}

#endif
