package dev.troupe.actors.serving.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.AbstractList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PromptLookupTest {
    @Test
    void whatFollowedTheLongestMatchIsGuessed() {
        assertThat(PromptLookup.draft(List.of(9, 1, 2, 3, 8, 2, 3, 7, 1, 2, 3), 2))
                .as("1 2 3 before 2 3, though 2 3 is later")
                .containsExactly(8, 2);
        assertThat(PromptLookup.draft(List.of(1, 2, 5, 1, 2, 6, 1, 2), 1))
                .as("the later of equals")
                .containsExactly(6);
    }

    @Test
    void aGuessRunsOnIntoItself() {
        assertThat(PromptLookup.draft(List.of(4, 4, 4), 5)).containsExactly(4, 4, 4, 4, 4);
        assertThat(PromptLookup.draft(List.of(1, 2, 3, 1, 2, 3), 5)).containsExactly(1, 2, 3, 1, 2);
    }

    @Test
    void newTextIsNotGuessed() {
        assertThat(PromptLookup.draft(List.of(1, 2, 3, 4), 5)).isEmpty();
        assertThat(PromptLookup.draft(List.of(7, 1, 8, 1), 5))
                .as("one token is chance")
                .isEmpty();
        assertThat(PromptLookup.draft(List.of(1), 5)).isEmpty();
        assertThat(PromptLookup.draft(List.of(4, 4, 4, 4), 0)).isEmpty();
        assertThat(PromptLookup.draft(List.of(4, 4, 4, 4), -1)).isEmpty();
    }

    @Test
    void noTokenIsReadWhereNoneIsWanted() {
        List<Integer> unreadable = new AbstractList<>() {
            @Override
            public Integer get(int index) {
                throw new AssertionError("read");
            }

            @Override
            public int size() {
                return 1000;
            }
        };
        assertThat(PromptLookup.draft(unreadable, 0)).isEmpty();
    }

    @Test
    void lengthsFollowWhatHeld() {
        DraftLength length = new DraftLength(12);
        assertThat(length.next()).isEqualTo(4);
        length.learn(4, 4);
        assertThat(length.next()).isEqualTo(8);
        length.learn(8, 8);
        assertThat(length.next()).isEqualTo(12);
        length.learn(12, 3);
        assertThat(length.next()).isEqualTo(3);
        length.learn(3, 0);
        assertThat(length.next()).isZero();
        assertThat(length.next()).isEqualTo(1);
        length.learn(1, 0);
        assertThat(length.next()).isZero();
        assertThat(length.next()).isZero();
        assertThat(length.next()).isEqualTo(1);
        length.learn(1, 1);
        assertThat(length.next()).isEqualTo(2);
        assertThat(new DraftLength(0).next()).isZero();
    }
}
