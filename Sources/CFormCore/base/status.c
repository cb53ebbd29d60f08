#include "status.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *fc_status_name(fc_status status) {
    switch (status) {
    case FC_STATUS_OK:
        return "ok";
    case FC_STATUS_INVALID_ARGUMENT:
        return "invalid_argument";
    case FC_STATUS_NOT_FOUND:
        return "not_found";
    case FC_STATUS_ALREADY_EXISTS:
        return "already_exists";
    case FC_STATUS_CLOSED:
        return "closed";
    case FC_STATUS_READ_ONLY:
        return "read_only";
    case FC_STATUS_TOO_LARGE:
        return "too_large";
    case FC_STATUS_INVALID_COORDINATE:
        return "invalid_coordinate";
    case FC_STATUS_UNSUPPORTED_GEOMETRY:
        return "unsupported_geometry";
    case FC_STATUS_IDS_EXHAUSTED:
        return "ids_exhausted";
    case FC_STATUS_FIELD_MISMATCH:
        return "field_mismatch";
    case FC_STATUS_REENTRANT:
        return "reentrant";
    case FC_STATUS_CANCELLED:
        return "cancelled";
    case FC_STATUS_IO:
        return "io";
    case FC_STATUS_NO_SPACE:
        return "no_space";
    case FC_STATUS_LOCKED:
        return "locked";
    case FC_STATUS_POISONED:
        return "poisoned";
    case FC_STATUS_COMMIT_OUTCOME_UNKNOWN:
        return "commit_outcome_unknown";
    case FC_STATUS_MISSING_FILE:
        return "missing_file";
    case FC_STATUS_UNSUPPORTED:
        return "unsupported";
    case FC_STATUS_CORRUPT:
        return "corrupt";
    case FC_STATUS_NOT_OURS:
        return "not_ours";
    case FC_STATUS_TOO_OLD:
        return "too_old";
    case FC_STATUS_TOO_NEW:
        return "too_new";
    case FC_STATUS_MALFORMED:
        return "malformed";
    case FC_STATUS_OUT_OF_MEMORY:
        return "out_of_memory";
    }
    return "unknown";
}

// Cuts off a UTF-8 sequence that truncation left incomplete at the end of `text`.
static void trim_partial_character(char *text) {
    size_t length = strlen(text), start = length;
    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0) return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    if (length - start < wanted) text[start - 1] = '\0';
}

fc_status fc_fail(fc_detail *detail, fc_status status, const char *format, ...) {
    if (detail == NULL) return status;
    // Formatted aside: an argument may point into *detail itself.
    char message[sizeof detail->message];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (length < 0) message[0] = '\0';
    if (length >= (int)sizeof message) trim_partial_character(message);
    memset(detail, 0, sizeof *detail);
    memcpy(detail->message, message, strlen(message) + 1);
    return status;
}
