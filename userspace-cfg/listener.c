// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who listens at an address of this host: the sockets by inet_diag, and the
 * processes which have them open by /proc.
 */
#include <dirent.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "listener.h"
#include "textfile.h"

/* TCP_LISTEN of the kernel, as a bit. */
#define LISTENING	0x400

/*
 * Does a socket with this address get connections to ours? One for any IPv6
 * address does so unless it is for IPv6 only.
 */
static bool gets(const struct inet_diag_msg *socket, bool v6only,
		 const struct in_addr *address)
{
	static const uint32_t any[4], mapped = 0xffff;
	const uint32_t *source = socket->id.idiag_src;

	if (socket->idiag_family == AF_INET)
		return !*source || *source == address->s_addr;
	if (!memcmp(source, any, sizeof(any)))
		return !v6only;
	return !source[0] && !source[1] && source[2] == htonl(mapped) &&
	       (!source[3] || source[3] == address->s_addr);
}

static int take_v6only(const struct nlattr *attribute, void *data)
{
	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
	    mnl_attr_get_payload_len(attribute) >= 1)
		*(bool *)data = mnl_attr_get_u8(attribute);
	return MNL_CB_OK;
}

static int take_listener(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	struct listeners *listeners = data;
	bool v6only = false;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket) ||
	    ntohs(socket->id.idiag_sport) != listeners->port)
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*socket), take_v6only, &v6only);
	/* TCP's socket within one of MPTCP has no number, as it has no file. */
	if (socket->idiag_inode &&
	    gets(socket, v6only, &listeners->address) &&
	    listeners->count < LISTENERS_MAX)
		listeners->inode[listeners->count++] = socket->idiag_inode;
	return MNL_CB_OK;
}

static int ask_for(struct listeners *listeners, unsigned char family,
		   uint32_t protocol)
{
	struct nlmsghdr buffer[16] = { { .nlmsg_len = 0 } };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *header;

	request->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->sdiag_family = family;
	/* Where it does not fit in here, it is in an attribute. */
	header->sdiag_protocol =
		protocol <= UINT8_MAX ? protocol : IPPROTO_RAW;
	header->idiag_states = LISTENING;
	header->id.idiag_sport = htons(listeners->port);
	if (protocol > UINT8_MAX)
		mnl_attr_put_u32(request, INET_DIAG_REQ_PROTOCOL, protocol);
	return doctor_ask(NETLINK_SOCK_DIAG, request, take_listener,
			  listeners);
}

/**
 * listeners_get() - Find the sockets which get connections to an address.
 * @listeners: The address and the port; the sockets are put there.
 *
 * Return: 0 or a negative errno.
 */
int listeners_get(struct listeners *listeners)
{
	static const unsigned char families[] = { AF_INET, AF_INET6 };
	int error = 0;
	size_t i;

	listeners->count = 0;
	for (i = 0; i < sizeof(families) && !error; i++) {
		error = ask_for(listeners, families[i], IPPROTO_TCP);
		/* A kernel may be without it. */
		if (!error)
			ask_for(listeners, families[i], IPPROTO_MPTCP);
	}
	return error;
}

static bool is_listener(const struct listeners *listeners, const char *link)
{
	uint32_t inode;
	size_t i;

	if (sscanf(link, "socket:[%u]", &inode) != 1)
		return false;
	for (i = 0; i < listeners->count; i++)
		if (listeners->inode[i] == inode)
			return true;
	return false;
}

static bool has_open(const struct listeners *listeners, const char *folder)
{
	char path[64], link[64];
	const struct dirent *entry;
	bool found_it = false;
	DIR *files;

	snprintf(path, sizeof(path), "%s/fd", folder);
	files = opendir(path);
	if (!files)
		return false;
	while (!found_it && (entry = readdir(files))) {
		ssize_t length = readlinkat(dirfd(files), entry->d_name, link,
					    sizeof(link) - 1);

		if (length < 0)
			continue;
		link[length] = '\0';
		found_it = is_listener(listeners, link);
	}
	closedir(files);
	return found_it;
}

static void read_ids(const char *folder, struct owner *owner)
{
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/status", folder);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		/* The second number is the effective one. */
		if (sscanf(line, "Uid: %*u %u", &owner->uid) != 1 &&
		    sscanf(line, "Gid: %*u %u", &owner->gid) == 1)
			break;
	}
	fclose(file);
}

static void read_cgroup(const char *folder, struct owner *owner)
{
	char path[64], line[sizeof(owner->cgroup) + 3];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup", folder);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "0::", 3))
			snprintf(owner->cgroup, sizeof(owner->cgroup), "%s",
				 line + 3);
	}
	fclose(file);
}

static void read_owner(pid_t pid, const char *folder, struct owner *owner)
{
	char path[64];

	*owner = (struct owner){ .pid = pid };
	snprintf(path, sizeof(path), "%s/comm", folder);
	if (!text_line(path, owner->name, sizeof(owner->name)))
		snprintf(owner->name, sizeof(owner->name), "?");
	read_ids(folder, owner);
	read_cgroup(folder, owner);
}

/**
 * owners_get() - Find the processes which have one of those sockets open.
 * @listeners: The sockets.
 * @owners: OWNERS_MAX places for the processes.
 *
 * Return: How many there are, as far as they can be seen.
 */
size_t owners_get(const struct listeners *listeners, struct owner *owners)
{
	const struct dirent *entry;
	DIR *processes = opendir("/proc");
	char folder[32];
	size_t count = 0;

	if (!processes)
		return 0;
	while (count < OWNERS_MAX && (entry = readdir(processes))) {
		pid_t pid = atoi(entry->d_name);

		if (pid <= 0)
			continue;
		snprintf(folder, sizeof(folder), "/proc/%d", pid);
		if (has_open(listeners, folder))
			read_owner(pid, folder, &owners[count++]);
	}
	closedir(processes);
	return count;
}
