// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/cross.h"

#include <errno.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/dialog_info.h"
#include "controlplane/call/mwi.h"
#include "controlplane/call/refer.h"

struct job {
	struct cross *out;
	struct strbuf b; // on out->text
	const struct call *call;
	const struct leg *from, *to;
	const struct sip_msg *msg;
	struct tg_addr host; // our own, as the other side knows it
};

static void fail(struct job *job, const char *fault)
{
	if (job->out->fault == NULL)
		job->out->fault = fault;
}

// What was written since begin is the value of that header.
static void add(struct job *job, enum sip_hdr_id id, size_t begin)
{
	struct cross *out = job->out;

	if (out->extra_count == CROSS_HEADERS_MAX || job->b.len == begin)
		return;
	out->extra[out->extra_count++] = (struct sip_extra){
		id, str_of(job->b.at + begin, job->b.len - begin)};
}

// ---- the dialogs that Replaces names

static bool is_in(const struct leg *leg, const char *realm)
{
	return leg != NULL && strcmp(leg->realm->name, realm) == 0;
}

bool cross_dialog_names(void *arg, struct dialog_info_names *names)
{
	const struct cross_sides *sides = arg;
	const struct engine *engine = sides->engine;
	const struct leg *leg = leg_named(
		engine, names->call_id, names->remote_tag, names->local_tag);
	bool is_at_far_end = leg != NULL;
	const struct leg *other;

	if (!is_at_far_end)
		leg = leg_named(engine, names->call_id, names->local_tag, names->remote_tag);
	other = leg != NULL ? leg_other(leg) : NULL;
	if (!is_in(leg, sides->from) || !is_in(other, sides->to)
		|| other->dialog.remote_tag.len == 0)
		return false;
	*names = (struct dialog_info_names){
		.call_id = other->dialog.call_id,
		.local_tag = is_at_far_end ? other->dialog.local_tag : other->dialog.remote_tag,
		.remote_tag = is_at_far_end ? other->dialog.remote_tag : other->dialog.local_tag,
	};
	return true;
}

const struct leg *cross_translate(struct sip_replaces *replaces, const struct leg *from)
{
	const struct leg *leg = leg_named(
		from->call->engine, replaces->call_id, replaces->to_tag, replaces->from_tag);
	const struct leg *other = is_in(leg, from->realm->name) ? leg_other(leg) : NULL;

	if (other == NULL || other->dialog.remote_tag.len == 0)
		return NULL;
	replaces->call_id = other->dialog.call_id;
	replaces->to_tag = other->dialog.remote_tag;
	replaces->from_tag = other->dialog.local_tag;
	return other;
}

static void put_replaces(struct job *job, struct str headers)
{
	char text[CROSS_REPLACES_BYTES], mapped[CROSS_REPLACES_BYTES];
	struct strbuf said = strbuf_on(text, sizeof(text)), b = strbuf_on(mapped, sizeof(mapped));
	struct sip_replaces r;

	if (!sip_uri_header(&said, headers, "Replaces"))
		return;
	if (said.failed || sip_replaces_parse(&r, strbuf_str(&said)) < 0) {
		fail(job, "Replaces cannot be read");
	} else if (cross_translate(&r, job->from) == NULL) {
		fail(job, "Replaces names no dialog");
	} else {
		sip_replaces_write(&b, &r);
		strbuf_put(&job->b, STR("?Replaces="));
		sip_uri_escape(&job->b, strbuf_str(&b));
		job->b.failed |= b.failed;
	}
}

// ---- headers

static bool read_uri(struct sip_uri *uri, struct sip_name_addr *name, struct str value)
{
	return sip_name_addr_parse(name, value) == 0 && sip_uri_parse(uri, name->uri) == 0
		&& uri->scheme != SIP_SCHEME_OTHER;
}

static void cross_refer_to(struct job *job, const struct sip_hdr *hdr)
{
	size_t begin = job->b.len;
	struct sip_uri uri;

	// the answer to another request than INVITE would come by a way we do not know
	if (sip_refer_to_parse(&uri, hdr->value) < 0) {
		fail(job, "Refer-To is not to be called");
		return;
	}
	strbuf_put_char(&job->b, '<');
	identity_put_target(&job->b, &uri, &job->host);
	put_replaces(job, uri.headers);
	strbuf_put_char(&job->b, '>');
	add(job, SIP_HDR_REFER_TO, begin);
}

static void cross_referred_by(struct job *job, const struct sip_hdr *hdr)
{
	size_t begin = job->b.len;
	struct sip_name_addr name;
	struct sip_uri uri;

	if (!read_uri(&uri, &name, hdr->value))
		return; // better none than one that names a host
	name.display = STR_NONE;
	identity_put_name(&job->b, &name, &job->host);
	add(job, SIP_HDR_REFERRED_BY, begin);
}

