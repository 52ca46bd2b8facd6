// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"

// A port the dataplane refuses is held by an orphan of an earlier control plane.
#define ADD_ATTEMPTS_MAX 32

// RFC 6263 section 7 says 15 s; the dataplane sends between three quarters of it and the whole.
#define KEEPALIVE_S 20

static void on_done(void *arg, uint64_t tag, int status, struct tg_stream_ref ref);

static void copy_text(char *out, size_t cap, struct str s)
{
	snprintf(out, cap, "%.*s", STR_FMT(s));
}

static void give_ports(struct media *media, struct stream *s)
{
	for (unsigned int k = 0; k < 2; k++)
		pools_give(&s->ports[k], media_now(media));
}

static void release(struct media *media, struct stream *s)
{
	give_ports(media, s);
	idpool_remove(media->streams, s->id);
	counter_add(&media->counters.streams, (uint64_t)-1);
	free(s->history);
	free(s);
}

static bool is_opaque(const struct said *const side[2])
{
	return side[0]->opaque || side[1]->opaque;
}

// Calls of strangers leave a quarter of the streams and of each pool to those of peers: with many m=
// lines few of them could take up all (I2).
static bool is_stranger(const struct media_session *session)
{
	const char *peer = session->leg[MEDIA_A].leg.peer_name;

	return peer == NULL || peer[0] == '\0';
}

static bool has_room(const struct media_session *session)
{
	const struct media *media = session->media;
	uint32_t most = media->params.streams_max;

	if (is_stranger(session))
		most -= most / 4;
	return idpool_count(media->streams) < most;
}

static bool may_take(const struct media_session *session, uint8_t realm, const struct tg_ip *near)
{
	struct media *media = session->media;

	if (!is_stranger(session) || !pools_are_low(&media->pools, realm, near, media_now(media)))
		return true;
	LOG(LOG_WARN, "media-ports-low",
		"realm=%u call=%" PRIu64 " advice=\"the rest is for peers\"", realm, session->call);
	return false;
}

// The pool of the family its peer uses: of the SDP where there is one, else of its SIP.
static enum media_failure take_ports(
	struct stream *s, struct media_session *session, const struct said *const side[2])
{
	struct media *media = session->media;

	for (unsigned int k = 0; k < 2; k++) {
		const struct media_leg *leg = &session->leg[k].leg;
		const struct tg_ip *near = &side[k]->remote[TG_RTP].ip;
		struct tg_side_spec *spec = &s->spec.side[k];

		if (tg_ip_is_unset(near))
			near = &leg->signalling;
		if (s->ports[k].pool == NULL
			&& (!may_take(session, leg->realm, near)
				|| pools_take(&media->pools, &s->ports[k], leg->realm, near,
					   session->call, media_now(media))
					< 0)) {
			give_ports(media, s);
			return MEDIA_NO_PORTS;
		}
		spec->local = (struct tg_addr){
			.ip = s->ports[k].pool->address, .port = s->ports[k].rtp_port};
	}
	return MEDIA_OK;
}

// A number means what the other's SDP says of it, where that has it.
static void fill_types(
	struct stream *s, unsigned int side, const struct said *own, const struct said *other)
{
	for (unsigned int i = 0; i < 32; i++) {
		uint8_t pt = (uint8_t)(96 + i);
		unsigned int there = types_cross(&s->agreed, side, pt) - 96u;
		bool told = said_has(other, there);
		const struct said *teller = told ? other : own;
		unsigned int at = told ? there : i;

		tg_side_clock_set(&s->spec.side[side], pt, (enum tg_clock)teller->clock[at]);
		s->codec[side][i] = teller->codec[at];
	}
	s->ptime_ms[side] = other->ptime_ms != 0 ? other->ptime_ms : own->ptime_ms;
}

// What the dataplane is to accept from one side and send there.
static void fill_side(struct tg_side_spec *out, const struct media_leg *leg, const struct said *own,
	const struct said *other)
{
	struct police_load load = police_join(&own->load, &other->load);

	out->signalling = leg->signalling;
	out->dscp = leg->dscp;
	out->realm = leg->realm;
	out->latch = (uint8_t)leg->latch;
	// While it says nothing new its address stays, and with it what was learned (D16); a name is new.
	for (unsigned int c = TG_RTP; c <= TG_RTCP; c++) {
		if (own->named || !tg_ip_is_unset(&own->remote[TG_RTP].ip))
			out->remote[c] = own->remote[c];
	}
	// A name is not looked up: whoever sends from where the SIP came from is the peer (D18).
	if (own->named && tg_ip_is_unset(&out->remote[TG_RTP].ip)
		&& (leg->latch == TG_LATCH_OFF || leg->latch == TG_LATCH_PORT))
		out->latch = TG_LATCH_SIGNALLING;
	out->ssrc = own->ssrc;
	police_fill(out, &load, &leg->police);
}

