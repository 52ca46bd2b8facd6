// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/labels.h"

#include <stddef.h>

#include "controlplane/call/call.h"
#include "controlplane/call/engine.h"
#include "controlplane/call/subscription_end.h"
#include "include/tidegate/stats.h"

#define LOOK_UP(names, index) ((index) < sizeof(names) / sizeof((names)[0]) ? (names)[index] : NULL)

const char *label_method(unsigned int index)
{
	return index < SIP_METHOD_COUNT ? sip_method_name((enum sip_method)index) : NULL;
}

const char *label_class(unsigned int index)
{
	static const char *const names[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx", "6xx"};

	return LOOK_UP(names, index);
}

const char *label_fault(unsigned int index)
{
	if (index == SIP_FAULT_NONE || index >= SIP_FAULT_COUNT)
		return NULL;
	return sip_fault_label((enum sip_fault)index);
}

const char *label_cause(unsigned int index)
{
	static const char *const names[] = {
#define X(name, label) [CALL_CAUSE_##name] = label,
		CALL_CAUSES(X)
#undef X
	};

	return LOOK_UP(names, index);
}

const char *label_refusal(unsigned int index)
{
	static const char *const names[] = {
#define X(name, label) [CALL_REFUSAL_##name] = label,
		CALL_REFUSALS(X)
#undef X
	};

	return LOOK_UP(names, index);
}

const char *label_unsubscribed(unsigned int index)
{
	static const char *const names[] = {
#define X(name, label) [SUBSCRIPTION_END_##name] = label,
		SUBSCRIPTION_ENDS(X)
#undef X
	};

	return LOOK_UP(names, index);
}

const char *label_media_failure(unsigned int index)
{
	static const char *const names[] = {
		[MEDIA_BAD_SDP] = "bad_sdp",
		[MEDIA_NOT_ACCEPTABLE] = "not_acceptable",
		[MEDIA_NO_CODEC] = "no_codec",
		[MEDIA_NO_PORTS] = "no_ports",
		[MEDIA_NO_DATAPLANE] = "no_dataplane",
	};

	return LOOK_UP(names, index);
}

const char *label_worker_counter(unsigned int index)
{
	static const char *const names[] = {
#define X(name, text, help) [TG_COUNT_##name] = text,
		TG_WORKER_COUNTERS(X)
#undef X
	};

	return LOOK_UP(names, index);
}

const char *label_drop(unsigned int index)
{
	static const char *const names[] = {
#define X(name, text, help) [TG_DROP_##name] = text,
		TG_DROP_REASONS(X)
#undef X
	};

	return LOOK_UP(names, index);
}

const char *label_trust(unsigned int index)
{
	static const char *const names[] = {
		[TG_TRUST_STRANGER] = "stranger",
		[TG_TRUST_REGISTERED] = "registered",
		[TG_TRUST_TRUNK] = "trunk",
		[TG_TRUST_BANNED] = "banned",
	};

	return LOOK_UP(names, index);
}

const char *label_latch(unsigned int index)
{
	static const char *const names[] = {
		[TG_LATCH_OFF] = "off",
		[TG_LATCH_PORT] = "port",
		[TG_LATCH_SIGNALLING] = "signalling",
		[TG_LATCH_ANY] = "any",
	};

	return LOOK_UP(names, index);
}

const char *label_realm(const struct conf *conf, unsigned int realm)
{
	return conf != NULL && realm < conf->realm_count ? conf->realms[realm].name : "gone";
}
