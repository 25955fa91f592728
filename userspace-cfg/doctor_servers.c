// SPDX-License-Identifier: GPL-2.0-only
/* Is there a way to each server, and does it listen? */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#include "connection.h"
#include "doctor.h"
#include "tcp.h"

/* How long a server may take to accept a connection, in nanoseconds. */
#define CONNECT_TIMEOUT	INT64_C(3000000000)

/**
 * struct route - The way to an address.
 * @type: Kind of route.
 * @device: Index of the device.
 * @gateway: The next host, or 0.0.0.0 where there is none.
 */
struct route {
	unsigned char type;
	uint32_t device;
	struct in_addr gateway;
};

static int take_route_attribute(const struct nlattr *attribute, void *data)
{
	struct route *route = data;

	if (mnl_attr_get_payload_len(attribute) < sizeof(uint32_t))
		return MNL_CB_OK;
	switch (mnl_attr_get_type(attribute)) {
	case RTA_OIF:
		route->device = mnl_attr_get_u32(attribute);
		break;
	case RTA_GATEWAY:
		route->gateway.s_addr = mnl_attr_get_u32(attribute);
		break;
	}
	return MNL_CB_OK;
}

static int take_route(const struct nlmsghdr *message, void *data)
{
	const struct rtmsg *header = mnl_nlmsg_get_payload(message);
	struct route *route = data;

	if (message->nlmsg_type != RTM_NEWROUTE ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header))
		return MNL_CB_OK;
	route->type = header->rtm_type;
	return mnl_attr_parse(message, sizeof(*header), take_route_attribute,
			      route);
}

static int get_route(const struct in_addr *address, struct route *route)
{
	struct nlmsghdr buffer[16] = { { .nlmsg_len = 0 } };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *header;

	request->nlmsg_type = RTM_GETROUTE;
	request->nlmsg_flags = NLM_F_REQUEST;
	header = mnl_nlmsg_put_extra_header(request, sizeof(*header));
	header->rtm_family = AF_INET;
	header->rtm_dst_len = 32;
	mnl_attr_put_u32(request, RTA_DST, address->s_addr);
	return doctor_ask(NETLINK_ROUTE, request, take_route, route);
}

static void check_route(struct doctor *doctor, const struct server *server,
			const struct route *route)
{
	const struct endpoint endpoint = { server->address, server->port };
	char text[ENDPOINT_TEXT_SIZE], gateway[INET_ADDRSTRLEN];
	char device[IF_NAMESIZE];

	endpoint_text(text, &endpoint);
	if (route->type == RTN_LOCAL) {
		found(doctor, FINDING_OK, "route",
		      "server %s, %s, is on this host", server->name, text);
		return;
	}
	if (!if_indextoname(route->device, device))
		snprintf(device, sizeof(device), "?");
	inet_ntop(AF_INET, &route->gateway, gateway, sizeof(gateway));
	found(doctor, FINDING_OK, "route", "to server %s, %s, by %s%s%s",
	      server->name, text, device,
	      route->gateway.s_addr ? " and " : "",
	      route->gateway.s_addr ? gateway : "");
}

static int try_connect(const struct server *server)
{
	const struct endpoint endpoint = { server->address, server->port };
	int fd = tcp_socket();
	int error;

	if (fd < 0)
		return fd;
	error = tcp_connect(fd, &endpoint, tcp_clock() + CONNECT_TIMEOUT);
	close(fd);
	return error;
}

static void check_connect(struct doctor *doctor, const struct server *server)
{
	int error = try_connect(server);

	if (error)
		found(doctor, FINDING_PROBLEM, "connect",
		      "server %s can't be reached: %s", server->name,
		      strerror(-error));
	else
		found(doctor, FINDING_OK, "connect",
		      "server %s accepts connections", server->name);
}

static void check_server(struct doctor *doctor, const struct server *server)
{
	struct route route = { .type = RTN_UNSPEC };
	int error = get_route(&server->address, &route);

	if (error == -ENETUNREACH || error == -EHOSTUNREACH ||
	    error == -EACCES || error == -EINVAL)
		found(doctor, FINDING_PROBLEM, "route",
		      "there is none to server %s: %s", server->name,
		      strerror(-error));
	else if (error)
		found(doctor, FINDING_WARNING, "route",
		      "that to server %s can't be read: %s", server->name,
		      strerror(-error));
	else
		check_route(doctor, server, &route);
	if (!error && route.type == RTN_LOCAL)
		doctor_loops(doctor, server);
	if (!error && doctor->connects)
		check_connect(doctor, server);
}

/**
 * doctor_servers() - Look at the servers.
 * @doctor: The examination.
 */
void doctor_servers(struct doctor *doctor)
{
	const struct server_list *servers = &doctor->config.servers;
	size_t i;

	if (!servers->count)
		found(doctor, FINDING_WARNING, "servers",
		      "there is none, so no connection goes through one");
	for (i = 0; i < servers->count; i++)
		check_server(doctor, &servers->list[i]);
}
