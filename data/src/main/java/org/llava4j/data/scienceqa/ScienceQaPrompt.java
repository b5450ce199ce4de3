package org.llava4j.data.scienceqa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

/**
 * Prompt format of ScienceQA. The question has the same form in all formats (question, context, options: "QCM"); the
 * letters of a format list the parts of the answer in order: Lecture, Explanation (the solution), Answer.
 */
public enum ScienceQaPrompt {
    /** Reasoning, then the answer (the v1 reproduction of the paper's setting). */
    LEA {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return problem.lecture() + " " + problem.solution() + " " + conclusion;
        }
    },
    /**
     * Lecture and solution under headings, then the answer after {@code ###} (the paper); generated in two passes, see
     * {@link #secondPass}.
     */
    LEPA {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return "LECTURE: " + problem.lecture() + "\nSOLUTION: " + problem.solution() + "\n" + REASONS_END
                    + "\nANSWER: " + letter(problem.answer()) + ".";
        }

        @Override
        public String secondPass() {
            return " " + REASONS_END + "\nANSWER:";
        }
    },
    /** The letter alone; the question requests it explicitly (LLaVA-1.5). */
    LETTER {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return letter(problem.answer());
        }

        @Override
        String request() {
            return "\nAnswer with the option's letter from the given choices directly.";
        }
    },
    /** The solution, then the answer, without the lecture. */
    EA {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return problem.solution() + " " + conclusion;
        }
    },
    /** The answer alone. */
    A {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return conclusion;
        }
    },
    /** The answer, then the reasoning ("answer first" ablation of the paper). */
    ALE {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            String reasons = problem.lecture() + " " + problem.solution();
            return reasons.isBlank() ? conclusion : conclusion + " BECAUSE: " + reasons;
        }
    };

    /** Marker that ends the reasoning of a two-pass format. */
    public static final String REASONS_END = "###";

    private static final String INPUT_FORMAT = "QCM-";

    /** Returns the instruction appended to the question; may be empty. */
    String request() {
        return "";
    }

    /**
     * Returns the text appended to the generated reasoning to prompt for the answer in a second pass.
     *
     * @return the text, or null for a one-pass format
     */
    public @Nullable String secondPass() {
        return null;
    }

    abstract String answerText(ScienceQaProblem problem, String conclusion);

    /**
     * Returns the format with a name, with or without the {@code QCM-} of LLaVA's file names.
     *
     * @throws BadInputException if there is no such format
     */
    public static ScienceQaPrompt named(String name) {
        String bare = name.startsWith(INPUT_FORMAT) ? name.substring(INPUT_FORMAT.length()) : name;
        return Arrays.stream(values())
                .filter(format -> format.name().equals(bare))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "unknown prompt format \"" + name + "\"; use one of " + Arrays.toString(values())));
    }

    /** Returns the letter of choice {@code index}, from A. */
    public static String letter(int index) {
        return String.valueOf((char) ('A' + index));
    }

    /**
     * Returns the question: {@code {question}\nContext: {hint or N/A}\nOptions: (A) x (B) y}, and a last line {@code
     * <image>} if the problem has an image.
     */
    public String question(ScienceQaProblem problem) {
        List<String> options = new ArrayList<>();
        for (int i = 0; i < problem.choices().size(); i++) {
            options.add("(" + letter(i) + ") " + problem.choices().get(i));
        }
        String hint = problem.hint().strip();
        String text = problem.question() + "\nContext: " + (hint.isEmpty() ? "N/A" : hint) + "\nOptions: "
                + String.join(" ", options);
        return asPublished(text, "Question: ") + request() + (problem.hasImage() ? "\n<image>" : "");
    }

    /** Returns the reference answer. */
    public String answer(ScienceQaProblem problem) {
        String conclusion = "The answer is " + letter(problem.answer()) + ".";
        return asPublished(answerText(problem, conclusion), "Answer: ");
    }

    /**
     * Returns question and answer as a sample of LLaVA's conversation data; its image is relative to {@code
     * images/<split>}.
     */
    public Conversation conversation(ScienceQaProblem problem) {
        List<String> images = problem.hasImage() ? List.of(problem.id() + "/" + problem.image()) : List.of();
        return new Conversation(
                problem.id(), images, List.of(Turn.human(question(problem)), Turn.gpt(answer(problem))));
    }

    /**
     * Applies the text conversion of the published code. It prefixes {@code header}, collapses double spaces once, and
     * then removes the words of the header wherever they occur, even inside a lecture. It also replaces a backslash
     * followed by an n by a line break.
     */
    private static String asPublished(String text, String header) {
        return text.replace("\\n", "\n").replace("  ", " ").strip().replace(header, "");
    }
}
