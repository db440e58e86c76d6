/* The scanner: from the lines of a record to columns, for lines in the form that every event usually has.
 *
 * It accepts a subset of what the event types in schemas/events.py accept, and gives it the same meaning; whatever
 * it is not sure of (an escape, an unknown or repeated field, a number that is no plain integer, a blank line) is
 * an odd line: the scan stops before it, and the caller decides. So it never judges what is poison, and nothing
 * that it takes needs judging again. tests/unit/stream/test_scanner.py holds it against the event types.
 *
 * Which fields there are, their limits and codes, and so the columns, follow from the event types: scan_fields.h is
 * made from them when this is built.
 *
 * The caller promises that the record is valid UTF-8 and that every column has room for as many rows as the record
 * has lines and for as many bytes as it has. Nothing here allocates, and nothing outlives the call.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "scan_fields.h"

#define EXPORT __attribute__((visibility("default")))

/* Bytes of a text column; row r is bytes[offsets[r]] up to bytes[offsets[r + 1]]. */
struct text {
    uint8_t *bytes;
    int32_t *offsets;
};

/* Mirrored by stream/scanner.py. Offsets are written for the first filled[t] rows of text t, whose bytes end at
 * ends[t]; the rows behind are empty. So a text that no line has costs nothing. */
struct columns {
    int64_t rows;
    int64_t capacity;
    uint32_t *line;
#define EACH(type, field, otherwise) type *field;
    NUMBERS(EACH)
#undef EACH
    int64_t *filled;
    int64_t *ends;
    struct text texts[TEXTS];
};

struct row {
#define EACH(type, field, otherwise) int64_t field;
    NUMBERS(EACH)
#undef EACH
    int32_t *sizes; /* of the texts that the line has */
};

#define EACH(type, field, otherwise) .field = otherwise,
static const struct row NO_FIELDS = {NUMBERS(EACH)};
#undef EACH

/* What is left of a line. A read that fails leaves `at` anywhere: the line is odd then. */
struct cursor {
    const uint8_t *at;
    const uint8_t *end;
};

static int take(struct cursor *c, const char *literal, size_t size) {
    if ((size_t)(c->end - c->at) < size || memcmp(c->at, literal, size) != 0) return 0;
    c->at += size;
    return 1;
}

#define TAKE(c, literal) take(c, literal, sizeof(literal) - 1)

static void skip_spaces(struct cursor *c) {
    while (c->at < c->end && *c->at == ' ') c->at++;
}

static int take_number(struct cursor *c, int64_t least, int64_t most, int64_t *value) {
    const uint8_t *first = c->at;
    int64_t number = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        number = number * 10 + (*c->at++ - '0');
        if (number > most) return 0;
    }
    if (c->at == first || (*first == '0' && c->at - first > 1)) return 0;
    *value = number;
    return number >= least;
}

/* The text up to the closing quote, copied to `copied`. Looking for the quote first and at all bytes afterwards lets
 * both run many bytes at a time. */
static int take_text(struct cursor *c, uint8_t *restrict copied, int32_t *size_bytes, int64_t least, int64_t most) {
    if (!TAKE(c, "\"")) return 0;
    const uint8_t *first = c->at;
    const uint8_t *quote = memchr(first, '"', (size_t)(c->end - first));
    if (quote == NULL) return 0;
    int32_t size = (int32_t)(quote - first), continuations = 0;
    uint8_t odd = 0;
    for (int32_t i = 0; i < size; i++) {
        uint8_t byte = first[i];
        odd |= (uint8_t)((byte < 0x20) | (byte == '\\'));
        continuations += (byte & 0xC0) == 0x80;
        copied[i] = byte;
    }
    if (odd || size - continuations < least || size - continuations > most) return 0;
    *size_bytes = size;
    c->at = quote + 1;
    return 1;
}

/* One of a few texts, as its place among them, from 1. */
static int take_code(struct cursor *c, const char *const *quoted, int64_t *code) {
    if (!TAKE(c, "\"")) return 0;
    for (int64_t place = 1; *quoted != NULL; quoted++, place++)
        if (take(c, *quoted, strlen(*quoted))) {
            *code = place;
            return 1;
        }
    return 0;
}

