package dev.troupe.routing;

import akka.actor.typed.ActorRef;
import dev.troupe.routing.generate.Models;
import dev.troupe.routing.route.Router;

/** Where a router node listens, with the ports that it really got, its router, and what that serves. */
public record Bindings(
        String httpHost, int httpPort, String grpcHost, int grpcPort, ActorRef<Router.Command> router, Models models) {
    /** Base address of the HTTP API, for people: a wildcard address is shown as localhost. */
    public String httpUrl() {
        return "http://" + (httpHost.equals("0.0.0.0") || httpHost.equals("::") ? "localhost" : httpHost) + ":"
                + httpPort;
    }
}
