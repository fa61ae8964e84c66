/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs in the kernel at each read and write of a sysctl by the processes of a cgroup, and hands writes on through a ring
 * buffer. It says yes to all of them: what it tells of is none of its business.
 *
 * Types of the kernel's stable interface only, so that it needs neither vmlinux.h nor BTF of the kernel.
 */
#include "trace/writer-message.h"

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

enum { ALLOW = 1, RING_BYTES = 64 * 1024 };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, RING_BYTES);
} ring SEC(".maps");

/* How many writes found the ring full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, uint32_t);
	__type(value, uint64_t);
} lost SEC(".maps");

/* Those that a host's network hangs on; the rest is dropped here, before it costs anything more. */
static __always_inline int matters(const char *key)
{
	return (key[0] == 'n' && key[1] == 'e' && key[2] == 't' && key[3] == '/') ||
	       (key[0] == 'v' && key[1] == 'm' && key[2] == '/') || (key[0] == 'f' && key[1] == 's' && key[2] == '/');
}

static __always_inline void count_lost(void)
{
	uint32_t zero = 0;
	uint64_t *n = bpf_map_lookup_elem(&lost, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline int tell(struct bpf_sysctl *ctx, int with_pid, int with_command)
{
	struct writer_message *m;
	char key[sizeof(m->key)] = "";

	if (!ctx->write)
		return ALLOW;
	if (bpf_sysctl_get_name(ctx, key, sizeof(key), 0) < 0 || !matters(key))
		return ALLOW;
	m = bpf_ringbuf_reserve(&ring, sizeof(*m), 0);
	if (!m) {
		count_lost();
		return ALLOW;
	}
	m->version = TRACE_VERSION;
	m->kind = WRITER_WROTE;
	m->pid = with_pid ? bpf_get_current_pid_tgid() >> 32 : 0;
	m->uid = (uint32_t)bpf_get_current_uid_gid();
	m->cgroup = bpf_get_current_cgroup_id();
	m->when = bpf_ktime_get_ns();
	m->lost = 0;
	__builtin_memset(m->command, 0, sizeof(m->command));
	if (with_command)
		bpf_get_current_comm(m->command, sizeof(m->command));
	__builtin_memcpy(m->key, key, sizeof(m->key));
	bpf_sysctl_get_new_value(ctx, m->value, sizeof(m->value));
	bpf_ringbuf_submit(m, 0);
	return ALLOW;
}

/*
 * The name of the command needs CAP_PERFMON on kernels of late, and neither it nor the pid is to be had before Linux 6.1:
 * the loader takes the first of these that the kernel accepts.
 */
SEC("cgroup/sysctl")
int tell_all(struct bpf_sysctl *ctx)
{
	return tell(ctx, 1, 1);
}

SEC("cgroup/sysctl")
int tell_pid(struct bpf_sysctl *ctx)
{
	return tell(ctx, 1, 0);
}

SEC("cgroup/sysctl")
int tell_user(struct bpf_sysctl *ctx)
{
	return tell(ctx, 0, 0);
}

char licence[] SEC("license") = "GPL";
