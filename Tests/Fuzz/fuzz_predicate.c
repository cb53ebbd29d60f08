// Filter programs and properties as an attacker would hand them over: an error or an answer, never a
// crash, and the short way to "true" agrees with the three-valued one.
#include <stdlib.h>

#include "../../Sources/CFormCore/include/CFormCore.h"

// Copied to a block of its own, so that the address sanitizer sees a byte too many.
static fc_bytes copy_of(const uint8_t *data, size_t size) {
    uint8_t *copy = malloc(size + (size == 0));
    if (!copy) abort();
    if (size > 0) memcpy(copy, data, size);
    return (fc_bytes){copy, size};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    // The first byte says where the program ends and the properties begin.
    size_t length = data[0] < size ? data[0] : size - 1;
    const fc_allocator memory = fc_allocator_system();
    fc_bytes program = copy_of(data + 1, length);
    fc_bytes properties = copy_of(data + 1 + length, size - 1 - length);
    fc_detail detail;
    fc_property *property;
    bool is_map =
        fc_cbor_check(properties, true, &detail) == FC_STATUS_OK && properties.data[0] >> 5 == 5;
    if (!is_map) properties.length = 0;
    if (fc_property_decode(&memory, program, &property, &detail) == FC_STATUS_OK) {
        fc_property_value(properties, property);
        fc_property_destroy(&memory, property);
    }
    fc_predicate *predicate;
    if (fc_predicate_compile(&memory, program, &predicate, &detail) == FC_STATUS_OK) {
        fc_truth truth = fc_predicate_test(predicate, properties);
        fc_predicate_hints hints = {0};
        for (int i = 0; i < 2; i++)
            if (fc_predicate_meets(predicate, properties, &hints) != (truth == FC_TRUTH_TRUE))
                abort();
        fc_predicate_destroy(&memory, predicate);
    }
    int64_t time_us;
    fc_timestamp_read(program, &time_us);
    free((void *)program.data);
    free((void *)properties.data);
    return 0;
}
