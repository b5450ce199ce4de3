package org.llava4j.eval.docs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/** Commands that a document shows: in fenced blocks without a language, in inline code, in comments of JSON. */
final class ShellText {
    private static final Pattern FENCE = Pattern.compile("(?ms)^```(\\w*)\\n(.*?)^```");
    private static final Pattern INLINE = Pattern.compile("`([^`]+)`");
    private static final Pattern COMMENT = Pattern.compile("(?m)^\\s*// ?(.*)$");
    private static final Pattern CONTINUATION = Pattern.compile("\\\\\\n\\s*");
    private static final Pattern WORD = Pattern.compile("(?:[^\\s\"]|\"[^\"]*\")+");
    private static final Pattern COMMAND = Pattern.compile("(?:mvn|spark-submit|(?:bin/)?llava4j) .+");

    private ShellText() {}

    /** Inline code of a Markdown text, fenced blocks excepted. */
    static List<String> inlineCode(String markdown) {
        return groups(INLINE, FENCE.matcher(markdown).replaceAll(""), 1).stream()
                .map(code -> code.replaceAll("\\s+", " "))
                .toList();
    }

    /** Commands of Maven, Spark and the distribution in a Markdown text, each in one line. */
    static List<String> commands(String markdown) {
        List<String> lines = new ArrayList<>(inlineCode(markdown));
        FENCE.matcher(markdown)
                .results()
                .filter(fence -> fence.group(1).isEmpty())
                .forEach(fence -> lines.addAll(lines(fence.group(2))));
        return commands(lines);
    }

    /** The same of the comments of a JSON file. */
    static List<String> commandsInComments(String json) {
        return commands(lines(String.join("\n", groups(COMMENT, json, 1))));
    }

    private static List<String> commands(List<String> lines) {
        return lines.stream()
                .flatMap(line -> Arrays.stream(line.split("&&", -1)))
                .map(String::strip)
                .filter(line -> COMMAND.matcher(line).matches())
                .toList();
    }

    private static List<String> lines(String block) {
        return CONTINUATION.matcher(block).replaceAll(" ").lines().toList();
    }

    /** Words of a command, without the quotes around them or around parts of them. */
    static List<String> words(String command) {
        return groups(WORD, command, 0).stream()
                .map(word -> word.replace("\"", ""))
                .toList();
    }

    private static List<String> groups(Pattern pattern, String text, int group) {
        return pattern.matcher(text).results().map(found -> found.group(group)).toList();
    }
}
