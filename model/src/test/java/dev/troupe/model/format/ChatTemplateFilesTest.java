package dev.troupe.model.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.troupe.model.TroupeException;
import dev.troupe.model.chat.TemplateTexts;
import dev.troupe.model.gguf.GgufFile;
import dev.troupe.model.tensor.TensorArena;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
        return (ObjectNode) new JsonMapper().readTree(Files.readString(directory.resolve(DirectoryTemplates.CONFIG)));
    }

    private void write(ObjectNode config) throws IOException {
        Files.writeString(directory.resolve(DirectoryTemplates.CONFIG), config.toString());
    }

    private static TemplateTexts templates(Path model) {
        try (OpenModel open = ModelFiles.open(model)) {
            return open.templates();
        }
    }

    private void assertSurvives(TemplateTexts expected) throws IOException {
        Path gguf = temp.resolve("model.gguf");
        Path copy = temp.resolve("copy.gguf");
        Path back = temp.resolve("back");
        assertThat(templates(directory)).isEqualTo(expected);
        ModelConverter.convert(directory, gguf, null);
        ModelConverter.convert(gguf, copy, null);
        ModelConverter.convert(copy, back, null);
        assertThat(templates(gguf)).isEqualTo(expected);
        assertThat(templates(copy)).isEqualTo(expected);
        assertThat(templates(back)).isEqualTo(expected);
        try (GgufFile file = GgufFile.open(copy)) {
            assertThat(file.metadata().text("tokenizer.chat_template")).isEqualTo(expected.main());
        }
        var written = new JsonMapper().readTree(Files.readString(back.resolve("tokenizer_config.json")));
        if (expected.forTools().isEmpty()) {
            assertThat(Optional.ofNullable(written.path("chat_template").textValue()))
                    .isEqualTo(expected.main());
        } else {
            assertThat(written.path("chat_template").findValuesAsText("name")).contains("tool_use");
        }
    }

    @Test
    void textInTheConfig() throws IOException {
        write(config().put("chat_template", TEMPLATE));
        assertSurvives(TemplateTexts.of(TEMPLATE));
    }

    @Test
    void severalInTheConfig() throws IOException {
        ObjectNode config = config();
        var several = config.putArray("chat_template");
        several.addObject().put("name", "tool_use").put("template", "{{ tools }}");
        several.addObject().put("name", "default").put("template", TEMPLATE);
        several.addObject().put("name", "rag").put("template", "{{ documents }}");
        write(config);
        assertSurvives(
                new TemplateTexts(Map.of("tool_use", "{{ tools }}", "default", TEMPLATE, "rag", "{{ documents }}")));
    }

    @Test
    void noneOfSeveralIsTheDefault() throws IOException {
        ObjectNode config = config();
        config.putArray("chat_template").addObject().put("name", "tool_use").put("template", "{{ tools }}");
        write(config);
        assertSurvives(new TemplateTexts(Map.of("tool_use", "{{ tools }}")));
        assertThat(templates(directory).main()).isEmpty();
    }

    @Test
    void severalInFiles() throws IOException {
        ObjectNode config = config();
        config.putArray("chat_template").addObject().put("name", "old").put("template", "another");
        write(config);
        Files.writeString(directory.resolve("chat_template.jinja"), TEMPLATE);
        Path others = Files.createDirectory(directory.resolve("additional_chat_templates"));
        Files.writeString(others.resolve("tool_use.jinja"), "{{ tools }}");
        Files.writeString(others.resolve("README.md"), "not one");
        assertSurvives(new TemplateTexts(Map.of("tool_use", "{{ tools }}", "default", TEMPLATE)));
    }

    @Test
    void theFileOfItsOwnComesFirst() throws IOException {
        write(config().put("chat_template", "another"));
        Files.writeString(directory.resolve("chat_template.jinja"), TEMPLATE);
        assertSurvives(TemplateTexts.of(TEMPLATE));
    }

    @Test
    void aModelWithoutOne() throws IOException {
        assertSurvives(TemplateTexts.NONE);
        write(config().putNull("chat_template"));
        assertThat(templates(directory)).isEqualTo(TemplateTexts.NONE);
        Files.delete(directory.resolve(DirectoryTemplates.CONFIG));
        assertThat(templates(directory)).isEqualTo(TemplateTexts.NONE);
    }

    @Test
    void aConfigThatCannotBeReadIsNamed() throws IOException {
        Files.writeString(directory.resolve(DirectoryTemplates.CONFIG), "{\"chat_template\": ");
        assertThatThrownBy(() -> templates(directory))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining("tokenizer_config.json");
    }
}
