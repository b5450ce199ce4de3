package org.llava4j.model.schema;

import java.util.stream.IntStream;

/**
 * Integers in a range, by default those of up to {@link #DEFAULT_DIGITS} digits. A frame's number is the number of digits so
 * far, or with limits the absolute value so far.
 */
final class IntegerNode extends ValueNode {
    /** Without limits, so that every integer is exact as a {@code double}, as JavaScript reads it. */
    static final int DEFAULT_DIGITS = 15;

    /** The largest integer without limits; its negative is the smallest. */
    static final long DEFAULT_LIMIT = 999_999_999_999_999L;

    /** The largest integer, so that all are a Java {@code long}; its negative is the smallest. */
    static final long LIMIT = 999_999_999_999_999_999L;

    private static final int MINUS = 1;
    private static final int POSITIVE = 2;
    private static final int NEGATIVE = 3;

    private final long min;
    private final long max;
    private final boolean limited;
    private final int startCost;
    private final int minusCost;

    /** @param min from -{@link #LIMIT}; at most {@code max}, which is at most {@link #LIMIT} */
    IntegerNode(long min, long max, TokenTrie vocabulary) {
        this.min = min;
        this.max = max;
        limited = min != -DEFAULT_LIMIT || max != DEFAULT_LIMIT;
        boolean digits = IntStream.rangeClosed('0', '9').allMatch(digit -> vocabulary.hasByte(digit, digit));
        int minus = vocabulary.hasByte('-', '-') ? 1 : TokenTrie.INFINITE;
        minusCost = min < 0 ? sum(1, firstDigitCost(NEGATIVE)) : TokenTrie.INFINITE;
        int positive = max > 0 ? sum(1, firstDigitCost(POSITIVE)) : TokenTrie.INFINITE;
        int any = min <= 0 && max >= 0 ? 1 : Math.min(positive, sum(minus, minusCost));
        startCost = digits ? any : TokenTrie.INFINITE;
    }

    private int firstDigitCost(int sign) {
        int cost = TokenTrie.INFINITE;
        for (int digit = 1; digit <= 9; digit++) {
            cost = Math.min(cost, missingDigits(sign, limited ? digit : 1));
        }
        return cost;
    }

    /**
     * The least number of digits that must follow.
     *
     * @param value a frame's number, of one digit at least
     * @return {@link TokenTrie#INFINITE} if there is no such integer
     */
    private int missingDigits(int sign, long value) {
        if (!limited) {
            return value <= DEFAULT_DIGITS ? 0 : TokenTrie.INFINITE;
        }
        long lowest = sign == NEGATIVE ? Math.max(1, -max) : Math.max(1, min);
        long highest = sign == NEGATIVE ? -min : max;
        long first = value;
        long last = value;
        for (int digits = 0; first <= highest; digits++) {
            if (last >= lowest) {
                return digits;
            }
            if (first > LIMIT / 10) {
                break;
            }
            first = first * 10;
            last = last * 10 + 9;
        }
        return TokenTrie.INFINITE;
    }

    @Override
    int cost(int phase, long value, int depth) {
        return switch (phase) {
            case START -> startCost;
            case MINUS -> minusCost;
            default -> missingDigits(phase, value);
        };
    }

    @Override
    boolean canEnd(int phase, long value) {
        return phase >= POSITIVE && missingDigits(phase, value) == 0;
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        int digit = b - '0';
        if (frame.phase() == START && b == '-' && min < 0) {
            out.add(frame.at(MINUS, 0));
        } else if (digit < 0 || digit > 9) {
            return;
        } else if (frame.phase() == START && digit == 0) {
            if (min <= 0 && max >= 0) {
                out.add(frame.parent());
            }
        } else if (frame.phase() < POSITIVE && digit > 0) {
            add(frame, frame.phase() == START ? POSITIVE : NEGATIVE, limited ? digit : 1, out);
        } else if (frame.phase() >= POSITIVE) {
            add(frame, frame.phase(), next(frame.value(), digit), out);
        }
    }

    private long next(long value, int digit) {
        if (!limited) {
            return value + 1;
        }
        return value > LIMIT / 10 ? Long.MAX_VALUE : value * 10 + digit;
    }

    /** Adds the frame after a digit; the frame after the integer if no other digit can follow. */
    private void add(Frame frame, int sign, long value, Frames out) {
        if (missingDigits(sign, value) == TokenTrie.INFINITE) {
            return;
        }
        boolean continues = IntStream.rangeClosed(0, 9)
                .anyMatch(digit -> missingDigits(sign, next(value, digit)) < TokenTrie.INFINITE);
        out.add(continues ? frame.at(sign, value) : frame.parent());
    }
}
