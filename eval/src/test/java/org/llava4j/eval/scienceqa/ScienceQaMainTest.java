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
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.OutputFolder;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.AfterBatch;
import org.llava4j.eval.predictions.PredictionFile;

/** The command from a model with random weights and a synthetic dataset to predictions and report. */
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
    void evaluationWritesPredictionsResultAndReport() throws IOException {
        Path dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 0, 0, 1, 0, false), dataset);
        Path output = temp.resolve("out");
        ScienceQaMain.main(new String[] {
            "--model-path",
            model().toString(),
            "--data-path",
            dataset.toString(),
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
                .readTree(dataset.resolve("problems.json").toFile())
                .size();
        assertThat(PredictionFile.read(output.resolve("predictions.jsonl"))).hasSize(problems);
        assertThat(output.resolve("report.html")).isNotEmptyFile();
        assertThat(output.resolve("result.json")).isNotEmptyFile();
    }

    @Test
    void evaluationRequiresConversationTemplate() throws IOException {
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
    void evaluationRejectsUnknownFlag() {
        assertThatThrownBy(() -> ScienceQaMain.main(new String[] {"--model-pth", "x"}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("model-pth");
    }

    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny/llava");

    private Path dataset() {
        Path dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 3, 0, 3, 0, false), dataset);
        return dataset;
    }

    private String[] args(Path dataset, String output, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path", TINY.toString(),
                "--data-path", dataset.toString(),
                "--output-dir", temp.resolve(output).toString(),
                "--batch-size", "4",
                "--max-new-tokens", "24"));
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private JsonNode evaluate(Path dataset, String output, String... more) throws IOException {
        ScienceQaMain.main(args(dataset, output, more));
        return new ObjectMapper()
                .readTree(temp.resolve(output).resolve("report.json").toFile());
    }

    @Test
    void inputAblationLowersAccuracy() throws IOException {
        Path dataset = dataset();
        JsonNode all = evaluate(dataset, "all", "--prompt-format", "A");
        JsonNode none = evaluate(dataset, "none", "--prompt-format", "A", "--input-ablation", "no-image");
        JsonNode other = evaluate(dataset, "other", "--prompt-format", "A", "--input-ablation", "shuffled-images");
        evaluate(dataset, "context", "--prompt-format", "A", "--input-ablation", "no-context");
        assertThat(all.at("/columns/IMG").doubleValue()).isGreaterThan(0.8);
        assertThat(none.at("/columns/IMG").doubleValue()).isLessThan(0.7);
        assertThat(other.at("/columns/IMG").doubleValue()).isLessThan(0.7);
        assertThat(all.get("run_configuration_sha256")).isNotEqualTo(none.get("run_configuration_sha256"));
        assertThat(all.at("/run_configuration/model sha256").textValue()).hasSize(64);
        assertThat(all.at("/groups/By topic").size()).isGreaterThan(1);
        assertThat(all.at("/tables/0/heading").textValue()).isEqualTo("Confusion matrix");
        for (String file : List.of("report.html", "report.md", "report.tex", "result.json", "predictions.jsonl")) {
            assertThat(temp.resolve("all").resolve(file)).isNotEmptyFile();
        }
        assertThat(temp.resolve("all/report.md")).content().contains("| **This run** |", "| LLaVA 13B |");
        assertThat(temp.resolve("all/report.tex")).content().contains("\\begin{tabular}{lrrrrrrrrr}", "LLaVA 13B &");
        assertThat(temp.resolve("all/report.html")).content().contains("By topic", "predicted A", "data:image/");
    }

    @Test
    void interruptedRunResumesWithIdenticalOutput() throws IOException {
        Path dataset = dataset();
        String[] flags = {"--prompt-format", "A", "--temperature", "1.2", "--seed", "3"};
        evaluate(dataset, "whole", flags);
        RecordExecutor interrupting = new AfterBatch(4, () -> {
            throw new BadInputException("interrupted");
        });
        assertThatThrownBy(() -> new ScienceQaMain(interrupting).execute(args(dataset, "cut", flags)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("interrupted");
        Path journal = temp.resolve("cut/answers.partial.jsonl");
        long lines = Files.readAllLines(journal).size();
        assertThat(lines).as("answers in the journal").isGreaterThan(3);
        assertThat(temp.resolve("cut/predictions.jsonl")).doesNotExist();
        // As if the process was killed while it wrote a line.
        Files.writeString(journal, "{\"1\":\"The ans", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> evaluate(dataset, "cut", "--prompt-format", "LEA"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("other settings")
                .hasMessageContaining("\"prompt format\" was A and is LEA");
        evaluate(dataset, "cut", flags);
        assertThat(journal).doesNotExist();
        assertThat(temp.resolve("cut/predictions.jsonl"))
                .hasSameTextualContentAs(temp.resolve("whole/predictions.jsonl"));
        assertThat(temp.resolve("cut/result.json")).hasSameTextualContentAs(temp.resolve("whole/result.json"));
    }

    @Test
    void journalIsKeptUntilReportIsWritten() throws IOException {
        Path dataset = dataset();
        String[] flags = {"--prompt-format", "A", "--max-problems", "5"};
        Path blocked = temp.resolve("blocked/report.html");
        RecordExecutor writesForeignFile = new AfterBatch(1, () -> AtomicFile.writeString(blocked, "foreign file"));
        assertThatThrownBy(() -> new ScienceQaMain(writesForeignFile).execute(args(dataset, "blocked", flags)))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("report.html");
        assertThat(blocked).hasContent("foreign file");
        Path journal = temp.resolve("blocked/answers.partial.jsonl");
        assertThat(journal).content().contains("The answer is ");
        // The next run reads its answers from the journal.
        Files.writeString(journal, Files.readString(journal).replace("The answer is ", "The journal says "));
        Files.delete(blocked);
        evaluate(dataset, "blocked", flags);
        assertThat(temp.resolve("blocked/predictions.jsonl")).content().contains("The journal says ");
        assertThat(journal).doesNotExist();
    }

    @Test
    void evaluationRejectsForeignFilesAndInputFolders() throws IOException {
        Path dataset = dataset();
        Path report = Files.createDirectories(temp.resolve("other")).resolve("report.html");
        Files.writeString(report, "foreign file");
        assertThatThrownBy(() -> evaluate(dataset, "other"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("contains report.html");
        assertThat(report).hasContent("foreign file");
        assertThatThrownBy(() -> evaluate(dataset, "dataset")).hasMessageContaining("is also an input");
        assertThatThrownBy(() -> evaluate(dataset, "dataset/results")).hasMessageContaining("lies inside");
        try (OutputFolder running = OutputFolder.open(temp.resolve("busy"), "scienceqa", InputPaths.of(), List.of())) {
            assertThatThrownBy(() -> evaluate(dataset, "busy")).hasMessageContaining("written by another run");
            assertThat(running.path().resolve("answers.partial.jsonl")).doesNotExist();
        }
    }

    @Test
    void lepaGeneratesReasoningAndAnswerInTwoPasses() throws IOException {
        Path dataset = dataset();
        evaluate(dataset, "two", "--prompt-format", "LEPA", "--max-problems", "6");
        assertThat(PredictionFile.read(temp.resolve("two/predictions.jsonl")).values())
                .hasSize(6)
                .allSatisfy(prediction -> {
                    assertThat(prediction.text()).contains("\n The answer is ");
                    assertThat(prediction.text()).doesNotContain("###");
                });
    }

    @Test
    void letterFormatAndFewShotExamplesAreSupported() throws IOException {
        Path dataset = dataset();
        evaluate(dataset, "letter", "--prompt-format", "LETTER", "--max-problems", "5", "--shots", "1");
        assertThat(PredictionFile.read(temp.resolve("letter/predictions.jsonl")).values())
                .hasSize(5)
                .allSatisfy(prediction -> assertThat(prediction.prompt()).contains("option's letter"));
        assertThatThrownBy(() -> evaluate(dataset, "many", "--shots", "999"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--shots asks for 999");
        assertThatThrownBy(() -> evaluate(dataset, "odd", "--input-ablation", "half"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("no-image");
    }

    @Test
    void inputAblationAcceptsFormerNames() {
        assertThat(InputAblation.named("all")).isEqualTo(InputAblation.NONE);
        assertThat(InputAblation.named("other-image")).isEqualTo(InputAblation.SHUFFLED_IMAGES);
    }
}
