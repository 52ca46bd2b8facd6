// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/msg.h"

#include <setjmp.h>
// osip.h does not include what it needs
#include <sys/time.h>
#include <time.h>

#include <osipparser2/osip_message.h>
#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>

#include "controlplane/sip/lex.h"
#include "controlplane/sip/scan.h"
#include "controlplane/sip/via.h"

#define CSEQ_MAX 0x7fffffffu
#define MAX_FORWARDS_MAX 255
#define ELEMENTS_MAX SIP_HEADERS_MAX // of one list header over all its lines
#define PAD_BYTES 16		     // libosip2 may look behind the end

static const char *const labels[SIP_FAULT_COUNT] = {[SIP_FAULT_NONE] = "none",
#define X(name, text) [SIP_FAULT_##name] = text,
	SIP_FAULTS(X)
#undef X
};

static const struct {
	uint16_t status;
	struct str reason;
} answers[SIP_FAULT_COUNT] = {
#define ANSWER(name, code, text) [SIP_FAULT_##name] = {code, {text, sizeof(text) - 1}}
	ANSWER(START_LINE, 400, "Bad Request Line"),
	ANSWER(VERSION, 505, "Version Not Supported"),
	ANSWER(URI_TOO_LONG, 414, "Request-URI Too Long"),
	ANSWER(URI, 400, "Bad Request-URI"),
	ANSWER(SCHEME, 416, "Unsupported URI Scheme"),
	ANSWER(HEADER_COUNT, 400, "Too Many Headers"),
	ANSWER(HEADER_SYNTAX, 400, "Malformed Header"),
	ANSWER(NO_FROM, 400, "Missing From"),
	ANSWER(NO_TO, 400, "Missing To"),
	ANSWER(NO_CALL_ID, 400, "Missing Call-ID"),
	ANSWER(NO_CSEQ, 400, "Missing CSeq"),
	ANSWER(CSEQ, 400, "Bad CSeq"),
	ANSWER(TAG, 400, "Bad Tag"),
	ANSWER(DUPLICATE, 400, "Duplicate Header"),
	ANSWER(MAX_FORWARDS, 400, "Bad Max-Forwards"),
	ANSWER(CONTENT_LENGTH, 400, "Bad Content-Length"),
	ANSWER(CONTACT, 400, "Bad Contact"),
	ANSWER(PARSER, 400, "Bad Request"),
	ANSWER(MEMORY, 513, "Message Too Large"),
#undef ANSWER
};

const char *sip_fault_label(enum sip_fault fault)
{
	return labels[fault];
}

uint16_t sip_fault_status(enum sip_fault fault, struct str *reason)
{
	*reason = answers[fault].reason;
	return answers[fault].status;
}

const struct sip_hdr *sip_msg_header(const struct sip_msg *msg, enum sip_hdr_id id)
{
	for (unsigned int i = 0; i < msg->hdr_count; i++) {
		if (msg->hdr[i].id == id)
			return &msg->hdr[i];
	}
	return NULL;
}

struct sip_list sip_list_of(const struct sip_msg *msg, enum sip_hdr_id id)
{
	return (struct sip_list){.msg = msg, .id = id};
}

bool sip_list_next(struct str *element, struct sip_list *list)
{
	while (!sip_hdr_next(element, &list->rest)) {
		const struct sip_hdr *hdr;

		if (list->line == list->msg->hdr_count)
			return false;
		hdr = &list->msg->hdr[list->line++];
		if (hdr->id == list->id)
			list->rest = hdr->value;
	}
	return true;
}

struct str sip_msg_first(const struct sip_msg *msg, enum sip_hdr_id id)
{
	struct sip_list list = sip_list_of(msg, id);
	struct str element;

	return sip_list_next(&element, &list) ? element : STR_NONE;
}

bool sip_msg_has_token(const struct sip_msg *msg, enum sip_hdr_id id, struct str token)
{
	struct sip_list list = sip_list_of(msg, id);
	struct str element;

	while (sip_list_next(&element, &list)) {
		if (str_equal_nocase(element, token))
			return true;
	}
	return false;
}

