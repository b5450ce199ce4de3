package org.llava4j.data.conversation;

/** Rule that selects the target tokens of a training sample. */
public enum TargetRule {
    /** The answers and the stop string after each (paper, equation 3). */
    ANSWERS,
    /**
     * The targets of the published code with template v0: the answers, their stop strings and the role markers in front
     * of them. See {@link PublishedV0Labels}.
     */
    V0_PUBLISHED
}
