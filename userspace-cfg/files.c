// SPDX-License-Identifier: GPL-2.0-only
/* Which files a name on the command line stands for. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "array.h"
#include "files.h"
#include "quote.h"
#include "values.h"

static const char suffix[] = ".conf";

/* Not those which editors and dpkg leave beside a file, nor hidden ones. */
static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return *entry->d_name != '.' && length >= sizeof(suffix) - 1 &&
	       !strcmp(entry->d_name + length - (sizeof(suffix) - 1), suffix);
}

/* By byte, so that the order does not depend on the language. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* Take the name over; NULL is one for which there was no memory. */
static enum status add(struct files *files, char *name,
		       const struct place *place)
{
	char **list;

	if (!name)
		return no_memory(place);
	list = array_room(files->list, files->count, &files->size,
			  sizeof(*list));
	if (!list) {
		free(name);
		return no_memory(place);
	}
	files->list = list;
	list[files->count++] = name;
	return STATUS_OK;
}

static enum status add_directory(struct files *files, const char *name,
				 const struct place *place)
{
	const char *slash = name[strlen(name) - 1] == '/' ? "" : "/";
	enum status status = STATUS_OK;
	struct dirent **entries;
	int count, i;

	count = scandir(name, &entries, is_conf, by_name);
	if (count < 0) {
		report(place, "%s can't be read: %s", quoted(name),
		       strerror(errno));
		return STATUS_WRONG;
	}
	for (i = 0; i < count; i++) {
		char *path;

		if (!status) {
			if (asprintf(&path, "%s%s%s", name, slash,
				     entries[i]->d_name) < 0)
				path = NULL;
			status = add(files, path, place);
		}
		free(entries[i]);
	}
	free(entries);
	return status;
}

static enum status refuse_option(const struct words *words, const char *name)
{
	return wrong(words, "%s: options stand before the files, and ./ before such a name",
		     quoted(name));
}

/* Whether a file can be read shows when it is. */
static enum status add_name(struct files *files, const char *name,
			    const struct place *place)
{
	struct stat stat_of;

	if (strcmp(name, "-") && !stat(name, &stat_of) &&
	    S_ISDIR(stat_of.st_mode))
		return add_directory(files, name, place);
	return add(files, strdup(name), place);
}

/**
 * files_take() - Take the names up to the end of a command.
 * @files: Where to put the files they stand for: a file, "-", or a directory,
 *	which stands for the files *.conf in it, in the order of their names.
 * @words: The command's words.
 * @command: The command, as in messages.
 *
 * Return: STATUS_OK; another on an error, which has been reported.
 */
enum status files_take(struct files *files, struct words *words,
		       const char *command)
{
	struct place place = words_start(words);
	enum status status, worst = STATUS_OK;
	const char *name;

	do {
		name = take_value(words, command,
				  "a file name, a directory, or - for standard input");
		if (!name)
			status = STATUS_WRONG;
		else if (name[0] == '-' && name[1])
			status = refuse_option(words, name);
		else
			status = add_name(files, name, &place);
		if (status > worst)
			worst = status;
	} while (words_left(words));
	if (worst)
		return worst;
	/* The wrong directory is no reason to remove everything. */
	if (!files->count)
		return wrong(words, "there is no file *.conf in %s",
			     quoted(name));
	files->ends = calloc(files->count, sizeof(*files->ends));
	return files->ends ? STATUS_OK : no_memory(&place);
}

/**
 * files_have_input() - Is standard input one of the files?
 * @files: The files.
 *
 * Return: Whether it is.
 */
bool files_have_input(const struct files *files)
{
	size_t i;

	for (i = 0; i < files->count; i++)
		if (!strcmp(files->list[i], "-"))
			return true;
	return false;
}

/**
 * files_place() - Where the command stands that was made into a message.
 * @files: The files.
 * @messages: What was made of them.
 * @number: Which of the messages, from 0.
 *
 * Return: The place.
 */
struct place files_place(const struct files *files,
			 const struct messages *messages, size_t number)
{
	struct place place = { .line = messages->line[number] };
	size_t i;

	for (i = 0; i < files->count; i++) {
		if (number < files->ends[i]) {
			place.file = files->list[i];
			return place;
		}
	}
	return files->fallback;
}

/**
 * files_clear() - Free the memory of files.
 * @files: The files.
 */
void files_clear(struct files *files)
{
	while (files->count)
		free(files->list[--files->count]);
	free(files->list);
	free(files->ends);
	*files = (struct files){ .list = NULL };
}
