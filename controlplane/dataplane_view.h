// SPDX-License-Identifier: BSD-3-Clause
// What operators see of the dataplane: its counters, and when it is ready to serve. One more client
// of net/attach, after the others. The signalling thread.
#pragma once

#include "controlplane/media/dp.h"
#include "controlplane/net/attach.h"
#include "controlplane/obs/snapshot.h"

struct dataplane_view;

// dp must be of a client that attaches before. NULL when memory is out.
struct dataplane_view *dataplane_view_new(struct dp *dp);
// After attach_free. NULL is legal.
void dataplane_view_free(struct dataplane_view *view);
// For attach_params; lives as long as the view.
const struct attach_client *dataplane_view_client(const struct dataplane_view *view);
// As obs_params.sources.
bool dataplane_view_sources(const struct dataplane_view *view, struct obs_source_cursor *cursor,
	struct tg_source *out, unsigned int *count);
// Copies the counters as they are now; for obs_params.
void dataplane_view_copy(void *view, struct obs_dataplane *out);
