// The walk to the nearest, included like (and after) walk_body.h. Over all trees at once, the least bound
// first, found by vectors over frames of sixteen instead of a heap (W2, packed: 2.8 us depth first); rows
// come out in the order of their bounds, so the k-th ends it. Looking over all frames costs more the more
// there are, so beyond FC_FRAMES_MAX the rest is walked depth first: data whose bounds say little (all at
// one distance) would make it quadratic. The tail is scanned last, for what lies within reach. Distances
// here are float32 lower bounds; exact ones come after the walk.
// No include guard: see walk.h.

TARGET static inline uint32_t W(bounds)(const fc_nearest *nearest, const float *block,
                                        uint32_t mask, float *out) {
    if (!nearest->in_metres)
        return mask & K(distances)(block, FC_NODE, &nearest->lanes, nearest->reach, out);
    W(sphere_bounds)(&nearest->point, block, FC_NODE, out);
    return mask & K(le)(out, FC_NODE, &nearest->reach, 1);
}

TARGET static fc_status W(nearest_leaf)(fc_nearest *nearest, const walk_state *state,
                                        const float *block, const uint32_t *positions,
                                        uint32_t mask) {
    uint32_t unsure = 0;
    if (nearest->probe != NULL) {
        uint32_t sure = W(match)(state, block, FC_NODE, &unsure);
        mask &= sure | unsure;
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
        fc_status status = fc_nearest_accept(nearest, positions[i], bounds[i]);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

// Opens a block: what of it answers and lies within reach.
TARGET static inline fc_status W(open)(fc_nearest *nearest, const walk_state *state,
                                       const fc_tree *tree, uint32_t level, uint32_t block) {
    if (nearest->frame_count == nearest->frame_capacity) {
        fc_status status = fc_nearest_grow_frames(nearest);
        if (status != FC_STATUS_OK) return status;
    }
    fc_frame *frame = &nearest->frames[nearest->frame_count];
    const float *lanes = fc_tree_block(tree, level, block);
    uint32_t mask = FC_NODE_FULL;
    frame->unsure = 0;
    if (nearest->probe != NULL && level == 0) {
        mask = W(match)(state, lanes, FC_NODE, &frame->unsure);
        mask |= frame->unsure;
    } else if (nearest->probe != NULL) {
        const fc_probe *probe = nearest->probe;
        mask = 0;
        for (unsigned i = 0; i < probe->window_count; i++)
            mask |= K(le)(lanes, FC_NODE, probe->windows[i].meets, state->lanes);
    }
    uint32_t within = mask == 0 ? 0 : W(bounds)(nearest, lanes, mask, frame->bounds);
    if (within == 0) return FC_STATUS_OK;
    for (uint32_t out = FC_NODE_FULL & ~within; out != 0; out &= out - 1)
        frame->bounds[__builtin_ctz(out)] = __builtin_inff();
    frame->tree = tree;
    frame->block = block;
    frame->level = level;
    frame->next = K(least)(frame->bounds, &nearest->least[nearest->frame_count]);
    if (level > 0) {
        uint32_t child = block * FC_NODE + frame->next;
        W(prefetch)(fc_tree_block(tree, level - 1, child), (size_t)tree->lanes * FC_NODE);
    }
    nearest->frame_count++;
    return FC_STATUS_OK;
}

// Row `i` of an opened leaf, whose bound is the least of all.
TARGET static inline fc_status W(take_row)(fc_nearest *nearest, const walk_state *state,
                                           fc_frame *frame, unsigned i, float bound) {
    uint32_t bit = UINT32_C(1) << i;
    uint32_t position = fc_tree_positions(frame->tree, frame->block)[i];
    if (!fc_walk_sees(state->walk, position)) return FC_STATUS_OK;
    if (frame->unsure & bit &&
        !fc_probe_matches(nearest->probe, &nearest->view->table->columns, position))
        return FC_STATUS_OK;
    return fc_nearest_accept(nearest, position, bound);
}

// Of equal ones the newest group's, so that ties go deep instead of opening a whole level.
TARGET static inline size_t W(least_frame)(const fc_nearest *nearest, float *out_least) {
    size_t first = nearest->frame_count == 0 ? 0 : (nearest->frame_count - 1) / FC_NODE * FC_NODE;
    size_t frame = first + K(least)(nearest->least + first, out_least);
    while (first > 0) {
        float least;
        first -= FC_NODE;
        size_t i = K(least)(nearest->least + first, &least);
        if (!(least < *out_least)) continue;
        *out_least = least;
        frame = first + i;
    }
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
        const float *block = fc_tree_block(tree, node.level, node.block);
        if (node.level == 0) {
            fc_status status = W(nearest_leaf)(nearest, state, block,
                                               fc_tree_positions(tree, node.block), FC_NODE_FULL);
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
        mask = W(bounds)(nearest, block, mask, bounds);
        for (uint32_t out = FC_NODE_FULL & ~mask; out != 0; out &= out - 1)
            bounds[__builtin_ctz(out)] = __builtin_inff();
        // The nearest goes on the stack last.
        unsigned children = (unsigned)__builtin_popcount(mask);
        for (unsigned n = children; n-- > 0;) {
            float least;
            uint32_t i = K(least)(bounds, &least);
            bounds[i] = __builtin_inff();
            stack[depth + n] = (node_ref){node.block * FC_NODE + i, node.level - 1};
        }
        depth += children;
    }
    return FC_STATUS_OK;
}

// What the opened blocks still hold.
TARGET static fc_status W(nearest_rest)(fc_nearest *nearest, const walk_state *state) {
    fc_status status = FC_STATUS_OK;
    for (size_t f = nearest->frame_count; f-- > 0;) {
        fc_frame *frame = &nearest->frames[f];
        for (unsigned i = 0; i < FC_NODE && status == FC_STATUS_OK; i++) {
            float bound = frame->bounds[i];
            if (!(bound <= nearest->reach) || bound == __builtin_inff()) continue;
            node_ref child = {frame->block * FC_NODE + i, frame->level - 1};
            status = frame->level == 0 ? W(take_row)(nearest, state, frame, i, bound)
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
        fc_status status = W(open)(nearest, state, tree, tree->level_count - 1, 0);
        if (status != FC_STATUS_OK) return status;
    }
    for (;;) {
        if (nearest->frame_count > FC_FRAMES_MAX) return W(nearest_rest)(nearest, state);
        float least;
        size_t which = W(least_frame)(nearest, &least);
        if (!(least <= nearest->reach) || least == __builtin_inff()) return FC_STATUS_OK;
        fc_frame *frame = &nearest->frames[which];
        unsigned i = frame->next;
        frame->bounds[i] = __builtin_inff();
        fc_status status = FC_STATUS_OK;
        const fc_tree *tree = frame->tree;
        uint32_t level = frame->level, child = frame->block * FC_NODE + i;
        if (level == 0) status = W(take_row)(nearest, state, frame, i, least);
        frame->next = K(least)(frame->bounds, &nearest->least[which]);
        if (nearest->least[which] == __builtin_inff()) {
            size_t last = --nearest->frame_count;
            *frame = nearest->frames[last];
            nearest->least[which] = nearest->least[last];
            nearest->least[last] = __builtin_inff();
        }
        if (status == FC_STATUS_OK && level > 0)
            status = W(open)(nearest, state, tree, level - 1, child);
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
        fc_status status = W(nearest_leaf)(nearest, state, block, positions, FC_NODE_FULL);
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
