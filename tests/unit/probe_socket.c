/* SPDX-License-Identifier: Apache-2.0 */
/* The texts are those of `strace -yy` (6.1) for such a socket or device. */
#include "probe/file.h"

#include <arpa/inet.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

struct record {
	struct fetch_file file;
	struct fetch_details details;
	char names[16];
};

static struct record record_of(uint32_t mode, const char *names, size_t size)
{
	struct record record = {.file = {77, SOCKFS_MAGIC, FETCH_FILE_DETAILS | FETCH_FILE_LOOSE},
				.details = {.mode = mode}};
	memcpy(record.names, names, size);
	return record;
}

static void assert_text(const struct record *record, const char *wanted)
{
	char path[FILE_PATH_MAX];
	bool is_cut = true;
	size_t length = offsetof(struct record, names) + 1;
	assert_true(file_is_socket((const char *)record, length));
	assert_true(file_path((const char *)record, length, path, &is_cut));
	assert_string_equal(path, wanted);
	assert_false(is_cut);
}

static struct record socket_of(uint16_t family, uint16_t type, uint16_t protocol, const char *kind)
{
	struct record record = record_of(S_IFSOCK | 0777, "", 1);
	record.details.family = family;
	record.details.type = type;
	record.details.protocol = protocol;
	strcpy(record.details.kind, kind);
	return record;
}

static void internet_sockets_have_two_ends(void **state)
{
	(void)state;
	struct record record = socket_of(AF_INET, SOCK_STREAM, IPPROTO_TCP, "TCP");
	assert_text(&record, "TCP:[77]");
	inet_pton(AF_INET, "127.0.0.1", record.details.local);
	record.details.local_port = 80;
	assert_text(&record, "TCP:[127.0.0.1:80]");
	inet_pton(AF_INET, "10.0.0.2", record.details.remote);
	record.details.remote_port = htons(40000);
	assert_text(&record, "TCP:[127.0.0.1:80->10.0.0.2:40000]");
	record = socket_of(AF_INET6, SOCK_DGRAM, IPPROTO_UDP, "UDPv6");
	inet_pton(AF_INET6, "::1", record.details.local);
	record.details.local_port = 53;
	assert_text(&record, "UDPv6:[[::1]:53]");
}

static void unix_sockets_have_peers_and_names(void **state)
{
	(void)state;
	struct record record = socket_of(AF_UNIX, SOCK_STREAM, 0, "UNIX-STREAM");
	assert_text(&record, "UNIX-STREAM:[77]");
	record.details.peer = 78;
	assert_text(&record, "UNIX-STREAM:[77->78]");
	strcpy(record.details.name, "/run/x");
	record.details.name_length = 7;
	assert_text(&record, "UNIX-STREAM:[77->78,\"/run/x\"]");
	memcpy(record.details.name, "\0a\"b\n", 5);
	record.details.name_length = 5;
	record.details.peer = 0;
	assert_text(&record, "UNIX-STREAM:[77,@\"a\\x22b\\x0a\"]");
	/* A name that lies about its length, without an end. */
	memset(record.details.name, '\377', sizeof(record.details.name));
	record.details.name_length = UINT16_MAX;
	char path[FILE_PATH_MAX];
	bool is_cut;
	assert_true(file_path((const char *)&record, sizeof(record), path, &is_cut));
	assert_int_equal(strlen(path), strlen("UNIX-STREAM:[77,\"\"]") + 4 * FETCH_SOCKET_NAME_MAX);
	record = socket_of(AF_UNIX, SOCK_SEQPACKET, 0, "UNIX");
	assert_text(&record, "UNIX-SEQPACKET:[77]");
}

