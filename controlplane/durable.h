// SPDX-License-Identifier: BSD-3-Clause
// What outlives the process, as the configuration says: the store (store:), the secret of our names and nonces in
// it, and the users where Redis knows them (users.redis).
//
//	durable_open    before the sandbox, while root may read the password
//	durable_users   where users.redis is set
//	engine_new      with durable_store and durable_secret
//	durable_start   in the sandbox: the registrations of before; then the store's threads run
//	durable_free    after the engine, before the loop
#pragma once

#include "controlplane/auth/users.h"
#include "controlplane/base/loop.h"
#include "controlplane/conf/conf.h"
#include "controlplane/store/store.h"

struct engine;
struct durable;

// loop is the signalling thread's and does not run yet. Legal where nothing is to be kept. Redis that cannot be
// reached, or does not answer yet, is no error: it is waited for for 5 s, then tried again and again. Returns 0;
// -errno with *err filled.
int durable_open(
	struct durable **out, const struct conf *conf, struct loop *loop, struct store_error *err);
// NULL where store.kind is none.
struct store *durable_store(const struct durable *durable);
// ENGINE_SECRET_BYTES, those of the store or new ones; NULL where there is no store.
const uint8_t *durable_secret(const struct durable *durable);
// Makes the users of users.redis, with its own connection unless the store is the same Redis; without it *out is
// untouched. They are to be freed before. Returns 0 or -ENOMEM.
int durable_users(struct durable *durable, struct users *out, const struct conf *conf);
// Gives the engine what the store kept, and starts the threads. What cannot be read is a warning: phones register
// again. Before the loop runs. Returns 0 or -errno of starting.
int durable_start(struct durable *durable, struct engine *engine);
// Writes what is queued. After the loop ended. NULL is legal.
void durable_free(struct durable *durable);
