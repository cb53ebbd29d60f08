// The walk to the nearest, included like (and after) walk_body.h. Depth first, nearest child first;
// what lies beyond the k-th least bound is left out. Distances here are float32 lower bounds; exact
// ones come after the walk.
// No include guard: see walk.h.

typedef struct nearest_frame {
    float bounds[FC_NODE];
    uint32_t block;
    uint32_t level;
} nearest_frame;

TARGET static inline uint32_t W(bounds)(const fc_nearest *nearest, const float *block,
                                        uint32_t mask, float *out) {
    if (nearest->in_metres) return fc_nearest_metres(nearest, block, mask, out);
    return mask & K(distances)(block, FC_NODE, &nearest->lanes, nearest->reach, out);
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
        // As wide as what rounding makes of a point? (About four metres.)
        bool is_wide = -block[2 * FC_NODE + i] - block[i] > 4e-5f ||
                       -block[3 * FC_NODE + i] - block[FC_NODE + i] > 4e-5f;
        fc_status status = fc_nearest_offer(nearest, positions[i], bounds[i], is_wide);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
}

// The bounds of a block's children, infinite where the question leaves a child out.
TARGET static inline void W(open_frame)(const fc_nearest *nearest, const walk_state *state,
                                        const fc_tree *tree, nearest_frame *frame) {
    const float *block = fc_tree_block(tree, frame->level, frame->block);
    uint32_t mask = FC_NODE_FULL;
    if (nearest->probe != NULL) {
        mask = 0;
        const fc_probe *probe = nearest->probe;
        for (unsigned i = 0; i < probe->window_count; i++)
            mask |= K(le)(block, FC_NODE, probe->windows[i].meets, state->lanes);
    }
    uint32_t within = W(bounds)(nearest, block, mask, frame->bounds);
    for (uint32_t out = FC_NODE_FULL & ~within; out != 0; out &= out - 1)
        frame->bounds[__builtin_ctz(out)] = __builtin_inff();
}

TARGET static fc_status W(nearest_tree)(fc_nearest *nearest, const walk_state *state,
                                        const fc_tree *tree) {
    if (tree->level_count == 1)
        return W(nearest_leaf)(nearest, state, fc_tree_block(tree, 0, 0),
                               fc_tree_positions(tree, 0), FC_NODE_FULL);
    nearest_frame frames[FC_TREE_LEVELS_MAX];
    unsigned depth = 1;
    frames[0].block = 0;
    frames[0].level = tree->level_count - 1;
    W(open_frame)(nearest, state, tree, &frames[0]);
    while (depth > 0) {
        nearest_frame *frame = &frames[depth - 1];
        float least;
        unsigned which = K(least)(frame->bounds, &least);
        if (!(least <= nearest->reach) || least == __builtin_inff()) {
            depth--;
            continue;
        }
        frame->bounds[which] = __builtin_inff();
        uint32_t child = frame->block * FC_NODE + which;
        if (frame->level > 1) {
            frames[depth].block = child;
            frames[depth].level = frame->level - 1;
            W(open_frame)(nearest, state, tree, &frames[depth]);
            depth++;
            continue;
        }
        float next;
        unsigned after = K(least)(frame->bounds, &next);
        if (next <= nearest->reach) W(prefetch)
        (fc_tree_block(tree, 0, frame->block * FC_NODE + after), fc_tree_leaf_stride(tree));
        fc_status status = W(nearest_leaf)(nearest, state, fc_tree_block(tree, 0, child),
                                           fc_tree_positions(tree, child), FC_NODE_FULL);
        if (status != FC_STATUS_OK) return status;
    }
    return FC_STATUS_OK;
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
    for (uint32_t i = 0; i < version->place_count; i++) {
        const fc_tree *tree = version->trees[i];
        if (tree->lanes < state.lanes) continue;
        fc_status status = W(nearest_tree)(nearest, &state, tree);
        if (status != FC_STATUS_OK) return status;
    }
    return W(nearest_tail)(nearest, &state);
}
