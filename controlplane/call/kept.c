// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"
#include "controlplane/sip/topology.h"

static bool crosses(const struct sip_msg *msg, const struct sip_hdr *hdr)
{
	return !hdr->is_spent && (sip_may_cross(hdr->id) || sip_tells_methods(msg, hdr));
}

static size_t text_bytes(const struct sip_msg *msg, struct str body, unsigned int *headers)
{
	size_t bytes = msg->reason.len + msg->content_type.len + body.len;

	*headers = 0;
	for (unsigned int i = 0; i < msg->hdr_count; i++) {
		if (!crosses(msg, &msg->hdr[i]))
			continue;
		bytes += msg->hdr[i].name.len + msg->hdr[i].value.len;
		++*headers;
	}
	return bytes;
}

static struct str copy(char **at, struct str s)
{
	struct str copied = {*at, s.len};

	if (str_is_none(s))
		return s;
	memcpy(*at, s.at, s.len);
	*at += s.len;
	return copied;
}

struct kept *kept_new(const struct sip_msg *msg)
{
	struct str body = sip_body_is_sdp(msg) ? STR_NONE : msg->body;
	struct kept *kept;
	unsigned int headers;
	size_t text = text_bytes(msg, body, &headers);
	char *at;

	kept = calloc(1, sizeof(*kept) + headers * sizeof(kept->hdr[0]) + text);
	if (kept == NULL)
		return NULL;
	at = (char *)&kept->hdr[headers];
	kept->msg.is_request = msg->is_request;
	kept->msg.method = msg->method;
	kept->msg.max_forwards = msg->max_forwards;
	kept->msg.status = msg->status;
	kept->msg.reason = copy(&at, msg->reason);
	kept->msg.content_type = copy(&at, msg->content_type);
	kept->msg.body = copy(&at, body);
	kept->msg.hdr = kept->hdr;
	for (unsigned int i = 0; i < msg->hdr_count; i++) {
		const struct sip_hdr *hdr = &msg->hdr[i];

		if (crosses(msg, hdr))
			kept->hdr[kept->msg.hdr_count++] = (struct sip_hdr){
				.id = hdr->id,
				.name = copy(&at, hdr->name),
				.value = copy(&at, hdr->value),
				.kept_as = (uint8_t)sip_said_of(msg, hdr),
			};
	}
	return kept;
}
