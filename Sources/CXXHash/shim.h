#if defined(__has_include) && !__has_include(<xxhash.h>)
#error                                                                                             \
    "FormDB needs xxhash.h: install it with 'apt-get install libxxhash-dev' (Debian) or 'brew install xxhash' (macOS)"
#else
#include <xxhash.h>
#endif
