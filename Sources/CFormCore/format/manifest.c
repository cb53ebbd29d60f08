#include "manifest.h"

#include <string.h>

#include "../base/bytes.h"
#include "log_file.h"

enum {
    MAGIC_AT = 0,
    READ_VERSION_AT = 8,
    WRITE_VERSION_AT = 10,
    LENGTH_AT = 12,
    CHECKSUM_AT = 16,
    STORE_ID_AT = 24,
    NUMBER_AT = 40,
    FLOOR_SEQUENCE_AT = 48,
    FLOOR_ID_AT = 56,
    CLEAN_NUMBER_AT = 72,
    CLEAN_END_AT = 80,
    FILE_COUNT_AT = 88,
};

static const uint8_t magic[8] = {'F', 'o', 'r', 'm', 'D', 'B', 'M', 'f'};

void fc_manifest_init(fc_manifest *manifest, const fc_allocator *memory) {
    memset(manifest, 0, sizeof *manifest);
    manifest->memory = memory;
    manifest->version_to_read = FC_MANIFEST_VERSION;
    manifest->version_to_write = FC_MANIFEST_VERSION;
}

void fc_manifest_deinit(fc_manifest *manifest) {
    const fc_allocator *memory = manifest->memory;
    memory->release(memory->context, manifest->files,
                    manifest->file_capacity * sizeof *manifest->files);
    fc_manifest_init(manifest, memory);
}

static fc_status reserve_files(fc_manifest *manifest, size_t capacity) {
    if (capacity <= manifest->file_capacity) return FC_STATUS_OK;
    const fc_allocator *memory = manifest->memory;
    void *files = fc_allocate_cleared(memory, capacity, sizeof *manifest->files);
    if (files == NULL) return FC_STATUS_OUT_OF_MEMORY;
    if (manifest->file_count > 0)
        memcpy(files, manifest->files, manifest->file_count * sizeof *manifest->files);
    memory->release(memory->context, manifest->files,
                    manifest->file_capacity * sizeof *manifest->files);
    manifest->files = files;
    manifest->file_capacity = capacity;
    return FC_STATUS_OK;
}

fc_status fc_manifest_copy(const fc_manifest *manifest, fc_manifest *out) {
    // Room for one more: copies are made to add a file.
    fc_status status = reserve_files(out, manifest->file_count + 1);
    if (status != FC_STATUS_OK) return status;
    fc_manifest_log_file *files = out->files;
    size_t capacity = out->file_capacity;
    const fc_allocator *memory = out->memory;
    if (manifest->file_count > 0)
        memcpy(files, manifest->files, manifest->file_count * sizeof *files);
    *out = *manifest;
    out->memory = memory;
    out->files = files;
    out->file_capacity = capacity;
    return FC_STATUS_OK;
}

fc_status fc_manifest_add_file(fc_manifest *manifest, const fc_manifest_log_file *file) {
    if (manifest->file_count == manifest->file_capacity) {
        fc_status status = reserve_files(manifest, manifest->file_capacity * 2 + 4);
        if (status != FC_STATUS_OK) return status;
    }
    manifest->files[manifest->file_count++] = *file;
    return FC_STATUS_OK;
}

fc_manifest_log_file *fc_manifest_active_file(const fc_manifest *manifest) {
    return &manifest->files[manifest->file_count - 1];
}

static uint64_t manifest_checksum(const uint8_t *bytes, size_t length) {
    static const uint8_t zeros[8];
    const struct fc_hash_piece pieces[] = {
        {magic, sizeof magic},
        {bytes + READ_VERSION_AT, CHECKSUM_AT - READ_VERSION_AT},
        {zeros, sizeof zeros},
        {bytes + STORE_ID_AT, length - STORE_ID_AT},
    };
    return fc_hash64_pieces(pieces, 4, 0);
}

fc_status fc_manifest_encode(const fc_manifest *manifest, fc_buffer *out) {
    size_t length =
        FC_MANIFEST_HEADER_BYTES + manifest->file_count * (size_t)FC_MANIFEST_LOG_FILE_BYTES;
    if (length > FC_MANIFEST_LENGTH_MAX) return FC_STATUS_TOO_LARGE;
    size_t start = out->length;
    fc_status status = fc_buffer_append_zeros(out, length);
    if (status != FC_STATUS_OK) return status;
    uint8_t *bytes = out->data + start;
    memcpy(bytes + MAGIC_AT, magic, sizeof magic);
    fc_store_u16(bytes + READ_VERSION_AT, manifest->version_to_read);
    fc_store_u16(bytes + WRITE_VERSION_AT, manifest->version_to_write);
    fc_store_u32(bytes + LENGTH_AT, (uint32_t)length);
    memcpy(bytes + STORE_ID_AT, manifest->store_id, 16);
    fc_store_u64(bytes + NUMBER_AT, manifest->number);
    fc_store_u64(bytes + FLOOR_SEQUENCE_AT, manifest->floor_sequence);
    memcpy(bytes + FLOOR_ID_AT, manifest->floor_id.bytes, 16);
    fc_store_u64(bytes + CLEAN_NUMBER_AT, manifest->clean_number);
    fc_store_u64(bytes + CLEAN_END_AT, manifest->clean_end);
    fc_store_u32(bytes + FILE_COUNT_AT, (uint32_t)manifest->file_count);
    uint8_t *at = bytes + FC_MANIFEST_HEADER_BYTES;
    for (size_t i = 0; i < manifest->file_count; i++, at += FC_MANIFEST_LOG_FILE_BYTES) {
        const fc_manifest_log_file *file = &manifest->files[i];
        fc_store_u64(at, file->number);
        fc_store_u64(at + 8, file->first_sequence);
        fc_store_u64(at + 16, file->last_sequence);
        fc_store_u64(at + 24, file->end_offset);
        memcpy(at + 32, file->last_id.bytes, 16);
    }
    fc_store_u64(bytes + CHECKSUM_AT, manifest_checksum(bytes, length));
    return FC_STATUS_OK;
}

