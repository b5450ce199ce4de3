package org.llava4j.data.conversation;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.tokenizer.PromptText;

/**
 * Conversation (chat) template: formats the turns of a conversation as one text.
 *
 * @param name value of {@code --conv-mode} and of a model's config
 * @param aliases other names of the template
 * @param system system prompt, possibly empty
 * @param prompt layout at inference
 * @param training layout in training; the same as {@code prompt} unless the template differs (the separators of v0
 *     differ between the two, in the published code as well)
 * @param targets rule of the target tokens; null for {@link TargetRule#ANSWERS}
 */
public record ConversationTemplate(
        String name,
        List<String> aliases,
        String system,
        TurnLayout prompt,
        TurnLayout training,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable TargetRule targets) {

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
        targets = targets == TargetRule.ANSWERS ? null : targets;
        if (targets == TargetRule.V0_PUBLISHED) {
            PublishedV0Labels.requireV0(training);
        }
    }

    /** Creates a template whose targets are the answers. */
    public ConversationTemplate(
            String name, List<String> aliases, String system, TurnLayout prompt, TurnLayout training) {
        this(name, aliases, system, prompt, training, null);
    }

    /** Returns the prompt for the next answer, or, if the last turn is an answer, the formatted conversation. */
    public String prompt(List<Turn> turns) {
        TemplateText text = new TemplateText(system, prompt);
        turns.forEach(text::add);
        if (!turns.isEmpty() && turns.get(turns.size() - 1).isHuman()) {
            text.addGenerationPrompt();
        }
        return text.text();
    }

    /**
     * Returns the prompt for the next answer, with the text of the template distinguished from message content.
     *
     * @param userSystem system prompt of the user, in place of the template's own; null if there is none
     * @param markup how images are written into human turns; null where {@code <image>} is ordinary text
     * @param answerPrefix prefix of the answer, which generation continues; may be empty
     */
    public PromptText promptText(
            List<Turn> turns, @Nullable String userSystem, @Nullable ImageMarkup markup, String answerPrefix) {
        TemplateText text = userSystem == null
                ? new TemplateText(system, prompt)
                : TemplateText.withSystemContent(userSystem, prompt);
        for (Turn turn : turns) {
            if (markup != null && turn.isHuman()) {
                text.add(Turn.human(markup.apply(turn.value())), markup.placeholder());
            } else {
                text.add(turn, "");
            }
        }
        text.addGenerationPrompt();
        if (!answerPrefix.isEmpty()) {
            text.addAnswerPrefix(answerPrefix);
        }
        return text.prompt();
    }

    /** Returns the stop string of an answer: generation stops at it, and the answer excludes it. */
    public String stop() {
        return prompt.answerEnd();
    }

    /**
     * Returns the training text, with its target characters marked.
     *
     * @param ownSystem system prompt of the sample, in place of the template's; null for the template's own. A layout
     *     that drops instructions drops it as well
     */
    TemplateText training(List<Turn> turns, @Nullable String ownSystem) {
        TemplateText text = ownSystem == null || training.dropInstruction()
                ? new TemplateText(system, training)
                : TemplateText.withSystemContent(ownSystem, training);
        turns.forEach(text::add);
        return text;
    }
}
