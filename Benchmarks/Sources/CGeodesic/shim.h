#if defined(__has_include) && !__has_include(<geodesic.h>)
#error                                                                                             \
    "The benchmarks need geodesic.h: install it with 'apt-get install libproj-dev' (Debian) or 'brew install proj' (macOS)"
#else
#include <geodesic.h>
#endif
