#if defined(__has_include) && !__has_include(<lz4.h>)
#error                                                                                             \
    "FormDB needs lz4.h: install it with 'apt-get install liblz4-dev' (Debian) or 'brew install lz4' (macOS)"
#else
#include <lz4.h>
#endif
