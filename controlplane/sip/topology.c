// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/topology.h"

#include <ctype.h>

#include "controlplane/base/metrics.h"
#include "controlplane/base/random.h"

#define COPY SIP_CROSS_COPY
#define DROP SIP_CROSS_DROP

// How a header crosses in a request and in a response. DROP is for what we write ourselves, for what
// belongs to one hop or one dialog, for extensions we do not offer, and for what bears hosts.
static const struct {
	uint8_t request, response;
} crossings[SIP_HDR_COUNT] = {
	[SIP_HDR_ACCEPT] = {COPY, COPY},
	[SIP_HDR_ACCEPT_CONTACT] = {COPY, DROP},
	[SIP_HDR_ACCEPT_ENCODING] = {DROP, DROP}, // we read none
	[SIP_HDR_ALERT_INFO] = {DROP, DROP},	  // URIs of the other side
	[SIP_HDR_ALLOW] = {DROP, DROP},		  // ours, but see sip_tells_methods
	[SIP_HDR_ALLOW_EVENTS] = {COPY, COPY},	  // what of it is true over there (write.h)
	[SIP_HDR_AUTHORIZATION] = {COPY, DROP},
	[SIP_HDR_CALL_ID] = {DROP, DROP},
	[SIP_HDR_CALL_INFO] = {DROP, DROP}, // URIs of the other side
	[SIP_HDR_CONTACT] = {DROP, DROP},
	[SIP_HDR_CONTENT_DISPOSITION] = {COPY, COPY},
	[SIP_HDR_CONTENT_ENCODING] = {COPY, COPY},
	[SIP_HDR_CONTENT_LENGTH] = {DROP, DROP}, // written with the body
	[SIP_HDR_CONTENT_TYPE] = {DROP, DROP},	 // written with the body
	[SIP_HDR_CSEQ] = {DROP, DROP},
	[SIP_HDR_DATE] = {COPY, COPY},
	[SIP_HDR_DIVERSION] = {DROP, DROP},  // hosts
	[SIP_HDR_ERROR_INFO] = {DROP, DROP}, // URIs of the other side
	[SIP_HDR_EVENT] = {COPY, COPY},
	[SIP_HDR_EXPIRES] = {COPY, COPY},
	[SIP_HDR_FLOW_TIMER] = {DROP, DROP}, // of one hop (RFC 5626 §4.4)
	[SIP_HDR_FROM] = {DROP, DROP},
	[SIP_HDR_HISTORY_INFO] = {DROP, DROP}, // hosts
	[SIP_HDR_IDENTITY] = {COPY, DROP},
	[SIP_HDR_IN_REPLY_TO] = {DROP, DROP},  // Call-IDs of one side
	[SIP_HDR_JOIN] = {DROP, DROP},	       // names a dialog of one side
	[SIP_HDR_MAX_FORWARDS] = {DROP, DROP}, // counted down
	[SIP_HDR_MIME_VERSION] = {COPY, COPY},
	[SIP_HDR_MIN_EXPIRES] = {COPY, COPY},
	[SIP_HDR_MIN_SE] = {DROP, DROP}, // ours: of one leg
	[SIP_HDR_ORGANIZATION] = {DROP, DROP},
	[SIP_HDR_OTHER] = {COPY, COPY},
	// hosts, and what a network says inside of itself (RFC 7315 §6); RFC 3325 §5 takes the
	// asserted identity away where trust ends
	[SIP_HDR_P_ACCESS_NETWORK_INFO] = {DROP, DROP},
	[SIP_HDR_P_ASSERTED_IDENTITY] = {DROP, DROP},
	[SIP_HDR_P_ASSOCIATED_URI] = {DROP, DROP},
	[SIP_HDR_P_CALLED_PARTY_ID] = {DROP, DROP},
	[SIP_HDR_P_CHARGING_FUNCTION_ADDRESSES] = {DROP, DROP},
	[SIP_HDR_P_CHARGING_VECTOR] = {DROP, DROP},
	[SIP_HDR_P_PREFERRED_IDENTITY] = {DROP, DROP},
	[SIP_HDR_P_SERVED_USER] = {DROP, DROP},
	[SIP_HDR_P_VISITED_NETWORK_ID] = {DROP, DROP},
	[SIP_HDR_PATH] = {DROP, DROP},
	[SIP_HDR_POLICY_CONTACT] = {DROP, DROP}, // URIs of the other side
	[SIP_HDR_PRIVACY] = {COPY, COPY},
	[SIP_HDR_PROXY_AUTHENTICATE] = {DROP, COPY}, // end to end (F26)
	[SIP_HDR_PROXY_AUTHORIZATION] = {COPY, DROP},
	[SIP_HDR_PROXY_REQUIRE] = {DROP, DROP}, // refused by the user above
	[SIP_HDR_RACK] = {DROP, DROP},		// ours: numbers of one dialog
	[SIP_HDR_REASON] = {COPY, COPY},	// B23, but see sip_reason_write
	[SIP_HDR_RECORD_ROUTE] = {DROP, DROP},
	[SIP_HDR_REFER_SUB] = {COPY, COPY},
	[SIP_HDR_REFER_TO] = {DROP, DROP},    // names dialogs and hosts
	[SIP_HDR_REFERRED_BY] = {DROP, DROP}, // hosts
	[SIP_HDR_REJECT_CONTACT] = {COPY, DROP},
	[SIP_HDR_REMOTE_PARTY_ID] = {DROP, DROP}, // hosts
	[SIP_HDR_REPLACES] = {DROP, DROP},	  // names a dialog of one side
	[SIP_HDR_REPLY_TO] = {DROP, DROP},	  // hosts
	[SIP_HDR_REQUEST_DISPOSITION] = {COPY, DROP},
	[SIP_HDR_REQUIRE] = {DROP, DROP}, // what we do not offer is refused by the user above
	[SIP_HDR_RETRY_AFTER] = {DROP, COPY},
	[SIP_HDR_ROUTE] = {DROP, DROP},
	[SIP_HDR_RSEQ] = {DROP, DROP}, // ours: numbers of one dialog
	[SIP_HDR_SERVER] = {DROP, DROP},
	[SIP_HDR_SERVICE_ROUTE] = {DROP, DROP},
	[SIP_HDR_SESSION_EXPIRES] = {DROP, DROP}, // ours: of one leg
	[SIP_HDR_SUBJECT] = {COPY, COPY},
	[SIP_HDR_SUBSCRIPTION_STATE] = {COPY, COPY},
	[SIP_HDR_SUPPORTED] = {DROP, DROP},	// ours
	[SIP_HDR_TARGET_DIALOG] = {DROP, DROP}, // names a dialog of one side
	[SIP_HDR_TIMESTAMP] = {DROP, DROP},	// measures one hop
	[SIP_HDR_TO] = {DROP, DROP},
	[SIP_HDR_UNSUPPORTED] = {DROP, DROP},
	[SIP_HDR_USER_AGENT] = {DROP, DROP},
	[SIP_HDR_VIA] = {DROP, DROP},
	[SIP_HDR_WARNING] = {DROP, DROP}, // bears a host
	[SIP_HDR_WWW_AUTHENTICATE] = {DROP, COPY},
};

