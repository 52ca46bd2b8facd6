// SPDX-License-Identifier: BSD-3-Clause
// Several threads write to the log and read its level while one changes it: no line is torn, and
// the limit of each call site holds.
#include "controlplane/base/log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	WRITERS = 3,
	EACH = 20000,
};

static atomic_uint lines, torn;

static void sink(enum log_level /*level*/, struct str line)
{
	atomic_fetch_add(&lines, 1);
	if (str_find_nocase(line, STR(" count n=")) >= line.len)
		atomic_fetch_add(&torn, 1);
}

static void *write_lines(void *arg)
{
	unsigned int writer = *(unsigned int *)arg;

	for (unsigned int i = 0; i < EACH; i++)
		LOG(LOG_INFO, "count", "n=%u writer=%u", i, writer);
	return NULL;
}

int main(void)
{
	pthread_t thread[WRITERS];
	unsigned int id[WRITERS];

	log_set_sink(sink);
	for (unsigned int i = 0; i < WRITERS; i++) {
		id[i] = i;
		if (pthread_create(&thread[i], NULL, write_lines, &id[i]) != 0)
			return EXIT_FAILURE;
	}
	for (unsigned int i = 0; i < 1000; i++)
		log_set_level(i % 2 ? LOG_INFO : LOG_DEBUG);
	for (unsigned int i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	printf("%u lines of %u, %u torn\n", lines, (unsigned int)(WRITERS * EACH), torn);
	return lines > 0 && lines < WRITERS * EACH && torn == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
