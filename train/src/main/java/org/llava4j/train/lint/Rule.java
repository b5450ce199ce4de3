package org.llava4j.train.lint;

/** What may be wrong with a sample. */
public enum Rule {
    BROKEN(true, "the sample is not as LLaVA's data is"),
    NOTHING_SUPERVISED(true, "nothing of the sample would be learned"),
    IMAGE_SLOT(true, "<image> is missing, or there more often than the sample has images"),
    DEAD_IMAGE(true, "an image is missing or cannot be decoded"),
    TRUNCATED(false, "the sample is longer than the maximum length, and its end is cut off"),
    STRAY_IMAGE_WORD(false, "the text says <image> but the sample has none"),
    DUPLICATE(false, "the sample is there twice, word by word, with the same image");

    private final boolean error;
    private final String words;

    Rule(boolean error, String words) {
        this.error = error;
        this.words = words;
    }

    /** Whether training would pass over the sample or stop; else it is only worth knowing. */
    public boolean isError() {
        return error;
    }

    public String words() {
        return words;
    }

    /** In files: {@code dead-image}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
