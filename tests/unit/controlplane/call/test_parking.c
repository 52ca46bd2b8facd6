// SPDX-License-Identifier: BSD-3-Clause
// Requests that wait until a back end elsewhere says who their users are.
#include "controlplane/call/parking.h"

#include <criterion/criterion.h>
#include <errno.h>

#include "controlplane/call/access.h"
#include "tests/unit/controlplane/call/rig.h"

static const char yaml[] = "domains:\n"
			   "  - {name: example.com, digest: {algorithms: [MD5]}}\n"
			   "realms:\n"
			   "  - name: access\n"
			   "    sip: [{address: \"203.0.113.1:5060\"}]\n"
			   "    media: [{address: \"203.0.113.1\", ports: \"20000-20099\"}]\n"
			   "    strangers: authenticate\n"
			   "    domains: [example.com]\n"
			   "  - name: core\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}]\n"
			   "    media: [{address: \"198.51.100.1\", ports: \"30000-30099\"}]\n"
			   "    strangers: refuse\n"
			   "peers:\n"
			   "  - {name: carrier, realm: core, address: \"198.51.100.10:5060\"}\n"
			   "routes:\n"
			   "  - {from_realm: access, to: carrier}\n"
			   "users: {file: /etc/tidegate/users}\n";

static struct rig rig;
static struct users_query asked; // what it was last
static int rc;			 // what the back end says
static struct digest *digest;
static struct digest_ha1 ha1;

static int find_user(void *, const struct users_query *query, struct digest_ha1 *out)
{
	asked = *query;
	if (rc == 0)
		*out = ha1;
	return rc;
}

static void free_users(void *)
{
}

static const struct users_backend backend = {.find = find_user, .free = free_users};

static void init(void)
{
	const struct str secret[] = {STR("alice"), STR("example.com"), STR("wonderland")};
	struct conf_error err = {0};
	struct conf *conf;

	rig_init(&rig);
	cr_assert_eq(conf_parse(&conf, str_from(yaml), "test", &err), 0, "%s", err.text);
	conf_publish(conf);
	engine_configure(rig.engine);
	access_stop(rig.engine);
	cr_assert_eq(access_start(rig.engine, (struct users){&backend, NULL}, NULL), 0);
	digest = digest_new();
	digest_make_ha1(digest, DIGEST_HASH_MD5, &ha1, secret);
	rc = -EAGAIN;
}

static void fini(void)
{
	digest_free(digest);
	rig_fini(&rig);
}

TestSuite(parking, .init = init, .fini = fini);

// A request of alice's phone, which takes no time; headers are whole lines.
static void say_at_once(
	const char *method, const char *uri, unsigned int branch, const char *headers)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 192.168.1.20;branch=z9hG4bK%u;rport\r\n"
		"From: <sip:alice@example.com>;tag=a\r\nTo: <sip:alice@example.com>\r\n"
		"Call-ID: a\r\nCSeq: %u %s\r\nContact: <sip:alice@192.168.1.20>\r\n"
		"%s" RIG_USER_AGENT "Content-Length: 0\r\n\r\n",
		method, uri, branch, branch, method, headers);
	engine_receive(rig.engine, &rig.flow[RIG_PHONE], str_from(text));
}

static void say(const char *method, const char *uri, unsigned int branch, const char *headers)
{
	say_at_once(method, uri, branch, headers);
	rig_settle(&rig);
}

// The header line that answers a challenge.
static const char *credentials_for(
	const char *challenge, const char *header, const char *method, const char *uri)
{
	static char line[512];
	char response[DIGEST_HEX_MAX];
	const char *nonce = strstr(challenge, "nonce=\"");
	struct digest_credentials c = {.uri = str_from(uri),
		.cnonce = STR("c"),
		.nc = STR("00000001"),
		.algorithm = DIGEST_MD5,
		.qop = DIGEST_QOP_AUTH};
	unsigned int len;

	cr_assert_not_null(nonce, "%s", challenge);
	c.nonce = str_from(nonce + strlen("nonce=\""));
	c.nonce = str_cut(&c.nonce, '"');
	len = digest_response(digest, &c, str_from(method), &ha1, response);
	snprintf(line, sizeof(line),
		"%s: Digest username=\"alice\", realm=\"example.com\", nonce=\"%.*s\", uri=\"%s\", "
		"algorithm=MD5, qop=auth, nc=00000001, cnonce=\"c\", response=\"%.*s\"\r\n",
		header, STR_FMT(c.nonce), uri, (int)len, response);
	return line;
}

