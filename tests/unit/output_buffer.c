/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output/buffer.h"

static struct err *put_line(struct buffer *buffer, const char *text)
{
	buffer_put_string(buffer, text);
	return buffer_end_line(buffer);
}

static void lines_wait_until_there_are_enough(void **state)
{
	(void)state;
	struct buffer buffer;
	char line[1001] = {0}, read_back[3];
	int fd = memfd_create("x", MFD_CLOEXEC);
	memset(line, 'x', 1000);
	assert_ok(buffer_init(&buffer, fd, "x"));
	for (int i = 0; i < BUFFER_FLUSH / 1001; i++)
		assert_ok(put_line(&buffer, line));
	assert_int_equal(lseek(fd, 0, SEEK_END), 0);
	buffer_put_string(&buffer, "begun");
	assert_ok(buffer_flush(&buffer)); /* whole lines alone */
	assert_int_equal(lseek(fd, 0, SEEK_END), BUFFER_FLUSH / 1001 * 1001);
	assert_ok(put_line(&buffer, ""));
	assert_ok(buffer_flush(&buffer));
	assert_int_equal(lseek(fd, 0, SEEK_END), BUFFER_FLUSH / 1001 * 1001 + 6);
	assert_int_equal(pread(fd, read_back, 3, BUFFER_FLUSH / 1001 * 1001 + 3), 3);
	assert_memory_equal(read_back, "un\n", 3);
	for (int i = 0; i < BUFFER_FLUSH / 1001 + 1; i++)
		assert_ok(put_line(&buffer, line));
	assert_int_equal(lseek(fd, 0, SEEK_END),
			 BUFFER_FLUSH / 1001 * 1001 * 2 + 6 + 1001); /* by itself */
	buffer_deinit(&buffer);
	close(fd);
}

static void a_line_may_be_longer_than_the_buffer(void **state)
{
	(void)state;
	struct buffer buffer;
	size_t size = 1000000;
	char *line = malloc(size), *read_back = malloc(size + 1);
	assert_non_null(line);
	assert_non_null(read_back);
	for (size_t i = 0; i < size; i++)
		line[i] = (char)('a' + i % 26);
	int fd = memfd_create("x", MFD_CLOEXEC);
	assert_ok(buffer_init(&buffer, fd, "x"));
	buffer_put(&buffer, line, size);
	assert_ok(buffer_end_line(&buffer));
	assert_int_equal(pread(fd, read_back, size + 1, 0), size + 1);
	assert_memory_equal(read_back, line, size);
	assert_int_equal(read_back[size], '\n');
	buffer_put_string(&buffer, "dropped");
	buffer_drop_line(&buffer);
	assert_ok(buffer_flush(&buffer));
	assert_int_equal(lseek(fd, 0, SEEK_END), size + 1);
	buffer_deinit(&buffer);
	close(fd);
	free(line);
	free(read_back);
}

static void a_full_disk_is_an_error_with_a_hint(void **state)
{
	(void)state;
	struct buffer buffer;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(buffer_init(&buffer, fd, "/dev/full"));
	assert_ok(put_line(&buffer, "x"));
	assert_err(buffer_flush(&buffer), ERR_FAILED,
		   "utrail: writing to '/dev/full'\n"
		   "  why:   No space left on device\n"
		   "  hint:  free some space");
	assert_false(buffer.closed);
	assert_ok(buffer_flush(&buffer)); /* what failed is gone, and not tried again */
	buffer_deinit(&buffer);
	close(fd);
}

static void a_reader_that_left_is_no_error(void **state)
{
	(void)state;
	struct buffer buffer;
	int fds[2];
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_ok(buffer_init(&buffer, fds[1], "pipe"));
	close(fds[0]);
	assert_ok(put_line(&buffer, "x"));
	assert_false(buffer.closed);
	assert_ok(buffer_flush(&buffer));
	assert_true(buffer.closed);
	for (int i = 0; i < 100000; i++) /* and nothing piles up */
		assert_ok(put_line(&buffer, "yyyyyyyyyyyyyyyy"));
	assert_true(buffer.capacity < (size_t)3 * BUFFER_FLUSH);
	buffer_deinit(&buffer);
	close(fds[1]);
}

