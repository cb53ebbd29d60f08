// The insides of property indexes, for their files and the memtable's only.
#ifndef FC_INDEX_PROPERTY_INTERNAL_H
#define FC_INDEX_PROPERTY_INTERNAL_H

#include "memtable_internal.h"
#include "property_index.h"

// ---- The column --------------------------------------------------------------------------------

// What the eight bytes of a row mean. All but a float64 are boxed as a NaN, which no JSON number is: 48 bits below
// FC_CELL_BOX. So sums look at the eight bytes alone.
#define FC_CELL_BOX (UINT64_C(0xFFF8) << 48)
typedef enum fc_cell {
    FC_CELL_REAL = 0,    // the float64
    FC_CELL_INTEGER = 1, // an int64 that the float64 holds exactly
    FC_CELL_NATURAL = 2, // an integer above INT64_MAX that the float64 holds exactly
    FC_CELL_INEXACT = 3, // the address of the record, which has an integer that no float64 holds
    FC_CELL_TEXT = 4,    // the address of the CBOR item in the record; so for the next two
    FC_CELL_BOOLEAN = 5, // 0 or 1
    FC_CELL_ARRAY = 6,
    FC_CELL_OBJECT = 7,
    FC_CELL_NULL = 8,
    FC_CELL_MISSING = 9
} fc_cell;

typedef struct fc_index_chunk {
    uint32_t entry_count; // the writer's: entries of runs, and rows that are to be in one
    uint64_t bits[FC_CHUNK_ROWS];
    uint8_t cells[FC_CHUNK_ROWS];
} fc_index_chunk;

// ---- Runs --------------------------------------------------------------------------------------

enum { FC_SECTIONS = FC_VALUE_MISSING + 1 };

// Rows in order of value, then position: a section for each kind of value, in order of kinds. Arrays and objects
// are in order of position alone. Keys order numbers (the float64's bits, flipped), texts (seven bytes and
// the length, 8 standing for more) and booleans; where equal keys may belong to different values the column decides.
typedef struct fc_index_run {
    struct fc_index_run *next; // in a level's queue
    uint64_t serial;           // from 1, within the index; given when it is published
    uint32_t references;       // of versions; guarded by the versions' mutex
    uint32_t count, capacity;
    uint32_t position_end; // all positions are below it
    uint32_t section_ends[FC_SECTIONS];
    uint64_t *keys;
    uint32_t *positions;
    uint64_t
        *same; // a bit an entry: its value equals that of the entry before, in the same section
} fc_index_run;

// What readers walk: the runs and, at and beyond `covered_end`, the column.
typedef struct fc_index_version {
    uint32_t references; // readers', and one while it is current; guarded by the mutex
    uint32_t covered_end;
    uint32_t run_count, run_capacity;
    fc_index_run *runs[];
} fc_index_version;

typedef struct fc_index_merge {
    fc_index_run *inputs[2];
    uint32_t next[2];
    fc_index_run *out;
    unsigned section;
    bool order_is_known; // of the two heads' values, in `order`
    int order;
    bool has_last;     // the section has an output entry: entry `last_index` of input `last_input`
    bool last_is_tied; // it equals the head that the other input had then, `tied_index`
    unsigned last_input;
    uint32_t last_index, tied_index;
    uint32_t dropped;
    uint32_t *chunk_drops; // by chunk; only when chunks are freed
} fc_index_merge;

typedef struct fc_index_level {
    fc_index_run *resident, *queue_first, *queue_last;
    uint32_t queue_count;
    fc_index_merge *merge; // or NULL
} fc_index_level;

// ---- The index ---------------------------------------------------------------------------------

typedef struct fc_property_index {
    struct fc_property_index *next; // in order of creation
    fc_memtable *table;
    uint32_t id;
    fc_property *property;
    fc_bytes encoded;
    uint64_t created;
    // Guarded by the versions' mutex; changed by the writer and the build.
    uint64_t deleted; // FC_LIVE while it exists
    bool is_ready, is_building;
    fc_index_version *current;
    // The writer's.
    uint32_t first_position; // rows before it come with the build
    // Of the column; NULL for those that the build will bring. One whose rows were freed is not cleared: readers of
    // older runs still look at it, and it is retired like the rows.
    fc_pointer_table chunks;
    fc_index_level levels[FC_LEVELS_MAX];
    // Prepared and not yet published: of a seal or a rebuild.
    fc_index_run *prepared_run;
    fc_index_version *prepared_version;
    uint64_t run_serial, run_bytes;
    // Statistics of the run with this serial, once asked for; guarded by the mutex.
    uint64_t statistics_of;
    fc_property_statistics statistics;
} fc_property_index;

