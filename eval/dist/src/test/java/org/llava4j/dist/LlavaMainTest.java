package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;

/** The program in a JVM that has its own classes and those of the data module, and no library. */
class LlavaMainTest {
    private record Result(int code, String out, String err) {}

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "--help",
                "help",
                "help serve",
                "serve --help",
                "serve -h",
                "help health",
                "health --help",
                "--version",
                "completion bash"
            })
    void pagesNeedNoLibrary(String arguments) throws Exception {
        Result result = run(arguments);
        assertThat(result.err()).isEmpty();
        assertThat(result.code()).isZero();
        assertThat(result.out()).contains("llava4j");
    }

    @Test
    void commandHelpShowsItsFlags() throws Exception {
        assertThat(run("help serve").out())
                .isEqualTo(run("serve --port 1 --help").out())
                .contains("--port");
    }

    /** A value that begins with dashes follows an equals sign, as in all commands. */
    @Test
    void valueHelpIsNoRequestForHelp() throws Exception {
        assertThat(run("health --url=--help").err()).contains("--help");
        assertThat(run("health --port 1 --help").out())
                .isEqualTo(run("help health").out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no-such-command",
                "help no-such-command",
                "help serve chat",
                "--version serve",
                "health --port no-such-command",
                "health --no-such-command 1",
                "health --url no-such-command",
                "completion",
                "completion no-such-command",
                "--log-format no-such-command serve",
                "serve --log-format=no-such-command",
                "serve --log-format",
            })
    void unusableArgumentsAreRefusedInOneLine(String arguments) throws Exception {
        Result result = run(arguments);
        assertThat(result.code()).isEqualTo(1);
        assertThat(result.out()).isEmpty();
        assertThat(result.err().lines()).singleElement().asString().startsWith("llava4j: ");
        if (arguments.contains("no-such-command") && !arguments.startsWith("completion")) {
            assertThat(result.err()).contains("no-such-command");
        }
    }

    private static Result run(String arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                location(LlavaMain.class) + java.io.File.pathSeparator + location(BadInputException.class),
                "org.llava4j.dist.LlavaMain"));
        if (!arguments.isEmpty()) {
            command.addAll(List.of(arguments.split(" ")));
        }
        Process process = new ProcessBuilder(command).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), out, err);
    }

    private static Path location(Class<?> type) throws Exception {
        return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    }
}
