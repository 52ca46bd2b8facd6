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

static const struct pool *pool_of_leg(const struct media_session *session, enum media_side side)
{
	struct media *media = session->media;
	const struct media_leg *leg = &session->leg[side].leg;

	for (unsigned int i = 0; i < session->line_count; i++) {
		const struct pool_ports *ports = ports_of(
			session, &media->sdp.media[i], &session->line[i], side);

		if (ports != NULL)
			return ports->pool;
	}
	return pools_choose(&media->pools, leg->realm, &leg->signalling, media_now(media));
}

static void fill_edits(
	struct sdp_stream_edit *edit, const struct media_session *session, enum media_side to)
{
	for (unsigned int i = 0; i < session->line_count; i++) {
		const struct pool_ports *ports = ports_of(
			session, &session->media->sdp.media[i], &session->line[i], to);

		edit[i] = (struct sdp_stream_edit){0};
		if (ports == NULL)
			continue;
		edit[i].rtp_port = ports->rtp_port;
		edit[i].rtcp_port = (uint16_t)(ports->rtp_port + 1);
		edit[i].address = ports->pool->advertised;
	}
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
	struct sdp_stream_edit stream[SDP_MEDIA_MAX];
	struct session_leg *leg = &session->leg[to];
	struct sdp_edit edit = {
		.stream = stream, .session_id = leg->session_id, .version = leg->version};
	enum media_failure failure = negotiate_parse(session->media, sdp);
	const struct pool *pool;

	if (failure != MEDIA_OK)
		return failure;
	pool = pool_of_leg(session, to);
	if (pool == NULL)
		return MEDIA_NO_PORTS;
	edit.address = pool->advertised;
	fill_edits(stream, session, to);
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
