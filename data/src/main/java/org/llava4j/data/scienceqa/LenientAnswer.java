package org.llava4j.data.scienceqa;

/**
 * Answer that {@link LenientAnswerParser} parsed from generated text.
 *
 * @param form form in which the text has it; {@link Form#NONE} exactly if the text is unparsed
 */
public record LenientAnswer(ParsedAnswer parsed, Form form) {

    /** Form of an answer in generated text. */
    public enum Form {
        /** A form that {@link AnswerParser} parses. */
        PUBLISHED("published rule"),
        /** "The answer is" and a letter: {@code The answer is (B)}, {@code Answer: **b**}. */
        CONCLUSION("a letter after \"The answer is\", such as (B) or B without a full stop"),
        /** A letter in front or alone on the last line: {@code (B)}, {@code **B**}, {@code b.}, {@code B) it}. */
        LETTER("a letter in front or on a line of its own, such as (B), **B** or b."),
        /** The text of a choice, alone or after "The answer is". */
        CHOICE_TEXT("the text of a choice"),
        /** No recognizable answer. */
        NONE("none");

        private final String description;

        Form(String description) {
            this.description = description;
        }

        /** Returns the description for reports. */
        public String description() {
            return description;
        }
    }
}
