package dev.troupe.model.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.mesh.Mesh;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What ranks allocate, beside what the planner says. */
class MeshMemoryTest {
    private static final List<Mesh> MESHES =
            List.of(new Mesh(2, 1, 1), new Mesh(4, 1, 1), new Mesh(2, 2, 1), new Mesh(2, 1, 2), new Mesh(2, 2, 2));

    @Test
    void statesHaveTheBytesOfTheFormulaUnderEveryStageOfZero() {
        MeshMemory.Report report = MeshMemory.run(TrainShape.named("char-cpu"), MESHES);
        assertThat(report.rows()).hasSize(MESHES.size() * 4 * 3);
        assertThat(report.rows())
                .allSatisfy(row -> assertThat(row.ratio()).as(row.toString()).isBetween(0.95, 1.05));
        assertThat(report.largestDifference()).isLessThan(0.05);
    }

    @Test
    void eachStageOfZeroSplitsOnePartMore() {
        MeshMemory.Report report = MeshMemory.run(TrainShape.named("char-cpu"), List.of(new Mesh(4, 1, 1)));
        for (int zero = 0; zero <= 3; zero++) {
            assertThat(measured(report, zero, "optimizer") * (zero >= 1 ? 4 : 1))
                    .isEqualTo(measured(report, 0, "optimizer"));
            assertThat(measured(report, zero, "gradients") * (zero >= 2 ? 4 : 1))
                    .isEqualTo(measured(report, 0, "gradients"));
            assertThat(measured(report, zero, "weights") * (zero >= 3 ? 4 : 1))
                    .isEqualTo(measured(report, 0, "weights"));
        }
        assertThat(report.windows()).extracting(MeshMemory.Windows::zero).containsExactly(2, 3);
    }

    private static long measured(MeshMemory.Report report, int zero, String part) {
        return report.rows().stream()
                .filter(row -> row.zero() == zero && row.part().equals(part))
                .findFirst()
                .orElseThrow()
                .measured();
    }
}
