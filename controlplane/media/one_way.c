// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/one_way.h"

static const struct {
	const char *label, *text;
} reasons[] = {
	[ONE_WAY_UNREACHABLE] = {"unreachable", "ICMP says that its port is closed"},
	[ONE_WAY_STOPPED] = {"stopped", "it was heard and stopped"},
	[ONE_WAY_OTHER_SOURCE] = {"other_source",
		"media comes from another address than SDP or SIP allows"},
	[ONE_WAY_OTHER_SSRC] = {"other_ssrc", "its SSRC is not the one that its SDP promised"},
	[ONE_WAY_OTHER_TYPE] = {"other_type", "its payload types were not negotiated"},
	[ONE_WAY_PRIVATE_ADDRESS] = {"private_address",
		"private address in SDP, and latching is off"},
	[ONE_WAY_NEVER] = {"never", "it was never heard: a firewall, a mute or a wrong address"},
};

enum one_way_reason one_way_guess(const struct one_way_facts *facts)
{
	const struct {
		bool holds;
		enum one_way_reason reason;
	} guesses[] = {
		{facts->unreachable, ONE_WAY_UNREACHABLE},
		{facts->heard, ONE_WAY_STOPPED},
		{facts->refused != 0, ONE_WAY_OTHER_SOURCE},
		{facts->other_ssrc != 0, ONE_WAY_OTHER_SSRC},
		{facts->other_type != 0, ONE_WAY_OTHER_TYPE},
		{facts->private && !facts->latches, ONE_WAY_PRIVATE_ADDRESS},
		{true, ONE_WAY_NEVER},
	};
	unsigned int i = 0;

	while (!guesses[i].holds)
		i++;
	return guesses[i].reason;
}

const char *one_way_text(enum one_way_reason reason)
{
	return reasons[reason].text;
}

const char *one_way_label(enum one_way_reason reason)
{
	return reasons[reason].label;
}
