// The walks with scalar kernels: for machines without vectors that we know, and as the vectors'
// twin.
#include <string.h>

#include "walk.h"

#define K(NAME) fc_scalar_##NAME
#define W(NAME) fc_##NAME##_scalar
#define TARGET
#include "walk_body.h"

#include "sphere_body.h"

#include "nearest_body.h"
