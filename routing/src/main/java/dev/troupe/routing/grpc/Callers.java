package dev.troupe.routing.grpc;

import akka.grpc.javadsl.Metadata;
import akka.http.javadsl.model.AttributeKeys;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.RemoteAddress;
import akka.http.javadsl.model.headers.RawHeader;
import dev.troupe.routing.access.ApiKeys;
import dev.troupe.routing.access.Caller;
import java.net.InetAddress;

/** Who sent a call: read from its metadata, to which the front adds the address. */
final class Callers {
    private static final String ADDRESS = "x-troupe-address";

    private final ApiKeys keys;

    Callers(ApiKeys keys) {
        this.keys = keys;
    }

    /** The request with its sender's address, in the place of what the sender says. */
    static HttpRequest withAddress(HttpRequest request) {
        var address = request.getAttribute(AttributeKeys.remoteAddress)
                .flatMap(RemoteAddress::getAddress)
                .map(InetAddress::getHostAddress)
                .orElse("unknown");
        return request.removeHeader(ADDRESS).addHeader(RawHeader.create(ADDRESS, address));
    }

    /**
     * The sender of a call.
     *
     * @throws dev.troupe.routing.route.RequestFailure when it has no key and needs one
     */
    Caller of(Metadata metadata) {
        return keys.caller(
                metadata.getText("authorization"), metadata.getText(ADDRESS).orElse("unknown"));
    }
}
