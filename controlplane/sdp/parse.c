// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"
#include "include/tidegate/flow.h"

#include <errno.h>

static bool is_number_start(struct str s, char sign)
{
	return s.len >= 2 && s.at[0] == sign && s.at[1] >= '0' && s.at[1] <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Lines end at CR, LF or both; what is not "x=..." is passed over (D19).
static int split_lines(struct sdp *out, struct str body)
{
	size_t from = 0;

	while (from < body.len) {
		size_t to = from;

		while (to < body.len && body.at[to] != '\n' && body.at[to] != '\r')
			to++;
		if (to - from >= 2 && is_letter(body.at[from]) && body.at[from + 1] == '=') {
			if (out->line_count == SDP_LINES_MAX)
				return -E2BIG;
			out->line[out->line_count++] = (struct sdp_line){
				body.at[from], str_of(body.at + from + 2, to - from - 2)};
		}
		from = to + 1;
	}
	return 0;
}

static bool is_unicast(const struct tg_ip *ip)
{
	if (tg_ip_is_v4(ip))
		return ip->byte[12] < 224;
	return ip->byte[0] != 0xff;
}

int sdp_host_parse(struct sdp_host *out, struct str value)
{
	struct str net = sdp_word(&value);
	struct str family = sdp_word(&value);
	struct str host = sdp_word(&value);

	// RFC 8866 §5.7: a TTL or a count may follow a multicast address.
	host = str_cut(&host, '/');
	if (!str_equal_nocase(net, STR("IN")) || host.len == 0
		|| !(str_equal_nocase(family, STR("IP4")) || str_equal_nocase(family, STR("IP6"))))
		return -EINVAL;
	*out = (struct sdp_host){.present = true, .text = host, .name = host};
	if (str_to_ip(&out->ip, host) < 0)
		return 0;
	out->held = tg_ip_is_unset(&out->ip);
	if (out->held || is_unicast(&out->ip))
		out->name = STR_NONE;
	else
		out->ip = (struct tg_ip){0};
	return 0;
}

static int parse_port(uint16_t *out, struct str text)
{
	uint64_t port;

	if (str_to_u64(&port, text, UINT16_MAX) < 0)
		return -EINVAL;
	*out = (uint16_t)port;
	return 0;
}

static void mark_payload_types(struct sdp_media *m)
{
	struct str left = m->formats, word;
	uint64_t pt;

	while ((word = sdp_word(&left)).len != 0) {
		if (str_to_u64(&pt, word, SDP_PAYLOAD_TYPES - 1) == 0)
			tg_types_add(m->payload_types, (unsigned int)pt);
	}
}

// RFC 8866 §8.2.2, RFC 7345 §3, RFC 8856 §4, RFC 6364 §4.1; not those below DTLS or TCP.
static bool is_plain_udp(struct str protocol)
{
	static const char *const names[] = {"udp", "udptl", "udp/bfcp", "udp/fec"};

	return SDP_IS_ONE_OF(protocol, names);
}

// RFC 8866 §5.14: media port[/count] proto fmt...
static int parse_media_line(struct sdp *out, unsigned int line, enum sdp_direction direction)
{
	struct str left = out->line[line].value, port;
	struct sdp_media *m;

	if (out->media_count == SDP_MEDIA_MAX)
		return -E2BIG;
	m = &out->media[out->media_count++];
	*m = (struct sdp_media){.first_line = line, .direction = direction};
	m->kind = sdp_word(&left);
	port = sdp_word(&left);
	m->protocol = sdp_word(&left);
	m->formats = str_trim(left);
	if (m->protocol.len == 0 || parse_port(&m->port, str_cut(&port, '/')) < 0
		|| (m->port != 0 && m->formats.len == 0))
		return -EINVAL;
	m->is_rtp = str_starts_nocase(m->protocol, STR("RTP/"));
	m->is_datagrams = is_plain_udp(m->protocol);
	if (m->is_rtp)
		mark_payload_types(m);
	// RFC 3550 §11; a stream on the last port has no room for RTCP above it.
	m->rtcp_port = m->port != 0 && m->port != UINT16_MAX ? (uint16_t)(m->port + 1) : 0;
	return 0;
}

// RFC 3605 §2.1: port, and sometimes an address.
static int parse_rtcp(struct sdp_media *m, struct str params)
{
	struct str port = sdp_word(&params);
	struct sdp_host host;

	if (parse_port(&m->rtcp_port, port) < 0)
		return -EINVAL;
	if (str_trim(params).len != 0 && sdp_host_parse(&host, params) == 0)
		m->rtcp_address = host.ip;
	return 0;
}

static int parse_ptime(uint32_t *out, struct str text)
{
	uint64_t ms;

	text = str_trim(text);
	if (is_number_start(text, '-'))
		return -EINVAL;
	if (str_to_u64(&ms, text, UINT32_MAX) == 0)
		*out = (uint32_t)ms;
	return 0;
}

// RFC 5576 §4.1: the same source again for each of its attributes.
static void parse_ssrc(struct sdp_media *m, struct str params)
{
	uint64_t ssrc;

	if (str_to_u64(&ssrc, sdp_word(&params), UINT32_MAX) < 0 || m->ssrcs_differ)
		return;
	m->ssrcs_differ = m->ssrc != 0 && m->ssrc != ssrc;
	m->ssrc = m->ssrcs_differ ? 0 : (uint32_t)ssrc;
}

// RFC 8866 §5.8, RFC 3890: TIAS is without the headers below, and wins.
static void parse_bandwidth(struct sdp_media *m, struct str value)
{
	struct str kind = str_trim(str_cut(&value, ':'));
	uint64_t n;

	if (str_to_u64(&n, str_trim(value), UINT32_MAX) < 0)
		return;
	if (str_equal_nocase(kind, STR("TIAS")))
		m->bandwidth_bps = n;
	else if (str_equal_nocase(kind, STR("AS")) && m->bandwidth_bps == 0)
		m->bandwidth_bps = n * 1000;
}

static int parse_attribute(struct sdp *out, struct sdp_media *m, struct str value)
{
	struct str params;
	struct str name = sdp_attribute(&params, value);
	enum sdp_direction *direction = m != NULL ? &m->direction : &out->direction;

	if (sdp_direction_parse(direction, name) || m == NULL)
		return 0;
	if (str_equal_nocase(name, STR("rtcp-mux")))
		m->rtcp_mux = true;
	else if (str_equal_nocase(name, STR("rtcp")))
		return parse_rtcp(m, params);
	else if (str_equal_nocase(name, STR("ptime")))
		return parse_ptime(&m->ptime_ms, params);
	else if (str_equal_nocase(name, STR("maxptime")))
		return parse_ptime(&m->max_ptime_ms, params);
	else if (str_equal_nocase(name, STR("ssrc")))
		parse_ssrc(m, params);
	return 0;
}

// RFC 8866 §5.2: username sess-id sess-version nettype addrtype address
static int check_origin(struct str value)
{
	struct str id, version;

	sdp_word(&value);
	id = sdp_word(&value);
	version = sdp_word(&value);
	return is_number_start(id, '-') || is_number_start(version, '-') ? -EINVAL : 0;
}

static int parse_line(
	struct sdp *out, unsigned int at, struct sdp_host *session, struct sdp_host *media)
{
	struct sdp_media *m = out->media_count != 0 ? &out->media[out->media_count - 1] : NULL;
	struct str value = out->line[at].value;

	switch (out->line[at].type) {
	case 'm':
		return parse_media_line(out, at, out->direction);
	case 'o':
		return m == NULL ? check_origin(value) : 0;
	case 'c':
		return sdp_host_parse(m != NULL ? &media[out->media_count - 1] : session, value);
	case 'a':
		return parse_attribute(out, m, value);
	case 'b':
		if (m != NULL)
			parse_bandwidth(m, value);
		return 0;
	default:
		return 0;
	}
}

// RFC 8866 §5.7: the media level wins, and each stream needs one (D2).
static int settle_addresses(
	struct sdp *out, const struct sdp_host *session, const struct sdp_host *media)
{
	for (unsigned int i = 0; i < out->media_count; i++) {
		const struct sdp_host *host = media[i].present ? &media[i] : session;
		struct sdp_media *m = &out->media[i];

		if (!host->present && m->port != 0)
			return -ENODATA;
		if (!host->held)
			m->address = host->ip;
		m->address_name = host->name;
		m->held = host->held;
	}
	return 0;
}

static bool has_version(const struct sdp *sdp)
{
	for (unsigned int i = 0; i < sdp->line_count && sdp->line[i].type != 'm'; i++) {
		if (sdp->line[i].type == 'v')
			return true;
	}
	return false;
}

int sdp_parse(struct sdp *out, struct str body)
{
	struct sdp_host session = {0}, media[SDP_MEDIA_MAX];
	int rc;

	if (body.len > SDP_BYTES_MAX)
		return -E2BIG;
	if (str_index(body, '\0') != body.len)
		return -EINVAL;
	out->line_count = out->media_count = 0;
	out->direction = SDP_SENDRECV;
	rc = split_lines(out, body);
	if (rc == 0 && !has_version(out))
		rc = -EINVAL;
	for (unsigned int i = 0; rc == 0 && i < out->line_count; i++) {
		if (out->line[i].type == 'm' && out->media_count < SDP_MEDIA_MAX)
			media[out->media_count] = (struct sdp_host){0};
		rc = parse_line(out, i, &session, media);
	}
	return rc == 0 ? settle_addresses(out, &session, media) : rc;
}
