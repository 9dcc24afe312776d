package dev.troupe.routing.access;

import akka.http.javadsl.model.HttpMethods;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.headers.RawHeader;
import dev.troupe.model.TroupeException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Optional;

/**
 * Which pages of other origins may ask, as browsers want to be told (Fetch standard, CORS protocol). Without a setting
 * none may: a browser then keeps from a page what it would get from a node on the reader's own machine.
 */
public final class CrossOrigin {
    private static final String ANY = "*";
    private static final String METHODS = "GET, POST, OPTIONS";
    private static final String SECONDS = "600"; // that a browser need not ask again
    private static final String SHOWN = "x-request-id, retry-after"; // headers of responses

    private final List<String> origins;

    private CrossOrigin(List<String> origins) {
        this.origins = List.copyOf(origins);
    }

    /**
     * Allows these.
     *
     * @param origins such as "https://chat.example.com"; "*" for all
     * @throws TroupeException when one is no origin
     */
    public static CrossOrigin of(List<String> origins) {
        origins.forEach(origin -> {
            if (!origin.equals(ANY) && !isOrigin(origin)) {
                throw new TroupeException("troupe.routing.http.allowedOrigins has '" + origin
                        + "': an origin is a scheme, a host and maybe a port, such as https://chat.example.com, or *");
            }
        });
        return new CrossOrigin(origins);
    }

    private static boolean isOrigin(String text) {
        try {
            var uri = new URI(text);
            var port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
            return uri.getHost() != null && text.equals(uri.getScheme() + "://" + uri.getHost() + port);
        } catch (URISyntaxException _) {
            return false;
        }
    }

    /** The origin that a request comes from, where it may. */
    private Optional<String> allowed(HttpRequest request) {
        return origins.isEmpty()
                ? Optional.empty()
                : request.getHeader("origin")
                        .map(header -> header.value())
                        .filter(origin -> origins.contains(ANY) || origins.contains(origin));
    }

    /** Whether a browser asks what a page may send; it shows no key then. */
    public boolean isPreflight(HttpRequest request) {
        return request.method().equals(HttpMethods.OPTIONS)
                && request.getHeader("access-control-request-method").isPresent()
                && allowed(request).isPresent();
    }

    /** The answer to {@link #isPreflight}. */
    public HttpResponse preflight(HttpRequest request) {
        var response = HttpResponse.create()
                .withStatus(204)
                .addHeader(RawHeader.create("access-control-allow-methods", METHODS))
                .addHeader(RawHeader.create("access-control-max-age", SECONDS));
        return request.getHeader("access-control-request-headers")
                .map(asked -> response.addHeader(RawHeader.create("access-control-allow-headers", asked.value())))
                .orElse(response);
    }

    /** The response as the page that asked may read it. */
    public HttpResponse readable(HttpRequest request, HttpResponse response) {
        return allowed(request)
                .map(origin -> response.addHeader(RawHeader.create("access-control-allow-origin", origin))
                        .addHeader(RawHeader.create("access-control-expose-headers", SHOWN))
                        .addHeader(RawHeader.create("vary", "origin")))
                .orElse(response);
    }
}
