// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/mwi.h"

#include "controlplane/call/call_int.h"

// What follows the name and the colon; none of another line.
static struct str account_of(struct str line)
{
	struct str name = str_cut(&line, ':');

	return str_equal_nocase(str_trim(name), STR("Message-Account")) ? str_trim(line) : STR_NONE;
}

static void put_account(struct strbuf *b, struct str account, const struct tg_addr *host)
{
	size_t before = b->len, name_end;

	strbuf_put(b, STR("Message-Account: "));
	name_end = b->len;
	identity_put_uri(b, account, host);
	if (b->len > name_end)
		strbuf_put(b, STR("\r\n"));
	else
		b->len = before;
}

void mwi_write(struct strbuf *b, struct str body, const struct tg_addr *host)
{
	while (body.len > 0) {
		struct str rest = body;
		struct str line = str_cut(&rest, '\n');
		size_t len = line.len < body.len ? line.len + 1 : line.len;
		struct str account = account_of(line);

		if (str_is_none(account))
			strbuf_put(b, str_of(body.at, len));
		else
			put_account(b, account, host);
		body = str_of(body.at + len, body.len - len);
	}
}
