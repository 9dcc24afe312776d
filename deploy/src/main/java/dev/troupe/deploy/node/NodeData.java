package dev.troupe.deploy.node;

import java.util.List;

/**
 * Corpora on a node with the role {@code data}.
 *
 * @param folders that are open, the latest last
 * @param tokens that other nodes got since it began
 */
public record NodeData(List<String> folders, long tokens) {
    public NodeData {
        folders = List.copyOf(folders);
    }
}