static const char *register_credentials(void)
{
	const char *text;

	say("REGISTER", "sip:example.com", 1, "");
	text = rig_expect(&rig, RIG_PHONE, "SIP/2.0 401 ");
	return credentials_for(rig_header(text, "WWW-Authenticate"), "Authorization", "REGISTER",
		"sip:example.com");
}

static const char *invite_credentials(void)
{
	const char *text;

	say("INVITE", "sip:9@example.com", 1, "");
	text = rig_expect(&rig, RIG_PHONE, "SIP/2.0 407 ");
	return credentials_for(rig_header(text, "Proxy-Authenticate"), "Proxy-Authorization",
		"INVITE", "sip:9@example.com");
}

static uint32_t waiting(void)
{
	return rig.engine->parked.count;
}

static uint64_t bindings(void)
{
	return location_counters(engine_location(rig.engine))->bindings;
}

static void answer_users(int with)
{
	rc = with;
	asked.known(asked.arg, asked.id);
	rig_settle(&rig);
}

Test(parking, F15_a_request_waits_for_its_user_and_is_answered_then)
{
	const char *credentials = register_credentials();

	say("REGISTER", "sip:example.com", 2, credentials);
	cr_assert_eq(waiting(), 1);
	say("REGISTER", "sip:example.com", 2, credentials);
	cr_assert_eq(waiting(), 1, "a repeat is the same request");
	rig_expect_none(&rig, RIG_PHONE);
	answer_users(0);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_expect_none(&rig, RIG_PHONE);
	cr_assert_eq(waiting(), 0);
	cr_assert_eq(bindings(), 1);
}

Test(parking, F21_who_turns_out_to_be_nobody_is_challenged)
{
	say("REGISTER", "sip:example.com", 2, register_credentials());
	answer_users(-ENOENT);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 401 ");
	cr_assert_eq(waiting(), 0);
}

Test(parking, F15_it_may_have_to_wait_again)
{
	say("REGISTER", "sip:example.com", 2, register_credentials());
	answer_users(-EAGAIN);
	rig_expect_none(&rig, RIG_PHONE);
	cr_assert_eq(waiting(), 1);
	answer_users(0);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
}

Test(parking, F15_nobody_waits_for_ever)
{
	say("REGISTER", "sip:example.com", 2, register_credentials());
	rig_wait(&rig, PARKING_LIMIT_MS - 20);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 "); // RFC 4320 §4.1
	rig_expect_none(&rig, RIG_PHONE);
	rig_wait(&rig, 20);
	cr_assert_str_eq(
		rig_header(rig_expect(&rig, RIG_PHONE, "SIP/2.0 503 "), "Retry-After"), "10");
	cr_assert_eq(waiting(), 0);
	answer_users(0);
	rig_expect_none(&rig, RIG_PHONE);
	cr_assert_eq(bindings(), 0);
}

Test(parking, F15_those_that_wait_are_bounded)
{
	const char *credentials = register_credentials();

	for (unsigned int i = 0; i < PARKING_MAX; i++)
		say_at_once("REGISTER", "sip:example.com", 2 + i, credentials);
	rig_expect_none(&rig, RIG_PHONE);
	cr_assert_eq(waiting(), PARKING_MAX);
	say("REGISTER", "sip:example.com", 2 + PARKING_MAX, credentials);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 503 ");
	cr_assert_eq(waiting(), PARKING_MAX);
}

// Who hung up meanwhile rings nobody.
Test(parking, B17_F15_an_invite_is_cancelled_while_it_waits)
{
	say("INVITE", "sip:9@example.com", 2, invite_credentials());
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	cr_assert_eq(waiting(), 1);
	say("CANCEL", "sip:9@example.com", 2, "");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 200 ");
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 487 ");
	say("ACK", "sip:9@example.com", 2, "");
	cr_assert_eq(waiting(), 0);
	answer_users(0);
	rig_expect_none(&rig, RIG_CARRIER);
	rig_expect_none(&rig, RIG_PHONE);
	cr_assert_eq(rig_calls(&rig), 0);
}

Test(parking, B13_F15_an_invite_goes_on_where_it_waited)
{
	say("INVITE", "sip:9@example.com", 2, invite_credentials());
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	answer_users(0);
	rig_expect(&rig, RIG_PHONE, "SIP/2.0 100 ");
	rig_expect(&rig, RIG_CARRIER, "INVITE sip:9@198.51.100.10 ");
	cr_assert_eq(rig_calls(&rig), 1);
}