// A column that is read: an index's own, or one that is being built.
typedef struct fc_index_column {
    const fc_property_index *index;
    fc_index_chunk *const *chunks; // NULL: the index's
} fc_index_column;

static inline fc_index_chunk *fc_index_column_chunk(const fc_index_column *column,
                                                    uint32_t position) {
    uint32_t i = position >> FC_CHUNK_LOG2;
    return column->chunks != NULL ? column->chunks[i]
                                  : fc_pointer_table_get(&column->index->chunks, i);
}

static inline fc_value_kind fc_cell_kind(uint8_t cell) {
    return (fc_value_kind)(cell <= FC_CELL_INEXACT ? FC_VALUE_NUMBER : cell - FC_CELL_INEXACT);
}

static inline const uint8_t *fc_cell_address(uint64_t bits) {
    return (const uint8_t *)(uintptr_t)(bits & ~FC_CELL_BOX);
}

static inline double fc_real_of_bits(uint64_t bits) {
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

// property_column.c
fc_index_chunk *fc_index_chunk_allocate(fc_arena *arena); // NULL when there is no memory
// Puts the row's value into its chunk. REQUIRES: the row is in the table's columns.
void fc_index_chunk_fill(const fc_property_index *index, fc_index_chunk *chunk,
                         const fc_chunk *rows, uint32_t position);
fc_value fc_index_column_value(const fc_index_column *column, uint32_t position);
uint64_t fc_number_key(double number); // rises with the number; -0 as 0
uint64_t fc_text_key(fc_bytes text);
// The key of a value, within its kind.
uint64_t fc_value_key(const fc_value *value);
// The key of a row's value. COST: a text costs a look into the record.
uint64_t fc_index_column_key(const fc_index_column *column, uint32_t position);

// Whether different values may have this key.
enum { FC_TEXT_KEY_IS_CUT = 8 };
#define FC_NUMBER_KEY_ABOVE UINT64_C(0xC340000000000000) // of 2^53
#define FC_NUMBER_KEY_BELOW UINT64_C(0x3CBFFFFFFFFFFFFF) // of -2^53
static inline bool fc_key_is_cut(unsigned section, uint64_t key) {
    if (section == FC_VALUE_NUMBER) return key >= FC_NUMBER_KEY_ABOVE || key <= FC_NUMBER_KEY_BELOW;
    return section == FC_VALUE_TEXT && (uint8_t)key == FC_TEXT_KEY_IS_CUT;
}

// property_run.c
static inline uint32_t fc_index_run_begin(const fc_index_run *run, unsigned section) {
    return section == 0 ? 0 : run->section_ends[section - 1];
}
static inline bool fc_index_run_same(const fc_index_run *run, uint32_t i) {
    return run->same[i / 64] >> (i % 64) & 1;
}
fc_index_run *fc_index_run_allocate(fc_arena *arena, uint32_t capacity);
size_t fc_index_run_bytes(const fc_index_run *run);
// The rows [first, end) but for those that no snapshot >= horizon can see. *out has no entries when there are none.
FC_MUST_USE fc_status fc_index_run_build(const fc_index_column *column, uint32_t first,
                                         uint32_t end, uint64_t horizon, fc_index_run **out);

typedef struct fc_index_entry {
    uint64_t key;
    uint32_t position;
    bool same; // equals the entry before
} fc_index_entry;
// Sorts entries of one kind by value, keeping the order of equal ones, and sets `same`. `scratch` is as long.
void fc_index_sort(const fc_index_column *column, unsigned section, fc_index_entry *entries,
                   fc_index_entry *scratch, size_t count);
// By key alone, keeping the order of equal ones.
void fc_index_sort_keys(fc_index_entry *entries, fc_index_entry *scratch, size_t count);
// A run of entries that are all of one kind, sorted.
fc_index_run *fc_index_run_of_entries(fc_arena *arena, unsigned section,
                                      const fc_index_entry *entries, size_t count);

// property_levels.c
void fc_index_levels_add(fc_property_index *index, fc_index_run *run); // a sealed tail's
void fc_index_levels_put_packed(fc_property_index *index, fc_index_run *run);
void fc_index_levels_step(fc_property_index *index, uint32_t puts);
void fc_index_levels_clear(fc_property_index *index); // forgets all runs, which versions hold
uint32_t fc_index_levels_count(const fc_property_index *index);

// property_index.c
fc_index_version *fc_index_version_allocate(fc_arena *arena, uint32_t run_capacity);
// Makes a version of the levels' runs the current one. Cannot fail.
void fc_index_publish(fc_property_index *index, fc_index_version *version, uint32_t covered_end);
// Gives a reader's reference back.
void fc_index_release_version(fc_memtable *table, fc_index_version *version);

// The memtable's calls. Each does nothing without indexes.
FC_MUST_USE fc_status fc_property_indexes_reserve(fc_memtable *table); // for the next row
void fc_property_indexes_put(fc_memtable *table, uint32_t position);
void fc_property_indexes_step(fc_memtable *table, uint32_t puts);
// A run of what is not in one yet; prepare may fail, and then nothing has changed.
FC_MUST_USE fc_status fc_property_indexes_prepare_seal(fc_memtable *table, uint64_t horizon);
// One run of everything, building what is not ready.
FC_MUST_USE fc_status fc_property_indexes_prepare_rebuild(fc_memtable *table, uint64_t horizon);
void fc_property_indexes_finish_seal(fc_memtable *table);
void fc_property_indexes_finish_rebuild(fc_memtable *table);
void fc_property_indexes_discard(fc_memtable *table); // what was prepared
void fc_property_indexes_commit(fc_memtable *table);
void fc_property_indexes_abort(fc_memtable *table);
void fc_property_indexes_destroy(fc_memtable *table);
bool fc_property_indexes_hold(const fc_memtable *table, uint32_t chunk_index);
void fc_property_indexes_free_chunk(fc_memtable *table, uint32_t chunk_index);
void fc_property_indexes_check(const fc_memtable *table); // property_check.c

// ---- Reading -----------------------------------------------------------------------------------

typedef struct fc_index_reader {
    const fc_view *view;
    fc_property_index *index;
    fc_index_version *version;
    fc_index_column column;
} fc_index_reader;

// False when the view has no such index.
bool fc_index_reader_open(const fc_view *view, uint32_t id, fc_index_reader *out);
void fc_index_reader_close(fc_index_reader *reader);

// A range as keys. Keys outside [low, high] do not match, those strictly inside do; at an end that is
// `_checked` the value decides.
typedef struct fc_key_range {
    const fc_value_range *range;
    unsigned section;
    uint64_t low, high;
    bool low_checked, high_checked;
} fc_key_range;
fc_key_range fc_key_range_of(const fc_value_range *range);
// The entries of a run that are in the range. Returns false when each of them has to be checked by itself.
bool fc_key_range_find(const fc_key_range *range, const fc_index_column *column,
                       const fc_index_run *run, uint32_t *out_begin, uint32_t *out_end);
bool fc_key_range_matches(const fc_key_range *range, const fc_index_column *column,
                          uint32_t position);
// The first of the entries [begin, end) of a run whose key is at least `key`.
uint32_t fc_index_run_seek(const fc_index_run *run, uint32_t begin, uint32_t end, uint64_t key);
// Whether the view sees every row of the run.
bool fc_index_reader_is_clean(const fc_index_reader *reader, const fc_index_run *run);

// ---- Groups of equal values, in order ----------------------------------------------------------

typedef struct fc_group_source {
    const fc_index_run *run;
    uint32_t begin, end;             // what is left of it
    uint32_t group_begin, group_end; // the present group's part
} fc_group_source;

typedef struct fc_groups {
    fc_index_reader reader;
    bool descending;
    fc_value_range *ranges;
    size_t range_count, range_next; // in order of walking
    fc_group_source *sources;
    uint32_t source_count, source_capacity;
    fc_index_run *sorted; // arrays or objects, sorted for this walk
    // Rows of the present range that are in no run: a heap, the next one first.
    fc_index_entry *tail;
    size_t tail_count, tail_capacity;
    uint32_t *tail_group; // those of the present group
    size_t tail_group_count;
    // The present group.
    uint32_t first_position;
    unsigned section;
    uint64_t row_count; // dead ones included
} fc_groups;

FC_MUST_USE fc_status fc_groups_open(fc_groups *groups, const fc_view *view, uint32_t index_id,
                                     bool descending, const fc_value_range *ranges,
                                     size_t range_count);
void fc_groups_close(fc_groups *groups);
FC_MUST_USE fc_status fc_groups_next(fc_groups *groups, bool *out_found);
#endif
