package org.llava4j.data.parquet;

import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.llava4j.data.BadInputException;

/** Kind of a Parquet dataset, told by its columns. */
enum DatasetKind {
    /** The columns of ScienceQA on the Hugging Face hub. */
    SCIENCE_QA(Set.of(
            "image",
            "question",
            "choices",
            "answer",
            "hint",
            "task",
            "grade",
            "subject",
            "topic",
            "category",
            "skill",
            "lecture",
            "solution")),
    /** Conversations in either layout, with their images. */
    CONVERSATIONS(Set.of("id", "image", "images", "conversations", "messages"));

    @SuppressWarnings("ImmutableEnumChecker") // made by Set.of
    private final Set<String> columns;

    DatasetKind(Set<String> columns) {
        this.columns = columns;
    }

    /** Returns the columns that are read, if a file has them. */
    Set<String> columns() {
        return columns;
    }

    /** Tests whether a file has the columns that this kind needs. */
    boolean matches(Set<String> present) {
        return switch (this) {
            case SCIENCE_QA -> present.containsAll(Set.of("question", "choices", "answer"));
            case CONVERSATIONS -> present.contains("conversations") || present.contains("messages");
        };
    }

    /**
     * Returns the kind of a file.
     *
     * @throws BadInputException if it has the columns of none
     */
    static DatasetKind of(Path file) {
        Set<String> present = ParquetRows.columns(file);
        for (DatasetKind kind : values()) {
            if (kind.matches(present)) {
                return kind;
            }
        }
        throw new BadInputException(file + ": has the columns " + new TreeSet<>(present)
                + "; it needs conversations or messages, or ScienceQA's question, choices and answer");
    }
}
