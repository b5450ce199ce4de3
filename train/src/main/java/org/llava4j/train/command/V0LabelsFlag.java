package org.llava4j.train.command;

import java.util.Map;
import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.Option;
import org.llava4j.cli.Command;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.ConversationTemplates;
import org.llava4j.train.stage.Stage;
import org.llava4j.train.stage.Stages;

/**
 * Flag {@code --v0-labels}: the target tokens of conversation template v0. It selects a template, so that it is part of
 * the identity of a run and of a tokenized dataset.
 */
final class V0LabelsFlag {
    private static final String NAME = "v0-labels";
    private static final String V0 = "v0";

    private V0LabelsFlag() {}

    static Option option() {
        return Command.flag(
                NAME,
                "RULE",
                "target tokens of template v0: paper (answers and their stops, default) or published (as the published"
                        + " code, which also learns role markers)");
    }

    /**
     * Applies the flag to a stage.
     *
     * @throws BadInputException if the rule is unknown, or the stage has another template
     */
    static Stage apply(CommandLine line, Stage stage) {
        String rule = line.getOptionValue(NAME);
        if (rule == null) {
            return stage;
        }
        boolean published = rule.equals("published");
        if (!published && !rule.equals("paper")) {
            throw new BadInputException("--" + NAME + " " + rule + " is unknown; use paper or published");
        }
        String template = stage.data().convMode().endsWith(".json")
                ? stage.data().convMode()
                : ConversationTemplates.named(stage.data().convMode()).name();
        if (!template.equals(V0) && !template.equals(ConversationTemplates.V0_PUBLISHED_LABELS)) {
            throw new BadInputException(
                    "--" + NAME + " is for template v0, but the stage has " + template + "; add --conv-mode v0");
        }
        return Stages.with(stage, Map.of("convMode", published ? ConversationTemplates.V0_PUBLISHED_LABELS : V0));
    }
}