static void other_sockets_have_their_protocol(void **state)
{
	(void)state;
	struct record record = socket_of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE, "NETLINK");
	assert_text(&record, "NETLINK:[77]");
	record.details.port_id = 4711;
	assert_text(&record, "NETLINK:[ROUTE:4711]");
	record = socket_of(AF_PACKET, SOCK_RAW, 0, "PACKET");
	assert_text(&record, "PACKET:[77]");
	/* What no kernel writes goes to no terminal. */
	char path[FILE_PATH_MAX];
	bool is_cut;
	record = socket_of(AF_PACKET, SOCK_RAW, 0, "\033[2J");
	assert_true(file_path((const char *)&record, sizeof(record), path, &is_cut));
	assert_string_equal(path, "socket:[77]");
}

static void devices_have_numbers(void **state)
{
	(void)state;
	struct record record = record_of(S_IFCHR | 0666, "null\0dev", 9);
	struct file_device device;
	char path[FILE_PATH_MAX];
	bool is_cut;
	size_t length = offsetof(struct record, names) + 9;
	record.file.flags = FETCH_FILE_DETAILS;
	record.details.device = 1 << 20 | 3; /* MKDEV(1, 3) of the kernel */
	assert_true(file_path((const char *)&record, length, path, &is_cut));
	assert_string_equal(path, "/dev/null");
	assert_true(file_is_device((const char *)&record, length, &device));
	assert_false(device.is_block);
	assert_int_equal(device.major, 1);
	assert_int_equal(device.minor, 3);
	assert_false(file_is_socket((const char *)&record, length));
	record.details.mode = S_IFBLK;
	assert_true(file_is_device((const char *)&record, length, &device));
	assert_true(device.is_block);
	record.details.mode = S_IFREG;
	assert_false(file_is_device((const char *)&record, length, &device));
	/* Without -yy, or cut: no details. */
	record.file.flags = 0;
	record.details.mode = S_IFCHR;
	assert_false(file_is_device((const char *)&record, length, &device));
	record.file.flags = FETCH_FILE_DETAILS;
	assert_false(file_is_device((const char *)&record, sizeof(record.file) + 8, &device));
	assert_false(file_path((const char *)&record, sizeof(record.file) + 8, path, &is_cut));
}

static void processes(void **state)
{
	(void)state;
	struct {
		struct fetch_file file;
		struct fetch_details details;
		char names[16];
	} record = {.file = {.magic = ANON_INODE_FS_MAGIC,
			     .flags = FETCH_FILE_LOOSE | FETCH_FILE_DETAILS},
		    .details = {.port_id = 4242},
		    .names = "[pidfd]"};
	char path[FILE_PATH_MAX];
	bool is_cut;
	size_t length = offsetof(__typeof__(record), names) + sizeof("[pidfd]");
	assert_true(file_path((const char *)&record, length, path, &is_cut));
	assert_string_equal(path, "pid:4242");
	record.details.port_id = 0;
	assert_true(file_path((const char *)&record, length, path, &is_cut));
	assert_string_equal(path, "anon_inode:[pidfd]");
	/* Whatever lies there in another one's structure. */
	record.details.port_id = 4242;
	strcpy(record.names, "[event]");
	assert_true(file_path((const char *)&record, length, path, &is_cut));
	assert_string_equal(path, "anon_inode:[event]");
	record.file.magic = 0x50494446; /* PID_FS_MAGIC, 6.9 */
	assert_true(file_path((const char *)&record, length, path, &is_cut));
	assert_string_equal(path, "pid:4242");
}

/* That they are right is seen end to end. */
static void this_kernel_tells_where_things_are(void **state)
{
	(void)state;
	struct fetch_socket_offsets offsets = {0};
	if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		skip();
	assert_ok(socket_offsets_find(&offsets));
	assert_int_not_equal(offsets.sock_local, offsets.sock_remote);
	assert_int_not_equal(offsets.inode_mode, offsets.inode_device);
	assert_int_not_equal(offsets.socket_sock, offsets.socket_inode);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(internet_sockets_have_two_ends),
		cmocka_unit_test(unix_sockets_have_peers_and_names),
		cmocka_unit_test(other_sockets_have_their_protocol),
		cmocka_unit_test(devices_have_numbers),
		cmocka_unit_test(processes),
		cmocka_unit_test(this_kernel_tells_where_things_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
