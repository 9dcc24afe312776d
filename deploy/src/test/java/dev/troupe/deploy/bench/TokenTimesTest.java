package dev.troupe.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.troupe.deploy.bench.LoadTarget.Answered;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** Single gaps are kept, whatever their mean is. */
class TokenTimesTest {
    @Test
    void eachGapIsKeptAndWhatFollowsTheTokensIsNone() {
        TokenTimes times = new TokenTimes(4);
        times.came(100, 1);
        times.came(110, 1);
        times.came(400, 2);
        times.came(410, 1); // the end of a stream
        Answered answered = Answered.of(3, 40, times);
        assertThat(answered.firstTokenNanos()).isEqualTo(60);
        assertThat(answered.gapNanos()).containsExactly(10L, 290L, 0L);
        assertThat(answered.tokenNanos()).isEqualTo(310 / 3.0);
    }

    /** What may lie across two reads is searched twice; an event must be counted once. */
    @Test
    void anEventIsCountedOnceWhereverAReadEnds() {
        byte[] stream = "data: {\"a\"}\n\ndata: {\"b\"}\n\ndata: {\"c\"}\n\n".getBytes(StandardCharsets.US_ASCII);
        for (int end = 0; end <= stream.length; end++) {
            int kept = Math.min(12, end);
            int before = LoadClient.newEvents(stream, 0, end);
            byte[] seen = new byte[stream.length];
            System.arraycopy(stream, end - kept, seen, 0, kept + stream.length - end);
            int after = LoadClient.newEvents(seen, kept, kept + stream.length - end);
            assertThat(before + after).as("read up to %d", end).isEqualTo(3);
        }
    }
}
