package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.split.FileSplit;
import org.datavec.api.writable.Writable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.scienceqa.ScienceQaProblem;

class ScienceQaRecordReaderTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path folder;

    @Test
    void getFollowsOrderOfSplit() throws IOException {
        ObjectNode problems = JSON.createObjectNode();
        problems.set("1", problem("train", "image.png"));
        problems.set("22", problem("val", null));
        problems.set("333", problem("train", null));
        write(problems, "{\"train\": [\"333\", \"1\"], \"val\": [\"22\"], \"none\": []}");
        try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(folder, "train")) {
            assertThat(reader.size()).isEqualTo(2);
            assertThat(reader.get(0).id()).isEqualTo("333");
            ScienceQaProblem first = reader.get(1);
            assertThat(first.id()).isEqualTo("1");
            assertThat(first.question()).isEqualTo("Which is it?");
            assertThat(first.choices()).containsExactly("this", "that");
            assertThat(first.answer()).isEqualTo(1);
            assertThat(first.hint()).isEqualTo("Look.");
            assertThat(first.grade()).isEqualTo("grade2");
            assertThat(first.subject()).isEqualTo("natural science");
            assertThat(first.lecture()).isEqualTo("A lecture.");
            assertThat(first.solution()).isEqualTo("A solution.");
            assertThat(first.split()).isEqualTo("train");
            assertThat(first.hasImage()).isTrue();
            assertThat(ScienceQaRecordReader.image(Path.of("images"), first))
                    .isEqualTo(Path.of("images", "train", "1", "image.png"));
            assertThat(reader.get(0).hasImage()).isFalse();
            List<Writable> record = reader.next();
            assertThat(record.get(0)).hasToString("333");
            assertThat(record.get(3).toInt()).isEqualTo(1);
            assertThat(reader.where(0))
                    .startsWith(folder.resolve("problems.json") + ", ")
                    .endsWith(" (id 333)");
        }
        try (ScienceQaRecordReader none = ScienceQaRecordReader.open(folder, "none")) {
            assertThat(none.size()).isZero();
        }
        assertThatThrownBy(() -> ScienceQaRecordReader.problems(folder, "none"))
                .as("the accuracy of an empty split is undefined")
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("split none has no problems");
    }

    @Test
    void initializeFindsFilesInFolder() throws IOException {
        ObjectNode problems = JSON.createObjectNode();
        problems.set("1", problem("train", null));
        write(problems, "{\"train\": [\"1\"]}");
        try (ScienceQaRecordReader reader = new ScienceQaRecordReader("train")) {
            reader.initialize(new FileSplit(folder.toFile()));
            List<String> ids = new ArrayList<>();
            while (reader.hasNext()) {
                ids.add(reader.nextValue().id());
            }
            assertThat(ids).containsExactly("1");
        }
    }

    @Test
    void openReportsSubjectsAndGradesOutsideColumns() throws IOException {
        ObjectNode problems = JSON.createObjectNode();
        problems.set("1", problem("train", null));
        problems.set("2", problem("train", null).put("subject", "Natural Science"));
        problems.set(
                "3", problem("train", null).put("subject", "Natural Science").put("grade", "Grade 3"));
        problems.set("4", problem("train", null).put("grade", "grade13"));
        write(problems, "{\"train\": [\"1\", \"2\", \"3\", \"4\"], \"few\": [\"1\"]}");
        ScienceQaRecordReader.open(folder, "few").close();
        Path file = folder.resolve("problems.json");
        assertThat(ConfigWarnings.in(file)).isEmpty();
        ScienceQaRecordReader.problems(folder, "train");
        assertThat(ConfigWarnings.in(file))
                .singleElement()
                .asString()
                .contains("split \"train\": 2 problems have a subject that no column includes: \"Natural Science\" (2)")
                .contains("2 problems have a grade that no column includes: \"Grade 3\" (1), \"grade13\" (1)");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 2})
    void getRejectsAnswerOutsideChoices(int answer) throws IOException {
        ObjectNode problem = problem("train", null).put("answer", answer);
        assertBad(
                problem, "line 1, entry 0 (id 7): ScienceQA problem 7: answer " + answer + " is outside its 2 choices");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "question",
                "choices",
                "answer",
                "hint",
                "image",
                "grade",
                "subject",
                "lecture",
                "solution",
                "split"
            })
    void getReportsMissingKey(String key) throws IOException {
        ObjectNode problem = problem("train", null);
        problem.remove(key);
        assertBad(problem, "ScienceQA problem 7: \"" + key + "\" is missing");
    }

    @Test
    void getReportsValueOfWrongType() throws IOException {
        assertBad(problem("train", null).put("answer", "1"), "problem 7: \"answer\" must be a whole number");
        assertBad(problem("train", null).put("answer", 1.5), "problem 7: \"answer\" must be a whole number");
        assertBad(problem("train", null).put("choices", "a"), "problem 7: \"choices\" must be a list of texts");
        assertBad(problem("train", null).put("hint", 3), "problem 7: \"hint\" must be a text");
        assertBad(problem("train", null).put("task", 3), "problem 7: \"task\" must be a text");
    }

    @Test
    void openRejectsInconsistentSplits() throws IOException {
        ObjectNode problems = JSON.createObjectNode();
        problems.set("1", problem("train", null));
        write(problems, "{\"train\": [\"1\", \"9\"], \"twice\": [\"1\", \"1\"], \"odd\": [1]}");
        assertBadSplit("train", "names problem 9, which is not in");
        assertBadSplit("twice", "names problem 1 twice");
        assertBadSplit("odd", "\"odd\" must be a list of texts");
        assertBadSplit("test", "has no split \"test\"; it has [train, twice, odd]");
    }

    @Test
    void openReportsMissingAndMalformedFiles() throws IOException {
        assertThatThrownBy(() -> ScienceQaRecordReader.open(folder, "train"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("has no problems.json");
        Files.writeString(folder.resolve("problems.json"), "{\"1\": {}, \n\"1\": {}}");
        Files.writeString(folder.resolve("pid_splits.json"), "{}");
        assertBadSplit("train", "problems.json, line 2, entry 1: problem 1 is duplicate");
        Files.writeString(folder.resolve("problems.json"), "{\"1\": {},\n \"2\": ");
        assertBadSplit("train", "problems.json, line 2: invalid JSON");
        Files.writeString(folder.resolve("problems.json"), "[]");
        assertBadSplit("train", "problems.json, line 1: must be one JSON object");
        Files.writeString(folder.resolve("problems.json"), "{}");
        Files.delete(folder.resolve("pid_splits.json"));
        assertBadSplit("train", folder.resolve("pid_splits.json") + ": no such file");
    }

    private void assertBadSplit(String split, String message) {
        assertThatThrownBy(() -> ScienceQaRecordReader.open(folder, split))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    private void assertBad(ObjectNode problem, String message) throws IOException {
        ObjectNode problems = JSON.createObjectNode();
        problems.set("7", problem);
        write(problems, "{\"train\": [\"7\"]}");
        try (ScienceQaRecordReader reader = ScienceQaRecordReader.open(folder, "train")) {
            assertThatThrownBy(() -> reader.get(0))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(folder.resolve("problems.json").toString())
                    .hasMessageContaining(message);
        }
    }

    private void write(ObjectNode problems, String splits) throws IOException {
        Files.writeString(folder.resolve("problems.json"), problems.toString());
        Files.writeString(folder.resolve("pid_splits.json"), splits);
    }

    private static ObjectNode problem(String split, String image) {
        ObjectNode problem = JSON.createObjectNode();
        problem.put("question", "Which is it?");
        problem.putArray("choices").add("this").add("that");
        problem.put("answer", 1).put("hint", "Look.").put("image", image).put("task", "closed choice");
        problem.put("grade", "grade2").put("subject", "natural science").put("topic", "physics");
        problem.put("category", "Magnets").put("skill", "Compare").put("lecture", "A lecture.");
        return problem.put("solution", "A solution.").put("split", split);
    }
}
