package dev.troupe.model.format.shards;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.transformer.ParameterSlice;
import dev.troupe.model.transformer.ParameterSlice.RowRange;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A matrix whose elements are their own numbers, cut at random and put together. */
class StoredParameterTest {
    private static final int ROWS = 12;
    private static final int COLUMNS = 10;

    /** The plain way: which elements of the whole a piece has, in order. */
    private static List<Integer> elements(ShardPiece piece) {
        ParameterSlice slice = piece.slice();
        List<Integer> all = new ArrayList<>();
        for (RowRange range : slice.rowRanges()) {
            for (int row = range.from(); row < range.to(); row++) {
                for (int column = slice.firstColumn(); column < slice.endColumn(); column++) {
                    all.add(row * slice.columns() + column);
                }
            }
        }
        return all.subList((int) piece.from(), (int) piece.to());
    }

    private static StoredParameter.Source source(ShardPiece piece, Arena arena) {
        MemorySegment bytes = arena.allocate(piece.length() * Float.BYTES, Float.BYTES);
        List<Integer> elements = elements(piece);
        for (int i = 0; i < elements.size(); i++) {
            bytes.setAtIndex(ValueLayout.JAVA_FLOAT, i, elements.get(i));
        }
        return new StoredParameter.Source(piece, bytes);
    }

    /** All of the matrix: rows split (in two stacked parts), or columns, and each part cut in two. */
    private static List<ShardPiece> split(Random random) {
        List<ParameterSlice> slices = new ArrayList<>();
        if (random.nextBoolean()) {
            int cut = random.nextInt(ROWS / 2);
            int half = ROWS / 2;
            slices.add(new ParameterSlice(
                    ROWS, COLUMNS, List.of(new RowRange(0, cut), new RowRange(half, half + cut)), 0, COLUMNS));
            slices.add(new ParameterSlice(
                    ROWS, COLUMNS, List.of(new RowRange(cut, half), new RowRange(half + cut, ROWS)), 0, COLUMNS));
        } else {
            int cut = random.nextInt(COLUMNS);
            List<RowRange> rows = List.of(new RowRange(0, ROWS));
            slices.add(new ParameterSlice(ROWS, COLUMNS, rows, 0, cut));
            slices.add(new ParameterSlice(ROWS, COLUMNS, rows, cut, COLUMNS));
        }
        List<ShardPiece> pieces = new ArrayList<>();
        for (ParameterSlice slice : slices) {
            ShardPiece all = ShardPiece.of(slice);
            long cut = random.nextLong(all.length() + 1);
            pieces.add(new ShardPiece(slice, cut, all.length()));
            pieces.add(new ShardPiece(slice, 0, cut));
        }
        return pieces;
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
    void anySplitIsReadFromAnyOther(long seed) {
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined()) {
            List<StoredParameter.Source> sources =
                    split(random).stream().map(piece -> source(piece, arena)).toList();
            StoredParameter stored = StoredParameter.of("m", ROWS * COLUMNS, sources);
            for (ShardPiece wanted : split(random)) {
                MemorySegment target = arena.allocate(wanted.length() * Float.BYTES, Float.BYTES);
                stored.read(wanted, target);
                assertThat(target.mismatch(source(wanted, arena).bytes())).isEqualTo(-1);
                assertThat(ShardPiece.parse("m", wanted.toJson())).isEqualTo(wanted);
            }
        }
    }

    @ParameterizedTest(name = "seed {0}")
    @ValueSource(longs = {1, 2, 3, 4})
    void whatIsMissingOrThereTwiceIsNamed(long seed) {
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined()) {
            List<StoredParameter.Source> sources = new ArrayList<>(split(random).stream()
                    .filter(piece -> piece.length() > 0)
                    .map(piece -> source(piece, arena))
                    .toList());
            StoredParameter.Source one = sources.remove(random.nextInt(sources.size()));
            assertThatThrownBy(() -> StoredParameter.of("m", ROWS * COLUMNS, sources))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageMatching("elements \\[\\d+, \\d+\\) of m are missing");
            sources.add(one);
            sources.add(one);
            assertThatThrownBy(() -> StoredParameter.of("m", ROWS * COLUMNS, sources))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageMatching("element \\d+ of m is there twice");
            assertThatThrownBy(() -> StoredParameter.of("m", 7, sources)).hasMessageContaining("m has 7 elements");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"shape\": [2, 2], \"rows\": [[0, 3]], \"columns\": [0, 2], \"elements\": [0, 4]}",
                "{\"shape\": [2, 2], \"rows\": [[1, 2], [0, 1]], \"columns\": [0, 2], \"elements\": [0, 4]}",
                "{\"shape\": [2, 2], \"rows\": [[0, 2]], \"columns\": [1, 0], \"elements\": [0, 0]}",
                "{\"shape\": [2, 2], \"rows\": [[0, 2]], \"columns\": [0, 2], \"elements\": [0, 5]}",
                "{\"shape\": [2, 99999999999], \"rows\": [[0, 2]], \"columns\": [0, 2], \"elements\": [0, 4]}",
                "{\"shape\": [2, 2], \"rows\": [[0, 1.5]], \"columns\": [0, 2], \"elements\": [0, 1]}"
            })
    void aDescriptionThatSaysSomethingElseIsRefused(String json) {
        assertThatThrownBy(() -> ShardPiece.parse("file: tensor 'm'", json))
                .isInstanceOf(TroupeException.class)
                .hasMessageStartingWith("file: tensor 'm' does not say which elements it has");
    }

    @Test
    void aDescriptionIsOneLineOfJson() {
        ParameterSlice slice = new ParameterSlice(67, 32, List.of(new RowRange(34, 67)), 0, 32);
        assertThat(new ShardPiece(slice, 512, 1056).toJson())
                .isEqualTo("{\"shape\":[67,32],\"rows\":[[34,67]],\"columns\":[0,32],\"elements\":[512,1056]}");
    }
}
