// One stream of the visible points of a range, in time order, in-order points before late ones of the
// same time (they arrived earlier), late ones in order of arrival.
#include "series_internal.h"

static int64_t source_time(const fc_series_source *source, size_t at) {
    return source->block->times_us[fc_series_source_position(source, at)];
}

// Finds the source of the next late point, and the time of the one after it in another source: a few
// comparisons, as the runs are few.
static void choose_top(fc_series_merge *merge) {
    fc_series_sources *sources = &merge->sources;
    merge->top = NULL;
    merge->has_second = false;
    merge->is_top_due = false;
    uint64_t top_arrival = 0;
    for (size_t i = 0; i < sources->count; i++) {
        fc_series_source *source = &sources->items[i];
        size_t at = merge->backwards ? source->end - 1 : source->at;
        int64_t time_us = source_time(source, at);
        uint64_t arrival = fc_series_source_arrival(sources, source, at);
        bool is_earlier =
            time_us < merge->top_us || (time_us == merge->top_us && arrival < top_arrival);
        bool is_next = merge->top == NULL || is_earlier != merge->backwards;
        int64_t other_us = is_next ? merge->top_us : time_us;
        if (merge->top != NULL &&
            (!merge->has_second || (other_us < merge->second_us) != merge->backwards)) {
            merge->has_second = true;
            merge->second_us = other_us;
        }
        if (!is_next) continue;
        merge->top = source;
        merge->top_us = time_us;
        top_arrival = arrival;
    }
}

// Whether a further point of the top's run comes before all else.
static bool goes_on(const fc_series_merge *merge, int64_t time_us, bool has_order,
                    int64_t order_us) {
    if (merge->backwards)
        return (!has_order || time_us > order_us) &&
               (!merge->has_second || time_us > merge->second_us);
    return (!has_order || time_us < order_us) && (!merge->has_second || time_us < merge->second_us);
}

// Takes off the next late point, and those of the same run that follow it directly.
static void take_top(fc_series_merge *merge, fc_series_span *out_span) {
    fc_series_sources *sources = &merge->sources;
    fc_series_source *top = merge->top;
    const fc_series_block *block = top->block;
    size_t first = merge->backwards ? --top->end : top->at++;
    bool has_order = merge->at < merge->end;
    int64_t order_us = 0;
    if (has_order)
        order_us = fc_series_order_time(&merge->view->order,
                                        merge->backwards ? merge->end - 1 : merge->at);
    bool is_left;
    size_t count = 1;
    for (;; count++) {
        size_t before = merge->backwards ? top->end : top->at;
        is_left = merge->backwards ? fc_series_source_settle_back(sources, top)
                                   : fc_series_source_settle(sources, top);
        size_t now = merge->backwards ? top->end : top->at;
        if (!is_left || top->order != NULL || now != before) break;
        size_t next = merge->backwards ? now - 1 : now;
        if (!goes_on(merge, block->times_us[next], has_order, order_us)) break;
        if (merge->backwards)
            top->end--;
        else
            top->at++;
    }
    size_t lowest = merge->backwards ? first + 1 - count : first;
    *out_span =
        (fc_series_span){block, top->order != NULL ? top->order[first] : lowest, count, false};
    if (!is_left) *top = sources->items[--sources->count];
    choose_top(merge);
}

void fc_series_merge_init(fc_series_merge *merge, const fc_series_view *view, int64_t from_us,
                          int64_t to_us, bool backwards) {
    merge->view = view;
    merge->backwards = backwards;
    fc_series_order_range(view, from_us, to_us, &merge->at, &merge->end);
    merge->top = NULL;
    merge->top_us = 0;
    merge->sources.count = 0;
    fc_series_sources *sources = &merge->sources;
    if (view->late != NULL) fc_series_sources_init(sources, view, from_us, to_us);
    if (backwards) {
        // Points that nobody sees at a run's end: settled forwards only so far.
        for (size_t i = sources->count; i-- > 0;) {
            if (!fc_series_source_settle_back(sources, &sources->items[i]))
                sources->items[i] = sources->items[--sources->count];
        }
    }
    choose_top(merge);
    if (merge->top == NULL)
        merge->limit = backwards ? merge->at : merge->end;
    else
        merge->limit = backwards ? merge->end : merge->at;
}

// In-order points up to `limit`; false when none of them is visible.
static bool next_in_order(fc_series_merge *merge, fc_series_span *out_span) {
    const fc_series_view *view = merge->view;
    while (merge->at < merge->limit) {
        fc_series_part part = fc_series_order_part(&view->order, merge->at, merge->limit);
        size_t from, to;
        bool is_live =
            fc_series_block_live(part.chunk, view->deletes, part.from, part.to, false, &from, &to);
        merge->at += (is_live ? to : part.to) - part.from;
        if (!is_live) continue;
        bool is_clean = merge->top == NULL && from == part.from && to == part.to;
        *out_span = (fc_series_span){part.chunk, from, to - from, is_clean};
        return true;
    }
    return false;
}

static bool next_in_order_back(fc_series_merge *merge, fc_series_span *out_span) {
    const fc_series_view *view = merge->view;
    while (merge->end > merge->limit) {
        fc_series_part part = fc_series_order_last_part(&view->order, merge->limit, merge->end);
        size_t from, to;
        bool is_live =
            fc_series_block_live(part.chunk, view->deletes, part.from, part.to, true, &from, &to);
        merge->end -= part.to - (is_live ? from : part.from);
        if (!is_live) continue;
        *out_span = (fc_series_span){part.chunk, from, to - from, false};
        return true;
    }
    return false;
}

static bool merge_next_back(fc_series_merge *merge, fc_series_span *out_span) {
    for (;;) {
        if (next_in_order_back(merge, out_span)) return true;
        if (merge->top == NULL) {
            if (merge->limit == merge->at) return false;
            merge->limit = merge->at;
            continue;
        }
        uint64_t after = merge->end;
        if (!merge->is_top_due)
            after = fc_series_order_seek(&merge->view->order, merge->at, merge->top_us + 1);
        if (after >= merge->end) {
            take_top(merge, out_span);
            return true;
        }
        merge->limit = after;
        merge->is_top_due = true;
    }
}

bool fc_series_merge_next(fc_series_merge *merge, fc_series_span *out_span) {
    if (merge->backwards) return merge_next_back(merge, out_span);
    for (;;) {
        if (next_in_order(merge, out_span)) return true;
        if (merge->top == NULL) {
            if (merge->limit == merge->end) return false;
            merge->limit = merge->end;
            continue;
        }
        // A late point is older than some in-order point, so its time + 1 does not overflow.
        uint64_t after = merge->at;
        if (!merge->is_top_due)
            after = fc_series_order_seek(&merge->view->order, merge->at, merge->top_us + 1);
        if (after > merge->end) after = merge->end;
        if (after <= merge->at) {
            take_top(merge, out_span);
            return true;
        }
        merge->limit = after;
        merge->is_top_due = true;
    }
}
