package org.llava4j.data.instruct;

import org.llava4j.data.EnumName;

/** Type of generated instructions; the paper's three. */
enum InstructionType {
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
    String label() {
        return EnumName.of(this);
    }
}
