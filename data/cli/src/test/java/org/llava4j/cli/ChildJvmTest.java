package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

class ChildJvmTest {
    private static final ChildJvm CHILD = new ChildJvm("the child", Child.class, List.of("-Xmx64m"));

    /** Prints its first argument and its maximum heap size. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            if (args.length == 0) {
                throw new IllegalArgumentException("thrown on purpose by a test");
            }
            System.out.println("something else");
            System.out.println("{\"argument\": \"" + args[0] + "\", \"heap\": "
                    + Runtime.getRuntime().maxMemory() + "}");
        }
    }

    @Test
    void runReturnsOutputAndPassesJvmFlags() {
        assertThat(CHILD.run(List.of("hello"))).startsWith("something else").contains("hello");
        assertThat(CHILD.json(List.of("hello")).get("argument").textValue()).isEqualTo("hello");
        assertThat(CHILD.json(List.of("hello")).get("heap").longValue()).isLessThanOrEqualTo(64L << 20);
    }

    @Test
    void runReportsExitCodeInOneLine() {
        assertThatThrownBy(() -> CHILD.run(List.of()))
                .isInstanceOf(BadInputException.class)
                .hasMessage("the child exited with code 1; see its messages above");
    }
}
