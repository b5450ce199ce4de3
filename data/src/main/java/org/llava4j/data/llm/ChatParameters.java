package org.llava4j.data.llm;

import org.llava4j.data.BadInputException;

/**
 * What is asked of a model beside the messages.
 *
 * @param model its name at the endpoint
 * @param temperature 0 for the likeliest words, up to 2
 * @param topP share of the likelihood that words are drawn from, above 0 up to 1
 * @param maxTokens the longest answer
 */
public record ChatParameters(String model, double temperature, double topP, int maxTokens) {
    public ChatParameters {
        if (model.isBlank()) {
            throw new BadInputException("the model's name is empty; give the one the endpoint knows it by");
        }
        if (!(temperature >= 0 && temperature <= 2)) {
            throw new BadInputException("the temperature is " + temperature + "; give 0 to 2");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new BadInputException("top-p is " + topP + "; give more than 0, up to 1");
        }
        if (maxTokens < 1) {
            throw new BadInputException("the longest answer is " + maxTokens + " tokens; give 1 or more");
        }
    }
}
