package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;
import org.llava4j.eval.AfterBatch;
import org.llava4j.eval.report.Report;
import org.llava4j.model.generate.DecodingOptions;

/** Images of a ScienceQA evaluation that are replaced before a resume or during the run. */
class ReplacedImageTest {
    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny/llava");

    @TempDir
    private Path temp;

    private Path dataset;
    private Path journal;
    private List<Path> images;

    @BeforeEach
    void writeDataset() {
        dataset = temp.resolve("dataset");
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(3, 1, 0, 2, 0, false), dataset);
        journal = temp.resolve("out/answers.partial.jsonl");
        images = ScienceQaRecordReader.problems(dataset, "test").stream()
                .filter(ScienceQaProblem::hasImage)
                .map(problem -> ScienceQaRecordReader.image(dataset.resolve("images"), problem))
                .toList();
    }

    private void evaluate(RecordExecutor executor, String... more) {
        List<String> args = new ArrayList<>(List.of(
                "--model-path",
                TINY.toString(),
                "--data-path",
                dataset.toString(),
                "--output-dir",
                temp.resolve("out").toString(),
                "--prompt-format",
                "A",
                "--batch-size",
                "2",
                "--max-new-tokens",
                "4"));
        args.addAll(List.of(more));
        new ScienceQaMain(executor).execute(args.toArray(String[]::new));
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(RecordExecutor executor, String... more) {
        AbstractThrowableAssert<?, ? extends Throwable> refused = assertThatThrownBy(() -> evaluate(executor, more))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageNotContaining("\n");
        assertThat(temp.resolve("out/predictions.jsonl")).doesNotExist();
        assertThat(temp.resolve("out/report.json")).doesNotExist();
        return refused;
    }

    private void interrupt() {
        assertRefused(new AfterBatch(1, () -> {
                    throw new BadInputException("interrupted");
                }))
                .hasMessageContaining("interrupted");
        assertThat(journal).exists();
    }

    private Path last() {
        return images.get(images.size() - 1);
    }

    /** Replaces an image by another one of the dataset. */
    private void replace(Path image) {
        try {
            byte[] before = Files.readAllBytes(image);
            for (Path other : images) {
                byte[] bytes = Files.readAllBytes(other);
                if (!Arrays.equals(bytes, before)) {
                    Files.write(image, bytes);
                    return;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        throw new IllegalStateException("all images are equal");
    }

    @Test
    void resumeRefusesReplacedImage() throws IOException {
        byte[] before = Files.readAllBytes(last());
        interrupt();
        byte[] answers = Files.readAllBytes(journal);
        replace(last());
        assertRefused(RecordExecutor.LOCAL)
                .hasMessageContaining(journal.toString())
                .hasMessageContaining("\"images sha256\" was ")
                .hasMessageNotContaining("\"data sha256\"");
        assertThat(journal).hasBinaryContent(answers);
        Files.write(last(), before);
        evaluate(RecordExecutor.LOCAL);
        assertThat(temp.resolve("out/report.json")).content().contains("\"images sha256\"");
    }

    @Test
    void answersAboutImageReplacedDuringRunDoNotReachJournal() throws IOException {
        byte[] before = Files.readAllBytes(last());
        assertRefused(new AfterBatch(1, () -> replace(last())))
                .hasMessageContaining(last() + " has changed since the command started");
        String answers = Files.readString(journal);
        assertThat(answers).doesNotContain("\"" + last().getParent().getFileName() + "\":");
        // The journal has answers about the former images only, so restoring them is enough.
        Files.write(last(), before);
        evaluate(RecordExecutor.LOCAL);
        assertThat(journal).doesNotExist();
    }

    @Test
    void imageReplacedAfterItsAnswerIsRefusedBeforeResultsAreWritten() {
        int batches = (ScienceQaRecordReader.problems(dataset, "test").size() + 1) / 2;
        assertRefused(new AfterBatch(batches, () -> replace(images.get(0))))
                .hasMessageContaining(images.get(0) + " has changed since the command started");
    }

    @Test
    void imagesCountOnlyWhereTheyAreShown() throws IOException {
        Files.delete(last());
        assertRefused(RecordExecutor.LOCAL).hasMessageContaining("there is no image " + last());
        assertThat(journal).as("refused before the first answer").doesNotExist();
        ScienceQaEvaluation evaluation = new ScienceQaEvaluation(
                dataset,
                "test",
                ScienceQaPrompt.A,
                InputAblation.NO_IMAGE,
                0,
                2,
                DecodingOptions.greedy(4),
                Integer.MAX_VALUE);
        Report.Builder report = Report.titled("no image");
        evaluation.describe(report, evaluation.inputs());
        assertThat(report.build().configuration().general()).containsEntry("images sha256", "none");
    }
}
