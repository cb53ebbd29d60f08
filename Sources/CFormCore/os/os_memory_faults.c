// Counting, observing and failing the calls of the in-memory disk; its counting allocator.
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os_memory_internal.h"

// MARK: Faults

// Whether a call can meet the fault at all: a sync cannot be short, a read needs no space.
static bool fault_fits(fc_fault fault, fc_call_kind kind, unsigned flags) {
    switch (fault) {
    case FC_FAULT_NONE:
        return false;
    case FC_FAULT_EIO:
    case FC_FAULT_CRASH:
        return true;
    case FC_FAULT_ENOSPC:
        return (flags & FC_MEMORY_TAKES_SPACE) != 0;
    case FC_FAULT_EINTR:
        return kind == FC_CALL_READ || kind == FC_CALL_WRITE || kind == FC_CALL_WRITE_DIRECT ||
               kind == FC_CALL_SYNC_FILE;
    case FC_FAULT_SHORT:
        return (flags & FC_MEMORY_CAN_BE_SHORT) != 0;
    case FC_FAULT_LYING_SYNC_FAIL:
        return kind == FC_CALL_SYNC_FILE || kind == FC_CALL_SYNC_DIRECTORY ||
               kind == FC_CALL_WRITE_DIRECT;
    case FC_FAULT_NO_MEMORY:
        return kind == FC_CALL_ALLOCATE;
    }
    return false;
}

static fc_fault trap_meet(fc_memory_trap *trap, fc_call_kind kind, unsigned flags) {
    if (!trap->armed) return FC_FAULT_NONE;
    if (trap->remaining > 0) {
        trap->remaining--;
        return FC_FAULT_NONE;
    }
    if (!fault_fits(trap->fault, kind, flags)) return FC_FAULT_NONE;
    trap->armed = trap->for_good;
    // Callers try again after an interruption: lets that through, so that it is no hang.
    if (trap->fault == FC_FAULT_EINTR) trap->remaining = 1;
    return trap->fault;
}

// Counts a call and says which fault it meets.
static fc_fault count_call(fc_memory_disk *disk, fc_call_kind kind, unsigned flags) {
    fc_fault fault = FC_FAULT_NONE;
    disk->call_counts[kind]++;
    if (kind != FC_CALL_ALLOCATE) {
        disk->io_count++;
        fault = trap_meet(&disk->io_trap, kind, flags);
    }
    fc_fault of_kind = trap_meet(&disk->kind_traps[kind], kind, flags);
    if (fault == FC_FAULT_NONE) fault = of_kind;
    if (fault != FC_FAULT_NONE) disk->fault_hit = true;
    if (fault == FC_FAULT_CRASH) disk->dead = true;
    return fault;
}

// The status by which a call fails at once; FC_STATUS_OK when it goes on (in part, or lying).
static fc_status fault_status(fc_fault fault, int *out_error) {
    int error = EIO;
    fc_status status = FC_STATUS_IO;
    switch (fault) {
    case FC_FAULT_EIO:
    case FC_FAULT_CRASH:
        break;
    case FC_FAULT_EINTR:
        error = EINTR;
        break;
    case FC_FAULT_ENOSPC:
        error = ENOSPC;
        status = FC_STATUS_NO_SPACE;
        break;
    case FC_FAULT_NONE:
    case FC_FAULT_SHORT:
    case FC_FAULT_LYING_SYNC_FAIL:
    case FC_FAULT_NO_MEMORY:
        return FC_STATUS_OK;
    }
    if (out_error != NULL) *out_error = error;
    return status;
}

fc_status fc_memory_begin(fc_memory_disk *disk, fc_call_kind kind, unsigned flags,
                          const fc_memory_node *node, const char *name, fc_fault *out_fault,
                          int *out_error) {
    assert(kind != FC_CALL_ALLOCATE);
    fc_memory_lock(disk);
    if (disk->observe != NULL) {
        // Called without the lock, so that it can look at the disk; hence the copies.
        char copy[FC_MEMORY_NAME_BYTES];
        snprintf(copy, sizeof copy, "%s", node != NULL ? node->name : name);
        void (*observe)(void *, fc_call_kind, const char *) = disk->observe;
        void *observer = disk->observer;
        fc_memory_unlock(disk);
        observe(observer, kind, copy);
        fc_memory_lock(disk);
    }
    bool was_dead = disk->dead;
    fc_fault fault = count_call(disk, kind, flags);
    if (was_dead) fault = FC_FAULT_CRASH;
    const bool acts = (flags & FC_MEMORY_MAY_ARRIVE) != 0 && !was_dead &&
                      (fault == FC_FAULT_EIO || fault == FC_FAULT_CRASH);
    fc_status status = acts ? FC_STATUS_OK : fault_status(fault, out_error);
    if (status != FC_STATUS_OK) {
        fc_memory_unlock(disk);
        return status;
    }
    *out_fault = fault;
    return FC_STATUS_OK;
}

// MARK: Arming

static void arm(fc_memory_disk *disk, fc_memory_trap *trap, uint64_t index, fc_fault fault,
                bool for_good) {
    fc_memory_lock(disk);
    *trap = (fc_memory_trap){
        .armed = fault != FC_FAULT_NONE, .for_good = for_good, .fault = fault, .remaining = index};
    disk->fault_hit = false;
    disk->io_count = 0;
    memset(disk->call_counts, 0, sizeof disk->call_counts);
    fc_memory_unlock(disk);
}

