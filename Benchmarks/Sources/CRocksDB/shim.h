// For the compiler's paths alone: the loops use the headers in C++.
#if defined(__has_include) && !__has_include(<rocksdb/c.h>)
#error                                                                                             \
    "The benchmarks need rocksdb/c.h: install it with 'apt-get install librocksdb-dev' (Debian) or 'brew install rocksdb' (macOS)"
#else
#include <rocksdb/c.h>
#endif
