/* SPDX-License-Identifier: Apache-2.0 */
/* output/text_signal.c — a signal as strace writes it:
 *	--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4251, ...} ---
 */
#include "output/number.h"
#include "output/siginfo.h"
#include "output/writer.h"

static void put_signed(struct buffer *buffer, int64_t number)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	buffer->used += (size_t)(number_signed(to, number) - to);
}

static void put_signal_name(struct buffer *buffer, int64_t number)
{
	char name[NAMES_MAX];
	if (names_is_signal(number))
		buffer_put_string(buffer, names_signal((int)number, name));
	else
		put_signed(buffer, number);
}

static void put_address(struct buffer *buffer, uint64_t address)
{
	char *to = buffer_reserve(buffer, NUMBER_MAX);
	if (address)
		buffer->used += (size_t)(number_hex(to, address) - to);
	else
		buffer_put_literal(buffer, "NULL");
}

static void put_member(struct buffer *buffer, const struct siginfo_member *member)
{
	buffer_put_string(buffer, member->name);
	buffer_put_char(buffer, '=');
	if (member->form == SIGINFO_ADDRESS)
		put_address(buffer, (uint64_t)member->number);
	else if (member->form == SIGINFO_SIGNAL)
		put_signal_name(buffer, member->number);
	else if (member->form == SIGINFO_NAME && member->text)
		buffer_put_string(buffer, member->text);
	else
		put_signed(buffer, member->number);
}

void text_signal(struct output *output, const struct stream_event *event)
{
	struct siginfo_member members[SIGINFO_MEMBERS_MAX];
	size_t count = siginfo_members(event->signal_info, members);
	struct buffer *buffer = &output->buffer;
	buffer_put_literal(buffer, "--- ");
	text_color(output, COLOR_BOLD);
	put_signal_name(buffer, event->signal_number);
	text_color(output, COLOR_OFF);
	buffer_put_literal(buffer, " {");
	for (size_t i = 0; i < count; i++) {
		if (i)
			buffer_put_literal(buffer, ", ");
		put_member(buffer, &members[i]);
	}
	buffer_put_literal(buffer, "} ---");
}
