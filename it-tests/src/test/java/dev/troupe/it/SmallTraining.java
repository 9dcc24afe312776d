package dev.troupe.it;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A small model that is trained on a made-up text, by commands. */
final class SmallTraining {
    private static final List<String> WORDS =
            List.of("actor", "stage", "shard", "router", "token", "trains", "serves", "moves", "the", "a", "and");
    private static final String TEXT = "text.txt";
    private static final List<String> SETTINGS = List.of(
            "data.text=" + TEXT,
            "data.heldOutFraction=0.05",
            "model.dim=48",
            "model.numLayers=2",
            "model.ffnDim=96",
            "model.contextLength=32",
            "model.dropout=0.1",
            "train.minutes=0",
            "checkpoint.everySteps=20",
            "checkpoint.keep=3");

    private SmallTraining() {}

    /** Writes the text of so many words, always the same, into the folder that commands run in. */
    static void writeText(Path dir, int words) throws IOException {
        Random random = new Random(11);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(WORDS.get(random.nextInt(WORDS.size()))).append(i % 12 == 11 ? ".\n" : " ");
        }
        Files.writeString(dir.resolve(TEXT), text);
    }

    /**
     * A run that nothing disturbs, to its end, with the bits that processes of their own must come to. It is in this
     * process, where kernels are compiled already.
     *
     * @param train its arguments
     * @param dir the folder that these are relative to
     */
    static JsonNode undisturbed(Path dir, String[] train) {
        String[] args = train.clone();
        for (int i = 1; i < args.length; i++) {
            if (args[i - 1].equals("--out")) {
                args[i] = dir.resolve(args[i]).toString();
            } else if (args[i].equals("data.text=" + TEXT)) {
                args[i] = textIn(dir);
            }
        }
        return TroupeProcess.here(args).expectExit(0).json();
    }

    private static String textIn(Path dir) {
        return "data.text=" + dir.resolve(TEXT);
    }

    /**
     * The end of a run that processes in {@code dir} began, which goes on in this one and in those that it finds.
     *
     * @param out its folder
     * @param setting KEY=VALUE, which it did not have before
     */
    static JsonNode resumed(Path dir, String out, String setting) {
        return TroupeProcess.here(
                        "train",
                        "--resume",
                        "--out",
                        dir.resolve(out).toString(),
                        "--json",
                        "-D",
                        setting,
                        "-D",
                        textIn(dir))
                .expectExit(0)
                .json();
    }

    /**
     * The arguments of {@code troupe} that begin a run.
     *
     * @param out its folder
     * @param settings KEY=VALUE, beyond those that all have
     */
    static String[] train(String out, List<String> settings) {
        List<String> args = new ArrayList<>(List.of("train", "--config", "quickstart", "--out", out, "--json"));
        SETTINGS.forEach(setting -> args.addAll(List.of("-D", setting)));
        settings.forEach(setting -> args.addAll(List.of("-D", setting)));
        return args.toArray(String[]::new);
    }
}
