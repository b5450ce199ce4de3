package org.llava4j.data.scienceqa;

/** Answer parsed from generated text: the predicted choice, or the reason why the text is unparsed. */
public sealed interface ParsedAnswer {

    /**
     * Predicted choice.
     *
     * @param choice index from 0
     */
    record Predicted(int choice) implements ParsedAnswer {}

    /** Unparsed text. It is counted separately from incorrect answers, and no choice is guessed. */
    record Unparsed(Reason reason) implements ParsedAnswer {}

    /** Reason why a text is unparsed. */
    enum Reason {
        /** The text has no recognizable answer. */
        NO_ANSWER,
        /** The text contains "The answer is" more than once. */
        SEVERAL_ANSWERS,
        /** The letter is beyond the last choice. */
        OUTSIDE_CHOICES,
        /** There is no text for this problem, or it is blank. */
        NO_TEXT
    }
}
