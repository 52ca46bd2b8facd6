// SPDX-License-Identifier: BSD-3-Clause
// Which client transactions wait on which connection, so that the end of one is told to its own and to
// nobody else.
#include <errno.h>
#include <stdlib.h>

#include "controlplane/sip/stack_int.h"
#include "controlplane/sip/txn.h"

struct txn_conn {
	struct table_node node;
	uint64_t id;
	struct cds_list_head txns; // never empty
};

static bool matches(const struct table_node *node, const void *key)
{
	const struct txn_conn *conn = caa_container_of(node, struct txn_conn, node);

	return conn->id == *(const uint64_t *)key;
}

static uint64_t hash_of(uint64_t id)
{
	return str_hash(str_of(&id, sizeof(id)));
}

static struct txn_conn *find(const struct sip_stack *stack, uint64_t id)
{
	struct table_node *node = table_find(&stack->conns, hash_of(id), matches, &id);

	return node != NULL ? caa_container_of(node, struct txn_conn, node) : NULL;
}

static struct txn_conn *add(struct sip_stack *stack, uint64_t id)
{
	struct txn_conn *conn = calloc(1, sizeof(*conn));

	if (conn == NULL)
		return NULL;
	conn->id = id;
	CDS_INIT_LIST_HEAD(&conn->txns);
	if (table_insert(&stack->conns, hash_of(id), &conn->node) < 0) {
		free(conn);
		return NULL;
	}
	return conn;
}

int txn_conn_join(struct sip_stack *stack, struct txn *txn)
{
	struct txn_conn *conn;
	int rc;

	if (!txn_is_reliable(txn))
		return 0;
	rc = transport_open(stack->params.transport, &txn->flow);
	if (rc < 0) {
		counter_add(&stack->counters.send_failures, 1);
		return rc;
	}
	conn = find(stack, txn->flow.connection);
	if (conn == NULL)
		conn = add(stack, txn->flow.connection);
	if (conn == NULL)
		return -ENOMEM;
	cds_list_add_tail(&txn->conn_link, &conn->txns);
	txn->conn = conn;
	return 0;
}

void txn_conn_leave(struct sip_stack *stack, struct txn *txn)
{
	struct txn_conn *conn = txn->conn;

	if (conn == NULL)
		return;
	txn->conn = NULL;
	cds_list_del(&txn->conn_link);
	if (!cds_list_empty(&conn->txns))
		return;
	table_remove(&stack->conns, &conn->node);
	free(conn);
}

struct txn *txn_conn_first(const struct sip_stack *stack, uint64_t connection)
{
	const struct txn_conn *conn = find(stack, connection);

	return conn != NULL ? cds_list_first_entry(&conn->txns, struct txn, conn_link) : NULL;
}
