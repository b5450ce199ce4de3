package org.llava4j.data.instruct;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.llava4j.data.BadInputException;

/** Type of generated instructions; the paper's three. */
public enum InstructionType {
    /** Multi-turn questions and answers; the LLM gets the captions only. */
    CONVERSATION(2),
    /** One detailed description; the question is sampled from a list. */
    DETAIL(3),
    /** One question that needs reasoning, and its answer. */
    COMPLEX_REASONING(3);

    private final int numFewShotExamples;

    InstructionType(int examples) {
        this.numFewShotExamples = examples;
    }

    /** Returns the number of few-shot examples before the image. */
    int numFewShotExamples() {
        return numFewShotExamples;
    }

    /** Tests whether the LLM also gets the bounding boxes. */
    boolean hasBoxes() {
        return this != CONVERSATION;
    }

    /** Returns the name in flags, files and reports: {@code complex_reasoning}. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /**
     * Returns the type with a name.
     *
     * @throws BadInputException if there is no such type
     */
    public static InstructionType named(String name) {
        List<String> all = Arrays.stream(values()).map(InstructionType::label).toList();
        if (!all.contains(name)) {
            throw new BadInputException(
                    "unknown instruction type \"" + name + "\"; use one of " + String.join(", ", all));
        }
        return valueOf(name.toUpperCase(Locale.ROOT));
    }
}
