// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transparent SOCKS4 client: start and end of the module.
 */
#include <linux/module.h>

#include "abort.h"
#include "config.h"
#include "conn.h"
#include "handshake.h"
#include "hook.h"
#include "netlink.h"
#include "pair.h"
#include "rbind.h"
#include "rbindops.h"
#include "sockops.h"
#include "sockopt.h"

static int __init socks_init(void)
{
	int err;

	err = socks_sockops_init();
	if (err)
		return err;
	err = socks_rbindops_init();
	if (err)
		goto err_sockops;
	err = socks_conn_init();
	if (err)
		goto err_rbindops;
	err = socks_pair_init();
	if (err)
		goto err_conn;
	err = socks_rbind_init();
	if (err)
		goto err_pair;
	err = socks_handshake_init();
	if (err)
		goto err_rbind;
	err = socks_abort_init();
	if (err)
		goto err_handshake;
	err = socks_config_init();
	if (err)
		goto err_abort;
	err = socks_hook_install();
	if (err)
		goto err_config;
	err = socks_sockopt_init();
	if (err)
		goto err_hook;
	err = socks_netlink_init();
	if (err)
		goto err_sockopt;
	return 0;

err_sockopt:
	socks_sockopt_exit();
err_hook:
	socks_hook_remove();
err_config:
	socks_config_exit();
err_abort:
	socks_abort_exit();
err_handshake:
	socks_handshake_exit();
err_rbind:
	socks_rbind_exit();
err_pair:
	socks_pair_exit();
err_conn:
	socks_conn_exit();
err_rbindops:
	socks_rbindops_exit();
err_sockops:
	socks_sockops_exit();
	return err;
}

static void __exit socks_exit(void)
{
	socks_netlink_exit();
	socks_sockopt_exit();
	/* Who still comes by our operations gets TCP's own, or is waited for. */
	socks_rbindops_exit();
	socks_sockops_exit();
	socks_hook_remove();
	socks_config_exit();
	socks_abort_exit();
	socks_handshake_exit();
	socks_rbind_exit();
	socks_pair_exit();
	socks_conn_exit();
}

module_init(socks_init);
module_exit(socks_exit);

MODULE_DESCRIPTION("Transparent SOCKS4 client");
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
