/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A preallocated byte ring of variable-length records, each due at a time. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "delaybox.h"

#define RECORD_ALIGN 16U
#define RECORD_WRAP  UINT64_MAX

struct record {
	uint64_t due;
	uint64_t len; /* RECORD_WRAP: the next record is at the start */
};

static size_t record_size(size_t len)
{
	return (sizeof(struct record) + len + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
}

static struct record *record_at(struct ring *ring, size_t offset)
{
	return (struct record *)(ring->base + offset);
}

int ring_init(struct ring *ring, size_t size)
{
	void *base;

	size = (size + RECORD_ALIGN - 1) & ~(size_t)(RECORD_ALIGN - 1);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
		    -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	*ring = (struct ring){.base = base, .size = size, .empty = true};
	return 0;
}

void ring_free(struct ring *ring)
{
	if (ring->base)
		munmap(ring->base, ring->size);
	*ring = (struct ring){.empty = true};
}

/* Keeps room for a wrap mark behind every record, so that one always fits. */
static bool ring_fits(const struct ring *ring, size_t *offset, size_t need)
{
	if (ring->empty) {
		*offset = 0;
		return need <= ring->size;
	}
	if (ring->tail <= ring->head) {
		*offset = ring->tail;
		return ring->tail + need <= ring->head;
	}
	*offset = ring->tail;
	if (ring->tail + need <= ring->size)
		return true;
	*offset = 0;
	return need <= ring->head;
}

/* Where to build a record of len bytes, or NULL when the ring is full. */
uint8_t *ring_reserve(struct ring *ring, size_t len)
{
	size_t need = record_size(len) + sizeof(struct record);
	size_t offset;

	if (!ring_fits(ring, &offset, need))
		return NULL;
	if (ring->empty)
		ring->head = ring->tail = 0;
	else if (offset != ring->tail)
		record_at(ring, ring->tail)->len = RECORD_WRAP;
	ring->tail = offset;
	return ring->base + offset + sizeof(struct record);
}

void ring_commit(struct ring *ring, uint64_t due, size_t len)
{
	struct record *record = record_at(ring, ring->tail);

	record->due = due;
	record->len = len;
	ring->tail += record_size(len);
	ring->empty = false;
}

const uint8_t *ring_peek(struct ring *ring, uint64_t *ret_due, size_t *ret_len)
{
	struct record *record;

	if (ring->empty)
		return NULL;
	if (record_at(ring, ring->head)->len == RECORD_WRAP)
		ring->head = 0;
	record = record_at(ring, ring->head);
	*ret_due = record->due;
	*ret_len = record->len;
	return (const uint8_t *)(record + 1);
}

void ring_pop(struct ring *ring)
{
	ring->head += record_size(record_at(ring, ring->head)->len);
	ring->empty = ring->head == ring->tail;
}
