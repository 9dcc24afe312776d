package dev.troupe.model.plan;

import java.util.List;

/**
 * What a search over meshes found.
 *
 * @param fitting the best layout of each mesh that fits, the fastest first
 * @param tooLarge the smallest layout of each mesh that does not, the smallest first
 * @param impossible meshes that the model or the batch cannot be divided over
 * @param layouts that were looked at
 */
public record SearchResult(
        List<Candidate> fitting, List<Candidate> tooLarge, List<ImpossibleMesh> impossible, int layouts) {
    /** A mesh, and the number that it does not divide. */
    public record ImpossibleMesh(Mesh mesh, String reason) {}

    public SearchResult {
        fitting = List.copyOf(fitting);
        tooLarge = List.copyOf(tooLarge);
        impossible = List.copyOf(impossible);
    }
}
