package dev.troupe.deploy.archive;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class BriefConfigTest {
    private static Config parsed(byte[] file) {
        return ConfigFactory.parseString(new String(file, UTF_8));
    }

    @Test
    void defaultsOfLibrariesSayTheSameInAThirdOfTheirSize() throws IOException {
        List<URL> files = Collections.list(getClass().getClassLoader().getResources("reference.conf"));
        assertThat(files).hasSizeGreaterThan(20);
        int whole = 0;
        int left = 0;
        for (URL url : files) {
            try (InputStream in = url.openStream()) {
                byte[] file = in.readAllBytes();
                byte[] brief = BriefConfig.in(file).orElseThrow();
                assertThat(parsed(brief)).as("%s", url).isEqualTo(parsed(file));
                assertThat(new String(brief, UTF_8).lines())
                        .as("%s", url)
                        .noneMatch(line -> line.isBlank() || line.startsWith("#") || line.startsWith(" "));
                assertThat(BriefConfig.in(brief)).as("a second run").isEmpty();
                whole += file.length;
                left += brief.length;
            }
        }
        assertThat(left).isLessThan(whole / 3);
    }

    @Test
    void aTextOfSeveralLinesStaysAsItIs() {
        String text = """
            # one
              a = \"""
              # no comment

              b\"""
              // another
              c = [ # at the end
                1 ]
            """;
        assertThat(BriefConfig.in(text.getBytes(UTF_8)).map(file -> new String(file, UTF_8)))
                .hasValue("a = \"\"\"\n  # no comment\n\n  b\"\"\"\nc = [ # at the end\n1 ]");
    }

    @Test
    void whatWouldSaySomethingElseIsLeft() {
        String text = "a = 1 # as \"\"\" does\nb = \"\"\"\n# text\n\"\"\"\n";
        assertThat(BriefConfig.in(text.getBytes(UTF_8))).isEmpty();
    }
}
