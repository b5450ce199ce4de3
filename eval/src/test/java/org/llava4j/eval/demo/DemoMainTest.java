package org.llava4j.eval.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.synthetic.ProblemType;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.scienceqa.ShuffledImages;

/** The demo with minimal sizes, from the shipped base model: runs all parts, without meaningful training. */
class DemoMainTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    @TempDir
    private Path temp;

    private Path demo(String name, String... more) {
        Path output = temp.resolve(name);
        List<String> args = new ArrayList<>(List.of("--output-dir", output.toString()));
        args.addAll(List.of("--base", ROOT.resolve("resources/tiny/base").toString()));
        args.addAll(List.of("--train-per-type", "4", "--test-per-type", "4", "--captions", "32"));
        args.addAll(List.of("--pretrain-steps", "2", "--finetune-steps", "2"));
        args.addAll(List.of(more));
        PrintStream stdout = System.out;
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            DemoMain.main(args.toArray(String[]::new));
        } finally {
            System.setOut(stdout);
        }
        return output;
    }

    @Test
    void reportIsCompleteAndReproducible() throws IOException {
        ObjectNode report = report(demo("one"));
        for (String key : List.of(
                "accuracy",
                "accuracy_before",
                "accuracy_after_stage1",
                "accuracy_shuffled_images",
                "accuracy_without_stage1",
                "chance")) {
            assertThat(report.get(key).doubleValue()).as(key).isBetween(0.0, 1.0);
        }
        assertThat(report.get("accuracy_by_category").properties()).hasSize(7);
        assertThat(report.get("columns").properties()).hasSize(9);
        assertThat(report.get("seconds").doubleValue()).isPositive();
        assertThat(report.get("timings").properties()).hasSize(10);
        assertThat(report.get("loss").properties()).hasSize(3);
        assertThat(report.at("/counts/accuracy_without_stage1").properties()).isNotEmpty();
        assertThat(report.at("/mcnemar/p").doubleValue()).isBetween(0.0, 1.0);
        assertThat(report.at("/mcnemar/difference").doubleValue())
                .isCloseTo(
                        report.get("accuracy").doubleValue()
                                - report.get("accuracy_without_stage1").doubleValue(),
                        within(1e-9));
        assertThat(report.at("/categories/map").properties()).hasSize(2);
        for (String key : List.of("accuracy_before", "accuracy_after_stage1", "accuracy_shuffled_images")) {
            JsonNode counts = report.at("/counts/" + key);
            double unparsed = counts.get("unparsed").doubleValue()
                    / (counts.get("correct").intValue()
                            + counts.get("incorrect").intValue()
                            + counts.get("unparsed").intValue());
            assertThat(report.at("/with_guesses/" + key).doubleValue()
                            - report.get(key).doubleValue())
                    .as("choices: 2 to 5")
                    .isBetween(unparsed / 5 - 1e-9, unparsed / 2 + 1e-9);
        }
        assertThat(report.at("/run_configuration/stage 2.maxSteps").asText()).isEqualTo("2");

        ObjectNode again = report(demo("two"));
        for (ObjectNode json : List.of(report, again)) {
            json.remove(List.of("seconds", "timings"));
        }
        assertThat(again).isEqualTo(report);
    }

    @Test
    void htmlFollowsThePaperAndLongChangesRecipe() throws IOException {
        Path output = demo("long", "--long");
        assertThat(Files.readString(output.resolve("report.html")))
                .containsSubsequence(
                        "Stage 1 trains the projector",
                        "<h2>Ablation of stage 1</h2>",
                        "<h2>Checks</h2>",
                        "<h2>Accuracy by category</h2>",
                        "<h2>Accuracy by category, with and without stage 1</h2>",
                        "<h2>Checks, with guesses for unparsed answers</h2>",
                        "<h2>Training recipe</h2>",
                        "<h2>Time per part</h2>",
                        "<h2>Examples</h2>",
                        "data:image/",
                        "The model without stage 1 answers",
                        "After stage 1 the answer is",
                        "<h2>Training loss</h2>")
                .doesNotContainPattern("[A-Z]\\w+\\[\\w+=");
        assertThat(report(output).at("/run_configuration/stage 2.learningRate").asText())
                .isEqualTo("0.001");
    }

    @Test
    void outputHasStartAndEndOfEachPartAndResult() {
        Path output = demo("screen");
        List<String> lines = printed.toString(StandardCharsets.UTF_8).lines().toList();
        assertThat(lines).hasSize(2 * 10 + 4);
        assertThat(lines.get(0)).isEqualTo("[1/10] write the synthetic dataset");
        assertThat(lines.get(7)).startsWith("[4/10] stage 1: ");
        assertThat(lines.get(20)).startsWith("accuracy after both stages 0.");
        assertThat(lines.get(21)).startsWith("accuracy without stage 1 0.").contains("points, McNemar p = ");
        assertThat(lines.get(22)).startsWith("time: ");
        assertThat(lines.get(23)).isEqualTo("report: " + output.resolve("report.html"));
    }

    private static ObjectNode report(Path output) throws IOException {
        JsonNode json =
                new ObjectMapper().readTree(output.resolve("report.json").toFile());
        return (ObjectNode) json;
    }

    @Test
    void shuffledImagesStayInCategoryAndAreUsedOnce() {
        Path dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(5, 0, 0, 6, 0, false), dataset);
        List<ScienceQaProblem> problems = new ArrayList<>();
        try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(dataset, "test")) {
            for (int i = 0; i < reader.size(); i++) {
                problems.add(reader.get(i));
            }
        }
        var imageSources =
                ShuffledImages.of(problems, problem -> ProblemType.of(problem).label(), 5);
        List<ScienceQaProblem> withImage =
                problems.stream().filter(ScienceQaProblem::hasImage).toList();
        assertThat(imageSources).hasSameSizeAs(withImage);
        assertThat(imageSources.values()).doesNotHaveDuplicates();
        for (ScienceQaProblem problem : withImage) {
            assertThat(imageSources.get(problem.id()).id()).isNotEqualTo(problem.id());
            assertThat(ProblemType.of(imageSources.get(problem.id()))).isEqualTo(ProblemType.of(problem));
        }
    }

    @Test
    void demoRejectsBadInputAndLeavesNoFiles() throws IOException {
        String output = temp.resolve("out").toString();
        assertThatThrownBy(() -> DemoMain.main(new String[] {"--output-dir", output, "--base", "nowhere"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> DemoMain.main(new String[] {"--output-dir", output, "--test-per-type", "1"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("two held-out problems of each category");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }
}