static unsigned int count_lines(const struct sip_msg *m, enum sip_hdr_id id)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m->hdr_count; i++)
		n += m->hdr[i].id == id;
	return n;
}

static unsigned int count_elements(const struct sip_msg *m, enum sip_hdr_id id)
{
	struct sip_list list = sip_list_of(m, id);
	struct str element;
	unsigned int n = 0;

	while (sip_list_next(&element, &list))
		n++;
	return n;
}

static bool is_version(struct str s)
{
	return str_equal_nocase(s, STR("SIP/2.0"));
}

// RFC 3261 §7.2; the space before an empty reason phrase may be missing
static enum sip_fault read_status_line(struct sip_msg *m, struct str line)
{
	struct str rest = line;
	struct str version = str_cut(&rest, ' ');
	struct str code = str_cut(&rest, ' ');
	uint64_t status;

	m->reason = rest;
	if (!is_version(version))
		return SIP_FAULT_VERSION;
	if (code.len != 3 || str_to_u64(&status, code, 699) < 0 || status < 100)
		return SIP_FAULT_STATUS;
	m->status = (uint16_t)status;
	return SIP_FAULT_NONE;
}

static enum sip_fault read_uri(struct sip_msg *m, struct str text)
{
	if (text.len > SIP_URI_BYTES_MAX)
		return SIP_FAULT_URI_TOO_LONG;
	if (sip_uri_parse(&m->uri, text) < 0)
		return SIP_FAULT_URI;
	if (m->uri.scheme == SIP_SCHEME_OTHER && !str_starts_nocase(text, STR("urn:service:")))
		return SIP_FAULT_SCHEME;
	// RFC 3261 §19.1.1: no headers in a Request-URI
	return str_is_none(m->uri.headers) ? SIP_FAULT_NONE : SIP_FAULT_URI;
}

// RFC 3261 §7.1: exactly one SP between the three
static enum sip_fault read_request_line(struct sip_msg *m, struct str line)
{
	struct str rest = line;
	struct str uri;

	m->method_name = str_cut(&rest, ' ');
	m->method = sip_method_parse(m->method_name);
	uri = str_cut(&rest, ' ');
	if (!str_starts_nocase(rest, STR("SIP/")) || str_index(rest, ' ') < rest.len)
		return SIP_FAULT_START_LINE;
	if (!is_version(rest))
		return SIP_FAULT_VERSION;
	return read_uri(m, uri);
}

static enum sip_fault read_start_line(struct sip_msg *m, struct str line)
{
	m->is_request = !str_starts_nocase(line, STR("SIP/"));
	return m->is_request ? read_request_line(m, line) : read_status_line(m, line);
}

static enum sip_fault read_via(struct sip_msg *m)
{
	m->via_count = count_elements(m, SIP_HDR_VIA);
	if (m->via_count == 0)
		return SIP_FAULT_NO_VIA;
	if (sip_via_parse(&m->via, sip_msg_first(m, SIP_HDR_VIA)) < 0
		|| !str_equal(m->via.version, STR("2.0")))
		return SIP_FAULT_VIA;
	return m->via_count > SIP_VIAS_MAX ? SIP_FAULT_HEADER_COUNT : SIP_FAULT_NONE;
}

// RFC 3261 §19.3; a tag without value crashes libosip2's dialog matching (C59)
static bool is_tag(struct str tag)
{
	return str_is_none(tag)
		|| (tag.len > 0 && tag.len <= SIP_TAG_BYTES_MAX && str_index(tag, ' ') == tag.len
			&& str_index(tag, '"') == tag.len);
}

static enum sip_fault read_address(
	struct sip_name_addr *out, struct str *tag, const struct sip_hdr *hdr)
{
	if (sip_name_addr_parse(out, hdr->value) < 0)
		return SIP_FAULT_HEADER_SYNTAX;
	*tag = sip_param(out->params, "tag");
	return is_tag(*tag) ? SIP_FAULT_NONE : SIP_FAULT_TAG;
}

static enum sip_fault read_from(struct sip_msg *m)
{
	const struct sip_hdr *hdr = sip_msg_header(m, SIP_HDR_FROM);

	return hdr != NULL ? read_address(&m->from, &m->from_tag, hdr) : SIP_FAULT_NO_FROM;
}

