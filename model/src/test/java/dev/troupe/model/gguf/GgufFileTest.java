package dev.troupe.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.model.tensor.StorageType;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is written is read back; what is wrong is refused with the file's name and the reason. */
class GgufFileTest {
    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    @Test
    void whatIsWrittenIsReadBack() throws IOException {
        byte[] bytes = GgufSamples.bytes();
        Path file = Files.write(temp.resolve("sample.gguf"), bytes);
        try (GgufFile read = GgufFile.open(file)) {
            assertThat(read.metadata().entries()).isEqualTo(GgufSamples.metadata());
            assertThat(read.metadata().entries().keySet())
                    .containsExactlyElementsOf(GgufSamples.metadata().keySet());
            assertThat(read.tensors()).hasSize(StorageType.values().length + 2);
            for (GgufTensor tensor : read.tensors().values()) {
                assertThat(read.data(tensor).isMapped())
                        .as("the file's own pages")
                        .isTrue();
                assertThat(read.data(tensor).toArray(ValueLayout.JAVA_BYTE))
                        .as(tensor.name())
                        .isEqualTo(GgufSamples.data(tensor.name(), tensor.type(), tensor.shape()));
                assertThat(read.position(tensor) % 64).isZero();
            }
            assertThat(read.tensors())
                    .containsEntry("cube", new GgufTensor("cube", StorageType.F16, List.of(2, 3, 4), cubeOffset(read)));
        }
        assertThat(GgufSamples.bytes()).isEqualTo(bytes);
    }

    @Test
    void damageIsNamed() throws IOException {
        assertThatThrownBy(() -> GgufFile.open(temp.resolve("none.gguf")))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("none.gguf does not exist");
        assertThatThrownBy(() -> GgufFile.open(temp)).hasMessageContaining("is a directory");
        assertRefused(new byte[0], "it has only 0 bytes");
        assertRefused("PK this is a zip file, not a model".getBytes(StandardCharsets.UTF_8), "begin with \"GGUF\"");
        assertRefused(edited(file -> file.putInt(4, 1)), "version 1; versions 2 and 3 are supported");
        assertRefused(edited(file -> file.putInt(4, Integer.reverseBytes(3))), "big-endian");
        assertRefused(edited(file -> file.putLong(8, Long.MAX_VALUE)), "there are 9223372036854775807 tensors");
        assertRefused(edited(file -> file.putLong(16, -1)), "18446744073709551615 metadata entries");
        assertRefused(edited(file -> file.putLong(24, 1L << 60)), "the key of metadata entry 0 is said to have");
        byte[] whole = GgufSamples.bytes();
        assertRefused(Arrays.copyOf(whole, whole.length - 65), "truncated? copy it again");
    }

    @Test
    void wrongValuesAreNamed() throws IOException {
        for (long alignment : new long[] {0, 3, 1 << 20}) {
            Map<String, MetadataValue> metadata = new LinkedHashMap<>(GgufSamples.metadata());
            metadata.remove("general.alignment");
            metadata.put("general.alignmenz", MetadataValue.uint32(alignment));
            byte[] bytes = GgufSamples.bytes(metadata, GgufSamples.tensors());
            bytes[indexOf(bytes, "general.alignmenz") + 16] = 't';
            assertRefused(bytes, "general.alignment is " + alignment + ", not a power of two");
        }
        byte[] twice = GgufSamples.bytes();
        replace(twice, "many.INT16", "many.INT32");
        assertRefused(twice, "metadata key 'many.INT32' is there twice");
        byte[] same = GgufSamples.bytes();
        replace(same, "matrix.Q4_0", "matrix.Q8_0");
        assertRefused(same, "tensor 'matrix.Q8_0': there are two of this name");
    }

    @Test
    void textIsUtf8AndMayHaveTheCharacterThatStandsForOther() throws IOException {
        Map<String, MetadataValue> metadata = new LinkedHashMap<>(GgufSamples.metadata());
        metadata.put("odd", MetadataValue.texts(List.of("\uFFFD", "a\uFFFDb")));
        byte[] bytes = GgufSamples.bytes(metadata, GgufSamples.tensors());
        try (GgufFile read = GgufFile.open(Files.write(temp.resolve("odd.gguf"), bytes))) {
            assertThat(read.metadata().texts("odd")).contains(List.of("\uFFFD", "a\uFFFDb"));
        }
        byte[] broken = GgufSamples.bytes();
        int text = indexOf(broken, "zw");
        broken[text + 2] = 'o'; // the first byte of two
        assertRefused(broken, "metadata entry 'one.STRING' is not UTF-8");
    }

