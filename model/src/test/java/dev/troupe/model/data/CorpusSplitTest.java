package dev.troupe.model.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CorpusSplitTest {
    private static DocumentSource source(int documents) {
        return DocumentSource.of(
                "test",
                IntStream.range(0, documents)
                        .mapToObj(i -> new Document("doc-" + i, "text " + i))
                        .toList());
    }

    /** nanoGPT's split of tinyshakespeare: 1,115,394 characters into 1,003,854 and 111,540. */
    @Test
    void oneDocumentIsCutNearItsEnd() {
        var text = "x".repeat(1_115_394);
        var document = new Document("book", text);
        var split = CorpusSplit.decide(DocumentSource.of("book", List.of(document)), 0.1);
        assertThat(split.kind()).isEqualTo(CorpusSplit.Kind.ENDS_BY_POSITION);
        assertThat(split.training(document).orElseThrow().text()).hasSize(1_003_854);
        assertThat(split.heldOut(document).orElseThrow().text()).hasSize(111_540);
    }

    @Test
    void aCutNeverDividesACharacter() {
        for (int length = 1; length < 40; length++) {
            var document = new Document("d", "\uD83D\uDE00".repeat(length));
            var split = CorpusSplit.decide(DocumentSource.of("d", List.of(document)), 0.3);
            String head = split.training(document).map(Document::text).orElse("");
            String tail = split.heldOut(document).map(Document::text).orElse("");
            assertThat(head + tail).isEqualTo(document.text());
            assertThat(head.length() % 2).as("length %d", length).isZero();
        }
    }

    @Test
    void manyDocumentsAreSplitWhole() {
        DocumentSource source = source(5_000);
        var split = CorpusSplit.decide(source, 0.01);
        assertThat(split.kind()).isEqualTo(CorpusSplit.Kind.DOCUMENTS_BY_HASH);
        source.forEach(document -> {
            boolean heldOut = HoldOut.isHeldOut(document.id(), 0.01);
            assertThat(split.heldOut(document).isPresent()).isEqualTo(heldOut);
            assertThat(split.training(document).isPresent()).isEqualTo(!heldOut);
        });
    }

    @Test
    void holdsOutOneDocumentWhenTheFractionWouldHoldOutNone() {
        DocumentSource source = source(100);
        var split = CorpusSplit.decide(source, 1e-9);
        var heldOut = new ArrayList<String>();
        source.forEach(document -> split.heldOut(document).ifPresent(part -> heldOut.add(part.id())));
        assertThat(heldOut).hasSize(1);
    }

    @Test
    void fractionZeroHoldsOutNothing() {
        var split = CorpusSplit.decide(source(3), 0);
        assertThat(split.heldOut(new Document("doc-0", "text"))).isEmpty();
        assertThat(split.training(new Document("doc-0", "text"))).isPresent();
    }

    @Test
    void refusesFractionsThatLeaveNothing() {
        for (double fraction : new double[] {-0.1, 1, 2, Double.NaN}) {
            assertThatThrownBy(() -> CorpusSplit.decide(source(3), fraction))
                    .isInstanceOf(TroupeException.class)
                    .hasMessageContaining("held-out fraction");
        }
    }
}
