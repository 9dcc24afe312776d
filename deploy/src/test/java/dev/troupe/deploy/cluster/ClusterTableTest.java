package dev.troupe.deploy.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.deploy.node.NodeData;
import dev.troupe.deploy.node.NodeEvaluation;
import dev.troupe.deploy.node.NodeTraining;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ClusterTableTest {
    private static NodeView node(
            int number, String state, @Nullable Integer exitCode, List<String> missed, List<Integer> ranks) {
        return new NodeView(
                number,
                4000 + number,
                state,
                exitCode,
                "akka://troupe@127.0.0.1:2552" + number,
                9000 + number,
                number == 1 ? 8080 : null,
                number == 1 ? List.of("router", "trainer") : List.of("trainer"),
                exitCode == null ? 3 : 0,
                missed,
                exitCode == null ? new NodeTraining("gpt", 2, 17, ranks) : null,
                null,
                null);
    }

    @Test
    void saysWhatAnEvaluationNodeIsAt() {
        NodeView node = new NodeView(
                4,
                4004,
                "up",
                null,
                "akka://troupe@127.0.0.1:25524",
                9004,
                null,
                List.of("eval"),
                4,
                List.of(),
                null,
                new NodeEvaluation("gpt", "/runs/gpt/checkpoints/step-00000250"),
                null);
        assertThat(ClusterTable.lines(List.of(node)).getLast()).endsWith("evaluates step-00000250");
    }

    @Test
    void saysWhatADataNodeGives() {
        NodeView node = dataNode(5);
        assertThat(ClusterTable.lines(List.of(node)).getLast())
                .endsWith("gives tokens of gpt/tokens/train, gpt/tokens/heldout");
        assertThat(node.looksLike(dataNode(6))).isTrue();
    }

    private static NodeView dataNode(long tokens) {
        return new NodeView(
                4,
                4004,
                "up",
                null,
                "akka://troupe@127.0.0.1:25524",
                9004,
                null,
                List.of("data"),
                4,
                List.of(),
                null,
                null,
                new NodeData(List.of("/runs/gpt/tokens/train", "/runs/gpt/tokens/heldout"), tokens));
    }

    @Test
    void saysWhatNodesDoAndWhoHasDied() {
        List<String> lines = ClusterTable.lines(List.of(
                node(1, "up", null, List.of("akka://troupe@127.0.0.1:25523"), List.of(0, 1)),
                node(2, "up", null, List.of(), List.of()),
                node(3, "ended", 137, List.of(), List.of())));
        assertThat(lines).hasSize(4);
        assertThat(lines.get(1))
                .contains("up, misses 1", "router,trainer", "25521", "9001", "http://127.0.0.1:8080")
                .endsWith("run gpt: ranks 0,1 at step 17");
        assertThat(lines.get(2)).endsWith("run gpt: copies only at step 17");
        assertThat(lines.get(3)).contains("4003", "ended (killed)").endsWith("9003");
    }

    @Test
    void aStepIsNoChangeThatIsWorthATable() {
        NodeView before = node(1, "up", null, List.of(), List.of(0));
        NodeView after = new NodeView(
                1,
                before.pid(),
                "up",
                null,
                before.address(),
                before.metricsPort(),
                before.httpPort(),
                before.roles(),
                before.members(),
                List.of(),
                new NodeTraining("gpt", 2, 18, List.of(0)),
                null,
                null);
        assertThat(after.looksLike(before)).isTrue();
        assertThat(after.looksLike(node(1, "up", null, List.of(), List.of(0, 1))))
                .isFalse();
    }
}
