// The structures of the in-memory disk, shared by its parts:
//   os_memory.c         the disk: nodes, names, unsynced changes, paths
//   os_memory_access.c  direct access for tests
//   os_memory_image.c   the bytes of one file
//   os_memory_table.c   the fc_os table: files, clock, chance, threads
//   os_memory_names.c   the fc_os table: directories
//   os_memory_faults.c  counting and failing calls, the counting allocator
//   os_memory_crash.c   crash images and digests
//
// LOCKING: everything below is guarded by the disk's mutex, chunks' counts (which disks share)
// apart. The disk's own memory comes from malloc and is neither counted nor failed; the handles,
// mutexes and threads that callers get come from the table's allocator, as their leaks are theirs.
#ifndef FC_OS_OS_MEMORY_INTERNAL_H
#define FC_OS_OS_MEMORY_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "os_memory.h"

enum { FC_MEMORY_CHUNK_BYTES = 16 * 1024, FC_MEMORY_NAME_BYTES = 256 };

// Far above any test's files: keeps a wild offset from asking for a giant table of chunks.
static const uint64_t fc_memory_file_bytes_max = 1ull << 36;

// MARK: Images

// A chunk's digest is FC_MEMORY_DIGEST_OF_ZEROS when it is all zeros, and never 0.
enum { FC_MEMORY_DIGEST_OF_ZEROS = 1 };

// Shared by images, also of different disks; copied before it is written when shared.
typedef struct fc_memory_chunk {
    atomic_size_t reference_count;
    _Atomic uint64_t digest; // 0: not made yet
    uint8_t bytes[FC_MEMORY_CHUNK_BYTES];
} fc_memory_chunk;

// The bytes of a file. INVARIANTS: chunks past chunk_count and NULL chunks are zeros; no byte at
// or past `size` is other than zero.
typedef struct fc_memory_image {
    fc_memory_chunk **chunks;
    size_t chunk_count;
    uint64_t size;
} fc_memory_image;

void fc_memory_image_deinit(fc_memory_image *image); // leaves an empty image
// Replaces *to; its chunks are shared. False, and *to is as it was, when there is no memory.
bool fc_memory_image_copy(fc_memory_image *to, const fc_memory_image *from);
bool fc_memory_image_resize(fc_memory_image *image, uint64_t size);
// Grows the image when needed. False, and the content is as it was, when there is no memory.
bool fc_memory_image_write(fc_memory_image *image, uint64_t offset, const void *bytes,
                           size_t length);
// REQUIRES: the range lies in the image.
void fc_memory_image_read(const fc_memory_image *image, uint64_t offset, void *bytes,
                          size_t length);
uint64_t fc_memory_image_hash(const fc_memory_image *image, uint64_t seed);

// MARK: Nodes

typedef struct fc_memory_node fc_memory_node;

typedef struct fc_memory_entry {
    char name[FC_MEMORY_NAME_BYTES];
    fc_memory_node *node; // counted
} fc_memory_entry;

// The entries of a directory, by name in byte order.
typedef struct fc_memory_entries {
    fc_memory_entry *items;
    size_t count, capacity;
} fc_memory_entries;

typedef enum fc_memory_data_op_kind {
    FC_MEMORY_WRITE,
    FC_MEMORY_TRUNCATE,
    FC_MEMORY_RESERVE,
} fc_memory_data_op_kind;

typedef enum fc_memory_entry_op_kind {
    FC_MEMORY_CREATE,
    FC_MEMORY_RENAME,
    FC_MEMORY_REMOVE,
} fc_memory_entry_op_kind;

// An unsynced change of a file. `number` orders all unsynced changes of the disk in time.
typedef struct fc_memory_data_op {
    uint64_t number;
    fc_memory_data_op_kind kind;
    uint64_t offset; // of a truncation: the new size; of a reservation: its end
    size_t length;   // of a write
    uint8_t *bytes;  // of a write; owned
} fc_memory_data_op;

// An unsynced change of a directory.
typedef struct fc_memory_entry_op {
    uint64_t number;
    fc_memory_entry_op_kind kind;
    char name[FC_MEMORY_NAME_BYTES];
    char to[FC_MEMORY_NAME_BYTES];
    fc_memory_node *node; // counted
} fc_memory_entry_op;

// A file or a directory. Counted by entries, entry operations and handles. What is visible is kept
// as it is; what is durable becomes that only by applying the operations, so that operations
// dropped by a lying sync stay visible and never become durable.
struct fc_memory_node {
    fc_memory_disk *disk;
    fc_memory_node *previous, *next; // all nodes of the disk
    size_t reference_count;
    bool is_directory;
    char name[FC_MEMORY_NAME_BYTES]; // the latest
    fc_memory_node *clone;           // while a disk is copied

    // A file's.
    fc_memory_image durable, visible;
    fc_memory_data_op *data_ops;
    size_t data_op_count, data_op_capacity;
    const fc_file *lock_holder;

    // A directory's. Directories are never removed, so the parent outlives them.
    fc_memory_node *parent;
    fc_memory_entries durable_entries, visible_entries;
    fc_memory_entry_op *entry_ops;
    size_t entry_op_count, entry_op_capacity;
};

struct fc_directory {
    fc_memory_node *node;
};

struct fc_file {
    fc_memory_node *node;
    bool writable, direct;
};

// MARK: The disk

// An armed fault: meets the call that comes when `remaining` is used up, or the next that can.
typedef struct fc_memory_trap {
    bool armed, for_good;
    fc_fault fault;
    uint64_t remaining;
} fc_memory_trap;

