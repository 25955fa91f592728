/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _SOCKS_HOOK_H
#define _SOCKS_HOOK_H

int socks_hook_install(void);
void socks_hook_remove(void);

#endif /* _SOCKS_HOOK_H */
