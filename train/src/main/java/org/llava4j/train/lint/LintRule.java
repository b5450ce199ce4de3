package org.llava4j.train.lint;

/** What may be wrong with a sample. */
public enum LintRule {
    INVALID_SAMPLE(true, "the sample is not as LLaVA's data is"),
    NO_TARGET_TOKENS(true, "nothing of the sample would be learned"),
    IMAGE_COUNT_MISMATCH(true, "<image> is missing, or there more often than the sample has images"),
    UNREADABLE_IMAGE(true, "an image is missing or cannot be decoded"),
    TRUNCATED(false, "the sample is longer than the maximum length, and its end is cut off"),
    STRAY_IMAGE_TOKEN(false, "the text says <image> but the sample has none"),
    DUPLICATE(false, "the sample is there twice, word by word, with the same image");

    private final boolean error;
    private final String description;

    LintRule(boolean error, String words) {
        this.error = error;
        this.description = words;
    }

    /** Whether training would pass over the sample or stop; else it is only worth knowing. */
    public boolean isError() {
        return error;
    }

    public String description() {
        return description;
    }

    /** In files: {@code dead-image}. */
    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
