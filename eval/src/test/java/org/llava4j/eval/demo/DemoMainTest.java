package org.llava4j.eval.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.world.Kind;
import org.llava4j.data.world.WorldPlan;
import org.llava4j.data.world.WorldWriter;
import org.llava4j.eval.scienceqa.OtherImages;

/** The demo in its shortest form, from the shipped base: all its parts run, though nothing is learned. */
class DemoMainTest {
    private static final Path ROOT = Path.of(System.getProperty("llava4j.root"));

    @TempDir
    private Path temp;

    private Path demo(String name) {
        Path output = temp.resolve(name);
        List<String> args = new ArrayList<>(List.of("--output-dir", output.toString()));
        args.addAll(List.of("--base", ROOT.resolve("resources/tiny/base").toString()));
        args.addAll(List.of("--train-per-kind", "4", "--test-per-kind", "4", "--captions", "32"));
        args.addAll(List.of("--pretrain-steps", "2", "--finetune-steps", "2"));
        DemoMain.main(args.toArray(String[]::new));
        return output;
    }

    @Test
    void theReportHasEveryNumberAndTheSameSeedTheSameOnes() throws IOException {
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
        assertThat(report.get("kinds").properties()).hasSize(7);
        assertThat(report.get("columns").properties()).hasSize(9);
        assertThat(report.get("seconds").doubleValue()).isPositive();
        assertThat(report.get("loss").properties()).hasSize(3);
        assertThat(Files.readString(temp.resolve("one/report.html")))
                .contains("after both stages", "data:image/", "without stage 1");

        ObjectNode again = report(demo("two"));
        for (ObjectNode json : List.of(report, again)) {
            json.remove(List.of("seconds", "timings"));
        }
        assertThat(again).isEqualTo(report);
    }

    private static ObjectNode report(Path output) throws IOException {
        JsonNode json =
                new ObjectMapper().readTree(output.resolve("report.json").toFile());
        return (ObjectNode) json;
    }

    @Test
    void anotherImageIsOneOfTheSameKindAndEachIsShownOnce() {
        Path world = temp.resolve("world");
        WorldWriter.write(new WorldPlan(5, 0, 0, 6, 0, false), world);
        List<ScienceQaProblem> problems = new ArrayList<>();
        try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(world, "test")) {
            for (int i = 0; i < reader.size(); i++) {
                problems.add(reader.get(i));
            }
        }
        var others = OtherImages.of(problems, problem -> Kind.of(problem).label(), 5);
        List<ScienceQaProblem> pictured =
                problems.stream().filter(ScienceQaProblem::hasImage).toList();
        assertThat(others).hasSameSizeAs(pictured);
        assertThat(others.values()).doesNotHaveDuplicates();
        for (ScienceQaProblem problem : pictured) {
            assertThat(others.get(problem.id()).id()).isNotEqualTo(problem.id());
            assertThat(Kind.of(others.get(problem.id()))).isEqualTo(Kind.of(problem));
        }
    }

    @Test
    void aHeldOutPictureThatWasLearnedFromStopsTheDemo() throws IOException {
        Path world = temp.resolve("world");
        WorldWriter.write(new WorldPlan(5, 2, 0, 2, 4, false), world);
        SeparateSplits.check(world);
        Files.copy(
                first(world.resolve("images/train")),
                first(world.resolve("images/test")),
                StandardCopyOption.REPLACE_EXISTING);
        assertThatThrownBy(() -> SeparateSplits.check(world))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("also an image of the training data");
    }

    private static Path first(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
    }

    @Test
    void badInputIsNamedAndNothingIsLeft() throws IOException {
        String output = temp.resolve("out").toString();
        assertThatThrownBy(() -> DemoMain.main(new String[] {"--output-dir", output, "--base", "nowhere"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("nowhere");
        assertThatThrownBy(() -> DemoMain.main(new String[] {"--output-dir", output, "--test-per-kind", "1"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("two of each kind");
        try (Stream<Path> left = Files.list(temp)) {
            assertThat(left).isEmpty();
        }
    }
}
