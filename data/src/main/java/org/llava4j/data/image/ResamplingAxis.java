package org.llava4j.data.image;

/**
 * Filter weights of one axis of a bicubic resize. Output pixel {@code i} is the weighted sum of {@link #count} input
 * pixels from {@link #first} on. When shrinking, the cubic kernel (Keys 1981, a = -0.5) is stretched to cover all input
 * pixels of an output pixel. Weights are rounded to fixed point exactly as in Pillow.
 */
final class ResamplingAxis {
    /** Fraction bits: 32 bits minus 8 for the pixel and 2 for the overshoot of the cubic. */
    static final int FRACTION_BITS = 22;

    private static final double CUBIC_A = -0.5;
    private static final double CUBIC_RADIUS = 2.0;

    private final int[] first;
    private final int[] count;
    private final int[] weights;
    private final int stride;

    /**
     * @param inSize number of input pixels
     * @param outSize number of output pixels
     * @param from first requested output pixel
     * @param wanted number of requested output pixels
     */
    ResamplingAxis(int inSize, long outSize, long from, int wanted) {
        double scale = (double) inSize / outSize;
        double stretch = Math.max(scale, 1.0);
        double radius = CUBIC_RADIUS * stretch;
        stride = (int) Math.ceil(radius) * 2 + 1;
        first = new int[wanted];
        count = new int[wanted];
        weights = new int[wanted * stride];
        double[] exact = new double[stride];
        for (int i = 0; i < wanted; i++) {
            double center = (from + i + 0.5) * scale;
            first[i] = Math.max(0, (int) (center - radius + 0.5));
            count[i] = Math.min(inSize, (int) (center + radius + 0.5)) - first[i];
            double sum = 0;
            for (int k = 0; k < count[i]; k++) {
                exact[k] = cubic((k + first[i] - center + 0.5) * (1.0 / stretch));
                sum += exact[k];
            }
            for (int k = 0; k < count[i]; k++) {
                weights[i * stride + k] = toFixedPoint(sum == 0 ? exact[k] : exact[k] / sum);
            }
        }
    }

    private static double cubic(double offset) {
        double x = Math.abs(offset);
        if (x < 1.0) {
            return ((CUBIC_A + 2.0) * x - (CUBIC_A + 3.0)) * x * x + 1;
        }
        return x < 2.0 ? (((x - 5) * x + 8) * x - 4) * CUBIC_A : 0.0;
    }

    private static int toFixedPoint(double weight) {
        double scaled = weight * (1 << FRACTION_BITS);
        return (int) (scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    }

    int first(int i) {
        return first[i];
    }

    /** First input pixel that a requested output pixel depends on. */
    int begin() {
        return first[0];
    }

    /** One past the last input pixel that a requested output pixel depends on. */
    int end() {
        int last = first.length - 1;
        return first[last] + count[last];
    }

    /**
     * Computes one channel of output pixel {@code i}.
     *
     * @param at index in {@code pixels} of the channel of input pixel {@code first(i)}
     * @param step distance between input pixels in {@code pixels}
     */
    byte apply(int i, byte[] pixels, int at, int step) {
        int sum = 1 << (FRACTION_BITS - 1);
        int base = i * stride;
        int n = count[i];
        for (int k = 0, p = at; k < n; k++, p += step) {
            sum += (pixels[p] & 0xff) * weights[base + k];
        }
        int value = sum >> FRACTION_BITS;
        return (byte) Math.max(0, Math.min(255, value));
    }
}
