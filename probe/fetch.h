/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only OR BSD-2-Clause */
/*
 * probe/fetch.h — the fetch plan: what to read at a hit, as data.
 *
 * User space compiles "what the user wants to see" into a short list of operations; one small
 * interpreter in BPF (probe/fetch.bpf.h) runs it at every hit, for all kinds of probe. It works on
 * one accumulator, and appends *slots* to the record's payload, in order:
 *
 *	int slot	8 bytes, already cut to size and sign-extended
 *	bytes slot	struct fetch_blob, then `length` bytes, padded to a multiple of 8
 *	list slot	bytes slots, the last of them empty, with FETCH_BLOB_END
 *
 * A slot that could not be read sets its bit in event_header.unavailable and is still there (zero,
 * or a blob as below), so that the later ones keep their places; after a failed operation the
 * accumulator is poisoned until the next operation that loads it (REG, CONST, RESULT).
 *
 * Both sides include this file: fixed-width fields only.
 */
#ifndef UTRAIL_PROBE_FETCH_H
#define UTRAIL_PROBE_FETCH_H

#ifndef __bpf__ /* the BPF side has these from its own header */
#include <linux/types.h>
#endif

enum fetch_code {
	FETCH_REG =
		1, /* acc = register `reg`, then cut: shifted right by `shift` bits, `size` bytes */
	FETCH_CONST,   /* acc = imm */
	FETCH_ADD,     /* acc += imm */
	FETCH_INDEX,   /* acc += (register `reg`, cut to `size`) * imm */
	FETCH_DEREF,   /* acc = the `size` bytes at address acc + imm (1, 2, 4, 8) */
	FETCH_LENGTH,  /* limit of the next BYTES = min(acc << shift, its own imm), or of acc *
			  (next[0] + 256 * next[1]) where these are set; acc is spent */
	FETCH_KEEP,    /* word `reg` that the call keeps for its return = acc; see probe/regs.h */
	FETCH_NETLINK, /* acc = 1 + the protocol of the netlink socket that the descriptor acc is;
			  0: it is none */
	FETCH_INT,     /* int slot: acc, cut to `size` */
	FETCH_STRING,  /* bytes slot: NUL-terminated at acc, at most imm bytes without the NUL */
	FETCH_BYTES,   /* bytes slot: imm bytes at acc, fewer when a LENGTH went before */
	/* bytes slot: struct fetch_file of the descriptor acc; empty when there is none. At probes
	 * in the kernel acc is an address, and `size` says of what: enum fetch_file_of */
	FETCH_FILE,
	FETCH_EACH, /* list slot: what a pointer in each element of the array at acc leads to */
	FETCH_WALK, /* list slot: the elements of the container at acc, which nodes have */
};

/*
 * The operations that plans of a run may have, as a mask: bit FETCH_... of each; and of those that
 * are flagged FETCH_LIST, bit FETCH_LISTS + FETCH_..., too. The rest is left out of its programs.
 */
#define FETCH_LISTS	16
#define FETCH_ALL_CODES (~0U)

/*
 * EACH. `imm` has four numbers of 16 bits, from the lowest on: the bytes of an element; where in it
 * the pointer is; where a length or an end is; how many bytes at most are read for an element. The
 * array has as many bytes as the LENGTH before says, or the BYTES or EACH just before: these leave
 * it in the accumulator. `size` is an enum fetch_each_mode.
 *
 * Lists in lists: next[2] is the number of a mark, plus one, that remembers where this list is.
 * With `shift`, the number of such a mark plus one, the array is all that lies in the blobs of that
 * list, one behind the other, and acc does not matter. What is too short for an element is none.
 */
enum fetch_each_mode {
	EACH_TEXT,   /* up to a NUL */
	EACH_BYTES,  /* as many as at most */
	EACH_ITEMS,  /* the length is a number of items of next[0] + 256 * next[1] bytes each */
	EACH_RANGE,  /* up to the end */
	EACH_BEFORE, /* the length is so many bytes before what the pointer leads to */
	EACH_SHORT,  /* as ITEMS; nothing where bit 0 of byte `reg` of the element is clear */
};

/*
 * WALK. The LENGTH before says how many elements at most. acc is the container's address; byte
 * `reg` of it is where the first node's address is. `size` is an enum fetch_walk_mode, next[2] as
 * for EACH. `imm` has four numbers of 16 bits: the bytes of an element; where in a node it is;
 * where in a node the links are; next[0]: where in the container is what ends it.
 */
enum fetch_walk_mode {
	/* Links: where the next node's address is. Up to a NULL, or to the container's byte next[0]
	 * unless that is FETCH_WALK_NULL */
	WALK_CHAIN,
	/* In their order. Links: the multiples of 8 where the addresses of parent, left and right
	 * node are, of 4 bits each; none lies above 24. The first node is the leftmost one; the
	 * parent of the root is the container's byte next[0] */
	WALK_TREE,
	/* Blocks of `links` bytes, whose addresses lie in an array. Byte `reg`: the addresses of
	 * the first element, of its block's start and end, and of the block's own in the array.
	 * Byte next[0]: the end of the last element */
	WALK_BLOCKS,
	/* The same, by the first element's number: byte `reg` has where the blocks' addresses lie,
	 * byte next[0] that number, from the first block's start on */
	WALK_NUMBERED,
};
#define FETCH_WALK_NULL 0xff

