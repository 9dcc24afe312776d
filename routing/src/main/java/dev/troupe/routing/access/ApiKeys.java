package dev.troupe.routing.access;

import dev.troupe.model.TroupeException;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.RequestFailure.Kind;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The keys that clients may show, {@code Authorization: Bearer KEY}; without keys everybody may ask. Only digests are
 * kept, and all of them are compared in constant time, so that time tells nothing of a key.
 */
public final class ApiKeys {
    /** Everybody may ask. */
    public static final ApiKeys NONE = new ApiKeys(List.of());

    private static final Pattern KEY = Pattern.compile("[!-~]{8,256}");
    private static final String SCHEME = "Bearer ";

    private final List<byte[]> digests;

    private ApiKeys(List<byte[]> digests) {
        this.digests = digests;
    }

    /**
     * The accepted keys.
     *
     * @throws TroupeException that says which key, by its place, is none
     */
    public static ApiKeys of(List<String> keys) {
        for (int i = 0; i < keys.size(); i++) {
            if (!KEY.matcher(keys.get(i)).matches()) {
                throw new TroupeException(
                        "troupe.routing.apiKeys[" + i + "] must have 8 to 256 visible ASCII characters and no spaces");
            }
        }
        return keys.isEmpty()
                ? NONE
                : new ApiKeys(keys.stream().map(Caller::digest).toList());
    }

    /** Whether clients need one. */
    public boolean areNeeded() {
        return !digests.isEmpty();
    }

    /**
     * Who asks.
     *
     * @param authorization the header's value
     * @param address of the other end of the connection
     * @throws RequestFailure when a key is needed and none of ours was shown
     */
    public Caller caller(Optional<String> authorization, String address) {
        if (!areNeeded()) {
            return new Caller(Optional.empty(), address);
        }
        String shown = authorization
                .filter(value -> value.regionMatches(true, 0, SCHEME, 0, SCHEME.length()))
                .map(value -> value.substring(SCHEME.length()).strip())
                .orElseThrow(() -> new RequestFailure(
                        Kind.UNAUTHENTICATED, "No API key was shown: send the header 'Authorization: Bearer KEY'."));
        byte[] digest = Caller.digest(shown);
        boolean accepted = false;
        for (byte[] known : digests) {
            accepted |= MessageDigest.isEqual(known, digest);
        }
        if (!accepted) {
            throw new RequestFailure(Kind.UNAUTHENTICATED, "The API key is not one of this server's.");
        }
        return new Caller(Optional.of("key:" + Caller.digits(shown)), address);
    }

    @Override
    public String toString() {
        return "ApiKeys[" + digests.size() + "]";
    }
}
