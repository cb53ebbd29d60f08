// The walk, included by walk_scalar.c and walk_simd.c with
//   K(name)   the kernel of that name
//   W(name)   the name of the walk's function
//   TARGET    the attribute of functions that call kernels
// No include guard: see walk.h.

typedef struct leaf_ref {
    const fc_tree *tree;
    uint32_t block;
} leaf_ref;

enum { PENDING_LEAVES = 32, CANDIDATES = 256 };

typedef struct walk_state {
    const fc_walk *walk;
    fc_sink *sink;
    unsigned lanes;      // that are tested
    unsigned first_lane; // of the windows' limits: 4 in time trees
    unsigned pending_count;
    bool is_full; // the sink's limit is reached
    unsigned candidate_count;
    leaf_ref pending[PENDING_LEAVES];
    // Rows that match where some may be hidden, told apart many at a time: that a leaf has so many of them is no branch
    // then (W5: 1.2 us with a loop for each leaf, 1.0 so). FC_NODE more, because whole vectors are stored.
    uint32_t candidates[CANDIDATES + FC_NODE];
    uint32_t lower_ids[CANDIDATES + FC_NODE], upper_ids[CANDIDATES + FC_NODE]; // for ids
} walk_state;

// Which entries of a leaf (or of 16 rows of the tail) match: surely, or to be asked in the columns.
// `lanes` and `stride` are constants at each call.
TARGET static inline __attribute__((always_inline)) uint32_t
W(match_lanes)(const fc_probe *probe, const float *block, size_t stride, unsigned first_lane,
               unsigned lanes, uint32_t *out_unsure) {
    uint32_t maybe = 0, sure = 0;
    for (unsigned i = 0; i < probe->window_count; i++) {
        const float *meets = probe->windows[i].meets + first_lane;
        const float *inside = probe->windows[i].inside + first_lane;
        uint32_t here;
        if (probe->within) {
            here = K(ge)(block, stride, inside, 4);
            if (here != 0 && lanes > 4) here &= K(le)(block + 4 * stride, stride, meets + 4, 2);
            if (here == 0) continue;
            uint32_t surely = K(gt)(block, stride, inside, 4);
            if (lanes > 4) surely &= K(lt)(block + 4 * stride, stride, meets + 4, 2);
            sure |= surely;
        } else {
            here = K(le)(block, stride, meets, lanes);
            if (here == 0) continue;
            sure |= K(lt)(block, stride, meets, lanes);
        }
        maybe |= here;
    }
    *out_unsure = maybe & ~sure;
    return sure;
}

TARGET static inline __attribute__((always_inline)) uint32_t
W(match)(const walk_state *state, const float *block, size_t stride, uint32_t *out_unsure) {
    const fc_probe *probe = state->walk->probe;
    if (state->lanes == FC_LANES_PLACE)
        return W(match_lanes)(probe, block, stride, 0, FC_LANES_PLACE, out_unsure);
    if (state->lanes == FC_LANES_BOTH)
        return W(match_lanes)(probe, block, stride, 0, FC_LANES_BOTH, out_unsure);
    return W(match_lanes)(probe, block, stride, 4, FC_LANES_TIME, out_unsure);
}

// Asks the columns about the unsure ones.
static inline uint32_t W(recheck)(const walk_state *state, const uint32_t *positions,
                                  uint32_t unsure) {
    uint32_t mask = 0;
    for (; unsure != 0; unsure &= unsure - 1) {
        unsigned i = (unsigned)__builtin_ctz(unsure);
        // An invisible row's chunk may have been freed.
        if (fc_walk_sees(state->walk, positions[i]) &&
            fc_probe_matches(state->walk->probe, &state->walk->view->table->columns, positions[i]))
            mask |= UINT32_C(1) << i;
    }
    return mask;
}

static inline void W(limit_sink)(walk_state *state) {
    fc_sink *sink = state->sink;
    if (sink->count < sink->limit) return;
    sink->count = sink->limit;
    state->is_full = true;
}

