// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/call/ends.h"

#include <stdio.h>
#include <string.h>

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

const char *ends_take(struct ends *ends, enum rig_who who)
{
	const char *text = rig_take(&ends->rig, who);

	if (who == RIG_CARRIER && starts(text, "SUBSCRIBE "))
		snprintf(ends->subscribe, RIG_BYTES, "%s", text);
	if (who == RIG_PHONE && starts(text, "SIP/2.0 200 ")
		&& strstr(text, " SUBSCRIBE\r\n") != NULL)
		snprintf(ends->answer, RIG_BYTES, "%s", text);
	return text;
}

void ends_drain(struct ends *ends)
{
	while (ends_take(ends, RIG_PHONE)[0] != '\0' || ends_take(ends, RIG_CARRIER)[0] != '\0')
		;
}

static void ask(struct ends *ends, const char *method, const char *to, const char *headers)
{
	char text[RIG_BYTES];

	ends->branch++;
	snprintf(text, sizeof(text),
		"%s sip:905374@203.0.113.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bKs%u;rport\r\n"
		"From: <sip:4412@phone.lan>;tag=phonetag\r\nTo: %s\r\n"
		"Call-ID: s\r\nCSeq: %u %s\r\n%s" RIG_USER_AGENT "Content-Length: 0\r\n\r\n",
		method, ends->branch, to, ends->branch, method, headers);
	rig_say(&ends->rig, RIG_PHONE, text);
}

void ends_ask(struct ends *ends, const char *method, const char *headers)
{
	ask(ends, method, rig_header(ends->answer, "To"), headers);
}

void ends_subscribe(struct ends *ends, bool inside, unsigned int expires)
{
	char headers[256];

	snprintf(headers, sizeof(headers),
		"Contact: <sip:4412@192.168.1.20>\r\nEvent: dialog\r\nExpires: %u\r\n", expires);
	ask(ends, "SUBSCRIBE", inside ? rig_header(ends->answer, "To") : "<sip:905374@203.0.113.1>",
		headers);
}

void ends_final(struct ends *ends, const char *line, const char *headers)
{
	const char *asked = ends->subscribe;
	char text[RIG_BYTES];
	bool tagged = strstr(rig_header(asked, "To"), ";tag=") != NULL;

	snprintf(text, sizeof(text),
		"SIP/2.0 %s\r\nVia: %s\r\nFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n"
		"Contact: <sip:state@198.51.100.10>\r\n%sContent-Length: 0\r\n\r\n",
		line, rig_header(asked, "Via"), rig_header(asked, "From"), rig_header(asked, "To"),
		tagged ? "" : ";tag=n1", rig_header(asked, "Call-ID"), rig_header(asked, "CSeq"),
		headers);
	rig_say(&ends->rig, RIG_CARRIER, text);
}

void ends_say(struct ends *ends, const char *method, const char *tag, const char *headers,
	const char *body)
{
	char text[RIG_BYTES];

	ends->branch++;
	snprintf(text, sizeof(text),
		"%s sip:us@198.51.100.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 198.51.100.10:5060;branch=z9hG4bKn%u\r\n"
		"From: <sip:905374@198.51.100.10>;tag=%s\r\nTo: %s\r\nCall-ID: %s\r\n"
		"CSeq: %u %s\r\nContact: <sip:state@198.51.100.10>\r\n"
		"%sContent-Length: %zu\r\n\r\n%s",
		method, ends->branch, tag, rig_header(ends->subscribe, "From"),
		rig_header(ends->subscribe, "Call-ID"), ends->branch, method, headers,
		body != NULL ? strlen(body) : 0, body != NULL ? body : "");
	rig_say(&ends->rig, RIG_CARRIER, text);
}

void ends_notify(struct ends *ends, const char *tag, const char *state)
{
	char headers[256];

	snprintf(headers, sizeof(headers), "Event: dialog\r\n%s", state);
	ends_say(ends, "NOTIFY", tag, headers, NULL);
}

void ends_begin(struct ends *ends)
{
	rig_init(&ends->rig);
	ends->branch = 0;
	ends->subscribe[0] = ends->answer[0] = '\0';
	ends_subscribe(ends, false, 600);
	ends_drain(ends);
}

void ends_agree(struct ends *ends)
{
	ends_begin(ends);
	ends_final(ends, "200 OK", "Expires: 200\r\n");
	ends_drain(ends);
}
