// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/call_ends.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS "203.0.113.1"
#define CORE "198.51.100.1"
#define CARRIER "198.51.100.10"

const char call_ends_yaml[] = "realms:\n"
			      "  - name: access\n"
			      "    sip: [{address: \"" ACCESS ":5060\"}]\n"
			      "    media: [{address: 203.0.113.1, ports: 8192-65535},"
			      " {address: 203.0.113.2, ports: 8192-65535}, {address: 203.0.113.3, "
			      "ports: 8192-65535},"
			      " {address: 203.0.113.4, ports: 8192-65535}, {address: 203.0.113.5, "
			      "ports: 8192-65535},"
			      " {address: 203.0.113.6, ports: 8192-65535}, {address: 203.0.113.7, "
			      "ports: 8192-65535}]\n"
			      "    latch: signalling\n"
			      "    strangers: accept\n"
			      "  - name: core\n"
			      "    sip: [{address: \"" CORE ":5060\"}]\n"
			      "    media: [{address: 198.51.100.1, ports: 8192-65535},"
			      " {address: 198.51.100.2, ports: 8192-65535}, {address: "
			      "198.51.100.3, ports: 8192-65535},"
			      " {address: 198.51.100.4, ports: 8192-65535}, {address: "
			      "198.51.100.5, ports: 8192-65535},"
			      " {address: 198.51.100.6, ports: 8192-65535}, {address: "
			      "198.51.100.7, ports: 8192-65535}]\n"
			      "    latch: \"off\"\n"
			      "    strangers: refuse\n"
			      "peers:\n"
			      "  - {name: carrier, realm: core, address: \"" CARRIER ":5060\"}\n"
			      "routes:\n"
			      "  - {from_realm: access, to: carrier}\n"
			      "dataplane: {streams_max: 300000}\n"
			      "limits: {calls_max: 250000, transactions_max: 2000000}\n";

static const char phone_sdp[] = "v=0\r\no=151 9655 9655 IN IP4 10.135.0.12\r\ns=-\r\n"
				"c=IN IP4 10.135.0.12\r\nt=0 0\r\n"
				"m=audio 50024 RTP/AVP 8 0 18 101\r\n"
				"a=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
				"a=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n"
				"a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
				"a=ptime:20\r\na=sendrecv\r\n";

static const char carrier_sdp[] = "v=0\r\no=root 1673140232 1673140232 IN IP4 " CARRIER "\r\n"
				  "s=gateway\r\nc=IN IP4 " CARRIER "\r\nt=0 0\r\n"
				  "m=audio 13504 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000/1\r\n"
				  "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
				  "a=ptime:20\r\na=sendrecv\r\n";

static int keep(void *arg, const struct net_flow *flow, struct str message)
{
	struct call_ends *ends = arg;
	struct call_message *to = flow->realm == 0 ? &ends->to_phone : &ends->to_carrier;

	if (message.len >= sizeof(to->text))
		abort();
	to->len = message.len;
	memcpy(to->text, message.at, message.len);
	to->text[message.len] = '\0';
	return 0;
}

void call_ends_init(struct call_ends *ends)
{
	*ends = (struct call_ends){.transport = {.send = keep, .arg = ends}};
}

static struct str value(const struct call_message *message, const char *name)
{
	const char *line = strstr(message->text, name);

	if (line == NULL)
		abort();
	line += strlen(name);
	return str_of(line, strcspn(line, "\r"));
}

static void must_be(const struct call_message *message, const char *start)
{
	if (strncmp(message->text, start, strlen(start)) == 0)
		return;
	fprintf(stderr, "%s should have been sent, not: %s\n", start, message->text);
	abort();
}

__attribute__((format(printf, 2, 3))) static void put(
	struct call_message *out, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	out->len += (size_t)vsnprintf(
		out->text + out->len, sizeof(out->text) - out->len, fmt, args);
	va_end(args);
	if (out->len >= sizeof(out->text))
		abort();
}

static void put_request(struct call_message *out, const struct call_memory *call,
	const char *method, unsigned int cseq)
{
	put(out,
		"%s sip:001234567890@" ACCESS ":5060;user=phone SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bK%s%unx8hnt;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"Calling User\" <sip:151@" ACCESS ":5060>;tag=m3l2hbp\r\n"
		"To: <sip:001234567890@" ACCESS ":5060;user=phone>%s%s\r\n"
		"Call-ID: ud04chatv9q%u@10.135.0.1\r\n"
		"CSeq: %u %s\r\n",
		method, method, call->number, call->tag[0] != '\0' ? ";tag=" : "", call->tag,
		call->number, cseq, method);
}

