package dev.troupe.actors.training;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.training.data.RunCorpus;
import dev.troupe.actors.training.mesh.MeshJob;
import dev.troupe.model.data.CorpusPreparation;
import dev.troupe.model.data.Document;
import dev.troupe.model.data.DocumentSource;
import dev.troupe.model.data.PreparedCorpus;
import dev.troupe.model.data.TokenShards;
import dev.troupe.model.tokenizer.CharTokenizer;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/** A run small enough for tests: some thousand characters of made-up sentences, a model of two layers. */
public final class TinyRun {
    private static final List<String> WORDS = List.of("the", "cat", "dog", "sees", "runs", "to", "a", "tree", "and");

    private static final String SMALL = """
            model { dim = 32, numLayers = 2, numHeads = 4, numKvHeads = 2, ffnDim = 64, contextLength = 16, dropout = 0.1 }
            data { tokenizer = char, heldOutFraction = 0.1, text = test }
            compute.backend = scalar
            train { steps = 30, batch = 4, seed = 7, threads = 2, lossWindow = 5 }
            optimizer { learningRate = 0.01, warmupSteps = 3 }
            checkpoint { everySteps = 10, keep = 10 }
            eval { everySteps = 10, windows = 4, finalWindows = 8, cpuShare = 1.0 }
            """;

    private TinyRun() {}

    public static TrainingConfig config(String overrides) {
        Config user = ConfigFactory.parseString(overrides).withFallback(ConfigFactory.parseString(SMALL));
        return TrainingConfig.from(user);
    }

    public static TrainingSetup setup(Path root, String run, boolean resume, String overrides) {
        TrainingConfig config = config(overrides);
        String text = text(7);
        CharTokenizer tokenizer = CharTokenizer.train(text);
        PreparedCorpus corpus = CorpusPreparation.prepare(
                DocumentSource.of("test", List.of(new Document("test", text))),
                tokenizer,
                root.resolve("data"),
                config.data().heldOutFraction(),
                CorpusPreparation.Progress.none());
        return new TrainingSetup(
                run,
                root.resolve(run),
                config,
                config.model().withVocabulary(tokenizer.vocabSize()),
                tokenizer,
                corpus.train().directory(),
                corpus.heldOut().directory(),
                resume);
    }

    /** What nodes must know to train it on the mesh of its configuration. */
    public static MeshJob job(TrainingSetup setup) {
        return new MeshJob(
                setup.runId(),
                0,
                setup.config().values(),
                setup.model().vocabSize(),
                RunCorpus.of(TokenShards.open(setup.trainTokens())),
                RunCorpus.of(TokenShards.open(setup.heldOutTokens())));
    }

    private static String text(long seed) {
        Random random = new Random(seed);
        return random.ints(1500, 0, WORDS.size()).mapToObj(WORDS::get).collect(Collectors.joining(" "));
    }
}
