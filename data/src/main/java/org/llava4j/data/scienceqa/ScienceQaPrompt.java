package org.llava4j.data.scienceqa;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;

/**
 * The ways in which a problem becomes a question and its answer. The question is the same in all of them (question,
 * context, options: "QCM"); the letters name what the answer consists of, in order: Lecture, Explanation (the
 * solution), Answer.
 */
public enum ScienceQaPrompt {
    /** Reasoning, then the answer (v1's reproduction of the paper's setting). */
    LEA {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return problem.lecture() + " " + problem.solution() + " " + conclusion;
        }
    },
    /**
     * Lecture and solution under headings, then the answer behind {@code ###} (the paper); read in two passes, see
     * {@link #secondPass}.
     */
    LEPA {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            return "LECTURE: " + problem.lecture() + "\nSOLUTION: " + problem.solution() + "\n" + REASONS_END
                    + "\nANSWER: " + letter(problem.answer()) + ".";
        }

        @Override
        public Optional<String> secondPass() {
            return Optional.of(" " + REASONS_END + "\nANSWER:");
        }
    },
    /** The letter alone, which the question asks for in so many words (LLaVA-1.5). */
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
    /** The answer, then the reasoning (the paper's ablation "answer first"). */
    ALE {
        @Override
        String answerText(ScienceQaProblem problem, String conclusion) {
            String reasons = problem.lecture() + " " + problem.solution();
            return reasons.isBlank() ? conclusion : conclusion + " BECAUSE: " + reasons;
        }
    };

    /** What ends the reasons where the answer follows in a second pass. */
    public static final String REASONS_END = "###";

    private static final String INPUT_FORMAT = "QCM-";

    /** What the question says beside the problem. */
    String request() {
        return "";
    }

    /** What is put behind the model's reasons, so that it goes on with the answer; none where it says both at once. */
    public Optional<String> secondPass() {
        return Optional.empty();
    }

    abstract String answerText(ScienceQaProblem problem, String conclusion);

    /**
     * The format of this name, with or without the {@code QCM-} that LLaVA's file names have.
     *
     * @throws BadInputException if there is none
     */
    public static ScienceQaPrompt named(String name) {
        String bare = name.startsWith(INPUT_FORMAT) ? name.substring(INPUT_FORMAT.length()) : name;
        return Arrays.stream(values())
                .filter(format -> format.name().equals(bare))
                .findFirst()
                .orElseThrow(() -> new BadInputException(
                        "prompt format \"" + name + "\" is not known; use one of " + Arrays.toString(values())));
    }

    /** The letter of choice {@code index}, from A. */
    public static String letter(int index) {
        return String.valueOf((char) ('A' + index));
    }

    /**
     * What is asked: {@code {question}\nContext: {hint or N/A}\nOptions: (A) x (B) y}, and a last line
     * {@code <image>} where the problem has one.
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

    /** What the model should say. */
    public String answer(ScienceQaProblem problem) {
        String conclusion = "The answer is " + letter(problem.answer()) + ".";
        return asPublished(answerText(problem, conclusion), "Answer: ");
    }

    /** Question and answer as one sample of LLaVA's conversation data; its image is relative to {@code images/<split>}. */
    public Conversation conversation(ScienceQaProblem problem) {
        List<String> images = problem.hasImage() ? List.of(problem.id() + "/" + problem.image()) : List.of();
        return new Conversation(
                problem.id(), images, List.of(Turn.human(question(problem)), Turn.gpt(answer(problem))));
    }

    /**
     * The published conversion puts {@code header} in front of the text, narrows double spaces once, and then takes
     * the header's words out wherever they stand, in the middle of a lecture too. It also reads a backslash with an
     * n as a line break.
     */
    private static String asPublished(String text, String header) {
        return text.replace("\\n", "\n").replace("  ", " ").strip().replace(header, "");
    }
}
