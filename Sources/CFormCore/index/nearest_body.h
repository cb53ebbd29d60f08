// The walk to the nearest, included like (and after) walk_body.h. Over all trees at once, the least bound
// first, found by vectors over frames of sixteen instead of a heap (W2, packed: 2.8 us depth first); rows
// come out in the order of their bounds, so the k-th ends it. What holds the point has a bound of zero and is
// taken at once, without a place in that order (W1: 3.6 us, now 2.9; W4: 1.15, now 1.0). Looking over all frames
// costs more the more there are, so beyond FC_FRAMES_MAX the rest is walked depth first: data whose bounds say
// little (all at one distance) would make it quadratic. The tail is scanned last, for what lies within reach.
// Distances here are float32 lower bounds; exact ones come after the walk.
// No include guard: see walk.h.

TARGET static inline uint32_t W(bounds)(const fc_nearest *nearest, const float *block,
                                        uint32_t mask, float *out) {
    if (!nearest->in_metres)
        return mask & K(distances)(block, FC_NODE, &nearest->lanes, nearest->reach, out);
    W(sphere_bounds)(&nearest->point, block, FC_NODE, out);
    return mask & K(le)(out, FC_NODE, &nearest->reach, 1);
}

// `ids` NULL: those of the columns, of visible rows alone, as a dead one's chunk may have been freed.
TARGET static fc_status W(nearest_leaf)(fc_nearest *nearest, const walk_state *state,
                                        const float *block, const uint32_t *positions,
                                        const fc_ids *ids) {
    uint32_t mask = FC_NODE_FULL, unsure = 0;
    if (nearest->probe != NULL) {
        uint32_t sure = W(match)(state, block, FC_NODE, &unsure);
        mask = sure | unsure;
    }
    if (mask == 0) return FC_STATUS_OK;
    float bounds[FC_NODE];
    mask = W(bounds)(nearest, block, mask, bounds);
    unsure &= mask;
    if (unsure != 0) mask = (mask & ~unsure) | W(recheck)(state, positions, unsure);
    for (; mask != 0; mask &= mask - 1) {
        unsigned i = (unsigned)__builtin_ctz(mask);
        if (!(bounds[i] <= nearest->reach)) continue; // it has shrunk meanwhile
        if (!fc_walk_sees(state->walk, positions[i])) continue;
        uint64_t raw_id = ids != NULL
                              ? fc_ids_at(*ids, i)
                              : fc_columns_raw_id(&nearest->view->table->columns, positions[i]);
        fc_status status = fc_nearest_accept(nearest, positions[i], raw_id, bounds[i]);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

// Notes the least rank of frame number `which`.
TARGET static inline void W(set_least)(fc_nearest *nearest, size_t which, uint32_t rank) {
    unsigned place = which & FC_RANK_PLACE;
    K(set)(nearest->least + (which - place), place, (rank & ~(uint32_t)FC_RANK_PLACE) | place);
}

// Asks for a block; of a leaf for the positions and ids too, which lie behind the lanes (ids from the columns, row
// by row, were an eighth of a search in W2, packed), but for upper halves that are all zero.
static inline void W(prefetch_child)(const fc_tree *tree, uint32_t level, const float *block) {
    const uint32_t extra = FC_LEAF_EXTRA - (tree->upper_bits == 0);
    W(prefetch)(block, (size_t)(tree->lanes + (level == 0 ? extra : 0)) * FC_NODE);
}

// Finds the least of frame number `which`, and asks for the block behind it: it may well be the next to be
// opened. False when nothing is left.
TARGET static inline bool W(choose)(fc_nearest *nearest, size_t which) {
    fc_frame *frame = &nearest->frames[which];
    uint32_t rank = K(least)(frame->ranks);
    frame->next = rank & FC_RANK_PLACE;
    if (rank == FC_RANK_NONE) return false;
    W(set_least)(nearest, which, rank);
    if (frame->level == 0) return true;
    const fc_tree *tree = frame->tree;
    const float *child =
        fc_tree_block(tree, frame->level - 1, frame->block * FC_NODE + frame->next);
    W(prefetch_child)(tree, frame->level - 1, child);
    return true;
}

// What of a block answers and lies within reach, and its bounds.
TARGET static inline uint32_t W(look)(const fc_nearest *nearest, const walk_state *state,
                                      const float *block, uint32_t level, float *bounds,
                                      uint32_t *out_unsure) {
    uint32_t mask = FC_NODE_FULL;
    *out_unsure = 0;
    if (nearest->probe != NULL && level == 0) {
        mask = W(match)(state, block, FC_NODE, out_unsure);
        mask |= *out_unsure;
    } else if (nearest->probe != NULL) {
        const fc_probe *probe = nearest->probe;
        mask = 0;
        for (unsigned i = 0; i < probe->window_count; i++)
            mask |= K(le)(block, FC_NODE, probe->windows[i].meets, state->lanes);
    }
    return mask == 0 ? 0 : W(bounds)(nearest, block, mask, bounds);
}

// Keeps what of an opened block comes later.
TARGET static inline fc_status W(add_frame)(fc_nearest *nearest, const fc_tree *tree, node_ref node,
                                            const float *bounds, uint32_t within, uint32_t unsure) {
    if (nearest->frame_count == nearest->frame_capacity) {
        fc_status status = fc_nearest_grow_frames(nearest);
        if (status != FC_STATUS_OK) return status;
    }
    fc_frame *frame = &nearest->frames[nearest->frame_count];
    frame->unsure = unsure;
    frame->tree = tree;
    frame->block = node.block;
    frame->level = node.level;
    K(rank)(bounds, within, frame->ranks);
    (void)W(choose)(nearest, nearest->frame_count++);
    return FC_STATUS_OK;
}

// Row `i` of an opened leaf, whose bound is the least of all.
TARGET static inline fc_status W(take_row)(fc_nearest *nearest, const walk_state *state,
                                           const fc_tree *tree, uint32_t block, unsigned i,
                                           uint32_t unsure, float bound) {
    uint32_t position = fc_tree_positions(tree, block)[i];
    if (!fc_walk_sees(state->walk, position)) return FC_STATUS_OK;
    if (unsure >> i & 1 &&
        !fc_probe_matches(nearest->probe, &nearest->view->table->columns, position))
        return FC_STATUS_OK;
    return fc_nearest_accept(nearest, position, fc_ids_at(fc_tree_ids(tree, block), i), bound);
}

// The frame with the least bound; nonsense when there are none. Of equal ones the newest
// group's, so that ties go deep instead of opening a whole level.
TARGET static inline size_t W(least_frame)(const fc_nearest *nearest, uint32_t *out_rank) {
    size_t first = nearest->frame_count == 0 ? 0 : (nearest->frame_count - 1) / FC_NODE * FC_NODE;
    uint32_t least = K(least)(nearest->least + first);
    size_t frame = first + (least & FC_RANK_PLACE);
    while (first > 0) {
        first -= FC_NODE;
        uint32_t rank = K(least)(nearest->least + first);
        if ((rank | FC_RANK_PLACE) >= (least | FC_RANK_PLACE)) continue;
        least = rank;
        frame = first + (rank & FC_RANK_PLACE);
    }
    *out_rank = least;
    return frame;
}

// The rows below a block within reach, which may shrink on the way: children are visited nearest first.
TARGET static fc_status W(nearest_deep)(fc_nearest *nearest, const walk_state *state,
                                        const fc_tree *tree, node_ref start) {
    node_ref stack[FC_TREE_LEVELS_MAX * FC_NODE];
    unsigned depth = 0;
    stack[depth++] = start;
    while (depth > 0) {
        node_ref node = stack[--depth];
        if (fc_watch_ends(nearest->watch, 1)) return FC_STATUS_CANCELLED;
        const float *block = fc_tree_block(tree, node.level, node.block);
        if (node.level == 0) {
            const fc_ids ids = fc_tree_ids(tree, node.block);
            fc_status status =
                W(nearest_leaf)(nearest, state, block, fc_tree_positions(tree, node.block), &ids);
            if (status != FC_STATUS_OK) return status;
            continue;
        }
        uint32_t mask = FC_NODE_FULL;
        const fc_probe *probe = nearest->probe;
        if (probe != NULL) {
            mask = 0;
            for (unsigned i = 0; i < probe->window_count; i++)
                mask |= K(le)(block, FC_NODE, probe->windows[i].meets, state->lanes);
        }
        float bounds[FC_NODE];
        uint32_t ranks[FC_NODE];
        mask = W(bounds)(nearest, block, mask, bounds);
        K(rank)(bounds, mask, ranks);
        // The nearest goes on the stack last.
        unsigned children = (unsigned)__builtin_popcount(mask);
        for (unsigned n = children; n-- > 0;) {
            uint32_t i = K(least)(ranks) & FC_RANK_PLACE;
            K(set)(ranks, i, FC_RANK_NONE);
            stack[depth + n] = (node_ref){node.block * FC_NODE + i, node.level - 1};
        }
        depth += children;
    }
    return FC_STATUS_OK;
}

// Opens a block, and at once what of it has a bound of zero, which no other comes before: blocks and rows
// that hold the point. The rest of each becomes a frame.
TARGET static fc_status W(open)(fc_nearest *nearest, const walk_state *state, const fc_tree *tree,
                                node_ref start) {
    node_ref stack[FC_TREE_LEVELS_MAX * FC_NODE];
    unsigned depth = 0;
    const float zero = 0;
    fc_status status = FC_STATUS_OK;
    for (node_ref node = start;; node = stack[--depth]) {
        if (nearest->frame_count > FC_FRAMES_MAX) {
            status = W(nearest_deep)(nearest, state, tree, node);
        } else {
            float bounds[FC_NODE];
            uint32_t unsure;
            uint32_t within = W(look)(nearest, state, fc_tree_block(tree, node.level, node.block),
                                      node.level, bounds, &unsure);
            uint32_t zeros = within == 0 ? 0 : within & K(le)(bounds, FC_NODE, &zero, 1);
            for (; zeros != 0 && status == FC_STATUS_OK; zeros &= zeros - 1) {
                unsigned i = (unsigned)__builtin_ctz(zeros);
                within &= ~(UINT32_C(1) << i);
                if (node.level == 0) {
                    status = W(take_row)(nearest, state, tree, node.block, i, unsure, 0);
                    continue;
                }
                if (fc_watch_ends(nearest->watch, 1)) return FC_STATUS_CANCELLED;
                node_ref child = {node.block * FC_NODE + i, node.level - 1};
                stack[depth++] = child;
                W(prefetch_child)
                (tree, child.level, fc_tree_block(tree, child.level, child.block));
            }
            if (within != 0 && status == FC_STATUS_OK)
                status = W(add_frame)(nearest, tree, node, bounds, within, unsure);
        }
        if (depth == 0 || status != FC_STATUS_OK) return status;
    }
}

// What the opened blocks still hold.
TARGET static fc_status W(nearest_rest)(fc_nearest *nearest, const walk_state *state) {
    fc_status status = FC_STATUS_OK;
    for (size_t f = nearest->frame_count; f-- > 0;) {
        fc_frame *frame = &nearest->frames[f];
        for (unsigned i = 0; i < FC_NODE && status == FC_STATUS_OK; i++) {
            float bound = fc_rank_bound(frame->ranks[i]);
            if (frame->ranks[i] == FC_RANK_NONE || !(bound <= nearest->reach)) continue;
            node_ref child = {frame->block * FC_NODE + i, frame->level - 1};
            status = frame->level == 0 ? W(take_row)(nearest, state, frame->tree, frame->block, i,
                                                     frame->unsure, bound)
                                       : W(nearest_deep)(nearest, state, frame->tree, child);
        }
    }
    return status;
}

// The nearest bound of all trees first, until it is out of reach.
TARGET static fc_status W(nearest_first)(fc_nearest *nearest, const walk_state *state) {
    const fc_version *version = nearest->view->version;
    for (uint32_t i = 0; i < version->place_count; i++) {
        const fc_tree *tree = version->trees[i];
        if (tree->lanes < state->lanes) continue;
        fc_status status = W(open)(nearest, state, tree, (node_ref){0, tree->level_count - 1});
        if (status != FC_STATUS_OK) return status;
    }
    for (;;) {
        if (nearest->frame_count > FC_FRAMES_MAX) return W(nearest_rest)(nearest, state);
        if (fc_watch_ends(nearest->watch, 1)) return FC_STATUS_CANCELLED; // rows count too
        uint32_t rank;
        size_t which = W(least_frame)(nearest, &rank);
        float bound = fc_rank_bound(rank);
        if (nearest->frame_count == 0 || !(bound <= nearest->reach)) return FC_STATUS_OK;
        fc_frame *frame = &nearest->frames[which];
        unsigned i = frame->next;
        K(set)(frame->ranks, i, FC_RANK_NONE);
        fc_status status = FC_STATUS_OK;
        const fc_tree *tree = frame->tree;
        uint32_t level = frame->level, child = frame->block * FC_NODE + i;
        if (level == 0)
            status = W(take_row)(nearest, state, tree, frame->block, i, frame->unsure, bound);
        if (!W(choose)(nearest, which)) {
            // The last takes its place.
            size_t last = --nearest->frame_count;
            *frame = nearest->frames[last];
            W(set_least)(nearest, which, nearest->least[last]);
            W(set_least)(nearest, last, FC_RANK_NONE);
        }
        if (status == FC_STATUS_OK && level > 0)
            status = W(open)(nearest, state, tree, (node_ref){child, level - 1});
        if (status != FC_STATUS_OK) return status;
    }
}

TARGET static fc_status W(nearest_tail)(fc_nearest *nearest, const walk_state *state) {
    const fc_view *view = nearest->view;
    const fc_tail *tail = view->version->tail;
    for (uint32_t first = 0; first < view->tail_count; first += FC_NODE) {
        uint32_t count = view->tail_count - first;
        if (count >= FC_NODE && !nearest->in_metres) {
            // Most lie too far: look without copying.
            float bounds[FC_NODE];
            if (K(distances)(tail->lanes + first, tail->capacity, &nearest->lanes, nearest->reach,
                             bounds) == 0)
                continue;
        }
        float block[FC_LANES_MAX * FC_NODE];
        W(gather_tail)
        (tail, 0, state->lanes, first, count < FC_NODE ? count : FC_NODE, block);
        uint32_t positions[FC_NODE];
        for (uint32_t i = 0; i < FC_NODE; i++)
            positions[i] = tail->first + first + i;
        fc_status status = W(nearest_leaf)(nearest, state, block, positions, NULL);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

TARGET fc_status W(nearest)(fc_nearest *nearest) {
    const fc_view *view = nearest->view;
    const fc_probe *probe = nearest->probe;
    const fc_walk walk = {.view = view, .probe = probe, .is_clean = nearest->is_clean};
    walk_state state = {.walk = &walk, .lanes = FC_LANES_PLACE};
    if (probe != NULL && (probe->is_empty || (probe->has_time && !view->timed)))
        return FC_STATUS_OK;
    if (probe != NULL && probe->has_time) state.lanes = FC_LANES_BOTH;
    const fc_version *version = view->version;
    fc_status status = FC_STATUS_OK;
    if (nearest->k <= view->limit) {
        status = W(nearest_first)(nearest, &state);
    } else {
        for (uint32_t i = 0; i < version->place_count && status == FC_STATUS_OK; i++) {
            const fc_tree *tree = version->trees[i];
            if (tree->lanes < state.lanes) continue;
            status = W(nearest_deep)(nearest, &state, tree, (node_ref){0, tree->level_count - 1});
        }
    }
    return status == FC_STATUS_OK ? W(nearest_tail)(nearest, &state) : status;
}
