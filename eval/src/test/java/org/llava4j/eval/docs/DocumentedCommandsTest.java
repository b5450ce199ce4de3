package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Commands, links, files, flags and classes that README and docs name exist. */
class DocumentedCommandsTest {
    private static final int MOST_LINES = 200;
    private static final int MOST_BYTES = 8192;

    private final Checkout checkout = Checkout.current();
    private final CommandChecker commands = new CommandChecker(checkout);

    @Test
    void commandsOfDocumentsParse() {
        List<String> lines = checkout.documents().stream()
                .flatMap(document -> ShellText.commands(Checkout.read(document)).stream())
                .toList();
        assertThat(lines).hasSizeGreaterThan(40);
        assertThat(problems(lines)).isEmpty();
    }

    @Test
    void commandsOfStageFilesParse() {
        List<String> lines = checkout.stageFiles().stream()
                .flatMap(file -> ShellText.commandsInComments(Checkout.read(file)).stream())
                .toList();
        assertThat(lines).hasSizeGreaterThan(5);
        assertThat(problems(lines)).isEmpty();
    }

    @Test
    void everyCommandIsDocumented() {
        String all = checkout.documents().stream().map(Checkout::read).reduce("", String::concat);
        assertThat(checkout.executions().keySet())
                .allMatch(id -> Pattern.compile("exec:java@" + id + "[ `\\n]|-P" + id + "\\b")
                        .matcher(all)
                        .find());
    }

    @Test
    void linksFilesFlagsAndClassesExist() {
        NameChecker names = new NameChecker(checkout, commands.flags());
        assertThat(checkout.documents())
                .allSatisfy(document -> assertThat(names.problems(document, Checkout.read(document)))
                        .as("%s", checkout.root().relativize(document))
                        .isEmpty());
    }

    @Test
    void readmeStaysShort() {
        Path readme = checkout.root().resolve("README.md");
        String text = Checkout.read(readme);
        assertThat(text.lines().count()).isLessThanOrEqualTo(MOST_LINES);
        assertThat(text.getBytes(StandardCharsets.UTF_8).length).isLessThanOrEqualTo(MOST_BYTES);
    }

    private Stream<String> problems(List<String> lines) {
        return lines.stream()
                .flatMap(line -> commands.problems(line).stream().map(problem -> problem + " in: " + line));
    }
}
