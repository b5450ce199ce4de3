package org.llava4j.data.instruct;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.llava4j.data.llm.LlmAnswer;

/**
 * What is made of an answer of the teacher: questions with their answers, or why there are none.
 *
 * @param pairs of questions and answers; for a description one whose question is empty
 * @param repaired whether its form was put right where there is no doubt what was meant
 * @param rejection why it is not used
 */
public record ParsedResponse(List<QuestionAnswer> pairs, boolean repaired, Optional<RejectionReason> rejection) {
    private static final Pattern MENTIONS_SOURCE = Pattern.compile(
            "\\b(captions?|bounding box(es)?|coordinates?|(given|provided) (sentences?|descriptions?|text|information)"
                    + "|(sentences?|descriptions?) (above|provided|given))\\b|\\b[01]\\.\\d{3}\\b",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern UNANSWERABLE = Pattern.compile(
            "\\b((can ?not|can't|impossible to|not possible to|unable to|difficult to) (be )?(determine|tell|say|know|see)"
                    + "(n|d|ed)?\\b|(is|are) not (mentioned|specified|stated|provided)|no information)",
            Pattern.CASE_INSENSITIVE);

    /** A question and its answer. */
    public record QuestionAnswer(String question, String answer) {}

    /** Reads an answer strictly. */
    static ParsedResponse of(InstructionType kind, LlmAnswer answer) {
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
        if (kind == InstructionType.DETAIL) {
            return answer.truncated()
                    ? rejected(RejectionReason.TRUNCATED)
                    : checked(kind, List.of(new QuestionAnswer("", text)), false);
        }
        Blocks blocks = new Blocks();
        if (!text.lines().allMatch(blocks::accept) || !blocks.end()) {
            return rejected(RejectionReason.MALFORMED);
        }
        boolean repaired = blocks.repaired;
        if (answer.truncated()) {
            // What came before the last block is whole.
            if (kind != InstructionType.CONVERSATION || blocks.pairs.size() < 2) {
                return rejected(RejectionReason.TRUNCATED);
            }
            blocks.pairs.remove(blocks.pairs.size() - 1);
            repaired = true;
        }
        return checked(kind, blocks.pairs, repaired);
    }

    private static ParsedResponse checked(InstructionType kind, List<QuestionAnswer> pairs, boolean repaired) {
        if (kind == InstructionType.COMPLEX_REASONING && pairs.size() > 1) {
            return rejected(RejectionReason.MULTIPLE_QUESTIONS);
        }
        for (QuestionAnswer pair : pairs) {
            if (pair.answer.isEmpty() || (kind != InstructionType.DETAIL && pair.question.isEmpty())) {
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
        return new ParsedResponse(List.copyOf(pairs), repaired, Optional.empty());
    }

    private static ParsedResponse rejected(RejectionReason why) {
        return new ParsedResponse(List.of(), false, Optional.of(why));
    }

    /** Blocks line by line. */
    private static final class Blocks {
        private static final String SEPARATOR = "===";

        private final List<QuestionAnswer> pairs = new ArrayList<>();
        private boolean repaired;
        private StringBuilder question;
        private StringBuilder answer;
        private boolean closed = true;

        /** @return whether the line is where it may be */
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
            (answer == null ? question : answer).append(line.stripTrailing()).append('\n');
            return true;
        }

        /** What stands behind the colon belongs to the text, though it should be on the next line. */
        private StringBuilder heading(String text) {
            String rest = text.substring(text.indexOf(':') + 1)
                    .replaceFirst("^\\*+", "")
                    .strip();
            repaired |= !rest.isEmpty() || !(text.equals("Question:") || text.equals("Answer:"));
            closed = false;
            return new StringBuilder(rest.isEmpty() ? "" : rest + "\n");
        }

        private void finish() {
            if (question != null) {
                pairs.add(new QuestionAnswer(
                        question.toString().strip(), answer.toString().strip()));
                repaired |= !closed;
            }
            question = null;
            answer = null;
        }

        /** @return whether it ends where it may */
        boolean end() {
            if (question == null || answer == null) {
                return false;
            }
            closed = true; // of the last block nobody misses the line
            finish();
            return true;
        }
    }
}
