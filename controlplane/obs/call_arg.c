// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/call_arg.h"

#include <errno.h>

#include "controlplane/base/log.h"

int call_arg_find(struct ctl_request *request, struct obs *obs, struct call_view *out)
{
	const char *name = ctl_arg_string(request, "call");
	uint64_t id;

	if (name == NULL)
		return -EINVAL;
	if (engine_call_find_by_call_id(obs->p.engine, str_from(name), out) == 0)
		return 0;
	if (str_to_u64(&id, str_from(name), UINT64_MAX) == 0
		&& engine_call_find(obs->p.engine, id, out) == 0)
		return 0;
	ctl_refuse(request, "not-found",
		"no live call has the number or Call-ID %s; \"show calls\" lists them",
		LOG_STR(str_from(name)));
	return -ENOENT;
}
