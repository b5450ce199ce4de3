package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BadInputExceptionTest {
    @Test
    void longMessageKeepsItsStartAndItsEnd() {
        String message = "file.json: the value \"" + "x\n".repeat(100_000) + "\" is unknown; remove it";
        assertThat(new BadInputException(message).getMessage())
                .startsWith("file.json: the value")
                .endsWith("remove it")
                .contains(" ... ")
                .hasSizeLessThan(2000)
                .hasLineCount(1);
    }

    @Test
    void shortMessageStaysAsItIs() {
        String message = "file.json: " + "x".repeat(1900) + "; remove it";
        assertThat(new BadInputException(message)).hasMessage(message);
    }
}
