// SPDX-License-Identifier: BSD-3-Clause
// Which key goes to which member (the fields tables), and what each option means (the options table).
#include "controlplane/conf/conf_int.h"
#include "include/tidegate/attach.h"
#include "include/tidegate/ctl.h"

#include <errno.h>

#define OPTIONAL (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define CHOICE (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT)

#define CODECS_MAX 64

#define NEEDED_TEXT(type, m) CYAML_FIELD_STRING_PTR(#m, CYAML_FLAG_POINTER, struct type, m, 0, 255)
#define TEXT(type, m) CYAML_FIELD_STRING_PTR(#m, OPTIONAL, struct type, m, 0, 255)
#define NEEDED_NUMBER(type, m) CYAML_FIELD_UINT_PTR(#m, CYAML_FLAG_POINTER, struct type, m)
#define NUMBER(type, m) CYAML_FIELD_UINT_PTR(#m, OPTIONAL, struct type, m)
#define ONE_OF(type, m, names) \
	CYAML_FIELD_ENUM_PTR(#m, CHOICE, struct type, m, names, CYAML_ARRAY_LEN(names))
#define GROUP(type, m, fields) CYAML_FIELD_MAPPING(#m, CYAML_FLAG_OPTIONAL, struct type, m, fields)
#define LIST(type, m, entry) \
	CYAML_FIELD_SEQUENCE(#m, OPTIONAL, struct type, m, entry, 0, CYAML_UNLIMITED)

static const cyaml_strval_t on_off[] = {{"on", true}, {"off", false}, {"true", true},
	{"false", false}, {"yes", true}, {"no", false}};
static const cyaml_strval_t kernels[] = {{"tap", false}, {"follow", true}};
static const cyaml_strval_t polls[] = {{"adaptive", CONF_POLL_ADAPTIVE}, {"busy", CONF_POLL_BUSY}};
static const cyaml_strval_t latches[] = {{"off", TG_LATCH_OFF}, {"port", TG_LATCH_PORT},
	{"signalling", TG_LATCH_SIGNALLING}, {"any", TG_LATCH_ANY}};
static const cyaml_strval_t stranger_rules[] = {{"accept", CONF_STRANGERS_ACCEPT},
	{"refuse", CONF_STRANGERS_REFUSE}, {"registered", CONF_STRANGERS_REGISTERED},
	{"authenticate", CONF_STRANGERS_AUTHENTICATE}};
static const cyaml_strval_t return_ways[] = {{"contact", false}, {"path", true}};
static const cyaml_strval_t user_rules[] = {{"challenge", false}, {"believe", true}};
static const cyaml_strval_t uri_rules[] = {{"strict", true}, {"tolerant", false}};
static const cyaml_strval_t full_rules[] = {{"refuse", false}, {"replace", true}};
static const cyaml_strval_t pings[] = {
	{"off", CONF_PING_OFF}, {"options", CONF_PING_OPTIONS}, {"crlf", CONF_PING_CRLF}};
static const cyaml_strval_t stores[] = {
	{"none", CONF_STORE_NONE}, {"lmdb", CONF_STORE_LMDB}, {"redis", CONF_STORE_REDIS}};
static const cyaml_strval_t unknown_rules[] = {{"answer", false}, {"silent", true}};
static const cyaml_strval_t transports[] = {
	{"udp", CONF_TRANSPORT_UDP}, {"tcp", CONF_TRANSPORT_TCP}};
static const cyaml_strval_t redirect_rules[] = {{"pass", false}, {"follow", true}};
static const cyaml_strval_t refer_rules[] = {
	{"auto", CONF_REFER_AUTO}, {"pass", CONF_REFER_PASS}, {"handle", CONF_REFER_HANDLE}};
static const cyaml_strval_t media_rules[] = {{"reject", false}, {"pass", true}};
static const cyaml_strval_t relay_rules[] = {{"refuse", false}, {"relay", true}};
static const cyaml_strval_t options_rules[] = {{"answer", false}, {"relay", true}};
static const cyaml_strval_t crossings[] = {
	{"default", CONF_CROSS_DEFAULT}, {"pass", CONF_CROSS_PASS}, {"drop", CONF_CROSS_DROP}};
static const cyaml_strval_t local_numbers[] = {{"484", 484}, {"400", 400}, {"accept", 0}};
static const cyaml_strval_t levels[] = {{"error", 0}, {"warn", 1}, {"info", 2}, {"debug", 3}};

static const cyaml_schema_field_t rate_fields[] = {
	NUMBER(raw_rate, per_s),
	NUMBER(raw_rate, burst),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t node_fields[] = {
	TEXT(raw_node, name),
	TEXT(raw_node, user),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t port_fields[] = {
	NEEDED_TEXT(raw_port, interface),
	ONE_OF(raw_port, xdp, on_off),
	TEXT(raw_port, device),
	ONE_OF(raw_port, kernel, kernels),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t port = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_port, port_fields)};

static const cyaml_schema_field_t dataplane_fields[] = {
	LIST(raw_dataplane, ports, &port),
	NUMBER(raw_dataplane, workers),
	ONE_OF(raw_dataplane, poll, polls),
	TEXT(raw_dataplane, lcores),
	ONE_OF(raw_dataplane, huge_pages, on_off),
	NUMBER(raw_dataplane, memory_mb),
	NUMBER(raw_dataplane, streams_max),
	TEXT(raw_dataplane, attach_socket),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t sip_fields[] = {
	NEEDED_TEXT(raw_sip, address),
	TEXT(raw_sip, advertised),
	ONE_OF(raw_sip, tcp, on_off),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t sip = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_sip, sip_fields)};

static const cyaml_schema_field_t media_fields[] = {
	NEEDED_TEXT(raw_media, address),
	TEXT(raw_media, advertised),
	TEXT(raw_media, ports),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t media = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_media, media_fields)};

static const cyaml_schema_field_t methods_fields[] = {
	GROUP(raw_methods, invite, rate_fields),
	CYAML_FIELD_MAPPING(
		"register", CYAML_FLAG_OPTIONAL, struct raw_methods, register_, rate_fields),
	GROUP(raw_methods, options, rate_fields),
	GROUP(raw_methods, other, rate_fields),
	CYAML_FIELD_END,
};

static const cyaml_schema_value_t any_text = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 255)};

