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

static const struct codec_policy *policy_of(const struct media_session *session, unsigned int side)
{
	const struct conf_media_rule *rule = session->leg[side].leg.rule;

	return rule != NULL ? &rule->codecs : NULL;
}

enum media_failure negotiate_parse(struct media_session *session, struct str sdp)
{
	const struct codec_policy *policy[2] = {policy_of(session, 0), policy_of(session, 1)};
	enum media_failure failure = parse(session->media, sdp);

	if (failure == MEDIA_OK)
		sdp_filter(&session->media->sdp, policy);
	return failure;
}

bool negotiate_is_agreed(const struct line *line)
{
	return line->said[0].wanted && line->said[1].wanted
		&& line->said[0].opaque == line->said[1].opaque;
}

// In use: an offer leaves it alone until the answer (C15).
static bool is_settled(const struct line *line)
{
	return line->stream != NULL && negotiate_is_agreed(line);
}

static enum media_failure wait_for(struct op *op, int rc)
{
	if (rc > 0)
		op->waiting++;
	return rc < 0 ? MEDIA_NO_DATAPLANE : MEDIA_OK;
}

void negotiate_close_line(struct media_session *session, struct line *line)
{
	stream_close(line->stream);
	line->stream = NULL;
	for (unsigned int k = 0; k < 2; k++)
		pools_give(&line->kept[k], media_now(session->media));
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
		negotiate_close_line(session, &session->line[i]);
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

static void offer_mux(const struct media_session *session, struct line *line, enum media_side from)
{
	const struct conf_media_rule *rule = session->leg[!from].leg.rule;
	struct stream *s = line->stream;

	s->offered.mux = !line->offer.opaque && (s->mux[!from] || (rule != NULL && rule->rtcp_mux));
}

// RFC 5761 §5.1.1: each leg by itself.
static void answer_stream(struct line *line, enum media_side from)
{
	struct stream *s = line->stream;

	types_answer(s, from, &line->said[from], &line->said[!from]);
	s->mux[from] = s->agreed.mux && line->said[from].mux;
	s->mux[!from] = line->said[!from].mux;
}

static enum media_failure offer_stream(struct media_session *session, struct op *op,
	struct line *line, const struct said *const side[2])
{
	struct stream *s = line->stream;

	types_offer(s, op->from, &line->offer, &line->said[!op->from]);
	offer_mux(session, line, op->from);
	if (is_settled(line))
		return MEDIA_OK;
	s->agreed = s->offered;
	return wait_for(op, stream_update(s, side));
}

static enum media_failure offer_line(struct media_session *session, struct op *op, unsigned int i)
{
	static const struct said nothing;
	struct line *line = &session->line[i];
	const struct said *side[2] = {&nothing, &nothing};
	enum media_failure failure;

	if (line->stream != NULL)
		line->stream->offered = line->stream->agreed;
	if (!line->offer.wanted) {
		if (!is_settled(line))
			negotiate_close_line(session, line);
		return MEDIA_OK;
	}
	side[op->from] = &line->offer;
	if (line->stream != NULL)
		return offer_stream(session, op, line, side);
	failure = stream_add(line, session, &session->media->sdp.media[i], side);
	if (failure != MEDIA_OK)
		return failure;
	offer_mux(session, line, op->from);
	op->waiting++;
	return MEDIA_OK;
}

// An offer of which we refuse every line is refused as a whole, unless the offerer did so itself; so
// is such an answer.
static enum media_failure judge(
	const struct sdp *sdp, const struct conf_media_rule *a, const struct conf_media_rule *b)
{
	unsigned int asked = 0, wanted = 0, emptied = 0;

	for (unsigned int i = 0; i < sdp->media_count; i++) {
		const struct sdp_media *m = &sdp->media[i];

		asked += m->port != 0;
		emptied += m->is_emptied;
		wanted += said_wanted(m) || said_passes(m, a, b);
	}
	if (asked == 0 || wanted != 0)
		return MEDIA_OK;
	return emptied != 0 ? MEDIA_NO_CODEC : MEDIA_NOT_ACCEPTABLE;
}

static enum media_failure judge_session(const struct media_session *session)
{
	return judge(&session->media->sdp, session->leg[MEDIA_A].leg.rule,
		session->leg[MEDIA_B].leg.rule);
}

enum media_failure media_judge_offer(
	struct media *media, const struct conf_media_rule *rule, struct str sdp)
{
	enum media_failure failure = parse(media, sdp);

	// What the other leg will pass is not known yet.
	return failure == MEDIA_OK ? judge(&media->sdp, rule, rule) : failure;
}

static int keep_text(char **out, struct str sdp)
{
	char *text = str_dup(sdp);

	if (text == NULL)
		return -ENOMEM;
	free(*out);
	*out = text;
	return 0;
}

static enum media_failure begin_offer(struct media_session *session, struct op *op)
{
	const struct sdp *sdp = &session->media->sdp;
	enum media_failure failure = negotiate_parse(session, str_of(op->sdp, op->sdp_len));

	if (failure == MEDIA_OK)
		failure = judge_session(session);
	if (failure != MEDIA_OK)
		return failure;
	// RFC 3264 §8: lines are never taken away.
	if (sdp->media_count < session->agreed_lines)
		return MEDIA_NOT_ACCEPTABLE;
	session->offer_state = OFFER_PENDING;
	session->offerer = op->from;
	op->offered = true;
	if (resize(session, sdp->media_count) < 0
		|| keep_text(&session->offer, str_of(op->sdp, op->sdp_len)) < 0)
		return MEDIA_NO_DATAPLANE;
	for (unsigned int i = 0; i < session->line_count; i++)
		said_read(&session->line[i].offer, sdp, &sdp->media[i]);
	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++)
		failure = offer_line(session, op, i);
	return failure;
}

