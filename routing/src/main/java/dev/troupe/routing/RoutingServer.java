package dev.troupe.routing;

import akka.Done;
import akka.actor.CoordinatedShutdown;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.actor.typed.javadsl.AskPattern;
import akka.http.javadsl.Http;
import akka.http.javadsl.ServerBinding;
import akka.http.javadsl.settings.ServerSettings;
import akka.pattern.Patterns;
import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.AnswerThreads;
import dev.troupe.model.TroupeException;
import dev.troupe.routing.generate.Embedder;
import dev.troupe.routing.generate.Generator;
import dev.troupe.routing.generate.Models;
import dev.troupe.routing.generate.OpenAnswers;
import dev.troupe.routing.generate.Services;
import dev.troupe.routing.generate.Tokenization;
import dev.troupe.routing.grpc.GrpcFront;
import dev.troupe.routing.http.HttpFront;
import dev.troupe.routing.http.MalformedRequests;
import dev.troupe.routing.route.Router;
import dev.troupe.routing.route.ServedNow;
import dev.troupe.safety.filter.RuleFilter;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The front of a node: a router actor, HTTP on one port and gRPC on another.
 *
 * <p>At shutdown new connections and requests are refused first, answers in flight may finish within the drain
 * deadline, then connections close.
 */
public final class RoutingServer {
    private static final Logger LOG = LoggerFactory.getLogger(RoutingServer.class);
    /** Connections close this long after the last answer at the latest. */
    private static final Duration CLOSE_DEADLINE = Duration.ofSeconds(1);
    /** Time for the last bytes of an answer to leave the socket. */
    private static final Duration FLUSH_TIME = Duration.ofMillis(250);

    /**
     * Streams that one connection may reset in ten seconds. Akka's 400 end the connection of a gateway whose users
     * often leave; a reset costs little here, as the request's work ends with it.
     */
    private static final int MAX_RESETS = 4000;

    private static final Duration POLL_INTERVAL = Duration.ofMillis(20);
    /** What a phase of the shutdown needs beside waiting for answers. */
    private static final Duration PHASE_MARGIN = CLOSE_DEADLINE.plus(FLUSH_TIME).plusMillis(500);

    private final ActorSystem<?> system;
    private final RoutingConfig config;
    private final ActorRef<Router.Command> router;
    private final Services services;

    private RoutingServer(ActorSystem<?> system, RoutingConfig config) {
        this.system = system;
        this.config = config;
        var served = new ServedNow();
        router = system.systemActorOf(Router.create(config, served), "router", AnswerThreads.selector());
        var models = new Models(system, served);
        var filter = RuleFilter.from(system.settings().config());
        services = new Services(
                models,
                new Generator(models, config, router, filter),
                new Embedder(models, config, router, filter),
                new Tokenization(models),
                new OpenAnswers());
    }

    /**
     * Starts listening.
     *
     * @return where; fails with {@link TroupeException} when a port is taken
     */
    public static CompletionStage<Bindings> start(ActorSystem<?> system, RoutingConfig config) {
        return new RoutingServer(system, config).bind();
    }

    private CompletionStage<Bindings> bind() {
        try {
            requireFree("HTTP", config.httpHost(), config.httpPort(), "http");
            requireFree("gRPC", config.grpcHost(), config.grpcPort(), "grpc");
        } catch (TroupeException e) {
            return CompletableFuture.failedFuture(e);
        }
        var http = Http.get(system)
                .newServerAt(config.httpHost(), config.httpPort())
                .withSettings(settings(false))
                .bindFlow(HttpFront.flow(system, config, router, services));
        var boundHttp = explain(http, "HTTP", config.httpHost(), config.httpPort(), "http");
        return boundHttp.thenCompose(httpBinding -> {
            var grpc = Http.get(system)
                    .newServerAt(config.grpcHost(), config.grpcPort())
                    .withSettings(settings(true))
                    .bind(GrpcFront.handler(system, config, router, services));
            return explain(grpc, "gRPC", config.grpcHost(), config.grpcPort(), "grpc")
                    .handle((grpcBinding, failure) -> failure == null
                            ? CompletableFuture.completedFuture(bound(httpBinding, grpcBinding))
                            : httpBinding
                                    .unbind()
                                    .thenCompose(done -> CompletableFuture.<Bindings>failedFuture(unwrap(failure))))
                    .thenCompose(stage -> stage);
        });
    }

    private Bindings bound(ServerBinding http, ServerBinding grpc) {
        drainAtShutdown(http, grpc);
        return new Bindings(
                config.httpHost(),
                http.localAddress().getPort(),
                config.grpcHost(),
                grpc.localAddress().getPort(),
                router,
                services.models());
    }

