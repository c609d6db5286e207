/* SPDX-License-Identifier: Apache-2.0 */
#include "symbols/child/client.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/array.h"
#include "common/cleanup.h"
#include "common/descriptors.h"
#include "common/now.h"
#include "symbols/child/broker.h"
#include "symbols/child/remote.h"
#include "symbols/child/sandbox.h"
#include "symbols/child/serve.h"

/* So often the deadline is looked at while nothing comes. */
#define PATIENCE_US 100000
#define CHUNK	    65536u

/* --- the child -------------------------------------------------------------------------------- */

/* Ctrl-C reaches all processes, and the collector has questions until its last line. */
static void settle_signals(void)
{
	static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t none;
	/* Handlers are the collector's. */
	for (int signum = 1; signum < SIGRTMIN; signum++)
		signal(signum, SIG_DFL);
	for (size_t i = 0; i < array_size(ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool greet(const struct err *e, bool has_landlock)
{
	_cleanup_(wire_deinit) struct wire hello = {0};
	wire_put_u8(&hello, e ? SANDBOX_FAILED : has_landlock ? SANDBOX_FULL : SANDBOX_NO_LANDLOCK);
	wire_put_error(&hello, e);
	return protocol_send(BROKER_SOCKET, VERB_HELLO, 0, &hello, NULL);
}

static _Noreturn void child(const struct symbolizer *symbolizer, int socket)
{
	const struct symbolizer_options *options = &symbolizer->options;
	const struct sandbox_limits limits = {
		.memory = options->memory, .file = FILE_MAX, .seconds = COMPUTING_SECONDS};
	bool has_landlock = false;
	descriptors_keep_only(socket);
	settle_signals();
	prctl(PR_SET_NAME, "utrail-symbols");
	struct err *e = broker_install();
	e = e ? e : sandbox_enter(&limits, &has_landlock);
	if (!greet(e, has_landlock) || e)
		_exit(1);
	if (options->serve)
		options->serve();
	else
		symbolizer_serve();
	_exit(0);
}

struct err *client_start(struct symbolizer *symbolizer)
{
	const struct timeval patience = {.tv_usec = PATIENCE_US};
	int pair[2];
	if (symbolizer->pid || symbolizer->refused)
		return NULL;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return err_new(ERR_FAILED, errno, "making a socket pair");
	_cleanup_close_ int theirs = pair[1];
	_cleanup_close_ int ours = pair[0];
	setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(ours, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	pid_t pid = fork();
	if (pid == 0)
		child(symbolizer, theirs);
	if (pid < 0)
		return err_new(ERR_FAILED, errno, "starting the symbolizer");
	symbolizer->pid = pid;
	symbolizer->socket = take_fd(ours);
	symbolizer->generation++;
	symbolizer->greeted = false;
	return NULL;
}

/* `has_gone`: by itself, so that its own end is told. *ret_status: as waitpid() tells it. */
static void end(struct symbolizer *symbolizer, bool has_gone, int *ret_status)
{
	*ret_status = 0;
	symbolizer->ahead = NULL;
	if (!symbolizer->pid)
		return;
	close(symbolizer->socket);
	symbolizer->socket = -1;
	const struct timespec pause = {.tv_nsec = 1000000};
	/* One that has but closed its socket does not end. */
	for (int i = 0; has_gone && i < 500; i++) {
		if (waitpid(symbolizer->pid, ret_status, WNOHANG) != 0) {
			symbolizer->pid = 0;
			return;
		}
		nanosleep(&pause, NULL);
	}
	kill(symbolizer->pid, SIGKILL);
	while (waitpid(symbolizer->pid, ret_status, 0) < 0 && errno == EINTR)
		continue;
	symbolizer->pid = 0;
}

void client_stop(struct symbolizer *symbolizer)
{
	int status;
	end(symbolizer, false, &status);
}

/* --- messages --------------------------------------------------------------------------------- */

enum outcome {
	OUTCOME_ANSWERED,
	OUTCOME_GONE,
	OUTCOME_LATE,
	OUTCOME_NONSENSE,
};

static enum outcome failed_call(uint64_t deadline)
{
	if (errno == EINTR || errno == EAGAIN)
		return now_ns(CLOCK_MONOTONIC) < deadline ? OUTCOME_ANSWERED : OUTCOME_LATE;
	return OUTCOME_GONE;
}

static bool make_room(struct wire *wire)
{
	if (wire->capacity - wire->size >= CHUNK)
		return true;
	size_t wanted = wire->capacity ? wire->capacity * 2 : 2 * (size_t)CHUNK;
	uint8_t *grown = realloc(wire->bytes, wanted);
	if (!grown)
		return false;
	wire->bytes = grown;
	wire->capacity = wanted;
	return true;
}

/* Whatever comes, up to one message; memory is taken as it comes, whatever its header says. The
 * header is part of it. */
static enum outcome receive(int socket, uint64_t deadline, struct wire *to,
			    struct message_header *ret)
{
	size_t wanted = sizeof(*ret);
	wire_reset(to);
	while (to->size < wanted) {
		if (!make_room(to))
			return OUTCOME_NONSENSE;
		/* Descriptors are not asked for, so the kernel closes any that come. */
		ssize_t got = recv(socket, to->bytes + to->size, to->capacity - to->size, 0);
		enum outcome outcome = got > 0	 ? OUTCOME_ANSWERED
				       : got < 0 ? failed_call(deadline)
						 : OUTCOME_GONE;
		if (outcome != OUTCOME_ANSWERED)
			return outcome;
		to->size += got > 0 ? (size_t)got : 0;
		if (got > 0 && now_ns(CLOCK_MONOTONIC) >= deadline)
			return OUTCOME_LATE;
		if (to->size < sizeof(*ret))
			continue;
		memcpy(ret, to->bytes, sizeof(*ret));
		wanted = sizeof(*ret) + (size_t)ret->size;
		if (ret->magic != PROTOCOL_MAGIC || ret->size > PROTOCOL_ANSWER_MAX)
			return OUTCOME_NONSENSE;
	}
	to->at = sizeof(*ret);
	/* It says one thing at a time. */
	return to->size == wanted ? OUTCOME_ANSWERED : OUTCOME_NONSENSE;
}

static enum outcome send_message(int socket, uint64_t deadline, struct message_header *header,
				 const struct wire *body, int fd)
{
	struct iovec parts[] = {{.iov_base = header, .iov_len = sizeof(*header)},
				{.iov_base = body->bytes, .iov_len = body->size}};
	size_t n_fds = fd >= 0;
	header->magic = PROTOCOL_MAGIC;
	header->size = (uint32_t)body->size;
	while (parts[0].iov_len || parts[1].iov_len) {
		ssize_t sent = descriptors_send(socket, parts, 2, &fd, n_fds);
		enum outcome outcome = sent < 0 ? failed_call(deadline) : OUTCOME_ANSWERED;
		if (outcome != OUTCOME_ANSWERED)
			return outcome;
		for (size_t i = 0; i < 2 && sent > 0; i++) {
			size_t part =
				(size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;
			parts[i].iov_base = (char *)parts[i].iov_base + part;
			parts[i].iov_len -= part;
			sent -= (ssize_t)part;
			n_fds = 0;
		}
	}
	return OUTCOME_ANSWERED;
}

/* --- what went wrong -------------------------------------------------------------------------- */

static void build_id_text(const struct image *image, char *text, size_t size)
{
	const uint8_t *id;
	size_t length = image_build_id(image, &id);
	snprintf(text, size, "no build id");
	if (!length)
		return;
	int used = snprintf(text, size, "build id ");
	for (size_t i = 0; i < length && (size_t)used + 3 < size; i++)
		used += snprintf(text + used, size - (size_t)used, "%02x", id[i]);
}

static struct err *give_up(struct symbolizer *symbolizer, const struct image *image,
			   enum outcome outcome)
{
	char id[160];
	int status;
	end(symbolizer, outcome == OUTCOME_GONE, &status);
	symbolizer->gave_up = true;
	symbolizer->was_killed =
		outcome == OUTCOME_GONE && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	build_id_text(image, id, sizeof(id));
	struct err *e = err_new(ERR_FAILED, 0, "'%s' (%s) cannot be read", image_path(image), id);
	if (outcome == OUTCOME_LATE)
		e = err_why(e, "the process that reads it for us did not answer for %g seconds",
			    symbolizer->options.timeout_ms / 1e3);
	else if (outcome == OUTCOME_NONSENSE)
		e = err_why(e, "what the process that reads it for us has answered cannot be");
	else if (WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL)
		e = err_why(e, "the process that reads it for us has died of it (signal %d, %s)",
			    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		e = err_why(e, "the process that reads it for us has ended");
	return err_hint(e, "the file may be damaged, or made to do harm; others are not concerned");
}

struct err *client_nonsense(struct symbolizer *symbolizer, const struct image *image)
{
	return give_up(symbolizer, image, OUTCOME_NONSENSE);
}

/* --- one request ------------------------------------------------------------------------------ */

static uint64_t deadline_of(const struct symbolizer *symbolizer)
{
	return now_ns(CLOCK_MONOTONIC) + symbolizer->options.timeout_ms * 1000000ULL;
}

static enum outcome hear_greeting(struct symbolizer *symbolizer, struct wire *hello)
{
	struct message_header header;
	enum outcome outcome = receive(symbolizer->socket, deadline_of(symbolizer), hello, &header);
	if (outcome != OUTCOME_ANSWERED)
		return outcome;
	uint8_t state = wire_take_u8(hello);
	symbolizer->refused = wire_take_error(hello);
	symbolizer->greeted = true;
	if (header.verb != VERB_HELLO || hello->bad || state > SANDBOX_FAILED ||
	    (state == SANDBOX_FAILED) != (symbolizer->refused != NULL))
		return OUTCOME_NONSENSE;
	return OUTCOME_ANSWERED;
}

/* What the child asks before it answers; the clock does not run while we look. */
static enum outcome answer_question(struct symbolizer *symbolizer, struct image *image,
				    enum verb verb, struct wire *question)
{
	_cleanup_(wire_deinit) struct wire answer = {0};
	_cleanup_close_ int fd = -1;
	struct message_header header = {.verb = VERB_ANSWER};
	files_answer(image, verb, question, &answer, &fd);
	if (question->bad || answer.bad)
		return OUTCOME_NONSENSE;
	return send_message(symbolizer->socket, deadline_of(symbolizer), &header, &answer, fd);
}

static enum outcome await_answer(struct symbolizer *symbolizer, struct image *image,
				 uint64_t deadline, struct wire *answer)
{
	struct message_header header;
	enum outcome outcome = OUTCOME_ANSWERED;
	while (outcome == OUTCOME_ANSWERED) {
		outcome = receive(symbolizer->socket, deadline, answer, &header);
		if (outcome != OUTCOME_ANSWERED)
			return outcome;
		if (header.verb == VERB_ANSWER && header.image == image->remote->number)
			return OUTCOME_ANSWERED;
		uint64_t before = now_ns(CLOCK_MONOTONIC);
		outcome = answer_question(symbolizer, image, header.verb, answer);
		deadline += now_ns(CLOCK_MONOTONIC) - before;
	}
	return outcome;
}

static enum outcome exchange(struct symbolizer *symbolizer, struct image *image,
			     struct message_header *header, const struct wire *request, int fd,
			     struct wire *answer)
{
	uint64_t deadline = deadline_of(symbolizer);
	enum outcome outcome = send_message(symbolizer->socket, deadline, header, request, fd);
	return outcome == OUTCOME_ANSWERED ? await_answer(symbolizer, image, deadline, answer)
					   : outcome;
}

struct err *client_ask(struct symbolizer *symbolizer, struct image *image, enum verb verb,
		       const struct wire *request, int fd, struct wire *answer)
{
	struct message_header header = {.verb = verb, .image = image->remote->number};
	enum outcome outcome = OUTCOME_ANSWERED;
	if (request->bad)
		return &err_nomem;
	struct err *e = client_start(symbolizer);
	if (e)
		return e;
	if (!symbolizer->greeted)
		outcome = hear_greeting(symbolizer, answer);
	if (outcome == OUTCOME_ANSWERED && symbolizer->refused) {
		client_stop(symbolizer);
		return err_new(ERR_FAILED, 0, "starting the symbolizer");
	}
	if (outcome == OUTCOME_ANSWERED)
		outcome = exchange(symbolizer, image, &header, request, fd, answer);
	return outcome == OUTCOME_ANSWERED ? NULL : give_up(symbolizer, image, outcome);
}

void client_ask_ahead(struct symbolizer *symbolizer, struct image *image, enum verb verb,
		      const struct wire *request)
{
	struct message_header header = {.verb = verb, .image = image->remote->number};
	if (request->bad || !symbolizer->pid || !symbolizer->greeted)
		return;
	/* One that does not listen is noticed when its answer is waited for. */
	(void)send_message(symbolizer->socket, deadline_of(symbolizer), &header, request, -1);
	symbolizer->ahead = image;
}

struct err *client_take_ahead(struct symbolizer *symbolizer, struct wire *answer)
{
	struct image *image = take_ptr(symbolizer->ahead);
	enum outcome outcome = await_answer(symbolizer, image, deadline_of(symbolizer), answer);
	return outcome == OUTCOME_ANSWERED ? NULL : give_up(symbolizer, image, outcome);
}

void client_tell(struct symbolizer *symbolizer, enum verb verb, uint32_t number,
		 const struct wire *request)
{
	struct message_header header = {.verb = verb, .image = number};
	/* One that does not listen is noticed when it is asked. */
	(void)send_message(symbolizer->socket, now_ns(CLOCK_MONOTONIC), &header, request, -1);
}

/* --- public ----------------------------------------------------------------------------------- */

struct err *symbolizer_create(const struct symbolizer_options *options, struct symbolizer **ret)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	if (!symbolizer)
		return &err_nomem;
	if (options)
		symbolizer->options = *options;
	if (!symbolizer->options.timeout_ms)
		symbolizer->options.timeout_ms = TIMEOUT_MS;
#ifndef __SANITIZE_ADDRESS__ /* which reserves terabytes */
	if (!symbolizer->options.memory)
		symbolizer->options.memory = MEMORY_MAX;
#endif
	symbolizer->socket = -1;
	*ret = symbolizer;
	return NULL;
}

void symbolizer_destroy(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	/* Its memory may be gigabytes, and the kernel can take these back without us. */
	if (symbolizer->pid) {
		kill(symbolizer->pid, SIGKILL);
		waitpid(symbolizer->pid, NULL, WNOHANG);
		close(symbolizer->socket);
	}
	err_free(symbolizer->refused);
	free(symbolizer);
}

void symbolizer_destroyp(struct symbolizer **symbolizer)
{
	symbolizer_destroy(*symbolizer);
}

void symbolizer_start(struct symbolizer *symbolizer)
{
	err_free(client_start(symbolizer));
}

const struct err *symbolizer_refused(const struct symbolizer *symbolizer)
{
	return symbolizer ? symbolizer->refused : NULL;
}

bool symbolizer_gave_up(const struct symbolizer *symbolizer)
{
	return symbolizer->gave_up;
}

pid_t symbolizer_pid(const struct symbolizer *symbolizer)
{
	return symbolizer->pid;
}