static enum sip_fault read_to(struct sip_msg *m)
{
	const struct sip_hdr *hdr = sip_msg_header(m, SIP_HDR_TO);

	return hdr != NULL ? read_address(&m->to, &m->to_tag, hdr) : SIP_FAULT_NO_TO;
}

static enum sip_fault read_call_id(struct sip_msg *m)
{
	const struct sip_hdr *hdr = sip_msg_header(m, SIP_HDR_CALL_ID);

	if (hdr == NULL)
		return SIP_FAULT_NO_CALL_ID;
	if (hdr->value.len == 0 || hdr->value.len > SIP_CALL_ID_BYTES_MAX
		|| str_index(hdr->value, ' ') < hdr->value.len)
		return SIP_FAULT_HEADER_SYNTAX;
	m->call_id = hdr->value;
	return SIP_FAULT_NONE;
}

// RFC 3261 §8.1.1.5, §20.16: below 2^31, and of the request's method
static enum sip_fault read_cseq(struct sip_msg *m)
{
	const struct sip_hdr *hdr = sip_msg_header(m, SIP_HDR_CSEQ);
	struct str digits, method;
	uint64_t number;
	size_t end = 0;

	if (hdr == NULL)
		return SIP_FAULT_NO_CSEQ;
	while (end < hdr->value.len && hdr->value.at[end] >= '0' && hdr->value.at[end] <= '9')
		end++;
	digits = str_of(hdr->value.at, end);
	method = str_of(hdr->value.at + end, hdr->value.len - end);
	if (str_to_u64(&number, digits, CSEQ_MAX) < 0 || str_trim(method).len == method.len)
		return SIP_FAULT_CSEQ;
	method = str_trim(method);
	if (!sip_is_token(method) || (m->is_request && !str_equal(method, m->method_name)))
		return SIP_FAULT_CSEQ;
	m->cseq = (uint32_t)number;
	if (!m->is_request) {
		m->method_name = method;
		m->method = sip_method_parse(method);
	}
	return SIP_FAULT_NONE;
}

static enum sip_fault read_max_forwards(struct sip_msg *m)
{
	const struct sip_hdr *hdr = sip_msg_header(m, SIP_HDR_MAX_FORWARDS);
	uint64_t hops;

	if (hdr == NULL || !m->is_request)
		return SIP_FAULT_NONE;
	if (str_to_u64(&hops, hdr->value, MAX_FORWARDS_MAX) < 0)
		return SIP_FAULT_MAX_FORWARDS;
	m->max_forwards = (int)hops;
	return SIP_FAULT_NONE;
}

static enum sip_fault read_contact(struct sip_msg *m)
{
	struct str element = sip_msg_first(m, SIP_HDR_CONTACT);
	struct sip_name_addr contact;

	if (str_is_none(element))
		return SIP_FAULT_NONE;
	if (str_equal(element, STR("*"))) {
		m->contact = element;
		return m->method == SIP_REGISTER ? SIP_FAULT_NONE : SIP_FAULT_CONTACT;
	}
	if (sip_name_addr_parse(&contact, element) < 0)
		return SIP_FAULT_CONTACT;
	m->contact = contact.uri;
	return SIP_FAULT_NONE;
}

// RFC 3261 §18.3 for datagrams (A8)
static enum sip_fault read_content(struct sip_msg *m)
{
	const struct sip_hdr *length = sip_msg_header(m, SIP_HDR_CONTENT_LENGTH);
	const struct sip_hdr *type = sip_msg_header(m, SIP_HDR_CONTENT_TYPE);
	uint64_t bytes;

	if (type != NULL)
		m->content_type = type->value;
	if (length == NULL)
		return SIP_FAULT_NONE;
	if (str_to_u64(&bytes, length->value, m->body.len) < 0)
		return SIP_FAULT_CONTENT_LENGTH;
	m->body.len = bytes;
	return SIP_FAULT_NONE;
}

