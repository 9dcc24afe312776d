package dev.troupe.actors.registry;

import java.sql.DriverManager;

/** Another process that has the registry's database open, until it is killed. */
final class LockHolder {
    private LockHolder() {}

    public static void main(String[] arguments) throws Exception {
        try (var connection = DriverManager.getConnection(arguments[0], "sa", "")) {
            System.out.println(connection.isValid(1) ? "open" : "broken");
            Thread.sleep(60_000);
        }
    }
}
