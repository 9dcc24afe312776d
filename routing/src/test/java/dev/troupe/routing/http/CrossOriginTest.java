package dev.troupe.routing.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.troupe.model.TroupeException;
import dev.troupe.routing.access.CrossOrigin;
import dev.troupe.routing.harness.FakeService;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of other origins may ask where the configuration says so, and only there. */
class CrossOriginTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String PAGE = "https://chat.example.com";
    private static final String KEY = "sk-first-0123456789";
    private static final String BODY = "{'model':'tiny','messages':[{'role':'user','content':'hello'}],'stream':true}";

    @RegisterExtension
    static final FakeService SERVICE = FakeService.saying("the world")
            .with("troupe.routing { apiKeys = [" + KEY + "], http.allowedOrigins = [\"" + PAGE + "\"] }");

    @RegisterExtension
    static final FakeService CLOSED = FakeService.saying("the world");

    private static HttpResponse<String> preflight(FakeService service, String origin) throws Exception {
        return service.http()
                .send(service.http()
                        .request(CHAT)
                        .header("origin", origin)
                        .header("access-control-request-method", "POST")
                        .header("access-control-request-headers", "authorization,content-type,x-stainless-lang")
                        .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));
    }

    private static HttpResponse<String> ask(FakeService service, String origin) throws Exception {
        return service.http()
                .send(service.http()
                        .json(CHAT, BODY)
                        .header("origin", origin)
                        .header("authorization", "Bearer " + KEY));
    }

    @Test
    void aBrowserAsksWithoutAKeyAndIsToldWhatAPageMaySend() throws Exception {
        var response = preflight(SERVICE, PAGE);
        assertThat(response.statusCode()).isEqualTo(204);
        assertThat(response.headers().firstValue("access-control-allow-origin")).contains(PAGE);
        assertThat(response.headers().firstValue("access-control-allow-methods").orElseThrow())
                .contains("POST");
        assertThat(response.headers().firstValue("access-control-allow-headers"))
                .contains("authorization, content-type, x-stainless-lang");
        assertThat(response.headers().firstValue("vary")).contains("origin");
    }

    @Test
    void whatItAsksForMayBeRead() throws Exception {
        var answer = ask(SERVICE, PAGE);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.headers().firstValue("access-control-allow-origin")).contains(PAGE);
        assertThat(answer.headers().firstValue("access-control-expose-headers").orElseThrow())
                .contains("x-request-id");
        var refused = SERVICE.http().send(SERVICE.http().json(CHAT, BODY).header("origin", PAGE)); // errors, too
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().firstValue("access-control-allow-origin")).contains(PAGE);
    }

    @Test
    void othersMayNot() throws Exception {
        for (var origin : List.of("https://example.com", PAGE + ":8443", "null")) {
            assertThat(preflight(SERVICE, origin).statusCode()).as(origin).isEqualTo(401);
            assertThat(ask(SERVICE, origin).headers().firstValue("access-control-allow-origin"))
                    .as(origin)
                    .isEmpty();
        }
    }

    @Test
    void withoutASettingNoneMay() throws Exception {
        assertThat(preflight(CLOSED, PAGE).statusCode()).isEqualTo(405);
        assertThat(ask(CLOSED, PAGE).headers().firstValue("access-control-allow-origin"))
                .isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"chat.example.com", "https://chat.example.com/", "https://", "https://a b", ""})
    void whatIsNoOriginIsNamed(String text) {
        assertThatThrownBy(() -> CrossOrigin.of(List.of("*", PAGE, text)))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("'" + text + "'");
    }
}
