// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"
#include "controlplane/conf/value.h"

#define FINAL_FIRST 300
#define FINALS 400

#define REFUSE(spot, ...) conf_refuse((spot)->src, (spot)->path, __VA_ARGS__)

__attribute__((format(printf, 3, 4))) static int at(
	struct value_spot *spot, const char *where, const char *fmt, ...)
{
	va_list args;
	int len = snprintf(spot->path, sizeof(spot->path), "%s.", where);

	va_start(args, fmt);
	vsnprintf(spot->path + len, sizeof(spot->path) - (size_t)len, fmt, args);
	va_end(args);
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

// RFC 3261 §25.1
static bool is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = lower(s.at[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9')
			&& (c == '\0' || strchr("-.!%*_+`'~", c) == NULL))
			return false;
	}
	return s.len > 0;
}

// ---- headers

// FNV-1a, case folded. The names in the table are the operator's: nobody else can make them collide.
static uint32_t hash_of(struct str name)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ (uint8_t)lower(name.at[i])) * 16777619u;
	return hash;
}

// Where a name is, or would be put.
static struct conf_header *slot_of(const struct conf_policy *policy, struct str name)
{
	uint32_t i = hash_of(name) & (policy->header_slots - 1);

	while (!str_is_none(policy->headers[i].name)
		&& !str_equal_nocase(policy->headers[i].name, name))
		i = (i + 1) & (policy->header_slots - 1);
	return &policy->headers[i];
}

const struct conf_header *conf_policy_header(const struct conf_policy *policy, struct str name)
{
	const struct conf_header *header;

	if (policy->headers == NULL)
		return NULL;
	header = slot_of(policy, name);
	return str_is_none(header->name) ? NULL : header;
}

// What we write ourselves on each side, and what names a dialog or extension of one side only.
static bool is_ours(struct str name)
{
	static const char *const names[] = {"Accept-Encoding", "Allow", "Call-ID", "Contact",
		"Content-Length", "Content-Type", "CSeq", "From", "Max-Forwards", "Min-SE", "Path",
		"Proxy-Require", "RAck", "Record-Route", "Refer-To", "Replaces", "Require", "Route",
		"RSeq", "Session-Expires", "Supported", "Timestamp", "To", "Unsupported", "Via"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (str_equal_nocase(name, str_from(names[i])))
			return true;
	}
	return false;
}

static int check_header(struct value_spot *spot, struct str name)
{
	if (!is_token(name))
		return REFUSE(spot, "%s is no name of a header", LOG_STR(name));
	if (name.len == 1)
		return REFUSE(spot, "%s is a short form; write the long name, it stands for both",
			LOG_STR(name));
	if (is_ours(name))
		return REFUSE(spot,
			"%s is written anew on each side; it cannot be passed or dropped",
			LOG_STR(name));
	return 0;
}

static int add_headers(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, struct conf_header *own)
{
	int err;

	for (unsigned int i = 0; i < raw->headers_count; i++) {
		const struct raw_header *header = &raw->headers[i];
		struct str name = str_from(header->name);
		struct conf_header *slot;

		at(spot, where, "headers[%u].name", i);
		err = check_header(spot, name);
		if (err < 0)
			return err;
		for (unsigned int k = 0; k < i; k++) {
			if (str_equal_nocase(own[k].name, name))
				return REFUSE(
					spot, "%s stands here twice; remove one", LOG_STR(name));
		}
		own[i] = (struct conf_header){name, (uint8_t)*header->from, (uint8_t)*header->to};
		slot = slot_of(policy, name);
		*slot = own[i];
	}
	return 0;
}

static int resolve_headers(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, const struct conf_policy *base)
{
	unsigned int count = raw->headers_count + (base != NULL ? base->header_slots / 2 : 0);
	struct conf_header *own;
	int err;

	if (count == 0)
		return 0;
	for (policy->header_slots = 4; policy->header_slots < 2 * count;)
		policy->header_slots *= 2;
	policy->headers = calloc(policy->header_slots, sizeof(*policy->headers));
	own = calloc(raw->headers_count + 1, sizeof(*own));
	if (policy->headers == NULL || own == NULL) {
		free(own);
		return -ENOMEM;
	}
	for (uint32_t i = 0; base != NULL && i < base->header_slots; i++) {
		if (!str_is_none(base->headers[i].name))
			*slot_of(policy, base->headers[i].name) = base->headers[i];
	}
	err = add_headers(policy, spot, where, raw, own);
	free(own);
	return err;
}

// ---- responses

uint16_t conf_policy_response(const struct conf_policy *policy, uint16_t status)
{
	uint16_t mapped = 0;

	if (policy->responses != NULL && status >= FINAL_FIRST && status < FINAL_FIRST + FINALS)
		mapped = policy->responses[status - FINAL_FIRST];
	return mapped != 0 ? mapped : status;
}

static int check_response(struct value_spot *spot, const char *where, unsigned int index,
	const struct raw_response *raw)
{
	at(spot, where, "responses[%u].status", index);
	if (*raw->status == 487)
		return REFUSE(spot, "487 answers a caller that gave up; it stays as it is");
	at(spot, where, "responses[%u].as", index);
	if (*raw->as == 401 || *raw->as == 407)
		return REFUSE(spot, "%u would need a challenge, and there is none; take another",
			*raw->as);
	return 0;
}

