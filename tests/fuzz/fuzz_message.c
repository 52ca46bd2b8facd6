// SPDX-License-Identifier: BSD-3-Clause
// One message on its way from one leg to the other: parsed, kept, its SDP replaced, written anew, shortened,
// and parsed again. What must cross octet by octet has done so.
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/rcu.h"
#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/via.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define need(ok) ((ok) ? (void)0 : fail(#ok, __LINE__))

#define OUT_BYTES (1u << 18)
#define SDP STR("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n")

static struct arena *arenas[2];
static struct conf *conf;
static uint64_t dropped;

static void fail(const char *what, unsigned int line)
{
	fprintf(stderr, "line %u: %s\n", line, what);
	abort();
}

static void start(void)
{
	static const char yaml[] = "realms:\n"
				   "  - name: a\n"
				   "    sip: [{address: \"192.0.2.1:5060\"}]\n"
				   "    media: [{address: 192.0.2.1}]\n"
				   "    methods: [INVITE, MESSAGE]\n"
				   "    headers:\n"
				   "      - {name: Subject, from: drop, to: drop}\n"
				   "      - {name: X-Any, to: drop}\n"
				   "      - {name: User-Agent, from: pass}\n"
				   "      - {name: Server, to: pass}\n";
	struct conf_error err;

	rcu_register_thread();
	log_set_level(LOG_ERROR);
	sip_msg_setup();
	arenas[0] = arena_new(4u << 20);
	arenas[1] = arena_new(4u << 20);
	need(conf_parse(&conf, str_from(yaml), "fuzz", &err) == 0);
}

static struct sip_edge edge(void)
{
	return (struct sip_edge){&conf->realms[0].policy, &dropped};
}

// ---- writing

struct written {
	char *text;
	struct str str;
};

static struct str body_of(const struct sip_msg *msg, char *text, struct str *type)
{
	struct strbuf b = strbuf_on(text, OUT_BYTES);

	*type = msg->content_type;
	switch (sip_body_kind(msg)) {
	case SIP_BODY_SDP:
		*type = sip_body_type(msg);
		sip_body_write(&b, msg, SDP);
		need(!b.failed);
		return strbuf_str(&b);
	case SIP_BODY_OTHER:
		return msg->body;
	case SIP_BODY_NONE:
	case SIP_BODY_OPAQUE:
		break;
	}
	return STR_NONE;
}

static void write_request(
	struct strbuf *b, const struct sip_msg *msg, struct str type, struct str body)
{
	static const struct sip_extra allow = {SIP_HDR_ALLOW, {"INVITE, ACK, BYE, OPTIONS", 25}};
	struct tg_addr us = {.port = 5060};

	sip_request_write(b,
		&(struct sip_request_out){
			.method = msg->method,
			.method_name = msg->method_name,
			.uri = msg->uri.text,
			.sent_by = &us,
			.branch = STR("z9hG4bKfuzz"),
			.from = STR("<sip:a@h>;tag=1"),
			.to = STR("<sip:b@h>"),
			.call_id = STR("c"),
			.cseq = msg->cseq,
			.max_forwards = 69,
			.contact = STR("<sip:t@192.0.2.1>"),
			.source = msg,
			.extra = &allow,
			.extra_count = 1,
			.content_type = type,
			.body = body,
			.edge = edge(),
		});
}

static void write_response(
	struct strbuf *b, const struct sip_msg *msg, struct str type, struct str body)
{
	sip_response_write(b,
		&(struct sip_response_out){
			.status = msg->status,
			.reason = msg->reason,
			.vias = STR("Via: SIP/2.0/UDP h;branch=z9hG4bKfuzz\r\n"),
			.record_routes = STR(""),
			.from = STR("<sip:a@h>;tag=1"),
			.to = STR("<sip:b@h>;tag=2"),
			.call_id = STR("c"),
			.cseq = msg->cseq,
			.method = msg->method,
			.method_name = msg->method_name,
			.source = msg,
			.content_type = type,
			.body = body,
			.edge = edge(),
		});
}

static struct str write_over(
	char *text, const struct sip_msg *msg, const struct sip_msg *source, struct str body)
{
	struct strbuf b = strbuf_on(text, OUT_BYTES);
	struct sip_msg out = *source;

	// of a kept one the caller knows the rest
	out.method_name = msg->method_name;
	out.uri = msg->uri;
	out.cseq = msg->cseq;
	if (msg->is_request)
		write_request(&b, &out,
			sip_body_kind(msg) == SIP_BODY_SDP ? sip_body_type(msg) : msg->content_type,
			body);
	else
		write_response(&b, &out,
			sip_body_kind(msg) == SIP_BODY_SDP ? sip_body_type(msg) : msg->content_type,
			body);
	need(!b.failed);
	return strbuf_str(&b);
}

// ---- what must be as it was

static bool is_about_body(enum sip_hdr_id id)
{
	return id == SIP_HDR_CONTENT_DISPOSITION || id == SIP_HDR_CONTENT_ENCODING
		|| id == SIP_HDR_MIME_VERSION;
}

// The next header from *at on that is neither ours nor the policy's; NULL at the end.
static const struct sip_hdr *next_free(const struct sip_msg *msg, unsigned int *at)
{
	while (*at < msg->hdr_count) {
		const struct sip_hdr *hdr = &msg->hdr[(*at)++];
		struct str name = hdr->id == SIP_HDR_OTHER ? hdr->name : sip_hdr_name(hdr->id);

		if (sip_crossing_of(hdr->id, msg->is_request) == SIP_CROSS_COPY
			&& conf_policy_header(&conf->realms[0].policy, name) == NULL
			&& !is_about_body(hdr->id))
			return hdr;
	}
	return NULL;
}

