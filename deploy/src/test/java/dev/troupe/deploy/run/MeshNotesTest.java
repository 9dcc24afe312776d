package dev.troupe.deploy.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.training.TrainingEvent;
import dev.troupe.actors.training.mesh.NodeResources;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeshNotesTest {
    private static final NodeResources NODE = new NodeResources(
            "a", List.of(0, 1), 2, 0, new NodeResources.Memory(1_500_000, 2_000_000, 3_000_000, 0, 4_000_000, 0));

    @Test
    void saysWhoWasLostAndHowLongItTook() {
        assertThat(MeshNotes.recovered(new TrainingEvent.Recovered(
                        "run", 17, List.of("b"), "out of reach: b", "near", 1.25, List.of(NODE))))
                .isEqualTo(
                        "lost b (out of reach: b); training goes on from step 17 after 1.3 s, 2 ranks on 1 node: near");
        assertThat(MeshNotes.recovered(
                        new TrainingEvent.Recovered("run", 17, List.of(), "slow", "near", 1, List.of(NODE))))
                .startsWith("slow; training goes on");
    }

    @Test
    void saysWhatANodeHas() {
        assertThat(MeshNotes.seated(new TrainingEvent.Seated("run", "near", 2, List.of(NODE))))
                .isEqualTo("2 ranks on 1 node after 2.0 s: near");
        assertThat(MeshNotes.node(NODE))
                .isEqualTo("a: ranks 0,1, 2 threads, MB: weights 1.5, gradients 2.0, optimizer 3.0, windows 0.0,"
                        + " activations 4.0, copies 0.0");
    }
}
