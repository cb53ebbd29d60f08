// Property indexes: the rows of a collection in order of one property, and its values as a column.
//
// A column by position holds a kind and eight bytes a row: the float64 of a number, or where a text, array or object
// lies in the row's record. Sorted runs hold (key, position), merged in levels by bounded steps; rows that
// are in no run yet are looked up in the column. Every row of the collection is in its indexes, whatever
// its value.
//
// Invariants
//  P1. From the index's creation on every row put has its value in the column before a reader can see the row; older
//      rows get theirs while the index is built. Values never change.
//  P2. In a ready index every row that a snapshot >= horizon can see is in exactly one run, or at or beyond the
//      run list's `covered_end`.
//  P3. Runs and lists of runs never change once published; readers hold the list by a count.
//  P4. A chunk of rows is not freed while a row of it is in a run, or while an index is being built.
// THREADS: as of the memtable: one writer beside any number of readers; a build beside both.
// SOURCE: docs/ARCHITECTURE.md, "Property indexes".
#ifndef FC_INDEX_PROPERTY_INDEX_H
#define FC_INDEX_PROPERTY_INDEX_H

#include "../codec/property.h"
#include "memtable.h"
#include "property_range.h"

// ---- Writer's side. REQUIRES: the writer lock. -------------------------------------------------

// Adds an index of the encoded property (copied), of which rows put from now on are part. Older rows come with a
// build; while a table is loaded in bulk, at the end of that. Undone by fc_memtable_abort. `id` is
// fc_memtable_next_index_id. ERRORS: ALREADY_EXISTS, OUT_OF_MEMORY, CORRUPT (not a property); nothing has changed.
FC_MUST_USE fc_status fc_memtable_create_index(fc_memtable *table, uint32_t id, fc_bytes property,
                                               uint64_t sequence, fc_detail *detail);
// Ends it, for snapshots from `sequence` on. Undone by fc_memtable_abort. ERRORS: NOT_FOUND.
FC_MUST_USE fc_status fc_memtable_drop_index(fc_memtable *table, uint32_t id, uint64_t sequence);
// Whether this is the index of this property, and exists for the writer.
bool fc_memtable_index_is(const fc_memtable *table, uint32_t id, fc_bytes property);
// From 1, never given twice once committed.
uint32_t fc_memtable_next_index_id(const fc_memtable *table);

// ---- Building ----------------------------------------------------------------------------------

// The rows that were there before an index was created.
typedef struct fc_index_build fc_index_build;

// Reads and sorts them beside writers and readers. *out is NULL when there is nothing to be built: no such index at
// `sequence`, ready, or being built elsewhere. REQUIRES: the creation was committed.
// COST: O(n log n), about 25 bytes a row besides the index.
FC_MUST_USE fc_status fc_index_build_create(fc_memtable *table, uint32_t id, uint64_t sequence,
                                            fc_index_build **out);
// Makes the index ready. REQUIRES: the writer lock, no running transaction. After OUT_OF_MEMORY it can
// be called again. An index that was dropped meanwhile stays as it is. COST: O(chunks of rows).
FC_MUST_USE fc_status fc_index_build_install(fc_index_build *build);
void fc_index_build_destroy(fc_index_build *build); // installed or not; may be NULL

// ---- Readers' side -----------------------------------------------------------------------------

typedef struct fc_index_description {
    uint32_t id;
    fc_bytes property; // encoded; borrowed as long as the sequence can be read
    uint64_t created;
    bool is_ready;
} fc_index_description;
// The `n`-th index, in order of creation, that there is at `sequence`; false when there are fewer. THREADS: any.
bool fc_memtable_index_at(fc_memtable *table, uint64_t sequence, size_t n,
                          fc_index_description *out);

// Whether the view can use the index: it exists for the view and its building is done.
bool fc_view_has_index(const fc_view *view, uint32_t index_id);

// The index of an encoded property that the view can use; false when there is none.
bool fc_view_find_index(const fc_view *view, fc_bytes property, uint32_t *out_id);

