#if defined(__has_include) && !__has_include(<sqlite3.h>)
#error                                                                                             \
    "The benchmarks need sqlite3.h: install it with 'apt-get install libsqlite3-dev' (Debian) or 'brew install sqlite' (macOS)"
#else
#include <sqlite3.h>
#endif
