package org.llava4j.model.samediff;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class OtherThreadsOutputTest {
    @Test
    void otherThreadsPrintAndCreatorDoesNot() throws InterruptedException {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream filtered = OtherThreadsOutput.of(new PrintStream(printed, true, StandardCharsets.UTF_8));
        filtered.println("mine");
        filtered.write('m');
        Thread other = new Thread(() -> {
            filtered.print("theirs");
            filtered.write('!');
        });
        other.start();
        other.join();
        filtered.println("mine");
        filtered.flush();
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEqualTo("theirs!");
    }
}
