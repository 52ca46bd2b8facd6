// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/dialog_info.h"

#include <ctype.h>
#include <inttypes.h>

#include "controlplane/call/call_int.h"

#define SDP_ELEMENT STR("session-description")
#define NAME_BYTES 256 // longer names are of no dialog of ours

// What the text between two tags is.
enum text {
	TEXT_PLAIN,
	TEXT_URI,
	TEXT_HIDDEN, // until its element ends
};

struct scan {
	struct strbuf *b;
	struct str rest;
	const struct dialog_info_map *map;
	enum text text;
};

struct attribute {
	struct str before; // blanks, name, '=' and quote
	struct str name, value;
	struct str after; // the quote
};

enum part {
	PART_CALL_ID,
	PART_LOCAL_TAG,
	PART_REMOTE_TAG,
	PART_URI,
	PART_OTHER,
};

static const struct {
	struct str element, attribute;
	enum part part;
} parts[] = {
	{{"dialog", 6}, {"call-id", 7}, PART_CALL_ID},
	{{"dialog", 6}, {"local-tag", 9}, PART_LOCAL_TAG},
	{{"dialog", 6}, {"remote-tag", 10}, PART_REMOTE_TAG},
	{{"replaces", 8}, {"call-id", 7}, PART_CALL_ID},
	{{"replaces", 8}, {"local-tag", 9}, PART_LOCAL_TAG},
	{{"replaces", 8}, {"remote-tag", 10}, PART_REMOTE_TAG},
	{{"dialog-info", 11}, {"entity", 6}, PART_URI},
	{{"target", 6}, {"uri", 3}, PART_URI},
};

static enum part part_of(struct str element, struct str attribute)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (str_equal(element, parts[i].element)
			&& str_equal(attribute, parts[i].attribute))
			return parts[i].part;
	}
	return PART_OTHER;
}

static enum text text_of(struct str element)
{
	// RFC 4235 §4.1.6: SDP of the other side
	if (str_equal(element, SDP_ELEMENT))
		return TEXT_HIDDEN;
	return str_equal(element, STR("identity")) || str_equal(element, STR("hop"))
			|| str_equal(element, STR("referred-by"))
		? TEXT_URI
		: TEXT_PLAIN;
}

static void put_uri(struct scan *s, struct str text)
{
	struct str trimmed = str_trim(text);

	if (trimmed.len == 0)
		strbuf_put(s->b, text);
	else
		identity_put_uri(s->b, trimmed, &s->map->host);
}

// ---- a tag

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct str take(struct str *rest, size_t len)
{
	struct str taken = str_of(rest->at, len);

	*rest = str_of(rest->at + len, rest->len - len);
	return taken;
}

// Without the prefix of its namespace.
static struct str take_name(struct str *rest)
{
	size_t len = 0;
	struct str name, local;

	while (len < rest->len && !is_blank(rest->at[len])
		&& strchr("=/>'\"", rest->at[len]) == NULL)
		len++;
	name = local = take(rest, len);
	str_cut(&local, ':');
	return str_is_none(local) ? name : local;
}

// Returns false at the end, or where there is none that can be read.
static bool next_attribute(struct attribute *out, struct str *rest)
{
	struct str r = *rest;
	size_t at = 0, end;
	char quote;

	while (at < r.len && is_blank(r.at[at]))
		at++;
	take(&r, at);
	out->name = take_name(&r);
	for (at = 0; at < r.len && (is_blank(r.at[at]) || r.at[at] == '=');)
		at++;
	if (out->name.len == 0 || at == r.len || strchr("'\"", r.at[at]) == NULL)
		return false;
	quote = r.at[at];
	take(&r, at + 1);
	end = str_index(r, quote);
	if (end == r.len)
		return false;
	out->before = str_of(rest->at, (size_t)(r.at - rest->at));
	out->value = take(&r, end);
	out->after = take(&r, 1);
	*rest = r;
	return true;
}

// ---- references: a Call-ID may hold any of '"<>& (RFC 3261 §25.1, word)

static const struct {
	char c;
	struct str reference;
} references[] = {
	{'<', {"&lt;", 4}},
	{'>', {"&gt;", 4}},
	{'&', {"&amp;", 5}},
	{'"', {"&quot;", 6}},
	{'\'', {"&apos;", 6}},
};

static size_t decode_one(char *out, struct str s)
{
	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		if (str_starts_nocase(s, references[i].reference)) {
			*out = references[i].c;
			return references[i].reference.len;
		}
	}
	*out = s.at[0];
	return 1;
}

// What a value stands for; none when it is too long for b.
static struct str decode(struct strbuf *b, struct str value)
{
	size_t begin = b->len;
	char c;

	while (value.len > 0) {
		take(&value, decode_one(&c, value));
		strbuf_put_char(b, c);
	}
	return b->failed ? STR_NONE : str_of(b->at + begin, b->len - begin);
}

