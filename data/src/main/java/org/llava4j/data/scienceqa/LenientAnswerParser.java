package org.llava4j.data.scienceqa;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.llava4j.data.PythonText;
import org.llava4j.data.scienceqa.LenientAnswer.Form;
import org.llava4j.data.scienceqa.ParsedAnswer.Predicted;
import org.llava4j.data.scienceqa.ParsedAnswer.Reason;
import org.llava4j.data.scienceqa.ParsedAnswer.Unparsed;

/**
 * Parser of the predicted option by lenient rules, for diagnosis only: it shows whether unparsed texts have an answer in
 * another form. Accuracies use {@link AnswerParser}, the published rule. A text that {@link AnswerParser} parses keeps
 * that answer. A text with two different answers is unparsed.
 */
public final class LenientAnswerParser {
    private static final Pattern EMPHASIS = Pattern.compile("[*_`\"]");
    private static final Pattern CONCLUSION = Pattern.compile(
            "\\b(?:answer|choice|option) ?(?:is|:):?\\s{0,3}(?:(?:option|choice) )?", Pattern.CASE_INSENSITIVE);
    private static final Pattern LABEL =
            Pattern.compile("(?:the )?(?:correct )?(?:option|choice|answer) ", Pattern.CASE_INSENSITIVE);
    private static final String AFTER_LETTER = ".,:;!)]";
    private static final int NO_LETTER = -1;
    private static final int MAX_CHOICE_CHARS = 2000;

    private final List<String> choices;

    private LenientAnswerParser(List<String> choices) {
        this.choices = choices;
    }

    /**
     * Parses the choice that {@code text} predicts.
     *
     * @param choices texts of the problem's choices
     */
    public static LenientAnswer parse(String text, List<String> choices) {
        ParsedAnswer published = AnswerParser.parse(text, choices.size());
        if (published instanceof Predicted) {
            return new LenientAnswer(published, Form.PUBLISHED);
        }
        String plain = PythonText.strip(EMPHASIS.matcher(text).replaceAll(""));
        return plain.isEmpty()
                ? new LenientAnswer(new Unparsed(Reason.NO_TEXT), Form.NONE)
                : new LenientAnswerParser(choices).parse(plain, published);
    }

    private LenientAnswer parse(String text, ParsedAnswer published) {
        Set<Integer> letters = new TreeSet<>();
        Set<Integer> choiceTexts = new TreeSet<>();
        Matcher conclusion = CONCLUSION.matcher(text);
        while (conclusion.find()) {
            int letter = letterAt(text, conclusion.end(), true);
            if (letter == NO_LETTER) {
                addChoice(lineFrom(text, conclusion.end()), choiceTexts);
            } else {
                letters.add(letter);
            }
        }
        if (!letters.isEmpty()) {
            return single(letters, Form.CONCLUSION);
        }
        if (!choiceTexts.isEmpty()) {
            return single(choiceTexts, Form.CHOICE_TEXT);
        }
        String lastLine = lastLine(text);
        addLetter(text, letters);
        if (letters.isEmpty() && lastLine.length() <= "Option (B).".length()) {
            addLetter(lastLine, letters);
        }
        if (!letters.isEmpty()) {
            return single(letters, Form.LETTER);
        }
        addChoice(text, choiceTexts);
        return choiceTexts.isEmpty() ? new LenientAnswer(published, Form.NONE) : single(choiceTexts, Form.CHOICE_TEXT);
    }

    private static LenientAnswer single(Set<Integer> answers, Form form) {
        return answers.size() == 1
                ? new LenientAnswer(new Predicted(answers.iterator().next()), form)
                : new LenientAnswer(new Unparsed(Reason.SEVERAL_ANSWERS), Form.NONE);
    }

    private void addLetter(String line, Set<Integer> letters) {
        Matcher label = LABEL.matcher(line);
        int letter = letterAt(line, label.lookingAt() ? label.end() : 0, false);
        if (letter != NO_LETTER) {
            letters.add(letter);
        }
    }

    /** Adds the choice whose text this is, up to case and punctuation at the ends. */
    private void addChoice(String text, Set<Integer> found) {
        String plain = plain(text);
        int[] equal = IntStream.range(0, choices.size())
                .filter(i ->
                        plain(EMPHASIS.matcher(choices.get(i)).replaceAll("")).equals(plain))
                .toArray();
        if (equal.length == 1 && !plain.isEmpty()) {
            found.add(equal[0]);
        }
    }

    /**
     * Index of the option letter at a position, possibly in brackets. A word that happens to be a letter ("a magnet",
     * "I think") is none: punctuation, a bracket or the end of the line must follow.
     *
     * @param capitalSuffices whether a capital letter other than A and I may be followed by a word
     */
    private int letterAt(String text, int from, boolean capitalSuffices) {
        int at = from < text.length() && "([".indexOf(text.charAt(from)) >= 0 ? from + 1 : from;
        if (at >= text.length()) {
            return NO_LETTER;
        }
        char letter = text.charAt(at);
        int index = Character.toUpperCase(letter) - 'A';
        if (index < 0 || index >= choices.size()) {
            return NO_LETTER;
        }
        char next = at + 1 < text.length() ? text.charAt(at + 1) : '\n';
        boolean ends = next == '\n' || next == '\r' || AFTER_LETTER.indexOf(next) >= 0;
        boolean word = capitalSuffices && next == ' ' && letter <= 'Z' && letter != 'A' && letter != 'I';
        return ends || word ? index : NO_LETTER;
    }

    /** The rest of a line, cut where it is longer than any choice, so that the time is linear in the text. */
    private static String lineFrom(String text, int from) {
        int end = from;
        while (end < Math.min(text.length(), from + MAX_CHOICE_CHARS) && "\r\n".indexOf(text.charAt(end)) < 0) {
            end++;
        }
        return text.substring(from, end);
    }

    private static String lastLine(String text) {
        int end = Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r'));
        return PythonText.strip(text.substring(end + 1));
    }

    private static String plain(String text) {
        String stripped = PythonText.strip(text).toLowerCase(Locale.ROOT);
        int end = stripped.length();
        while (end > 0 && ".!'".indexOf(stripped.charAt(end - 1)) >= 0) {
            end--;
        }
        return stripped.substring(stripped.startsWith("'") && end > 0 ? 1 : 0, end);
    }
}
