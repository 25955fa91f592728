/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files of /proc and /sys. */
#ifndef SOCKSCTL_TEXTFILE_H
#define SOCKSCTL_TEXTFILE_H

#include <stdbool.h>
#include <stddef.h>

bool text_line(const char *path, char *line, size_t size);

#endif
