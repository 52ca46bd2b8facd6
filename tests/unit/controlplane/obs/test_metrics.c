// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/metrics_http.h"
#include "controlplane/reg/registrar.h"
#include "tests/unit/controlplane/obs/obs_stage.h"

static struct metrics_http *http;

static void set_up(void)
{
	struct tg_addr listen = {0};

	log_set_level(LOG_ERROR);
	obs_stage_open(3);
	fake_engine.sip.requests_in[SIP_INVITE] = 41;
	fake_engine.sip.responses_out[2] = 40;
	fake_engine.media.one_way = 4;
	fake_engine.counters.registered[REGISTRAR_TOO_BRIEF] = 5;
	fake_engine.auth.outcomes[AUTH_WAS_WRONG] = 6;
	fake_engine.auth.locks[LOCKOUT_PAIR] = 2;
	fake_engine.keepalive.bindings = 7;
	fake_engine.keepalive.answered = 3;
	fake_engine.keepalive.rtt_us = 250000;
	tally_add(&fake_engine.tally, "core", "carrier",
		&(struct quality){.mos = 4.125, .grade = QUALITY_GOOD});
	tally_add(&fake_engine.tally, "access", "", &(struct quality){0});
	fake_engine.pool_count = 1;
	fake_engine.pool[0] = (struct media_pool_view){
		.realm = 1, .port_first = 30000, .pairs = 100, .in_use = 10, .in_quarantine = 5};
	(void)tg_ip_parse(&fake_engine.pool[0].address, "198.51.100.1");
	(void)tg_addr_parse(&listen, "127.0.0.1:0");
	cr_assert_eq(metrics_http_open(&http, obs_stage, &listen), 0);
}

static void tear_down(void)
{
	stage_stop();
	store_free(fake_engine.store);
	metrics_http_free(http);
	obs_stage_close();
}

TestSuite(metrics, .init = set_up, .fini = tear_down);

