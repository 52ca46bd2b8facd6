// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/framer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define BYTES_MIN 2048

void framer_fini(struct framer *f)
{
	free(f->at);
	*f = (struct framer){.verdict = f->verdict};
}

static void close_gap(struct framer *f)
{
	memmove(f->at, f->at + f->begin, f->end - f->begin);
	f->looked -= f->begin;
	f->end -= f->begin;
	f->begin = 0;
}

int framer_put(struct framer *f, struct str bytes)
{
	size_t need = (size_t)f->end - f->begin + bytes.len;
	size_t cap = f->cap != 0 ? f->cap : BYTES_MIN;
	char *grown;

	assert(bytes.len <= UINT32_MAX / 4);
	if (bytes.len == 0)
		return 0;
	if (f->at != NULL && f->end + bytes.len > f->cap)
		close_gap(f);
	while (cap < need)
		cap *= 2;
	if (cap > f->cap) {
		grown = realloc(f->at, cap);
		if (grown == NULL)
			return -ENOMEM;
		f->at = grown;
		f->cap = (uint32_t)cap;
	}
	memcpy(f->at + f->end, bytes.at, bytes.len);
	f->end += (uint32_t)bytes.len;
	return 0;
}

// Between messages: CRLFs are skipped, after two of them it was a ping. True when it was.
static bool skip_blank(struct framer *f)
{
	static const char ping[] = "\r\n\r\n";
	bool is_ping = false;

	for (; f->begin < f->end; f->begin++) {
		char c = f->at[f->begin];

		if (c != '\r' && c != '\n')
			break;
		if (c == ping[f->crlf])
			f->crlf++;
		else
			f->crlf = c == '\r';
		if (f->crlf == sizeof(ping) - 1) {
			is_ping = true;
			f->crlf = 0;
		}
	}
	f->looked = f->begin;
	if (f->begin < f->end)
		f->crlf = 0;
	return is_ping;
}

// What a method or "SIP/2.0" can begin with (RFC 3261 §25.1: token).
static bool is_first(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
		|| (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

// Length of the head with its empty line; 0 while there is none.
static uint32_t find_head(struct framer *f)
{
	const char *stop = f->at + f->end, *line;

	while ((line = memchr(f->at + f->looked, '\n', f->end - f->looked)) != NULL) {
		const char *next = line + 1;

		f->looked = (uint32_t)(line - f->at);
		if (next < stop && *next == '\r')
			next++;
		if (next == stop)
			return 0;
		if (*next == '\n')
			return (uint32_t)(next + 1 - f->at) - f->begin;
		f->looked++;
	}
	f->looked = f->end;
	return 0;
}

static bool goes_on(struct str rest)
{
	return rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t');
}

// One header with the lines that go on from it.
static struct str next_header(struct str *rest)
{
	const char *begin = rest->at;
	struct str line;

	do
		line = str_cut(rest, '\n');
	while (goes_on(*rest));
	return str_of(begin, (size_t)(line.at + line.len - begin));
}

static bool is_length(struct str name)
{
	name = str_trim(name);
	return str_equal_nocase(name, STR("Content-Length")) || str_equal_nocase(name, STR("l"));
}

// The one Content-Length of a head. Returns 0; -EINVAL when there is none, another one, or it is no
// number; -ERANGE above max.
static int read_length(uint64_t *length, struct str head, uint64_t max)
{
	struct str rest = head;
	unsigned int count = 0;
	int rc = -EINVAL;

	str_cut(&rest, '\n');
	while (!str_is_none(rest)) {
		struct str value = next_header(&rest);
		struct str name = str_cut(&value, ':');

		if (str_is_none(value) || !is_length(name))
			continue;
		rc = str_to_u64(length, str_trim(value), max);
		count++;
	}
	return count > 1 ? -EINVAL : rc;
}

static enum framer_result end_with(struct framer *f, enum framer_result why)
{
	f->verdict = (uint8_t)why;
	return why;
}

static enum framer_result read_head(struct framer *f, struct str *message)
{
	uint32_t head = find_head(f);
	uint64_t body;

	if (head == 0 && f->end - f->begin < FRAMER_HEAD_BYTES_MAX)
		return FRAMER_MORE;
	if (head == 0 || head > FRAMER_HEAD_BYTES_MAX)
		return end_with(f, FRAMER_TOO_LONG);
	*message = str_of(f->at + f->begin, head);
	if (read_length(&body, *message, FRAMER_MESSAGE_BYTES_MAX - head) < 0)
		return end_with(f, FRAMER_BROKEN);
	f->size = head + (uint32_t)body;
	return FRAMER_MESSAGE;
}

static enum framer_result take(struct framer *f, struct str *message)
{
	if (f->end - f->begin < f->size)
		return FRAMER_MORE;
	*message = str_of(f->at + f->begin, f->size);
	f->begin += f->size;
	f->looked = f->begin;
	f->size = 0;
	return FRAMER_MESSAGE;
}

enum framer_result framer_next(struct framer *f, struct str *message)
{
	enum framer_result result = FRAMER_MESSAGE;

	if (f->verdict != FRAMER_MORE)
		return FRAMER_MORE;
	if (f->looked == f->begin && skip_blank(f))
		return FRAMER_PING;
	if (f->begin == f->end) {
		uint8_t crlf = f->crlf;

		framer_fini(f);
		f->crlf = crlf;
		return FRAMER_MORE;
	}
	if (!is_first(f->at[f->begin]))
		return end_with(f, FRAMER_GARBAGE);
	if (f->size == 0)
		result = read_head(f, message);
	return result == FRAMER_MESSAGE ? take(f, message) : result;
}

bool framer_is_partial(const struct framer *f)
{
	return f->begin != f->end;
}
