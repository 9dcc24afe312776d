package dev.troupe.model.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.troupe.model.tensor.MappedFile;
import dev.troupe.model.tensor.MappedMemory;
import dev.troupe.model.tensor.StorageType;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
}
