package org.llava4j.eval.predictions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.eval.report.RunConfiguration;

class AnswerJournalTest {
    @TempDir
    private Path temp;

    private AnswerJournal open() {
        return open(Map.of("seed", "1", "images sha256", "aa"));
    }

    private AnswerJournal open(Map<String, String> settings) {
        return AnswerJournal.open(
                temp.resolve("answers.jsonl"), new RunConfiguration(new TreeMap<>(settings), Map.of()));
    }

    @Test
    void completeRejectsDuplicateIds() {
        try (AnswerJournal journal = open()) {
            assertThatThrownBy(() ->
                            journal.complete(List.of("1", "2", "1"), "questions", 2, (batchIndices, onBatch) -> {}))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageContaining("two questions have the id 1");
        }
    }

    @Test
    void openRejectsConflictingAnswersToOneQuestion() throws IOException {
        try (AnswerJournal journal = open()) {
            journal.complete(List.of("1"), "questions", 2, (batchIndices, onBatch) -> onBatch.accept(Map.of("1", "a")));
        }
        Path file = temp.resolve("answers.jsonl");
        Files.writeString(file, "{\"1\":\"a\"}\n", StandardOpenOption.APPEND);
        try (AnswerJournal journal = open()) {
            assertThat(journal.answers()).containsExactly(Map.entry("1", "a"));
        }
        Files.writeString(file, "{\"1\":\"b\"}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(this::open)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("line 4")
                .hasMessageContaining("question 1");
    }

    @Test
    void openNamesSettingsThatDiffer() throws IOException {
        Path file = temp.resolve("answers.jsonl");
        open().close();
        byte[] before = Files.readAllBytes(file);
        assertThatThrownBy(() -> open(Map.of("seed", "1", "images sha256", "bb", "shots", "2")))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining("\"images sha256\" was aa and is bb; \"shots\" was absent and is 2;")
                .hasMessageContaining("delete it to start over");
        assertThat(file).hasBinaryContent(before);
    }

    @Test
    void openRejectsJournalOfEarlierVersion() throws IOException {
        Path file = temp.resolve("answers.jsonl");
        for (String key : new String[] {"specification_sha256", "run_configuration_sha256", "run_configuration"}) {
            String journal = "{\"" + key + "\":\"c0ffee\"}\n{\"1\":\"a\"}\n";
            Files.writeString(file, journal);
            assertThatThrownBy(this::open)
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(file.toString())
                    .hasMessageContaining("earlier versions")
                    .hasMessageContaining("delete it to start over");
            assertThat(file).hasContent(journal);
        }
    }
}
