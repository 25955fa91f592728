// SPDX-License-Identifier: GPL-2.0-only
/* The steps of a transaction. */
#include <errno.h>

#include "transaction.h"

/**
 * transaction_put() - Make a message of one step.
 * @messages: Where to put the message.
 * @step: The step.
 * @flush: With SOCKS_STEP_BEGIN: begin with an empty configuration.
 *
 * Return: Was there memory?
 */
bool transaction_put(struct messages *messages, enum socks_step step,
		     bool flush)
{
	struct nlmsghdr *message;

	message = message_start(messages, SOCKS_CMD_TRANSACTION, 0);
	if (!message)
		return false;
	mnl_attr_put_u32(message, SOCKS_A_TRANSACTION_STEP, step);
	if (flush)
		mnl_attr_put(message, SOCKS_A_TRANSACTION_FLUSH, 0, NULL);
	message_end(messages, message);
	return true;
}

/**
 * transaction_step() - Take one step.
 * @netlink: The socket.
 * @step: The step.
 * @flush: With SOCKS_STEP_BEGIN: begin with an empty configuration.
 *
 * Return: 0 or a negative errno, which refused() can report.
 */
int transaction_step(struct netlink *netlink, enum socks_step step, bool flush)
{
	struct messages messages = { .data = NULL };
	int error = -ENOMEM;

	if (transaction_put(&messages, step, flush))
		error = netlink_talk(netlink, &messages, NULL, NULL);
	messages_clear(&messages);
	return error;
}
