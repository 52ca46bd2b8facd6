// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/body.h"

#include "controlplane/sip/hdr.h"
#include "controlplane/sip/uri.h"

#define DEPTH_MAX 2 // parts, and parts of a part

struct part {
	struct str type;
	struct str disposition;
	struct str encoding; // Content-Encoding
	struct str transfer; // Content-Transfer-Encoding
	struct str length;
	struct str body;
	bool has_body; // an empty line ends its headers
};

struct finder {
	struct part sdp;
	unsigned int sdp_count;
	unsigned int part_count;
	bool is_opaque;
};

// ---- lines

// With its end.
static struct str next_line(struct str *rest)
{
	const char *end = memchr(rest->at, '\n', rest->len);
	size_t len = end != NULL ? (size_t)(end - rest->at) + 1 : rest->len;
	struct str line = str_of(rest->at, len);

	*rest = str_of(rest->at + len, rest->len - len);
	return line;
}

// A CR alone ends no line.
static struct str without_end(struct str line)
{
	if (line.len == 0 || line.at[line.len - 1] != '\n')
		return line;
	line.len--;
	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool is_folded(struct str rest)
{
	return rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t');
}

// ---- one part

static struct str *member(struct part *part, struct str name)
{
	const struct {
		struct str name;
		struct str *value;
	} members[] = {
		{STR("Content-Type"), &part->type},
		{STR("Content-Disposition"), &part->disposition},
		{STR("Content-Encoding"), &part->encoding},
		{STR("Content-Transfer-Encoding"), &part->transfer},
		{STR("Content-Length"), &part->length},
	};
	enum sip_hdr_id id = sip_hdr_parse(name);

	if (id != SIP_HDR_OTHER)
		name = sip_hdr_name(id);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		if (str_equal_nocase(name, members[i].name))
			return members[i].value;
	}
	return NULL;
}

// From behind one delimiter to before the next.
static struct part read_part(struct str text)
{
	struct part part = {0};

	while (text.len > 0) {
		struct str line = without_end(next_line(&text)), value, name, *out;

		part.has_body = line.len == 0;
		if (part.has_body)
			break;

		while (is_folded(text)) {
			struct str more = without_end(next_line(&text));

			line.len = (size_t)(more.at - line.at) + more.len;
		}
		value = line;
		name = str_trim(str_cut(&value, ':'));
		out = member(&part, name);
		if (out != NULL && !str_is_none(value))
			*out = str_trim(value);
	}
	part.body = text;
	return part;
}

static struct str before_params(struct str value)
{
	return str_trim(str_cut(&value, ';'));
}

static bool is_one_of(struct str s, const char *a, const char *b, const char *c)
{
	return str_is_none(s) || str_equal_nocase(s, str_from(a))
		|| str_equal_nocase(s, str_from(b)) || str_equal_nocase(s, str_from(c));
}

static bool is_plain(const struct part *part)
{
	return is_one_of(part->encoding, "", "identity", "")
		&& is_one_of(part->transfer, "7bit", "8bit", "binary");
}

// ---- several parts

struct delimiter {
	struct str before; // what it ends
	bool is_last;
};

// `--boundary`, perhaps `--`, then at most white space.
static bool is_delimiter(struct delimiter *out, struct str line, struct str boundary)
{
	line = without_end(line);
	if (line.len < boundary.len + 2 || memcmp(line.at, "--", 2) != 0
		|| memcmp(line.at + 2, boundary.at, boundary.len) != 0)
		return false;
	line = str_of(line.at + 2 + boundary.len, line.len - 2 - boundary.len);
	out->is_last = line.len >= 2 && memcmp(line.at, "--", 2) == 0;
	if (out->is_last)
		line = str_of(line.at + 2, line.len - 2);
	return str_trim(line).len == 0;
}

// Leaves in *rest what is behind it. The line end before it is its own (RFC 2046 §5.1.1).
static bool next_delimiter(struct delimiter *out, struct str *rest, struct str boundary)
{
	struct str all = *rest;

	while (rest->len > 0) {
		struct str line = next_line(rest);

		if (!is_delimiter(out, line, boundary))
			continue;
		out->before = without_end(str_of(all.at, (size_t)(line.at - all.at)));
		return true;
	}
	return false;
}

// The value of boundary without its quotes; none when there is no usable one.
static struct str boundary_of(struct str type)
{
	struct str params = type, value;

	str_cut(&params, ';');
	value = sip_param(params, "boundary");
	if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
		value = str_of(value.at + 1, value.len - 2);
	if (value.len == 0 || value.len > SIP_BOUNDARY_BYTES || str_index(value, '"') < value.len
		|| str_index(value, '\\') < value.len)
		return STR_NONE;
	return value;
}

static void judge(struct finder *f, const struct part *part, unsigned int depth, bool is_sealed);

static void walk(struct finder *f, const struct part *whole, unsigned int depth, bool is_sealed)
{
	struct str boundary = boundary_of(whole->type);
	struct str rest = whole->body;
	struct delimiter d;

	if (str_is_none(boundary) || !next_delimiter(&d, &rest, boundary)) {
		f->is_opaque = true;
		return;
	}
	while (!d.is_last && !f->is_opaque) {
		struct str begin = rest;
		struct part part;

		// who forgot the last delimiter means all that is left
		if (!next_delimiter(&d, &rest, boundary))
			d = (struct delimiter){.before = begin, .is_last = true};
		part = read_part(d.before);
		if (++f->part_count > SIP_BODY_PARTS_MAX)
			f->is_opaque = true;
		else
			judge(f, &part, depth, is_sealed);
	}
}

