// Freeing chunks of dead rows (Configuration.history = .journalOnly).
//
// A chunk goes when none of its rows is in a tail or tree and all of them are dead at or below the
// horizon, a state that lasts: such a row is never revived. First the id map forgets the ids whose
// newest version is there, then the chunk is retired. Steps are bounded, and come between
// transactions, so that no undo leads into a chunk that is going.
#include <assert.h>

#include "property_internal.h"

// Whether all rows of the chunk are dead for good; looks at `*budget` rows at most.
static bool is_dead(fc_chunk *chunk, uint64_t horizon, uint32_t *budget) {
    while (chunk->live_hint<FC_CHUNK_ROWS && * budget> 0) {
        uint32_t row = chunk->live_hint;
        if (!fc_chunk_has_ended(chunk, row, horizon)) return false;
        chunk->live_hint++;
        --*budget;
    }
    return chunk->live_hint == FC_CHUNK_ROWS;
}

// The next chunk that can go, from where the last look ended; looks at a few at most.
static bool find_chunk(fc_memtable *table, uint32_t *budget) {
    uint32_t whole_count = table->tail->first >> FC_CHUNK_LOG2; // those before the tail's
    uint64_t horizon = fc_memtable_horizon(table);
    enum { LOOKS = 8 };
    for (unsigned i = 0; i < LOOKS && whole_count > 0; i++) {
        if (table->sweep.chunk >= whole_count) table->sweep.chunk = 0;
        fc_chunk *chunk = fc_pointer_table_get(&table->columns.chunks, table->sweep.chunk);
        if (chunk != NULL && chunk->indexed_count == 0 &&
            !fc_property_indexes_hold(table, table->sweep.chunk)) {
            if (is_dead(chunk, horizon, budget)) return true;
            if (*budget == 0) return false; // goes on here
        }
        table->sweep.chunk++;
    }
    return false;
}

void fc_memtable_sweep(fc_memtable *table, uint32_t rows_budget) {
    assert(!table->is_open);
    uint32_t budget = rows_budget;
    if (!table->sweep.is_sweeping) {
        if (!find_chunk(table, &budget)) return;
        table->sweep.is_sweeping = true;
        table->sweep.row = 0;
    }
    fc_columns *columns = &table->columns;
    uint32_t first = table->sweep.chunk << FC_CHUNK_LOG2;
    for (; table->sweep.row < FC_CHUNK_ROWS && budget > 0; budget--) {
        uint32_t position = first + table->sweep.row++;
        fc_feature_id id = fc_columns_id(columns, position);
        uint32_t tag = fc_id_map_tag(&table->map, &id);
        fc_id_map_move(&table->map, tag, position, FC_NO_POSITION); // if it is the newest
    }
    if (table->sweep.row < FC_CHUNK_ROWS) return;
    fc_property_indexes_free_chunk(table, table->sweep.chunk);
    fc_columns_free_chunk(columns, table->sweep.chunk);
    table->sweep.is_sweeping = false;
    table->counters.freed_chunks++;
}