// RFC 3264 §5.1: each sends by the numbers of the other's SDP, and some by their own.
static void fill_numbers(
	struct stream *s, unsigned int side, const struct said *own, const struct said *other)
{
	struct tg_side_spec *out = &s->spec.side[side];
	unsigned int n = 0;

	for (unsigned int i = 0; i < 2; i++)
		out->payload_types[i] = own->payload_types[i] | other->payload_types[i];
	for (unsigned int i = 0; i < 32; i++) {
		if (said_has(other, i))
			tg_types_add(out->payload_types,
				types_cross(&s->agreed, !side, (uint8_t)(96 + i)));
	}
	memset(out->type, 0, sizeof(out->type));
	for (unsigned int i = 0; i < 32 && n < TG_TYPES_MAPPED_MAX; i++) {
		uint8_t to = types_cross(&s->agreed, side, (uint8_t)(96 + i));

		if (to != 96 + i && tg_types_has(out->payload_types, 96 + i))
			out->type[n++] = (struct tg_type_map){(uint8_t)(96 + i), to};
	}
}

static void fill_flags(struct stream *s, const struct said *const side[2])
{
	const struct media_session *session = s->session;
	bool open[2];

	for (unsigned int k = 0; k < 2; k++) {
		s->spec.side[k].flags &= TG_SIDE_OPAQUE;
		open[k] = side[k] != NULL && said_open(side[k], side[!k]);
	}
	// RFC 3960 §3: the callee is heard at once, the caller from the answer on (C45).
	if (!session->answered && !session->early_media_to_callee)
		open[MEDIA_A] = false;
	for (unsigned int k = 0; k < 2; k++) {
		if (!open[k])
			continue;
		s->spec.side[k].flags |= TG_SIDE_RECEIVE;
		s->spec.side[!k].flags |= TG_SIDE_SEND;
	}
	s->both_ways = open[MEDIA_A] && open[MEDIA_B];
	s->silence.now = s->silence.now && s->both_ways;
}

// Who is learned may be behind a NAT, whose pinhole a hold would let close (E26).
static uint16_t keepalive_s(const struct media_leg *leg, const struct said *const side[2])
{
	return leg->latch != TG_LATCH_OFF && !is_opaque(side) ? KEEPALIVE_S : 0;
}

static void fill_spec(struct stream *s, const struct said *const side[2])
{
	const struct media_session *session = s->session;

	s->spec.cookie = s->id;
	s->spec.idle_ms = session->idle_ms;
	s->spec.sig_thread = session->media->params.sig_thread;
	for (unsigned int k = 0; k < 2; k++) {
		if (side[k] == NULL)
			continue;
		fill_side(&s->spec.side[k], &session->leg[k].leg, side[k], side[!k]);
		fill_numbers(s, k, side[k], side[!k]);
		fill_types(s, k, side[k], side[!k]);
		s->spec.keepalive_s[k] = keepalive_s(&session->leg[k].leg, side);
		s->spec.side[k].flags = is_opaque(side) ? TG_SIDE_OPAQUE : 0;
		s->spec.side[k].local_rtcp_port = is_opaque(side) || s->mux[k]
			? 0
			: (uint16_t)(s->ports[k].rtp_port + 1);
	}
	fill_flags(s, side);
	// Nobody need talk in a picture, and nothing before the answer.
	s->spec.one_way_ms = s->is_audio && s->both_ways && session->answered ? session->one_way_ms
									      : 0;
}

static int send_command(struct media *media, struct stream *s, enum tg_cmd_type type)
{
	struct tg_cmd cmd;

	memset(&cmd, 0, sizeof(cmd));
	cmd.type = type;
	cmd.ref = s->ref;
	if (type != TG_CMD_STREAM_REMOVE)
		cmd.stream = s->spec;
	return outbox_send(&media->outbox, &cmd, type != TG_CMD_STREAM_REMOVE ? on_done : NULL,
		s->id, type == TG_CMD_STREAM_REMOVE);
}

