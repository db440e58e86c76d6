// What a BI tool does by JDBC, with the driver as it comes. Prints JSON: what it read, to be compared by the test.

import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

public class Main {
    static final String TABLE =
        "CREATE TABLE by_jdbc (n UInt64, s String, at DateTime('UTC'), x Nullable(Float64), l LowCardinality(String)) "
            + "ENGINE = MergeTree ORDER BY n";

    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0])) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(TABLE);
            }
            insert(connection);
            DatabaseMetaData meta = connection.getMetaData();
            System.out.printf(
                "{\"totals\": %s, \"tables\": %s, \"columns\": %s, \"streamed\": %s, \"error\": %d}%n",
                one(connection, "SELECT count(), sum(n), max(s), any(l), countIf(x IS NULL), min(at) FROM by_jdbc"),
                names(meta.getTables(null, connection.getSchema(), "by_jdbc", null), "TABLE_NAME"),
                names(meta.getColumns(null, connection.getSchema(), "by_jdbc", null), "COLUMN_NAME"),
                one(connection, "SELECT count(), sum(n) FROM (SELECT number AS n FROM numbers(10))"),
                code(connection));
            long sum = 0;
            try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT number, toString(number) FROM numbers(1000000)")) {
                while (rows.next()) {
                    sum += rows.getLong(1);
                }
            }
            System.out.println(sum);
        }
    }

    static void insert(Connection connection) throws SQLException {
        try (PreparedStatement insert =
            connection.prepareStatement("INSERT INTO by_jdbc (n, s, at, x, l) VALUES (?, ?, ?, ?, ?)")) {
            for (int n = 0; n < 1000; n++) {
                insert.setLong(1, n);
                insert.setString(2, "it's " + n);
                insert.setTimestamp(3, Timestamp.from(Instant.ofEpochSecond(1_700_000_000L)));
                insert.setObject(4, n % 2 == 0 ? null : 0.5 * n);
                insert.setString(5, "low");
                insert.addBatch();
            }
            insert.executeBatch();
        }
    }

    static List<String> one(Connection connection, String query) throws SQLException {
        try (Statement statement = connection.createStatement(); ResultSet row = statement.executeQuery(query)) {
            row.next();
            List<String> cells = new ArrayList<>();
            for (int column = 1; column <= row.getMetaData().getColumnCount(); column++) {
                cells.add("\"" + row.getString(column) + "\"");
            }
            return cells;
        }
    }

    static List<String> names(ResultSet rows, String column) throws SQLException {
        List<String> names = new ArrayList<>();
        while (rows.next()) {
            names.add("\"" + rows.getString(column) + "\"");
        }
        return names;
    }

    static int code(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.executeQuery("SELECT nothing");
            return 0;
        } catch (SQLException error) {
            return error.getErrorCode();
        }
    }
}
