// SPDX-License-Identifier: BSD-3-Clause
// The control socket: how tgctl speaks to the control plane. One JSON object a line, each way.
//
//	request   {"command": "show calls", "args": {"call": "..."}}
//	reply     {"ok": true, "result": ...}
//	          {"ok": false, "error": "what is wrong and what to do", "code": "not-found"}
//
// A client may send several requests on one connection; replies come in order.
#pragma once

#define TG_CTL_SOCKET "/run/tidegate/control.sock"
#define TG_CTL_GROUP "tidegate"
#define TG_CTL_REQUEST_BYTES_MAX 4096

// Values of "code", and the exit status tgctl gives for each.
#define TG_CTL_EXIT_OK 0	  // done
#define TG_CTL_EXIT_REFUSED 1	  // "refused": understood, but cannot be done
#define TG_CTL_EXIT_USAGE 2	  // "usage": unknown command or bad argument
#define TG_CTL_EXIT_NOT_FOUND 3	  // "not-found": no such call, stream, peer
#define TG_CTL_EXIT_UNREACHABLE 4 // the control plane does not answer
