package org.llava4j.data.scienceqa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.PythonText;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

/**
 * Prompt format of ScienceQA. Questions and answers are those of LLaVA's published conversion, character by character.
 * The question has the same form in all formats but {@link #LETTER} (question, context, options: "QCM"); the letters of
 * a format list the parts of the answer in order: Lecture, Explanation (the solution), Answer.
 */
public enum ScienceQaPrompt {
    /** Reasoning, then the answer (the v1 reproduction of the paper's setting). */
    LEA {
        @Override
        String answerText(ScienceQaProblem problem) {
            return ANSWER_HEADER + problem.lecture() + " " + problem.solution() + " " + conclusion(problem);
        }
    },
    /**
     * Lecture and solution under headings, then the answer after {@code ###} (the paper); generated in two passes, see
     * {@link #secondPass}. An empty lecture or solution has no heading.
     */
    LEPA {
        @Override
        String answerText(ScienceQaProblem problem) {
            return section("LECTURE: ", problem.lecture()) + section("SOLUTION: ", problem.solution()) + REASONS_END
                    + "\nANSWER: " + letter(problem.answer()) + ".";
        }

        private static String section(String heading, String text) {
            return PythonText.strip(text).isEmpty() ? "" : heading + text + "\n";
        }

        @Override
        public String secondPass() {
            return " " + REASONS_END + "\nANSWER:";
        }
    },
    /**
     * The letter alone (LLaVA-1.5). The question has the image in front, a context only if the problem has a hint, one
     * choice per line, and last the request for the letter.
     */
    LETTER {
        @Override
        public String question(ScienceQaProblem problem) {
            String hint = PythonText.strip(problem.hint());
            StringBuilder text = new StringBuilder(problem.hasImage() ? "<image>\n" : "")
                    .append(hint.isEmpty() ? "" : "Context: " + hint + "\n")
                    .append(problem.question());
            for (int i = 0; i < problem.choices().size(); i++) {
                text.append('\n')
                        .append(letter(i))
                        .append(". ")
                        .append(problem.choices().get(i));
            }
            return PythonText.strip(text.toString()) + LETTER_REQUEST;
        }

        @Override
        String answerText(ScienceQaProblem problem) {
            return letter(problem.answer());
        }
    },
    /** The solution, then the answer, without the lecture. */
    EA {
        @Override
        String answerText(ScienceQaProblem problem) {
            return ANSWER_HEADER + problem.solution() + " " + conclusion(problem);
        }
    },
    /** The answer alone. */
    A {
        @Override
        String answerText(ScienceQaProblem problem) {
            return ANSWER_HEADER + conclusion(problem);
        }
    },
    /** The answer, then the reasoning ("answer first" ablation of the paper). */
    ALE {
        @Override
        String answerText(ScienceQaProblem problem) {
            String reasons = problem.lecture() + " " + problem.solution();
            return ANSWER_HEADER
                    + conclusion(problem)
                    + (PythonText.strip(reasons).isEmpty() ? "" : " BECAUSE: " + reasons);
        }
    };

    /** Marker that ends the reasoning of a two-pass format. */
    public static final String REASONS_END = "###";

    /** Sentence at the end of a {@link #LETTER} question. The published script adds it to the published prompts. */
    private static final String LETTER_REQUEST = "\nAnswer with the option's letter from the given choices directly.";

    private static final String QUESTION_HEADER = "Question: ";
    private static final String ANSWER_HEADER = "Answer: ";
    private static final String INPUT_FORMAT = "QCM-";

    /**
     * Returns the text appended to the generated reasoning to prompt for the answer in a second pass.
     *
     * @return the text, or null for a one-pass format
     */
    public @Nullable String secondPass() {
        return null;
    }

    /** Returns the reference answer before the published text conversion. */
    abstract String answerText(ScienceQaProblem problem);

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

    private static String conclusion(ScienceQaProblem problem) {
        return "The answer is " + letter(problem.answer()) + ".";
    }

    /**
     * Returns the question: {@code {question}\nContext: {hint or N/A}\nOptions: (A) x (B) y}, and a last line {@code
     * <image>} if the problem has an image; for {@link #LETTER} see there.
     */
    public String question(ScienceQaProblem problem) {
        List<String> options = new ArrayList<>();
        for (int i = 0; i < problem.choices().size(); i++) {
            options.add("(" + letter(i) + ") " + problem.choices().get(i));
        }
        String hint = PythonText.strip(problem.hint());
        String text = QUESTION_HEADER + problem.question() + "\nContext: " + (hint.isEmpty() ? "N/A" : hint)
                + "\nOptions: " + String.join(" ", options);
        return asPublished(text, QUESTION_HEADER) + (problem.hasImage() ? "\n<image>" : "");
    }

    /**
     * Returns the reference answer. It begins with a space where the published one does: without lecture and solution. A
     * backslash followed by an n is a line break in lecture and solution, though not in a question.
     */
    public String answer(ScienceQaProblem problem) {
        return asPublished(answerText(problem).replace("\\n", "\n"), ANSWER_HEADER);
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
     * Applies the text conversion of the published code: double spaces collapse once, and space at the ends is removed.
     * From a text that starts with the header, the words of the header are removed last and wherever they occur, even
     * inside a lecture.
     */
    private static String asPublished(String text, String header) {
        String published = PythonText.strip(text.replace("  ", " "));
        return published.startsWith(header) ? published.replace(header, "") : published;
    }
}
