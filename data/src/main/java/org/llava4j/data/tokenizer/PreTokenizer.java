package org.llava4j.data.tokenizer;

import java.util.function.Consumer;

/**
 * Splitter of texts into the chunks that one vocabulary piece may cover: a run of letters or a single other character,
 * each with the space before it. Digits exclude the space, so that every number is tokenized the same way.
 */
final class PreTokenizer {
    private PreTokenizer() {}

    /** Passes each chunk to {@code sink}, with ▁ for spaces and as if a space preceded the text. */
    static void split(String text, Consumer<String> sink) {
        boolean firstLine = true;
        for (String line : text.split("\n", -1)) {
            String escaped = line.replace(' ', SentencePieceModel.SPACE);
            splitLine(firstLine ? SentencePieceModel.SPACE + escaped : escaped, sink);
            firstLine = false;
        }
    }

    private static void splitLine(String line, Consumer<String> sink) {
        int from = 0;
        while (from < line.length()) {
            int to = end(line, from);
            sink.accept(line.substring(from, to));
            from = to;
        }
    }

    private static int end(String line, int from) {
        int at = from;
        if (line.charAt(at) == SentencePieceModel.SPACE) {
            at++;
            if (at == line.length()
                    || line.charAt(at) == SentencePieceModel.SPACE
                    || Character.isDigit(line.codePointAt(at))) {
                return at;
            }
        }
        if (!Character.isLetter(line.codePointAt(at))) {
            return at + Character.charCount(line.codePointAt(at));
        }
        while (at < line.length() && Character.isLetter(line.codePointAt(at))) {
            at += Character.charCount(line.codePointAt(at));
        }
        return at;
    }
}
