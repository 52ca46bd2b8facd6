// SPDX-License-Identifier: BSD-3-Clause
// tgctl as its user sees it, against a control socket with prepared answers.
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/obs/obs_stage.h"
#include "tests/unit/controlplane/obs/tgctl_run.h"

static unsigned int width_of(const char *line, size_t len)
{
	unsigned int width = 0;

	for (size_t i = 0; i < len; i++)
		width += (line[i] & 0xc0) != 0x80;
	return width;
}

static void expect_fits(const char *args)
{
	for (const char *line = tgctl_output; *line != '\0';) {
		size_t len = strcspn(line, "\n");

		cr_assert_leq(width_of(line, len), 80, "%s: %.*s", args, (int)len, line);
		line += len + (line[len] == '\n');
	}
}

static void set_up(void)
{
	log_set_level(LOG_ERROR);
	obs_stage_open(4);
}

TestSuite(tgctl, .init = set_up, .fini = obs_stage_close);

static void say(uint8_t leg, bool incoming, bool again, uint64_t us, const char *text)
{
	struct trace_entry entry = {.when = {1785585600000000 + us},
		.call = (uint64_t)1 << 32,
		.leg = leg,
		.incoming = incoming,
		.retransmission = again,
		.message = str_from(text)};

	(void)tg_addr_parse(&entry.local, leg == 0 ? "203.0.113.1:5060" : "198.51.100.1:5060");
	(void)tg_addr_parse(&entry.remote, leg == 0 ? "203.0.113.2:40211" : "198.51.100.10:5060");
	trace_add(fake_engine.trace, &entry);
}

static void say_call(void)
{
	static const char invite[] = "INVITE sip:b@x SIP/2.0\r\nCSeq: 1 INVITE\r\nc: "
				     "application/sdp\r\n\r\nv=0\r\n";
	static const char ok[] = "SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n"
				 "Content-Type: application/sdp\r\n\r\nv=0\r\n";

	say(0, true, false, 0, invite);
	say(0, false, false, 1200, "SIP/2.0 100 Trying\r\nCSeq: 1 INVITE\r\n\r\n");
	say(1, false, false, 2000, invite);
	say(1, false, true, 502000, invite);
	say(1, true, false, 600000, "SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n");
	say(0, false, false, 600300, "SIP/2.0 180 Ringing\r\nCSeq: 1 INVITE\r\n\r\n");
	say(1, true, false, 3100000, ok);
	say(0, false, false, 3101000, ok);
	say(0, true, false, 3140000, "ACK sip:b@x SIP/2.0\r\nCSeq: 1 ACK\r\n\r\n");
	say(1, false, false, 3140250,
		"ACK sip:averylonguserpart@carrier.example.com SIP/2.0\r\nCSeq: 1 ACK\r\n\r\n");
	say(1, true, false, 3200000,
		"SIP/2.0 500 A reason phrase that is long\x1b[31m and red\r\nCSeq: 2 INFO\r\n\r\n");
}

