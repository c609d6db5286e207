/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PT_DYNAMIC: what the loader reads. It has sonames, and leads to the dynamic symbols even where
 * somebody has cut off the section headers (sstrip, packers).
 */
#include <string.h>

#include "symbols/image.h"

/* Entries of a dynamic section; real ones have about 40, and one for each library. */
#define ENTRIES_MAX 4096
/* Longest soname: it is a file name (NAME_MAX). */
#define SONAME_MAX 255
/* Symbols of one hash bucket; linkers aim at fewer than ten. */
#define CHAIN_MAX 65536

static Elf_Data *raw_chunk(const struct image *image, uint64_t offset, uint64_t size, Elf_Type type)
{
	if (offset > image->file.size || size > image->file.size - offset)
		return NULL;
	Elf_Data *data = elf_getdata_rawchunk(image->file.elf, (int64_t)offset, size, type);
	return data && data->d_buf ? data : NULL;
}

static const Elf64_Dyn *dynamic_entries(const struct image *image, size_t *ret_count)
{
	size_t count;
	const Elf64_Phdr *headers = elf64_getphdr(image->file.elf);
	if (!headers || elf_getphdrnum(image->file.elf, &count) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (headers[i].p_type != PT_DYNAMIC ||
		    headers[i].p_filesz > ENTRIES_MAX * sizeof(Elf64_Dyn))
			continue;
		Elf_Data *data =
			raw_chunk(image, headers[i].p_offset, headers[i].p_filesz, ELF_T_DYN);
		*ret_count = data ? data->d_size / sizeof(Elf64_Dyn) : 0;
		return data ? data->d_buf : NULL;
	}
	return NULL;
}

static void note_entry(struct image *image, const Elf64_Dyn *entry)
{
	struct dynamic_section *dynamic = &image->dynamic;
	uint64_t *place = NULL;
	switch (entry->d_tag) {
	case DT_STRTAB:
		place = &dynamic->strings;
		break;
	case DT_SYMTAB:
		place = &dynamic->symbols;
		break;
	case DT_GNU_HASH:
		place = &dynamic->gnu_hash;
		break;
	case DT_HASH:
		place = &dynamic->hash;
		break;
	case DT_STRSZ:
		dynamic->strings_size = entry->d_un.d_val;
		return;
	default:
		return;
	}
	if (!image_offset_of(image, entry->d_un.d_ptr, place))
		*place = 0;
}

/* A copy of a string of the dynamic string table; *ret stays NULL when it makes no sense. */
static struct err *copy_string(struct image *image, uint64_t at, const char **ret)
{
	char text[SONAME_MAX + 1] = "";
	const struct dynamic_section *dynamic = &image->dynamic;
	uint64_t offset;
	if (!dynamic->strings || at >= dynamic->strings_size ||
	    __builtin_add_overflow(dynamic->strings, at, &offset) || offset >= image->file.size)
		return NULL;
	uint64_t rest = image->file.size - offset;
	if (!elf_file_read(&image->file, offset, text, rest < SONAME_MAX ? rest : SONAME_MAX) ||
	    !*text || strlen(text) == SONAME_MAX)
		return NULL;
	*ret = arena_string(&image->arena, text);
	return *ret ? NULL : &err_nomem;
}

static struct err *copy_names(struct image *image, const Elf64_Dyn *entries, size_t count)
{
	struct err *e = NULL;
	size_t n_needed = 0;
	const char **needed = arena_array(&image->arena, count + 1, sizeof(*needed));
	if (!needed)
		return &err_nomem;
	for (size_t i = 0; !e && i < count; i++) {
		if (entries[i].d_tag == DT_SONAME)
			e = copy_string(image, entries[i].d_un.d_val, &image->soname);
		if (entries[i].d_tag != DT_NEEDED)
			continue;
		e = copy_string(image, entries[i].d_un.d_val, &needed[n_needed]);
		n_needed += !!needed[n_needed];
	}
	image->needed = needed;
	return e;
}

struct err *image_read_dynamic(struct image *image)
{
	size_t count = 0, n = 0;
	const Elf64_Dyn *entries = dynamic_entries(image, &count);
	if (!entries)
		return NULL;
	for (; n < count && entries[n].d_tag != DT_NULL; n++)
		note_entry(image, &entries[n]);
	return copy_names(image, entries, n);
}

/* DT_HASH begins with the number of buckets and of chains; there is one chain for each symbol. */
static uint64_t count_by_hash(const struct image *image)
{
	uint32_t words[2];
	if (!image->dynamic.hash ||
	    !elf_file_read(&image->file, image->dynamic.hash, words, sizeof(words)))
		return 0;
	return words[1];
}

