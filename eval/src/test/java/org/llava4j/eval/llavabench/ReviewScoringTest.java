package org.llava4j.eval.llavabench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.BadInputException;

/** Scoring of review files by {@code judge --reviews}, in the form in which LLaVA publishes them. */
class ReviewScoringTest {
    @TempDir
    private Path temp;

    private static String review(int question, String category, double reference, double candidate) {
        return "{\"id\": %d, \"question_id\": %d, \"answer1_id\": \"x\", \"category\": \"llava_bench_%s\", \"content\": \"..\", \"tuple\": [%s, %s]}\n"
                .formatted(question + 1, question, category, reference, candidate);
    }

    private Path file(String name, String content) throws IOException {
        return Files.writeString(temp.resolve(name), content);
    }

    private JsonNode score(String... names) throws IOException {
        String files = String.join(
                ",",
                Arrays.stream(names).map(name -> temp.resolve(name).toString()).toList());
        JudgeMain.main(new String[] {
            "--reviews", files, "--output-dir", temp.resolve("out").toString()
        });
        return new ObjectMapper().readTree(temp.resolve("out/report.json").toFile());
    }

    private static List<String> rows(JsonNode table) {
        List<String> rows = new ArrayList<>();
        table.get("rows").forEach(row -> {
            List<String> cells = new ArrayList<>();
            row.forEach(cell -> cells.add(cell.textValue()));
            rows.add(String.join(" ", cells));
        });
        return rows;
    }

    @Test
    void publishedReviewsAreScoredByCategory() throws IOException {
        file("one.jsonl", review(0, "conv", 8, 6) + review(1, "detail", 10, 5) + review(2, "conv", 8, 8));
        JsonNode report = score("one.jsonl");
        assertThat(rows(report.at("/tables/0")))
                .containsExactly(
                        "conv 87.5 - 7.0 8.0 2 of 2", "detail 50.0 - 5.0 10.0 1 of 1", "all 73.1 - 6.3 8.7 3 of 3");
    }

    @Test
    void severalFilesHaveMeanAndDeviation() throws IOException {
        file("one.jsonl", review(0, "conv", 10, 6) + review(1, "complex", 10, 8));
        file("two.jsonl", review(0, "conv", 10, 8) + review(1, "complex", 10, 8));
        JsonNode report = score("one.jsonl", "two.jsonl");
        assertThat(rows(report.at("/tables/0")))
                .containsExactly(
                        "conv 70.0 14.1 7.0 10.0 2 of 2",
                        "complex 80.0 0.0 8.0 10.0 2 of 2",
                        "all 75.0 7.1 7.5 10.0 4 of 4");
        assertThat(rows(report.at("/tables/1")))
                .containsExactly("one.jsonl 60.0 80.0 70.0", "two.jsonl 80.0 80.0 80.0");
    }

    @Test
    void unparsedReviewsHaveNoScore() throws IOException {
        file(
                "one.jsonl",
                review(0, "conv", 10, 6) + review(1, "conv", -1, -1)
                        + "{\"question_id\": \"b\", \"category\": \"conv\", \"problem\": \"empty\"}\n");
        JsonNode report = score("one.jsonl");
        assertThat(rows(report.at("/tables/0"))).contains("conv 60.0 - 6.0 10.0 1 of 3");
        assertThat(rows(report.at("/tables/2")))
                .containsExactly(
                        "one.jsonl question 1 the scores -1.0 and -1.0 are not within 1 to 10",
                        "one.jsonl question b empty");
    }

    @Test
    void repeatsOfOurOwnReviewFileAreRepeats() throws IOException {
        String line =
                "{\"question_id\":0,\"category\":\"conv\",\"repeat\":%d,\"swapped\":%s,\"content\":\"\",\"tuple\":[8,%d]}\n";
        file("reviews.jsonl", line.formatted(1, false, 4) + line.formatted(1, true, 8) + line.formatted(2, false, 8));
        assertThat(rows(score("reviews.jsonl").at("/tables/0"))).contains("conv 87.5 17.7 6.7 8.0 3 of 3");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "{\"question_id\": 1",
                "{\"category\": \"conv\", \"tuple\": [1, 2]}",
                "{\"question_id\": 1, \"tuple\": [1, 2]}",
                "{\"question_id\": 1, \"category\": \"conv\"}",
                "{\"question_id\": 1, \"category\": \"conv\", \"tuple\": [1]}",
                "{\"question_id\": 1, \"category\": \"conv\", \"tuple\": [1, \"2\"]}",
                "{\"question_id\": 1, \"category\": \"conv\", \"tuple\": [-1, -1]}",
            })
    void malformedFilesAreRejected(String content) throws IOException {
        file("one.jsonl", content);
        assertThatThrownBy(() -> score("one.jsonl"))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("one.jsonl");
        assertThat(temp.resolve("out")).doesNotExist();
    }

    @Test
    void secondReviewAndFlagsOfAJudgeAreRejected() throws IOException {
        file("one.jsonl", review(0, "conv", 10, 6) + review(0, "conv", 10, 6));
        assertThatThrownBy(() -> score("one.jsonl")).hasMessageContaining("line 2: question 0 has a second review");
        assertThatThrownBy(() -> JudgeMain.main(new String[] {
                    "--reviews",
                    "x",
                    "--model",
                    "m",
                    "--output-dir",
                    temp.resolve("out").toString()
                }))
                .hasMessageContaining("--model has no effect with --reviews");
        assertThatThrownBy(() -> JudgeMain.main(new String[] {
                    "--model", "m", "--output-dir", temp.resolve("out").toString()
                }))
                .hasMessageContaining("--questions is missing");
    }

    /** A damaged file is either read or rejected in one line. */
    @Test
    void damagedFilesNeverEndInAnotherException() throws IOException {
        byte[] bytes = (review(0, "conv", 8, 6) + review(1, "detail", 10, 5)).getBytes(StandardCharsets.UTF_8);
        Random random = new Random(41);
        int rejected = 0;
        for (int round = 0; round < 400; round++) {
            byte[] damaged =
                    random.nextInt(4) == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes.clone();
            for (int i = random.nextInt(3); i >= 0 && damaged.length > 0; i--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt(256);
            }
            Path file = Files.write(temp.resolve("damaged.jsonl"), damaged);
            try {
                PublishedReviews.read(file);
            } catch (BadInputException e) {
                assertThat(e.getMessage()).as("round %d", round).isNotBlank().doesNotContain("\n");
                rejected++;
            }
        }
        assertThat(rejected).isBetween(20, 399);
    }
}