Test(tgctl, K7_answers_look_so)
{
	static const struct {
		const char *args, *output;
	} cases[] = {{"show calls 2",
			     "      CALL  STATE        AGE  FROM             TO               FROM "
			     "> TO\n"
			     "4294967296  confirmed  1m35s  alice@atlanta.…  +442079460123@…  "
			     "access > carrier\n"
			     "4294967297  early      1m35s  alice@atlanta.…  +442079460123@…  "
			     "access > carrier\n"
			     "2 of 4 calls; \"show calls 0\" lists all\n"},
		{"show streams",
			"STREAM        LEG  KIND   REMOTE              RECEIVED  LOST  MOS  SENT  "
			"DROPS\n"
			"4294967296.0  A    audio  203.0.113.2:62000        100     6  3.8     0  "
			"    3\n"
			"4294967296.0  B    audio  198.51.100.10:6000         0     0    -     0  "
			"    0\n"
			"4294967298.0  A    audio  203.0.113.2:62000        100     6  3.8     0  "
			"    3\n"
			"4294967298.0  B    audio  198.51.100.10:6000         0     0    -     0  "
			"    0\n"
			"2 streams\n"},
		{"show call 4294967296",
			"call 4294967296 confirmed for 1m35s, answered after 3.2 s\n"
			"\n"
			"began     2026-08-01T12:00:00.123456Z\n"
			"from      sip:alice@atlanta.example.com\n"
			"to        sip:+442079460123@203.0.113.1\n"
			"Call-ID A phone-0@203.0.113.2\n"
			"Call-ID B hidden-b-leg\n"
			"\n"
			"LEG  REALM   PEER     TIDEGATE           REMOTE\n"
			"A    access  -        203.0.113.1:5060   203.0.113.2:40211\n"
			"B    core    carrier  198.51.100.1:5060  198.51.100.10:5060\n"
			"\n"
			"stream 4294967296.0 audio RTP/AVP\n"
			"A  203.0.113.1:20000 <-> 203.0.113.2:62000 (learned)\n"
			"B  198.51.100.1:20002 <-> 198.51.100.10:6000 (signalled)\n"
			"   RECEIVED  LOST  JITTER MS  MOS  QUALITY  SENT  DROPS  SILENT\n"
			"A       100     6        0.0  3.8  poor        0      3  always\n"
			"B         0     0        0.0    -  -           0      0  always\n"
			"A  3 dropped: source\n"},
		{"show peers",
			"PEER     REALM  ADDRESS             CALLS  LIMIT\n"
			"carrier  core   198.51.100.10:5060      4   none\n"
			"legs of calls with no peer: 4\n"},
		{"trace phone-0@203.0.113.2",
			"           2026-08-01T12:00:00.000000Z\n"
			"       ms  A 203.0.113.2:40211           tidegate           "
			"198.51.100.10:5060 B\n"
			"      0.0  │─ INVITE SDP ───────────────────>│                            "
			"     │\n"
			"      1.2  │<─ 100 Trying (INVITE) ──────────│                            "
			"     │\n"
			"      2.0  │                                 │─ INVITE SDP "
			"───────────────────>│\n"
			"    502.0  │                                 │─ INVITE SDP [repeat] "
			"──────────>│\n"
			"    600.0  │                                 │<─ 180 Ringing (INVITE) "
			"─────────│\n"
			"    600.3  │<─ 180 Ringing (INVITE) ─────────│                            "
			"     │\n"
			"   3100.0  │                                 │<─ 200 OK (INVITE) SDP "
			"──────────│\n"
			"   3101.0  │<─ 200 OK (INVITE) SDP ──────────│                            "
			"     │\n"
			"   3140.0  │─ ACK ──────────────────────────>│                            "
			"     │\n"
			"   3140.2  │                                 │─ ACK "
			"──────────────────────────>│\n"
			"   3200.0  │                                 │<─ 500 A reason phrase that "
			"is… ─│\n"
			"\n"
			"stream 4294967296.0 audio RTP/AVP\n"
			"A  203.0.113.1:20000 <-> 203.0.113.2:62000 (learned)\n"
			"B  198.51.100.1:20002 <-> 198.51.100.10:6000 (signalled)\n"
			"   RECEIVED  LOST  JITTER MS  MOS  QUALITY  SENT  DROPS  SILENT\n"
			"A       100     6        0.0  3.8  poor        0      3  always\n"
			"B         0     0        0.0    -  -           0      0  always\n"
			"A  3 dropped: source\n"},
		{"drain on", "draining: new calls are refused, 4 left\n"},
		{"drain off", "not draining: new calls are taken, 4 live\n"},
		{"hangup 4294967296", "call 4294967296 hung up\n"},
		{"log warn", "log level is warn\n"},
		{"reload", "reloaded: configuration 2 is in force\n"}};

	say_call();
	stage_run();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(tgctl_run(cases[i].args), 0, "%s", tgctl_output);
		cr_assert_str_eq(
			tgctl_output, cases[i].output, "%s:\n%s", cases[i].args, tgctl_output);
	}
}

