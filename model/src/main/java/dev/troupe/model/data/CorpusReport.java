package dev.troupe.model.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * What a prepared corpus holds, kept as {@value #FILE} beside its shards; written last, so a folder that has it is
 * whole.
 *
 * @param source name of the source
 * @param inputs digest of all that decides the shards: source, tokenizer, split and format
 * @param split what is held out
 * @param heldOutFraction the share that was asked for
 * @param bytesPerToken UTF-8 bytes of text for one token, over both parts
 * @param notes what the source had to say: skipped files, repaired bytes
 */
public record CorpusReport(
        String source,
        String inputs,
        CorpusSplit.Kind split,
        double heldOutFraction,
        int vocabSize,
        String tokenizerSha256,
        double bytesPerToken,
        Part train,
        Part heldOut,
        List<String> notes) {
    /** File name in the folder of a prepared corpus. */
    public static final String FILE = "corpus.json";

    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    public CorpusReport {
        notes = List.copyOf(notes);
    }

    /** One side of the split. */
    public record Part(long documents, long textBytes, long tokens, int shards) {
        static Part of(TokenShardWriter writer) {
            return new Part(writer.documents(), writer.textBytes(), writer.tokens(), writer.shards());
        }
    }

    /** The report as JSON, indented. */
    public String toJson() {
        try {
            return JSON.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a report of numbers and strings has a JSON form", e);
        }
    }

    void write(Path directory) throws IOException {
        Path temporary = directory.resolve(FILE + ".tmp");
        Files.writeString(temporary, toJson() + "\n");
        Files.move(
                temporary,
                directory.resolve(FILE),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
    }

    /** The report of a folder, or nothing when it holds no whole corpus. */
    static Optional<CorpusReport> read(Path directory) {
        Path file = directory.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.readValue(Files.readString(file), CorpusReport.class));
        } catch (IOException e) {
            throw new TroupeException(
                    "cannot read " + file + ": " + e.getMessage() + "; delete it and prepare the corpus again", e);
        }
    }
}
