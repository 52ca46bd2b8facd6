// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/via.h"

#include <errno.h>

#include "controlplane/sip/lex.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

// "SIP / 2.0 / UDP" with LWS around the slashes; leaves sent-by and parameters in *rest.
static int parse_protocol(struct sip_via *via, struct str *rest)
{
	struct str name = str_trim(str_cut(rest, '/'));
	struct str version = str_trim(str_cut(rest, '/'));
	struct str tail = str_trim(*rest);
	size_t end = 0;

	if (str_is_none(*rest) || !str_equal_nocase(name, STR("SIP")) || !sip_is_token(version))
		return -EINVAL;
	via->version = version;
	while (end < tail.len && !is_blank(tail.at[end]))
		end++;
	via->protocol = str_of(tail.at, end);
	*rest = str_of(tail.at + end, tail.len - end);
	return sip_is_token(via->protocol) ? 0 : -EINVAL;
}

int sip_via_parse(struct sip_via *out, struct str text)
{
	struct sip_via via = {.text = text};
	struct str rest = text;
	struct str sent_by;
	size_t at;

	if (sip_index_unquoted(&at, text, "") < 0 || parse_protocol(&via, &rest) < 0)
		return -EINVAL;
	sent_by = str_cut(&rest, ';');
	if (sip_hostport_parse(&via.host, &via.port, sent_by) < 0)
		return -EINVAL;
	via.params = rest;
	via.branch = sip_param(via.params, "branch");
	via.rport = !str_is_none(sip_param(via.params, "rport"));
	*out = via;
	return 0;
}

bool sip_via_is_rfc3261(const struct sip_via *via)
{
	struct str cookie = STR("z9hG4bK");

	return via->branch.len > cookie.len && str_starts_nocase(via->branch, cookie);
}

static bool is_host(struct str host, const struct tg_ip *ip)
{
	struct tg_ip parsed;

	return str_to_ip(&parsed, host) == 0 && tg_ip_equal(&parsed, ip);
}

bool sip_via_is_ours(const struct sip_via *via, const struct tg_addr *advertised)
{
	uint16_t port = via->port != 0 ? via->port : SIP_PORT;

	return port == advertised->port && is_host(via->host, &advertised->ip);
}

static bool is_claim(struct str param)
{
	static const struct str claims[] = {{"received", 8}, {"rport", 5}, {"maddr", 5}};
	struct str name = str_trim(str_cut(&param, '='));

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		if (str_equal_nocase(name, claims[i]))
			return true;
	}
	return false;
}

static void write_param(struct strbuf *b, struct str param)
{
	strbuf_put_char(b, ';');
	strbuf_put(b, param);
	if (!str_equal_nocase(param, STR("keep")))
		return;
	strbuf_put_char(b, '=');
	strbuf_put_u64(b, SIP_VIA_KEEP_S);
}

static void write_sent_by(struct strbuf *b, const struct sip_via *via)
{
	bool v6 = str_index(via->host, ':') < via->host.len;

	strbuf_put(b, STR("Via: SIP/2.0/"));
	strbuf_put(b, via->protocol);
	strbuf_put(b, v6 ? STR(" [") : STR(" "));
	strbuf_put(b, via->host);
	if (v6)
		strbuf_put_char(b, ']');
	if (via->port != 0) {
		strbuf_put_char(b, ':');
		strbuf_put_u64(b, via->port);
	}
}

static void write_top(
	struct strbuf *b, const struct sip_via *via, const struct tg_addr *source, bool force_rport)
{
	bool rport = via->rport || force_rport;
	struct str params = via->params;
	char ip[TG_IP_TEXT_BYTES];
	struct str param;

	write_sent_by(b, via);
	while (sip_param_next(&param, &params)) {
		if (!is_claim(param))
			write_param(b, param);
	}
	// RFC 3261 §18.2.1; with rport always, RFC 3581 §4
	if (rport || !is_host(via->host, &source->ip)) {
		strbuf_put(b, STR(";received="));
		strbuf_put(b, str_from(tg_ip_write(&source->ip, ip)));
	}
	if (rport) {
		strbuf_put(b, STR(";rport="));
		strbuf_put_u64(b, source->port);
	}
	strbuf_put(b, STR("\r\n"));
}

static void write_as_is(struct strbuf *b, struct str value)
{
	value = str_trim(value);
	if (value.len == 0)
		return;
	strbuf_put(b, STR("Via: "));
	strbuf_put(b, value);
	strbuf_put(b, STR("\r\n"));
}

void sip_via_write_lines(
	struct strbuf *b, const struct sip_msg *msg, const struct net_flow *flow, bool force_rport)
{
	bool top = true;

	for (unsigned int i = 0; i < msg->hdr_count; i++) {
		struct str rest = msg->hdr[i].value;
		struct str element;

		if (msg->hdr[i].id != SIP_HDR_VIA)
			continue;
		if (top && sip_hdr_next(&element, &rest)) {
			write_top(b, &msg->via, &flow->remote, force_rport);
			top = false;
		}
		write_as_is(b, rest);
	}
}
