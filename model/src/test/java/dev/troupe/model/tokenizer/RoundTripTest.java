package dev.troupe.model.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever goes in comes out: any bytes, any text, whole or streamed. */
class RoundTripTest {
    private static final ByteLevelBpe GPT2 = Vocabularies.gpt2();
    private static final ByteLevelBpe TRAINED =
            BpeTrainer.train(List.of(RandomText.text(RandomText.random(99), 5000)), 400, List.of("<|endoftext|>"), 2);

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void anyBytes(long seed) {
        var random = RandomText.random(seed);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = RandomText.bytes(random, random.nextInt(300));
            for (ByteLevelBpe bpe : List.of(GPT2, TRAINED)) {
                assertThat(bpe.decodeBytes(bpe.encode(bytes)))
                        .as("seed %d, case %d", seed, i)
                        .isEqualTo(bytes);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void anyText(long seed) {
        var random = RandomText.random(seed);
        for (int i = 0; i < 300; i++) {
            String text = RandomText.text(random, random.nextInt(80));
            for (ByteLevelBpe bpe : List.of(GPT2, TRAINED)) {
                assertThat(bpe.decode(bpe.encode(text)))
                        .as("seed %d, case %d", seed, i)
                        .isEqualTo(text);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void streamedBytesDecodeAsWhole(long seed) {
        var random = RandomText.random(seed);
        for (int i = 0; i < 300; i++) {
            byte[] bytes = RandomText.bytes(random, random.nextInt(200));
            StreamingDecoder stream = new StreamingDecoder(GPT2);
            StringBuilder streamed = new StringBuilder();
            int[] ids = GPT2.encode(bytes);
            for (int id : ids) {
                streamed.append(stream.append(id));
            }
            streamed.append(stream.flush());
            assertThat(streamed.toString()).as("seed %d, case %d", seed, i).isEqualTo(GPT2.decode(ids));
        }
    }
}