static inline void W(add_id)(fc_sink *sink, uint64_t id) {
    if (sink->total < sink->id_capacity) sink->ids[sink->total] = id;
    sink->total++;
}

// Whether the row may be dead, or is too new; those of a chunk that was freed are dead.
static inline __attribute__((always_inline)) uint32_t
W(may_be_hidden)(const fc_columns *columns, uint32_t limit, uint32_t position) {
    const fc_chunk *chunk = fc_columns_chunk(columns, position);
    if (__builtin_expect(chunk == NULL, 0)) return 1;
    const uint32_t row = position & FC_CHUNK_MASK;
    const uint64_t dead = atomic_load_explicit(&chunk->dead[row / 64], memory_order_relaxed);
    return (uint32_t)(dead >> (row % 64) & 1) | (position >= limit);
}

// Hands on 16 rows, all of which are visible.
TARGET static inline __attribute__((always_inline)) fc_status
W(emit)(walk_state *state, const uint32_t *positions, fc_ids ids, uint32_t mask) {
    fc_sink *sink = state->sink;
    if (sink->ids != NULL) {
        if (sink->id_capacity >= sink->total + FC_NODE)
            sink->total += K(select_ids)(ids.lower, ids.upper, mask, sink->ids + sink->total);
        else
            for (; mask != 0; mask &= mask - 1)
                W(add_id)(sink, fc_ids_at(ids, (unsigned)__builtin_ctz(mask)));
        return FC_STATUS_OK;
    }
    if (sink->counts_only) {
        sink->total += (unsigned)__builtin_popcount(mask);
        return FC_STATUS_OK;
    }
    fc_status status = fc_sink_room(sink, FC_SINK_STEP);
    if (status != FC_STATUS_OK || state->is_full) return status;
    sink->count += K(select)(positions, mask, sink->data + sink->count);
    W(limit_sink)(state);
    return FC_STATUS_OK;
}

// Takes those that the columns tell to be visible out of the masks of hidden candidates: first the misses of all, then
// the looks.
static void W(show_seen)(const walk_state *state, uint32_t *hidden) {
    const fc_view *view = state->walk->view;
    const fc_columns *columns = &view->table->columns;
    uint16_t doubtful[CANDIDATES];
    unsigned count = 0;
    for (unsigned first = 0; first < state->candidate_count; first += FC_NODE)
        for (uint32_t rest = hidden[first / FC_NODE]; rest != 0; rest &= rest - 1) {
            const unsigned i = first + (unsigned)__builtin_ctz(rest);
            const uint32_t position = state->candidates[i];
            const fc_chunk *chunk = fc_columns_chunk(columns, position);
            if (chunk == NULL || position >= view->limit ||
                fc_chunk_all_ended(chunk, position, view->sequence))
                continue;
            fc_chunk_prefetch_deleted(chunk, position);
            doubtful[count++] = (uint16_t)i;
        }
    for (unsigned n = 0; n < count; n++) {
        const unsigned i = doubtful[n];
        if (fc_view_sees(view, state->candidates[i]))
            hidden[i / FC_NODE] &= ~(UINT32_C(1) << i % FC_NODE);
    }
}

