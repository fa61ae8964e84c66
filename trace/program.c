/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/program.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

/* What the compiler made of trace.bpf.c, as it is. */
__asm__(".pushsection .rodata\n"
	".balign 16\n"
	"trace_object:\n"
	".incbin \"" TRACE_OBJECT "\"\n"
	"trace_object_end:\n"
	".byte 0\n"
	".popsection\n");
extern const char trace_object[], trace_object_end[];

struct program {
	struct bpf_object *object;
	struct bpf_link *link;
	struct ring_buffer *ring;
	uint64_t *lost; /* mapped from the kernel: asking costs no right */
	bool knows_command;
	program_fn fn;
	void *user;
};

/* The best first. */
static const struct variant {
	const char *name;
	bool knows_command;
} variants[] = {{"tell_all", true}, {"tell_pid", false}, {"tell_user", false}};

static int load(const struct variant *v, struct bpf_object **ret, struct bpf_program **ret_program)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = "tcpadvisor");
	struct bpf_object *o = bpf_object__open_mem(trace_object, (size_t)(trace_object_end - trace_object), &options);
	struct bpf_program *p;
	int r;

	if (!o)
		return -errno;
	bpf_object__for_each_program(p, o)
		bpf_program__set_autoload(p, !strcmp(bpf_program__name(p), v->name));
	r = bpf_object__load(o);
	if (r < 0) {
		bpf_object__close(o);
		return r;
	}
	*ret = o;
	*ret_program = bpf_object__find_program_by_name(o, v->name);
	return 0;
}

static int load_best(struct program *p, struct bpf_program **ret)
{
	int r = -EINVAL;

	for (size_t i = 0; i < ARRAY_SIZE(variants) && r < 0 && r != -EPERM; i++) {
		r = load(&variants[i], &p->object, ret);
		p->knows_command = variants[i].knows_command;
	}
	return r;
}

static int take(void *user, void *data, size_t size)
{
	struct program *p = user;

	return size == sizeof(struct writer_message) ? p->fn(p->user, data) : 0;
}

static int map_lost(struct program *p)
{
	int fd = bpf_object__find_map_fd_by_name(p->object, "lost");
	void *m = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ, MAP_SHARED, fd, 0);

	if (m == MAP_FAILED)
		return -errno;
	p->lost = m;
	return 0;
}

int program_attach(int cgroup, program_fn fn, void *user, struct program **ret)
{
	_cleanup_(program_freep) struct program *p = calloc(1, sizeof(*p));
	struct bpf_program *kernel_part = NULL;
	int r;

	if (!p)
		return -ENOMEM;
	p->fn = fn;
	p->user = user;
	r = load_best(p, &kernel_part);
	if (r < 0)
		return r;
	r = map_lost(p);
	if (r < 0)
		return r;
	p->ring = ring_buffer__new(bpf_object__find_map_fd_by_name(p->object, "ring"), take, p, NULL);
	if (!p->ring)
		return -errno;
	p->link = bpf_program__attach_cgroup(kernel_part, cgroup);
	if (!p->link)
		return -errno;
	*ret = p;
	p = NULL;
	return 0;
}

struct program *program_free(struct program *p)
{
	if (!p)
		return NULL;
	bpf_link__destroy(p->link);
	ring_buffer__free(p->ring);
	if (p->lost)
		munmap(p->lost, (size_t)sysconf(_SC_PAGESIZE));
	bpf_object__close(p->object);
	free(p);
	return NULL;
}

int program_fd(const struct program *p)
{
	return ring_buffer__epoll_fd(p->ring);
}

int program_consume(struct program *p)
{
	return ring_buffer__consume(p->ring);
}

uint64_t program_lost(const struct program *p)
{
	return __atomic_load_n(p->lost, __ATOMIC_RELAXED);
}

bool program_knows_command(const struct program *p)
{
	return p->knows_command;
}
