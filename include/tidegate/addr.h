// SPDX-License-Identifier: BSD-3-Clause
// IP addresses and transport addresses, one shape for both families.
//
// An IPv4 address is kept as its IPv4-mapped IPv6 form (::ffff:a.b.c.d), so that a struct, a
// hash and a comparison never ask for the family. Bytes are in network order, ports in host order.
#pragma once

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tg_ip {
	uint8_t byte[16];
};

struct tg_addr {
	struct tg_ip ip;
	uint16_t port; // host order; 0 means unset
	uint16_t zero; // always 0, so that memcmp and hashing are sound
};

static_assert(sizeof(struct tg_ip) == 16);
static_assert(sizeof(struct tg_addr) == 20);

#define TG_IP_TEXT_BYTES 46   // INET6_ADDRSTRLEN
#define TG_ADDR_TEXT_BYTES 56 // "[" ip "]:" port NUL

static inline struct tg_ip tg_ip_v4(uint32_t v4_be)
{
	struct tg_ip ip = {.byte = {[10] = 0xff, [11] = 0xff}};

	memcpy(&ip.byte[12], &v4_be, sizeof(v4_be));
	return ip;
}

static inline bool tg_ip_is_v4(const struct tg_ip *ip)
{
	static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(ip->byte, prefix, sizeof(prefix)) == 0;
}

// The four bytes of an IPv4 address in network order; meaningless for IPv6.
static inline uint32_t tg_ip_to_v4(const struct tg_ip *ip)
{
	uint32_t v4_be;

	memcpy(&v4_be, &ip->byte[12], sizeof(v4_be));
	return v4_be;
}

// True for :: and for 0.0.0.0, the two spellings of "no address".
static inline bool tg_ip_is_unset(const struct tg_ip *ip)
{
	static const uint8_t none[16];

	return memcmp(ip->byte, none, sizeof(none)) == 0
		|| (tg_ip_is_v4(ip) && tg_ip_to_v4(ip) == 0);
}

static inline bool tg_ip_equal(const struct tg_ip *a, const struct tg_ip *b)
{
	return memcmp(a->byte, b->byte, sizeof(a->byte)) == 0;
}

static inline bool tg_addr_equal(const struct tg_addr *a, const struct tg_addr *b)
{
	return tg_ip_equal(&a->ip, &b->ip) && a->port == b->port;
}

// True when ip lies in net/bits, where bits counts from the mapped form (IPv4 /24 is 120).
static inline bool tg_ip_in(const struct tg_ip *ip, const struct tg_ip *net, unsigned int bits)
{
	unsigned int whole = bits / 8;
	uint8_t mask = (uint8_t)(0xff00u >> (bits % 8));

	if (bits > 128 || memcmp(ip->byte, net->byte, whole) != 0)
		return false;
	return mask == 0 || ((ip->byte[whole] ^ net->byte[whole]) & mask) == 0;
}

// RFC 1918, 6598, 3927, 4193, loopback and link-local: none that the Internet reaches.
static inline bool tg_ip_is_private(const struct tg_ip *ip)
{
	static const struct {
		struct tg_ip net;
		unsigned int bits;
	} nets[] = {
		{{{[10] = 0xff, [11] = 0xff, [12] = 10}}, 96 + 8},
		{{{[10] = 0xff, [11] = 0xff, [12] = 172, [13] = 16}}, 96 + 12},
		{{{[10] = 0xff, [11] = 0xff, [12] = 192, [13] = 168}}, 96 + 16},
		{{{[10] = 0xff, [11] = 0xff, [12] = 100, [13] = 64}}, 96 + 10},
		{{{[10] = 0xff, [11] = 0xff, [12] = 169, [13] = 254}}, 96 + 16},
		{{{[10] = 0xff, [11] = 0xff, [12] = 127}}, 96 + 8},
		{{{[0] = 0xfc}}, 7},
		{{{[0] = 0xfe, [1] = 0x80}}, 10},
		{{{[15] = 1}}, 128},
	};

	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		if (tg_ip_in(ip, &nets[i].net, nets[i].bits))
			return true;
	}
	return false;
}

// What one party of signalling can be told by: an IPv4 address, the /64 network of an IPv6 one.
static inline struct tg_ip tg_ip_network(const struct tg_ip *ip)
{
	struct tg_ip network = *ip;

	if (!tg_ip_is_v4(ip))
		memset(&network.byte[8], 0, 8);
	return network;
}

// Reads dotted IPv4 or bare or bracketed IPv6. Returns 0 or -EINVAL; *out untouched on error.
static inline int tg_ip_parse(struct tg_ip *out, const char *text)
{
	char bare[TG_IP_TEXT_BYTES];
	size_t len = strlen(text);
	struct in6_addr v6;
	struct in_addr v4;

	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len >= sizeof(bare))
		return -EINVAL;
	memcpy(bare, text, len);
	bare[len] = '\0';
	if (inet_pton(AF_INET, bare, &v4) == 1) {
		*out = tg_ip_v4(v4.s_addr);
		return 0;
	}
	if (inet_pton(AF_INET6, bare, &v6) != 1)
		return -EINVAL;
	memcpy(out->byte, &v6, sizeof(out->byte));
	return 0;
}

// Writes 0..255 in decimal. Returns where it ends.
static inline char *tg_octet_write(char *at, uint8_t value)
{
	if (value >= 100)
		*at++ = (char)('0' + value / 100);
	if (value >= 10)
		*at++ = (char)('0' + value / 10 % 10);
	*at++ = (char)('0' + value % 10);
	return at;
}

// Writes the plain form, IPv6 without brackets. Returns text. Every message that we send bears some, and
// inet_ntop goes by way of printf.
static inline const char *tg_ip_write(const struct tg_ip *ip, char text[static TG_IP_TEXT_BYTES])
{
	char *at = text;

	if (!tg_ip_is_v4(ip)) {
		inet_ntop(AF_INET6, ip->byte, text, TG_IP_TEXT_BYTES);
		return text;
	}
	for (unsigned int i = 12; i < 16; i++) {
		at = tg_octet_write(at, ip->byte[i]);
		*at++ = i < 15 ? '.' : '\0';
	}
	return text;
}

// Writes "a.b.c.d:port" or "[v6]:port". Returns text.
static inline const char *tg_addr_write(
	const struct tg_addr *addr, char text[static TG_ADDR_TEXT_BYTES])
{
	char ip[TG_IP_TEXT_BYTES];
	bool v4 = tg_ip_is_v4(&addr->ip);

	tg_ip_write(&addr->ip, ip);
	snprintf(text, TG_ADDR_TEXT_BYTES, "%s%s%s:%u", v4 ? "" : "[", ip, v4 ? "" : "]",
		addr->port);
	return text;
}

// Reads "ip:port", "[v6]:port" or a bare ip (port 0). Returns 0 or -EINVAL; *out untouched on error.
static inline int tg_addr_parse(struct tg_addr *out, const char *text)
{
	struct tg_addr addr = {0};
	char host[TG_ADDR_TEXT_BYTES];
	const char *colon = strrchr(text, ':');
	size_t host_len = strlen(text);

	if (colon != NULL && (strchr(text, ':') == colon || colon[-1] == ']')) {
		char *end;
		unsigned long port = strtoul(colon + 1, &end, 10);

		if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port > UINT16_MAX)
			return -EINVAL;
		addr.port = (uint16_t)port;
		host_len = (size_t)(colon - text);
	}
	if (host_len >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, host_len);
	host[host_len] = '\0';
	if (tg_ip_parse(&addr.ip, host) < 0)
		return -EINVAL;
	*out = addr;
	return 0;
}