static enum sip_fault check_once(struct sip_msg *m)
{
	static const enum sip_hdr_id once[] = {SIP_HDR_FROM, SIP_HDR_TO, SIP_HDR_CALL_ID,
		SIP_HDR_CSEQ, SIP_HDR_CONTENT_LENGTH, SIP_HDR_MAX_FORWARDS, SIP_HDR_CONTENT_TYPE,
		SIP_HDR_REFER_TO, SIP_HDR_REPLACES}; // RFC 3515 §2.4.2, RFC 3891 §3

	for (size_t i = 0; i < sizeof(once) / sizeof(once[0]); i++) {
		if (count_lines(m, once[i]) > 1)
			return SIP_FAULT_DUPLICATE;
	}
	return SIP_FAULT_NONE;
}

static enum sip_fault check_lists(struct sip_msg *m)
{
	static const enum sip_hdr_id lists[] = {
		SIP_HDR_CONTACT, SIP_HDR_ROUTE, SIP_HDR_RECORD_ROUTE};

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (count_elements(m, lists[i]) > ELEMENTS_MAX)
			return SIP_FAULT_HEADER_COUNT;
	}
	return SIP_FAULT_NONE;
}

// libosip2 allocates from the arena of the message that this thread parses. What it takes is never
// given back singly; when the arena is used up, parsing is left by longjmp, for libosip2 does not
// look at every allocation.
static _Thread_local struct {
	struct arena *arena;
	jmp_buf *used_up;
} parsing;

static void *take(size_t bytes)
{
	void *block = arena_alloc(parsing.arena, bytes);

	if (block == NULL)
		longjmp(*parsing.used_up, 1);
	return block;
}

static void *take_again(void *old, size_t bytes)
{
	void *block = arena_realloc(parsing.arena, old, bytes);

	if (block == NULL)
		longjmp(*parsing.used_up, 1);
	return block;
}

static void give_back(void * /*block*/)
{
}

void sip_msg_setup(void)
{
	parser_init();
	osip_trace_initialize(TRACE_LEVEL0, NULL);
	for (int level = TRACE_LEVEL0; level < END_TRACE_LEVEL; level++)
		osip_trace_disable_level((osip_trace_level_t)level);
	osip_set_allocators(take, take_again, give_back);
}

// The headers whose grammar libosip2 judges. It drops bad ones of the others in silence, and splits
// bodies; neither is of use here.
static bool is_judged(enum sip_hdr_id id)
{
	static const bool judged[SIP_HDR_COUNT] = {
		[SIP_HDR_CALL_ID] = true,
		[SIP_HDR_CONTACT] = true,
		[SIP_HDR_CSEQ] = true,
		[SIP_HDR_FROM] = true,
		[SIP_HDR_RECORD_ROUTE] = true,
		[SIP_HDR_ROUTE] = true,
		[SIP_HDR_TO] = true,
		[SIP_HDR_VIA] = true,
	};

	return judged[id];
}

// libosip2 walks each list to its end for every parameter: 64 kB of them took it a second (A34).
static bool has_few_params(struct str value)
{
	unsigned int count = 0;

	for (size_t i = 0; i < value.len && count <= SIP_PARAMS_MAX; i++) {
		if (value.at[i] == ',')
			count = 0;
		else if (value.at[i] == ';' || value.at[i] == '&')
			count++;
	}
	return count <= SIP_PARAMS_MAX;
}

static bool is_bounded(const struct sip_msg *m)
{
	for (unsigned int i = 0; i < m->hdr_count; i++) {
		if (is_judged(m->hdr[i].id) && !has_few_params(m->hdr[i].value))
			return false;
	}
	return true;
}

// What libosip2 is shown: clean lines, long names, no body, and NULs behind.
static struct str write_for_parser(const struct sip_msg *m, struct arena *arena)
{
	size_t cap = m->raw.len + 16 * (m->hdr_count + 1) + PAD_BYTES;
	struct strbuf b = strbuf_on(arena_alloc(arena, cap), cap);