static int connect_http(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons(metrics_http_port(http)),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct timeval wait = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

// The whole answer, head and body; the caller frees it.
static char *fetch(const char *method, const char *path)
{
	size_t cap = 1 << 20, len = 0;
	char *text = calloc(1, cap);
	char request[128];
	int fd = connect_http();
	ssize_t got;

	snprintf(request, sizeof(request), "%s %s HTTP/1.0\r\n\r\n", method, path);
	cr_assert_eq(send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	while ((got = recv(fd, text + len, cap - 1 - len, 0)) > 0)
		len += (size_t)got;
	close(fd);
	return text;
}

static int status_of(const char *method, const char *path)
{
	char *text = fetch(method, path);
	int status = strncmp(text, "HTTP/1.0 ", 9) == 0 || strncmp(text, "HTTP/1.1 ", 9) == 0
		? (int)strtol(text + 9, NULL, 10)
		: 0;

	free(text);
	return status;
}

static const char *body_of(const char *text)
{
	const char *blank = strstr(text, "\r\n\r\n");

	cr_assert_not_null(blank, "%s", text);
	return blank + 4;
}

Test(metrics, K1_J15_J16_F22_samples_have_the_agreed_names)
{
	static const char *const lines[] = {
		"tidegate_sip_requests_total{dir=\"in\",method=\"INVITE\"} 41\n",
		"tidegate_sip_responses_total{dir=\"out\",class=\"2xx\"} 40\n",
		"tidegate_sip_retransmissions_total{dir=\"in\"} 0\n",
		"tidegate_sip_parse_errors_total{reason=\"not_sip\"} 0\n",
		"tidegate_calls_active 3\n",
		"tidegate_bans 0\n",
		"tidegate_requests_waiting 0\n",
		"tidegate_requests_refused_total{reason=\"event\"} 0\n",
		"tidegate_subscriptions_active 0\n",
		"tidegate_subscriptions_ended_total{reason=\"expired\"} 0\n",
		"tidegate_sip_connections{made_by=\"peer\"} 0\n",
		"tidegate_sip_connections_opened_total{made_by=\"us\"} 0\n",
		"tidegate_sip_connections_refused_total{reason=\"per_source\"} 0\n",
		"tidegate_sip_connections_closed_total{reason=\"unfinished\"} 0\n",
		"tidegate_sip_connection_messages_total{dir=\"in\"} 0\n",
		"tidegate_sip_connection_messages_refused_total{reason=\"strangers\"} 0\n",
		"tidegate_sip_connections_closed_total{reason=\"method_rate\"} 0\n",
		"tidegate_sip_fallbacks_total 0\n",
		"tidegate_bans_total{reason=\"operator\"} 0\n",
		"tidegate_guard_events_total{kind=\"malformed\"} 0\n",
		"tidegate_guard_not_banned_total{reason=\"spared\"} 0\n",
		"tidegate_registered_sources 0\n",
		"tidegate_registered_sources_refused_total 0\n",
		"tidegate_registrations 0\n",
		"tidegate_registrations_alg_suspected 0\n",
		"tidegate_registration_changes_total{change=\"flow_lost\"} 0\n",
		"tidegate_register_answers_total{verdict=\"too_brief\"} 5\n",
		"tidegate_auth_outcomes_total{outcome=\"wrong\"} 6\n",
		"tidegate_auth_locks_total{by=\"pair\"} 2\n",
		"tidegate_keepalive_bindings 7\n",
		"tidegate_keepalive_results_total{result=\"answered\"} 3\n",
		"tidegate_keepalive_round_trip_seconds_total 0.25\n",
		"tidegate_sip_unanswered_total{reason=\"silent\"} 0\n",
		"tidegate_call_attempts_total 0\n",
		"tidegate_media_ports{realm=\"core\",address=\"198.51.100.1\",port_first=\"30000\","
		"state=\"in_use\"} 20\n",
		"state=\"quarantine\"} 10\n",
		"state=\"free\"} 170\n",
		"tidegate_dataplane_attached 1\n",
		"tidegate_dataplane_rx_packets_total{worker=\"0\"} 1000\n",
		"tidegate_dataplane_drops_total{worker=\"1\",reason=\"media_source\"} 17\n",
		"# TYPE tidegate_dataplane_delay_seconds histogram\n",
		"tidegate_dataplane_delay_seconds_bucket{worker=\"0\",le=\"2e-06\"} 0\n",
		"tidegate_dataplane_delay_seconds_bucket{worker=\"0\",le=\"4e-06\"} 90\n",
		"tidegate_dataplane_delay_seconds_bucket{worker=\"0\",le=\"3.2e-05\"} 100\n",
		"tidegate_dataplane_delay_seconds_bucket{worker=\"0\",le=\"+Inf\"} 100\n",
		"tidegate_dataplane_delay_seconds_sum{worker=\"0\"} 0.0005\n",
		"tidegate_dataplane_delay_seconds_count{worker=\"0\"} 100\n",
		"tidegate_dataplane_delay_seconds_bucket{worker=\"1\",le=\"0.016384\"} 0\n",
		"tidegate_dataplane_delay_seconds_bucket{worker=\"1\",le=\"+Inf\"} 1\n",
		"tidegate_media_one_way_total 4\n",
		"tidegate_media_policed_total 0\n",
		"tidegate_media_unreachable_total 0\n",
		"tidegate_media_unmapped_total 0\n",
		"tidegate_media_mos_bucket{realm=\"core\",peer=\"carrier\",le=\"4\"} 0\n",
		"tidegate_media_mos_bucket{realm=\"core\",peer=\"carrier\",le=\"4.2\"} 1\n",
		"tidegate_media_mos_bucket{realm=\"core\",peer=\"carrier\",le=\"+Inf\"} 1\n",
		"tidegate_media_mos_sum{realm=\"core\",peer=\"carrier\"} 4.125\n",
		"tidegate_media_mos_count{realm=\"core\",peer=\"carrier\"} 1\n",
		"tidegate_media_quality_total{realm=\"core\",peer=\"carrier\",grade=\"good\"} 1\n",
		"tidegate_media_quality_total{realm=\"access\",peer=\"\",grade=\"poor\"} 0\n",
		"tidegate_build_info{version=\"" TIDEGATE_VERSION "\",abi=\"5\"} 1\n",
		"# TYPE tidegate_calls_ended_total counter\n",
	};
	char *text;

	stage_run();
	text = fetch("GET", "/metrics");
	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_assert_not_null(strstr(body_of(text), lines[i]), "%s\n%s", lines[i], text);
	free(text);
}

static void put(const char *name)
{
	const struct store_key key = {str_from(name), 1};

	cr_assert_eq(store_put(fake_engine.store, STORE_BINDING, &key, STR("v"),
			     tg_wall_now().us / TG_US_PER_S + 60),
		0);
}

static void open_store(void)
{
	const struct store_redis_params nobody = {.host = "127.0.0.1", .port = 1, .node = "n1"};
	struct store_error err;

	cr_assert_eq(
		store_open(&fake_engine.store,
			&(struct store_params){.loop = stage.signalling, .redis = &nobody}, &err),
		0);
}

Test(metrics, L3_what_is_kept_is_counted_where_there_is_a_store)
{
	static const char *const lines[] = {
		"\ntidegate_store_up 0\n",
		"\ntidegate_store_queued 2\n",
		"\ntidegate_store_events_total{event=\"put\"} 2\n",
		"\ntidegate_store_events_total{event=\"down\"} 1\n",
		"\ntidegate_store_events_total{event=\"unreadable\"} 0\n",
	};
	char *text;

	open_store();
	put("alice@example.com");
	put("bob@example.com");
	stage_run();
	text = fetch("GET", "/metrics");
	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		cr_assert_not_null(strstr(body_of(text), lines[i]), "%s\n%s", lines[i], text);
	free(text);
}

Test(metrics, without_a_store_nothing_is_said_of_it)
{
	char *text;

	stage_run();
	text = fetch("GET", "/metrics");
	cr_assert_null(strstr(body_of(text), "\ntidegate_store_"), "%s", text);
	free(text);
}

Test(metrics, promtool_finds_nothing_to_say)
{
	char command[128];
	FILE *tool;
	char *text;

	if (access("/usr/bin/promtool", X_OK) != 0)
		cr_skip_test("promtool is not installed");
	stage_run();
	text = fetch("GET", "/metrics");
	snprintf(command, sizeof(command), "/usr/bin/promtool check metrics");
	tool = popen(command, "w");
	cr_assert_not_null(tool);
	fputs(body_of(text), tool);
	cr_assert_eq(pclose(tool), 0);
	free(text);
}

Test(metrics, pages_have_their_status)
{
	static const struct {
		const char *method, *path;
		int status;
	} cases[] = {
		{"GET", "/metrics", 200},
		{"GET", "/metrics?x=y", 200},
		{"GET", "/healthz", 200},
		{"GET", "/readyz", 200},
		{"GET", "/", 404},
		{"GET", "/metrics/", 404},
		{"GET", "/../etc/passwd", 404},
		{"POST", "/metrics", 501},
	};

	stage_run();
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(status_of(cases[i].method, cases[i].path), cases[i].status, "%s %s",
			cases[i].method, cases[i].path);
}

Test(metrics, readiness_goes_while_draining)
{
	fake_engine.draining = true;
	stage_run();
	cr_assert_eq(status_of("GET", "/readyz"), 503);
	cr_assert_eq(status_of("GET", "/healthz"), 200);
}

Test(metrics, a_stalled_signalling_thread_is_told)
{
	stage_run_stalled();
	cr_assert_eq(status_of("GET", "/healthz"), 503);
}

Test(metrics, who_leaves_early_harms_nobody)
{
	stage_run_stalled();
	for (unsigned int i = 0; i < 20; i++) {
		int fd = connect_http();

		cr_assert_eq(send(fd, "GET /metrics HTTP/1.1\r\n\r\n", 25, 0), 25);
		close(fd);
	}
	cr_assert_eq(status_of("GET", "/nothing"), 404);
}
