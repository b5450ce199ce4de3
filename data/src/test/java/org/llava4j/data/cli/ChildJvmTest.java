package org.llava4j.data.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

class ChildJvmTest {
    private static final ChildJvm CHILD = new ChildJvm("the child", Child.class, List.of("-Xmx64m"));

    /** Says what it was told, and how large its heap may be. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            if (args.length == 0) {
                throw new IllegalArgumentException("thrown on purpose by a test");
            }
            System.out.println("something else");
            System.out.println("{\"said\": \"" + args[0] + "\", \"heap\": "
                    + Runtime.getRuntime().maxMemory() + "}");
        }
    }

    @Test
    void itsJsonIsReadAndItHasFlagsOfItsOwn() {
        assertThat(CHILD.run(List.of("hello"))).startsWith("something else").contains("hello");
        assertThat(CHILD.json(List.of("hello")).get("said").textValue()).isEqualTo("hello");
        assertThat(CHILD.json(List.of("hello")).get("heap").longValue()).isLessThanOrEqualTo(64L << 20);
    }

    @Test
    void anEndWithAnErrorIsOneLine() {
        assertThatThrownBy(() -> CHILD.run(List.of()))
                .isInstanceOf(BadInputException.class)
                .hasMessage("the child ended with exit code 1; what it said is above");
    }
}
