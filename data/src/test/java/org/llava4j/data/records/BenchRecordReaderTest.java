package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.datavec.api.writable.LongWritable;
import org.datavec.api.writable.Text;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.llavabench.BenchContext;
import org.llava4j.data.llavabench.BenchQuestion;

/** Readers of LLaVA-Bench's questions and contexts. */
class BenchRecordReaderTest {
    private static final String QUESTIONS =
            "{\"question_id\": 0, \"image\": \"001.jpg\", \"text\": \"What is it?\", \"category\": \"conv\"}\n"
                    + "{\"question_id\": \"1\", \"image\": \"001.jpg\", \"text\": \"Describe it.\", \"category\": \"detail\"}\n";
    private static final String CONTEXTS = "{\"id\": \"1\", \"image\": \"001.jpg\", \"caption\": \"A dog.\"}\n"
            + "{\"image\": \"2.jpg\", \"captions\": [\"a\", \"b\"], \"instances\": [{\"category\": \"cat\","
            + " \"bbox\": [0.1, 0.2, 0.3, 0.4]}]}\n";

    @TempDir
    private Path temp;

    @Test
    void getReturnsQuestionsAndContexts() throws IOException {
        Path questions = Files.writeString(temp.resolve("q.jsonl"), QUESTIONS);
        List<BenchQuestion> expected = List.of(
                new BenchQuestion(JsonId.of(0), "001.jpg", "What is it?", "conv"),
                new BenchQuestion(JsonId.of("1"), "001.jpg", "Describe it.", "detail"));
        try (BenchQuestionRecordReader reader = BenchQuestionRecordReader.open(questions)) {
            assertThat(List.of(reader.get(0), reader.get(1))).isEqualTo(expected);
        }
        List<BenchContext> contexts = List.of(
                new BenchContext("001.jpg", List.of("A dog."), List.of()),
                new BenchContext("2.jpg", List.of("a", "b"), List.of(new BoundingBox("cat", 0.1, 0.2, 0.3, 0.4))));
        Path file = Files.writeString(temp.resolve("c.jsonl"), CONTEXTS);
        try (BenchContextRecordReader reader = BenchContextRecordReader.open(file)) {
            assertThat(List.of(reader.get(0), reader.get(1))).isEqualTo(contexts);
        }
    }

    @Test
    void writablesKeepTypeOfId() throws IOException {
        Path questions = Files.writeString(temp.resolve("q.jsonl"), QUESTIONS);
        try (BenchQuestionRecordReader reader = BenchQuestionRecordReader.open(questions)) {
            assertThat(reader.next().get(0)).isEqualTo(new LongWritable(0));
            assertThat(reader.next().get(0)).isEqualTo(new Text("1"));
        }
    }

    @Test
    void allRejectsDuplicateIds() throws IOException {
        Path questions = Files.writeString(temp.resolve("q.jsonl"), QUESTIONS + QUESTIONS.replace("\"1\"", "2"));
        assertThatThrownBy(() -> BenchQuestionRecordReader.all(questions))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("question 0 is duplicate, first in " + questions)
                .hasMessageContaining("line 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"[0.1, 0.2, 0.3, 40]", "[-0.1, 0.2, 0.3, 0.4]", "[0.3, 0.2, 0.1, 0.4]"})
    void byImageRejectsBoxesOutsideUnitInterval(String bbox) throws IOException {
        Path contexts = Files.writeString(temp.resolve("c.jsonl"), CONTEXTS.replace("[0.1, 0.2, 0.3, 0.4]", bbox));
        assertThatThrownBy(() -> BenchContextRecordReader.byImage(contexts))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"bbox\" is " + bbox.replace("40", "40.0"))
                .hasMessageContaining("fractions, 0 to 1");
    }

    @Test
    void byImageRejectsDuplicateImages() throws IOException {
        Path contexts = Files.writeString(temp.resolve("c.jsonl"), CONTEXTS.replace("2.jpg", "001.jpg"));
        assertThatThrownBy(() -> BenchContextRecordReader.byImage(contexts))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("the context of image 001.jpg is duplicate");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"question_id\": 1.5}  | line 1, entry 0 (id 1.5): question 1.5: \"question_id\" must be a string or a whole number",
                "{\"question_id\": 1, \"image\": \"a\"}  | \"text\" is missing"
            })
    void getReportsLocationOfInvalidQuestion(String text, String message) throws IOException {
        Path file = Files.writeString(temp.resolve("q.jsonl"), text);
        assertThatThrownBy(() -> BenchQuestionRecordReader.open(file).get(0))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message);
    }

    @Test
    void corruptFilesAreRejectedInOneLine() throws IOException {
        Random random = new Random(8);
        byte[] sound = CONTEXTS.getBytes(StandardCharsets.UTF_8);
        for (int round = 0; round < 400; round++) {
            byte[] damaged = sound.clone();
            damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            Path file = Files.write(temp.resolve("c.jsonl"), damaged);
            try (BenchContextRecordReader reader = BenchContextRecordReader.open(file)) {
                while (reader.hasNext()) {
                    reader.nextValue();
                }
            } catch (BadInputException e) {
                assertThat(e.getMessage()).contains("c.jsonl").doesNotContain("\n");
            }
        }
    }
}
