package org.llava4j.model.schema;

import java.util.stream.IntStream;

/**
 * Numbers with up to {@link #MAX_INTEGER_DIGITS} digits before and {@link #MAX_FRACTION_DIGITS} after the decimal point and
 * an exponent of up to {@link #MAX_EXPONENT_DIGITS} digits, all of them finite as a Java {@code double}. A frame's number
 * is the number of digits so far.
 */
final class NumberNode extends ValueNode {
    private static final int MAX_INTEGER_DIGITS = 15;
    private static final int MAX_FRACTION_DIGITS = 16;
    private static final int MAX_EXPONENT_DIGITS = 2;

    private static final int MINUS = 1;
    private static final int ZERO = 2;
    private static final int INTEGER = 3;
    private static final int POINT = 4;
    private static final int FRACTION = 5;
    private static final int E = 6;
    private static final int SIGN = 7;
    private static final int EXPONENT = 8;

    private final int digitCost;

    NumberNode(TokenTrie vocabulary) {
        boolean digits = IntStream.rangeClosed('0', '9').allMatch(digit -> vocabulary.hasByte(digit, digit));
        digitCost = digits ? 1 : TokenTrie.INFINITE;
    }

    @Override
    int cost(int phase, long value, int depth) {
        return canEnd(phase, value) ? 0 : digitCost;
    }

    @Override
    boolean canEnd(int phase, long value) {
        return phase == ZERO || phase == INTEGER || phase == FRACTION || phase == EXPONENT;
    }

    @Override
    void step(Frame frame, int b, Frames out) {
        boolean digit = b >= '0' && b <= '9';
        switch (frame.phase()) {
            case START -> {
                if (b == '-') {
                    out.add(frame.at(MINUS, 0));
                } else if (digit) {
                    out.add(frame.at(b == '0' ? ZERO : INTEGER, 1));
                }
            }
            case MINUS -> {
                if (digit) {
                    out.add(frame.at(b == '0' ? ZERO : INTEGER, 1));
                }
            }
            case ZERO -> afterInteger(frame, b, out);
            case INTEGER -> {
                if (digit) {
                    more(frame, MAX_INTEGER_DIGITS, out);
                } else {
                    afterInteger(frame, b, out);
                }
            }
            case POINT -> {
                if (digit) {
                    out.add(frame.at(FRACTION, 1));
                }
            }
            case FRACTION -> {
                if (digit) {
                    more(frame, MAX_FRACTION_DIGITS, out);
                } else if (b == 'e' || b == 'E') {
                    out.add(frame.at(E, 0));
                }
            }
            case E -> {
                if (digit) {
                    out.add(frame.at(EXPONENT, 1));
                } else if (b == '+' || b == '-') {
                    out.add(frame.at(SIGN, 0));
                }
            }
            case SIGN -> {
                if (digit) {
                    out.add(frame.at(EXPONENT, 1));
                }
            }
            default -> {
                if (digit && frame.value() + 1 == MAX_EXPONENT_DIGITS) {
                    out.add(frame.parent());
                }
            }
        }
    }

    private static void afterInteger(Frame frame, int b, Frames out) {
        if (b == '.') {
            out.add(frame.at(POINT, 0));
        } else if (b == 'e' || b == 'E') {
            out.add(frame.at(E, 0));
        }
    }

    private static void more(Frame frame, int max, Frames out) {
        if (frame.value() < max) {
            out.add(frame.at(frame.phase(), frame.value() + 1));
        }
    }
}
