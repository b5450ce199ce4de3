package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class StatusLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }

    @Test
    void terminalUpdateOverwritesTheLongerOneBefore() {
        StatusLine line = new StatusLine(out, true);
        line.update("step 10 of 10");
        line.update("done");
        assertThat(printed()).isEqualTo("\rstep 10 of 10\rdone         ");
    }

    @Test
    void clearLeavesAnEmptyTerminalLine() {
        StatusLine line = new StatusLine(out, true);
        line.update("step");
        line.clear();
        line.clear();
        assertThat(printed()).isEqualTo("\rstep\r    \r");
    }

    @Test
    void printlnStartsBelowTheStatus() {
        StatusLine line = new StatusLine(out, true);
        line.update("step");
        line.println("saved");
        line.end();
        assertThat(printed()).isEqualTo("\rstep\nsaved\n");
    }

    @Test
    void elsewhereEachUpdateIsALine() {
        StatusLine line = new StatusLine(out, false);
        line.update("step 1");
        line.update("step 2");
        line.clear();
        line.end();
        assertThat(printed()).isEqualTo("step 1\nstep 2\n");
    }
}
