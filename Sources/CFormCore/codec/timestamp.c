// SOURCE of the day arithmetic: H. Hinnant, "chrono-compatible low-level date algorithms".
#include "timestamp.h"

typedef struct cursor {
    const uint8_t *at, *end;
} cursor;

static bool accept(cursor *c, char byte) {
    if (c->at == c->end || *c->at != (uint8_t)byte) return false;
    c->at++;
    return true;
}

static bool read_digits(cursor *c, unsigned count, int64_t *out) {
    if ((size_t)(c->end - c->at) < count) return false;
    int64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        unsigned digit = (unsigned)(*c->at++ - '0');
        if (digit > 9) return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

static bool is_day(int64_t year, int64_t month, int64_t day) {
    static const uint8_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1) return false;
    bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return day <= lengths[month - 1] + (month == 2 && is_leap);
}

// Days since 1970-01-01 in the proleptic Gregorian calendar.
static int64_t days_since_epoch(int64_t year, int64_t month, int64_t day) {
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static bool read_day(cursor *c, int64_t *out_days) {
    int64_t year, month, day;
    bool is_negative = accept(c, '-');
    if (is_negative || accept(c, '+')) {
        if (!read_digits(c, 6, &year) || (is_negative && year == 0)) return false;
        if (is_negative) year = -year;
    } else if (!read_digits(c, 4, &year)) {
        return false;
    }
    if (!accept(c, '-') || !read_digits(c, 2, &month) || !accept(c, '-') ||
        !read_digits(c, 2, &day) || !is_day(year, month, day))
        return false;
    *out_days = days_since_epoch(year, month, day);
    return true;
}

// Digits of a second as microseconds, 0…1,000,000.
static bool read_fraction(cursor *c, int64_t *out_us) {
    int64_t micros = 0;
    unsigned count = 0, first = 0; // the first digit beyond the microsecond
    bool is_beyond = false;        // whether any digit after it is not zero
    for (; c->at < c->end && (unsigned)(*c->at - '0') <= 9; c->at++, count++) {
        unsigned digit = (unsigned)(*c->at - '0');
        if (count < 6)
            micros = micros * 10 + digit;
        else if (count == 6)
            first = digit;
        else
            is_beyond |= digit != 0;
    }
    if (count == 0) return false;
    for (; count < 6; count++)
        micros *= 10;
    if (first > 5 || (first == 5 && (is_beyond || micros % 2 != 0))) micros++;
    *out_us = micros;
    return true;
}

static bool read_time_of_day(cursor *c, int64_t *out_seconds, int64_t *out_us) {
    int64_t hour, minute, second;
    if (!read_digits(c, 2, &hour) || hour > 23 || !accept(c, ':') || !read_digits(c, 2, &minute) ||
        minute > 59 || !accept(c, ':') || !read_digits(c, 2, &second) || second > 60)
        return false;
    *out_seconds = hour * 3600 + minute * 60 + second;
    *out_us = 0;
    return !accept(c, '.') || read_fraction(c, out_us);
}

// Z, ±hh, ±hhmm or ±hh:mm, as the seconds to subtract.
static bool read_offset(cursor *c, int64_t *out_seconds) {
    *out_seconds = 0;
    if (accept(c, 'Z') || accept(c, 'z')) return true;
    bool is_west = accept(c, '-');
    if (!is_west && !accept(c, '+')) return false;
    int64_t hours, minutes = 0;
    if (!read_digits(c, 2, &hours) || hours > 23) return false;
    if ((accept(c, ':') || c->at < c->end) && (!read_digits(c, 2, &minutes) || minutes > 59))
        return false;
    *out_seconds = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
    return true;
}

bool fc_timestamp_read(fc_bytes text, int64_t *out_us) {
    cursor c = {text.data, text.data + text.length};
    int64_t days, seconds, micros, offset, total;
    if (!read_day(&c, &days) || !(accept(&c, 'T') || accept(&c, 't') || accept(&c, ' ')) ||
        !read_time_of_day(&c, &seconds, &micros) || !read_offset(&c, &offset) || c.at != c.end)
        return false;
    seconds += days * 86400 - offset;
    // A second that begins before INT64_MIN may end after it: counted from its end.
    if (seconds < 0) {
        seconds++;
        micros -= 1000000;
    }
    if (__builtin_mul_overflow(seconds, (int64_t)1000000, &total) ||
        __builtin_add_overflow(total, micros, &total))
        return false;
    *out_us = total;
    return true;
}
