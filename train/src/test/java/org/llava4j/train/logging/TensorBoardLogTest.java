package org.llava4j.train.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.train.logging.TensorBoardEventFile.Event;

class TensorBoardLogTest {
    @TempDir
    private Path folder;

    /** Checks the reader with RFC 3720's value for 32 zero bytes and the common one for digits. */
    @Test
    void readerChecksumIsCrc32c() {
        assertThat(TensorBoardEventFile.crc(new byte[32])).isEqualTo(0x8a9136aa);
        assertThat(TensorBoardEventFile.crc("123456789".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(0xe3069283);
    }

    @Test
    void fileContainsScalarsOfEveryStep() {
        run(0, 1, 300);
        Path file = MonitoringFiles.list(folder).get(0);
        assertThat(file.getFileName().toString()).matches("events\\.out\\.tfevents\\.\\d{10}\\..+");
        List<Event> events = TensorBoardEventFile.read(file);
        assertThat(events.get(0).version()).isEqualTo("brain.Event:2");
        assertThat(events.subList(1, events.size()))
                .hasSize(301)
                .allMatch(event -> event.version() == null && event.sessionStatus() == 0);
        Event step = events.get(200);
        assertThat(step.step()).isEqualTo(200);
        assertThat(step.wallTime() * 1000).isBetween(System.currentTimeMillis() - 6e4, System.currentTimeMillis() + 1.);
        Progress progress = ProgressSamples.progress(200, 300, 0);
        assertThat(step.scalars())
                .containsOnlyKeys(
                        "loss",
                        "smoothed_loss",
                        "learning_rate",
                        "grad_norm",
                        "tokens_per_second",
                        "padding",
                        "target_tokens",
                        "rss_mb")
                .containsEntry("loss", (float) progress.step().loss())
                .containsEntry("learning_rate", (float) progress.step().learningRate())
                .containsEntry("target_tokens", 0.25f)
                .containsEntry("rss_mb", 1392f);
        assertThat(events.get(301).scalars())
                .containsEntry("validation_loss", 1.5f)
                .containsEntry("validation_accuracy", 0.75f);
    }

    @Test
    void resumedRunStartsNewSession() {
        run(0, 1, 120);
        run(100, 101, 150);
        run(140, 141, 160);
        List<Path> files = MonitoringFiles.list(folder);
        assertThat(files).hasSize(3);
        TreeSet<Long> kept = new TreeSet<>();
        for (Path file : files) {
            for (Event event : TensorBoardEventFile.read(file)) {
                if (event.sessionStatus() == 1) {
                    kept.tailSet(event.step()).clear();
                }
                if (event.scalars().containsKey("loss")) {
                    assertThat(kept.add(event.step()))
                            .as("step " + event.step())
                            .isTrue();
                }
            }
        }
        assertThat(kept)
                .containsExactlyElementsOf(
                        IntStream.rangeClosed(1, 160).mapToObj(Long::valueOf).toList());
    }

    /** As if the clock was set back by an hour between two processes of a run. */
    @Test
    void fileOfResumedRunSortsLastAfterClockIsSetBack() throws IOException {
        run(0, 1, 2);
        Path first = MonitoringFiles.list(folder).get(0);
        long seconds = System.currentTimeMillis() / 1000 + 3600;
        Files.move(first, folder.resolve("events.out.tfevents." + seconds + ".host"));
        run(2, 3, 4);
        assertThat(MonitoringFiles.list(folder))
                .extracting(file -> file.getFileName().toString().split("\\.")[3])
                .containsExactlyInAnyOrder("" + seconds, "" + (seconds + 1));
    }

    @Test
    void readerDetectsChangedByte() throws IOException {
        run(0, 1, 2);
        Path file = MonitoringFiles.list(folder).get(0);
        byte[] bytes = Files.readAllBytes(file);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= 4;
            Files.write(file, bytes);
            assertThatThrownBy(() -> TensorBoardEventFile.read(file)).isInstanceOf(RuntimeException.class);
            bytes[i] ^= 4;
        }
    }

    @Test
    void runWithoutStepWritesNoFile() {
        TensorBoardLog log = new TensorBoardLog();
        log.trainingStarted(ProgressSamples.start(folder, 10, 0));
        log.trainingEnded();
        assertThat(MonitoringFiles.list(folder)).isEmpty();
    }

    private void run(int done, int first, int last) {
        TensorBoardLog log = new TensorBoardLog();
        log.trainingStarted(ProgressSamples.start(folder, 300, done));
        for (int step = first; step <= last; step++) {
            log.stepDone(ProgressSamples.progress(step, 300, 0));
        }
        if (last == 300) {
            log.validated(300, new ValidationResult(1.5, 0.75));
        }
        log.trainingEnded();
    }
}
