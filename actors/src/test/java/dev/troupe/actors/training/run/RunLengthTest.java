package dev.troupe.actors.training.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.actors.training.TinyRun;
import dev.troupe.actors.training.TrainingSetup;
import dev.troupe.actors.training.eval.Evaluator;
import dev.troupe.model.data.TokenShards;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunLengthTest {
    @TempDir
    private Path root;

    @Test
    void evaluationsOfOtherNodesTakeNothingOffTheTime() {
        assertThat(steps("alone", true)).isEqualTo(70); // of 99.1 s: steps take 1 s and 0.4 s of evaluation each
        assertThat(steps("nodes", false)).isEqualTo(99);
    }

    /** Of 100 seconds, in steps of a second and windows of 0.1. */
    private long steps(String name, boolean evaluatesItself) {
        TrainingSetup setup = TinyRun.setup(
                root,
                name,
                false,
                "train { steps = 0, minutes = 2 }, eval { everySteps = 5, windows = 20, finalWindows = 4 }");
        RunAssembly run = RunAssembly.assemble(setup, null, null, (folder, _, _) -> TokenShards.open(folder));
        try {
            RunLength length = new RunLength(setup.config(), run);
            for (int step = 0; step < 20; step++) {
                length.measured(run.planner().next(1e-3), 1);
            }
            length.fix(20, new Evaluator.Evaluated(20, 3, 640, 4, 0.1), 20, evaluatesItself);
            return length.totalSteps() - 20;
        } finally {
            run.memory().close();
        }
    }
}
