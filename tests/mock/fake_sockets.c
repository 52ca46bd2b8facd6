// SPDX-License-Identifier: BSD-3-Clause
#include "tests/mock/fake_sockets.h"

#include <errno.h>
#include <stdlib.h>

struct fake_chunk {
	struct fake_chunk *next;
	size_t len;
	uint8_t dscp;
	char bytes[];
};

static struct fake_socket *add(struct fake_sockets *sockets, const struct net_flow *flow)
{
	struct fake_socket *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	s->owner = sockets;
	s->flow = *flow;
	s->last = &s->chunk;
	s->next = sockets->first;
	sockets->first = s;
	return s;
}

struct fake_door *fake_sockets_door(struct fake_sockets *sockets, const struct tg_addr *peer)
{
	for (unsigned int i = 0; i < sockets->doors; i++) {
		if (tg_addr_equal(&sockets->door[i].peer, peer))
			return &sockets->door[i];
	}
	if (sockets->doors == FAKE_DOORS_MAX)
		abort();
	sockets->door[sockets->doors] = (struct fake_door){.peer = *peer};
	return &sockets->door[sockets->doors++];
}

static int start(void *arg, void **socket, uint64_t id, const struct net_flow *flow)
{
	struct fake_sockets *sockets = arg;
	struct fake_socket *s;

	sockets->attempts++;
	if (fake_sockets_door(sockets, &flow->remote)->mode == FAKE_HAS_NO_WAY)
		return -ENETUNREACH;
	s = add(sockets, flow);
	s->is_ours = true;
	s->flow.connection = id;
	*socket = s;
	return 0;
}

static int queue(void * /*arg*/, void *socket, struct str bytes)
{
	struct fake_socket *s = socket;
	struct fake_chunk *chunk = calloc(1, sizeof(*chunk) + bytes.len);

	if (chunk == NULL)
		abort();
	chunk->len = bytes.len;
	chunk->dscp = s->flow.dscp;
	memcpy(chunk->bytes, bytes.at, bytes.len);
	*s->last = chunk;
	s->last = &chunk->next;
	s->queued += bytes.len;
	return 0;
}

static size_t queued(void * /*arg*/, void *socket)
{
	const struct fake_socket *s = socket;

	return s->queued;
}

static void mark(void * /*arg*/, void *socket, uint8_t dscp)
{
	struct fake_socket *s = socket;

	s->flow.dscp = dscp;
}

// Whoever is closed gently still gets what is queued.
static void shut(void * /*arg*/, void *socket, bool gently)
{
	struct fake_socket *s = socket;

	s->closed = true;
	s->gently = gently;
}

void fake_sockets_init(struct fake_sockets *sockets)
{
	*sockets = (struct fake_sockets){
		.carrier = {.connect = start,
			.write = queue,
			.queued = queued,
			.mark = mark,
			.close = shut},
	};
	sockets->carrier.arg = sockets;
}

void fake_sockets_fini(struct fake_sockets *sockets)
{
	struct fake_socket *s;

	while ((s = sockets->first) != NULL) {
		struct fake_chunk *chunk;

		sockets->first = s->next;
		while ((chunk = s->chunk) != NULL) {
			s->chunk = chunk->next;
			free(chunk);
		}
		free(s);
	}
}

static bool is_dead(const struct fake_socket *s)
{
	return s->closed && !s->gently;
}

static unsigned int flush(struct fake_socket *s)
{
	const struct transport *out = s->owner->out;
	struct fake_chunk *chunk;
	unsigned int count = 0;

	if (!s->is_open || is_dead(s) || fake_sockets_door(s->owner, &s->flow.remote)->stalls)
		return 0;
	while ((chunk = s->chunk) != NULL) {
		struct net_flow flow = s->flow;

		flow.dscp = chunk->dscp;
		s->chunk = chunk->next;
		if (s->chunk == NULL)
			s->last = &s->chunk;
		s->queued -= chunk->len;
		out->send(out->arg, &flow, str_of(chunk->bytes, chunk->len));
		free(chunk);
		count++;
	}
	return count;
}

static unsigned int answer(struct fake_socket *s)
{
	switch (fake_sockets_door(s->owner, &s->flow.remote)->mode) {
	case FAKE_ACCEPTS:
		s->is_open = true;
		conns_on_open(s->owner->conns, s->flow.connection);
		return 1;
	case FAKE_REFUSES:
		conns_on_end(s->owner->conns, s->flow.connection, CONN_END_REFUSED);
		return 1;
	case FAKE_IS_SILENT:
	case FAKE_HAS_NO_WAY:
		break;
	}
	return 0;
}

unsigned int fake_sockets_run(struct fake_sockets *sockets)
{
	unsigned int count = 0;

	for (struct fake_socket *s = sockets->first; s != NULL; s = s->next) {
		if (!s->is_open && !s->closed)
			count += answer(s);
		count += flush(s);
	}
	return count;
}

struct fake_socket *fake_sockets_connect(struct fake_sockets *sockets, const struct net_flow *flow)
{
	struct fake_socket *s = add(sockets, flow);

	s->is_open = true;
	s->flow.connection = conns_accept(sockets->conns, s, flow);
	s->closed = s->flow.connection == 0;
	return s->closed ? NULL : s;
}

struct fake_socket *fake_sockets_find(
	const struct fake_sockets *sockets, const struct tg_addr *peer)
{
	struct fake_socket *s = sockets->first;

	while (s != NULL && (s->closed || !tg_addr_equal(&s->flow.remote, peer)))
		s = s->next;
	return s;
}

void fake_socket_send(struct fake_socket *socket, struct str bytes, size_t piece)
{
	for (size_t at = 0; at < bytes.len && !socket->closed; at += piece)
		conns_on_bytes(socket->owner->conns, socket->flow.connection,
			str_of(bytes.at + at, bytes.len - at < piece ? bytes.len - at : piece));
}

void fake_socket_end(struct fake_socket *socket, enum conn_end why)
{
	conns_on_end(socket->owner->conns, socket->flow.connection, why);
}