/*
 * DT_GNU_HASH does not tell the number of symbols: the last chain's end does. Layout: nbuckets,
 * symoffset, bloom_size, bloom_shift; bloom words of 8 bytes; buckets; chain words, the lowest bit
 * of which ends a chain.
 */
static uint64_t count_by_gnu_hash(const struct image *image)
{
	uint32_t head[4], word, last = 0;
	uint64_t at = image->dynamic.gnu_hash;
	if (!at || !elf_file_read(&image->file, at, head, sizeof(head)))
		return 0;
	at += sizeof(head) + (uint64_t)head[2] * 8;
	Elf_Data *buckets = raw_chunk(image, at, (uint64_t)head[0] * 4, ELF_T_WORD);
	for (uint32_t i = 0; buckets && i < head[0]; i++) {
		word = ((const uint32_t *)buckets->d_buf)[i];
		last = word > last ? word : last;
	}
	if (last < head[1])
		return head[1];
	at += (uint64_t)head[0] * 4 + (uint64_t)(last - head[1]) * 4;
	for (int i = 0; i < CHAIN_MAX; i++, at += sizeof(word)) {
		if (last == UINT32_MAX || !elf_file_read(&image->file, at, &word, sizeof(word)))
			return 0;
		last++;
		if (word & 1)
			return last;
	}
	return 0;
}

/* As loaders compute it (h * 33 + c). */
static uint32_t gnu_hash_of(const char *name)
{
	uint32_t hash = 5381;
	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash;
}

static bool read_word(const struct image *image, uint64_t at, void *to, size_t size)
{
	return elf_file_read(&image->file, at, to, size);
}

/* Goes along one chain, of which each word has its symbol's hash but for the lowest bit. */
static bool is_in_chain(const struct image *image, uint64_t chains, uint32_t index, uint32_t hash,
			const char *name)
{
	const struct symbol_table *table = &image->dynamic_table;
	size_t length = strlen(name);
	for (int i = 0; i < CHAIN_MAX && index < table->count; i++, index++) {
		uint32_t word;
		if (!read_word(image, chains + (uint64_t)index * 4, &word, sizeof(word)))
			return false;
		const Elf64_Sym *symbol = &table->symbols[index];
		if ((word | 1) == (hash | 1) && symbol->st_name < table->strings_size &&
		    symbol_is_definition(symbol)) {
			const char *here = table->strings + symbol->st_name;
			if (!strncmp(here, name, length) && (!here[length] || here[length] == '@'))
				return true;
		}
		if (word & 1)
			return false;
	}
	return false;
}

bool image_hash_defines(struct image *image, const char *name, bool *ret_defines)
{
	uint32_t head[4], bucket, hash = gnu_hash_of(name);
	uint64_t at = image->dynamic.gnu_hash, bloom;
	*ret_defines = false;
	if (!at || !image->hash_is_of_table || !read_word(image, at, head, sizeof(head)) ||
	    !head[0] || !head[2])
		return false;
	at += sizeof(head);
	if (!read_word(image, at + (uint64_t)(hash / 64 % head[2]) * 8, &bloom, sizeof(bloom)))
		return false;
	if (!(bloom >> (hash % 64) & bloom >> ((hash >> (head[3] & 31)) % 64) & 1))
		return true;
	at += (uint64_t)head[2] * 8;
	if (!read_word(image, at + (uint64_t)(hash % head[0]) * 4, &bucket, sizeof(bucket)))
		return false;
	at += (uint64_t)head[0] * 4;
	if (bucket >= head[1])
		*ret_defines = is_in_chain(image, at - (uint64_t)head[1] * 4, bucket, hash, name);
	return true;
}

bool image_dynamic_symbols(struct image *image, struct symbol_table *ret)
{
	const struct dynamic_section *dynamic = &image->dynamic;
	if (!dynamic->symbols || !dynamic->strings || !dynamic->strings_size)
		return false;
	uint64_t count = count_by_hash(image) ?: count_by_gnu_hash(image);
	if (!count)
		return false;
	Elf_Data *symbols =
		raw_chunk(image, dynamic->symbols, count * sizeof(Elf64_Sym), ELF_T_SYM);
	Elf_Data *strings = raw_chunk(image, dynamic->strings, dynamic->strings_size, ELF_T_BYTE);
	if (!symbols || !strings)
		return false;
	*ret = (struct symbol_table){symbols->d_buf, count, strings->d_buf, strings->d_size};
	return true;
}
