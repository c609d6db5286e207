# SPDX-License-Identifier: Apache-2.0
# The guest is what the other cases take it for.
case $VERSION in
"$KERNEL".*) ;;
*) echo "this kernel is $VERSION, not $KERNEL" && exit 1 ;;
esac
[ -r /sys/kernel/btf/vmlinux ] || { echo "the kernel has no BTF"; exit 1; }
[ -d /sys/kernel/tracing/events/raw_syscalls ] || { echo "tracefs is not mounted"; exit 1; }
grep -q ' /sys/fs/bpf bpf ' /proc/mounts || { echo "bpffs is not mounted"; exit 1; }
[ "$(nproc)" = 2 ] || { echo "$(nproc) processors instead of 2"; exit 1; }
