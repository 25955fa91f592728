// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transparent SOCKS4 client: start and end of the module.
 */
#include <linux/module.h>

#include "config.h"
#include "conn.h"
#include "handshake.h"
#include "hook.h"
#include "netlink.h"
#include "sockops.h"

static int __init socks_init(void)
{
	int err;

	err = socks_sockops_init();
	if (err)
		return err;
	err = socks_conn_init();
	if (err)
		goto err_sockops;
	err = socks_handshake_init();
	if (err)
		goto err_conn;
	err = socks_config_init();
	if (err)
		goto err_handshake;
	err = socks_hook_install();
	if (err)
		goto err_config;
	err = socks_netlink_init();
	if (err)
		goto err_hook;
	return 0;

err_hook:
	socks_hook_remove();
err_config:
	socks_config_exit();
err_handshake:
	socks_handshake_exit();
err_conn:
	socks_conn_exit();
err_sockops:
	socks_sockops_exit();
	return err;
}

static void __exit socks_exit(void)
{
	socks_netlink_exit();
	socks_hook_remove();
	socks_config_exit();
	socks_handshake_exit();
	socks_conn_exit();
	socks_sockops_exit();
}

module_init(socks_init);
module_exit(socks_exit);

MODULE_DESCRIPTION("Transparent SOCKS4 client");
MODULE_LICENSE("GPL");
