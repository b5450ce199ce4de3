package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * Model and sampling parameters of a request.
 *
 * @param model its name at the endpoint
 * @param temperature 0 (greedy) to 2
 * @param topP probability mass of nucleus sampling, above 0 up to 1
 * @param maxTokens maximum number of completion tokens
 */
public record ChatParameters(String model, double temperature, double topP, int maxTokens) {
    public ChatParameters {
        if (model.isBlank()) {
            throw new BadInputException("the model's name is empty; give its name at the endpoint");
        }
        if (!(temperature >= 0 && temperature <= 2)) {
            throw new BadInputException("the temperature is " + temperature + "; give 0 to 2");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new BadInputException("top-p is " + topP + "; give more than 0, up to 1");
        }
        if (maxTokens < 1) {
            throw new BadInputException("the maximum number of completion tokens is " + maxTokens + "; give 1 or more");
        }
    }
}
