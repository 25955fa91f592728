/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Rbind(): have the SOCKS server of the thread's last connection listen in this
 * host's place, for one connection from where that one went. See Rbind(3).
 *
 * With __Rbind defined, bind() means Rbind() in all that follows.
 */
#ifndef _SOCKS_RBIND_H
#define _SOCKS_RBIND_H

#include <netinet/in.h>
#include <sys/socket.h>

/*
 * As in <linux/socks.h>, whose other names a program that speaks SOCKS itself
 * may have for things of its own.
 */
#define SOCKS_SO_RBIND	21323

static __inline__ int Rbind(int fd, const struct sockaddr *local_address,
			    socklen_t len)
{
	return setsockopt(fd, IPPROTO_IP, SOCKS_SO_RBIND, local_address, len);
}

#ifdef __Rbind

/*
 * No macro: it would also change, or break, what else is called bind, such as
 * std::bind and members of structures. This is a definition of bind() for the
 * compiler to put in its place, and never for the linker. So a pointer to bind()
 * is one to the C library's.
 */
#ifndef __GNUC__
#error "__Rbind needs a compiler which has the inline functions of GNU C"
#endif

/* It is declared as the C library declares it. */
#if defined(__cplusplus) && defined(__THROW)
#define __SOCKS_THROW	__THROW
#else
#define __SOCKS_THROW
#endif
#if defined(__GLIBC__) && defined(__USE_GNU) && !defined(__cplusplus)
#define __SOCKS_ADDRESS	__CONST_SOCKADDR_ARG
#define __SOCKS_POINTER(address) ((address).__sockaddr__)
#else
#define __SOCKS_ADDRESS	const struct sockaddr *
#define __SOCKS_POINTER(address) (address)
#endif

#ifdef __cplusplus
extern "C" {
#endif

extern __inline__ __attribute__((__gnu_inline__, __always_inline__))
int bind(int fd, __SOCKS_ADDRESS local_address, socklen_t len) __SOCKS_THROW
{
	return setsockopt(fd, IPPROTO_IP, SOCKS_SO_RBIND,
			  __SOCKS_POINTER(local_address), len);
}

#ifdef __cplusplus
}
#endif

#undef __SOCKS_THROW
#undef __SOCKS_ADDRESS
#undef __SOCKS_POINTER

#endif /* __Rbind */

#endif /* _SOCKS_RBIND_H */
