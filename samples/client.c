/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client — sends N requests over one connection to 127.0.0.1:PORT, going through the paths in turn,
 * and counts the answers. N 0 goes on until the service hangs up.
 *
 *	client [-d MILLISECONDS] PORT N [PATH...]
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static FILE *connect_to(unsigned int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons((uint16_t)port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return NULL;
	return fdopen(fd, "r+");
}

/* Returns the status, 0 when the service has hung up. */
static int request(FILE *service, const char *path)
{
	char line[1024];
	int status = 0;
	long length = 0;
	fprintf(service, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path);
	fflush(service);
	if (!fgets(line, sizeof(line), service) || sscanf(line, "HTTP/1.1 %d", &status) != 1)
		return 0;
	while (fgets(line, sizeof(line), service) && strcmp(line, "\r\n")) {
		if (!strncasecmp(line, "Content-Length:", 15))
			length = strtol(line + 15, NULL, 10);
	}
	for (; length > 0; length--) {
		if (fgetc(service) == EOF)
			return 0;
	}
	return status;
}

int main(int argc, char **argv)
{
	static char *defaults[] = {"/index.html", "/about.html", "/missing"};
	unsigned int pause_ms = 0;
	if (argc > 2 && !strcmp(argv[1], "-d")) {
		pause_ms = (unsigned int)atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3) {
		fprintf(stderr, "usage: client [-d MILLISECONDS] PORT N [PATH...]\n");
		return 2;
	}
	long n = strtol(argv[2], NULL, 10), sent = 0, ok = 0;
	char **paths = argc > 3 ? argv + 3 : defaults;
	long n_paths = argc > 3 ? argc - 3 : 3;
	FILE *service = connect_to((unsigned int)atoi(argv[1]));
	if (!service) {
		perror("client: cannot connect");
		return 1;
	}
	for (; n == 0 || sent < n; sent++) {
		int status = request(service, paths[sent % n_paths]);
		if (!status)
			break;
		ok += status == 200;
		if (pause_ms)
			usleep(pause_ms * 1000);
	}
	fclose(service);
	printf("count requests %ld\ncount ok %ld\n", sent, ok);
	return n == 0 || sent == n ? 0 : 1;
}
