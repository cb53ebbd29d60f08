#if defined(__has_include) && !__has_include(<geodesic.h>)
#error                                                                                             \
    "the tests need geodesic.h: install it with 'apt-get install libproj-dev' or 'brew install proj'"
#else
#include <geodesic.h>
#endif
