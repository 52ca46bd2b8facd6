// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/boot_int.h"

#include <string.h>

#include "dataplane/log.h"

// Returns false when one does not answer: it may still use its rings.
static bool detach_workers(struct dataplane *dp)
{
	bool all = true;

	for (unsigned int i = 0; i < dp->launched; i++) {
		if (worker_detach(dp->workers[i]) == 0)
			continue;
		log_write(LOG_ERROR, "worker-hangs", "worker=%u", i);
		all = false;
	}
	return all;
}

static void attach_worker(struct dataplane *dp, unsigned int index, unsigned int threads)
{
	const struct segment *seg = dp->segment;
	struct worker_rings rings = {.threads = threads};

	for (unsigned int t = 0; t < threads; t++) {
		for (unsigned int class = 0; class < TG_PUNT_CLASSES; class ++)
			rings.punt[t][class] = segment_producer(
				seg, TG_SECTION_PUNT_RING, index, t, class);
		rings.event[t] = segment_producer(seg, TG_SECTION_EVENT_RING, index + 1, t, 0);
		rings.tx[t] = segment_consumer(seg, TG_SECTION_TX_RING, t, index);
	}
	if (worker_attach(dp->workers[index], &rings) < 0)
		log_write(LOG_ERROR, "worker-hangs", "worker=%u", index);
}

static uint32_t on_attach(void *priv, const struct tg_attach_hello *hello)
{
	struct dataplane *dp = priv;

	// Workers hold their rings still when a send to the last peer failed, or when they hung.
	if (!detach_workers(dp))
		return 0;
	if (++dp->epoch == 0)
		dp->epoch = 1;
	segment_write_header(dp->segment, dp->epoch);
	event_attach(&dp->events, dp->segment, hello->sig_threads);
	cmd_attach(&dp->commands, dp->segment, hello->sig_threads, dp->epoch);
	idle_set_epoch(dp->idle, dp->epoch);
	for (unsigned int i = 0; i < dp->launched; i++)
		attach_worker(dp, i, hello->sig_threads);
	return dp->epoch;
}

static void on_detach(void *priv)
{
	struct dataplane *dp = priv;

	detach_workers(dp);
	cmd_detach(&dp->commands);
	event_detach(&dp->events);
	idle_set_epoch(dp->idle, 0);
}

int boot_open_attach(struct dataplane *dp)
{
	struct attach_params params = {.path = dp->args.attach_socket,
		.group = dp->args.group,
		.epoll_fd = dp->epoll_fd,
		.epoll_data = BOOT_ATTACH,
		.sig_threads = dp->args.sig_threads,
		.segment_bytes = dp->segment->bytes,
		.fd = {[TG_ATTACH_FD_SEGMENT] = dp->segment->fd,
			[TG_ATTACH_FD_WAKE_CONTROL] = dp->wake_control_fd,
			[TG_ATTACH_FD_WAKE_DATAPLANE] = dp->wake_dataplane_fd},
		.on_attach = on_attach,
		.on_detach = on_detach,
		.priv = dp};
	int rc = attach_open(&dp->attach, &params);

	return rc < 0 ? boot_fail("--attach-socket %s: %s; give a path that can be made",
		       dp->args.attach_socket, strerror(-rc))
		      : 0;
}

void boot_close_attach(struct dataplane *dp)
{
	if (dp->attach.params.path != NULL)
		attach_close(&dp->attach);
}
