// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

// Attributes whose values may look like anything and bear no address: never held against them.
static const char *const exempt[] = {
	"crypto",
	"extmap",
	"fingerprint",
	"fmtp",
	"imageattr",
	"maxptime",
	"ptime",
	"rtcp-fb",
	"rtpmap",
};

static bool is_host_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
		|| c == '-' || c == '.' || c == ':';
}

static void hide(struct sdp_hidden *out, struct str host)
{
	// Shorter ones are placeholders such as "-" and would match by chance.
	if (host.len < 4 || out->count == SDP_HIDDEN_MAX)
		return;
	for (unsigned int i = 0; i < out->count; i++) {
		if (str_equal_nocase(out->host[i], host))
			return;
	}
	out->host[out->count++] = host;
}

static void hide_origin(struct sdp_hidden *out, struct str value)
{
	struct sdp_host host;

	for (unsigned int i = 0; i < 3; i++)
		sdp_word(&value);
	if (sdp_host_parse(&host, value) == 0)
		hide(out, host.text);
}

void sdp_hidden_collect(struct sdp_hidden *out, const struct sdp *sdp)
{
	out->count = 0;
	for (unsigned int i = 0; i < sdp->line_count; i++) {
		struct sdp_host host;

		if (sdp->line[i].type == 'o')
			hide_origin(out, sdp->line[i].value);
		else if (sdp->line[i].type == 'c' && sdp_host_parse(&host, sdp->line[i].value) == 0)
			hide(out, host.text);
	}
}

static bool is_host_edge(struct str value, size_t at)
{
	return at >= value.len || !is_host_char(value.at[at]) || value.at[at] == ':';
}

static bool shows_host(struct str value, struct str host)
{
	size_t from = 0;

	while (from + host.len <= value.len) {
		struct str left = str_of(value.at + from, value.len - from);
		size_t at = from + str_find_nocase(left, host);

		if (at == value.len)
			return false;
		if ((at == 0 || is_host_edge(value, at - 1)) && is_host_edge(value, at + host.len))
			return true;
		from = at + 1;
	}
	return false;
}

static bool is_literal_char(char c, bool v6)
{
	bool digit = c >= '0' && c <= '9';

	if (!v6)
		return digit || c == '.';
	return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

static bool is_literal(struct str token, bool v6)
{
	struct tg_ip ip;

	while (token.len > 0 && token.at[token.len - 1] == '.')
		token.len--;
	return token.len >= (v6 ? 3 : 7) && str_to_ip(&ip, token) == 0 && tg_ip_is_v4(&ip) == !v6;
}

static bool shows_literal(struct str value, bool v6)
{
	size_t from = 0;

	while (from < value.len) {
		size_t to = from;

		while (to < value.len && is_literal_char(value.at[to], v6))
			to++;
		if (to > from && is_literal(str_of(value.at + from, to - from), v6))
			return true;
		from = to + 1;
	}
	return false;
}

bool sdp_hidden_shows(const struct sdp_hidden *hidden, const struct sdp_line *line)
{
	struct str value = line->value, params;

	if (line->type == 'a') {
		if (SDP_IS_ONE_OF(sdp_attribute(&params, value), exempt))
			return false;
		value = params;
	}
	for (unsigned int i = 0; i < hidden->count; i++) {
		if (shows_host(value, hidden->host[i]))
			return true;
	}
	return shows_literal(value, false) || shows_literal(value, true);
}
