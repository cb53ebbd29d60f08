// One pass over the log's files at opening: each header, group and block checked, each link
// followed, each block replayed.
#include <string.h>

#include "log_internal.h"

void fc_log_walk_init(fc_log_walk *walk, fc_log *log) {
    memset(walk, 0, sizeof *walk);
    walk->log = log;
    walk->disk = log->disk;
    walk->limit = UINT64_MAX;
    fc_manifest_init(&walk->found, &log->disk.os->memory);
    fc_buffer_init(&walk->scratch, &log->disk.os->memory);
}

static void release_kept(fc_log_walk *walk, size_t count) {
    const fc_allocator *memory = &walk->disk.os->memory;
    for (size_t i = 0; i < count; i++)
        memory->release(memory->context, walk->kept[i].bytes, (size_t)walk->kept[i].header.length);
    walk->kept_count -= count;
    if (walk->kept_count > 0)
        memmove(walk->kept, walk->kept + count, walk->kept_count * sizeof *walk->kept);
}

void fc_log_walk_deinit(fc_log_walk *walk) {
    const fc_allocator *memory = &walk->disk.os->memory;
    release_kept(walk, walk->kept_count);
    if (walk->kept != NULL)
        memory->release(memory->context, walk->kept, walk->kept_capacity * sizeof *walk->kept);
    fc_log_scan_close(&walk->newest);
    fc_manifest_deinit(&walk->found);
    fc_buffer_deinit(&walk->scratch);
}

fc_status fc_log_walk_read_manifest(fc_log_walk *walk, fc_detail *detail) {
    fc_status status = fc_manifest_file_read(walk->disk, &walk->found, detail);
    if (status != FC_STATUS_OK) return status;
    walk->named_count = walk->found.file_count;
    walk->durable = walk->found.floor_sequence;
    memcpy(walk->chain.store_id, walk->found.store_id, 16);
    return FC_STATUS_OK;
}

// Adds a file by its header, which sets the end of the one before it.
static fc_status add_by_header(fc_log_walk *walk, uint64_t number, fc_detail *detail) {
    fc_log_scan scan;
    fc_status status = fc_log_scan_open(&scan, walk->disk, number, walk->found.store_id, detail);
    if (status != FC_STATUS_OK) return status;
    fc_log_file_header header = scan.header;
    fc_log_scan_close(&scan);
    fc_manifest_log_file *before = fc_manifest_active_file(&walk->found);
    if (header.previous_number != before->number ||
        header.first_sequence < before->first_sequence) {
        fc_fail(detail, FC_STATUS_CORRUPT, "the log file does not continue the one before it");
        return fc_log_fail_at(detail, FC_STATUS_CORRUPT, scan.name, 0, 0);
    }
    fc_manifest_log_file file = {
        .number = number,
        .first_sequence = header.first_sequence,
    };
    status = fc_manifest_add_file(&walk->found, &file);
    if (status != FC_STATUS_OK) return fc_fail(detail, status, "no memory for the log's files");
    before = fc_manifest_active_file(&walk->found) - 1;
    before->last_sequence = header.first_sequence - 1;
    before->last_id = header.previous_id;
    before->end_offset = header.previous_end;
    return FC_STATUS_OK;
}

fc_status fc_log_walk_add_unnamed(fc_log_walk *walk, const fc_log_listing *listing,
                                  size_t count_max, fc_detail *detail) {
    uint64_t next = fc_manifest_active_file(&walk->found)->number + 1;
    for (size_t i = 0; i < listing->count; i++) {
        uint64_t number = listing->numbers[i];
        if (number < next) continue;
        if (number > next || count_max == 0) {
            char name[FC_LOG_FILE_NAME_BYTES];
            fc_log_file_name(number, name);
            fc_fail(detail, FC_STATUS_CORRUPT,
                    "the log file is not in the manifest and is not the next one");
            return fc_log_fail_at(detail, FC_STATUS_CORRUPT, name, 0, 0);
        }
        fc_status status = add_by_header(walk, number, detail);
        if (status != FC_STATUS_OK) return status;
        count_max--;
        next++;
    }
    return FC_STATUS_OK;
}

// Gives a block to the host, unless an earlier attempt at reading did.
static fc_status replay(fc_log_walk *walk, const fc_block *block, fc_detail *detail) {
    const fc_block_header *header = &block->header;
    if (header->sequence <= walk->replayed_sequence) {
        if (header->sequence < walk->replayed_sequence ||
            fc_hash128_equal(&header->id, &walk->replayed_id))
            return FC_STATUS_OK;
        return fc_fail(detail, FC_STATUS_CORRUPT, "block %llu has changed while it was read",
                       (unsigned long long)header->sequence);
    }
    const fc_log_options *options = &walk->log->options;
    if (options->replay != NULL) {
        fc_status status = options->replay(options->context, block, detail);
        if (status != FC_STATUS_OK) {
            walk->replay_failed = true;
            return status;
        }
    }
    walk->replayed_sequence = header->sequence;
    walk->replayed_id = header->id;
    return FC_STATUS_OK;
}

