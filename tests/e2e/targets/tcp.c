/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client and a server on loopback, in one process, that count themselves.
 *
 *	tcp talk FAMILY COUNT BYTES    COUNT connections; the server sends twice what it gets
 *	tcp refused                    one connect to a port that nobody listens on
 *	tcp reset FAMILY COUNT         COUNT connections for each way to have them reset: a close
 *that does not linger, a close with bytes unread; and COUNT connects to a port where nobody listens
 *	tcp full                       one connect that finds the listener's queue full
 *	tcp later                      a connect that does not block
 *	tcp before                     as talk, but the connection is there before the first line
 *	                               of input; the second ends it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void check(bool ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static int family = AF_INET;

static int listener(int queue, struct sockaddr_storage *ret, socklen_t *ret_size)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool is_v6 = family == AF_INET6;
	int fd = socket(family, SOCK_STREAM, 0);
	check(fd >= 0, "socket");
	*ret_size = is_v6 ? sizeof(v6) : sizeof(v4);
	check(bind(fd, is_v6 ? (void *)&v6 : (void *)&v4, *ret_size) == 0, "bind");
	check(getsockname(fd, (void *)ret, ret_size) == 0, "getsockname");
	check(listen(fd, queue) == 0, "listen");
	return fd;
}

static unsigned int port_of(int fd, bool peer)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	check((peer ? getpeername : getsockname)(fd, (void *)&address, &size) == 0, "getsockname");
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static size_t put(int fd, size_t bytes)
{
	char block[4096] = {0};
	for (size_t left = bytes; left;) {
		ssize_t done = write(fd, block, left < sizeof(block) ? left : sizeof(block));
		check(done > 0, "write");
		left -= (size_t)done;
	}
	return bytes;
}

static size_t take(int fd)
{
	char block[4096];
	size_t sum = 0;
	ssize_t got;
	while ((got = read(fd, block, sizeof(block))) > 0)
		sum += (size_t)got;
	check(got == 0, "read");
	return sum;
}

struct server {
	int fd;
	int count;
};

__attribute__((noinline)) int serve(int listening)
{
	int fd = accept(listening, NULL, NULL);
	check(fd >= 0, "accept");
	printf("accept %u %u\n", port_of(fd, false), port_of(fd, true));
	return fd;
}

static void answer(int fd)
{
	unsigned int own = port_of(fd, false), peer = port_of(fd, true);
	size_t received = take(fd), sent = put(fd, received * 2);
	printf("close %u %u %zu %zu\n", own, peer, sent, received);
	close(fd);
}

static void *serve_all(void *argument)
{
	struct server *server = argument;
	for (int i = 0; i < server->count; i++)
		answer(serve(server->fd));
	return NULL;
}

__attribute__((noinline)) int fetch(const struct sockaddr_storage *to, socklen_t size)
{
	int fd = socket(family, SOCK_STREAM, 0);
	check(fd >= 0 && connect(fd, (void *)to, size) == 0, "connect");
	return fd;
}

/* Until the kernel has ended it, too: its own list says so. What waits for stray packets (state 6)
 * is no socket any more; state 10 is the listener. */
static void wait_for_end(unsigned int port)
{
	for (bool found = true; found; usleep(1000)) {
		char line[512];
		FILE *list = fopen(family == AF_INET6 ? "/proc/net/tcp6" : "/proc/net/tcp", "r");
		check(list != NULL, "/proc/net/tcp");
		found = false;
		while (fgets(line, sizeof(line), list)) {
			unsigned int here, there, state;
			if (sscanf(line, "%*d: %*[0-9A-F]:%x %*[0-9A-F]:%x %x", &here, &there,
				   &state) == 3)
				found |= (here == port || there == port) && state != 6 &&
					 state != 10;
		}
		fclose(list);
	}
}

static void talk(int count, size_t bytes)
{
	struct sockaddr_storage address;
	socklen_t size;
	pthread_t thread;
	struct server server = {listener(64, &address, &size), count};
	check(pthread_create(&thread, NULL, serve_all, &server) == 0, "pthread_create");
	for (int i = 0; i < count; i++) {
		int fd = fetch(&address, size);
		unsigned int own = port_of(fd, false), peer = port_of(fd, true);
		printf("connect %u %u\n", own, peer);
		size_t sent = put(fd, bytes);
		check(shutdown(fd, SHUT_WR) == 0, "shutdown");
		printf("close %u %u %zu %zu\n", own, peer, sent, take(fd));
		close(fd);
	}
	pthread_join(thread, NULL);
	wait_for_end(ntohs(((struct sockaddr_in *)&address)->sin_port));
}

static void refused(void)
{
	struct sockaddr_storage address;
	socklen_t size;
	int fd = listener(1, &address, &size);
	close(fd);
	fd = socket(family, SOCK_STREAM, 0);
	check(connect(fd, (void *)&address, size) != 0 && errno == ECONNREFUSED, "refused");
	printf("refused %u\n", ntohs(((struct sockaddr_in *)&address)->sin_port));
}

/* The other side, and only now. */
static int accepted(int listening)
{
	int fd = accept(listening, NULL, NULL);
	check(fd >= 0, "accept");
	return fd;
}

