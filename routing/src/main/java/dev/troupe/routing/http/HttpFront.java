package dev.troupe.routing.http;

import akka.Done;
import akka.NotUsed;
import akka.actor.typed.ActorRef;
import akka.actor.typed.ActorSystem;
import akka.http.javadsl.model.AttributeKeys;
import akka.http.javadsl.model.HttpMethod;
import akka.http.javadsl.model.HttpMethods;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import akka.http.javadsl.model.RemoteAddress;
import akka.http.javadsl.model.headers.Allow;
import akka.http.javadsl.model.headers.RawHeader;
import akka.stream.javadsl.Flow;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.access.Caller;
import dev.troupe.routing.generate.Services;
import dev.troupe.routing.route.RequestFailure;
import dev.troupe.routing.route.Router;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything over HTTP: finds the endpoint of a request, and turns whatever goes wrong into an error body. Handles each
 * connection by a flow of its own, so that an endpoint learns when its client is gone even before it has answered.
 */
public final class HttpFront {
    private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
    static final String REQUEST_ID = "x-request-id";
    private static final Pattern GOOD_REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");
    /** Where API keys are asked for. */
    private static final String API_PREFIX = "/v1";

    private static final String MODEL_PREFIX = "/v1/models/";

    private final ActorSystem<?> system;
    private final RoutingConfig config;
    /** By path, then by method. */
    private final Map<String, Map<HttpMethod, Endpoint>> endpoints = new HashMap<>();

    private final Endpoint oneModel;

    private HttpFront(ActorSystem<?> system, RoutingConfig config, ActorRef<Router.Command> router, Services services) {
        this.system = system;
        this.config = config;
        var models = new ModelEndpoints(services.models());
        oneModel = exchange -> models.one(modelId(exchange.request()));
        var health = new HealthEndpoints(system, router);
        Playground.endpoints().forEach(this::get);
        get("/healthz", exchange -> health.alive());
        get("/readyz", exchange -> health.ready());
        get("/v1/models", exchange -> models.list());
        for (var api : GenerationEndpoint.APIS) {
            post(api.path(), new GenerationEndpoint(api, system, config, services.generator(), services.open()));
        }
        var tokens = new TokenEndpoints(system, config, services.tokenization());
        post(TokenEndpoints.TOKENIZE, tokens::tokenize);
        post(TokenEndpoints.DETOKENIZE, tokens::detokenize);
        post(EmbeddingEndpoint.PATH, new EmbeddingEndpoint(system, config, services.embedder()));
    }

    /** What follows {@link #MODEL_PREFIX}, decoded: names may have spaces and slashes. */
    private static String modelId(HttpRequest request) {
        return StreamSupport.stream(request.getUri().pathSegments().spliterator(), false)
                .dropWhile(String::isEmpty)
                .skip(2)
                .collect(Collectors.joining("/"));
    }

    /** The flow that handles one connection. */
    public static Flow<HttpRequest, HttpResponse, NotUsed> flow(
            ActorSystem<?> system, RoutingConfig config, ActorRef<Router.Command> router, Services services) {
        var front = new HttpFront(system, config, router, services);
        return Flow.fromMaterializer((materializer, attributes) -> {
                    var connection = new ClientConnection();
                    return Flow.of(HttpRequest.class)
                            // A client that closes its side while an answer is due is gone, as proxies see it too.
                            .watchTermination((notUsed, done) -> closing(connection, notUsed, done))
                            .mapAsync(1, request -> front.handle(request, connection))
                            .watchTermination((notUsed, done) -> closing(connection, notUsed, done));
                })
                .mapMaterializedValue(inner -> NotUsed.getInstance());
    }

    private static NotUsed closing(ClientConnection connection, NotUsed notUsed, CompletionStage<Done> done) {
        done.whenComplete((ended, failure) -> connection.close());
        return notUsed;
    }

    private void get(String path, Endpoint endpoint) {
        endpoints.computeIfAbsent(path, p -> new HashMap<>()).put(HttpMethods.GET, endpoint);
    }

    private void post(String path, Endpoint endpoint) {
        endpoints.computeIfAbsent(path, p -> new HashMap<>()).put(HttpMethods.POST, endpoint);
    }

