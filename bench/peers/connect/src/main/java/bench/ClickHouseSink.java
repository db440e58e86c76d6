package bench;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.connect.connector.Task;
import org.apache.kafka.connect.sink.SinkConnector;

/** Hands its configuration to every task; {@link ClickHouseSinkTask} does the work. */
public final class ClickHouseSink extends SinkConnector {
    static final String INSERT_URL = "insert.url";

    private Map<String, String> configuration;

    @Override
    public String version() {
        return "1";
    }

    @Override
    public void start(Map<String, String> properties) {
        configuration = Map.copyOf(properties);
    }

    @Override
    public void stop() {
    }

    @Override
    public Class<? extends Task> taskClass() {
        return ClickHouseSinkTask.class;
    }

    @Override
    public List<Map<String, String>> taskConfigs(int maxTasks) {
        return Collections.nCopies(maxTasks, configuration);
    }

    @Override
    public ConfigDef config() {
        return new ConfigDef().define(
            INSERT_URL,
            ConfigDef.Type.STRING,
            ConfigDef.Importance.HIGH,
            "ClickHouse's HTTP interface with the INSERT and its settings as parameters");
    }
}