    /**
     * HTTP/2 is for gRPC only: an {@code Upgrade: h2c} on the other port is then ignored, as the standard allows, and a
     * request with a body is answered over HTTP/1.1.
     */
    private ServerSettings settings(boolean http2) {
        // Our own deadline ends requests, with an error body; a connection is idle only when no answer is due.
        // A token must not wait until the client has acknowledged the one before it. Of many clients that connect at
        // once none may be turned away by the system, which would have it try again after a second.
        var idle = config.requestDeadline().plusSeconds(30);
        return ServerSettings.create(ConfigFactory.parseString("""
                        akka.http.server {
                          enable-http2 = %s
                          request-timeout = infinite
                          remote-address-attribute = on
                          idle-timeout = %d ms
                          max-connections = %d
                          backlog = %d
                          server-header = "troupe"
                          socket-options.tcp-no-delay = on
                          http2.max-resets = %d
                          parsing.max-content-length = infinite
                          parsing.error-handler = "%s"
                        }
                        """.formatted(
                                http2 ? "on" : "off",
                                idle.toMillis(),
                                config.maxConnections(),
                                config.maxConnections(),
                                MAX_RESETS,
                                MalformedRequests.class.getName()))
                .withFallback(system.settings().config()));
    }

    /** Asks the port itself first: when it is taken, Akka would log a stack trace for something that is no defect. */
    private static void requireFree(String what, String host, int port, String name) {
        try (var probe = new ServerSocket()) {
            probe.bind(new InetSocketAddress(host, port));
        } catch (IOException e) {
            throw cannotListen(what, host, port, name, e);
        }
    }

    private static CompletionStage<ServerBinding> explain(
            CompletionStage<ServerBinding> binding, String what, String host, int port, String name) {
        return binding.exceptionallyCompose(
                failure -> CompletableFuture.failedFuture(cannotListen(what, host, port, name, unwrap(failure))));
    }

    private static TroupeException cannotListen(String what, String host, int port, String name, Throwable cause) {
        var reason = cause instanceof BindException
                ? "the port is in use, or the address is not this machine's"
                : String.valueOf(cause.getMessage());
        return new TroupeException(
                "Cannot listen for " + what + " on " + host + ":" + port + " (" + reason
                        + "). Stop what listens there, or choose another port with --" + name
                        + "-port (0 takes any free one) or troupe.routing." + name + ".port.",
                cause);
    }

    private static Throwable unwrap(Throwable failure) {
        return failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
    }

    private void drainAtShutdown(ServerBinding http, ServerBinding grpc) {
        var shutdown = CoordinatedShutdown.get(system);
        shutdown.addTask(CoordinatedShutdown.PhaseServiceUnbind(), "routing-unbind", () -> {
            // Connections that are open may still bring requests: the router refuses those from here on.
            router.tell(new Router.Drain(system.ignoreRef()));
            return http.unbind().thenCombine(grpc.unbind(), (a, b) -> Done.getInstance());
        });
        var phase = CoordinatedShutdown.PhaseServiceRequestsDone();
        var room = Duration.ofNanos(shutdown.timeout(phase).toNanos()).minus(PHASE_MARGIN);
        var deadline = room.compareTo(config.drainDeadline()) < 0 ? room : config.drainDeadline();
        if (deadline.compareTo(config.drainDeadline()) < 0) {
            LOG.warn(
                    "Answers in flight get only {} ms at shutdown, not troupe.routing.drainDeadline:"
                            + " raise akka.coordinated-shutdown.phases.{}.timeout",
                    deadline.toMillis(),
                    phase);
        }
        shutdown.addTask(
                phase,
                "routing-drain",
                () -> drained(deadline)
                        .thenCompose(done -> http.terminate(CLOSE_DEADLINE))
                        .thenCombine(grpc.terminate(CLOSE_DEADLINE), (a, b) -> Done.getInstance()));
    }

    private CompletionStage<Done> drained(Duration deadline) {
        long endNanos = System.nanoTime() + deadline.toNanos();
        CompletionStage<Router.Drained> drained =
                AskPattern.ask(router, Router.Drain::new, deadline, system.scheduler());
        return drained.handle((ok, failure) -> {
                    if (failure != null) {
                        LOG.warn("Answers were still in flight after {} ms; they are cut off", deadline.toMillis());
                    }
                    return Done.getInstance();
                })
                .thenCompose(done -> read(endNanos))
                .thenCompose(done -> after(FLUSH_TIME));
    }

    /** Done when clients have read what was generated for them, or at {@code endNanos}. */
    private CompletionStage<Done> read(long endNanos) {
        if (services.open().count() == 0 || System.nanoTime() - endNanos > 0) {
            return CompletableFuture.completedFuture(Done.getInstance());
        }
        return after(POLL_INTERVAL).thenCompose(done -> read(endNanos));
    }

    private CompletionStage<Done> after(Duration delay) {
        return Patterns.after(
                delay, system.classicSystem(), () -> CompletableFuture.completedFuture(Done.getInstance()));
    }
}
