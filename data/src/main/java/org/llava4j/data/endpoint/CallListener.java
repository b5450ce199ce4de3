package org.llava4j.data.endpoint;

/** Watches calls; told by several threads, one at a time. */
public interface CallListener {
    /** Something has changed. */
    default void progress(CallTotals totals) {}

    /** A call failed, and what is done about it. */
    default void failed(ChatCall call, String reason) {}

    /** Whether no further call is wanted; those in flight are waited for. */
    default boolean stops() {
        return false;
    }
}
