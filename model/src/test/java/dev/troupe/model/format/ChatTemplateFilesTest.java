package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Chat templates where files have them, and on the way from one format to the other and back. */
class ChatTemplateFilesTest {
    private static final String TEMPLATE =
            "{%- for message in messages %}<|{{ message.role }}|>\n{{ message['content'] }}\u00e9{% endfor %}\n";

    @TempDir
    @SuppressWarnings("NullAway.Init") // JUnit sets it
    private Path temp;

    private Path directory = Path.of("");

    @BeforeEach
    void writeModel() {
        directory = temp.resolve("original");
        try (TensorArena arena = TensorArena.open("test")) {
            ModelDirectory.write(
                    directory,
                    TestModels.llama(),
                    TestModels.random(TestModels.llama(), arena, 1),
                    TestModels.tokenizer());
        }
    }

    private ObjectNode config() throws IOException {
        return (ObjectNode) new JsonMapper().readTree(Files.readString(directory.resolve(DirectoryTemplate.CONFIG)));
    }

    private void write(ObjectNode config) throws IOException {
        Files.writeString(directory.resolve(DirectoryTemplate.CONFIG), config.toString());
    }

    private static Optional<String> template(Path model) {
        try (OpenModel open = ModelFiles.open(model)) {
            return open.chatTemplate();
        }
    }

    private void assertSurvives(Optional<String> expected) throws IOException {
        Path gguf = temp.resolve("model.gguf");
        Path copy = temp.resolve("copy.gguf");
        Path back = temp.resolve("back");
        assertThat(template(directory)).isEqualTo(expected);
        ModelConverter.convert(directory, gguf, null);
        ModelConverter.convert(gguf, copy, null);
        ModelConverter.convert(copy, back, null);
        assertThat(template(gguf)).isEqualTo(expected);
        assertThat(template(copy)).isEqualTo(expected);
        assertThat(template(back)).isEqualTo(expected);
        try (GgufFile file = GgufFile.open(copy)) {
            assertThat(file.metadata().text("tokenizer.chat_template")).isEqualTo(expected);
        }
        var written = new JsonMapper().readTree(Files.readString(back.resolve("tokenizer_config.json")));
        assertThat(Optional.ofNullable(written.path("chat_template").textValue()))
                .isEqualTo(expected);
    }

    @Test
    void textInTheConfig() throws IOException {
        write(config().put("chat_template", TEMPLATE));
        assertSurvives(Optional.of(TEMPLATE));
    }

    @Test
    void theDefaultOfSeveralInTheConfig() throws IOException {
        ObjectNode config = config();
        var several = config.putArray("chat_template");
        several.addObject().put("name", "tool_use").put("template", "{{ tools }}");
        several.addObject().put("name", "default").put("template", TEMPLATE);
        write(config);
        assertSurvives(Optional.of(TEMPLATE));
    }

    @Test
    void noneOfSeveralIsTheDefault() throws IOException {
        ObjectNode config = config();
        config.putArray("chat_template").addObject().put("name", "tool_use").put("template", "{{ tools }}");
        write(config);
        assertSurvives(Optional.empty());
    }

    @Test
    void theFileOfItsOwnComesFirst() throws IOException {
        write(config().put("chat_template", "another"));
        Files.writeString(directory.resolve("chat_template.jinja"), TEMPLATE);
        assertSurvives(Optional.of(TEMPLATE));
    }

    @Test
    void aModelWithoutOne() throws IOException {
        assertSurvives(Optional.empty());
        write(config().putNull("chat_template"));
        assertThat(template(directory)).isEmpty();
        Files.delete(directory.resolve(DirectoryTemplate.CONFIG));
        assertThat(template(directory)).isEmpty();
    }

    @Test
    void aConfigThatCannotBeReadIsNamed() throws IOException {
        Files.writeString(directory.resolve(DirectoryTemplate.CONFIG), "{\"chat_template\": ");
        assertThatThrownBy(() -> template(directory))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("tokenizer_config.json");
    }
}
