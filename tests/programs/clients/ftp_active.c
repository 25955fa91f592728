// SPDX-License-Identifier: GPL-2.0-only
/*
 * ftp_active ADDRESS FILE: fetch a file by FTP in active mode, and print it.
 *
 * With __Rbind defined, the server's connection comes in through the SOCKS
 * server; without it, the program is the same.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <socks/rbind.h>

/* Read an answer to its last line; end the program unless it begins so. */
static void expect(FILE *control, const char *what, char first)
{
	char line[512];

	do {
		if (!fgets(line, sizeof(line), control))
			errx(1, "%s: the server is gone", what);
	} while (strlen(line) < 4 || line[3] == '-');
	line[strcspn(line, "\r\n")] = '\0';
	if (line[0] != first)
		errx(1, "%s: %s", what, line);
}

static void command(FILE *control, const char *verb, const char *words,
		    char first)
{
	dprintf(fileno(control), "%s%s%s\r\n", verb, *words ? " " : "", words);
	expect(control, verb, first);
}

int main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	const unsigned char *a = (void *)&sin.sin_addr;
	const unsigned char *p = (void *)&sin.sin_port;
	socklen_t len = sizeof(sin);
	int control, listener, data;
	char buf[4096], port[64];
	FILE *stream;
	ssize_t got;

	if (argc != 3)
		errx(2, "usage: ftp_active ADDRESS FILE");

	control = socket(AF_INET, SOCK_STREAM, 0);
	sin.sin_port = htons(21);
	inet_aton(argv[1], &sin.sin_addr);
	if (control < 0 || connect(control, (void *)&sin, sizeof(sin)))
		err(1, "%s", argv[1]);
	stream = fdopen(control, "r");
	expect(stream, "greeting", '2');
	command(stream, "USER", "anonymous", '2');
	command(stream, "TYPE", "I", '2');

	/* Where the control connection comes from, and any port. */
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (getsockname(control, (void *)&sin, &len))
		err(1, "getsockname");
	sin.sin_port = 0;
	if (bind(listener, (void *)&sin, sizeof(sin)))
		err(1, "bind");
	if (getsockname(listener, (void *)&sin, &len))
		err(1, "getsockname");
	if (listen(listener, 1))
		err(1, "listen");
	snprintf(port, sizeof(port), "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3],
		 p[0], p[1]);
	command(stream, "PORT", port, '2');
	command(stream, "RETR", argv[2], '1');

	len = sizeof(sin);
	data = accept(listener, (void *)&sin, &len);
	if (data < 0)
		err(1, "accept");
	if (strcmp(inet_ntoa(sin.sin_addr), argv[1]) || sin.sin_port != htons(20))
		errx(1, "accept: %s:%u", inet_ntoa(sin.sin_addr),
		     ntohs(sin.sin_port));
	while ((got = read(data, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, got, stdout);
	if (got)
		err(1, "read");
	expect(stream, "RETR", '2');
	return 0;
}
