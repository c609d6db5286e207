/* SPDX-License-Identifier: Apache-2.0 */
/*
 * srv — a small HTTP/1.1 service that carries markers, as a real one would: worker threads serve
 * the files of one directory, keep connections alive, and answer GET and HEAD.
 *
 *	srv [-p PORT] [-t THREADS] [-r DIRECTORY]
 *
 * It listens on 127.0.0.1 only. PORT 0 (the default) lets the kernel choose; the line
 * "ready PID PORT" tells which. DIRECTORY is `www` beside the program unless told otherwise.
 * SIGTERM or SIGINT ends it; it then prints how often each function was called and each marker
 * fired, so that a trace can be held against it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* Every marker of this file has a semaphore: a counter that tracers raise while they look. */
#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

#include "sample.h"

#define SEMAPHORE(name) unsigned short name##_semaphore __attribute__((section(".probes"), used))
SEMAPHORE(app_request);
SEMAPHORE(app_lookup);
SEMAPHORE(app_http__server__request);
SEMAPHORE(app_http__server__response);

#define THREADS_MAX  64
#define REQUEST_MAX  4096
#define RESPONSE_MAX 16384

enum http_method { GET, HEAD, POST };

enum http_status {
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD_NOT_ALLOWED = 405,
};

struct request {
	enum http_method method;
	const char *path;
	int client; /* socket */
};

struct response {
	char text[RESPONSE_MAX]; /* header and body */
};

struct page {
	const char *name;
	int file; /* -1: none, the body is made up */
	enum http_status status;
	bool only_header;
	struct response *response;
};

struct worker {
	pthread_t thread;
	pthread_mutex_t lock; /* of `client`, so that the end of the service can hang up */
	int client;
};

struct counts {
	atomic_ulong handle_request, lookup, render;
	atomic_ulong app_request, app_lookup, app_http__server__request, app_http__server__response;
};

static struct service {
	int listener, directory;
	long n_workers;
	struct worker workers[THREADS_MAX];
	struct counts counts;
} service;

