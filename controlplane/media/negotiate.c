// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <errno.h>
#include <stdlib.h>

static enum media_failure parse(struct media *media, struct str sdp)
{
	switch (sdp_parse(&media->sdp, sdp)) {
	case 0:
		return MEDIA_OK;
	case -ENODATA:
	case -E2BIG:
		return MEDIA_NOT_ACCEPTABLE;
	default:
		return MEDIA_BAD_SDP;
	}
}

static bool is_agreed(const struct line *line)
{
	return line->said[0].wanted && line->said[1].wanted;
}

// In use by an answered call: an offer leaves it alone until the answer (C15).
static bool is_settled(const struct media_session *session, const struct line *line)
{
	return session->answered && is_agreed(line);
}

static enum media_failure wait_for(struct op *op, int rc)
{
	if (rc > 0)
		op->waiting++;
	return rc < 0 ? MEDIA_NO_DATAPLANE : MEDIA_OK;
}

static void close_line(struct line *line)
{
	stream_close(line->stream);
	line->stream = NULL;
}

static enum media_failure update_line(struct line *line, struct op *op)
{
	const struct said *side[2] = {&line->said[0], &line->said[1]};

	return line->stream != NULL ? wait_for(op, stream_update(line->stream, side)) : MEDIA_OK;
}

static int resize(struct media_session *session, unsigned int count)
{
	struct line *line;

	for (unsigned int i = count; i < session->line_count; i++)
		close_line(&session->line[i]);
	if (count > session->line_count) {
		line = realloc(session->line, count * sizeof(*line));
		if (line == NULL)
			return -ENOMEM;
		memset(&line[session->line_count], 0,
			(count - session->line_count) * sizeof(*line));
		session->line = line;
	}
	session->line_count = count;
	return 0;
}

static enum media_failure offer_line(struct media_session *session, struct op *op, unsigned int i)
{
	struct line *line = &session->line[i];
	const struct said *side[2] = {&line->said[0], &line->said[1]};
	enum media_failure failure;

	if (is_settled(session, line))
		return MEDIA_OK;
	if (!line->offer.wanted) {
		close_line(line);
		return MEDIA_OK;
	}
	memset(line->said, 0, sizeof(line->said));
	side[op->from] = &line->offer;
	if (line->stream != NULL)
		return wait_for(op, stream_update(line->stream, side));
	failure = stream_add(&line->stream, session, &session->media->sdp.media[i], side);
	op->waiting += failure == MEDIA_OK;
	return failure;
}

// An offer of which we refuse every line is refused as a whole, unless the offerer did so itself.
static bool is_acceptable(const struct sdp *sdp)
{
	unsigned int asked = 0, wanted = 0;

	for (unsigned int i = 0; i < sdp->media_count; i++) {
		asked += sdp->media[i].port != 0;
		wanted += said_wanted(&sdp->media[i]);
	}
	return asked == 0 || wanted != 0;
}

enum media_failure media_judge_offer(struct media *media, struct str sdp)
{
	enum media_failure failure = parse(media, sdp);

	return failure == MEDIA_OK && !is_acceptable(&media->sdp) ? MEDIA_NOT_ACCEPTABLE : failure;
}

static enum media_failure begin_offer(struct media_session *session, struct op *op)
{
	const struct sdp *sdp = &session->media->sdp;
	enum media_failure failure = media_judge_offer(
		session->media, str_of(op->sdp, op->sdp_len));

	if (failure != MEDIA_OK)
		return failure;
	// RFC 3264 §8: lines are never taken away.
	if (sdp->media_count < session->agreed_lines)
		return MEDIA_NOT_ACCEPTABLE;
	if (resize(session, sdp->media_count) < 0)
		return MEDIA_NO_DATAPLANE;
	session->has_offer = true;
	session->offerer = op->from;
	for (unsigned int i = 0; i < session->line_count; i++)
		said_read(&session->line[i].offer, sdp, &sdp->media[i]);
	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++)
		failure = offer_line(session, op, i);
	return failure;
}

static enum media_failure answer_line(
	struct op *op, struct line *line, const struct sdp *sdp, const struct sdp_media *m)
{
	static const struct said *const silence[2] = {NULL, NULL};

	line->said[!op->from] = line->offer;
	said_read(&line->said[op->from], sdp, m);
	if (line->stream == NULL || is_agreed(line))
		return update_line(line, op);
	// Another answer may follow an early one and want it after all (D29).
	if (!op->final)
		return wait_for(op, stream_update(line->stream, silence));
	close_line(line);
	return MEDIA_OK;
}

