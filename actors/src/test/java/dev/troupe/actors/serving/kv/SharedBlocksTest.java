package dev.troupe.actors.serving.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.actors.serving.kv.SharedBlocks.Prefix;
import dev.troupe.actors.serving.kv.SharedBlocks.Published;
import dev.troupe.model.kernel.attention.KvBlocks;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SharedBlocksTest {
    private static final int SIZE = KvBlocks.BLOCK_TOKENS;

    /** A sequence whose blocks are filled with one token each. */
    private static List<Integer> rows(int... blocks) {
        List<Integer> rows = new ArrayList<>();
        for (int token : blocks) {
            rows.addAll(Collections.nCopies(SIZE, token));
        }
        return rows;
    }

    /** A sequence that computes all of its blocks and publishes them; its table. */
    private static int[] fill(SharedBlocks blocks, List<Integer> rows) {
        int[] table = Objects.requireNonNull(blocks.tryAllocate(rows.size() / SIZE));
        long before = SharedBlocks.START;
        for (int i = 0; i < table.length; i++) {
            Published published = blocks.publish(table[i], before, rows, i);
            table[i] = published.block();
            before = published.number();
        }
        return table;
    }

    @Test
    void aPrefixIsFoundBlockByBlockAndOnlyWholeBlocks() {
        SharedBlocks blocks = new SharedBlocks(8);
        int[] table = fill(blocks, rows(1, 2, 3));
        assertThat(blocks.take(rows(1, 2, 4)).blocks().blocks()).containsExactly(table[0], table[1]);
        assertThat(blocks.take(rows(1, 2, 3).subList(0, 3 * SIZE - 1)).blocks().numBlocks())
                .isEqualTo(2);
        assertThat(blocks.take(rows(2)).blocks().numBlocks())
                .as("the same tokens elsewhere are not the same")
                .isZero();
        List<Integer> almost = rows(1, 2, 3);
        almost.set(5, 7);
        assertThat(blocks.take(almost).blocks().numBlocks()).isZero();
        assertThat(blocks.numOwners(table[0])).isEqualTo(3);
        assertThat(blocks.numOwners(table[2])).isEqualTo(1);
    }

    /** Lists of equal hashes: 31 · 0 + 31 and 31 · 1 + 0. */
    @Test
    void equalHashesAreNotEqualBlocks() {
        List<Integer> one = new ArrayList<>(rows(0));
        List<Integer> other = new ArrayList<>(rows(0));
        one.set(1, 31);
        other.set(0, 1);
        assertThat(one.hashCode()).isEqualTo(other.hashCode());
        SharedBlocks blocks = new SharedBlocks(4);
        fill(blocks, one);
        assertThat(blocks.take(other).blocks().numBlocks()).isZero();
        assertThat(blocks.take(one).blocks().numBlocks()).isEqualTo(1);
    }

    @Test
    void idleBlocksGoLongestIdleFirstAndBeforeTheOnesThatTheyFollow() {
        SharedBlocks blocks = new SharedBlocks(4);
        int[] first = fill(blocks, rows(1, 2));
        blocks.release(first);
        int[] second = fill(blocks, rows(3, 4));
        blocks.release(second);
        assertThat(blocks.available()).isEqualTo(4);
        assertThat(blocks.numIdle()).isEqualTo(4);
        blocks.release(blocks.take(rows(1, 2)).blocks().blocks()); // used: now 3, 4 are idle longest
        int[] taken = Objects.requireNonNull(blocks.tryAllocate(1));
        assertThat(taken).containsExactly(second[1]);
        assertThat(blocks.numEvictions()).isEqualTo(1);
        assertThat(blocks.take(rows(3, 4)).blocks().blocks()).containsExactly(second[0]);
        assertThat(blocks.available()).isEqualTo(2);
        assertThat(blocks.tryAllocate(3)).isNull();
        assertThat(blocks.tryAllocate(2)).containsExactlyInAnyOrder(first[0], first[1]);
        assertThat(blocks.take(rows(1)).blocks().numBlocks()).isZero();
    }

    @Test
    void aBlockThatIsThereAlreadyIsTakenInsteadOfTheOwn() {
        SharedBlocks blocks = new SharedBlocks(4);
        int[] first = fill(blocks, rows(1, 2));
        blocks.beginStep();
        int[] same = fill(blocks, rows(1, 2));
        assertThat(same).containsExactly(first);
        assertThat(blocks.available()).isEqualTo(2);
        blocks.release(first);
        assertThat(blocks.numIdle()).isZero();
        blocks.release(same);
        assertThat(blocks.numIdle()).isEqualTo(2);
    }

    /** Else two sequences would store to the same places in one step. */
    @Test
    void aBlockThatIsFilledInTheSameStepIsNotTakenInsteadOfTheOwn() {
        SharedBlocks blocks = new SharedBlocks(4);
        int[] first = fill(blocks, rows(1, 2));
        int[] same = fill(blocks, rows(1, 2));
        assertThat(same).doesNotContain(first);
        assertThat(blocks.take(rows(1, 2)).blocks().blocks()).isEqualTo(first);
        blocks.release(same);
        assertThat(blocks.numIdle()).isZero();
    }

    @Test
    void whatIsWithdrawnIsNotFound() {
        SharedBlocks blocks = new SharedBlocks(4);
        int first = fill(blocks, rows(1))[0];
        long before = blocks.take(rows(1)).last();
        blocks.release(new int[] {first});
        blocks.beginStep();
        int[] held = {first, Objects.requireNonNull(blocks.tryAllocate(1))[0]};
        blocks.publish(held[1], before, rows(1, 2), 1);
        int[] idle = fill(blocks, rows(3));
        blocks.release(idle);
        blocks.withdrawFresh();
        assertThat(blocks.numIdle()).isZero();
        assertThat(blocks.available()).isEqualTo(2);
        Prefix prefix = blocks.take(rows(1, 2));
        assertThat(prefix.blocks().blocks()).containsExactly(held[0]);
        assertThat(blocks.take(rows(3)).blocks().numBlocks()).isZero();
        blocks.release(held);
        blocks.release(prefix.blocks().blocks());
        assertThat(blocks.available()).isEqualTo(4);
    }

    /** The first tokens of a block, all that is behind full blocks. */
    private static List<Integer> end(int... tokens) {
        return Arrays.stream(tokens).boxed().toList();
    }

    private static List<Integer> behind(List<Integer> full, List<Integer> end) {
        List<Integer> rows = new ArrayList<>(full);
        rows.addAll(end);
        return rows;
    }

    @Test
    void theEndOfAPromptIsFoundByTheSamePromptOnly() {
        SharedBlocks blocks = new SharedBlocks(4);
        int[] full = fill(blocks, rows(1));
        int last = Objects.requireNonNull(blocks.tryAllocate(1))[0];
        List<Integer> prompt = behind(rows(1), end(5, 6, 7));
        long before = blocks.takeFull(prompt).last();
        blocks.publishTail(last, before, prompt);
        blocks.publishTail(3, before, prompt); // it is there already
        Prefix same = blocks.take(prompt);
        assertThat(same.blocks().blocks()).containsExactly(full[0], last);
        assertThat(same.numTokens()).isEqualTo(SIZE + 3);
        assertThat(same.endsWithBlock()).isFalse();
        for (List<Integer> other : List.of(end(5, 6), end(5, 6, 8), end(5, 6, 7, 8))) {
            Prefix prefix = blocks.take(behind(rows(1), other));
            assertThat(prefix.blocks().blocks()).containsExactly(full[0]);
            assertThat(prefix.endsWithBlock()).isTrue();
        }
        assertThat(blocks.take(end(5, 6, 7)).blocks().numBlocks()).isZero();
        assertThat(blocks.take(behind(rows(2), end(5, 6, 7))).blocks().numBlocks())
                .isZero();
    }

    @Test
    void whoHasABlockAloneGoesOnInItUnlessItIsFull() {
        SharedBlocks blocks = new SharedBlocks(4);
        List<Integer> prompt = end(5, 6, 7);
        int[] writer = Objects.requireNonNull(blocks.tryAllocate(1));
        blocks.publishTail(writer[0], SharedBlocks.START, prompt);
        int[] reader = blocks.take(prompt).blocks().blocks();
        assertThat(reader).isEqualTo(writer);
        assertThat(blocks.canGoOnIn(writer[0])).as("the writer is there").isFalse();
        blocks.release(writer);
        assertThat(blocks.canGoOnIn(writer[0])).isTrue();
        List<Integer> text = behind(prompt, rows(9).subList(3, SIZE));
        blocks.publish(writer[0], SharedBlocks.START, text, 0);
        assertThat(blocks.canGoOnIn(writer[0])).as("others may find all of it").isFalse();
        blocks.release(reader);
        assertThat(blocks.numIdle()).isEqualTo(1);
        assertThat(blocks.take(text).blocks().blocks()).isEqualTo(writer);
        assertThat(blocks.take(prompt).blocks().blocks())
                .as("the first rows are what they were")
                .isEqualTo(writer);
    }

    @Test
    void theEndOfAPromptIsWithdrawnAndEvicted() {
        SharedBlocks blocks = new SharedBlocks(1);
        List<Integer> prompt = end(5, 6, 7);
        int[] table = Objects.requireNonNull(blocks.tryAllocate(1));
        blocks.publishTail(table[0], SharedBlocks.START, prompt);
        assertThat(blocks.isFresh(table[0])).isTrue();
        blocks.withdrawFresh();
        assertThat(blocks.take(prompt).blocks().numBlocks()).isZero();
        blocks.publishTail(table[0], SharedBlocks.START, prompt);
        blocks.release(table);
        assertThat(blocks.numIdle()).isEqualTo(1);
        assertThat(blocks.tryAllocate(1)).isEqualTo(table);
        assertThat(blocks.numEvictions()).isEqualTo(1);
        assertThat(blocks.take(prompt).blocks().numBlocks()).isZero();
    }

    @Test
    void givingBackTwiceIsAnError() {
        SharedBlocks blocks = new SharedBlocks(2);
        int[] table = Objects.requireNonNull(blocks.tryAllocate(1));
        blocks.release(table);
        assertThatThrownBy(() -> blocks.release(table))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("KV block " + Arrays.stream(table).sum());
    }
}