enum sip_crossing sip_crossing_of(enum sip_hdr_id id, bool is_request)
{
	return is_request ? crossings[id].request : crossings[id].response;
}

static enum conf_crossing said_by(
	const struct conf_policy *policy, const struct sip_hdr *hdr, bool coming)
{
	struct str name = hdr->id == SIP_HDR_OTHER ? hdr->name : sip_hdr_name(hdr->id);
	const struct conf_header *said = NULL;

	if (policy != NULL && policy->headers != NULL)
		said = conf_policy_header(policy, name);
	if (said == NULL)
		return CONF_CROSS_DEFAULT;
	return (enum conf_crossing)(coming ? said->from : said->to);
}

enum conf_crossing sip_said_of(const struct sip_msg *msg, const struct sip_hdr *hdr)
{
	return msg->policy != NULL ? said_by(msg->policy, hdr, true)
				   : (enum conf_crossing)hdr->kept_as;
}

bool sip_tells_methods(const struct sip_msg *msg, const struct sip_hdr *hdr)
{
	return hdr->id == SIP_HDR_ALLOW && !msg->is_request && msg->status == 405;
}

bool sip_crosses(const struct sip_edge *to, const struct sip_msg *msg, const struct sip_hdr *hdr)
{
	enum conf_crossing from = sip_said_of(msg, hdr), there = said_by(to->policy, hdr, false);
	bool passes = !hdr->is_spent
		&& (from == CONF_CROSS_PASS || there == CONF_CROSS_PASS
			|| sip_crossing_of(hdr->id, msg->is_request) == SIP_CROSS_COPY
			|| sip_tells_methods(msg, hdr));

	if (from != CONF_CROSS_DROP && there != CONF_CROSS_DROP)
		return passes;
	if (passes && to->dropped != NULL)
		counter_add(to->dropped, 1);
	return false;
}

