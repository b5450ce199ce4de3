package org.llava4j.eval.predictions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;

class PredictionFileTest {
    private static final String PUBLISHED_LINE = "{\"question_id\": \"5\", \"prompt\": \"Which?\\nContext: N/A\","
            + " \"text\": \"The answer is B.\", \"answer_id\": \"aYmXk\", \"model_id\": \"LLaVA-13b\", \"metadata\": {}}";

    @TempDir
    Path folder;

    @Test
    void readAcceptsPublishedFormat() throws IOException {
        Path file = Files.writeString(folder.resolve("answers.jsonl"), PUBLISHED_LINE + "\n\n");
        assertThat(PredictionFile.read(file))
                .containsExactly(Map.entry(
                        "5",
                        new Prediction(
                                JsonId.of("5"),
                                "Which?\nContext: N/A",
                                "The answer is B.",
                                "aYmXk",
                                "LLaVA-13b",
                                Map.of())));
    }

    @Test
    void writeKeepsPublishedKeysAndOrder() throws IOException {
        Path file = folder.resolve("out/answers.jsonl");
        PredictionFile.write(
                file, List.of(new Prediction(JsonId.of("5"), "Q", "\"A\"\n", "id", "m", Map.of("seed", 1))));
        assertThat(Files.readString(file))
                .isEqualTo("{\"question_id\":\"5\",\"prompt\":\"Q\",\"text\":\"\\\"A\\\"\\n\","
                        + "\"answer_id\":\"id\",\"model_id\":\"m\",\"metadata\":{\"seed\":1}}\n");
    }

    @Test
    void readReturnsWrittenPredictionsInOrder() {
        List<Prediction> predictions =
                List.of(Prediction.of("9", "ünï\u2028", "The answer is A.", "m"), Prediction.of("10", "b", "B", "m"));
        Path file = folder.resolve("answers.jsonl");
        PredictionFile.write(file, predictions);
        assertThat(PredictionFile.read(file).values()).containsExactlyElementsOf(predictions);
    }

    @Test
    void idsKeepJsonType() throws IOException {
        Path file = folder.resolve("answers.jsonl");
        PredictionFile.write(
                file,
                List.of(Prediction.of(JsonId.of(7), "p", "t", "m"), Prediction.of(JsonId.of("007"), "p", "t", "m")));
        assertThat(Files.readString(file)).contains("{\"question_id\":7,", "{\"question_id\":\"007\",");
        assertThat(PredictionFile.read(file).values())
                .extracting(Prediction::questionId)
                .containsExactly(JsonId.of(7), JsonId.of("007"));
        String number = PUBLISHED_LINE.replace("\"5\"", "5");
        assertRejected(PUBLISHED_LINE + "\n" + number, "line 2: question 5");
        assertRejected(PUBLISHED_LINE.replace("\"5\"", "5.5"), "must be a string or an integer");
        assertRejected(PUBLISHED_LINE.replace("\"prompt\"", "\"text\""), "Duplicate field 'text'");
    }

    @Test
    void answerIdIsDerivedFromContent() {
        Prediction answer = Prediction.of("1", "p", "t", "m");
        assertThat(answer).isEqualTo(Prediction.of("1", "p", "t", "m"));
        assertThat(answer.answerId())
                .isNotEqualTo(Prediction.of("1", "p", "u", "m").answerId());
    }

    @Test
    void readRejectsMalformedLineWithLineNumber() throws IOException {
        assertRejected(PUBLISHED_LINE + "\n{\"question_id\"", "line 2");
        assertRejected("\n\n[]", "line 3");
        assertRejected(PUBLISHED_LINE + "\n{\"question_id\": \"6\"}", "line 2: an answer needs");
        assertRejected(PUBLISHED_LINE + "\n" + PUBLISHED_LINE, "line 2: question 5");
        Files.write(folder.resolve("answers.jsonl"), new byte[] {'{', (byte) 0xff, '\n'});
        assertThatThrownBy(() -> PredictionFile.read(folder.resolve("answers.jsonl")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    void readRejectsMissingFile() {
        assertThatThrownBy(() -> PredictionFile.read(folder.resolve("none.jsonl")))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("none.jsonl");
    }

    private void assertRejected(String content, String reason) throws IOException {
        Path file = Files.writeString(folder.resolve("answers.jsonl"), content);
        assertThatThrownBy(() -> PredictionFile.read(file))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(reason);
    }
}
