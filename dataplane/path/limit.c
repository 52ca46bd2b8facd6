// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/path_int.h"
#include "dataplane/path/sniff.h"
#include "include/tidegate/bucket.h"

#define REPORTS_PER_S 100

struct who {
	struct source_key key;
	struct tg_rate rate;
};

// First who cannot be banned: whatever is forged in the name of a trunk or of someone registered.
static struct tg_rate trust_of(const struct path *path, struct packet *pkt)
{
	const struct tables *tables = path->tables;
	const struct tg_trust *trunk = trust_table_find(tables->trust, &pkt->src.ip);
	const struct tg_rate *registered;

	pkt->trust = TG_TRUST_TRUNK;
	if (trunk != NULL)
		return trunk->rate;
	pkt->trust = TG_TRUST_REGISTERED;
	registered = peer_table_registered(tables->peers, &pkt->src, path->now_ms);
	if (registered != NULL)
		return *registered;
	pkt->trust = TG_TRUST_BANNED;
	if (peer_table_banned(tables->peers, &pkt->src.ip, path->now_ms))
		return (struct tg_rate){0};
	pkt->trust = TG_TRUST_STRANGER;
	return pkt->listener->stranger;
}

static void look_up(struct who *who, const struct path *path, struct packet *pkt)
{
	who->rate = trust_of(path, pkt);
	who->key = source_key(path->sources, &pkt->src, (enum tg_trust_level)pkt->trust);
	source_prefetch(path->sources, &who->key);
	__builtin_prefetch(packet_payload(pkt));
}

// At most one a second and source, and so many a second in all: ten thousand forged sources fill the
// ring with as few as one does. What is not reported is in the next report's count.
static bool report_due(
	struct path *path, const struct packet *pkt, uint32_t row, enum source_turn turn)
{
	static const struct tg_rate rate = {.per_s = REPORTS_PER_S, .burst = REPORTS_PER_S};
	uint64_t *budget_ns = &path->reports_ns[tg_punt_class_of(pkt->trust)];

	return source_report_due(path->sources, row, turn, path->now_ms)
		&& tg_bucket_take(budget_ns, rate, path->now_ns);
}

static void refuse_rate(struct path *path, struct packet *pkt, uint32_t row, enum tg_drop drop)
{
	struct tg_event event = {
		.type = TG_EVENT_LIMITER_TRIPPED,
		.mono_ns = path->now_ns,
		.limiter = {.addr = pkt->src, .listener = pkt->listener->id},
	};

	packet_drop(pkt, drop);
	source_refuse(path->sources, row,
		drop == TG_DROP_SIP_RATE ? TG_SOURCE_RATE : TG_SOURCE_METHOD_RATE, path->now_ms);
	if (!report_due(path, pkt, row, SOURCE_TURN_LIMITER))
		return;
	event.limiter.dropped = source_report(
		path->sources, row, SOURCE_TURN_LIMITER, path->now_ms);
	event_push(path, 0, &event);
}

static void refuse_scanner(struct path *path, struct packet *pkt, uint32_t row, int pattern)
{
	struct tg_event event = {
		.type = TG_EVENT_SCANNER,
		.mono_ns = path->now_ns,
		.scanner = {.addr = pkt->src,
			.listener = pkt->listener->id,
			.pattern = (uint16_t)pattern},
	};

	packet_drop(pkt, TG_DROP_SIP_SCANNER);
	source_refuse(path->sources, row, TG_SOURCE_SCANNER, path->now_ms);
	if (!report_due(path, pkt, row, SOURCE_TURN_SCANNER))
		return;
	event.scanner.dropped = source_report(
		path->sources, row, SOURCE_TURN_SCANNER, path->now_ms);
	event_push(path, 0, &event);
}

// Half of it is for what ends or answers something: a flood of INVITE leaves the calls of strangers
// their BYE, and a flood of BYE leaves them their INVITE.
static bool take_of_strangers(struct path *path, const struct packet *pkt)
{
	uint32_t parts = path->workers * PATH_STRANGER_SHARES;
	bool within = pkt->method == TG_METHOD_WITHIN;
	struct tg_rate rate = tg_rate_share(pkt->listener->strangers, parts);

	return tg_bucket_take(&path->strangers_ns[pkt->listener->id][within], rate, path->now_ns);
}

// What is the source's own doing comes first, so that it does not use up what is everyone's.
static void limit_stranger(struct path *path, struct packet *pkt, uint32_t row)
{
	int pattern;

	if (pkt->method < TG_METHOD_RATED
		&& !source_take(path->sources, row, SOURCE_METHOD + pkt->method,
			pkt->listener->stranger_method[pkt->method], path->now_ns)) {
		refuse_rate(path, pkt, row, TG_DROP_SIP_METHOD_RATE);
		return;
	}
	pattern = pattern_table_find(
		path->tables->patterns, packet_payload(pkt), pkt->payload_bytes);
	if (pattern != PATTERN_NONE) {
		refuse_scanner(path, pkt, row, pattern);
		return;
	}
	if (!take_of_strangers(path, pkt)) {
		packet_drop(pkt, TG_DROP_SIP_STRANGERS);
		source_count(path->sources, row, TG_SOURCE_STRANGERS, path->now_ms);
	}
}

static void sniff_packet(struct packet *pkt)
{
	struct sniffed sniffed = sniff_payload(packet_payload(pkt), pkt->payload_bytes);

	pkt->kind = sniffed.kind;
	pkt->method = sniffed.method;
}

static void limit_packet(struct path *path, struct packet *pkt, const struct who *who)
{
	uint32_t row = source_get(path->sources, &who->key, path->now_ms);

	if (pkt->trust == TG_TRUST_BANNED) {
		packet_drop(pkt, TG_DROP_SIP_BANNED);
		source_count(path->sources, row, TG_SOURCE_BANNED, path->now_ms);
		return;
	}
	if (!source_take(path->sources, row, SOURCE_TOTAL, who->rate, path->now_ns)) {
		refuse_rate(path, pkt, row, TG_DROP_SIP_RATE);
		return;
	}
	sniff_packet(pkt);
	if (pkt->kind == PACKET_UNKNOWN) {
		packet_drop(pkt, TG_DROP_SIP_NOT_SIP);
		source_refuse(path->sources, row, TG_SOURCE_NOT_SIP, path->now_ms);
		return;
	}
	if (pkt->kind == PACKET_SIP && pkt->trust == TG_TRUST_STRANGER)
		limit_stranger(path, pkt, row);
	if (pkt->verdict == VERDICT_NONE)
		source_count(path->sources, row, TG_SOURCE_PASSED, path->now_ms);
}

void limit_burst(struct path *path)
{
	struct burst *burst = &path->burst;
	struct who who[BURST_PACKETS_MAX];

	for (uint16_t i = 0; i < burst->sip_count; i++)
		look_up(&who[i], path, &burst->packet[burst->sip[i]]);
	for (uint16_t i = 0; i < burst->sip_count; i++)
		limit_packet(path, &burst->packet[burst->sip[i]], &who[i]);
}

void limit_media_refused(struct path *path, const struct packet *pkt)
{
	struct source_key key = source_key(path->sources, &pkt->src, TG_TRUST_STRANGER);
	uint32_t row = source_get_idle(path->sources, &key, path->now_ms);

	if (row != SOURCE_NONE)
		source_refuse(path->sources, row, TG_SOURCE_MEDIA_REFUSED, path->now_ms);
}
