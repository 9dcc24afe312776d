package dev.troupe.routing.harness;

import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.routing.proto.RouterClient;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * A router node, a replica of "tiny" without a model behind it, and clients, for all tests of a class: a static
 * extension. Before each test, what the replica was asked is forgotten, and it says the usual again.
 */
public final class FakeService implements BeforeAllCallback, BeforeEachCallback, AfterAllCallback {
    /** A template that has a place for tools, and for calls as Hermes and Qwen write them. */
    public static final String WITH_TOOLS = """
            {%- if tools %}{{ tools | tojson + '\\n' }}{% endif %}
            {%- for message in messages %}
            {{- message.role + ': ' + message.content }}
            {%- for call in message.tool_calls %}{{ '<tool_call>' + call.function | tojson + '</tool_call>' }}{% endfor %}
            {{- '\\n' }}
            {%- endfor %}""";

    private final String config;
    private final @Nullable String jinja;
    private final String says;
    private @Nullable TestNode node;
    private @Nullable FakeReplica replica;
    private @Nullable Http http;
    private @Nullable RouterClient grpc;

    private FakeService(String config, @Nullable String jinja, String says) {
        this.config = config;
        this.jinja = jinja;
        this.says = says;
    }

    /** One whose replica usually says this. */
    public static FakeService saying(String text) {
        return new FakeService("", null, text);
    }

    /** The same with settings over the defaults, in HOCON. */
    public FakeService with(String settings) {
        return new FakeService(settings, jinja, says);
    }

    /** The same with a template of its own ({@link TestNode#replica(TemplateTexts)}). */
    public FakeService withTemplate(String template) {
        return new FakeService(config, template, says);
    }

    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
        TestNode started = TestNode.start(config);
        node = started;
        replica = jinja == null ? started.replica() : started.replica(TemplateTexts.of(jinja));
        http = new Http(started);
        grpc = started.grpcClient();
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        replica().submitted().clear();
        replica().cancelled().clear();
        replica().says(node().tokenizer(), says);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        if (node != null) {
            node.close();
        }
    }

    public TestNode node() {
        return Objects.requireNonNull(node);
    }

    public FakeReplica replica() {
        return Objects.requireNonNull(replica);
    }

    /** What the model reads of the next request that came to the replica. */
    public String prompt() {
        return node().tokenizer()
                .decode(replica().submitted().remove().promptTokens().stream()
                        .mapToInt(Integer::intValue)
                        .toArray());
    }

    public Http http() {
        return Objects.requireNonNull(http);
    }

    public RouterClient grpc() {
        return Objects.requireNonNull(grpc);
    }
}
