// SPDX-License-Identifier: BSD-3-Clause
// Brings the control plane up step by step, runs it, and takes it down in reverse.
#pragma once

// Runs with the configuration in that file until SIGTERM or SIGINT; SIGHUP reloads it. What hinders
// the start is said on stderr in one line. Returns the exit status of the process.
int boot_run(const char *conf_path);