static const cyaml_schema_field_t codecs_fields[] = {
	LIST(raw_codecs, allow, &any_text),
	LIST(raw_codecs, deny, &any_text),
	LIST(raw_codecs, order, &any_text),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t header_fields[] = {
	NEEDED_TEXT(raw_header, name),
	ONE_OF(raw_header, from, crossings),
	ONE_OF(raw_header, to, crossings),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t header = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_header, header_fields)};

static const cyaml_schema_field_t response_fields[] = {
	NEEDED_NUMBER(raw_response, status),
	NEEDED_NUMBER(raw_response, as),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t response = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_response, response_fields)};

// What realms and peers have in common.
#define POLICY(type)                                                                               \
	CYAML_FIELD_SEQUENCE(                                                                      \
		"methods", OPTIONAL, struct type, policy.methods, &any_text, 0, CYAML_UNLIMITED),  \
		CYAML_FIELD_ENUM_PTR("unknown_methods", CHOICE, struct type,                       \
			policy.unknown_methods, relay_rules, CYAML_ARRAY_LEN(relay_rules)),        \
		CYAML_FIELD_ENUM_PTR("options", CHOICE, struct type, policy.options,               \
			options_rules, CYAML_ARRAY_LEN(options_rules)),                            \
		CYAML_FIELD_ENUM_PTR("unsolicited_notify", CHOICE, struct type,                    \
			policy.unsolicited_notify, relay_rules, CYAML_ARRAY_LEN(relay_rules)),     \
		CYAML_FIELD_SEQUENCE("events", OPTIONAL, struct type, policy.events, &any_text, 0, \
			CYAML_UNLIMITED),                                                          \
		CYAML_FIELD_SEQUENCE("headers", OPTIONAL, struct type, policy.headers, &header, 0, \
			CYAML_UNLIMITED),                                                          \
		CYAML_FIELD_SEQUENCE("responses", OPTIONAL, struct type, policy.responses,         \
			&response, 0, CYAML_UNLIMITED),                                            \
		CYAML_FIELD_ENUM_PTR("local_number", CHOICE, struct type, policy.local_number,     \
			local_numbers, CYAML_ARRAY_LEN(local_numbers))

