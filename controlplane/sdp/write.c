// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

struct writer {
	struct strbuf *b;
	const struct sdp *sdp;
	const struct sdp_edit *edit;
	struct sdp_hidden hidden;
};

// One section: the lines of the session, or of one media.
struct section {
	unsigned int from, to;
	bool restates_direction; // its own a=sendonly and the like are left out
	uint16_t rtcp_port;	 // a=rtcp becomes this, once; 0: is left out
	uint32_t ptime_ms;	 // a=ptime becomes this, once; 0: stays
	bool had_ptime;
	const struct sdp_types *types; // NULL: stay
};

// What an attribute offers that this relay declines on both legs, or what tells of the inside.
static const char *const declined[] = {
	// ICE, RFC 8839
	"candidate",
	"end-of-candidates",
	"ice-lite",
	"ice-mismatch",
	"ice-options",
	"ice-pacing",
	"ice-pwd",
	"ice-ufrag",
	"remote-candidates",
	// addresses, RFC 4570, RFC 6947
	"alt",
	"altc",
	"source-filter",
	// RFC 5761, RFC 8858, RFC 9143
	"bundle-only",
	"rtcp-mux",
	"rtcp-mux-only",
	// names of software and of relays on the way
	"nortpproxy",
	"tool",
};

static bool is_declined(struct str name, struct str params)
{
	if (SDP_IS_ONE_OF(name, declined))
		return true;
	// RFC 5888: other groups, such as lip sync, do not change where packets go.
	return str_equal_nocase(name, STR("group"))
		&& str_equal_nocase(sdp_word(&params), STR("BUNDLE"));
}

static void put_line(struct writer *w, char type, struct str value)
{
	strbuf_put_char(w->b, type);
	strbuf_put_char(w->b, '=');
	strbuf_put(w->b, value);
	strbuf_put(w->b, STR("\r\n"));
}

static void put_text(struct writer *w, const char *line)
{
	strbuf_put(w->b, str_from(line));
	strbuf_put(w->b, STR("\r\n"));
}

static void put_address(struct writer *w, const struct tg_ip *ip)
{
	char text[TG_IP_TEXT_BYTES];

	strbuf_printf(w->b, "IN %s %s\r\n", tg_ip_is_v4(ip) ? "IP4" : "IP6", tg_ip_write(ip, text));
}

// Lines of the given types, in the order of types and not of the body (RFC 8866 §5).
static void put_types(struct writer *w, const struct section *s, const char *types)
{
	for (; *types != '\0'; types++) {
		for (unsigned int i = s->from; i < s->to; i++) {
			const struct sdp_line *line = &w->sdp->line[i];

			if (line->type != *types || sdp_hidden_shows(&w->hidden, line))
				continue;
			put_line(w, line->type, line->value);
			// RFC 8866 §9: of these at most one.
			if (strchr("iuk", *types) != NULL)
				break;
		}
	}
}

static void put_rtcp(struct writer *w, uint16_t port)
{
	strbuf_printf(w->b, "a=rtcp:%u\r\n", port);
}

static void put_ptime(struct writer *w, struct section *s)
{
	if (!s->had_ptime)
		strbuf_printf(w->b, "a=ptime:%u\r\n", s->ptime_ms);
	s->had_ptime = true;
}

static void put_attribute(struct writer *w, struct section *s, const struct sdp_line *line)
{
	enum sdp_direction direction;
	struct str params;
	struct str name = sdp_attribute(&params, line->value);

	if (str_equal_nocase(name, STR("rtcp"))) {
		if (s->rtcp_port != 0)
			put_rtcp(w, s->rtcp_port);
		s->rtcp_port = 0;
		return;
	}
	if (s->ptime_ms != 0 && str_equal_nocase(name, STR("ptime"))) {
		put_ptime(w, s);
		return;
	}
	if (is_declined(name, params) || sdp_hidden_shows(&w->hidden, line)
		|| (s->restates_direction && sdp_direction_parse(&direction, name)))
		return;
	if (s->types != NULL && sdp_types_edit(w->b, line->value, s->types) != SDP_TYPED_OTHER)
		return;
	put_line(w, 'a', line->value);
}

// Attributes and lines of unknown type, in place (D20).
static void put_rest(struct writer *w, struct section *s)
{
	for (unsigned int i = s->from; i < s->to; i++) {
		const struct sdp_line *line = &w->sdp->line[i];

		if (line->type == 'a')
			put_attribute(w, s, line);
		else if (strchr("vosiuepcbtrzkm", line->type) == NULL
			&& !sdp_hidden_shows(&w->hidden, line))
			put_line(w, line->type, line->value);
	}
}

static void put_session(struct writer *w)
{
	struct section s = {.to = w->sdp->line_count};

	if (w->sdp->media_count != 0)
		s.to = w->sdp->media[0].first_line;
	put_text(w, "v=0");
	strbuf_printf(w->b, "o=- %llu %llu ", (unsigned long long)w->edit->session_id,
		(unsigned long long)w->edit->version);
	put_address(w, &w->edit->address);
	put_text(w, "s=-");
	put_types(w, &s, "iuep");
	strbuf_put(w->b, STR("c="));
	put_address(w, &w->edit->address);
	put_types(w, &s, "b");
	put_text(w, "t=0 0");
	put_types(w, &s, "k");
	put_rest(w, &s);
}

