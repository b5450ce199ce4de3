package org.llava4j.train.watch;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Optional;
import org.llava4j.data.BadInputException;

/**
 * How a run ended.
 *
 * @param message in a line, for people
 * @param report what {@code run.json} says, the proof of what moved and what did not among it; of a finished run only
 */
public record RunResult(How how, String message, Optional<JsonNode> report) {

    /** The ways to end. */
    public enum How {
        FINISHED,
        /** Asked to, before its end. */
        STOPPED,
        FAILED
    }

    public static RunResult finished(JsonNode report) {
        return new RunResult(How.FINISHED, "all steps are done and the model is written", Optional.of(report));
    }

    public static RunResult stopped(String message) {
        return new RunResult(How.STOPPED, message, Optional.empty());
    }

    public static RunResult failed(Throwable cause) {
        return new RunResult(
                How.FAILED,
                cause instanceof BadInputException ? cause.getMessage() : cause.toString(),
                Optional.empty());
    }
}
