package dev.troupe.routing.grpc;

import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.grpc.GrpcServiceException;
import akka.stream.javadsl.Source;
import dev.troupe.routing.proto.Router;
import dev.troupe.routing.proto.health.Health;
import dev.troupe.routing.proto.health.HealthCheckRequest;
import dev.troupe.routing.proto.health.HealthCheckResponse;
import dev.troupe.routing.proto.health.HealthCheckResponse.ServingStatus;
import dev.troupe.routing.route.Router.Command;
import dev.troupe.routing.route.Router.ListModels;
import dev.troupe.routing.route.Router.ServedModels;
import io.grpc.Status;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** gRPC's standard health service: serving when at least one model is, and the node is not shutting down. */
public final class HealthService implements Health {
    private static final Duration ROUTER_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration WATCH_INTERVAL = Duration.ofSeconds(1);
    /** The server as a whole, and the services by name. */
    private static final Set<String> KNOWN = Set.of("", Router.name, Health.name);

    private final ActorSystem<?> system;
    private final ActorRef<Command> router;

    public HealthService(ActorSystem<?> system, ActorRef<Command> router) {
        this.system = system;
        this.router = router;
    }

    @Override
    public CompletionStage<HealthCheckResponse> check(HealthCheckRequest request) {
        if (!KNOWN.contains(request.getService())) {
            return CompletableFuture.failedFuture(new GrpcServiceException(
                    Status.NOT_FOUND.withDescription("There is no service '" + request.getService() + "'.")));
        }
        return status();
    }

    @Override
    public Source<HealthCheckResponse, NotUsed> watch(HealthCheckRequest request) {
        if (!KNOWN.contains(request.getService())) {
            // By the specification the stream stays open: the service may come to exist.
            return Source.single(response(ServingStatus.SERVICE_UNKNOWN)).concat(Source.maybe());
        }
        return Source.tick(Duration.ZERO, WATCH_INTERVAL, NotUsed.getInstance())
                .mapAsync(1, tick -> status())
                .statefulMapConcat(() -> {
                    var last = new ServingStatus[] {ServingStatus.UNKNOWN};
                    return response -> {
                        if (response.getStatus() == last[0]) {
                            return List.of();
                        }
                        last[0] = response.getStatus();
                        return List.of(response);
                    };
                })
                .mapMaterializedValue(cancellable -> NotUsed.getInstance());
    }

    private CompletionStage<HealthCheckResponse> status() {
        CompletionStage<ServedModels> served =
                AskPattern.ask(router, ListModels::new, ROUTER_TIMEOUT, system.scheduler());
        return served.handle((answer, failure) ->
                response(failure == null && answer.ready() ? ServingStatus.SERVING : ServingStatus.NOT_SERVING));
    }

    private static HealthCheckResponse response(ServingStatus status) {
        return HealthCheckResponse.newBuilder().setStatus(status).build();
    }
}
