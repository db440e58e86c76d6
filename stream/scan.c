/* The scanner: from the lines of a record to columns, for lines in the form that every event usually has.
 *
 * It accepts a subset of what the event types in schemas/events.py accept, and gives it the same meaning; whatever
 * it is not sure of (an escape, an unknown or repeated field, a number that is no plain integer, a blank line) is
 * an odd line: the scan stops before it, and the caller decides. So it never judges what is poison, and nothing
 * that it takes needs judging again. tests/unit/stream/test_scanner.py holds it against the event types.
 *
 * The caller promises that the record is valid UTF-8 and that every column has room for as many rows as the record
 * has lines and for as many bytes as it has. Nothing here allocates, and nothing outlives the call.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* Limits of schemas/events.py; a test holds them together. */
enum { LINK_MIN = 2, LINK_MAX = 511, UA_MAX = 512, REFERRER_MAX = 512, PURPOSE_MAX = 64 };
static const int64_t NUMBER_LIMIT = INT64_C(1) << 53;
static const int64_t COUNT_MAX = 1000000000;

enum { LINK, UA, REFERRER, PURPOSE, TEXTS };

/* Bytes of a text column; row r is bytes[offsets[r]] up to bytes[offsets[r + 1]]. */
struct text {
    uint8_t *bytes;
    int32_t *offsets;
};

/* Mirrored by stream/scanner.py. */
struct columns {
    int64_t rows;
    int64_t capacity;
    int64_t *time_ms;
    int64_t *seq;
    int64_t *visitor;
    int64_t *count;
    uint32_t *line;
    uint8_t *source;
    uint8_t *kind;
    struct text texts[TEXTS];
};

/* Which fields of a line were there. */
enum {
    HAS_TYPE = 1 << 0,
    HAS_TIME = 1 << 1,
    HAS_LINK = 1 << 2,
    HAS_SEQ = 1 << 3,
    HAS_VISITOR = 1 << 4,
    HAS_UA = 1 << 5,
    HAS_REFERRER = 1 << 6,
    HAS_PURPOSE = 1 << 7,
    HAS_SOURCE = 1 << 8,
    HAS_KIND = 1 << 9,
    HAS_COUNT = 1 << 10,
};
enum { CLICK_NEEDS = HAS_TYPE | HAS_TIME | HAS_LINK, IMPRESSION_NEEDS = CLICK_NEEDS | HAS_SOURCE | HAS_KIND };

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

static int take_number(struct cursor *c, int64_t limit, int64_t *value) {
    const uint8_t *first = c->at;
    int64_t number = 0;
    while (c->at < c->end && *c->at >= '0' && *c->at <= '9') {
        number = number * 10 + (*c->at++ - '0');
        if (number >= limit) return 0;
    }
    if (c->at == first || (*first == '0' && c->at - first > 1)) return 0;
    *value = number;
    return 1;
}

/* The text up to the closing quote as the next value of a column; `used` is where that column's bytes end.
 * Looking for the quote first and at all bytes afterwards lets both run many bytes at a time. */
static int take_text(struct cursor *c, struct text *column, int32_t *used, int64_t min_chars, int64_t max_chars) {
    const uint8_t *first = c->at;
    const uint8_t *quote = memchr(first, '"', (size_t)(c->end - first));
    if (quote == NULL) return 0;
    int32_t size = (int32_t)(quote - first), continuations = 0;
    uint8_t odd = 0;
    uint8_t *restrict copied = column->bytes + *used;
    for (int32_t i = 0; i < size; i++) {
        uint8_t byte = first[i];
        odd |= (uint8_t)((byte < 0x20) | (byte == '\\'));
        continuations += (byte & 0xC0) == 0x80;
        copied[i] = byte;
    }
    if (odd || size - continuations < min_chars || size - continuations > max_chars) return 0;
    *used += size;
    c->at = quote + 1;
    return 1;
}

/* A code is the place in IMPRESSION_SOURCES or IMPRESSION_KINDS of schemas/events.py, from 1. */
static int take_source(struct cursor *c, uint8_t *code) {
    if (TAKE(c, "pixel\"")) return *code = 1;
    if (TAKE(c, "beacon\"")) return *code = 2;
    if (TAKE(c, "api\"")) return *code = 3;
    if (TAKE(c, "platform\"")) return *code = 4;
    return 0;
}

