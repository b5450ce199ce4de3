package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;
import org.llava4j.data.BadInputException;

/** Repeated flags, which LLaVA's scripts use to override values, and former flag names. */
class FlagNormalizerTest {
    private static final class TestCommand extends Command {
        TestCommand() {
            super("test", "A command with flags of every kind.");
        }

        @Override
        protected Options options() {
            return new Options()
                    .addOption(required("epochs", "N", "a number"))
                    .addOption(alias(flag("data-path", "FILE", "a file"), "data", "data-file"))
                    .addOption(alias(toggle("bf16", "a toggle"), "half"))
                    .addOption(alias(repeatable("set", "KEY=VALUE", "may be repeated"), "with"));
        }

        @Override
        protected void run(CommandLine line) {
            throw new IllegalStateException("only parsed");
        }
    }

    private final TestCommand command = new TestCommand();

    @Test
    void parseUsesLastValue() {
        CommandLine line = command.parse(
                "--epochs",
                "1",
                "--data-path=/a",
                "--bf16",
                "--set",
                "x=1",
                "--epochs",
                "-3",
                "--bf16",
                "--set",
                "y=2",
                "--data-path",
                "/b");
        assertThat(Command.integer(line, "epochs", 0)).isEqualTo(-3);
        assertThat(line.getOptionValue("data-path")).isEqualTo("/b");
        assertThat(line.hasOption("bf16")).isTrue();
        assertThat(line.getOptionValues("set")).containsExactly("x=1", "y=2");
    }

    @Test
    void parseUsesLastValueOfEveryNotation() {
        assertThat(command.parse("--epochs", "1", "--epochs=2").getOptionValue("epochs"))
                .isEqualTo("2");
        assertThat(command.parse("--epochs=1", "-epochs", "2").getOptionValue("epochs"))
                .isEqualTo("2");
        assertThat(command.parse("-epochs=1", "--epochs", "2").getOptionValue("epochs"))
                .isEqualTo("2");
    }

    @Test
    void argumentsContainEachFlagOnce() {
        CommandLine line =
                command.parse("--epochs", "1", "--data-path", "/a", "--set", "x=1", "--set", "x=2", "--epochs", "2");
        assertThat(Command.arguments(line))
                .containsExactly(
                        "--data-path",
                        Path.of("/a").toAbsolutePath().toString(),
                        "--set",
                        "x=1",
                        "--set",
                        "x=2",
                        "--epochs",
                        "2");
    }

    @Test
    void parseRejectsUnknownFlag() {
        assertThatThrownBy(() -> command.parse("--epochs", "1", "--epoch", "2"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("--epoch");
        assertThatThrownBy(() -> command.parse("--epochs", "1", "stray", "stray"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("stray");
        assertThatThrownBy(() -> command.parse("--epochs", "1", "--epochs"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("epochs");
    }

    @Test
    void normalizeReportsDifferentValues() {
        List<String> warnings = new ArrayList<>();
        List<String> args = List.of(
                "--epochs",
                "1",
                "--bf16",
                "--epochs",
                "2",
                "--bf16",
                "--epochs",
                "3",
                "--data-path",
                "/a",
                "--data-path",
                "/a");
        assertThat(FlagNormalizer.normalize(command.options(), args, warnings::add))
                .containsExactly("--bf16", "--epochs", "3", "--data-path", "/a");
        assertThat(warnings).containsExactly("--epochs is given 3 times; the last one counts: 3");
    }

    @Test
    void parseAcceptsAliases() {
        CommandLine line = command.parse(
                "--data", "/a", "-half", "--with", "x=1", "--set", "y=2", "--data-file=/b", "--epochs", "1");
        assertThat(line.getOptionValue("data-path")).isEqualTo("/b");
        assertThat(line.hasOption("bf16")).isTrue();
        assertThat(line.getOptionValues("set")).containsExactly("x=1", "y=2");
        assertThat(Command.arguments(line)).doesNotContain("--data", "--half", "--with");
    }

    @Test
    void parseKeepsValueThatEqualsAlias() {
        CommandLine line = command.parse("--epochs", "1", "--data-path", "data");
        assertThat(line.getOptionValue("data-path")).isEqualTo("data");
    }

    @Test
    void helpHidesAliases() {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            command.execute("--help");
        } finally {
            System.setOut(before);
        }
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("--data-path <FILE>")
                .doesNotContain("data-file");
    }
}
