package org.llava4j.eval.demo;

/** The evaluations of a demo run: after both stages of all problems, otherwise of those with an image. */
enum DemoEvaluation {
    BEFORE("accuracy_before", "before training"),
    AFTER_STAGE_1("accuracy_after_stage1", "after stage 1"),
    AFTER_BOTH("accuracy", "after both stages"),
    SHUFFLED("accuracy_shuffled_images", "after both stages, with another problem's image"),
    WITHOUT_STAGE_1("accuracy_without_stage1", "without stage 1");

    private final String key;
    private final String label;

    DemoEvaluation(String key, String label) {
        this.key = key;
        this.label = label;
    }

    /** Key of its accuracy in {@code report.json}. */
    String key() {
        return key;
    }

    /** Name in tables. */
    String label() {
        return label;
    }
}
