// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/flow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 6
#define ECHO_PORT_FIRST 10000
#define ECHO_PORTS 50000

enum word {
	WORD_FROM,
	WORD_TO,
	WORD_EXPECT_FROM,
	WORD_EXPECT_TO,
	WORD_PORT_TX,
	WORD_PORT_RX,
};

static int flows_add(struct flows *flows, const struct flow *flow)
{
	if ((flows->count & (flows->count + 1)) == 0) {
		size_t room = (size_t)flows->count * 2 + 2;
		struct flow *grown = reallocarray(flows->flow, room, sizeof(*grown));

		if (grown == NULL)
			return -ENOMEM;
		flows->flow = grown;
	}
	flows->flow[flows->count++] = *flow;
	return 0;
}

static const char *read_addr(struct tg_addr *out, const char *word)
{
	if (tg_addr_parse(out, word) < 0 || out->port == 0 || tg_ip_is_unset(&out->ip))
		return "expected an address and a port, as 192.0.2.1:5000 or [2001:db8::1]:5000";
	return NULL;
}

static const char *read_expected(struct flow *flow, char *const word[static WORDS_MAX])
{
	const char *wrong;

	if (strcmp(word[WORD_EXPECT_FROM], "-") == 0 && strcmp(word[WORD_EXPECT_TO], "-") == 0)
		return NULL;
	wrong = read_addr(&flow->expect_from, word[WORD_EXPECT_FROM]);
	if (wrong == NULL)
		wrong = read_addr(&flow->expect_to, word[WORD_EXPECT_TO]);
	if (wrong == NULL && tg_ip_is_v4(&flow->expect_from.ip) != tg_ip_is_v4(&flow->expect_to.ip))
		return "what is expected mixes IPv4 and IPv6";
	return wrong;
}

static const char *read_port(uint8_t *out, const char *word, unsigned int ports)
{
	if (word == NULL)
		return NULL;
	if (word[0] < '0' || word[0] >= (char)('0' + ports) || word[1] != '\0')
		return "expected the number of a port: 0 for the first --port, 1 for the second";
	*out = (uint8_t)(word[0] - '0');
	return NULL;
}

// Returns NULL, or what is wrong.
static const char *read_words(struct flow *flow, char *line, unsigned int ports)
{
	char *word[WORDS_MAX] = {NULL};
	unsigned int words = 0;
	char *save = NULL;
	const char *wrong;

	for (char *w = strtok_r(line, " \t\r\n", &save); w != NULL;
		w = strtok_r(NULL, " \t\r\n", &save)) {
		if (words == WORDS_MAX)
			return "expected at most six words";
		word[words++] = w;
	}
	if (words != WORDS_MAX && words != WORD_PORT_TX)
		return "expected FROM TO EXPECT-FROM EXPECT-TO [PORT-TX PORT-RX]";
	wrong = read_addr(&flow->from, word[WORD_FROM]);
	if (wrong == NULL)
		wrong = read_addr(&flow->to, word[WORD_TO]);
	if (wrong == NULL && tg_ip_is_v4(&flow->from.ip) != tg_ip_is_v4(&flow->to.ip))
		return "what is sent mixes IPv4 and IPv6";
	if (wrong == NULL)
		wrong = read_expected(flow, word);
	if (wrong == NULL)
		wrong = read_port(&flow->port_tx, word[WORD_PORT_TX], ports);
	if (wrong == NULL)
		wrong = read_port(&flow->port_rx, word[WORD_PORT_RX], ports);
	return wrong;
}

int flows_read(
	struct flows *flows, char error[static FLOW_ERROR_BYTES], FILE *file, unsigned int ports)
{
	unsigned int number = 0;
	char *line = NULL;
	size_t bytes = 0;
	int rc = 0;

	while (rc == 0 && getline(&line, &bytes, file) >= 0) {
		size_t blank = strspn(line, " \t\r\n");
		struct flow flow = {0};
		const char *wrong;

		number++;
		if (line[blank] == '\0' || line[blank] == '#')
			continue;
		wrong = read_words(&flow, line, ports);
		if (wrong != NULL) {
			snprintf(error, FLOW_ERROR_BYTES, "line %u: %s", number, wrong);
			rc = -EINVAL;
		} else {
			rc = flows_add(flows, &flow);
		}
	}
	if (rc == 0 && flows->count == 0) {
		snprintf(error, FLOW_ERROR_BYTES, "no flow in it");
		rc = -EINVAL;
	}
	free(line);
	return rc;
}

static struct tg_addr echo_addr(bool v6, uint8_t end, uint32_t n)
{
	struct tg_addr addr = {.port = (uint16_t)(ECHO_PORT_FIRST + n % ECHO_PORTS)};
	uint16_t host = (uint16_t)(1 + n / ECHO_PORTS);

	if (v6)
		addr.ip = (struct tg_ip){.byte = {0x20, 0x01, 0, 0x02, [7] = end}};
	else
		addr.ip = tg_ip_v4(htonl(0xc6120000u | (uint32_t)end << 16));
	addr.ip.byte[14] = (uint8_t)(host >> 8);
	addr.ip.byte[15] = (uint8_t)host;
	return addr;
}

int flows_echo(struct flows *flows, uint32_t count, bool v6, unsigned int ports)
{
	int rc = 0;

	for (uint32_t n = 0; n < count && rc == 0; n++) {
		struct tg_addr a = echo_addr(v6, 0, n);
		struct tg_addr b = echo_addr(v6, 1, n);
		uint8_t tx = (uint8_t)(n % ports);
		struct flow flow = {.from = a,
			.to = b,
			.expect_from = b,
			.expect_to = a,
			.port_tx = tx,
			.port_rx = (uint8_t)(ports - 1u - tx)};

		rc = flows_add(flows, &flow);
	}
	return rc;
}

void flows_free(struct flows *flows)
{
	free(flows->flow);
	*flows = (struct flows){0};
}
