// SPDX-License-Identifier: GPL-2.0-only
/*
 * How the kernel's functions come to ask this module: ftrace, as live patching
 * uses it. Only this file knows of it.
 *
 * Each hooked function has a callback at its entry. The callback leaves things
 * as they are, or makes the function return elsewhere: to a stand-in of ours
 * with the same arguments. PERMANENT keeps the hooks working when
 * kernel.ftrace_enabled is switched off.
 *
 * A stand-in that may sleep runs on a module reference, which the callback
 * takes. All other code of ours that runs without one (callbacks, the short
 * stand-ins, the last instructions after a reference is dropped) doesn't sleep,
 * and is waited for when the module goes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/compat.h>
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/syscalls.h>
#include <asm/syscall.h>
#include <net/inet_common.h>
#include <net/ipv6.h>
#include <net/tcp.h>

#include "compat.h"
#include "conn.h"
#include "hook.h"
#include "rbind.h"
#include "redirect.h"

#ifndef CONFIG_DYNAMIC_FTRACE
#error "socks needs a kernel with CONFIG_DYNAMIC_FTRACE"
#endif
#if !defined(CONFIG_DYNAMIC_FTRACE_WITH_REGS) && \
	!defined(CONFIG_DYNAMIC_FTRACE_WITH_ARGS)
#error "socks needs a kernel with CONFIG_DYNAMIC_FTRACE_WITH_REGS or _WITH_ARGS"
#endif

struct socks_hook {
	const char		*function;
	struct ftrace_ops	ops;
};

/* inet_stream_connect(sock, uaddr, addr_len, flags) */

static void notrace socks_hook_connect(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	struct socket *sock = (void *)socks_ftrace_arg(fregs, 0);
	struct sockaddr *uaddr = (void *)socks_ftrace_arg(fregs, 1);
	int addr_len = socks_ftrace_arg(fregs, 2);

	if (socks_redirect_wanted(sock, uaddr, addr_len) &&
	    try_module_get(THIS_MODULE))
		socks_ftrace_redirect(fregs, socks_redirect_connect);
}

/* tcp_v4_connect(sk, uaddr, addr_len) */

static int socks_refuse_eacces(void)
{
	return -EACCES;
}

static int socks_refuse_enetunreach(void)
{
	return -ENETUNREACH;
}

static int socks_refuse_eopnotsupp(void)
{
	return -EOPNOTSUPP;
}

static void notrace socks_hook_guard(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops,
				     struct ftrace_regs *fregs)
{
	struct sock *sk = (void *)socks_ftrace_arg(fregs, 0);
	struct sockaddr *uaddr = (void *)socks_ftrace_arg(fregs, 1);
	int addr_len = socks_ftrace_arg(fregs, 2);

	switch (socks_redirect_guard(sk, uaddr, addr_len)) {
	case 0:
		break;
	case -EACCES:
		socks_ftrace_redirect(fregs, socks_refuse_eacces);
		break;
	case -ENETUNREACH:
		socks_ftrace_redirect(fregs, socks_refuse_enetunreach);
		break;
	default:
		socks_ftrace_redirect(fregs, socks_refuse_eopnotsupp);
	}
}

/* tcp_set_ulp(sk, name) */

static int socks_refuse_enotconn(void)
{
	return -ENOTCONN;
}

static void notrace socks_hook_ulp(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops,
				   struct ftrace_regs *fregs)
{
	const struct sock *sk = (void *)socks_ftrace_arg(fregs, 0);

	if (socks_redirect_opening(sk) || socks_rbind_is(sk))
		socks_ftrace_redirect(fregs, socks_refuse_enotconn);
}

/* tcp_disconnect(sk, flags) */

static int socks_tcp_disconnect(struct sock *sk, int flags)
{
	int err;

	socks_redirect_disconnect(sk);
	err = tcp_disconnect(sk, flags);
	module_put(THIS_MODULE);
	return err;
}

static void notrace socks_hook_disconnect(unsigned long ip,
					  unsigned long parent_ip,
					  struct ftrace_ops *ops,
					  struct ftrace_regs *fregs)
{
	const struct sock *sk = (void *)socks_ftrace_arg(fregs, 0);

	/* Those of us who call it have forgotten the connection before. */
	if (socks_conn_any() && !within_module(parent_ip, THIS_MODULE) &&
	    socks_conn_find(sk) && try_module_get(THIS_MODULE))
		socks_ftrace_redirect(fregs, socks_tcp_disconnect);
}

/* inet_listen(sock, backlog) */

static int socks_inet_listen(struct socket *sock, int backlog)
{
	int err;

	err = socks_rbind_by_rule(sock);
	if (!err)
		err = inet_listen(sock, backlog);
	module_put(THIS_MODULE);
	return err;
}

static int socks_refuse_einval(void)
{
	return -EINVAL;
}

static void notrace socks_hook_listen(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	const struct socket *sock = (void *)socks_ftrace_arg(fregs, 0);

	if (within_module(parent_ip, THIS_MODULE))
		return;
	/*
	 * One which was disconnected, but could not be given back (see
	 * socks_end()): what it accepts would have our destructor. All others
	 * of ours TCP refuses, too.
	 */
	if (socks_conn_any() && socks_conn_find(sock->sk))
		socks_ftrace_redirect(fregs, socks_refuse_einval);
	else if (socks_rbind_by_rule_wanted(sock) &&
		 try_module_get(THIS_MODULE))
		socks_ftrace_redirect(fregs, socks_inet_listen);
}

/* inet_getname(sock, uaddr, peer), inet6_getname(sock, uaddr, peer) */

