package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The checks of {@link DocumentedCommandsTest} find what is wrong, and accept placeholders and optional flags. */
class DocumentCheckersTest {
    private static final String MAVEN = "mvn -q -pl eval -am compile ";

    private final Checkout checkout = Checkout.current();
    private final CommandChecker commands = new CommandChecker(checkout);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mvn -q -Pserve",
                "mvn -q -Pserve -Dexec.args=\"--port 0\"",
                "mvn -B verify",
                "mvn -q -Pspark,-slow compile",
                MAVEN + "exec:java@inspect -Dexec.args=\"--model-path DIR [--verify]\"",
                "mvn -q -pl train -am compile exec:java@finetune -Dexec.args=\"--set maxSteps=4 --set seed=1 --model-path DIR"
                        + " --data-path FILE --output-dir DIR\"",
                "mvn -q -pl eval -am test -Dtest=DocumentCheckersTest -Dsurefire.failIfNoSpecifiedTests=false",
                "bin/llava4j serve --port 0 --log-format json",
                "llava4j --log-format json chat --model-path DIR",
                "llava4j help COMMAND",
                "spark-submit --master spark://HOST:7077 eval/target/x-all.jar COMMAND [flags]",
            })
    void acceptsCommand(String line) {
        assertThat(commands.problems(line)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "exec:java@inspect -Dexec.args=\"--model-path DIR --no-such-flag\" | --no-such-flag",
                "exec:java@inspect -Dexec.args=\"--model-path DIR [--no-such-flag]\" | --no-such-flag",
                "exec:java@inspect -Dexec.args=\"--model-path DIR stray\" | stray",
                "exec:java@inspect -Dexec.args=\"--model-path resources/no/such\" | resources/no/such",
                "exec:java@compare -Dexec.args=\"--first DIR --second DIR --data-path DIR\" | output-dir",
                "exec:java@compare -Dexec.args=\"--first DIR --second DIR --data-path DIR [--output-dir DIR]\" | output-dir",
                "exec:java@no-such-command | no-such-command",
                "exec:java@pretrain -Dexec.args=\"--model-path DIR --data-path FILE --output-dir DIR\" | train",
                "-Pnone exec:java@chat | none",
                "-pl nowhere test | nowhere",
                "-f nowhere/pom.xml test | nowhere/pom.xml",
                "-Dtest=NoSuchTest test | NoSuchTest",
                "--strange test | --strange",
            })
    void refusesCommand(String line, String named) {
        assertThat(commands.problems(MAVEN + line)).singleElement().asString().contains(named);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bin/llava4j no-such-command", "llava4j serve --no-such-command 1"})
    void refusesCommandOfDistribution(String line) {
        assertThat(commands.problems(line)).singleElement().asString().contains("no-such-command");
    }

    @Test
    void refusesCommandWithoutGoal() {
        assertThat(commands.problems("mvn -q -Pcuda")).isNotEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "spark-submit --master spark://HOST:7077 | jar",
                "spark-submit x-all.jar no-such-command | no-such-command",
                "spark-submit x-all.jar filter-concepts --data-path FILE --output-dir DIR --none | --none",
            })
    void refusesSparkCommand(String line, String named) {
        assertThat(commands.problems(line)).singleElement().asString().contains(named);
    }

    @Test
    void findsCommandsInBlocksInlineCodeAndComments() {
        String markdown =
                "Run `mvn -q\n-Pdemo` or\n\n```\nmvn a \\\n  --b && mvn c\ndone\n```\n\n```java\nmvn d\n```\n";
        assertThat(ShellText.commands(markdown)).containsExactly("mvn -q -Pdemo", "mvn a  --b", "mvn c");
        assertThat(ShellText.commandsInComments("// Text\n//   mvn a \\\n//     --b\n{}"))
                .containsExactly("mvn a  --b");
        assertThat(ShellText.words("mvn -Da=\"b c\" d")).containsExactly("mvn", "-Da=b c", "d");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[text](nowhere.md) | nowhere.md",
                "[text](README.md#no-such-heading) | no-such-heading",
                "[text](#no-such-heading) | no-such-heading",
                "<img src=\"nowhere.png\"/> | nowhere.png",
                "`data/nowhere.txt` | data/nowhere.txt",
                "`NoSuchClass` | NoSuchClass",
                "`NoSuchClass.method` | NoSuchClass",
                "`--no-such-flag 3` | --no-such-flag",
                "`chat --no-such-flag` | --no-such-flag",
            })
    void refusesName(String markdown, String named) {
        assertThat(problems(markdown)).singleElement().asString().contains(named);
    }

    @Test
    void acceptsNames() {
        assertThat(problems(
                        "# One heading\n[a](#one-heading) [b](LICENSE) [c](https://llava-vl.github.io) `data/pom.xml`"
                                + " `CommandChecker` `--known 3` `NAME` `UIListener`\n```\n[d](nowhere)\n```\n"))
                .isEmpty();
    }

    private List<String> problems(String markdown) {
        Path document = checkout.root().resolve("README.md");
        return new NameChecker(checkout, Set.of("known")).problems(document, markdown);
    }
}
