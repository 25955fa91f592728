// SPDX-License-Identifier: GPL-2.0-only
/* Small files of /proc and /sys. */
#include <stdio.h>
#include <string.h>

#include "textfile.h"

/**
 * text_line() - Read the first line of a file.
 * @path: The file.
 * @line: Where to put it, without its end.
 * @size: Bytes there; what is longer is cut off.
 *
 * Return: Is there such a file, and a line in it?
 */
bool text_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool done;

	if (!file)
		return false;
	done = fgets(line, size, file);
	if (done)
		line[strcspn(line, "\n")] = '\0';
	fclose(file);
	return done;
}
