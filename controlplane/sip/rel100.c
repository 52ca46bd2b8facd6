// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/rel100.h"

#include <errno.h>

static struct str word(struct str *rest)
{
	*rest = str_trim(*rest);
	return str_cut(rest, ' ');
}

uint32_t sip_rseq(const struct sip_msg *response)
{
	const struct sip_hdr *hdr = sip_msg_header(response, SIP_HDR_RSEQ);
	uint64_t rseq;

	if (response->status <= 100 || response->status >= 200 || response->method != SIP_INVITE
		|| hdr == NULL || str_is_none(response->to_tag)
		|| !sip_msg_has_token(response, SIP_HDR_REQUIRE, SIP_100REL))
		return 0;
	return str_to_u64(&rseq, hdr->value, UINT32_MAX) == 0 ? (uint32_t)rseq : 0;
}

int sip_rack_read(struct sip_rack *out, const struct sip_msg *prack)
{
	const struct sip_hdr *hdr = sip_msg_header(prack, SIP_HDR_RACK);
	struct str rest;
	uint64_t rseq, cseq;

	if (hdr == NULL)
		return -EINVAL;
	rest = hdr->value;
	if (str_to_u64(&rseq, word(&rest), UINT32_MAX) < 0
		|| str_to_u64(&cseq, word(&rest), UINT32_MAX) < 0
		|| !str_equal(str_trim(rest), STR("INVITE")))
		return -EINVAL;
	*out = (struct sip_rack){(uint32_t)rseq, (uint32_t)cseq};
	return 0;
}

struct str sip_rack_write(char out[static SIP_RACK_BYTES], const struct sip_rack *rack)
{
	struct strbuf b = strbuf_on(out, SIP_RACK_BYTES);

	strbuf_put_u64(&b, rack->rseq);
	strbuf_put_char(&b, ' ');
	strbuf_put_u64(&b, rack->cseq);
	strbuf_put(&b, STR(" INVITE"));
	return strbuf_str(&b);
}