static const cyaml_schema_field_t digest_fields[] = {
	ONE_OF(raw_digest, users, user_rules),
	LIST(raw_digest, algorithms, &any_text),
	ONE_OF(raw_digest, sessions, on_off),
	ONE_OF(raw_digest, qop, on_off),
	ONE_OF(raw_digest, legacy, on_off),
	ONE_OF(raw_digest, uri, uri_rules),
	NUMBER(raw_digest, nonce_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t expires_fields[] = {
	NUMBER(raw_expires, default_s),
	NUMBER(raw_expires, min_s),
	NUMBER(raw_expires, max_s),
	NUMBER(raw_expires, nat_s),
	NUMBER(raw_expires, upstream_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t domain_fields[] = {
	NEEDED_TEXT(raw_domain, name),
	LIST(raw_domain, aliases, &any_text),
	TEXT(raw_domain, upstream),
	ONE_OF(raw_domain, return_by, return_ways),
	GROUP(raw_domain, digest, digest_fields),
	GROUP(raw_domain, expires, expires_fields),
	NUMBER(raw_domain, contacts_max),
	ONE_OF(raw_domain, contacts_full, full_rules),
	ONE_OF(raw_domain, outbound, on_off),
	ONE_OF(raw_domain, gruu, on_off),
	ONE_OF(raw_domain, ping, pings),
	NUMBER(raw_domain, ping_s),
	NUMBER(raw_domain, ping_lost),
	ONE_OF(raw_domain, redirects, redirect_rules),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t domain = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_domain, domain_fields)};

static const cyaml_schema_field_t users_fields[] = {
	TEXT(raw_users, file),
	TEXT(raw_users, redis),
	NUMBER(raw_users, cache_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t store_fields[] = {
	ONE_OF(raw_store, kind, stores),
	TEXT(raw_store, path),
	TEXT(raw_store, redis),
	TEXT(raw_store, password_file),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t realm_fields[] = {
	NEEDED_TEXT(raw_realm, name),
	LIST(raw_realm, sip, &sip),
	LIST(raw_realm, media, &media),
	ONE_OF(raw_realm, latch, latches),
	ONE_OF(raw_realm, strangers, stranger_rules),
	LIST(raw_realm, domains, &any_text),
	ONE_OF(raw_realm, unknown, unknown_rules),
	GROUP(raw_realm, stranger_rate, rate_fields),
	GROUP(raw_realm, stranger_methods, methods_fields),
	GROUP(raw_realm, strangers_rate, rate_fields),
	GROUP(raw_realm, registered_rate, rate_fields),
	ONE_OF(raw_realm, force_rport, on_off),
	ONE_OF(raw_realm, early_media_to_callee, on_off),
	NUMBER(raw_realm, sip_dscp),
	NUMBER(raw_realm, media_dscp),
	ONE_OF(raw_realm, media_police, on_off),
	NUMBER(raw_realm, media_police_factor),
	NUMBER(raw_realm, media_unknown_kbit),
	GROUP(raw_realm, codecs, codecs_fields),
	NUMBER(raw_realm, ptime_ms),
	ONE_OF(raw_realm, rtcp_mux, on_off),
	ONE_OF(raw_realm, unknown_media, media_rules),
	POLICY(raw_realm),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t realm = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_realm, realm_fields)};

static const cyaml_schema_field_t peer_timers_fields[] = {
	NUMBER(raw_peer_timers, t1_ms),
	NUMBER(raw_peer_timers, t2_ms),
	NUMBER(raw_peer_timers, t4_ms),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t peer_fields[] = {
	NEEDED_TEXT(raw_peer, name),
	NEEDED_TEXT(raw_peer, realm),
	NEEDED_TEXT(raw_peer, address),
	ONE_OF(raw_peer, transport, transports),
	ONE_OF(raw_peer, tcp_for_large, on_off),
	LIST(raw_peer, sources, &any_text),
	GROUP(raw_peer, rate, rate_fields),
	GROUP(raw_peer, timers, peer_timers_fields),
	NUMBER(raw_peer, no_answer_s),
	NUMBER(raw_peer, calls_max),
	ONE_OF(raw_peer, latch, latches),
	ONE_OF(raw_peer, redirects, redirect_rules),
	ONE_OF(raw_peer, refer, refer_rules),
	GROUP(raw_peer, codecs, codecs_fields),
	NUMBER(raw_peer, ptime_ms),
	ONE_OF(raw_peer, rtcp_mux, on_off),
	ONE_OF(raw_peer, unknown_media, media_rules),
	POLICY(raw_peer),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t peer = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_peer, peer_fields)};

static const cyaml_schema_field_t route_fields[] = {
	TEXT(raw_route, from_realm),
	TEXT(raw_route, from_peer),
	TEXT(raw_route, prefix),
	NEEDED_TEXT(raw_route, to),
	LIST(raw_route, forks, &any_text),
	LIST(raw_route, alternatives, &any_text),
	CYAML_FIELD_END,
};
static const cyaml_schema_value_t route = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_route, route_fields)};

static const cyaml_schema_field_t ban_fields[] = {
	NUMBER(raw_ban, after),
	NUMBER(raw_ban, within_s),
	NUMBER(raw_ban, for_s),
	NUMBER(raw_ban, longest_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t lockout_fields[] = {
	NUMBER(raw_lockout, after),
	NUMBER(raw_lockout, within_s),
	NUMBER(raw_lockout, for_s),
	NUMBER(raw_lockout, longest_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t guard_fields[] = {
	LIST(raw_guard, scanners, &any_text),
	GROUP(raw_guard, ban, ban_fields),
	GROUP(raw_guard, lockout, lockout_fields),
	LIST(raw_guard, never, &any_text),
	NUMBER(raw_guard, bans_max),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t limits_fields[] = {
	NUMBER(raw_limits, calls_max),
	NUMBER(raw_limits, transactions_max),
	NUMBER(raw_limits, relays_max),
	NUMBER(raw_limits, subscriptions_max),
	NUMBER(raw_limits, bindings_max),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t connections_fields[] = {
	NUMBER(raw_connections, max),
	NUMBER(raw_connections, per_source),
	NUMBER(raw_connections, idle_s),
	NUMBER(raw_connections, unfinished_s),
	NUMBER(raw_connections, connect_s),
	NUMBER(raw_connections, queue_kb),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t timers_fields[] = {
	NUMBER(raw_timers, t1_ms),
	NUMBER(raw_timers, t2_ms),
	NUMBER(raw_timers, t4_ms),
	NUMBER(raw_timers, no_answer_s),
	NUMBER(raw_timers, session_s),
	NUMBER(raw_timers, session_min_s),
	NUMBER(raw_timers, call_max_s),
	NUMBER(raw_timers, media_idle_s),
	NUMBER(raw_timers, media_one_way_s),
	NUMBER(raw_timers, port_quarantine_s),
	CYAML_FIELD_END,
};

static const cyaml_schema_field_t metrics_fields[] = {TEXT(raw_metrics, listen), CYAML_FIELD_END};
static const cyaml_schema_field_t control_fields[] = {TEXT(raw_control, socket), CYAML_FIELD_END};
static const cyaml_schema_field_t log_fields[] = {ONE_OF(raw_log, level, levels), CYAML_FIELD_END};
static const cyaml_schema_field_t trace_fields[] = {NUMBER(raw_trace, bytes), CYAML_FIELD_END};

static const cyaml_schema_field_t conf_fields[] = {
	GROUP(raw_conf, node, node_fields),
	GROUP(raw_conf, dataplane, dataplane_fields),
	LIST(raw_conf, domains, &domain),
	LIST(raw_conf, realms, &realm),
	LIST(raw_conf, peers, &peer),
	LIST(raw_conf, routes, &route),
	GROUP(raw_conf, users, users_fields),
	GROUP(raw_conf, store, store_fields),
	GROUP(raw_conf, guard, guard_fields),
	GROUP(raw_conf, limits, limits_fields),
	GROUP(raw_conf, connections, connections_fields),
	GROUP(raw_conf, timers, timers_fields),
	GROUP(raw_conf, metrics, metrics_fields),
	GROUP(raw_conf, control, control_fields),
	GROUP(raw_conf, log, log_fields),
	GROUP(raw_conf, trace, trace_fields),
	CYAML_FIELD_END,
};

const cyaml_schema_value_t conf_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_conf, conf_fields)};

#define RATE(path, per_s, burst, about)                                                   \
	{path, .help = about},                                                            \
		{path ".per_s", per_s, .max = 1000000, .help = "A second; 0: no limit."}, \
	{                                                                                 \
		path ".burst", burst, .max = 1000000, .help = "At once."                  \
	}

static const struct conf_option options[] = {
	{"node", .help = "This machine."},
	{"node.name", "tidegate", .help = "Name in logs and records; no peer ever sees it."},
	{"node.user", "tidegate", .help = "Runs the control plane once its sockets are open."},

	{"dataplane", .help = "Moves packets. Reads this when it starts, at no reload."},
	{"dataplane.ports", .max = TG_PORTS_MAX,
		.help = "Network interfaces to take SIP and media from."},
	{"dataplane.ports.interface", .sample = "default",
		.help = "Its name; default: the interface of the default route."},
	{"dataplane.ports.xdp", "on",
		.help = "Take our UDP by AF_XDP and leave the rest to the kernel. off: AF_PACKET, "
			"for interfaces that know no XDP; slow."},
	{"dataplane.ports.device", .sample = "0000:03:00.0",
		.help = "A device that the kernel does not see and that interface stands for "
			"there: the PCI address of a NIC bound to vfio-pci, or a virtual one as "
			"net_memif0,role=client,socket=/run/x.sock."},
	{"dataplane.ports.kernel", "tap",
		.help = "With device. tap: interface is made, and what is not ours goes to it; "
			"follow: it is there, and only its addresses and neighbours are used."},
	{"dataplane.workers", "1", .min = 1, .max = TG_WORKERS_MAX,
		.help = "Cores that forward packets; one more serves them."},
	{"dataplane.poll", "adaptive",
		.help = "adaptive sleeps while there is nothing to do; busy never does and takes "
			"its cores whole: for carriers."},
	{"dataplane.lcores", .sample = "0,2-3",
		.help = "CPUs: one that serves, then one a worker."},
	{"dataplane.huge_pages", "on", .help = "Take packet memory from huge pages. off: slower."},
	{"dataplane.memory_mb", "0", .max = 1 << 20,
		.help = "Packet memory; 0: computed from ports and streams_max."},
	{"dataplane.streams_max", "16384", .min = 1, .max = TG_STREAMS_MAX,
		.help = "Media streams at once; a plain call has one."},
	{"dataplane.attach_socket", TG_ATTACH_SOCKET, .help = "Where the two processes meet."},

	{"domains", .max = 255, .help = "Whose users register through us."},
	{"domains.name", .sample = "example.com",
		.help = "As it stands behind the @ of its users; also the realm of their digest."},
	{"domains.aliases", .max = 64, .sample = "sip.example.com",
		.help = "Other names that mean it. Our own addresses do in the realms that name "
			"it first."},
	{"domains.upstream", .sample = "carrier",
		.help = "The peer that keeps who is where and knows the users: it gets what "
			"changes, and a refresh when one is due. Without it we do both."},
	{"domains.return_by", "contact",
		.help = "With upstream, how calls come back through us. contact: registered is an "
			"address of ours; path: the phone's own, behind a Path (RFC 3327)."},
	{"domains.digest", .help = "How users prove who they are; without upstream."},
	{"domains.digest.users", "challenge",
		.help = "challenge: as users below say; believe: who asks is believed, for labs "
			"only."},
	{"domains.digest.algorithms", "SHA-256, MD5", .max = 3,
		.help = "Offered, the strongest first: MD5, SHA-256, SHA-512-256. MD5 alone suits "
			"phones that give up at what they do not know, such as baresip 1.0."},
	{"domains.digest.sessions", "off", .help = "Take the -sess variants of them, too."},
	{"domains.digest.qop", "on",
		.help = "Offer qop=auth, which counts requests. off: for phones that cannot."},
	{"domains.digest.legacy", "on",
		.help = "Take answers without qop, which can be repeated while the nonce lives."},
	{"domains.digest.uri", "strict",
		.help = "strict: the uri in credentials is the Request-URI; tolerant: some proxy "
			"between may have changed its port and parameters."},
	{"domains.digest.nonce_s", "300", .min = 10, .max = 86400,
		.help = "A nonce may be used for so long; then a new one is given."},
	{"domains.expires", .help = "How long a binding lives."},
	{"domains.expires.default_s", "3600", .min = 1, .max = 2592000,
		.help = "When the phone does not say."},
	{"domains.expires.min_s", "60", .min = 1, .max = 86400,
		.help = "Less is refused (423), but for 0, which ends it."},
	{"domains.expires.max_s", "3600", .min = 1, .max = 2592000, .help = "More is cut."},
	{"domains.expires.nat_s", "120", .max = 3600,
		.help = "The most behind NAT by UDP; 0: as others."},
	{"domains.expires.upstream_s", "3600", .min = 60, .max = 2592000,
		.help = "With upstream: asked for there, and refreshed at half of what is "
			"granted."},
	{"domains.contacts_max", "10", .min = 1, .max = 64,
		.help = "Phones of one user at once. One that says +sip.instance takes its own "
			"place again."},
	{"domains.contacts_full", "refuse",
		.help = "One more than that. refuse: 403; replace: the oldest gives way."},
	{"domains.outbound", "on", .help = "Several flows of one phone (RFC 5626)."},
	{"domains.gruu", "on", .help = "Addresses of single phones (RFC 5627)."},
	{"domains.ping", "options",
		.help = "To phones behind NAT by UDP, so that the way to them stays: options, "
			"crlf or off."},
	{"domains.ping_s", "25", .min = 5, .max = 600, .help = "So often."},
	{"domains.ping_lost", "0", .max = 100,
		.help = "Forget a binding after so many OPTIONS without an answer; 0: never."},
	{"domains.redirects", "pass",
		.help = "A phone that forwards its calls (3xx). pass: the caller gets it, numbers "
			"at our own address; follow: we call whom it names, where the phone itself "
			"could call."},

	{"realms", .max = TG_REALMS_MAX, .help = "The networks this border stands between."},
	{"realms.name", .sample = "edge", .help = "Letters, digits, '-', '_' and '.'."},
	{"realms.sip", .max = TG_LISTENERS_MAX, .help = "Where SIP arrives."},
	{"realms.sip.address", .sample = "auto:5060",
		.help = "IP:port; auto: first IPv4 address of the first port."},
	{"realms.sip.advertised", .sample = "192.0.2.1:5060",
		.help = "What Via and Contact say, if a 1:1 NAT is before us."},
	{"realms.sip.tcp", "on", .help = "Take SIP by TCP there, beside UDP."},
	{"realms.media", .max = TG_POOLS_MAX, .help = "Addresses and ports for RTP and RTCP."},
	{"realms.media.address", .sample = "auto", .help = "IP, or auto as above."},
	{"realms.media.advertised", .sample = "192.0.2.1",
		.help = "What SDP says, if a 1:1 NAT is before us."},
	{"realms.media.ports", "20000-39999",
		.help = "First (even) and last (odd); a stream takes two."},
	{"realms.latch", "signalling",
		.help = "Whose media to believe when it does not come from where SDP said, as with "
			"phones behind NAT. off: nobody's; port: of the same IP, any port; "
			"signalling: of the IP that the SIP came from; any: everybody's, for labs "
			"only."},
	{"realms.strangers", "accept",
		.help = "Calls and requests of sources that are no peer. accept: offer them to the "
			"routes; refuse: 403; registered: those of registered phones, others get "
			"403; authenticate: each proves by digest that it is a user (407)."},
	{"realms.domains", .max = 64, .sample = "example.com",
		.help = "Whose users register here; our own address means the first one."},
	{"realms.unknown", "answer",
		.help = "What such a source hears when no call comes of what it sends. answer: no "
			"more octets than it sent; silent: nothing. Where users register they are "
			"asked who they are all the same."},
	RATE("realms.stranger_rate", "50", "100",
		"SIP datagrams from each such source, and as many messages by its connections."),
	{"realms.stranger_methods",
		.help = "Requests from each such source that may begin something."},
	RATE("realms.stranger_methods.invite", "10", "20", "Calls."),
	RATE("realms.stranger_methods.register", "10", "20", "Registrations."),
	RATE("realms.stranger_methods.options", "5", "10", "Pings, and probes of scanners."),
	RATE("realms.stranger_methods.other", "10", "20", "Any other."),
	RATE("realms.strangers_rate", "1000", "2000",
		"SIP datagrams from all such sources together, for each address under sip; by "
		"connections as many of the realm."),
	RATE("realms.registered_rate", "100", "200",
		"SIP datagrams from each address and port that a phone registered from."),
	{"realms.force_rport", "on",
		.help = "Answer to where a request came from, asked by rport or not."},
	{"realms.early_media_to_callee", "off",
		.help = "Let the caller be heard before the answer."},
	{"realms.sip_dscp", "40", .max = 63, .help = "Code point of SIP we send; 40 is CS5."},
	{"realms.media_dscp", "46", .max = 63, .help = "Code point of media we send; 46 is EF."},
	{"realms.media_police", "on",
		.help = "Drop media beyond what its SDP promised: packets and bytes a second, "
			"and packets larger than its codec makes."},
	{"realms.media_police_factor", "200", .min = 100, .max = 10000,
		.help = "Percent of the promised rate that still pass."},
	{"realms.media_unknown_kbit", "4096", .min = 64, .max = 1000000,
		.help = "Rate to take for promised where SDP tells none, as for video without "
			"b=."},

	{"realms.codecs",
		.help = "Codecs by name, such as G729, or with their RTP clock, such as "
			"opus/48000; telephone-event and CN are codecs, too."},
	{"realms.codecs.allow", .max = CODECS_MAX, .sample = "PCMA",
		.help = "Only these cross, in either direction; none given: all. It holds for "
			"video, too."},
	{"realms.codecs.deny", .max = CODECS_MAX, .sample = "G729", .help = "These do not cross."},
	{"realms.codecs.order", .max = CODECS_MAX, .sample = "opus/48000",
		.help = "These are offered first here, in this order."},
	{"realms.ptime_ms", "0", .max = 200,
		.help = "Ask for audio packets of so many milliseconds; 0: as the other side "
			"does."},
	{"realms.rtcp_mux", "off",
		.help = "Offer to take RTCP on the port of RTP. Who offers that is always granted "
			"it."},
	{"realms.unknown_media", "reject",
		.help = "Media that cannot be relayed: over TCP, by DTLS, of protocols not known. "
			"reject: that line is refused; pass: where both sides say so it crosses "
			"untouched, with the addresses of the peers, who then talk past this "
			"border."},
	{"realms.methods",
		"INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER, PRACK, UPDATE, INFO, REFER, "
		"SUBSCRIBE, NOTIFY, MESSAGE, PUBLISH",
		.max = 64,
		.help = "What may be asked for here; the rest is answered 405. ACK, BYE and CANCEL "
			"always may. Our Allow names what of it we serve."},
	{"realms.unknown_methods", "refuse",
		.help = "Methods that neither we nor the list above know. refuse: 501; relay: hand "
			"them on."},
	{"realms.options", "answer",
		.help = "OPTIONS to a number that has a route. answer: by us, who are alive; "
			"relay: "
			"hand it on."},
	{"realms.unsolicited_notify", "refuse",
		.help = "NOTIFY without a subscription, as of messages that wait. refuse: 481; "
			"relay: hand it on."},
	{"realms.events", CONF_EVENTS, .max = 64,
		.help = "Event packages that may be subscribed to from here; the rest gets 489. "
			"Of a far side's Allow-Events the others are left out."},
	{"realms.headers", .max = 256,
		.help = "Headers that cross otherwise than they would: those that bear hosts of "
			"the "
			"other side are dropped by themselves, unknown ones pass unchanged."},
	{"realms.headers.name", .sample = "X-Account", .help = "The long name."},
	{"realms.headers.from", "default",
		.help = "In what comes from here. drop also wins over a pass of the other side."},
	{"realms.headers.to", "default", .help = "In what goes there."},
	{"realms.responses", .max = 400,
		.help = "Finals of the far side that leave this way as others."},
	{"realms.responses.status", .sample = "603", .min = 300, .max = 699,
		.help = "As it came, 300 to 699."},
	{"realms.responses.as", .sample = "486", .min = 400, .max = 699, .help = "400 to 699."},
	{"realms.local_number", "484",
		.help = "Answer to a tel: URI whose number is local and of no phone-context: 484, "
			"400, or accept to take it."},

	{"peers", .max = 255, .help = "SIP neighbours of fixed address: carriers, PBXs."},
	{"peers.name", .sample = "carrier", .help = "As of realms; also not the name of a realm."},
	{"peers.realm", .sample = "edge", .help = "The realm it is reached through."},
	{"peers.address", .sample = "198.51.100.10:5060",
		.help = "IP:port that calls to it go to."},
	{"peers.transport", "udp", .help = "What calls to it go by: udp or tcp."},
	{"peers.tcp_for_large", "off",
		.help = "Send it by TCP what is larger than 1300 octets, by UDP if that fails."},
	{"peers.sources", .max = 256, .help = "Networks it sends from, besides its address.",
		.sample = "198.51.100.0/24"},
	RATE("peers.rate", "0", "0", "SIP datagrams from each of its sources."),
	{"peers.timers", .help = "Where they differ from timers below."},
	{"peers.timers.t1_ms", .sample = "500", .min = 10, .max = 60000,
		.help = "Round-trip time."},
	{"peers.timers.t2_ms", .sample = "4000", .min = 10, .max = 60000,
		.help = "Longest interval between repeats."},
	{"peers.timers.t4_ms", .sample = "5000", .min = 10, .max = 60000,
		.help = "Longest time a message stays in the network."},
	{"peers.no_answer_s", .sample = "60", .min = 1, .max = 3600,
		.help = "Give a ringing call up after; else as timers say."},
	{"peers.calls_max", "0", .max = 1000000, .help = "Calls with it at once; 0: no limit."},
	{"peers.latch", "off", .help = "As of realms."},
	{"peers.redirects", "pass",
		.help = "Its 3xx. pass: the caller gets it, numbers at our own address; follow: "
			"what it "
			"names is called by us, peers and our own routes only."},
	{"peers.refer", "auto",
		.help = "Transfers. pass: it is asked to call the target; handle: we call the "
			"target and "
			"move it over; auto: handle what it answers with 405, 420, 501 or 603."},
	{"peers.codecs", .help = "Each list given here takes the place of its realm's."},
	{"peers.codecs.allow", .max = CODECS_MAX, .sample = "PCMA", .help = "As of realms."},
	{"peers.codecs.deny", .max = CODECS_MAX, .sample = "G729", .help = "As of realms."},
	{"peers.codecs.order", .max = CODECS_MAX, .sample = "opus/48000", .help = "As of realms."},
	{"peers.ptime_ms", .sample = "30", .max = 200, .help = "As of realms; else as its realm."},
	{"peers.rtcp_mux", .sample = "on", .help = "As of realms; else as its realm."},
	{"peers.unknown_media", .sample = "pass", .help = "As of realms; else as its realm."},

	{"peers.methods", .sample = "INVITE", .max = 64, .help = "Instead of its realm's."},
	{"peers.unknown_methods", .sample = "relay", .help = "Instead of its realm's."},
	{"peers.options", .sample = "relay", .help = "Instead of its realm's."},
	{"peers.unsolicited_notify", .sample = "relay", .help = "Instead of its realm's."},
	{"peers.events", .sample = "dialog", .max = 64, .help = "Instead of its realm's."},
	{"peers.headers", .max = 256, .help = "Besides its realm's; the same name again counts."},
	{"peers.headers.name", .sample = "X-Account", .help = "As of realms."},
	{"peers.headers.from", "default", .help = "As of realms."},
	{"peers.headers.to", "default", .help = "As of realms."},
	{"peers.responses", .max = 400,
		.help = "Besides its realm's; the same status again counts."},
	{"peers.responses.status", .sample = "603", .min = 300, .max = 699,
		.help = "As of realms."},
	{"peers.responses.as", .sample = "486", .min = 400, .max = 699, .help = "As of realms."},
	{"peers.local_number", .sample = "484", .help = "Instead of its realm's."},

	{"routes", .max = 4096, .help = "Where calls go; the first route that fits decides."},
	{"routes.from_realm", .sample = "edge", .help = "Only calls that enter by this realm."},
	{"routes.from_peer", .sample = "carrier", .help = "Only calls from this peer."},
	{"routes.prefix", .sample = "49", .help = "Only numbers that start so."},
	{"routes.to", .sample = "carrier",
		.help = "The peer that gets the call; or a domain: the phones of its user of that "
			"name get it, by their q."},
	{"routes.forks", .max = 8, .sample = "carrier",
		.help = "Peers that are called at the same time, of its realm; the first to answer "
			"gets it."},
	{"routes.alternatives", .max = 8, .sample = "carrier",
		.help = "Peers that are called one after the other when those have failed."},

	{"users", .help = "Who may register, and what a digest is held against."},
	{"users.file", .sample = "/etc/tidegate/users",
		.help = "Written by tgctl user add; read again at a reload."},
	{"users.redis", .sample = "127.0.0.1:6379",
		.help = "Instead of a file: keys tidegate:user:NAME@DOMAIN, hashes of MD5 and "
			"SHA-256."},
	{"users.cache_s", "60", .max = 3600, .help = "Keep what Redis said for so long."},

	{"store", .help = "Keeps registrations beyond a restart. Reads this when it starts."},
	{"store.kind", "none",
		.help = "lmdb: in a folder of this machine; redis: where several nodes share; "
			"none."},
	{"store.path", "/var/lib/tidegate", .help = "With lmdb: that folder."},
	{"store.redis", .sample = "127.0.0.1:6379", .help = "With redis: IP:port."},
	{"store.password_file", .sample = "/etc/tidegate/redis.password",
		.help = "With redis: its first line is the password, there and for users."},

	{"guard", .help = "Against scanners and guessers of numbers and passwords."},
	{"guard.scanners",
		"friendly-scanner, friendly-request, sipvicious, sipcli, sip-scan, sundayddr, "
		"pplsip, vaxsipuseragent, vaxipuseragent, siparmyknife, sipbomber, siprogue, "
		"user-agent: iwar, user-agent: smap, user-agent: sivus",
		.max = TG_PATTERNS_MAX,
		.help = "What is dropped in silence, and its source banned, when a source that is "
			"no peer has it anywhere in its headers."},
	{"guard.ban", .help = "Sources of which all SIP is dropped for a time."},
	{"guard.ban.after", "20", .max = 10000,
		.help = "Ban a source that is no peer and has no answered call after so many "
			"messages that were malformed, asked for nothing we know, or were "
			"answered 401, 403, 404 or 407, or seconds above a rate; 0: never."},
	{"guard.ban.within_s", "60", .min = 1, .max = 86400, .help = "So many within this time."},
	{"guard.ban.for_s", "300", .min = 1, .max = 2592000,
		.help = "The first time; twice as long each time after."},
	{"guard.ban.longest_s", "86400", .min = 1, .max = 2592000, .help = "But no longer."},
	{"guard.lockout",
		.help = "Who failed to prove who it is too often is asked again and again, right "
			"or wrong: a user at a source, a source, or a user."},
	{"guard.lockout.after", "10", .max = 10000,
		.help = "So many failures of a user at a source; of a source, or of a user, three "
			"times as many. 0: never."},
	{"guard.lockout.within_s", "60", .min = 1, .max = 86400, .help = "Within this time."},
	{"guard.lockout.for_s", "60", .min = 1, .max = 86400,
		.help = "The first time; twice as long each time after."},
	{"guard.lockout.longest_s", "3600", .min = 1, .max = 2592000,
		.help = "But no longer; a user wherever it is a quarter of that."},
	{"guard.never", .max = 256, .sample = "192.0.2.0/24",
		.help = "Networks in which no source is banned, besides those of peers."},
	{"guard.bans_max", "16384", .min = 1, .max = TG_BANS_MAX,
		.help = "Bans at once. IPv6 counts by networks of 64 bits."},

	{"limits", .help = "Beyond them: 503; strangers may take three quarters."},
	{"limits.calls_max", "10000", .min = 1, .max = 1000000, .help = "Calls at once."},
	{"limits.transactions_max", "50000", .min = 1, .max = 10000000,
		.help = "SIP transactions at once; REGISTERs, each of which lasts 32 s, may take "
			"three quarters."},
	{"limits.relays_max", "10000", .min = 1, .max = 1000000,
		.help = "Requests outside of calls at once."},
	{"limits.subscriptions_max", "10000", .min = 1, .max = 1000000,
		.help = "Subscriptions at once."},
	{"limits.bindings_max", "100000", .min = 1, .max = 10000000,
		.help = "Registered phones at once."},

	{"connections", .help = "SIP over TCP."},
	{"connections.max", "10000", .min = 4, .max = 1000000,
		.help = "At once; strangers may take three quarters."},
	{"connections.per_source", "100", .min = 1, .max = 1000000,
		.help = "From each stranger; IPv6 counts by networks of 64 bits."},
	{"connections.idle_s", "600", .max = 86400,
		.help = "Close one that is silent for so long; 0: never."},
	{"connections.unfinished_s", "30", .min = 1, .max = 3600,
		.help = "Close one whose first message, or one it began, is not whole by then."},
	{"connections.connect_s", "5", .min = 1, .max = 60,
		.help = "Give up a connection to a peer that does not answer."},
	{"connections.queue_kb", "256", .min = 64, .max = 65536,
		.help = "Close one whose peer leaves more than this unread."},

	{"timers", .help = "RFC 3261 section 17 and what goes beyond it."},
	{"timers.t1_ms", "500", .min = 10, .max = 60000, .help = "Round-trip time."},
	{"timers.t2_ms", "4000", .min = 10, .max = 60000,
		.help = "Longest interval between repeats."},
	{"timers.t4_ms", "5000", .min = 10, .max = 60000,
		.help = "Longest time a message stays in the network."},
	{"timers.no_answer_s", "185", .min = 1, .max = 3600,
		.help = "Give a ringing call up after; Timer C is more than 180."},
	{"timers.session_s", "1800", .max = 86400,
		.help = "Refresh sessions within this time, on each leg whose peer knows RFC 4028; "
			"0: only where the peer asks."},
	{"timers.session_min_s", "90", .min = 90, .max = 86400,
		.help = "Refuse session intervals that are shorter."},
	{"timers.call_max_s", "0", .max = 604800,
		.help = "End a call that lasts longer; 0: never."},
	{"timers.media_idle_s", "60", .max = 86400,
		.help = "End a call without media from either side; 0: never."},
	{"timers.media_one_way_s", "5", .max = 3600,
		.help = "Report a talking call of which only one side is heard; 0: never."},
	{"timers.port_quarantine_s", "30", .max = 3600,
		.help = "A media port rests so long before it is used again."},

	{"metrics", .help = "Prometheus."},
	{"metrics.listen", "127.0.0.1:9477", .help = "IP:port of /metrics; off: none."},

	{"control", .help = "For tgctl."},
	{"control.socket", TG_CTL_SOCKET,
		.help = "Only root and the group " TG_CTL_GROUP " may use it."},

	{"log", .help = "Log lines go to stderr."},
	{"log.level", "info", .help = "error, warn, info or debug."},

	{"trace", .help = "Recent messages for tgctl trace; secrets are masked."},
	{"trace.bytes", "4194304", .max = 1u << 30,
		.help = "Memory for them; the oldest give way."},
};

const struct conf_option *conf_option_find(const char *path)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].path, path) == 0)
			return &options[i];
	}
	return NULL;
}

int conf_choice_parse(int *out, const cyaml_schema_value_t *schema, struct str text)
{
	for (uint32_t i = 0; i < schema->enumeration.count; i++) {
		if (str_equal(text, str_from(schema->enumeration.strings[i].str))) {
			*out = (int)schema->enumeration.strings[i].val;
			return 0;
		}
	}
	return -EINVAL;
}
