// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/guard/rig.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/base/log.h"

struct rig rig;

static const char base[] = "dataplane: {ports: [{interface: lo}]}\n"
			   "realms:\n"
			   "  - name: core\n"
			   "    sip: [{address: '198.51.100.1:5060'}]\n"
			   "    media: [{address: 198.51.100.1}]\n"
			   "peers:\n"
			   "  - {name: carrier, realm: core, address: '198.51.100.10:5060', "
			   "sources: [198.51.100.128/25]}\n"
			   "limits: {calls_max: 4}\n";

static int take(void *, const struct tg_cmd *cmd)
{
	if (rig.refuse != 0)
		return rig.refuse;
	cr_assert_lt(rig.count, RIG_COMMANDS);
	rig.sent[rig.count++] = *cmd;
	return 0;
}

struct conf *rig_conf(const char *guard)
{
	struct conf_error err;
	struct conf *conf;
	char yaml[2048];

	snprintf(yaml, sizeof(yaml), "%sguard: {%s}\n", base, guard);
	cr_assert_eq(conf_parse(&conf, str_from(yaml), "t", &err), 0, "%s", err.text);
	return conf;
}

void rig_init(void)
{
	rcu_register_thread();
	log_set_level(LOG_ERROR);
	rig = (struct rig){0};
	rig.wheel = timer_wheel_new((struct tg_mono){1000 * TG_NS_PER_S});
	rig.conf = rig_conf("ban: {after: 3, within_s: 10, for_s: 5, longest_s: 40}, bans_max: 8, "
			    "never: [203.0.113.0/24, '2001:db8:5::9']");
	rig.params = (struct guard_params){
		.wheel = rig.wheel, .conf = rig.conf, .known_max = 16, .send = take};
}

void rig_fini(void)
{
	cr_assert_eq(timer_wheel_count(rig.wheel), 0);
	timer_wheel_free(rig.wheel);
	conf_put(rig.conf);
	rcu_unregister_thread();
}

void rig_wait(uint64_t ms)
{
	timer_wheel_advance(rig.wheel, tg_mono_add_ms(timer_wheel_now(rig.wheel), ms));
}

struct tg_ip rig_ip(const char *text)
{
	struct tg_ip ip = {0};

	cr_assert_eq(tg_ip_parse(&ip, text), 0);
	return ip;
}

const char *rig_last(void)
{
	static char text[128];
	char ip[TG_IP_TEXT_BYTES];
	const struct tg_cmd *cmd;

	if (rig.count == 0)
		return "";
	cmd = &rig.sent[rig.count - 1];
	cr_assert_eq(cmd->peer.level, TG_TRUST_BANNED);
	cr_assert_eq(cmd->peer.addr.port, 0);
	if (cmd->type == TG_CMD_PEER_PUT)
		snprintf(text, sizeof(text), "put %s %u", tg_ip_write(&cmd->peer.addr.ip, ip),
			cmd->peer.ttl_ms);
	else
		snprintf(text, sizeof(text), "remove %s", tg_ip_write(&cmd->peer.addr.ip, ip));
	return text;
}