Test(tgctl, E9_J13_J14_J16_a_stream_looks_so)
{
	static const char want[] = "stream 4294967296.0 audio RTP/AVP, call confirmed\n"
				   "one-way for 12s: B is silent\n"
				   "  private address in SDP, and latching is off\n"
				   "\n"
				   "A  203.0.113.1:20000 <-> 203.0.113.2:62000 (learned)\n"
				   "   SDP says 192.168.1.20:4000\n"
				   "   latch signalling, SIP from 203.0.113.2\n"
				   "   heard, sent to, DSCP 46\n"
				   "   payload types 8 101\n"
				   "   at most 210 packets/s, 26800 bytes/s, 520 bytes a packet\n"
				   "B  198.51.100.1:20002 <-> 198.51.100.10:6000 (signalled)\n"
				   "   SDP says 198.51.100.10:6000\n"
				   "   latch off\n"
				   "   not heard, not sent to, DSCP 0\n"
				   "   no limit of its rate\n"
				   "\n"
				   "                               A         B\n"
				   "packets received             100         0\n"
				   "bytes received                 0         0\n"
				   "packets sent                   0         0\n"
				   "bytes sent                     0         0\n"
				   "RTCP received                  0         0\n"
				   "SSRC                    0000feed  00000000\n"
				   "codec                       PCMA         -\n"
				   "expected                     105         0\n"
				   "lost                           6         0\n"
				   "loss, percent               5.71      0.00\n"
				   "gaps                           3         0\n"
				   "longest gap, packets           4         0\n"
				   "longest gap, ms           100.25      0.00\n"
				   "reordered                      0         0\n"
				   "duplicates                     1         0\n"
				   "jitter, ms                  2.50      0.00\n"
				   "jitter at most, ms          0.00      0.00\n"
				   "round trip, ms             40.50         -\n"
				   "round trip at most, ms     50.00         -\n"
				   "one way, ms                45.25         -\n"
				   "MOS                         3.72         -\n"
				   "quality                     poor         -\n"
				   "latches                        0         0\n"
				   "ICMP unreachable               0         0\n"
				   "A  3 dropped: source\n"
				   "\n"
				   "  LEARNED  LEG       FROM               TO                 "
				   "REASON\n"
				   "1m30s ago  A    rtp  -                  203.0.113.2:62000  "
				   "first\n"
				   "  30s ago  A    rtp  203.0.113.2:62000  203.0.113.2:62002  "
				   "continued\n"
				   "\n"
				   "REFUSED  LEG       SOURCE            PACKETS\n"
				   " 4s ago  B    rtp  192.0.2.66:40000      250\n";
	unsigned int silent_s;
	const char *line;

	fake_engine_harm();
	stage_run();
	cr_assert_eq(tgctl_run("show stream 4294967296.0"), 0, "%s", tgctl_output);
	cr_assert_str_eq(tgctl_output, want, "%s", tgctl_output);
	expect_fits("show stream");
	cr_assert_eq(tgctl_run("show stream 4294967296"), 0);
	cr_assert_str_eq(tgctl_output, want, "the first one");
	cr_assert_eq(tgctl_run("show call 4294967296"), 0);
	line = strstr(tgctl_output, "one-way for ");
	cr_assert_not_null(line, "%s", tgctl_output);
	// it was 12 s when it was made
	cr_assert(sscanf(line, "one-way for %us: B is silent", &silent_s) == 1 && silent_s >= 12
			&& silent_s < 40,
		"%s", tgctl_output);
	cr_assert_not_null(strstr(line,
				   "s: B is silent\n  private address in SDP, and latching "
				   "is off\n"),
		"%s", tgctl_output);
}

Test(tgctl, J1_the_relays_own_delay_is_shown)
{
	stage_run();
	cr_assert_eq(tgctl_run("show stats"), 0);
	cr_assert_not_null(strstr(tgctl_output,
				   "worker 0 delay, us: mean 5.00, p50 < 4, p99 < 32, max < 32\n"),
		"%s", tgctl_output);
	cr_assert_not_null(strstr(tgctl_output, "worker 1 delay, us: mean 0.00, p50 > 16384,"),
		"%s", tgctl_output);
}

