package org.llava4j.train.lint;

/** Lint rules for training samples. */
enum LintRule {
    INVALID_SAMPLE(true, "the sample is not in LLaVA's data format"),
    NO_TARGET_TOKENS(true, "the sample has no target tokens"),
    IMAGE_COUNT_MISMATCH(true, "the number of <image> placeholders differs from the number of images"),
    UNREADABLE_IMAGE(true, "an image is missing or cannot be decoded"),
    TRUNCATED(false, "the sample is longer than the maximum length and is truncated"),
    STRAY_IMAGE_TOKEN(false, "the text contains <image> but the sample has no image"),
    DUPLICATE(false, "another sample has the same text and images");

    private final boolean error;
    private final String description;

    LintRule(boolean error, String words) {
        this.error = error;
        this.description = words;
    }

    /** Whether training skips the sample or stops; otherwise the finding is a warning. */
    boolean isError() {
        return error;
    }

    /** Description in one line. */
    String description() {
        return description;
    }

    /** Name in reports: {@code unreadable-image}. */
    String label() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
