package dev.troupe.model.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the search finds is the fastest that fits, and everything else is accounted for. */
class PlanSearchTest {
    private static final ModelShape GPT3 = ModelShape.gpt(96, 12_288, 96, 51_200, 2048);
    private static final TrainingJob JOB = new TrainingJob(GPT3, StatePrecision.BF16, 1536, true, true);

    private static Cluster cluster(int devices, double memory, double inter) {
        Accelerator a100 = Accelerator.named("a100");
        Accelerator device =
                new Accelerator("test", memory, a100.peakFlops(), a100.memoryBandwidth(), a100.intraBandwidth(), inter);
        return new Cluster(devices, 8, device, Cluster.FITTED_EFFICIENCY, 0.92);
    }

    @Test
    void everyMeshIsAccountedFor() {
        SearchResult result = PlanSearch.run(JOB, cluster(1024, 80e9, 25e9), SearchLimits.none());
        int expected = 0;
        for (int t = 1; t <= 1024; t *= 2) {
            for (int p = 1; t * p <= 1024; p *= 2) {
                expected++;
            }
        }
        Set<Mesh> meshes =
                result.fitting().stream().map(found -> found.layout().mesh()).collect(Collectors.toSet());
        result.tooLarge().forEach(found -> meshes.add(found.layout().mesh()));
        result.impossible().forEach(found -> meshes.add(found.mesh()));
        assertThat(meshes).hasSize(expected).allMatch(mesh -> mesh.devices() == 1024);
        assertThat(result.impossible())
                .anySatisfy(found -> assertThat(found.reason()).isEqualTo("96 heads are not a multiple of tensor 64"));
    }

    @Test
    void planIsAmongTheFastestThatFit() {
        Cluster cluster = cluster(1024, 80e9, 25e9);
        SearchResult result = PlanSearch.run(JOB, cluster, SearchLimits.none());
        Candidate plan = result.fitting().getFirst();
        assertThat(plan.memory().total()).isLessThan(cluster.usableBytes());
        assertThat(result.fitting()).allSatisfy(other -> {
            assertThat(other.fits()).isTrue();
            assertThat(other.step().seconds())
                    .isGreaterThanOrEqualTo(plan.step().seconds() / 1.01);
        });
        assertThat(result.tooLarge())
                .allSatisfy(other -> assertThat(other.memory().total()).isGreaterThan(cluster.usableBytes()));
        // Whatever is the fastest, the talkative axis stays where links are fast.
        assertThat(plan.layout().mesh().tensor()).isLessThanOrEqualTo(8);
        assertThat(plan.step().utilization()).isBetween(0.4, Cluster.FITTED_EFFICIENCY);
    }

    /** Within the limits of one mesh the search agrees with trying everything by hand. */
    @Test
    void limitsAreKept() {
        SearchLimits limits = new SearchLimits(16, 8, 8, 1, 2, ZeroStage.OPTIMIZER, Recompute.FULL, false);
        SearchResult result = PlanSearch.run(JOB, cluster(1024, 80e9, 25e9), limits);
        assertThat(result.layouts()).isEqualTo(1);
        assertThat(result.fitting().getFirst().layout())
                .isEqualTo(new Layout(new Mesh(16, 8, 8), 1, 2, ZeroStage.OPTIMIZER, Recompute.FULL, false));
    }

    @Test
    void lessMemoryIsNeverFaster() {
        double before = 0;
        for (double memory : new double[] {640e9, 160e9, 80e9, 40e9, 24e9}) {
            SearchResult result = PlanSearch.run(JOB, cluster(1024, memory, 25e9), SearchLimits.none());
            double seconds = result.fitting().getFirst().step().seconds();
            assertThat(seconds).as("%s bytes", memory).isGreaterThanOrEqualTo(before / 1.01);
            before = seconds;
        }
    }

    @Test
    void slowerLinksAreNeverFaster() {
        double before = 0;
        for (double inter : new double[] {400e9, 50e9, 25e9, 5e9, 1e9}) {
            SearchResult result = PlanSearch.run(JOB, cluster(1024, 80e9, inter), SearchLimits.none());
            double seconds = result.fitting().getFirst().step().seconds();
            assertThat(seconds).as("%s bytes a second", inter).isGreaterThanOrEqualTo(before / 1.01);
            before = seconds;
        }
    }

    /** A model whose states alone exceed all devices fits nowhere, and the nearest miss says why. */
    @Test
    void whatFitsNowhereIsExplained() {
        Cluster cluster = cluster(16, 80e9, 25e9);
        SearchResult result = PlanSearch.run(JOB, cluster, SearchLimits.none());
        assertThat(result.fitting()).isEmpty();
        assertThat(RunnerUp.tooLarge(result.tooLarge().getFirst(), cluster.usableBytes()))
                .contains("does not fit", "weights, gradients and optimizer");
    }

    @Test
    void runnersUpNameTheirLimit() {
        SearchResult result = PlanSearch.run(JOB, cluster(1024, 80e9, 25e9), SearchLimits.none());
        Candidate plan = result.fitting().getFirst();
        Candidate deepest = result.fitting().stream()
                .filter(found -> found.layout().mesh().pipeline() == 32
                        && found.layout().mesh().tensor() == 1)
                .findFirst()
                .orElseThrow();
        assertThat(RunnerUp.slower(plan, deepest)).contains("% slower: ");
        Candidate widest = result.fitting().stream()
                .filter(found -> found.layout().mesh().tensor() == 32)
                .findFirst()
                .orElseThrow();
        assertThat(RunnerUp.slower(plan, widest)).contains("tensor-parallel traffic");
    }
}
