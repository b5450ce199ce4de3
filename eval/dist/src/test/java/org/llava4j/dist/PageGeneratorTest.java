package org.llava4j.dist;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Help and completion name what commands accept. */
class PageGeneratorTest {
    private static final Map<String, String> PAGES = PageGenerator.pages("1.2.3");

    @TempDir
    Path folder;

    @Test
    void overviewListsEveryCommandInItsGroup() {
        String overview = PAGES.get("help.txt");
        assertThat(overview).contains("LLaVA4J 1.2.3", "--log-format");
        for (Subcommand command : Subcommand.ALL) {
            assertThat(overview.indexOf("\n  " + command.name() + " "))
                    .as("%s", command.name())
                    .isGreaterThan(overview.indexOf("\n" + command.group().title() + "\n"));
        }
        assertThat(overview.lines()).allMatch(line -> line.length() <= 80);
    }

    @Test
    void helpPageHasCommandLineAndFlags() {
        assertThat(PAGES.get("help-serve.txt")).contains("llava4j serve [flags]", "--port <N>", "--help");
        assertThat(PAGES.get("help-finetune.txt")).contains("llava4j finetune [flags]", "--data-path <PATH,...>");
    }

    @Test
    void packagedPagesAreComplete() {
        assertThat(PAGES.keySet())
                .allSatisfy(page -> assertThat(LlavaMain.class.getResource("pages/" + page))
                        .as("%s", page)
                        .isNotNull());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "ser | serve",
                "--v | --version",
                "--log-format j | json",
                "--log-format json ser | serve",
                "help pre | pretrain",
                "help hea | health",
                "health --p | --port",
                "completion b | bash",
                "serve --por | --port",
                "serve --port 1 --max-bod | --max-body-mb",
                "serve --log-format t | text",
                "pretrain --data-path da | data.json",
                "inspect --model-path a | a folder",
                "apply-delta --delta-path a | a folder",
            })
    void bashCompletes(String typed, String expected) throws Exception {
        Files.createDirectory(folder.resolve("a folder"));
        Files.writeString(folder.resolve("data.json"), "");
        assertThat(completions(typed)).containsExactly(expected);
    }

    @Test
    void bashCompletesNothingAfterFlagWithNumber() throws Exception {
        assertThat(completions("serve --port ")).isEmpty();
    }

    @Test
    void zshScriptHasEveryFlagWithDescription() {
        assertThat(PAGES.get("llava4j.zsh"))
                .startsWith("#compdef llava4j\n")
                .contains("'serve:OpenAI-compatible server with a web page'")
                .contains("'--port[port (default 8080; 0 for any free one)]:N: '")
                .contains("--mmproj[")
                .contains("'health:" + HealthCheck.SUMMARY + "'");
        // The flags of each of the commands, and those before its name.
        assertThat(PAGES.get("llava4j.zsh").split("'--log-format\\[")).hasSize(Subcommand.ALL.size() + 3);
    }

    private List<String> completions(String typed) throws Exception {
        Path script = Files.writeString(folder.resolve("completion"), PAGES.get("llava4j.bash"));
        Process bash = new ProcessBuilder(
                        "bash",
                        "-c",
                        "source \"$1\"; compopt() { :; }; COMP_WORDS=(llava4j $2); "
                                + "[[ $2 != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
                                + "_llava4j; printf '%s\\n' \"${COMPREPLY[@]}\"",
                        "bash",
                        script.toString(),
                        typed)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String out = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor()).as(out).isZero();
        return out.lines().filter(line -> !line.isEmpty()).toList();
    }
}
