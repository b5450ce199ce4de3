package org.llava4j.train.checkpoint;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Fingerprint;
import org.llava4j.data.JsonInput;
import org.llava4j.data.Sha256;
import org.llava4j.data.batch.BadSample;
import org.llava4j.data.batch.BatchCursor;
import org.llava4j.testing.FuzzFile;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;

/** Fuzz target: {@code state.json} of a checkpoint, with a matching hash, and what a resume does with it. */
class TrainerStateFuzzTargetTest {
    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, SavedCheckpoint.STATE, 50);

    @TempDir
    private Path folder;

    static Stream<Arguments> seeds() {
        Fingerprint values = new Fingerprint(Map.of("learningRate", "0.1"));
        TrainerState state = new TrainerState(
                values,
                values,
                List.of(new ParentCheckpoint("checkpoint-00000001", 1, List.of("a was 1 and is 2"))),
                new TreeMap<>(Map.of("layers, frozen", "00")),
                new BatchCursor(1, 2, 3, 1),
                new TrainingTotals(30, 1, 60, 30, 15, 120, 4000, 100, 300L, 900, List.of(100L, 20L), 2.0),
                List.of(new BadSample(7, "data.json, index 7", "no turns")),
                2.5);
        return FuzzSeeds.texts(
                JsonInput.write(state),
                "{\"weightsBefore\":{},\"cursor\":{\"epoch\":0,\"window\":0,"
                        + "\"batch\":0,\"bad\":0},\"totals\":{\"steps\":1,\"badSteps\":0,\"lossSum\":1.0,\"smoothedSum\":1,"
                        + "\"smoothedWeight\":1,\"samples\":4,\"positions\":64,\"padding\":0,\"supervised\":9,\"drawn\":[4]},"
                        + "\"badSamples\":[],\"validation\":1.5,\"stage\":{},\"data\":\"abc\",\"dataWeights\":[]}");
    }

    @MethodSource("seeds")
    @FuzzTest
    void read(byte[] bytes) throws Exception {
        FuzzFile.write(folder.resolve(SavedCheckpoint.STATE), bytes);
        Files.writeString(
                folder.resolve("llava4j.json"),
                "{\"wrote\": \"checkpoint\", \"files\": {\"state.json\": {\"bytes\": " + bytes.length
                        + ", \"sha256\": \"" + Sha256.of(bytes) + "\"}}}");
        ORACLE.accepts(() -> use(SavedCheckpoint.read(folder)));
    }

    private static void use(SavedCheckpoint checkpoint) {
        TrainerState state = checkpoint.state();
        TrainingTotals totals = state.totals();
        boolean valid = checkpoint.step() >= 0
                && totals.badSteps() >= 0
                && totals.badSteps() <= totals.steps()
                && totals.samplesPerSource().stream().allMatch(samples -> samples >= 0)
                && state.cursor().epoch() >= 0
                && state.cursor().window() >= 0
                && state.cursor().batch() >= 0
                && state.cursor().bad() >= 0;
        if (!valid) {
            throw new AssertionError("a resume would count from " + state);
        }
        checkpoint.validationLoss();
        totals.lossLimit(3);
        totals.paddingShare();
        totals.targetTokenShare();
        SortedSet<BadSample> samples = new TreeSet<>(state.badSamples());
        if (!samples.containsAll(state.badSamples())) {
            throw new AssertionError("a resume would lose a sample of " + state);
        }
        new Fingerprint(state.weightsBefore()).differences(new Fingerprint(Map.of("layers, frozen", "01")));
        JsonInput.write(state);
    }
}
