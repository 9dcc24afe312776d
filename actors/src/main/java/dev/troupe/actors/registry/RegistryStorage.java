package dev.troupe.actors.registry;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.h2.api.ErrorCode;

/**
 * The database behind the journal of {@link ModelRegistry}: settings for akka-persistence-jdbc, and its schema.
 *
 * <p>{@code troupe.registry.database} says {@code h2} (a file, for one process) or {@code postgresql} (a server, for a
 * cluster); the plugin and the tables are the same.
 */
public final class RegistryStorage {
    private static final String DB = "akka-persistence-jdbc.shared-databases.slick.db";
    private static final String FILE_URL = "jdbc:h2:file:";

    private RegistryStorage() {}

    /**
     * Settings for an H2 file, to be put in front of an actor system's configuration.
     *
     * @param file without the ending {@code .mv.db} that H2 adds
     */
    public static Config h2(Path file) {
        // DATABASE_TO_UPPER=false: the plugin quotes its names in lower case. DB_CLOSE_ON_EXIT=FALSE: the pool closes
        // the database in coordinated shutdown, after the last event; H2's own hook would race with it.
        String url = FILE_URL + file.toAbsolutePath() + ";DATABASE_TO_UPPER=false;DB_CLOSE_ON_EXIT=FALSE";
        return config("h2", url, "sa", "");
    }

    /** Settings for a database; {@code database} is "h2" or "postgresql". */
    public static Config config(String database, String url, String user, String password) {
        boolean h2 = database.equals("h2");
        if (!h2 && !database.equals("postgresql")) {
            throw new TroupeException(
                    "registry database \"" + database + "\" is not supported: it must be h2 or postgresql");
        }
        return ConfigFactory.parseMap(Map.of(
                        "akka.persistence.journal.plugin", "jdbc-journal",
                        "akka.persistence.snapshot-store.plugin", "jdbc-snapshot-store",
                        "jdbc-journal.use-shared-db", "slick",
                        "jdbc-snapshot-store.use-shared-db", "slick",
                        "jdbc-read-journal.use-shared-db", "slick"))
                .withFallback(ConfigFactory.parseMap(Map.of(
                        "akka-persistence-jdbc.shared-databases.slick.profile",
                        h2 ? "slick.jdbc.H2Profile$" : "slick.jdbc.PostgresProfile$",
                        DB + ".driver",
                        h2 ? "org.h2.Driver" : "org.postgresql.Driver",
                        DB + ".url",
                        url,
                        DB + ".user",
                        user,
                        DB + ".password",
                        password,
                        // One writer and a reader: the registry sees an event every few minutes at most.
                        DB + ".numThreads",
                        2,
                        DB + ".maxConnections",
                        2,
                        DB + ".minConnections",
                        1)));
    }

    /**
     * Creates the tables when they are missing, before the actor system starts. Blocks.
     *
     * @throws TroupeException when the database is in use by another process or cannot be reached
     */
    public static void prepare(Config config) {
        String url = config.getString(DB + ".url");
        boolean h2 = url.startsWith("jdbc:h2:");
        try {
            if (url.startsWith(FILE_URL)) {
                Path file = Path.of(url.substring(FILE_URL.length()).split(";", 2)[0]);
                Files.createDirectories(file.toAbsolutePath().getParent());
            }
            Class.forName(config.getString(DB + ".driver"));
            try (Connection connection = DriverManager.getConnection(
                    url, config.getString(DB + ".user"), config.getString(DB + ".password"))) {
                if (!hasTable(connection)) {
                    createTables(
                            connection,
                            h2 ? "schema/h2/h2-create-schema.sql" : "schema/postgres/postgres-create-schema.sql");
                }
            }
        } catch (SQLException e) {
            if (e.getErrorCode() == ErrorCode.DATABASE_ALREADY_OPEN_1) {
                throw new TroupeException(
                        "the model registry " + url + " is in use by another process: stop it, or use another --dir",
                        e);
            }
            throw new TroupeException("the model registry " + url + " cannot be opened: " + e.getMessage(), e);
        } catch (IOException e) {
            throw new TroupeException("the model registry " + url + " cannot be created: " + e, e);
        } catch (ClassNotFoundException e) {
            throw new TroupeException(
                    "the JDBC driver " + e.getMessage() + " is not on the class path: put its jar into lib/", e);
        }
    }

    private static boolean hasTable(Connection connection) throws SQLException {
        try (var tables = connection.getMetaData().getTables(null, null, "event_journal", null)) {
            return tables.next();
        }
    }

    private static void createTables(Connection connection, String resource) throws SQLException, IOException {
        String script;
        try (InputStream in = RegistryStorage.class.getClassLoader().getResourceAsStream(resource)) {
            if (in == null) {
                throw new IOException("akka-persistence-jdbc has no " + resource);
            }
            script = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        try (Statement statement = connection.createStatement()) {
            for (String sql : script.split(";", -1)) {
                if (!sql.isBlank()) {
                    statement.execute(sql);
                }
            }
        }
    }
}
