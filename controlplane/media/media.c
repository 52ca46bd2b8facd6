// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <errno.h>
#include <stdlib.h>

#define STREAMS_PER_SESSION 4

struct tg_mono media_now(const struct media *media)
{
	return timer_wheel_now(media->params.wheel);
}

struct media *media_new(const struct media_params *params)
{
	struct media *media = calloc(1, sizeof(*media));
	uint32_t streams_max = params->streams_max;

	if (media == NULL)
		return NULL;
	if (streams_max == 0)
		streams_max = params->sessions_max * STREAMS_PER_SESSION;
	media->params = *params;
	media->params.streams_max = streams_max;
	media->sessions = idpool_new(params->sessions_max);
	media->streams = idpool_new(streams_max);
	if (media->sessions == NULL || media->streams == NULL) {
		idpool_free(media->sessions);
		idpool_free(media->streams);
		free(media);
		return NULL;
	}
	outbox_init(&media->outbox, params->dp, params->wheel, media);
	params->dp->on_event = events_on_event;
	params->dp->on_attach = events_on_attach;
	params->dp->arg = media;
	return media;
}

static void free_orphans(struct media *media)
{
	struct stream *s;
	uint32_t cursor = 0;

	while ((s = idpool_next(media->streams, &cursor)) != NULL) {
		free(s->history);
		free(s);
	}
}

void media_free(struct media *media)
{
	if (media == NULL)
		return;
	media->params.dp->on_event = NULL;
	media->params.dp->on_attach = NULL;
	outbox_fini(&media->outbox);
	free_orphans(media);
	pools_fini(&media->pools);
	idpool_free(media->streams);
	idpool_free(media->sessions);
	if (media->conf != NULL)
		conf_put(media->conf);
	free(media);
}

int media_configure(struct media *media, struct conf *conf)
{
	int rc = pools_configure(&media->pools, conf);
	struct conf *old = media->conf;

	if (rc < 0)
		return rc;
	media->conf = conf_get(conf);
	if (old != NULL)
		conf_put(old);
	rc = media_is_attached(media) ? dp_config_send(media) : 0;
	return rc == -ENOTCONN ? 0 : rc;
}

bool media_is_attached(const struct media *media)
{
	return media->params.dp->attached(media->params.dp);
}

const struct media_counters *media_counters(const struct media *media)
{
	return &media->counters;
}

const struct quality_tally *media_tally(const struct media *media)
{
	return &media->tally;
}

bool media_pool_next(struct media *media, unsigned int *cursor, struct media_pool_view *out)
{
	while (*cursor < TG_POOLS_MAX) {
		const struct pool *pool = media->pools.pool[(*cursor)++];

		if (pool == NULL)
			continue;
		*out = (struct media_pool_view){
			.address = pool->address,
			.realm = pool->realm,
			.port_first = pool->port_first,
			.port_last = pool->port_last,
			.pairs = port_alloc_capacity(pool->ports),
			.in_use = port_alloc_in_use(pool->ports),
			.in_quarantine = port_alloc_in_quarantine(pool->ports, media_now(media)),
		};
		return true;
	}
	return false;
}