static void put_media_line(
	struct writer *w, const struct sdp_media *m, uint16_t port, const struct sdp_types *types)
{
	strbuf_put(w->b, STR("m="));
	strbuf_put(w->b, m->kind);
	strbuf_put_char(w->b, ' ');
	strbuf_put_u64(w->b, port);
	strbuf_put_char(w->b, ' ');
	strbuf_put(w->b, m->protocol);
	strbuf_put_char(w->b, ' ');
	if (types != NULL)
		sdp_types_put(w->b, types);
	else // RFC 8866 §9: at least one, of a refused line, too
		strbuf_put(w->b, m->formats.len != 0 ? m->formats : STR("0"));
	strbuf_put(w->b, STR("\r\n"));
}

// RFC 3264 §8.4: an unset address says "send me nothing", which our own address cannot say.
static enum sdp_direction direction_of(
	const struct sdp_media *m, const struct sdp_stream_edit *edit)
{
	enum sdp_direction d = m->direction;
	bool sends = (d == SDP_SENDRECV || d == SDP_SENDONLY) && !edit->no_send;
	bool receives = (d == SDP_SENDRECV || d == SDP_RECVONLY) && !edit->no_receive && !m->held;

	if (sends)
		return receives ? SDP_SENDRECV : SDP_SENDONLY;
	return receives ? SDP_RECVONLY : SDP_INACTIVE;
}

// The c= that holds for a line, as it was read.
static const struct sdp_line *connection_of(const struct sdp *sdp, const struct section *s)
{
	const struct sdp_line *found = NULL;

	for (unsigned int i = 0; i < sdp->media[0].first_line; i++) {
		if (sdp->line[i].type == 'c')
			found = &sdp->line[i];
	}
	for (unsigned int i = s->from; i < s->to; i++) {
		if (sdp->line[i].type == 'c')
			found = &sdp->line[i];
	}
	return found;
}

// The peers talk to each other past us: what they say of it is not ours to judge (D6).
static void put_as_it_is(struct writer *w, const struct sdp_media *m, const struct section *s)
{
	const struct sdp_line *connection = connection_of(w->sdp, s);

	put_line(w, 'm', w->sdp->line[m->first_line].value);
	if (connection != NULL)
		put_line(w, 'c', connection->value);
	for (const char *types = "ibk"; *types != '\0'; types++) {
		for (unsigned int i = s->from; i < s->to; i++) {
			if (w->sdp->line[i].type == *types)
				put_line(w, *types, w->sdp->line[i].value);
		}
	}
	for (unsigned int i = s->from; i < s->to; i++) {
		if (strchr("cibkvosueptrz", w->sdp->line[i].type) == NULL)
			put_line(w, w->sdp->line[i].type, w->sdp->line[i].value);
	}
}

static void put_media(struct writer *w, unsigned int i)
{
	const struct sdp_stream_edit *edit = &w->edit->stream[i];
	const struct sdp_media *m = &w->sdp->media[i];
	struct section s = {.from = m->first_line + 1, .to = w->sdp->line_count};
	enum sdp_direction direction = direction_of(m, edit);
	bool live = edit->rtp_port != 0;

	if (i + 1 < w->sdp->media_count)
		s.to = m[1].first_line;
	if (edit->pass) {
		put_as_it_is(w, m, &s);
		return;
	}
	s.restates_direction = live && direction != m->direction;
	s.rtcp_port = live ? edit->rtcp_port : 0;
	s.ptime_ms = live ? edit->ptime_ms : 0;
	s.types = live ? edit->types : NULL;
	put_media_line(w, m, edit->rtp_port, s.types);
	put_types(w, &s, "i");
	if (live && !tg_ip_is_unset(&edit->address)
		&& !tg_ip_equal(&edit->address, &w->edit->address)) {
		strbuf_put(w->b, STR("c="));
		put_address(w, &edit->address);
	}
	put_types(w, &s, "bk");
	put_rest(w, &s);
	// RFC 3605 §2.1: needed where RTCP is not one above RTP.
	if (s.rtcp_port != 0 && s.rtcp_port != edit->rtp_port + 1)
		put_rtcp(w, s.rtcp_port);
	if (s.ptime_ms != 0)
		put_ptime(w, &s);
	if (live && edit->rtcp_mux)
		put_text(w, "a=rtcp-mux");
	if (s.restates_direction)
		strbuf_printf(w->b, "a=%s\r\n", sdp_direction_name(direction));
}

void sdp_write(struct strbuf *b, const struct sdp *sdp, const struct sdp_edit *edit)
{
	struct writer w = {.b = b, .sdp = sdp, .edit = edit};

	sdp_hidden_collect(&w.hidden, sdp);
	put_session(&w);
	for (unsigned int i = 0; i < sdp->media_count; i++)
		put_media(&w, i);
}

uint64_t sdp_fingerprint(struct str written)
{
	size_t at = str_find_nocase(written, STR("\no="));
	struct str before, after;

	if (at == written.len)
		return str_hash(written);
	after = str_of(written.at + at, written.len - at);
	for (unsigned int i = 0; i < 2; i++)
		sdp_word(&after);
	before = str_of(written.at, (size_t)(after.at - written.at));
	sdp_word(&after);
	return str_hash(before) * 0x9e3779b97f4a7c15ull ^ str_hash(after);
}
