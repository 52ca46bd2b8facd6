// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <stdlib.h>

#include "controlplane/conf/conf_int.h"
#include "tests/unit/controlplane/conf/doc.h"

#define PEERS 60
#define TRIES 20000

// Few values, so that prefixes of all lengths overlap.
static struct tg_ip some_ip(void)
{
	static const uint8_t octets[] = {0, 1, 2, 3, 128, 255};
	struct tg_ip ip = {0};

	for (unsigned int i = 0; i < 3; i++)
		ip.byte[i] = octets[(size_t)rand() % sizeof(octets)];
	return ip;
}

static void fill_peer(struct conf_peer *peer)
{
	static const uint8_t lengths[] = {0, 3, 8, 9, 15, 16, 17, 24, 128};

	peer->realm = (uint8_t)(rand() % 3);
	peer->source_count = (unsigned int)rand() % 4;
	peer->sources = calloc(peer->source_count + 1, sizeof(*peer->sources));
	for (unsigned int s = 0; s < peer->source_count; s++)
		peer->sources[s] = (struct conf_network){
			some_ip(), lengths[(size_t)rand() % sizeof(lengths)]};
}

// Of the longest prefix that holds ip, and of several peers with that one the first.
static const struct conf_peer *walk(
	const struct conf *conf, unsigned int realm, const struct tg_ip *ip)
{
	const struct conf_peer *best = NULL;
	int bits = -1;

	for (unsigned int p = 0; p < conf->peer_count; p++) {
		const struct conf_peer *peer = &conf->peers[p];

		for (unsigned int s = 0; s < peer->source_count && peer->realm == realm; s++) {
			const struct conf_network *n = &peer->sources[s];

			if (n->bits <= bits || !tg_ip_in(ip, &n->net, n->bits))
				continue;
			bits = n->bits;
			best = peer;
		}
	}
	return best;
}

Test(peer_index, finds_what_a_walk_over_all_peers_finds)
{
	struct conf_peer peers[PEERS] = {0};
	struct conf conf = {.peers = peers, .peer_count = PEERS};
	unsigned int hits = 0;

	srand(1);
	for (unsigned int p = 0; p < PEERS; p++)
		fill_peer(&peers[p]);
	cr_assert_eq(conf_index_peers(&conf), 0);
	for (unsigned int i = 0; i < TRIES; i++) {
		unsigned int realm = (unsigned int)rand() % 4;
		struct tg_ip ip = some_ip();
		const struct conf_peer *peer = conf_peer_by_source(&conf, realm, &ip);

		cr_assert_eq(peer, walk(&conf, realm, &ip));
		hits += peer != NULL;
	}
	cr_assert(hits > TRIES / 10 && hits < TRIES);
	free(conf.peer_index.entry);
	for (unsigned int p = 0; p < PEERS; p++)
		free(peers[p].sources);
}

Test(peer_index, without_peers_everybody_is_a_stranger)
{
	struct tg_ip ip = some_ip();
	struct conf conf = {0};

	cr_assert_null(conf_peer_by_source(&conf, 0, &ip));
	cr_assert_eq(conf_index_peers(&conf), 0);
	cr_assert_null(conf_peer_by_source(&conf, 0, &ip));
	free(conf.peer_index.entry);
}
