package dev.troupe.model.format.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.Tensor;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    private final TensorArena arena = TensorArena.open("test");

    @TempDir
    Path directory;

    @AfterEach
    void closeArena() {
        arena.close();
    }

    @Test
    void whatIsWrittenIsReadBackBitForBit() throws IOException {
        Tensor matrix = random(7, 33, 65);
        Tensor vector = random(8, 5);
        Tensor scalar = random(9);
        Tensor empty = arena.allocate(0, 4);
        Path file = write(
                NamedTensor.of("matrix", matrix),
                NamedTensor.of("vector", vector),
                NamedTensor.of("scalar", scalar),
                NamedTensor.of("empty", empty));
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.tensors().keySet()).containsExactly("matrix", "vector", "scalar", "empty");
            assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
            assertThat(entry(read, "matrix").shape()).containsExactly(33, 65);
            assertThat(entry(read, "scalar").shape()).isEmpty();
            Tensor view = read.view("matrix").orElseThrow();
            assertThat(view.address() % 64).isZero();
            assertThat(view.toArray()).isEqualTo(matrix.toArray());
            Tensor copy = arena.allocate(5);
            read.read("vector", copy);
            assertThat(copy.toArray()).isEqualTo(vector.toArray());
            assertThat(read.view("empty").orElseThrow().size()).isZero();
        }
    }

    @Test
    void transposedMatrixIsWrittenColumnByColumn() throws IOException {
        Tensor matrix = random(3, 1031, 1027); // larger than the writer's buffer
        Path file = write(new NamedTensor("w", matrix, true));
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(entry(read, "w").shape()).containsExactly(1027, 1031);
            Tensor view = read.view("w").orElseThrow();
            for (int i = 0; i < 1031; i++) {
                for (int j = 0; j < 1027; j++) {
                    if (view.get((long) j * 1031 + i) != matrix.get((long) i * 1027 + j)) {
                        throw new AssertionError("element " + i + ", " + j);
                    }
                }
            }
        }
    }

    @Test
    void halfPrecisionIsConvertedExactly() throws IOException {
        // 1.5, -2, smallest subnormal, infinity in float16; then 1.5, -2, 2^-133, infinity in bfloat16
        short[] bits = {
            0x3E00, (short) 0xC000, 0x0001, 0x7C00, 0x3FC0, (short) 0xC000, 0x0001, 0x7F80,
        };
        ByteBuffer data = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN);
        data.asShortBuffer().put(bits);
        Path file = writeRaw(
                "{\"h\":{\"dtype\":\"F16\",\"shape\":[4],\"data_offsets\":[0,8]},"
                        + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,2],\"data_offsets\":[8,16]}}",
                data.array());
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.view("h")).isEmpty();
            Tensor half = arena.allocate(4);
            read.read("h", half);
            assertThat(half.toArray()).containsExactly(1.5f, -2f, 0x1p-24f, Float.POSITIVE_INFINITY);
            Tensor brain = arena.allocate(2, 2);
            read.read("b", brain);
            assertThat(brain.toArray()).containsExactly(1.5f, -2f, 0x1p-133f, Float.POSITIVE_INFINITY);
        }
    }

    @Test
    void integerTensorCannotBeReadAsWeights() throws IOException {
        Path file = writeRaw("{\"ids\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]}}", new byte[8]);
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThatThrownBy(() -> read.read("ids", arena.allocate(1)))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("'ids' has dtype I64")
                    .hasMessageContaining("F32, F16 or BF16");
            assertThatThrownBy(() -> read.read("nothing", arena.allocate(1)))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("no tensor 'nothing'");
        }
    }

    /** Header, bytes of data after it, and what the message must say. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            [1,2]                                                                      | 0 | does not start with '{'
            {"a":1} x                                                                  | 0 | tensor 'a': its description is not an object
            {} x                                                                       | 0 | not valid JSON
            {} {}                                                                      | 0 | something after
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}                      | 4 | not valid JSON
            {"a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}                     | 4 | tensor 'a': unknown dtype 'F33'
            {"a":{"shape":[1],"data_offsets":[0,4]}}                                   | 4 | dtype is missing
            {"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}                    | 4 | shape has '-1'
            {"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}                   | 4 | shape has '1.5'
            {"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}  | 4 | not a number from 0 on
            {"a":{"dtype":"F32","shape":[3000000000],"data_offsets":[0,4]}}            | 4 | dimension 3000000000
            {"a":{"dtype":"F32","shape":[2000000000,2000000000,2000000000],"data_offsets":[0,4]}} | 4 | more bytes than a file can have
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}                     | 4 | needs 8 bytes, but it has 4
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}                     | 4 | is the file truncated
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}                     | 4 | not inside
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}                       | 4 | data_offsets has 1 numbers
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"x":1}}               | 4 | unknown field 'x'
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}                     | 8 | leaves a gap
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}                     | 8 | cover 4 bytes, but 8
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | 8 | tensor 'b': it starts at byte 4 of the data instead of 8: it overlaps
            {"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | 8 | Duplicate field 'a'
            {"__metadata__":{"a":1}}                                                   | 0 | entry 'a' is not a string
            {"__metadata__":[]}                                                        | 0 | not an object
            """)
    void invalidHeaderIsNamed(String header, int dataBytes, String problem) throws IOException {
        Path file = writeRaw(header, new byte[dataBytes]);
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @ValueSource(longs = {-1, Long.MIN_VALUE, 0, 1, 100, Long.MAX_VALUE, 1L << 40})
    void headerLengthIsNotTrusted(long length) throws IOException {
        Path file = directory.resolve("length.safetensors");
        byte[] bytes = ByteBuffer.allocate(20)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(length)
                .put("{}          ".getBytes(StandardCharsets.UTF_8))
                .array();
        Files.write(file, bytes);
        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("its header has " + Long.toUnsignedString(length) + " bytes");
    }

    @Test
    void emptyMissingAndForeignFilesAreNamed() throws IOException {
        Path empty = Files.createFile(directory.resolve("empty"));
        assertThatThrownBy(() -> SafetensorsFile.open(empty).close()).hasMessageContaining("only 0 bytes");
        assertThatThrownBy(
                        () -> SafetensorsFile.open(directory.resolve("missing")).close())
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("does not exist");
        assertThatThrownBy(() -> SafetensorsFile.open(directory).close()).isInstanceOf(TroupeException.class);
    }

    /** Whatever is done to a file, it either still reads or is refused with a message; nothing else may escape. */
    @Test
    void mutatedFilesAreReadOrRefused() throws IOException {
        byte[] valid = Files.readAllBytes(write(
                NamedTensor.of("model.norm.weight", random(1, 4)),
                NamedTensor.of("lm_head.weight", random(2, 3, 5)),
                new NamedTensor("transposed", random(3, 2, 3), true)));
        int refused = 0;
        int rounds = 4000;
        for (long seed = 0; seed < rounds; seed++) {
            Path file = directory.resolve("mutated.safetensors");
            Files.write(file, mutated(valid, new Random(seed)));
            try (SafetensorsFile read = SafetensorsFile.open(file)) {
                for (TensorEntry entry : read.tensors().values()) {
                    if (entry.dtype().readable()) {
                        read.read(entry.name(), arena.allocate((int) entry.size()));
                    }
                }
            } catch (TroupeException e) {
                assertThat(e).hasMessageContaining("mutated.safetensors");
                refused++;
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
        assertThat(refused).isGreaterThan(rounds / 4).isLessThan(rounds);
    }

    /** One to four changes: a bit, a byte, a digit, a cut, a piece twice, another header length. */
    private static byte[] mutated(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        int headerEnd =
                8 + ByteBuffer.wrap(valid).order(ByteOrder.LITTLE_ENDIAN).getInt();
        for (int change = random.nextInt(4); change >= 0; change--) {
            int at = random.nextInt(random.nextInt(8) == 0 ? bytes.length : Math.min(headerEnd, bytes.length));
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt();
                case 2 -> bytes[at] = (byte) ('0' + random.nextInt(10));
                case 3 -> bytes = Arrays.copyOf(bytes, Math.max(at, 1));
                case 4 -> {
                    int from = random.nextInt(bytes.length);
                    int length = Math.min(random.nextInt(40), bytes.length - Math.max(from, at));
                    System.arraycopy(bytes, from, bytes, at, length);
                }
                default -> bytes[random.nextInt(Math.min(8, bytes.length))] = (byte) random.nextInt();
            }
        }
        return bytes;
    }

    private Tensor random(long seed, int... shape) {
        Tensor tensor = arena.allocate(shape);
        Random random = new Random(seed);
        for (long i = 0; i < tensor.size(); i++) {
            tensor.set(i, (float) random.nextGaussian());
        }
        return tensor;
    }

    private Path write(NamedTensor... tensors) throws IOException {
        Path file = directory.resolve("model.safetensors");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            SafetensorsWriter.write(out, List.of(tensors), Map.of("format", "pt"));
        }
        return file;
    }

    private Path writeRaw(String header, byte[] data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        Path file = directory.resolve("raw.safetensors");
        return Files.write(
                file,
                ByteBuffer.allocate(8 + json.length + data.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(json.length)
                        .put(json)
                        .put(data)
                        .array());
    }

    private static TensorEntry entry(SafetensorsFile file, String name) {
        TensorEntry entry = file.tensors().get(name);
        if (entry == null) {
            throw new AssertionError("no tensor " + name);
        }
        return entry;
    }
}
