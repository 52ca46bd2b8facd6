// SPDX-License-Identifier: BSD-3-Clause
// What Session-Expires and Min-SE say (RFC 4028 §4, §5). Who keeps to it is the user's business.
#pragma once

#include <stdint.h>

#include "controlplane/sip/msg.h"

#define SIP_TIMER STR("timer")
#define SIP_MIN_SE_S 90 // RFC 4028 §5: no interval may be shorter
#define SIP_SESSION_EXPIRES_BYTES 40

enum sip_refresher {
	SIP_REFRESHER_NONE, // not said
	SIP_REFRESHER_UAC,
	SIP_REFRESHER_UAS,
};

struct sip_session_expires {
	uint32_t interval_s; // 0: there is none
	enum sip_refresher refresher;
};

// Of a message; interval 0 when it bears none, or one that cannot be read.
struct sip_session_expires sip_session_expires_of(const struct sip_msg *msg);
// Min-SE of a message in seconds; SIP_MIN_SE_S when it bears none, or a shorter one.
uint32_t sip_min_se_of(const struct sip_msg *msg);
// The header's value.
struct str sip_session_expires_write(
	char out[static SIP_SESSION_EXPIRES_BYTES], const struct sip_session_expires *value);
