// SPDX-License-Identifier: BSD-3-Clause
// The commands "user ...": they work on a file of users, not on the control socket.
#pragma once

#include "tools/tgctl/client.h"

struct user_args {
	const char *file;
	const char *user;  // user@domain; NULL when none was said
	const char *realm; // NULL: the domain
	int weak;	   // passwords that are no good are taken, too
};

// Fills *reply as client_ask does. With a result and a status other than TG_CTL_EXIT_OK the result says
// what is wrong.
typedef void user_h(struct client_reply *reply, const struct user_args *args);

user_h user_add;
user_h user_remove;
user_h user_list;
user_h user_check;
