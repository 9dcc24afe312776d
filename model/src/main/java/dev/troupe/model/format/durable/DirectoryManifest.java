package dev.troupe.model.format.durable;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The sizes and checksums of a directory's files, in {@value #FILE_NAME}, which is written last: a directory without it
 * is not whole.
 *
 * <pre>{"format": "troupe-manifest-1", "files": {"config.json": {"bytes": 649, "sha256": "..."}}}</pre>
 */
public record DirectoryManifest(Map<String, FileDigest> files) {
    public static final String FILE_NAME = "manifest.json";

    private static final String FORMAT = "troupe-manifest-1";
    private static final Pattern NO_NAME = Pattern.compile("[/\\\\\\p{Cntrl}]");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    public DirectoryManifest {
        files = Collections.unmodifiableMap(new LinkedHashMap<>(files));
    }

    /** Writes the manifest of what was written to {@code directory} so far. */
    public static void write(AtomicDirectory directory) throws IOException {
        ObjectNode root = new DirectoryManifest(directory.written()).toTree();
        directory.write(FILE_NAME, (JSON.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /** What the file says, to which others may add. */
    public ObjectNode toTree() {
        ObjectNode root = JSON.createObjectNode().put("format", FORMAT);
        ObjectNode entries = root.putObject("files");
        files.forEach((name, digest) ->
                entries.putObject(name).put("bytes", digest.bytes()).put("sha256", digest.sha256()));
        return root;
    }

    /**
     * Reads a directory's manifest; empty when it has none.
     *
     * @throws TroupeException when the manifest is damaged
     */
    public static Optional<DirectoryManifest> read(Path directory) {
        Path file = directory.resolve(FILE_NAME);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            JsonNode root = JSON.readTree(Files.readString(file));
            if (!root.path("format").asText().equals(FORMAT)
                    || !root.path("files").isObject()) {
                throw new TroupeException(file + " is damaged: it is not a " + FORMAT);
            }
            Map<String, FileDigest> files = new LinkedHashMap<>();
            root.path("files").properties().forEach(entry -> {
                String name = entry.getKey();
                if (name.isEmpty()
                        || name.startsWith(".")
                        || NO_NAME.matcher(name).find()) {
                    throw new TroupeException(file + " is damaged: '" + name + "' is not a file name");
                }
                JsonNode digest = entry.getValue();
                files.put(
                        name,
                        new FileDigest(
                                digest.path("bytes").asLong(-1),
                                digest.path("sha256").asText()));
            });
            return Optional.of(new DirectoryManifest(files));
        } catch (JsonProcessingException e) {
            throw new TroupeException(file + " is damaged: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Reads every file of the manifest from start to end and compares it.
     *
     * @throws TroupeException naming the file that is missing, cut or changed
     */
    public void verify(Path directory) {
        verify(directory, files.keySet());
    }

    /** As the other, for some of the files; each must be in the manifest. */
    public void verify(Path directory, Collection<String> names) {
        for (String name : names) {
            FileDigest expected = files.get(name);
            if (expected == null) {
                throw new TroupeException(directory.resolve(FILE_NAME) + " is damaged: it has no " + name);
            }
            verify(directory.resolve(name), expected);
        }
    }

    private static void verify(Path file, FileDigest expected) {
        try {
            if (!Files.isRegularFile(file)) {
                throw new TroupeException(file + " is missing, but " + FILE_NAME + " lists it");
            }
            long bytes = Files.size(file);
            if (bytes != expected.bytes()) {
                throw new TroupeException(
                        file + " is damaged: it has " + bytes + " bytes instead of " + expected.bytes());
            }
            FileDigest actual = Sha256.of(file);
            if (!actual.equals(expected)) {
                throw new TroupeException(file + " is damaged: its SHA-256 is " + actual.shortSha256()
                        + "... instead of " + expected.shortSha256() + "...");
            }
        } catch (IOException e) {
            throw new TroupeException(file + " cannot be read: " + e.getMessage(), e);
        }
    }
}
