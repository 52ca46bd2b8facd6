// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/str.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

Test(str_hash, same_text_same_hash_wherever_it_lies)
{
	char memory[32];

	for (size_t at = 0; at < 8; at++) {
		memcpy(memory + at, "a84b4c76e66710", 14);
		cr_assert_eq(str_hash(str_of(memory + at, 14)), str_hash(STR("a84b4c76e66710")));
	}
	cr_assert_eq(str_hash(STR_NONE), str_hash(STR("")));
}

Test(str_hash, length_counts)
{
	static const char zeros[32];

	for (size_t a = 0; a < sizeof(zeros); a++) {
		for (size_t b = 0; b < a; b++)
			cr_assert_neq(str_hash(str_of(zeros, a)), str_hash(str_of(zeros, b)));
	}
}

Test(str_hash, spreads_counting_texts_evenly)
{
	unsigned int bucket[256] = {0};
	char text[32];

	for (unsigned int i = 0; i < 256 * 100; i++) {
		int len = snprintf(text, sizeof(text), "call-%u@host", i);

		bucket[str_hash(str_of(text, (size_t)len)) % 256]++;
	}
	for (unsigned int i = 0; i < 256; i++) {
		cr_assert_gt(bucket[i], 40, "bucket %u: %u", i, bucket[i]);
		cr_assert_lt(bucket[i], 160, "bucket %u: %u", i, bucket[i]);
	}
}

static uint64_t hash_in_another_process(void)
{
	uint64_t hash = 0;
	int fds[2], status;
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		hash = str_hash(STR("known text"));
		_exit(write(fds[1], &hash, sizeof(hash)) != sizeof(hash));
	}
	cr_assert_eq(read(fds[0], &hash, sizeof(hash)), (ssize_t)sizeof(hash));
	waitpid(pid, &status, 0);
	close(fds[0]);
	close(fds[1]);
	return hash;
}

Test(str_hash, another_process_has_another_key)
{
	cr_assert_neq(hash_in_another_process(), hash_in_another_process());
}
