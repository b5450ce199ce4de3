package org.llava4j.data.llm;

/** Watches calls; told by several threads, one at a time. */
public interface RequestListener {
    /** Something has changed. */
    default void progress(RequestProgress totals) {}

    /** A call failed, and what is done about it. */
    default void failed(LlmRequest call, String reason) {}

    /** Whether no further call is wanted; those in flight are waited for. */
    default boolean isStopRequested() {
        return false;
    }
}