static fc_status fail_at(const fc_log_scan *scan, uint64_t offset, fc_status status,
                         fc_detail *detail) {
    return fc_log_fail_at(detail, status, scan->name, offset, 0);
}

// The blocks of one valid group, up to the limit.
static fc_status walk_group(fc_log_walk *walk, const fc_log_scan *scan, uint64_t offset,
                            const uint8_t *bytes, const fc_group_header *header,
                            fc_detail *detail) {
    if (header->first_sequence - 1 != walk->chain.last_sequence) {
        fc_fail(detail, FC_STATUS_CORRUPT, "a group begins with block %llu, not %llu",
                (unsigned long long)header->first_sequence,
                (unsigned long long)walk->chain.last_sequence + 1);
        return fail_at(scan, offset, FC_STATUS_CORRUPT, detail);
    }
    fc_log_blocks blocks = fc_log_blocks_of(bytes, header);
    while (walk->chain.last_sequence < walk->limit) {
        bool found = false;
        fc_block block;
        uint64_t at = offset + blocks.at;
        fc_status status =
            fc_log_blocks_next(&blocks, &walk->chain, &walk->scratch, &found, &block, detail);
        if (status != FC_STATUS_OK) return fail_at(scan, at, status, detail);
        if (!found) break;
        const fc_manifest *found_manifest = &walk->found;
        if (block.header.sequence == found_manifest->floor_sequence &&
            !fc_hash128_equal(&block.header.id, &found_manifest->floor_id)) {
            fc_fail(detail, FC_STATUS_CORRUPT, "block %llu is not the one in the manifest",
                    (unsigned long long)block.header.sequence);
            return fail_at(scan, at, FC_STATUS_CORRUPT, detail);
        }
        status = replay(walk, &block, detail);
        if (walk->replay_failed && detail != NULL && detail->file[0] == 0)
            fail_at(scan, at, status, detail);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

// Keeps the bytes that were checked: if this group is to be copied, they are what is copied.
static fc_status keep_group(fc_log_walk *walk, uint64_t offset, const uint8_t *bytes,
                            const fc_group_header *header, const fc_hash128 *previous_id,
                            fc_detail *detail) {
    if (header->durable_through > walk->durable) walk->durable = header->durable_through;
    if (!walk->keep_all) {
        size_t old = 0;
        while (old < walk->kept_count && walk->kept[old].last_sequence <= walk->durable)
            old++;
        if (old > 0) release_kept(walk, old);
        if (walk->chain.last_sequence <= walk->durable) return FC_STATUS_OK;
    }
    const fc_allocator *memory = &walk->disk.os->memory;
    if (walk->kept_count == walk->kept_capacity) {
        size_t capacity = walk->kept_capacity * 2 + 8, size = sizeof *walk->kept;
        fc_log_kept_group *kept = fc_allocate_cleared(memory, capacity, size);
        if (kept == NULL) return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory to recover");
        if (walk->kept_count > 0) memcpy(kept, walk->kept, walk->kept_count * size);
        memory->release(memory->context, walk->kept, walk->kept_capacity * size);
        walk->kept = kept;
        walk->kept_capacity = capacity;
    }
    uint8_t *copy = memory->allocate(memory->context, (size_t)header->length);
    if (copy == NULL) return fc_fail(detail, FC_STATUS_OUT_OF_MEMORY, "no memory to recover");
    memcpy(copy, bytes, (size_t)header->length);
    walk->kept[walk->kept_count++] = (fc_log_kept_group){
        .offset = offset,
        .header = *header,
        .last_sequence = walk->chain.last_sequence,
        .previous_id = *previous_id,
        .bytes = copy,
    };
    return FC_STATUS_OK;
}

// Whether the header agrees with what is known of the file, and continues the chain.
static fc_status check_header(const fc_log_walk *walk, const fc_log_scan *scan, size_t index,
                              fc_detail *detail) {
    const fc_manifest_log_file *file = &walk->found.files[index];
    const fc_log_file_header *header = &scan->header;
    bool fits = header->first_sequence == file->first_sequence &&
                header->first_sequence - 1 == walk->chain.last_sequence &&
                fc_hash128_equal(&header->previous_id, &walk->chain.last_id);
    if (index > 0) fits = fits && header->previous_end == file[-1].end_offset;
    if (fits) return FC_STATUS_OK;
    fc_fail(detail, FC_STATUS_CORRUPT, "the log file does not continue the one before it");
    return fail_at(scan, 0, FC_STATUS_CORRUPT, detail);
}

// After a sealed file: whether it held what its successor or the manifest says.
static fc_status check_sealed(const fc_log_walk *walk, const fc_log_scan *scan, size_t index,
                              uint64_t offset, fc_detail *detail) {
    const fc_manifest_log_file *file = &walk->found.files[index];
    bool marked = walk->found.clean_number == file->number;
    if (offset == file->end_offset && walk->chain.last_sequence == file->last_sequence &&
        fc_hash128_equal(&walk->chain.last_id, &file->last_id) &&
        !(marked && walk->found.clean_end > offset))
        return FC_STATUS_OK;
    fc_fail(detail, FC_STATUS_CORRUPT,
            "the log file is not valid to its recorded end, offset %llu, block %llu",
            (unsigned long long)file->end_offset, (unsigned long long)file->last_sequence);
    return fail_at(scan, offset, FC_STATUS_CORRUPT, detail);
}

// The groups of one file up to `end`; *out_offset is where they stop.
static fc_status walk_groups(fc_log_walk *walk, fc_log_scan *scan, bool is_newest, uint64_t end,
                             uint64_t *out_offset, fc_detail *detail) {
    uint64_t offset = scan->header.alignment, number = 0;
    *out_offset = offset;
    while (offset < end && walk->chain.last_sequence < walk->limit) {
        bool valid = false;
        fc_group_header header;
        const uint8_t *bytes = NULL;
        fc_status status = fc_log_scan_group(scan, offset, end, &valid, &header, &bytes, detail);
        if (status != FC_STATUS_OK) return status;
        if (!valid) break;
        if (header.number != ++number) {
            fc_fail(detail, FC_STATUS_CORRUPT, "a group has the number %llu, not %llu",
                    (unsigned long long)header.number, (unsigned long long)number);
            return fail_at(scan, offset, FC_STATUS_CORRUPT, detail);
        }
        fc_hash128 previous_id = walk->chain.last_id;
        status = walk_group(walk, scan, offset, bytes, &header, detail);
        if (status != FC_STATUS_OK) return status;
        if (is_newest && walk->log->options.access == FC_ACCESS_READ_WRITE) {
            status = keep_group(walk, offset, bytes, &header, &previous_id, detail);
            if (status != FC_STATUS_OK) return status;
        }
        offset += header.length;
        *out_offset = offset;
        if (is_newest) walk->newest_group_count = number;
    }
    return FC_STATUS_OK;
}

static fc_status walk_file(fc_log_walk *walk, size_t index, fc_detail *detail) {
    const fc_manifest_log_file *file = &walk->found.files[index];
    bool is_newest = index + 1 == walk->found.file_count;
    fc_log_scan scan;
    fc_status status =
        fc_log_scan_open(&scan, walk->disk, file->number, walk->found.store_id, detail);
    if (status == FC_STATUS_MISSING_FILE) {
        char name[FC_LOG_FILE_NAME_BYTES];
        fc_log_file_name(file->number, name);
        fc_fail(detail, FC_STATUS_CORRUPT, "a log file that belongs to the store is missing");
        return fc_log_fail_at(detail, FC_STATUS_CORRUPT, name, 0, 0);
    }
    if (status != FC_STATUS_OK) return status;
    uint64_t offset = 0;
    status = check_header(walk, &scan, index, detail);
    if (status == FC_STATUS_OK)
        status = walk_groups(walk, &scan, is_newest, is_newest ? scan.size : file->end_offset,
                             &offset, detail);
    if (status == FC_STATUS_OK && !is_newest)
        status = check_sealed(walk, &scan, index, offset, detail);
    if (status == FC_STATUS_OK && is_newest) {
        walk->newest = scan;
        walk->newest_end = offset;
    } else {
        fc_log_scan_close(&scan);
    }
    return status;
}

fc_status fc_log_walk_files(fc_log_walk *walk, fc_detail *detail) {
    for (size_t i = 0; i < walk->found.file_count; i++) {
        fc_status status = walk_file(walk, i, detail);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

fc_status fc_log_walk_judge_rest(fc_log_walk *walk, fc_log_rest *out, fc_detail *detail) {
    const fc_manifest *found = &walk->found;
    uint64_t offset = walk->newest_end, last = walk->chain.last_sequence;
    fc_log_rest rest;
    fc_status status = fc_log_scan_rest(&walk->newest, offset, &rest, detail);
    if (status != FC_STATUS_OK) return status;
    bool marked = found->clean_number == walk->newest.header.number;
    if (rest.durable_through > last || found->floor_sequence > last ||
        (marked && found->clean_end > offset)) {
        fc_fail(detail, FC_STATUS_CORRUPT,
                "the log ends with block %llu, but a later one is known to have been durable",
                (unsigned long long)last);
        return fail_at(&walk->newest, offset, FC_STATUS_CORRUPT, detail);
    }
    if (rest.durable_through > walk->durable) walk->durable = rest.durable_through;
    *out = rest;
    return FC_STATUS_OK;
}
