// The loops that every caller of the table needs around short transfers and EINTR; what a name is.
#include "os.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "os_internal.h"

// A unit that is cut short this often is then continued from the very byte, so that a system that
// always stops inside it (a file size limit, say) gets to say why instead of keeping us here.
enum { CUT_SHORT_MAX = 8, NAME_BYTES_MAX = 255 };

bool fc_os_name_is_valid(const char *name) {
    size_t length = strlen(name);
    return length > 0 && length <= NAME_BYTES_MAX && strchr(name, '/') == NULL &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool interrupted(fc_status status, int error) {
    return status == FC_STATUS_IO && error == EINTR;
}

fc_status fc_os_read_all(const fc_os *os, fc_file *file, uint64_t offset, void *bytes,
                         size_t length, size_t *out_length, int *out_error) {
    size_t done = 0;
    while (done < length) {
        size_t part = 0;
        int error = 0;
        fc_status status = os->read_at(os->context, file, offset + done, (uint8_t *)bytes + done,
                                       length - done, &part, &error);
        if (interrupted(status, error)) continue;
        if (status != FC_STATUS_OK) {
            if (out_error != NULL) *out_error = error;
            return status;
        }
        assert(part <= length - done);
        if (part == 0) break; // the end of the file
        done += part;
    }
    *out_length = done;
    return FC_STATUS_OK;
}

fc_status fc_os_write_all(const fc_os *os, fc_file *file, uint64_t offset, const void *bytes,
                          size_t length, size_t alignment, int *out_error) {
    assert(alignment != 0 && (alignment & (alignment - 1)) == 0);
    size_t done = 0;
    int cut_short_count = 0;
    while (done < length) {
        size_t part = 0;
        int error = 0;
        fc_status status =
            os->write_at(os->context, file, offset + done, (const uint8_t *)bytes + done,
                         length - done, &part, &error);
        if (interrupted(status, error)) continue;
        if (status == FC_STATUS_OK && part == 0 && ++cut_short_count > CUT_SHORT_MAX) {
            status = FC_STATUS_IO;
            error = EIO;
        }
        if (status != FC_STATUS_OK) {
            if (out_error != NULL) *out_error = error;
            return status;
        }
        assert(part <= length - done);
        size_t reached = done + part;
        uint64_t overhang = (offset + reached) & (alignment - 1);
        if (reached < length && overhang != 0 && cut_short_count < CUT_SHORT_MAX) {
            size_t aligned = overhang < reached ? reached - (size_t)overhang : 0;
            assert(aligned >= done); // `done` is 0 or aligned, as long as we come here
            cut_short_count = aligned > done ? 0 : cut_short_count + 1;
            done = aligned;
        } else {
            if (part > 0 && overhang == 0) cut_short_count = 0;
            done = reached;
        }
    }
    return FC_STATUS_OK;
}

fc_status fc_os_sync(const fc_os *os, fc_file *file, int *out_error) {
    for (;;) {
        int error = 0;
        fc_status status = os->sync_file(os->context, file, &error);
        if (interrupted(status, error)) continue;
        if (status != FC_STATUS_OK && out_error != NULL) *out_error = error;
        return status;
    }
}