static int take_kind(struct cursor *c, uint8_t *code) {
    if (TAKE(c, "served\"")) return *code = 1;
    if (TAKE(c, "rendered\"")) return *code = 2;
    if (TAKE(c, "viewable\"")) return *code = 3;
    if (TAKE(c, "platform\"")) return *code = 4;
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

struct row {
    int64_t time_ms, seq, visitor, count;
    uint8_t source, kind;
    int32_t used[TEXTS];
};

/* One field into the row; which it was, or 0 when the line is odd. */
static int take_field(struct cursor *c, int impressions, struct columns *columns, struct row *row) {
    struct text *texts = columns->texts;
    if (c->end - c->at < 2) return 0;
    switch (c->at[1]) {
    case 't':
        if (NAME(c, "time_ms")) return take_number(c, NUMBER_LIMIT, &row->time_ms) ? HAS_TIME : 0;
        if (!NAME(c, "type")) return 0;
        return (impressions ? TAKE(c, "\"impression\"") : TAKE(c, "\"click\"")) ? HAS_TYPE : 0;
    case 'l':
        if (!NAME(c, "link") || !TAKE(c, "\"")) return 0;
        return take_text(c, &texts[LINK], &row->used[LINK], LINK_MIN, LINK_MAX) ? HAS_LINK : 0;
    case 's':
        if (NAME(c, "seq")) return take_number(c, NUMBER_LIMIT, &row->seq) ? HAS_SEQ : 0;
        if (!impressions || !NAME(c, "source") || !TAKE(c, "\"")) return 0;
        return take_source(c, &row->source) ? HAS_SOURCE : 0;
    case 'v':
        return NAME(c, "visitor") && take_number(c, NUMBER_LIMIT, &row->visitor) ? HAS_VISITOR : 0;
    case 'u':
        if (!NAME(c, "ua") || !TAKE(c, "\"")) return 0;
        return take_text(c, &texts[UA], &row->used[UA], 0, UA_MAX) ? HAS_UA : 0;
    case 'r':
        if (!NAME(c, "referrer") || !TAKE(c, "\"")) return 0;
        return take_text(c, &texts[REFERRER], &row->used[REFERRER], 0, REFERRER_MAX) ? HAS_REFERRER : 0;
    case 'p':
        if (!NAME(c, "purpose") || !TAKE(c, "\"")) return 0;
        return take_text(c, &texts[PURPOSE], &row->used[PURPOSE], 0, PURPOSE_MAX) ? HAS_PURPOSE : 0;
    case 'k':
        if (!impressions || !NAME(c, "kind") || !TAKE(c, "\"")) return 0;
        return take_kind(c, &row->kind) ? HAS_KIND : 0;
    case 'c':
        if (!impressions || !NAME(c, "count")) return 0;
        return take_number(c, COUNT_MAX + 1, &row->count) && row->count > 0 ? HAS_COUNT : 0;
    default:
        return 0;
    }
}

/* One line with its newline (the last may lack it) into the row. 0: the line is odd. */
static int take_line(struct cursor *c, int impressions, struct columns *columns, struct row *row) {
    int seen = 0;
    if (!TAKE(c, "{")) return 0;
    do {
        skip_spaces(c);
        int field = take_field(c, impressions, columns, row);
        if (field == 0 || (seen & field)) return 0;
        seen |= field;
        skip_spaces(c);
    } while (TAKE(c, ","));
    int needs = impressions ? IMPRESSION_NEEDS : CLICK_NEEDS;
    return TAKE(c, "}") && (seen & needs) == needs && (c->at == c->end || TAKE(c, "\n"));
}

/* Scan a record's lines from byte `from`, which is line number `line`, and add a row for each.
 * Returns where it stopped: `size` when it is through, else the first byte of an odd line. */
EXPORT int64_t scan(const uint8_t *record, int64_t size, int64_t from, int64_t line, int impressions,
                    struct columns *columns) {
    struct cursor c = {record + from, record + size};
    while (c.at < c.end && columns->rows < columns->capacity) {
        const uint8_t *begin = c.at;
        int64_t at = columns->rows;
        struct row row = {.count = 1};
        for (int text = 0; text < TEXTS; text++) row.used[text] = columns->texts[text].offsets[at];
        if (!take_line(&c, impressions, columns, &row)) return begin - record;
        columns->time_ms[at] = row.time_ms;
        columns->seq[at] = row.seq;
        columns->visitor[at] = row.visitor;
        columns->count[at] = row.count;
        columns->line[at] = (uint32_t)line++;
        columns->source[at] = row.source;
        columns->kind[at] = row.kind;
        for (int text = 0; text < TEXTS; text++) columns->texts[text].offsets[at + 1] = row.used[text];
        columns->rows = at + 1;
    }
    return c.at - record;
}

/* For the caller to make sure that it was built from the same declarations. */
EXPORT int64_t columns_size(void) { return (int64_t)sizeof(struct columns); }