/* Fires a marker when somebody listens, and counts that it fired. */
#define FIRE(probe, name, ...)                                           \
	do {                                                             \
		if (__builtin_expect(app_##name##_semaphore, 0)) {       \
			atomic_fetch_add(&service.counts.app_##name, 1); \
			probe(app, name, __VA_ARGS__);                   \
		}                                                        \
	} while (0)

static const char *status_text(enum http_status status)
{
	switch (status) {
	case HTTP_OK:
		return "OK";
	case HTTP_BAD_REQUEST:
		return "Bad Request";
	case HTTP_NOT_FOUND:
		return "Not Found";
	case HTTP_METHOD_NOT_ALLOWED:
		return "Method Not Allowed";
	}
	return "Unknown";
}

/* Opens a file of the directory; -1 when there is none of that name. */
traced int lookup(const char *name, int length)
{
	atomic_fetch_add(&service.counts.lookup, 1);
	FIRE(DTRACE_PROBE2, lookup, name, length);
	if (length == 0 || name[0] == '/' || strstr(name, ".."))
		return -1;
	int file = openat(service.directory, name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (file >= 0 && (fstat(file, &status) || !S_ISREG(status.st_mode))) {
		close(file);
		file = -1;
	}
	return file;
}

/* Fills the page's response; returns how long it is. */
traced long render(struct page *page)
{
	char body[RESPONSE_MAX - 256];
	long size = 0;
	atomic_fetch_add(&service.counts.render, 1);
	if (page->file >= 0)
		size = read(page->file, body, sizeof(body));
	else
		size = snprintf(body, sizeof(body), "%d %s\n", page->status,
				status_text(page->status));
	if (size < 0)
		size = 0;
	long header = snprintf(page->response->text, RESPONSE_MAX,
			       "HTTP/1.1 %d %s\r\nContent-Length: %ld\r\n\r\n", page->status,
			       status_text(page->status), size);
	if (page->only_header)
		return header;
	memcpy(page->response->text + header, body, (size_t)size);
	return header + size;
}

static bool send_all(int client, const char *text, long size)
{
	while (size > 0) {
		ssize_t sent = write(client, text, (size_t)size);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		text += sent;
		size -= sent;
	}
	return true;
}

/* Answers the n-th request of its connection. */
traced enum http_status handle_request(struct request *req, int n)
{
	struct response response;
	struct page page = {.name = "",
			    .file = -1,
			    .status = HTTP_OK,
			    .only_header = req->method == HEAD,
			    .response = &response};
	atomic_fetch_add(&service.counts.handle_request, 1);
	atomic_fetch_add(&service.counts.app_request, 1);
	/* Not behind its semaphore: a marker costs one nop, these arguments are at hand. */
	DTRACE_PROBE2(app, request, req->path, n);

	if (req->method == POST) {
		page.status = HTTP_METHOD_NOT_ALLOWED;
	} else if (req->path[0] != '/') {
		page.status = HTTP_BAD_REQUEST;
	} else {
		page.name = req->path[1] ? req->path + 1 : "index.html";
		page.file = lookup(page.name, (int)strlen(page.name));
		if (page.file < 0)
			page.status = HTTP_NOT_FOUND;
	}
	long size = render(&page);
	if (page.file >= 0)
		close(page.file);
	send_all(req->client, response.text, size);
	FIRE(DTRACE_PROBE3, http__server__response, req->path, (int)page.status, size);
	return page.status;
}

/* Cuts "GET /path HTTP/1.1" into a request, in place. False: not HTTP. */
static bool parse(char *line, struct request *req)
{
	static const char *const methods[] = {[GET] = "GET ", [HEAD] = "HEAD ", [POST] = "POST "};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		size_t length = strlen(methods[i]);
		if (strncmp(line, methods[i], length))
			continue;
		req->method = (enum http_method)i;
		req->path = line + length;
		char *end = strchr(line + length, ' ');
		if (!end || strncmp(end, " HTTP/1.", 8))
			return false;
		*end = '\0';
		return true;
	}
	return false;
}

/* Requests of one connection, one after another, until the client has enough. */
static void serve(int client)
{
	char text[REQUEST_MAX + 1];
	size_t size = 0;
	for (int n = 1;; n++) {
		char *end;
		while (text[size] = '\0', !(end = strstr(text, "\r\n\r\n"))) {
			ssize_t got = read(client, text + size, REQUEST_MAX - size);
			if (got <= 0)
				return;
			size += (size_t)got;
		}
		struct request req = {.client = client};
		bool last = strstr(text, "Connection: close") &&
			    strstr(text, "Connection: close") < end;
		if (!parse(text, &req))
			return;
		FIRE(DTRACE_PROBE3, http__server__request, req.path, (int)req.method, client);
		handle_request(&req, n);
		if (last)
			return;
		size -= (size_t)(end + 4 - text);
		memmove(text, end + 4, size);
	}
}

static void worker_hold(struct worker *worker, int client)
{
	pthread_mutex_lock(&worker->lock);
	worker->client = client;
	pthread_mutex_unlock(&worker->lock);
}

static void *work(void *context)
{
	struct worker *worker = context;
	for (;;) {
		int client = accept4(service.listener, NULL, NULL, SOCK_CLOEXEC);
		if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		if (client < 0)
			return NULL; /* the listener was shut down */
		worker_hold(worker, client);
		serve(client);
		worker_hold(worker, -1);
		close(client);
	}
}

/* Returns the port, 0 when it cannot be had. */
static unsigned int listen_on(unsigned int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int yes = 1;
	service.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(service.listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (service.listener < 0 ||
	    bind(service.listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(service.listener, 64) ||
	    getsockname(service.listener, (struct sockaddr *)&address, &length))
		return 0;
	return ntohs(address.sin_port);
}

static bool open_directory(const char *path)
{
	char own[PATH_MAX], beside[PATH_MAX + 8];
	if (!path) {
		ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
		own[length > 0 ? length : 0] = '\0';
		snprintf(beside, sizeof(beside), "%s/www", dirname(own));
		path = beside;
	}
	service.directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (service.directory < 0)
		fprintf(stderr, "srv: cannot open '%s': %s\n", path, strerror(errno));
	return service.directory >= 0;
}

static bool start_workers(void)
{
	for (long i = 0; i < service.n_workers; i++) {
		struct worker *worker = &service.workers[i];
		worker->client = -1;
		pthread_mutex_init(&worker->lock, NULL);
		if (pthread_create(&worker->thread, NULL, work, worker))
			return false;
	}
	return true;
}

/* Hangs up on everybody: workers wake from accept() and read(). */
static void stop_workers(void)
{
	shutdown(service.listener, SHUT_RDWR);
	for (long i = 0; i < service.n_workers; i++) {
		struct worker *worker = &service.workers[i];
		pthread_mutex_lock(&worker->lock);
		if (worker->client >= 0)
			shutdown(worker->client, SHUT_RDWR);
		pthread_mutex_unlock(&worker->lock);
		pthread_join(worker->thread, NULL);
	}
}

static void print_counts(const struct counts *counts)
{
	sample_count("handle_request", counts->handle_request);
	sample_count("lookup", counts->lookup);
	sample_count("render", counts->render);
	sample_count("app:request", counts->app_request);
	sample_count("app:lookup", counts->app_lookup);
	sample_count("app:http__server__request", counts->app_http__server__request);
	sample_count("app:http__server__response", counts->app_http__server__response);
}

int main(int argc, char **argv)
{
	const char *directory = NULL;
	unsigned int port = 0;
	service.n_workers = 4;
	for (int option; (option = getopt(argc, argv, "p:t:r:")) != -1;) {
		if (option == 'p')
			port = (unsigned int)atoi(optarg);
		else if (option == 't')
			service.n_workers = atoi(optarg);
		else if (option == 'r')
			directory = optarg;
		else
			return 2;
	}
	if (service.n_workers < 1 || service.n_workers > THREADS_MAX)
		service.n_workers = 4;

	/* Workers inherit the mask, so the signals wait for sigwait(). */
	sigset_t ends;
	int signal_number;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);

	if (!open_directory(directory))
		return 1;
	port = listen_on(port);
	if (!port || !start_workers()) {
		fprintf(stderr, "srv: cannot start: %s\n", strerror(errno));
		return 1;
	}
	printf("ready %d %u\n", getpid(), port);
	fflush(stdout);
	sigwait(&ends, &signal_number);
	stop_workers();
	print_counts(&service.counts);
	return 0;
}
