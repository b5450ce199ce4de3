package org.llava4j.data.scienceqa;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;

/**
 * Reads the chosen letter out of a model's text by the rules of the published evaluation, in this order: the text is
 * one letter; it starts with a letter, a full stop and a space; {@code The answer is ([A-Z]).} matches exactly once.
 * The last dot of that pattern stands for any character there, so "The answer is B, since .." counts too.
 */
public final class AnswerParser {
    private static final Pattern CONCLUSION = Pattern.compile("The answer is ([A-Z]).");
    /** The letters that stand for options at the start of a text, even in a problem with fewer choices. */
    private static final int OPTION_LETTERS = 5;

    private AnswerParser() {}

    /**
     * The choice that {@code text} means.
     *
     * @param choices how many choices the problem has
     */
    public static ParsedAnswer parse(String text, int choices) {
        String answer = text.strip();
        if (!answer.isEmpty() && isOption(answer.charAt(0), choices)) {
            if (answer.length() == 1 || answer.startsWith(". ", 1)) {
                return choice(answer.charAt(0), choices);
            }
        }
        Matcher conclusion = CONCLUSION.matcher(answer);
        if (!conclusion.find()) {
            return new Unparsed(answer.isEmpty() ? Reason.NO_TEXT : Reason.NO_ANSWER);
        }
        char letter = conclusion.group(1).charAt(0);
        return conclusion.find() ? new Unparsed(Reason.SEVERAL_ANSWERS) : choice(letter, choices);
    }

    private static boolean isOption(char letter, int choices) {
        return letter >= 'A' && letter < 'A' + Math.max(OPTION_LETTERS, choices);
    }

    private static ParsedAnswer choice(char letter, int choices) {
        int index = letter - 'A';
        return index < choices ? new Predicted(index) : new Unparsed(Reason.OUTSIDE_CHOICES);
    }
}
