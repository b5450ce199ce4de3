package org.llava4j.testing;

import java.util.Arrays;
import java.util.Random;

/** Random damage to the bytes of a file, for fuzz tests. */
public final class Damage {
    private Damage() {}

    /** A copy with one to three changes: other bytes, flipped bits, and cut, removed, repeated or moved parts. */
    public static byte[] of(byte[] valid, Random random) {
        byte[] bytes = valid.clone();
        for (int changes = 1 + random.nextInt(3); changes > 0 && bytes.length > 1; changes--) {
            int at = random.nextInt(bytes.length);
            int size = Math.min(bytes.length - at, 1 + random.nextInt(12));
            switch (random.nextInt(6)) {
                case 0 -> bytes[at] = (byte) random.nextInt(256);
                case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> bytes = without(bytes, at, size);
                case 4 -> bytes = doubled(bytes, at, size);
                default -> System.arraycopy(valid, random.nextInt(valid.length - size + 1), bytes, at, size);
            }
        }
        return bytes;
    }

    private static byte[] without(byte[] bytes, int at, int size) {
        byte[] rest = Arrays.copyOf(bytes, bytes.length - size);
        System.arraycopy(bytes, at + size, rest, at, bytes.length - at - size);
        return rest;
    }

    private static byte[] doubled(byte[] bytes, int at, int size) {
        byte[] longer = Arrays.copyOf(bytes, bytes.length + size);
        System.arraycopy(bytes, at, longer, at + size, bytes.length - at);
        return longer;
    }
}
