// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"

static struct tg_ip masked(const struct tg_ip *ip, unsigned int bits)
{
	struct tg_ip net = {0};

	memcpy(net.byte, ip->byte, bits / 8);
	if (bits % 8 != 0)
		net.byte[bits / 8] = (uint8_t)(ip->byte[bits / 8] & (0xff00u >> (bits % 8)));
	return net;
}

// The longest prefixes first, then by realm and network.
static int compare(const void *left, const void *right)
{
	const struct conf_indexed *a = left, *b = right;

	if (a->bits != b->bits)
		return (int)b->bits - (int)a->bits;
	if (a->realm != b->realm)
		return (int)a->realm - (int)b->realm;
	return memcmp(a->net.byte, b->net.byte, sizeof(a->net.byte));
}

static int compare_all(const void *left, const void *right)
{
	const struct conf_indexed *a = left, *b = right;
	int d = compare(a, b);

	return d != 0 ? d : (int)a->peer - (int)b->peer;
}

// Of several peers behind one address the first one counts.
static void leave_out_repeats(struct conf_peer_index *index)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < index->count; i++) {
		const struct conf_indexed *e = &index->entry[i];

		if (kept == 0 || compare(&index->entry[kept - 1], e) != 0)
			index->entry[kept++] = *e;
	}
	index->count = kept;
}

static void add(struct conf_peer_index *index, const struct conf_peer *peer, unsigned int number)
{
	for (unsigned int s = 0; s < peer->source_count; s++) {
		const struct conf_network *source = &peer->sources[s];

		index->entry[index->count++] = (struct conf_indexed){
			.net = masked(&source->net, source->bits),
			.bits = source->bits,
			.realm = peer->realm,
			.peer = (uint16_t)number,
		};
	}
}

// From the last one back: each learns where those of its length end.
static void mark_ends(struct conf_peer_index *index)
{
	for (unsigned int i = index->count; i-- > 0;) {
		struct conf_indexed *e = &index->entry[i];
		bool is_last = i + 1 == index->count || e[1].bits != e->bits;

		e->end = is_last ? i + 1 : e[1].end;
	}
}

int conf_index_peers(struct conf *conf)
{
	struct conf_peer_index *index = &conf->peer_index;
	unsigned int sources = 0;

	for (unsigned int p = 0; p < conf->peer_count; p++)
		sources += conf->peers[p].source_count;
	index->entry = calloc(sources + 1, sizeof(*index->entry));
	if (index->entry == NULL)
		return -ENOMEM;
	for (unsigned int p = 0; p < conf->peer_count; p++)
		add(index, &conf->peers[p], p);
	qsort(index->entry, index->count, sizeof(*index->entry), compare_all);
	leave_out_repeats(index);
	mark_ends(index);
	return 0;
}

// One search for each length of prefix there is, and these are few, however many the peers.
const struct conf_peer *conf_peer_by_source(
	const struct conf *conf, unsigned int realm, const struct tg_ip *ip)
{
	const struct conf_peer_index *index = &conf->peer_index;

	for (unsigned int i = 0; i < index->count; i = index->entry[i].end) {
		const struct conf_indexed *first = &index->entry[i], *found;
		struct conf_indexed key = {
			.net = masked(ip, first->bits),
			.bits = first->bits,
			.realm = (uint8_t)realm,
		};

		found = bsearch(&key, first, first->end - i, sizeof(*first), compare);
		if (found != NULL)
			return &conf->peers[found->peer];
	}
	return NULL;
}
