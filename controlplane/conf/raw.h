// SPDX-License-Identifier: BSD-3-Clause
// tidegate.yaml as libcyaml lays it out in memory: schema.c maps each key to a member here. What the
// file leaves out is NULL or an empty list until conf_raw_fill puts in the defaults; what has no
// default stays so. Members bear the names of their keys. Choices are int: libcyaml's enums.
#pragma once

#include <stdint.h>

struct raw_rate {
	uint32_t *per_s;
	uint32_t *burst;
};

struct raw_node {
	char *name;
	char *user;
};

struct raw_port {
	char *interface;
	int *xdp;
	char *device;
	int *kernel;
};

struct raw_dataplane {
	uint32_t *workers;
	int *poll;
	char *lcores;
	int *huge_pages;
	uint32_t *memory_mb;
	uint32_t *streams_max;
	char *attach_socket;
	struct raw_port *ports;
	unsigned int ports_count;
};

struct raw_sip {
	char *address;
	char *advertised;
	int *tcp;
};

struct raw_media {
	char *address;
	char *advertised;
	char *ports;
};

struct raw_methods {
	struct raw_rate invite;
	struct raw_rate register_; // a keyword of C
	struct raw_rate options;
	struct raw_rate other;
};

struct raw_codecs {
	char **allow;
	unsigned int allow_count;
	char **deny;
	unsigned int deny_count;
	char **order;
	unsigned int order_count;
};

struct raw_header {
	char *name;
	int *from;
	int *to;
};

struct raw_response {
	uint32_t *status;
	uint32_t *as;
};

struct raw_policy {
	char **methods;
	unsigned int methods_count;
	int *unknown_methods;
	int *options;
	int *unsolicited_notify;
	char **events;
	unsigned int events_count;
	struct raw_header *headers;
	unsigned int headers_count;
	struct raw_response *responses;
	unsigned int responses_count;
	int *local_number;
};

struct raw_expires {
	uint32_t *default_s;
	uint32_t *min_s;
	uint32_t *max_s;
	uint32_t *nat_s;
	uint32_t *upstream_s;
};

struct raw_digest {
	int *users;
	char **algorithms;
	unsigned int algorithms_count;
	int *sessions;
	int *qop;
	int *legacy;
	int *uri;
	uint32_t *nonce_s;
};

struct raw_domain {
	char *name;
	char **aliases;
	unsigned int aliases_count;
	char *upstream;
	int *return_by;
	struct raw_digest digest;
	struct raw_expires expires;
	uint32_t *contacts_max;
	int *contacts_full;
	int *outbound;
	int *gruu;
	int *ping;
	uint32_t *ping_s;
	uint32_t *ping_lost;
	int *redirects;
};

struct raw_users {
	char *file;
	char *redis;
	uint32_t *cache_s;
};

struct raw_store {
	int *kind;
	char *path;
	char *redis;
	char *password_file;
};

struct raw_realm {
	char *name;
	struct raw_sip *sip;
	unsigned int sip_count;
	struct raw_media *media;
	unsigned int media_count;
	int *latch;
	int *strangers;
	char **domains;
	unsigned int domains_count;
	int *unknown;
	struct raw_rate stranger_rate;
	struct raw_methods stranger_methods;
	struct raw_rate strangers_rate;
	struct raw_rate registered_rate;
	int *force_rport;
	int *early_media_to_callee;
	uint32_t *sip_dscp;
	uint32_t *media_dscp;
	int *media_police;
	uint32_t *media_police_factor;
	uint32_t *media_unknown_kbit;
	struct raw_codecs codecs;
	uint32_t *ptime_ms;
	int *rtcp_mux;
	int *unknown_media;
	struct raw_policy policy;
};

struct raw_peer_timers {
	uint32_t *t1_ms;
	uint32_t *t2_ms;
	uint32_t *t4_ms;
};

struct raw_peer {
	char *name;
	char *realm;
	char *address;
	int *transport;
	int *tcp_for_large;
	char **sources;
	unsigned int sources_count;
	struct raw_rate rate;
	struct raw_peer_timers timers;
	uint32_t *no_answer_s;
	uint32_t *calls_max;
	int *latch;
	int *redirects;
	int *refer;
	struct raw_codecs codecs;
	uint32_t *ptime_ms;
	int *rtcp_mux;
	int *unknown_media;
	struct raw_policy policy;
};

struct raw_route {
	char *from_realm;
	char *from_peer;
	char *prefix;
	char *to;
	char **forks;
	unsigned int forks_count;
	char **alternatives;
	unsigned int alternatives_count;
};

struct raw_ban {
	uint32_t *after;
	uint32_t *within_s;
	uint32_t *for_s;
	uint32_t *longest_s;
};

struct raw_lockout {
	uint32_t *after;
	uint32_t *within_s;
	uint32_t *for_s;
	uint32_t *longest_s;
};

struct raw_guard {
	char **scanners;
	unsigned int scanners_count;
	struct raw_ban ban;
	struct raw_lockout lockout;
	char **never;
	unsigned int never_count;
	uint32_t *bans_max;
};

struct raw_limits {
	uint32_t *calls_max;
	uint32_t *transactions_max;
	uint32_t *relays_max;
	uint32_t *subscriptions_max;
	uint32_t *bindings_max;
};

struct raw_connections {
	uint32_t *max;
	uint32_t *per_source;
	uint32_t *idle_s;
	uint32_t *unfinished_s;
	uint32_t *connect_s;
	uint32_t *queue_kb;
};

struct raw_timers {
	uint32_t *t1_ms;
	uint32_t *t2_ms;
	uint32_t *t4_ms;
	uint32_t *no_answer_s;
	uint32_t *session_s;
	uint32_t *session_min_s;
	uint32_t *call_max_s;
	uint32_t *media_idle_s;
	uint32_t *media_one_way_s;
	uint32_t *port_quarantine_s;
};

struct raw_metrics {
	char *listen;
};

struct raw_control {
	char *socket;
};

struct raw_log {
	int *level;
};

struct raw_trace {
	uint32_t *bytes;
};

struct raw_conf {
	struct raw_node node;
	struct raw_dataplane dataplane;
	struct raw_domain *domains;
	unsigned int domains_count;
	struct raw_realm *realms;
	unsigned int realms_count;
	struct raw_peer *peers;
	unsigned int peers_count;
	struct raw_route *routes;
	unsigned int routes_count;
	struct raw_users users;
	struct raw_store store;
	struct raw_guard guard;
	struct raw_limits limits;
	struct raw_connections connections;
	struct raw_timers timers;
	struct raw_metrics metrics;
	struct raw_control control;
	struct raw_log log;
	struct raw_trace trace;
};