// Magic, length, checksum and versions: what every version of the manifest keeps in place.
static fc_status check_envelope(fc_bytes bytes, fc_detail *detail) {
    size_t known = bytes.length < sizeof magic ? bytes.length : sizeof magic;
    bool has_magic = memcmp(bytes.data, magic, known) == 0;
    bool has_checksum =
        bytes.length >= FC_MANIFEST_HEADER_BYTES &&
        fc_load_u32(bytes.data + LENGTH_AT) == bytes.length &&
        fc_load_u64(bytes.data + CHECKSUM_AT) == manifest_checksum(bytes.data, bytes.length);
    if (!has_magic && !has_checksum)
        return fc_fail(detail, FC_STATUS_NOT_OURS, "the file is not a FormDB manifest");
    if (!has_magic)
        return fc_fail(detail, FC_STATUS_CORRUPT, "the manifest's first bytes are damaged");
    if (!has_checksum)
        return fc_fail(detail, FC_STATUS_CORRUPT,
                       "the manifest's length or checksum does not match");
    unsigned to_read = fc_load_u16(bytes.data + READ_VERSION_AT);
    if (to_read > FC_MANIFEST_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_NEW,
                       "the store has format version %u; this program knows %d", to_read,
                       FC_MANIFEST_VERSION);
    if (to_read < FC_MANIFEST_VERSION)
        return fc_fail(detail, FC_STATUS_TOO_OLD,
                       "the store has format version %u, which is no longer read", to_read);
    return FC_STATUS_OK;
}

// Whether entry `i` continues the one before it.
static bool file_fits(const fc_manifest *manifest, size_t i) {
    const fc_manifest_log_file *file = &manifest->files[i];
    const fc_manifest_log_file *before = i > 0 ? file - 1 : NULL;
    if (file->number != i + 1) return false;
    if (file->first_sequence != (before != NULL ? before->last_sequence + 1 : 1)) return false;
    if (i + 1 == manifest->file_count) {
        static const fc_hash128 none;
        return file->end_offset == 0 && file->last_sequence == 0 &&
               fc_hash128_equal(&file->last_id, &none);
    }
    return file->end_offset >= FC_LOG_FILE_HEADER_BYTES &&
           file->end_offset % FC_LOG_FILE_ALIGNMENT == 0 &&
           file->last_sequence >= file->first_sequence - 1 && file->last_sequence < UINT64_MAX;
}

static bool is_consistent(const fc_manifest *manifest) {
    for (size_t i = 0; i < manifest->file_count; i++)
        if (!file_fits(manifest, i)) return false;
    const fc_manifest_log_file *active = fc_manifest_active_file(manifest);
    if (manifest->floor_sequence < active->first_sequence - 1) return false;
    if (manifest->version_to_write < manifest->version_to_read) return false;
    if (manifest->clean_number == 0) return manifest->clean_end == 0;
    return manifest->clean_number == active->number &&
           manifest->clean_end >= FC_LOG_FILE_HEADER_BYTES &&
           manifest->clean_end % FC_LOG_FILE_ALIGNMENT == 0;
}

static void decode_header(const uint8_t *bytes, fc_manifest *out) {
    out->version_to_read = fc_load_u16(bytes + READ_VERSION_AT);
    out->version_to_write = fc_load_u16(bytes + WRITE_VERSION_AT);
    memcpy(out->store_id, bytes + STORE_ID_AT, 16);
    out->number = fc_load_u64(bytes + NUMBER_AT);
    out->floor_sequence = fc_load_u64(bytes + FLOOR_SEQUENCE_AT);
    memcpy(out->floor_id.bytes, bytes + FLOOR_ID_AT, 16);
    out->clean_number = fc_load_u64(bytes + CLEAN_NUMBER_AT);
    out->clean_end = fc_load_u64(bytes + CLEAN_END_AT);
}

fc_status fc_manifest_decode(fc_bytes bytes, fc_manifest *out, fc_detail *detail) {
    fc_status status = check_envelope(bytes, detail);
    if (status != FC_STATUS_OK) return status;
    uint64_t count = fc_load_u32(bytes.data + FILE_COUNT_AT);
    if (count == 0 || fc_load_u32(bytes.data + FILE_COUNT_AT + 4) != 0 ||
        count * FC_MANIFEST_LOG_FILE_BYTES != bytes.length - FC_MANIFEST_HEADER_BYTES)
        return fc_fail(detail, FC_STATUS_CORRUPT, "the manifest's file count does not fit");
    status = reserve_files(out, (size_t)count);
    if (status != FC_STATUS_OK)
        return fc_fail(detail, status, "no memory for a manifest of %llu files",
                       (unsigned long long)count);
    decode_header(bytes.data, out);
    const uint8_t *at = bytes.data + FC_MANIFEST_HEADER_BYTES;
    for (; out->file_count < count; at += FC_MANIFEST_LOG_FILE_BYTES) {
        fc_manifest_log_file *file = &out->files[out->file_count++];
        file->number = fc_load_u64(at);
        file->first_sequence = fc_load_u64(at + 8);
        file->last_sequence = fc_load_u64(at + 16);
        file->end_offset = fc_load_u64(at + 24);
        memcpy(file->last_id.bytes, at + 32, 16);
    }
    if (is_consistent(out)) return FC_STATUS_OK;
    fc_manifest_deinit(out);
    return fc_fail(detail, FC_STATUS_CORRUPT, "the manifest contradicts itself");
}