static void put_body(struct call_message *out, const char *body)
{
	if (body[0] != '\0')
		put(out, "Content-Type: application/sdp\r\n");
	put(out, "Content-Length: %zu\r\n\r\n%s", strlen(body), body);
}

static void put_invite(struct call_message *out, const struct call_memory *call)
{
	put_request(out, call, "INVITE", 1);
	put(out,
		"Contact: <sip:151@10.135.0.12;line=12071>;"
		"+sip.instance=\"<urn:uuid:0d9a008d-0355-0024-0004-000276f3d664>\"\r\n"
		"Allow: INVITE, CANCEL, BYE, ACK, REGISTER, OPTIONS, REFER, SUBSCRIBE, NOTIFY, "
		"MESSAGE, INFO, PRACK, UPDATE\r\n"
		"Content-Disposition: session\r\n"
		"Supported: replaces,100rel\r\n"
		"User-Agent: W-AIR 03.55.00.24 9c7514340722 02:76:f3:d6:64\r\n");
	put_body(out, phone_sdp);
}

static void put_response(struct call_message *out, const struct call_message *request,
	const char *status, const char *tag, const char *body)
{
	struct str via = value(request, "\r\nVia: "), from = value(request, "\r\nFrom: ");
	struct str to = value(request, "\r\nTo: "), id = value(request, "\r\nCall-ID: ");
	struct str cseq = value(request, "\r\nCSeq: ");

	put(out,
		"SIP/2.0 %s\r\nVia: %.*s\r\nFrom: %.*s\r\nTo: %.*s%s\r\nCall-ID: %.*s\r\n"
		"CSeq: %.*s\r\nServer: GW 35935\r\n"
		"Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO\r\n"
		"Supported: replaces, timer\r\nContact: <sip:001234567890@" CARRIER ":5060>\r\n",
		status, STR_FMT(via), STR_FMT(from), STR_FMT(to), tag, STR_FMT(id), STR_FMT(cseq));
	put_body(out, body);
}

static void remember_tag(struct call_memory *call, const struct call_message *answer)
{
	struct str to = value(answer, "\r\nTo: ");
	size_t at = str_find_nocase(to, STR(";tag="));

	if (at == to.len)
		abort();
	snprintf(call->tag, sizeof(call->tag), "%.*s", (int)(to.len - at - 5), to.at + at + 5);
}

static void set_flow(struct net_flow *flow, bool phone, uint32_t number)
{
	static const struct net_flow carrier = {.realm = 1, .trusted = TG_TRUST_TRUNK};

	*flow = phone ? (struct net_flow){0} : carrier;
	if (tg_addr_parse(&flow->local, phone ? ACCESS ":5060" : CORE ":5060") < 0
		|| tg_addr_parse(&flow->remote, phone ? "10.0.0.0:5060" : CARRIER ":5060") < 0)
		abort();
	for (unsigned int i = 0; phone && i < 3; i++)
		flow->remote.ip.byte[15 - i] = (uint8_t)(number >> (8 * i));
}

void call_ends_say(struct call_message *out, struct net_flow *flow, struct call_ends *ends,
	struct call_memory *call, enum call_step step)
{
	static const char tag[] = ";tag=as27b249ee";

	out->len = 0;
	set_flow(flow, step == STEP_INVITE || step == STEP_ACK || step == STEP_BYE, call->number);
	switch (step) {
	case STEP_INVITE:
		put_invite(out, call);
		break;
	case STEP_RINGING:
	case STEP_ANSWER:
		must_be(&ends->to_carrier, "INVITE ");
		if (step == STEP_RINGING)
			put_response(out, &ends->to_carrier, "180 Ringing", tag, "");
		else
			put_response(out, &ends->to_carrier, "200 OK", tag, carrier_sdp);
		break;
	case STEP_ACK:
		must_be(&ends->to_phone, "SIP/2.0 200 ");
		remember_tag(call, &ends->to_phone);
		put_request(out, call, "ACK", 1);
		put_body(out, "");
		break;
	case STEP_BYE:
		put_request(out, call, "BYE", 2);
		put_body(out, "");
		break;
	case STEP_BYE_OK:
		must_be(&ends->to_carrier, "BYE ");
		put_response(out, &ends->to_carrier, "200 OK", "", "");
		break;
	case STEP_COUNT:
		abort();
	}
}
