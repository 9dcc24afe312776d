package dev.troupe.deploy.bench;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** What a client of a soak may do, and of how many things it does this one. */
enum SoakKind {
    WHOLE(2),
    STREAM(2),
    TEXT(1),
    SHARED_PREFIX(2),
    SEVERAL(1),
    SCORED(1),
    CHAT(2),
    CHAT_STREAM(2),
    RESPONSE(1),
    JSON(1),
    JSON_SCHEMA(1),
    EMBEDDINGS(1),
    TOKENS(1),
    MODELS(1),
    GRPC(1),
    GRPC_STREAM(1),
    GRPC_CHAT(1),
    GRPC_EMBEDDINGS(1),
    GRPC_TOKENS(1),
    LEFT_GRPC(1),
    LEFT_STREAM(2),
    LEFT_BEFORE_ANSWER(1),
    SLOW_READER(1),
    STOPPED_READER(1),
    REFUSED(1),
    NOT_FOUND(1),
    TOO_LARGE(1);

    private static final List<SoakKind> MIX = Arrays.stream(values())
            .flatMap(kind -> Collections.nCopies(kind.share, kind).stream())
            .toList();

    private final int share;

    SoakKind(int share) {
        this.share = share;
    }

    static SoakKind draw(SplittableRandom random) {
        return MIX.get(random.nextInt(MIX.size()));
    }

    /** As reports call it. */
    String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
