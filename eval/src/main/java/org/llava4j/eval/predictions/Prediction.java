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
 * A model's answer to one question, in LLaVA's answer file format.
 *
 * @param questionId question id, a string or an integer as in the question file
 * @param prompt prompt text, without the conversation template
 * @param text generated text
 * @param answerId id of the answer
 * @param modelId name of the model
 * @param metadata further values
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

    /** Same as {@link #of(JsonId, String, String, String)}, for a string id. */
    public static Prediction of(String questionId, String prompt, String text, String modelId) {
        return of(JsonId.of(questionId), prompt, text, modelId);
    }

    /** Creates an answer with an id derived from its content, so that equal runs write equal files. */
    public static Prediction of(JsonId questionId, String prompt, String text, String modelId) {
        String content = modelId + "\0" + questionId + "\0" + prompt + "\0" + text;
        String id =
                UUID.nameUUIDFromBytes(content.getBytes(StandardCharsets.UTF_8)).toString();
        return new Prediction(questionId, prompt, text, id, modelId, Map.of());
    }
}
