// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <stdlib.h>

// The dataplane takes commands in order: once the removal is sent a port may be added again.
static void keep_ports(struct line *line, enum media_side side)
{
	struct stream *s = line->stream;

	if (s == NULL || s->state != STREAM_LIVE)
		return;
	line->kept[side] = s->ports[side];
	s->ports[side].pool = NULL;
}

static void retarget_line(struct media_session *session, struct line *line, enum media_side side)
{
	struct pool_ports kept;

	keep_ports(line, !side);
	kept = line->kept[!side];
	line->kept[!side].pool = NULL;
	negotiate_close_line(session, line);
	*line = (struct line){0};
	line->kept[!side] = kept;
}

// What was offered stays to be asked for, whoever offered it.
static void keep_offer(struct media_session *session)
{
	struct session_leg *leg = &session->leg[session->offerer];

	if (session->offer_state != OFFER_PENDING)
		return;
	free(leg->heard);
	leg->heard = session->offer;
	leg->left = false;
	session->offer = NULL;
}

void retarget_begin(struct media_session *session, const struct op *op)
{
	struct session_leg *leg = &session->leg[op->from];

	// The answer came first.
	if (session->answered)
		return;
	for (unsigned int i = 0; i < session->line_count; i++)
		retarget_line(session, &session->line[i], op->from);
	keep_offer(session);
	session->offer_state = OFFER_NONE;
	session->agreed = false;
	session->agreed_lines = 0;
	session_leg_init(leg, &op->leg);
	leg->left = true;
}
