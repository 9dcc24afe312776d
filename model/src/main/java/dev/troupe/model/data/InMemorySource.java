package dev.troupe.model.data;

import dev.troupe.model.TroupeException;
import java.util.List;
import java.util.stream.Stream;

/** Documents that are in memory already: small corpora and tests. */
record InMemorySource(String name, List<Document> list) implements DocumentSource {
    @Override
    public String fingerprint() {
        var digest = new Sha256();
        for (Document document : list) {
            digest.addString(document.id()).addString(document.text());
        }
        return digest.hex();
    }

    @Override
    public Stream<Document> documents() {
        if (list.isEmpty()) {
            throw new TroupeException("the corpus '" + name + "' holds no documents");
        }
        return list.stream();
    }
}