Test(tgctl, everything_fits_80_columns)
{
	static const char *const args[] = {"--help", "show calls", "show streams",
		"show call 4294967296", "show stream 4294967296.0", "show peers", "show stats",
		"show config", "show version", "trace 4294967296"};
	static char from[300];

	memset(from, 'f', sizeof(from) - 1);
	fake_engine.call[0].from = str_from(from);
	fake_engine.call[0].leg[0].peer = "a-peer-with-quite-a-long-name-that-does-not-fit";
	(void)tg_addr_parse(&fake_engine.call[0].leg[0].remote,
		"[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
	fake_engine.stats.side[0].learned[TG_RTP] = fake_engine.call[0].leg[0].remote;
	fake_engine_set_local(&fake_engine.call[0].leg[0].remote);
	say_call();
	stage_run();
	for (unsigned int i = 0; i < sizeof(args) / sizeof(args[0]); i++) {
		cr_assert_eq(tgctl_run(args[i]), 0, "%s", tgctl_output);
		cr_assert_gt(strlen(tgctl_output), 20);
		expect_fits(args[i]);
	}
}

Test(tgctl, nothing_a_peer_says_steers_the_terminal)
{
	fake_engine.call[0].from = STR("sip:\x1b[2J\x9b\x07@x");
	say_call();
	stage_run();
	tgctl_run("show calls");
	cr_assert_not_null(strstr(tgctl_output, "?[2J"), "%s", tgctl_output);
	cr_assert_null(strchr(tgctl_output, 0x1b));
	tgctl_run("-v trace 4294967296");
	cr_assert_not_null(
		strstr(tgctl_output, "long?[31m and red\nCSeq: 2 INFO\n"), "%s", tgctl_output);
	cr_assert_null(strchr(tgctl_output, 0x1b));
}

Test(tgctl, verbose_trace_has_the_bodies)
{
	say_call();
	stage_run();
	cr_assert_eq(tgctl_run("trace 4294967296"), 0);
	cr_assert_null(strstr(tgctl_output, "v=0"));
	cr_assert_eq(tgctl_run("-v trace 4294967296"), 0);
	cr_assert_not_null(strstr(tgctl_output,
				   "\n502.0 ms  leg B  198.51.100.1:5060 -> 198.51.100.10:5060  "
				   "[repeat]\nINVITE sip:b@x SIP/2.0\n"),
		"%s", tgctl_output);
	cr_assert_not_null(strstr(tgctl_output, "\nv=0\n"));
}

Test(tgctl, json_is_the_whole_answer)
{
	json_t *json;

	stage_run();
	cr_assert_eq(tgctl_run("--json show calls"), 0);
	json = json_loads(tgctl_output, 0, NULL);
	cr_assert_eq(json_array_size(json_object_get(json, "calls")), 4);
	json_decref(json);
}

Test(tgctl, exit_status_and_one_line_tell_what_is_wrong)
{
	static const struct {
		const char *args;
		int status;
		const char *says;
	} cases[] = {
		{"show call nobody", 3, "no live call"},
		{"trace nobody", 3, "trace"},
		{"show stream 4294967296.9", 3, "show streams"},
		{"show stream 1.0", 3, "show streams"},
		{"show stream x", 3, "show streams"},
		{"show stream", 2, "<stream>"},
		{"hangup 1", 3, "show calls"},
		{"drain maybe", 2, "on or off"},
		{"log", 2, "error|warn|info|debug"},
		{"show call", 2, "<call>"},
		{"show peers now", 2, "show peers"},
		{"show calls many", 2, "number"},
		{"dance", 2, "--help"},
		{"show", 2, "--help"},
		{"", 2, "--help"},
		{"--nonsense", 2, "nonsense"},
		{"-s /nowhere show stats", 4, "/nowhere"},
		{"-s /nowhere show stats", 4, "is tidegate-controlplane running?"},
	};

	stage_run();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(tgctl_run(cases[i].args), cases[i].status, "%s: %s", cases[i].args,
			tgctl_output);
		cr_assert_not_null(
			strstr(tgctl_output, cases[i].says), "%s: %s", cases[i].args, tgctl_output);
		cr_assert_eq(
			strcspn(tgctl_output, "\n") + 1, strlen(tgctl_output), "%s", tgctl_output);
	}
}

Test(tgctl, a_bad_configuration_is_refused_with_its_line)
{
	stage_run();
	obs_stage_write_conf("nonsense: 1\n");
	cr_assert_eq(tgctl_run("reload"), 1);
	cr_assert_not_null(strstr(tgctl_output, "tidegate.yaml:14: "), "%s", tgctl_output);
}

// Every command of the control plane is in --help with its arguments, and in the completion.
Test(tgctl, help_and_completion_agree_with_the_registry)
{
	const char *completion = getenv("TGCTL_COMPLETION"), *at;
	const struct ctl_command *command;
	unsigned int cursor = 0, count = 0;
	char want[128], script[512];

	cr_assert_not_null(completion);
	cr_assert_eq(tgctl_run("--help"), 0);
	while ((command = ctl_next(&cursor)) != NULL) {
		if (strcmp(command->name, "help") == 0)
			continue;
		snprintf(want, sizeof(want), "  %s%s%s", command->name,
			command->args[0] != '\0' ? " " : "", command->args);
		at = strstr(tgctl_output, want);
		cr_assert_not_null(at, "%s", want);
		cr_assert_not_null(strchr(" \n", at[strlen(want)]), "%s", want);
		cr_assert_not_null(strstr(tgctl_output, command->help), "%s", command->help);
		count++;
	}
	cr_assert_eq(count, 21);
	cr_assert_null(strstr(tgctl_output, " \n"), "a line ends with a blank");
	cursor = 0;
	while ((command = ctl_next(&cursor)) != NULL) {
		const char *blank = strchr(command->name, ' ');

		if (strcmp(command->name, "help") == 0)
			continue;
		snprintf(script, sizeof(script),
			"bash -c 'source %s; COMP_WORDS=(tgctl %s \"\"); COMP_CWORD=%d; _tgctl; "
			"printf \"%%s\\n\" \"${COMPREPLY[@]}\"' | grep -x -- '%s' >/dev/null",
			completion, blank != NULL ? "show" : "", blank != NULL ? 2 : 1,
			blank != NULL ? blank + 1 : command->name);
		cr_assert_eq(system(script), 0, "%s", script);
	}
}