static enum media_failure answer_line(
	struct media_session *session, struct op *op, struct line *line, const struct sdp_media *m)
{
	static const struct said *const silence[2] = {NULL, NULL};

	line->said[!op->from] = line->offer;
	said_read(&line->said[op->from], &session->media->sdp, m);
	if (line->stream == NULL)
		return MEDIA_OK;
	if (negotiate_is_agreed(line)) {
		stream_describe(line->stream, m);
		answer_stream(line, op->from);
		return update_line(line, op);
	}
	// Another answer may follow an early one and want it after all (D29).
	if (!session->answered)
		return wait_for(op, stream_update(line->stream, silence));
	negotiate_close_line(session, line);
	return MEDIA_OK;
}

static void agree_to_terms(struct media_session *session)
{
	for (unsigned int i = 0; i < session->line_count; i++) {
		struct stream *s = session->line[i].stream;

		if (s != NULL)
			s->agreed = s->offered;
	}
}

static int agree(struct media_session *session, const struct op *op)
{
	struct session_leg *from = &session->leg[op->from], *to = &session->leg[!op->from];

	if (keep_text(&from->heard, str_of(op->sdp, op->sdp_len)) < 0)
		return -ENOMEM;
	from->left = false;
	if (session->offer_state == OFFER_PENDING) {
		free(to->heard);
		to->heard = session->offer;
		to->left = false;
		session->offer = NULL;
		agree_to_terms(session);
	}
	session->offer_state = OFFER_ANSWERED;
	session->agreed = true;
	session->agreed_offerer = session->offerer;
	session->agreed_lines = session->line_count;
	session->answered = session->answered || op->final;
	return 0;
}

static enum media_failure begin_answer(struct media_session *session, struct op *op)
{
	const struct sdp *sdp = &session->media->sdp;
	enum media_failure failure = negotiate_parse(session, str_of(op->sdp, op->sdp_len));

	if (failure != MEDIA_OK)
		return failure;
	// RFC 3264 §6: as many lines as the offer.
	if (session->offer_state == OFFER_NONE || op->from == session->offerer
		|| sdp->media_count != session->line_count)
		return MEDIA_NOT_ACCEPTABLE;
	// What else cannot be anchored of an answer was refused in its offer.
	if (judge_session(session) == MEDIA_NO_CODEC)
		return MEDIA_NO_CODEC;
	if (agree(session, op) < 0)
		return MEDIA_NO_DATAPLANE;
	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++)
		failure = answer_line(session, op, &session->line[i], &sdp->media[i]);
	return failure;
}

// What an offer that still waits asks for stays.
static bool is_refused(const struct media_session *session, const struct line *line)
{
	return line->said[0].known && line->said[1].known
		&& !(session->offer_state == OFFER_PENDING && line->offer.wanted);
}

static enum media_failure begin_confirm(struct media_session *session, struct op *op)
{
	enum media_failure failure = MEDIA_OK;

	session->answered = true;
	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++) {
		struct line *line = &session->line[i];

		if (is_settled(line))
			failure = update_line(line, op);
		else if (is_refused(session, line))
			negotiate_close_line(session, line);
	}
	return failure;
}

void negotiate_roll_back(struct media_session *session)
{
	if (session->offer_state != OFFER_PENDING)
		return;
	free(session->offer);
	session->offer = NULL;
	session->offer_state = session->agreed ? OFFER_ANSWERED : OFFER_NONE;
	session->offerer = session->agreed_offerer;
	for (unsigned int i = 0; i < session->line_count; i++) {
		struct line *line = &session->line[i];

		if (!is_settled(line))
			negotiate_close_line(session, line);
		line->offer = line->said[session->offerer];
	}
	session->line_count = session->agreed_lines;
}

static enum media_failure begin_refresh(struct media_session *session, struct op *op)
{
	enum media_failure failure = MEDIA_OK;

	for (unsigned int i = 0; failure == MEDIA_OK && i < session->line_count; i++) {
		if (is_settled(&session->line[i]))
			failure = update_line(&session->line[i], op);
	}
	return failure;
}

enum media_failure negotiate_begin(struct media_session *session, struct op *op)
{
	switch (op->kind) {
	case OP_OFFER:
		return begin_offer(session, op);
	case OP_ANSWER:
		return begin_answer(session, op);
	case OP_CONFIRM:
		return begin_confirm(session, op);
	case OP_RETARGET:
		retarget_begin(session, op);
		return MEDIA_OK;
	case OP_ROLLBACK:
		negotiate_roll_back(session);
		return MEDIA_OK;
	case OP_REFRESH:
		return begin_refresh(session, op);
	}
	return MEDIA_NOT_ACCEPTABLE;
}
