// SPDX-License-Identifier: BSD-3-Clause
// How a person names a call: by its number, or by the Call-ID of either leg.
#pragma once

#include "controlplane/obs/obs_int.h"

// Finds what the request's argument "call" names. Signalling thread. Returns 0; -errno when the
// request has been refused.
int call_arg_find(struct ctl_request *request, struct obs *obs, struct call_view *out);
