package dev.troupe.routing.http;

import akka.http.javadsl.model.ContentType;
import akka.http.javadsl.model.HttpCharsets;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.MediaTypes;
import akka.http.javadsl.model.headers.RawHeader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** The page at {@code /}: a chat with any model that is served, in plain files from the class path. */
final class Playground {
    /** The page may load and call this server only, and no other site may frame it. */
    private static final String POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
            + " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private Playground() {}

    static Map<String, Endpoint> endpoints() {
        return Map.of(
                "/", file("index.html", MediaTypes.TEXT_HTML.toContentType(HttpCharsets.UTF_8)),
                "/playground.css", file("playground.css", MediaTypes.TEXT_CSS.toContentType(HttpCharsets.UTF_8)),
                "/playground.js",
                        file("playground.js", MediaTypes.APPLICATION_JAVASCRIPT.toContentType(HttpCharsets.UTF_8)),
                "/favicon.svg", file("favicon.svg", MediaTypes.IMAGE_SVG_XML.toContentType()));
    }

    private static Endpoint file(String name, ContentType type) {
        byte[] bytes = read(name);
        var response = HttpResponse.create()
                .withEntity(HttpEntities.create(type, bytes))
                .addHeader(RawHeader.create("content-security-policy", POLICY))
                .addHeader(RawHeader.create("x-content-type-options", "nosniff"))
                .addHeader(RawHeader.create("referrer-policy", "no-referrer"))
                .addHeader(RawHeader.create("cache-control", "no-cache"));
        return exchange -> CompletableFuture.completedFuture(response);
    }

    private static byte[] read(String name) {
        try (var in = Playground.class.getResourceAsStream("/web/" + name)) {
            if (in == null) {
                throw new IllegalStateException("/web/" + name + " is not on the class path");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException("/web/" + name + " cannot be read", e);
        }
    }
}
