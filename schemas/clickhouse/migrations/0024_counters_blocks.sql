-- What:   the counter table's columns in compressed blocks of one granule, its time as differences
-- Grain:  as in 0001; no row changes
-- Writer: stream
-- Undo:   ALTER TABLE counters MODIFY COLUMN window_start DateTime('UTC') CODEC(DoubleDelta, ZSTD); ALTER TABLE counters
--         RESET SETTING min_compress_block_size; ALTER TABLE counters REWRITE PARTS
-- Why:    a campaign's links lie all over the key, a granule here and there. A column's block was 64 KiB, 8 granules of
--         window_start, and each was decompressed whole, bit by bit for DoubleDelta: more than half of what such a
--         query took. Differences of bytes are smaller too, by a quarter of the column: a link's minutes are far apart.
--         The last statement rewrites parts that are there in the background; each is exact before and after.
--         docs/adr/0031
ALTER TABLE counters MODIFY COLUMN window_start DateTime('UTC') CODEC(Delta, ZSTD);

ALTER TABLE counters MODIFY SETTING min_compress_block_size = 8192;

ALTER TABLE counters REWRITE PARTS SETTINGS mutations_sync = 0;
