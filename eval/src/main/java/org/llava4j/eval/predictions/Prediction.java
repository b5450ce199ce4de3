package org.llava4j.eval.predictions;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;

/**
 * One answer of a model.
 *
 * @param questionId the problem's key, a string or a number as the question file has it
 * @param prompt what was asked, without the conversation template
 * @param text what the model said
 * @param answerId a name for this answer
 * @param modelId a name for the model
 * @param metadata anything else
 */
@JsonPropertyOrder({"question_id", "prompt", "text", "answer_id", "model_id", "metadata"})
public record Prediction(
        @JsonProperty("question_id") JsonId questionId,
        @JsonProperty("prompt") String prompt,
        @JsonProperty("text") String text,
        @JsonProperty("answer_id") String answerId,
        @JsonProperty("model_id") String modelId,
        @JsonProperty("metadata") Map<String, Object> metadata) {

    public Prediction {
        if (questionId == null || text == null) {
            throw new BadInputException("an answer needs \"question_id\" and \"text\"");
        }
        metadata = metadata == null ? Map.of() : Map.copyOf(new TreeMap<>(metadata));
    }

    /** As {@link #of(JsonId, String, String, String)}, for an id that is a string. */
    public static Prediction of(String questionId, String prompt, String text, String modelId) {
        return of(JsonId.of(questionId), prompt, text, modelId);
    }

    /** An answer whose id follows from its content, so that the same run writes the same file. */
    public static Prediction of(JsonId questionId, String prompt, String text, String modelId) {
        String content = modelId + "\0" + questionId + "\0" + prompt + "\0" + text;
        String id =
                UUID.nameUUIDFromBytes(content.getBytes(StandardCharsets.UTF_8)).toString();
        return new Prediction(questionId, prompt, text, id, modelId, Map.of());
    }
}
