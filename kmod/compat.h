/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between kernel versions. No other file asks for a version.
 */
#ifndef _SOCKS_COMPAT_H
#define _SOCKS_COMPAT_H

#include <linux/ftrace.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/tcp.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "socks needs Linux 6.1 or later"
#endif

/*
 * Before 6.2, x86 has no accessors for struct ftrace_regs: the callback asks
 * for the whole of struct pt_regs.
 */
#ifdef ftrace_regs_set_instruction_pointer

#define SOCKS_FTRACE_FLAGS	0

static __always_inline unsigned long
socks_ftrace_arg(struct ftrace_regs *fregs, unsigned int n)
{
	return ftrace_regs_get_argument(fregs, n);
}

static __always_inline void
socks_ftrace_redirect(struct ftrace_regs *fregs, void *to)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)to);
}

#else

#define SOCKS_FTRACE_FLAGS	FTRACE_OPS_FL_SAVE_REGS

static __always_inline unsigned long
socks_ftrace_arg(struct ftrace_regs *fregs, unsigned int n)
{
	return regs_get_kernel_argument(ftrace_get_regs(fregs), n);
}

static __always_inline void
socks_ftrace_redirect(struct ftrace_regs *fregs, void *to)
{
	instruction_pointer_set(ftrace_get_regs(fregs), (unsigned long)to);
}

#endif

/*
 * From 6.5, pages are sent by sendmsg() with MSG_SPLICE_PAGES, and struct
 * proto_ops has no sendpage() any more.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define SOCKS_HAVE_SENDPAGE	1
#endif

/* From 6.10, accept() of struct proto_ops takes its arguments in a structure. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define SOCKS_ACCEPT_PARAMS	int flags, bool kern
#define SOCKS_ACCEPT_ARGS	flags, kern
#define SOCKS_ACCEPT_FLAGS	flags
#else
#define SOCKS_ACCEPT_PARAMS	struct proto_accept_arg *arg
#define SOCKS_ACCEPT_ARGS	arg
#define SOCKS_ACCEPT_FLAGS	((arg)->flags)
#endif

/*
 * Who may join a multicast group: from 6.8, and in later releases of 6.1 and 6.6,
 * there is a flag of its own for CAP_NET_ADMIN of the network namespace's owner.
 */
#ifdef GENL_MCAST_CAP_NET_ADMIN
#define SOCKS_MCAST_ADMIN	GENL_MCAST_CAP_NET_ADMIN
#else
#define SOCKS_MCAST_ADMIN	GENL_UNS_ADMIN_PERM
#endif

/*
 * From 6.8, who gets a multicast message can be chosen as it is sent: @filter
 * returns true for those who don't.
 */
static inline int
socks_genl_multicast(const struct genl_family *family, struct net *net,
		     struct sk_buff *skb, unsigned int group, gfp_t gfp,
		     int (*filter)(struct sock *, struct sk_buff *, void *))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
	return genlmsg_multicast_netns(family, net, skb, 0, group, gfp);
#else
	return genlmsg_multicast_netns_filtered(family, net, skb, 0, group, gfp,
						filter, NULL);
#endif
}

/*
 * Queue the bytes at @offset of @page for sending, without copying them and
 * without sleeping. The socket lock is held, from softirq or by the caller.
 * Return: how many bytes were queued, or a negative errno.
 */
static inline int socks_tcp_send_page(struct sock *sk, struct page *page,
				      int offset, size_t size)
{
#ifdef SOCKS_HAVE_SENDPAGE
	return do_tcp_sendpages(sk, page, offset, size,
				MSG_DONTWAIT | MSG_NOSIGNAL);
#else
	struct msghdr msg = {
		.msg_flags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_SPLICE_PAGES,
	};
	bool use_task_frag = sk->sk_use_task_frag;
	struct bio_vec bvec;
	int sent;

	bvec_set_page(&bvec, page, size, offset);
	iov_iter_bvec(&msg.msg_iter, ITER_SOURCE, &bvec, 1, size);

	/*
	 * To a device without scatter-gather the bytes are copied after all,
	 * and in softirq the current task's page fragment is not ours.
	 */
	sk->sk_use_task_frag = false;
	sent = tcp_sendmsg_locked(sk, &msg, size);
	sk->sk_use_task_frag = use_task_frag;
	return sent;
#endif
}

#endif /* _SOCKS_COMPAT_H */
