package org.llava4j.eval.demo;

/** The parts of a demo run, in the order in which they run. */
enum DemoPart {
    WRITE_DATASET("write the synthetic dataset"),
    CHECK_SPLITS("check the splits"),
    EVALUATE_BEFORE("evaluate before training"),
    STAGE_1("stage 1"),
    EVALUATE_STAGE_1("evaluate after stage 1"),
    STAGE_2("stage 2"),
    EVALUATE_BOTH("evaluate after both stages"),
    EVALUATE_SHUFFLED("evaluate with shuffled images"),
    STAGE_2_ALONE("stage 2 without stage 1"),
    EVALUATE_ALONE("evaluate without stage 1");

    private final String label;

    DemoPart(String label) {
        this.label = label;
    }

    /** Name in the output and in the report. */
    String label() {
        return label;
    }

    /** The label with the number of the part: {@code [4/9] stage 1}. */
    String heading() {
        return "[" + (ordinal() + 1) + "/" + values().length + "] " + label;
    }
}
