package org.llava4j.model.schema;

import java.util.Arrays;

/**
 * Strings with a number of characters (Unicode code points) in a range. Characters are UTF-8 or escapes; escapes of
 * surrogates are excluded, so that a string is valid Unicode. A frame's number is the number of characters so far, up to
 * the lower limit if there is no upper one.
 */
final class StringNode extends ValueNode {
    /** Value of {@code max} without an upper limit. */
    static final int UNLIMITED = Integer.MAX_VALUE;

    private static final int INSIDE = 1;
    private static final int ESCAPE = 2;
    /** Before the first hexadecimal digit of an escape; the next three phases follow it. */
    private static final int HEX_1 = 3;

    private static final int HEX_2 = 4;
    private static final int HEX_3 = 5;
    private static final int HEX_4 = 6;
    /** After an escape's first digit D: the second is below 8, or it would be a surrogate. */
    private static final int HEX_2_AFTER_D = 7;
    /** Before the last, the last two and the last three bytes of a character. */
    private static final int TAIL_1 = 8;

    private static final int TAIL_2 = 9;
    private static final int TAIL_3 = 10;
    /** After a first byte that restricts the second: no overlong forms, no surrogates, nothing above U+10FFFF. */
    private static final int AFTER_E0 = 11;

    private static final int AFTER_ED = 12;
    private static final int AFTER_F0 = 13;
    private static final int AFTER_F4 = 14;
    private static final int PHASES = 15;

    private static final String ESCAPED = "\"\\/bfnrt";

    private final int min;
    private final int max;
    private final TokenTrie vocabulary;
    private final int closeCost;
    /** Cost to complete a character, by phase. */
    private final int[] characterCosts = new int[PHASES];

    private final int startCost;

    StringNode(int min, int max, TokenTrie vocabulary) {
        this.min = min;
        this.max = max;
        this.vocabulary = vocabulary;
        closeCost = vocabulary.spell("\"");
        startCost = min == 0 ? vocabulary.spell("\"\"") : sum(closeCost, insideCost(min));
        setCharacterCosts();
    }

    /** Cost inside of the string. */
    private int insideCost(int missing) {
        return sum(vocabulary.contentCost(missing), closeCost);
    }

    private void setCharacterCosts() {
        int digit = vocabulary.hasByte('0', '7') ? 1 : TokenTrie.INFINITE;
        int tail = vocabulary.hasByte(0x80, 0xBF) ? 1 : TokenTrie.INFINITE;
        Arrays.fill(characterCosts, 0);
        boolean escapes = ESCAPED.chars().anyMatch(c -> vocabulary.hasByte(c, c));
        characterCosts[ESCAPE] = escapes ? 1 : TokenTrie.INFINITE;
        characterCosts[HEX_4] = digit;
        characterCosts[HEX_3] = sum(digit, digit);
        characterCosts[HEX_2] = sum(digit, digit, digit);
        characterCosts[HEX_2_AFTER_D] = characterCosts[HEX_2];
        characterCosts[HEX_1] = sum(digit, digit, digit, digit);
        characterCosts[TAIL_1] = tail;
        characterCosts[TAIL_2] = sum(tail, tail);
        characterCosts[TAIL_3] = sum(tail, tail, tail);
        characterCosts[AFTER_E0] = sum(vocabulary.hasByte(0xA0, 0xBF) ? 1 : TokenTrie.INFINITE, tail);
        characterCosts[AFTER_ED] = sum(vocabulary.hasByte(0x80, 0x9F) ? 1 : TokenTrie.INFINITE, tail);
        characterCosts[AFTER_F0] = sum(vocabulary.hasByte(0x90, 0xBF) ? 1 : TokenTrie.INFINITE, tail, tail);
        characterCosts[AFTER_F4] = sum(vocabulary.hasByte(0x80, 0x8F) ? 1 : TokenTrie.INFINITE, tail, tail);
    }

    @Override
    int cost(int phase, long value, int depth) {
        int missing = (int) Math.max(0, min - value);
        return switch (phase) {
            case START -> startCost;
            case INSIDE -> insideCost(missing);
            default -> sum(characterCosts[phase], insideCost(Math.max(0, missing - 1)));
        };
    }

    @Override
    long canonicalValue(int phase, long value, int maxBytes) {
        return max == UNLIMITED ? value : canonicalCount(value, min, max, maxBytes);
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        switch (frame.phase()) {
            case START -> move(frame, b == '"', INSIDE, out);
            case INSIDE -> inside(frame, b, out);
            case ESCAPE -> {
                if (b == 'u') {
                    move(frame, true, HEX_1, out);
                } else {
                    endCharacter(frame, ESCAPED.indexOf(b) >= 0, out);
                }
            }
            case HEX_1 -> move(frame, isHex(b), b == 'd' || b == 'D' ? HEX_2_AFTER_D : HEX_2, out);
            case HEX_2 -> move(frame, isHex(b), HEX_3, out);
            case HEX_2_AFTER_D -> move(frame, b >= '0' && b <= '7', HEX_3, out);
            case HEX_3 -> move(frame, isHex(b), HEX_4, out);
            case HEX_4 -> endCharacter(frame, isHex(b), out);
            case TAIL_1 -> endCharacter(frame, b >= 0x80 && b <= 0xBF, out);
            case TAIL_2 -> move(frame, b >= 0x80 && b <= 0xBF, TAIL_1, out);
            case TAIL_3 -> move(frame, b >= 0x80 && b <= 0xBF, TAIL_2, out);
            case AFTER_E0 -> move(frame, b >= 0xA0 && b <= 0xBF, TAIL_1, out);
            case AFTER_ED -> move(frame, b >= 0x80 && b <= 0x9F, TAIL_1, out);
            case AFTER_F0 -> move(frame, b >= 0x90 && b <= 0xBF, TAIL_2, out);
            case AFTER_F4 -> move(frame, b >= 0x80 && b <= 0x8F, TAIL_2, out);
            default -> throw new IllegalStateException("phase " + frame.phase());
        }
    }

    private void inside(Frame frame, int b, Frames out) {
        if (b == '"') {
            if (frame.value() >= min) {
                out.add(frame.parent());
            }
        } else if (frame.value() >= max || b < ' ') {
            return;
        } else if (b == '\\') {
            move(frame, true, ESCAPE, out);
        } else if (b < 0x80) {
            endCharacter(frame, true, out);
        } else if (b >= 0xC2 && b <= 0xF4) {
            move(frame, true, phaseAfter(b), out);
        }
    }

    private static int phaseAfter(int first) {
        return switch (first) {
            case 0xE0 -> AFTER_E0;
            case 0xED -> AFTER_ED;
            case 0xF0 -> AFTER_F0;
            case 0xF4 -> AFTER_F4;
            default -> first < 0xE0 ? TAIL_1 : first < 0xF0 ? TAIL_2 : TAIL_3;
        };
    }

    private static boolean isHex(int b) {
        return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
    }

    private static void move(Frame frame, boolean valid, int phase, Frames out) {
        if (valid) {
            out.add(frame.at(phase, frame.value()));
        }
    }

    private void endCharacter(Frame frame, boolean valid, Frames out) {
        if (valid) {
            out.add(frame.at(INSIDE, max == UNLIMITED ? Math.min(min, frame.value() + 1) : frame.value() + 1));
        }
    }
}
