package org.llava4j.data.instruct;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.llava4j.data.endpoint.ChatAnswer;

/**
 * What is made of an answer of the teacher: questions with their answers, or why there are none.
 *
 * @param pairs of questions and answers; for a description one whose question is empty
 * @param repaired whether its form was put right where there is no doubt what was meant
 * @param refusal why it is not used
 */
public record Response(List<Pair> pairs, boolean repaired, Optional<Refusal> refusal) {
    private static final Pattern SOURCE = Pattern.compile(
            "\\b(captions?|bounding box(es)?|coordinates?|(given|provided) (sentences?|descriptions?|text|information)"
                    + "|(sentences?|descriptions?) (above|provided|given))\\b|\\b[01]\\.\\d{3}\\b",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern UNANSWERABLE = Pattern.compile(
            "\\b((can ?not|can't|impossible to|not possible to|unable to|difficult to) (be )?(determine|tell|say|know|see)"
                    + "(n|d|ed)?\\b|(is|are) not (mentioned|specified|stated|provided)|no information)",
            Pattern.CASE_INSENSITIVE);

    /** A question and its answer. */
    public record Pair(String question, String answer) {}

    /** Reads an answer strictly. */
    static Response of(Kind kind, ChatAnswer answer) {
        if (answer.filtered()) {
            return refused(Refusal.FILTERED);
        }
        if (!answer.whole() && !answer.cutByLength()) {
            return refused(Refusal.UNFINISHED);
        }
        String text = answer.text().strip();
        if (text.isEmpty()) {
            return refused(Refusal.EMPTY);
        }
        if (kind == Kind.DETAIL) {
            return answer.cutByLength() ? refused(Refusal.CUT) : checked(kind, List.of(new Pair("", text)), false);
        }
        Blocks blocks = new Blocks();
        if (!text.lines().allMatch(blocks::take) || !blocks.end()) {
            return refused(Refusal.FORM);
        }
        boolean repaired = blocks.repaired;
        if (answer.cutByLength()) {
            // What came before the last block is whole.
            if (kind != Kind.CONVERSATION || blocks.pairs.size() < 2) {
                return refused(Refusal.CUT);
            }
            blocks.pairs.remove(blocks.pairs.size() - 1);
            repaired = true;
        }
        return checked(kind, blocks.pairs, repaired);
    }

    private static Response checked(Kind kind, List<Pair> pairs, boolean repaired) {
        if (kind == Kind.COMPLEX_REASONING && pairs.size() > 1) {
            return refused(Refusal.SEVERAL);
        }
        for (Pair pair : pairs) {
            if (pair.answer.isEmpty() || (kind != Kind.DETAIL && pair.question.isEmpty())) {
                return refused(Refusal.EMPTY);
            }
            if (SOURCE.matcher(pair.question).find()
                    || SOURCE.matcher(pair.answer).find()) {
                return refused(Refusal.SOURCE);
            }
            if (UNANSWERABLE.matcher(pair.answer).find()) {
                return refused(Refusal.UNANSWERABLE);
            }
        }
        return new Response(List.copyOf(pairs), repaired, Optional.empty());
    }

    private static Response refused(Refusal why) {
        return new Response(List.of(), false, Optional.of(why));
    }

    /** Blocks line by line. */
    private static final class Blocks {
        private static final String SEPARATOR = "===";

        private final List<Pair> pairs = new ArrayList<>();
        private boolean repaired;
        private StringBuilder question;
        private StringBuilder answer;
        private boolean closed = true;

        /** @return whether the line is where it may be */
        boolean take(String line) {
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
                pairs.add(
                        new Pair(question.toString().strip(), answer.toString().strip()));
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
