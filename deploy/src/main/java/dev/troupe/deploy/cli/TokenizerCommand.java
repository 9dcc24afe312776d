package dev.troupe.deploy.cli;

import dev.troupe.deploy.run.Corpus;
import dev.troupe.model.TroupeException;
import dev.troupe.model.tokenizer.Tokenizer;
import dev.troupe.model.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code troupe tokenizer}: train one, and use one by hand. */
@Command(
        name = "tokenizer",
        mixinStandardHelpOptions = true,
        description = "Trains a tokenizer, or encodes and decodes with one.",
        subcommands = {TokenizerCommand.Train.class, TokenizerCommand.Encode.class, TokenizerCommand.Decode.class})
final class TokenizerCommand implements Runnable {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it before run
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "say what to do: train, encode or decode");
    }

    @Command(
            name = "train",
            mixinStandardHelpOptions = true,
            description =
                    "Trains a byte-level BPE (or character) tokenizer and writes it as Hugging Face tokenizer.json.")
    static final class Train implements Callable<Integer> {
        @Option(
                names = "--text",
                paramLabel = "FILE|DIR|wordnet",
                defaultValue = Corpus.WORDNET,
                description = "UTF-8 text to learn from (default: the built-in corpus)")
        private String text = Corpus.WORDNET;

        @Option(
                names = "--vocab-size",
                paramLabel = "N",
                defaultValue = "4096",
                description = "tokens of the vocabulary, at least 257 (default: ${DEFAULT-VALUE})")
        private int vocabSize;

        @Option(
                names = "--kind",
                paramLabel = "bpe|char",
                defaultValue = "bpe",
                description = "default: ${DEFAULT-VALUE}")
        private String kind = "bpe";

        @Option(
                names = "--out",
                paramLabel = "FILE",
                defaultValue = "tokenizer.json",
                description = "default: ${DEFAULT-VALUE}")
        private Path out = Path.of("tokenizer.json");

        @Option(names = "--json", description = "print the result as one JSON object on the last line")
        private boolean json;

        @Override
        public Integer call() {
            long start = System.nanoTime();
            Tokenizer tokenizer = Corpus.trainTokenizer(text, kind, vocabSize);
            TokenizerJson.write(tokenizer, out);
            double seconds = (System.nanoTime() - start) / 1e9;
            if (json) {
                JsonLine.print(
                        System.out,
                        Map.of("vocabSize", tokenizer.vocabSize(), "seconds", seconds, "file", out.toString()));
            } else {
                System.out.printf("%s: vocabulary %d, %.1f s%n", out, tokenizer.vocabSize(), seconds);
            }
            return 0;
        }
    }

    @Command(name = "encode", mixinStandardHelpOptions = true, description = "Prints the ids of a text.")
    static final class Encode implements Callable<Integer> {
        @Option(names = "--tokenizer", required = true, paramLabel = "FILE", description = "a tokenizer.json")
        @SuppressWarnings("NullAway.Init") // required
        private Path tokenizer;

        @Parameters(arity = "0..1", paramLabel = "TEXT", description = "default: standard input, to its end")
        private @Nullable String text;

        @Option(names = "--json", description = "print one JSON object")
        private boolean json;

        @Override
        public Integer call() throws IOException {
            Tokenizer loaded = TokenizerJson.read(tokenizer);
            int[] ids = text != null ? loaded.encode(text) : loaded.encode(System.in.readAllBytes());
            if (json) {
                JsonLine.print(System.out, Map.of("ids", ids, "tokens", ids.length));
            } else {
                System.out.println(
                        Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(" ")));
            }
            return 0;
        }
    }

    @Command(name = "decode", mixinStandardHelpOptions = true, description = "Prints the text of ids.")
    static final class Decode implements Callable<Integer> {
        @Option(names = "--tokenizer", required = true, paramLabel = "FILE", description = "a tokenizer.json")
        @SuppressWarnings("NullAway.Init") // required
        private Path tokenizer;

        @Parameters(arity = "0..*", paramLabel = "ID", description = "default: ids on standard input")
        private @Nullable List<Integer> ids;

        @Option(names = "--json", description = "print one JSON object")
        private boolean json;

        @Override
        public Integer call() throws IOException {
            Tokenizer loaded = TokenizerJson.read(tokenizer);
            int[] tokens =
                    ids != null ? ids.stream().mapToInt(Integer::intValue).toArray() : readIds();
            for (int id : tokens) {
                if (id < 0 || id >= loaded.vocabSize()) {
                    throw new TroupeException("id " + id + " is not in the vocabulary of " + tokenizer + ", which has "
                            + loaded.vocabSize() + " tokens");
                }
            }
            if (json) {
                JsonLine.print(System.out, Map.of("text", loaded.decode(tokens)));
            } else {
                System.out.write(loaded.decodeBytes(tokens));
                System.out.println();
            }
            return 0;
        }

        private static int[] readIds() throws IOException {
            String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8).strip();
            try {
                return input.isEmpty()
                        ? new int[0]
                        : Arrays.stream(input.split("[\\s,\\[\\]]+"))
                                .filter(word -> !word.isEmpty())
                                .mapToInt(Integer::parseInt)
                                .toArray();
            } catch (NumberFormatException e) {
                throw new TroupeException(
                        "standard input must hold token ids, whole numbers between spaces: " + e.getMessage(), e);
            }
        }
    }
}
