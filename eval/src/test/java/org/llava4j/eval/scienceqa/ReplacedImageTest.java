package org.llava4j.eval.scienceqa;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.RecordExecutor;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.eval.AfterBatch;
import org.llava4j.eval.report.Report;
import org.llava4j.model.generate.DecodingOptions;

/** Images of a ScienceQA evaluation that are replaced before a resume or during the run. */
class ReplacedImageTest {
    private static final Path TINY = Path.of(System.getProperty("llava4j.root"), "resources/tiny/llava");

    @TempDir
    private Path temp;

    private SmallEvaluation evaluation;
    private Path dataset;
    private Path journal;
    private List<Path> images;

    @BeforeEach
    void writeDataset() {
        evaluation = SmallEvaluation.in(temp);
        dataset = evaluation.dataset();
        journal = evaluation.journal();
        images = ScienceQaRecordReader.problems(dataset, "test").stream()
                .filter(ScienceQaProblem::hasImage)
                .map(problem -> ScienceQaRecordReader.image(dataset.resolve("images"), problem))
                .toList();
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertRefused(RecordExecutor executor) {
        return evaluation.assertRefused(executor, TINY);
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
        evaluation.interrupt(TINY);
        byte[] answers = Files.readAllBytes(journal);
        replace(last());
        assertRefused(RecordExecutor.LOCAL)
                .hasMessageContaining(journal.toString())
                .hasMessageContaining("\"images sha256\" was ")
                .hasMessageNotContaining("\"data sha256\"");
        assertThat(journal).hasBinaryContent(answers);
        Files.write(last(), before);
        evaluation.run(RecordExecutor.LOCAL, TINY);
        assertThat(evaluation.output().resolve("report.json")).content().contains("\"images sha256\"");
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
        evaluation.run(RecordExecutor.LOCAL, TINY);
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
        Report report = Report.titled("no image");
        evaluation.describe(report, evaluation.inputs());
        assertThat(report.configuration().general()).containsEntry("images sha256", "none");
    }
}
