// What Grafana's plug-in does by clickhouse-go over HTTP, with the driver as it comes. Prints JSON: what it read.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

const table = `CREATE TABLE by_go (n UInt64, s String, at DateTime('UTC'), x Nullable(Float64),
	l LowCardinality(String), a Array(String), m Map(String, UInt8)) ENGINE = MergeTree ORDER BY n`

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	options := &clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{os.Args[1]},
		Auth:     clickhouse.Auth{Database: os.Args[2]},
	}
	connection, err := clickhouse.Open(options)
	must(err)
	ctx := context.Background()
	must(connection.Ping(ctx))
	must(connection.Exec(ctx, table))
	insert(ctx, connection)
	found := map[string]any{}
	var count, sum uint64
	var last string
	half := "SELECT count(), sum(n), max(s) FROM by_go WHERE n < {top:UInt64}"
	must(connection.QueryRow(ctx, half, clickhouse.Named("top", "500")).Scan(&count, &sum, &last))
	found["half"] = []any{count, sum, last}
	found["second"] = second(ctx, connection)
	found["tables"] = tables(ctx, connection)
	found["streamed"] = streamed(ctx, connection)
	found["nothing"] = nothing(ctx, connection)
	var exception *clickhouse.Exception
	failed := connection.Exec(ctx, "SELECT nothing")
	found["error"] = fmt.Sprint(failed)
	found["typed"] = errors.As(failed, &exception)
	var one int64
	must(clickhouse.OpenDB(options).QueryRow("SELECT 1::Int64").Scan(&one))
	found["sql"] = one
	// As Grafana's plug-in asks: as the reader, in the time that its data source is given.
	found["reader"] = []string{asReader(options, 50*time.Second), asReader(options, time.Minute)}
	must(json.NewEncoder(os.Stdout).Encode(found))
}

func asReader(options *clickhouse.Options, within time.Duration) string {
	reader := *options
	reader.Auth.Username = "reader"
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var one int64
	if err := clickhouse.OpenDB(&reader).QueryRowContext(ctx, "SELECT 1::Int64").Scan(&one); err != nil {
		return "refused"
	}
	return fmt.Sprint(one)
}

func insert(ctx context.Context, connection driver.Conn) {
	batch, err := connection.PrepareBatch(ctx, "INSERT INTO by_go")
	must(err)
	for n := range 1000 {
		var x *float64
		if n%2 == 1 {
			half := 0.5 * float64(n)
			x = &half
		}
		at := time.Unix(1_700_000_000, 0)
		must(batch.Append(uint64(n), fmt.Sprintf("it's %d", n), at, x, "low", []string{"a", "b"}, map[string]uint8{"k": 1}))
	}
	must(batch.Send())
}

func second(ctx context.Context, connection driver.Conn) []any {
	var n uint64
	var s, l string
	var at time.Time
	var x *float64
	var a []string
	var m map[string]uint8
	must(connection.QueryRow(ctx, "SELECT * FROM by_go WHERE n = 1").Scan(&n, &s, &at, &x, &l, &a, &m))
	return []any{n, s, at.UTC(), *x, l, a, m}
}

func tables(ctx context.Context, connection driver.Conn) (names []string) {
	rows, err := connection.Query(ctx, "SHOW TABLES")
	must(err)
	for rows.Next() {
		var name string
		must(rows.Scan(&name))
		names = append(names, name)
	}
	must(rows.Err())
	return names
}

func streamed(ctx context.Context, connection driver.Conn) (sum uint64) {
	rows, err := connection.Query(ctx, "SELECT number, toString(number) FROM numbers(1000000)")
	must(err)
	for rows.Next() {
		var n uint64
		var s string
		must(rows.Scan(&n, &s))
		sum += n
	}
	must(rows.Err())
	return sum
}

func nothing(ctx context.Context, connection driver.Conn) bool {
	rows, err := connection.Query(ctx, "SELECT n FROM by_go WHERE 0")
	must(err)
	return !rows.Next() && rows.Err() == nil
}
