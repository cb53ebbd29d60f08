// Writing canonical payloads: operations one after another, then runs and provenance.
#include <assert.h>

#include "../base/bytes.h"
#include "../format/block.h"
#include "operations.h"

#define RUN_BYTES 8
#define PROVENANCE_HEADER_BYTES 8

void fc_operation_writer_init(fc_operation_writer *writer, const fc_allocator *memory) {
    *writer = (fc_operation_writer){0};
    fc_buffer_init(&writer->payload, memory);
    fc_buffer_init(&writer->runs, memory);
    fc_buffer_init(&writer->provenances, memory);
}

void fc_operation_writer_deinit(fc_operation_writer *writer) {
    fc_buffer_deinit(&writer->payload);
    fc_buffer_deinit(&writer->runs);
    fc_buffer_deinit(&writer->provenances);
}

static fc_status append_provenance(fc_operation_writer *writer, fc_bytes cbor) {
    const size_t padded = (size_t)fc_align_up(cbor.length, 8);
    fc_status status = fc_buffer_reserve(&writer->provenances, PROVENANCE_HEADER_BYTES + padded);
    if (status != FC_STATUS_OK) return status;
    uint8_t header[PROVENANCE_HEADER_BYTES] = {0};
    fc_store_u32(header, (uint32_t)cbor.length);
    status = fc_buffer_append(&writer->provenances, header, sizeof header);
    if (status == FC_STATUS_OK)
        status = fc_buffer_append(&writer->provenances, cbor.data, cbor.length);
    if (status == FC_STATUS_OK)
        status = fc_buffer_append_zeros(&writer->provenances, padded - cbor.length);
    writer->provenance_count++;
    return status;
}

fc_status fc_operation_writer_reset(fc_operation_writer *writer, fc_bytes provenance) {
    fc_buffer_clear(&writer->payload);
    fc_buffer_clear(&writer->runs);
    fc_buffer_clear(&writer->provenances);
    writer->run_count = writer->provenance_count = writer->operation_count = 0;
    const fc_status status = fc_buffer_append_zeros(&writer->payload, FC_PAYLOAD_HEADER_BYTES);
    return status == FC_STATUS_OK ? append_provenance(writer, provenance) : status;
}

fc_status fc_operation_writer_add_provenance(fc_operation_writer *writer, fc_bytes cbor,
                                             uint32_t *out_index) {
    size_t offset = 0;
    for (uint32_t index = 0; index < writer->provenance_count; index++) {
        const uint8_t *entry = writer->provenances.data + offset;
        const uint32_t length = fc_load_u32(entry);
        if (length == cbor.length &&
            memcmp(entry + PROVENANCE_HEADER_BYTES, cbor.data, length) == 0) {
            *out_index = index;
            return FC_STATUS_OK;
        }
        offset += PROVENANCE_HEADER_BYTES + (size_t)fc_align_up(length, 8);
    }
    const uint32_t index = writer->provenance_count;
    const fc_status status = append_provenance(writer, cbor);
    if (status == FC_STATUS_OK) *out_index = index;
    return status;
}

fc_status fc_operation_begin(fc_operation_writer *writer, fc_operation_tag tag, uint32_t target) {
    writer->reserved_length = writer->payload.length;
    uint8_t header[FC_OPERATION_HEADER_BYTES] = {0};
    header[4] = (uint8_t)tag;
    fc_store_u32(header + 8, target);
    return fc_buffer_append(&writer->payload, header, sizeof header);
}

static fc_status count_in_run(fc_operation_writer *writer, uint32_t provenance) {
    if (writer->run_count > 0) {
        uint8_t *last = writer->runs.data + (size_t)(writer->run_count - 1) * RUN_BYTES;
        if (fc_load_u32(last + 4) == provenance) {
            fc_store_u32(last, fc_load_u32(last) + 1);
            return FC_STATUS_OK;
        }
    }
    uint8_t run[RUN_BYTES];
    fc_store_u32(run, 1);
    fc_store_u32(run + 4, provenance);
    const fc_status status = fc_buffer_append(&writer->runs, run, sizeof run);
    if (status == FC_STATUS_OK) writer->run_count++;
    return status;
}

fc_status fc_operation_end(fc_operation_writer *writer, uint32_t provenance) {
    assert(provenance < writer->provenance_count);
    fc_status status = fc_buffer_align(&writer->payload, 8);
    const size_t length = writer->payload.length - writer->reserved_length;
    const size_t tables = writer->runs.length + RUN_BYTES + writer->provenances.length;
    if (status == FC_STATUS_OK && writer->payload.length + tables > FC_PAYLOAD_LENGTH_MAX)
        status = FC_STATUS_TOO_LARGE;
    if (status == FC_STATUS_OK) status = count_in_run(writer, provenance);
    if (status != FC_STATUS_OK) {
        fc_operation_cancel(writer);
        return status;
    }
    fc_store_u32(writer->payload.data + writer->reserved_length, (uint32_t)length);
    writer->operation_count++;
    return FC_STATUS_OK;
}

void fc_operation_cancel(fc_operation_writer *writer) {
    writer->payload.length = writer->reserved_length;
}

fc_operation_mark fc_operation_writer_mark(const fc_operation_writer *writer) {
    fc_operation_mark mark = {.payload_length = writer->payload.length,
                              .runs_length = writer->runs.length,
                              .run_count = writer->run_count,
                              .operation_count = writer->operation_count};
    if (mark.run_count > 0)
        mark.last_run_count =
            fc_load_u32(writer->runs.data + (size_t)(mark.run_count - 1) * RUN_BYTES);
    return mark;
}

void fc_operation_writer_restore(fc_operation_writer *writer, const fc_operation_mark *mark) {
    writer->payload.length = mark->payload_length;
    writer->runs.length = mark->runs_length;
    writer->run_count = mark->run_count;
    writer->operation_count = mark->operation_count;
    if (mark->run_count > 0)
        fc_store_u32(writer->runs.data + (size_t)(mark->run_count - 1) * RUN_BYTES,
                     mark->last_run_count);
}

fc_status fc_operation_writer_finish(fc_operation_writer *writer, fc_bytes *out) {
    const size_t operations_end = writer->payload.length;
    fc_status status =
        fc_buffer_reserve(&writer->payload, writer->runs.length + writer->provenances.length);
    if (status != FC_STATUS_OK) return status;
    status = fc_buffer_append(&writer->payload, writer->runs.data, writer->runs.length);
    if (status == FC_STATUS_OK)
        status = fc_buffer_append(&writer->payload, writer->provenances.data,
                                  writer->provenances.length);
    if (status != FC_STATUS_OK) return status;
    fc_store_u64(writer->payload.data, operations_end - FC_PAYLOAD_HEADER_BYTES);
    fc_store_u32(writer->payload.data + 8, writer->provenance_count);
    fc_store_u32(writer->payload.data + 12, writer->run_count);
    *out = (fc_bytes){writer->payload.data, writer->payload.length};
    return FC_STATUS_OK;
}
