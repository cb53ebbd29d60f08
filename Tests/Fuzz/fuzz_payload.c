// Whole payloads, mutated under valid checksums: what gets through the checks is replayed into a
// store, whose invariants must hold afterwards.
#include <stdlib.h>

#include "../../Sources/CFormCore/include/CFormCore.h"
#include "../../Sources/CFormCore/store/store_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fc_memory_disk *disk;
    if (fc_memory_disk_create(false, &disk) != FC_STATUS_OK) abort();
    const fc_store_options options = {.os = fc_memory_disk_os(disk),
                                      .path = "db",
                                      .create = true,
                                      .tail_rows = 8,
                                      .merge_ratio_first = 2,
                                      .merge_ratio = 2,
                                      .id_streak = 2,
                                      .series_chunk_points = 8};
    fc_store *store;
    fc_detail detail;
    if (fc_open(&options, &store, &detail) != FC_STATUS_OK) abort();
    // The row count is claimed by the header, which the checksum would cover: take any.
    fc_block block = {.header = {.sequence = 1}};
    uint8_t *copy = malloc(size + 8);
    if (!copy) abort();
    memcpy(copy, data, size);
    block.payload = (fc_bytes){copy, size};
    block.header.operation_count = size > 0 ? data[size - 1] : 0;
    for (block.header.row_count = 0; block.header.row_count < 4; block.header.row_count++)
        if (fc_replay_block(store, &block, &detail) == FC_STATUS_OK) break;
    free(copy);
    store->applied = 0; // nothing of it was logged
    fc_store_check(store);
    fc_store_release(store);
    fc_memory_disk_destroy(disk);
    return 0;
}
