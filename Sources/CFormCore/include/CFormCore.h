// The C core of FormDB: everything that Swift, the benchmark and the tests may call.
#ifndef CFORMCORE_H
#define CFORMCORE_H

#include "../base/bytes.h"
#include "../base/hash.h"
#include "../base/memory.h"
#include "../base/status.h"
#include "../codec/batch.h"
#include "../codec/predicate.h"
#include "../codec/property.h"
#include "../codec/record.h"
#include "../codec/timestamp.h"
#include "../codec/value.h"
#include "../codec/value_hash.h"
#include "../format/block.h"
#include "../index/aggregate.h"
#include "../index/footprints.h"
#include "../index/geodesic.h"
#include "../index/memtable.h"
#include "../index/order.h"
#include "../index/property_index.h"
#include "../index/series.h"
#include "../index/sphere.h"
#include "../index/view_filter.h"
#include "../index/windowing.h"
#include "../os/os.h"
#include "../os/os_memory.h"
#include "../os/short_lock.h"
#include "../store/log.h"
#include "../store/operations.h"
#include "../store/store.h"

#endif