// Hands on the candidates that are visible.
TARGET static fc_status W(settle)(walk_state *state) {
    const fc_view *view = state->walk->view;
    const fc_columns *columns = &view->table->columns;
    const uint32_t limit = view->limit;
    const unsigned count = state->candidate_count;
    uint32_t hidden[CANDIDATES / FC_NODE], any = 0;
    for (unsigned first = 0; first < count; first += FC_NODE) {
        const unsigned rows = count - first < FC_NODE ? count - first : FC_NODE;
        uint32_t mask = 0;
        for (unsigned i = 0; i < rows; i++)
            mask |= W(may_be_hidden)(columns, limit, state->candidates[first + i]) << i;
        hidden[first / FC_NODE] = mask;
        any |= mask;
    }
    // As long as nothing was deleted since the view was made, every one of them is.
    atomic_thread_fence(memory_order_acquire);
    if (any != 0 &&
        atomic_load_explicit(&columns->last_deleted, memory_order_relaxed) > view->sequence)
        W(show_seen)(state, hidden);
    state->candidate_count = 0;
    for (unsigned first = 0; first < count; first += FC_NODE) {
        const unsigned rows = count - first < FC_NODE ? count - first : FC_NODE;
        const fc_ids ids = {state->lower_ids + first, state->upper_ids + first};
        fc_status status = W(emit)(state, state->candidates + first, ids,
                                   ~hidden[first / FC_NODE] & ((UINT32_C(1) << rows) - 1));
        if (status != FC_STATUS_OK || state->is_full) return status;
    }
    return FC_STATUS_OK;
}

// Takes those of 16 rows as candidates.
TARGET static inline fc_status W(note)(walk_state *state, const uint32_t *positions, fc_ids ids,
                                       uint32_t mask) {
    if (state->candidate_count > CANDIDATES - FC_NODE) {
        fc_status status = W(settle)(state);
        if (status != FC_STATUS_OK) return status;
    }
    const unsigned count = state->candidate_count;
    state->candidate_count += K(select)(positions, mask, state->candidates + count);
    if (state->sink->ids == NULL) return FC_STATUS_OK;
    (void)K(select)(ids.lower, mask, state->lower_ids + count);
    if (ids.upper != NULL)
        (void)K(select)(ids.upper, mask, state->upper_ids + count);
    else
        memset(state->upper_ids + count, 0, FC_NODE * sizeof(uint32_t));
    return FC_STATUS_OK;
}

// Hands on the visible ones among 16 rows. `all_seen`: they all are. `ids` are looked at only when the sink takes ids.
TARGET static inline __attribute__((always_inline)) fc_status
W(take)(walk_state *state, const uint32_t *positions, fc_ids ids, uint32_t mask, bool all_seen) {
    return all_seen ? W(emit)(state, positions, ids, mask) : W(note)(state, positions, ids, mask);
}

static inline bool W(all_seen)(const walk_state *state, uint32_t position_max) {
    return state->walk->is_clean && position_max < state->walk->view->limit;
}

TARGET static fc_status W(scan_leaves)(walk_state *state) {
    for (unsigned n = 0; n < state->pending_count && !state->is_full; n++) {
        const leaf_ref *leaf = &state->pending[n];
        const uint32_t *positions = fc_tree_positions(leaf->tree, leaf->block);
        uint32_t unsure;
        const float *block = fc_tree_block(leaf->tree, 0, leaf->block);
        uint32_t mask = W(match)(state, block, FC_NODE, &unsure);
        if (unsure != 0) mask |= W(recheck)(state, positions, unsure);
        if (mask == 0) continue;
        bool all_seen = W(all_seen)(state, leaf->tree->position_max);
        const fc_ids ids = fc_tree_ids(leaf->tree, leaf->block);
        fc_status status = W(take)(state, positions, ids, mask, all_seen);
        if (status != FC_STATUS_OK) return status;
    }
    state->pending_count = 0;
    return FC_STATUS_OK;
}

static inline void W(prefetch)(const float *block, size_t floats) {
    for (size_t i = 0; i < floats; i += 16)
        __builtin_prefetch(block + i);
}

static inline void W(prefetch_ids)(fc_ids ids) {
    __builtin_prefetch(ids.lower);
    if (ids.upper != NULL) __builtin_prefetch(ids.upper);
}

// Of a leaf only the lines that will be read: of the seven of a leaf without times a question for small ids
// with nothing dead reads five, as one for positions. Waiting for lines is most of a walk.
static inline void W(prefetch_leaf)(const walk_state *state, const fc_tree *tree, uint32_t leaf,
                                    bool all_seen) {
    W(prefetch)(fc_tree_block(tree, 0, leaf), (size_t)state->lanes * FC_NODE);
    const bool takes_ids = state->sink->ids != NULL;
    if (!takes_ids || !all_seen) __builtin_prefetch(fc_tree_positions(tree, leaf));
    if (takes_ids) W(prefetch_ids)(fc_tree_ids(tree, leaf));
}

