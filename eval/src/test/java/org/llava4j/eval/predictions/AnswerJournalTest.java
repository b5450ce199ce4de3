package org.llava4j.eval.predictions;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

class AnswerJournalTest {
    @TempDir
    private Path temp;

    private AnswerJournal open() {
        return AnswerJournal.open(temp.resolve("answers.jsonl"), "spec");
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
    void openAcceptsFormerKeyOfConfigurationHash() throws IOException {
        Files.writeString(temp.resolve("answers.jsonl"), "{\"specification_sha256\":\"spec\"}\n{\"1\":\"a\"}\n");
        try (AnswerJournal journal = open()) {
            assertThat(journal.answers()).containsExactly(Map.entry("1", "a"));
        }
    }
}