	if (b.at == NULL)
		return STR_NONE;
	if (m->is_request) {
		strbuf_put(&b, m->method_name);
		strbuf_put_char(&b, ' ');
		strbuf_put(&b, m->uri.text);
		strbuf_put(&b, STR(" SIP/2.0\r\n"));
	} else {
		strbuf_put(&b, STR("SIP/2.0 "));
		strbuf_put_u64(&b, m->status);
		strbuf_put(&b, STR(" -\r\n"));
	}
	for (unsigned int i = 0; i < m->hdr_count; i++) {
		if (!is_judged(m->hdr[i].id))
			continue;
		strbuf_put(&b, sip_hdr_name(m->hdr[i].id));
		strbuf_put(&b, STR(": "));
		strbuf_put(&b, m->hdr[i].value);
		strbuf_put(&b, STR("\r\n"));
	}
	strbuf_put(&b, STR("\r\n"));
	if (b.failed || b.cap - b.len < PAD_BYTES)
		return STR_NONE;
	memset(b.at + b.len, 0, PAD_BYTES);
	return strbuf_str(&b);
}

// libosip2 leaves out what it does not understand: then the lists have other lengths than ours.
static bool is_complete(const osip_message_t *parsed, const struct sip_msg *m)
{
	return (m->is_request ? parsed->req_uri != NULL : parsed->status_code == m->status)
		&& parsed->from != NULL && parsed->to != NULL && parsed->call_id != NULL
		&& parsed->cseq != NULL && osip_list_size(&parsed->vias) == (int)m->via_count
		&& osip_list_size(&parsed->contacts) == (int)count_elements(m, SIP_HDR_CONTACT)
		&& osip_list_size(&parsed->routes) == (int)count_elements(m, SIP_HDR_ROUTE)
		&& osip_list_size(&parsed->record_routes)
		== (int)count_elements(m, SIP_HDR_RECORD_ROUTE);
}

static enum sip_fault judge(const struct sip_msg *m, struct arena *arena)
{
	struct str text;
	osip_message_t *parsed;
	jmp_buf used_up;

	if (!is_bounded(m))
		return SIP_FAULT_HEADER_COUNT;
	text = write_for_parser(m, arena);
	if (str_is_none(text))
		return SIP_FAULT_MEMORY;
	parsing.arena = arena;
	parsing.used_up = &used_up;
	if (setjmp(used_up) != 0)
		return SIP_FAULT_MEMORY;
	if (osip_message_init(&parsed) != 0 || osip_message_parse(parsed, text.at, text.len) != 0)
		return SIP_FAULT_PARSER;
	return is_complete(parsed, m) ? SIP_FAULT_NONE : SIP_FAULT_PARSER;
}

enum sip_fault sip_msg_parse(struct sip_msg *out, struct arena *arena, struct str datagram)
{
	static enum sip_fault (*const steps[])(struct sip_msg *) = {read_via, read_from, read_to,
		read_call_id, check_once, read_cseq, read_max_forwards, read_contact, check_lists,
		read_content};
	enum sip_fault first, scanned;
	struct sip_scan scan;

	*out = (struct sip_msg){.raw = datagram, .max_forwards = -1};
	scanned = sip_scan(&scan, arena, datagram);
	if (scanned == SIP_FAULT_NOT_SIP || scanned == SIP_FAULT_MEMORY)
		return scanned;
	out->hdr = scan.hdr;
	out->hdr_count = scan.hdr_count;
	out->body = scan.rest;
	first = read_start_line(out, scan.line);
	if (first == SIP_FAULT_NONE)
		first = scanned;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		enum sip_fault fault = steps[i](out);

		if (first == SIP_FAULT_NONE)
			first = fault;
	}
	return first != SIP_FAULT_NONE ? first : judge(out, arena);
}

enum sip_fault sip_msg_parse_framed(struct sip_msg *out, struct arena *arena, struct str message)
{
	enum sip_fault fault = sip_msg_parse(out, arena, message);

	if (fault == SIP_FAULT_NONE && sip_msg_header(out, SIP_HDR_CONTENT_LENGTH) == NULL)
		return SIP_FAULT_CONTENT_LENGTH;
	return fault;
}

// The headers lie in the arena of the message, which is ours.
void sip_msg_spend(const struct sip_msg *msg, const struct sip_hdr *hdr)
{
	struct sip_hdr *own = (struct sip_hdr *)(uintptr_t)msg->hdr;

	own[hdr - msg->hdr].is_spent = true;
}
