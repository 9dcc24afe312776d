package dev.troupe.actors.serving.split;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.troupe.model.TroupeException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitSettingsTest {
    private static SplitSettings read(String overrides) {
        return SplitSettings.from(ConfigFactory.parseString(overrides).withFallback(ConfigFactory.load()));
    }

    @Test
    void oneMemberIsTheDefault() {
        assertThat(read("")).isEqualTo(new SplitSettings(ReplicaShape.WHOLE, Duration.ofSeconds(60)));
        assertThat(ReplicaShape.WHOLE.isSplit()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "pipeline = 0,pipeline (0)",
        "tensor = -1,tensor (-1)",
        "nodes = 2,nodes (2)",
        "nodes = 0,nodes (0)",
        "peerTimeout = 0 s,peerTimeout",
        "pipeline = many,pipeline"
    })
    void aMistakeIsNamed(String mistake, String named) {
        assertThatThrownBy(() -> read("troupe.serving.replica { " + mistake + " }"))
                .isInstanceOf(TroupeException.class)
                .hasMessageContaining(named);
    }

    /** The leader is the first shard of the last stage; neighbours are on one node. */
    @Test
    void membersAreNumberedFromTheOneThatLeads() {
        ReplicaShape shape = read("troupe.serving.replica { pipeline = 3, tensor = 2, nodes = 4 }")
                .shape();
        assertThat(shape.numMembers()).isEqualTo(6);
        assertThat(shape.stageOf(0)).isEqualTo(2);
        assertThat(shape.shardOf(0)).isZero();
        assertThat(shape.stage(2)).isEqualTo(List.of(0, 1));
        assertThat(shape.stage(0)).isEqualTo(List.of(4, 5));
        assertThat(shape.stagesOf(1)).isEqualTo(List.of(5, 3, 1));
        assertThat(shape.membersOf(0)).isEqualTo(List.of(0, 1));
        assertThat(shape.membersOf(1)).isEqualTo(List.of(2));
        assertThat(shape.membersOf(3)).isEqualTo(List.of(5));
    }
}
