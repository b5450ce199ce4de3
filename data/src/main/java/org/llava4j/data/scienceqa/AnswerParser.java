package org.llava4j.data.scienceqa;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;

/**
 * Parser of the predicted option in generated text. It applies the rules of the published evaluation in this order: the
 * text is one letter; it starts with a letter, a full stop and a space; {@code The answer is ([A-Z]).} matches exactly
 * once. The last dot of that pattern matches any character, as in the published code, so "The answer is B, since .." is
 * parsed too.
 */
public final class AnswerParser {
    private static final Pattern CONCLUSION = Pattern.compile("The answer is ([A-Z]).");
    /** Number of option letters accepted at the start of a text, even if the problem has fewer choices. */
    private static final int OPTION_LETTERS = 5;

    private AnswerParser() {}

    /**
     * Parses the choice that {@code text} predicts.
     *
     * @param choices number of choices of the problem
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