bool sip_may_cross(enum sip_hdr_id id)
{
	static const bool ours[SIP_HDR_COUNT] = {
		[SIP_HDR_ACCEPT_ENCODING] = true,
		[SIP_HDR_ALLOW] = true,
		[SIP_HDR_CALL_ID] = true,
		[SIP_HDR_CONTACT] = true,
		[SIP_HDR_CONTENT_LENGTH] = true,
		[SIP_HDR_CONTENT_TYPE] = true,
		[SIP_HDR_CSEQ] = true,
		[SIP_HDR_FROM] = true,
		[SIP_HDR_MAX_FORWARDS] = true,
		[SIP_HDR_MIN_SE] = true,
		[SIP_HDR_PATH] = true,
		[SIP_HDR_PROXY_REQUIRE] = true,
		[SIP_HDR_RACK] = true,
		[SIP_HDR_RECORD_ROUTE] = true,
		[SIP_HDR_REFER_TO] = true,
		[SIP_HDR_REPLACES] = true,
		[SIP_HDR_REQUIRE] = true,
		[SIP_HDR_ROUTE] = true,
		[SIP_HDR_RSEQ] = true,
		[SIP_HDR_SESSION_EXPIRES] = true,
		[SIP_HDR_SUPPORTED] = true,
		[SIP_HDR_TIMESTAMP] = true,
		[SIP_HDR_TO] = true,
		[SIP_HDR_UNSUPPORTED] = true,
		[SIP_HDR_VIA] = true,
	};

	return !ours[id];
}

bool sip_names_host(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool more = i + 1 < text.len && isalnum((uint8_t)text.at[i + 1]);

		if (text.at[i] == '@' || (memchr(".:", text.at[i], 2) != NULL && more))
			return true;
	}
	return false;
}

// Returns whether all of it was written.
static bool put_cause(struct strbuf *b, struct str element)
{
	struct str param;
	bool whole = true;

	strbuf_put(b, str_cut(&element, ';'));
	while (sip_param_next(&param, &element)) {
		struct str value = param;

		str_cut(&value, '=');
		if (sip_names_host(value)) {
			whole = false;
			continue;
		}
		strbuf_put_char(b, ';');
		strbuf_put(b, param);
	}
	return whole;
}

void sip_reason_write(struct strbuf *b, struct str value)
{
	size_t begin = b->len;
	struct str element, rest = value;
	bool whole = true;

	while (sip_hdr_next(&element, &rest)) {
		strbuf_put(b, b->len > begin ? STR(",") : STR(""));
		whole &= put_cause(b, element);
	}
	if (!whole)
		return;
	b->len = begin;
	strbuf_put(b, value);
}

// One octet makes five bits of a token: 115 bits in all.
void sip_token(char out[static SIP_TOKEN_BYTES])
{
	static const char alphabet[32] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint8_t octets[SIP_TOKEN_BYTES - 1];

	random_take(octets, sizeof(octets));
	for (unsigned int i = 0; i < SIP_TOKEN_BYTES - 1; i++)
		out[i] = alphabet[octets[i] % sizeof(alphabet)];
	out[SIP_TOKEN_BYTES - 1] = '\0';
}

void sip_contact_write(
	struct strbuf *b, struct str token, const struct tg_addr *advertised, uint8_t protocol)
{
	char text[TG_ADDR_TEXT_BYTES];

	strbuf_put(b, STR("<sip:"));
	strbuf_put(b, token);
	strbuf_put_char(b, '@');
	strbuf_put(b, str_from(tg_addr_write(advertised, text)));
	if (protocol != TRANSPORT_UDP) {
		strbuf_put(b, STR(";transport="));
		strbuf_put(b, str_from(transport_param(protocol)));
	}
	strbuf_put_char(b, '>');
}
