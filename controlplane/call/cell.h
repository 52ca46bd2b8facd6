// SPDX-License-Identifier: BSD-3-Clause
// What a cell of a table of states and events is, for those who look at the tables from outside: tests,
// and the picture in ARCHITECTURE.md (tests/lint/print_fsm.c).
#pragma once

enum cell_kind {
	CELL_UNDEFINED, // nobody thought about it: a fault
	CELL_NEVER,	// the layers below do not send it here
	CELL_IGNORED,	// it comes late, or changes nothing
	CELL_ACTS,
};