static void cross_event(struct job *job, const struct sip_hdr * /*hdr*/)
{
	uint32_t id = sip_refer_id(job->msg);
	size_t begin = job->b.len;

	if (id == 0 || !sip_is_refer_event(job->msg))
		return;
	strbuf_put(&job->b, STR("refer;id="));
	strbuf_put_u64(&job->b, refer_id(job->call, job->from, id));
	add(job, SIP_HDR_EVENT, begin);
}

static void cross_tags(struct job *job, const struct sip_hdr *hdr)
{
	static const struct str tags[] = {{"norefersub", 10}, {"replaces", 8}};
	size_t begin = job->b.len;

	if (job->msg->method != SIP_REFER)
		return;
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (!sip_msg_has_token(job->msg, hdr->id, tags[i]))
			continue;
		strbuf_put(&job->b, job->b.len > begin ? STR(", ") : STR(""));
		strbuf_put(&job->b, tags[i]);
	}
	add(job, hdr->id, begin);
}

// ---- the body

static void cross_sipfrag(struct job *job)
{
	const struct sip_msg *msg = job->msg;
	size_t begin = job->b.len;
	struct str phrase;
	uint16_t status;

	if (!str_starts_nocase(msg->content_type, SIP_SIPFRAG) || msg->body.len == 0)
		return;
	status = sip_sipfrag_status(&phrase, msg->body);
	phrase = identity_phrase(phrase);
	job->out->body_type = msg->content_type;
	if (status != 0) {
		strbuf_put(&job->b, STR("SIP/2.0 "));
		strbuf_put_u64(&job->b, status);
		strbuf_put_char(&job->b, ' ');
		strbuf_put(&job->b, str_is_none(phrase) ? sip_reason_phrase(status) : phrase);
		strbuf_put(&job->b, STR("\r\n"));
	}
	job->out->body = str_of(job->b.at + begin, job->b.len - begin);
}

int cross_event_body(struct str *out, const struct sip_msg *msg, struct cross_sides *sides)
{
	struct engine *engine = sides->engine;
	struct strbuf b = strbuf_on(engine->body, sizeof(engine->body));
	struct dialog_info_map map = {cross_dialog_names, sides, sides->host};

	if (msg->body.len == 0)
		return 0;
	if (str_starts_nocase(msg->content_type, MESSAGE_SUMMARY))
		mwi_write(&b, msg->body, &sides->host);
	else if (!str_starts_nocase(msg->content_type, DIALOG_INFO))
		return 0;
	else if (!dialog_info_write(&b, msg->body, &map))
		return -EBADMSG;
	*out = strbuf_str(&b);
	return b.failed ? -EMSGSIZE : 0;
}

static void cross_body(struct job *job)
{
	struct cross_sides sides = {
		job->call->engine, job->from->realm->name, job->to->realm->name, job->host};
	struct str told = STR_NONE;
	int rc = cross_event_body(&told, job->msg, &sides);

	if (rc == -EBADMSG)
		fail(job, "dialog-info cannot be read");
	job->b.failed |= rc == -EMSGSIZE;
	if (str_is_none(told))
		return;
	job->out->body_type = job->msg->content_type;
	job->out->body = told;
}

static const struct {
	enum sip_hdr_id id;
	void (*write)(struct job *job, const struct sip_hdr *hdr);
} headers[] = {
	{SIP_HDR_REFER_TO, cross_refer_to},
	{SIP_HDR_REFERRED_BY, cross_referred_by},
	{SIP_HDR_EVENT, cross_event},
	{SIP_HDR_REQUIRE, cross_tags},
	{SIP_HDR_SUPPORTED, cross_tags},
};

void cross_request(struct cross *out, const struct call *call, const struct leg *from,
	const struct leg *to, const struct sip_msg *msg)
{
	struct job job = {.out = out, .call = call, .from = from, .to = to, .msg = msg};

	out->extra_count = 0;
	out->body_type = out->body = STR_NONE;
	out->fault = NULL;
	job.b = strbuf_on(out->text, sizeof(out->text));
	engine_advertised(call->engine, &to->dialog.flow, &job.host);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		const struct sip_hdr *hdr = sip_msg_header(msg, headers[i].id);

		if (hdr != NULL)
			headers[i].write(&job, hdr);
	}
	cross_sipfrag(&job);
	cross_body(&job);
	if (job.b.failed)
		fail(&job, "headers too long");
}
