"""The clients that Python people use, at their default settings, as the reader that BI tools connect as."""

import io
import urllib.parse

import clickhouse_connect
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import sqlalchemy

from tests.integration.clickhouse_http import Http

BY_CAMPAIGN = (
    "SELECT campaign, toInt64(sum(clicks)) AS clicks, toInt64(sum(impressions)) AS impressions FROM ctr_1h "
    "INNER JOIN (SELECT link, campaign FROM links FINAL) AS l USING link GROUP BY campaign ORDER BY campaign"
)
ROWS = [("autumn", 5, 50), ("spring", 30, 600)]


def connected(http: Http) -> clickhouse_connect.driver.client.Client:
    where = urllib.parse.urlsplit(http.url)
    return clickhouse_connect.get_client(
        host=str(where.hostname), port=int(where.port or 0), username=http.user, database=http.database
    )


def test_clickhouse_connect_reads_rows_pandas_arrow_and_polars(reader: Http) -> None:
    client = connected(reader)
    assert client.protocol_version > 0, "it saw that the front speaks a protocol revision"
    assert list(client.query(BY_CAMPAIGN).result_rows) == ROWS
    assert list(client.query_df(BY_CAMPAIGN).itertuples(index=False, name=None)) == ROWS
    assert client.query_arrow(BY_CAMPAIGN).column("clicks").to_pylist() == [5, 30]
    low = client.query("SELECT toLowCardinality(toString(number % 3)) AS l FROM numbers(100000)").result_columns[0]
    assert (len(low), low[4]) == (100_000, "1")
    client.close()


def test_clickhouse_connect_brings_a_table_with_its_query(reader: Http) -> None:
    client = connected(reader)
    names = clickhouse_connect.driver.external.ExternalData(
        file_name="names", data=b"go.example/a\tApril\ngo.example/b\tBerta\n", fmt="TSV",
        structure=["link String", "name String"],
    )  # fmt: skip
    result = client.query(
        "SELECT name, clicks FROM ctr_1h JOIN names USING link ORDER BY name", external_data=names
    )
    assert list(result.result_rows) == [("April", 10), ("Berta", 20)]
    client.close()


def test_sqlalchemy_reads_and_reflects(reader: Http) -> None:
    where = urllib.parse.urlsplit(reader.url)
    engine = sqlalchemy.create_engine(f"clickhousedb://{reader.user}@{where.netloc}/{reader.database}")
    with engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(sqlalchemy.text(BY_CAMPAIGN))] == ROWS
    shown = sqlalchemy.inspect(engine)
    assert "links" in shown.get_table_names()
    assert "campaign" in {column["name"] for column in shown.get_columns("links")}
    engine.dispose()


def test_pandas_reads_csv_with_names(reader: Http) -> None:
    frame = pd.read_csv(io.BytesIO(reader(f"{BY_CAMPAIGN} FORMAT CSVWithNames").body))
    assert list(frame.itertuples(index=False, name=None)) == ROWS


def test_polars_and_arrow_read_arrow_and_parquet(reader: Http) -> None:
    arrow = reader(f"{BY_CAMPAIGN} FORMAT Arrow").body
    assert pl.read_ipc(io.BytesIO(arrow)).rows() == ROWS
    assert pa.ipc.open_file(arrow).read_all().column("clicks").to_pylist() == [5, 30]
    parquet = reader(f"{BY_CAMPAIGN} FORMAT Parquet").body
    assert pl.read_parquet(io.BytesIO(parquet)).rows() == ROWS
    assert pq.read_table(io.BytesIO(parquet)).column("impressions").to_pylist() == [50, 600]


def test_duckdb_reads_what_it_is_given_as_arrow(reader: Http) -> None:
    table = pa.ipc.open_stream(reader(f"{BY_CAMPAIGN} FORMAT ArrowStream").body).read_all()
    with duckdb.connect() as database:
        database.register("campaigns", table)
        assert database.sql("SELECT * FROM campaigns ORDER BY campaign").fetchall() == ROWS
