/* SPDX-License-Identifier: Apache-2.0 */
/* tests/unit/stream_log.h — three sites, records made by hand as BPF would write them, and a sink
 * that writes down what it is given. */
#ifndef UTRAIL_TESTS_STREAM_LOG_H
#define UTRAIL_TESTS_STREAM_LOG_H

#include "tests/unit/unit.h"

#include <stdio.h>

#include "stream/stream.h"

#define MS 1000000ULL

struct stream_log {
	struct probe_set set;
	struct probe f, g, mark;
	char log[4096];
};

/* A record and room for its body. */
struct test_record {
	struct event_header header;
	char body[256];
};

printf_like(2, 3) static inline void append(struct stream_log *to, const char *text, ...)
{
	size_t used = strlen(to->log);
	va_list args;
	va_start(args, text);
	vsnprintf(to->log + used, sizeof(to->log) - used, text, args);
	va_end(args);
}

static inline const char *ending_name(enum stream_ending ending)
{
	static const char *const names[] = {"returned", "alone", "tail",    "unwound",
					    "lost",	"open",	 "unknown", "killed"};
	return names[ending];
}

static inline struct err *log_opened(void *context, const struct stream_event *event)
{
	append(context, "%s{ ", event->site->probe->name);
	return NULL;
}

static inline struct err *log_event(void *context, const struct stream_event *event,
				    bool was_opened)
{
	struct stream_log *to = context;
	switch (event->kind) {
	case STREAM_CALL:
		append(to, "%s%s(%s,%llu)%s ", was_opened ? "}" : "", event->site->probe->name,
		       ending_name(event->ending), (unsigned long long)event->duration_ns,
		       event->late ? "late" : "");
		break;
	case STREAM_LOST:
		append(to, "lost(%s,%llu) ", loss_cause_name(event->loss_cause),
		       (unsigned long long)event->loss_count);
		break;
	case STREAM_SUPPRESSED:
		append(to, "suppressed(%s,%llu) ", event->site->probe->name,
		       (unsigned long long)event->loss_count);
		break;
	case STREAM_MISSED:
		append(to, "missed(%s,%llu) ", event->missed_who,
		       (unsigned long long)event->loss_count);
		break;
	case STREAM_EXIT:
		append(to, "exit(%s) ", event->task->comm);
		break;
	case STREAM_EXEC:
		append(to, "exec(%s,%s) ", event->filename, event->task->comm);
		break;
	case STREAM_SIGNAL:
		append(to, "signal(%d%s,%s,%u) ", event->signal_number,
		       event->signal_is_ignored ? " ignored" : "", (const char *)event->signal_info,
		       event->depth);
		break;
	case STREAM_FORK:
		append(to, "fork(%u) ", event->child_tid);
		break;
	case STREAM_SYSCALL:
		append(to, "%scall(%lld,%llu) ", was_opened ? "}" : "",
		       (long long)event->syscall_result, (unsigned long long)event->duration_ns);
		break;
	default:
		append(to, "%s%s ", event->site ? event->site->probe->name : "task",
		       event->late ? "late" : "");
	}
	return NULL;
}

/* Sites: 1 = f, 2 = g (both spans), 3 = a marker. */
static inline void add_site(struct stream_log *to, struct probe *probe, const char *name,
			    enum probe_kind kind, enum site_kind site_kind)
{
	struct probe_site *site;
	probe->name = name;
	probe->kind = kind;
	assert_ok(probe_set_add_site(&to->set, probe, &site));
	site->wire.kind = site_kind;
	site->wire.flags = SITE_HAS_RETURN;
}

static inline void stream_log_init(struct stream_log *to)
{
	const struct compile_options compile = {.string_limit = 64};
	assert_ok(probe_set_init(&to->set, &compile));
	add_site(to, &to->f, "f", PROBE_CALL, SITE_ENTRY);
	add_site(to, &to->g, "g", PROBE_CALL, SITE_ENTRY);
	add_site(to, &to->mark, "mark", PROBE_USDT, SITE_INSTANT);
}

static inline struct stream_sink stream_log_sink(struct stream_log *to)
{
	return (struct stream_sink){.context = to, .opened = log_opened, .event = log_event};
}

/* Thread 7, unless the caller says otherwise. */
static inline struct test_record record_of(uint64_t time_ms, enum event_kind kind, uint32_t site,
					   uint32_t depth, uint32_t span, const void *body,
					   size_t size)
{
	struct test_record record = {.header = {.time_ns = time_ms * MS,
						.tgid = 1,
						.tid = 7,
						.site_id = site,
						.kind = (uint16_t)kind,
						.size = (uint16_t)(sizeof(record.header) + size),
						.depth = (uint16_t)depth,
						.span = span}};
	if (size)
		memcpy(record.body, body, size);
	return record;
}

#endif
