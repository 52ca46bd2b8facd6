// SPDX-License-Identifier: BSD-3-Clause
// Stands in for libFuzzer in every test run: feeds a target its corpus, and of each entry a fixed
// number of mutations that are the same in every run.
//
//	replay CORPUS-FOLDER...
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum {
	MUTATIONS = 300,
	BYTES_MAX = 70000,
	GROWTH_MAX = 64,
};

static uint64_t rng_state = 1;

// xorshift64*, so that a failure is found again
static uint32_t rng(uint32_t below)
{
	rng_state ^= rng_state >> 12;
	rng_state ^= rng_state << 25;
	rng_state ^= rng_state >> 27;
	return (uint32_t)((rng_state * 2685821657736338717ull) >> 32) % below;
}

// A copy of exactly that size, so that a sanitizer sees the first byte read beyond it.
static void feed(const uint8_t *data, size_t bytes)
{
	uint8_t *copy = malloc(bytes > 0 ? bytes : 1);

	if (copy == NULL)
		abort();
	if (bytes > 0)
		memcpy(copy, data, bytes);
	LLVMFuzzerTestOneInput(copy, bytes);
	free(copy);
}

static size_t insert(uint8_t *data, size_t bytes, size_t at)
{
	static const char *const tokens[] = {"\r\n", "\r\n ", ":", ";", ",", "<", ">", "\"", "\\",
		"%00", "@", "=", "*", "-1", "4294967296", "99999999999999999999",
		";tag=", "sip:", "\0", "[::1]"};
	uint8_t piece[GROWTH_MAX];
	size_t length;

	if (rng(2) == 0) {
		const char *token = tokens[rng(sizeof(tokens) / sizeof(*tokens))];

		length = *token != '\0' ? strlen(token) : 1;
		memcpy(piece, token, length);
	} else {
		length = 1 + rng(GROWTH_MAX);
		memset(piece, (int)rng(256), length);
	}
	memmove(data + at + length, data + at, bytes - at);
	memcpy(data + at, piece, length);
	return bytes + length;
}

// One change in place; data has room for GROWTH_MAX more.
static size_t mutate(uint8_t *data, size_t bytes)
{
	size_t at = bytes > 0 ? rng((uint32_t)bytes) : 0;
	size_t length;

	switch (bytes > 0 ? rng(5) : 4) {
	case 0:
		data[at] ^= (uint8_t)(1u << rng(8));
		return bytes;
	case 1:
		data[at] = (uint8_t)rng(256);
		return bytes;
	case 2:
		return at;
	case 3:
		length = 1 + rng((uint32_t)(bytes - at));
		memmove(data + at, data + at + length, bytes - at - length);
		return bytes - length;
	}
	return insert(data, bytes, at);
}

static void feed_with_mutations(const uint8_t *data, size_t bytes)
{
	static uint8_t work[BYTES_MAX + 8 * GROWTH_MAX];

	feed(data, bytes);
	for (int i = 0; i < MUTATIONS; i++) {
		size_t now = bytes;

		if (bytes > 0)
			memcpy(work, data, bytes);
		for (uint32_t n = 1 + rng(8); n > 0; n--)
			now = mutate(work, now);
		feed(work, now);
	}
}

static int feed_file(const char *folder, const char *name)
{
	static uint8_t data[BYTES_MAX];
	char path[4096];
	size_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	if (file == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -errno;
	}
	bytes = fread(data, 1, sizeof(data), file);
	fclose(file);
	feed_with_mutations(data, bytes);
	return 0;
}

static int order(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int feed_folder(const char *folder, unsigned int *files)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, order);
	int rc = 0;

	if (count < 0) {
		fprintf(stderr, "%s: %s\n", folder, strerror(errno));
		return -errno;
	}
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			if (feed_file(folder, entries[i]->d_name) != 0)
				rc = -EIO;
			++*files;
		}
		free(entries[i]);
	}
	free(entries);
	return rc;
}

int main(int argc, char **argv)
{
	unsigned int files = 0;
	int status = EXIT_SUCCESS;

	feed_with_mutations(NULL, 0);
	for (int i = 1; i < argc; i++)
		if (feed_folder(argv[i], &files) != 0)
			status = EXIT_FAILURE;
	printf("%u files and %u mutations of each\n", files, (unsigned int)MUTATIONS);
	return status;
}
