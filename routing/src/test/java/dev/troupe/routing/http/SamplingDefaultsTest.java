package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.actors.serving.SamplingParameters;
import dev.troupe.model.TroupeException;
import dev.troupe.model.sampling.SamplingDefaults;
import dev.troupe.routing.RoutingConfig;
import dev.troupe.routing.harness.FakeReplica;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import dev.troupe.routing.proto.GenerateRequest;
import dev.troupe.routing.proto.GenerationOptions;
import dev.troupe.routing.proto.ListModelsRequest;
import org.junit.jupiter.api.Test;

/** What requests get that do not say how to sample, from a model whose makers do. */
class SamplingDefaultsTest {
    private static final SamplingDefaults RECOMMENDED = new SamplingDefaults(0.7, 20, 0.8, 0.05, 1.1);

    private static SamplingParameters asked(TestNode node, FakeReplica replica, String more) throws Exception {
        var response = new Http(node).post("/v1/completions", "{'model':'tiny','prompt':'hello'" + more + "}");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return replica.submitted().remove().sampling();
    }

    private static SamplingDefaults of(SamplingParameters sampling) {
        return new SamplingDefaults(
                sampling.temperature(),
                sampling.topK(),
                sampling.topP(),
                sampling.minP(),
                sampling.repetitionPenalty());
    }

    @Test
    void theModelsOwnUnlessTheRequestSaysOtherwise() throws Exception {
        try (var node = TestNode.start("")) {
            var replica = node.replica(RECOMMENDED);
            replica.says(node.tokenizer(), "the world");
            assertThat(of(asked(node, replica, ""))).isEqualTo(RECOMMENDED);
            assertThat(of(asked(
                            node, replica, ",'temperature':1,'top_k':0,'top_p':1,'min_p':0,'repetition_penalty':1")))
                    .isEqualTo(SamplingDefaults.NONE);
            assertThat(of(asked(node, replica, ",'temperature':0")))
                    .isEqualTo(new SamplingDefaults(0, 20, 0.8, 0.05, 1.1));
            var client = node.grpcClient();
            var request = GenerateRequest.newBuilder().setModel("tiny").setText("hello");
            TestNode.get(client.generate(request.build()));
            assertThat(of(replica.submitted().remove().sampling())).isEqualTo(RECOMMENDED);
            TestNode.get(client.generate(
                    request.setOptions(GenerationOptions.newBuilder().setTopK(0).setMinP(0))
                            .build()));
            assertThat(of(replica.submitted().remove().sampling()))
                    .isEqualTo(new SamplingDefaults(0.7, 0, 0.8, 0, 1.1));
        }
    }

    @Test
    void modelsSayWhatTheyRecommend() throws Exception {
        try (var node = TestNode.start("")) {
            node.replica(RECOMMENDED);
            var listed = Http.tree(new Http(node).get("/v1/models/tiny")).path("sampling_defaults");
            assertThat(listed.path("temperature").doubleValue()).isEqualTo(0.7);
            assertThat(listed.path("top_k").intValue()).isEqualTo(20);
            assertThat(listed.path("top_p").doubleValue()).isEqualTo(0.8);
            assertThat(listed.path("min_p").doubleValue()).isEqualTo(0.05);
            assertThat(listed.path("repetition_penalty").doubleValue()).isEqualTo(1.1);
            var model = TestNode.get(node.grpcClient().listModels(ListModelsRequest.getDefaultInstance()))
                    .getModels(0)
                    .getSamplingDefaults();
            assertThat(model.getTemperature()).isEqualTo(0.7);
            assertThat(model.getTopK()).isEqualTo(20);
            assertThat(model.getRepetitionPenalty()).isEqualTo(1.1);
        }
    }

    @Test
    void aNodeMayKeepToOpenAisDefaults() throws Exception {
        try (var node = TestNode.start("troupe.routing.samplingDefaults = none")) {
            var replica = node.replica(RECOMMENDED);
            replica.says(node.tokenizer(), "the world");
            assertThat(of(asked(node, replica, ""))).isEqualTo(SamplingDefaults.NONE);
        }
        var wrong = ConfigFactory.parseString("troupe.routing.samplingDefaults = maker")
                .withFallback(ConfigFactory.load());
        assertThatThrownBy(() -> RoutingConfig.from(wrong))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("troupe.routing.samplingDefaults is 'maker': it must be 'model' or 'none'");
    }
}
