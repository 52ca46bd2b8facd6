// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/session_expires.h"

static uint32_t seconds_of(const struct sip_hdr *hdr, struct str *params)
{
	uint64_t s;

	*params = STR_NONE;
	if (hdr == NULL)
		return 0;
	*params = hdr->value;
	return str_to_u64(&s, str_trim(str_cut(params, ';')), UINT32_MAX / 1000) == 0 ? (uint32_t)s
										      : 0;
}

static enum sip_refresher refresher_of(struct str params)
{
	struct str who = sip_param(params, "refresher");

	if (str_equal_nocase(who, STR("uac")))
		return SIP_REFRESHER_UAC;
	return str_equal_nocase(who, STR("uas")) ? SIP_REFRESHER_UAS : SIP_REFRESHER_NONE;
}

struct sip_session_expires sip_session_expires_of(const struct sip_msg *msg)
{
	struct sip_session_expires out = {0};
	struct str params;

	out.interval_s = seconds_of(sip_msg_header(msg, SIP_HDR_SESSION_EXPIRES), &params);
	if (out.interval_s != 0 && !str_is_none(params))
		out.refresher = refresher_of(params);
	return out;
}

uint32_t sip_min_se_of(const struct sip_msg *msg)
{
	struct str params;
	uint32_t s = seconds_of(sip_msg_header(msg, SIP_HDR_MIN_SE), &params);

	return s > SIP_MIN_SE_S ? s : SIP_MIN_SE_S;
}

struct str sip_session_expires_write(
	char out[static SIP_SESSION_EXPIRES_BYTES], const struct sip_session_expires *value)
{
	struct strbuf b = strbuf_on(out, SIP_SESSION_EXPIRES_BYTES);

	strbuf_put_u64(&b, value->interval_s);
	if (value->refresher != SIP_REFRESHER_NONE)
		strbuf_put(&b,
			value->refresher == SIP_REFRESHER_UAC ? STR(";refresher=uac")
							      : STR(";refresher=uas"));
	return strbuf_str(&b);
}