    private CompletionStage<HttpResponse> handle(HttpRequest request, ClientConnection connection) {
        var requestId = requestId(request);
        var anonymous = new Caller(Optional.empty(), address(request));
        var exchange = new Exchange(
                request, plain(request.getUri().path()), anonymous, requestId, connection, System.nanoTime());
        CompletionStage<HttpResponse> answer;
        try {
            if (config.crossOrigin().isPreflight(request)) {
                request.discardEntityBytes(system);
                answer = CompletableFuture.completedFuture(config.crossOrigin().preflight(request));
            } else {
                answer = route(exchange.path().startsWith(API_PREFIX) ? known(exchange) : exchange);
            }
        } catch (RuntimeException e) {
            answer = CompletableFuture.failedFuture(e);
        }
        return answer.exceptionally(failure -> failed(exchange, failure))
                .thenApply(response -> response.addHeader(RawHeader.create(REQUEST_ID, requestId)))
                .thenApply(response -> config.crossOrigin().readable(request, response));
    }

    /** Without what a base URL that ends in a slash puts before a path, and a slash behind it. */
    private static String plain(String path) {
        var from = path.startsWith("//") ? path.substring(1) : path;
        return from.length() > 1 && from.endsWith("/") ? from.substring(0, from.length() - 1) : from;
    }

    private static String address(HttpRequest request) {
        return request.getAttribute(AttributeKeys.remoteAddress)
                .flatMap(RemoteAddress::getAddress)
                .map(InetAddress::getHostAddress)
                .orElse("unknown");
    }

    /** The same exchange, of a caller that may ask. */
    private Exchange known(Exchange exchange) {
        var authorization = exchange.request().getHeader("authorization").map(header -> header.value());
        try {
            var caller =
                    config.apiKeys().caller(authorization, exchange.caller().address());
            return new Exchange(
                    exchange.request(),
                    exchange.path(),
                    caller,
                    exchange.requestId(),
                    exchange.connection(),
                    exchange.arrivalNanos());
        } catch (RequestFailure failure) {
            exchange.request().discardEntityBytes(system);
            var label = endpoints.containsKey(exchange.path()) ? exchange.path() : API_PREFIX;
            AnswerLog.refused(label, exchange, failure);
            throw failure;
        }
    }

    private CompletionStage<HttpResponse> route(Exchange exchange) {
        var path = exchange.path();
        var method = exchange.request().method().equals(HttpMethods.HEAD)
                ? HttpMethods.GET
                : exchange.request().method();
        Map<HttpMethod, Endpoint> byMethod = path.startsWith(MODEL_PREFIX) && path.length() > MODEL_PREFIX.length()
                ? Map.of(HttpMethods.GET, oneModel)
                : endpoints.getOrDefault(path, Map.of());
        var endpoint = byMethod.get(method);
        if (endpoint != null) {
            return endpoint.handle(exchange);
        }
        exchange.request().discardEntityBytes(system);
        if (byMethod.isEmpty()) {
            throw new ApiProblem(
                    404,
                    "invalid_request_error",
                    null,
                    "unknown_url",
                    "Unknown request URL: " + method.value() + " " + path + ". There are "
                            + String.join(
                                    ", ", endpoints.keySet().stream().sorted().toList()) + ".");
        }
        var allowed = byMethod.keySet().toArray(HttpMethod[]::new);
        var problem = new ApiProblem(
                405,
                "invalid_request_error",
                null,
                "method_not_allowed",
                method.value() + " is not possible on " + path + "; use " + allowed[0].value() + ".");
        return CompletableFuture.completedFuture(
                Replies.problem(problem, config).addHeader(Allow.create(allowed)));
    }

    private HttpResponse failed(Exchange exchange, Throwable failure) {
        var problem = ApiProblem.of(failure);
        if (problem.status() == 500) {
            LOG.error("Request {} to {} failed", exchange.requestId(), exchange.path(), failure);
        }
        return Replies.problem(problem, config);
    }

    private static String requestId(HttpRequest request) {
        return request.getHeader(REQUEST_ID)
                .map(header -> header.value())
                .filter(id -> GOOD_REQUEST_ID.matcher(id).matches())
                .orElseGet(HttpFront::newRequestId);
    }

    static String newRequestId() {
        return "req_" + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong());
    }
}
