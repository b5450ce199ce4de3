package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.InputPaths;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.InferenceBackend;
import org.llava4j.eval.predictions.PredictionFile;

/** The goal from a model folder and drawn problems to predictions and a report; the model knows nothing. */
class ScienceQaMainTest {
    private static final Path GOLDEN = Path.of(System.getProperty("llava4j.root"), "resources/golden");

    @TempDir
    private Path temp;

    private Path model() throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        String config = Files.readString(GOLDEN.resolve("f_e2e/stage2_out/config.json"));
        assertThat(config).contains("../a_clip56");
        Files.writeString(
                folder.resolve("config.json"),
                config.replace(
                        "../a_clip56",
                        GOLDEN.resolve("a_clip56").toAbsolutePath().toString()));
        Files.copy(GOLDEN.resolve("f_e2e/stage1_init.safetensors"), folder.resolve("model.safetensors"));
        Files.copy(GOLDEN.resolve("e_spm/tokenizer.model"), folder.resolve("tokenizer.model"));
        return folder;
    }

    @Test
    void everyProblemIsAnsweredGradedAndReported() throws IOException {
        Path world = temp.resolve("world");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 1, 0, false), world);
        Path output = temp.resolve("out");
        ScienceQaMain.main(new String[] {
            "--model-path",
            model().toString(),
            "--data-path",
            world.toString(),
            "--output-dir",
            output.toString(),
            "--conv-mode",
            "v1",
            "--prompt-format",
            "A",
            "--max-new-tokens",
            "3"
        });
        JsonNode report =
                new ObjectMapper().readTree(output.resolve("report.json").toFile());
        assertThat(report.get("accuracy").doubleValue()).isBetween(0.0, 1.0);
        int problems = new ObjectMapper()
                .readTree(world.resolve("problems.json").toFile())
                .size();
        assertThat(PredictionFile.read(output.resolve("predictions.jsonl"))).hasSize(problems);
        assertThat(output.resolve("report.html")).isNotEmptyFile();
        assertThat(output.resolve("result.json")).isNotEmptyFile();
    }

    @Test
    void aModelThatDoesNotNameItsTemplateNeedsOne() throws IOException {
        String[] args = {
            "--model-path", model().toString(),
            "--data-path", temp.toString(),
            "--output-dir", temp.resolve("out").toString()
        };
        assertThatThrownBy(() -> ScienceQaMain.main(args))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--conv-mode");
    }

    @Test
    void anUnknownFlagIsNamed() {
        assertThatThrownBy(() -> ScienceQaMain.main(new String[] {"--model-pth", "x"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("model-pth");
    }

    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny/llava");

    private Path world() {
        Path world = temp.resolve("world");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 3, 0, 3, 0, false), world);
        return world;
    }

    private String[] args(Path world, String output, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path", TINY.toString(),
                "--data-path", world.toString(),
                "--output-dir", temp.resolve(output).toString(),
                "--batch-size", "4",
                "--max-new-tokens", "24"));
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private JsonNode asked(Path world, String output, String... more) throws IOException {
        ScienceQaMain.main(args(world, output, more));
        return new ObjectMapper()
                .readTree(temp.resolve(output).resolve("report.json").toFile());
    }

    @Test
    void whatIsShownDecides() throws IOException {
        Path world = world();
        JsonNode all = asked(world, "all", "--prompt-format", "A");
        JsonNode none = asked(world, "none", "--prompt-format", "A", "--show", "no-image");
        JsonNode other = asked(world, "other", "--prompt-format", "A", "--show", "other-image");
        asked(world, "context", "--prompt-format", "A", "--show", "no-context");
        assertThat(all.at("/columns/IMG").doubleValue()).isGreaterThan(0.8);
        assertThat(none.at("/columns/IMG").doubleValue()).isLessThan(0.7);
        assertThat(other.at("/columns/IMG").doubleValue()).isLessThan(0.7);
        assertThat(all.get("specification_sha256")).isNotEqualTo(none.get("specification_sha256"));
        assertThat(all.at("/specification/model sha256").textValue()).hasSize(64);
        assertThat(all.at("/groups/By topic").size()).isGreaterThan(1);
        assertThat(all.at("/tables/0/heading").textValue()).isEqualTo("Letters");
        for (String file : List.of("report.html", "report.md", "report.tex", "result.json", "predictions.jsonl")) {
            assertThat(temp.resolve("all").resolve(file)).isNotEmptyFile();
        }
        assertThat(temp.resolve("all/report.md")).content().contains("| **This run** |", "| LLaVA 13B |");
        assertThat(temp.resolve("all/report.tex")).content().contains("\\begin{tabular}{lrrrrrrrrr}", "LLaVA 13B &");
        assertThat(temp.resolve("all/report.html")).content().contains("By topic", "said A", "data:image/png;base64,");
    }

    @Test
    void anInterruptedRunGoesOnAndSaysTheSame() throws IOException {
        Path world = world();
        String[] how = {"--prompt-format", "A", "--temperature", "1.2", "--seed", "3"};
        asked(world, "whole", how);
        Path image = lastImage(world);
        byte[] bytes = Files.readAllBytes(image);
        Files.delete(image);
        assertThatThrownBy(() -> asked(world, "cut", how))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("there is no image");
        Path journal = temp.resolve("cut/answers.partial.jsonl");
        long lines = Files.readAllLines(journal).size();
        assertThat(lines).as("answers were kept").isGreaterThan(3);
        assertThat(temp.resolve("cut/predictions.jsonl")).doesNotExist();
        // Killed in the middle of a line.
        Files.writeString(journal, "{\"1\":\"The ans", StandardOpenOption.APPEND);
        Files.write(image, bytes);
        assertThatThrownBy(() -> asked(world, "cut", "--prompt-format", "LEA"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("other settings");
        asked(world, "cut", how);
        assertThat(journal).doesNotExist();
        assertThat(temp.resolve("cut/predictions.jsonl"))
                .hasSameTextualContentAs(temp.resolve("whole/predictions.jsonl"));
        assertThat(temp.resolve("cut/result.json")).hasSameTextualContentAs(temp.resolve("whole/result.json"));
    }

    @Test
    void answersStayInTheJournalUntilTheReportIsWritten() throws IOException {
        Path world = world();
        String[] how = {"--prompt-format", "A", "--max-problems", "5"};
        Path blocked = temp.resolve("blocked/report.html");
        InferenceBackend meanwhile = (goal, line) -> {
            AtomicFile.writeString(blocked, "a stranger's");
            return InferenceBackend.LOCAL.open(goal, line);
        };
        assertThatThrownBy(() -> new ScienceQaMain(meanwhile).execute(args(world, "blocked", how)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("report.html");
        assertThat(blocked).hasContent("a stranger's");
        Path journal = temp.resolve("blocked/answers.partial.jsonl");
        assertThat(journal).content().contains("The answer is ");
        // The next run takes its answers from the journal.
        Files.writeString(journal, Files.readString(journal).replace("The answer is ", "The journal says "));
        Files.delete(blocked);
        asked(world, "blocked", how);
        assertThat(temp.resolve("blocked/predictions.jsonl")).content().contains("The journal says ");
        assertThat(journal).doesNotExist();
    }

    @Test
    void filesOfOthersAndFoldersThatAreReadAreRefused() throws IOException {
        Path world = world();
        Path report = Files.createDirectories(temp.resolve("other")).resolve("report.html");
        Files.writeString(report, "a stranger's");
        assertThatThrownBy(() -> asked(world, "other"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("holds report.html");
        assertThat(report).hasContent("a stranger's");
        assertThatThrownBy(() -> asked(world, "world")).hasMessageContaining("is also an input");
        assertThatThrownBy(() -> asked(world, "world/results")).hasMessageContaining("lies inside");
        try (OutputFolder running = OutputFolder.open(temp.resolve("busy"), "scienceqa", InputPaths.of(), List.of())) {
            assertThatThrownBy(() -> asked(world, "busy")).hasMessageContaining("written by another run");
            assertThat(running.path().resolve("answers.partial.jsonl")).doesNotExist();
        }
    }

    private static Path lastImage(Path world) {
        List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(world, "test").stream()
                .filter(ScienceQaProblem::hasImage)
                .toList();
        return ScienceQaRecordReader.image(world.resolve("images"), problems.get(problems.size() - 1));
    }

    @Test
    void reasonsAndAnswerComeInTwoPasses() throws IOException {
        Path world = world();
        asked(world, "two", "--prompt-format", "LEPA", "--max-problems", "6");
        assertThat(PredictionFile.read(temp.resolve("two/predictions.jsonl")).values())
                .hasSize(6)
                .allSatisfy(prediction -> {
                    assertThat(prediction.text()).contains("\n The answer is ");
                    assertThat(prediction.text()).doesNotContain("###");
                });
    }

    @Test
    void lettersAloneAndSolvedProblemsAheadAreAskedFor() throws IOException {
        Path world = world();
        asked(world, "letter", "--prompt-format", "LETTER", "--max-problems", "5", "--shots", "1");
        assertThat(PredictionFile.read(temp.resolve("letter/predictions.jsonl")).values())
                .hasSize(5)
                .allSatisfy(prediction -> assertThat(prediction.prompt()).contains("option's letter"));
        assertThatThrownBy(() -> asked(world, "many", "--shots", "999"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("999 are wanted");
        assertThatThrownBy(() -> asked(world, "odd", "--show", "half"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("no-image");
    }
}
