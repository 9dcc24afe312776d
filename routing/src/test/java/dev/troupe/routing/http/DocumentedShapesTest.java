package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.routing.harness.FakeService;
import dev.troupe.routing.harness.Http;
import dev.troupe.routing.harness.TestNode;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whole objects and chunks of each kind, field by field, beside what OpenAI's documentation shows. */
class DocumentedShapesTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String HELLO = "'model':'tiny','messages':[{'role':'user','content':'hello'}],'temperature':0";
    private static final String STREAMED = ",'stream':true,'stream_options':{'include_usage':true}";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("t");

    /** What differs from call to call is checked and replaced. */
    private static JsonNode shape(JsonNode answer) {
        if (answer instanceof ObjectNode object) {
            assertThat(object.get("created").isIntegralNumber()).isTrue();
            assertThat(object.get("id").isTextual()).isTrue();
            return object.put("id", "ID").put("created", 0);
        }
        return answer;
    }

    private static JsonNode json(String text) throws Exception {
        return Http.tree(text.replace('\'', '"'));
    }

    private static String head(String object) {
        return "{'id':'ID','object':'" + object + "','created':0,'model':'tiny','system_fingerprint':'"
                + TestNode.VERSION + "',";
    }

    private static String usage(int completion) {
        int prompt = SERVICE.node().tokenizer().encode("hello").length;
        return "'usage':{'prompt_tokens':" + prompt + ",'completion_tokens':" + completion + ",'total_tokens':"
                + (prompt + completion)
                + ",'prompt_tokens_details':{'cached_tokens':0,'audio_tokens':0},"
                + "'completion_tokens_details':{'reasoning_tokens':0,'audio_tokens':0,"
                + "'accepted_prediction_tokens':0,'rejected_prediction_tokens':0}}}";
    }

    private static String logProbs() {
        return "{'content':[{'token':'t','logprob':-0.5,'bytes':[116],"
                + "'top_logprobs':[{'token':'t','logprob':-0.1,'bytes':[116]}]}],'refusal':null}";
    }

    @Test
    void wholeChats() throws Exception {
        var plain = Http.tree(SERVICE.http().post(CHAT, "{" + HELLO + "}"));
        String message = "'message':{'role':'assistant','content':'t','refusal':null,'annotations':[]}";
        assertThat(shape(plain))
                .isEqualTo(json(head("chat.completion") + "'choices':[{'index':0," + message
                        + ",'logprobs':null,'finish_reason':'stop'}]," + usage(1)));
        var two = Http.tree(SERVICE.http().post(CHAT, "{" + HELLO + ",'n':2,'logprobs':true,'top_logprobs':1}"));
        String rest = "," + message + ",'logprobs':" + logProbs() + ",'finish_reason':'stop'}";
        assertThat(shape(two))
                .isEqualTo(json(head("chat.completion") + "'choices':[{'index':0" + rest + ",{'index':1" + rest + "],"
                        + usage(2)));
    }

    @Test
    void wholeCompletions() throws Exception {
        var answer = Http.tree(SERVICE.http().post(COMPLETIONS, "{'model':'tiny','prompt':'hello','logprobs':1}"));
        assertThat(shape(answer))
                .isEqualTo(json(head("text_completion") + "'choices':[{'index':0,'text':'t','logprobs':{'tokens':['t'],"
                        + "'token_logprobs':[-0.5],'top_logprobs':[{'t':-0.1}],'text_offset':[0]},"
                        + "'finish_reason':'stop'}]," + usage(1)));
    }

    @Test
    void streamedChats() throws Exception {
        var events = Http.events(SERVICE.http().post(CHAT, "{" + HELLO + STREAMED + "}"));
        String head = head("chat.completion.chunk");
        assertThat(events.stream().map(DocumentedShapesTest::shape))
                .containsExactly(
                        json(head + "'choices':[{'delta':{'role':'assistant','content':'','refusal':null},"
                                + "'logprobs':null,'finish_reason':null,'index':0}],'usage':null}"),
                        json(head + "'choices':[{'delta':{'content':'t'},'logprobs':null,'finish_reason':null,"
                                + "'index':0}],'usage':null}"),
                        json(head + "'choices':[{'delta':{},'logprobs':null,'finish_reason':'stop','index':0}],"
                                + "'usage':null}"),
                        json(head + "'choices':[]," + usage(1)),
                        json("'[DONE]'"));
    }

    /** Of each choice in its order; choices go on side by side. Without usage no chunk speaks of it. */
    @Test
    void streamedChatsOfTwoChoicesWithLogProbabilities() throws Exception {
        var events = Http.events(
                SERVICE.http().post(CHAT, "{" + HELLO + ",'stream':true,'n':2,'logprobs':true,'top_logprobs':1}"));
        assertThat(events.getLast()).isEqualTo(json("'[DONE]'"));
        List<JsonNode> chunks = events.subList(0, events.size() - 1);
        String head = head("chat.completion.chunk");
        for (int i : IntStream.range(0, 2).toArray()) {
            assertThat(chunks.stream()
                            .filter(chunk -> chunk.at("/choices/0/index").asInt() == i)
                            .map(DocumentedShapesTest::shape))
                    .containsExactly(
                            json(head + "'choices':[{'delta':{'role':'assistant','content':'','refusal':null},"
                                    + "'logprobs':null,'finish_reason':null,'index':" + i + "}]}"),
                            json(head + "'choices':[{'delta':{'content':'t'},'logprobs':" + logProbs()
                                    + ",'finish_reason':null,'index':" + i + "}]}"),
                            json(head + "'choices':[{'delta':{},'logprobs':null,'finish_reason':'stop','index':" + i
                                    + "}]}"));
        }
        assertThat(chunks).hasSize(6);
    }

    @Test
    void streamedCompletions() throws Exception {
        var events = Http.events(SERVICE.http()
                .post(COMPLETIONS, "{'model':'tiny','prompt':'hello','logprobs':1,'temperature':0" + STREAMED + "}"));
        String head = head("text_completion");
        assertThat(events.stream().map(DocumentedShapesTest::shape))
                .containsExactly(
                        json(head + "'choices':[{'text':'t','logprobs':{'tokens':['t'],'token_logprobs':[-0.5],"
                                + "'top_logprobs':[{'t':-0.1}],'text_offset':[0]},'finish_reason':null,'index':0}],"
                                + "'usage':null}"),
                        json(head + "'choices':[{'text':'','logprobs':null,'finish_reason':'stop','index':0}],"
                                + "'usage':null}"),
                        json(head + "'choices':[]," + usage(1)),
                        json("'[DONE]'"));
    }
}
