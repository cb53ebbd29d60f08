// The one status code of the core, in bands that tell who has to act.
//
// Codes are stable: they are never renumbered or reused, because hosts may log them.
#ifndef FC_BASE_STATUS_H
#define FC_BASE_STATUS_H

#define FC_MUST_USE __attribute__((warn_unused_result))

typedef enum fc_status {
    FC_STATUS_OK = 0,

    // 1xx: the caller asked for something that cannot be done; nothing changed.
    FC_STATUS_INVALID_ARGUMENT = 100, // a malformed argument; the message says which
    FC_STATUS_NOT_FOUND = 101,        // no such collection, series, feature, block
    FC_STATUS_ALREADY_EXISTS = 102,   // insert of an id or a name that exists
    FC_STATUS_CLOSED = 103,           // the store is closed or closing
    FC_STATUS_READ_ONLY = 104,        // a write on a read-only store or transaction
    FC_STATUS_TOO_LARGE = 105,        // a stated limit would be exceeded
    FC_STATUS_INVALID_COORDINATE = 106,
    FC_STATUS_UNSUPPORTED_GEOMETRY = 107, // a question that this geometry type cannot answer yet
    FC_STATUS_IDS_EXHAUSTED = 108,
    FC_STATUS_FIELD_MISMATCH = 109, // points with other fields than the series has
    FC_STATUS_REENTRANT = 110,      // a write transaction inside a write transaction
    FC_STATUS_CANCELLED = 111,

    // 2xx: the system said no.
    FC_STATUS_IO = 200,                     // errno in the detail
    FC_STATUS_NO_SPACE = 201,               // this transaction failed; the store goes on
    FC_STATUS_LOCKED = 202,                 // another writer has the store
    FC_STATUS_POISONED = 203,               // an earlier write or sync failed; reopen to recover
    FC_STATUS_COMMIT_OUTCOME_UNKNOWN = 204, // this commit's write or sync failed
    FC_STATUS_MISSING_FILE = 205,           // open of a file that does not exist
    FC_STATUS_UNSUPPORTED = 206,            // the system (or table) cannot do this

    // 3xx: the bytes are not what they should be.
    FC_STATUS_CORRUPT = 300,
    FC_STATUS_NOT_OURS = 301,  // not a FormDB file at all
    FC_STATUS_TOO_OLD = 302,   // a format that this version no longer reads
    FC_STATUS_TOO_NEW = 303,   // a format, tag or codec that this version does not know yet
    FC_STATUS_MALFORMED = 304, // input from outside that is not well formed

    // 4xx: resources.
    FC_STATUS_OUT_OF_MEMORY = 400,
} fc_status;

// Where and why something failed; filled beside a status that is not OK. Plain data, no ownership.
typedef struct fc_detail {
    char message[256];           // a sentence in English; NUL-terminated
    char file[128];              // the file's name inside the store's directory, or empty
    unsigned long long offset;   // byte offset inside that file
    unsigned long long sequence; // the sequence number concerned, or 0
    unsigned char block[16];     // the block id concerned, or zeros
    int system_error;            // errno, or 0
} fc_detail;

// Empties what tells which parts are there: a call that fails may leave the detail as it is.
static inline void fc_detail_clear(fc_detail *detail) {
    detail->message[0] = detail->file[0] = 0;
    detail->offset = detail->sequence = 0;
    for (int i = 0; i < 16; i++)
        detail->block[i] = 0;
    detail->system_error = 0;
}

// The stable name of a status, e.g. "corrupt". Never NULL.
const char *fc_status_name(fc_status status);

// Fills *detail (which may be NULL) by a printf format; returns `status`, so that failures read
// `return fc_fail(detail, FC_STATUS_CORRUPT, "group %llu …", n)`. Clears the other fields.
fc_status fc_fail(fc_detail *detail, fc_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#endif
