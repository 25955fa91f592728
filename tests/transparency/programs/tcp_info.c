// SPDX-License-Identifier: GPL-2.0-only
/* TCP_INFO in each state: all that does not depend on time. */
#include "observe.h"

#define FIELD(name)							\
	say("  %s: " #name " %llu", when, (unsigned long long)info.tcpi_##name)

static void shown(int fd, const char *when)
{
	struct tcp_info info = {};
	socklen_t size = sizeof(info);

	CALL(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &size));
	FIELD(state);
	FIELD(ca_state);
	FIELD(options);
	say("  %s: snd_wscale %u rcv_wscale %u", when, info.tcpi_snd_wscale,
	    info.tcpi_rcv_wscale);
	FIELD(delivery_rate_app_limited);
	FIELD(fastopen_client_fail);
	FIELD(snd_mss);
	FIELD(advmss);
	FIELD(pmtu);
	FIELD(unacked);
	FIELD(sacked);
	FIELD(lost);
	FIELD(retrans);
	FIELD(snd_ssthresh);
	FIELD(reordering);
	FIELD(notsent_bytes);
	FIELD(bytes_sent);
	FIELD(bytes_acked);
	FIELD(bytes_received);
	FIELD(bytes_retrans);
	FIELD(data_segs_in);
	FIELD(data_segs_out);
	FIELD(dsack_dups);
	FIELD(reord_seen);
}

void program(void)
{
	int fd = tcp(SOCK_NONBLOCK);
	struct tcp_info info;
	socklen_t size;
	char congestion[16] = "";

	shown(fd, "before");
	CALL(connect_to(fd, 0));
	far("arrived");
	shown(fd, "during");
	/* Of any size. */
	for (size = 0; size < 12; size++) {
		socklen_t got = size;

		memset(&info, 0x55, sizeof(info));
		CALL(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &got));
		say("  %u bytes: %s", got, quoted(&info, got ? 2 : 0));
	}
	size = -1;
	CALL(getsockopt(fd, SOL_TCP, TCP_INFO, &info, &size));
	size = sizeof(info);
	CALL(getsockopt(fd, SOL_TCP, TCP_INFO, NULL, &size));
	CALL(getsockopt(fd, SOL_TCP, TCP_INFO, &info, NULL));
	far("grant");
	shown(fd, "granted");
	CALL(connect_to(fd, 0));
	exchange(fd, 0);
	wait_acked(fd);
	shown(fd, "after some bytes");
	size = sizeof(congestion);
	CALL(getsockopt(fd, SOL_TCP, TCP_CONGESTION, congestion, &size));
	say("  %s", congestion);
	CALL(close(fd));

	fd = connecting(1);
	far("1:refuse");
	wait_end(fd);
	shown(fd, "refused");
	CALL(close(fd));
}
