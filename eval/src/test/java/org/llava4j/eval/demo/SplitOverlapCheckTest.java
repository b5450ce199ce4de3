package org.llava4j.eval.demo;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;

/** The split-overlap check on fresh datasets, and on datasets with an overlap planted in them. */
class SplitOverlapCheckTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path temp;

    private Path dataset;

    @BeforeEach
    void write() {
        dataset = write(5, 2, 2, 4);
    }

    private Path write(long seed, int trainPerKind, int testPerKind, int captions) {
        Path folder = temp.resolve("dataset" + seed + "-" + trainPerKind);
        SyntheticDatasetWriter.write(
                new SyntheticDatasetConfig(seed, trainPerKind, 0, testPerKind, captions, false), folder);
        return folder;
    }

    /** Enough problems that many text-only ones would occur twice if they were not sampled again. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7})
    void freshDatasetHasNoOverlap(long seed) {
        SplitOverlapCheck.check(write(seed, 150, 20, 20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"images/train", "captions/images"})
    void testImageAmongTrainingImagesIsFound(String trained) throws IOException {
        Files.copy(
                first(dataset.resolve(trained)),
                first(dataset.resolve("images/test")),
                StandardCopyOption.REPLACE_EXISTING);
        assertRejected("also an image of the training data");
    }

    @Test
    void textOnlyTestProblemInTheTrainSplitIsFound() throws IOException {
        Path file = dataset.resolve("problems.json");
        ObjectNode problems = (ObjectNode) JSON.readTree(file.toFile());
        ObjectNode planted = ((ObjectNode) problems.get(textOnly("train").id())).deepCopy();
        problems.set(textOnly("test").id(), planted.put("split", "test"));
        JSON.writeValue(file.toFile(), problems);
        assertRejected("also in the train split");
    }

    private ScienceQaProblem textOnly(String split) {
        List<ScienceQaProblem> problems = ScienceQaRecordReader.problems(dataset, split);
        return problems.stream()
                .filter(problem -> !problem.hasImage())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void questionOfATestProblemInACaptionIsFound() throws IOException {
        Path file = dataset.resolve("captions/chat.json");
        var captions = JSON.readTree(file.toFile());
        ((ObjectNode) captions.at("/1/conversations/1"))
                .put(
                        "value",
                        "A map. "
                                + ScienceQaRecordReader.problems(dataset, "test")
                                        .get(0)
                                        .question());
        JSON.writeValue(file.toFile(), captions);
        assertRejected("contains the question of a test problem");
    }

    private void assertRejected(String message) {
        assertThatThrownBy(() -> SplitOverlapCheck.check(dataset))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    private static Path first(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).sorted().findFirst().orElseThrow();
        }
    }
}
