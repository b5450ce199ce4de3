package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.train.Trainer;

/** Monitoring files of a run on a full disk ({@code /dev/full}). */
class FullDiskTest {
    private static final Path FULL = Path.of("/dev/full");

    @TempDir
    private Path temp;

    private final List<String> notices = new ArrayList<>();

    @Test
    void guardReportsOnlyFirstFailure() {
        DisplayGuard guard = new DisplayGuard("the page");
        guard.reportTo(notices::add);
        List<Integer> attempts = new ArrayList<>();
        guard.attempt(() -> attempts.add(1));
        guard.attempt(() -> {
            attempts.add(2);
            throw new UncheckedIOException(new IOException("No space left on device"));
        });
        guard.attempt(() -> attempts.add(3));
        assertThat(attempts).containsExactly(1, 2);
        assertThat(notices)
                .containsExactly("cannot write the page (IOException: No space left on device); the run continues"
                        + " without it");
    }

    @Test
    void tensorBoardIsReportedOnce() {
        follow(new TensorBoardLog());
        assertThat(notices).hasSize(1).first().asString().startsWith("cannot write TensorBoard's events");
    }

    @Test
    void uiLogIsReportedOnce() throws IOException {
        follow(new UiListenerLog(FULL));
        assertThat(notices).hasSize(1).first().asString().startsWith("cannot write the UI log /dev/full");
        notices.clear();
        Path file = Files.writeString(temp.resolve("file"), "in the way");
        follow(new UiListenerLog(file.resolve("ui.log")));
        assertThat(notices).hasSize(1).first().asString().startsWith("cannot write the UI log " + file);
    }

    @Test
    void brokenLogIsReportedOnceByPage() throws IOException {
        Path folder = Files.createDirectory(temp.resolve("run"));
        Files.writeString(folder.resolve(MetricsLog.FILE), "{broken");
        follow(new RunPage(), folder);
        assertThat(notices).hasSize(1).first().asString().startsWith("cannot write the page run.html");
    }

    /** The log is part of checkpoints and output: no line is lost, and flush fails if it cannot be written. */
    @Test
    void logKeepsLinesUntilWritable() throws IOException {
        Path file = Files.createSymbolicLink(temp.resolve(MetricsLog.FILE), FULL);
        try (MetricsLog log = MetricsLog.of(file, notices::add)) {
            log.stepDone(ProgressSamples.progress(1, 9, 0));
            log.validated(1, new ValidationResult(1.5, null));
            log.stepDone(ProgressSamples.progress(2, 9, 0));
            assertThat(notices)
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("No space left")
                    .contains("kept in memory");
            assertThatThrownBy(log::flush)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("cannot write " + file);
            Files.delete(file);
            log.flush();
            log.stepDone(ProgressSamples.progress(3, 9, 0));
        }
        assertThat(Files.readAllLines(file)).hasSize(4);
        assertThat(MetricsLog.steps(file)).extracting(Trainer.Step::step).containsExactly(1, 2, 3);
    }

    @Test
    void closeFailsIfLogIsNotWritable() throws IOException {
        Path file = Files.createSymbolicLink(temp.resolve(MetricsLog.FILE), FULL);
        MetricsLog log = MetricsLog.of(file, notices::add);
        log.stepDone(ProgressSamples.progress(1, 9, 0));
        assertThatThrownBy(log::close).isInstanceOf(BadInputException.class).hasMessageContaining("is the disk full?");
    }

    /** Copying to the output requires the log, but not the display files. */
    @Test
    void copySkipsUnwritableDisplayFile() throws IOException {
        Path from = Files.createDirectory(temp.resolve("from"));
        Path to = Files.createDirectory(temp.resolve("to"));
        Files.writeString(from.resolve(MetricsLog.FILE), "{}");
        Files.writeString(from.resolve(RunPage.FILE), "page");
        Files.createDirectories(to.resolve(RunPage.FILE + "/in the way"));
        MonitoringFiles.copy(from, to, notices::add);
        assertThat(to.resolve(MetricsLog.FILE)).hasContent("{}");
        assertThat(notices).hasSize(2);
        assertThatThrownBy(() -> MonitoringFiles.copy(from, to, notices::add))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(MetricsLog.FILE);
    }

    private void follow(TrainingListener display) {
        follow(display, temp.resolve("missing"));
    }

    private void follow(TrainingListener display, Path folder) {
        display.trainingStarted(ProgressSamples.start(folder, 3, 0, notices::add));
        for (int step = 1; step <= 3; step++) {
            display.stepStarted(0, step);
            display.stepDone(ProgressSamples.progress(step, 3, 10_000L * step));
        }
        display.validated(3, new ValidationResult(1.5, null));
        display.trainingEnded();
    }
}
