// The layout of a geometry's bytes, for the files of the record codec only.
// SOURCE: record.h, "Geometry, by kind".
#ifndef FC_CODEC_RECORD_GEOMETRY_H
#define FC_CODEC_RECORD_GEOMETRY_H

#include "record.h"

enum { FC_POSITION_BYTES = 16, FC_POSITION_BYTES_Z = 24, FC_GEOMETRY_MEMBER_HEADER_BYTES = 8 };

static inline uint32_t fc_position_bytes(uint8_t record_flags) {
    return record_flags & FC_RECORD_HAS_Z ? FC_POSITION_BYTES_Z : FC_POSITION_BYTES;
}

// Checks a geometry of `kind` that fills `bytes` exactly.
FC_MUST_USE fc_status fc_geometry_check(fc_geometry_kind kind, fc_bytes bytes,
                                        uint32_t position_bytes, fc_detail *detail);
#endif
