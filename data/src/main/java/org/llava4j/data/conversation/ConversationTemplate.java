package org.llava4j.data.conversation;

import java.util.List;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.PromptText;

/**
 * How turns become one text.
 *
 * @param name what {@code --conv-mode} and a model's config call it
 * @param aliases other names of the same template
 * @param system the message before all turns, possibly empty
 * @param prompt the layout in which a trained model is asked
 * @param training the layout in which it learns; the same as {@code prompt} unless the template says otherwise (v0
 *     writes its marks differently in the two, in the published code as well)
 */
public record ConversationTemplate(
        String name, List<String> aliases, String system, TurnLayout prompt, TurnLayout training) {

    public ConversationTemplate {
        if (name == null || name.isBlank()) {
            throw new BadInputException("\"name\" is missing; give the template a name");
        }
        if (system == null || prompt == null) {
            throw new BadInputException(
                    "\"" + (system == null ? "system" : "prompt") + "\" is missing in template " + name);
        }
        aliases = aliases == null ? List.of() : List.copyOf(aliases);
        training = training == null ? prompt : training;
    }

    /** The text that asks for the next answer, or, where the last turn is an answer, the text so far. */
    public String prompt(List<Turn> turns) {
        TemplateText text = new TemplateText(system, prompt);
        turns.forEach(text::add);
        if (!turns.isEmpty() && turns.get(turns.size() - 1).isHuman()) {
            text.addGenerationPrompt();
        }
        return text.text();
    }

    /**
     * The prompt that asks for the next answer, with the template's text and message content told apart.
     *
     * @param userSystem the user's system message, instead of the template's own
     * @param markup how images are written into human turns, or empty where {@code <image>} is ordinary text
     * @param begun how the answer begins; empty where the model begins it
     */
    public PromptText promptText(
            List<Turn> turns, Optional<String> userSystem, Optional<ImageMarkup> markup, String begun) {
        TemplateText text = userSystem
                .map(given -> TemplateText.withSystemContent(given, prompt))
                .orElseGet(() -> new TemplateText(system, prompt));
        for (Turn turn : turns) {
            boolean marked = turn.isHuman() && markup.isPresent();
            text.add(
                    marked ? Turn.human(markup.get().apply(turn.value())) : turn,
                    marked ? markup.get().placeholder() : "");
        }
        text.addGenerationPrompt();
        if (!begun.isEmpty()) {
            text.addAnswerPrefix(begun);
        }
        return text.prompt();
    }

    /** What ends an answer: generation stops at it, and it is no part of the answer. */
    public String stop() {
        return prompt.answerEnd();
    }

    /** The text to learn from, with the marks of what is learned in it. */
    TemplateText training(List<Turn> turns) {
        TemplateText text = new TemplateText(system, training);
        turns.forEach(text::add);
        return text;
    }
}
