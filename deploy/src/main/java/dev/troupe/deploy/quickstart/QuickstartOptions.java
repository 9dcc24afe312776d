package dev.troupe.deploy.quickstart;

import com.typesafe.config.Config;
import java.nio.file.Path;

/**
 * What the user said to {@code quickstart}.
 *
 * @param directory holds the corpus, the runs and the registry
 * @param config training, node and ports, profile included
 * @param once answer one request on each port, then end
 */
public record QuickstartOptions(Path directory, Config config, boolean once) {}
