package org.llava4j.data.instruct;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.llava4j.data.BadInputException;

/** What is asked of the teacher, the paper's three. */
public enum InstructionType {
    /** Questions and answers in turn; the teacher is told the captions alone. */
    CONVERSATION(2),
    /** One long description; the question is one of a list. */
    DETAIL(3),
    /** One question that takes thought, and its answer. */
    COMPLEX_REASONING(3);

    private final int numFewShotExamples;

    InstructionType(int examples) {
        this.numFewShotExamples = examples;
    }

    /** How many worked examples go before the picture. */
    int numFewShotExamples() {
        return numFewShotExamples;
    }

    /** Whether the teacher is told what is where. */
    boolean hasBoxes() {
        return this != CONVERSATION;
    }

    /** Of the files: {@code complex_reasoning}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** @throws BadInputException if there is none of this name */
    public static InstructionType named(String name) {
        List<String> all = Arrays.stream(values()).map(InstructionType::label).toList();
        if (!all.contains(name)) {
            throw new BadInputException(
                    "there is no kind of instruction \"" + name + "\"; there are " + String.join(", ", all));
        }
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
