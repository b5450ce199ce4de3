package org.llava4j.train.logging;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.llava4j.data.BadInputException;

/**
 * How a run ended.
 *
 * @param message in a line, for people
 * @param report what {@code run.json} says, the proof of what moved and what did not among it; of a finished run only
 */
public record RunResult(Outcome outcome, String message, Optional<JsonNode> report) {

    /** The ways to end. */
    public enum Outcome {
        FINISHED,
        /** Asked to, before its end. */
        STOPPED,
        FAILED
    }

    public static RunResult finished(JsonNode report) {
        return new RunResult(Outcome.FINISHED, "all steps are done and the model is written", Optional.of(report));
    }

    public static RunResult stopped(String message) {
        return new RunResult(Outcome.STOPPED, message, Optional.empty());
    }

    public static RunResult failed(Throwable cause) {
        return new RunResult(
                Outcome.FAILED,
                cause instanceof BadInputException ? cause.getMessage() : cause.toString(),
                Optional.empty());
    }
}
