package org.llava4j.train.bench;

import org.llava4j.data.EnumName;

/** Benchmark case. FORWARD is a forward pass; the others are whole training steps including the optimizer update. */
enum BenchCase {
    /** Forward pass from pixels to loss. */
    FORWARD(true, false, false),
    /** Training step of the projector on precomputed image features. */
    STAGE1_FEATURES(false, true, false),
    /** Training step of projector and decoder on precomputed image features. */
    STAGE2(false, true, true),
    /** Training step of the projector on pixels. */
    STAGE1(true, true, false),
    /** Training step of projector and decoder on pixels. */
    STAGE2_PIXELS(true, true, true);

    private final boolean pixels;
    private final boolean trains;
    private final boolean trainsDecoder;

    BenchCase(boolean pixels, boolean trains, boolean trainsDecoder) {
        this.pixels = pixels;
        this.trains = trains;
        this.trainsDecoder = trainsDecoder;
    }

    boolean pixels() {
        return pixels;
    }

    boolean trains() {
        return trains;
    }

    /** Whether a weight is trainable. */
    boolean isTrainable(String weight) {
        return trains && (weight.startsWith("model.mm_projector.") || (trainsDecoder && !weight.contains("vision")));
    }

    String label() {
        return EnumName.of(this);
    }
}