/* Structures of the kernel that a path leads to. */
enum fetch_file_of {
	FETCH_OF_FILE = 1, /* struct file */
	FETCH_OF_PATH,	   /* struct path */
	FETCH_OF_DENTRY,   /* struct dentry: where its file system is mounted is looked for */
};

/* Where the descriptors of a list's FILE are: `size`. */
enum fetch_files {
	FILES_IN_ELEMENTS = 1, /* the first 4 bytes of each element of imm bytes */
	FILES_IN_SET,	       /* numbers of the bits that are set; the LENGTH says of how many */
	FILES_IN_CONTROL, /* all that SCM_RIGHTS has; the LENGTH says how many bytes there are */
};

enum fetch_flags {
	FETCH_SIGNED = 1, /* REG, INDEX, DEREF, INT: sign-extend from `size` */
	/* BYTES after LENGTH: the length is a result; negative (an error) means no bytes */
	FETCH_LENGTH_SIGNED = 2,
	/* STRING, BYTES: a NULL pointer is an empty slot with FETCH_BLOB_NULL, not "unavailable".
	 * DEREF: it stays NULL, whatever imm is */
	FETCH_NULL_OK = 4,
	/* A number that is no user-space address is not tried at all. STRING: "unavailable". BYTES:
	 * an empty slot */
	FETCH_MAYBE = 8,
	/* INT, STRING, BYTES, DEREF: acc = register `reg` first */
	FETCH_FROM_REG = 16,
	/* FILE, in filters: the slot is the path as text, without what is said of the file; unknown
	 * ("unavailable") when it is cut */
	FETCH_AS_TEXT = 1,
	/* BYTES: no further than to the end of their page, for there may be none behind it. What is
	 * left goes to the BYTES after this one, whose address and LENGTH are there then */
	FETCH_TO_PAGE = 1,
	/* FILE: AT_FDCWD is the working directory, and no error number */
	FETCH_CWD = 32,
	/* LENGTH: only when register `reg`, cut to `size`, is the upper half of `imm`: then the
	 * lower half is the length. acc stays */
	FETCH_WHEN = 32,
	/*
	 * acc is the address of an array, and the slot holds one blob per element, then one with
	 * FETCH_BLOB_END; a LENGTH before says how many elements at most.
	 * STRING: of pointers to strings, up to a NULL. BYTES: of struct iovec; each blob is the
	 * iovec itself, then up to imm bytes of what it leads to. INT: of pointers, up to a NULL,
	 * which are only counted; the LENGTH before is 0. INT with an imm: of records as long as
	 * the two bytes at that offset of each say, which are counted; the LENGTH says in how many
	 * bytes. FILE: of descriptors, see enum fetch_files; one blob for each of those that stand
	 * for a file, with its number in the flags, from bit FETCH_BLOB_FD on.
	 */
	FETCH_LIST = 64,
	/* LENGTH: not of the next BYTES, but of all buffers of the next list together */
	FETCH_IN_ALL = 128,
	/* LENGTH, and BYTES of a LIST: of a netlink socket's messages up to FETCH_STRING_MAX bytes,
	 * whatever the limit is */
	FETCH_WIDE = 8,
	/* LENGTH: acc is the address where the bytes begin; the LENGTH before, with IN_ALL, was
	 * told where they end */
	FETCH_TO_END = 1,
	/* EACH: a NULL ends the array, and more bytes than there may be is a cut */
	FETCH_EACH_TO_NULL = 1,
};

struct fetch_op {
	__u8 code;    /* enum fetch_code */
	__u8 reg;     /* index into the saved registers: enum in probe/regs.h */
	__u8 size;    /* 1, 2, 4 or 8 */
	__u8 flags;   /* enum fetch_flags */
	__u8 shift;   /* REG: bits to shift right first (8 for %ah) */
	__u8 next[3]; /* tests of filters (probe/filter.h): where to go on */
	__s64 imm;
};
_Static_assert(sizeof(struct fetch_op) == 16, "wire format");

#define FETCH_PAGE	  4096 /* pages are no smaller anywhere */
#define FETCH_OPS_MAX	  64   /* operations of one plan */
#define FETCH_SLOTS_MAX	  32   /* bits of event_header.unavailable */
#define FETCH_STRING_MAX  4096 /* bytes of one string, without its NUL */
#define FETCH_PAYLOAD_MAX 6080 /* all slots of one record; what no longer fits is cut */
#define FETCH_LIST_MAX	  128  /* elements of a list */
#define FETCH_EACH_MAX	  256  /* elements of an EACH */
#define FETCH_EACH_STEPS  512  /* of an EACH in a list: its elements and those of that list */
#define FETCH_WALK_MAX	  256  /* elements of a WALK */
#define FETCH_MARKS	  8    /* lists of a plan that others go on from */
#define FETCH_COUNT_MAX	  2048 /* pointers or records that a list's INT counts */