static int resolve_responses(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, const struct conf_policy *base)
{
	bool seen[FINALS] = {0};

	if (raw->responses_count == 0 && (base == NULL || base->responses == NULL))
		return 0;
	policy->responses = calloc(FINALS, sizeof(*policy->responses));
	if (policy->responses == NULL)
		return -ENOMEM;
	if (base != NULL && base->responses != NULL)
		memcpy(policy->responses, base->responses, FINALS * sizeof(*policy->responses));
	for (unsigned int i = 0; i < raw->responses_count; i++) {
		const struct raw_response *response = &raw->responses[i];
		unsigned int index = *response->status - FINAL_FIRST;
		int err = check_response(spot, where, i, response);

		if (err < 0)
			return err;
		at(spot, where, "responses[%u].status", i);
		if (seen[index])
			return REFUSE(spot, "%u stands here twice; remove one", *response->status);
		seen[index] = true;
		policy->responses[index] = (uint16_t)*response->as;
	}
	return 0;
}

// ---- methods and events

struct names {
	const char *key;  // "methods"
	const char *kind; // "a method"
	struct str all;	  // where nobody says otherwise
	char *const *raw;
	unsigned int raw_count;
	const struct str *base; // NULL: there is no base
	unsigned int base_count;
};

static bool has_name(const struct str *names, unsigned int count, struct str name)
{
	for (unsigned int i = 0; i < count; i++) {
		if (str_equal(names[i], name))
			return true;
	}
	return false;
}

static unsigned int count_of(struct str list)
{
	unsigned int count = 0;

	while (!str_is_none(list)) {
		str_cut(&list, ',');
		count++;
	}
	return count;
}

static int read_names(
	struct str *out, struct value_spot *spot, const char *where, const struct names *n)
{
	for (unsigned int i = 0; i < n->raw_count; i++) {
		out[i] = str_from(n->raw[i]);
		at(spot, where, "%s[%u]", n->key, i);
		if (!is_token(out[i]))
			return REFUSE(spot, "%s is no name of %s", LOG_STR(out[i]), n->kind);
		if (has_name(out, i, out[i]))
			return REFUSE(spot, "%s stands here twice; remove one", LOG_STR(out[i]));
	}
	return 0;
}

static int resolve_names(struct str **out, unsigned int *count, struct value_spot *spot,
	const char *where, const struct names *n)
{
	struct str all = n->all;

	*count = n->raw_count;
	if (n->raw_count == 0)
		*count = n->base != NULL ? n->base_count : count_of(all);
	*out = calloc(*count, sizeof(**out));
	if (*out == NULL)
		return -ENOMEM;
	if (n->raw_count != 0)
		return read_names(*out, spot, where, n);
	for (unsigned int i = 0; i < *count; i++)
		(*out)[i] = n->base != NULL ? n->base[i] : str_trim(str_cut(&all, ','));
	return 0;
}

bool conf_policy_has_method(const struct conf_policy *policy, struct str name)
{
	return has_name(policy->methods, policy->method_count, name);
}

static int resolve_methods(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, const struct conf_policy *base)
{
	const struct names names = {
		.key = "methods",
		.kind = "a method",
		.all = str_from(conf_option_find("realms.methods")->fallback),
		.raw = raw->methods,
		.raw_count = raw->methods_count,
		.base = base != NULL ? base->methods : NULL,
		.base_count = base != NULL ? base->method_count : 0,
	};

	return resolve_names(&policy->methods, &policy->method_count, spot, where, &names);
}

// RFC 6665 §8.4: a token, case counts
static bool is_event_by_default(struct str package)
{
	struct str all = STR(CONF_EVENTS);

	while (!str_is_none(all)) {
		if (str_equal(str_trim(str_cut(&all, ',')), package))
			return true;
	}
	return false;
}

bool conf_policy_has_event(const struct conf_policy *policy, struct str package)
{
	return policy != NULL ? has_name(policy->events, policy->event_count, package)
			      : is_event_by_default(package);
}

static int resolve_events(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, const struct conf_policy *base)
{
	const struct names names = {
		.key = "events",
		.kind = "an event package",
		.all = STR(CONF_EVENTS),
		.raw = raw->events,
		.raw_count = raw->events_count,
		.base = base != NULL ? base->events : NULL,
		.base_count = base != NULL ? base->event_count : 0,
	};

	return resolve_names(&policy->events, &policy->event_count, spot, where, &names);
}

int conf_policy_resolve(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, const struct conf_policy *base)
{
	int err = resolve_methods(policy, spot, where, raw, base);

	if (err == 0)
		err = resolve_events(policy, spot, where, raw, base);
	if (err == 0)
		err = resolve_headers(policy, spot, where, raw, base);
	if (err == 0)
		err = resolve_responses(policy, spot, where, raw, base);
	policy->is_plain = raw->methods_count == 0 && raw->events_count == 0
		&& policy->headers == NULL && (base == NULL || base->is_plain);
	if (base != NULL) {
		policy->relays_unknown = base->relays_unknown;
		policy->relays_options = base->relays_options;
		policy->relays_notify = base->relays_notify;
		policy->local_number = base->local_number;
	}
	if (raw->unknown_methods != NULL)
		policy->relays_unknown = *raw->unknown_methods;
	if (raw->options != NULL)
		policy->relays_options = *raw->options;
	if (raw->unsolicited_notify != NULL)
		policy->relays_notify = *raw->unsolicited_notify;
	if (raw->local_number != NULL)
		policy->local_number = (uint16_t)*raw->local_number;
	return err;
}

void conf_policy_fini(struct conf_policy *policy)
{
	free(policy->methods);
	free(policy->events);
	free(policy->headers);
	free(policy->responses);
}
