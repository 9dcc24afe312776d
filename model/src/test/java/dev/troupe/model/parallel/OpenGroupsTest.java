package dev.troupe.model.parallel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import org.junit.jupiter.api.Test;

class OpenGroupsTest {
    private final OpenGroups open = new OpenGroups("rank 3");

    private static void assertClosed(Communicator group) {
        try (TensorArena arena = TensorArena.open("test")) {
            Tensor values = arena.allocate(1);
            assertThatThrownBy(() -> group.allReduce(values)).isInstanceOf(CommunicationException.class);
        }
    }

    @Test
    void leavingClosesWhatWasEntered() {
        Communicator first = open.enter(SoloCommunicator::new);
        Communicator second = open.enter(SoloCommunicator::new);
        assertThat(first.size()).isEqualTo(1);

        open.leave();
        assertClosed(first);
        assertClosed(second);
    }

    @Test
    void whatWasLeftIsNotJoined() {
        open.leave();
        assertThatThrownBy(() -> open.enter(() -> fail("it would wait for members that never come")))
                .isInstanceOf(CommunicationException.class)
                .hasMessage("rank 3 has left its groups");
    }

    @Test
    void whoLeavesWhileAGroupIsJoinedIsNotInIt() {
        SoloCommunicator joined = new SoloCommunicator();
        assertThatThrownBy(() -> open.enter(() -> {
                    open.leave();
                    return joined;
                }))
                .isInstanceOf(CommunicationException.class);
        assertClosed(joined);
    }
}
