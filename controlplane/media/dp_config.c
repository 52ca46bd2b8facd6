// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <errno.h>
#include <inttypes.h>

#include "controlplane/base/log.h"

static void on_done(void *, uint64_t tag, int status, struct tg_stream_ref)
{
	static const char *const names[] = {
		[TG_CMD_CONFIG_BEGIN] = "begin",
		[TG_CMD_CONFIG_END] = "end",
		[TG_CMD_LISTENER_PUT] = "listener",
		[TG_CMD_POOL_PUT] = "media-address",
		[TG_CMD_TRUST_PUT] = "trusted-source",
		[TG_CMD_PATTERN_PUT] = "scanner",
	};

	if (status < 0 && status != -ENOTCONN)
		LOG(LOG_ERROR, "dataplane-config-refused", "what=%s error=\"%s\"", names[tag],
			strerror(-status));
}

static int put(struct media *media, const struct tg_cmd *cmd)
{
	return outbox_send(&media->outbox, cmd, on_done, cmd->type, true);
}

static int put_bare(struct media *media, enum tg_cmd_type type)
{
	struct tg_cmd cmd;

	memset(&cmd, 0, sizeof(cmd));
	cmd.type = type;
	return put(media, &cmd);
}

static int put_listeners(struct media *media, const struct conf *conf)
{
	unsigned int id = 0;
	int rc = 0;

	for (unsigned int r = 0; r < conf->realm_count; r++) {
		const struct conf_realm *realm = &conf->realms[r];

		for (unsigned int i = 0; rc == 0 && i < realm->sip_count; i++) {
			struct tg_cmd cmd;

			if (id == TG_LISTENERS_MAX)
				return -ENOSPC;
			memset(&cmd, 0, sizeof(cmd));
			cmd.type = TG_CMD_LISTENER_PUT;
			cmd.listener.local = realm->sip[i].address;
			cmd.listener.id = (uint16_t)id++;
			cmd.listener.realm = (uint8_t)r;
			cmd.listener.stranger = realm->stranger_rate;
			memcpy(cmd.listener.stranger_method, realm->stranger_methods,
				sizeof(cmd.listener.stranger_method));
			cmd.listener.strangers = realm->strangers_rate;
			rc = put(media, &cmd);
		}
	}
	return rc;
}

static int put_pools(struct media *media)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < TG_POOLS_MAX; i++) {
		struct tg_cmd cmd;

		if (media->pools.pool[i] == NULL)
			continue;
		pool_command(&cmd, media->pools.pool[i]);
		rc = put(media, &cmd);
	}
	return rc;
}

static int put_trust(struct media *media, const struct conf *conf)
{
	unsigned int id = 0;
	int rc = 0;

	for (unsigned int p = 0; p < conf->peer_count; p++) {
		const struct conf_peer *peer = &conf->peers[p];

		for (unsigned int i = 0; rc == 0 && i < peer->source_count; i++) {
			struct tg_cmd cmd;

			if (id == TG_TRUST_MAX)
				return -ENOSPC;
			memset(&cmd, 0, sizeof(cmd));
			cmd.type = TG_CMD_TRUST_PUT;
			cmd.trust.net = peer->sources[i].net;
			cmd.trust.id = (uint16_t)id++;
			cmd.trust.bits = peer->sources[i].bits;
			cmd.trust.level = TG_TRUST_TRUNK;
			cmd.trust.rate = peer->rate;
			rc = put(media, &cmd);
		}
	}
	return rc;
}

static int put_patterns(struct media *media, const struct conf *conf)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < conf->guard.scanner_count; i++) {
		struct tg_cmd cmd;

		memset(&cmd, 0, sizeof(cmd));
		cmd.type = TG_CMD_PATTERN_PUT;
		cmd.pattern = conf->guard.scanners[i];
		rc = put(media, &cmd);
	}
	return rc;
}

int dp_config_send(struct media *media)
{
	int rc;

	// One configuration for the whole dataplane: one thread sends it.
	if (media->params.sig_thread != 0)
		return 0;
	rc = put_bare(media, TG_CMD_CONFIG_BEGIN);
	if (rc == 0)
		rc = put_listeners(media, media->conf);
	if (rc == 0)
		rc = put_pools(media);
	if (rc == 0)
		rc = put_trust(media, media->conf);
	if (rc == 0)
		rc = put_patterns(media, media->conf);
	// Half a configuration must not stand: END takes away what was not sent.
	if (rc == 0)
		rc = put_bare(media, TG_CMD_CONFIG_END);
	if (rc < 0 && rc != -ENOTCONN)
		LOG(LOG_ERROR, "dataplane-config-failed", "error=\"%s\"", strerror(-rc));
	return rc;
}
