package org.llava4j.train.bench;

import java.util.Arrays;
import java.util.Locale;
import org.llava4j.data.BadInputException;

/** What is measured; a stage is a whole optimiser step. */
enum BenchCase {
    /** Pixels to loss. */
    FORWARD(true, false, false),
    /** Features given, the projector learns. */
    STAGE1_FEATURES(false, true, false),
    /** Features given, projector and decoder learn. */
    STAGE2(false, true, true),
    /** Pixels given, the projector learns. */
    STAGE1(true, true, false),
    /** Pixels given, projector and decoder learn. */
    STAGE2_PIXELS(true, true, true);

    private final boolean pixels;
    private final boolean trains;
    private final boolean trainsDecoder;

    BenchCase(boolean pixels, boolean trains, boolean decoderLearns) {
        this.pixels = pixels;
        this.trains = trains;
        this.trainsDecoder = decoderLearns;
    }

    boolean pixels() {
        return pixels;
    }

    boolean trains() {
        return trains;
    }

    /** Whether a weight learns. */
    boolean isTrainable(String weight) {
        return trains && (weight.startsWith("model.mm_projector.") || (trainsDecoder && !weight.contains("vision")));
    }

    boolean trainsDecoder() {
        return trainsDecoder;
    }

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    static BenchCase named(String label) {
        return Arrays.stream(values())
                .filter(value -> value.label().equals(label))
                .findFirst()
                .orElseThrow(() -> new BadInputException("case " + label + " is not known; use "
                        + String.join(
                                ", ",
                                Arrays.stream(values()).map(BenchCase::label).toList())));
    }
}
