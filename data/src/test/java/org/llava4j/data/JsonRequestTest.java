package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class JsonRequestTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @Test
    void requestTreeRejectsManyValuesInBoundedMemory() {
        byte[] body = ("[" + "{},".repeat(5_000_000) + "{}]").getBytes(StandardCharsets.UTF_8);
        long before = THREADS.getCurrentThreadAllocatedBytes();
        assertThatThrownBy(() -> JsonInput.requestTree(body))
                .isInstanceOfSatisfying(
                        StreamConstraintsException.class,
                        e -> assertThat(JsonErrorMessage.of(e))
                                .contains("100000")
                                .doesNotContain("\n"));
        assertThat(THREADS.getCurrentThreadAllocatedBytes() - before).isLessThan(body.length);
    }

    @Test
    void requestTreeAcceptsLongTexts() throws IOException {
        String text = "a".repeat(15_000_000);
        byte[] body = ("{\"text\": \"" + text + "\"}").getBytes(StandardCharsets.UTF_8);
        assertThat(JsonInput.requestTree(body).path("text").textValue()).isEqualTo(text);
    }
}
