package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** Commands as processes: terminal output and exit code. */
@Timeout(120)
class CommandProcessTest {
    @TempDir
    Path temp;

    /** Prints its input and whether it has the Vector API. */
    static final class Echo extends Command {
        private Echo() {
            super("echo", "For a test.");
        }

        public static void main(String[] args) {
            new Echo().execute(args);
        }

        @Override
        protected Options options() {
            return new Options()
                    .addOption(flag("size", "N", "for a test"))
                    .addOption(toggle("wait", "for a test: waits for a signal"));
        }

        @Override
        protected void run(CommandLine line) {
            if (integer(line, "size", 1) < 0) {
                throw new BadInputException("--size is negative; give 0 or more");
            }
            try {
                if (line.hasOption("wait")) {
                    Runtime.getRuntime().addShutdownHook(new Thread(() -> System.err.println("stopped")));
                    System.out.println("started");
                    Thread.sleep(Duration.ofMinutes(2).toMillis());
                }
                String input = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
                System.out.println(input + " " + VectorJvm.isThis() + " " + System.getProperty("llava4j.test"));
            } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private record Result(int code, String out, String err) {}

    private Result run(List<String> jvmFlags, String... args) throws IOException, InterruptedException {
        int code = start(jvmFlags, args).waitFor();
        return new Result(code, Files.readString(temp.resolve("out")), Files.readString(temp.resolve("err")));
    }

    private Process start(List<String> jvmFlags, String... args) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx64m");
        command.addAll(jvmFlags);
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(Echo.class.getName());
        command.addAll(List.of(args));
        Path in = Files.writeString(temp.resolve("in"), "input");
        return new ProcessBuilder(command)
                .redirectInput(in.toFile())
                .redirectOutput(temp.resolve("out").toFile())
                .redirectError(temp.resolve("err").toFile())
                .start();
    }

    @Test
    void executeRunsChildJvmAndFiltersWarning() throws Exception {
        Result result = run(List.of("-Dllava4j.test=shared"));
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).isEqualToIgnoringNewLines("input true shared");
        assertThat(result.code()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"--size=-1", "--size=x", "--unknown"})
    void executePrintsOneLineAndFails(String flag) throws Exception {
        Result result = run(List.of(), flag);
        assertThat(result.err().lines()).singleElement().asString().startsWith("echo: ");
        assertThat(result.out()).isEmpty();
        assertThat(result.code()).isEqualTo(1);
    }

    @Test
    void executeRunsInThisJvmWithVectorApi() throws Exception {
        Result result = run(List.of("--add-modules=jdk.incubator.vector"), "--size=-1");
        assertThat(result.err().lines().skip(1)).containsExactly("echo: --size is negative; give 0 or more");
        assertThat(result.code()).isEqualTo(1);
    }

    @Test
    void signalReachesTheChildAndWhatItPrintsIsShown() throws Exception {
        Process parent = start(List.of(), "--wait");
        while (!Files.readString(temp.resolve("out")).contains("started")) {
            assertThat(parent.isAlive()).isTrue();
            Thread.sleep(20);
        }
        parent.toHandle().destroy();
        assertThat(parent.waitFor()).isNotZero();
        assertThat(Files.readString(temp.resolve("err")).strip()).isEqualTo("stopped");
    }
}