void stream_describe(struct stream *s, const struct sdp_media *m)
{
	copy_text(s->kind, sizeof(s->kind), m->kind);
	copy_text(s->protocol, sizeof(s->protocol), m->protocol);
	s->is_audio = m->is_rtp && str_equal_nocase(m->kind, STR("audio"));
}

enum media_failure stream_add(struct line *line, struct media_session *session,
	const struct sdp_media *m, const struct said *const side[2])
{
	struct media *media = session->media;
	struct stream *s = calloc(1, sizeof(*s));
	enum media_failure failure = MEDIA_NO_PORTS;

	if (s == NULL)
		return MEDIA_NO_DATAPLANE;
	s->session = session;
	if (!has_room(session) || idpool_insert(&s->id, media->streams, s) < 0) {
		LOG(LOG_WARN, "media-streams-full", "call=%" PRIu64 " streams=%u", session->call,
			idpool_count(media->streams));
		free(s);
		return failure;
	}
	counter_add(&media->counters.streams, 1);
	stream_describe(s, m);
	for (unsigned int k = 0; k < 2; k++) {
		s->ports[k] = line->kept[k];
		s->promised[k] = s->ports[k].pool != NULL;
		line->kept[k].pool = NULL;
	}
	failure = take_ports(s, session, side);
	if (failure == MEDIA_OK) {
		fill_spec(s, side);
		s->attempts = 1;
		if (send_command(media, s, TG_CMD_STREAM_ADD) < 0)
			failure = MEDIA_NO_DATAPLANE;
	}
	if (failure != MEDIA_OK) {
		release(media, s);
		return failure;
	}
	line->stream = s;
	return MEDIA_OK;
}

// A side whose address or whose SIP moved may be learned anew (E9, E22).
static void mark_moved(struct stream *s, const struct tg_stream_spec *before)
{
	for (unsigned int k = 0; k < 2; k++) {
		const struct tg_side_spec *old = &before->side[k];
		struct tg_side_spec *new = &s->spec.side[k];

		if ((!tg_ip_is_unset(&old->remote[TG_RTP].ip)
			    && !tg_addr_equal(&old->remote[TG_RTP], &new->remote[TG_RTP]))
			|| (!tg_ip_is_unset(&old->signalling)
				&& !tg_ip_equal(&old->signalling, &new->signalling)))
			new->flags |= TG_SIDE_RELATCH;
	}
}

int stream_update(struct stream *s, const struct said *const side[2])
{
	struct tg_stream_spec before = s->spec;
	int rc;

	if (s->state != STREAM_LIVE)
		return -ENOTCONN;
	fill_spec(s, side);
	if (memcmp(&before, &s->spec, sizeof(before)) == 0)
		return 0;
	s->idle_until_ms = 0;
	mark_moved(s, &before);
	rc = send_command(s->session->media, s, TG_CMD_STREAM_UPDATE);
	for (unsigned int k = 0; k < 2; k++)
		s->spec.side[k].flags &= (uint8_t)~TG_SIDE_RELATCH;
	return rc < 0 ? rc : 1;
}

static void write_side(
	struct strbuf *b, char leg, const struct tg_side_stats *stats, const struct quality *q)
{
	strbuf_printf(b, " %c_packets=%" PRIu64 " %c_lost=%" PRIu64 " %c_jitter_ms=%.1f", leg,
		stats->packets, leg, q->lost, leg, q->jitter_ms);
	if (q->rtt_ms >= 0)
		strbuf_printf(b, " %c_rtt_ms=%.1f", leg, q->rtt_ms);
	strbuf_printf(
		b, " %c_mos=%.2f %c_quality=%s", leg, q->mos, leg, quality_grade_text(q->grade));
}

// There is no record of calls yet: these are the last words about its media.
static void sum_up(const struct stream *s)
{
	const struct media_session *session = s->session;
	struct media *media = session->media;
	const struct dp *dp = media->params.dp;
	struct tg_stream_stats stats;
	char text[512];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);

	if (!session->answered || !s->is_audio || dp->stats(dp, s->ref, &stats) < 0)
		return;
	for (unsigned int k = 0; k < 2; k++) {
		const struct media_leg *leg = &session->leg[k].leg;
		const struct tg_side_stats *side = &stats.side[k];
		struct quality q;

		quality_read(&q, side, quality_codec_of(s->codec[k], side->payload_type),
			s->ptime_ms[k]);
		write_side(&b, k == MEDIA_A ? 'a' : 'b', side, &q);
		tally_add(&media->tally, leg->realm_name != NULL ? leg->realm_name : "",
			leg->peer_name != NULL ? leg->peer_name : "", &q);
	}
	text[b.len] = '\0';
	LOG(LOG_INFO, "media-end", "call=%" PRIu64 "%s", session->call, text);
}

