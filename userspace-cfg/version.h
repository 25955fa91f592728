/* SPDX-License-Identifier: GPL-2.0-only */
/* The version of the tool, which is that of the module, too. */
#ifndef SOCKSCTL_VERSION_H
#define SOCKSCTL_VERSION_H

#define VERSION	"1.0"

#endif