/* Waits for it: the error that a reset leaves. */
static void expect_reset(int fd)
{
	char byte;
	ssize_t got = read(fd, &byte, 1);
	check(got < 0 && errno == ECONNRESET, "read: no reset");
	close(fd);
}

/* Closed in a way that has a reset sent to the peer. */
static void aborted(const struct sockaddr_storage *address, socklen_t size, int listening,
		    const char *way)
{
	const struct linger at_once = {.l_onoff = 1};
	int fd = fetch(address, size), peer = accepted(listening);
	unsigned int own = port_of(fd, false), other = port_of(fd, true);
	if (strcmp(way, "unread") == 0)
		put(peer, 1);
	/* The byte is there before it is left unread. */
	struct pollfd readable = {.fd = fd, .events = POLLIN};
	if (strcmp(way, "unread") == 0)
		poll(&readable, 1, -1);
	else
		check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)) == 0,
		      "SO_LINGER");
	printf("reset_sent %u %u\n", own, other);
	printf("reset_received %u %u\n", other, own);
	close(fd);
	expect_reset(peer);
}

static void reset(int count)
{
	struct sockaddr_storage address;
	socklen_t size;
	int listening = listener(4, &address, &size);
	for (int i = 0; i < count; i++) {
		aborted(&address, size, listening, "linger");
		aborted(&address, size, listening, "unread");
	}
	close(listening);
	for (int i = 0; i < count; i++) {
		int fd = socket(family, SOCK_STREAM, 0);
		struct sockaddr_storage own = {.ss_family = (sa_family_t)family};
		check(bind(fd, (void *)&own, size) == 0, "bind");
		printf("reset_received %u %u\n", port_of(fd, false),
		       ntohs(((struct sockaddr_in *)&address)->sin_port));
		check(connect(fd, (void *)&address, size) != 0 && errno == ECONNREFUSED, "refused");
		close(fd);
	}
}

static int begin_connect(const struct sockaddr_storage *to, socklen_t size)
{
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	check(fd >= 0, "socket");
	check(connect(fd, (void *)to, size) == 0 || errno == EINPROGRESS, "connect");
	return fd;
}

static unsigned int resent(int fd)
{
	struct tcp_info info = {0};
	socklen_t size = sizeof(info);
	check(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0, "TCP_INFO");
	return info.tcpi_total_retrans;
}

/* Linux lets one more in than was asked for; what comes then is dropped, and comes again. */
static void full(void)
{
	struct sockaddr_storage address;
	socklen_t size;
	int first, second;
	int accepting = listener(0, &address, &size);
	first = begin_connect(&address, size);
	/* Not until it is in the queue: it thinks that it is connected before that. */
	struct pollfd queued[] = {{.fd = first, .events = POLLOUT},
				  {.fd = accepting, .events = POLLIN}};
	poll(&queued[0], 1, -1);
	poll(&queued[1], 1, -1);
	second = begin_connect(&address, size);
	while (resent(second) < 1)
		usleep(1000);
	printf("resent %u %u\n", port_of(second, false), resent(second));
	close(second);
}

__attribute__((noinline)) int later(const struct sockaddr_storage *to, socklen_t size)
{
	return begin_connect(to, size);
}

static void talk_later(void)
{
	struct sockaddr_storage address;
	socklen_t size;
	listener(4, &address, &size);
	int fd = later(&address, size);
	struct pollfd connected = {.fd = fd, .events = POLLOUT};
	poll(&connected, 1, -1);
	printf("connect %u %u\n", port_of(fd, false), port_of(fd, true));
}

static void wait_for_line(void)
{
	char line[16];
	if (!fgets(line, sizeof(line), stdin))
		exit(0);
}

static void before(void)
{
	struct sockaddr_storage address;
	socklen_t size;
	int listening = listener(4, &address, &size);
	int fd = fetch(&address, size), peer = serve(listening);
	printf("ready %d\n", getpid());
	wait_for_line();
	put(fd, 100);
	printf("close %u %u 100 0\n", port_of(fd, false), port_of(fd, true));
	printf("close %u %u 0 100\n", port_of(peer, false), port_of(peer, true));
	shutdown(fd, SHUT_WR);
	take(peer);
	close(peer);
	take(fd);
	close(fd);
	wait_for_end(ntohs(((struct sockaddr_in *)&address)->sin_port));
	printf("done\n");
	wait_for_line();
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (strcmp(what, "talk") == 0 && argc == 5) {
		family = atoi(argv[2]) == 6 ? AF_INET6 : AF_INET;
		talk(atoi(argv[3]), (size_t)atol(argv[4]));
	} else if (strcmp(what, "refused") == 0) {
		refused();
	} else if (strcmp(what, "reset") == 0 && argc == 4) {
		family = atoi(argv[2]) == 6 ? AF_INET6 : AF_INET;
		reset(atoi(argv[3]));
	} else if (strcmp(what, "full") == 0) {
		full();
	} else if (strcmp(what, "later") == 0) {
		talk_later();
	} else if (strcmp(what, "before") == 0) {
		before();
	} else {
		return 2;
	}
	return 0;
}
