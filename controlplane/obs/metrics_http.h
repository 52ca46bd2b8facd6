// SPDX-License-Identifier: BSD-3-Clause
// The HTTP server for monitoring, on the loopback unless configured otherwise (behaviours K1, L14):
//
//	GET /metrics   Prometheus text format
//	GET /healthz   200 while the signalling thread answers, else 503
//	GET /readyz    200 while new calls are taken: attached and not draining, else 503
//
// All three ask the signalling thread; when it does not answer in METRICS_HTTP_WAIT_MS, the answer
// is 503.
#pragma once

#include "controlplane/obs/obs.h"

#define METRICS_HTTP_WAIT_MS 1000
#define METRICS_HTTP_IDLE_S 10

struct metrics_http;

// Port 0 takes any. Returns 0; -errno, with the reason in the log. Management thread.
int metrics_http_open(struct metrics_http **out, struct obs *obs, const struct tg_addr *listen);
uint16_t metrics_http_port(const struct metrics_http *http);
// Stops to serve; requests that wait for the signalling thread are dropped. NULL is legal.
void metrics_http_free(struct metrics_http *http);