struct fetch_plan {
	__u16 n_ops;
	__u16 n_slots;
	__u32 reserved;
	struct fetch_op ops[FETCH_OPS_MAX];
};
_Static_assert(sizeof(struct fetch_plan) == 1032, "wire format");

enum fetch_blob_flags {
	FETCH_BLOB_TRUNCATED = 1, /* there was more */
	FETCH_BLOB_NULL = 2,	  /* the pointer was NULL */
	/* Its bytes are the address, 8 of them: nothing could be read there. None: that is not
	 * known, or not asked for. But an iovec of a list has itself as bytes */
	FETCH_BLOB_UNREADABLE = 4,
	FETCH_BLOB_END = 8, /* of a list; TRUNCATED: the array had more elements */
};

/* Of a file in a list: its descriptor's number begins at this bit of the flags. */
#define FETCH_BLOB_FD	  8
#define FETCH_BLOB_FD_MAX (1U << 24)

struct fetch_blob {
	__u32 length; /* bytes that follow, without padding; a string's NUL is not stored */
	__u32 flags;  /* enum fetch_blob_flags */
};
_Static_assert(sizeof(struct fetch_blob) == 8, "wire format");

enum fetch_file_flags {
	FETCH_FILE_UNLINKED = 1, /* its name was removed */
	FETCH_FILE_CUT = 2,	 /* there are more directories above */
	FETCH_FILE_LOOSE = 4,	 /* below no root directory: a pipe, a socket, a memfd */
	FETCH_FILE_TEXT = 8,	 /* the names are one text, as /proc/PID/fd/N shows it */
	FETCH_FILE_DETAILS = 16, /* struct fetch_details comes before the names */
};

/*
 * What a descriptor stands for. The names of the path follow, the file's own first, each with a
 * NUL, up to the root directory of the process.
 */
struct fetch_file {
	__u64 inode;
	__u32 magic; /* of its file system, linux/magic.h */
	__u32 flags; /* enum fetch_file_flags */
};
_Static_assert(sizeof(struct fetch_file) == 16, "wire format");

/* What -yy tells of devices and sockets; all zero for other files. */
struct fetch_details {
	__u64 peer;    /* inode of the other end of a Unix socket */
	__u32 mode;    /* st_mode; 0: nothing is known */
	__u32 device;  /* as the kernel has it, include/linux/kdev_t.h: 20 bits of minor */
	__u32 port_id; /* of a netlink socket; of a pidfd the process */
	__u16 family, type, protocol; /* family 0: no socket */
	__u16 local_port;
	__u16 remote_port; /* in network order */
	__u16 name_length; /* of a Unix socket */
	__u8 local[16], remote[16];
	char kind[32];	/* "TCP", "UDPv6": what the kernel calls the protocol */
	char name[112]; /* of a Unix socket: path, or what follows the NUL of an abstract one */
};
_Static_assert(sizeof(struct fetch_details) == 208, "wire format");
#define FETCH_SOCKET_NAME_MAX 108 /* sun_path */

#define FETCH_FILE_NAME_MAX   256			   /* of one name with its NUL */
#define FETCH_FILE_MAX	      (1024 + FETCH_FILE_NAME_MAX) /* of all names */

/*
 * Where FILE finds what it reads, bytes from the start of the kernel's structures. User space looks
 * them up (probe/file.h) when a plan has a FILE: relocations in the programs (CO-RE) would cost
 * every run milliseconds.
 */
struct fetch_offsets {
	__u32 files_fdt, fdt_max_fds, fdt_fd, file_path, fs_root, fs_pwd;
	__u32 path_mount, path_dentry;
	__u32 dentry_sequence, dentry_hashed, dentry_parent, dentry_name, dentry_inode, dentry_sb;
	__u32 inode_number, sb_magic;
	__u32 vfsmount_root, mount_parent, mount_point, mount_vfsmount;
	/* Of a dentry alone: the mounts of its file system. Which of two links them, and which
	 * namespace is ours, may be 0: not told. */
	__u32 vfsmount_sb, sb_root, sb_mounts, mount_in_list, mount_next;
	__u32 mount_namespace, task_nsproxy, nsproxy_mounts;
};
_Static_assert(sizeof(struct fetch_offsets) == 112, "wire format");

/* The same for struct fetch_details. 0: this kernel has no such sockets built in. */
struct fetch_socket_offsets {
	__u32 file_private, inode_mode, inode_device;
	__u32 socket_sock, socket_inode; /* of struct socket_alloc */
	__u32 sock_family, sock_local, sock_remote, sock_local6, sock_remote6;
	__u32 sock_local_port, sock_remote_port, sock_type, sock_protocol;
	__u32 sock_kind, sock_socket, kind_name;
	__u32 unix_peer, unix_address, address_length, address_name;
	__u32 netlink_port;
	__u32 inode_private, pid_numbers; /* of pidfds */
};
_Static_assert(sizeof(struct fetch_socket_offsets) == 96, "wire format");

#endif
