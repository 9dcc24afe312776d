package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import dev.troupe.model.tensor.MappedFile;
import dev.troupe.model.tensor.MappedMemory;
import dev.troupe.model.tensor.StorageType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TableRowsTest {
    private static final int ROWS = 4 * TableRows.KEPT;
    private static final int COLUMNS = 16 << 10; // a row is 64 KiB, as much as the system maps at once

    @TempDir
    private Path directory;

    private static LastingTensor table(Path path) {
        MemorySegment file;
        try (MappedFile<Long> mapped = MappedFile.open(path, "test", MemorySegment::byteSize)) {
            file = mapped.lasting();
        }
        return new LastingTensor(new StoredTensor("table", StorageType.F32, ROWS, COLUMNS, file), file);
    }

    /** Each row full of its number. */
    private Path write() throws IOException {
        ByteBuffer rows = ByteBuffer.allocate(ROWS * COLUMNS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            int row = i / COLUMNS;
            rows.putFloat(row);
        }
        return Files.write(directory.resolve("rows"), rows.array());
    }

    private static long resident(MemorySegment file) throws IOException {
        return MappedMemory.kibibytes(file.address(), "Rss:") << 10;
    }

    @Test
    void ofAFileOnlyTheRowsThatWereReadLastAreInMemory() throws IOException {
        assumeThat(Path.of("/proc/self/smaps")).exists();
        LastingTensor table = table(write());
        TableRows rows = TableRows.of(table);
        MemorySegment to = MemorySegment.ofArray(new float[COLUMNS]);
        long most = 0;
        for (int i = 0; i < 3 * TableRows.KEPT; i++) {
            int row = i * 7 % ROWS;
            rows.read(row, to);
            assertThat(to.getAtIndex(ValueLayout.JAVA_FLOAT, i % COLUMNS)).isEqualTo(row);
            if (i % TableRows.KEPT >= TableRows.KEPT - 2) { // before pages are given back, and after
                most = Math.max(most, resident(table.file()));
            }
        }
        long row = table.tensor().rowBytes();
        assertThat(most).isGreaterThan(TableRows.KEPT / 2 * row).isLessThan(2 * TableRows.KEPT * row);
        assertThat(resident(table.file())).as("after the last of them").isZero();
    }

    @Test
    void aRowThatIsNotThereIsRefused() throws IOException {
        TableRows rows = TableRows.of(table(write()));
        MemorySegment to = MemorySegment.ofArray(new float[COLUMNS]);
        for (int row : new int[] {-1, ROWS}) {
            assertThatThrownBy(() -> rows.read(row, to)).isInstanceOf(IndexOutOfBoundsException.class);
        }
    }

    /** Each token of a prompt reads one: an array of 4,096 numbers each time would be most of what a step leaves. */
    @ParameterizedTest
    @EnumSource(StorageType.class)
    void aRowLeavesNoArraysToTheCollector(StorageType type) {
        int columns = 4096;
        MemorySegment stored = MemorySegment.ofArray(new byte[Math.toIntExact(2 * type.bytes(columns))]);
        MemorySegment values = MemorySegment.ofArray(new float[2 * columns]);
        for (int i = 0; i < 2 * columns; i++) {
            values.setAtIndex(ValueLayout.JAVA_FLOAT, i, i < columns ? 1 : -1);
        }
        new StoredRows(type, List.of(new StoredTensor("table", StorageType.F32, 2, columns, values))).writeTo(stored);
        TableRows rows = TableRows.of(new StoredTensor("table", type, 2, columns, stored));
        MemorySegment to = MemorySegment.ofArray(new float[columns]);
        rows.read(0, to); // classes are loaded
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 64; i++) {
            rows.read(i % 2, to);
        }
        long each = (threads.getCurrentThreadAllocatedBytes() - before) / 64;
        assertThat(each).as("bytes of a row").isBetween(0L, 4096L);
        assertThat(to.getAtIndex(ValueLayout.JAVA_FLOAT, columns - 1)).isCloseTo(-1, within(0.2f));
    }
}
