// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

// The ports a side has of a line, NULL where the line is refused to it.
static const struct pool_ports *ports_of(const struct media_session *session,
	const struct sdp_media *m, const struct line *line, enum media_side side)
{
	bool pending = session->offer_state == OFFER_PENDING && session->offerer != side;

	if (!said_wanted(m))
		return NULL;
	if (line->stream == NULL)
		return line->kept[side].pool != NULL ? &line->kept[side] : NULL;
	return pending || negotiate_is_agreed(line) ? &line->stream->ports[side] : NULL;
}

// Lines of the SDP at hand that the session knows: after media_session_retarget it may have had more.
static unsigned int known_lines(const struct media_session *session)
{
	unsigned int count = session->media->sdp.media_count;

	return count < session->line_count ? count : session->line_count;
}

static const struct pool *pool_of_leg(const struct media_session *session, enum media_side side)
{
	struct media *media = session->media;
	const struct media_leg *leg = &session->leg[side].leg;

	for (unsigned int i = 0; i < known_lines(session); i++) {
		const struct pool_ports *ports = ports_of(
			session, &media->sdp.media[i], &session->line[i], side);

		if (ports != NULL)
			return ports->pool;
	}
	return pools_choose(&media->pools, leg->realm, &leg->signalling, media_now(media));
}

static uint32_t ptime_of(const struct conf_media_rule *rule, const struct sdp_media *m)
{
	if (rule == NULL || !m->is_rtp || !str_equal_nocase(m->kind, STR("audio")))
		return 0;
	// RFC 8866 §6.4: no longer than its maximum.
	return m->max_ptime_ms != 0 && m->max_ptime_ms < rule->ptime_ms ? m->max_ptime_ms
									: rule->ptime_ms;
}

// A number that would name two codecs names the first one only: the other found no number of its own.
static void leave_out_second(struct sdp_types *types)
{
	uint64_t seen[2] = {0};
	unsigned int n = 0;

	for (unsigned int i = 0; i < types->count; i++) {
		uint8_t to = types->to[types->order[i]];

		if (tg_types_has(seen, to))
			continue;
		tg_types_add(seen, to);
		types->order[n++] = types->order[i];
	}
	types->count = n;
}

// The formats as the leg is to see them; NULL: as they are.
static const struct sdp_types *types_of(const struct media_session *session,
	const struct sdp_media *m, const struct terms *terms, enum media_side to)
{
	static const struct codec_list none;
	struct media *media = session->media;
	struct sdp_types *types = &media->types[m - media->sdp.media];
	const struct conf_media_rule *rule = session->leg[to].leg.rule;
	const struct codec_list *order = rule != NULL ? &rule->codecs.order : &none;
	bool differs = m->is_filtered || order->count != 0;

	if (!m->is_rtp)
		return NULL;
	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++) {
		types->to[pt] = terms != NULL ? types_cross(terms, !to, (uint8_t)pt) : (uint8_t)pt;
		differs = differs || types->to[pt] != pt;
	}
	if (!differs)
		return NULL;
	types->count = sdp_order(types->order, &media->sdp, m, order);
	leave_out_second(types);
	return types;
}

// RFC 3264 §6.1: an answer sends only what the offerer would hear and hears only what it would send,
// whatever the answerer says.
static void fit_direction(struct sdp_stream_edit *edit, const struct media_session *session,
	unsigned int i, enum media_side to)
{
	const struct said *offered = &session->line[i].said[to];

	if (!offered->known || session->agreed_offerer != to)
		return;
	edit->no_send = offered->direction == SDP_SENDONLY || offered->direction == SDP_INACTIVE;
	edit->no_receive = offered->direction == SDP_RECVONLY || offered->direction == SDP_INACTIVE;
}

static void fill_edit(struct sdp_stream_edit *edit, const struct media_session *session,
	unsigned int i, enum media_side to)
{
	bool pending = session->offer_state == OFFER_PENDING && session->offerer != to;
	const struct sdp_media *m = &session->media->sdp.media[i];
	const struct stream *s = session->line[i].stream;
	const struct pool_ports *ports = ports_of(session, m, &session->line[i], to);
	const struct terms *terms = NULL;

	*edit = (struct sdp_stream_edit){.pass = s == NULL
			&& said_passes(
				m, session->leg[MEDIA_A].leg.rule, session->leg[MEDIA_B].leg.rule)};
	if (ports == NULL)
		return;
	edit->rtp_port = ports->rtp_port;
	edit->address = ports->pool->advertised;
	edit->ptime_ms = ptime_of(session->leg[to].leg.rule, m);
	if (s != NULL)
		terms = pending ? &s->offered : &s->agreed;
	edit->types = types_of(session, m, terms, to);
	edit->rtcp_mux = m->is_rtp && s != NULL && (pending ? terms->mux : s->mux[to]);
	if (!pending)
		fit_direction(edit, session, i, to);
	if (pending || !edit->rtcp_mux)
		edit->rtcp_port = (uint16_t)(ports->rtp_port + 1);
}

static struct str write(struct media *media, const struct sdp_edit *edit)
{
	struct strbuf b = strbuf_on(media->written, sizeof(media->written));

	sdp_write(&b, &media->sdp, edit);
	return b.failed ? STR_NONE : strbuf_str(&b);
}

// RFC 3264 §8: the version grows by one when anything else differs (D3).
static struct str write_version(struct media *media, struct session_leg *leg, struct sdp_edit *edit)
{
	struct str out = write(media, edit);
	uint64_t fingerprint;

	if (str_is_none(out))
		return out;
	fingerprint = sdp_fingerprint(out);
	if (leg->written && fingerprint != leg->fingerprint) {
		edit->version = ++leg->version;
		out = write(media, edit);
	}
	leg->written = true;
	leg->fingerprint = fingerprint;
	return out;
}

// What the other side said, as this one is to see it.
static enum media_failure compose(
	struct str *out, struct media_session *session, enum media_side to, struct str sdp)
{
	struct sdp_stream_edit stream[SDP_MEDIA_MAX] = {0};
	struct session_leg *leg = &session->leg[to];
	struct sdp_edit edit = {
		.stream = stream, .session_id = leg->session_id, .version = leg->version};
	enum media_failure failure = negotiate_parse(session, sdp);
	const struct pool *pool;

	if (failure != MEDIA_OK)
		return failure;
	pool = pool_of_leg(session, to);
	if (pool == NULL)
		return MEDIA_NO_PORTS;
	edit.address = pool->advertised;
	for (unsigned int i = 0; i < known_lines(session); i++)
		fill_edit(&stream[i], session, i, to);
	*out = write_version(session->media, leg, &edit);
	return str_is_none(*out) ? MEDIA_NOT_ACCEPTABLE : MEDIA_OK;
}

enum media_failure compose_reply(
	struct str *out, struct media_session *session, const struct op *op)
{
	*out = STR_NONE;
	if (op->kind != OP_OFFER && op->kind != OP_ANSWER)
		return MEDIA_OK;
	return compose(out, session, !op->from, str_of(op->sdp, op->sdp_len));
}

struct str media_session_sent(struct media_session *session, enum media_side side)
{
	bool pending = session->offer_state == OFFER_PENDING && session->offerer != side;
	const char *text = pending ? session->offer : session->leg[!side].heard;
	struct str out = STR_NONE;

	if (text == NULL || !session->leg[side].written
		|| compose(&out, session, side, str_from(text)) != MEDIA_OK)
		return STR_NONE;
	return out;
}
