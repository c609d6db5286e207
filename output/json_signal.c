/* SPDX-License-Identifier: Apache-2.0 */
/* output/json_signal.c — a signal: its name, and the members of its siginfo_t in "info". */
#include <stdio.h>

#include "output/json.h"
#include "output/siginfo.h"

static json_t *json_signal_name(struct output *output, int64_t number)
{
	char name[NAMES_MAX];
	return names_is_signal(number) ? json_text(output, names_signal((int)number, name))
				       : json_signed(number);
}

static json_t *json_member(struct output *output, const struct siginfo_member *member)
{
	char hex[2 + 16 + 1];
	if (member->form == SIGINFO_SIGNAL)
		return json_signal_name(output, member->number);
	if (member->form == SIGINFO_NAME && member->text)
		return json_text(output, member->text);
	if (member->form != SIGINFO_ADDRESS)
		return json_signed(member->number);
	snprintf(hex, sizeof(hex), "0x%llx", (unsigned long long)member->number);
	return json_text(output, hex);
}

void json_signal(struct output *output, json_t *line, const struct stream_event *event)
{
	struct siginfo_member members[SIGINFO_MEMBERS_MAX];
	size_t count = siginfo_members(event->signal_info, members);
	json_t *info = json_object();
	json_set(output, line, "signal", json_signal_name(output, event->signal_number));
	/* The first one is the signal. */
	for (size_t i = 1; i < count; i++)
		json_set(output, info, members[i].name, json_member(output, &members[i]));
	json_set(output, line, "info", info);
	if (event->signal_is_ignored)
		json_set(output, line, "ignored", json_true());
}