struct fc_memory_disk {
    pthread_mutex_t mutex;
    fc_os os;
    bool with_threads;
    bool is_plain; // notes no changes: what is visible is all there is
    fc_memory_node *root;
    fc_memory_node *nodes;
    uint64_t last_op_number;
    uint64_t open_handle_count;
    uint64_t capacity_bytes;
    uint64_t direct_alignment; // 0: no direct writes

    bool dead;
    bool fault_hit;
    bool short_by_half;     // the next short transfer: half, else one byte
    fc_memory_trap io_trap; // counts all I/O calls
    fc_memory_trap kind_traps[FC_CALL_COUNT_OF_KINDS];
    uint64_t io_count;
    uint64_t call_counts[FC_CALL_COUNT_OF_KINDS];
    uint64_t allocated_bytes;
    void (*observe)(void *observer, fc_call_kind kind, const char *file_name);
    void *observer;

    int64_t now_us, step_us;
    uint64_t monotonic_ns;
    uint64_t random_state;
};

void fc_memory_lock(fc_memory_disk *disk);
void fc_memory_unlock(fc_memory_disk *disk);
void fc_memory_fill_table(fc_memory_disk *disk);
fc_allocator fc_memory_allocator(fc_memory_disk *disk);
uint64_t fc_memory_mix(uint64_t value); // a good hash of 64 bits

// A new node with one reference, the caller's; NULL when there is no memory.
fc_memory_node *fc_memory_node_create(fc_memory_disk *disk, bool is_directory, const char *name);
void fc_memory_node_retain(fc_memory_node *node);
void fc_memory_node_release(fc_memory_node *node);

// The node of `name`, borrowed, or NULL.
fc_memory_node *fc_memory_entries_find(const fc_memory_entries *entries, const char *name);
// Puts `node` under `name`, replacing another. False when there is no memory.
bool fc_memory_entries_put(fc_memory_entries *entries, const char *name, fc_memory_node *node);
void fc_memory_entries_remove(fc_memory_entries *entries, const char *name);
void fc_memory_entries_deinit(fc_memory_entries *entries);
bool fc_memory_entries_copy(fc_memory_entries *to, const fc_memory_entries *from);

// Each applies one unsynced change to a durable state (or a crash image). A rename whose source is
// not there, because its creation was lost, has no effect. False when there is no memory.
bool fc_memory_apply_data_op(fc_memory_image *image, const fc_memory_data_op *op);
bool fc_memory_apply_entry_op(fc_memory_entries *entries, const fc_memory_entry_op *op);
// Each notes an unsynced change, which the caller makes visible. `bytes` are copied. False when
// there is no memory.
bool fc_memory_note_data_op(fc_memory_node *node, fc_memory_data_op_kind kind, uint64_t offset,
                            const void *bytes, size_t length);
bool fc_memory_note_entry_op(fc_memory_node *directory, fc_memory_entry_op_kind kind,
                             const char *name, const char *to, fc_memory_node *node);
void fc_memory_forget_last_op(fc_memory_node *node); // undoes the last note
void fc_memory_drop_ops(fc_memory_node *node);
// Makes all unsynced changes of a file or a directory durable. False when there is no memory.
bool fc_memory_fold_ops(fc_memory_node *node);
// Makes the last change of a file durable, and of those before it what it must not be undone by:
// trims, and writes that overlap it. False when there is no memory.
bool fc_memory_fold_last_op(fc_memory_node *node);

// Takes the next component of *path into `name`, of FC_MEMORY_NAME_BYTES: 1; or 0 at the end; or
// -1 for a name that no entry can have.
int fc_memory_next_component(const char **path, char *name);
// Makes an unsynced file or sub-directory; borrowed, or NULL when there is no memory.
fc_memory_node *fc_memory_make_entry(fc_memory_node *parent, bool is_directory, const char *name);
// The directory that `path` names from `node` on, borrowed; *out_status tells why not when NULL.
// With `create` its last component is made when missing.
fc_memory_node *fc_memory_find_directory(fc_memory_node *node, const char *path, bool create,
                                         fc_status *out_status);

// MARK: The table

// Puts `error` into *out_error, when not NULL; returns `status`.
fc_status fc_memory_fail(fc_status status, int error, int *out_error);
void *fc_memory_allocate_handle(fc_memory_disk *disk, size_t size); // from the table's allocator
void fc_memory_release_handle(fc_memory_disk *disk, void *handle, size_t size);
// Makes a node's changes durable; or drops them for ever, by a lying sync.
fc_status fc_memory_sync_node(fc_memory_node *node, fc_fault fault, int *out_error);
void fc_memory_fill_directory_calls(fc_os *table);

// MARK: Counting and failing

// Flags of one call. One that MAY_ARRIVE acts on EIO, and on the CRASH that cuts it, by itself.
enum { FC_MEMORY_TAKES_SPACE = 1, FC_MEMORY_CAN_BE_SHORT = 2, FC_MEMORY_MAY_ARRIVE = 4 };

// Begins an I/O call: tells the observer, counts, and meets a fault. FC_STATUS_OK: the disk is
// locked, and *out_fault is NONE or one that the call itself must act on (SHORT, LYING_SYNC_FAIL).
// Else: the disk is not locked, and the call returns the status.
// `node` is what the call is about, for its name; or NULL, and `name` is the name.
fc_status fc_memory_begin(fc_memory_disk *disk, fc_call_kind kind, unsigned flags,
                          const fc_memory_node *node, const char *name, fc_fault *out_fault,
                          int *out_error);
#endif
