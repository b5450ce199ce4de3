package org.llava4j.data.instruct;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.llm.LlmAnswer;

/**
 * Answer of the LLM, parsed into questions and answers or rejected.
 *
 * @param pairs questions and answers; a description is one pair with an empty question
 * @param repaired whether an unambiguous deviation from the format was corrected
 * @param rejection reason why the answer is rejected; null if it is accepted
 */
record ParsedResponse(
        List<QuestionAnswer> pairs,
        boolean repaired,
        @Nullable RejectionReason rejection) {
    private static final Pattern MENTIONS_SOURCE = Pattern.compile(
            "\\b(captions?|bounding box(es)?|coordinates?|(given|provided) (sentences?|descriptions?|text|information)"
                    + "|(sentences?|descriptions?) (above|provided|given))\\b|\\b[01]\\.\\d{3}\\b",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern UNANSWERABLE = Pattern.compile(
            "\\b((can ?not|can't|impossible to|not possible to|unable to|difficult to) (be )?(determine|tell|say|know|see)"
                    + "(n|d|ed)?\\b|(is|are) not (mentioned|specified|stated|provided)|no information)",
            Pattern.CASE_INSENSITIVE);

    /** Question with its answer. */
    record QuestionAnswer(String question, String answer) {}

    /** Parses an answer. */
    static ParsedResponse of(InstructionType type, LlmAnswer answer) {
        if (answer.filtered()) {
            return rejected(RejectionReason.FILTERED);
        }
        if (!answer.complete() && !answer.truncated()) {
            return rejected(RejectionReason.UNFINISHED);
        }
        String text = answer.text().strip();
        if (text.isEmpty()) {
            return rejected(RejectionReason.EMPTY);
        }
        if (type == InstructionType.DETAIL) {
            return answer.truncated()
                    ? rejected(RejectionReason.TRUNCATED)
                    : checked(type, List.of(new QuestionAnswer("", text)), false);
        }
        Blocks blocks = new Blocks();
        if (!text.lines().allMatch(blocks::accept) || !blocks.end()) {
            return rejected(RejectionReason.MALFORMED);
        }
        boolean repaired = blocks.repaired;
        if (answer.truncated()) {
            // All blocks before the last are complete.
            if (type != InstructionType.CONVERSATION || blocks.pairs.size() < 2) {
                return rejected(RejectionReason.TRUNCATED);
            }
            blocks.pairs.remove(blocks.pairs.size() - 1);
            repaired = true;
        }
        return checked(type, blocks.pairs, repaired);
    }

    private static ParsedResponse checked(InstructionType type, List<QuestionAnswer> pairs, boolean repaired) {
        if (type == InstructionType.COMPLEX_REASONING && pairs.size() > 1) {
            return rejected(RejectionReason.MULTIPLE_QUESTIONS);
        }
        for (QuestionAnswer pair : pairs) {
            if (pair.answer.isEmpty() || (type != InstructionType.DETAIL && pair.question.isEmpty())) {
                return rejected(RejectionReason.EMPTY);
            }
            if (MENTIONS_SOURCE.matcher(pair.question).find()
                    || MENTIONS_SOURCE.matcher(pair.answer).find()) {
                return rejected(RejectionReason.MENTIONS_SOURCE);
            }
            if (UNANSWERABLE.matcher(pair.answer).find()) {
                return rejected(RejectionReason.UNANSWERABLE);
            }
        }
        return new ParsedResponse(List.copyOf(pairs), repaired, null);
    }

    private static ParsedResponse rejected(RejectionReason reason) {
        return new ParsedResponse(List.of(), false, reason);
    }

    /** Line-by-line parser of the blocks. */
    private static final class Blocks {
        private static final String SEPARATOR = "===";

        private final List<QuestionAnswer> pairs = new ArrayList<>();
        private boolean repaired;
        private @Nullable StringBuilder question;
        private @Nullable StringBuilder answer;
        /** The question or answer that the next lines belong to, unless the block is closed. */
        private StringBuilder current = new StringBuilder();

        private boolean closed = true;

        /**
         * Parses a line.
         *
         * @return whether the line is valid at its position
         */
        boolean accept(String line) {
            String text = line.strip();
            if (text.matches("={3,}")) {
                repaired |= !text.equals(SEPARATOR);
                closed = true;
                return true;
            }
            String lower = text.replace("*", "").replace("#", "").strip().toLowerCase(Locale.ROOT);
            if (lower.startsWith("question:") && (question == null || answer != null)) {
                finish();
                question = heading(text);
                return true;
            }
            if (lower.startsWith("answer:") && question != null && answer == null) {
                repaired |= !closed;
                answer = heading(text);
                return true;
            }
            if (closed) {
                return text.isEmpty();
            }
            current.append(line.stripTrailing()).append('\n');
            return true;
        }

        /**
         * Starts a question or an answer. Text after the colon belongs to it, although it should be on the next line.
         */
        private StringBuilder heading(String text) {
            String rest = text.substring(text.indexOf(':') + 1)
                    .replaceFirst("^\\*+", "")
                    .strip();
            repaired |= !rest.isEmpty() || !(text.equals("Question:") || text.equals("Answer:"));
            closed = false;
            current = new StringBuilder(rest.isEmpty() ? "" : rest + "\n");
            return current;
        }

        private void finish() {
            if (question != null && answer != null) {
                pairs.add(new QuestionAnswer(
                        question.toString().strip(), answer.toString().strip()));
                repaired |= !closed;
            }
            question = null;
            answer = null;
        }

        /**
         * Ends the last block.
         *
         * @return whether the text may end here
         */
        boolean end() {
            if (question == null || answer == null) {
                return false;
            }
            closed = true; // the separator after the last block is optional
            finish();
            return true;
        }
    }
}