// All of these give FC_STATUS_NOT_FOUND unless fc_view_has_index. Ranges are normalized
// (fc_value_ranges_normalize). Values that come out borrow from records: until the view is released.

// Appends the positions of up to `limit` visible rows whose value is in a range, each once, in no order.
// COST: a binary search a run and range, then 1 to 3 ns a row. `watch` may be NULL; of an index it counts what
// sixteen rows take as a node.
FC_MUST_USE fc_status fc_view_index_search(const fc_view *view, uint32_t index_id,
                                           const fc_value_range *ranges, size_t range_count,
                                           size_t limit, fc_watch *watch, fc_positions *out);
FC_MUST_USE fc_status fc_view_index_count(const fc_view *view, uint32_t index_id,
                                          const fc_value_range *ranges, size_t range_count,
                                          uint64_t *out_count);
// About how many rows: dead ones in the runs are counted, the newest rows are sampled. 0 without the index.
uint64_t fc_view_index_estimate(const fc_view *view, uint32_t index_id,
                                const fc_value_range *ranges, size_t range_count);

// All visible rows in order of value, ties by id; null, then missing, last in both directions.
typedef struct fc_index_cursor fc_index_cursor;
// `ranges` NULL: all rows. Ranges are copied; what their values borrow is to live as long as the cursor, and so
// is the view. THREADS: one at a time.
FC_MUST_USE fc_status fc_index_cursor_open(const fc_view *view, uint32_t index_id, bool descending,
                                           const fc_value_range *ranges, size_t range_count,
                                           fc_index_cursor **out);
// Appends up to `count` positions; fewer only at the end. COST: a few comparisons a row. Of many
// equal values the first batch takes O(rows equal); going on in them gathers and sorts them once.
FC_MUST_USE fc_status fc_index_cursor_next(fc_index_cursor *cursor, size_t count,
                                           fc_positions *out);
void fc_index_cursor_close(fc_index_cursor *cursor); // may be NULL

// The value of a row; FC_VALUE_MISSING without the index. REQUIRES: a position that the view returned.
fc_value fc_view_index_value(const fc_view *view, uint32_t index_id, uint32_t position);

// The kind of each row's value (fc_value_kind) and of numbers the nearest float64; others get 0. A number
// that is not exactly its float64 has FC_GATHERED_INEXACT added to its kind.
enum { FC_GATHERED_INEXACT = 0x80 };
FC_MUST_USE fc_status fc_view_index_gather(const fc_view *view, uint32_t index_id,
                                           const uint32_t *positions, size_t count,
                                           uint8_t *out_kinds, double *out_numbers);

// The different values of visible rows, ascending, with how many rows have each; null and missing too. `ranges` as
// for a cursor. Ends early when the visitor returns false.
FC_MUST_USE fc_status fc_view_index_distinct(
    const fc_view *view, uint32_t index_id, const fc_value_range *ranges, size_t range_count,
    bool (*visit)(void *visitor, const fc_value *value, uint64_t row_count), void *visitor);

// What a planner wants to know; read off the largest run and scaled, so about right.
enum { FC_COMMON_VALUES_MAX = 16, FC_HISTOGRAM_BINS = 32 };
typedef struct fc_property_statistics {
    uint64_t rows[FC_VALUE_MISSING + 1]; // by kind
    uint64_t distinct_count;             // of all numbers, texts and booleans
    uint32_t common_count;
    fc_value common_values[FC_COMMON_VALUES_MAX]; // the most common first
    uint64_t common_rows[FC_COMMON_VALUES_MAX];
    // Numbers: each bin between two bounds holds as many rows. bin_count is 0 without numbers.
    uint32_t bin_count;
    double bounds[FC_HISTOGRAM_BINS + 1];
} fc_property_statistics;
// All zeros without the index. COST: about 1 µs; after the largest run has changed, once, about 100.
fc_property_statistics fc_view_index_statistics(const fc_view *view, uint32_t index_id);
#endif
