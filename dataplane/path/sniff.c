// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/sniff.h"

#include "include/tidegate/method.h"

#include <stdbool.h>

#define KEEPALIVE_BYTES_MAX 8
#define KEEPALIVE_CRLF_MAX 32
#define METHOD_BYTES_MAX 64

// RFC 3261 section 25.1, token: alphanumeric and -.!%*_+`'~
static const bool is_token[256] = {
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	['-'] = true,
	['.'] = true,
	['!'] = true,
	['%'] = true,
	['*'] = true,
	['_'] = true,
	['+'] = true,
	['`'] = true,
	['\''] = true,
	['~'] = true,
};

static bool is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool starts_as_status(const uint8_t *p, uint32_t bytes)
{
	return bytes >= 4 && (p[0] | 0x20) == 's' && (p[1] | 0x20) == 'i' && (p[2] | 0x20) == 'p'
		&& p[3] == '/';
}

// The bytes of the method; 0: no request line. A method, blanks, and the first letter of a URI, or of
// one in angle brackets: HTTP, whose path starts with a slash, must not pass.
static uint32_t request_method_bytes(const uint8_t *p, uint32_t bytes)
{
	uint32_t method = 0;
	uint32_t i;

	while (method < bytes && method < METHOD_BYTES_MAX && is_token[p[method]])
		method++;
	if (method == 0 || method == bytes || p[method] != ' ')
		return 0;
	for (i = method; i < bytes && i < METHOD_BYTES_MAX && p[i] == ' ';)
		i++;
	return i < bytes && (is_alpha(p[i]) || p[i] == '<') ? method : 0;
}

struct sniffed sniff_payload(const uint8_t *p, uint32_t bytes)
{
	struct sniffed sniffed = {.kind = PACKET_SIP, .method = TG_METHOD_WITHIN};
	uint32_t blank = 0;
	uint32_t method;

	while (blank < bytes && blank <= KEEPALIVE_CRLF_MAX
		&& (p[blank] == '\r' || p[blank] == '\n'))
		blank++;
	// RFC 5626 section 3.5.1.
	if (bytes == 4 && memcmp(p, "\r\n\r\n", 4) == 0)
		return (struct sniffed){.kind = PACKET_PING};
	if (bytes <= KEEPALIVE_BYTES_MAX || (blank == bytes && bytes <= KEEPALIVE_CRLF_MAX))
		return (struct sniffed){.kind = PACKET_KEEPALIVE};
	// RFC 3261 section 7.5: empty lines before the start line are skipped.
	p += blank;
	bytes -= blank;
	if (starts_as_status(p, bytes))
		return sniffed;
	method = request_method_bytes(p, bytes);
	if (method == 0)
		return (struct sniffed){.kind = PACKET_UNKNOWN};
	sniffed.method = (uint8_t)tg_method_class(p, method);
	return sniffed;
}
