package org.llava4j.data.tokenizer;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.PythonText;

/** Matcher of added tokens in a text: the leftmost match, and the longest there. Immutable and thread-safe. */
final class AddedTokenMatcher {
    private static final Pattern WORD = Pattern.compile("\\w", Pattern.UNICODE_CHARACTER_CLASS);

    /** Tokens with the text that is matched, the longest first. */
    private final List<Entry> entries;

    private final boolean oneFirstChar;

    private record Entry(String text, AddedToken token) {}

    /**
     * Match of a token.
     *
     * @param token the token
     * @param start index of its first char
     * @param from index of the first char that it absorbs, at most {@code start}
     * @param to index after the last char that it absorbs
     */
    record Match(AddedToken token, int start, int from, int to) {}

    private AddedTokenMatcher(List<Entry> entries) {
        entries.sort((a, b) -> Integer.compare(b.text.length(), a.text.length()));
        this.entries = List.copyOf(entries);
        oneFirstChar =
                entries.stream().map(entry -> entry.text.charAt(0)).distinct().count() == 1;
    }

    /** A matcher of the tokens' contents. */
    static AddedTokenMatcher of(Collection<AddedToken> tokens) {
        return of(tokens, content -> content);
    }

    /** A matcher of the tokens' contents as they are in a changed text. */
    static AddedTokenMatcher of(Collection<AddedToken> tokens, UnaryOperator<String> change) {
        List<Entry> entries = new ArrayList<>();
        tokens.forEach(token -> entries.add(new Entry(change.apply(token.content()), token)));
        return new AddedTokenMatcher(entries);
    }

    /**
     * Finds the next token.
     *
     * @param content chars that no match may contain
     * @param from index where the search begins; chars before it are not absorbed
     */
    @Nullable
    Match next(String text, BitSet content, int from) {
        if (entries.isEmpty()) {
            return null;
        }
        for (int at = candidate(text, from); at >= 0; at = candidate(text, at + 1)) {
            for (Entry entry : entries) {
                int end = at + entry.text.length();
                if (text.startsWith(entry.text, at) && isOutside(content, at, end)) {
                    if (entry.token.singleWord() && !isWord(text, at, end)) {
                        at = end - 1;
                        break;
                    }
                    return match(text, entry.token, at, end, from);
                }
            }
        }
        return null;
    }

    private int candidate(String text, int from) {
        return oneFirstChar ? text.indexOf(entries.get(0).text.charAt(0), from) : from < text.length() ? from : -1;
    }

    private static boolean isOutside(BitSet content, int from, int to) {
        int next = content.nextSetBit(from);
        return next < 0 || next >= to;
    }

    private static boolean isWord(String text, int from, int to) {
        return (from == 0 || !isWordCharacter(text.codePointBefore(from)))
                && (to == text.length() || !isWordCharacter(text.codePointAt(to)));
    }

    private static boolean isWordCharacter(int character) {
        return WORD.matcher(Character.toString(character)).matches();
    }

    /**
     * A match with the whitespace that the token absorbs.
     *
     * @param lowest index of the first char that it may absorb
     */
    static Match match(String text, AddedToken token, int start, int end, int lowest) {
        int from = start;
        while (token.lstrip() && from > lowest && PythonText.isSpace(text.charAt(from - 1))) {
            from--;
        }
        int to = end;
        while (token.rstrip() && to < text.length() && PythonText.isSpace(text.charAt(to))) {
            to++;
        }
        return new Match(token, start, from, to);
    }
}