static enum media_failure begin_answer(struct media_session *session, struct op *op)
{
	const struct sdp *sdp = &session->media->sdp;
	enum media_failure failure = parse(session->media, str_of(op->sdp, op->sdp_len));

	if (failure != MEDIA_OK)
		return failure;
	// RFC 3264 §6: as many lines as the offer.
	if (!session->has_offer || op->from == session->offerer
		|| sdp->media_count != session->line_count)
		return MEDIA_NOT_ACCEPTABLE;
	session->answered = session->answered || op->final;
	session->agreed_lines = session->line_count;
	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++)
		failure = answer_line(op, &session->line[i], sdp, &sdp->media[i]);
	return failure;
}

static enum media_failure begin_confirm(struct media_session *session, struct op *op)
{
	enum media_failure failure = MEDIA_OK;

	session->answered = true;
	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++) {
		struct line *line = &session->line[i];

		if (line->said[0].known && line->said[1].known && !is_agreed(line))
			close_line(line);
		else if (is_agreed(line))
			failure = update_line(line, op);
	}
	return failure;
}

static enum media_failure begin_rollback(struct media_session *session)
{
	session->has_offer = false;
	for (unsigned int i = 0; i < session->line_count; i++) {
		if (!is_settled(session, &session->line[i]))
			close_line(&session->line[i]);
	}
	return MEDIA_OK;
}

static enum media_failure begin_refresh(struct media_session *session, struct op *op)
{
	enum media_failure failure = MEDIA_OK;

	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++) {
		if (is_settled(session, &session->line[i]))
			failure = update_line(&session->line[i], op);
	}
	return failure;
}

static enum media_failure begin(struct media_session *session, struct op *op)
{
	switch (op->kind) {
	case OP_OFFER:
		return begin_offer(session, op);
	case OP_ANSWER:
		return begin_answer(session, op);
	case OP_CONFIRM:
		return begin_confirm(session, op);
	case OP_ROLLBACK:
		return begin_rollback(session);
	case OP_REFRESH:
		return begin_refresh(session, op);
	}
	return MEDIA_NOT_ACCEPTABLE;
}

enum media_failure negotiate_begin(struct media_session *session, struct op *op)
{
	enum media_failure failure = begin(session, op);

	// Where nothing is to be changed the dataplane is asked all the same: on_ready comes by its
	// completion and not from inside the call.
	for (unsigned int i = 0; failure == MEDIA_OK && op->waiting == 0 && i < session->line_count;
		i++) {
		if (session->line[i].stream != NULL)
			failure = wait_for(op, stream_ping(session->line[i].stream));
	}
	return failure;
}

static bool is_live(const struct line *line, const struct op *op)
{
	if (line->stream == NULL || !line->offer.wanted)
		return false;
	return op->kind == OP_OFFER || line->said[op->from].wanted;
}

static const struct pool *pool_of_leg(
	const struct media_session *session, enum media_side side, const struct op *op)
{
	const struct media_leg *leg = &session->leg[side].leg;

	for (unsigned int i = 0; i < session->line_count; i++) {
		if (is_live(&session->line[i], op))
			return session->line[i].stream->ports[side].pool;
	}
	return pools_choose(
		&session->media->pools, leg->realm, &leg->signalling, media_now(session->media));
}

static void fill_edits(struct sdp_stream_edit *edit, const struct media_session *session,
	enum media_side to, const struct op *op)
{
	for (unsigned int i = 0; i < session->line_count; i++) {
		const struct line *line = &session->line[i];
		const struct pool_ports *ports;

		edit[i] = (struct sdp_stream_edit){0};
		if (!is_live(line, op))
			continue;
		ports = &line->stream->ports[to];
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

enum media_failure negotiate_finish(
	struct str *out, struct media_session *session, const struct op *op)
{
	struct sdp_stream_edit stream[SDP_MEDIA_MAX];
	struct sdp_edit edit = {.stream = stream};
	enum media_side to = !op->from;
	struct session_leg *leg = &session->leg[to];
	const struct pool *pool;
	enum media_failure failure;

	*out = STR_NONE;
	if (op->kind != OP_OFFER && op->kind != OP_ANSWER)
		return MEDIA_OK;
	failure = parse(session->media, str_of(op->sdp, op->sdp_len));
	if (failure != MEDIA_OK)
		return failure;
	pool = pool_of_leg(session, to, op);
	if (pool == NULL)
		return MEDIA_NO_PORTS;
	edit.address = pool->advertised;
	edit.session_id = leg->session_id;
	edit.version = leg->version;
	fill_edits(stream, session, to, op);
	*out = write_version(session->media, leg, &edit);
	return str_is_none(*out) ? MEDIA_NOT_ACCEPTABLE : MEDIA_OK;
}
