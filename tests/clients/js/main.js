// What a JavaScript application does with the client as it comes. Prints JSON: what it read.
import { ClickHouseLogLevel, createClient } from '@clickhouse/client'

const [, , url, database] = process.argv
const client = createClient({ url, database, log: { level: ClickHouseLogLevel.OFF } })
const found = { ping: (await client.ping()).success }
await client.command({ query: 'CREATE TABLE by_js (n UInt64, s String) ENGINE = MergeTree ORDER BY n' })
const values = Array.from({ length: 1000 }, (_, n) => ({ n, s: `it's ${n}` }))
await client.insert({ table: 'by_js', values, format: 'JSONEachRow' })
const half = await client.query({
  query: 'SELECT count() AS count, sum(n) AS sum, max(s) AS last FROM by_js WHERE n < {top:UInt64}',
  query_params: { top: 500 },
})
found.half = (await half.json()).data
found.streamed = 0
const rows = await client.query({ query: 'SELECT number FROM numbers(1000000)', format: 'JSONEachRow' })
for await (const part of rows.stream()) for (const row of part) found.streamed += Number(row.json().number)
const csv = await client.query({ query: 'SELECT n, s FROM by_js ORDER BY n LIMIT 1', format: 'CSVWithNames' })
found.csv = await csv.text()
try {
  await client.query({ query: 'SELECT nothing' })
} catch (error) {
  found.error = error.code
}
await client.close()
console.log(JSON.stringify(found))