// A Reason may lose what names a host (C2).
static bool is_as_it_was(const struct sip_hdr *was, const struct sip_hdr *is)
{
	static char text[65536];
	struct strbuf b = strbuf_on(text, sizeof(text));

	if (was->id != SIP_HDR_REASON)
		return str_equal(was->value, is->value);
	sip_reason_write(&b, was->value);
	return str_equal(strbuf_str(&b), is->value);
}

static void check_headers(const struct sip_msg *before, const struct sip_msg *after)
{
	unsigned int i = 0, k = 0;
	const struct sip_hdr *was, *is;

	do {
		was = next_free(before, &i);
		is = next_free(after, &k);
		need((was == NULL) == (is == NULL));
		if (was != NULL)
			need(was->id == is->id && is_as_it_was(was, is)
				&& (was->id != SIP_HDR_OTHER || str_equal(was->name, is->name)));
	} while (was != NULL);
	need(sip_msg_header(after, SIP_HDR_SUBJECT) == NULL);
	need((sip_msg_header(before, SIP_HDR_USER_AGENT) == NULL)
		== (sip_msg_header(after, SIP_HDR_USER_AGENT) == NULL));
}

static void check_body(const struct sip_msg *before, const struct sip_msg *after)
{
	struct str was = sip_body_sdp(before), is = sip_body_sdp(after);
	size_t left = (size_t)(was.at - before->body.at), right;

	if (sip_body_kind(before) == SIP_BODY_OTHER)
		need(str_equal(before->body, after->body));
	if (sip_body_kind(before) != SIP_BODY_SDP)
		return;
	need(str_equal(is, SDP));
	right = before->body.len - left - was.len;
	need(after->body.len - (size_t)(is.at - after->body.at) - is.len == right);
	need(right == 0 || memcmp(was.at + was.len, is.at + is.len, right) == 0);
	// a length of the part may have other digits
	if (left == (size_t)(is.at - after->body.at)
		&& str_find_nocase(str_of(before->body.at, left), STR("length")) == left)
		need(left == 0 || memcmp(before->body.at, after->body.at, left) == 0);
}

static void check_vias(const struct sip_msg *msg)
{
	static char text[OUT_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct net_flow flow = {.remote = {.port = 5062}};
	struct sip_list list = sip_list_of(msg, SIP_HDR_VIA);
	struct str rest, line, is, was;
	unsigned int count = 0;

	sip_via_write_lines(&b, msg, &flow, true);
	need(!b.failed);
	rest = strbuf_str(&b);
	while (rest.len > 0) {
		line = str_trim(str_cut(&rest, '\n'));
		need(str_starts_nocase(line, STR("Via: ")));
		line = str_of(line.at + 5, line.len - 5);
		while (sip_hdr_next(&is, &line)) {
			struct sip_via parsed;

			need(sip_list_next(&was, &list));
			if (count++ == 0)
				need(sip_via_parse(&parsed, is) == 0
					&& str_is_none(sip_param(parsed.params, "maddr")));
			else
				need(str_equal(is, was));
		}
	}
	need(count == msg->via_count);
}

// Too many headers, once ours are among them, is what may happen.
static bool parse_again(struct sip_msg *msg, struct str text)
{
	enum sip_fault fault;

	arena_reset(arenas[1]);
	fault = sip_msg_parse(msg, arenas[1], text);
	need(fault == SIP_FAULT_NONE || fault == SIP_FAULT_HEADER_COUNT
		|| fault == SIP_FAULT_MEMORY);
	return fault == SIP_FAULT_NONE;
}

static void check_short(const struct sip_msg *msg, struct str text)
{
	static char copy[OUT_BYTES];
	struct strbuf b = strbuf_on(copy, sizeof(copy));
	struct sip_msg is;

	strbuf_put(&b, text);
	sip_shorten(&b);
	if (parse_again(&is, strbuf_str(&b)))
		check_body(msg, &is);
}

static void cross(const struct sip_msg *msg)
{
	static char text[OUT_BYTES], again[OUT_BYTES], body[OUT_BYTES], kept_body[OUT_BYTES];
	struct kept *kept = kept_new(msg);
	struct str type, bytes = body_of(msg, body, &type), out;
	struct sip_msg is;

	out = write_over(text, msg, msg, bytes);
	if (kept != NULL) {
		struct strbuf b = strbuf_on(kept_body, OUT_BYTES);

		if (sip_body_kind(msg) == SIP_BODY_SDP) {
			sip_body_write(&b, &kept->msg, SDP);
			need(str_equal(strbuf_str(&b), bytes));
		}
		need(str_equal(write_over(again, msg, &kept->msg, bytes), out));
	}
	free(kept);
	if (parse_again(&is, out)) {
		check_headers(msg, &is);
		check_body(msg, &is);
	}
	check_short(msg, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sip_msg msg;

	if (conf == NULL)
		start();
	arena_reset(arenas[0]);
	if (sip_msg_parse(&msg, arenas[0], str_of(data, size)) != SIP_FAULT_NONE)
		return 0;
	msg.policy = &conf->realms[0].policy;
	check_vias(&msg);
	cross(&msg);
	return 0;
}
