package dev.troupe.routing.harness;

import akka.actor.typed.ActorRef;
import dev.troupe.actors.serving.ReplicaProtocol;
import dev.troupe.actors.serving.replica.ModelReplica;
import dev.troupe.actors.serving.replica.ReplicaSettings;
import dev.troupe.model.config.ModelConfig;
import dev.troupe.model.config.ModelConfig.MlpKind;
import dev.troupe.model.config.ModelConfig.NormKind;
import dev.troupe.model.config.ModelConfig.PositionKind;
import dev.troupe.model.format.ModelDirectory;
import dev.troupe.model.tensor.TensorArena;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.transformer.ParameterLayout;
import dev.troupe.model.transformer.Parameters;
import java.nio.file.Path;

/** A small model with random weights, written to a directory and served by real replicas. */
public final class RandomModel {
    private RandomModel() {}

    /** Llama-like, 4 layers of width 192, a context of 512. */
    public static ModelConfig config(Tokenizer tokenizer) {
        return new ModelConfig(
                "llama",
                tokenizer.vocabSize(),
                192,
                4,
                4,
                2,
                48,
                512,
                512,
                NormKind.RMS,
                1e-5f,
                MlpKind.SWIGLU,
                PositionKind.ROTARY,
                10_000,
                true,
                false,
                0);
    }

    /** Weights that are the same in every call. */
    public static Parameters weights(Tokenizer tokenizer, TensorArena arena) {
        var weights = Parameters.allocate(ParameterLayout.of(config(tokenizer)), arena);
        weights.initialize(5);
        return weights;
    }

    public static void write(Path dir, Tokenizer tokenizer) {
        try (var arena = TensorArena.open("random-model")) {
            ModelDirectory.write(dir, config(tokenizer), weights(tokenizer, arena), tokenizer);
        }
    }

    /** One more replica, known to the router when this returns. */
    public static ActorRef<ReplicaProtocol.Command> serve(TestNode node, Path dir) throws InterruptedException {
        int before = node.numReplicas();
        var replica = node.kit()
                .spawn(ModelReplica.create(
                        ReplicaSettings.from(node.system().settings().config()), dir));
        TestNode.await("the replica serves", () -> node.numReplicas() > before);
        return replica;
    }
}
