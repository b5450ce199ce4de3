package org.llava4j.train.lint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.JsonInput;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.w3c.dom.Element;

/** The lint command on valid data and on data with each kind of fault. */
class LintDataMainTest {
    private static final List<String> IDS = List.of(
            "good", "twice", "broken", "silent", "missing-slot", "double-slot", "dead", "long", "late", "stray");

    @TempDir
    private Path temp;

    private Path model;
    private Path output;
    private Path data;

    @BeforeEach
    void createModel() {
        model = ModelFolders.llama(temp.resolve("model"));
        output = temp.resolve("lint");
        data = Golden.path("f_e2e/finetune.json");
    }

    private void lint(String... flags) {
        List<String> all = new ArrayList<>(List.of(
                "--model-path", model.toString(),
                "--vision-tower", ModelFolders.TOWER.toString(),
                "--data-path", data.toString(),
                "--image-folder", ModelFolders.IMAGES.toString(),
                "--output-dir", output.toString()));
        all.addAll(List.of(flags));
        LintDataMain.main(all.toArray(new String[0]));
    }

    private JsonNode report() {
        return JsonInput.readObject(output.resolve("lint.json"));
    }

    @Test
    void lintAcceptsValidData() throws IOException {
        lint();
        assertThat(report().get("samples").intValue()).isEqualTo(8);
        assertThat(report().get("valid").intValue()).isEqualTo(8);
        assertThat(report().get("errors").intValue()).isZero();
        assertThat(report().get("layouts")).hasToString("{\"conversations\":8,\"messages\":0}");
        double share = report().get("target_tokens").doubleValue()
                / report().get("positions").doubleValue();
        assertThat(share).isBetween(0.05, 0.95);
        String page = Files.readString(output.resolve("lint.html"));
        assertThat(page)
                .contains("8 samples have conversations")
                .contains("<i>image, 16 tokens</i>", "<b>")
                .doesNotContain("http");
        assertThatCode(() -> lint("--fail-on", "warning")).doesNotThrowAnyException();
    }

    /** A sample for each rule, and a valid one. */
    private void writeSampleForEachRule() throws IOException {
        String picture;
        try (var files = Files.list(ModelFolders.IMAGES)) {
            picture = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".png") || name.endsWith(".jpg"))
                    .sorted()
                    .findFirst()
                    .orElseThrow();
        }
        String good = sample("good", picture, "<image>\\nWhat is it?", "A picture.");
        data = temp.resolve("faults.json");
        Files.writeString(
                data,
                "["
                        + String.join(
                                ",\n",
                                good,
                                sample("twice", picture, "<image>\\nWhat is it?", "A picture."),
                                "{\"id\": \"broken\", \"conversations\": 7}",
                                sample("silent", picture, "<image>\\nWhat is it?", " "),
                                sample("missing-slot", picture, "What is it?", "A picture."),
                                sample("double-slot", picture, "<image> <image> What is it?", "A picture."),
                                sample("dead", "nowhere.png", "<image>\\nWhat is it?", "A picture."),
                                sample("long", picture, "<image>\\nWhat is it?", "word ".repeat(300)),
                                sample("late", picture, "<image>\\n" + "word ".repeat(300), "A picture."),
                                "{\"id\": \"stray\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image> ?\"},"
                                        + "{\"from\": \"gpt\", \"value\": \"Nothing.\"}]}")
                        + "]");
    }

    private static String sample(String id, String image, String question, String answer) {
        return "{\"id\": \"" + id + "\", \"image\": \"" + image
                + "\", \"conversations\": [{\"from\": \"human\", \"value\": \"" + question
                + "\"}, {\"from\": \"gpt\", \"value\": \"" + answer + "\"}]}";
    }

    @Test
    void lintReportsEveryFaultWithItsLocation() throws Exception {
        writeSampleForEachRule();
        assertThatThrownBy(() -> lint("--model-max-length", "128"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("6 errors and 3 warnings in 10 samples; see " + output.resolve("lint.html"))
                .hasMessageNotContaining("\n");
        assertThat(report().get("valid").intValue()).isEqualTo(4);
        Map<String, List<Integer>> lines = Map.of(
                "duplicate", List.of(2),
                "invalid-sample", List.of(3),
                "no-target-tokens", List.of(4, 9),
                "image-count-mismatch", List.of(5, 6),
                "unreadable-image", List.of(7),
                "truncated", List.of(8),
                "stray-image-token", List.of(10));
        lines.forEach((rule, expected) -> {
            JsonNode findings = report().get("rules").get(rule).get("findings");
            assertThat(findings)
                    .as(rule)
                    .extracting(finding -> finding.get("where").textValue())
                    .containsExactlyElementsOf(expected.stream()
                            .map(line -> data + ", line " + line + ", entry " + (line - 1) + " (id " + IDS.get(line - 1)
                                    + ")")
                            .toList());
            assertThat(findings)
                    .as(rule)
                    .extracting(finding -> finding.get("number").intValue() + 1)
                    .containsExactlyElementsOf(expected);
        });
        Element suite = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(output.resolve("lint-junit.xml").toFile())
                .getDocumentElement();
        assertThat(suite.getAttribute("tests")).isEqualTo("7");
        assertThat(suite.getAttribute("failures")).isEqualTo("4");
        assertThat(suite.getElementsByTagName("failure").getLength()).isEqualTo(4);
        assertThat(Files.readString(output.resolve("lint.html"))).contains("<s>");
    }

    /** {@code json.dump} writes one line. */
    @Test
    void lintListsEverySampleOfOneLine() throws IOException {
        writeSampleForEachRule();
        Files.writeString(data, Files.readString(data).replace("\n", " "));
        lint("--model-max-length", "128", "--fail-on", "never");
        assertThat(report().get("rules").get("image-count-mismatch").get("findings"))
                .extracting(finding -> finding.get("where").textValue())
                .containsExactly(data + ", entry 4 (id missing-slot)", data + ", entry 5 (id double-slot)");
        assertThat(Files.readString(output.resolve("lint-junit.xml"))).contains(data + ", entry 6 (id dead): ");
        assertThat(Files.readString(output.resolve("lint.html"))).contains(data + ", entry 6 (id dead)");
    }

    @Test
    void failOnSelectsSeverity() throws IOException {
        writeSampleForEachRule();
        lint("--model-max-length", "128", "--fail-on", "never");
        assertThat(report().get("errors").intValue()).isEqualTo(6);
        assertThatThrownBy(() -> lint("--fail-on", "sometimes"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--fail-on is sometimes; use error, warning or never");
    }

    @Test
    void brokenFileFailsInOneLineWithoutOutput() throws IOException {
        data = Files.writeString(temp.resolve("broken.json"), "[{},\n{]");
        assertThatThrownBy(this::lint)
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("broken.json, line 2: invalid JSON")
                .hasMessageNotContaining("\n");
        assertThat(output).doesNotExist();
    }
}