    @Test
    void wrongTensorsAreNamed() throws IOException {
        byte[] sample = GgufSamples.bytes();
        int description = indexOf(sample, "matrix.Q8_0") + "matrix.Q8_0".length(); // u32 rank, u64 dims, u32 type
        assertRefused(edited(file -> file.putInt(description, 5)), "it has 5 dimensions, not 1 to 4");
        assertRefused(edited(file -> file.putLong(description + 4, 0)), "dimension 0 is not");
        assertRefused(edited(file -> file.putLong(description + 4, 1L << 40)), "dimension 1099511627776 is not");
        assertRefused(edited(file -> file.putLong(description + 12, 1L << 30)), "more elements than the file can hold");
        assertRefused(edited(file -> file.putLong(description + 4, 250)), "do not fill blocks of Q8_0");
        assertRefused(edited(file -> file.putInt(description + 20, 13)), "is stored as Q5_K, which is not supported");
        assertRefused(edited(file -> file.putInt(description + 20, 999)), "is stored as type 999");
        assertRefused(edited(file -> file.putLong(description + 24, 1L << 50)), "it lies at offset 1125899906842624");
        assertRefused(edited(file -> file.putLong(description + 24, -64)), "it lies at offset 18446744073709551552");
    }

    /** Each array is within its file's size; on the heap all of them would take many times as much. */
    @Test
    void whatAllArraysAndTextsHaveIsBounded() throws IOException {
        assertRefused(
                header(3, MetadataType.INT16, 2_000_000, 2), "'many.2' has 2000000 values, and there are 6000003");
        assertRefused(header(4, MetadataType.STRING, 1, 8 + (16 << 20)), "'many.3' is one text too many");
        byte[] tensors = GgufSamples.bytes();
        tensors = Arrays.copyOf(tensors, 40 << 20);
        ByteBuffer.wrap(tensors).order(ByteOrder.LITTLE_ENDIAN).putLong(8, 1_100_000);
        assertRefused(tensors, "there are 1100000 tensors, more than 1048576");
    }

    /** A header of arrays {@code many.0} and on, whose elements are as many zeros, or texts of zeros. */
    private static byte[] header(int arrays, MetadataType type, int elements, int elementBytes) {
        int entryBytes = 8 + "many.0".length() + 4 + 4 + 8;
        ByteBuffer out = ByteBuffer.allocate(24 + arrays * (entryBytes + elements * elementBytes));
        out.order(ByteOrder.LITTLE_ENDIAN).putInt(GgufHeader.MAGIC).putInt(3).putLong(0);
        out.putLong(arrays);
        for (int i = 0; i < arrays; i++) {
            byte[] key = ("many." + i).getBytes(StandardCharsets.UTF_8);
            out.putLong(key.length).put(key).putInt(MetadataType.ARRAY.number()).putInt(type.number());
            out.putLong(elements);
            int end = out.position() + elements * elementBytes;
            if (type == MetadataType.STRING) {
                out.putLong(elementBytes - Long.BYTES);
            }
            out.position(end);
        }
        return out.array();
    }

    @Test
    void typedReadingNamesTheKey() throws IOException {
        Path file = Files.write(temp.resolve("sample.gguf"), GgufSamples.bytes());
        try (GgufFile read = GgufFile.open(file)) {
            GgufMetadata metadata = read.metadata();
            assertThat(metadata.text("general.architecture")).contains("llama");
            assertThat(metadata.positive("one.UINT16")).isEqualTo(200);
            assertThat(metadata.counts("many.INT32")).contains(List.of(1, 2, 3));
            assertThat(metadata.number("one.FLOAT64")).contains(-0.5);
            assertThat(metadata.text("nothing")).isEmpty();
            assertThatThrownBy(() -> metadata.positive("nothing"))
                    .hasMessage(file + ": nothing is missing in its metadata");
            assertThatThrownBy(() -> metadata.count("one.INT8"))
                    .hasMessageContaining("one.INT8 must be a whole number from 0 to 2147483647, but it is INT8 -7");
            assertThatThrownBy(() -> metadata.numbers("many.FLOAT32"))
                    .hasMessageContaining("must be an array of numbers, but it is an array of 3 FLOAT32");
            assertThatThrownBy(() -> metadata.flag("one.STRING")).hasMessageContaining("but it is STRING zw");
        }
    }

    private static long cubeOffset(GgufFile file) {
        long ends = file.tensors().values().stream()
                .filter(tensor -> !tensor.name().equals("cube"))
                .mapToLong(tensor -> tensor.offset() + tensor.bytes())
                .max()
                .orElseThrow();
        return Math.ceilDiv(ends, 64) * 64L;
    }

    private static byte[] edited(Consumer<ByteBuffer> edit) {
        byte[] bytes = GgufSamples.bytes();
        edit.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        return bytes;
    }

    private static void replace(byte[] bytes, String from, String to) {
        byte[] put = to.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(put, 0, bytes, indexOf(bytes, from), put.length);
    }

    private static int indexOf(byte[] bytes, String text) {
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(text);
        assertThat(at).isPositive();
        return at;
    }

    private void assertRefused(byte[] bytes, String problem) throws IOException {
        Path file = Files.write(temp.resolve("damaged.gguf"), bytes);
        assertThatThrownBy(() -> GgufFile.open(file))
                .isInstanceOf(TroupeException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(problem);
    }
}
