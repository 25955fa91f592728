// SPDX-License-Identifier: GPL-2.0-only
/* sendfile(), splice(), vmsplice() and tee() with more than a few bytes. */
#include "observe.h"

#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#define SIZE	50000

static char data[SIZE];

static long sum(const char *bytes, long size)
{
	long all = 0, i;

	for (i = 0; i < size; i++)
		all = all * 31 + bytes[i];
	return all & 0xffffff;
}

static void from_socket(int fd, long size, int n)
{
	static char back[SIZE];
	int ends[2], copy[2];
	long done = 0, got;

	MUST(pipe(ends));
	MUST(pipe(copy));
	far("%d:fill %ld", n, size);
	while (done < size) {
		got = MUST(splice(fd, NULL, ends[1], NULL, size - done, 0));
		if (!got)
			break;
		MUST(tee(ends[0], copy[1], got, 0));
		while (got > 0) {
			long part = MUST(read(ends[0], back + done, got));

			MUST(read(copy[0], back + done, part));
			got -= part;
			done += part;
		}
	}
	say("splice: %ld bytes, sum %ld", done, sum(back, done));
	close(ends[0]);
	close(ends[1]);
	close(copy[0]);
	close(copy[1]);
}

static void to_socket(int fd, int n)
{
	int file = MUST(memfd_create("data", 0));
	struct iovec part = { data, 4096 };
	off64_t place = 9;
	off_t offset = 0;
	int ends[2];

	MUST(write(file, data, SIZE));
	CALL(sendfile(fd, file, &offset, SIZE));
	far("%d:drain %d", n, SIZE);
	say("  offset %ld", (long)offset);
	CALL(lseek(file, 7, SEEK_SET));
	CALL(sendfile(fd, file, NULL, 5));
	far("%d:read 5", n);
	CALL(sendfile(fd, file, &offset, 5));
	CALL(copy_file_range(file, &place, fd, NULL, 5, 0));

	MUST(pipe(ends));
	CALL(vmsplice(ends[1], &part, 1, SPLICE_F_GIFT));
	CALL(splice(ends[0], NULL, fd, NULL, 4096, SPLICE_F_MOVE |
		    SPLICE_F_MORE));
	CALL(send(fd, "end", 3, 0));
	far("%d:drain 4099", n);
	CALL(splice(ends[0], NULL, fd, &place, 10, 0));
	CALL(splice(fd, NULL, file, NULL, 10, 0));
	CALL(tee(fd, ends[1], 10, 0));
	close(ends[0]);
	close(ends[1]);
	close(file);
}

void program(void)
{
	int fd = connected(0);
	int i;

	for (i = 0; i < SIZE; i++)
		data[i] = 'a' + i % 26;
	to_socket(fd, 0);
	from_socket(fd, SIZE, 0);
	wait_acked(fd);
	show(fd);
	CALL(close(fd));
}
