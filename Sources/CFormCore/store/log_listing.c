// What the store's directory holds, by name.
#include <stdio.h>
#include <string.h>

#include "log_internal.h"

static bool ends_in_tmp(const char *name) {
    size_t length = strlen(name);
    return length >= 4 && strcmp(name + length - 4, ".tmp") == 0;
}

static bool add_number(fc_log_listing *listing, uint64_t number) {
    if (listing->count == listing->capacity) {
        const fc_allocator *memory = listing->memory;
        size_t capacity = listing->capacity * 2 + 16, size = sizeof *listing->numbers;
        uint64_t *numbers = fc_allocate_cleared(memory, capacity, size);
        if (numbers == NULL) return false;
        if (listing->count > 0) memcpy(numbers, listing->numbers, listing->count * size);
        memory->release(memory->context, listing->numbers, listing->capacity * size);
        listing->numbers = numbers;
        listing->capacity = capacity;
    }
    // Kept in order; names mostly come in order or nearly so.
    size_t at = listing->count++;
    for (; at > 0 && listing->numbers[at - 1] > number; at--)
        listing->numbers[at] = listing->numbers[at - 1];
    listing->numbers[at] = number;
    return true;
}

static bool visit_name(void *visitor, const char *name) {
    fc_log_listing *listing = visitor;
    uint64_t number = 0;
    if (fc_log_file_parse_name(name, &number)) {
        listing->out_of_memory = !add_number(listing, number);
        return !listing->out_of_memory;
    }
    if (strcmp(name, FC_MANIFEST_NAME) == 0)
        listing->has_manifest = true;
    else if (strcmp(name, FC_LOG_QUARANTINE_NAME) == 0)
        listing->has_quarantine = true;
    else if (strcmp(name, FC_LOG_LOCK_NAME) != 0 && !ends_in_tmp(name) && name[0] != '.' &&
             listing->foreign[0] == 0)
        snprintf(listing->foreign, sizeof listing->foreign, "%s", name);
    return true;
}

fc_status fc_log_listing_read(fc_log_disk disk, fc_log_listing *out, fc_detail *detail) {
    fc_log_listing listing = {.memory = &disk.os->memory};
    fc_status status =
        disk.os->list_directory(disk.os->context, disk.directory, visit_name, &listing);
    if (status == FC_STATUS_OK && listing.out_of_memory) status = FC_STATUS_OUT_OF_MEMORY;
    if (status != FC_STATUS_OK) {
        fc_log_listing_deinit(&listing);
        return fc_fail(detail, status, "cannot list the store's directory");
    }
    *out = listing;
    return FC_STATUS_OK;
}

void fc_log_listing_deinit(fc_log_listing *listing) {
    if (listing->numbers != NULL)
        listing->memory->release(listing->memory->context, listing->numbers,
                                 listing->capacity * sizeof *listing->numbers);
    listing->numbers = NULL;
    listing->count = listing->capacity = 0;
}

fc_status fc_log_listing_judge_creation(const fc_log_listing *listing, fc_log_disk disk,
                                        fc_detail *detail) {
    if (listing->count == 0 && !listing->has_quarantine) {
        if (listing->foreign[0] == 0) return FC_STATUS_OK;
        return fc_fail(detail, FC_STATUS_NOT_OURS,
                       "the directory has no MANIFEST but holds \"%s\": not a FormDB store",
                       listing->foreign);
    }
    bool is_unfinished = listing->count == 1 && listing->numbers[0] == 1 &&
                         !listing->has_quarantine && listing->foreign[0] == 0;
    if (is_unfinished) {
        fc_log_scan scan;
        fc_log_rest rest = {0, 0};
        fc_status status = fc_log_scan_open(&scan, disk, 1, NULL, detail);
        if (status != FC_STATUS_OK) return status;
        status = fc_log_scan_rest(&scan, scan.header.alignment, &rest, detail);
        is_unfinished = rest.nonzero_end == scan.header.alignment;
        fc_log_scan_close(&scan);
        if (status != FC_STATUS_OK || is_unfinished) return status;
    }
    fc_fail(detail, FC_STATUS_CORRUPT, "the directory has log files but no MANIFEST");
    return fc_log_fail_at(detail, FC_STATUS_CORRUPT, FC_MANIFEST_NAME, 0, 0);
}
