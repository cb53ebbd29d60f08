// Feature records, CBOR and point batches as an attacker would hand them over: an error or an answer,
// never a crash. What is accepted must survive being taken apart and measured.
#include <stdlib.h>

#include "../../Sources/CFormCore/include/CFormCore.h"

static void visit(void *visitor, double longitude, double latitude) {
    *(double *)visitor += longitude + latitude;
}

static void try_record(fc_bytes bytes, const fc_allocator *memory) {
    fc_record record, again;
    fc_detail detail;
    if (fc_record_check(bytes, &record, &detail) != FC_STATUS_OK) return;
    fc_record_read(bytes.data, &again);
    if (again.geometry.length != record.geometry.length || again.kind != record.kind) abort();
    bool has_box;
    fc_box box;
    if (fc_record_bounding_box(&record, memory, &has_box, &box) != FC_STATUS_OK) return;
    if (has_box && !(box.south <= box.north)) abort();
    double sum = 0;
    fc_record_visit_points(&record, visit, &sum);
}

static void try_batch(fc_bytes bytes) {
    fc_batch batch;
    fc_detail detail;
    if (fc_batch_check(bytes, &batch, &detail) != FC_STATUS_OK) return;
    int64_t *times = malloc(batch.point_count * sizeof *times);
    double *values = malloc(batch.point_count * sizeof *values);
    if (!times || !values) abort();
    fc_batch_times(&batch, times);
    for (uint32_t field = 0; field < batch.field_count; field++)
        fc_batch_field(&batch, field, values);
    for (uint32_t index = 0; index < batch.point_count; index++) {
        const fc_bytes metadata = fc_batch_metadata(&batch, index);
        if (metadata.length > bytes.length) abort();
    }
    free(times);
    free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    const fc_allocator memory = fc_allocator_system();
    // Copied to a block of its own, so that the address sanitizer sees a byte too many.
    uint8_t *copy = malloc(size);
    if (!copy) abort();
    memcpy(copy, data + 1, size - 1);
    const fc_bytes bytes = {copy, size - 1};
    fc_detail detail;
    fc_operation_reader reader;
    switch (data[0] % 4) {
    case 0:
        try_record(bytes, &memory);
        break;
    case 1:
        try_batch(bytes);
        break;
    case 2:
        if (fc_cbor_check(bytes, data[0] & 4, &detail) == FC_STATUS_OK && bytes.length == 0)
            abort();
        break;
    default:
        if (fc_operation_reader_init(&reader, bytes, &detail) == FC_STATUS_OK) {
            bool found = true;
            fc_operation operation;
            while (fc_operation_next(&reader, &found, &operation, &detail) == FC_STATUS_OK &&
                   found) {
            }
        }
    }
    free(copy);
    return 0;
}