void fc_memory_disk_fail_io(fc_memory_disk *disk, uint64_t index, fc_fault fault, bool for_good) {
    arm(disk, &disk->io_trap, index, fault, for_good);
}

void fc_memory_disk_fail_call(fc_memory_disk *disk, fc_call_kind kind, uint64_t index,
                              fc_fault fault, bool for_good) {
    assert(kind >= 0 && kind < FC_CALL_COUNT_OF_KINDS);
    arm(disk, &disk->kind_traps[kind], index, fault, for_good);
}

void fc_memory_disk_clear_faults(fc_memory_disk *disk) {
    fc_memory_lock(disk);
    disk->io_trap.armed = false;
    for (size_t kind = 0; kind < FC_CALL_COUNT_OF_KINDS; kind++)
        disk->kind_traps[kind].armed = false;
    disk->dead = false;
    fc_memory_unlock(disk);
}

bool fc_memory_disk_fault_hit(fc_memory_disk *disk) {
    fc_memory_lock(disk);
    bool hit = disk->fault_hit;
    fc_memory_unlock(disk);
    return hit;
}

uint64_t fc_memory_disk_io_count(fc_memory_disk *disk) {
    fc_memory_lock(disk);
    uint64_t count = disk->io_count;
    fc_memory_unlock(disk);
    return count;
}

uint64_t fc_memory_disk_call_count(fc_memory_disk *disk, fc_call_kind kind) {
    assert(kind >= 0 && kind < FC_CALL_COUNT_OF_KINDS);
    fc_memory_lock(disk);
    uint64_t count = disk->call_counts[kind];
    fc_memory_unlock(disk);
    return count;
}

void fc_memory_disk_set_observer(fc_memory_disk *disk,
                                 void (*observe)(void *observer, fc_call_kind kind,
                                                 const char *file_name),
                                 void *observer) {
    fc_memory_lock(disk);
    disk->observe = observe;
    disk->observer = observer;
    fc_memory_unlock(disk);
}

// MARK: The allocator

// Before each block: its size, so that a release or reallocation with another one is caught.
// 16 bytes, to keep the alignment.
typedef struct block_header {
    uint64_t size;
    uint64_t mark;
} block_header;
_Static_assert(sizeof(block_header) == 16, "blocks stay aligned to 16");

static const uint64_t block_mark = 0x466f726d44426c6bull;

static block_header *header_of(void *block, size_t size) {
    block_header *header = (block_header *)block - 1;
    assert(header->mark == block_mark); // ours, and not released already
    // fc_allocate_cleared asks for one byte where its caller asked for none.
    assert(header->size == size || (header->size == 1 && size == 0));
    (void)size;
    return header;
}

// Counts an allocation; false when it has to fail.
static bool count_allocation(fc_memory_disk *disk) {
    fc_memory_lock(disk);
    bool fails = count_call(disk, FC_CALL_ALLOCATE, 0) != FC_FAULT_NONE;
    fc_memory_unlock(disk);
    return !fails;
}

static void account(fc_memory_disk *disk, uint64_t added, uint64_t removed) {
    fc_memory_lock(disk);
    assert(removed <= disk->allocated_bytes);
    disk->allocated_bytes += added - removed;
    fc_memory_unlock(disk);
}

static void *memory_allocate(void *context, size_t size) {
    assert(size > 0);
    fc_memory_disk *disk = context;
    if (!count_allocation(disk) || size > SIZE_MAX - sizeof(block_header)) return NULL;
    block_header *header = malloc(sizeof *header + size);
    if (header == NULL) return NULL;
    *header = (block_header){.size = size, .mark = block_mark};
    account(disk, size, 0);
    return header + 1;
}

static void *memory_reallocate(void *context, void *block, size_t old_size, size_t new_size) {
    assert(new_size > 0);
    if (block == NULL) return memory_allocate(context, new_size);
    fc_memory_disk *disk = context;
    block_header *old = header_of(block, old_size);
    uint64_t counted_size = old->size;
    if (!count_allocation(disk) || new_size > SIZE_MAX - sizeof(block_header)) return NULL;
    // Always moves, so that a pointer kept to the old block is found out.
    block_header *header = malloc(sizeof *header + new_size);
    if (header == NULL) return NULL;
    *header = (block_header){.size = new_size, .mark = block_mark};
    memcpy(header + 1, block, counted_size < new_size ? (size_t)counted_size : new_size);
    old->mark = 0;
    free(old);
    account(disk, new_size, counted_size);
    return header + 1;
}

static void memory_release(void *context, void *block, size_t size) {
    if (block == NULL) return;
    block_header *header = header_of(block, size);
    account(context, 0, header->size);
    header->mark = 0;
    free(header);
}

fc_allocator fc_memory_allocator(fc_memory_disk *disk) {
    return (fc_allocator){
        .context = disk,
        .allocate = memory_allocate,
        .reallocate = memory_reallocate,
        .release = memory_release,
    };
}

uint64_t fc_memory_disk_allocated_bytes(fc_memory_disk *disk) {
    fc_memory_lock(disk);
    uint64_t bytes = disk->allocated_bytes;
    fc_memory_unlock(disk);
    return bytes;
}
