package dev.troupe.model.plan.published;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.model.plan.published.Comparison.Basis;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every published number against ours. Each row has its own tolerance, with its reason beside it in the row's class: a
 * few percent for what is counted, 10 for the rates that the one efficiency was fitted to, more for other programs'
 * runs, of which much is not published.
 */
class PublishedRunsTest {
    static List<Comparison> rows() {
        return PublishedRuns.compare();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void publishedNumber(Comparison row) {
        assertThat(Math.abs(row.difference()))
                .as(
                        "%s, %s: published %s %s, ours %s",
                        row.run(), row.quantity(), row.published(), row.unit(), row.ours())
                .isLessThanOrEqualTo(row.tolerance());
        assertThat(row.holds()).isTrue();
    }

    /** What is counted may differ by rounding and by what a paper leaves out, not by more. */
    @Test
    void countsAreClose() {
        assertThat(rows())
                .filteredOn(row -> row.basis() == Basis.COUNTED)
                .hasSize(28)
                .allSatisfy(row -> assertThat(row.tolerance()).isLessThanOrEqualTo(0.04));
    }

    /** The efficiency is fitted: over the ten rows it errs as much up as down, so that another would fit them worse. */
    @Test
    void fitIsCentred() {
        List<Comparison> fitted =
                rows().stream().filter(row -> row.basis() == Basis.FITTED).toList();
        assertThat(fitted).hasSize(10);
        assertThat(fitted.stream().mapToDouble(Comparison::difference).average().orElseThrow())
                .isBetween(-0.015, 0.015);
    }
}