// RFC 8551 §3: what is signed must not be changed, what is enveloped cannot be read.
static bool seals(struct str type)
{
	return str_equal_nocase(type, STR("multipart/signed"))
		|| str_equal_nocase(type, STR("multipart/encrypted"));
}

static bool is_ciphered(struct str type)
{
	return str_equal_nocase(type, STR("application/pkcs7-mime"))
		|| str_equal_nocase(type, STR("application/x-pkcs7-mime"));
}

static void judge(struct finder *f, const struct part *part, unsigned int depth, bool is_sealed)
{
	struct str type = before_params(part->type);

	if (is_ciphered(type)) {
		f->is_opaque = true;
	} else if (str_starts_nocase(type, STR("multipart/"))) {
		if (depth == DEPTH_MAX || !is_plain(part))
			f->is_opaque = true;
		else
			walk(f, part, depth + 1, is_sealed || seals(type));
	} else if (str_equal_nocase(type, STR("application/sdp"))) {
		f->sdp_count++;
		f->sdp = *part;
		// RFC 3959: an offer of its own
		f->is_opaque |= f->sdp_count > 1 || is_sealed || !is_plain(part) || !part->has_body
			|| str_equal_nocase(before_params(part->disposition), STR("early-session"));
	}
}

static struct str value_of(const struct sip_msg *msg, enum sip_hdr_id id)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, id);

	return hdr != NULL ? hdr->value : STR_NONE;
}

static enum sip_body find(struct finder *f, const struct sip_msg *msg)
{
	struct part whole = {.type = msg->content_type, .body = msg->body, .has_body = true};

	*f = (struct finder){0};
	if (msg->body.len == 0)
		return SIP_BODY_NONE;
	whole.disposition = value_of(msg, SIP_HDR_CONTENT_DISPOSITION);
	whole.encoding = value_of(msg, SIP_HDR_CONTENT_ENCODING);
	judge(f, &whole, 0, false);
	if (f->is_opaque || !is_plain(&whole))
		return SIP_BODY_OPAQUE;
	return f->sdp_count != 0 ? SIP_BODY_SDP : SIP_BODY_OTHER;
}

enum sip_body sip_body_kind(const struct sip_msg *msg)
{
	struct finder f;

	return find(&f, msg);
}

struct str sip_body_sdp(const struct sip_msg *msg)
{
	struct finder f;

	return find(&f, msg) == SIP_BODY_SDP ? f.sdp.body : STR_NONE;
}

bool sip_body_is_sdp(const struct sip_msg *msg)
{
	struct finder f;

	return find(&f, msg) == SIP_BODY_SDP && f.part_count == 0;
}

static bool has_parts_with_sdp(struct finder *f, const struct sip_msg *msg)
{
	return find(f, msg) == SIP_BODY_SDP && f->part_count != 0;
}

// From *at up to s; *at goes behind it.
static void put_up_to(struct strbuf *b, const char **at, struct str s)
{
	strbuf_put(b, str_of(*at, (size_t)(s.at - *at)));
	*at = s.at + s.len;
}

void sip_body_write(struct strbuf *b, const struct sip_msg *msg, struct str sdp)
{
	const char *at = msg->body.at;
	struct finder f;

	if (!has_parts_with_sdp(&f, msg)) {
		strbuf_put(b, sdp);
		return;
	}
	if (f.sdp.length.len > 0) {
		put_up_to(b, &at, f.sdp.length);
		strbuf_put_u64(b, sdp.len);
	}
	put_up_to(b, &at, f.sdp.body);
	strbuf_put(b, sdp);
	put_up_to(b, &at, str_of(msg->body.at + msg->body.len, 0));
}

struct str sip_body_type(const struct sip_msg *msg)
{
	struct finder f;

	return has_parts_with_sdp(&f, msg) ? msg->content_type : STR("application/sdp");
}

bool sip_body_is_optional(const struct sip_msg *msg)
{
	struct str disposition = value_of(msg, SIP_HDR_CONTENT_DISPOSITION);

	return str_equal_nocase(sip_param(disposition, "handling"), STR("optional"));
}

static bool is_range_with_sdp(struct str range)
{
	struct str type = before_params(range);

	return str_equal_nocase(type, STR("application/sdp"))
		|| str_equal_nocase(type, STR("application/*"))
		|| str_equal_nocase(type, STR("*/*"));
}

// RFC 3261 §25.1: qvalue
static bool is_zero(struct str q)
{
	for (size_t i = 0; i < q.len; i++) {
		if (q.at[i] != '0' && q.at[i] != '.')
			return false;
	}
	return q.len > 0;
}

bool sip_body_accepts_sdp(const struct sip_msg *msg)
{
	struct sip_list list = sip_list_of(msg, SIP_HDR_ACCEPT);
	struct str range;

	while (sip_list_next(&range, &list)) {
		struct str params = range;

		str_cut(&params, ';');
		if (is_range_with_sdp(range) && !is_zero(sip_param(params, "q")))
			return true;
	}
	return sip_msg_header(msg, SIP_HDR_ACCEPT) == NULL;
}
