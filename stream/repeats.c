/* Which clicks repeat others: a memory of clicks, and the verdicts that follow from it. stream/click_memory.py calls
 * this, says what it means and has the same in Python; tests/unit/stream/test_click_memory.py holds them together.
 *
 * The memory is one hash table of two sorts of entries: of a visitor's minute how many clicks it had, of a counted
 * click when it was. Keys are 64-bit hashes and taken for what they are made of. Clicks are numbered from 1, so a
 * number of 0 is an empty place; an entry whose number lies below the floor is forgotten, and stays so, as floors
 * only rise. Searching begins at the key's place and ends at the first empty one.
 *
 * The caller promises that the table has a power of two of places, and more empty ones than two for each click.
 * Nothing here allocates, and nothing outlives the call.
 */
#include <stddef.h>
#include <stdint.h>

#define EXPORT __attribute__((visibility("default")))

#define MINUTE_MS 60000
#define MOST_NTH 65535

/* Of stream/recent_clicks.py. */
enum verdict { COUNTED, DUPLICATE, TOO_MANY };

struct entry {
    uint64_t key;
    int64_t value; /* of a minute: its clicks; of a counted click: its time in milliseconds */
    int64_t number;
};

/* Mirrored by stream/click_memory.py, as are the next two. */
struct memory {
    int64_t capacity;
    int64_t used;
    struct entry *entries;
};

struct limits {
    int64_t window_ms;
    int64_t clicks_per_minute;
    int64_t most;
};

struct clicks {
    int64_t rows;
    int64_t first; /* the number of the first one */
    const int64_t *visitors;
    const uint32_t *links;
    const int64_t *times;
    const int64_t *floors;
    uint16_t *nths;
    uint8_t *verdicts;
};

static uint64_t mixed(uint64_t bits) {
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

static uint64_t key_of(int64_t visitor, uint64_t what, int64_t period) {
    uint64_t who = mixed((uint64_t)visitor + UINT64_C(0x9e3779b97f4a7c15));
    return mixed(mixed(who ^ what) + (uint64_t)period * UINT64_C(0x9e3779b97f4a7c15));
}

static struct entry *place_of(const struct memory *memory, uint64_t key) {
    return memory->entries + (key & (uint64_t)(memory->capacity - 1));
}

static struct entry *next_place(const struct memory *memory, struct entry *at) {
    return ++at == memory->entries + memory->capacity ? memory->entries : at;
}

static void put(struct memory *memory, struct entry *at, struct entry entry) {
    memory->used += at->number == 0;
    *at = entry;
}

/* The minute's entry, or where it belongs. */
static struct entry *minute_of(const struct memory *memory, uint64_t key) {
    struct entry *at = place_of(memory, key);
    while (at->number != 0 && at->key != key) at = next_place(memory, at);
    return at;
}

/* Whether a click that counted in this period is less than a window away; several have one key. */
static int repeats(const struct memory *memory, uint64_t key, int64_t time, int64_t window, int64_t floor) {
    for (struct entry *at = place_of(memory, key); at->number != 0; at = next_place(memory, at)) {
        int64_t apart = at->value - time;
        if (at->key == key && at->number >= floor && apart < window && -apart < window) return 1;
    }
    return 0;
}

static void note_counted(struct memory *memory, uint64_t key, int64_t time, int64_t number, int64_t floor) {
    struct entry *at = place_of(memory, key);
    while (at->number != 0 && !(at->key == key && at->number < floor)) at = next_place(memory, at);
    put(memory, at, (struct entry){key, time, number});
}

/* Judge clicks in their order and remember them; those with `known` verdicts are remembered alone. */
EXPORT void judge_clicks(
    struct memory *memory, const struct limits *limits, const struct clicks *clicks, int known
) {
    /* Long enough that most windows lie in one, short enough that few counted clicks share a key. */
    int64_t window = limits->window_ms, period = 4 * window;
    for (int64_t row = 0; row < clicks->rows; row++) {
        int64_t visitor = clicks->visitors[row], time = clicks->times[row], number = clicks->first + row;
        int64_t floor = clicks->floors[row];
        if (number - limits->most > floor) floor = number - limits->most;
        uint8_t verdict = known ? clicks->verdicts[row] : COUNTED;
        if (limits->clicks_per_minute) {
            uint64_t key = key_of(visitor, 0, time / MINUTE_MS);
            struct entry *minute = minute_of(memory, key);
            if (!known) {
                int64_t before = minute->number != 0 && minute->number >= floor ? minute->value : 0;
                clicks->nths[row] = (uint16_t)(before < MOST_NTH ? before + 1 : MOST_NTH);
                if (clicks->nths[row] > limits->clicks_per_minute) verdict = TOO_MANY;
            }
            put(memory, minute, (struct entry){key, clicks->nths[row], number});
        }
        if (window && verdict == COUNTED) {
            uint64_t link = (uint64_t)clicks->links[row] + 1;
            int64_t here = time / period, into = time % period;
            uint64_t key = key_of(visitor, link, here);
            if (!known &&
                (repeats(memory, key, time, window, floor) ||
                 (into < window && repeats(memory, key_of(visitor, link, here - 1), time, window, floor)) ||
                 (into > period - window && repeats(memory, key_of(visitor, link, here + 1), time, window, floor))))
                verdict = DUPLICATE;
            else
                note_counted(memory, key, time, number, floor);
        }
        clicks->verdicts[row] = verdict;
    }
}

/* Put the entries of a table that are not forgotten into an empty one. */
EXPORT void move_clicks(const struct memory *from, int64_t floor, struct memory *to) {
    for (int64_t place = 0; place < from->capacity; place++) {
        struct entry entry = from->entries[place];
        if (entry.number == 0 || entry.number < floor) continue;
        struct entry *at = place_of(to, entry.key);
        while (at->number != 0) at = next_place(to, at);
        put(to, at, entry);
    }
}

/* CRC-32, as zlib has it, of texts: text r is bytes[offsets[r]] up to bytes[offsets[r + 1]]. */
EXPORT void hash_texts(int64_t rows, const int32_t *offsets, const uint8_t *bytes, uint32_t *hashes) {
    uint32_t table[256];
    for (uint32_t byte = 0; byte < 256; byte++) {
        table[byte] = byte;
        for (int bit = 0; bit < 8; bit++) {
            uint32_t odd = table[byte] & 1;
            table[byte] = (table[byte] >> 1) ^ (odd ? UINT32_C(0xedb88320) : 0);
        }
    }
    for (int64_t row = 0; row < rows; row++) {
        uint32_t hash = UINT32_C(0xffffffff);
        for (int32_t at = offsets[row]; at < offsets[row + 1]; at++)
            hash = (hash >> 8) ^ table[(hash ^ bytes[at]) & 0xff];
        hashes[row] = ~hash;
    }
}