/* A name, its colon and the spaces behind it; where they are not there, nothing is taken. */
static int take_name(struct cursor *c, const char *quoted, size_t size) {
    struct cursor ahead = *c;
    if (!take(&ahead, quoted, size)) return 0;
    skip_spaces(&ahead);
    if (!TAKE(&ahead, ":")) return 0;
    skip_spaces(&ahead);
    *c = ahead;
    return 1;
}

#define NAME(c, name) take_name(c, "\"" name "\"", sizeof(name) + 1)

#define NUMBER(field, least, most) \
    if (NAME(c, #field)) return take_number(c, least, most, &row->field) ? HAS_##field : 0;
#define CODE(field) \
    if (NAME(c, #field)) return take_code(c, CODES_##field, &row->field) ? HAS_##field : 0;
#define TEXT(field, least, most) \
    if (NAME(c, #field)) \
        return take_text(c, columns->texts[TEXT_##field].bytes + columns->ends[TEXT_##field], \
                         &row->sizes[TEXT_##field], least, most) \
                   ? HAS_##field \
                   : 0;
#define TYPE \
    if (NAME(c, "type")) \
        return (impressions ? TAKE(c, "\"impression\"") : TAKE(c, "\"click\"")) ? HAS_type : 0;

/* One field into the row; which it was, or 0 when the line is odd. */
static uint64_t take_field(struct cursor *c, int impressions, const struct columns *columns, struct row *row) {
    if (c->end - c->at < 2) return 0;
    switch (c->at[1]) {
    CASES_BY_FIRST_LETTER
    default:
        return 0;
    }
}

/* One line with its newline (the last may lack it) into the row; which fields it had, or 0 when it is odd. */
static uint64_t take_line(struct cursor *c, int impressions, const struct columns *columns, struct row *row) {
    uint64_t seen = 0;
    if (!TAKE(c, "{")) return 0;
    do {
        skip_spaces(c);
        uint64_t field = take_field(c, impressions, columns, row);
        if (field == 0 || (seen & field)) return 0;
        seen |= field;
        skip_spaces(c);
    } while (TAKE(c, ","));
    uint64_t needs = impressions ? IMPRESSION_NEEDS : CLICK_NEEDS;
    return TAKE(c, "}") && (seen & needs) == needs && (c->at == c->end || TAKE(c, "\n")) ? seen : 0;
}

static void add_row(struct columns *columns, const struct row *row, uint64_t seen, int64_t line) {
    int64_t at = columns->rows;
    columns->line[at] = (uint32_t)line;
#define EACH(type, field, otherwise) columns->field[at] = (type)row->field;
    NUMBERS(EACH)
#undef EACH
    for (uint64_t texts = seen & ANY_TEXT; texts != 0; texts &= texts - 1) {
        int text = __builtin_ctzll(texts);
        int32_t *offsets = columns->texts[text].offsets;
        int32_t end = (int32_t)columns->ends[text];
        for (int64_t without = columns->filled[text]; without < at; without++) offsets[without + 1] = end;
        offsets[at + 1] = end + row->sizes[text];
        columns->ends[text] = offsets[at + 1];
        columns->filled[text] = at + 1;
    }
    columns->rows = at + 1;
}

/* Scan a record's lines from byte `from`, which is line number `line`, and add a row for each.
 * Returns where it stopped: `size` when it is through, else the first byte of an odd line. */
EXPORT int64_t scan(const uint8_t *record, int64_t size, int64_t from, int64_t line, int impressions,
                    struct columns *columns) {
    struct cursor c = {record + from, record + size};
    int32_t sizes[TEXTS];
    while (c.at < c.end && columns->rows < columns->capacity) {
        const uint8_t *begin = c.at;
        struct row row = NO_FIELDS;
        row.sizes = sizes;
        uint64_t seen = take_line(&c, impressions, columns, &row);
        if (seen == 0) return begin - record;
        add_row(columns, &row, seen, line++);
    }
    return c.at - record;
}

/* What it was built from, for the caller to compare: a hash of this file and of scan_fields.h. */
EXPORT const char *scan_source(void) { return SCAN_SOURCE; }
