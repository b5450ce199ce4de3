package org.llava4j.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.BatchCursor;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class CheckpointManagerTest {
    private static final TrainingTotals.StepCounts STEP_COUNTS =
            new TrainingTotals.StepCounts(1, 1, 0, 0, 1, List.of(1L));

    @TempDir
    private Path temp;

    private final List<String> notices = new ArrayList<>();

    @Test
    void bestSkipsCheckpointCorruptedAfterOpen() throws IOException {
        try (CheckpointManager checkpoints = open(9)) {
            save(checkpoints, 1, 2.0);
            Path second = save(checkpoints, 2, 1.0);
            save(checkpoints, 3, 3.0);
            Files.write(second.resolve("weights.safetensors"), new byte[8]);
            assertThat(checkpoints.best().step()).isEqualTo(1);
            assertThat(notices).hasSize(1).first().asString().contains("weights.safetensors was modified");
        }
    }

    @Test
    void saveKeepsLastAndBestValidCheckpoints() throws IOException {
        try (CheckpointManager checkpoints = open(1)) {
            save(checkpoints, 1, 2.0);
            save(checkpoints, 2, 1.0);
        }
        Path foreign = Files.createDirectory(temp.resolve("checkpoint-00000001"));
        try (CheckpointManager checkpoints = open(1)) {
            save(checkpoints, 3, 3.0);
            save(checkpoints, 4, 3.0);
            assertThat(checkpoints.valid()).extracting(SavedCheckpoint::step).containsExactly(2, 4);
        }
        assertThat(notices)
                .containsExactly(foreign + " is not a valid checkpoint and is skipped: llava4j.json is missing");
        assertThat(foreign).isEmptyDirectory();
    }

    @Test
    void clearRemovesOnlyValidCheckpoints() throws IOException {
        try (CheckpointManager checkpoints = open(1)) {
            save(checkpoints, 1, null);
        }
        Path file = Files.writeString(temp.resolve("checkpoint-00000002"), "mine");
        try (CheckpointManager checkpoints = open(1)) {
            checkpoints.clear();
            assertThat(checkpoints.newest()).isNull();
            assertThat(save(checkpoints, 2, null)).hasFileName("checkpoint-00000002-2");
        }
        assertThat(temp.resolve("checkpoint-00000001")).doesNotExist();
        assertThat(file).hasContent("mine");
    }

    /** A process may be killed between any two renames. */
    @Test
    void openRemovesWhatKilledRunsLeft() throws IOException {
        try (CheckpointManager checkpoints = open(1)) {
            save(checkpoints, 1, null);
        }
        for (String suffix : List.of("part", "finished", "old", "delete")) {
            Path left = Files.createDirectory(temp.resolve(".checkpoint-00000002.1f." + suffix));
            Files.writeString(left.resolve("state.json"), "{}");
        }
        Files.writeString(temp.resolve(".checkpoint-00000002.lock"), "");
        try (CheckpointManager checkpoints = open(1)) {
            assertThat(checkpoints.valid()).extracting(SavedCheckpoint::step).containsExactly(1);
            assertThat(temp).isDirectoryNotContaining("glob:**/.checkpoint-*");
        }
        assertThat(notices).isEmpty();
    }

    /** A kill while a checkpoint is replaced by another one of its step, and one just before a new one is in place. */
    @Test
    void openRecoversFinishedAndPreviousCheckpoints() throws IOException {
        try (CheckpointManager checkpoints = open(3)) {
            for (int step = 1; step <= 3; step++) {
                save(checkpoints, step, null);
            }
        }
        Files.move(temp.resolve("checkpoint-00000001"), temp.resolve(".checkpoint-00000001.1f.former"));
        Files.move(temp.resolve("checkpoint-00000002"), temp.resolve(".checkpoint-00000002.1f.finished"));
        Files.move(temp.resolve("checkpoint-00000003"), temp.resolve(".checkpoint-00000003.1f.part"));
        try (CheckpointManager checkpoints = open(3)) {
            assertThat(checkpoints.valid()).extracting(SavedCheckpoint::step).containsExactly(1, 2, 3);
            assertThat(temp).isDirectoryNotContaining("glob:**/.checkpoint-*");
        }
        assertThat(notices).isEmpty();
    }

    @Test
    void openSkipsCheckpointWithoutTrainerState() throws IOException {
        Path path = temp.resolve("checkpoint-00000001");
        try (AtomicFolder folder = AtomicFolder.begin(path, SavedCheckpoint.KIND)) {
            Files.writeString(folder.path().resolve("state.json"), "{}");
            folder.commit();
        }
        try (CheckpointManager checkpoints = open(1)) {
            assertThat(checkpoints.valid()).isEmpty();
        }
        assertThat(notices)
                .hasSize(1)
                .first()
                .asString()
                .contains("has no totals, data cursor, weight hashes or bad samples");
    }

    @Test
    void readVerifiesHashesOfOlderVersion() throws IOException {
        Path path;
        try (CheckpointManager checkpoints = open(1)) {
            path = save(checkpoints, 1, null);
        }
        StringBuilder hashes = new StringBuilder();
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.toList()) {
                hashes.append(hashes.isEmpty() ? "" : ",")
                        .append("\"" + file.getFileName() + "\": \"" + Sha256.of(file) + "\"");
            }
        }
        Files.writeString(path.resolve("sha256.json"), "{\"files\": {" + hashes + "}}");
        Files.writeString(path.resolve(AtomicFolder.MARKER), "{\"wrote\": \"checkpoint\"}");
        try (CheckpointManager checkpoints = open(1)) {
            assertThat(checkpoints.valid()).extracting(SavedCheckpoint::step).containsExactly(1);
        }
        Files.writeString(path.resolve("added"), "");
        try (CheckpointManager checkpoints = open(1)) {
            assertThat(checkpoints.valid()).isEmpty();
        }
        assertThat(notices).hasSize(1).first().asString().contains("added is unexpected");
    }

    @Test
    void closeUnlocksWithoutFailing() {
        CheckpointManager checkpoints = open(1);
        AtomicFolder.delete(temp);
        checkpoints.close();
        assertThat(notices).isEmpty();
        open(1).close();
        assertThat(temp).as("an empty folder is removed").doesNotExist();
    }

    @Test
    void openRejectsLockedFolder() {
        try (CheckpointManager first = open(1)) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> open(1))
                        .isInstanceOf(BadInputException.class)
                        .hasMessageContaining("is being written by another run");
            }
            assertThat(save(first, 1, null)).isDirectory();
        }
    }

    @Test
    void openReportsUnwritableFolder() throws IOException {
        Files.createDirectory(temp.resolve(".run.lock"));
        assertThatThrownBy(() -> open(1))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("cannot write checkpoints to " + temp);
    }

    private CheckpointManager open(int keep) {
        return CheckpointManager.open(temp, keep, notices::add);
    }

    private static Path save(CheckpointManager checkpoints, int step, Double validation) {
        TrainingTotals totals = TrainingTotals.NONE;
        for (int i = 0; i < step; i++) {
            totals = totals.plus(1, STEP_COUNTS);
        }
        TrainerState state = new TrainerState(
                new Fingerprint(Map.of("learningRate", "0.1")),
                new Fingerprint(Map.of()),
                List.of(),
                new TreeMap<>(),
                BatchCursor.START,
                totals,
                List.of(),
                validation);
        INDArray weight = Nd4j.ones(2);
        CheckpointTensors arrays =
                new CheckpointTensors(Map.of("w", weight), Map.of("w", new INDArray[] {Nd4j.zeros(2), Nd4j.zeros(2)}));
        return checkpoints.save(state, arrays, null);
    }
}
