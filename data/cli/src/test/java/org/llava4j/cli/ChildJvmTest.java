package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

class ChildJvmTest {
    private static final String SILENT = "silent";
    private static final String CUT = "cut";
    private static final String ENDLESS = "endless";
    private static final ChildJvm CHILD = new ChildJvm("the child", Child.class, List.of("-Xmx64m"));

    /** Prints its first argument and its maximum heap size. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) throws InterruptedException, IOException {
            if (args.length == 0) {
                throw new IllegalArgumentException("thrown on purpose by a test");
            }
            switch (args[0]) {
                case SILENT -> {
                    return;
                }
                case CUT -> {
                    System.out.println("{\"argument\": ");
                    return;
                }
                case ENDLESS -> {
                    Files.writeString(
                            Path.of(args[1]),
                            Long.toString(ProcessHandle.current().pid()));
                    Thread.sleep(Long.MAX_VALUE);
                }
                default -> {}
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

    @Test
    void missingOrIncompleteResultIsReported() {
        assertThatThrownBy(() -> CHILD.json(List.of(SILENT)))
                .isInstanceOf(BadInputException.class)
                .hasMessage("the child printed no result; see its messages above");
        assertThatThrownBy(() -> CHILD.json(List.of(CUT)))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith("the child printed an incomplete result: {");
    }

    @Test
    void interruptEndsChildInForeground(@TempDir Path temp) throws Exception {
        Path pid = temp.resolve("pid");
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread waiting = new Thread(() -> CHILD.runInForeground(List.of(ENDLESS, pid.toString())));
        waiting.setUncaughtExceptionHandler((thread, e) -> failure.set(e));
        waiting.start();
        while (!Files.exists(pid) || Files.size(pid) == 0) {
            Thread.sleep(20);
        }
        waiting.interrupt();
        waiting.join();
        assertThat(failure.get()).isInstanceOf(BadInputException.class).hasMessage("the child was interrupted");
        assertThat(ProcessHandle.of(Long.parseLong(Files.readString(pid))).filter(ProcessHandle::isAlive))
                .isEmpty();
    }
}