void stream_close(struct stream *s)
{
	struct media *media;

	if (s == NULL)
		return;
	media = s->session->media;
	if (s->state == STREAM_ADDING || s->state == STREAM_READDING
		|| s->state == STREAM_ADOPTING) {
		s->session = NULL;
		return;
	}
	if (s->state == STREAM_LIVE) {
		sum_up(s);
		send_command(media, s, TG_CMD_STREAM_REMOVE);
	}
	release(media, s);
}

// The port is taken in the dataplane and free here: rest it, try another.
static bool try_other_ports(struct media *media, struct stream *s)
{
	static const struct said nothing;
	const struct said *side[2] = {NULL, NULL};
	struct media_session *session = s->session;

	for (unsigned int i = 0; i < session->line_count; i++) {
		if (session->line[i].stream != s)
			continue;
		side[session->offerer] = &session->line[i].offer;
		side[!session->offerer] = &nothing;
	}
	if (side[0] == NULL || s->attempts == ADD_ATTEMPTS_MAX)
		return false;
	s->attempts++;
	for (unsigned int k = 0; k < 2; k++) {
		if (!s->promised[k])
			pools_give(&s->ports[k], media_now(media));
	}
	return take_ports(s, session, side) == MEDIA_OK
		&& send_command(media, s, TG_CMD_STREAM_ADD) == 0;
}

static void forget(struct stream *s)
{
	struct media_session *session = s->session;

	for (unsigned int i = 0; i < session->line_count; i++) {
		if (session->line[i].stream == s)
			session->line[i].stream = NULL;
	}
}

static void on_added(struct media *media, struct stream *s, int status)
{
	struct media_session *session = s->session;

	if (status == -EADDRINUSE && try_other_ports(media, s))
		return;
	if (status == 0) {
		s->state = STREAM_LIVE;
		op_stream_done(session, MEDIA_OK);
		return;
	}
	LOG(LOG_WARN, "media-stream-refused", "call=%" PRIu64 " error=\"%s\"", session->call,
		strerror(-status));
	forget(s);
	release(media, s);
	op_stream_done(session,
		status == -ENOSPC || status == -EADDRINUSE ? MEDIA_NO_PORTS : MEDIA_NO_DATAPLANE);
}

void stream_readd(struct stream *s)
{
	struct media *media = s->session->media;

	s->state = STREAM_READDING;
	if (send_command(media, s, TG_CMD_STREAM_ADD) < 0)
		s->state = STREAM_LOST;
	else
		media->readding++;
}

// The dataplane may have lived on while it was away from us: then the stream is still in it.
static void on_readded(struct media *media, struct stream *s, int status)
{
	media->readding--;
	if (status == -EADDRINUSE && s->state == STREAM_READDING) {
		s->state = STREAM_ADOPTING;
		if (send_command(media, s, TG_CMD_STREAM_UPDATE) == 0) {
			media->readding++;
			return;
		}
	}
	s->state = status == 0 ? STREAM_LIVE : STREAM_LOST;
	if (status < 0 && status != -ENOTCONN)
		events_lost(s->session);
	events_readd(media);
}

// It was closed while it was on its way.
static void on_orphan_done(struct media *media, struct stream *s, int status)
{
	if (s->state != STREAM_ADDING)
		media->readding--;
	if (status == 0)
		send_command(media, s, TG_CMD_STREAM_REMOVE);
	release(media, s);
	events_readd(media);
}

static void on_done(void *arg, uint64_t tag, int status, struct tg_stream_ref ref)
{
	struct media *media = arg;
	struct stream *s = idpool_find(media->streams, tag);

	if (s == NULL)
		return;
	if (status == 0 && (s->state == STREAM_ADDING || s->state == STREAM_READDING))
		s->ref = ref;
	if (s->session == NULL)
		on_orphan_done(media, s, status);
	else if (s->state == STREAM_ADDING)
		on_added(media, s, status);
	else if (s->state == STREAM_READDING || s->state == STREAM_ADOPTING)
		on_readded(media, s, status);
	else
		op_stream_done(s->session, status == 0 ? MEDIA_OK : MEDIA_NO_DATAPLANE);
}
