// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module which has redirected a function already, as a live patch would:
 *
 *	insmod socks_holder.ko function=NAME
 */
#include <linux/ftrace.h>
#include <linux/module.h>

#include "../../kmod/compat.h"

static char *function = "inet_stream_connect";
module_param(function, charp, 0444);
MODULE_PARM_DESC(function, "the function to hold");

static void notrace holder(unsigned long ip, unsigned long parent_ip,
			   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops holder_ops = {
	.func = holder,
	.flags = FTRACE_OPS_FL_IPMODIFY | SOCKS_FTRACE_FLAGS,
};

static int __init holder_init(void)
{
	int err = ftrace_set_filter(&holder_ops, function, strlen(function), 0);

	return err ?: register_ftrace_function(&holder_ops);
}

static void __exit holder_exit(void)
{
	unregister_ftrace_function(&holder_ops);
	ftrace_free_filter(&holder_ops);
}

module_init(holder_init);
module_exit(holder_exit);

MODULE_DESCRIPTION("Holds a function that socks wants to hook");
MODULE_LICENSE("GPL");