/* Reads all after a while, and exits with 0 when it was `lines` lines of 1001 bytes. */
static pid_t start_slow_reader(int fd, int other_end, long lines)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	close(other_end);
	static char bytes[10000];
	ssize_t size = 0;
	for (ssize_t n; (n = read(fd, bytes, sizeof(bytes))) > 0; size += n) {
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] != ((size + i) % 1001 == 1000 ? '\n' : 'x'))
				_exit(1);
		}
		poll(NULL, 0, 1);
	}
	_exit(size == (ssize_t)lines * 1001 ? 0 : 2);
}

static void interrupt(int signum)
{
	(void)signum;
}

static void write_through(bool blocking)
{
	struct buffer buffer;
	int fds[2], status;
	long lines = 1000;
	char line[1001] = {0};
	memset(line, 'x', 1000);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	int small = 4096; /* so that writes are partial */
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	if (!blocking)
		assert_int_equal(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	pid_t reader = start_slow_reader(fds[0], fds[1], lines);
	close(fds[0]);
	assert_ok(buffer_init(&buffer, fds[1], "socket"));
	for (long i = 0; i < lines; i++)
		assert_ok(put_line(&buffer, line));
	assert_ok(buffer_flush(&buffer));
	assert_false(buffer.closed);
	buffer_deinit(&buffer);
	close(fds[1]);
	while (waitpid(reader, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	assert_int_equal(status, 0);
}

static void a_slow_reader_gets_all(void **state)
{
	(void)state;
	/* A signal every 300 us, whose handler does not restart system calls. */
	struct sigaction action = {.sa_handler = interrupt}, before;
	struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	write_through(true);
	write_through(false);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	sigaction(SIGALRM, &before, NULL);
}

/* Four lines, of which two are to be counted, into a file that takes ten bytes. */
static void a_failed_write_leaves_whole_lines_and_a_count(void **state)
{
	(void)state;
	struct buffer buffer;
	struct rlimit limit;
	char path[] = "/tmp/output_buffer.XXXXXX", read_back[64] = {0};
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	struct rlimit small = {.rlim_cur = 10, .rlim_max = limit.rlim_max};
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_ok(buffer_init(&buffer, fd, "file"));
	assert_ok(put_line(&buffer, "abc"));
	buffer_count_line(&buffer);
	assert_ok(put_line(&buffer, "def"));
	buffer_count_line(&buffer);
	assert_ok(put_line(&buffer, "ghi"));
	assert_ok(put_line(&buffer, "jkl"));
	assert_err(buffer_flush(&buffer), ERR_FAILED, "hint:  raise the limit");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_true(buffer.failed);
	assert_int_equal(buffer.unwritten, 1);
	buffer_trim(&buffer);
	buffer_count_line(&buffer);
	assert_ok(put_line(&buffer, "mno"));
	assert_ok(buffer_flush(&buffer));
	assert_int_equal(buffer.unwritten, 2);
	assert_int_equal(pread(fd, read_back, sizeof(read_back), 0), 8);
	assert_string_equal(read_back, "abc\n"
				       "def\n");
	buffer_deinit(&buffer);
	close(fd);
}

/* The line that fills the buffer is whole; the error waits for who asks. */
static void an_error_waits_for_the_flush(void **state)
{
	(void)state;
	struct buffer buffer;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ok(buffer_init(&buffer, fd, "/dev/full"));
	uint64_t lines = 0;
	for (; !buffer.failed && lines < 100000; lines++) {
		buffer_count_line(&buffer);
		assert_ok(put_line(&buffer, "zzzzzzzzzzzzzzz"));
	}
	assert_int_equal(buffer.unwritten, lines);
	assert_err(buffer_flush(&buffer), ERR_FAILED, "why:   No space left on device");
	assert_ok(buffer_flush(&buffer));
	buffer_deinit(&buffer);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_wait_until_there_are_enough),
		cmocka_unit_test(a_line_may_be_longer_than_the_buffer),
		cmocka_unit_test(a_full_disk_is_an_error_with_a_hint),
		cmocka_unit_test(a_reader_that_left_is_no_error),
		cmocka_unit_test(a_slow_reader_gets_all),
		cmocka_unit_test(an_error_waits_for_the_flush),
		cmocka_unit_test(a_failed_write_leaves_whole_lines_and_a_count),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
