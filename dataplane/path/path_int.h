// SPDX-License-Identifier: BSD-3-Clause
// The stages, in the order in which path_receive runs them. Each takes the worker's context and works
// on path->burst; worker only.
#pragma once

#include "dataplane/path/path.h"

#define PATH_PREFETCH_AHEAD 4

// A learned source that was silent so long may be followed to another address.
#define LATCH_SILENCE_MS 500

// How far ahead of the last packet such a source may go on: a minute of 20 ms packets.
#define LATCH_SEQ_WINDOW 3000

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

// lookup.c: from the port word to the stream and its spec.
void lookup_burst(struct path *);

// guard.c: source, size, RTP or RTCP header, payload type; RTCP by RFC 5761 on a shared port.
void guard_burst(struct path *);

// latch.c: learns a source that guard found acceptable; notes when a side was last heard.
void latch_burst(struct path *);

// Whether the packet's source may send to its side now: LATCH_REFUSED, or how it is accepted.
// LATCH_CONTINUED still wants latch_continues. pkt->component must be set; sets pkt->latch_seq.
enum latch_verdict latch_judge(const struct path *, struct packet *);

// Whether the packet goes on where the silent source stopped. pkt->ssrc and seq must be set.
bool latch_continues(const struct packet *);

// Reports a refused source, at most once a second and stream.
void latch_report_refused(struct path *, const struct packet *);

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

// output.c: destination and next hop, cached in the flow.
void output_burst(struct path *);

// Finds the way to dst. Returns 0 and port and mac; or the drop reason, negated: -TG_DROP_NO_ROUTE,
// -TG_DROP_NO_NEIGHBOUR (then main is asked to have it resolved).
int output_hop(uint16_t *port, uint8_t mac[6], struct path *, const struct tg_ip *dst);

// rewrite.c: new link, IP and UDP headers in place; counts what leaves.
void rewrite_burst(struct path *);

// event.c: a zeroed event of this type and time for a stream; sent by event_push.
struct tg_event event_of_packet(const struct path *, const struct packet *, enum tg_event_type);

// Puts an event on the ring of a signalling thread, or counts it as lost.
void event_push(struct path *, uint32_t sig_thread, const struct tg_event *);

// True at most once a second for one word of low milliseconds; takes the turn when it is true.
bool event_due(uint32_t *last_ms, uint64_t now_ms);

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
