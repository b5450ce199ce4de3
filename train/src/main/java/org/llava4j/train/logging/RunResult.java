package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;

/**
 * Result of a run.
 *
 * @param outcome how the run ended
 * @param message one line for the user
 * @param report content of {@code run.json}; null unless the run is finished
 */
public record RunResult(
        Outcome outcome, String message, @Nullable JsonNode report) {

    /** Outcome of a run. */
    public enum Outcome {
        FINISHED,
        /** Stopped on request before its last step. */
        STOPPED,
        FAILED
    }

    public static RunResult finished(JsonNode report) {
        return new RunResult(Outcome.FINISHED, "training is finished and the model is written", report);
    }

    public static RunResult stopped(String message) {
        return new RunResult(Outcome.STOPPED, message, null);
    }

    public static RunResult failed(Throwable cause) {
        return new RunResult(
                Outcome.FAILED, cause instanceof BadInputException bad ? bad.getMessage() : cause.toString(), null);
    }
}
