package org.llava4j.data.scienceqa;

/** What was read out of a model's text: the choice it means, or why none could be read. */
public sealed interface ParsedAnswer {

    /**
     * The text names one of the choices.
     *
     * @param choice index from 0
     */
    record Predicted(int choice) implements ParsedAnswer {}

    /** The text names no choice. This is counted apart from a wrong answer, and never guessed. */
    record Unparsed(Reason reason) implements ParsedAnswer {}

    /** Why no choice could be read. */
    enum Reason {
        /** Nothing in the text looks like an answer. */
        NO_ANSWER,
        /** It says "The answer is" more than once. */
        SEVERAL_ANSWERS,
        /** Its letter is past the last choice. */
        OUTSIDE_CHOICES,
        /** There is no text for this problem. */
        NO_TEXT
    }
}
