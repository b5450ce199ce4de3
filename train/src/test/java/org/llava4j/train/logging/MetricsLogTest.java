package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.train.Trainer;

class MetricsLogTest {
    @TempDir
    private Path temp;

    /** Older versions call the learning rate {@code rate}. */
    @Test
    void stepsReadsLogOfOlderVersion() throws IOException {
        Path log = Files.writeString(temp.resolve(MetricsLog.FILE), """
                {"step":1,"loss":2.5,"smoothed_loss":2.5,"rate":0.001,"grad_norm":0.5,"supervised":0.25}
                {"step":2,"bad_step":"the loss of step 2 is not a number any more","samples":["data.json, line 2"]}
                {"step":3,"loss":2.25,"smoothed_loss":2.4,"learning_rate":0.002,"grad_norm":0.75,"target_tokens":0.25}
                """);
        assertThat(MetricsLog.steps(log))
                .containsExactly(new Trainer.Step(1, 2.5, 0.5, 0.001), new Trainer.Step(3, 2.25, 0.75, 0.002));
        assertThat(MetricCurves.of(log).learningRate.lastValue()).isEqualTo(0.002);
    }
}
