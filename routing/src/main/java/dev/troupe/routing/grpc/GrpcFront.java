package dev.troupe.routing.grpc;

import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.grpc.javadsl.ServerReflection;
import akka.grpc.javadsl.ServiceHandler;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.japi.function.Function;
import akka.stream.Materializer;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.generate.Services;
import dev.troupe.routing.proto.Router;
import dev.troupe.routing.proto.RouterPowerApiHandlerFactory;
import dev.troupe.routing.proto.health.Health;
import dev.troupe.routing.proto.health.HealthHandlerFactory;
import dev.troupe.routing.route.Router.Command;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;

/** Everything over gRPC. */
public final class GrpcFront {
    private GrpcFront() {}

    /** The handler of one call. */
    @SuppressWarnings("unchecked") // a generic varargs array of Akka's signature, which only reads it
    public static Function<HttpRequest, CompletionStage<HttpResponse>> handler(
            ActorSystem<?> system, RoutingConfig config, ActorRef<Command> router, Services services) {
        var service = new RouterService(system, config, services);
        var materializer = Materializer.matFromSystem(system);
        var errors = GrpcErrors.mapper();
        Function<HttpRequest, CompletionStage<HttpResponse>> generated = ServiceHandler.concatOrNotFound(
                RouterPowerApiHandlerFactory.partial(service, Router.name, materializer, errors, system),
                HealthHandlerFactory.partial(
                        new HealthService(system, router), Health.name, materializer, errors, system),
                ServerReflection.create(List.of(Router.description, Health.description), system));
        var calls = new OneReplyCalls(system, service, generated);
        var limited = new CallLimits(system, config, Set.of(Router.name, Health.name), calls);
        return request -> limited.apply(Callers.withAddress(request));
    }
}
