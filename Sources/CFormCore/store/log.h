// The log: blocks made durable in groups, files rotated and sealed, recovery at open. It knows
// blocks and files, nothing of what the operations mean.
// SOURCE: docs/FORMAT.md; docs/ARCHITECTURE.md, "The log and the manifest".
//
// THREADS: fc_log_append from one thread at a time (the writer lock); everything else from any.
#ifndef FC_STORE_LOG_H
#define FC_STORE_LOG_H

#include "../format/block.h"
#include "../os/os.h"

typedef struct fc_log fc_log;

typedef enum fc_durability {
    FC_DURABILITY_FULL = 0,
    FC_DURABILITY_BATCHED = 1,
    FC_DURABILITY_NONE = 2,
} fc_durability;

// Whether groups are written past the system's cache into zeros written ahead, at `full`.
typedef enum fc_direct_log {
    FC_DIRECT_LOG_AUTO = 0, // where the file system has such writes
    FC_DIRECT_LOG_OFF = 1,
    FC_DIRECT_LOG_ON = 2, // or FC_STATUS_UNSUPPORTED, from opening or from the first transaction
} fc_direct_log;

typedef enum fc_access {
    FC_ACCESS_READ_WRITE = 0,
    FC_ACCESS_READ_ONLY = 1, // beside a live writer; sees what is certainly durable
    // The valid blocks before a fault, whatever follows; takes no lock.
    FC_ACCESS_READ_ONLY_PREFIX = 2,
} fc_access;

typedef struct fc_log_options {
    const fc_os *os;
    fc_directory *directory; // borrowed; outlives the log
    fc_access access;
    bool create; // make a new store when the directory holds none
    fc_durability durability;
    fc_direct_log direct_log;
    uint64_t batch_interval_us; // `batched`
    uint64_t file_bytes;        // seal size; 0: 64 MiB
    bool compress;              // LZ4 for payloads above a small size
    void *context;
    // Called for each block in order while opening. An error stops the opening with it.
    fc_status (*replay)(void *context, const fc_block *block, fc_detail *detail);
    // Called when everything up to `sequence` may be published, in rising order, before any waiter
    // of those blocks returns. Not called during fc_log_open, nor with any log lock held but the
    // one that keeps these calls in order. At `full` it may be called from within fc_log_wait,
    // fc_log_sync, fc_log_close and (when a file is full) fc_log_append; at the other levels only
    // from fc_log_append. May be NULL.
    void (*publish)(void *context, uint64_t sequence);
} fc_log_options;

// Opens, recovers, and takes LOCK (read-write only). On an error nothing is left open or locked.
FC_MUST_USE fc_status fc_log_open(const fc_log_options *options, fc_log **out, fc_detail *detail);
// Waits for what is in flight, writes and syncs what is gathered, makes the clean mark durable, and
// gives back the lock. Frees the log whatever it returns; the status tells whether the close was
// clean. After poisoning it writes nothing more. REQUIRES: no other call is inside the log.
FC_MUST_USE fc_status fc_log_close(fc_log *log, fc_detail *detail);

// What a transaction hands over.
typedef struct fc_block_draft {
    int64_t wall_time_us;
    uint32_t operation_count;
    uint64_t row_count;
    fc_bytes payload; // canonical; borrowed for the call
} fc_block_draft;

// Encodes the block as the next in the chain, reserves its log space, and enqueues it. After an
// error nothing has changed: FC_STATUS_POISONED concerns all transactions, any other status
// (FC_STATUS_NO_SPACE, FC_STATUS_OUT_OF_MEMORY, FC_STATUS_IO at the reservation) this one alone.
// At `batched` and `none` the block counts as published when this returns (`publish` is called by
// the log before it returns).
FC_MUST_USE fc_status fc_log_append(fc_log *log, const fc_block_draft *draft,
                                    fc_block_header *out_header, fc_detail *detail);
// Waits until `sequence` is durable; a waiting thread may lead the group's write and sync.
// FC_STATUS_COMMIT_OUTCOME_UNKNOWN when its group failed (detail: sequence and block).
FC_MUST_USE fc_status fc_log_wait(fc_log *log, uint64_t sequence, const fc_hash128 *block_id,
                                  fc_detail *detail);
// Makes everything appended so far durable, at every level, and raises the manifest's floor to it.
FC_MUST_USE fc_status fc_log_sync(fc_log *log, fc_detail *detail);

typedef struct fc_log_state {
    uint8_t store_id[16];
    uint64_t last_sequence;    // appended
    uint64_t durable_sequence; // survives power loss
    fc_hash128 last_id;
    bool is_poisoned, is_read_only;
    int poison_error;                  // errno
    uint64_t file_number, file_offset; // where the next group will begin
    uint64_t rotations, groups, bytes_written, syncs, recovered_blocks, quarantined_bytes;
    uint64_t direct_groups, filled_bytes; // groups written directly, zeros written ahead
    bool is_direct;                       // the active file takes direct writes
    // READ_ONLY_PREFIX: the fault that ended the prefix (FC_STATUS_OK: none), and where.
    fc_status fault;
    fc_detail fault_detail;
} fc_log_state;
fc_log_state fc_log_read_state(fc_log *log);

// The journal: blocks with sequence > `since`, up to what is published when the cursor is opened.
// Reads from the files (gathered blocks are written first); every checksum and link is checked. A
// cursor may be closed after the log, but the directory has to be there. A cursor is used by one thread at a time.
typedef struct fc_log_cursor fc_log_cursor;
FC_MUST_USE fc_status fc_log_cursor_open(fc_log *log, uint64_t since, fc_log_cursor **out,
                                         fc_detail *detail);
// *out_found false at the end. The block is borrowed until the next call.
FC_MUST_USE fc_status fc_log_cursor_next(fc_log_cursor *cursor, bool *out_found,
                                         fc_block *out_block, fc_detail *detail);
void fc_log_cursor_close(fc_log_cursor *cursor);
#endif
