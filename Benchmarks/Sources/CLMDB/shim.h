#if defined(__has_include) && !__has_include(<lmdb.h>)
#error                                                                                             \
    "The benchmarks need lmdb.h: install it with 'apt-get install liblmdb-dev' (Debian) or 'brew install lmdb' (macOS)"
#else
#include <lmdb.h>
#endif
