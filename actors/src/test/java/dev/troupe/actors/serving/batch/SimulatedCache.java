package dev.troupe.actors.serving.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.serving.kv.BlockCopy;
import dev.troupe.actors.serving.kv.BlockTable;
import dev.troupe.model.kernel.attention.KvBlocks;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * What a cache holds after each step of a policy: of each place of a block a number that stands for the text up to and
 * including its token.
 */
final class SimulatedCache {
    private static final int SIZE = KvBlocks.BLOCK_TOKENS;
    private static final long GARBAGE = -1;

    private final long[] places;

    SimulatedCache(int numBlocks) {
        this.places = new long[numBlocks * SIZE];
    }

    /**
     * Does what an engine does, and sees to it that rows read what is theirs and no place is stored to twice.
     *
     * @param open sequences of the policy
     * @param fails whether the step leaves whatever it was to store undefined
     */
    void compute(ScheduledBatch batch, Map<Long, Sequence> open, boolean fails, String where) {
        for (ScheduledChunk chunk : batch.chunks()) {
            chunk.copy().ifPresent(copy -> copy(copy, fails));
        }
        Set<Integer> stored = new HashSet<>();
        for (ScheduledChunk chunk : batch.chunks()) {
            long text = known(chunk, open);
            for (int i = 0; i < chunk.tokens().size(); i++) {
                text = next(text, chunk.tokens().get(i));
                int place = place(chunk.blocks(), chunk.firstPosition() + i);
                assertThat(stored).as("stored twice: %s", where).doesNotContain(place);
                if (places[place] != text) {
                    stored.add(place);
                    places[place] = fails ? GARBAGE : text;
                }
            }
        }
        if (fails) {
            return;
        }
        for (ScheduledChunk chunk : batch.chunks()) {
            assertHolds(chunk.blocks(), all(chunk, open).subList(0, chunk.firstPosition()), where);
            if (chunk.tokens().isEmpty()) {
                assertThat(open.get(chunk.drawsFrom()))
                        .as("drawn from the logits of another text: %s", where)
                        .extracting(Sequence::tokens)
                        .isEqualTo(all(chunk, open));
            }
        }
        for (Sequence sequence : open.values()) {
            assertHolds(sequence.blocks(), sequence.tokens().subList(0, sequence.numComputed()), where);
        }
    }

    private void copy(BlockCopy copy, boolean fails) {
        for (int i = 0; i < SIZE; i++) {
            places[copy.to() * SIZE + i] = fails ? GARBAGE : places[copy.from() * SIZE + i];
        }
    }

    private static int place(BlockTable table, int position) {
        return table.blocks()[position / SIZE] * SIZE + position % SIZE;
    }

    private static List<Integer> all(ScheduledChunk chunk, Map<Long, Sequence> open) {
        return Objects.requireNonNull(open.get(chunk.arrival())).tokens();
    }

    /** The text before the chunk. */
    private static long known(ScheduledChunk chunk, Map<Long, Sequence> open) {
        long text = 0;
        for (int token : all(chunk, open).subList(0, chunk.firstPosition())) {
            text = next(text, token);
        }
        return text;
    }

    private static long next(long text, int token) {
        return (text ^ token) * 0x9E37_79B9_7F4A_7C15L + 1;
    }

    private void assertHolds(BlockTable table, List<Integer> tokens, String where) {
        long text = 0;
        for (int position = 0; position < tokens.size(); position++) {
            text = next(text, tokens.get(position));
            if (places[place(table, position)] != text) {
                throw new AssertionError(
                        "position " + position + " of " + tokens + " is not in " + table + ": " + where);
            }
        }
    }
}
