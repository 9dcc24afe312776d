package dev.troupe.model.mesh;

import static dev.troupe.model.mesh.TestMeshes.gpt2;
import static dev.troupe.model.mesh.TestMeshes.llama;
import static dev.troupe.model.mesh.TestMeshes.settings;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.transformer.ParameterLayout;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every form of parallelism against one rank: the same losses and norms, step by step. */
class MeshEqualityTest {
    private static final int STEPS = 4;
    private static final double RATE = 1e-2;

    private static MeshTraining.Curve train(MeshSettings settings) throws Exception {
        return MeshTraining.run(settings, STEPS, RATE);
    }

    static Stream<Arguments> forms() {
        return Stream.of(llama(true), llama(false), gpt2())
                .flatMap(model -> Stream.of(
                                "1x1x2/0/0",
                                "1x1x3/0/0",
                                "1x1x4/0/0",
                                "1x1x1/0/1",
                                "1x1x1/0/2",
                                "1x1x1/0/3",
                                "1x1x2/0/1")
                        .map(form -> Arguments.of(model, form, true)));
    }

    static Stream<Arguments> closeForms() {
        return Stream.of(llama(true), llama(false), gpt2())
                .flatMap(model -> Stream.of(
                                "2x1x1/0/0",
                                "2x1x1/1/0",
                                "2x1x1/2/0",
                                "2x1x1/3/0",
                                "4x1x1/3/1",
                                "1x2x1/0/0",
                                "1x2x1/0/2",
                                "2x2x1/0/0",
                                "2x2x1/3/0",
                                "2x1x2/0/0",
                                "2x1x2/1/0",
                                "2x1x2/2/0",
                                "2x1x2/3/2",
                                "1x2x2/0/0",
                                "2x2x2/0/0",
                                "2x2x2/1/0",
                                "2x2x2/2/1",
                                "2x2x2/3/0")
                        .map(form -> Arguments.of(model, form, false)));
    }

    @ParameterizedTest
    @MethodSource({"forms", "closeForms"})
    void lossesAndNormsAreThoseOfOneRank(ModelConfig model, String form, boolean bitIdentical) throws Exception {
        String[] parts = form.split("/", 3);
        MeshTraining.Curve one = train(settings(model, "1x1x1", 0, 0));
        MeshTraining.Curve many =
                train(settings(model, parts[0], Integer.parseInt(parts[1]), Integer.parseInt(parts[2])));
        if (bitIdentical) {
            assertThat(many.losses()).isEqualTo(one.losses());
            assertThat(many.norms()).isEqualTo(one.norms());
        } else {
            assertThat(relativeDifference(many.losses(), one.losses())).isLessThan(1e-5);
            assertThat(relativeDifference(many.norms(), one.norms())).isLessThan(1e-4);
        }
        assertThat(one.losses().getLast()).isLessThan(one.losses().getFirst());
    }

    @Test
    void copiesOfTheSameParametersStayEqual() throws Exception {
        MeshTraining.Curve data = train(settings(llama(true), "2x1x1", 1, 0));
        assertThat(data.weights().get(0)).isEqualTo(data.weights().get(1));
    }

    /** ZeRO's table: each rank keeps 1/N of what is split. */
    @Test
    void bytesAreThoseOfTheFormula() throws Exception {
        long parameters = ParameterLayout.of(llama(true)).size();
        for (int zero = 0; zero <= 3; zero++) {
            for (RankState.MemoryBytes bytes :
                    train(settings(llama(true), "4x1x1", zero, 0)).memory()) {
                assertThat((double) bytes.moments())
                        .isBetween(share(8 * parameters, zero >= 1, 0.95), share(8 * parameters, zero >= 1, 1.05));
                assertThat((double) bytes.gradients())
                        .isBetween(share(4 * parameters, zero >= 2, 0.95), share(4 * parameters, zero >= 2, 1.05));
                assertThat((double) bytes.weights())
                        .isBetween(share(4 * parameters, zero >= 3, 0.95), share(4 * parameters, zero >= 3, 1.05));
            }
        }
    }

    private static double share(long bytes, boolean split, double tolerance) {
        return bytes * tolerance / (split ? 4 : 1);
    }

    @Test
    void whatCannotBeSplitIsNamed() {
        assertThatThrownBy(() -> settings(llama(true), "1x4x1", 0, 0))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("mesh.tensor = 4 does not divide model.numKvHeads = 2");
        assertThatThrownBy(() -> settings(llama(true), "1x1x5", 0, 0)).hasMessageContaining("mesh.pipeline = 5");
        assertThatThrownBy(() -> settings(llama(true), "3x1x1", 0, 0)).hasMessageContaining("train.accumulation = 4");
        assertThatThrownBy(() -> Mesh.parse("2x2")).hasMessageContaining("data x tensor x pipeline");
    }

    private static double relativeDifference(List<Double> some, List<Double> others) {
        double largest = 0;
        for (int i = 0; i < others.size(); i++) {
            largest = Math.max(largest, Math.abs(some.get(i) - others.get(i)) / Math.abs(others.get(i)));
        }
        return largest;
    }
}
