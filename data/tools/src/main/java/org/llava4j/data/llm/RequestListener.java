package org.llava4j.data.llm;

/** Callbacks of a run of requests. Called by several threads, one at a time. */
interface RequestListener {
    /** Called when the progress changes. */
    default void progress(RequestProgress progress) {}

    /** Called when an attempt failed. */
    default void failed(LlmRequest request, String reason) {}

    /** Tests whether the run is to stop; requests in flight are completed. */
    default boolean isStopRequested() {
        return false;
    }
}