// All entries below block `block` of `level` match: copies them without looking at their boxes.
TARGET static fc_status W(take_all)(walk_state *state, const fc_tree *tree, unsigned level,
                                    uint32_t block) {
    uint64_t first = (uint64_t)block << (4 * level), last = (uint64_t)(block + 1) << (4 * level);
    if (last > tree->block_counts[0]) last = tree->block_counts[0];
    bool all_seen = W(all_seen)(state, tree->position_max);
    if (all_seen && state->sink->counts_only) {
        uint64_t end = last * FC_NODE < tree->count ? last * FC_NODE : tree->count;
        state->sink->total += end - first * FC_NODE;
        return FC_STATUS_OK;
    }
    enum { LEAVES_A_LOOK = 256 };
    for (uint64_t leaf = first; leaf < last && !state->is_full; leaf++) {
        if ((leaf - first) % LEAVES_A_LOOK == 0) {
            uint64_t leaves = last - leaf < LEAVES_A_LOOK ? last - leaf : LEAVES_A_LOOK;
            if (fc_watch_ends(state->walk->watch, leaves)) return FC_STATUS_CANCELLED;
        }
        const uint32_t *positions = fc_tree_positions(tree, (uint32_t)leaf);
        const fc_ids ids = fc_tree_ids(tree, (uint32_t)leaf);
        uint64_t rest = tree->count - leaf * FC_NODE;
        fc_sink *sink = state->sink;
        if (leaf + 8 < last && sink->ids != NULL)
            W(prefetch_ids)(fc_tree_ids(tree, (uint32_t)leaf + 8));
        if (leaf + 8 < last && !(all_seen && sink->ids != NULL))
            __builtin_prefetch(fc_tree_positions(tree, (uint32_t)leaf + 8));
        if (sink->ids != NULL && all_seen && rest >= FC_NODE &&
            sink->id_capacity >= sink->total + FC_NODE) {
            uint64_t *out = sink->ids + sink->total;
            for (unsigned i = 0; i < FC_NODE; i++)
                out[i] = ids.lower[i];
            for (unsigned i = 0; ids.upper != NULL && i < FC_NODE; i++)
                out[i] |= (uint64_t)ids.upper[i] << 32;
            sink->total += FC_NODE;
            continue;
        }
        if (sink->ids == NULL && all_seen && rest >= FC_NODE &&
            sink->limit - sink->count > FC_NODE) {
            fc_status status = fc_sink_room(sink, FC_SINK_STEP);
            if (status != FC_STATUS_OK) return status;
            memcpy(sink->data + sink->count, positions, FC_NODE * sizeof *positions);
            sink->count += FC_NODE;
            continue;
        }
        uint32_t mask = rest >= FC_NODE ? FC_NODE_FULL : (UINT32_C(1) << rest) - 1;
        fc_status status = W(take)(state, positions, ids, mask, all_seen);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

typedef struct node_ref {
    uint32_t block;
    uint32_t level;
} node_ref;

// Which children of an inner block meet the question, and which lie inside it as a whole.
TARGET static inline __attribute__((always_inline)) uint32_t
W(children_lanes)(const fc_probe *probe, bool may_be_inside, const float *block,
                  unsigned first_lane, unsigned lanes, uint32_t *out_inside) {
    uint32_t meets = 0, inside = 0;
    for (unsigned i = 0; i < probe->window_count; i++) {
        const fc_window *window = &probe->windows[i];
        uint32_t here = K(le)(block, FC_NODE, window->meets + first_lane, lanes);
        meets |= here;
        if (here != 0 && may_be_inside)
            inside |= K(gt)(block, FC_NODE, window->inside + first_lane, lanes);
    }
    *out_inside = inside & meets;
    return meets & ~inside;
}

TARGET static inline __attribute__((always_inline)) uint32_t
W(match_children)(const walk_state *state, const fc_tree *tree, const float *block,
                  uint32_t *out_inside) {
    const fc_probe *probe = state->walk->probe;
    // Rows without a time hide behind those that have one.
    bool may = !probe->has_time || tree->all_timed;
    if (state->lanes == FC_LANES_PLACE)
        return W(children_lanes)(probe, may, block, 0, FC_LANES_PLACE, out_inside);
    if (state->lanes == FC_LANES_BOTH)
        return W(children_lanes)(probe, may, block, 0, FC_LANES_BOTH, out_inside);
    return W(children_lanes)(probe, may, block, 4, FC_LANES_TIME, out_inside);
}

TARGET static fc_status W(walk_tree)(walk_state *state, const fc_tree *tree) {
    if (tree->level_count == 1) {
        if (state->pending_count == PENDING_LEAVES) {
            fc_status status = W(scan_leaves)(state);
            if (status != FC_STATUS_OK) return status;
        }
        state->pending[state->pending_count++] = (leaf_ref){tree, 0};
        return FC_STATUS_OK;
    }
    const bool all_seen = W(all_seen)(state, tree->position_max);
    node_ref stack[FC_TREE_LEVELS_MAX * FC_NODE];
    unsigned depth = 0;
    stack[depth++] = (node_ref){0, tree->level_count - 1};
    while (depth > 0 && !state->is_full) {
        node_ref node = stack[--depth];
        const float *block = fc_tree_block(tree, node.level, node.block);
        uint32_t inside = 0;
        uint32_t meets = W(match_children)(state, tree, block, &inside);
        unsigned nodes = 1 + (node.level == 1 ? (unsigned)__builtin_popcount(meets) : 0);
        if (fc_watch_ends(state->walk->watch, nodes)) return FC_STATUS_CANCELLED;
        for (; meets != 0; meets &= meets - 1) {
            uint32_t child = node.block * FC_NODE + (uint32_t)__builtin_ctz(meets);
            if (node.level > 1) {
                stack[depth++] = (node_ref){child, node.level - 1};
                W(prefetch)
                (fc_tree_block(tree, node.level - 1, child), state->lanes * FC_NODE);
                continue;
            }
            if (state->pending_count == PENDING_LEAVES) {
                fc_status status = W(scan_leaves)(state);
                if (status != FC_STATUS_OK) return status;
            }
            W(prefetch_leaf)(state, tree, child, all_seen);
            state->pending[state->pending_count++] = (leaf_ref){tree, child};
        }
        for (; inside != 0 && !state->is_full; inside &= inside - 1) {
            uint32_t child = node.block * FC_NODE + (uint32_t)__builtin_ctz(inside);
            fc_status status = W(take_all)(state, tree, node.level - 1, child);
            if (status != FC_STATUS_OK) return status;
        }
    }
    return FC_STATUS_OK;
}

// The last rows of the tail, fewer than sixteen, as a block. (Lanes beyond the view's rows may be
// written meanwhile.)
static inline void W(gather_tail)(const fc_tail *tail, unsigned first_lane, unsigned lanes,
                                  uint32_t first, uint32_t count, float *out) {
    for (unsigned lane = 0; lane < lanes; lane++) {
        const float *from = fc_tail_lane(tail, first_lane + lane) + first;
        float *to = out + (size_t)lane * FC_NODE;
        for (unsigned i = 0; i < count; i++)
            to[i] = from[i];
        for (unsigned i = count; i < FC_NODE; i++)
            to[i] = __builtin_nanf("");
    }
}

TARGET static fc_status W(take_tail)(walk_state *state, uint32_t first, uint32_t mask,
                                     uint32_t unsure) {
    uint32_t positions[FC_NODE];
    for (uint32_t i = 0; i < FC_NODE; i++)
        positions[i] = first + i;
    if (unsure != 0) mask |= W(recheck)(state, positions, unsure);
    uint32_t lower[FC_NODE], upper[FC_NODE];
    if (state->sink->ids != NULL)
        for (uint32_t rest = mask; rest != 0; rest &= rest - 1) {
            const unsigned i = (unsigned)__builtin_ctz(rest);
            const fc_chunk *chunk =
                fc_columns_chunk(&state->walk->view->table->columns, positions[i]);
            if (chunk == NULL) { // freed, so that nobody sees the row
                mask &= ~(UINT32_C(1) << i);
                continue;
            }
            const uint64_t id = chunk->ids[positions[i] & FC_CHUNK_MASK];
            lower[i] = (uint32_t)id;
            upper[i] = (uint32_t)(id >> 32);
        }
    return W(take)(state, positions, (fc_ids){lower, upper}, mask, state->walk->is_clean);
}

TARGET static fc_status W(walk_tail)(walk_state *state) {
    const fc_view *view = state->walk->view;
    const fc_tail *tail = view->version->tail;
    uint32_t first = 0, unsure;
    const float *lanes = fc_tail_lane(tail, state->first_lane);
    const fc_probe *probe = state->walk->probe;
    // Most blocks of 16 rows in the order of their coming are far from a small question.
    bool may_skip = state->first_lane == 0 && !probe->within && probe->window_count == 1;
    const uint32_t whole = view->tail_count - view->tail_count % FC_NODE;
    for (; first < whole && !state->is_full; first += FC_NODE) {
        if (may_skip) {
            const uint32_t before = first;
            first += K(skip)(lanes + first, tail->capacity, probe->windows[0].meets, whole - first);
            may_skip = first != before; // not where block after block has a row
        }
        if (first == whole) break;
        uint32_t mask = W(match)(state, lanes + first, tail->capacity, &unsure);
        if ((mask | unsure) == 0) continue;
        fc_status status = W(take_tail)(state, tail->first + first, mask, unsure);
        if (status != FC_STATUS_OK) return status;
    }
    if (first >= view->tail_count || state->is_full) return FC_STATUS_OK;
    float block[FC_LANES_MAX * FC_NODE];
    W(gather_tail)(tail, state->first_lane, state->lanes, first, view->tail_count - first, block);
    uint32_t mask = W(match)(state, block, FC_NODE, &unsure);
    if ((mask | unsure) == 0) return FC_STATUS_OK;
    return W(take_tail)(state, tail->first + first, mask, unsure);
}

TARGET fc_status W(walk)(const fc_walk *walk, fc_sink *sink) {
    const fc_probe *probe = walk->probe;
    walk_state state; // not its lists, four kilobytes
    state.walk = walk;
    state.sink = sink;
    state.pending_count = state.candidate_count = 0;
    if (probe->is_empty || (probe->has_time && !walk->view->timed)) return FC_STATUS_OK;
    state.is_full = sink->limit == 0;
    state.first_lane = walk->by_time ? 4 : 0;
    state.lanes = walk->by_time ? FC_LANES_TIME : probe->has_time ? FC_LANES_BOTH : FC_LANES_PLACE;
    const fc_version *version = walk->view->version;
    fc_tree *const *trees = version->trees + (walk->by_time ? version->place_count : 0);
    uint32_t count = walk->by_time ? version->time_count : version->place_count;
    fc_status status = FC_STATUS_OK;
    for (uint32_t i = 0; i < count && status == FC_STATUS_OK && !state.is_full; i++) {
        if (trees[i]->lanes < state.lanes) continue; // none of its rows has a time
        status = W(walk_tree)(&state, trees[i]);
    }
    if (status == FC_STATUS_OK) status = W(scan_leaves)(&state);
    if (status == FC_STATUS_OK && !state.is_full) status = W(walk_tail)(&state);
    if (status == FC_STATUS_OK && !state.is_full) status = W(settle)(&state);
    return status;
}
