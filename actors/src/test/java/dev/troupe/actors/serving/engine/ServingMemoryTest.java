package dev.troupe.actors.serving.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import org.junit.jupiter.api.Test;

class ServingMemoryTest {
    @Test
    void withoutALimitItIsTheMachinesWithoutTheNode() {
        ServingMemory machine = ServingMemory.of(0);
        assertThat(machine).isSameAs(ServingMemory.OF_MACHINE);
        assertThat(machine.bytes()).isGreaterThan(100L << 20);
        assertThatThrownBy(() -> machine.beside(1L << 60, "models/large"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(
                        "models/large needs 1152921504606846976 bytes of memory for weights, more than the "
                                + machine.bytes() + " that this machine or container has beside the node itself")
                .hasMessageContaining("--weights q8_0 or q4_0")
                .hasMessageContaining("--config split");
    }

    @Test
    void weightsLeaveTheRestForTheCache() {
        ServingMemory memory = ServingMemory.of(1000);
        assertThat(memory.beside(600, "m")).isEqualTo(400);
        assertThat(memory.beside(1000, "m")).isZero();
        assertThatThrownBy(() -> memory.beside(1001, "m"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("m needs 1001 bytes of memory for weights, more than the 1000 that"
                        + " troupe.serving.memory allows");
    }

    @Test
    void weightsAndCacheAreComparedTogether() {
        ServingMemory memory = ServingMemory.of(1000);
        assertThatCode(() -> memory.require(600, 400, "m")).doesNotThrowAnyException();
        assertThatThrownBy(() -> memory.require(600, 401, "m"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(
                        "m needs 600 bytes of memory for weights and 401 for keys, values and the rows of a step, more than");
    }
}