/*
 * Security modules (TOMOYO) ask for the name in listen(). An Rbind() is then for
 * listen() to make, which can tell why it fails.
 */
static bool socks_in_listen(void)
{
	return !in_compat_syscall() &&
	       syscall_get_nr(current, current_pt_regs()) == __NR_listen;
}

static bool socks_getname_rbind(const struct socket *sock, int peer)
{
	return !peer && socks_rbind_by_rule_wanted(sock) && !socks_in_listen();
}

static int socks_inet_getname(struct socket *sock, struct sockaddr *uaddr,
			      int peer)
{
	int len = 0;

	/*
	 * Who binds and does not yet listen may ask already where. Why there is
	 * no Rbind(), listen() will say; but a signal is for this call.
	 */
	if (socks_getname_rbind(sock, peer))
		len = socks_rbind_by_rule(sock);
	if (len != -ERESTARTSYS && len != -EINTR)
		len = inet_getname(sock, uaddr, peer);
	len = socks_redirect_getname(sock->sk, uaddr, peer, len);
	module_put(THIS_MODULE);
	return len;
}

static __always_inline bool socks_hook_getname_wanted(unsigned long parent_ip,
						      struct ftrace_regs *fregs)
{
	const struct socket *sock = (void *)socks_ftrace_arg(fregs, 0);
	int peer = socks_ftrace_arg(fregs, 2);

	/* The stand-in itself calls the function. */
	if (within_module(parent_ip, THIS_MODULE))
		return false;
	if ((socks_conn_any() && socks_conn_find(sock->sk)) ||
	    (!peer && socks_rbind_is(sock->sk)) ||
	    socks_getname_rbind(sock, peer))
		return try_module_get(THIS_MODULE);
	return false;
}

static void notrace socks_hook_getname(unsigned long ip,
				       unsigned long parent_ip,
				       struct ftrace_ops *ops,
				       struct ftrace_regs *fregs)
{
	if (socks_hook_getname_wanted(parent_ip, fregs))
		socks_ftrace_redirect(fregs, socks_inet_getname);
}

#if IS_ENABLED(CONFIG_IPV6)
static int socks_inet6_getname(struct socket *sock, struct sockaddr *uaddr,
			       int peer)
{
	int len = inet6_getname(sock, uaddr, peer);

	len = socks_redirect_getname(sock->sk, uaddr, peer, len);
	module_put(THIS_MODULE);
	return len;
}

static void notrace socks_hook_getname6(unsigned long ip,
					unsigned long parent_ip,
					struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	if (socks_hook_getname_wanted(parent_ip, fregs))
		socks_ftrace_redirect(fregs, socks_inet6_getname);
}
#endif

#define SOCKS_HOOK(_function, _callback) {				\
	.function = _function,						\
	.ops = {							\
		.func = _callback,					\
		.flags = FTRACE_OPS_FL_IPMODIFY |			\
			 FTRACE_OPS_FL_PERMANENT | SOCKS_FTRACE_FLAGS,	\
	},								\
}

/*
 * In the order in which they are installed: first those which answer for a
 * connection, last the one which makes some.
 */
static struct socks_hook socks_hooks[] = {
	SOCKS_HOOK("tcp_disconnect", socks_hook_disconnect),
	SOCKS_HOOK("tcp_set_ulp", socks_hook_ulp),
	SOCKS_HOOK("inet_listen", socks_hook_listen),
	SOCKS_HOOK("inet_getname", socks_hook_getname),
#if IS_ENABLED(CONFIG_IPV6)
	SOCKS_HOOK("inet6_getname", socks_hook_getname6),
#endif
	SOCKS_HOOK("tcp_v4_connect", socks_hook_guard),
	SOCKS_HOOK("inet_stream_connect", socks_hook_connect),
};

static int socks_hook_add(struct socks_hook *hook)
{
	char *function = (char *)hook->function;
	int err;

	err = ftrace_set_filter(&hook->ops, function, strlen(function), 0);
	if (err) {
		pr_err("can't hook %s(): ftrace does not know it (%d)\n",
		       function, err);
		return err;
	}
	err = register_ftrace_function(&hook->ops);
	if (!err)
		return 0;

	ftrace_free_filter(&hook->ops);
	if (err == -EBUSY)
		pr_err("can't hook %s(): a live patch or another module has redirected it, or sysctl kernel.ftrace_enabled is 0\n",
		       function);
	else
		pr_err("can't hook %s(): ftrace refuses (%d)\n", function, err);
	return err;
}

static void socks_hook_del(struct socks_hook *hook)
{
	unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
}

/*
 * Wait until no task is in code of ours any more that runs without a module
 * reference. It doesn't sleep; so each task has left it once it has slept or
 * gone to user space, and softirq once RCU readers have passed.
 */
static void socks_hook_settle(void)
{
	synchronize_rcu_tasks();
	synchronize_rcu();
}

/**
 * socks_hook_install() - hook the kernel's functions
 *
 * Return: 0 or a negative errno; the kernel log says what was in the way.
 */
int socks_hook_install(void)
{
	int err, i;

	for (i = 0; i < ARRAY_SIZE(socks_hooks); i++) {
		err = socks_hook_add(&socks_hooks[i]);
		if (err) {
			while (i--)
				socks_hook_del(&socks_hooks[i]);
			socks_hook_settle();
			return err;
		}
	}
	return 0;
}

/**
 * socks_hook_remove() - leave the kernel's functions alone again
 *
 * On return no task runs in any code of the module, given that no module
 * reference was left.
 */
void socks_hook_remove(void)
{
	int i = ARRAY_SIZE(socks_hooks);

	while (i--)
		socks_hook_del(&socks_hooks[i]);
	socks_hook_settle();
}