static void put_encoded(struct strbuf *b, struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		struct str text = str_of(value.at + i, 1);

		for (size_t k = 0; k < sizeof(references) / sizeof(references[0]); k++) {
			if (references[k].c == value.at[i])
				text = references[k].reference;
		}
		strbuf_put(b, text);
	}
}

static void put_value(struct scan *s, enum part part, struct str value, struct str mapped)
{
	if (part == PART_OTHER)
		strbuf_put(s->b, value);
	else if (part == PART_URI)
		put_uri(s, value);
	else if (!str_is_none(mapped))
		put_encoded(s->b, mapped);
	else
		strbuf_printf(s->b, "%016" PRIx64, str_hash(value));
}

// The names that take the place of those in the tag; none when they are of no dialog of ours.
static struct dialog_info_names names_for(
	const struct scan *s, struct str element, struct str attributes)
{
	char text[NAME_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct str names[PART_OTHER + 1] = {STR_NONE};
	struct dialog_info_names found;
	struct attribute a;

	while (next_attribute(&a, &attributes)) {
		enum part part = part_of(element, a.name);

		if (part < PART_URI)
			names[part] = decode(&b, a.value);
	}
	found = (struct dialog_info_names){
		names[PART_CALL_ID], names[PART_LOCAL_TAG], names[PART_REMOTE_TAG]};
	if (b.failed || str_is_none(found.call_id) || !s->map->find(s->map->arg, &found))
		return (struct dialog_info_names){STR_NONE, STR_NONE, STR_NONE};
	return found;
}

static void put_tag(struct scan *s, struct str tag)
{
	struct str rest = str_of(tag.at + 1, tag.len - 1), element = take_name(&rest);
	struct dialog_info_names found = names_for(s, element, rest);
	struct attribute a;
	struct str end;

	strbuf_put(s->b, str_of(tag.at, (size_t)(rest.at - tag.at)));
	while (next_attribute(&a, &rest)) {
		const struct str mapped[] = {
			found.call_id, found.local_tag, found.remote_tag, STR_NONE, STR_NONE};
		enum part part = part_of(element, a.name);

		strbuf_put(s->b, a.before);
		put_value(s, part, a.value, mapped[part]);
		strbuf_put(s->b, a.after);
	}
	end = str_trim(rest);
	strbuf_put(s->b, str_equal(end, STR("/>")) || str_equal(end, STR(">")) ? rest : STR(">"));
	s->text = str_ends(tag, STR("/>")) ? TEXT_PLAIN : text_of(element);
}

// ---- the text

// The length of a tag, quotes heeded; 0: it has no end.
static size_t tag_len(struct str s)
{
	char quote = '\0';

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (quote != '\0')
			quote = c == quote ? '\0' : quote;
		else if (c == '"' || c == '\'')
			quote = c;
		else if (c == '>')
			return i + 1;
	}
	return 0;
}

// What is no element: comments and processing instructions. A document type could give names to what it
// hides. Returns 0 when it may not cross.
static size_t other_len(struct str s)
{
	struct str end = STR_NONE;
	size_t at;

	if (str_starts_nocase(s, STR("<!--")))
		end = STR("-->");
	else if (str_starts_nocase(s, STR("<?")))
		end = STR("?>");
	else
		return 0;
	at = str_find_nocase(s, end);
	return at == s.len ? 0 : at + end.len;
}

static bool ends_hidden(struct str tag)
{
	struct str rest = str_of(tag.at + 2, tag.len - 2);

	return tag.at[1] == '/' && str_equal(take_name(&rest), SDP_ELEMENT);
}

static bool put_markup(struct scan *s)
{
	char second = s->rest.len > 1 ? s->rest.at[1] : '\0';
	bool is_element = isalpha((uint8_t)second) || second == '_' || second == '/';
	size_t len = is_element ? tag_len(s->rest) : other_len(s->rest);
	struct str markup;

	if (len == 0)
		return false;
	markup = take(&s->rest, len);
	if (s->text == TEXT_HIDDEN && !ends_hidden(markup))
		return true;
	if (is_element && second != '/') {
		put_tag(s, markup);
	} else {
		strbuf_put(s->b, markup);
		if (second == '/')
			s->text = TEXT_PLAIN;
	}
	return true;
}

static void put_text(struct scan *s, struct str text)
{
	if (s->text == TEXT_URI)
		put_uri(s, text);
	else if (s->text == TEXT_PLAIN)
		strbuf_put(s->b, text);
}

bool dialog_info_write(struct strbuf *b, struct str body, const struct dialog_info_map *map)
{
	struct scan s = {.b = b, .rest = body, .map = map};

	while (s.rest.len > 0) {
		put_text(&s, take(&s.rest, str_index(s.rest, '<')));
		if (s.rest.len > 0 && !put_markup(&s))
			return false;
	}
	return true;
}
