// SPDX-License-Identifier: BSD-3-Clause
// The stages, in the order in which path_receive runs them. Each takes the worker's context and works
// on path->burst; worker only.
#pragma once

#include "dataplane/path/path.h"

// A learned source that was silent so long may be followed to another address.
#define LATCH_SILENCE_MS 500

// How far ahead of the last packet such a source may go on: by what it may have sent meanwhile, at
// the least ptime there is, and some that were lost before.
#define LATCH_PTIME_MIN_MS 5
#define LATCH_SEQ_SLACK 20

// After so long its SSRC is enough: whoever jumped ahead in its place cannot keep it out for good.
#define LATCH_RETURN_MS 5000

// path.c: the first stage and the last one: from the mbufs to packets, and onto the lists.
void fill_burst(struct path *, uint16_t port, struct rte_mbuf **mbufs, uint16_t n);
void settle_burst(struct path *);

// path.c: the stages of what came to listeners; those of media that the fast one left.
void sip_burst(struct path *);
void judge_burst(struct path *);

// parse.c: Ethernet, IP and UDP headers; refuses what is not sound (RFC 791, 8200, 768).
void parse_burst(struct path *);

// classify.c: media port, SIP listener or neither.
void classify_burst(struct path *);

// limit.c: who sent a datagram to a listener, and whether he may: trust, bans, token buckets, scanners.
// Sniffs what he sent.
void limit_burst(struct path *);

// Counts a media packet that was refused for its source. Cheap: for 1 Mpps of them.
void limit_media_refused(struct path *, const struct packet *);

// keepalive.c: answers CRLF CRLF (RFC 5626 section 3.5.1), absorbs other tiny datagrams.
void keepalive_burst(struct path *);

// punt.c: copies SIP to the ring of its signalling thread and trust class.
void punt_burst(struct path *);

// lookup.c: from the port word to the stream and the way of the direction.
void lookup_burst(struct path *);

// fast.c: relays the packets whose way is valid and that are as the one it was filled from. Takes them
// off burst->media; the stages that follow judge the others.
void fast_burst(struct path *);

// Fills the way of an RTP packet that was just rewritten.
void fast_fill(const struct path *, const struct packet *);

// lookup.c: the spec of the stream.
void spec_burst(struct path *);

// guard.c: source, size, RTP or RTCP header, payload type; RTCP by RFC 5761 on a shared port.
void guard_burst(struct path *);

// Whether a side may send this payload type.
bool guard_takes_type(const struct tg_side_spec *, uint8_t pt);

// latch.c: polices and learns a source that guard found acceptable; notes when a side was last heard.
void latch_burst(struct path *);

// Whether the packet's source may send to its side now: LATCH_REFUSED, or how it is accepted.
// LATCH_CONTINUED still wants latch_continues. pkt->component must be set; sets pkt->latch_seq.
enum latch_verdict latch_judge(const struct path *, struct packet *);

// Whether the packet goes on where the silent source stopped. pkt->ssrc and seq must be set.
bool latch_continues(const struct path *, const struct packet *);

// Drops the packet of a source that is not accepted, and reports it, at most once a second and stream.
void latch_refuse(struct path *, struct packet *, enum tg_drop, enum tg_side_drop);

// Which component's addresses the RTCP of a side uses: its own, or RTP's when muxed (RFC 5761).
static inline unsigned int side_component(const struct tg_side_spec *side, unsigned int component)
{
	return side->local_rtcp_port == 0 ? TG_RTP : component;
}

// gate.c: drops RTP in a direction that SDP or policy closed. RTCP passes (RFC 3264 section 5.1).
void gate_burst(struct path *);

// count.c: RFC 3550 appendix A.1 and A.8 into the side's statistics.
void count_burst(struct path *);

// Ends a run of sequence numbers, so that what the gate stopped is not taken for loss.
void count_pause(struct path *, const struct packet *);

// rtcp.c: what sender and receiver reports tell, into the statistics (RFC 3550 section 6.4).
void rtcp_burst(struct path *);

// output.c: destination and next hop.
void output_burst(struct path *);

// Finds the way to dst. Returns 0 and port and mac; or the drop reason, negated: -TG_DROP_NO_ROUTE,
// -TG_DROP_NO_NEIGHBOUR (then main is asked to have it resolved).
int output_hop(uint16_t *port, uint8_t mac[6], struct path *, const struct tg_ip *dst);

// rewrite.c: new link, IP and UDP headers in place; counts what leaves; fills the way.
void rewrite_burst(struct path *);

// The UDP checksum after what it covers changed by delta (RFC 1624 equation 3); never 0.
static inline uint16_t udp_csum_move(uint16_t csum, uint16_t delta)
{
	uint32_t sum = (uint32_t)(uint16_t)~csum + delta;

	csum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	return csum != 0 ? csum : 0xffff;
}

// event.c: a zeroed event of this type and time for a stream; sent by event_push.
struct tg_event event_of_packet(const struct path *, const struct packet *, enum tg_event_type);

// Puts an event on the ring of a signalling thread, or counts it as lost.
void event_push(struct path *, uint32_t sig_thread, const struct tg_event *);

// True at most once a second for one word of low milliseconds; takes the turn when it is true.
bool event_due(uint32_t *last_ms, uint64_t now_ms);

// Counts one more piece of news. True at most once a second: then *count is how many there were since.
bool event_news(uint32_t *count, struct flow_news *, uint64_t now_ms);

static inline const struct tg_side_spec *packet_side(const struct packet *pkt)
{
	return &pkt->spec->spec.side[pkt->side];
}

static inline const struct tg_side_spec *packet_far_side(const struct packet *pkt)
{
	return &pkt->spec->spec.side[!pkt->side];
}

// Whether a source address and port can be answered at all.
static inline bool packet_source_usable(const struct packet *pkt)
{
	const uint8_t *byte = pkt->src.ip.byte;

	if (pkt->src.port == 0 || tg_ip_is_unset(&pkt->src.ip))
		return false;
	return pkt->is_v6 ? byte[0] != 0xff : byte[12] < 224;
}

static inline struct tg_side_stats *packet_stats(const struct path *path, const struct packet *pkt)
{
	return &path->stream_stats[pkt->index].side[pkt->side];
}

static inline struct flow_way *packet_way(const struct packet *pkt)
{
	return &pkt->flow->way[pkt->side];
}

// Whether its payload is none of our business (T.38). The spec must be known.
static inline bool packet_is_opaque(const struct packet *pkt)
{
	return (packet_side(pkt)->flags & TG_SIDE_OPAQUE) != 0;
}

// A drop of a packet that belongs to a stream. Any worker may get one: an atomic add.
static inline void packet_drop_media(
	const struct path *path, struct packet *pkt, enum tg_drop why, enum tg_side_drop side_why)
{
	packet_drop(pkt, why);
	__atomic_fetch_add(&packet_stats(path, pkt)->drop[side_why], 1u, __ATOMIC_RELAXED);
}

static inline void path_count(struct path *path, enum tg_worker_counter counter, uint64_t n)
{
	tg_stat_add(&path->stats->counter[counter], n);
}
